"""The fields of a submission as a form asks for them: in words, with days and choices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from archive.packages import profile
from archive.reception.fixing import Field
from web import words
from web.visits import Visit

DAYS: Final = ("tthc.receivedOn", "tthc.dueOn", "tthc.closedOn", "tthc.result.issuedOn")
STATUSES: Final = ("received", "processing", "returned", "refused", "withdrawn", "stopped")
"""As `schemas/dossier-1.schema.json` has them."""
APPLICANTS: Final = ("citizen", "organization")


@dataclass(frozen=True, slots=True)
class Shown:
    """One field, as one visitor sees it."""

    place: str
    label: str
    kind: str
    """`text`, `date`, or `choice`."""
    value: str
    choices: tuple[tuple[str, str], ...]
    """Value and words; one that the submission has and nobody knows is there as it is."""
    corrected: bool
    findings: tuple[Mapping[str, str], ...]


def shown(visit: Visit, fields: Iterable[Field]) -> tuple[Shown, ...]:
    """Return the fields of a form in the visitor's language."""
    return tuple(_shown(visit, field) for field in fields)


def _shown(visit: Visit, field: Field) -> Shown:
    choices = _choices(visit, field.place)
    if choices and field.value not in dict(choices):
        choices = ((field.value, field.value), *choices)
    kind = "choice" if choices else "date" if _is_day(field) else "text"
    return Shown(
        field.place, label(visit, field.place), kind, field.value, choices,
        field.corrected, field.findings,
    )  # fmt: skip


def label(visit: Visit, place: str) -> str:
    """Return what a field is called; its place in the description if nobody named it."""
    key, parts, at = f"reception.field_{place}", place.split("."), visit.language == "en"
    if words.has(key):
        return visit.say(key)
    if parts[0] == "documents" and len(parts) == 3:
        return visit.say("reception.field_title_of", number=parts[1])
    known = profile.load().dossier.get(parts[-1]) if parts[0] == "dossier" else None
    return (known.vi, known.en)[at] if known else place


def place_of(path: str) -> str:
    """Return the field that a finding's path is about: `dossier.json#/tthc/closedOn`; else "".

    Documents are counted from nought there, from one in forms.
    """
    pointer = path.partition("#")[2].strip("/").split("/")
    if len(pointer) == 3 and pointer[0] == "documents" and pointer[1].isdecimal():
        pointer[1] = str(int(pointer[1]) + 1)
    return ".".join(pointer)


def _is_day(field: Field) -> bool:
    """Whether a field can be asked for as a day: what it has now must stay to be seen."""
    try:
        return field.place in DAYS and (not field.value or bool(date.fromisoformat(field.value)))
    except ValueError:
        return False


def _choices(visit: Visit, place: str) -> tuple[tuple[str, str], ...]:
    if place == "tthc.status":
        return tuple((each, visit.say(f"status.{each}")) for each in STATUSES)
    if place == "tthc.applicant.kind":
        return tuple((each, visit.say(f"reception.kind_{each}")) for each in APPLICANTS)
    area, _, code = place.partition(".")
    known = profile.load().dossier.get(code) if area == "dossier" else None
    at = visit.language == "en"
    return (
        tuple((value, told[at] or value) for value, told in known.values.items()) if known else ()
    )
