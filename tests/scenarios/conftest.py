"""Fixtures of the scenarios: an empty archive, closed and checked at the end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.assembly import Archive
from tests.archives import an_archive


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    """An empty archive in a folder, with SQLite."""
    archive = an_archive(tmp_path)
    yield archive
    archive.close()


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """A folder for submissions."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder
