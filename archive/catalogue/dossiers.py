"""The register of dossiers: `dossiers.register(conn, holding)`, `dossiers.get(conn, id)`, …

Everything that changes a dossier takes the connection of `Catalogue.begin`; append the
journal's event through the same connection, as the transaction's last statement.
"""

from archive.catalogue.dues import due, due_counts, set_due, set_dues
from archive.catalogue.holding import (
    Due,
    Fixed,
    HeldContent,
    HeldVersion,
    Holding,
    signature_outcome,
)
from archive.catalogue.locks import locks_ending, set_locked, set_locked_all, unlocked
from archive.catalogue.reading import (
    Counts,
    all,  # noqa: A004 - reads as `dossiers.all(conn)`
    by_code,
    by_identity,
    by_submission,
    counts,
    files,
    get,
    held,
    holding_content,
    ids,
    known_places,
    knows,
    many,
    page,
    procedures,
    verdicts,
    versions,
    years,
)
from archive.catalogue.registering import register, register_all, revise

__all__ = [
    "Counts",
    "Due",
    "Fixed",
    "HeldContent",
    "HeldVersion",
    "Holding",
    "all",
    "by_code",
    "by_identity",
    "by_submission",
    "counts",
    "due",
    "due_counts",
    "files",
    "get",
    "held",
    "holding_content",
    "ids",
    "known_places",
    "knows",
    "locks_ending",
    "many",
    "page",
    "procedures",
    "register",
    "register_all",
    "revise",
    "set_due",
    "set_dues",
    "set_locked",
    "set_locked_all",
    "signature_outcome",
    "unlocked",
    "verdicts",
    "versions",
    "years",
]
