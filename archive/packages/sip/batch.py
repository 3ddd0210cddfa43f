"""A batch: a list with one dossier in each row, and a folder of scans beside it.

The files of a row are named in its column `files`, or found by their names: the file code
or the dossier code, a dot and the ordinal, `H26.18.2026.160.001.pdf`.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from archive.findings import Finding, Severity
from archive.model import PackagePath
from archive.packages import dossier_json
from archive.packages.names import is_litter, normalised, shown
from archive.packages.safe import Limits, SurveyedFile
from archive.packages.sip import columns, tabular
from archive.packages.sip.columns import FILES, ROLES, TITLES, Column
from archive.packages.sip.submission import BATCH, Opened, Reading, SubmissionRef
from archive.packages.sip.tabular import Row, Table

_NUMBERED = re.compile(r"(?P<code>.+)\.(?P<ordinal>[0-9]{1,7})\.[A-Za-z0-9]{1,5}")
_BETWEEN = re.compile(r"[;|\n]")
_MAX_LEFTOVERS = 100
_NOTES = (".md", ".txt")


def refs(path: Path, limits: Limits) -> list[SubmissionRef]:
    """Return one reference for each row of a list.

    If the list cannot be read, or does not name what every dossier needs, there is one
    reference without a row, which carries the findings.
    """
    table = tabular.read(path, limits)
    headings, found = _understood(table, path.name)
    if any(finding.severity is Severity.ERROR for finding in found):
        return [SubmissionRef(path, BATCH, findings=tuple(found))]
    scans = _Scans(path)
    seen: dict[str, int] = {}
    rows = [_ref(path, row, headings, scans, seen) for row in table.rows]
    left = tuple(_leftovers(scans, rows))
    return [replace(rows[0], findings=(*found, *rows[0].findings, *left)), *rows[1:]]


def read(ref: SubmissionRef, opened: Opened) -> Reading:
    """Read one row as a submission; `opened.root` is the list's folder."""
    name = f"{ref.path.name}#row {ref.row}"
    found = list(ref.findings)
    if ref.row is None or any(finding.severity is Severity.ERROR for finding in found):
        return Reading(None, {}, found)
    files, more = _files(ref, opened, name)
    found += more
    content = _description(ref)
    dossier, more = dossier_json.from_json(content, today=opened.today, name=name)
    found += [replace(finding, path=finding.path.replace("#/", "/", 1)) for finding in more]
    return Reading(dossier, files, found)


class _Scans:
    """The files below a list's folder, by name and by the code that they begin with."""

    def __init__(self, path: Path) -> None:
        self.names = [
            name
            for name in sorted(_below(path.parent))
            if not is_litter(name) and not _is_beside(name)
        ]
        self.by_code: dict[str, list[tuple[int, str]]] = {}
        self.by_name: dict[str, list[str]] = {}
        for name in self.names:
            last = normalised(name.rpartition("/")[2])
            self.by_name.setdefault(last, []).append(name)
            if match := _NUMBERED.fullmatch(last):
                self.by_code.setdefault(match["code"], []).append((int(match["ordinal"]), name))

    def numbered(self, codes: Iterable[str | None]) -> tuple[str, ...]:
        """Return the files that begin with the first of the codes that has any, in order."""
        for code in codes:
            if code and code in self.by_code:
                return tuple(name for _, name in sorted(self.by_code[code]))
        return ()

    def named(self, written: str) -> str:
        """Return the file that a list means: as written, or the only one of that name."""
        wanted = normalised(written)
        exact = [name for name in self.by_name.get(_last(wanted), []) if normalised(name) == wanted]
        same = self.by_name.get(wanted, [])
        if exact:
            return exact[0]
        return same[0] if len(same) == 1 else written


def _understood(table: Table, name: str) -> tuple[list[Column | None], list[Finding]]:
    """Return the column of each heading, and what is wrong with the headings."""
    found = list(table.findings)
    headings = [columns.by_heading(heading) for heading in table.headings]
    for index, (heading, column) in enumerate(zip(table.headings, headings, strict=True)):
        path = f"{name}#column {index + 1}"
        if column is None and (heading or any(row.cells[index] for row in table.rows)):
            near = columns.nearest(heading)
            hint = f"; is “{near}” meant?" if near else ""
            message = f"heading {shown(heading)!r} is not known{hint}"
            found.append(Finding("KHO-CSV-HEADING", Severity.ERROR, path, message))
        elif column is not None and column in headings[:index]:
            message = f"{column.code} stands over two columns"
            found.append(Finding("KHO-CSV-HEADING", Severity.ERROR, path, message))
    present = {column.code for column in headings if column is not None}
    if table.headings:
        for column in columns.columns().values():
            if column.required and column.code not in present | _instead(present):
                message = f"there is no column {column.code} ({column.vi})"
                found.append(Finding("KHO-CSV-COLUMN", Severity.ERROR, name, message))
    return headings, found


