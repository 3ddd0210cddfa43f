"""Covering: which holds stand on a dossier, by its id, its facts or a query that it meets."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from archive.catalogue import holds
from archive.catalogue.dossiers import Holding
from archive.catalogue.engine import Connection
from archive.catalogue.holds import Facts, Hold
from archive.search.records import record_of


def answers_of(holding: Holding) -> Callable[[str], bool]:
    """Return what says whether a dossier meets a query; words in its papers do not count."""

    def answers(query: str) -> bool:
        from archive.search.matching import meets  # with a parser that few commands need

        return meets(record_of(holding.dossier, holding.verdicts), query)

    return answers


def standing(placed: Iterable[Hold], holding: Holding) -> tuple[Hold, ...]:
    """Return those of some holds that cover a dossier, in their order."""
    dossier, answers = holding.dossier, answers_of(holding)
    facts = Facts(dossier.procedure, dossier.agency)
    return tuple(hold for hold in placed if hold.covers(dossier.id, facts, answers))


def standing_on(connection: Connection, holding: Holding) -> tuple[Hold, ...]:
    """Return the holds in force that cover a dossier, in the order in which they were placed."""
    return standing(holds.active_for(connection, holding.dossier.id), holding)
