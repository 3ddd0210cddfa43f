"""A signed container with an evidence record in it: taken in, checked again from what is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from archive.assembly import TEST_PKI, Archive
from archive.auditing.recheck import recheck
from archive.signatures import testpki
from archive.signatures.trust import set_algorithm_end
from tests import ades, archives, evidence
from tests.builders import a_pdf

CMS, SIGNING = "META-INF/signature001.p7s", "META-INF/ASiCManifest001.xml"
ERS, LISTING = "META-INF/evidencerecord.ers", "META-INF/ASiCEvidenceRecordManifest001.xml"
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def a_container(archive: Archive, now: datetime) -> list[tuple[str, bytes]]:
    """Return an ASiC-E signed under a certificate that has ended, and a record from before that."""
    pki = testpki.load(archive.settings.home / TEST_PKI)
    officer = pki.signer("Cán bộ", not_before=now - 30 * DAY, not_after=now - HOUR)
    drawing = a_pdf("Ban ve")
    listed = ades.manifest(CMS, {"ban-ve.pdf": drawing})
    signed = ades.cades(listed, officer, now - DAY)
    files = {"ban-ve.pdf": drawing, SIGNING: listed, CMS: signed}
    group = [evidence.a_document(one) for one in files.values()]
    [record] = evidence.records_of([group], pki.tsa, now - 20 * HOUR)
    kind = ("mimetype", b"application/vnd.etsi.asic-e+zip")
    return [kind, *files.items(), (LISTING, ades.manifest(ERS, files)), (ERS, record.encoded)]


def test_a_container_is_proven_by_its_record_at_ingest_and_again_from_what_is_kept(tmp_path: Path):
    archive, now = archives.an_archive(tmp_path), datetime.now(UTC).replace(microsecond=0)
    container = a_container(archive, now)
    for number, files in enumerate((container, container[:-2]), 1):
        given = {"01-don.pdf": a_pdf("Don"), "02-ban-ve.asice": ades.a_zip(files)}
        archives.ingested(archive, archives.submission(tmp_path / "sip", number, files=given))

    proven, bare = (archives.held(archive, number) for number in (1, 2))
    again = recheck(archive, proven)

    assert [one.indication.value for one in bare.verdicts] == ["indeterminate"]
    for verdicts in (proven.verdicts, again.verdicts):
        assert [one.indication.value for one in verdicts] == ["passed", "passed"]
        assert [one.format[-4:] for one in verdicts] == ["-B-B", "-ERS"]
        assert {one.proven_at for one in verdicts} == {now - 20 * HOUR}
    assert any(name.startswith("timestamps/") for name in again.material)

    # The archive's own days count when it checks again, too.
    set_algorithm_end(archive.settings.path("trust.folder"), "ecdsa-256", (now - 2 * DAY).date())
    late = recheck(archive, proven)
    assert [one.sub_indication for one in late.verdicts] == [
        "CRYPTO_CONSTRAINTS_FAILURE_NO_POE"
    ] * 2
