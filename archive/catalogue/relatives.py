"""Relatives: dossiers that were filed with one, or that hold one of its papers."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select

from archive.catalogue import tables
from archive.catalogue.visibility import within
from archive.model import Dossier, DossierId
from archive.viewers import Right, Scope, Viewer

_DOSSIERS, _FILES = tables.dossiers.c, tables.files.c


@dataclass(frozen=True, slots=True, order=True)
class Relative:
    """A dossier as a list of relatives shows it."""

    code: str
    title: str
    id: DossierId


def of_same_file(
    conn: Connection, dossier: Dossier, viewer: Viewer, most: int
) -> tuple[Relative, ...]:
    """Return at most so many others that `viewer` may see under the same archive file code."""
    if not dossier.file_code:
        return ()
    wanted = _same_file(viewer.scopes(Right.SEE))
    return _found(conn, wanted, dossier.id, most, code=dossier.file_code)


def of_same_papers(
    conn: Connection, dossier: Dossier, viewer: Viewer, most: int
) -> tuple[Relative, ...]:
    """Return at most so many others that `viewer` may see with one of the same files."""
    wanted = _same_papers(viewer.scopes(Right.SEE))
    digests = sorted({document.file.sha256 for document in dossier.documents})
    return _found(conn, wanted, dossier.id, most, digests=digests)


def named(
    conn: Connection, dossier: Dossier, viewer: Viewer, ids: Collection[str], most: int
) -> tuple[Relative, ...]:
    """Return those of some others that are held and that `viewer` may see."""
    if not ids:
        return ()
    return _found(conn, _named(viewer.scopes(Right.SEE)), dossier.id, most, ids=sorted(ids))


def _found(
    conn: Connection, wanted: Select[Any], own: str, most: int, **asked: object
) -> tuple[Relative, ...]:
    """Return what is found; which ones, where there are more, is the database's choice."""
    rows = conn.execute(wanted, {"own": own, "most": most, **asked})
    return tuple(sorted(Relative(row.code, row.title, DossierId(row.id)) for row in rows))


def _others(scopes: tuple[Scope, ...]) -> Select[Any]:
    columns = select(_DOSSIERS.id, _DOSSIERS.code, _DOSSIERS.title)
    other = _DOSSIERS.id != bindparam("own")
    return columns.where(other, within(scopes)).limit(bindparam("most"))


# Made once for each of the scopes that people have.


@lru_cache(maxsize=1024)
def _same_file(scopes: tuple[Scope, ...]) -> Select[Any]:
    return _others(scopes).where(_DOSSIERS.file_code == bindparam("code"))


@lru_cache(maxsize=1024)
def _same_papers(scopes: tuple[Scope, ...]) -> Select[Any]:
    same = _FILES.sha256.in_(bindparam("digests", expanding=True))
    holding = _FILES.dossier_id == _DOSSIERS.id
    return _others(scopes).join(tables.files, holding).where(same).distinct()


@lru_cache(maxsize=1024)
def _named(scopes: tuple[Scope, ...]) -> Select[Any]:
    return _others(scopes).where(_DOSSIERS.id.in_(bindparam("ids", expanding=True)))
