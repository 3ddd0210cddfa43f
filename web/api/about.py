"""About the API: its contract, and who a token is."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from web.api.calls import Call, answer, calling
from web.api.contract import ERRORS, PREFIX, document, told

router = APIRouter(prefix=PREFIX, tags=["about"], responses=ERRORS)


@router.get("/openapi.json", include_in_schema=False)
def contract(request: Request) -> Response:
    """Return the contract; no token is needed."""
    return answer(document(request.app))


@router.get("/token", responses={200: told("token", "What it allows, and until when")})
def token(call: Call = Depends(calling)) -> Response:
    """Say what the token that is shown allows."""
    shown = call.caller.token
    return answer(
        {
            "id": shown.id,
            "name": shown.name,
            "account": call.caller.person.account,
            "rights": shown.scopes,
            "ends_at": shown.ends_at,
        }
    )
