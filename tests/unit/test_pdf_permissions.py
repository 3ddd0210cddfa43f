"""What a certifying signature or a lock permits, and what may be written beside signatures."""

from __future__ import annotations

import io
from typing import Any

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    MDPPerm,
    SigFieldSpec,
    SigSeedSubFilter,
    append_signature_field,
)
from pyhanko.sign.signers.cms_embedder import (
    PdfCMSEmbedder,
    SigAppearanceSetup,
    SigIOSetup,
    SigMDPSetup,
    SigObjSetup,
)
from pyhanko.sign.signers.pdf_byterange import SignatureObject
from pyhanko.stamp import TextStampStyle

from archive.model import Indication, Verdict
from archive.signatures import cms_writer, testpki
from archive.signatures.pdf_signing import Kept, keep_in_pdf, sign_pdf, timestamp_pdf
from archive.signatures.testpki import TestPki
from tests.signed import DAY, NOW, a_pdf, a_signer, a_tsa, verdicts
from tests.unit.test_pdf_changes import Name, annotate, changed, fill_in, page_of

BOX = (100, 100, 300, 200)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return testpki.create(tmp_path_factory.mktemp("pki"), at=NOW - DAY)


def signed_with(pdf: bytes, key: Any, spec: SigFieldSpec, **setup: Any) -> bytes:
    """Return a PDF signed with a field and rules of one's choice."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    steps = PdfCMSEmbedder(new_field_spec=spec).write_cms(spec.sig_field_name, writer)
    next(steps)
    place = SignatureObject(NOW - 3 * DAY, subfilter=SigSeedSubFilter.PADES, bytes_reserved=20_000)
    mdp = SigMDPSetup(md_algorithm="sha256", **setup)
    look = SigAppearanceSetup(TextStampStyle(), NOW, "Signer") if spec.box else None
    steps.send(SigObjSetup(sig_placeholder=place, mdp_setup=mdp, appearance_setup=look))
    prepared, output = steps.send(SigIOSetup(md_algorithm="sha256", in_place=False))
    steps.send(cms_writer.sign(key, prepared.document_digest, digest="sha256").encode())
    steps.close()
    return bytes(output.getvalue())


def certified(pki: TestPki, permission: MDPPerm) -> bytes:
    spec = SigFieldSpec("Certified")
    return signed_with(a_pdf(form=True), a_signer(pki), spec, certify=True, docmdp_perms=permission)


def locked(pki: TestPki, action: FieldMDPAction, *names: str) -> bytes:
    rule = FieldMDPSpec(action, list(names) or None)
    spec = SigFieldSpec("Locking", field_mdp_spec=rule)
    return signed_with(a_pdf(form=True), a_signer(pki), spec, field_lock=rule)


def archived(pdf: bytes, pki: TestPki) -> bytes:
    kept = keep_in_pdf(pdf, Kept([pki.issuing.key.certificate], [pki.issuing.crl(at=NOW - DAY)]))
    return timestamp_pdf(kept, a_tsa(pki.tsa, NOW - DAY), field="Stamp")


def signed_again(pdf: bytes, pki: TestPki) -> bytes:
    return sign_pdf(pdf, a_signer(pki, "Hai"), at=NOW - DAY, field="Second")


def signed_visibly(pdf: bytes, pki: TestPki) -> bytes:
    return signed_with(pdf, a_signer(pki, "Hai"), SigFieldSpec("Second", box=BOX))


def with_the_last_one_broken(pdf: bytes) -> bytes:
    """Return a PDF of which the last signature covers a byte that is another now."""
    at = pdf.index(b"]", pdf.rindex(b"/ByteRange")) + 1
    assert pdf[at : at + 1] == b" "
    return pdf[:at] + b"\t" + pdf[at + 1 :]


def first(pdf: bytes, pki: TestPki) -> Verdict:
    return verdicts(pdf, pki.trust())[0]


ACTS = {
    "validation data and a timestamp": archived,
    "another signature": signed_again,
    "another visible signature": signed_visibly,
    "a form filled in, then signed": lambda p, k: signed_again(changed(p, fill_in), k),
    "an annotation, then signed": lambda p, k: signed_again(changed(p, annotate), k),
    "an empty signature field": lambda p, k: changed(
        p, lambda w: append_signature_field(w, SigFieldSpec("Empty"))
    ),
}
PERMITTED = {
    MDPPerm.NO_CHANGES: ("yes", "no", "no", "no", "no", "no"),
    MDPPerm.FILL_FORMS: ("yes", "yes", "yes", "yes", "no", "yes"),
    MDPPerm.ANNOTATE: ("yes", "yes", "yes", "yes", "yes", "yes"),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("permission", PERMITTED)
def test_a_certifying_signature_permits_what_its_p_says(pki, permission, act):
    permitted = dict(zip(ACTS, PERMITTED[permission], strict=True))[act] == "yes"

    verdict = first(ACTS[act](certified(pki, permission), pki), pki)

    assert verdict.intact is True
    assert verdict.modified_after_signing == ("allowed" if permitted else "suspicious")
    assert (verdict.indication is Indication.PASSED) == permitted


@pytest.mark.parametrize(
    ("action", "names", "kind"),
    [
        (FieldMDPAction.ALL, (), "suspicious"),
        (FieldMDPAction.INCLUDE, ("amount0",), "suspicious"),
        (FieldMDPAction.INCLUDE, ("other",), "allowed"),
        (FieldMDPAction.EXCLUDE, ("amount0", "Second"), "allowed"),
        (FieldMDPAction.EXCLUDE, ("other",), "suspicious"),
    ],
)
def test_a_lock_holds_the_fields_that_it_names(pki, action, names, kind):
    filled = changed(locked(pki, action, *names), fill_in)

    verdict = first(signed_again(filled, pki), pki)

    assert verdict.modified_after_signing == kind


def test_a_lock_on_everything_leaves_room_for_timestamps(pki):
    verdict = first(archived(locked(pki, FieldMDPAction.ALL), pki), pki)

    assert (verdict.indication, verdict.modified_after_signing) == (Indication.PASSED, "allowed")


# A signature of the attacker's own must not make a change good.


def test_a_form_filled_in_is_not_vouched_for_by_a_broken_signature(pki):
    honest = sign_pdf(a_pdf(form=True), a_signer(pki), at=NOW - 2 * DAY)
    forged = signed_again(changed(honest, fill_in), pki)

    verdict = first(with_the_last_one_broken(forged), pki)

    assert (verdict.intact, verdict.modified_after_signing) == (True, "suspicious")


def test_a_form_filled_in_is_not_vouched_for_by_a_stranger(pki, tmp_path):
    stranger = testpki.create(tmp_path, at=NOW - DAY)
    honest = sign_pdf(a_pdf(form=True), a_signer(pki), at=NOW - 2 * DAY)
    forged = signed_again(changed(honest, fill_in), stranger)

    verdict = first(forged, pki)

    assert verdict.indication is Indication.INDETERMINATE
    assert "no later signature" in verdict.reasons[0]


def test_a_broken_signature_must_not_show_anything(pki):
    honest = sign_pdf(a_pdf(), a_signer(pki), at=NOW - 2 * DAY)
    forged = signed_visibly(honest, pki)

    verdict = first(with_the_last_one_broken(forged), pki)

    assert verdict.modified_after_signing == "suspicious"
    assert first(forged, pki).modified_after_signing == "allowed"


# What else an update may write.


def on_root(key: str, value: Any):
    def change(writer: Any) -> None:
        writer.root[Name(key)] = writer.add_object(value)
        writer.update_root()

    return change


def on_form(key: str, value: Any):
    def change(writer: Any) -> None:
        form = writer.root["/AcroForm"]
        form[Name(key)] = value
        writer.update_container(form)

    return change


def on_page(key: str, value: Any):
    def change(writer: Any) -> None:
        page = page_of(writer)
        page[Name(key)] = value
        writer.update_container(page)

    return change


def dictionary(**entries: Any) -> generic.DictionaryObject:
    return generic.DictionaryObject({Name(f"/{key}"): value for key, value in entries.items()})


def another_font(writer: Any) -> None:
    form = writer.root["/AcroForm"]
    fonts = form["/DR"]["/Font"]
    name = next(iter(fonts))
    fonts[name] = dictionary(Type=Name("/Font"), BaseFont=Name("/Symbol"))
    writer.update_container(fonts)


def more_fonts(writer: Any) -> None:
    form = writer.root["/AcroForm"]
    form["/DR"]["/Font"][Name("/New")] = dictionary(Type=Name("/Font"))
    writer.update_container(form["/DR"]["/Font"])


def another_appearance(writer: Any) -> None:
    widget = page_of(writer)["/Annots"][0]
    shape = widget["/AP"]["/N"]
    shape._data, shape._encoded_data = b"0 0 500 800 re f", None
    writer.update_container(shape)


def another_appearance_of_the_signature(writer: Any) -> None:
    field = writer.root["/AcroForm"]["/Fields"][-1]
    field[Name("/AP")] = dictionary(N=writer.add_object(generic.StreamObject(stream_data=b"f")))
    writer.update_container(field)


def signature_with_a_script(writer: Any) -> None:
    append_signature_field(writer, SigFieldSpec("Empty"))
    field = writer.root["/AcroForm"]["/Fields"][-1]
    field[Name("/AA")] = dictionary(F=dictionary(S=Name("/JavaScript")))
    writer.update_container(field)


SCRIPT = dictionary(S=Name("/JavaScript"), JS=generic.pdf_string("app.alert(1)"))
UPDATES = {
    "open action": (on_root("/OpenAction", SCRIPT), "suspicious"),
    "names with scripts": (on_root("/Names", dictionary(JavaScript=SCRIPT)), "suspicious"),
    "actions of the file": (on_root("/AA", dictionary(WC=SCRIPT)), "suspicious"),
    "layers": (on_root("/OCProperties", dictionary(D=dictionary())), "suspicious"),
    "outlines": (on_root("/Outlines", dictionary(Count=generic.NumberObject(0))), "suspicious"),
    "metadata": (on_root("/Metadata", generic.StreamObject(stream_data=b"<x/>")), "allowed"),
    "extensions": (on_root("/Extensions", dictionary(ESIC=dictionary())), "allowed"),
    "fields to be drawn anew": (
        on_form("/NeedAppearances", generic.BooleanObject(True)), "suspicious"),
    "an XFA form": (on_form("/XFA", generic.pdf_string("<xdp/>")), "suspicious"),
    "another font for fields": (another_font, "suspicious"),
    "a further font for fields": (more_fonts, "allowed"),
    "an appearance": (another_appearance, "suspicious"),
    "an appearance of the signature": (another_appearance_of_the_signature, "suspicious"),
    "a signature field with a script": (signature_with_a_script, "suspicious"),
    "rotation": (on_page("/Rotate", generic.NumberObject(90)), "suspicious"),
    "a crop box": (
        on_page("/CropBox", generic.ArrayObject(map(generic.NumberObject, (0, 0, 9, 9)))),
        "suspicious"),
    "actions of a page": (on_page("/AA", dictionary(O=SCRIPT)), "suspicious"),
    "the order of tabs": (on_page("/Tabs", Name("/S")), "allowed"),
}  # fmt: skip


@pytest.mark.parametrize("name", UPDATES)
def test_an_update_after_the_signature_is_judged_by_what_it_changes(pki, name):
    change, kind = UPDATES[name]
    signed = sign_pdf(a_pdf(form=True), a_signer(pki), at=NOW - DAY)

    verdict = first(changed(signed, change), pki)

    assert (verdict.intact, verdict.modified_after_signing) == (True, kind)
    assert (verdict.indication is Indication.PASSED) == (kind == "allowed")


@pytest.mark.parametrize("disguise", ["/DSS", "/Metadata", "/StructElem"])
def test_what_is_seen_is_not_made_bookkeeping_by_naming_it_so(pki, disguise):
    def prepare(writer: Any) -> None:
        annotate(writer)
        note = page_of(writer)["/Annots"][0]
        shape = generic.StreamObject(stream_data=b"f")
        if disguise == "/StructElem":
            shape[Name("/Type")] = Name(disguise)
        reference = writer.add_object(shape)
        note[Name("/AP")] = dictionary(N=reference)
        if disguise != "/StructElem":
            writer.root[Name(disguise)] = dictionary(Certs=generic.ArrayObject([reference]))
            writer.update_root()

    def attack(writer: Any) -> None:
        shape = page_of(writer)["/Annots"][0]["/AP"]["/N"]
        shape._data, shape._encoded_data = b"0 0 500 800 re f", None
        writer.update_container(shape)

    signed = sign_pdf(changed(a_pdf(), prepare), a_signer(pki), at=NOW - DAY)

    verdict = first(changed(signed, attack), pki)

    assert verdict.modified_after_signing == "suspicious"
