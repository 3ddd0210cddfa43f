"""The world of the command line's tests: made once, copied for each test that asks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli import world


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Return the world's folder and what calls need to know of it; not to be changed."""
    folder = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KHO_LANG", "en")
        patch.delenv("KHO_CONFIG", raising=False)
        return folder, world.build(folder)


@pytest.fixture(autouse=True)
def in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the account that runs the tests has set."""
    monkeypatch.setenv("KHO_LANG", "en")
    monkeypatch.delenv("KHO_CONFIG", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def here(made: tuple[Path, dict[str, str]], tmp_path: Path) -> Path:
    """Return a copy of the world that the test may change."""
    return Path(shutil.copytree(made[0], tmp_path / "here"))


@pytest.fixture
def facts(made: tuple[Path, dict[str, str]]) -> dict[str, str]:
    """Return the ids that calls are filled in with."""
    return made[1]
