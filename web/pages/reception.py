"""Reception: batches, files that come in, what is to be fixed, what goes back, the minutes."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.responses import Response

from archive import reception
from archive.errors import ArchiveError, NotHeld, Rejected, UnsafeInput, UsageError
from archive.formats import pictures
from archive.reception import Form, Item, ItemState, Upload, desk, fixing
from archive.viewers import Right
from web.pages import reception_fields
from web.problems import status_on_page
from web.rendering import HERE, attachment, page, see_other
from web.visits import Visit, needs

router = APIRouter(include_in_schema=False)
PIECE: Final = 8 << 20
"""Bytes of one piece of a file that is uploaded by script."""
PICTURE: Final = 900
STATES: Final = tuple(ItemState)


@router.get("/reception", response_class=HTMLResponse)
def batches(visit: Visit = Depends(needs(Right.INGEST))) -> Response:
    """Show the batches, the latest first."""
    before = visit.request.query_params.get("before") or None
    found = desk.listed(visit.archive, visit.viewer, before=before)
    return page(visit, "reception.html", batches=found, problem=None)


@router.post("/reception")
def open_batch(visit: Visit = Depends(needs(Right.INGEST))) -> Response:
    """Open a batch."""
    try:
        opened = desk.open_batch(visit.archive, visit.field("producer"), visit.viewer)
    except UsageError as error:
        found = desk.listed(visit.archive, visit.viewer)
        return page(visit, "reception.html", status=422, batches=found, problem=error)
    return see_other(f"/reception/{opened.id}")


@router.get("/reception/{batch_id}", response_class=HTMLResponse)
def show(batch_id: str, visit: Visit = Depends(needs(Right.INGEST))) -> Response:
    """Show a batch, its submissions, and what is wrong with each."""
    return _batch(visit, batch_id)


def _batch(visit: Visit, batch_id: str, problem: ArchiveError | None = None) -> Response:
    batch = desk.batch(visit.archive, batch_id, visit.viewer)
    items = desk.items(visit.archive, batch_id, visit.viewer)
    query = visit.request.query_params
    state, rule = query.get("state", ""), query.get("rule", "")
    rules = sorted({f["rule"] for each in items if each.state == "to_fix" for f in each.findings})
    shown = [
        each
        for each in items
        if (not state or each.state.value == state)
        and (not rule or any(f["rule"] == rule for f in each.findings))
    ]
    return page(
        visit,
        "batch.html",
        status=status_on_page(problem),
        batch=batch,
        items=shown,
        count=len(items),
        states=STATES,
        state=state,
        rule=rule,
        rules=rules,
        problem=problem,
        fields=[(place, reception_fields.label(visit, place)) for place in fixing.FIELDS],
        days=reception_fields.DAYS,
        field_of=_field_of(visit),
        several=_told_of_several(visit),
        settled=bool(items) and all(each.state in ("held", "returned") for each in items),
    )


def _field_of(visit: Visit) -> Callable[[str], str]:
    """Return what names the field that a finding's path is about; "" if it is about none."""

    def named(path: str) -> str:
        place = reception_fields.place_of(path)
        found = reception_fields.label(visit, place) if place else ""
        return "" if found == place else found

    return named


def _told_of_several(visit: Visit) -> str:
    """Return in words what became of submissions that were chosen together; "" if none were."""
    query = visit.request.query_params
    done, left = query.get("done", ""), query.get("left", "")
    if query.get("did") not in ("corrected", "returned") or not (done + left).isdecimal():
        return ""
    told = visit.say(f"reception.several_{query['did']}", done=done)
    return told if left == "0" else f"{told} {visit.say('reception.several_left', left=left)}"


@router.post("/reception/{batch_id}/files", response_class=HTMLResponse)
def files(batch_id: str, visit: Visit = Depends(needs(Right.INGEST))) -> Response:
    """Receive files of a form, for browsers without scripts, and take them in."""
    desk.batch(visit.archive, batch_id, visit.viewer)
    given = [each for each in visit.form.getlist("file") if isinstance(each, UploadFile)]
    try:
        for each in given:
            if each.filename:
                reception.receive(visit.archive, batch_id, each.filename, each.file)
        desk.take_in(visit.archive, batch_id, visit.viewer)
    except (Rejected, UsageError) as error:
        return _batch(visit, batch_id, error)
    return see_other(f"/reception/{batch_id}")


