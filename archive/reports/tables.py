"""Audits as CSV, XML and JSON, written as they are read."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import XMLGenerator
from xml.sax.xmlreader import AttributesImpl

from archive.reports.figures import COLUMNS, row

NAMESPACE = "urn:kho:signature-audit:1"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(path: Path, outcomes: Iterable[Mapping[str, Any]]) -> int:
    """Write one row for each signature; return how many.

    With a byte order mark, so that spreadsheets read the Vietnamese; a cell that a
    spreadsheet would take for a formula gets an apostrophe in front.
    """
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(COLUMNS)
        for outcome in outcomes:
            for verdict in outcome.get("verdicts", ()):
                writer.writerow(_cell(value) for value in row(outcome, verdict).values())
                count += 1
    return count


def write_xml(path: Path, head: Mapping[str, Any], outcomes: Iterable[Mapping[str, Any]]) -> None:
    """Write an audit as XML: its head, and an element for each signature."""
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        writer = XMLGenerator(stream, "utf-8", short_empty_elements=True)
        writer.startDocument()
        facts = {k: _text(v) for k, v in head.items() if not isinstance(v, dict | list)}
        writer.startElement("signatureAudit", AttributesImpl({"xmlns": NAMESPACE, **facts}))
        for outcome in outcomes:
            for verdict in outcome.get("verdicts", ()):
                cells = row(outcome, verdict).items()
                attributes = {k: _text(v) for k, v in cells if v not in (None, "")}
                writer.ignorableWhitespace("\n ")
                writer.startElement("signature", AttributesImpl(attributes))
                writer.endElement("signature")
        writer.ignorableWhitespace("\n")
        writer.endElement("signatureAudit")
        writer.endDocument()


def write_xlsx(path: Path, outcomes: Iterable[Mapping[str, Any]]) -> int:
    """Write one row for each signature as a workbook, in bounded memory; return how many.

    Cells are texts and numbers, never formulas.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("signatures")
    sheet.freeze_panes = "A2"
    sheet.append(COLUMNS)
    count = 0
    for outcome in outcomes:
        for verdict in outcome.get("verdicts", ()):
            cells = []
            for value in row(outcome, verdict).values():
                cell = WriteOnlyCell(sheet, _text(value)[:32_000])
                cell.data_type = "s"
                cells.append(cell)
            sheet.append(cells)
            count += 1
    book.save(path)
    return count


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write an audit's head and figures."""
    text = json.dumps(document, ensure_ascii=False, indent=1, default=str)
    path.write_text(text + "\n", encoding="utf-8")


def _cell(value: Any) -> str:
    text = _text(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    # Control characters have no place in XML or in a table.
    return "".join(c if c >= " " and c not in "\ufffe\uffff" else " " for c in str(value))
