"""Permission: a viewer's scopes as a condition on what an index may answer with."""

from __future__ import annotations

from archive.search.folding import code_key
from archive.search.query import All, In, Node, both, either
from archive.viewers import EVERYTHING, Right, Scope, Viewer


def permit(viewer: Viewer, right: Right = Right.SEE) -> Node:
    """Return the condition to put into `Query.permit`; nothing for who may see nothing."""
    return either(*(_within(scope) for scope in viewer.scopes(right)))


def _within(scope: Scope) -> Node:
    levels = All() if set(scope.levels) == set(EVERYTHING.levels) else In("access", scope.levels)
    fonds = All() if scope.fonds is None else In("fonds", scope.fonds)
    agencies: Node = All()
    if scope.agencies is not None:
        agencies = In("agency_code", tuple(code_key(code) for code in scope.agencies))
    return both(levels, fonds, agencies)
