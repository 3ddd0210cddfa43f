"""Corrections laid over a copy of a submission; what was handed over is never changed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from archive.assembly import Archive
from archive.catalogue.reception import Item
from archive.errors import Rejected
from archive.packages import json_text, sip
from archive.packages.dossier_json import FILE_NAME
from archive.packages.sip import SubmissionRef
from archive.packages.sip.submission import BATCH, FOLDER

Content = dict[str, Any]


@contextmanager
def laid(archive: Archive, item: Item, ref: SubmissionRef) -> Iterator[SubmissionRef]:
    """Yield a submission with its corrections in it; without any, as it came.

    Raises:
        Rejected: it is of a kind that cannot be corrected here.
    """
    if not item.corrections:
        yield ref
        return
    if ref.kind == BATCH:
        cells = {**ref.cells, **item.corrections}
        yield replace(ref, cells={k: v for k, v in cells.items() if v is not None})
        return
    with tempfile.TemporaryDirectory(dir=archive.scratch, prefix="fix-") as room:
        place = _plain(archive, ref, Path(room))
        content = corrected(_content(archive, place) or {}, item.corrections)
        told = json.dumps(content, ensure_ascii=False, indent=2)
        (place / FILE_NAME).unlink()
        (place / FILE_NAME).write_text(told, encoding="utf-8")
        yield SubmissionRef(place, FOLDER, name=ref.name)


def _plain(archive: Archive, ref: SubmissionRef, room: Path) -> Path:
    place = sip.unpacked(ref, room / "plain", archive.limits)
    if place is None:
        raise Rejected(
            "a submission of this kind cannot be corrected here",
            where=ref.label,
            hint="return it to its producer: kho queue return",
        )
    return place


def description(archive: Archive, item: Item, ref: SubmissionRef) -> Content | None:
    """Return what a submission says of itself, with its corrections; None if it is not readable."""
    if ref.kind == BATCH:
        return corrected(dict(ref.cells), item.corrections)
    with tempfile.TemporaryDirectory(dir=archive.scratch, prefix="fix-") as room:
        place = sip.unpacked(ref, Path(room) / "plain", archive.limits)
        content = None if place is None else _content(archive, place)
    return None if content is None else corrected(content, item.corrections)


def _content(archive: Archive, place: Path) -> Content | None:
    limit = archive.limits.max_description_bytes
    with (place / FILE_NAME).open("rb") as stream:
        content, _ = json_text.parse(stream.read(limit + 1), FILE_NAME, max_bytes=limit)
    return content if isinstance(content, dict) else None


def corrected(content: Content, corrections: Mapping[str, str | None]) -> Content:
    """Return a description in which places have other values.

    Places are `tthc.closedOn`, `tthc.applicant.name`, `documents.2.title`; in a row of a list
    they are its columns.
    """
    copy: Content = json.loads(json.dumps(content))
    for place, value in corrections.items():
        *parents, name = place.split(".")
        table: Any = copy
        for parent in parents:
            table = _below(table, parent)
        if isinstance(table, dict):
            if value is None:
                table.pop(name, None)
            else:
                table[name] = value
    return copy


def _below(table: Any, parent: str) -> Any:
    if isinstance(table, list) and parent.isdecimal() and 0 < int(parent) <= len(table):
        return table[int(parent) - 1]
    if isinstance(table, dict):
        if not isinstance(table.get(parent), dict | list):
            table[parent] = {}
        return table[parent]
    return None


def named(archive: Archive, item: Item, ref: SubmissionRef) -> tuple[str | None, str | None]:
    """Return dossier code and title of a submission, as far as they can be read."""
    content = description(archive, item, ref)
    if content is None:
        return None, None
    if ref.kind == BATCH:
        return _text(content.get("dossierCode")), _text(content.get("title"))
    dossier, tthc = content.get("dossier"), content.get("tthc")
    code = tthc.get("dossierCode") if isinstance(tthc, dict) else None
    return _text(code), _text(dossier.get("title") if isinstance(dossier, dict) else None)


def _text(value: object) -> str | None:
    return value[:300] if isinstance(value, str) and value.strip() else None
