"""Submissions: the one-stop portal hands dossiers over; they go through the ingest queue."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response

from archive import handing_over, reception
from archive.errors import NotHeld, UnsafeInput, UsageError
from archive.fixity import chunks
from archive.handing_over import HandedOver
from archive.reception import Batch, Item, desk
from archive.viewers import Right
from web.api.calls import Call, answer, needs, paged
from web.api.contract import ERRORS, PREFIX, told
from web.visits import declared_bytes

router = APIRouter(prefix=PREFIX, tags=["submissions"], responses=ERRORS)
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        max_length=200,
        description="The same key again, with the same content: the same answer, and nothing more",
    ),
]
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                            "description": "E-ARK SIP, bag or plain ZIP; or a list and its files",
                        },
                        "producer": {"type": "string", "maxLength": 200},
                    },
                }
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["drop"],
                    "properties": {
                        "drop": {
                            "type": "string",
                            "maxLength": 1000,
                            "description": "Path below the drop folder of the settings",
                        },
                        "producer": {"type": "string", "maxLength": 200},
                    },
                }
            },
        },
    }
}


@router.post(
    "/submissions",
    status_code=202,
    openapi_extra=_BODY,
    responses={
        202: told("submission", "Received; ask for its status", Location="Where its status is"),
        200: told("submission", "It was received before"),
    },
)
async def submit(key: Key = None, call: Call = Depends(needs(Right.INGEST))) -> Response:
    """Hand submissions over: files, or a reference to the drop folder."""
    kind = call.request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind == "multipart/form-data":
        # It is received once, and then put into the batch's inbox.
        reception.expect_room(call.archive, 2 * declared_bytes(call.request))
        async with call.request.form(max_files=1000, max_fields=10) as form:
            made = await run_in_threadpool(_of_form, call, form, key)
    elif kind == "application/json":
        made = await run_in_threadpool(_of_drop, call, await _asked(call), key)
    else:
        raise UsageError("send multipart/form-data, or JSON with `drop`", where="content-type")
    call.request.app.state.work.wake()
    headers = {"Location": f"{PREFIX}/submissions/{made.batch.id}"}
    status = 202 if made.fresh else 200
    return answer(await run_in_threadpool(_status, call, made.batch), status, headers)


async def _asked(call: Call) -> dict[str, Any]:
    try:
        asked = await call.request.json()
    except ValueError:
        raise UsageError("the body is not JSON", where="body") from None
    if not isinstance(asked, dict) or not isinstance(asked.get("drop"), str):
        raise UsageError("`drop` names a submission in the drop folder", where="drop")
    return asked


def _of_form(call: Call, form: FormData, key: str | None) -> HandedOver:
    files = [each for each in form.getlist("file") if isinstance(each, UploadFile)]
    if not files:
        raise UsageError("the form has no `file`", where="file")
    digest = hashlib.sha256()
    for each in files:
        reception.checked_name(each.filename or "")
        digest.update(f"{each.filename}\0{each.size}\0".encode())
        for piece in chunks(each.file):
            digest.update(piece)
        each.file.seek(0)
    producer = form.get("producer")

    def fill(batch: Batch) -> None:
        for each in files:
            reception.receive(call.archive, batch.id, each.filename or "", each.file)

    return handing_over.hand_over(
        call.archive, call.caller.person, call.viewer, fill,
        producer=producer if isinstance(producer, str) else "", key=key,
        digest=digest.hexdigest(),
    )  # fmt: skip


def _of_drop(call: Call, asked: dict[str, Any], key: str | None) -> HandedOver:
    source = _dropped(call, asked["drop"])
    producer = asked.get("producer", "")
    trace = "\0".join(
        f"{p.relative_to(source)} {p.stat().st_size} {p.stat().st_mtime_ns}"
        for p in (sorted(source.rglob("*")) if source.is_dir() else [source])
        if p.is_file() and not p.is_symlink()
    )
    digest = hashlib.sha256(f"{source.name}\0{trace}".encode()).hexdigest()

    def fill(batch: Batch) -> None:
        reception.add_path(call.archive, batch.id, source)

    return handing_over.hand_over(
        call.archive, call.caller.person, call.viewer, fill,
        producer=producer if isinstance(producer, str) else "", key=key, digest=digest,
    )  # fmt: skip


def _dropped(call: Call, name: str) -> Path:
    """Return what a reference to the drop folder means; it never leads out of the folder."""
    folder = call.archive.settings.text("web.drop_folder")
    if not folder:
        raise NotHeld("there is no drop folder", hint='web.drop_folder = "…" in kho.toml')
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or not name.isprintable():
        raise UnsafeInput("the reference leads out of the drop folder", where="drop")
    root = call.archive.settings.path("web.drop_folder").resolve()
    place = root.joinpath(*parts)
    if not _exists(place):
        raise NotHeld("there is nothing of this name in the drop folder", where=name[:200])
    if not place.resolve().is_relative_to(root) or place.resolve() == root:
        raise UnsafeInput("the reference leads out of the drop folder", where="drop")
    return place


def _exists(place: Path) -> bool:
    try:
        return place.exists()
    except OSError:  # longer than any name can be, for example
        return False


@router.get("/submissions", responses={200: told("submissions", "What this system handed over")})
def listed(
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    call: Call = Depends(needs(Right.INGEST)),
) -> Response:
    """List what the token's system handed over, the latest first."""
    found = reception.batches(
        call.archive, by=call.caller.person.account, before=cursor, limit=limit
    )
    following = found[-1].id if len(found) == limit else None
    page = {"submissions": [_summary(each) for each in found], "cursor": following}
    return paged(call, page, following)


@router.get("/submissions/{submission}", responses={200: told("submission", "How far it got")})
def status(submission: str, call: Call = Depends(needs(Right.INGEST))) -> Response:
    """Say what became of each dossier of a submission, with every finding."""
    return answer(_status(call, desk.batch(call.archive, submission, call.viewer)))


@router.get(
    "/submissions/{submission}/receipts",
    responses={200: told("receipts", "A receipt for each dossier that is held")},
)
def receipts(submission: str, call: Call = Depends(needs(Right.INGEST))) -> Response:
    """Return the receipts of what is held."""
    found = desk.items(call.archive, submission, call.viewer)
    return answer([each.receipt for each in found if each.receipt is not None])


def _status(call: Call, batch: Batch) -> dict[str, Any]:
    items = desk.items(call.archive, batch.id, call.viewer)
    return {
        "id": batch.id,
        "producer": batch.producer,
        "opened_at": batch.opened_at,
        "closed_at": batch.closed_at,
        "working": not items or any(each.state == "waiting" for each in items),
        "items": [_item(each) for each in items],
    }


def _item(item: Item) -> dict[str, Any]:
    return {
        "name": item.name,
        "label": item.label,
        "state": item.state,
        "code": item.code,
        "title": item.title,
        "findings": item.findings,
        "receipt": item.receipt,
        "reason": item.reason,
        "changed_at": item.changed_at,
    }


def _summary(batch: Batch) -> dict[str, Any]:
    return {
        "id": batch.id,
        "producer": batch.producer,
        "opened_at": batch.opened_at,
        "closed_at": batch.closed_at,
        "counts": {state.value: count for state, count in batch.counts.items()},
    }
