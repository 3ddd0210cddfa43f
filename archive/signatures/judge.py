"""Judgement: the indication of EN 319 102-1 for one signature, seal or timestamp.

The steps are those of clause 5.3 (basic) and 5.6 (past) validation, joined: `timeline`
gives the control time, and what is proven to have existed by then passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from archive.model import Indication
from archive.signatures import guard
from archive.signatures.algorithms import AlgorithmPolicy, Scheme
from archive.signatures.certificates import Cert
from archive.signatures.integrity import Integrity
from archive.signatures.paths import Certificates, Chain
from archive.signatures.revocation import Revocations
from archive.signatures.status import Answer
from archive.signatures.timeline import Limit, ProofOfExistence, Slide, slide, weakness
from archive.signatures.trust import Scope

_MAX_SLIDES = 4096


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be said of one signature."""

    indication: Indication
    sub_indication: str | None = None
    reasons: tuple[str, ...] = ()
    to_do: str | None = None
    chain: Chain | None = None
    answers: tuple[Answer, ...] = ()
    """The revocation answers that were relied on."""

    @property
    def passed(self) -> bool:
        """Whether it passed."""
        return self.indication is Indication.PASSED

    @property
    def test(self) -> bool:
        """Whether trust ends in a test root."""
        return self.chain is not None and self.chain.anchor.test


