"""Events: what became of dossiers, to be asked for or told by webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from archive import telling
from archive.catalogue.webhooks import Webhook
from archive.viewers import Right
from web.api.calls import Call, answer, needs
from web.api.contract import ERRORS, PREFIX, told

router = APIRouter(prefix=PREFIX, tags=["events"], responses=ERRORS)
Id = Annotated[str, Path(max_length=36)]


@dataclass(frozen=True, slots=True)
class NewWebhook:
    """Where events are to be sent, and which."""

    url: Annotated[str, Query(max_length=2000)]
    types: tuple[str, ...] = ()
    """None: all that are told."""


@router.get("/events", responses={200: told("events", "The next events, the oldest first")})
def events(
    after: Annotated[int, Query(ge=0, le=2**62, description="`seq` of the last known")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    type: Annotated[list[str] | None, Query(max_length=20)] = None,  # noqa: A002 - its name
    call: Call = Depends(needs(Right.SEE)),
) -> Response:
    """Return events after one; ask again with the answer's `after`."""
    found = telling.events(call.archive, call.viewer, after=after, limit=limit, types=type or ())
    return answer({"events": found.events, "after": found.after})


@router.get("/webhooks", responses={200: told("webhooks", "The system's webhooks")})
def webhooks(call: Call = Depends(needs(Right.SEE))) -> Response:
    """List the webhooks of the token's system, with how far each has come."""
    return answer([_json(each) for each in telling.listed(call.archive, call.caller.person)])


@router.post(
    "/webhooks",
    status_code=201,
    responses={201: told("new-webhook", "Made; the secret is told this once")},
)
def register(new: NewWebhook, call: Call = Depends(needs(Right.SEE))) -> Response:
    """Send events from now on to an address whose host the settings name."""
    made = telling.register(call.archive, call.caller.person, new.url, new.types, by=call.viewer)
    return answer({**_json(made), "secret": made.secret}, 201)


@router.delete("/webhooks/{webhook}", status_code=204, responses={204: {"description": "Gone"}})
def remove(webhook: Id, call: Call = Depends(needs(Right.SEE))) -> Response:
    """Send nothing more there."""
    telling.remove(call.archive, call.caller.person, webhook, by=call.viewer)
    return Response(status_code=204)


@router.post("/webhooks/{webhook}/retry", responses={200: told("webhook", "As it now stands")})
def retry(webhook: Id, call: Call = Depends(needs(Right.SEE))) -> Response:
    """Try again at once, also after it was given up."""
    return answer(_json(telling.enable(call.archive, call.caller.person, webhook)))


def _json(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "url": webhook.url,
        "types": webhook.types,
        "made_at": webhook.made_at,
        "after": webhook.after,
        "attempts": webhook.attempts,
        "next_at": webhook.next_at,
        "last_status": webhook.last_status,
        "delivered_at": webhook.delivered_at,
        "disabled_at": webhook.disabled_at,
    }
