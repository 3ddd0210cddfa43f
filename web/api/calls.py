"""Calls: which system asks, whether it may, how often, and answers in our own JSON."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from archive.assembly import Archive
from archive.errors import NotPermitted, UsageError
from archive.json_values import encoded
from archive.people import tokens
from archive.people.tokens import Caller
from archive.viewers import Right, Viewer
from web.limits import Limit
from web.problems import SignInNeeded
from web.visits import archive_of, source_of

_BEARER: Final = HTTPBearer(
    auto_error=False, scheme_name="token", description="A token of the archive: `kho_…`"
)
_CALLS: Final = Limit(tries=1200, seconds=60)
"""For each token."""
_WRONG: Final = Limit(tries=20, seconds=60)
"""Tokens that are not good, for each address they come from."""
_MAX_AGE: Final = timedelta(days=366 * 200)


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a system."""

    request: Request
    archive: Archive
    caller: Caller

    @property
    def viewer(self) -> Viewer:
        """Who it is to the archive."""
        return self.caller.viewer


async def calling(
    request: Request, given: HTTPAuthorizationCredentials | None = Depends(_BEARER)
) -> Call:
    """Return the call of a system with a good token; it may not come too often.

    Raises:
        SignInNeeded: no token, or one that is not good.
        TooMany: wait as long as the answer says.
    """
    archive = archive_of(request)
    if given is None:
        raise SignInNeeded("a token is needed", hint="Authorization: Bearer kho_…")
    try:
        caller = await run_in_threadpool(tokens.caller, archive, given.credentials)
    except NotPermitted as error:
        _WRONG.take(source_of(request))
        raise SignInNeeded(error.message, hint=error.hint) from None
    _CALLS.take(caller.token.id)
    request.state.person_id = caller.person.id
    return Call(request, archive, caller)


def needs(right: Right) -> Callable[..., Any]:
    """Return the dependency of addresses for tokens with a right."""

    async def permitted(call: Call = Depends(calling)) -> Call:
        if not call.viewer.may(right):
            raise NotPermitted(
                f"the token does not include: {right.value}", hint="kho token make … --right"
            )
        return call

    permitted.right = right  # type: ignore[attr-defined]
    return permitted


def answer(statement: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Return a statement as the command line's `--json` would print it."""
    return Response(encoded(statement), status, headers, media_type="application/json")


def paged(call: Call, statement: Any, cursor: str | None) -> Response:
    """Return a page; its next one is named by a `Link` (RFC 8288), where there is one."""
    headers = {}
    if cursor is not None:
        url = call.request.url.include_query_params(cursor=cursor)
        headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return answer(statement, headers=headers)


def day(text: str | None, archive: Archive) -> date:
    """Read a day as ISO 8601; today if none is given.

    Raises:
        UsageError: not a day, or one beyond what schedules are made for.
    """
    today = archive.today()
    if text is None:
        return today
    try:
        read = date.fromisoformat(text)
    except ValueError:
        raise UsageError("as_of is a day, such as 2026-12-31", where="as_of") from None
    if abs(read - today) > _MAX_AGE:
        raise UsageError("as_of lies too far from today", where="as_of")
    return read
