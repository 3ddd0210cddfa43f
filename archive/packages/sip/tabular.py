"""Tables from outside: CSV in the encodings that offices write, and XLSX within bounds.

Text in fonts from before Unicode is reported, never guessed; a formula is not a value.
"""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from functools import partial
from pathlib import Path
from typing import Any

from archive.findings import Finding, Severity
from archive.packages import safe
from archive.packages.legacy_text import looks_legacy

SUFFIXES = (".csv", ".tsv", ".xlsx")
_DELIMITERS = ";,\t"
_HINT = "sep="
_MAX_CELL = 100_000

_error = partial(Finding, severity=Severity.ERROR)
_warning = partial(Finding, severity=Severity.WARNING)

_LEGACY = "the text is in TCVN3 or VNI, not Unicode; convert it at its source"


@dataclass(frozen=True, slots=True)
class Row:
    """One row below the headings."""

    number: int
    """As a spreadsheet counts; the headings are usually row 1."""
    cells: tuple[str, ...]
    """Trimmed text in NFC; days as yyyy-mm-dd; "" where empty."""
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """What could be read of a table."""

    headings: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    findings: tuple[Finding, ...] = field(default=())
    """On the table as a whole; if one is an error there are no rows."""


def read(path: Path, limits: safe.Limits) -> Table:
    """Read a table by its suffix: `.csv`, `.tsv` or `.xlsx`. Never raises on bad content."""
    size = path.stat().st_size
    if size > limits.max_list_bytes:
        message = f"has {size} bytes; {limits.max_list_bytes} are taken"
        return Table(findings=(_error("KHO-LIMIT-SIZE", path=path.name, message=message),))
    if path.suffix.lower() == ".xlsx":
        return _read_xlsx(path, limits)
    return _read_csv(path.read_bytes(), path.name, limits)


def _read_csv(source: bytes, name: str, limits: safe.Limits) -> Table:
    text, found = _decoded(source, name)
    if text is None:
        return Table(findings=tuple(found))
    if looks_legacy(text):
        return Table(findings=(*found, _error("KHO-CSV-LEGACY", path=name, message=_LEGACY)))
    if "\0" in text:
        message = "has NUL characters in its text"
        return Table(findings=(*found, _error("KHO-CSV-SYNTAX", path=name, message=message)))
    delimiter, body = _delimiter(text)
    skipped = text[: len(text) - len(body)].count("\n")
    records = csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True)
    raw: list[tuple[int, list[str]]] = []
    try:
        for number, record in enumerate(records, start=1 + skipped):
            if len(raw) > limits.max_rows:
                message = f"has more than {limits.max_rows} rows"
                return Table(findings=(_error("KHO-LIMIT-ROWS", path=name, message=message),))
            if any(cell.strip() for cell in record):
                raw.append((number, record))
    except csv.Error as error:
        message = f"line {records.line_num}: {error}"
        return Table(findings=(*found, _error("KHO-CSV-SYNTAX", path=name, message=message)))
    rows = [Row(number, tuple(_clean(cell) for cell in record)) for number, record in raw]
    return _table(rows, name, found)


def _decoded(source: bytes, name: str) -> tuple[str | None, list[Finding]]:
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if source.startswith(mark):
            return _try(source, encoding, name, [])
    if guess := _unmarked_utf16(source):
        message = "is UTF-16 without a byte order mark"
        return _try(source, guess, name, [_warning("KHO-CSV-ENCODING", path=name, message=message)])
    try:
        return source.decode("utf-8"), []
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        message = (
            f"line {line} is not UTF-8: probably TCVN3, VNI or another 8-bit encoding; "
            "save the list as “CSV UTF-8”"
        )
        return None, [_error("KHO-CSV-LEGACY", path=name, message=message)]


def _try(
    source: bytes, encoding: str, name: str, found: list[Finding]
) -> tuple[str | None, list[Finding]]:
    try:
        return source.decode(encoding), found
    except UnicodeDecodeError:
        message = f"begins like {encoding} but is not"
        return None, [*found, _error("KHO-CSV-ENCODING", path=name, message=message)]


def _unmarked_utf16(source: bytes) -> str | None:
    head = source[:400]
    if len(head) < 4 or b"\0" not in head:
        return None
    even, odd = head[0::2].count(0), head[1::2].count(0)
    many = len(head) // 8
    if odd > max(2 * even, many):
        return "utf-16-le"
    return "utf-16-be" if even > max(2 * odd, many) else None


def _delimiter(text: str) -> tuple[str, str]:
    """Return the delimiter and the text without the `sep=` line that spreadsheets put first."""
    first, _, rest = text.partition("\n")
    hint = first.strip().strip('"')
    if hint.lower().startswith(_HINT) and len(hint) == len(_HINT) + 1:
        return hint[-1], rest
    outside = "".join(first.split('"')[0::2])
    return max(_DELIMITERS, key=outside.count), text


