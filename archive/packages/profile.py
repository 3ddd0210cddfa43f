"""The field profile: which descriptive fields there are and what each may hold.

The profile is versioned data (`schemas/profiles/*.toml`), because Circular 05/2025/TT-BNV
contradicts itself and will be corrected; a dossier names the version it was described by.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from archive.errors import Rejected
from archive.findings import Finding, Severity
from archive.packages.codes import parse_date

CURRENT = "tt05-2025-1"
"""The version that new submissions and templates use."""

_VERSION = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_DIGITIZED = ("02", "03")
_TRUE = ("1", "true")
_BOOLEANS = ("0", "1", "true", "false")


@dataclass(frozen=True, slots=True)
class Field:
    """One descriptive field."""

    code: str
    """As in the circular: `fileCode`."""
    type: str
    """`string`, `number`, `date`, `boolean` or `code` (one of `values`)."""
    max_length: int | None
    """Characters; None if the circular gives none."""
    values: Mapping[str, tuple[str, str]]
    """Allowed value to its Vietnamese and English meaning; a meaning may be unknown ("")."""
    mandatory: str
    """`always`, `digitized`, `born-digital`, the code of another field that is true, or
    `not stated`."""
    severity: Severity
    """How grave it is if a mandatory field is missing."""
    vi: str
    en: str
    certainty: str
    """`T` read in the instrument, `S` in a secondary source, `M` memory, `I` inference."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A place in which the source does not agree with itself, and what stands here."""

    about: str
    text: str
    certainty: str


@dataclass(frozen=True, slots=True)
class Profile:
    """One version of the field profile."""

    version: str
    title: str
    source: str
    certainty: str
    dossier: Mapping[str, Field]
    """The fields of a file (hồ sơ) by code, in the circular's order."""
    document: Mapping[str, Field]
    """The fields of a document (tài liệu) by code, in the circular's order."""
    contradictions: tuple[Contradiction, ...]


@cache
def load(version: str = CURRENT) -> Profile:
    """Return a profile by its version.

    Raises:
        Rejected: there is no such version.
    """
    if version not in versions():
        known = ", ".join(versions())
        raise Rejected(f"field profile {version!r} is not known", hint=f"known are: {known}")
    text = files("schemas").joinpath("profiles", f"{version}.toml").read_text(encoding="utf-8")
    return _profile(tomllib.loads(text))


@cache
def versions() -> tuple[str, ...]:
    """Return the versions that this Kho knows, sorted."""
    names = (entry.name for entry in files("schemas").joinpath("profiles").iterdir())
    stems = (name.removesuffix(".toml") for name in names if name.endswith(".toml"))
    return tuple(sorted(stem for stem in stems if _VERSION.fullmatch(stem)))


def check_fields(
    values: Mapping[str, str], fields: Mapping[str, Field], *, digitized: bool, path: str
) -> Iterator[Finding]:
    """Check the values of a dossier's or document's fields.

    Args:
        values: by field code, as text.
        fields: of the profile, for a dossier or for a document.
        digitized: whether the content came from paper, wholly or partly.
        path: `dossier.json#/dossier` or the like; the field's code is added.
    """
    for code, value in values.items():
        field = fields.get(code)
        if field is None:
            yield Finding(
                "KHO-FIELD-UNKNOWN", Severity.ERROR, f"{path}/{code}", _unknown(code, fields)
            )
        else:
            yield from _check_value(field, value, f"{path}/{code}")
    for field in fields.values():
        if not values.get(field.code) and _required(field, values, digitized=digitized):
            message = f"{field.code} ({field.en}) is missing: {_why(field)}"
            yield Finding("KHO-FIELD-MISSING", field.severity, f"{path}/{field.code}", message)


def is_digitized(values: Mapping[str, str]) -> bool:
    """Whether `confidenceLevel` says that the content came from paper, wholly or partly."""
    return values.get("confidenceLevel") in _DIGITIZED


def _profile(content: Mapping[str, Any]) -> Profile:
    values = {
        name: {code: (vi, en) for code, (vi, en) in table.items()}
        for name, table in content["values"].items()
    }
    return Profile(
        version=content["version"],
        title=content["title"],
        source=content["source"],
        certainty=content["certainty"],
        dossier={row["code"]: _field(row, values) for row in content["dossier"]},
        document={row["code"]: _field(row, values) for row in content["document"]},
        contradictions=tuple(Contradiction(**row) for row in content["contradiction"]),
    )


def _field(row: Mapping[str, Any], values: Mapping[str, Mapping[str, tuple[str, str]]]) -> Field:
    return Field(
        code=row["code"],
        type=row["type"],
        max_length=row.get("max_length"),
        values=values.get(row.get("values", ""), {}),
        mandatory=row["mandatory"],
        severity=Severity(row.get("severity", "warning")),
        vi=row["vi"],
        en=row["en"],
        certainty=row["certainty"],
        note=row.get("note", ""),
    )


def _required(field: Field, values: Mapping[str, str], *, digitized: bool) -> bool:
    match field.mandatory:
        case "always":
            return True
        case "digitized":
            return digitized
        case "born-digital":
            return values.get("confidenceLevel") == "01"
        case "not stated":
            return False
        case other:
            return values.get(other, "").lower() in _TRUE


def _why(field: Field) -> str:
    match field.mandatory:
        case "always":
            return "the circular asks for it in every file"
        case "digitized":
            return "the circular asks for it in digitized files"
        case "born-digital":
            return "the circular asks for it in documents that were made electronically"
        case other:
            return f"the circular asks for it where {other} is 1"


def _check_value(field: Field, value: str, path: str) -> Iterator[Finding]:
    if field.max_length is not None and len(value) > field.max_length:
        message = f"has {len(value)} characters, {field.code} may have {field.max_length}"
        yield Finding("KHO-FIELD-LENGTH", Severity.ERROR, path, message)
    if reason := _wrong_type(field, value):
        yield Finding("KHO-FIELD-VALUE", Severity.ERROR, path, f"{field.code} {reason}")


def _wrong_type(field: Field, value: str) -> str | None:
    match field.type:
        case "code" if value not in field.values:
            return f"is {value[:40]!r}, expected one of {', '.join(field.values)}"
        case "number" if not (value.isascii() and value.isdigit()):
            return "is not a whole number"
        case "boolean" if value.lower() not in _BOOLEANS:
            return "is not 1 or 0"
        case "date":
            try:
                parse_date(value)
            except ValueError as error:
                return str(error)
        case _:
            pass
    return None


def _unknown(code: str, fields: Mapping[str, Field]) -> str:
    near = [known for known in fields if known.lower() == code.lower()]
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"the field profile has no field {code[:60]!r}{hint}"