@router.post("/reception/{batch_id}/uploads")
def begin(batch_id: str, visit: Visit = Depends(needs(Right.INGEST))) -> Response:
    """Begin or go on with a file that comes in pieces."""
    desk.batch(visit.archive, batch_id, visit.viewer)
    size = visit.field("size")
    if not size.isdecimal():
        raise UsageError("the size is missing", where="size")
    upload = reception.begin(visit.archive, batch_id, visit.field("name"), int(size))
    if upload.size == 0:
        upload = reception.append(visit.archive, batch_id, upload.id, 0, io.BytesIO())
    return JSONResponse(_told(upload))


@router.put("/reception/{batch_id}/uploads/{upload_id}")
async def piece(
    batch_id: str, upload_id: str, request: Request, visit: Visit = Depends(needs(Right.INGEST))
) -> Response:
    """Receive one piece of a file."""
    await run_in_threadpool(desk.batch, visit.archive, batch_id, visit.viewer)
    at, content = request.query_params.get("at", ""), bytearray()
    if not at.isdecimal():
        raise UsageError("where the piece begins is missing", where="at")
    async for part in request.stream():
        content += part
        if len(content) > PIECE:
            raise UnsafeInput(f"a piece has at most {PIECE} bytes", where="piece")
    upload = await run_in_threadpool(
        reception.append, visit.archive, batch_id, upload_id, int(at), io.BytesIO(bytes(content))
    )
    return JSONResponse(_told(upload))


def _told(upload: Upload) -> dict[str, Any]:
    return {"id": upload.id, "received": upload.received, "complete": upload.complete}


@router.post("/reception/{batch_id}/take-in", response_class=HTMLResponse)
def take_in(batch_id: str, visit: Visit = Depends(needs(Right.INGEST))) -> Response:
    """Take in what waits; with `again` what was refused too."""
    again = visit.field("again") == "yes"
    try:
        desk.take_in(visit.archive, batch_id, visit.viewer, again=again)
    except (Rejected, UsageError) as error:
        return _batch(visit, batch_id, error)
    return see_other(f"/reception/{batch_id}")


@router.post("/reception/{batch_id}/several", response_class=HTMLResponse)
def several(batch_id: str, visit: Visit = Depends(needs(Right.INGEST))) -> Response:
    """Correct one field of several submissions alike, or return several with one reason."""
    chosen = visit.fields("shown") if visit.field("all") == "yes" else visit.fields("item")
    ordinals = [int(each) for each in chosen if each.isascii() and each.isdecimal()][:1000]
    reason, returning = visit.field("reason"), visit.field("act") == "return"
    try:
        if returning:
            found = desk.give_back_several(
                visit.archive, batch_id, ordinals, visit.viewer, reason=reason
            )
        else:
            correction = (visit.field("place"), visit.field("value"))
            found = desk.fix_several(
                visit.archive, batch_id, ordinals, correction, visit.viewer, reason=reason
            )
    except UsageError as error:
        return _batch(visit, batch_id, error)
    did = "returned" if returning else "corrected"
    return see_other(f"/reception/{batch_id}?did={did}&done={found.done}&left={len(found.left)}")


@router.post("/reception/{batch_id}/close", response_class=HTMLResponse)
def close(batch_id: str, visit: Visit = Depends(needs(Right.INGEST))) -> Response:
    """Close a batch and make the minutes."""
    try:
        desk.close(visit.archive, batch_id, visit.viewer)
    except UsageError as error:
        return _batch(visit, batch_id, error)
    return see_other(f"/reception/{batch_id}")


@router.get("/reception/{batch_id}/minutes.pdf")
def minutes(batch_id: str, visit: Visit = Depends(needs(Right.INGEST))) -> Response:
    """Hand out the minutes of hand-over."""
    batch = desk.batch(visit.archive, batch_id, visit.viewer)
    return _paper(visit, batch.minutes, f"bien-ban-{batch_id}.pdf")


