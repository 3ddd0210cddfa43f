"""Which batches of evidence there are, and which stored versions they cover.

A copy of what lies in the store under `evidence/`, for asking quickly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, insert, select

from archive.catalogue import rows, tables
from archive.catalogue.holding import HeldVersion
from archive.model import DossierId, ObjectName

_BATCHES = tables.evidence_batches
_MEMBERS = tables.evidence_members
_VERSIONS = tables.versions


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A batch as the catalogue knows it."""

    id: str
    kind: str
    """`packages`, `timestamps` or `hash-trees`."""
    algorithm: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many stored versions are in a batch."""

    versions: int
    covered: int

    @property
    def pending(self) -> int:
        """Versions that wait for a batch."""
        return self.versions - self.covered


def register(conn: Connection, batch: BatchRow, places: Iterable[ObjectName]) -> None:
    """Record a batch and the versions that it covers."""
    values = {
        "id": batch.id,
        "kind": batch.kind,
        "algorithm": batch.algorithm,
        "made_at": batch.made_at,
    }
    conn.execute(insert(_BATCHES), [values])
    members = [{"place": place, "batch_id": batch.id} for place in places]
    if members:
        conn.execute(insert(_MEMBERS), members)


def batches(conn: Connection) -> tuple[BatchRow, ...]:
    """Return every batch, oldest first."""
    found = conn.execute(select(_BATCHES).order_by(_BATCHES.c.made_at, _BATCHES.c.id))
    return tuple(BatchRow(row.id, row.kind, row.algorithm, row.made_at) for row in found)


def members_by_batch(conn: Connection) -> dict[str, int]:
    """Count the held versions that each batch has."""
    held = select(_MEMBERS.c.batch_id, func.count()).join(
        _VERSIONS, _VERSIONS.c.place == _MEMBERS.c.place
    )
    return {row[0]: row[1] for row in conn.execute(held.group_by(_MEMBERS.c.batch_id))}


def members_below(conn: Connection, prefix: str) -> dict[str, int]:
    """Count the members that each batch has whose places begin so, by batch."""
    begins = _MEMBERS.c.place.startswith(prefix, autoescape=True)
    found = select(_MEMBERS.c.batch_id, func.count()).where(begins)
    return {row[0]: row[1] for row in conn.execute(found.group_by(_MEMBERS.c.batch_id))}


def count(conn: Connection) -> int:
    """Count the batches, renewals among them."""
    return conn.execute(select(func.count()).select_from(_BATCHES)).scalar_one()


def of_place(conn: Connection, place: ObjectName) -> tuple[str, ...]:
    """Return the ids of the batches that cover a version, oldest first."""
    return of_places(conn, (place,)).get(place, ())


def of_places(conn: Connection, places: Sequence[ObjectName]) -> dict[ObjectName, tuple[str, ...]]:
    """Return the ids of the batches that cover versions, oldest first, by place."""
    found: dict[ObjectName, tuple[str, ...]] = {}
    statement = (
        select(_MEMBERS.c.place, _MEMBERS.c.batch_id)
        .join(_BATCHES, _BATCHES.c.id == _MEMBERS.c.batch_id)
        .order_by(_BATCHES.c.made_at, _BATCHES.c.id)
    )
    for start in range(0, len(places), 500):
        some = _MEMBERS.c.place.in_(places[start : start + 500])
        for place, batch_id in conn.execute(statement.where(some)):
            found[ObjectName(place)] = (*found.get(ObjectName(place), ()), batch_id)
    return found


def uncovered(conn: Connection, limit: int) -> tuple[HeldVersion, ...]:
    """List versions that are in no batch yet, in the order of their places."""
    covered = select(_MEMBERS.c.place).where(_MEMBERS.c.place == _VERSIONS.c.place)
    return _held(conn, ~covered.exists(), limit)


def without_algorithm(conn: Connection, algorithm: str, limit: int) -> tuple[HeldVersion, ...]:
    """List covered versions that no batch by a digest algorithm has, by place."""
    any_batch = select(_MEMBERS.c.place).where(_MEMBERS.c.place == _VERSIONS.c.place)
    by_it = any_batch.join(_BATCHES, _BATCHES.c.id == _MEMBERS.c.batch_id).where(
        _BATCHES.c.algorithm == algorithm
    )
    return _held(conn, and_(any_batch.exists(), ~by_it.exists()), limit)


def last_place(conn: Connection, prefix: str) -> ObjectName | None:
    """Return the last place in a batch, by name, of those that begin so."""
    found = select(func.max(_MEMBERS.c.place)).where(_MEMBERS.c.place.startswith(prefix))
    place = conn.execute(found).scalar_one()
    return None if place is None else ObjectName(place)


def places_without_algorithm(
    conn: Connection, prefix: str, algorithm: str, limit: int
) -> tuple[ObjectName, ...]:
    """List the places that begin so and that no batch by a digest algorithm has."""
    by_it = (
        select(_MEMBERS.c.place)
        .join(_BATCHES, _BATCHES.c.id == _MEMBERS.c.batch_id)
        .where(_BATCHES.c.algorithm == algorithm)
    )
    place = _MEMBERS.c.place
    statement = select(place).where(place.startswith(prefix), place.not_in(by_it)).distinct()
    found = conn.execute(statement.order_by(place).limit(limit))
    return tuple(ObjectName(one) for one in found.scalars())


def coverage(conn: Connection) -> Coverage:
    """Count stored versions and those in a batch."""
    covered = select(_MEMBERS.c.place).where(_MEMBERS.c.place == _VERSIONS.c.place)
    count = select(func.count()).select_from(_VERSIONS)
    return Coverage(
        conn.execute(count).scalar_one(), conn.execute(count.where(covered.exists())).scalar_one()
    )


def _held(conn: Connection, condition: object, limit: int) -> tuple[HeldVersion, ...]:
    statement = select(_VERSIONS).where(condition)  # type: ignore[arg-type]
    found = conn.execute(statement.order_by(_VERSIONS.c.place).limit(limit))
    return tuple(HeldVersion(DossierId(row.dossier_id), rows.version_of(row)) for row in found)
