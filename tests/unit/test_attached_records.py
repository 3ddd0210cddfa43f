"""Evidence records inside CMS signatures: over what they are, renewed, and never believed blindly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from archive.evidence import attached, renew
from archive.evidence.elements import Malformed, only
from archive.evidence.records import EvidenceRecord
from archive.evidence.verify import RecordVerdict
from archive.model import PackagePath
from archive.packages.dsig import reader
from archive.signatures import der
from archive.signatures.check import Checker, CheckResult
from tests import ades, evidence
from tests.signed import LongPki

SIGNED, MADE, RENEWED = (datetime(year, 6, 1, tzinfo=UTC) for year in (2011, 2012, 2017))
SOON, LATER = timedelta(days=2), datetime(2019, 1, 1, tzinfo=UTC)
CONTENT = "Giấy phép xây dựng".encode()


@pytest.fixture(scope="module")
def pki() -> LongPki:
    return LongPki()


@pytest.fixture(scope="module")
def enveloping(pki: LongPki) -> bytes:
    return ades.cades(CONTENT, pki.officer, SIGNED, inside=True)


@pytest.fixture(scope="module")
def detached(pki: LongPki) -> bytes:
    return ades.cades(CONTENT, pki.officer, SIGNED)


def a_record(pki: LongPki, *objects: bytes, at: datetime = MADE) -> EvidenceRecord:
    group = [evidence.a_document(one) for one in objects]
    others = [[evidence.a_document(f"{n}".encode())] for n in range(4)]
    tsa = pki.tsa1 if at < RENEWED else pki.tsa2
    return evidence.records_of([group, *others], tsa, at)[0]


def with_record(cms: bytes, record: bytes, kind: str = attached.INTERNAL) -> bytes:
    return ades.with_unsigned(cms, kind, record)


def verdict(
    cms: bytes, pki: LongPki, at: datetime = MADE + SOON, content: bytes | None = None
) -> RecordVerdict:
    hasher = None if content is None else lambda _: evidence.a_document(content)
    return attached.verify_attached(cms, hasher, pki.trust(at), at=at)


def outcome(found: RecordVerdict) -> tuple[str, str | None]:
    return found.indication.value, found.sub_indication


def test_a_signature_is_proven_by_the_record_that_it_carries(pki, enveloping):
    found = verdict(with_record(enveloping, a_record(pki, enveloping).encoded), pki)

    assert outcome(found) == ("passed", None), found.reasons
    assert (found.proven_at, found.intact) == (MADE, True)
    assert [one.name for one in found.objects] == ["CMS"]


def test_a_pem_form_is_the_same_signature(pki, enveloping):
    from asn1crypto import pem

    armoured = pem.armor("CMS", with_record(enveloping, a_record(pki, enveloping).encoded))

    assert outcome(verdict(armoured, pki)) == ("passed", None)


def test_what_the_record_is_over_is_the_signature_without_it_byte_by_byte(
    pki, enveloping, detached
):
    for before in (enveloping, detached, with_record(enveloping, b"\x04\x00", "1.2.3.4")):
        carrying = with_record(before, a_record(pki, before).encoded)
        assert [one.over for one in attached.attached(carrying)] == [before]


def test_a_record_over_signature_and_content_needs_the_content(pki, detached):
    record = a_record(pki, detached, CONTENT).encoded
    carrying = with_record(detached, record, attached.EXTERNAL)

    assert outcome(verdict(carrying, pki, content=CONTENT)) == ("passed", None)
    assert outcome(verdict(carrying, pki, content=None)) == (
        "indeterminate", "SIGNED_DATA_NOT_FOUND",
    )  # fmt: skip
    assert outcome(verdict(carrying, pki, content=b"another permit"))[0] == "indeterminate"


def test_content_inside_is_the_content_that_the_record_is_over(pki, enveloping):
    record = a_record(pki, enveloping, CONTENT).encoded
    carrying = with_record(enveloping, record, attached.EXTERNAL)

    found = verdict(carrying, pki, content=b"what lies beside is not asked")

    assert outcome(found) == ("passed", None), found.reasons
    assert [one.name for one in found.objects] == ["CMS", "content"]


def two_records(pki: LongPki, cms: bytes, at: datetime = RENEWED) -> bytes:
    """Return a signature with a record and, made at a time, one over both."""
    first = renew.enclosed(a_record(pki, cms), pki.trust(at), at=at).encoded
    carrying = with_record(cms, first)
    return with_record(carrying, a_record(pki, carrying, at=RENEWED).encoded)


def test_a_later_record_keeps_the_earlier_one_proven_when_its_authority_has_ended(pki, enveloping):
    alone = with_record(enveloping, a_record(pki, enveloping).encoded)

    found = verdict(two_records(pki, enveloping), pki, LATER)

    assert outcome(verdict(alone, pki, LATER))[0] == "indeterminate"
    assert outcome(found) == ("passed", None), found.reasons
    assert (found.proven_at, len(found.chains), len(found.objects)) == (MADE, 2, 2)


def test_a_record_that_is_about_something_else_is_named_among_several(pki, enveloping):
    foreign = a_record(pki, b"another signature").encoded
    carrying = with_record(enveloping, foreign)
    both = with_record(carrying, a_record(pki, carrying, at=RENEWED).encoded)

    found = verdict(both, pki, LATER)

    assert found.indication.value == "indeterminate"
    assert found.proven_at is None
    assert found.reasons
    assert all(reason.startswith("evidence record 1: ") for reason in found.reasons)


def test_a_signature_that_was_changed_after_the_record_is_not_proven(pki, enveloping):
    carrying = with_record(enveloping, a_record(pki, enveloping).encoded)
    place = carrying.index(CONTENT)

    for at in (place, place + len(CONTENT) - 1):
        changed = carrying[:at] + bytes((carrying[at] ^ 1,)) + carrying[at + 1 :]
        assert verdict(changed, pki).indication.value != "passed"

    later = ades.with_unsigned(carrying, "1.2.3.4", b"\x04\x00")
    assert verdict(later, pki).indication.value != "passed"


def indefinite(element: bytes) -> bytes:
    """Return a constructed element with its end marked instead of its length written."""
    found = only(element)
    return bytes((found.tag, 0x80)) + found.content + b"\0\0"


def test_the_coding_above_the_record_stays_as_it_was_written(pki, enveloping):
    outer = only(enveloping)
    kind, wrapped = outer.children()
    open_ended = indefinite(
        der.sequence(kind.encoded, indefinite(der.context(0, *_parts(wrapped))))
    )
    carrying = with_record(enveloping, a_record(pki, open_ended).encoded)
    kind, wrapped = only(carrying).children()
    carrying = indefinite(der.sequence(kind.encoded, indefinite(wrapped.encoded)))

    assert [one.over for one in attached.attached(carrying)] == [open_ended]
    assert outcome(verdict(carrying, pki)) == ("passed", None)


def _parts(element) -> list[bytes]:
    return [one.encoded for one in element.children()]


def test_a_signature_without_a_record_says_so(pki, enveloping):
    found = verdict(enveloping, pki)

    assert outcome(found) == ("failed", "FORMAT_FAILURE")
    assert found.reasons == ("the signature carries no evidence record",)


@pytest.mark.parametrize(
    "value",
    [b"\x30\x00", b"\x04\x01A", b"\x30\x03\x02\x01\x01"],
    ids=["empty", "string", "version"],
)
def test_what_is_no_record_never_passes(pki, enveloping, value):
    assert outcome(verdict(with_record(enveloping, value), pki)) == ("failed", "FORMAT_FAILURE")


def test_an_attribute_with_two_values_is_refused(pki, enveloping):
    record = a_record(pki, enveloping).encoded
    one = der.sequence(der.oid(attached.INTERNAL), der.tlv(der.SET, record))
    two = der.sequence(der.oid(attached.INTERNAL), der.tlv(der.SET, record, record))
    carrying = with_record(enveloping, record)
    path = attached._to_attributes(only(carrying))
    wrong = _swapped(path, one, two)

    with pytest.raises(Malformed, match="exactly one value"):
        attached.attached(wrong)


def _swapped(path, old: bytes, new: bytes) -> bytes:
    """Return the bytes with one attribute replaced by another, lengths adapted."""
    attributes = [new if one.encoded == old else one.encoded for one in path[-1].children()]
    return attached._replaced(path, attached._rebuilt(path[-1], b"".join(attributes)))


def test_more_records_than_anyone_makes_are_refused(pki, enveloping):
    record = a_record(pki, enveloping).encoded
    carrying = with_record(enveloping, record)
    attribute = der.sequence(der.oid(attached.INTERNAL), der.tlv(der.SET, record))
    path = attached._to_attributes(only(carrying))

    with pytest.raises(Malformed, match="more than 50"):
        attached.attached(_swapped(path, attribute, attribute * 51))


@pytest.mark.parametrize("cut", [0, 1, 30, 400, -1])
def test_a_truncated_signature_gets_a_verdict(pki, enveloping, cut):
    carrying = with_record(enveloping, a_record(pki, enveloping).encoded)

    assert outcome(verdict(carrying[:cut], pki)) == ("failed", "FORMAT_FAILURE")


def test_a_record_alone_is_no_signature(pki, enveloping):
    record = a_record(pki, enveloping).encoded

    assert not attached.is_signature(record)
    assert attached.is_signature(enveloping)


def test_a_dossier_s_signature_passes_by_its_record_and_keeps_what_that_took(
    pki, detached, tmp_path
):
    """As at ingest: beyond the officer's certificate, the record's authority answers for it."""
    signed = ades.with_status(detached, pki.certificates, pki.crls(MADE - SOON))
    record = a_record(pki, signed, CONTENT).encoded
    paths = {PackagePath(name): tmp_path / name for name in ("phep.xml", "phep.xml.p7s")}
    paths[PackagePath("phep.xml")].write_bytes(CONTENT)
    signature = PackagePath("phep.xml.p7s")
    at, ended = datetime(2014, 6, 1, tzinfo=UTC), LATER

    def judged(encoded: bytes, at: datetime) -> CheckResult:
        paths[signature].write_bytes(encoded)
        with Checker(pki.trust(at), workers=1, xml=reader, records=attached) as checker:
            return checker.check_all(paths, at=at, sunset=True)[signature]

    [bare] = judged(signed, at).verdicts
    helped = judged(with_record(signed, record, attached.EXTERNAL), at)
    [late] = judged(with_record(signed, record, attached.EXTERNAL), ended).verdicts

    [proven] = helped.verdicts
    assert (bare.indication.value, proven.indication.value) == ("indeterminate", "passed")
    assert proven.proven_at == MADE
    assert proven.provable_until is not None
    assert proven.provable_until.year == 2018  # when the authority's certificate ends
    assert any(name.startswith("timestamps/") for name in helped.material)
    assert late.indication.value == "indeterminate"
    assert any(one.startswith("evidence record: timestamp 1: ") for one in late.reasons)
