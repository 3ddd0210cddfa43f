"""The pages; a new one is added to `ROUTERS` here and, if it has a place there, to the menu."""

from collections.abc import Mapping
from typing import Final

from archive.settings import Settings
from archive.trusting import proposing
from web.pages import (
    administration,
    administration_tokens,
    check,
    copies,
    disposal,
    disposal_acts,
    dossier,
    dossier_files,
    due,
    endings,
    guidance,
    health,
    holds,
    home,
    integrity,
    jobs,
    journal,
    purpose,
    reception,
    schedules,
    search,
    signature,
    signatures,
    trust,
)

ROUTERS: Final = [
    home.router,
    search.router,
    due.router,
    dossier.router,
    dossier_files.router,
    administration.router,
    administration_tokens.router,
    signatures.router,
    endings.router,
    signature.router,
    trust.router,
    disposal.router,
    disposal_acts.router,
    holds.router,
    schedules.router,
    integrity.router,
    journal.router,
    jobs.router,
    health.router,
    copies.router,
    check.router,
    reception.router,
    purpose.router,
    guidance.router,
]


LISTS: Final = 160 << 20
"""Bytes of a form with three signed papers."""


def uploads(settings: Settings) -> Mapping[str, int]:
    """Return the beginnings of addresses that take more than a megabyte, and how much they take."""
    forms = 1 << 20
    return {
        "/xac-thuc": check.MAX_FILE + forms,
        "/disposal/": LISTS,
        "/transfer/": LISTS,
        "/schedules/drafts": 5 << 20,
        "/trust/proposals/addition": proposing.LARGEST + forms,
        "/reception/": settings.number("limits.max_total_bytes") + forms,
    }
