"""Dossiers: found, described, handed out; why each is kept."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response, StreamingResponse

from archive import access, passport, reading_room, statements
from archive.access import Question
from archive.catalogue.holding import Holding
from archive.errors import QueryRejected
from archive.heads import version_of
from archive.model import Document
from archive.retention import explained
from archive.search import Sort
from archive.viewers import Right
from web.api.calls import Call, answer, day, needs, paged
from web.api.contract import ERRORS, PREFIX, bytes_told, told
from web.pages.dossier_files import digest_headers, held_back
from web.rendering import attachment

router = APIRouter(prefix=PREFIX, tags=["dossiers"], responses=ERRORS)
FILTERS: Final = ("procedure", "agency", "year", "status", "signature_outcome", "fonds", "access")
_RANGE: Final = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")
Values = Annotated[list[str] | None, Query(max_length=50)]
Purpose = Annotated[
    str,
    Query(max_length=500, description="What for; it goes to the journal, and some dossiers ask it"),
]
Number = Annotated[int | None, Query(ge=1, le=99999)]
DIGEST: Final = "The SHA-256 of the whole file (RFC 9530)"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a search asks for, as the address says it."""

    q: Annotated[str, Query(max_length=500, description="In the language of the search box")] = "*"
    procedure: Values = None
    agency: Values = None
    year: Values = None
    status: Values = None
    signature_outcome: Values = None
    fonds: Values = None
    access: Values = None
    facets: Annotated[bool, Query(description="Whether values are counted")] = False
    exact: Annotated[bool, Query(description="Whether typing errors are not forgiven")] = False
    sort: Sort = Sort.RELEVANCE
    limit: Annotated[int, Query(ge=1, le=200)] = 20
    cursor: Annotated[str | None, Query(max_length=2000)] = None
    purpose: Purpose = ""

    def question(self) -> Question:
        """Return the question to the archive."""
        filters = {name: tuple(values) for name in FILTERS if (values := getattr(self, name))}
        return Question(
            self.q or "*", filters, FILTERS if self.facets else (), self.sort, self.limit,
            self.cursor, not self.exact,
        )  # fmt: skip


@router.get("/search", responses={200: told("search", "One page of what was found")})
def search(asked: Annotated[Asked, Depends()], call: Call = Depends(needs(Right.SEE))) -> Response:
    """Find dossiers: codes, names with or without accents, numbers, words in the papers."""
    found = reading_room.ask(call.archive, asked.question(), call.viewer, purpose=asked.purpose)
    if fatal := [each for each in found.diagnostics if each.fatal]:
        raise QueryRejected(fatal[0].message, where="q", hint=fatal[0].suggestion)
    return paged(call, statements.of_answer(found), found.cursor)


@router.get("/dossiers/{name}", responses={200: told("show", "Everything known of it")})
def show(name: str, purpose: Purpose = "", call: Call = Depends(needs(Right.SEE))) -> Response:
    """Describe a dossier, by its id or code. That it was looked at is on record."""
    holding = reading_room.look(call.archive, name, call.viewer, purpose=purpose)
    return answer(statements.of_holding(call.archive, holding))


@router.get(
    "/dossiers/{name}/retention",
    responses={200: told("retention-explain", "The decision with its reasons")},
)
def retention(
    name: str,
    as_of: str | None = None,
    purpose: Purpose = "",
    call: Call = Depends(needs(Right.SEE)),
) -> Response:
    """Say why a dossier is kept, until when, and what then, as of any day. A look, on record."""
    on = day(as_of, call.archive)
    holding = reading_room.look(call.archive, name, call.viewer, purpose=purpose)
    decision = explained(call.archive, holding, as_of=on)
    return answer(statements.of_retention(holding, decision, on))


