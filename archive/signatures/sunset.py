"""Sunset: until when a signature, seal or timestamp can be proven, and which link ends it.

Not estimated: the same judgement that passed today is asked again for days to come, at
the moments at which something it rests on ends (a certificate, an algorithm, a revocation
list, the trust in a root). The first at which it no longer passes is the sunset, and the
reasons given there name the link. It is assumed that what ends does not come back.

Two answers are given: with nothing new at all, and if issuers go on publishing
revocation lists that say the same (`Renewed`). Between the two a newer list is enough;
after the second only a timestamp or an evidence record made before it helps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta

from archive.signatures.algorithms import NEVER, OPEN_END, AlgorithmPolicy
from archive.signatures.certificates import Cert, readable
from archive.signatures.paths import Chain
from archive.signatures.prepared import Prepared
from archive.signatures.revocation import Revocations
from archive.signatures.status import Answer
from archive.signatures.trust import Anchor

Verdicts = Sequence[tuple[bool, tuple[str, ...]]]
"""Of each signature in a file whether it passed, and the reasons if it did not."""
_AFTER = timedelta(seconds=1)
"""Certificates and lists end at whole seconds."""
NO_END = "no end is known"
_MAX_KNOWN = 4096
_CONSEQUENCE = re.compile(" and (?:nothing proves|no CRL) ")


@dataclass(frozen=True, slots=True)
class Sunset:
    """Until when something can be proven."""

    provable_until: datetime | None
    """If revocation lists go on; None if no end is known."""
    fresh_until: datetime | None
    """With what is kept today alone; None if no end is known."""
    link: str
    """What ends it."""

    def to_json(self) -> dict[str, object]:
        """Return the fields of a verdict that it fills."""
        return {
            "provable_until": self.provable_until and self.provable_until.isoformat(),
            "fresh_until": self.fresh_until and self.fresh_until.isoformat(),
            "limited_by": self.link,
        }


@dataclass(frozen=True, slots=True)
class Probe:
    """What a judgement would be at one moment."""

    passed: bool
    reasons: tuple[str, ...]


def sunset(
    ends: Sequence[datetime],
    renewed: Callable[[datetime], Probe],
    kept: Callable[[datetime], Probe],
) -> Sunset:
    """Return the sunset of what passes now.

    Args:
        ends: moments in the future at which something ends, ascending.
        renewed: judges at a moment as if revocation lists had gone on.
        kept: judges at a moment with what is at hand now.
    """
    hard, why = _first_failure(ends, renewed)
    earlier = [end for end in ends if hard is None or end < hard]
    soft, soft_why = _first_failure(earlier, kept)
    link = why or soft_why or NO_END
    return Sunset(hard, hard if soft is None else soft, link)


def _first_failure(
    ends: Sequence[datetime], judge: Callable[[datetime], Probe]
) -> tuple[datetime | None, str]:
    """Return the first end after which the judgement fails, with the reason then."""
    low, high, why = 0, len(ends), ""
    while low < high:
        middle = (low + high) // 2
        found = judge(ends[middle] + _AFTER)
        if found.passed:
            low = middle + 1
        else:
            high, why = middle, worded(found.reasons, ends[middle])
    return (ends[high], why) if high < len(ends) else (None, "")


def worded(reasons: Sequence[str], end: datetime) -> str:
    """Return the one link that ends at a moment, as it will be said before it has ended."""
    about = [one for one in reasons if end.date().isoformat() in one] or list(reasons)
    link, *consequence = _CONSEQUENCE.split(about[0]) if about else [""]
    return link.replace(" expired on ", " expires on ") if consequence else link


def ends_of(
    certificates: Iterable[Cert],
    revocations: Iterable[bytes],
    anchors: Iterable[Anchor],
    *,
    at: datetime,
    policy: AlgorithmPolicy,
) -> list[datetime]:
    """Return the moments after `at` at which something of this ends, ascending.

    Args:
        certificates: of signers, TSAs and CAs.
        revocations: CRLs and OCSP answers that were relied on, DER.
        anchors: the roots.
        at: the present.
        policy: until when algorithms are good.
    """
    found: set[datetime] = set(policy.digests.values())
    for one in certificates:
        found.add(one.not_after)
        if one.key is not None:
            found.add(policy.good_until(one.key, one.scheme.digest if one.scheme else None)[0])
    for anchor in anchors:
        if anchor.accepted_until is not None:
            found.add(datetime.combine(anchor.accepted_until, time.max, UTC))
    for encoded in revocations:
        due = _due(encoded)
        if due is not None:
            found.add(due)
    last = OPEN_END - timedelta(days=1)
    return sorted(end for end in found if end != NEVER and at < end < last)


def of_verdicts(
    material: dict[str, bytes],
    prepared: Prepared,
    again: Callable[[datetime, Prepared], Verdicts],
    passed: Sequence[bool],
    at: datetime,
) -> list[Sunset | None]:
    """Return the sunset of each verdict on a file; None where it did not pass.

    Args:
        material: what the verdicts rest on.
        prepared: the trust that they rest on.
        again: gives the file's verdicts at another moment, under another trust.
        passed: whether each verdict of now passed.
        at: the present.
    """
    certificates = readable([v for k, v in material.items() if k.startswith("certificates/")])
    revocations = [v for k, v in material.items() if k.startswith(("crls/", "ocsps/"))]
    policy = prepared.trust.policy
    ends = ends_of(certificates, revocations, prepared.trust.anchors, at=at, policy=policy)
    going_on = _renewed(prepared)
    known: dict[tuple[datetime, bool], Verdicts] = {}

    def judge(place: int, renewed: bool) -> Callable[[datetime], Probe]:
        def probe(moment: datetime) -> Probe:
            key = (moment, renewed)
            if key not in known:
                known[key] = again(moment, going_on if renewed else prepared)
            return Probe(*known[key][place])

        return probe

    return [
        sunset(ends, judge(place, renewed=True), judge(place, renewed=False)) if good else None
        for place, good in enumerate(passed)
    ]


class _Last:
    """The trust that was renewed last: it is the same for many files."""

    prepared: Prepared | None = None
    renewed: Prepared | None = None


def _renewed(prepared: Prepared) -> Prepared:
    """Return the same trust with revocation lists that go on."""
    if _Last.renewed is None or _Last.prepared is not prepared:
        renewed = replace(prepared, revocations=Renewed(prepared.revocations))
        _Last.prepared, _Last.renewed = prepared, renewed
    return _Last.renewed


class Renewed(Revocations):
    """Revocation answers as they would be if their issuers went on saying the same."""

    def __init__(self, inner: Revocations) -> None:
        self._inner = inner
        self._known: dict[tuple[str, str], list[Answer]] = {}
        self.slides = {}

    @property
    def raw(self) -> dict[str, tuple[str, bytes]]:  # type: ignore[override]
        """The objects behind the answers."""
        return self._inner.raw

    @property
    def crl_signers(self) -> Callable[[Cert], Iterable[tuple[Cert, Cert]]]:
        """Further certificates with which a CA may sign its CRLs."""
        return self._inner.crl_signers

    @crl_signers.setter
    def crl_signers(self, value: Callable[[Cert], Iterable[tuple[Cert, Cert]]]) -> None:
        self._inner.crl_signers = value

    @property
    def crl_issuers(self) -> Callable[[str], Iterable[Chain]]:
        """Paths of certificates that may sign CRLs for others."""
        return self._inner.crl_issuers

    @crl_issuers.setter
    def crl_issuers(self, value: Callable[[str], Iterable[Chain]]) -> None:
        self._inner.crl_issuers = value

    def answers(self, certificate: Cert, issuer: Cert) -> list[Answer]:
        """Return the answers; those that say "good" never become stale."""
        key = (certificate.sha256, issuer.sha256)
        if key not in self._known:
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[key] = [
                one if one.revoked_at is not None else replace(one, next_update=OPEN_END)
                for one in self._inner.answers(certificate, issuer)
            ]
        return self._known[key]

    def layered(self, crls: Iterable[bytes], ocsps: Iterable[bytes]) -> Revocations:
        """Return these and further answers, which go on as well."""
        return Renewed(self._inner.layered(crls, ocsps))

    def mentions(self, certificate: Cert, issuer: Cert) -> bool:
        """Return whether there is any answer about a certificate."""
        return self._inner.mentions(certificate, issuer)


def _due(encoded: bytes) -> datetime | None:
    """Return when the newest successor of a CRL or OCSP answer is due."""
    from asn1crypto import ocsp
    from cryptography import x509

    try:
        return x509.load_der_x509_crl(encoded).next_update_utc
    except ValueError:
        pass
    try:
        basic = ocsp.OCSPResponse.load(encoded).basic_ocsp_response
        dues = [one["next_update"].native for one in basic["tbs_response_data"]["responses"]]
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    return max((due for due in dues if due is not None), default=None)
