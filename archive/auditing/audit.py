"""The bulk audit: the signatures of many dossiers checked again, taken up where it stopped.

What is proven unchanged is not read again. That is a dossier whose package is the one
that an earlier audit checked, under the very same trust (roots, CAs, every CRL and OCSP
answer), while every signature that passed then is told to pass still, and with no finding
against its bytes. A revocation that arrives later changes the trust, and so is seen.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from archive import jobs
from archive.assembly import Archive
from archive.auditing.recheck import recheck
from archive.catalogue import checkpoints, dossiers, journal, verdict_list
from archive.catalogue.checkpoints import Item, ItemState, Job
from archive.catalogue.verdict_list import Selection
from archive.errors import NotHeld, UsageError
from archive.events import Event, EventType
from archive.model import DossierId
from archive.segments import try_to_flush
from archive.signatures.verdicts import to_json

KIND = "signature-audit"
_BATCH = 100


@dataclass(frozen=True, slots=True)
class Scope:
    """What is audited."""

    year: int | None = None
    fonds: str | None = None
    sample: float = 1.0
    """Share of the dossiers, more than 0 and at most 1."""
    seed: int = 0
    """Chooses the sample: the same seed and holdings, the same dossiers."""

    def __post_init__(self) -> None:
        if not 0 < self.sample <= 1:
            raise UsageError("a sample is more than 0% and at most 100%", hint="--sample 5%")

    @property
    def key(self) -> str:
        """What makes two audits the same job."""
        return json.dumps(asdict(self), sort_keys=True)


def audit(
    archive: Archive,
    scope: Scope,
    *,
    agent: str,
    reread: bool = False,
    counted: Callable[[int], None] = lambda total: None,
    stepped: Callable[[], None] = lambda: None,
) -> Job:
    """Check the signatures of a scope, in parallel; a stopped audit goes on.

    Args:
        archive: where.
        scope: which dossiers.
        agent: who asked.
        reread: whether to read even what is proven unchanged.
        counted: is told how many dossiers there are.
        stepped: is called after each dossier.
    """
    job, pending = _take_up(archive, scope)
    counted(len(pending))
    before = archive.trust.digest
    known = {} if reread else _unchanged(archive, pending, before)

    def act(item: Item) -> dict[str, Any]:
        return known.get(item.key) or _judged(archive, DossierId(item.key))

    settled: list[tuple[Item, ItemState, dict[str, Any]]] = []
    for done in jobs.run(pending, act, workers=os.cpu_count() or 1):
        if done.result is not None:
            settled.append((done.item, ItemState.DONE, done.result))
        elif done.error is not None:
            settled.append((done.item, ItemState.FAILED, done.error.to_problem()))
        stepped()
        if len(settled) >= _BATCH:
            _settle(archive, job, settled)
            settled = []
    _settle(archive, job, settled)
    return _finish(archive, job, agent)


def outcomes(archive: Archive, job_id: str) -> Iterator[dict[str, Any]]:
    """Yield what an audit found, dossier by dossier.

    Raises:
        NotHeld: there is no such audit, or it is not finished.
    """
    job = find(archive, job_id)
    with archive.catalogue.connect() as connection:
        for item in checkpoints.items(connection, job.id):
            yield {"dossier_id": item.key, "state": item.state.value, **(item.outcome or {})}


def find(archive: Archive, job_id: str) -> Job:
    """Return a finished audit by its id. Raises NotHeld."""
    with archive.catalogue.connect() as connection:
        job = checkpoints.get(connection, job_id)
    if job.kind != KIND or job.finished_at is None:
        raise NotHeld("there is no finished audit of this id", where=job_id)
    return job


def sampled(ids: Iterable[DossierId], share: float, seed: int) -> list[DossierId]:
    """Return a share of ids, rounded up, chosen by the digests of seed and id alone."""
    every = list(ids)
    if share >= 1:
        return every
    count = -int(-len(every) * share // 1)
    drawn = sorted(every, key=lambda one: hashlib.sha256(f"{seed}:{one}".encode()).digest())
    return sorted(drawn[:count])


def _take_up(archive: Archive, scope: Scope) -> tuple[Job, list[Item]]:
    with archive.catalogue.begin() as connection:
        selection = Selection(scope.year, scope.fonds)
        ids = sampled(verdict_list.dossier_ids(connection, selection), scope.sample, scope.seed)
        job = checkpoints.start(
            connection, KIND, scope.key, ids, at=archive.clock(), parameters=asdict(scope)
        )
        return job, list(checkpoints.items(connection, job.id, ItemState.PENDING))


def _judged(archive: Archive, dossier_id: DossierId) -> dict[str, Any]:
    """Check one dossier from its stored bytes."""
    trust, at = archive.trust, archive.clock()
    with archive.catalogue.connect() as connection:
        holding = dossiers.get(connection, dossier_id)
    found = recheck(archive, holding, with_newer=True)
    dossier = holding.dossier
    return {
        "code": dossier.code,
        "year": dossier.year,
        "fonds": dossier.fonds,
        "seal": holding.versions[-1].seal_digest,
        "trust": trust.digest,
        "checked_at": at.isoformat(),
        "reused": False,
        "verdicts": [{"path": v.path, **to_json(v)} for v in found.verdicts],
    }


def _unchanged(archive: Archive, pending: Sequence[Item], trust: str) -> dict[str, dict[str, Any]]:
    """Return what earlier audits found of dossiers that are proven unchanged since."""
    found: dict[str, dict[str, Any]] = {}
    keys = iter([item.key for item in pending])
    now = archive.clock()
    while batch := list(islice(keys, 500)):
        with archive.catalogue.connect() as connection:
            earlier = checkpoints.previous(connection, KIND, batch)
            for key, item in earlier.items():
                try:
                    latest = dossiers.versions(connection, key)[-1]
                except NotHeld:
                    continue
                doubted = verdict_list.doubted(connection, latest.place)
                if (
                    item.outcome["trust"] == trust
                    and item.outcome["seal"] == latest.seal_digest
                    and not doubted
                    and _still_passes(item.outcome["verdicts"], now)
                ):
                    found[key] = {**item.outcome, "reused": True}
    return found


def _still_passes(verdicts: Iterable[dict[str, Any]], now: datetime) -> bool:
    """Whether what passed is told to pass still; what did not pass cannot become better."""
    ends = [one["fresh_until"] for one in verdicts if one["indication"] == "passed"]
    return all(end is None or now < datetime.fromisoformat(end) for end in ends)


def _settle(
    archive: Archive, job: Job, settled: list[tuple[Item, ItemState, dict[str, Any]]]
) -> None:
    with archive.catalogue.begin() as connection:
        for item, state, outcome in settled:
            checkpoints.settle(connection, job.id, item.ordinal, state, outcome, at=archive.clock())


def _finish(archive: Archive, job: Job, agent: str) -> Job:
    at = archive.clock()
    with archive.catalogue.begin() as connection:
        tally = checkpoints.tally(connection, job.id)
        checkpoints.finish(connection, job.id, at=at)
        details = {
            "scope": dict(job.parameters),
            "trust": archive.trust.digest,
            **{state.value: count for state, count in tally.items()},
        }
        event = Event(EventType.SIGNATURE_AUDIT, at, "success", agent, job.id, details)
        journal.append(connection, event)
        done = checkpoints.get(connection, job.id)
    try_to_flush(archive)
    return done