def _paper(visit: Visit, place: str | None, name: str) -> Response:
    content = reception.paper(visit.archive, place)
    return Response(content, media_type="application/pdf", headers=attachment(name))


@router.get("/reception/{batch_id}/{number}", response_class=HTMLResponse)
def item(batch_id: str, number: int, visit: Visit = Depends(needs(Right.INGEST))) -> Response:
    """Show one submission with its form and its pages."""
    return _item(visit, f"{batch_id}.{number}")


def _item(visit: Visit, name: str, problem: ArchiveError | None = None) -> Response:
    found = desk.item(visit.archive, name, visit.viewer)
    form, cannot = _form(visit, found)
    query = visit.request.query_params
    documents = form.documents if form else ()
    file = query.get("file", "")
    return page(
        visit,
        "submission.html",
        status=status_on_page(problem),
        item=found,
        form=form,
        fields=reception_fields.shown(visit, form.fields) if form else (),
        field_of=_field_of(visit),
        cannot=cannot,
        problem=problem,
        file=file if file in documents else (documents[0] if documents else ""),
    )


def _form(visit: Visit, found: Item) -> tuple[Form | None, str]:
    """Return the form of a submission that can be fixed, else why it can only be returned."""
    if found.state not in (ItemState.TO_FIX, ItemState.WAITING):
        return None, ""
    try:
        fixing.expect_fixable(found)
    except Rejected:
        return None, "package"
    try:
        return desk.form(visit.archive, found.name, visit.viewer), ""
    except (Rejected, NotHeld):
        return None, "description"


@router.get("/reception/{batch_id}/{number}/page.jpg")
def picture(batch_id: str, number: int, visit: Visit = Depends(needs(Right.INGEST))) -> Response:
    """Give a page of a file of a submission as a picture."""
    query, name = visit.request.query_params, f"{batch_id}.{number}"
    desk.item(visit.archive, name, visit.viewer)
    at = query.get("page", "1")
    try:
        with fixing.as_file(visit.archive, name, query.get("file", "")) as path:
            made = pictures.of_page(path, int(at) if at.isdecimal() else 1, PICTURE)
    except UnsafeInput:
        return Response((HERE / "static" / "no-page.svg").read_bytes(), media_type="image/svg+xml")
    return Response(made, media_type="image/jpeg")


@router.post("/reception/{batch_id}/{number}/fix", response_class=HTMLResponse)
def fix(batch_id: str, number: int, visit: Visit = Depends(needs(Right.INGEST))) -> Response:
    """Correct a submission and take it in."""
    name = f"{batch_id}.{number}"
    form = desk.form(visit.archive, name, visit.viewer)
    try:
        fixed = desk.fix(
            visit.archive, name, _changes(visit, form), visit.viewer, reason=visit.field("reason")
        )
    except (UsageError, Rejected) as error:
        return _item(visit, name, error)
    back = f"/reception/{batch_id}"
    return see_other(back if fixed.state is ItemState.HELD else f"{back}/{number}")


def _changes(visit: Visit, form: Form) -> Mapping[str, str | None]:
    """Return the fields of a form that somebody has changed."""
    changed = {}
    for field in form.fields:
        name = f"place:{field.place}"
        if name in visit.form and visit.field(name) != field.value.strip():
            changed[field.place] = visit.field(name) or None
    return changed


@router.post("/reception/{batch_id}/{number}/return", response_class=HTMLResponse)
def give_back(batch_id: str, number: int, visit: Visit = Depends(needs(Right.INGEST))) -> Response:
    """Return a submission to its producer."""
    name = f"{batch_id}.{number}"
    try:
        desk.give_back(visit.archive, name, visit.viewer, reason=visit.field("reason"))
    except UsageError as error:
        return _item(visit, name, error)
    return see_other(f"/reception/{batch_id}/{number}")


@router.get("/reception/{batch_id}/{number}/note.pdf")
def note(batch_id: str, number: int, visit: Visit = Depends(needs(Right.INGEST))) -> Response:
    """Hand out the return note of a submission."""
    found = desk.item(visit.archive, f"{batch_id}.{number}", visit.viewer)
    return _paper(visit, found.note, f"phieu-tra-{found.name}.pdf")