@router.get(
    "/dossiers/{name}/files/{file}",
    responses={
        200: bytes_told("The original, bit for bit", ETag="Its SHA-256", Repr_Digest=DIGEST),
        206: bytes_told("The part that `Range` asks for", Content_Range="Which part"),
        304: {"description": "`If-None-Match` names what it is"},
        416: {"description": "There is no such part"},
    },
)
def original(
    name: str, file: str, purpose: Purpose = "", call: Call = Depends(needs(Right.DOWNLOAD))
) -> Response:
    """Hand out an original by its path, name or number, whole or in part; on record."""
    holding = access.find(call.archive, name, call.viewer)
    document = access.document_of(holding, file)
    headers = {
        **attachment(document.file.path.rsplit("/", 1)[-1]),
        **digest_headers(document.file.sha256, document.file.size),
        "Accept-Ranges": "bytes",
    }
    asked = call.request.headers
    if _matches(asked.get("if-none-match", ""), document.file.sha256):
        return Response(status_code=304, headers={"ETag": headers["ETag"]})
    whole = asked.get("if-range", headers["ETag"]) != headers["ETag"]
    part = None if whole else _part(asked.get("range"), document.file.size)
    if part == ():
        return Response(status_code=416, headers={"Content-Range": f"bytes */{document.file.size}"})
    reading_room.take_away(call.archive, holding, document.file.path, call.viewer, purpose=purpose)
    if part is None:
        return _whole(call, holding, document, headers)
    return _partly(call, holding, document, headers, part)


def _matches(header: str, sha256: str) -> bool:
    return header.strip() == "*" or f'"{sha256}"' in header


def _part(header: str | None, size: int) -> tuple[int, int] | tuple[()] | None:
    """Return offset and length; () if there is no such part; None for the whole (RFC 9110, 14)."""
    found = _RANGE.fullmatch(header.strip()) if header else None
    if found is None or found[1] == found[2] == "":
        return None
    if not found[1]:  # the last bytes
        length = min(int(found[2]), size)
        return (size - length, length) if length else ()
    first, last = int(found[1]), min(int(found[2] or size), size - 1)
    if found[2] and int(found[2]) < first:
        return None
    return (first, last - first + 1) if first < size else ()


def _whole(call: Call, holding: Holding, document: Document, headers: dict[str, str]) -> Response:
    pieces = held_back(reading_room.open_original(call.archive, holding, document))
    return StreamingResponse(pieces, headers=headers, media_type=document.file.media_type)


def _partly(
    call: Call, holding: Holding, document: Document, headers: dict[str, str],
    part: tuple[Any, ...],
) -> Response:  # fmt: skip
    offset, length = part
    headers |= {
        "Content-Range": f"bytes {offset}-{offset + length - 1}/{document.file.size}",
        "Content-Length": str(length),
    }
    pieces = reading_room.open_part(call.archive, holding, document, offset, length)
    return StreamingResponse(pieces, 206, headers, document.file.media_type)


@router.get(
    "/dossiers/{name}/package",
    responses={200: bytes_told("The sealed package as it is stored", "application/zip")},
)
def package(
    name: str,
    version: Number = None,
    purpose: Purpose = "",
    call: Call = Depends(needs(Right.DOWNLOAD)),
) -> Response:
    """Hand out a version's archival package, the latest by default; on record."""
    holding = access.find(call.archive, name, call.viewer)
    wanted = version_of(holding, version)
    reading_room.take_away(
        call.archive, holding, f"package v{wanted.number}", call.viewer, purpose=purpose
    )
    headers = {
        **attachment(f"{holding.dossier.code}-v{wanted.number}.zip"),
        **digest_headers(wanted.sha256, wanted.size),
    }
    pieces = held_back(reading_room.open_package(call.archive, wanted))
    return StreamingResponse(pieces, headers=headers, media_type="application/zip")


@router.get(
    "/dossiers/{name}/passport",
    responses={200: bytes_told("A ZIP that proves the record without Kho", "application/zip")},
)
def record_passport(
    name: str,
    version: Number = None,
    purpose: Purpose = "",
    call: Call = Depends(needs(Right.DOWNLOAD)),
) -> Response:
    """Make a version's passport: cover, proofs, a verifier of one file; on record."""
    holding = access.find(call.archive, name, call.viewer)
    made = passport.hand_out(call.archive, holding, call.viewer, version, purpose=purpose)
    headers = attachment(passport.file_name(holding, made))
    return Response(made.content, headers=headers, media_type="application/zip")
