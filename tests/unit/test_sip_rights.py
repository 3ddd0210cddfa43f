"""Submissions of which the system lets Kho read only a part: each is named, none stops another."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest

from archive.packages import sip
from archive.packages.safe import Limits
from tests.archives import submission

NOBODY = 65534


@contextmanager
def as_somebody_else() -> Iterator[None]:
    """Be a user without rights on files of root; who is not root is one already."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def inbox() -> Iterator[Path]:
    """A folder that everybody may enter, with three submissions."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        for number in (1, 2, 3):
            submission(Path(folder), number)
        yield Path(folder)


def found(inbox: Path) -> set[tuple[str, str, str]]:
    """Return label, rule and path of what is found against each submission."""
    told = set()
    with as_somebody_else():
        for ref in sip.discover(inbox):
            with sip.examined(
                ref, scratch=inbox, limits=Limits(), today=date(2026, 2, 1)
            ) as examination:
                told |= {(ref.label, one.rule, one.path) for one in examination.report}
    return told


@pytest.mark.parametrize(
    ("place", "mode", "named"),
    [
        ("002/02-ket-qua.pdf", 0o600, "02-ket-qua.pdf"),
        ("002/dossier.json", 0o600, "dossier.json"),
        ("002", 0o700, "002"),
        ("002", 0o744, "002"),
    ],
)
def test_what_may_not_be_read_is_named_and_stops_no_other(inbox, place, mode, named):
    (inbox / place).chmod(mode if os.geteuid() == 0 else mode & 0o077)

    assert found(inbox) == {("002", "KHO-NAME-UNREADABLE", named)}


def test_what_may_be_read_is_not_named(inbox: Path):
    assert found(inbox) == set()
