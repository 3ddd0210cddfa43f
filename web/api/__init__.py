"""The API for other systems: REST under `/api/v1`, with OpenAPI 3.1."""

from collections.abc import Mapping
from typing import Final

from archive.settings import Settings
from web.api import about, dossiers, events, holds, submissions
from web.api.contract import PREFIX

ROUTERS: Final = [
    submissions.router,
    dossiers.router,
    holds.router,
    events.router,
    about.router,
]


def uploads(settings: Settings) -> Mapping[str, int]:
    """Return the beginnings of addresses that take more than a megabyte, and how much they take."""
    return {f"{PREFIX}/submissions": settings.number("limits.max_total_bytes") + (1 << 20)}
