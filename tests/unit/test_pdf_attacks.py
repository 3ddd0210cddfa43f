"""Attacks on signed PDFs: wrapping, incremental saving, universal forgery, shadows.

Classes are those of "1 Trillion Dollar Refund" (SWA, ISA, USF; Mladenov et al., CCS 2019)
and "Shadow Attacks" (hide, replace, hide-and-replace; Mainka et al., NDSS 2021). None may
pass, and every one is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from pyhanko.pdf_utils import generic

from archive.model import Indication, PackagePath, Verdict
from archive.signatures import testpki
from archive.signatures.check import Checker
from archive.signatures.pdf_signing import sign_pdf
from archive.signatures.testpki import TestPki
from tests.signed import DAY, NOW, a_pdf, a_signer
from tests.unit.test_pdf_changes import Name, Writer, changed, page_of

_RANGE = re.compile(rb"/ByteRange ?\[ ?(\d+) (\d+) (\d+) (\d+) *\]")
FORGED = b"BT /F1 12 Tf 100 700 Td (forged) Tj ET"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return testpki.create(tmp_path_factory.mktemp("pki"), at=NOW - DAY)


@pytest.fixture(scope="module")
def signed(pki: TestPki) -> bytes:
    return sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY)


@pytest.fixture(scope="module")
def check(pki: TestPki, tmp_path_factory: pytest.TempPathFactory):
    place = tmp_path_factory.mktemp("files") / "a.pdf"
    with Checker(pki.trust(), workers=1) as checker:

        def checked(content: bytes) -> tuple[Verdict, ...]:
            place.write_bytes(content)
            return checker.check(place, PackagePath("a.pdf"), at=NOW).verdicts

        yield checked


def ranged(content: bytes) -> tuple[re.Match[bytes], list[int]]:
    found = _RANGE.search(content)
    assert found is not None
    return found, [int(one) for one in found.groups()]


def with_range(content: bytes, text: bytes) -> bytes:
    """Return the file with another byte range, at the same length."""
    found, _ = ranged(content)
    assert len(text) <= len(found[0])
    return content.replace(found[0], text.ljust(len(found[0])), 1)


# Signature wrapping: the second signed part moves, content comes in between.


def wrapped(content: bytes) -> bytes:
    found, (_, first, second, rest) = ranged(content)
    more = b"\n9 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (len(FORGED), FORGED)
    text = b"/ByteRange [0 %d %d %d]" % (first, second + len(more), rest)
    made = content[:second] + more + content[second:]
    return made.replace(found[0], text.ljust(len(found[0])), 1)


def wrapped_with_another_range(content: bytes) -> bytes:
    found, (_, first, second, rest) = ranged(content)
    extra = b"/ByteRange [0 %d %d %d] " % (first, second, rest)
    return content.replace(found[0], found[0] + extra, 1)


# Incremental saving: content after the signed revision.


def update_without_table(content: bytes) -> bytes:
    more = b"\n4 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (len(FORGED), FORGED)
    return content + more + b"startxref\n0\n%%EOF\n"


def update_without_end(content: bytes) -> bytes:
    return content + b"\n4 0 obj\n<< >>\nendobj\ntrailer\n<< /Root 4 0 R >>\n"


def update_with_an_end_only(content: bytes) -> bytes:
    return content + b"\n4 0 obj\n<< >>\nendobj\ntrailer\n<< /Root 4 0 R >>\n%%EOF\n"


def replaced_page(content: bytes) -> bytes:
    def change(writer: Writer) -> None:
        page = page_of(writer)
        page[Name("/Contents")] = writer.add_object(generic.StreamObject(stream_data=FORGED))
        writer.update_container(page)

    return changed(content, change)


def update_with_a_copy_of_the_signature(content: bytes) -> bytes:
    def change(writer: Writer) -> None:
        fields = writer.root["/AcroForm"]["/Fields"]
        field = fields[0]
        field[Name("/V")] = writer.add_object(generic.DictionaryObject(field["/V"]))
        writer.update_container(field)
        page = page_of(writer)
        page[Name("/Contents")] = writer.add_object(generic.StreamObject(stream_data=FORGED))
        writer.update_container(page)

    return changed(content, change)


# Universal forgery: a signature from which something that is needed is missing.


def usf(pattern: bytes, text: bytes) -> Callable[[bytes], bytes]:
    def forged(content: bytes) -> bytes:
        made, count = re.subn(
            pattern, lambda m: text.ljust(len(m[0]))[: max(len(m[0]), len(text))], content, count=1
        )
        assert count == 1
        return made.replace(b"building", b"forgery ")

    return forged


_CONTENTS = rb"/Contents ?<[0-9a-fA-F]+>"
ATTACKS = {
    "wrapping: the second part moves": wrapped,
    "wrapping: two byte ranges": wrapped_with_another_range,
    "saving: no table": update_without_table,
    "saving: no end": update_without_end,
    "saving: an end only": update_with_an_end_only,
    "saving: the page is replaced": replaced_page,
    "saving: with a copy of the signature": update_with_a_copy_of_the_signature,
    "forgery: no byte range": usf(_RANGE.pattern, b""),
    "forgery: byte range null": usf(_RANGE.pattern, b"/ByteRange null"),
    "forgery: byte range empty": usf(_RANGE.pattern, b"/ByteRange []"),
    "forgery: byte range of zeros": usf(_RANGE.pattern, b"/ByteRange [0 0 0 0]"),
    "forgery: byte range negative": usf(_RANGE.pattern, b"/ByteRange [0 -1 -1 0]"),
    "forgery: byte range of names": usf(_RANGE.pattern, b"/ByteRange [/a /b /c /d]"),
    "forgery: byte range beyond the file": usf(_RANGE.pattern, b"/ByteRange [0 9 99999999 9]"),
    "forgery: no contents": usf(_CONTENTS, b""),
    "forgery: contents null": usf(_CONTENTS, b"/Contents null"),
    "forgery: contents empty": usf(_CONTENTS, b"/Contents <>"),
    "forgery: contents zero": usf(_CONTENTS, b"/Contents <00>"),
    "forgery: contents a number": usf(_CONTENTS, b"/Contents 7"),
    "forgery: no filter": usf(rb"/Filter ?/Adobe.PPKLite", b""),
    "forgery: unknown sub-filter": usf(rb"/SubFilter ?/ETSI.CAdES.detached", b"/SubFilter /None"),
}


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_never_passes_and_is_told(name, signed, check):
    forged = ATTACKS[name](signed)

    verdicts = check(forged)

    assert forged != signed
    assert verdicts
    for verdict in verdicts:
        assert verdict.indication is not Indication.PASSED, verdict
        assert verdict.reasons


# Shadows: content is prepared before signing and brought out afterwards.


def prepared_overlay(pdf: bytes) -> bytes:
    """Lay a second content stream under the page, which nothing shows yet."""

    def change(writer: Writer) -> None:
        hidden = writer.add_object(generic.StreamObject(stream_data=FORGED))
        writer.root[Name("/PieceInfo")] = generic.DictionaryObject({Name("/Kho"): hidden})
        writer.update_root()

    return changed(pdf, change)


def hide(writer: Writer) -> None:
    """Cover a page with another object of the same number as one that it shows."""
    page = page_of(writer)
    page[Name("/Contents")] = generic.ArrayObject(
        [page.raw_get("/Contents"), writer.root["/PieceInfo"].raw_get("/Kho")]
    )
    writer.update_container(page)


def replace_a_font(writer: Writer) -> None:
    font = page_of(writer)["/Resources"]["/Font"]["/F1"]
    font[Name("/BaseFont")] = Name("/Symbol")
    writer.update_container(font)


def hide_and_replace(writer: Writer) -> None:
    """Let the catalogue lead to other pages that were in the signed file."""
    pages = generic.DictionaryObject(writer.root["/Pages"])
    page = generic.DictionaryObject(pages["/Kids"][0])
    page[Name("/Contents")] = writer.root["/PieceInfo"].raw_get("/Kho")
    pages[Name("/Kids")] = generic.ArrayObject([writer.add_object(page)])
    writer.root[Name("/Pages")] = writer.add_object(pages)
    writer.update_root()


@pytest.mark.parametrize(
    "attack", [hide, replace_a_font, hide_and_replace], ids=lambda one: one.__name__
)
def test_a_shadow_is_suspicious_and_the_signed_file_itself_is_not(pki, check, attack):
    honest = sign_pdf(prepared_overlay(a_pdf()), a_signer(pki), at=NOW - DAY)

    [before] = check(honest)
    [after] = check(changed(honest, attack))

    assert (before.indication, before.modified_after_signing) == (Indication.PASSED, "none")
    assert after.intact is True
    assert after.modified_after_signing == "suspicious"
    assert after.indication is not Indication.PASSED
