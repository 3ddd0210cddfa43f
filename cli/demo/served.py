"""The demonstration in a browser: a filled archive, and one person for each role."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive.viewers import LEVELS, OPERATOR, Grant, PersonRole, Scope
from cli.demo.tour import Tour

if TYPE_CHECKING:
    from archive.assembly import Archive

LIMITED = "H99.18"
"""The agency of the official who sees one agency only."""
ACCOUNTS: tuple[tuple[str, str, PersonRole, str | None], ...] = (
    ("luutru", "Lưu Thị Trữ", PersonRole.ARCHIVIST, None),
    ("canbo", "Cán Văn Bộ", PersonRole.OFFICIAL, None),
    ("phuong", "Đông Thị Phường", PersonRole.OFFICIAL, LIMITED),
    ("kiemtra", "Kiểm Văn Tra", PersonRole.AUDITOR, None),
    ("thoihan", "Thời Thị Hạn", PersonRole.RETENTION_OFFICER, None),
    ("pheduyet", "Phê Văn Duyệt", PersonRole.APPROVER, None),
)
"""Account, name, role, agency (None: all). The administrator comes by the one-time link."""
_LETTERS = "".join(sorted(set(string.ascii_letters + string.digits) - set("Il1O0")))


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person of the demonstration and the password that is told once."""

    account: str
    name: str
    role: str
    agency: str | None
    password: str

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"account": self.account, "name": self.name, "role": self.role,
                "agency": self.agency, "password": self.password}  # fmt: skip


def fill(tour: Tour, submissions: Path, codes: dict[str, str]) -> None:
    """Take the dossiers in, place a hold, read every byte, make evidence."""
    tour.say("demo.ingest")
    tour.run("ingest", str(submissions))
    tour.run(
        "hold", "place", codes["hold"], "--owner", "TAND khu vực (giả định)",
        "--reason", "Vụ án đang giải quyết (THỬ NGHIỆM)",
    )  # fmt: skip
    tour.run("fixity", "run")
    tour.run("evidence", "build")


def add_people(archive: Archive) -> list[Somebody]:
    """Add one person for each role, with a password drawn for this demonstration."""
    from archive.people import staff

    added = []
    for account, name, role, agency in ACCOUNTS:
        scope = Scope(agencies=(agency,)) if agency else Scope(levels=LEVELS)
        _, link = staff.add(archive, account, name, (Grant(role, scope),), by=OPERATOR)
        password = new_password()
        staff.use_link(archive, link, password)
        added.append(Somebody(account, name, role.value, agency, password))
    return added


def new_password(draw: Callable[[str], str] = secrets.choice) -> str:
    """Return a password that can be read aloud and meets the rules: four groups of four."""
    groups = ["".join(draw(_LETTERS) for _ in range(4)) for _ in range(3)]
    sure = "".join(
        draw(kind) for kind in ("ABCDEFGHJKLMNPQR", "abcdefghijkmnpqr", "23456789", "abcdefghijkm")
    )
    return "-".join([*groups, sure])