def _read_xlsx(path: Path, limits: safe.Limits) -> Table:
    bounds = replace(limits, max_total_bytes=4 * limits.max_list_bytes, max_files=2_000)
    found = safe.judge(path, bounds)
    if any(finding.severity is Severity.ERROR for finding in found):
        message = "the workbook is not a sound XLSX file"
        inside = (replace(finding, path=f"{path.name}/{finding.path}") for finding in found)
        return Table(
            findings=(*inside, _error("KHO-XLSX-DAMAGED", path=path.name, message=message))
        )
    try:
        rows = list(_workbook_rows(path, limits))
    except (
        KeyError,
        ValueError,
        TypeError,
        AttributeError,
        IndexError,
        SyntaxError,
        EOFError,
        OSError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        message = f"the workbook cannot be read ({type(error).__name__})"
        return Table(findings=(_error("KHO-XLSX-DAMAGED", path=path.name, message=message),))
    if len(rows) > limits.max_rows:
        message = f"has more than {limits.max_rows} rows"
        return Table(findings=(_error("KHO-LIMIT-ROWS", path=path.name, message=message),))
    text = "\n".join(cell for row in rows for cell in row.cells)
    if looks_legacy(text):
        return Table(findings=(_error("KHO-CSV-LEGACY", path=path.name, message=_LEGACY),))
    return _table(rows, path.name, [])


def _workbook_rows(path: Path, limits: safe.Limits) -> Iterator[Row]:
    import openpyxl

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on styles and extensions that do not matter here
        book = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
        try:
            sheet = book.worksheets[0]
            count = 0
            for number, cells in enumerate(sheet.iter_rows(), start=1):
                row = _xlsx_row(number, cells, path.name)
                if any(row.cells) or row.findings:
                    count += 1
                    yield row
                if count > limits.max_rows:
                    return
        finally:
            book.close()


def _xlsx_row(number: int, cells: tuple[Any, ...], name: str) -> Row:
    texts: list[str] = []
    found: list[Finding] = []
    for index, cell in enumerate(cells):
        text, problem = _xlsx_text(cell)
        texts.append(text)
        if problem:
            rule, message = problem
            path = f"{name}#row {number}/column {index + 1}"
            found.append(_error(rule, path=path, message=message))
    while texts and not texts[-1]:
        texts.pop()
    return Row(number, tuple(texts), tuple(found))


def _xlsx_text(cell: Any) -> tuple[str, tuple[str, str] | None]:
    value = cell.value
    if value is None:
        return "", None
    if cell.data_type == "f":
        return "", ("KHO-XLSX-FORMULA", "holds a formula; paste its value instead")
    if cell.data_type == "e":
        return "", ("KHO-XLSX-ERROR", "holds an error value of the spreadsheet")
    if isinstance(value, datetime):
        if value.time() != time():
            return "", ("KHO-XLSX-DATE", "holds a time of day; a day is expected")
        return value.date().isoformat(), None
    if isinstance(value, date):
        return value.isoformat(), None
    if isinstance(value, bool):
        return str(int(value)), None
    if isinstance(value, float) and value.is_integer():
        return str(int(value)), None
    return _clean(str(value)), None


def _table(rows: list[Row], name: str, found: list[Finding]) -> Table:
    if not rows:
        return Table(findings=(*found, _error("KHO-CSV-EMPTY", path=name, message="has no rows")))
    headings, *below = rows
    findings = [*found, *headings.findings]
    width = len(headings.cells)
    checked = [_fitted(row, width, name) for row in below]
    if not checked:
        message = "has headings but no rows below them"
        findings.append(_error("KHO-CSV-EMPTY", path=name, message=message))
    return Table(headings.cells, tuple(checked), tuple(findings))


def _fitted(row: Row, width: int, name: str) -> Row:
    cells = row.cells
    found = list(row.findings)
    if any(cells[width:]):
        message = (
            f"has {len(cells)} cells, the headings have {width}; "
            "put a cell that contains the separator in double quotes"
        )
        found.append(_error("KHO-CSV-WIDTH", path=f"{name}#row {row.number}", message=message))
    if any(len(cell) > _MAX_CELL for cell in cells):
        message = "has a cell that is longer than any field"
        found.append(_error("KHO-CSV-WIDTH", path=f"{name}#row {row.number}", message=message))
    for column, cell in enumerate(cells, 1):
        if looks_legacy(cell, least=2):
            place = f"{name}#row {row.number}/column {column}"
            found.append(_error("KHO-CSV-LEGACY", path=place, message=_LEGACY))
    filled = (*cells[:width], *[""] * (width - len(cells)))
    return Row(row.number, filled, tuple(found))


def _clean(text: str) -> str:
    return unicodedata.normalize("NFC", text).strip()
