"""Results of audits: kept in the store, sealed, so that a report can be drawn again from them.

`state/audits/‹id›/` has the outcomes as pieces `00001.ndjson.gz` and a heading
`audit.json` with scope, times, software and the digest of each piece; the seal
`audit.json.p7s` is over the heading. All of it is written once.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from archive import seals
from archive.assembly import Archive
from archive.catalogue import checkpoints, state
from archive.catalogue.checkpoints import Job
from archive.catalogue.engine import Connection
from archive.errors import FixityMismatch, IntegrityError, NotHeld, SealBroken
from archive.fixity import sha256_of
from archive.model import Indication, ObjectName
from archive.segments import state_document

FOLDER = "state/audits/"
_PIECE = 20_000
"""Dossiers in one piece."""


@dataclass(frozen=True, slots=True)
class Kept:
    """The results of one audit, ready for the store."""

    documents: dict[str, bytes] = field(repr=False)
    """By object name."""
    sha256: str
    """Of the heading."""


def written(archive: Archive, job: Job, *, finished_at: datetime) -> Kept:
    """Write an audit's outcomes as documents and seal their heading.

    Raises:
        Unavailable: the timestamp authority did not answer; run the audit again.
    """
    folder = f"{FOLDER}{job.id}/"
    documents: dict[str, bytes] = {}
    pieces: list[dict[str, Any]] = []
    with archive.catalogue.connect() as connection:
        found = _outcomes(connection, job)
        while lines := list(islice(found, _PIECE)):
            name = f"{len(pieces) + 1:05d}.ndjson.gz"
            content = gzip.compress("".join(lines).encode(), mtime=0)
            documents[folder + name] = content
            pieces.append({"name": name, "sha256": sha256_of(content), "dossiers": len(lines)})
    heading = state_document(
        {
            "id": job.id,
            "scope": dict(job.parameters),
            "started_at": job.started_at.isoformat(),
            "finished_at": finished_at.isoformat(),
            "trust": archive.trust.digest,
            "software": archive.agent,
            "test": archive.test,
            "pieces": pieces,
        }
    )
    documents[f"{folder}audit.json"] = heading
    documents[f"{folder}audit.json.p7s"] = archive.sealer.seal(heading, at=finished_at)
    return Kept(documents, sha256_of(heading))


def keep(connection: Connection, kept: Kept) -> None:
    """Let results go to the store with the entry of this transaction."""
    for name, content in kept.documents.items():
        state.add(connection, name, content)


def heading(archive: Archive, audit_id: str) -> dict[str, Any]:
    """Return the heading of a finished audit.

    Raises:
        NotHeld: there is no finished audit of this id.
        SealBroken: its seal does not verify.
    """
    try:
        folder = f"{FOLDER}{UUID(audit_id)}/"
        content, p7s = (_read(archive, f"{folder}audit.json{end}") for end in ("", ".p7s"))
    except (ValueError, NotHeld) as error:
        raise NotHeld("there is no finished audit of this id", where=audit_id) from error
    verdict = seals.verdict_on(archive, content, p7s)
    if verdict.indication is Indication.FAILED:
        raise SealBroken("; ".join(verdict.reasons), where=f"{folder}audit.json")
    found: dict[str, Any] = json.loads(content)
    return found


def outcomes(archive: Archive, heading: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield what an audit found, dossier by dossier, each piece compared with its digest.

    Raises:
        IntegrityError: a piece is missing or is not what the heading says.
    """
    for piece in heading["pieces"]:
        name = f"{FOLDER}{heading['id']}/{piece['name']}"
        try:
            content = _read(archive, name)
        except NotHeld as error:
            raise IntegrityError("results of the audit are missing", where=name) from error
        found = sha256_of(content)
        if found != piece["sha256"]:
            raise FixityMismatch(name, recorded=piece["sha256"], found=found)
        yield from map(json.loads, gzip.decompress(content).splitlines())


def audits(archive: Archive) -> list[str]:
    """Return the ids of the audits whose results are in the store."""
    found = archive.store.names(FOLDER)
    return [name.split("/")[2] for name in found if name.endswith("/audit.json")]


def _outcomes(connection: Connection, job: Job) -> Iterator[str]:
    for item in checkpoints.items(connection, job.id):
        value = {"dossier_id": item.key, "state": item.state.value, **(item.outcome or {})}
        yield json.dumps(value, ensure_ascii=False, sort_keys=True) + "\n"


def _read(archive: Archive, name: str) -> bytes:
    """Return a document, from the store or, if it still waits, from the catalogue."""
    with archive.catalogue.connect() as connection:
        waiting = state.waiting(connection, name)
    return waiting if waiting is not None else archive.store.read(ObjectName(name))
