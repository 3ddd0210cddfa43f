"""Papers that people attach to a list: signed PDFs, checked and kept with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archive.assembly import Archive
from archive.catalogue import state
from archive.catalogue.engine import Connection
from archive.errors import NotHeld, Rejected
from archive.fixity import sha256_of
from archive.model import Indication, ObjectName, PackagePath
from archive.segments import DISPOSALS
from archive.signatures.verdicts import to_json

MAX_BYTES = 50 << 20


@dataclass(frozen=True, slots=True)
class Attachment:
    """A paper that is kept with a list."""

    kind: str
    """`council`, `minutes`, `appraisal`, `decision`, `record`, `receipt`."""
    name: str
    """The object in the store."""
    sha256: str
    size: int
    signatures: tuple[dict[str, Any], ...]
    content: bytes = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return the paper as an act keeps it."""
        return {
            "kind": self.kind,
            "name": self.name,
            "sha256": self.sha256,
            "size": self.size,
            "signatures": list(self.signatures),
        }


def attach(archive: Archive, disposal_id: str, kind: str, path: Path) -> Attachment:
    """Check a signed PDF that is to be kept with a list; `keep` enters it with an act.

    A signature that could not be concluded is kept with its reason; it is not a failure.

    Raises:
        NotHeld: there is no such file.
        Rejected: it is no PDF, is too large, is not signed, or a signature failed.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise NotHeld(f"{path}: {error.strerror}", where=str(path)) from error
    if len(content) > MAX_BYTES or not content.startswith(b"%PDF-"):
        raise Rejected(f"{path.name}: not a PDF of at most {MAX_BYTES >> 20} MiB", where=str(path))
    checked = archive.checker.check(path, PackagePath(path.name), at=archive.clock())
    if not checked.verdicts:
        raise Rejected(f"{path.name} is not signed", where=str(path), hint="attach the signed PDF")
    failed = [v for v in checked.verdicts if v.indication is Indication.FAILED]
    if failed:
        reasons = "; ".join(f"{v.sub_indication}: {', '.join(v.reasons)}" for v in failed)
        raise Rejected(f"{path.name}: a signature failed: {reasons}", where=str(path))
    digest = sha256_of(content)
    name = f"{DISPOSALS}{disposal_id}/attachments/{kind}-{digest[:32]}.pdf"
    found = tuple(dict(to_json(verdict)) for verdict in checked.verdicts)
    return Attachment(kind, name, digest, len(content), found, content)


def keep(connection: Connection, papers: Iterable[Attachment]) -> None:
    """Let papers go to the store with the act of this transaction."""
    for paper in papers:
        state.add(connection, paper.name, paper.content)


def read(archive: Archive, name: str) -> bytes:
    """Return a paper of a list, from the store or, if it still waits, from the catalogue."""
    with archive.catalogue.connect() as connection:
        waiting = state.waiting(connection, name)
    return waiting if waiting is not None else archive.store.read(ObjectName(name))
