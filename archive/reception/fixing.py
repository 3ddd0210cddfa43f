"""Fixing: the fields of a submission that was refused, beside what is wrong with each."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from archive.assembly import Archive
from archive.catalogue import journal, reception
from archive.catalogue.reception import Item, ItemState
from archive.errors import NotHeld, Rejected, UsageError
from archive.events import Event, EventType
from archive.packages import sip
from archive.packages.sip import SubmissionRef
from archive.packages.sip.submission import BATCH
from archive.reception import overlay
from archive.reception.handover import item, ref_of, refs_of, words

FIELDS: Final = (
    "dossier.title",
    "dossier.fileCode",
    "dossier.mode",
    "tthc.dossierCode",
    "tthc.dossierCodeOld",
    "tthc.procedureCode",
    "tthc.procedureName",
    "tthc.agencyCode",
    "tthc.agencyName",
    "tthc.fonds",
    "tthc.applicant.name",
    "tthc.applicant.identityNumber",
    "tthc.applicant.kind",
    "tthc.receivedOn",
    "tthc.dueOn",
    "tthc.closedOn",
    "tthc.status",
    "tthc.result.number",
    "tthc.result.issuedOn",
)
"""What a form always has, whether the submission says it or not."""
_PLACE = re.compile(r"[A-Za-z][A-Za-z0-9]*(\.[A-Za-z0-9]+){0,3}")
_OF_PACKAGES = ("BAGIT", "CSIP", "SIP", "KHO-ZIP", "KHO-NAME", "KHO-FILE", "KHO-VIRUS", "KHO-EARK")
_LONGEST = 2000
_MAX_CORRECTIONS = 200


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form."""

    place: str
    """`tthc.closedOn`; in a row of a list its column."""
    value: str
    corrected: bool
    findings: tuple[Mapping[str, str], ...]
    """What is wrong with it."""


@dataclass(frozen=True, slots=True)
class Form:
    """A submission that can be fixed."""

    item: Item
    fields: tuple[Field, ...]
    others: tuple[Mapping[str, str], ...]
    """Findings that are about no field: files, signatures, the package."""
    documents: tuple[str, ...]
    """Names of its files that are PDFs, in the order in which they are described."""


def form(archive: Archive, name: str) -> Form:
    """Return the form of a submission.

    Raises:
        NotHeld: there is no such submission.
        Rejected: it is of a kind that cannot be corrected here, or cannot be read.
    """
    each = item(archive, name)
    ref = ref_of(refs_of(archive, each.batch_id), each)
    content = overlay.description(archive, each, ref)
    if content is None:
        raise Rejected("what the submission says of itself cannot be read", where=name)
    flat = dict(_flat(content))
    places = list(flat) if ref.kind == BATCH else list(dict.fromkeys((*FIELDS, *flat)))
    found = {place: _of(each, place) for place in places}
    fields = tuple(
        Field(place, flat.get(place, ""), place in each.corrections, found[place])
        for place in places
    )
    fields = tuple(sorted(fields, key=_urgency))
    told = {finding["message"] for findings in found.values() for finding in findings}
    others = tuple(f for f in each.findings if f["message"] not in told)
    return Form(each, fields, others, _documents(content, ref))


def _urgency(field: Field) -> int:
    """Return where a field stands in a form: what refuses first, then what is doubtful."""
    graves = {finding["severity"] for finding in field.findings}
    return 0 if "error" in graves else 1 if graves else 2


