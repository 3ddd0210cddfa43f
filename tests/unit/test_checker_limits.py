"""Hostile files: each costs itself, is indeterminate with a reason, and stops nothing else."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.model import Indication, PackagePath
from archive.signatures import testpki
from archive.signatures.certificates import Cert, read_certificate
from archive.signatures.check import Checker, CheckResult, Limits
from archive.signatures.cms_reader import NotCms, SignedCms
from archive.signatures.paths import Certificates
from archive.signatures.pdf_signing import Kept, keep_in_pdf, sign_pdf
from archive.signatures.testpki import TestPki
from archive.signatures.trust import Anchor, Scope
from tests.signed import DAY, NOW, a_pdf, a_signer

LIMITS = Limits(cpu_seconds=2, wall_seconds=20, memory_bytes=768 << 20, file_bytes=8 << 20)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return testpki.create(tmp_path_factory.mktemp("pki"), at=NOW - DAY)


@pytest.fixture(scope="module")
def checker(pki: TestPki) -> Iterator[Checker]:
    with Checker(pki.trust(), workers=1, limits=LIMITS) as opened:
        yield opened


def check(checker: Checker, folder: Path, content: bytes) -> CheckResult:
    path = folder / "a.pdf"
    path.write_bytes(content)
    return checker.check(path, PackagePath("a.pdf"), at=NOW)


def xref_bomb(entries: int = 1 << 31) -> bytes:
    """Return a PDF of a few hundred bytes whose cross-reference claims 2^31 entries."""
    head = b"%PDF-1.7 /ByteRange\n"
    body = b"1 0 obj<</Type/XRef/Size %d/Root 1 0 R/W[0 0 0]/Index[0 %d]/Length 0>>stream\n"
    tail = b"endstream endobj\nstartxref\n%d\n%%%%EOF" % len(head)
    return head + body % (entries, entries) + tail


def fan_out(levels: int = 14, width: int = 12) -> bytes:
    """Return a PDF whose form has `width` to the power of `levels` paths."""
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[3 0 R]>>/X/ByteRange>>",
        b"<</Type/Pages/Kids[]/Count 0>>",
    ]
    for level in range(levels):
        kids = b"%d 0 R " % (level + 4) * width
        objects.append(b"<</T(a)/FT/Sig/V 2 0 R/Kids[%s]>>" % kids)
    objects.append(b"<</T(a)/FT/Sig>>")
    out = b"%PDF-1.7\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%sendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return out + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1,
        start,
    )


def test_a_bomb_of_244_bytes_is_stopped_and_the_next_file_is_checked(
    checker: Checker, pki: TestPki, tmp_path: Path
) -> None:
    bomb = check(checker, tmp_path, xref_bomb())

    good = check(checker, tmp_path, sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY))

    [verdict] = bomb.verdicts
    assert len(xref_bomb()) < 250
    assert verdict.indication is Indication.INDETERMINATE
    assert verdict.sub_indication == "GENERIC"
    assert bomb.refused == verdict.reasons[0]
    assert "stopped" in bomb.refused
    assert verdict.to_do is not None
    assert [one.indication for one in good.verdicts] == [Indication.PASSED]


HOSTILE = {
    "a form with ten thousand million paths": fan_out(),
    "one number of two million digits": b"%PDF-1.7 /ByteRange [" + b"9" * 2_000_000 + b"]",
    "brackets five thousand deep": b"%PDF-1.7 /ByteRange " + b"[" * 5000,
    "not a PDF at all": b"GIF89a /ByteRange",
    "empty but for a name": b"%PDF-1.7 /ByteRange",
    "a cross-reference that refers to itself": b"%PDF-1.7 /ByteRange\nxref\n0 1\n0000000000 65535 f \n"
    b"trailer<</Size 1/Root 1 0 R/Prev 20>>\nstartxref\n20\n%%EOF",
    "a signature of a million zeros": b"%PDF-1.7\n1 0 obj<</ByteRange[0 10 2000020 5]/Contents<"
    + b"00" * 1_000_000
    + b">>>endobj",
    "a deflated gigabyte": b"%PDF-1.7 /ByteRange\n1 0 obj<</Type/ObjStm/Filter/FlateDecode/Length 9>>"
    b"stream\n" + zlib.compress(bytes(30 << 20)) + b"endstream endobj",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_gets_one_indeterminate_verdict_and_no_crash(
    checker: Checker, tmp_path: Path, content: bytes
) -> None:
    result = check(checker, tmp_path, content)

    assert all(one.indication is not Indication.PASSED for one in result.verdicts)
    assert all("Traceback" not in reason for one in result.verdicts for reason in one.reasons)


def test_a_file_over_the_limit_is_not_opened(checker: Checker, tmp_path: Path) -> None:
    result = check(checker, tmp_path, b"%PDF-1.7 /ByteRange" + bytes(9 << 20))

    assert result.refused is not None
    assert "9437203 bytes" in result.refused


def test_a_file_without_signatures_gets_no_verdict(checker: Checker, tmp_path: Path) -> None:
    for content in (a_pdf(), b"", b"%PDF-1.7 truncated", b"plain text"):
        result = check(checker, tmp_path, content)

        assert (result.verdicts, result.refused) == ((), None)


def test_a_signature_cannot_hide_behind_an_escaped_name(
    checker: Checker, pki: TestPki, tmp_path: Path
) -> None:
    from archive.signatures.pdf_scan import may_have_signatures

    path = tmp_path / "a.pdf"
    path.write_bytes(b"%PDF-1.7 /B#79te#52ange [0 1 2 3]")

    assert may_have_signatures(path)


def test_encrypted_files_and_truncated_ones_are_told_without_a_crash(
    checker: Checker, pki: TestPki, tmp_path: Path
) -> None:
    signed = sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY)

    for size in range(0, len(signed), 4999):
        result = check(checker, tmp_path, signed[:size])
        assert all(one.indication is not Indication.PASSED for one in result.verdicts)


def test_no_flipped_byte_lets_an_altered_file_pass(
    checker: Checker, pki: TestPki, tmp_path: Path
) -> None:
    signed = sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY)
    gap = signed.index(b"/Contents <") + 10
    end = signed.index(b">", gap)
    places = [*range(0, gap, 61), *range(end, len(signed), 61)]

    for place in places:
        altered = bytearray(signed)
        altered[place] ^= 0x01
        result = check(checker, tmp_path, bytes(altered))
        assert all(one.indication is not Indication.PASSED for one in result.verdicts)


def test_the_material_of_a_verdict_is_handed_out(
    checker: Checker, pki: TestPki, tmp_path: Path
) -> None:
    crls = [pki.root.crl(at=NOW - DAY), pki.issuing.crl(at=NOW - DAY)]
    signed = sign_pdf(
        a_pdf(), a_signer(pki), at=NOW - 2 * DAY, tsa=pki.local_tsa(lambda: NOW - 2 * DAY)
    )
    kept = keep_in_pdf(signed, Kept([pki.issuing.key.certificate], crls))

    material = check(checker, tmp_path, kept).material

    kinds = sorted(name.partition("/")[0] for name in material)
    assert kinds == ["certificates"] * 4 + ["crls"] * 2 + ["timestamps"]
    assert pki.root.key.certificate in material.values()


# Blow-ups inside CMS and certificates


def test_many_authorities_of_one_name_do_not_multiply() -> None:
    begin, end = NOW - DAY, NOW + DAY
    same = [testpki.new_root("Same name TEST", not_before=begin, not_after=end) for _ in range(12)]
    leaf = same[0].issue("Leaf", not_before=begin, not_after=end)
    crossed = [one.subordinate("Same name TEST", not_before=begin, not_after=end) for one in same]
    certs: list[Cert] = [read_certificate(one.key.certificate) for one in (*same, *crossed)]
    stranger = testpki.new_root("Other TEST", not_before=begin, not_after=end)
    anchor = Anchor(stranger.key.certificate, "other", frozenset(Scope))

    chains = Certificates([anchor], certs).chains(
        read_certificate(leaf.certificate), Scope.SIGNATURES
    )

    assert chains == []


@pytest.mark.parametrize(
    "content",
    [
        b"\x30\x80" * 5000,
        b"\x30\x84\x7f\xff\xff\xff" + bytes(100),
        b"\x30\x88" + b"\xff" * 8,
        b"\x24\x80" * 100 + b"\0\0" * 100,
        b"",
        b"\x30\x82",
        b"\x1f" + b"\xff" * 50,
    ],
    ids=["deep", "2 GB", "huge", "pieces", "empty", "cut", "long tag"],
)
def test_broken_asn1_is_no_cms(content: bytes) -> None:
    with pytest.raises(NotCms):
        SignedCms(content)


def test_a_package_is_checked_as_its_files_are_one_by_one(
    checker: Checker, pki: TestPki, tmp_path: Path
) -> None:
    signed = sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY)
    contents = {
        "bomb.pdf": xref_bomb(),
        "signed.pdf": signed,
        "altered.pdf": signed.replace(b"%PDF-1.7", b"%PDF-1.6", 1),
        "plain.pdf": a_pdf(),
        "note.txt": b"nothing to see",
        "broken.p7s": b"no CMS",
    }
    files = {PackagePath(name): tmp_path / name for name in contents}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)

    together = checker.check_all(files, at=NOW, sunset=True)

    alone = {n: checker.check(p, n, at=NOW, sunset=True, others=files) for n, p in files.items()}
    assert together == alone
    outcomes = {str(name): [v.indication for v in one.verdicts] for name, one in together.items()}
    assert outcomes["signed.pdf"] == [Indication.PASSED]
    assert outcomes["plain.pdf"] == outcomes["note.txt"] == []
    assert all(outcomes[name] != [] for name in ("bomb.pdf", "altered.pdf", "broken.p7s"))
