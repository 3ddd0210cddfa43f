"""Visits: who asks, in which language, whether they may, and whether the form is ours."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from archive.assembly import Archive
from archive.errors import NotPermitted
from archive.jobs.background import Background
from archive.model import Dossier
from archive.people import stays
from archive.people.stays import Stage, Stay
from archive.viewers import Right, Viewer
from web import words
from web.problems import SignInNeeded

SESSION: Final = "kho-session"
VISITOR: Final = "kho-visitor"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
NOBODY: Final = Viewer("")
STRANGERS: Final = 66 << 20
"""Bytes of a form that is read for somebody who is not signed in."""
_FORMS: Final = ("application/x-www-form-urlencoded", "multipart/form-data")


@dataclass(slots=True)
class Visit:
    """One request of a browser."""

    request: Request
    archive: Archive
    language: str
    theme: str
    """`light`, `dark`, or "" for what the machine prefers."""
    secret: str
    """Of the session, or of the visitor who is not signed in."""
    stay: Stay | None = None
    form: FormData = field(default_factory=FormData)

    @property
    def viewer(self) -> Viewer:
        """Who it is to the archive; nobody before everything is done."""
        if self.stay is None or self.stay.stage is not Stage.FULL:
            return NOBODY
        return self.stay.person.viewer

    @property
    def person_id(self) -> str:
        """Whose visit it is; "" before signing in."""
        return self.stay.person.id if self.stay else ""

    @property
    def background(self) -> Background:
        """Where long work goes."""
        behind: Background = self.request.app.state.background
        return behind

    @property
    def csrf(self) -> str:
        """What forms have to bring back: known to nobody who has not read the page."""
        return _csrf(self.secret)

    def say(self, key: str, /, **values: object) -> str:
        """Return words in the visitor's language."""
        return words.say(self.language, key, **values)

    def may(self, right: Right | str, dossier: Dossier | None = None) -> bool:
        """Whether a control for this is to be shown."""
        return self.viewer.may(Right(right), dossier)

    def field(self, name: str) -> str:
        """Return a form's text field without spaces around it; "" if it is not there."""
        value = self.form.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def fields(self, name: str) -> list[str]:
        """Return all values of a field."""
        return [value for value in self.form.getlist(name) if isinstance(value, str) and value]


def _csrf(secret: str) -> str:
    return hashlib.sha256(f"kho csrf {secret}".encode()).hexdigest()


def cookie_name(request: Request, name: str) -> str:
    """Return a cookie's name; with TLS one that only this host can have set."""
    return f"__Host-{name}" if is_https(request) else name


def is_https(request: Request) -> bool:
    """Whether people come over TLS, to us or to the proxy before us."""
    return bool(request.app.state.https)


def archive_of(request: Request) -> Archive:
    """Return the archive that is served."""
    archive: Archive = request.app.state.archive
    return archive


async def visiting(request: Request) -> Visit:
    """Return the visit; for pages that everybody may see. Checks forms.

    Raises:
        NotPermitted: a form that does not come from a page of ours.
    """
    archive = archive_of(request)
    secret = request.cookies.get(cookie_name(request, SESSION), "")
    stay = await run_in_threadpool(stays.current, archive, secret) if secret else None
    if stay is None:
        secret = request.cookies.get(cookie_name(request, VISITOR), "") or secrets.token_urlsafe(16)
    else:
        request.state.person_id = stay.person.id
    visit = Visit(request, archive, _language(request), _theme(request), secret, stay)
    request.state.visit = visit
    if request.method not in SAFE:
        await _check_form(visit)
    return visit


def stranger(request: Request) -> Visit:
    """Return the visit of nobody in particular: for answers before it is known who asks."""
    return Visit(request, archive_of(request), _language(request), _theme(request), "")


async def signed_in(visit: Visit = Depends(visiting)) -> Visit:
    """Return the visit of somebody who is signed in; raises SignInNeeded."""
    if visit.stay is None or visit.stay.stage is not Stage.FULL:
        raise SignInNeeded("sign in first")
    return visit


def needs(*rights: Right) -> Callable[..., Any]:
    """Return the dependency of pages for people with one of these rights.

    Raises (from the page):
        SignInNeeded: nobody is signed in.
        NotPermitted: somebody is, without the right.
    """

    async def permitted(visit: Visit = Depends(signed_in)) -> Visit:
        if not any(visit.viewer.may(right) for right in rights):
            raise NotPermitted("your roles do not include this page")
        return visit

    permitted.rights = rights  # type: ignore[attr-defined]
    return permitted


async def _check_form(visit: Visit) -> None:
    request = visit.request
    if not _same_origin(request):
        raise NotPermitted("the form comes from another site")
    kind = request.headers.get("content-type", "").split(";")[0]
    token = request.headers.get("x-csrf-token", "")
    if kind in _FORMS and visit.stay is None and declared_bytes(request) > STRANGERS:
        raise NotPermitted("sign in first")
    if kind in _FORMS:
        visit.form = await request.form(max_files=1000, max_fields=1000)
        token = token or visit.field("csrf")
    if not hmac.compare_digest(token.encode(), visit.csrf.encode()):
        raise NotPermitted("the form is too old", hint="load the page again and repeat")


def declared_bytes(request: Request) -> int:
    """Return how long a request says it is."""
    text = request.headers.get("content-length", "0")
    return int(text) if text.isdigit() else 0


def _same_origin(request: Request) -> bool:
    """Whether a browser says that the request comes from a page of this very host."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    origin = request.headers.get("origin")
    return origin is None or origin == own_origin(request)


def own_origin(request: Request) -> str:
    """Return scheme, host and port as a browser names them."""
    known: str = request.app.state.origin
    return known or f"{request.url.scheme}://{request.headers.get('host', '')}"


def _language(request: Request) -> str:
    for asked in (request.query_params.get("lang", ""), request.cookies.get("kho-lang", "")):
        if asked in words.LANGUAGES:
            return asked
    return words.LANGUAGES[0]


def _theme(request: Request) -> str:
    theme = request.cookies.get("kho-theme", "")
    return theme if theme in ("light", "dark") else ""


def local_path(address: str) -> str:
    """Return an address of this site to go to afterwards; `/` for any other.

    No scheme, host, backslash or control character: nobody is sent elsewhere.
    """
    parts = urlsplit(address)
    plain = address.startswith("/") and not address.startswith(("//", "/\\"))
    if not plain or parts.scheme or parts.netloc or not address.isprintable() or "\\" in address:
        return "/"
    return address


def address_of(request: Request) -> str:
    """Return path and query of a request, to come back to."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def sign_in_address(request: Request) -> str:
    """Return where to sign in, and come back to this page afterwards."""
    path = address_of(request)
    return f"/sign-in?next={quote(path, safe='')}" if path != "/" else "/sign-in"


def source_of(request: Request) -> str:
    """Return the address that a request came from, as QCVN 12:2026/BCA, 3.9.2 wants it."""
    return request.client.host if request.client else ""


def cookie_options(request: Request) -> Mapping[str, Any]:
    """Return how cookies that prove something are set."""
    return {"httponly": True, "samesite": "lax", "path": "/", "secure": is_https(request)}
