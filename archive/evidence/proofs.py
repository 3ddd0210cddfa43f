"""Proofs of existence inside a record: each timestamp was good when the next one was made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from archive.evidence.agreement import Stamp, StampedChain
from archive.fixity import sha256_of
from archive.signatures.algorithms import AlgorithmPolicy
from archive.signatures.cms_judge import judge_token
from archive.signatures.judge import Judgement, Knowledge, indeterminate
from archive.signatures.paths import Certificates
from archive.signatures.prepared import Prepared


class Proofs:
    """The timestamps of a record, judged from the newest to the oldest.

    What a timestamp that passed covers is proven to have existed at its time: the one
    before it, with the certificates and revocation answers inside.
    """

    def __init__(
        self,
        chains: Sequence[StampedChain],
        prepared: Prepared,
        at: datetime,
        policy: AlgorithmPolicy,
        *,
        existed: datetime | None = None,
        assuming: bool = False,
    ) -> None:
        """Gather what the timestamps hold.

        Args:
            chains: the record's.
            prepared: roots and CAs, CRLs and OCSP answers.
            at: the time of verification.
            policy: until when algorithms are good.
            existed: when the whole record is known to have existed; None: at `at`.
            assuming: take every later timestamp as good, to tell what is wrong with a
                timestamp itself from what follows from the next one's fault.
        """
        self._chains, self._at, self._policy, self._assuming = chains, at, policy, assuming
        self._stamps = [stamp for chain in chains for stamp in chain.stamps]
        self._enclosed = [_enclosed(stamp) for stamp in self._stamps]
        self._last = min(existed, at) if existed is not None else at
        self._poe: dict[str, datetime] = {}
        self._judged: list[Judgement] = []
        certificates = Certificates(prepared.trust.anchors, prepared.certificates)
        for stamp in self._stamps:
            certificates.add(stamp.token.cms.certificates)
        crls = [one for crls, _ in self._enclosed for one in crls]
        ocsps = [one for _, ocsps in self._enclosed for one in ocsps]
        revocations = prepared.revocations
        if crls or ocsps:
            revocations = revocations.layered(crls, ocsps)
        self._known = Knowledge(certificates, revocations, self._existed, policy, at)
        self._prove(len(self._stamps) - 1, self._last)

    def _existed(self, sha256: str) -> datetime:
        return self._poe.get(sha256, self._at)

    def judge_all(self) -> list[Judgement]:
        """Return a judgement for every timestamp, oldest first."""
        proven, judged = self._last, []
        for place in reversed(range(len(self._stamps))):
            token = self._stamps[place].token
            outcome = judge_token(token, None, self._known, proven=proven)
            judged.append(outcome)
            # RFC 4998, 5.3, step 2: valid relative to the time of the following one.
            good = outcome.passed or self._assuming
            proven = token.gen_time if good else self._last
            if place and good:
                self._prove(place - 1, proven)
        self._judged = judged[::-1]
        return self._judged

    def _prove(self, place: int, at: datetime) -> None:
        """Note what the timestamp at a place holds as existing at a time."""
        for kind in self._enclosed[place]:
            for one in kind:
                digest = sha256_of(one)
                self._poe[digest] = min(at, self._existed(digest))

    def late(self, number: int) -> Iterator[str]:
        """Yield why a timestamp, counted from 1, was renewed too late, if it was."""
        signer = self._stamps[number - 1].token.signer
        until, told = self._last, "there is none after it"
        if number < len(self._stamps):
            until = self._stamps[number].token.gen_time
            told = f"the next one is of {until.date()}"
        if signer is not None and signer.not_after <= until:
            yield (
                f"it had to be renewed before {signer.not_after.date()}, when its authority's "
                f"certificate ended, and {told}"
            )

    def order(self) -> Iterator[Judgement]:
        """Yield where a timestamp is older than the one that it covers."""
        for number, (earlier, later) in enumerate(pairwise(self._stamps), 1):
            if later.token.gen_time < earlier.token.gen_time:
                yield indeterminate(
                    "TIMESTAMP_ORDER_FAILURE",
                    f"timestamp {number + 1} is older than timestamp {number}",
                )

    def weak_trees(self) -> Iterator[Judgement]:
        """Yield chains whose digest had become weak before the next chain was made."""
        first = 0
        for number, chain in enumerate(self._chains, 1):
            first += len(chain.stamps)
            until = self._last
            if first < len(self._stamps) and (self._judged[first].passed or self._assuming):
                until = self._stamps[first].token.gen_time
            end = self._policy.digest_good_until(chain.algorithm)
            if end <= until:
                yield indeterminate(
                    "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
                    f"chain {number}: its hash trees use {chain.algorithm}, which did not count "
                    f"any more on {until.date()}",
                    "hash trees have to be renewed before their digest becomes weak",
                )


def _enclosed(stamp: Stamp) -> tuple[list[bytes], list[bytes]]:
    """Return the CRLs and OCSP answers inside a timestamp."""
    try:
        return stamp.token.cms.revocation_objects()
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        return [], []
