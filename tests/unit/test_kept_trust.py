"""A running process takes a change of trust that another one made, without being started again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from archive.assembly import TEST_PKI, Archive, open_archive
from archive.creation import create
from archive.model import PackagePath
from archive.signatures import testpki, trust
from archive.signatures.kept_trust import KeptTrust
from archive.signatures.pdf_signing import sign_pdf
from archive.signatures.trust import Anchor, Scope, TrustStore
from archive.trusting import changes, proposals
from tests.signed import DAY, NOW, a_pdf, a_signer


@pytest.fixture
def home(tmp_path: Path) -> Path:
    create(tmp_path / "archive", {}, clock=lambda: NOW)
    return tmp_path / "archive"


@pytest.fixture
def archive(home: Path) -> Iterator[Archive]:
    with open_archive(home, clock=lambda: NOW) as opened:
        yield opened


@pytest.fixture(scope="module")
def anchors() -> list[Anchor]:
    begin, end = NOW - 900 * DAY, NOW + timedelta(days=9000)
    roots = [testpki.new_root(f"Root {n} TEST", not_before=begin, not_after=end) for n in range(2)]
    return [Anchor(r.key.certificate, "r", frozenset({Scope.SIGNATURES})) for r in roots]


def elsewhere(code: str, *arguments: object) -> None:
    """Run Python in a process of its own."""
    subprocess.run([sys.executable, "-c", code, *map(str, arguments)], check=True, timeout=120)


REMOVE = """
import sys
from pathlib import Path
from archive.signatures import trust
trust.remove_anchor(Path(sys.argv[1]), sys.argv[2])
"""


def test_what_another_process_takes_away_counts_no_more_at_the_next_use(archive):
    folder, before = archive.settings.path("trust.folder"), archive.trust
    assert archive.trust is before

    elsewhere(REMOVE, folder, before.anchors[0].sha256)

    assert archive.trust.anchors == before.anchors[1:]
    assert archive.trust is archive.trust


def test_a_checker_judges_under_the_trust_of_now(home, archive, tmp_path):
    signer = a_signer(testpki.load(home / TEST_PKI))
    file = tmp_path / "a.pdf"
    file.write_bytes(sign_pdf(a_pdf(), signer, at=NOW))

    def outcome() -> str:
        (verdict,) = archive.checker.check(file, PackagePath("a.pdf"), at=NOW).verdicts
        return str(verdict.indication.value)

    before = outcome()
    with open_archive(home, clock=lambda: NOW) as other:
        wanted = changes.removals(other.trust, [other.trust.anchors[0].sha256])
        made = proposals.propose(other, wanted, by="Trần Văn A", account="a", reason="QĐ 1")
        proposals.confirm(other, made.id, by="Lê Thị B", account="b")

    assert [before, outcome()] == ["passed", "indeterminate"]


def test_changes_that_follow_each_other_at_once_are_all_seen(tmp_path, anchors):
    kept, folder = KeptTrust(tmp_path, tuple), tmp_path
    trust.create(folder)

    for _ in range(20):
        for anchor in anchors:
            trust.add_anchor(folder, anchor)
            assert kept.store() == TrustStore.load(folder)
            trust.remove_anchor(folder, anchor.sha256)
            assert kept.store() == TrustStore.load(folder)


def test_a_list_of_revocations_that_is_laid_there_by_hand_is_seen(tmp_path, anchors, home):
    kept, folder = KeptTrust(tmp_path / "trust", tuple), tmp_path / "trust"
    trust.create(folder)
    assert kept.store().crls == ()
    (crl, *_) = (home / TEST_PKI / "trust" / "revocation").glob("*.crl")
    os.utime(folder / "revocation", ns=(1, 1))

    (folder / "revocation" / "by-hand.crl").write_bytes(crl.read_bytes())

    assert len(kept.store().crls) == 1


def test_keys_that_were_stolen_are_asked_for_again(tmp_path, monkeypatch):
    trust.create(tmp_path)
    told = [(), (("ab", NOW),)]
    kept = KeptTrust(tmp_path, lambda: told.pop(0) if len(told) > 1 else told[0])
    assert kept.store().stolen == ()

    monkeypatch.setattr("archive.signatures.kept_trust.PATIENCE", 0.0)

    assert kept.store().stolen == (("ab", NOW),)
