"""Verification of evidence records: data, trees, chains, timestamps, times and algorithms.

Source: RFC 4998, 4.3 and 5.3; indications as in ETSI EN 319 102-1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from archive.evidence import agreement, records
from archive.evidence.agreement import Stamp, StampedChain
from archive.evidence.given import DataObject
from archive.evidence.proofs import Proofs
from archive.model import Indication
from archive.signatures.algorithms import AlgorithmPolicy, UnknownAlgorithm
from archive.signatures.judge import Judgement, failed, indeterminate
from archive.signatures.prepared import Prepared, prepare
from archive.signatures.tokens import Token
from archive.signatures.trust import TrustStore

_NOT_FOUND = "SIGNED_DATA_NOT_FOUND"


@dataclass(frozen=True, slots=True)
class StampVerdict:
    """What was found out about one archive timestamp."""

    time: datetime
    digest_algorithm: str
    tsa: str | None
    """Common name of the authority's certificate."""
    indication: Indication
    sub_indication: str | None
    reasons: tuple[str, ...]
    test: bool
    covers: int
    """Digests in its first list."""
    good_until: datetime | None
    """End of the authority's certificate; by then the timestamp has to be renewed."""

    def to_json(self) -> dict[str, object]:
        """Return the verdict as JSON values."""
        return {
            "time": self.time.isoformat(),
            "digest_algorithm": self.digest_algorithm,
            "tsa": self.tsa,
            "indication": self.indication.value,
            "sub_indication": self.sub_indication,
            "reasons": list(self.reasons),
            "test": self.test,
            "covers": self.covers,
            "good_until": self.good_until.isoformat() if self.good_until else None,
        }


@dataclass(frozen=True, slots=True)
class ObjectVerdict:
    """Whether the record speaks of one of the given data objects."""

    name: str
    covered: bool | None
    """In every chain; None if it is not in the first one, or a digest is not known."""

    def to_json(self) -> dict[str, object]:
        """Return the verdict as JSON values."""
        return {"name": self.name, "covered": self.covered}


@dataclass(frozen=True, slots=True)
class RecordVerdict:
    """What an evidence record proves."""

    indication: Indication
    sub_indication: str | None
    intact: bool | None
    """Whether trees, chains, imprints and data agree; None if that cannot be said."""
    reasons: tuple[str, ...] = ()
    chains: tuple[tuple[StampVerdict, ...], ...] = ()
    objects: tuple[ObjectVerdict, ...] = ()
    proven_at: datetime | None = None
    """The first timestamp's time, if the record passed: the data existed then."""

    @property
    def test(self) -> bool:
        """Whether a timestamp ends in a test root."""
        return any(stamp.test for chain in self.chains for stamp in chain)

    @property
    def provable_until(self) -> datetime | None:
        """When the last timestamp's certificate ends; None if it is not known."""
        return self.chains[-1][-1].good_until if self.chains else None

    def to_json(self) -> dict[str, object]:
        """Return the verdict as JSON values."""
        return {
            "indication": self.indication.value,
            "sub_indication": self.sub_indication,
            "intact": self.intact,
            "proven_at": self.proven_at.isoformat() if self.proven_at else None,
            "provable_until": self.provable_until.isoformat() if self.provable_until else None,
            "test": self.test,
            "reasons": list(self.reasons),
            "objects": [one.to_json() for one in self.objects],
            "chains": [{"timestamps": [s.to_json() for s in chain]} for chain in self.chains],
        }


@dataclass(frozen=True, slots=True)
class Weighed:
    """A verdict on a record, and what it rests on."""

    verdict: RecordVerdict
    tokens: tuple[Token, ...] = ()
    """The timestamps, oldest first."""
    judged: tuple[Judgement, ...] = ()
    """What was judged of each."""


def verify(
    encoded: bytes,
    objects: Sequence[DataObject],
    trust: TrustStore,
    *,
    at: datetime,
    policy: AlgorithmPolicy | None = None,
) -> RecordVerdict:
    """Verify an evidence record against data objects.

    Whatever `encoded` is, the answer is a verdict. It is `passed` only if every object is
    in every chain and every timestamp was good when the next one was made, the last one
    at `at`.

    Args:
        encoded: the record, DER.
        objects: what the record is said to be about, with digests by its algorithms.
        trust: roots of scope `timestamps`, CAs and revocation answers.
        at: the time of verification.
        policy: until when algorithms are good; None: as the trust store has it.
    """
    return weigh(encoded, objects, prepare(trust), at=at, policy=policy).verdict


