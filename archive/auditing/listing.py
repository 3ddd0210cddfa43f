"""Which signatures a person asks for: by sunset, issuer, weakness, or still undecided."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from archive import access
from archive.assembly import VIETNAM, Archive
from archive.auditing.recheck import is_ripe
from archive.catalogue import dossiers, verdict_list
from archive.catalogue.dossiers import Holding
from archive.catalogue.verdict_list import HeldVerdict, Selection
from archive.model import Indication, Verdict
from archive.signatures.endings import Ending

_UNKNOWN = "NO_CERTIFICATE_CHAIN_FOUND"
_WEAK = ("md5", "sha1", "sha224", "RSA-1", "DSA")
_ALGORITHM = "which counts until"
"""Stands in the link of what ends with its algorithm (`timeline.weakness`)."""
_WEAK_CODES = ("CRYPTO_CONSTRAINTS_FAILURE", "CRYPTO_CONSTRAINTS_FAILURE_NO_POE")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked for; all conditions hold together."""

    ends_before: date | None = None
    issuer: str | None = None
    """Part of the issuer's name, whatever its case."""
    weak: bool = False
    """Only weak algorithms, by the dated policy or by what ends them."""
    unknown: bool = False
    """Only signatures whose issuer leads to no trusted root."""
    year: int | None = None
    fonds: str | None = None


def wanted(archive: Archive, asked: Wanted) -> Iterator[HeldVerdict]:
    """Yield the signatures that are asked for, those that end first before the others."""
    selection = Selection(asked.year, asked.fonds, _end(asked))
    with archive.catalogue.connect() as connection:
        for one in verdict_list.listed(connection, selection):
            if _fits(one.verdict, asked):
                yield one


def ending_fits(ending: Ending, asked: Wanted) -> bool:
    """Whether a seal or timestamp is asked for, by sunset, weakness or unknown root."""
    judged, end = ending.judgement, _end(asked)
    until = ending.sunset.provable_until if ending.sunset else None
    if end is not None and (until is None or until >= end):
        return False
    if asked.unknown and judged.sub_indication != _UNKNOWN:
        return False
    weak = judged.sub_indication in _WEAK_CODES or _ALGORITHM in _link(ending)
    return weak or not asked.weak


def _link(ending: Ending) -> str:
    return ending.sunset.link if ending.sunset else ""


def _end(asked: Wanted) -> datetime | None:
    """Return the first moment of the day that is asked for, in Vietnam."""
    if asked.ends_before is None:
        return None
    return datetime.combine(asked.ends_before, time.min, VIETNAM)


def is_weak(verdict: Verdict) -> bool:
    """Whether a signature rests on an algorithm that is weak now or ends before the rest."""
    if verdict.sub_indication in _WEAK_CODES:
        return True
    digest = (verdict.digest_algorithm or "").lower()
    return digest in _WEAK or _ALGORITHM in (verdict.limited_by or "")


def chosen(archive: Archive, names: Sequence[str], *, undecided: bool) -> Iterator[Holding]:
    """Yield named dossiers, or all that have signatures; only undecided ones if asked for.

    Undecided are those that lack revocation data and whose grace period is over.

    Raises:
        NotHeld: there is no dossier of a name.
    """
    found = (access.find(archive, name) for name in names)
    for holding in found if names else _every(archive):
        if not undecided or any(is_ripe(archive, v) for v in holding.verdicts):
            yield holding


def _every(archive: Archive) -> Iterator[Holding]:
    """Yield every dossier with signatures; between two nothing is kept open."""
    with archive.catalogue.connect() as connection:
        ids = [*verdict_list.dossier_ids(connection, Selection())]
    for one in ids:
        with archive.catalogue.connect() as connection:
            holding = dossiers.get(connection, one)
        yield holding


def _fits(verdict: Verdict, asked: Wanted) -> bool:
    if asked.issuer and asked.issuer.casefold() not in (verdict.issuer or "").casefold():
        return False
    if asked.unknown and verdict.sub_indication != _UNKNOWN:
        return False
    return is_weak(verdict) if asked.weak else True


def worst(verdicts: Sequence[Verdict]) -> Indication | None:
    """Return the worst outcome of several, None if there are none."""
    for one in (Indication.FAILED, Indication.INDETERMINATE, Indication.PASSED):
        if any(verdict.indication is one for verdict in verdicts):
            return one
    return None
