"""Removing a dossier from the register: the catalogue's side of the one door to destruction."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select

from archive.catalogue import outbox, tables
from archive.catalogue.outbox import Change
from archive.errors import NotHeld
from archive.model import DossierId


def remove(conn: Connection, dossier_id: str) -> None:
    """Take a dossier out of the register with everything that is known of its content.

    The commit of the surrounding transaction is the moment from which it is no longer held.
    Called by a disposal that is carried out, and by nothing else.

    Raises:
        NotHeld: there is no such dossier.
    """
    table = tables.dossiers
    year = conn.execute(select(table.c.year).where(table.c.id == dossier_id)).scalar()
    if year is None:
        raise NotHeld("the archive holds no such dossier", where=dossier_id)
    places = select(tables.versions.c.place).where(tables.versions.c.dossier_id == dossier_id)
    checks = tables.fixity_checks
    conn.execute(delete(checks).where(checks.c.place.in_(places)))
    for part in (tables.verdicts, tables.files, tables.versions):
        conn.execute(delete(part).where(part.c.dossier_id == dossier_id))
    conn.execute(delete(table).where(table.c.id == dossier_id))
    outbox.add(conn, DossierId(dossier_id), year, Change.REMOVE)
