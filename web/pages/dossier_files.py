"""A dossier's files: originals bit for bit, pictures of pages, the first page small."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from fastapi import APIRouter, Depends
from starlette.responses import Response, StreamingResponse

from archive import access, heads, proving, reading_room
from archive import passport as passports
from archive.catalogue.holding import Holding
from archive.errors import UnsafeInput
from archive.model import Document
from archive.viewers import Right
from web.rendering import HERE, attachment
from web.visits import Visit, needs

router = APIRouter(include_in_schema=False)
SMALL = 176
LARGE = 1100


@router.get("/dossiers/{name}/files/{file}")
def download(name: str, file: str, visit: Visit = Depends(needs(Right.DOWNLOAD))) -> Response:
    """Hand out an original; that it was taken away is on record."""
    holding = access.find(visit.archive, name, visit.viewer)
    document = access.document_of(holding, file)
    reading_room.take_away(
        visit.archive, holding, document.file.path, visit.viewer, person_id=visit.person_id
    )
    headers = attachment(document.file.path.rsplit("/", 1)[-1])
    return _original(visit, holding, document, headers)


@router.get("/dossiers/{name}/package")
def package(name: str, visit: Visit = Depends(needs(Right.DOWNLOAD))) -> Response:
    """Hand out a version's package as it is stored, the latest or `?version=`."""
    holding = access.find(visit.archive, name, visit.viewer)
    version = heads.version_of(holding, _version(visit))
    file = version.place.rsplit("/", 1)[-1]
    reading_room.take_away(
        visit.archive,
        holding,
        f"package v{version.number}",
        visit.viewer,
        person_id=visit.person_id,
    )
    headers = {
        **attachment(f"{holding.dossier.code}-{file}"),
        **digest_headers(version.sha256, version.size),
    }
    pieces = held_back(reading_room.open_package(visit.archive, version))
    return StreamingResponse(pieces, headers=headers, media_type="application/zip")


@router.get("/dossiers/{name}/evidence")
def evidence(name: str, visit: Visit = Depends(needs(Right.DOWNLOAD))) -> Response:
    """Hand out the evidence record (RFC 4998) of a version."""
    holding = access.find(visit.archive, name, visit.viewer)
    version = heads.version_of(holding, _version(visit))
    record = proving.record_for(visit.archive, holding, version.number)
    reading_room.take_away(
        visit.archive,
        holding,
        f"evidence v{version.number}",
        visit.viewer,
        person_id=visit.person_id,
    )
    headers = attachment(f"{holding.dossier.code}-v{version.number}.er")
    return Response(record, media_type="application/octet-stream", headers=headers)


@router.post("/dossiers/{name}/passport")
def passport(name: str, visit: Visit = Depends(needs(Right.DOWNLOAD))) -> Response:
    """Hand out a version's passport: one file with which anybody proves the record."""
    holding = access.find(visit.archive, name, visit.viewer)
    number = visit.field("version")
    made = passports.hand_out(
        visit.archive, holding, visit.viewer, _number(number),
        person_id=visit.person_id, purpose=visit.field("purpose"),
    )  # fmt: skip
    headers = attachment(passports.file_name(holding, made))
    return Response(made.content, media_type="application/zip", headers=headers)


def _version(visit: Visit) -> int | None:
    return _number(visit.request.query_params.get("version", ""))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else None


@router.get("/dossiers/{name}/files/{file}/view")
def view(name: str, file: str, visit: Visit = Depends(needs(Right.SEE))) -> Response:
    """Give an original to the viewer on the page."""
    holding = reading_room.glance(
        visit.archive, name, visit.viewer, person_id=visit.person_id, what=file
    )
    document = access.document_of(holding, file)
    # Whatever it is, a browser that opens it by itself must not run anything in it.
    headers = {"Content-Security-Policy": "sandbox; default-src 'none'"}
    return _original(visit, holding, document, headers)


def _original(
    visit: Visit, holding: Holding, document: Document, headers: dict[str, str]
) -> Response:
    told = {**headers, **digest_headers(document.file.sha256, document.file.size)}
    # The last piece is sent only after the digest was found right: a damaged file breaks off.
    pieces = held_back(reading_room.open_original(visit.archive, holding, document))
    return StreamingResponse(pieces, headers=told, media_type=document.file.media_type)


def digest_headers(sha256: str, size: int) -> dict[str, str]:
    """Return the headers that say what the bytes are before they come."""
    digest = base64.b64encode(bytes.fromhex(sha256)).decode()
    return {
        "Content-Length": str(size),
        "Repr-Digest": f"sha-256=:{digest}:",  # RFC 9530
        "ETag": f'"{sha256}"',
    }


def held_back(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield each piece when the next one is there, the last one when there is no more."""
    last = b""
    for piece in pieces:
        if last:
            yield last
        last = piece
    if last:
        yield last


@router.get("/dossiers/{name}/files/{file}/pages/{number}.jpg")
def picture(
    name: str, file: str, number: int, visit: Visit = Depends(needs(Right.SEE))
) -> Response:
    """Give a page as a picture, for browsers without scripts."""
    holding = reading_room.glance(
        visit.archive, name, visit.viewer, person_id=visit.person_id, what=f"{file} {number}"
    )
    document = access.document_of(holding, file)
    made = reading_room.picture(visit.archive, holding, document, number, LARGE)
    return Response(made, media_type="image/jpeg")


@router.get("/dossiers/{name}/thumbnail.jpg")
def thumbnail(name: str, visit: Visit = Depends(needs(Right.SEE))) -> Response:
    """Give the first page of the first document, too small to be read."""
    holding = access.find(visit.archive, name, visit.viewer)
    document = holding.dossier.documents[0]
    try:
        made = reading_room.picture(visit.archive, holding, document, 1, SMALL)
    except UnsafeInput:
        return Response((HERE / "static" / "no-page.svg").read_bytes(), media_type="image/svg+xml")
    return Response(made, media_type="image/jpeg")
