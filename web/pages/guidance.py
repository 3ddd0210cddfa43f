"""Help: one topic for each page, the problem codes, the accessibility statement."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from archive.errors import ArchiveError, NotHeld
from web import words
from web.problems import status_of
from web.rendering import HERE, page
from web.visits import Visit, visiting

router = APIRouter(include_in_schema=False)
TOPICS: Final = tuple(
    sorted(path.stem for path in (HERE / "templates" / "help" / "vi").glob("*.html"))
)


@router.get("/help", response_class=HTMLResponse)
def index(visit: Visit = Depends(visiting)) -> Response:
    """List the topics."""
    return page(visit, "help.html", topics=TOPICS, topic="")


@router.get("/help/problems", response_class=HTMLResponse)
def problems(visit: Visit = Depends(visiting)) -> Response:
    """List every problem code: what it means, who acts, what to try."""
    return page(
        visit, "help_problems.html", errors=list(_errors(ArchiveError)), status_of=status_of
    )


@router.get("/help/{topic}", response_class=HTMLResponse)
def show(topic: str, visit: Visit = Depends(visiting)) -> Response:
    """Show one topic."""
    if topic not in TOPICS:
        raise NotHeld("there is no such page")
    return page(visit, "help.html", topics=TOPICS, topic=topic)


def _errors(root: type[ArchiveError]) -> Iterator[type[ArchiveError]]:
    """Yield the errors with words of their own, parents first."""
    if root.__module__ == ArchiveError.__module__ and words.has(f"error.{root.code}"):
        yield root
    for child in root.__subclasses__():
        yield from _errors(child)