@dataclass(frozen=True, slots=True)
class Signature:
    """What is judged."""

    signer: Cert | None
    named: bool | None
    """Whether the signing-certificate attribute names the signer's certificate."""
    scheme: Scheme | None
    content_digest: str | None
    """The digest over the content, where it differs from the scheme's."""
    integrity: Integrity


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is known when judging."""

    certificates: Certificates
    revocations: Revocations
    poe: ProofOfExistence
    policy: AlgorithmPolicy
    at: datetime
    """The time of validation."""
    nothing_proven: bool = False
    """Whether `poe` says of everything that it is known since `at` only."""


def failed(sub_indication: str, reason: str, to_do: str | None = None) -> Judgement:
    """Return the outcome *failed*."""
    return Judgement(Indication.FAILED, sub_indication, (reason,), to_do)


def indeterminate(sub_indication: str, reason: str, to_do: str | None = None) -> Judgement:
    """Return the outcome *indeterminate*."""
    return Judgement(Indication.INDETERMINATE, sub_indication, (reason,), to_do)


def judge(
    signature: Signature,
    known: Knowledge,
    scope: Scope,
    *,
    proven: datetime,
    not_made_before: datetime | None = None,
) -> Judgement:
    """Judge one signature.

    Args:
        signature: its parts, with its integrity already computed.
        known: certificates, revocation answers, proofs, policy and time.
        scope: what the root has to be trusted for.
        proven: the earliest proven time of the signature; the time of validation if
            nothing proves an earlier one.
        not_made_before: a trusted time that the signed content itself contains.
    """
    broken = _integrity(signature)
    if broken is not None:
        return broken
    if signature.signer is None:
        return indeterminate(
            "NO_SIGNING_CERTIFICATE_FOUND",
            "the signer's certificate is not in the file",
            "ask the signer for the certificate",
        )
    chains = known.certificates.chains(signature.signer, scope)
    if not chains:
        return indeterminate(
            "NO_CERTIFICATE_CHAIN_FOUND",
            f"the issuer {signature.signer.issuer_name} leads to no root that is trusted here",
            "find out who the issuer is; if it is to be trusted, add its root",
        )
    judged = [_along(one, signature, known, scope, proven, not_made_before) for one in chains]
    return next((one for one in judged if one.passed), judged[0])


def _integrity(signature: Signature) -> Judgement | None:
    """Judge digest, signature value and the naming of the signer (5.2.3 and 5.2.7)."""
    integrity = signature.integrity
    if integrity.digest is False:
        return failed("HASH_FAILURE", "the content was altered after signing: digests differ")
    if integrity.signature is False:
        return failed("SIG_CRYPTO_FAILURE", "the signature value does not verify")
    if signature.signer is not None and signature.named is False:
        return indeterminate(
            "NO_SIGNING_CERTIFICATE_FOUND",
            "the signature names another certificate than the one that is in the file",
        )
    if signature.signer is not None and integrity.intact is None:
        return indeterminate("CRYPTO_CONSTRAINTS_FAILURE", integrity.reason)
    return None


def _along(
    chain: Chain,
    signature: Signature,
    known: Knowledge,
    scope: Scope,
    proven: datetime,
    not_made_before: datetime | None,
) -> Judgement:
    """Judge along one path."""
    fault = chain.fault
    if fault is not None:
        outcome = indeterminate("CERTIFICATE_CHAIN_GENERAL_FAILURE", f"the path is faulty: {fault}")
        return replace(outcome, chain=chain)
    usage = _usage(chain.leaf, scope)
    if usage is not None:
        return replace(indeterminate("CHAIN_CONSTRAINTS_FAILURE", usage), chain=chain)
    slid = _slid(chain, known)
    against = (
        _not_yet(chain, proven)
        or _before_trust(chain, proven)
        or _certainly_too_late(chain, known, not_made_before)
        or _limited(signature, slid.limits, known, proven)
        or _guarded(chain, known, proven)
    )
    if against is None:
        return Judgement(Indication.PASSED, chain=chain, answers=slid.answers)
    return replace(against, chain=chain, answers=slid.answers)


def _slid(chain: Chain, known: Knowledge) -> Slide:
    """Slide through a chain, from memory if it was done at this very moment.

    Many files are by the same few signers, and the sunset watch asks of all of them at the
    moments at which their certificates end.
    """
    if not known.nothing_proven:
        return slide(chain, known.revocations, known.poe, at=known.at, policy=known.policy)
    key, slides = (
        (tuple(one.sha256 for one in chain.certificates), known.at),
        known.revocations.slides,
    )
    found: Slide | None = slides.get(key)
    if found is None:
        found = slide(chain, known.revocations, known.poe, at=known.at, policy=known.policy)
        if len(slides) >= _MAX_SLIDES:
            slides.clear()
        slides[key] = found
    return found


def _usage(leaf: Cert, scope: Scope) -> str | None:
    """Return why a certificate may not sign for this purpose, or None."""
    if scope is Scope.TIMESTAMPS:
        # RFC 3161, 2.3: exactly this purpose, and critical.
        if leaf.extended_key_usage != {"time_stamping"} or not leaf.eku_critical:
            return "the certificate of the TSA is not for timestamps alone"
        return None
    if leaf.key_usage is not None and not leaf.key_usage & {"digital_signature", "non_repudiation"}:
        return "the signer's certificate is not for signatures (key usage)"
    return None


def _not_yet(chain: Chain, proven: datetime) -> Judgement | None:
    """Judge a signature that existed before a certificate of its path (5.5.4, 5.6.2.4)."""
    for certificate in chain.certificates[:-1]:
        if proven < certificate.not_before:
            reason = (
                f"it existed before a certificate began on {certificate.not_before.isoformat()}"
            )
            return failed("NOT_YET_VALID", reason)
    return None


def _before_trust(chain: Chain, proven: datetime) -> Judgement | None:
    """Judge a signature that existed before its root was trusted here."""
    begin = chain.anchor.accepted_from
    if begin is None or proven.astimezone(UTC).date() >= begin:
        return None
    reason = f"the root {chain.anchor.label} is trusted from {begin} only"
    return indeterminate("NO_CERTIFICATE_CHAIN_FOUND", reason, "have a person judge it")


def _certainly_too_late(
    chain: Chain, known: Knowledge, not_made_before: datetime | None
) -> Judgement | None:
    """Judge a signature that is proven to have been made too late (5.3.4, content timestamps)."""
    if not_made_before is None or len(chain.certificates) == 1:
        return None
    leaf, issuer = chain.certificates[:2]
    made = f"the signed content contains a timestamp of {not_made_before.isoformat()}"
    for answer in known.revocations.answers(leaf, issuer):
        revoked_at = answer.revoked_at
        if revoked_at is not None and not answer.on_hold and revoked_at <= not_made_before:
            return failed("REVOKED", f"revoked on {revoked_at.isoformat()} before signing: {made}")
    if leaf.not_after < not_made_before:
        end = leaf.not_after.isoformat()
        return failed(
            "EXPIRED", f"the signer's certificate expired on {end} before signing: {made}"
        )
    return None


def _limited(
    signature: Signature, limits: Sequence[Limit], known: Knowledge, proven: datetime
) -> Judgement | None:
    """Judge by the limits before the proven time, gravest first."""
    every = list(limits)
    if signature.signer is not None:
        own = weakness(signature.signer, signature.scheme, known.policy, "the content")
        every += [own] if own is not None else []
    if signature.content_digest is not None:
        # The content's digest may be weaker than the one under the signature value.
        scheme = Scheme("", signature.content_digest)
        if signature.signer is not None:
            own = weakness(signature.signer, scheme, known.policy, "the content")
            every += [own] if own is not None else []
    broken = sorted((one for one in every if one.at < proven), key=_gravity)
    if not broken:
        return None
    first = broken[0]
    reasons = tuple(dict.fromkeys(one.reason for one in broken))
    return Judgement(Indication.INDETERMINATE, first.sub_indication, reasons, first.to_do)


_GRAVITY = (
    "REVOKED_NO_POE",
    "REVOKED_CA_NO_POE",
    "CERTIFICATE_CHAIN_GENERAL_FAILURE",
    "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
    "OUT_OF_BOUNDS_NO_POE",
    "TRY_LATER",
)


def _gravity(limit: Limit) -> int:
    """Return a limit's place among the reasons."""
    return _GRAVITY.index(limit.sub_indication)


def _guarded(chain: Chain, known: Knowledge, proven: datetime) -> Judgement | None:
    """Ask the guard before anything passes."""
    against = guard.objection(chain, known.revocations, proven)
    return None if against is None else indeterminate(*against)
