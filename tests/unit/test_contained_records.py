"""Evidence records in ASiC containers: what they are over, what they prove, and what never passes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.evidence import attached
from archive.evidence.given import DataObject
from archive.evidence.records import EvidenceRecord
from archive.model import PackagePath, Verdict
from archive.packages.dsig import reader
from archive.signatures import check
from archive.signatures.asked import Asked
from archive.signatures.files import validate
from archive.signatures.kinds import Kind
from archive.signatures.prepared import prepare
from archive.signatures.readers import Readers
from tests import ades, evidence
from tests.mutations import mutated
from tests.signed import LongPki, a_tsa

SIGNED, MADE, RENEWED = (datetime(year, 6, 1, tzinfo=UTC) for year in (2011, 2012, 2017))
SOON, AFTER, LATER = (
    timedelta(days=2),
    datetime(2014, 6, 1, tzinfo=UTC),
    datetime(2019, 1, 1, tzinfo=UTC),
)
SIMPLE = ("mimetype", b"application/vnd.etsi.asic-s+zip")
EXTENDED = ("mimetype", b"application/vnd.etsi.asic-e+zip")
ONE, TWO = b"Giay phep (TEST)", b"Ban ve (TEST)"
CMS, XML = "META-INF/signature001.p7s", "META-INF/signatures001.xml"
SIGNING, ERS = "META-INF/ASiCManifest001.xml", "META-INF/evidencerecord.ers"
LISTING = "META-INF/ASiCEvidenceRecordManifest001.xml"
Files = list[tuple[str, bytes]]


@pytest.fixture(scope="module")
def pki() -> LongPki:
    return LongPki()


def group(contents: Mapping[str, bytes]) -> list[DataObject]:
    return [evidence.a_document(one) for one in contents.values()]


def a_record(pki: LongPki, contents: Mapping[str, bytes], at: datetime = MADE) -> EvidenceRecord:
    others = [[evidence.a_document(f"{n}".encode())] for n in range(4)]
    tsa = pki.tsa1 if at < RENEWED else pki.tsa2
    return evidence.records_of([group(contents), *others], tsa, at)[0]


def proven(pki: LongPki, files: Files, record: EvidenceRecord | None = None) -> Files:
    """Return a container with an evidence record, and its manifest, over all its other files."""
    over = dict(files[1:])
    found = (record or a_record(pki, over)).encoded
    return [*files, (LISTING, ades.manifest(ERS, over)), (ERS, found)]


def signed_by_cades(pki: LongPki) -> Files:
    listed = ades.manifest(CMS, {"one.txt": ONE, "two.txt": TWO})
    kept = ades.with_status(
        ades.cades(listed, pki.officer, SIGNED), pki.certificates, pki.crls(MADE - SOON)
    )
    return [EXTENDED, ("one.txt", ONE), ("two.txt", TWO), (SIGNING, listed), (CMS, kept)]


def signed_by_xades(pki: LongPki) -> Files:
    kept = (pki.certificates, pki.crls(MADE - SOON))
    tsa = a_tsa(pki.tsa1, SIGNED)
    contents = {"one.txt": ONE, "two.txt": TWO}
    signed = ades.detached(contents, pki.officer, SIGNED, tsa=tsa, kept=kept)
    return [EXTENDED, *contents.items(), (XML, signed)]


def simple(pki: LongPki) -> Files:
    kept = ades.with_status(
        ades.cades(ONE, pki.officer, SIGNED), pki.certificates, pki.crls(MADE - SOON)
    )
    return [SIMPLE, ("one.txt", ONE), ("META-INF/signature.p7s", kept)]


def found(folder: Path, files: Files, pki: LongPki, at: datetime = MADE + SOON) -> list[Verdict]:
    return ades.judged(folder, "a.zip", ades.a_zip(files), pki.trust(at), at)


def outcomes(verdicts: list[Verdict]) -> list[tuple[str, str | None]]:
    return [(one.indication.value, one.sub_indication) for one in verdicts]


def test_a_record_alone_is_over_the_one_file_of_a_simple_container(pki, tmp_path):
    record = a_record(pki, {"one.txt": ONE}).encoded

    [verdict] = found(tmp_path, [SIMPLE, ("one.txt", ONE), (ERS, record)], pki)

    assert outcomes([verdict]) == [("passed", None)], verdict.reasons
    assert (verdict.kind, verdict.format) == ("document-timestamp", "ASiC-S-ERS")
    assert (verdict.proven_at, verdict.intact, verdict.covers_whole_file) == (MADE, True, True)
    assert (verdict.signed_by, verdict.timestamps) == ("TSA1 (TEST)", 1)


@pytest.mark.parametrize("make", [signed_by_cades, simple])
def test_a_record_proves_the_signature_beside_it_when_its_certificate_has_ended(
    pki, tmp_path, make
):
    files = make(pki)

    [bare] = found(tmp_path, files, pki, AFTER)
    signature, record = found(tmp_path, proven(pki, files), pki, AFTER)

    assert outcomes([bare]) == [("indeterminate", "OUT_OF_BOUNDS_NO_POE")]
    assert outcomes([signature, record]) == [("passed", None)] * 2, signature.reasons
    assert signature.proven_at == record.proven_at == MADE
    assert record.format == f"{signature.format[:6]}-ERS"


def test_a_record_proves_xml_signatures_too(pki, tmp_path):
    files = signed_by_xades(pki)

    signature, record = found(tmp_path, proven(pki, files), pki, AFTER)

    assert outcomes([signature, record]) == [("passed", None)] * 2, signature.reasons
    assert record.proven_at == MADE


@pytest.mark.parametrize("algorithm", [None, "sha512"])
def test_renewed_records_prove_when_the_first_authority_has_ended(pki, tmp_path, algorithm):
    files = signed_by_cades(pki)
    over, first = dict(files[1:]), a_record(pki, dict(files[1:]))
    if algorithm is None:
        [again] = evidence.timestamps_renewed([first], pki, pki.tsa2, RENEWED)
    else:
        [again] = evidence.hash_trees_renewed(
            [first], [group(over)], pki, pki.tsa2, RENEWED, algorithm
        )

    stale = found(tmp_path, proven(pki, files, first), pki, LATER)
    fresh = found(tmp_path, proven(pki, files, again), pki, LATER)

    assert [one for one, _ in outcomes(stale)] == ["indeterminate"] * 2
    assert outcomes(fresh) == [("passed", None)] * 2, fresh[0].reasons
    assert {one.proven_at for one in fresh} == {MADE}


def test_a_later_record_over_the_container_keeps_the_earlier_one(pki, tmp_path):
    from archive.evidence import renew

    files = signed_by_cades(pki)
    first = a_record(pki, dict(files[1:]))
    once = proven(pki, files, renew.enclosed(first, pki.trust(RENEWED), at=RENEWED))
    over = dict(once[1:])
    second = "META-INF/evidencerecord002.ers"
    twice = [
        *once,
        ("META-INF/ASiCEvidenceRecordManifest002.xml", ades.manifest(second, over)),
        (second, a_record(pki, over, at=RENEWED).encoded),
    ]

    verdicts = found(tmp_path, twice, pki, LATER)

    assert outcomes(verdicts) == [("passed", None)] * 3, [one.reasons for one in verdicts]
    assert [one.proven_at for one in verdicts] == [MADE, MADE, RENEWED]


def test_a_record_over_the_files_alone_proves_no_signature(pki, tmp_path):
    files = signed_by_cades(pki)
    over = {"one.txt": ONE, "two.txt": TWO}
    record = a_record(pki, over).encoded
    listed = [(LISTING, ades.manifest(ERS, over)), (ERS, record)]

    signature, record_verdict = found(tmp_path, [*files, *listed], pki, AFTER)

    assert outcomes([signature, record_verdict]) == [
        ("indeterminate", "OUT_OF_BOUNDS_NO_POE"),
        ("passed", None),
    ]


@pytest.mark.parametrize("name", ["one.txt", CMS, SIGNING])
def test_what_was_changed_after_the_record_is_not_proven(pki, tmp_path, name):
    files = proven(pki, signed_by_cades(pki))
    other = [(n, c[:-1] + bytes([c[-1] ^ 1]) if n == name else c) for n, c in files]

    verdicts = found(tmp_path, other, pki, AFTER)

    assert "passed" not in {one.indication.value for one in verdicts}
    record = verdicts[-1]
    assert (record.indication.value, record.sub_indication) == ("failed", "HASH_FAILURE")


def test_a_manifest_that_says_other_than_the_record_does_not_count(pki, tmp_path):
    """Whoever changes a file can write its digest into the manifest, but not into the record."""
    files = signed_by_cades(pki)
    changed = [(n, b"another" if n == "one.txt" else c) for n, c in files]
    record = a_record(pki, dict(files[1:]))

    verdicts = found(tmp_path, proven(pki, changed, record), pki, AFTER)

    assert "passed" not in {one.indication.value for one in verdicts}
    assert outcomes(verdicts[-1:]) == [("indeterminate", "SIGNED_DATA_NOT_FOUND")]


def test_a_file_that_the_manifest_names_and_is_not_there_is_told(pki, tmp_path):
    files = [one for one in proven(pki, signed_by_cades(pki)) if one[0] != "two.txt"]

    verdicts = found(tmp_path, files, pki, AFTER)

    assert outcomes(verdicts)[-1] == ("indeterminate", "SIGNED_DATA_NOT_FOUND")
    assert "passed" not in {one.indication.value for one in verdicts}


@pytest.mark.parametrize("manifests", [0, 2])
def test_where_nothing_or_too_much_says_what_a_record_is_over_it_proves_nothing(
    pki, tmp_path, manifests
):
    files = signed_by_cades(pki)
    over = dict(files[1:])
    named = [
        (f"META-INF/ASiCEvidenceRecordManifest{n}.xml", ades.manifest(ERS, over))
        for n in range(manifests)
    ]

    verdicts = found(tmp_path, [*files, *named, (ERS, a_record(pki, over).encoded)], pki, AFTER)

    assert outcomes(verdicts)[-1] == ("indeterminate", "SIGNED_DATA_NOT_FOUND")
    assert outcomes(verdicts)[0][0] == "indeterminate"


def test_a_file_beside_signed_ones_is_not_made_good_by_a_record_over_it(pki, tmp_path):
    """Anybody gets a timestamp or a record over a forged file."""
    forged = ("forged.pdf", b"%PDF-1.7")
    listed = ades.manifest(ERS, dict([forged]))
    files = [*signed_by_cades(pki), forged, (LISTING, listed)]
    files.append((ERS, a_record(pki, dict([forged])).encoded))

    signature, record = found(tmp_path, files, pki, SIGNED + SOON)

    assert outcomes([signature]) == [("indeterminate", "SIG_CONSTRAINTS_FAILURE")]
    assert signature.modified_after_signing == "suspicious"
    assert record.indication.value != "failed"


def test_records_in_xml_are_named_as_not_read(pki, tmp_path):
    files = [SIMPLE, ("one.txt", ONE), ("META-INF/evidencerecord.xml", b"<EvidenceRecord/>")]

    [verdict] = found(tmp_path, files, pki)

    assert outcomes([verdict]) == [("indeterminate", "GENERIC")]
    assert verdict.reasons == ("evidence records in XML (RFC 6283) are not read",)
    assert (verdict.kind, verdict.format) == ("document-timestamp", "ASiC-S-XMLERS")


def test_without_a_reader_a_record_is_no_proof_and_says_so(pki, tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(ades.a_zip(proven(pki, signed_by_cades(pki))))
    asked = Asked(path, PackagePath("a.zip"), AFTER, None, 64 << 20, {})

    verdicts = validate(Kind.ASIC, asked, prepare(pki.trust(AFTER)), Readers(reader, None)).verdicts

    assert {one.indication.value for one in verdicts} == {"indeterminate"}
    assert "the check has no reader for them" in verdicts[-1].reasons[0]


@pytest.mark.parametrize("content", [b"", b"\x30\x00", b"\x04\x01A", b"<x/>"])
def test_what_is_no_record_fails(pki, tmp_path, content):
    [verdict] = found(tmp_path, [SIMPLE, ("one.txt", ONE), (ERS, content)], pki)

    assert outcomes([verdict]) == [("failed", "FORMAT_FAILURE")]


@pytest.fixture(scope="module")
def container(pki: LongPki) -> Files:
    return proven(pki, signed_by_cades(pki))


@given(data=st.data(), name=st.sampled_from(["two.txt", SIGNING, CMS, LISTING, ERS]))
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_container_changed_a_little_is_not_proven_or_proven_as_it_was(
    pki, container, tmp_path, data, name
):
    changed = data.draw(mutated(dict(container)[name]))
    files = [(each, changed if each == name else content) for each, content in container]

    verdicts = found(tmp_path, files, pki, AFTER)

    times = {one.proven_at for one in verdicts if one.indication.value == "passed"}
    # Of manifest and record some octets say nothing: certificates that nobody needs.
    assert times <= ({MADE} if name in (LISTING, ERS) else set())


def test_a_dossier_s_container_lasts_as_long_as_its_record_and_keeps_what_that_took(pki, tmp_path):
    """As at ingest, in the child process, with the sunset."""
    path, name = tmp_path / "a.asice", PackagePath("a.asice")
    path.write_bytes(ades.a_zip(proven(pki, signed_by_cades(pki))))

    with check.Checker(pki.trust(AFTER), workers=1, xml=reader, records=attached) as checker:
        result = checker.check_all({name: path}, at=AFTER, sunset=True)[name]

    assert outcomes(list(result.verdicts)) == [("passed", None)] * 2
    assert {one.provable_until.year for one in result.verdicts if one.provable_until} == {2018}
    for one in result.verdicts:
        assert "it had to be renewed before 2018-01-01" in (one.limited_by or "")
    assert any(one.startswith("timestamps/") for one in result.material)
