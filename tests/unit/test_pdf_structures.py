"""The same honest acts and attacks on PDFs of every make: tables, streams, linearized, odd spelling."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Any

import pikepdf
import pytest
from pyhanko.pdf_utils import generic

from archive.model import Indication
from archive.signatures import testpki
from archive.signatures.pdf_file import SignedPdf
from archive.signatures.pdf_signing import Kept, keep_in_pdf, sign_pdf, timestamp_pdf
from archive.signatures.testpki import TestPki
from tests.signed import DAY, NOW, a_pdf, a_signer, a_tsa, signed_anew, verdicts
from tests.unit.test_pdf_changes import (
    Name,
    Writer,
    annotate,
    changed,
    fill_in,
    overwrite_content,
    replace_content,
    run_script,
)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return testpki.create(tmp_path_factory.mktemp("pki"), at=NOW - DAY)


def resaved(**options: Any) -> bytes:
    """Return the PDF with a form, written by qpdf."""
    stream = io.BytesIO()
    with pikepdf.open(io.BytesIO(a_pdf(form=True))) as document:
        document.save(stream, **options)
    return stream.getvalue()


MAKES = {
    "tables": lambda: a_pdf(form=True),
    "object streams": lambda: resaved(object_stream_mode=pikepdf.ObjectStreamMode.generate),
    "linearized": lambda: resaved(linearize=True),
    "linearized with object streams": lambda: resaved(
        linearize=True, object_stream_mode=pikepdf.ObjectStreamMode.generate
    ),
}


@pytest.mark.parametrize("make", MAKES)
def test_signatures_timestamps_and_kept_data_leave_every_make_of_file_good(pki, make):
    once = sign_pdf(MAKES[make](), a_signer(pki), at=NOW - 3 * DAY, field="One")
    twice = sign_pdf(once, a_signer(pki, "Hai"), at=NOW - 2 * DAY, field="Two")
    kept = keep_in_pdf(twice, Kept([pki.issuing.key.certificate], [pki.issuing.crl(at=NOW - DAY)]))
    found = verdicts(timestamp_pdf(kept, a_tsa(pki.tsa, NOW - DAY), field="S"), pki.trust())

    assert [one.modified_after_signing for one in found] == ["allowed", "allowed", "none"]
    assert {one.indication for one in found} == {Indication.PASSED}


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize(
    "attack",
    [replace_content, overwrite_content, fill_in, annotate, run_script],
    ids=lambda a: a.__name__,
)
def test_an_attack_is_seen_in_every_make_of_file(pki, make, attack):
    signed = sign_pdf(MAKES[make](), a_signer(pki), at=NOW - DAY)

    [verdict] = verdicts(changed(signed, attack), pki.trust())

    assert (verdict.intact, verdict.modified_after_signing) == (True, "suspicious")
    assert verdict.indication is Indication.INDETERMINATE


def test_overwriting_a_stream_that_holds_other_objects_is_seen(pki):
    signed = sign_pdf(MAKES["object streams"](), a_signer(pki), at=NOW - DAY)

    def overwrite(writer: Writer) -> None:
        [holder] = writer.prev.xrefs.object_streams_used_in(0)
        stream = holder.get_object()
        data = stream.data.replace(b"/MediaBox", b"/MediaBex")
        assert data != stream.data
        writer.objects[(0, holder.idnum)] = generic.StreamObject(
            {key: stream.raw_get(key) for key in ("/Type", "/N", "/First")}, stream_data=data
        )

    [verdict] = verdicts(changed(signed, overwrite), pki.trust())

    assert verdict.modified_after_signing == "suspicious"
    assert verdict.indication is not Indication.PASSED


@pytest.mark.parametrize(
    "spaced",
    [b"[ 0 %d %d %d ]", b"[0\n%d\n%d %d]", b"[0\t%d\r\n%d %d]", b"[00 %d %d %d]", b"[+0 %d %d %d]"],
)
def test_a_byte_range_may_be_spelt_as_numbers_are(pki, spaced):
    signed = sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY)

    [verdict] = verdicts(signed_anew(signed, a_signer(pki), spaced=spaced), pki.trust())

    assert (verdict.indication, verdict.modified_after_signing) == (Indication.PASSED, "none")


def ranges(text: bytes) -> Callable[[bytes], bytes]:
    """Return a change of the byte range's text."""

    def change(made: bytes) -> bytes:
        return re.sub(rb"/ByteRange *\[[^]]*\] *", lambda m: text.ljust(len(m[0])), made)

    return change


def shifted(first: int, length: int, second: int, rest: int) -> Callable[[bytes], bytes]:
    """Return a change of the four numbers of the byte range."""

    def change(made: bytes) -> bytes:
        numbers = [
            int(n) for n in re.findall(rb"\d+", re.findall(rb"/ByteRange *\[([^]]*)", made)[0])
        ]
        found = [n + m for n, m in zip(numbers, (first, length, second, rest), strict=True)]
        return ranges(b"/ByteRange [%d %d %d %d]" % tuple(found))(made)

    return change


