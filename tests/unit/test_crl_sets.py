"""CRLs that say something only together: a delta with its base, lists for some reasons."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ReasonFlags

from archive.model import PackagePath
from archive.signatures import testpki
from archive.signatures.certificates import Cert, read_certificate
from archive.signatures.keys import FileKey
from archive.signatures.pades import PdfOutcome, PdfValidation
from archive.signatures.pdf_signing import sign_pdf
from archive.signatures.prepared import prepare
from archive.signatures.revocation import Revocations
from archive.signatures.status import Answer
from archive.signatures.testpki import Ca
from archive.signatures.trust import Anchor, Scope, TrustStore
from tests.signed import DAY, NOW, a_pdf, revoked_serial

LONG = 400 * DAY
MOST = [ReasonFlags.key_compromise, ReasonFlags.ca_compromise, ReasonFlags.superseded]
REST = [
    ReasonFlags.affiliation_changed,
    ReasonFlags.cessation_of_operation,
    ReasonFlags.certificate_hold,
    ReasonFlags.privilege_withdrawn,
    ReasonFlags.aa_compromise,
]


@pytest.fixture
def root() -> Ca:
    return testpki.new_root("Root TEST", not_before=NOW - LONG, not_after=NOW + LONG)


@pytest.fixture
def officer(root: Ca) -> FileKey:
    return root.issue("Officer", not_before=NOW - LONG, not_after=NOW + LONG)


def a_crl(
    root: Ca,
    *,
    at: datetime,
    number: int = 1,
    base: int | None = None,
    reasons: list[ReasonFlags] | None = None,
    revoked: tuple[FileKey, ReasonFlags] | None = None,
) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(root.certificate.subject)
        .last_update(at)
        .next_update(at + 2 * DAY)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    if base is not None:
        builder = builder.add_extension(x509.DeltaCRLIndicator(base), critical=True)
    if reasons is not None:
        point = x509.IssuingDistributionPoint(
            full_name=None,
            relative_name=None,
            only_contains_user_certs=False,
            only_contains_ca_certs=False,
            only_some_reasons=frozenset(reasons),
            indirect_crl=False,
            only_contains_attribute_certs=False,
        )
        builder = builder.add_extension(point, critical=True)
    if revoked is not None:
        key, reason = revoked
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(revoked_serial(key))
            .revocation_date(at - DAY / 2)
            .add_extension(x509.CRLReason(reason), critical=False)
        )
        builder = builder.add_revoked_certificate(entry.build())
    assert isinstance(root.key.key, ec.EllipticCurvePrivateKey)
    return builder.sign(root.key.key, hashes.SHA256()).public_bytes(Encoding.DER)


def outcome(root: Ca, officer: FileKey, *crls: bytes) -> PdfOutcome:
    anchor = Anchor(root.key.certificate, "Root TEST", frozenset(Scope), test=True)
    pdf = sign_pdf(a_pdf(), officer, at=NOW)
    prepared = prepare(TrustStore((anchor,), (), crls))
    return PdfValidation(pdf, PackagePath("a.pdf"), prepared, at=NOW).outcome()


def told(found: PdfOutcome) -> tuple[str, str | None]:
    return found.verdicts[0].indication.value, found.verdicts[0].sub_indication


def test_a_revocation_that_only_a_delta_has_is_seen(root, officer):
    base = a_crl(root, at=NOW - DAY)
    delta = a_crl(
        root, at=NOW - DAY / 4, number=2, base=1, revoked=(officer, ReasonFlags.key_compromise)
    )

    assert told(outcome(root, officer, base)) == ("passed", None)
    assert told(outcome(root, officer, base, delta)) == ("indeterminate", "REVOKED_NO_POE")


def test_a_delta_takes_a_suspension_back_and_both_lists_are_kept(root, officer):
    base = a_crl(root, at=NOW - DAY, revoked=(officer, ReasonFlags.certificate_hold))
    delta = a_crl(
        root, at=NOW - DAY / 4, number=2, base=1, revoked=(officer, ReasonFlags.remove_from_crl)
    )

    found = outcome(root, officer, base, delta)

    assert told(outcome(root, officer, base))[0] == "indeterminate"
    assert told(found) == ("passed", None)
    assert {base, delta} <= set(found.material.values())
    assert len(found.grounds[0].crls) == 2


@pytest.mark.parametrize(("number", "base"), [(2, 7), (1, 1)], ids=["of a later base", "not newer"])
def test_a_delta_says_nothing_beside_a_base_that_it_does_not_continue(root, officer, number, base):
    complete = a_crl(root, at=NOW - DAY, revoked=(officer, ReasonFlags.certificate_hold))
    removed = (officer, ReasonFlags.remove_from_crl)
    delta = a_crl(root, at=NOW - DAY / 4, number=number, base=base, revoked=removed)

    assert told(outcome(root, officer, complete, delta))[0] == "indeterminate"


def test_a_delta_alone_says_nothing(root, officer):
    delta = a_crl(root, at=NOW - DAY / 4, number=2, base=1)

    assert told(outcome(root, officer, delta)) == ("indeterminate", "TRY_LATER")


def test_lists_for_some_reasons_count_when_they_cover_all(root, officer):
    most = a_crl(root, at=NOW - DAY, reasons=MOST)
    rest = a_crl(root, at=NOW - DAY, number=2, reasons=REST)

    both = outcome(root, officer, most, rest)

    assert told(outcome(root, officer, most)) == ("indeterminate", "TRY_LATER")
    assert told(both) == ("passed", None)
    assert {most, rest} <= set(both.material.values())


def test_a_revocation_in_one_of_them_counts(root, officer):
    most = a_crl(root, at=NOW - DAY, reasons=MOST)
    revoked = (officer, ReasonFlags.privilege_withdrawn)
    rest = a_crl(root, at=NOW - DAY, number=2, reasons=REST, revoked=revoked)

    assert told(outcome(root, officer, most, rest)) == ("indeterminate", "REVOKED_NO_POE")


def test_a_list_that_is_remembered_does_not_hide_a_newer_one(root, officer):
    before = a_crl(root, at=NOW - DAY)
    after = a_crl(root, at=NOW - DAY / 4, number=2, revoked=(officer, ReasonFlags.key_compromise))

    found = [told(outcome(root, officer, one)) for one in (before, after, before)]

    assert found == [("passed", None), ("indeterminate", "REVOKED_NO_POE"), ("passed", None)]
    assert told(outcome(root, officer, before, after)) == ("indeterminate", "REVOKED_NO_POE")


def test_what_one_thread_is_about_to_find_out_is_no_answer_for_another(root, officer):
    namesake = testpki.new_root("Root TEST", not_before=NOW - LONG, not_after=NOW + LONG)
    known = Revocations([a_crl(root, at=NOW - DAY), a_crl(namesake, at=NOW - DAY)])
    certificate, issuer = (read_certificate(key.certificate) for key in (officer, root.key))
    elsewhere: list[list[Answer]] = []

    def while_the_other_list_is_looked_at(_: Cert) -> Iterable[tuple[Cert, Cert]]:
        if not elsewhere:
            with ThreadPoolExecutor(1) as pool:
                elsewhere.append([])
                elsewhere[0] = pool.submit(known.answers, certificate, issuer).result()
        return ()

    known.crl_signers = while_the_other_list_is_looked_at
    found = known.answers(certificate, issuer)

    assert len(found) == 1
    assert elsewhere == [found]
