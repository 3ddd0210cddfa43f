"""Enclosing: a timestamp takes what it needs for its own verification into itself.

Certificates and revocation answers lie outside of what the authority signed, so that
they can be added before a renewal, whose timestamp then proves when they existed.
Source: RFC 4998, 5.2 and 5.3; RFC 5652, 5.1 and 10.2.1; RFC 5940.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from archive.evidence.elements import Element, only
from archive.signatures import der
from archive.signatures.ber import first_element
from archive.signatures.cms_judge import judge_token
from archive.signatures.judge import Judgement, Knowledge
from archive.signatures.paths import Certificates
from archive.signatures.prepared import prepare
from archive.signatures.revocation import Revocations
from archive.signatures.seal import proofs_of
from archive.signatures.tokens import Token
from archive.signatures.trust import TrustStore

_CERTIFICATES, _REVOCATIONS, _OTHER_REVOCATION = 0xA0, 0xA1, 0xA1
_OCSP_RESPONSE = "1.3.6.1.5.5.7.16.2"


def with_its_proofs(token: bytes, trust: TrustStore, *, at: datetime) -> bytes:
    """Return a timestamp with the path and the answers by which it passes at `at`.

    One that does not pass is returned as it is: nothing is known that would help it.

    Raises:
        ValueError: not a timestamp.
    """
    outcome, known = judge_alone(Token.load(token), trust, at=at)
    if not outcome.passed or outcome.chain is None:
        return token
    return _with(token, [outcome], known.revocations)


def seal_with_its_proofs(content: bytes, p7s: bytes, trust: TrustStore, *, at: datetime) -> bytes:
    """Return a seal with the paths and the answers by which it and its timestamp pass at `at`.

    One that does not pass is returned as it is.
    """
    judged, revocations = proofs_of(content, p7s, trust, at=at)
    return _with(p7s, judged, revocations) if judged else p7s


def _with(encoded: bytes, judged: Sequence[Judgement], revocations: Revocations) -> bytes:
    """Return a SignedData with what judgements of it rest on."""
    used = [s for one in judged for answer in one.answers for s in answer.objects]
    raw = [revocations.raw[sha256] for sha256 in dict.fromkeys(used)]
    chains = [one.chain for one in judged if one.chain is not None]
    return enclose(
        encoded,
        certificates=[one.der for chain in chains for one in chain.certificates],
        crls=[body for kind, body in raw if kind == "crl"],
        ocsps=[body for kind, body in raw if kind == "ocsp"],
    )


def judge_alone(token: Token, trust: TrustStore, *, at: datetime) -> tuple[Judgement, Knowledge]:
    """Judge a timestamp by itself, as of one moment; also return what it was judged by.

    What it is over has been compared before.
    """
    prepared = prepare(trust)
    certificates = Certificates(trust.anchors, prepared.certificates)
    certificates.add(token.cms.certificates)
    revocations = prepared.revocations.layered(*token.cms.revocation_objects())
    known = Knowledge(certificates, revocations, lambda _: at, trust.policy, at)
    return judge_token(token, None, known), known


def enclose(
    token: bytes,
    *,
    certificates: Iterable[bytes] = (),
    crls: Iterable[bytes] = (),
    ocsps: Iterable[bytes] = (),
) -> bytes:
    """Return a timestamp with further certificates and revocation answers; all DER.

    Raises:
        ValueError: not SignedData.
    """
    answers = [*crls, *(_ocsp(one) for one in ocsps)]
    kind, wrapped = _fields(only(first_element(token)), 2)
    version, digests, content, *rest = _fields(next(iter(wrapped.children())), 4)
    held = _held(rest[:-1], _CERTIFICATES)
    known = _held(rest[:-1], _REVOCATIONS)
    certificates_in = list(dict.fromkeys([*held, *certificates]))
    answers_in = list(dict.fromkeys([*known, *answers]))
    # RFC 5652, 5.1: version 5 as soon as there is other revocation information.
    other = any(one[0] == _OTHER_REVOCATION for one in answers_in)
    signed = der.sequence(
        der.integer(5) if other else version.encoded,
        digests.encoded,
        content.encoded,
        der.set_of(*certificates_in, tag=_CERTIFICATES) if certificates_in else b"",
        der.set_of(*answers_in, tag=_REVOCATIONS) if answers_in else b"",
        rest[-1].encoded,
    )
    return der.sequence(kind.encoded, der.context(0, signed))


def _fields(element: Element, least: int) -> list[Element]:
    found = list(element.children())
    if len(found) < least:
        raise ValueError("the CMS is not SignedData")
    return found


def _held(optional: list[Element], tag: int) -> list[bytes]:
    """Return the members of an optional SET."""
    return [m.encoded for one in optional if one.tag == tag for m in one.children()]


def _ocsp(response: bytes) -> bytes:
    """Return an OCSPResponse as RFC 5940 puts it among revocation information."""
    return der.tlv(_OTHER_REVOCATION, der.oid(_OCSP_RESPONSE), response)
