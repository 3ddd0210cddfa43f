"""Where pyHanko 0.38's AdES engine was seen to be wrong, and what is right.

Signatures that it passed although they were made too late, honest files that it failed, and
changes that it allowed; the PKI is certomancer's, and every moment is a value. Clauses are
those of EN 319 102-1.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pyhanko.pdf_utils import generic

from archive.signatures.pdf_signing import sign_pdf
from tests.certomancer_pki import CertomancerPki
from tests.signed import a_pdf, a_tsa, outcome, verdicts
from tests.unit.test_pdf_changes import Writer, changed, fill_in


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> CertomancerPki:
    return CertomancerPki(tmp_path_factory.mktemp("certomancer") / "pki")


def on(year: int, month: int = 1, day: int = 1) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


def signed(
    pki: CertomancerPki, who: str, at: datetime, *, pdf: bytes | None = None, field: str = "First"
) -> bytes:
    """Return a PDF with a signature and its timestamp."""
    tsa = a_tsa(pki.key("tsa1"), at)
    return sign_pdf(pdf or a_pdf(), pki.key(who), at=at, tsa=tsa, field=field)


def found(pki: CertomancerPki, pdf: bytes, at: datetime) -> dict[str, tuple[str, str | None]]:
    """Return Kho's outcomes by field."""
    told = verdicts(pdf, pki.trust(at), at)
    return {one.field: (one.indication.value, one.sub_indication) for one in told}


def test_signing_after_the_certificates_end_is_not_covered_by_an_older_proof(pki):
    # 5.5.4 and 5.6.2.4: the best signature time has to lie in the certificate's validity.
    first = pki.renewed(signed(pki, "officer", on(2010, 6)), on(2010, 7), "tsa1", "Stamp1")
    second = signed(pki, "officer", on(2014, 6), pdf=first, field="Second")
    both = pki.renewed(second, on(2014, 7), "tsa1", "Stamp2")

    told = found(pki, both, on(2015))

    assert told["First"] == ("passed", None)
    assert told["Second"] in {("indeterminate", "OUT_OF_BOUNDS_NO_POE"), ("failed", "EXPIRED")}


@pytest.mark.parametrize("at", [on(2012), on(2015)], ids=["before its end", "after its end"])
def test_signing_after_revocation_is_seen_whether_the_certificate_has_ended_or_not(pki, at):
    # 5.6.2.2.4: a revocation counts from its date, whatever ended afterwards.
    first = pki.renewed(signed(pki, "clerk", on(2010, 6)), on(2010, 7), "tsa1", "Stamp1")
    second = signed(pki, "clerk", on(2011, 4), pdf=first, field="Second")
    both = pki.renewed(second, on(2011, 5), "tsa1", "Stamp2")

    told = found(pki, both, at)

    assert told["First"] == ("passed", None)
    assert told["Second"] == ("indeterminate", "REVOKED_NO_POE")


@pytest.mark.parametrize(
    ("who", "signed_on"),
    [("officer", on(2014, 6)), ("clerk", on(2011, 4))],
    ids=["after its end", "after its revocation"],
)
def test_one_timestamped_signature_made_too_late_does_not_pass(pki, who, signed_on):
    # 5.5.4: a timestamp proves when it was signed, and that was too late.
    pdf = signed(pki, who, signed_on)

    indication, sub = outcome(pdf, pki.trust(on(2015)), on(2015))

    assert indication == "indeterminate"
    assert sub in {"OUT_OF_BOUNDS_NO_POE", "REVOKED_NO_POE"}


@pytest.mark.parametrize(
    "at",
    [on(2026, 7), on(2033, 12), on(2035)],
    ids=["a month after the second renewal", "years later", "the intermediate CA is dead"],
)
def test_an_honest_file_survives_two_renewals_and_the_end_of_an_intermediate_ca(pki, at):
    # 5.6.2.2: lists issued after a certificate's end say nothing of it; 5.6.2.1: a path is
    # judged at a moment when all of it was valid.
    pdf = pki.renewed(signed(pki, "officer", on(2010, 6)), on(2010, 7), "tsa1", "Stamp1")
    pdf = pki.renewed(pdf, on(2017, 6), "tsa2", "Stamp2")
    pdf = pki.renewed(pdf, on(2026, 6), "tsa3", "Stamp3")

    assert found(pki, pdf, at)["First"] == ("passed", None)


def test_the_same_file_ends_with_the_last_timestamps_certificate(pki):
    pdf = pki.renewed(signed(pki, "officer", on(2010, 6)), on(2010, 7), "tsa1", "Stamp1")
    pdf = pki.renewed(pdf, on(2017, 6), "tsa2", "Stamp2")
    pdf = pki.renewed(pdf, on(2026, 6), "tsa3", "Stamp3")

    assert found(pki, pdf, on(2036, 6))["First"][0] == "indeterminate"


@pytest.mark.parametrize(
    ("who", "digest", "good_until"),
    [("officer", "sha1", on(2012, 8)), ("weak", "sha256", on(2019, 10))],
    ids=["SHA-1", "RSA-1024"],
)
def test_a_weak_algorithm_counts_until_its_day_and_not_after(pki, who, digest, good_until):
    # 5.2.6 and 5.6.2.4: constraints have dates; proven use before them stands.
    at = on(2010, 6)
    pdf = sign_pdf(
        a_pdf(), pki.key(who), at=at, tsa=a_tsa(pki.key("tsa1"), at), field="First", digest=digest
    )
    archived = pki.renewed(pdf, on(2010, 7), "tsa1", "Stamp1")
    plain = sign_pdf(a_pdf(), pki.key(who), at=at, field="First", digest=digest)

    assert found(pki, archived, on(2016))["First"] == ("passed", None)
    assert found(pki, plain, on(2011))["First"] == ("passed", None)
    assert found(pki, plain, max(good_until, on(2012, 9)))["First"][0] == "indeterminate"


def test_replacing_what_is_seen_through_a_form_field_is_not_allowed(pki):
    # ISO 32000-2, 12.8.2.2 lets forms be filled in; what a field shows can cover a page.
    form = signed(pki, "officer", on(2010, 6), pdf=a_pdf(form=True))
    replaced = changed(form, fill_in)

    [verdict] = verdicts(replaced, pki.trust(on(2011)), on(2011))

    assert verdict.modified_after_signing == "suspicious"
    assert verdict.sub_indication == "SIG_CONSTRAINTS_FAILURE"


def test_a_reference_that_leads_nowhere_does_not_make_a_file_invalid(pki):
    # ISO 32000-2, 7.3.10: a reference to an undefined object is null.
    def dangle(writer: Writer) -> None:
        missing = generic.IndirectObject(950, 0, writer)
        writer.root[generic.NameObject("/DSS")] = generic.DictionaryObject(
            {generic.NameObject("/VRI"): missing}
        )
        writer.update_root()

    pdf = changed(signed(pki, "officer", on(2010, 6)), dangle)

    [verdict] = verdicts(pdf, pki.trust(on(2011)), on(2011))

    assert (verdict.indication.value, verdict.modified_after_signing) == ("passed", "allowed")
