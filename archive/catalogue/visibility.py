"""Visibility: a viewer's scopes as a condition on the rows of `dossiers`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from sqlalchemy import ColumnElement, and_, false, or_, true

from archive.catalogue import tables
from archive.viewers import EVERYTHING, LEVELS, Right, Scope, Viewer


def visible(viewer: Viewer, right: Right = Right.SEE) -> ColumnElement[bool]:
    """Return the condition that a viewer may do `right` with a dossier's row."""
    return within(viewer.scopes(right))


@lru_cache(maxsize=1024)
def within(scopes: tuple[Scope, ...]) -> ColumnElement[bool]:
    """Return the condition that a dossier's row lies within one of some scopes."""
    if EVERYTHING in scopes:
        return true()
    return or_(false(), *(_within(scope) for scope in scopes))


def _within(scope: Scope) -> ColumnElement[bool]:
    table = tables.dossiers
    parts: list[ColumnElement[bool]] = [true()]
    if set(scope.levels) != set(LEVELS):
        parts.append(table.c.access.in_(scope.levels))
    if scope.fonds is not None:
        parts.append(table.c.fonds.in_(scope.fonds))
    if scope.agencies is not None:
        parts.append(or_(false(), *_agencies(scope.agencies)))
    return and_(*parts)


def _agencies(codes: Iterable[str]) -> Iterable[ColumnElement[bool]]:
    agency = tables.dossiers.c.agency
    for code in codes:
        yield agency == code
        yield agency.startswith(f"{code}.", autoescape=True)
