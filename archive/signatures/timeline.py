"""Time: up to when a chain can vouch for a signature, and why not longer.

This is past certificate validation with time sliding (EN 319 102-1, 5.6.2), used for
present and past validation alike: with nothing expired, revoked or stale the control
time stays at the time of validation. Three rules keep it sound and useful:

* A "good" answer issued after a certificate's end says nothing, because revoked
  certificates leave the list when they expire (RFC 5280, 3.3), unless the issuer
  states that it still lists them. Using one would also slide the control time
  past the certificate's end and drop honest archives after their second renewal.
* An answer that is no longer fresh lowers the control time to the end of its freshness
  (EN 319 102-1, 5.2.5.4), not to its issue: the timestamp that protects a kept CRL is
  always younger than the CRL.
* An expired CA lowers the control time instead of ending the validation: what was
  proven to exist before its end still counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from archive.signatures.algorithms import NEVER, OPEN_END, AlgorithmPolicy, Scheme
from archive.signatures.certificates import Cert
from archive.signatures.paths import Chain
from archive.signatures.revocation import Revocations
from archive.signatures.status import Answer

_INSTANT = timedelta(microseconds=1)
_MAX_WEAKNESSES = 4096

ProofOfExistence = Callable[[str], datetime]
"""Earliest proven time of an object by its SHA-256; the time of validation if unproven."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A fact that ends what a chain can vouch for."""

    at: datetime
    """Signatures proven to exist at or before this time are not touched by it."""
    sub_indication: str
    reason: str
    to_do: str | None = None


@dataclass(frozen=True, slots=True)
class Slide:
    """The outcome of sliding through one chain."""

    control_time: datetime
    """A signature that existed at or before this time is vouched for."""
    limits: tuple[Limit, ...]
    """Every fact that lowered the control time, in the order of the standard."""
    answers: tuple[Answer, ...]
    """The revocation answers that were relied on."""


def slide(
    chain: Chain,
    revocations: Revocations,
    poe: ProofOfExistence,
    *,
    at: datetime,
    policy: AlgorithmPolicy,
) -> Slide:
    """Walk a chain from below the root to the leaf and lower the control time.

    Args:
        chain: a path whose `fault` is None.
        revocations: every CRL and OCSP answer at hand.
        poe: earliest proven times, by digest.
        at: the time of validation.
        policy: until when algorithms are good.
    """
    walk = _Walk(revocations, poe, policy, at)
    walk.end_of_trust(chain)
    for certificate, issuer in chain.links:
        walk.step(certificate, issuer, leaf=certificate is chain.leaf)
    return Slide(walk.control_time, tuple(walk.limits), tuple(walk.answers))


class _Walk:
    """The state of one slide."""

    def __init__(
        self, revocations: Revocations, poe: ProofOfExistence, policy: AlgorithmPolicy, at: datetime
    ) -> None:
        self._revocations, self._poe, self._policy = revocations, poe, policy
        self._at = at
        self.control_time = at
        self.limits: list[Limit] = []
        self.answers: list[Answer] = []

    def lower(self, limit: Limit) -> None:
        """Lower the control time, if the limit does."""
        if limit.at < self.control_time:
            self.control_time = limit.at
            self.limits.append(limit)

    def end_of_trust(self, chain: Chain) -> None:
        """Apply the last day on which the root is trusted."""
        until = chain.anchor.accepted_until
        if until is not None:
            end = datetime.combine(until, time.max, UTC)
            reason = f"the root {chain.anchor.label} is trusted until {until} only"
            self.lower(Limit(end, "CERTIFICATE_CHAIN_GENERAL_FAILURE", reason))

    def step(self, certificate: Cert, issuer: Cert, *, leaf: bool) -> None:
        """Apply one certificate of the path (EN 319 102-1, 5.6.2.2.4, step 2)."""
        whose = "the signer's certificate" if leaf else f"the CA {certificate.common_name}"
        entered = self.control_time
        known = self._revoked(certificate, issuer, whose, leaf=leaf)
        self.lower(_expiry(certificate, whose))
        self._weak(issuer, certificate.scheme, whose)
        if not known and not certificate.short_term:
            self._status(certificate, issuer, whose, entered)

    def _revoked(self, certificate: Cert, issuer: Cert, whose: str, *, leaf: bool) -> bool:
        """Apply every revocation in an authentic answer, however old or new it is.

        Returns:
            Whether one of them can be relied on at the control time: then it also
            says that the certificate was good before.
        """
        answers = self._revocations.answers(certificate, issuer)
        known = [(n, a, a.revoked_at) for n, a in enumerate(answers) if a.revoked_at is not None]
        relied = False
        before = self.control_time
        for place, answer, revoked_at in known:
            if answer.on_hold and place > 0:
                continue  # a newer answer has decided on the suspension
            relied |= answer.this_update <= before and self._known_since(answer) <= before
            self.answers.append(answer)
            self.lower(_revocation(answer, revoked_at, whose, leaf=leaf))
        return relied

    def _known_since(self, answer: Answer) -> datetime:
        """Return since when all objects behind an answer are proven to have existed."""
        return max(self._poe(one) for one in answer.objects)

    def _status(self, certificate: Cert, issuer: Cert, whose: str, entered: datetime) -> None:
        """Apply the best "good" answer: the one that leaves the latest control time.

        Answers are as good as their issuer: they count up to the control time with which
        this step was entered, before the certificate's own end lowered it.
        """
        best: tuple[datetime, Answer] | None = None
        for answer in self._revocations.answers(certificate, issuer):
            if answer.revoked_at is not None or not self._counts(answer, certificate, entered):
                continue
            reach = min(self.control_time, answer.this_update + answer.period)
            if best is None or reach > best[0]:
                best = (reach, answer)
        if best is None:
            self.lower(_unknown_status(certificate, whose, self._at))
            return
        reach, answer = best
        self.answers.append(answer)
        self.lower(_stale(answer, reach, whose))
        self._weak(answer.signer, answer.scheme, f"the {answer.kind} for {whose}")

    def _counts(self, answer: Answer, certificate: Cert, entered: datetime) -> bool:
        """Return whether a "good" answer can be relied on."""
        if answer.this_update > entered or self._known_since(answer) > entered:
            return False
        if answer.this_update <= certificate.not_after:
            return True
        since = answer.covers_expired_since
        return since is not None and since <= certificate.not_after

    def _weak(self, signer: Cert, scheme: Scheme | None, what: str) -> None:
        """Apply the end of the algorithms with which something was signed."""
        limit = weakness(signer, scheme, self._policy, what)
        if limit is not None:
            self.lower(limit)


