"""What differs between two versions of a dossier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from archive.packages import dossier_json
from archive.packages.aip import layout
from archive.packages.aip.contents import AipHead


@dataclass(frozen=True, slots=True)
class Change:
    """One difference."""

    what: str
    """`added`, `removed` or `changed`."""
    where: str
    """A pointer: `/tthc/applicant/name`, `/documents/01-don.pdf/title`, `/files/…`."""
    before: str | None
    after: str | None

    def to_json(self) -> dict[str, str | None]:
        """Return the change as `kho aip diff --json` prints it."""
        return {
            "what": self.what,
            "where": self.where,
            "before": self.before,
            "after": self.after,
        }


def diff(old: AipHead, new: AipHead) -> list[Change]:
    """Return what changed from one version to another, in the order of the description.

    Descriptive values come first (personal data is among them), then file digests,
    signature verdicts, retention, and the events that were added.
    """
    before, after = _facts(old), _facts(new)
    return [
        Change(_what(before.get(key), after.get(key)), key, before.get(key), after.get(key))
        for key in (before | after)
        if before.get(key) != after.get(key)
    ]


def _what(before: str | None, after: str | None) -> str:
    if before is None:
        return "added"
    return "removed" if after is None else "changed"


def _facts(head: AipHead) -> dict[str, str]:
    """Return everything that may differ, by pointer."""
    description = dossier_json.to_json(head.dossier)
    documents = {document.pop("file"): document for document in description.pop("documents")}
    facts = dict(_flat(description, ""))
    facts |= dict(_flat(documents, "/documents"))
    for document in head.dossier.documents:
        facts[f"/documents/{document.file.path}/ordinal"] = str(document.ordinal)
    for file in head.files:
        if file.path.startswith((layout.DATA, layout.TEXTS)):
            facts[f"/files/{file.path}"] = file.sha256
    for verdict in head.verdicts:
        outcome = "/".join(filter(None, (verdict.indication.value, verdict.sub_indication)))
        facts[f"/verdicts/{verdict.path}/{verdict.field}"] = outcome
    facts |= dict(_flat(head.retention, "/retention"))
    for event in head.events:
        facts[f"/events/{event.at.isoformat()}/{event.type.value}"] = event.outcome
    return facts


def _flat(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{pointer}/{key}")
    else:
        yield pointer, str(value)
