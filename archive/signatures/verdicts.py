"""Verdicts as JSON: the document that `kho sig check` prints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from archive.model import Indication, PackagePath, Verdict
from archive.signatures.kinds import Kind

_FORMS = {
    Kind.PDF: "PDF-NOT-ETSI",
    Kind.CMS: "CMS",
    Kind.XML: "XMLDSIG",
    Kind.ASIC: "ASiC",
}

_FIELDS = (
    "field",
    "kind",
    "format",
    "indication",
    "sub_indication",
    "intact",
    "covers_whole_file",
    "modified_after_signing",
    "signed_by",
    "issuer",
    "signed_at_claimed",
    "proven_at",
    "timestamps",
    "digest_algorithm",
    "signature_algorithm",
    "test",
    "reasons",
    "to_do",
    "provable_until",
    "fresh_until",
    "limited_by",
)
_TIMES = ("signed_at_claimed", "proven_at", "provable_until", "fresh_until")


def to_json(verdict: Verdict) -> dict[str, object]:
    """Return one verdict as JSON values; times are ISO 8601 with offset."""
    return {name: _value(getattr(verdict, name)) for name in _FIELDS}


def document(verdicts: Iterable[Verdict]) -> dict[str, object]:
    """Return `{"signatures": [...]}`."""
    return {"signatures": [to_json(one) for one in verdicts]}


def from_json(path: PackagePath, stated: Mapping[str, object]) -> Verdict:
    """Return the verdict that `to_json` wrote.

    Raises:
        KeyError, ValueError, TypeError: it did not.
    """
    values: dict[str, object] = {name: stated[name] for name in _FIELDS}
    for name in _TIMES:
        at = values[name]
        values[name] = None if at is None else datetime.fromisoformat(str(at))
    reasons = values["reasons"]
    if not isinstance(reasons, list):
        raise TypeError("reasons is not a list")
    values["reasons"] = tuple(str(one) for one in reasons)
    values["indication"] = Indication(str(values["indication"]))
    return Verdict(path=path, **values)  # type: ignore[arg-type]  # our own child wrote them


def unread(path: PackagePath, reason: str, kind: Kind = Kind.PDF) -> Verdict:
    """Return the verdict on a file in which nothing could be checked."""
    return Verdict(
        path=path,
        field="",
        kind="signature",
        format=_FORMS[kind],
        indication=Indication.INDETERMINATE,
        sub_indication="GENERIC",
        intact=None,
        covers_whole_file=None,
        modified_after_signing="none",
        signed_by=None,
        signed_at_claimed=None,
        proven_at=None,
        reasons=(reason,),
        to_do="open the file on another machine and have a person judge it",
    )


def _value(value: object) -> object:
    """Return a JSON value."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return list(value)
    return value.value if isinstance(value, Indication) else value
