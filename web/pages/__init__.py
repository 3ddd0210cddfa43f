"""The pages; a new one is added to `ROUTERS` here and, if it has a place there, to the menu."""

from collections.abc import Mapping
from typing import Final

from archive.settings import Settings
from web.pages import (
    administration,
    administration_tokens,
    check,
    copies,
    dossier,
    dossier_files,
    guidance,
    health,
    home,
    reception,
    search,
)

ROUTERS: Final = [
    home.router,
    search.router,
    dossier.router,
    dossier_files.router,
    administration.router,
    administration_tokens.router,
    health.router,
    copies.router,
    check.router,
    reception.router,
    guidance.router,
]


def uploads(settings: Settings) -> Mapping[str, int]:
    """Return the beginnings of addresses that take more than a megabyte, and how much they take."""
    forms = 1 << 20
    return {
        "/xac-thuc": check.MAX_FILE + forms,
        "/reception/": settings.number("limits.max_total_bytes") + forms,
    }