def weigh(
    encoded: bytes,
    objects: Sequence[DataObject],
    prepared: Prepared,
    *,
    at: datetime,
    policy: AlgorithmPolicy | None = None,
    existed: datetime | None = None,
) -> Weighed:
    """Verify an evidence record as `verify` does, and say what the verdict rests on.

    Args:
        encoded: see `verify`.
        objects: see `verify`.
        prepared: the trust store, parsed.
        at: see `verify`.
        policy: see `verify`.
        existed: when the record is known to have existed, from a later one over it; its last
            timestamp then had to be good at that time.
    """
    try:
        chains = agreement.read_tokens(records.read(encoded))
    except ValueError as error:
        return Weighed(unread(str(error)))
    policy = policy or prepared.trust.policy
    proofs = Proofs(chains, prepared, at, policy, existed=existed)
    judged = proofs.judge_all()
    findings = _Findings()
    try:
        # (1) Trees, imprints and chains by themselves.
        findings.broken(agreement.chain_faults(chains))
        # (2) The data, in the first list of each chain's first timestamp.
        verdicts = [_object(one, chains, findings) for one in objects]
    except UnknownAlgorithm as error:
        findings.open("CRYPTO_CONSTRAINTS_FAILURE", str(error))
        verdicts = [ObjectVerdict(one.name, None) for one in objects]
    if not objects:
        findings.open(_NOT_FOUND, "no data was given that the record could be about")
    # (3) Every timestamp, newest first, and the order of their times.
    if not all(one.passed for one in judged):
        # What follows from another timestamp's fault is no reason of its own.
        proofs = Proofs(chains, prepared, at, policy, existed=existed, assuming=True)
        for number, judgement in enumerate(proofs.judge_all(), 1):
            if not judgement.passed:
                reasons = (*proofs.late(number), *judgement.reasons)
                findings.judged(replace(judgement, reasons=reasons), f"timestamp {number}: ")
    for judgement in (*proofs.order(), *proofs.weak_trees()):
        findings.judged(judgement, "")
    tokens = tuple(stamp.token for chain in chains for stamp in chain.stamps)
    return Weighed(_verdict(findings, chains, judged, verdicts), tokens, tuple(judged))


@dataclass(slots=True)
class _Findings:
    """What stands against a record, gravest first."""

    failures: list[tuple[str, str]] = field(default_factory=list)
    unsure: list[tuple[str, str]] = field(default_factory=list)
    disagrees: bool = False
    undecided: bool = False

    def broken(self, faults: Sequence[str]) -> None:
        """Add parts that do not agree."""
        self.failures += [("HASH_FAILURE", one) for one in faults]
        self.disagrees |= bool(faults)

    def open(self, sub_indication: str, reason: str) -> None:
        """Add something because of which agreement cannot be said."""
        self.unsure.append((sub_indication, reason))
        self.undecided = True

    def judged(self, judgement: Judgement, where: str) -> None:
        """Add what was judged of timestamps, times and algorithms."""
        to = self.failures if judgement.indication is Indication.FAILED else self.unsure
        reasons = judgement.reasons or ("no reason was given",)
        to += [(judgement.sub_indication or "GENERIC", where + one) for one in reasons]

    @property
    def intact(self) -> bool | None:
        """Whether everything agrees."""
        if self.disagrees:
            return False
        return None if self.undecided else True


def _object(data: DataObject, chains: Sequence[StampedChain], findings: _Findings) -> ObjectVerdict:
    places = [place.found for place in agreement.places_of(data, chains)]
    if places[0] is False:
        findings.open(_NOT_FOUND, f"{data.name} is not what the record is about")
        return ObjectVerdict(data.name, None)
    covered: bool | None = True
    for number, (found, chain) in enumerate(zip(places, chains, strict=True), 1):
        if found is None:
            covered = None if covered else covered
            reason = f"{data.name}: its digest by {chain.algorithm} was not given"
            findings.open(_NOT_FOUND, f"{reason}, chain {number} cannot be compared")
        elif not found and places[0] is None:
            findings.open(_NOT_FOUND, f"{data.name} is not in chain {number}")
            covered = None
        elif not found:
            # RFC 4998, 5.3, step 3: the renewal is about something else.
            findings.broken([f"chain {number} does not cover {data.name} and the chains before"])
            covered = False
    return ObjectVerdict(data.name, covered)


def _verdict(
    findings: _Findings,
    chains: Sequence[StampedChain],
    judged: Sequence[Judgement],
    objects: Sequence[ObjectVerdict],
) -> RecordVerdict:
    against = findings.failures or sorted(findings.unsure, key=lambda one: one[0] != _NOT_FOUND)
    indication = Indication.PASSED
    if against:
        indication = Indication.FAILED if findings.failures else Indication.INDETERMINATE
    every = [*findings.failures, *findings.unsure]
    waiting = iter(judged)
    told = tuple(tuple(_stamp(one, next(waiting)) for one in chain.stamps) for chain in chains)
    return RecordVerdict(
        indication,
        against[0][0] if against else None,
        findings.intact,
        tuple(dict.fromkeys(reason for _, reason in every)),
        told,
        tuple(objects),
        None if against else told[0][0].time,
    )


def _stamp(stamp: Stamp, judgement: Judgement) -> StampVerdict:
    signer = stamp.token.signer
    return StampVerdict(
        stamp.token.gen_time,
        stamp.algorithm,
        signer.common_name if signer else None,
        judgement.indication,
        judgement.sub_indication,
        judgement.reasons,
        judgement.test,
        len(stamp.first_list),
        signer.not_after if signer else None,
    )


def unread(reason: str) -> RecordVerdict:
    """Return the verdict on what is no evidence record."""
    outcome = failed("FORMAT_FAILURE", reason)
    return RecordVerdict(outcome.indication, outcome.sub_indication, None, outcome.reasons)


def undecidable(reason: str) -> RecordVerdict:
    """Return the verdict on a record that could not be looked at."""
    outcome = indeterminate("GENERIC", reason)
    return RecordVerdict(outcome.indication, outcome.sub_indication, None, outcome.reasons)
