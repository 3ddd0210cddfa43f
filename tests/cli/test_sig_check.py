"""`kho sig check`: the document that the JSON is, exit statuses, and the times of judgement."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from archive.evidence import attached, make
from archive.signatures import testpki
from archive.signatures.keys import FileKey
from archive.signatures.pdf_signing import sign_pdf
from archive.signatures.timestamps import LocalTsa
from tests.ades import cades, with_unsigned
from tests.cli.world import CODE, SIGNED, Answer, kho
from tests.signed import a_pdf

DAY = timedelta(days=1)
FIELDS = {
    "field", "kind", "format", "indication", "sub_indication", "intact", "covers_whole_file",
    "modified_after_signing", "signed_by", "signed_at_claimed", "proven_at", "timestamps",
    "digest_algorithm", "signature_algorithm", "reasons", "to_do",
}  # fmt: skip


def signer(here: Path, begin: datetime, end: datetime):
    pki = testpki.load(here / "test-pki")
    return pki.signer("Cán bộ (TEST)", not_before=begin, not_after=end)


def check(here: Path, content: bytes, *more: str, name: str = "a.pdf") -> Answer:
    (here / name).write_bytes(content)
    return kho("sig", "check", name, "--json", *more, cwd=here)


def test_every_signature_is_told_in_order_with_every_field(here: Path):
    now = datetime.now(UTC)
    key = signer(here, now - 9 * DAY, now + 9 * DAY)
    once = sign_pdf(a_pdf(), key, at=now - 2 * DAY, field="First")

    answer = check(here, sign_pdf(once, key, at=now - DAY, field="Second"))

    found = answer.json()["signatures"]
    assert answer.code == 0
    assert [one["field"] for one in found] == ["First", "Second"]
    assert all(one.keys() >= FIELDS for one in found)
    assert [one["modified_after_signing"] for one in found] == ["allowed", "none"]
    assert datetime.fromisoformat(found[0]["signed_at_claimed"]).utcoffset() is not None


@pytest.mark.parametrize(
    ("forge", "code"),
    [
        (lambda pdf: pdf.replace(b"/Title", b"/Tutle", 1), 7),
        (lambda pdf: pdf + b"\n9 0 obj <<>> endobj", 8),
    ],
    ids=["altered", "more behind the end"],
)
def test_the_exit_status_tells_failed_from_undecided(here: Path, forge, code: int):
    now = datetime.now(UTC)
    pdf = sign_pdf(a_pdf(), signer(here, now - 9 * DAY, now + 9 * DAY), at=now - DAY)

    assert check(here, forge(pdf)).code == code


def test_the_worst_of_several_files_counts(here: Path):
    now = datetime.now(UTC)
    pdf = sign_pdf(a_pdf(), signer(here, now - 9 * DAY, now + 9 * DAY), at=now - DAY)
    (here / "good.pdf").write_bytes(pdf)
    (here / "bad.pdf").write_bytes(pdf.replace(b"/Title", b"/Tutle", 1))

    answer = kho("sig", "check", "good.pdf", "bad.pdf", "--json", cwd=here)

    told = [(one["path"], one["indication"]) for one in answer.json()["signatures"]]
    assert answer.code == 7
    assert told == [("good.pdf", "passed"), ("bad.pdf", "failed")]


def test_an_expired_signer_is_judged_now_then_and_as_of_the_claimed_time(here: Path):
    now = datetime.now(UTC)
    key = signer(here, now - 9 * DAY, now - 3 * DAY)
    pdf = sign_pdf(a_pdf(), key, at=now - 5 * DAY)

    as_of_now = check(here, pdf)
    as_claimed = check(here, pdf, "--at", "signing")

    assert as_of_now.code == 8
    assert as_of_now.json()["signatures"][0]["sub_indication"] == "OUT_OF_BOUNDS_NO_POE"
    [claimed] = as_claimed.json()["signatures"]
    assert (as_claimed.code, claimed["indication"]) == (0, "passed")
    assert claimed["proven_at"] is None
    assert "claimed signing time" in claimed["reasons"][-1]


def test_at_a_given_time_nothing_later_counts(here: Path):
    now = datetime.now(UTC)
    pdf = sign_pdf(a_pdf(), signer(here, now - 9 * DAY, now + 9 * DAY), at=now - DAY)

    answers = [check(here, pdf, "--at", (now + days * DAY).isoformat()) for days in (1, 30)]

    assert [answer.code for answer in answers] == [0, 8]


def test_a_held_dossier_is_checked_at_a_given_time_too(here: Path):
    later = (datetime.now(UTC) + 400 * DAY).date().isoformat()

    now, then = (
        kho("sig", "check", CODE, "--json", *more, cwd=here) for more in ((), ("--at", later))
    )

    assert [one["path"] for one in now.json()["signatures"]] == [SIGNED]
    assert (now.code, then.code) == (0, 0)  # the timestamp proves it beyond the certificate


def test_a_detached_signature_finds_its_file_beside_it_or_is_told_it(here: Path):
    now = datetime.now(UTC)
    key = signer(here, now - 9 * DAY, now + 9 * DAY)
    (here / "don.xml").write_bytes(b"<don/>")

    beside = check(here, cades(b"<don/>", key, now - DAY), name="don.xml.p7s")
    shutil.move(here / "don.xml", here / "elsewhere.xml")
    lost = check(here, cades(b"<don/>", key, now - DAY), name="don.xml.p7s")
    given = check(
        here, cades(b"<don/>", key, now - DAY), "--content", "elsewhere.xml", name="don.xml.p7s"
    )

    assert [one.code for one in (beside, lost, given)] == [0, 8, 0]
    assert json.loads(lost.out)["signatures"][0]["sub_indication"] == "SIGNED_DATA_NOT_FOUND"


def with_record(
    here: Path, signature: bytes, content: bytes, at: datetime, authority: FileKey | None = None
) -> bytes:
    """Return a detached signature with an evidence record over it and its content."""
    key = authority or testpki.load(here / "test-pki").tsa
    tsa = LocalTsa(key, lambda: at)
    digests = [hashlib.sha256(one).digest() for one in (signature, content)]
    tree = io.BytesIO()
    made = make.timestamped([digests], tsa, tree)
    record = made.record(digests, make.reader(tree))
    assert record is not None
    return with_unsigned(signature, attached.EXTERNAL, record.encoded)


def test_the_evidence_record_in_a_signature_proves_it_beyond_its_certificate(here: Path):
    now = datetime.now(UTC)
    key = signer(here, now - 9 * DAY, now + 2 * DAY)
    (here / "phep.xml").write_bytes(b"<phep/>")
    bare = cades(b"<phep/>", key, now - DAY)
    carrying = with_record(here, bare, b"<phep/>", now + DAY)
    later = ("--at", (now + 3 * DAY).isoformat())

    without, proven = (check(here, one, *later, name="phep.xml.p7s") for one in (bare, carrying))
    record = kho(
        "evidence", "verify", "phep.xml.p7s", "--data", "phep.xml", "--json", *later, cwd=here
    )

    assert (without.code, proven.code, record.code) == (8, 0, 0), proven.out
    [verdict] = proven.json()["signatures"]
    assert datetime.fromisoformat(verdict["proven_at"]) - now < 2 * DAY
    assert record.json()["proven_at"] == verdict["proven_at"]
    assert verdict["provable_until"] <= record.json()["provable_until"]

    (here / "phep.xml").write_bytes(b"<phep>khac</phep>")
    changed = check(here, carrying, *later, name="phep.xml.p7s")
    several = kho(
        "evidence", "verify", "phep.xml.p7s", "--data", "phep.xml", "--data", "phep.xml", cwd=here
    )

    assert (changed.code, several.code) == (7, 2)


def test_what_a_record_proves_lasts_as_long_as_its_last_timestamp(here: Path):
    now = datetime.now(UTC)
    authority = testpki.load(here / "test-pki").issuing.issue(
        "TSA ngắn (TEST)", not_before=now - DAY, not_after=now + 6 * DAY, tsa=True
    )
    key = signer(here, now - 9 * DAY, now + 2 * DAY)
    (here / "phep.xml").write_bytes(b"<phep/>")
    bare = cades(b"<phep/>", key, now - DAY)
    carrying = with_record(here, bare, b"<phep/>", now + DAY, authority)

    after, too_late = (
        check(here, carrying, "--at", (now + days * DAY).isoformat(), name="phep.xml.p7s")
        for days in (3, 7)
    )

    [proven] = after.json()["signatures"]
    assert (after.code, too_late.code) == (0, 8)
    assert datetime.fromisoformat(proven["provable_until"]) - now < 7 * DAY
    assert proven["limited_by"].startswith("evidence record: timestamp 1: ")
    reasons = too_late.json()["signatures"][0]["reasons"]
    assert any(one.startswith("evidence record: ") for one in reasons)


def test_what_is_neither_a_file_nor_a_dossier_is_told_as_that(here: Path, tmp_path: Path):
    inside = kho("sig", "check", "none.pdf", "--json", cwd=here)
    outside = kho("sig", "check", "none.pdf", "--json", cwd=tmp_path)

    assert (inside.code, inside.json()["detail"]) == (
        3,
        "none.pdf: neither a file nor a dossier",
    )
    assert (outside.code, outside.json()["code"]) == (2, "KHO-USAGE")
