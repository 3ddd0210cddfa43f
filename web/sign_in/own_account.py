"""One's own account: password, second factor."""

from __future__ import annotations

import segno
from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from archive.errors import NotPermitted
from archive.people import second_factor, signing_in
from archive.people.signing_in import PasswordRejected
from archive.people.stays import Stage, Stay
from web.problems import SignInNeeded
from web.rendering import page
from web.sign_in.door import BY_ACCOUNT, entered
from web.visits import Visit, visiting

router = APIRouter()


def _stay(visit: Visit, *stages: Stage) -> Stay:
    if visit.stay is None or visit.stay.stage not in stages:
        raise SignInNeeded("sign in first")
    return visit.stay


@router.get("/account/password", response_class=HTMLResponse)
def show_password(visit: Visit = Depends(visiting)) -> Response:
    """Show the form for a new password."""
    _stay(visit, Stage.PASSWORD, Stage.FULL)
    return page(visit, "password.html", broken=())


@router.post("/account/password", response_class=HTMLResponse)
def set_password(visit: Visit = Depends(visiting)) -> Response:
    """Set a new password; sessions elsewhere end."""
    stay = _stay(visit, Stage.PASSWORD, Stage.FULL)
    BY_ACCOUNT.take(stay.person.account)
    password, again, old = (str(visit.form.get(key, "")) for key in ("password", "again", "old"))
    broken: tuple[str, ...] = () if password == again else ("KHO-PASSWORD-AGAIN",)
    try:
        if not broken:
            return entered(visit, signing_in.set_password(visit.archive, stay, password, old=old))
    except PasswordRejected as error:
        broken = error.rules
    except NotPermitted:
        broken = ("KHO-PASSWORD-OLD",)
    return page(visit, "password.html", status=422, broken=broken)


@router.get("/account/second-factor", response_class=HTMLResponse)
def show_second_factor(visit: Visit = Depends(visiting)) -> Response:
    """Show a fresh secret as a QR code and as text."""
    stay = _stay(visit, Stage.ENROL, Stage.FULL)
    return _second_factor(visit, stay, second_factor.new_secret())


def _second_factor(visit: Visit, stay: Stay, secret: str, *, wrong: bool = False) -> Response:
    name = visit.archive.settings.text("archive.name")
    address = second_factor.address(secret, account=stay.person.account, archive=name)
    picture = segno.make(address, error="m").svg_data_uri(
        scale=5, border=4, dark="#000", light="#fff"
    )
    return page(
        visit, "second_factor.html", status=403 if wrong else 200, secret=secret,
        picture=picture, wrong=wrong, already=bool(stay.person.second_factor),
    )  # fmt: skip


@router.post("/account/second-factor", response_class=HTMLResponse)
def enrol(visit: Visit = Depends(visiting)) -> Response:
    """Take the secret if the app shows its code."""
    stay = _stay(visit, Stage.ENROL, Stage.FULL)
    BY_ACCOUNT.take(stay.person.account)
    secret = visit.field("secret")
    try:
        return entered(visit, signing_in.enrol(visit.archive, stay, secret, visit.field("code")))
    except NotPermitted:
        return _second_factor(visit, stay, secret, wrong=True)
