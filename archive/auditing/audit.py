"""The bulk audit: the signatures of many dossiers checked again, taken up where it stopped.

What is proven unchanged is not read again. That is a dossier whose package is the one
that an earlier audit checked, under the very same trust (roots, CAs, every CRL and OCSP
answer) and the same software, with no finding against its bytes, and with outcomes that
time cannot change: passed and told to stay so still, or broken. A revocation that arrives later changes the trust, and so is seen.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from archive import jobs
from archive.assembly import Archive
from archive.auditing import results
from archive.auditing.recheck import recheck
from archive.catalogue import checkpoints, dossiers, journal, verdict_list
from archive.catalogue.checkpoints import Item, ItemState, Job
from archive.catalogue.verdict_list import Selection
from archive.errors import NotHeld, Unavailable, UsageError
from archive.events import Event, EventType
from archive.model import DossierId
from archive.segments import try_to_flush
from archive.signatures.verdicts import to_json

KIND = "signature-audit"
_BATCH = 100
"""Outcomes that are written at once."""
_PAGE = 2000
"""Dossiers that are in memory at once."""
_LASTING = ("FORMAT_FAILURE", "HASH_FAILURE", "SIG_CRYPTO_FAILURE")
"""What is wrong with the bytes themselves stays wrong."""


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
    job = _take_up(archive, scope)
    with archive.catalogue.connect() as connection:
        counted(checkpoints.tally(connection, job.id)[ItemState.PENDING])
    while page := _pending(archive, job):
        _audit_page(archive, job, page, {} if reread else _unchanged(archive, page), stepped)
    return _finish(archive, job, agent)


def _audit_page(
    archive: Archive,
    job: Job,
    page: Sequence[Item],
    known: dict[str, dict[str, Any]],
    stepped: Callable[[], None],
) -> None:
    """Settle some items; what a service did not answer for stays pending and is raised."""

    @jobs.contained
    def act(item: Item) -> dict[str, Any]:
        return known.get(item.key) or _judged(archive, DossierId(item.key))

    settled: list[tuple[Item, ItemState, dict[str, Any]]] = []
    try:
        for done in jobs.run(page, act, workers=os.cpu_count() or 1):
            if isinstance(done.error, Unavailable):
                raise done.error
            if done.error is not None:
                settled.append((done.item, ItemState.FAILED, done.error.to_problem()))
            elif done.result is not None:
                settled.append((done.item, ItemState.DONE, done.result))
            stepped()
            if len(settled) >= _BATCH:
                _settle(archive, job, settled)
                settled = []
    finally:
        _settle(archive, job, settled)


def sampled(ids: Iterable[DossierId], share: float, seed: int) -> list[DossierId]:
    """Return a share of ids, rounded up, chosen by the digests of seed and id alone."""
    every = list(ids)
    if share >= 1:
        return every
    count = -int(-len(every) * share // 1)
    drawn = sorted(every, key=lambda one: hashlib.sha256(f"{seed}:{one}".encode()).digest())
    return sorted(drawn[:count])


def _take_up(archive: Archive, scope: Scope) -> Job:
    with archive.catalogue.begin() as connection:
        selection = Selection(scope.year, scope.fonds)
        ids = sampled(verdict_list.dossier_ids(connection, selection), scope.sample, scope.seed)
        return checkpoints.start(
            connection, KIND, scope.key, ids, at=archive.clock(), parameters=asdict(scope)
        )


def _pending(archive: Archive, job: Job) -> list[Item]:
    with archive.catalogue.connect() as connection:
        return list(islice(checkpoints.items(connection, job.id, ItemState.PENDING), _PAGE))


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
        "software": archive.agent,
        "checked_at": at.isoformat(),
        "reused": False,
        "verdicts": [{"path": v.path, **to_json(v)} for v in found.verdicts],
    }


def _unchanged(archive: Archive, page: Sequence[Item]) -> dict[str, dict[str, Any]]:
    """Return what earlier audits found of dossiers that are proven unchanged since."""
    found: dict[str, dict[str, Any]] = {}
    keys = [item.key for item in page]
    with archive.catalogue.connect() as connection:
        for key, item in checkpoints.previous(connection, KIND, keys).items():
            try:
                latest = dossiers.versions(connection, DossierId(key))[-1]
            except NotHeld:
                continue
            same = item.outcome["seal"] == latest.seal_digest
            doubted = verdict_list.doubted(connection, latest.place)
            if same and not doubted and _stands(archive, item.outcome):
                found[key] = {**item.outcome, "reused": True}
    return found


def _stands(archive: Archive, outcome: dict[str, Any]) -> bool:
    """Whether the same check would say the same today."""
    trust, now = archive.trust, archive.clock()
    if outcome["trust"] != trust.digest or outcome["software"] != archive.agent:
        return False
    checked = datetime.fromisoformat(outcome["checked_at"])
    begins = [one.accepted_from for one in trust.anchors if one.accepted_from is not None]
    lasting = set(_LASTING)
    if not any(begin >= checked.date() for begin in begins):
        lasting.add("NO_CERTIFICATE_CHAIN_FOUND")
    return all(_lasts(verdict, now, lasting) for verdict in outcome["verdicts"])


def _lasts(verdict: dict[str, Any], now: datetime, lasting: set[str]) -> bool:
    """Whether one outcome does not depend on what time has passed."""
    if verdict["indication"] != "passed":
        return verdict["sub_indication"] in lasting
    end = verdict["fresh_until"]
    told = verdict["limited_by"] is not None  # without a sunset nothing is known of its end
    return told and (end is None or now < datetime.fromisoformat(end))


def _settle(
    archive: Archive, job: Job, settled: list[tuple[Item, ItemState, dict[str, Any]]]
) -> None:
    with archive.catalogue.begin() as connection:
        for item, state, outcome in settled:
            checkpoints.settle(connection, job.id, item.ordinal, state, outcome, at=archive.clock())


def _finish(archive: Archive, job: Job, agent: str) -> Job:
    """Close the job; its results go to the store with the entry that reports it."""
    at = archive.clock()
    kept = results.written(archive, job, finished_at=at)
    with archive.catalogue.begin() as connection:
        tally = checkpoints.tally(connection, job.id)
        checkpoints.finish(connection, job.id, at=at)
        results.keep(connection, kept)
        details = {
            "scope": dict(job.parameters),
            "trust": archive.trust.digest,
            "results": kept.sha256,
            **{state.value: count for state, count in tally.items()},
        }
        event = Event(EventType.SIGNATURE_AUDIT, at, "success", agent, job.id, details)
        journal.append(connection, event)
        done = checkpoints.get(connection, job.id)
    try_to_flush(archive)
    return done
