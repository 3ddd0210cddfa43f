"""Copies: asked for, looked at beforehand, sealed and entered; the register; taking back."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from datetime import date

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.responses import Response, StreamingResponse

from archive.dissemination import CopyKind, IssuedCopy, Request, codes, desk
from archive.errors import ArchiveError, UsageError
from archive.fixity import chunks
from archive.viewers import Right
from web.rendering import attachment, page, see_other
from web.visits import Visit, needs

router = APIRouter(include_in_schema=False)
PER_PAGE = 50


@router.get("/copies", response_class=HTMLResponse)
def register(visit: Visit = Depends(needs(Right.COPY))) -> Response:
    """Show the register of copies, the latest first."""
    query = visit.request.query_params
    found = desk.register(
        visit.archive,
        visit.viewer,
        dossier_id=query.get("dossier") or None,
        before=_before(query.get("before", "")),
        limit=PER_PAGE + 1,
    )
    shown = found[:PER_PAGE]
    following = f"{shown[-1].year}-{shown[-1].number}" if len(found) > PER_PAGE else ""
    return page(
        visit,
        "copies.html",
        copies=shown,
        following=following,
        dossier=query.get("dossier", ""),
    )


def _before(text: str) -> tuple[int, int] | None:
    year, _, number = text.partition("-")
    if not (year.isdecimal() and number.isdecimal() and len(text) < 16):
        return None
    return int(year), int(number)


@router.get("/dossiers/{name}/copies/new", response_class=HTMLResponse)
def ask(name: str, visit: Visit = Depends(needs(Right.COPY))) -> Response:
    """Ask who wants a copy of what, and what for."""
    holding = desk.opened(visit.archive, name, visit.viewer)
    chosen = visit.request.query_params.getlist("doc")
    asked = Request(CopyKind.CERTIFIED, "", "", tuple(chosen))
    return page(visit, "copy_new.html", holding=holding, asked=asked, until="", problem=None)


@router.post("/dossiers/{name}/copies", response_class=HTMLResponse)
def issue(name: str, visit: Visit = Depends(needs(Right.COPY))) -> Response:
    """Show what would be issued, or issue it."""
    holding = desk.opened(visit.archive, name, visit.viewer)
    until = visit.field("until")
    asked = Request(
        CopyKind(visit.field("kind")) if visit.field("kind") in set(CopyKind) else CopyKind.DIP,
        visit.field("requester"),
        visit.field("purpose"),
        tuple(visit.fields("document")),
        visit.field("identity") or None,
        int(visit.field("amount")) if visit.field("amount").isdecimal() else 0,
        once=visit.field("once")[:100],
    )
    try:
        asked = _complete(asked, until)
        if visit.field("step") != "issue":
            shown = desk.preview(visit.archive, name, asked, visit.viewer)
            picture = base64.b64encode(shown).decode()
            return page(
                visit,
                "copy_preview.html",
                holding=holding,
                asked=asked,
                until=until,
                once=secrets.token_urlsafe(16),
                picture=picture,
                documents=[
                    d for d in holding.dossier.documents if str(d.ordinal) in asked.documents
                ],
            )
        copies = desk.issue(visit.archive, name, asked, visit.viewer)
    except ArchiveError as error:
        if error.exit_code not in (2, 5):
            raise
        answer = {"holding": holding, "asked": asked, "until": until, "problem": error}
        return page(visit, "copy_new.html", status=422, **answer)
    if len(copies) == 1:
        return see_other(f"/copies/{copies[0].year}/{copies[0].number}")
    return see_other(f"/copies?dossier={holding.dossier.id}")


def _complete(asked: Request, until: str) -> Request:
    from dataclasses import replace

    if not asked.documents:
        raise UsageError("choose a document", where="document")
    try:
        return replace(asked, usable_until=date.fromisoformat(until) if until else None)
    except ValueError:
        raise UsageError("this is no day", where="until") from None


@router.get("/copies/{year}/{number}", response_class=HTMLResponse)
def show(year: int, number: int, visit: Visit = Depends(needs(Right.COPY))) -> Response:
    """Show one entry of the register."""
    copy = desk.entry(visit.archive, _label(year, number), visit.viewer)
    return page(
        visit,
        "copy.html",
        copy=copy,
        code=codes.spaced(copy.code),
        fetchable=_fetchable(visit, copy),
    )


def _label(year: int, number: int) -> str:
    return f"{year}/BS-{number:05d}"


def _fetchable(visit: Visit, copy: IssuedCopy) -> bool:
    from datetime import timedelta

    from archive.dissemination.register import FETCH_DAYS

    young = visit.archive.clock() < copy.issued_at + timedelta(days=FETCH_DAYS)
    return copy.place is not None and copy.revoked_at is None and young


@router.get("/copies/{year}/{number}/file")
def fetch(year: int, number: int, visit: Visit = Depends(needs(Right.COPY))) -> Response:
    """Hand out the file of a copy."""
    opening = desk.fetch(visit.archive, _label(year, number), visit.viewer)
    copy, stream = opening.__enter__()

    def pieces() -> Iterator[bytes]:
        try:
            yield from chunks(stream)
        finally:
            opening.__exit__(None, None, None)

    ending = (copy.place or "").rpartition(".")[2]
    headers = attachment(f"ban-sao-{year}-{number:05d}.{ending}")
    kind = "application/pdf" if ending == "pdf" else "application/zip"
    return StreamingResponse(pieces(), media_type=kind, headers=headers)


@router.post("/copies/{year}/{number}/revoke")
def revoke(year: int, number: int, visit: Visit = Depends(needs(Right.COPY))) -> Response:
    """Take a copy back."""
    label = _label(year, number)
    desk.revoke(visit.archive, label, visit.viewer, reason=visit.field("reason"))
    return see_other(f"/copies/{year}/{number}")
