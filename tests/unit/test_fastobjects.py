"""The fast reader of PDF objects reads, accepts and refuses what pyHanko's own does."""

from __future__ import annotations

import io
from typing import Any

import pytest
from pyhanko.pdf_utils import generic, reader, xref
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from archive.signatures import fastobjects, fastread, pdf_file, testpki
from archive.signatures.changes import changes
from archive.signatures.coverage import coverage
from archive.signatures.pdf_file import SignedPdf, UnreadablePdf
from archive.signatures.pdf_signing import sign_pdf, timestamp_pdf
from archive.signatures.references import referenced_numbers
from tests.signed import NOW, a_pdf, a_signer, a_tsa

DICTIONARIES = [
    b"<</A 1/B -2/C 3.5/D -0.25>>",
    b"<< /A (text) /B <41ff> /C true /D false /E null /F /Name >>",
    b"<</A[1 2 0 R 3 (x)<</B[]/C<<>>>>]/D 4 0 R/E 5>>",
    b"<</A (\\050a\\051\\n\\\\ \\101\\377)/B (D:20261124080000+07'00')>>",
    b"<</A%comment\n1/B% one\r% two\r\n [1% three\n]>>",
    b"<</A 1 0  R/B 1\n0 R/C 0 0 R/D 1 00 R/E 1 0 Rx>>",
    b"<</A +1/B .5/C 5./D --1/E 1-2>>",
    b"<</A#42 1/B#zz 2>>",
    b"<</A 1/A 2>>",
    b"<</A <4 1>/B <414>/C <>/D <4x>>>",
    b"<</A ((nested) text)/B (a\\\nb)/C (\\8)/D (\\9)>>",
    b"<</A (\\400)>>",
    b"<</A (never closed>>",
    b"<</A 1 /B>>",
    b"<</A 1",
    b"<</A 1>",
    b"<</A nul>>",
    b"<</ 1/B 2>>",
    b"<</A\x00\x0c1\t/B\x0b2>>",
    b"<</A\xc3\xa9 1>>",
    b"<</A 12345678901234567890/B 123456789 12345 R>>",
    b"<<" + b"/A<<" * 40 + b">>" * 40 + b">>",
    b"<</Length 3>>\nstream\nabc\nendstream",
    b"<</Length 3>>stream\r\nabc endstream",
    b"<</Length 5>>\nstream\nabc\nendstream",
    b"<</A<</Length 3>>\nstream\nabc\nendstream>>",
    b"<</A 1>>%comment\nstream",
    b"<</A [1 -2 \n3]/B [ ]/C [1 2 R]/D [1 2 0 R]/E[1-2]/F[12 34 +5]/G [1 2.5]/H [1\x002]>>",
    b"<</A [1 2 0 R 3]/B [007 12345678901 3]/C [1 2%c\n]/D [1 2",
]
TABLES = [
    b"0 2\n0000000000 65535 f \n0000000017 00000 n \ntrailer\n<<",
    b"0 1\n0000000000 65535 f \n3 1\n0000000017 00002 n \ntrailer <<",
    b" 0 1\r\n0000000000 65535 f\r\n\r\n 7 2\n0000000017 00000 n \n0000000018 00000 f \n\ntrailer<<",
    b"0 0\ntrailer\n<<",
    b"0 1 \n0000000000 65535 f \ntrailer%x\n<<",
    b"0 2\n0000000000 65535 f \n17 0 n\ntrailer\n<<",
    b"0 1\n0000000017 00000 x \ntrailer\n<<",
    b"0 1\n0000000017 99999 n \ntrailer\n<<",
    b"0 2\n0000000000 65535 f \n",
    b"0 3\n0000000000 65535 f \n0000000017 00000 n \ntrailer\n<<",
    b"0 1\n0000000017 00000 n \n5\ntrailer\n<<",
]


def plain(value: Any) -> Any:
    """Return an object as values that can be compared, with what it belongs to."""
    kind = (type(value).__name__, repr(value.container_ref))
    if isinstance(value, generic.StreamObject):
        return (kind, value.encoded_data, {k: plain(v) for k, v in dict.items(value)})
    if isinstance(value, generic.DictionaryObject):
        return (kind, {k: plain(v) for k, v in dict.items(value)})
    if isinstance(value, generic.ArrayObject):
        return (kind, [plain(one) for one in list.__iter__(value)])
    original = getattr(value, "original_bytes", None)
    return (kind, None if isinstance(value, generic.NullObject) else repr(value), original)


