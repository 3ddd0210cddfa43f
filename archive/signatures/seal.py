"""Seals: the archive's own detached CAdES-B-T signature over exact bytes, with a timestamp.

`openssl cms -verify -binary` and `openssl ts -verify` accept what is made here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from archive.errors import UsageError
from archive.model import Indication
from archive.signatures import cms_writer, der, hybrid
from archive.signatures.algorithms import new_hash
from archive.signatures.certificates import Cert
from archive.signatures.cms_judge import judge_token, readable_tokens, signature_of
from archive.signatures.cms_reader import NotCms, SignedCms
from archive.signatures.cms_writer import Signed
from archive.signatures.judge import Judgement, Knowledge, failed, judge
from archive.signatures.keys import FileKey, SigningKey, usual_digest
from archive.signatures.paths import Certificates
from archive.signatures.prepared import prepare
from archive.signatures.revocation import Revocations
from archive.signatures.timestamps import TimestampAuthority
from archive.signatures.tokens import Token
from archive.signatures.trust import Scope, TrustStore


@dataclass(frozen=True, slots=True)
class SealingKeys:
    """The key that seals, and the one that seals beside it."""

    key: SigningKey
    companion: SigningKey | None = None
    """A post-quantum key, whose signature goes along (`hybrid`)."""


class Keyring(Protocol):
    """The keys of an archive over time."""

    def keys(self, at: datetime) -> SealingKeys:
        """Return the keys that are in use at a time.

        Raises:
            NotPermitted: none is in use, or it is too old or too weak to seal with.
        """


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals bytes with one key and one timestamp authority; safe to share by threads."""

    key: SigningKey
    tsa: TimestampAuthority
    digest: str | None = None
    """None: the one that goes with the key."""
    companion: SigningKey | None = None
    keyring: Keyring | None = None
    """Asked at each seal for the keys in use; None: always `key` and `companion`."""

    @classmethod
    def load(
        cls,
        *,
        key: Path,
        certificate: Path,
        tsa: TimestampAuthority,
        password: bytes | None = None,
    ) -> Sealer:
        """Load a sealer from PEM files.

        Raises:
            UsageError: key or certificate cannot be read or do not belong together.
        """
        return cls(FileKey.load(key, certificate, password), tsa)

    def seal(self, content: bytes, *, at: datetime) -> bytes:
        """Return a detached CAdES-B-T signature over `content`, DER.

        Args:
            content: the exact bytes.
            at: the claimed signing time; the proven one is the timestamp's.

        Raises:
            Unavailable: key or TSA did not answer; trying again is safe.
            NotPermitted: no key is in use, or it is too old or too weak.
        """
        if at.tzinfo is None:
            raise UsageError("the time of sealing needs an offset")
        used = self.keyring.keys(at) if self.keyring else SealingKeys(self.key, self.companion)
        beside = None
        if used.companion is not None:
            beside = _signed(used.companion, content, _claimed(at))
        announced = () if beside is None else (hybrid.announcement(beside),)
        signed = _signed(used.key, content, _claimed(at), *announced, digest=self.digest)
        token = self.tsa.timestamp(hashlib.sha256(signed.signature).digest())
        unsigned = [cms_writer.attribute(cms_writer.TIMESTAMP_TOKEN, token)]
        return signed.encode(unsigned + ([] if beside is None else [hybrid.enclosed(beside)]))


def _claimed(at: datetime) -> bytes:
    return cms_writer.attribute(cms_writer.SIGNING_TIME, der.time(at))


def _signed(
    key: SigningKey, content: bytes, *attributes: bytes, digest: str | None = None
) -> Signed:
    name = digest or usual_digest(key.certificate)
    return cms_writer.sign(
        key, hashlib.new(name, content).digest(), digest=name, attributes=attributes
    )


@dataclass(frozen=True, slots=True)
class SealVerdict:
    """What a seal is worth."""

    indication: Indication
    sub_indication: str | None
    reasons: tuple[str, ...]
    sealed_by: str | None
    """Common name of the seal's certificate."""
    sealed_at_claimed: datetime | None
    sealed_at_proven: datetime | None
    """The timestamp's time, if the timestamp passed."""
    test: bool
    """Whether seal or timestamp end in a test root."""
    to_do: str | None = None
    algorithms: tuple[str, ...] = ()
    """Of each signature in it, as reports name them: `ECDSA`, `ML-DSA-65`."""


def timestamp_token(p7s: bytes) -> bytes:
    """Return the signature timestamp of a seal, DER.

    Raises:
        ValueError: not a seal, or it has no timestamp.
    """
    tokens = SignedCms(p7s).timestamp_tokens()
    if not tokens:
        raise ValueError("the seal has no timestamp")
    return tokens[0]


def signature_value(p7s: bytes) -> bytes:
    """Return the signature value of a seal: what its timestamp is over.

    Raises:
        ValueError: not a seal.
    """
    return SignedCms(p7s).signature


