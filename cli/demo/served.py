"""The demonstration in a browser: a filled archive, and one person for each role."""

from __future__ import annotations

import json
import secrets
import shutil
import string
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive.viewers import LEVELS, OPERATOR, Grant, PersonRole, Scope
from cli.demo.tour import Tour

if TYPE_CHECKING:
    from archive.assembly import Archive

PRODUCER = "UBND phường Đông Thử (giả định)"
DECISION = "01/QĐ-TN (THỬ NGHIỆM)"
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
    tour.say("demo.to_fix")
    tour.run("queue", "add", "--producer", PRODUCER, str(_with_a_slip(submissions)))


def _with_a_slip(submissions: Path) -> Path:
    """Return a submission that says it was closed before it came in: somebody has to fix it."""
    plain = next(each for each in sorted(submissions.iterdir()) if LIMITED in each.name)
    folder = submissions.with_name("to-fix") / plain.name
    shutil.copytree(plain, folder)
    description = folder / "dossier.json"
    told = json.loads(description.read_text(encoding="utf-8"))
    told["tthc"]["dossierCode"] = f"{told['tthc']['dossierCode'][:-4]}0125"
    told["dossier"]["fileCode"] = f"{told['dossier']['fileCode']}5"
    told["tthc"]["closedOn"] = f"{int(told['tthc']['receivedOn'][:4]) - 1}-12-31"
    description.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    return folder


def adopt(archive: Archive) -> None:
    """Put the fictional agency's schedule in force, as its two people would: nothing is
    destroyed before."""
    from archive.disposal import adoption
    from archive.disposal.adoption import AdoptionRequest

    officer, approver = (
        (account, name)
        for account, name, role, _ in ACCOUNTS
        if role in (PersonRole.RETENTION_OFFICER, PersonRole.APPROVER)
    )
    content = (archive.settings.home / "schedule.toml").read_text(encoding="utf-8")
    request = AdoptionRequest(content, "schedule.toml", officer[1], decision=DECISION)
    proposed = adoption.propose(archive, request, account=officer[0])
    adoption.confirm(archive, proposed.version, by=approver[1], account=approver[0])


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
