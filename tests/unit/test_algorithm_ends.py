"""Digests may be declared to end earlier, for seals, timestamps, signatures and evidence alike."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.errors import Rejected
from archive.signatures import trust
from archive.signatures.trust import ALGORITHMS_FILE, TrustStore

BROKEN = datetime(2038, 1, 1, tzinfo=UTC)


def folder_with(folder: Path, content: str) -> Path:
    trust.create(folder)
    (folder / ALGORITHMS_FILE).write_text(content)
    return folder


def test_a_digest_ends_when_the_trust_folder_says_so(tmp_path):
    stated = {"form": 1, "digests": {"sha256": "2038-01-01"}}
    store = TrustStore.load(folder_with(tmp_path, json.dumps(stated)))

    assert store.policy.digest_good_until("sha256") == BROKEN
    assert store.policy.digest_good_until("sha512") > BROKEN
    again = TrustStore.from_json(json.loads(json.dumps(store.to_json())))
    assert again == store
    assert store.digest != TrustStore().digest


def test_no_digest_comes_back_to_life(tmp_path):
    stated = {"form": 1, "digests": {"sha1": "2099-01-01"}}
    store = TrustStore.load(folder_with(tmp_path, json.dumps(stated)))

    assert store.policy.digest_good_until("sha1") == TrustStore().policy.digest_good_until("sha1")


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"form": 2, "digests": {}}',
        '{"form": 1, "digests": []}',
        '{"form": 1, "digests": {"sha257": "2038-01-01"}}',
        '{"form": 1, "digests": {"sha256": "soon"}}',
        '{"form": 1, "digests": {"sha256": 2038}}',
    ],
)
def test_a_file_that_cannot_be_read_stops_and_is_named(tmp_path, content):
    with pytest.raises(Rejected) as error:
        TrustStore.load(folder_with(tmp_path, content))

    assert error.value.where.endswith(ALGORITHMS_FILE)
