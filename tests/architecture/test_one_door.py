"""There is one door to destruction; nothing else removes what is held."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STORES = "archive/storage/"
"""Implementations of the port, which may delete what they are told to."""


def places_of(pattern: str) -> set[str]:
    found = set()
    for folder in ("archive", "cli", "retention_rules"):
        for path in (ROOT / folder).rglob("*.py"):
            name = path.relative_to(ROOT).as_posix()
            if re.search(pattern, path.read_text(encoding="utf-8")):
                found.add(name)
    return found


def test_objects_are_deleted_by_the_door_and_by_the_sweep_of_what_is_not_held_only():
    callers = places_of(r"\b(?:store|copy|copies|inner|each)\w*(?:\[[^]]*\])?\.delete\(")

    assert {name for name in callers if not name.startswith(STORES)} == {
        "archive/disposal/destruction.py",
        "archive/preservation/sweep.py",
        "archive/segments.py",  # a seal over journal entries that were lost before
    }


def test_dossiers_leave_the_register_through_the_door_only():
    assert places_of(r"\bremoving\.remove\(") == {"archive/disposal/destruction.py"}
    assert places_of(r"delete\((?:tables\.)?(?:versions|dossiers)\b") == set()
    assert places_of(r"import (?:.*\b)?removing\b|catalogue\.removing") == {
        "archive/disposal/destruction.py"
    }


def test_the_door_is_opened_by_execution_only():
    assert places_of(r"\bdestruction\.(?:erase|unregister)\(") == {"archive/disposal/execution.py"}
    assert places_of(r"import (?:.*\b)?execute\b") <= {"archive/disposal/transfer.py"}


def test_the_index_forgets_for_good_through_the_door_only():
    assert places_of(r"\bindex\.purge\(") == {"archive/disposal/destruction.py"}
