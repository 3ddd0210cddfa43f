"""What may happen to a PDF after it was signed, and what needs a person."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from archive.model import Indication
from archive.signatures import testpki
from archive.signatures.pdf_signing import Kept, keep_in_pdf, sign_pdf, timestamp_pdf
from archive.signatures.testpki import TestPki
from tests.signed import DAY, NOW, a_pdf, a_signer, a_tsa, verdicts

Name = generic.NameObject
Writer = IncrementalPdfFileWriter


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return testpki.create(tmp_path_factory.mktemp("pki"), at=NOW - DAY)


def changed(pdf: bytes, change: Callable[[Writer], None]) -> bytes:
    """Return a PDF with one more revision."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    change(writer)
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def page_of(writer: Writer) -> Any:
    return writer.find_page_for_modification(0)[0].get_object()


def replace_content(writer: Writer) -> None:
    stream = generic.StreamObject(stream_data=b"BT /F1 12 Tf 100 700 Td (forged) Tj ET")
    page_of(writer)[Name("/Contents")] = writer.add_object(stream)
    writer.update_container(page_of(writer))


def overwrite_content(writer: Writer) -> None:
    page = page_of(writer)
    stream = page["/Contents"]
    stream._data = b"BT /F1 12 Tf 100 700 Td (forged) Tj ET"
    stream._encoded_data = None
    writer.update_container(stream)


def fill_in(writer: Writer) -> None:
    field = writer.root["/AcroForm"]["/Fields"][0]
    field[Name("/V")] = generic.pdf_string("900")
    writer.update_container(field)


def annotate(writer: Writer) -> None:
    note = generic.DictionaryObject(
        {
            Name("/Type"): Name("/Annot"),
            Name("/Subtype"): Name("/FreeText"),
            Name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 500, 800))),
            Name("/Contents"): generic.pdf_string("forged"),
        }
    )
    page = page_of(writer)
    old = list.__iter__(page["/Annots"]) if "/Annots" in page else ()
    page[Name("/Annots")] = generic.ArrayObject([*old, writer.add_object(note)])
    writer.update_container(page)


def run_script(writer: Writer) -> None:
    action = generic.DictionaryObject({Name("/S"): Name("/JavaScript")})
    writer.root[Name("/OpenAction")] = writer.add_object(action)
    writer.update_root()


def show_in_empty_field(writer: Writer) -> None:
    shape = writer.add_object(generic.StreamObject(stream_data=b"0 0 500 800 re f"))
    field = generic.DictionaryObject(
        {
            Name("/FT"): Name("/Sig"),
            Name("/T"): generic.pdf_string("Cover"),
            Name("/Type"): Name("/Annot"),
            Name("/Subtype"): Name("/Widget"),
            Name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 500, 800))),
            Name("/AP"): generic.DictionaryObject({Name("/N"): shape}),
        }
    )
    reference = writer.add_object(field)
    fields = writer.root["/AcroForm"]["/Fields"]
    fields.append(reference)
    writer.update_container(fields)
    page = page_of(writer)
    page[Name("/Annots")] = generic.ArrayObject([*list.__iter__(page["/Annots"]), reference])
    writer.update_container(page)


@pytest.mark.parametrize(
    "attack",
    [
        replace_content,
        overwrite_content,
        fill_in,
        annotate,
        run_script,
        show_in_empty_field,
    ],
    ids=lambda attack: attack.__name__.replace("_", " "),
)
def test_a_change_after_the_last_signature_needs_a_person(
    pki: TestPki, attack: Callable[[Writer], None]
) -> None:
    signed = sign_pdf(a_pdf(form=True), a_signer(pki), at=NOW - DAY)

    [verdict] = verdicts(changed(signed, attack), pki.trust())

    assert verdict.intact is True
    assert verdict.modified_after_signing == "suspicious"
    assert verdict.indication is Indication.INDETERMINATE
    assert verdict.sub_indication == "SIG_CONSTRAINTS_FAILURE"
    assert verdict.to_do is not None