@pytest.fixture
def handler() -> PdfFileReader:
    return PdfFileReader(io.BytesIO(a_pdf()))


@pytest.mark.parametrize("ending", [b"\nendobj", b"", b" /More", b"\nstartxref"])
@pytest.mark.parametrize("written", DICTIONARIES, ids=lambda one: one[:30].decode("latin-1"))
def test_a_dictionary_is_read_as_pyhanko_reads_it(
    written: bytes, ending: bytes, handler: PdfFileReader
) -> None:
    found: list[object] = []
    for read in (vars(fastobjects)["_read_dictionary"], vars(fastobjects)["_slowly"]):
        stream = io.BytesIO(b"7 0 obj\n" + written + ending)
        stream.seek(8)
        try:
            value = plain(read(stream, generic.Reference(7, 0, handler)))
        except (PdfError, ValueError, KeyError, IndexError) as error:
            found.append((type(error).__name__, str(error)))
        else:
            found.append((value, stream.tell()))

    assert found[0] == found[1]


@pytest.mark.parametrize("strict", [True, False])
@pytest.mark.parametrize("written", TABLES, ids=lambda one: one[:30].decode("latin-1"))
def test_a_cross_reference_table_is_read_as_pyhanko_reads_it(written: bytes, strict: bool) -> None:
    found: list[object] = []
    for read in (vars(fastobjects)["_parse_table"], vars(fastobjects)["_slow_table"]):
        stream, data = io.BytesIO(written), xref.XRefSectionData()
        try:
            highest = data.process_entries(read(stream, strict), strict)
            end: object = (highest, stream.tell())
        except (PdfError, ValueError, IndexError) as error:
            end = (type(error).__name__, str(error))
        found.append((end, data.standard_xrefs, data.freed, data.explicit_refs_in_revision))

    assert found[0] == found[1]


def told(content: bytes) -> object:
    """Return what is found in a PDF: its signatures, and what happened after each."""
    try:
        pdf = SignedPdf(content)
        entries = pdf.signatures()
    except UnreadablePdf as error:
        return str(error)
    covered = [coverage(one, content) for one in entries]
    changed = changes(pdf, entries, covered, [True] * len(entries))
    said = [
        (one.field_name, one.byte_range, one.revision, one.contents, one.claimed_at, one.number)
        for one in entries
    ]
    return said, changed, pdf.revisions, pdf.rebuilt, pdf.page_count()


def slowly_told(content: bytes, patch: pytest.MonkeyPatch) -> object:
    """Return the same when pyHanko reads it with its own readers."""
    own = vars(fastobjects)
    with patch.context() as each:
        each.setattr(generic.DictionaryObject, "read_from_stream", staticmethod(own["_slowly"]))
        each.setattr(xref, "parse_xref_table", own["_slow_table"])
        for module in (xref, reader):
            each.setattr(module, "read_object_header", own["_slow_header"])
        each.setattr(reader, "process_data_at_eof", own["_slow_end"])
        each.setattr(pdf_file, "read_at", lambda *_: None)
        each.setattr(reader.HistoricalResolver, "_subsume_object", own["_slow_view"])
        return told(content)


def test_both_readers_find_the_same_in_a_signed_pdf_whatever_is_damaged(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    fastread.install()
    pki = testpki.create(tmp_path_factory.mktemp("pki"), at=NOW)
    signed = sign_pdf(a_pdf(form=True), a_signer(pki), at=NOW)
    whole = timestamp_pdf(signed, a_tsa(pki.tsa, NOW), field="Stamp")
    begin, end = whole.rindex(b"/Contents"), whole.rindex(b"endobj", 0, whole.rindex(b"xref"))
    places = [*range(0, begin, 401), *range(end - 200, len(whole), 83)]

    assert told(whole) == slowly_told(whole, monkeypatch)
    for number, place in enumerate(places):
        damaged = bytearray(whole)
        damaged[place : place + 1] = (b"", b"%", b"<", b"0", b"\n", b"/", b")")[number % 7]
        assert told(bytes(damaged)) == slowly_told(bytes(damaged), monkeypatch), place


def test_every_spelling_of_a_reference_is_found() -> None:
    content = b"1 0 R 22 0\nR\x0033 0 R4 0R 5 0 X R 6 % 7\n0 R R 0 R 8 0 RR 9 0 R"

    assert referenced_numbers(content, len(content)) == {1, 22, 33, 6, 8, 9}
    assert referenced_numbers(content, len(content) - 1) == {1, 22, 33, 6, 8}