def _flat(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the text fields of a description by their places."""
    for key, value in content.items():
        place = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _flat(value, f"{place}.")
        elif isinstance(value, list) and place == "documents":
            for number, each in enumerate(value, 1):
                if isinstance(each, dict) and isinstance(each.get("title"), str):
                    yield f"{place}.{number}.title", each["title"]
        elif isinstance(value, str) and _PLACE.fullmatch(place) and place != "profile":
            yield place, value


def _of(each: Item, place: str) -> tuple[Mapping[str, str], ...]:
    """Return what is wrong with a field: findings name it as `dossier.json#/tthc/closedOn`."""
    pointer = "/" + place.replace(".", "/")
    document = re.fullmatch(r"/documents/(\d+)/title", pointer)
    if document:
        pointer = f"/documents/{int(document[1]) - 1}/title"
    return tuple(
        finding
        for finding in each.findings
        if finding["path"].partition("#")[2] == pointer
        or finding["path"].endswith((f"/{place}", f" {place}"))
    )


def _documents(content: Mapping[str, Any], ref: SubmissionRef) -> tuple[str, ...]:
    if ref.kind == BATCH:
        found = list(ref.files)
    else:
        told = content.get("documents")
        listed = told if isinstance(told, list) else []
        found = [
            d["file"] for d in listed if isinstance(d, dict) and isinstance(d.get("file"), str)
        ]
    return tuple(name for name in found if name.lower().endswith(".pdf"))


def fix(
    archive: Archive,
    name: str,
    corrections: Mapping[str, str | None],
    *,
    agent: str,
    reason: str,
) -> Item:
    """Lay corrections over a submission; it waits again to be taken in.

    The files that were handed over are not touched; who corrected which fields, and why, is in
    the journal.

    Raises:
        NotHeld: there is no such submission.
        UsageError: nothing is corrected, a place is not one of a description, no reason is
            given, or it is settled.
    """
    reason, at = words(reason, "reason"), archive.clock()
    if not corrections or len(corrections) > _MAX_CORRECTIONS:
        raise UsageError("nothing is corrected", where=name, hint="tthc.closedOn=2026-11-20")
    for place, value in corrections.items():
        if not _PLACE.fullmatch(place) or (value is not None and len(value) > _LONGEST):
            raise UsageError(f"{place[:100]} is no place in a description", where=name)
    each = item(archive, name)
    expect_fixable(each)
    told = replace(
        each,
        state=ItemState.WAITING,
        changed_at=at,
        changed_by=agent,
        corrections={**each.corrections, **corrections},
    )
    details = {"submission": name, "fields": sorted(corrections), "reason": reason}
    with archive.catalogue.begin() as connection:
        reception.change(connection, told, expected=(ItemState.WAITING, ItemState.TO_FIX))
        kind = EventType.SUBMISSION_CORRECTED
        journal.append(connection, Event(kind, at, "success", agent, each.batch_id, details))
    return told


def expect_fixable(each: Item) -> None:
    """Do nothing if what is wrong with a submission can be corrected in its description.

    Raises:
        Rejected: its package is broken, which a copy of its files would hide.
    """
    broken = [f["rule"] for f in each.findings if f["rule"].startswith(_OF_PACKAGES)]
    if broken and any(f["severity"] == "error" for f in each.findings if f["rule"] in broken):
        raise Rejected(
            f"the package itself is broken ({broken[0]})",
            where=each.name,
            hint="return it to its producer: kho queue return",
        )


@contextmanager
def as_file(archive: Archive, name: str, document: str) -> Iterator[Path]:
    """Put a file of a submission where a child process can read it, for as long as that takes.

    Raises:
        NotHeld: there is no such submission, or no such file in it.
    """
    each = item(archive, name)
    ref = ref_of(refs_of(archive, each.batch_id), each)
    if document not in form(archive, name).documents:
        raise NotHeld("the submission has no such file", where=name)
    with tempfile.TemporaryDirectory(dir=archive.scratch, prefix="fix-") as room:
        if ref.kind == BATCH:
            place: Path | None = ref.path.parent
        else:
            place = sip.unpacked(ref, Path(room) / "plain", archive.limits)
        file = None if place is None else place / document
        if file is None or not file.is_file() or not file.resolve().is_relative_to(place or ""):
            raise NotHeld("the submission has no such file", where=name)
        yield file