FAULTY = {
    "three numbers": ranges(b"/ByteRange [0 10 20]"),
    "six numbers": ranges(b"/ByteRange [0 9 20 9 30 9]"),
    "real numbers": ranges(b"/ByteRange [0.0 1.0 2.0 3.0]"),
    "begins later": shifted(1, -1, 0, 0),
    "gap too wide before": shifted(0, -1, 0, 0),
    "gap too wide after": shifted(0, 0, 1, -1),
    "gap too narrow": shifted(0, 1, 0, 0),
    "beyond the end": shifted(0, 0, 0, 1),
    "overlapping": shifted(0, 40_000, 0, 0),
    "negative": ranges(b"/ByteRange [0 -10 10 -5]"),
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_byte_range_that_is_none_is_a_failure_of_format(pki, name):
    signed = sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY)

    [verdict] = verdicts(FAULTY[name](signed), pki.trust())

    assert verdict.indication is Indication.FAILED
    assert verdict.sub_indication == "FORMAT_FAILURE"
    assert verdict.covers_whole_file is False


def test_a_signature_dictionary_needs_no_type(pki):
    signed = sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY)
    bare = re.sub(rb"/Type ?/Sig(?=\s)", lambda m: b" " * len(m[0]), signed)
    assert bare != signed

    [verdict] = verdicts(signed_anew(bare, a_signer(pki)), pki.trust())

    assert (verdict.kind, verdict.indication) == ("signature", Indication.PASSED)


def in_contents(change: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Return a change of the digits of /Contents at the same length."""

    def changed_digits(made: bytes) -> bytes:
        def written(found: re.Match[bytes]) -> bytes:
            digits = change(found[1])
            assert len(digits) == len(found[1])
            return found[0][: -len(digits) - 1] + digits + b">"

        return re.sub(rb"/Contents *<([0-9a-fA-F]*)>", written, made)

    return changed_digits


@pytest.mark.parametrize(
    ("spelt", "kind"),
    [
        (bytes.upper, "none"),
        (lambda digits: digits[:-3] + b" \n\t", "none"),
        (lambda digits: digits[:-1] + b" ", "none"),
        (lambda digits: digits[:-8] + b"deadbeef", "suspicious"),
        (lambda digits: digits[:-1] + b"7", "suspicious"),
    ],
    ids=["capitals", "white space", "an odd number", "more bytes", "half a byte"],
)
def test_contents_are_read_as_digits_and_nothing_may_hide_in_their_padding(pki, spelt, kind):
    signed = sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY)

    [verdict] = verdicts(in_contents(spelt)(signed), pki.trust())

    assert (verdict.intact, verdict.modified_after_signing) == (True, kind)
    assert (verdict.indication is Indication.PASSED) == (kind == "none")


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        (b"\n\n", "allowed"),
        (b"\0\0", "allowed"),
        (b"% a comment\n", "suspicious"),
        (b"7 0 obj\n<<>>\nendobj\n", "suspicious"),
        (b"junk", "suspicious"),
    ],
)
def test_what_follows_the_end_of_the_file_is_looked_at(pki, more, kind):
    signed = sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY)

    [verdict] = verdicts(signed + more, pki.trust())

    assert (verdict.intact, verdict.modified_after_signing) == (True, kind)
    assert verdict.covers_whole_file is False


def test_a_signature_that_two_fields_share_is_told_once(pki):
    def share(writer: Writer) -> None:
        fields = writer.root["/AcroForm"]["/Fields"]
        copy = generic.DictionaryObject(fields[0])
        copy[Name("/T")] = generic.pdf_string("Again")
        fields.append(writer.add_object(copy))
        writer.update_container(fields)

    signed = sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY)

    assert len(verdicts(changed(signed, share), pki.trust())) == 1


def updated(content: bytes, number: int, body: bytes) -> bytes:
    """Return a PDF with one object written again, by hand."""
    root = SignedPdf(content).reader.root_ref.idnum
    before = int(content.rsplit(b"startxref", 1)[1].split()[0])
    written = b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"xref\n%d 1\n%010d 00000 n \n" % (number, len(content))
    trailer = b"trailer\n<< /Size 20 /Root %d 0 R /Prev %d >>\n" % (root, before)
    end = b"startxref\n%d\n%%%%EOF\n" % (len(content) + len(written))
    return content + written + table + trailer + end


def test_content_that_cannot_be_read_here_equals_nothing(pki):
    page = SignedPdf(a_pdf()).reader.root["/Pages"]["/Kids"][0]
    number = page.raw_get("/Contents").idnum
    prepared = updated(a_pdf(), number, b"<< /Length 9 /A (")
    signed = sign_pdf(prepared, a_signer(pki), at=NOW - DAY)

    [verdict] = verdicts(updated(signed, number, b"<< /Length 9 /B ("), pki.trust())

    assert verdict.modified_after_signing == "suspicious"