def weakness(
    signer: Cert, scheme: Scheme | None, policy: AlgorithmPolicy, what: str
) -> Limit | None:
    """Return when the algorithms of a signature stopped being good, if they do.

    Remembered with the policy: few signers and CAs are asked of again and again.

    Source: EN 319 102-1, 5.2.6 and 5.6.2.2.4, step 2 e.
    """
    asked, known = (signer.sha256, scheme, what), policy.remembered
    found: tuple[Limit | None] | None = known.get(asked)
    if found is None:
        found = (_weakness(signer, scheme, policy, what),)
        if len(known) >= _MAX_WEAKNESSES:
            known.clear()
        known[asked] = found
    return found[0]


def _weakness(
    signer: Cert, scheme: Scheme | None, policy: AlgorithmPolicy, what: str
) -> Limit | None:
    if scheme is None or signer.key is None:
        end, name = NEVER, "an algorithm that is not known here"
    else:
        end, name = policy.good_until(signer.key, scheme.digest)
    if end == OPEN_END:
        return None
    counted = "which never counts" if end == NEVER else f"which counts until {end.date()}"
    return Limit(
        end if end == NEVER else end - _INSTANT,
        "CRYPTO_CONSTRAINTS_FAILURE_NO_POE",
        f"{what} was signed with {name}, {counted}",
        "look for a timestamp from before that day" if end != NEVER else None,
    )


def _revocation(answer: Answer, revoked_at: datetime, whose: str, *, leaf: bool) -> Limit:
    """Return the limit that a revocation sets."""
    when = revoked_at.isoformat()
    if answer.on_hold:
        reason = f"{whose} was suspended on {when}"
        to_do = "ask again when the issuer has decided on the suspension"
        return Limit(revoked_at - _INSTANT, "TRY_LATER", reason, to_do)
    return Limit(
        revoked_at - _INSTANT,
        "REVOKED_NO_POE" if leaf else "REVOKED_CA_NO_POE",
        f"{whose} was revoked on {when} and nothing proves the signature before that",
        "look for an older timestamp, or ask the signer to sign again",
    )


def _expiry(certificate: Cert, whose: str) -> Limit:
    """Return the limit that the end of a certificate sets."""
    return Limit(
        certificate.not_after,
        "OUT_OF_BOUNDS_NO_POE",
        f"{whose} expired on {certificate.not_after.isoformat()} and nothing proves the "
        "signature before that",
        "look for an older timestamp, or for another proof that the file existed",
    )


def _stale(answer: Answer, reach: datetime, whose: str) -> Limit:
    """Return the limit that the age of a revocation answer sets."""
    return Limit(
        reach,
        "TRY_LATER",
        f"the newest usable {answer.kind} for {whose} is of {answer.this_update.isoformat()} "
        "and nothing proves the signature before that",
        "add a newer CRL of the issuer to the trust folder and check again",
    )


def _unknown_status(certificate: Cert, whose: str, at: datetime) -> Limit:
    """Return the limit that missing revocation answers set."""
    if certificate.not_after < at:
        return Limit(
            NEVER,
            "OUT_OF_BOUNDS_NO_POE",
            f"{whose} expired on {certificate.not_after.isoformat()} and no CRL or OCSP answer "
            "from before that day was kept",
            "add a CRL that the issuer published before that day to the trust folder",
        )
    return Limit(
        NEVER,
        "TRY_LATER",
        f"nothing says whether {whose} was revoked: no usable CRL or OCSP answer",
        "add the issuer's CRL to the trust folder and check again",
    )