def verify(
    content: bytes,
    p7s: bytes,
    trust: TrustStore,
    *,
    at: datetime,
    scope: Scope = Scope.SEALS,
) -> SealVerdict:
    """Check a seal against the exact bytes that it is over.

    Args:
        content: the bytes that the seal is said to be over.
        p7s: the seal, DER.
        trust: roots (scopes `scope` and `timestamps`), CAs and CRLs.
        at: the time of validation.
        scope: what the signer's root must vouch for; `signatures` for a person's approval.

    Returns:
        `passed` only if the timestamp passed as well.
    """
    try:
        cms = SignedCms(p7s)
    except NotCms as error:
        return _verdict(failed("FORMAT_FAILURE", str(error)))
    if not cms.signed or cms.content is not None:
        # EN 319 122-1, 5.1: a CAdES signature signs attributes; a seal is detached.
        return _verdict(failed("FORMAT_FAILURE", "the CMS is not a detached CAdES signature"))
    tokens = readable_tokens(cms.timestamp_tokens())
    known = _knowledge(cms, tokens, trust, at)
    judged = [(token, judge_token(token, cms.signature, known)) for token in tokens]
    proven, proof = _earliest(judged, at)
    signer = cms.signer_certificate()
    outcome = _judged(cms, signer, content, known, scope, proven)
    if outcome.passed and proof is None:
        reasons = [r for _, one in judged for r in one.reasons] or ["the seal has no timestamp"]
        unproven = Judgement(
            Indication.INDETERMINATE, "SIG_CONSTRAINTS_FAILURE", tuple(reasons), chain=outcome.chain
        )
        return _verdict(unproven, cms, signer)
    if outcome.passed and hybrid.is_announced(cms):
        beside = _companion(cms, content, known, scope, proven)
        outcome = outcome if beside.passed else beside
    outcome = _unless_stolen(outcome, cms, trust, proven if proof else None)
    return _verdict(outcome, cms, signer, proven if proof else None, proof)


def proofs_of(
    content: bytes, p7s: bytes, trust: TrustStore, *, at: datetime
) -> tuple[list[Judgement], Revocations]:
    """Return the judgements by which seal and timestamps pass at `at`, and what they rest on.

    None if the seal does not pass; see `verify`.
    """
    if verify(content, p7s, trust, at=at).indication is not Indication.PASSED:
        return [], Revocations()
    cms = SignedCms(p7s)
    tokens = readable_tokens(cms.timestamp_tokens())
    known = _knowledge(cms, tokens, trust, at)
    judged = [(token, judge_token(token, cms.signature, known)) for token in tokens]
    proven, _ = _earliest(judged, at)
    signer = cms.signer_certificate()
    outcome = _judged(cms, signer, content, known, Scope.SEALS, proven)
    return [outcome, *(one for _, one in judged if one.passed)], known.revocations


def _earliest(
    judged: Sequence[tuple[Token, Judgement]], at: datetime
) -> tuple[datetime, Judgement | None]:
    """Return the earliest time that a timestamp proves; `at` if none passes."""
    proofs = [(token.gen_time, one) for token, one in judged if one.passed]
    return min(proofs, key=lambda pair: pair[0], default=(at, None))


def _judged(
    cms: SignedCms,
    signer: Cert | None,
    content: bytes,
    known: Knowledge,
    scope: Scope,
    proven: datetime,
) -> Judgement:
    integrity = cms.integrity(lambda name: new_hash(name, content).digest(), signer)
    return judge(signature_of(cms, signer, integrity), known, scope, proven=proven)


def _companion(
    cms: SignedCms, content: bytes, known: Knowledge, scope: Scope, proven: datetime
) -> Judgement:
    """Judge the second signature that the first one announces: it has to be there and pass."""
    found = hybrid.companion_of(cms)
    if found is None:
        reason = "the second signature that the seal announces is not there"
        return Judgement(Indication.INDETERMINATE, "SIG_CONSTRAINTS_FAILURE", (reason,))
    known.certificates.add(found.certificates)
    return _judged(found, found.signer_certificate(), content, known, scope, proven)


def _unless_stolen(
    outcome: Judgement, cms: SignedCms, trust: TrustStore, proven: datetime | None
) -> Judgement:
    """Fail what is not proven to be older than the theft of one of its keys.

    Who owns a key knows best since when others may have it: a stronger word than a CRL's.
    """
    if outcome.indication is Indication.FAILED:
        return outcome
    stolen = dict(trust.stolen)
    for one in (cms, hybrid.companion_of(cms)):
        signer = one.signer_certificate() if one is not None else None
        since = stolen.get(signer.sha256) if signer is not None else None
        if since is not None and (proven is None or proven >= since):
            reason = f"the archive has declared its key stolen since {since.isoformat()}"
            made = "not proven to be older" if proven is None else f"sealed {proven.isoformat()}"
            return failed("REVOKED", f"{reason}; {made}", "have it sealed anew: kho seal reseal")
    return outcome


def _knowledge(cms: SignedCms, tokens: list[Token], trust: TrustStore, at: datetime) -> Knowledge:
    """Return what is known for judging one seal."""
    prepared = prepare(trust)
    certificates = Certificates(trust.anchors, prepared.certificates)
    revocations = prepared.revocations
    for one in (cms, *(token.cms for token in tokens)):
        certificates.add(one.certificates)
        crls, ocsps = one.revocation_objects()
        if crls or ocsps:
            revocations = revocations.layered(crls, ocsps)
    return Knowledge(certificates, revocations, lambda _: at, trust.policy, at)


def _verdict(
    outcome: Judgement,
    cms: SignedCms | None = None,
    signer: Cert | None = None,
    proven: datetime | None = None,
    proof: Judgement | None = None,
) -> SealVerdict:
    """Return the verdict in the words of seals."""
    return SealVerdict(
        indication=outcome.indication,
        sub_indication=outcome.sub_indication,
        reasons=outcome.reasons,
        sealed_by=signer.common_name if signer else None,
        sealed_at_claimed=cms.signing_time if cms else None,
        sealed_at_proven=proven,
        test=outcome.test or (proof is not None and proof.test),
        to_do=outcome.to_do,
        algorithms=_algorithms(cms) if cms else (),
    )


def _algorithms(cms: SignedCms) -> tuple[str, ...]:
    every = (cms, hybrid.companion_of(cms))
    return tuple(one.algorithm_names()[1] or "?" for one in every if one is not None)
