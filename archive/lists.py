"""Lists: what a search finds as CSV or XLSX, identity numbers masked."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from archive import purposes
from archive.access import Question, search
from archive.assembly import Archive
from archive.catalogue import journal
from archive.catalogue.dossiers import Holding
from archive.errors import NotPermitted
from archive.events import Event, EventType
from archive.masking import IDENTITY, masked
from archive.purposes import Act
from archive.viewers import Right, Viewer

MAX_ROWS: Final = 10_000
COLUMNS: Final = (
    "code", "title", "applicant", "agency", "agency_name", "procedure", "procedure_name",
    "received_on", "closed_on", "status", "result", "signature_outcome", "retention_action",
    "retention_due_on", "id",
)  # fmt: skip
_PAGE: Final = 500
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def as_csv(archive: Archive, question: Question, viewer: Viewer, person_id: str = "") -> bytes:
    """Return the list as CSV (RFC 4180) in UTF-8 with a byte order mark, for spreadsheets.

    Raises:
        NotPermitted: `viewer` may not take lists away.
        PurposeNeeded: the settings ask what identity numbers are looked up for.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(
        [_harmless(cell) for cell in row] for row in _listed(archive, question, viewer, person_id)
    )
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def as_xlsx(archive: Archive, question: Question, viewer: Viewer, person_id: str = "") -> bytes:
    """Return the list as a workbook with one sheet. Errors as `as_csv`."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Kho")
    sheet.append(COLUMNS)
    for row in _listed(archive, question, viewer, person_id):
        cells = [WriteOnlyCell(sheet, _printable(value)) for value in row]
        for cell in cells:
            cell.data_type = "s"  # text, whatever it begins with
        sheet.append(cells)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _listed(
    archive: Archive, question: Question, viewer: Viewer, person_id: str
) -> list[Sequence[str]]:
    if not viewer.may(Right.DOWNLOAD):
        raise NotPermitted("your roles do not include taking lists away")
    purpose = ""
    if IDENTITY.search(question.text):
        purpose = purposes.settled(archive, Act.IDENTITY_SEARCH, None, "", person_id)
    rows = [_row(holding) for holding in _found(archive, question, viewer)]
    details = {"what": "list", "rows": len(rows), **({"purpose": purpose} if purpose else {})}
    event = Event(EventType.DISSEMINATION, archive.clock(), "success", viewer.account, "", details)
    with archive.catalogue.begin() as connection:
        journal.append(connection, event)
    return rows


def _found(archive: Archive, question: Question, viewer: Viewer) -> Iterator[Holding]:
    cursor, left = None, MAX_ROWS
    while left > 0:
        part = replace(question, limit=min(_PAGE, left), cursor=cursor, facets=(), snippets=False)
        answer = search(archive, part, viewer)
        yield from (found.holding for found in answer.found)
        left, cursor = left - _PAGE, answer.cursor
        if cursor is None:
            return


def _row(holding: Holding) -> Sequence[str]:
    dossier, due = holding.dossier, holding.due
    return (
        dossier.code, masked(dossier.title), masked(dossier.applicant.name), dossier.agency,
        dossier.agency_name or "", dossier.procedure, dossier.procedure_name or "",
        dossier.received_on.isoformat(), dossier.closed_on.isoformat() if dossier.closed_on else "",
        dossier.status.value, dossier.result.number if dossier.result else "",
        holding.signature_outcome, (due.action or "") if due else "",
        due.due_on.isoformat() if due and due.due_on else "", dossier.id,
    )  # fmt: skip


def _harmless(cell: str) -> str:
    """Return a cell that no spreadsheet runs as a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)
