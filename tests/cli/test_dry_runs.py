"""Dry runs: every command with `--dry-run` changes nothing, or refuses it."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pytest

from archive.errors import ExitCode
from archive.fixity import sha256_of
from cli.command import Effect
from tests.cli.samples import SAMPLES
from tests.cli.world import every_command, kho

COMMANDS = every_command()


def state(home: Path) -> dict[str, str]:
    """Return what an archive keeps, by name: its catalogue, its store, its settings."""
    with sqlite3.connect(home / "catalogue.db") as connection:
        tables = "\n".join(connection.iterdump())
    kept = [p for f in ("store", "test-pki") for p in (home / f).rglob("*") if p.is_file()]
    found = {str(path): sha256_of(path.read_bytes()) for path in [*kept, home / "kho.toml"]}
    return {
        **found,
        "catalogue": tables,
        "beside": " ".join(sorted(p.name for p in home.iterdir())),
    }


@dataclass
class Unchanged:
    """A copy of the world for runs that change nothing, and what it keeps."""

    home: Path
    state: dict[str, str]


@pytest.fixture(scope="module")
def unchanged(
    made: tuple[Path, dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Unchanged:
    home = Path(shutil.copytree(made[0], tmp_path_factory.mktemp("unchanged") / "here"))
    return Unchanged(home, state(home))


@pytest.mark.parametrize("place", SAMPLES)
def test_a_dry_run_changes_nothing_or_is_refused(
    place: str, unchanged: Unchanged, facts: dict[str, str]
):
    sample, here, before = SAMPLES[place], unchanged.home, unchanged.state
    filled = [each.format_map(facts) if "{" in each else each for each in sample.works]

    answer = kho(*place.split(), *filled, "--dry-run", cwd=here)

    (here / "METS.xml").unlink(missing_ok=True)  # which `aip cat -o` was told to write
    unchanged.state = state(here)
    assert unchanged.state == before
    if COMMANDS[place].effect is Effect.CHANGES:
        assert answer.code == ExitCode.USAGE
        assert f"kho {place}" in answer.err
    else:
        assert answer.code in (ExitCode.DONE, ExitCode.FINDINGS), answer.err
