"""The pages; a new one is added to `ROUTERS` here and, if it has a place there, to the menu."""

from typing import Final

from web.pages import administration, dossier, dossier_files, health, home, search

ROUTERS: Final = [
    home.router,
    search.router,
    dossier.router,
    dossier_files.router,
    administration.router,
    health.router,
]

UPLOADS: Final[tuple[str, ...]] = ()
"""Beginnings of addresses that take more than a megabyte."""
