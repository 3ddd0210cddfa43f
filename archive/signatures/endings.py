"""Endings: until when seals and timestamps can be proven, and which link ends them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from archive.model import Indication
from archive.signatures.algorithms import new_hash
from archive.signatures.certificates import Cert
from archive.signatures.cms_judge import judge_token, readable_tokens, signature_of
from archive.signatures.cms_reader import NotCms, SignedCms
from archive.signatures.judge import Judgement, Knowledge, failed, indeterminate, judge
from archive.signatures.paths import Certificates
from archive.signatures.prepared import Prepared, prepare
from archive.signatures.sunset import Probe, Renewed, Sunset, ends_of, sunset
from archive.signatures.tokens import Token
from archive.signatures.trust import Scope, TrustStore


@dataclass(frozen=True, slots=True)
class Ending:
    """What a seal or timestamp is worth now, and until when."""

    judgement: Judgement
    signer: Cert | None
    token: Token | None
    """The timestamp that proves most: of a seal the one that passed."""
    sunset: Sunset | None
    """None if it does not pass now."""

    @property
    def indication(self) -> Indication:
        """The outcome now."""
        return self.judgement.indication


def of_seal(content: bytes, p7s: bytes, trust: TrustStore, *, at: datetime) -> Ending:
    """Return a seal's ending; like `seal.verify` it passes only with its timestamp."""
    try:
        cms = SignedCms(p7s)
    except NotCms as error:
        return Ending(failed("FORMAT_FAILURE", str(error)), None, None, None)
    tokens, signer = readable_tokens(cms.timestamp_tokens()), cms.signer_certificate()
    integrity = cms.integrity(lambda name: new_hash(name, content).digest(), signer)
    signature = signature_of(cms, signer, integrity)

    def judged(known: Knowledge) -> tuple[Judgement, list[Judgement]]:
        stamps = [(one, judge_token(one, cms.signature, known)) for one in tokens]
        proven = [token.gen_time for token, outcome in stamps if outcome.passed]
        if not proven and tokens:
            return stamps[0][1], []
        if not proven:
            return indeterminate("SIG_CONSTRAINTS_FAILURE", "the seal has no timestamp"), []
        outcome = judge(signature, known, Scope.SEALS, proven=min(proven))
        return outcome, [one for _, one in stamps]

    inside = [cms, *(token.cms for token in tokens)]
    first = min(tokens, key=lambda one: one.gen_time, default=None)
    return _ending(judged, inside, trust, at, signer, first)


def of_token(token: Token, trust: TrustStore, *, at: datetime) -> Ending:
    """Return a timestamp's ending; what it is over was compared elsewhere."""

    def judged(known: Knowledge) -> tuple[Judgement, list[Judgement]]:
        return judge_token(token, None, known), []

    return _ending(judged, [token.cms], trust, at, token.signer, token)


Judged = Callable[[Knowledge], tuple[Judgement, list[Judgement]]]


def _ending(
    judged: Judged,
    inside: list[SignedCms],
    trust: TrustStore,
    at: datetime,
    signer: Cert | None,
    token: Token | None,
) -> Ending:
    prepared = prepare(trust)
    certificates = Certificates(trust.anchors, prepared.certificates)
    for cms in inside:
        certificates.add(cms.certificates)

    def outcome(moment: datetime, under: Prepared) -> tuple[Judgement, list[Judgement]]:
        known = Knowledge(certificates, under.revocations, lambda _: moment, trust.policy, moment)
        return judged(known)

    def probe(under: Prepared) -> Callable[[datetime], Probe]:
        def at_moment(moment: datetime) -> Probe:
            found, _ = outcome(moment, under)
            return Probe(found.passed, found.reasons)

        return at_moment

    now, others = outcome(at, prepared)
    if not now.passed:
        return Ending(now, signer, token, None)
    ends = _ends([now, *others], prepared, at)
    going_on = replace(prepared, revocations=Renewed(prepared.revocations))
    return Ending(now, signer, token, sunset(ends, probe(going_on), probe(prepared)))


def _ends(judged: list[Judgement], prepared: Prepared, at: datetime) -> list[datetime]:
    chains = [one.chain for one in judged if one.chain is not None]
    used = {sha256 for one in judged for answer in one.answers for sha256 in answer.objects}
    return ends_of(
        [cert for chain in chains for cert in chain.certificates],
        [prepared.revocations.raw[sha256][1] for sha256 in used],
        [chain.anchor for chain in chains],
        at=at,
        policy=prepared.trust.policy,
    )
