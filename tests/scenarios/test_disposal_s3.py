"""Holds and destruction on a real S3 service beside a folder: every version, on both copies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.assembly import encrypted
from archive.disposal import (
    HoldRequest,
    disagreements,
    execution,
    lift_hold,
    place_hold,
    reconcile,
)
from archive.errors import DisposalForbidden
from archive.model import ObjectName
from archive.storage.encrypted import EncryptedStore
from archive.storage.encrypted.master import make_file
from archive.storage.folder import FolderStore
from archive.storage.opening import S3Credentials, open_store
from tests.disposals import Story, a_story, approved


@pytest.fixture
def story(tmp_path: Path, s3_url: str, s3_credentials: S3Credentials) -> Iterator[Story]:
    key = tmp_path / "apart" / "master.key"
    make_file(key)
    made = a_story(tmp_path, encrypted=f"file:{key}")
    assert made.archive.keyring is not None
    plain = (open_store(s3_url, s3_credentials), FolderStore(tmp_path / "second"))
    copies = tuple(encrypted(store, made.archive.keyring) for store in plain)
    made.archive.__dict__["copies"] = copies
    made.archive.__dict__.pop("store", None)
    yield made
    made.close()


def places(story: Story, dossier_id: str) -> list[ObjectName]:
    return [version.place for version in story.held(dossier_id).versions]


def test_a_hold_stands_on_every_copy_and_whoever_takes_it_off_is_found_out(story):
    dossier_id = story.take_in("2025-03-10")
    story.finish()
    (place,) = places(story, dossier_id)
    s3, folder = story.archive.copies

    hold = place_hold(
        story.archive, HoldRequest("Tòa án", "vụ án", "QĐ 1", dossier_id=dossier_id), agent="t"
    )
    placed = [copy.stat(place).legal_hold for copy in (s3, folder)]
    s3.set_legal_hold(place, False)
    found = [(each.copy, each.found) for each in disagreements(story.archive)]
    reconcile(story.archive)

    assert placed == [True, True]
    assert found == [(s3.url, "off")]
    assert tuple(disagreements(story.archive)) == ()
    with pytest.raises(DisposalForbidden):
        s3.delete(place)
    lift_hold(story.archive, hold.id, agent="t", reason="xong")
    assert [copy.stat(place).legal_hold for copy in (s3, folder)] == [False, False]


def test_what_the_service_locks_stays_everywhere_and_goes_when_it_is_free(story):
    due = story.take_in()
    story.finish()
    (place,) = places(story, due)
    disposal_id = approved(story)
    s3, folder = story.archive.copies
    s3.set_legal_hold(place, True)  # by somebody with the service's own tools

    refused = execution.execute(story.archive, disposal_id, agent="t")
    both = [copy.stat(place).size for copy in (s3, folder)]
    s3.set_legal_hold(place, False)
    done = execution.execute(story.archive, disposal_id, agent="t")

    assert [code for code, _ in refused.postponed] == ["H26.18-150228-0001"]
    assert refused.ordered == ()
    assert both[0] == both[1] > 0
    assert (done.ordered, done.pending) == (("H26.18-150228-0001",), ())
    for copy in (s3, folder):
        assert isinstance(copy, EncryptedStore)
        assert [name for name in copy.inner.names("aip/") if due in name] == []
    assert story.archive.keyring is not None
    assert list(story.archive.keyring.dossiers()) == []


def test_a_lock_by_date_is_respected_whatever_the_catalogue_thinks(story):
    due = story.take_in()
    story.finish()
    disposal_id = approved(story)
    s3 = story.archive.copies[0]
    until = datetime.now(UTC) + timedelta(days=3)
    for place in places(story, due):
        s3.retain(place, until)

    refused = execution.execute(story.archive, disposal_id, agent="t")

    ((code, why),) = refused.postponed
    assert code == "H26.18-150228-0001"
    assert f"object lock until {until:%Y-%m-%d}" in why
    assert story.held(due)