def test_an_added_page_is_a_failure(pki: TestPki) -> None:
    def add_page(writer: Writer) -> None:
        pages = writer.root["/Pages"]
        copy = generic.DictionaryObject(pages["/Kids"][0])
        pages["/Kids"].append(writer.add_object(copy))
        pages[Name("/Count")] = generic.NumberObject(2)
        writer.update_container(pages)

    signed = sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY)

    [verdict] = verdicts(changed(signed, add_page), pki.trust())

    assert (verdict.indication, verdict.sub_indication) == (Indication.FAILED, "FORMAT_FAILURE")


def test_content_hidden_in_a_gap_is_found(pki: TestPki) -> None:
    def leave_a_gap(writer: Writer) -> None:
        page = page_of(writer)
        gap = generic.IndirectObject(900, 0, writer)
        page[Name("/Contents")] = generic.ArrayObject([page.raw_get("/Contents"), gap])
        writer.update_container(page)

    def fill_the_gap(writer: Writer) -> None:
        stream = generic.StreamObject(stream_data=b"BT /F1 12 Tf 100 600 Td (forged) Tj ET")
        writer.objects[(0, 900)] = stream

    prepared = changed(a_pdf(), leave_a_gap)
    signed = sign_pdf(prepared, a_signer(pki), at=NOW - DAY)

    [verdict] = verdicts(changed(signed, fill_the_gap), pki.trust())

    assert verdict.modified_after_signing == "suspicious"


def test_content_that_poses_as_validation_data_is_found(pki: TestPki) -> None:
    def share_content_with_the_store(writer: Writer) -> None:
        content = page_of(writer).raw_get("/Contents")
        store = generic.DictionaryObject({Name("/Certs"): generic.ArrayObject([content])})
        writer.root[Name("/DSS")] = writer.add_object(store)
        writer.update_root()

    prepared = changed(a_pdf(), share_content_with_the_store)
    signed = sign_pdf(prepared, a_signer(pki), at=NOW - DAY)

    [verdict] = verdicts(changed(signed, overwrite_content), pki.trust())

    assert verdict.modified_after_signing == "suspicious"


def test_a_second_signature_leaves_the_first_one_good(pki: TestPki) -> None:
    once = sign_pdf(a_pdf(), a_signer(pki), at=NOW - 2 * DAY, field="Officer")
    twice = sign_pdf(once, a_signer(pki, "Lanh dao"), at=NOW - DAY, field="Head")

    first, second = verdicts(twice, pki.trust())

    assert (first.indication, first.modified_after_signing) == (Indication.PASSED, "allowed")
    assert (second.indication, second.modified_after_signing) == (Indication.PASSED, "none")


def test_a_form_filled_in_before_the_last_signature_is_allowed(pki: TestPki) -> None:
    once = sign_pdf(a_pdf(form=True), a_signer(pki), at=NOW - 2 * DAY, field="Officer")
    twice = sign_pdf(changed(once, fill_in), a_signer(pki), at=NOW - DAY, field="Head")

    first, second = verdicts(twice, pki.trust())

    assert (first.modified_after_signing, second.modified_after_signing) == ("allowed", "none")
    assert first.indication is Indication.PASSED


def test_validation_data_and_timestamps_leave_a_signature_good_however_often(pki: TestPki) -> None:
    pdf = sign_pdf(a_pdf(), a_signer(pki), at=NOW - 9 * DAY)
    for round_number in range(3):
        at = NOW - (8 - round_number) * DAY
        pdf = keep_in_pdf(pdf, Kept([pki.issuing.key.certificate], [pki.issuing.crl(at=at)]))
        pdf = timestamp_pdf(pdf, a_tsa(pki.tsa, at), field=f"Stamp{round_number}")

    first, *_ = verdicts(pdf, pki.trust())

    assert (first.indication, first.modified_after_signing) == (Indication.PASSED, "allowed")


def test_a_dangling_reference_in_a_later_revision_does_no_harm(pki: TestPki) -> None:
    def dangle(writer: Writer) -> None:
        missing = generic.IndirectObject(950, 0, writer)
        writer.root[Name("/DSS")] = generic.DictionaryObject({Name("/VRI"): missing})
        writer.update_root()

    signed = sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY)

    [verdict] = verdicts(changed(signed, dangle), pki.trust())

    assert (verdict.indication, verdict.modified_after_signing) == (Indication.PASSED, "allowed")
