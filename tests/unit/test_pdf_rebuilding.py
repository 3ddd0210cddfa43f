"""PDFs whose cross-references lead nowhere: read as viewers read them, and judged by that."""

from __future__ import annotations

import re

import pytest
from pyhanko.pdf_utils import generic

from archive.model import Indication, Verdict
from archive.signatures import testpki
from archive.signatures.pdf_file import SignedPdf
from archive.signatures.pdf_rebuild import layout
from archive.signatures.pdf_signing import Kept, keep_in_pdf, sign_pdf
from archive.signatures.testpki import TestPki
from tests.signed import DAY, NOW, a_pdf, a_signer, a_tsa, signed_anew, verdicts
from tests.unit.test_pdf_changes import annotate, changed, fill_in, replace_content

_PREV = re.compile(rb"/Prev (\d+)")
FORGED = b"<< /Length 38 >>\nstream\nBT /F1 12 Tf 100 700 Td (forged) Tj ET\nendstream"


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return testpki.create(tmp_path_factory.mktemp("pki"), at=NOW - DAY)


def without_way_back(content: bytes, text: bytes = b"/Prev 0") -> bytes:
    """Return a file whose last cross-reference does not lead to the one before."""
    last = list(_PREV.finditer(content))[-1]
    return content[: last.start()] + text.ljust(len(last[0])) + content[last.end() :]


def judged(content: bytes, pki: TestPki) -> list[Verdict]:
    assert SignedPdf(content).rebuilt
    return verdicts(content, pki.trust())


@pytest.mark.parametrize("text", [b"/Prev 0", b"/Prev 7", b"/Prev 99999999", b""])
def test_a_file_whose_way_back_is_broken_is_read_from_its_bytes(pki, text):
    once = sign_pdf(a_pdf(), a_signer(pki), at=NOW - 2 * DAY, tsa=a_tsa(pki.tsa, NOW - 2 * DAY))
    kept = keep_in_pdf(once, Kept([pki.issuing.key.certificate], [pki.issuing.crl(at=NOW - DAY)]))

    [verdict] = judged(without_way_back(kept, text), pki)

    assert (verdict.indication, verdict.modified_after_signing) == (Indication.PASSED, "allowed")
    assert verdict.format == "PAdES-B-T"


def test_two_signatures_in_such_a_file_are_both_found_and_good(pki):
    once = sign_pdf(a_pdf(), a_signer(pki), at=NOW - 2 * DAY, field="One")
    twice = sign_pdf(once, a_signer(pki, "Hai"), at=NOW - DAY, field="Two")

    first, second = judged(signed_anew(without_way_back(twice), a_signer(pki, "Hai")), pki)

    assert (first.indication, first.modified_after_signing) == (Indication.PASSED, "allowed")
    assert (second.indication, second.modified_after_signing) == (Indication.PASSED, "none")


@pytest.mark.parametrize("attack", [replace_content, fill_in, annotate], ids=lambda a: a.__name__)
def test_changes_are_seen_without_tables_too(pki, attack):
    signed = sign_pdf(a_pdf(form=True), a_signer(pki), at=NOW - DAY)

    [verdict] = judged(without_way_back(changed(signed, attack)), pki)

    assert verdict.intact is True
    assert verdict.modified_after_signing == "suspicious"
    assert verdict.indication is Indication.INDETERMINATE


def page_content_number(content: bytes) -> int:
    page = SignedPdf(content).reader.root["/Pages"]["/Kids"][0]
    reference = page.raw_get("/Contents")
    assert isinstance(reference, generic.IndirectObject)
    return int(reference.idnum)


def test_an_object_that_stands_twice_in_a_revision_is_in_doubt(pki):
    signed = sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY)
    number = page_content_number(signed)
    honest = signed[signed.index(b"%d 0 obj" % number) :].split(b"endobj")[0] + b"endobj\n"
    forged = b"%d 0 obj\n%s\nendobj\n" % (number, FORGED)

    [verdict] = judged(signed + forged + honest + b"startxref\n0\n%%EOF\n", pki)

    assert verdict.modified_after_signing == "suspicious"
    assert any("stands twice" in reason for reason in verdict.reasons)


def test_an_object_inside_a_stream_is_in_doubt(pki):
    signed = sign_pdf(a_pdf(), a_signer(pki), at=NOW - DAY)
    inner = b"%d 0 obj\n<< >>\nendobj\n" % page_content_number(signed)
    outer = b"77 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (len(inner), inner)

    [verdict] = judged(signed + outer + b"startxref\n0\n%%EOF\n", pki)

    assert verdict.modified_after_signing == "suspicious"


def test_a_revision_ends_with_its_startxref():
    found = layout(b"1 0 obj\nendobj\nstartxref\n9\n%%EOF\n2 0 obj\nendobj\nstartxref 7 %%EOF")

    assert [list(one.objects) for one in found.revisions] == [[(1, 0)], [(2, 0)]]
    assert found.doubt == ""