def _instead(present: set[str]) -> set[str]:
    return {"dossierCode"} if "dossierCodeOld" in present else set()


def _ref(
    path: Path,
    row: Row,
    headings: list[Column | None],
    scans: _Scans,
    seen: dict[str, int],
) -> SubmissionRef:
    cells = {
        column.code: columns.meaning(column, cell)
        for column, cell in zip(headings, row.cells, strict=True)
        if column is not None and cell
    }
    found = [*row.findings]
    code = cells.get("dossierCode") or cells.get("dossierCodeOld") or ""
    first = seen.setdefault(code, row.number)
    if code and first != row.number:
        message = f"the dossier code stands in row {first} already; one row is one dossier"
        place = f"{path.name}#row {row.number}/dossierCode"
        found.append(Finding("KHO-CSV-REPEATED", Severity.ERROR, place, message))
    written = [part.strip() for part in _BETWEEN.split(cells.get(FILES.code, ""))]
    files = tuple(scans.named(part) for part in written if part) or scans.numbered(
        (cells.get("fileCode"), cells.get("dossierCode"), cells.get("dossierCodeOld"))
    )
    return SubmissionRef(path, BATCH, row.number, cells, tuple(found), files)


def _leftovers(scans: _Scans, rows: list[SubmissionRef]) -> Iterator[Finding]:
    used = {name for row in rows for name in row.files}
    left = [name for name in scans.names if name not in used]
    for name in left[:_MAX_LEFTOVERS]:
        message = "no row of the list names this file; it is not taken in"
        yield Finding("KHO-FILE-EXTRA", Severity.WARNING, shown(name), message)
    if len(left) > _MAX_LEFTOVERS:
        message = f"{len(left) - _MAX_LEFTOVERS} more files are named by no row"
        yield Finding("KHO-FILE-EXTRA", Severity.WARNING, "", message)


def _description(ref: SubmissionRef) -> dict[str, Any]:
    """Return a row in the shape of `dossier.json`."""
    content: dict[str, Any] = {"dossier": {}, "tthc": {"applicant": {}}}
    for code, value in ref.cells.items():
        column = columns.columns()[code]
        if column.place:
            *above, last = column.place.split("/")
            part = content
            for member in above:
                part = part.setdefault(member, {})
            part[last] = value
    if (important := content["tthc"].get("important")) in ("0", "1"):
        content["tthc"]["important"] = important == "1"
    content["documents"] = list(_documents(ref))
    return content


def _documents(ref: SubmissionRef) -> Iterator[dict[str, Any]]:
    titles = _split(ref.cells.get(TITLES.code, ""))
    roles = _split(ref.cells.get(ROLES.code, ""))
    for index, name in enumerate(ref.files):
        yield {
            "file": normalised(name),
            "title": _at(titles, index) or Path(name).stem,
            "role": _at(roles, index) or "component",
        }


def _files(
    ref: SubmissionRef, opened: Opened, name: str
) -> tuple[dict[PackagePath, SurveyedFile], list[Finding]]:
    """Return a row's files; links and whatever leads out of the folder are refused."""
    files: dict[PackagePath, SurveyedFile] = {}
    found: list[Finding] = []
    top = opened.root.resolve()
    if not ref.files:
        message = "names no file, and no file's name begins with its file code or dossier code"
        found.append(Finding("KHO-FILE-MISSING", Severity.ERROR, f"{name}/files", message))
    for written in ref.files:
        place = opened.root / written
        try:
            status = place.lstat()
            inside = place.resolve().is_relative_to(top)
        except (OSError, ValueError):
            continue  # reported as missing when the description is held against the files
        if not inside or not stat.S_ISREG(status.st_mode):
            message = "is a link, a device or lies outside the list's folder"
            found.append(Finding("KHO-NAME-LINK", Severity.ERROR, shown(written), message))
        elif status.st_size > opened.limits.max_file_bytes:
            message = f"has {status.st_size} bytes; {opened.limits.max_file_bytes} are taken"
            found.append(Finding("KHO-LIMIT-SIZE", Severity.ERROR, shown(written), message))
        else:
            files[normalised(written)] = SurveyedFile(place, status.st_size)
    return files, found


def _split(text: str) -> list[str]:
    return [part.strip() for part in _BETWEEN.split(text)] if text else []


def _at(parts: list[str], index: int) -> str | None:
    return parts[index] if index < len(parts) else None


def _last(name: str) -> PackagePath:
    return PackagePath(name.rpartition("/")[2])


def _is_beside(name: str) -> bool:
    """Whether a file in the list's own folder is a list or a note, not a scan."""
    return "/" not in name and name.lower().endswith((*tabular.SUFFIXES, *_NOTES))


def _below(folder: Path) -> Iterator[str]:
    for above, folders, names in os.walk(folder):
        folders.sort()
        prefix = Path(above).relative_to(folder).as_posix()
        for name in names:
            yield name if prefix == "." else f"{prefix}/{name}"
