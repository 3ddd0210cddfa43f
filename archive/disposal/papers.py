"""Papers that the procedure produces: in Vietnamese, PDF/A, sealed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from archive.assembly import Archive
from archive.catalogue import state
from archive.catalogue.disposals import Act, Disposal
from archive.catalogue.engine import Connection
from archive.fixity import sha256_of
from archive.segments import DISPOSALS


@dataclass(frozen=True, slots=True)
class Paper:
    """A PDF with the archive's seal beside it."""

    name: str
    """The object in the store; its seal is `name` with `.p7s`."""
    sha256: str
    content: bytes = field(repr=False)
    p7s: bytes = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return the paper as an act keeps it."""
        return {"name": self.name, "sha256": self.sha256, "seal": sha256_of(self.p7s)}


def sealed(archive: Archive, disposal_id: str, kind: str, content: bytes) -> Paper:
    """Seal a paper; it goes to the store with the act that refers to it."""
    digest = sha256_of(content)
    name = f"{DISPOSALS}{disposal_id}/papers/{kind}-{digest[:32]}.pdf"
    return Paper(name, digest, content, archive.sealer.seal(content, at=archive.clock()))


def keep(connection: Connection, paper: Paper) -> None:
    """Let a paper and its seal go to the store with the act of this transaction."""
    state.add(connection, paper.name, paper.content)
    state.add(connection, f"{paper.name}.p7s", paper.p7s)


def of_list(archive: Archive, disposal: Disposal, digest: str) -> bytes:
    """Write Danh mục tài liệu hết thời hạn lưu trữ."""
    return b"%PDF-1.7 TODO"


def of_certificate(archive: Archive, disposal: Disposal, act: Act) -> bytes:
    """Write Giấy chứng nhận hủy tài liệu."""
    return f"%PDF-1.7 TODO {act.number} {act.at}".encode()
