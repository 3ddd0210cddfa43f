"""Preferences: language and theme, in cookies that say nothing about a person."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from starlette.responses import Response

from web import words
from web.rendering import see_other
from web.visits import Visit, local_path, visiting

router = APIRouter()
_YEAR = 365 * 24 * 3600


@router.post("/preferences")
def prefer(visit: Visit = Depends(visiting)) -> Response:
    """Keep a language or a theme and go back to the page."""
    answer = see_other(local_path(visit.field("next")))
    chosen = {"kho-lang": (visit.field("language"), words.LANGUAGES),
              "kho-theme": (visit.field("theme"), ("light", "dark", "auto"))}  # fmt: skip
    for name, (value, known) in chosen.items():
        if value in known:
            answer.set_cookie(name, value, max_age=_YEAR, samesite="lax", path="/", httponly=True)
    return answer
