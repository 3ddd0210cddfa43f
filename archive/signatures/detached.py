"""Detached CMS signatures over bytes: the validation behind seals."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime

from archive.model import Indication
from archive.signatures.algorithms import AlgorithmPolicy, Scheme, UnknownAlgorithm, new_hash
from archive.signatures.certificates import Cert, readable
from archive.signatures.cms_reader import Integrity, NotCms, SignedCms
from archive.signatures.judge import (
    Judgement,
    Knowledge,
    Signature,
    failed,
    indeterminate,
    judge,
)
from archive.signatures.paths import Certificates
from archive.signatures.revocation import Revocations
from archive.signatures.seal import SealVerdict
from archive.signatures.tokens import Token
from archive.signatures.trust import Scope, TrustStore


@dataclass(frozen=True, slots=True)
class Prepared:
    """A trust store with its certificates and revocation answers parsed."""

    trust: TrustStore
    certificates: tuple[Cert, ...]
    revocations: Revocations


_prepared: OrderedDict[int, Prepared] = OrderedDict()
_MAX_PREPARED = 4


def prepare(trust: TrustStore) -> Prepared:
    """Return a trust store parsed, from memory if this very store was asked for before."""
    known = _prepared.get(id(trust))
    if known is None or known.trust is not trust:
        certificates = readable([*(a.certificate for a in trust.anchors), *trust.certificates])
        known = Prepared(trust, tuple(certificates), Revocations(trust.crls, trust.ocsps))
        _prepared[id(trust)] = known
        while len(_prepared) > _MAX_PREPARED:
            _prepared.popitem(last=False)
    return known


def verify_detached(content: bytes, p7s: bytes, trust: TrustStore, *, at: datetime) -> SealVerdict:
    """Check a detached CMS signature over `content`."""
    try:
        cms = SignedCms(p7s)
    except NotCms as error:
        return _verdict(failed("FORMAT_FAILURE", str(error)), None, None, None)
    prepared = prepare(trust)
    tokens = [token for one in cms.timestamp_tokens() if (token := _token(one))]
    certificates = Certificates(trust.anchors, prepared.certificates)
    certificates.add(cms.certificates)
    for token in tokens:
        certificates.add(token.cms.certificates)
    revocations = prepared.revocations
    known = Knowledge(certificates, revocations, lambda _: at, AlgorithmPolicy(), at)
    judged = [(token, judge_token(token, cms.signature, known)) for token in tokens]
    good = [(token.gen_time, one) for token, one in judged if one.passed]
    proven, proof = min(good, key=lambda pair: pair[0], default=(at, None))
    signer = cms.signer_certificate()
    integrity = cms.integrity(lambda name: new_hash(name, content).digest(), signer)
    outcome = judge(signature_of(cms, signer, integrity), known, Scope.SEALS, proven=proven)
    if outcome.passed and proof is None:
        reasons = [r for _, one in judged for r in one.reasons] or ["the seal has no timestamp"]
        outcome = Judgement(
            Indication.INDETERMINATE, "SIG_CONSTRAINTS_FAILURE", tuple(reasons), chain=outcome.chain
        )
    return _verdict(outcome, cms, signer, proven if proof else None, proof)


def signature_of(cms: SignedCms, signer: Cert | None, integrity: Integrity) -> Signature:
    """Return what `judge` needs of a parsed signature."""
    try:
        scheme: Scheme | None = cms.scheme
        digest: str | None = cms.digest_algorithm
    except UnknownAlgorithm:
        scheme, digest = None, None
    named = None if signer is None else cms.names_certificate(signer)
    return Signature(signer, named, scheme, digest, integrity)


def judge_token(
    token: Token, content: bytes | None, known: Knowledge, *, proven: datetime | None = None
) -> Judgement:
    """Judge a timestamp (EN 319 102-1, 5.4).

    Args:
        token: the timestamp.
        content: what it is said to be over; None if its imprint was already compared.
        known: as for signatures.
        proven: the earliest proven time of the token itself.
    """
    if content is not None and not token.covers(content):
        return failed("HASH_FAILURE", "the timestamp is over something else")
    integrity = Integrity(token.intact, token.intact, "the timestamp could not be verified")
    signature = signature_of(token.cms, token.signer, integrity)
    signature = replace(signature, content_digest=token.digest_algorithm)
    proven = proven or known.at
    outcome = judge(signature, known, Scope.TIMESTAMPS, proven=proven)
    signer = token.signer
    if outcome.passed and signer is not None and not signer.valid_at(token.gen_time):
        return failed(
            "NOT_YET_VALID", "the timestamp's time lies outside its certificate's validity"
        )
    if outcome.passed and token.gen_time > known.at:
        return indeterminate("TIMESTAMP_ORDER_FAILURE", "the timestamp's time lies in the future")
    return outcome


def _token(encoded: bytes) -> Token | None:
    """Return a readable token."""
    try:
        return Token.load(encoded)
    except NotCms:
        return None


def _verdict(
    outcome: Judgement,
    cms: SignedCms | None,
    signer: Cert | None,
    proven: datetime | None,
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
    )
