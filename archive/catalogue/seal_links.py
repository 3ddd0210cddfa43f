"""Which key and timestamp authority the seals of stored versions rest on.

Filled from the seals when they are first asked about. A place has its seal's digest in
its name, so that a row never becomes wrong; rows of destroyed versions are not counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, func, insert, select

from archive.catalogue import rows, tables
from archive.catalogue.holding import HeldVersion
from archive.model import DossierId, ObjectName

_LINKS, _VERSIONS = tables.seal_links, tables.versions


@dataclass(frozen=True, slots=True)
class SealLink:
    """What one seal rests on."""

    place: ObjectName
    signer: str
    """SHA-256 of the seal's certificate; "" if the seal cannot be read."""
    tsa: str
    """SHA-256 of its timestamp authority's certificate; "" if there is no timestamp."""
    stamped_at: datetime
    """The timestamp's time, or the version's own where there is none."""


@dataclass(frozen=True, slots=True)
class SealGroup:
    """Seals that rest on the same two certificates."""

    signer: str
    tsa: str
    count: int


def unknown(conn: Connection, limit: int) -> tuple[HeldVersion, ...]:
    """Return stored versions whose seals were not looked at yet, by place."""
    linked = select(_LINKS.c.place).where(_LINKS.c.place == _VERSIONS.c.place).exists()
    found = conn.execute(select(_VERSIONS).where(~linked).order_by(_VERSIONS.c.place).limit(limit))
    return tuple(HeldVersion(DossierId(row.dossier_id), rows.version_of(row)) for row in found)


def add(conn: Connection, links: Iterable[SealLink]) -> None:
    """Record links of versions that are not there yet."""
    values = [asdict(link) for link in links]
    if values:
        conn.execute(insert(_LINKS), values)


def groups(conn: Connection) -> list[SealGroup]:
    """Return the seals of held versions by what they rest on."""
    keys = (_LINKS.c.signer, _LINKS.c.tsa)
    counted = _held(select(*keys, func.count().label("count"))).group_by(*keys).order_by(*keys)
    return [SealGroup(*row) for row in conn.execute(counted)]


def member(conn: Connection, group: SealGroup, number: int) -> HeldVersion:
    """Return one version of a group by its 0-based place in the order of timestamps."""
    chosen = _held(select(*_VERSIONS.columns))
    chosen = chosen.where(_LINKS.c.signer == group.signer, _LINKS.c.tsa == group.tsa)
    ordered = chosen.order_by(_LINKS.c.stamped_at, _LINKS.c.place)
    row = conn.execute(ordered.limit(1).offset(number)).one()
    return HeldVersion(DossierId(row.dossier_id), rows.version_of(row))


def _held(statement: Select[Any]) -> Select[Any]:
    return statement.select_from(_LINKS).join(_VERSIONS, _VERSIONS.c.place == _LINKS.c.place)
