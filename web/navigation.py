"""The menu: each page names itself and the rights it is for; nobody sees the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from archive.viewers import Right
from web.visits import Visit


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the menu."""

    address: str
    key: str
    """Of its words: `menu.search`."""
    rights: tuple[Right, ...] = ()
    """One of these is needed; none: for everybody who is signed in."""


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry as one visitor sees it."""

    address: str
    label: str
    current: bool


MENU: Final[list[Entry]] = [
    Entry("/", "menu.home"),
    Entry("/search", "menu.search", (Right.SEE,)),
    Entry("/reception", "menu.reception", (Right.INGEST,)),
    Entry("/copies", "menu.copies", (Right.COPY,)),
    Entry("/signatures", "menu.signatures", (Right.AUDIT,)),
    Entry("/trust", "menu.trust", (Right.AUDIT, Right.APPROVE, Right.ADMINISTER)),
    Entry("/due", "menu.due", (Right.RETENTION,)),
    Entry("/disposal", "menu.disposal", (Right.RETENTION, Right.APPROVE)),
    Entry("/transfer", "menu.transfer", (Right.RETENTION, Right.APPROVE)),
    Entry("/holds", "menu.holds", (Right.HOLD,)),
    Entry("/schedules", "menu.schedules", (Right.RETENTION, Right.APPROVE)),
    Entry("/integrity", "menu.integrity", (Right.INTEGRITY,)),
    Entry("/journal", "menu.journal", (Right.JOURNAL,)),
    Entry("/jobs", "menu.jobs", (Right.JOBS,)),
    Entry("/administration", "menu.administration", (Right.ADMINISTER,)),
]
"""In the order in which they are shown."""


def menu(visit: Visit) -> list[Shown]:
    """Return what a visitor may go to."""
    if not visit.viewer.account:
        return []
    path = visit.request.url.path
    return [
        Shown(entry.address, visit.say(entry.key), _within(path, entry.address))
        for entry in MENU
        if not entry.rights or any(visit.viewer.may(right) for right in entry.rights)
    ]


def _within(path: str, address: str) -> bool:
    return path == address if address == "/" else f"{path}/".startswith(f"{address}/")
