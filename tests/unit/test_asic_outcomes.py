"""ASiC containers: which file each signature is over, manifests, and hostile ZIPs."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from archive.model import Indication, PackagePath, Verdict
from archive.packages.dsig import reader
from archive.signatures import testpki
from archive.signatures.check import Checker
from archive.signatures.keys import FileKey
from archive.signatures.testpki import TestPki
from archive.signatures.trust import TrustStore
from tests import ades
from tests.signed import DAY, NOW, LongPki, a_pdf, a_signer, a_tsa

AT = NOW - DAY
SIMPLE = ("mimetype", b"application/vnd.etsi.asic-s+zip")
EXTENDED = ("mimetype", b"application/vnd.etsi.asic-e+zip")
ONE, TWO = b"Giay phep (TEST)", b"Ban ve (TEST)"
CMS, XML = "META-INF/signature001.p7s", "META-INF/signatures001.xml"
LIST = (
    b'<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    b'<m:file-entry m:full-path="/"/>%s</m:manifest>'
)
Files = list[tuple[str, bytes]]


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return testpki.create(tmp_path_factory.mktemp("pki"), at=NOW - DAY)


@pytest.fixture(scope="module")
def signer(pki: TestPki) -> FileKey:
    return a_signer(pki)


@pytest.fixture(scope="module")
def trust(pki: TestPki) -> TrustStore:
    return pki.trust()


def found(folder: Path, files: Files, trust: TrustStore, name: str = "a.zip") -> list[Verdict]:
    return ades.judged(folder, name, ades.a_zip(files), trust)


def with_manifest(signer: FileKey, **options: object) -> Files:
    """Return the files of an ASiC-E with CAdES over two files."""
    listed = ades.manifest(CMS, {"one.txt": ONE, "b%C3%A0n.txt": TWO})
    signature = ades.cades(listed, signer, AT, **options)  # type: ignore[arg-type]
    return [
        EXTENDED,
        ("one.txt", ONE),
        ("bàn.txt", TWO),
        ("META-INF/ASiCManifest001.xml", listed),
        (CMS, signature),
    ]


def with_xades(signer: FileKey) -> Files:
    signed = ades.detached({"one.txt": ONE, "two.txt": TWO}, signer, AT)
    return [EXTENDED, ("one.txt", ONE), ("two.txt", TWO), (XML, signed)]


def test_every_kind_of_container_is_read(
    pki: TestPki, signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    tsa = a_tsa(pki.tsa, AT)
    token = tsa.timestamp(hashlib.sha256(ONE).digest())
    containers: list[Files] = [
        [SIMPLE, ("one.txt", ONE), (CMS, ades.cades(ONE, signer, AT, tsa=tsa))],
        [SIMPLE, ("one.txt", ONE), (XML, ades.detached({"one.txt": ONE}, signer, AT))],
        [SIMPLE, ("one.txt", ONE), ("META-INF/timestamp.tst", token)],
        with_manifest(signer, tsa=tsa),
        with_xades(signer),
    ]

    verdicts = [one for files in containers for one in found(tmp_path, files, trust)]

    assert [v.format for v in verdicts] == [
        "ASiC-S-CAdES-B-T",
        "ASiC-S-XAdES-B-B",
        "ASiC-S-TST",
        "ASiC-E-CAdES-B-T",
        "ASiC-E-XAdES-B-B",
    ]
    assert {v.indication for v in verdicts} == {Indication.PASSED}
    assert all(v.covers_whole_file for v in verdicts)
    assert verdicts[2].kind == "document-timestamp"
    assert verdicts[2].proven_at == AT


@pytest.mark.parametrize(
    ("name", "verdicts"), [("a.asics", 1), ("a.zip", 1), ("a", 1), ("a.pdf", 0)]
)
def test_a_pdf_inside_does_not_hide_the_containers_signatures(
    signer: FileKey, trust: TrustStore, tmp_path: Path, name: str, verdicts: int
) -> None:
    """A stored PDF begins in the first KiB of the ZIP; named as a PDF, it is opened as one."""
    pdf = a_pdf()
    files = [SIMPLE, ("one.pdf", pdf), (CMS, ades.cades(pdf, signer, AT))]

    judged = found(tmp_path, files, trust, name)

    assert [one.indication for one in judged] == [Indication.PASSED] * verdicts


@pytest.mark.parametrize("make", [with_manifest, with_xades])
def test_an_altered_file_fails(
    make: Callable[[FileKey], Files], signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    files = make(signer)
    files[2] = (files[2][0], b"another")

    [verdict] = found(tmp_path, files, trust)

    assert (verdict.indication, verdict.sub_indication) == (Indication.FAILED, "HASH_FAILURE")
    assert verdict.intact is False


@pytest.mark.parametrize("make", [with_manifest, with_xades])
def test_a_file_that_nobody_signed_needs_a_person(
    make: Callable[[FileKey], Files], signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    [verdict] = found(tmp_path, [*make(signer), ("forged.pdf", b"%PDF-1.7")], trust)

    assert (verdict.indication, verdict.sub_indication) == (
        Indication.INDETERMINATE,
        "SIG_CONSTRAINTS_FAILURE",
    )
    assert (verdict.intact, verdict.covers_whole_file) == (True, False)
    assert verdict.modified_after_signing == "suspicious"


@pytest.mark.parametrize("make", [with_manifest, with_xades])
def test_a_file_that_is_missing_is_not_found(
    make: Callable[[FileKey], Files], signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    files = make(signer)
    del files[2]

    [verdict] = found(tmp_path, files, trust)

    assert verdict.sub_indication == "SIGNED_DATA_NOT_FOUND"


def test_two_signatures_that_cover_all_together_are_both_good(
    signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    files = [
        EXTENDED,
        ("one.txt", ONE),
        ("two.txt", TWO),
        ("META-INF/signatures001.xml", ades.detached({"one.txt": ONE}, signer, AT)),
        ("META-INF/signatures002.xml", ades.detached({"two.txt": TWO}, signer, AT)),
    ]

    verdicts = found(tmp_path, files, trust)

    assert [v.indication for v in verdicts] == [Indication.PASSED] * 2
    assert [v.modified_after_signing for v in verdicts] == ["allowed"] * 2
    assert [v.covers_whole_file for v in verdicts] == [False] * 2


def test_a_signature_of_a_stranger_covers_nothing(
    signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    root = testpki.new_root("Stranger TEST", not_before=NOW - DAY, not_after=NOW + DAY)
    stranger = root.issue("Somebody", not_before=NOW - DAY, not_after=NOW + DAY)
    files = [
        EXTENDED,
        ("one.txt", ONE),
        ("two.txt", TWO),
        ("META-INF/signatures001.xml", ades.detached({"one.txt": ONE}, signer, AT)),
        ("META-INF/signatures002.xml", ades.detached({"two.txt": TWO}, stranger, AT)),
    ]

    verdicts = found(tmp_path, files, trust)

    assert [v.indication for v in verdicts] == [Indication.INDETERMINATE] * 2


def test_a_simple_container_has_one_file(
    signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    files = [SIMPLE, ("one.txt", ONE), ("two.txt", TWO), (CMS, ades.cades(ONE, signer, AT))]

    [verdict] = found(tmp_path, files, trust)

    assert (verdict.indication, verdict.sub_indication) == (Indication.FAILED, "FORMAT_FAILURE")


def test_the_list_of_files_has_to_agree(signer: FileKey, trust: TrustStore, tmp_path: Path) -> None:
    entry = b'<m:file-entry m:full-path="%s"/>'
    good = LIST % b"".join(entry % name for name in (b"one.txt", b"two.txt"))
    bad = LIST % b"".join(entry % name for name in (b"one.txt", b"three.txt"))

    [agreeing] = found(tmp_path, [*with_xades(signer), ("META-INF/manifest.xml", good)], trust)
    [differing] = found(tmp_path, [*with_xades(signer), ("META-INF/manifest.xml", bad)], trust)

    assert agreeing.indication is Indication.PASSED
    assert differing.indication is Indication.INDETERMINATE


def test_a_manifest_named_twice_is_not_chosen_from(
    signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    files = with_manifest(signer)
    again = ("META-INF/ASiCManifest002.xml", ades.manifest(CMS, {"one.txt": ONE}))

    [verdict] = found(tmp_path, [*files, again], trust)

    assert verdict.sub_indication == "SIGNED_DATA_NOT_FOUND"


def test_an_archive_manifest_proves_the_signatures_that_it_lists(tmp_path: Path) -> None:
    long = LongPki()
    at, later = NOW.replace(year=2012), NOW.replace(year=2016)
    listed = ades.manifest(CMS, {"one.txt": ONE})
    signature = ades.with_status(
        ades.cades(listed, long.officer, at), long.certificates, long.crls(at)
    )
    stamp = "META-INF/timestamp001.tst"
    manifests = "META-INF/ASiCManifest001.xml"
    archived = ades.manifest(stamp, {"one.txt": ONE, CMS: signature, manifests: listed})
    token = a_tsa(long.tsa1, at + ades.HOUR).timestamp(hashlib.sha256(archived).digest())
    files = [EXTENDED, ("one.txt", ONE), (manifests, listed), (CMS, signature)]
    stamped = [*files, ("META-INF/ASiCArchiveManifest001.xml", archived), (stamp, token)]

    def judged(these: Files) -> Verdict:
        return ades.judged(tmp_path, "a.asice", ades.a_zip(these), long.trust(later), later)[0]

    assert judged(files).indication is Indication.INDETERMINATE
    assert judged(stamped).proven_at == at + ades.HOUR


def test_a_zip_that_signs_nothing_has_no_verdict(trust: TrustStore, tmp_path: Path) -> None:
    assert found(tmp_path, [("a.txt", ONE)], trust) == []
    assert found(tmp_path, [("META-INF/MANIFEST.MF", b"Manifest-Version: 1.0")], trust) == []
    assert ades.judged(tmp_path, "a.docx", ades.a_zip([("word/a.xml", b"<a/>")]), trust) == []


def twice(good: bytes) -> bytes:
    return good.replace(b"two.txt", b"one.txt")


def elsewhere(good: bytes) -> bytes:
    return good.replace(b"two.txt", b"../.txt")


def before(good: bytes) -> bytes:
    return b"PK\x03\x04%PDF" + good


def after(good: bytes) -> bytes:
    return good + b"%PDF-1.7"


def other_local_name(good: bytes) -> bytes:
    return good.replace(b"two.txt", b"tow.txt", 1)


def encrypted(good: bytes) -> bytes:
    altered = bytearray(good)
    place = good.index(b"PK\x01\x02")
    altered[place + 8] |= 1
    return bytes(altered)


@pytest.mark.parametrize(
    "attack",
    [twice, elsewhere, before, after, other_local_name, encrypted],
    ids=lambda attack: attack.__name__.replace("_", " "),
)
def test_an_ambiguous_container_is_refused(
    attack: Callable[[bytes], bytes], signer: FileKey, trust: TrustStore, tmp_path: Path
) -> None:
    path = tmp_path / "a.asice"
    path.write_bytes(attack(ades.a_zip(with_xades(signer))))

    with Checker(trust, workers=1, xml=reader) as checker:
        result = checker.check(path, PackagePath("a.asice"), at=NOW)

    assert result.verdicts
    assert all(one.indication is not Indication.PASSED for one in result.verdicts)
    assert result.refused is not None
    assert "failed on" not in result.refused


def test_a_bomb_in_a_container_is_not_unpacked(trust: TrustStore, tmp_path: Path) -> None:
    path = tmp_path / "a.asice"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(*EXTENDED)
        archive.writestr("zeros", bytes(300 << 20))
        archive.writestr(XML, b"<Signature/>")

    with Checker(trust, workers=1, xml=reader) as checker:
        result = checker.check(path, PackagePath("a.asice"), at=NOW)

    assert result.refused is not None
    assert "beyond measure" in result.refused
