"""One dossier: its documents, signatures in words, retention and why, what happened to it."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from starlette.responses import Response

from archive import access, purposes, reading_room
from archive.model import Document
from archive.retention import explained
from archive.viewers import Right
from web.frame import VIEWER_POLICY
from web.pages.purpose import address
from web.rendering import page
from web.visits import Visit, needs

router = APIRouter(include_in_schema=False)
TABS: Final = ("viewer", "text", "pages")
PICTURES: Final = ("image/jpeg", "image/png", "image/tiff")


@router.get("/dossiers/{name}", response_class=HTMLResponse)
def show(name: str, visit: Visit = Depends(needs(Right.SEE))) -> Response:
    """Show a dossier; that it was looked at is on record."""
    archive = visit.archive
    holding = reading_room.look(archive, name, visit.viewer, person_id=visit.person_id)
    query = visit.request.query_params
    documents = holding.dossier.documents
    document = access.document_of(holding, query["doc"]) if "doc" in query else documents[0]
    tab = query.get("tab", "viewer")
    answer = page(
        visit,
        "dossier.html",
        holding=holding,
        dossier=holding.dossier,
        document=document,
        tab=tab if tab in TABS else TABS[0],
        kind=kind_of(document),
        text=reading_room.text_of(archive, holding, document) if tab == "text" else "",
        pages=reading_room.page_count(archive, holding, document) if tab == "pages" else 0,
        decision=explained(archive, holding),
        holds=reading_room.holds_on(archive, holding),
        relations=reading_room.relations(archive, holding, visit.viewer),
        purpose=purposes.stated(archive, visit.person_id, holding.dossier.id),
        purpose_address=address(holding.dossier.id, f"/dossiers/{holding.dossier.id}"),
        history=reading_room.history(archive, holding),
        most_related=reading_room.MOST_RELATED,
        latest=reading_room.LATEST,
    )
    answer.headers["Content-Security-Policy"] = VIEWER_POLICY
    return answer


def kind_of(document: Document) -> str:
    """Return how a document can be shown: `pdf`, `picture`, or `other`."""
    if document.file.media_type == "application/pdf":
        return "pdf"
    return "picture" if document.file.media_type in PICTURES else "other"
