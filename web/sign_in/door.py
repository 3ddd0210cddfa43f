"""The door: account and password, then the code, then where one wanted to go."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.responses import Response

from archive.errors import NotPermitted
from archive.people import signing_in, stays
from archive.people.stays import Stage
from web.limits import Limit
from web.problems import SignInNeeded
from web.rendering import page, see_other
from web.visits import (
    SESSION,
    VISITOR,
    Visit,
    cookie_name,
    cookie_options,
    local_path,
    source_of,
    visiting,
)

router = APIRouter()
STEPS: Final = {
    Stage.CODE: "/sign-in/code",
    Stage.PASSWORD: "/account/password",
    Stage.ENROL: "/account/second-factor",
}
BY_SOURCE: Final = Limit(tries=30, seconds=60)
BY_ACCOUNT: Final = Limit(tries=10, seconds=60)


@router.get("/sign-in", response_class=HTMLResponse)
def show(visit: Visit = Depends(visiting)) -> Response:
    """Show the form, or go on where somebody already is."""
    target = local_path(visit.request.query_params.get("next", "/"))
    if visit.stay is not None:
        return see_other(STEPS.get(visit.stay.stage, target))
    return _form(visit, target)


def _form(
    visit: Visit, target: str, *, status: int = 200, wrong: bool = False, account: str = ""
) -> Response:
    text = visit.archive.settings.text
    provider = text("web.oidc_name") if text("web.oidc_issuer") else ""
    return page(
        visit, "sign_in.html", status=status, next=target, wrong=wrong, account=account,
        provider=provider,
    )  # fmt: skip


@router.post("/sign-in", response_class=HTMLResponse)
def sign_in(visit: Visit = Depends(visiting)) -> Response:
    """Check account and password."""
    account, target = visit.field("account"), local_path(visit.field("next"))
    source = source_of(visit.request)
    BY_SOURCE.take(source)
    BY_ACCOUNT.take(account.casefold()[:64])
    password = visit.form.get("password", "")
    try:
        secret = signing_in.sign_in(
            visit.archive, account, password if isinstance(password, str) else "", source=source
        )
    except NotPermitted:
        return _form(visit, target, status=403, wrong=True, account=account)
    return entered(visit, secret, target)


def entered(visit: Visit, secret: str, target: str = "/") -> RedirectResponse:
    """Give the browser its new session and send it to what comes next."""
    stay = stays.current(visit.archive, secret)
    stage = stay.stage if stay else Stage.FULL
    request = visit.request
    answer = see_other(STEPS.get(stage, target))
    answer.set_cookie(cookie_name(request, SESSION), secret, **cookie_options(request))
    answer.delete_cookie(cookie_name(request, VISITOR), path="/", secure=request.app.state.https)
    return answer


@router.get("/sign-in/code", response_class=HTMLResponse)
def show_code(visit: Visit = Depends(visiting)) -> Response:
    """Ask for the code of the second factor."""
    if visit.stay is None:
        raise SignInNeeded("sign in first")
    if visit.stay.stage is not Stage.CODE:
        return see_other(STEPS.get(visit.stay.stage, "/"))
    return page(visit, "code.html", wrong=False)


@router.post("/sign-in/code", response_class=HTMLResponse)
def give_code(visit: Visit = Depends(visiting)) -> Response:
    """Check the code."""
    if visit.stay is None:
        raise SignInNeeded("sign in first")
    source = source_of(visit.request)
    BY_SOURCE.take(source)
    try:
        secret = signing_in.give_code(visit.archive, visit.stay, visit.field("code"), source=source)
    except NotPermitted:
        return page(visit, "code.html", status=403, wrong=True)
    return entered(visit, secret)


@router.post("/sign-out")
def sign_out(visit: Visit = Depends(visiting)) -> Response:
    """End the session, on the server and in the browser."""
    if visit.stay is not None:
        stays.end(visit.archive, visit.stay)
    answer = see_other("/sign-in")
    answer.delete_cookie(cookie_name(visit.request, SESSION), path="/")
    return answer


@router.get("/alive")
def alive(visit: Visit = Depends(visiting)) -> Response:
    """Keep a session that somebody wants to go on with."""
    if visit.stay is None:
        raise SignInNeeded("sign in first")
    return Response(status_code=204)
