"""One-time links: the first administrator, and everybody's first password."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from archive.errors import UsageError
from archive.people import staff
from archive.people.signing_in import PasswordRejected
from web.rendering import page
from web.sign_in.door import BY_SOURCE, entered
from web.visits import Visit, source_of, visiting

router = APIRouter()


@router.get("/begin/{secret}", response_class=HTMLResponse)
def show(secret: str, visit: Visit = Depends(visiting)) -> Response:
    """Show the form behind a link; the link stays good until the form is sent."""
    BY_SOURCE.take(source_of(visit.request))
    _, person = staff.link_of(visit.archive, secret)
    return page(visit, "begin.html", secret=secret, person=person, broken=(), account="", name="")


@router.post("/begin/{secret}", response_class=HTMLResponse)
def begin(secret: str, visit: Visit = Depends(visiting)) -> Response:
    """Set the password and begin."""
    BY_SOURCE.take(source_of(visit.request))
    _, person = staff.link_of(visit.archive, secret)
    account, name = visit.field("account"), visit.field("name")
    password, again = (str(visit.form.get(key, "")) for key in ("password", "again"))
    broken: tuple[str, ...] = () if password == again else ("KHO-PASSWORD-AGAIN",)
    try:
        if not broken:
            fresh = staff.use_link(visit.archive, secret, password, account=account, name=name)
            return entered(visit, fresh)
    except PasswordRejected as error:
        broken = error.rules
    except UsageError as error:
        broken = (f"KHO-{error.where.upper()}",)
    return page(
        visit, "begin.html", status=422, secret=secret, person=person, broken=broken,
        account=account, name=name,
    )  # fmt: skip
