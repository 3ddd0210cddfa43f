"""Tokens of systems: made, shown once, revoked."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from archive.errors import NotHeld, UsageError
from archive.people import staff, tokens
from archive.viewers import Right
from web.rendering import page, see_other
from web.visits import Visit, needs

router = APIRouter(include_in_schema=False)


@router.get("/administration/tokens", response_class=HTMLResponse)
def show(visit: Visit = Depends(needs(Right.ADMINISTER))) -> Response:
    """List tokens, with the form for a new one."""
    return _tokens(visit)


def _tokens(visit: Visit, *, error: str = "", secret: str = "", status: int = 200) -> Response:
    everybody = staff.everybody(visit.archive, visit.viewer)
    return page(
        visit, "administration_tokens.html", status=status, error=error, secret=secret,
        tokens=tokens.listed(visit.archive, visit.viewer), now=visit.archive.clock(),
        systems=[each for each in everybody if each.kind == "system" and not each.disabled_at],
        rights=[right for right in Right if right is not Right.ADMINISTER],
        max_days=tokens.MAX_DAYS,
    )  # fmt: skip


@router.post("/administration/tokens", response_class=HTMLResponse)
def make(visit: Visit = Depends(needs(Right.ADMINISTER))) -> Response:
    """Make a token and show its secret, this once."""
    days = visit.field("days")
    wanted = [Right(each) for each in visit.fields("rights") if each in set(Right)]
    try:
        _, secret = tokens.make(
            visit.archive, visit.field("account"), visit.field("name"), wanted,
            days=int(days) if days.isdecimal() and len(days) < 5 else 0, by=visit.viewer,
        )  # fmt: skip
    except (UsageError, NotHeld) as error:
        return _tokens(visit, error=error.message, status=422)
    return _tokens(visit, secret=secret, status=201)


@router.post("/administration/tokens/{token_id}/revoke", response_class=HTMLResponse)
def revoke(token_id: str, visit: Visit = Depends(needs(Right.ADMINISTER))) -> Response:
    """End a token at once."""
    tokens.revoke(visit.archive, token_id, by=visit.viewer)
    return see_other("/administration/tokens")
