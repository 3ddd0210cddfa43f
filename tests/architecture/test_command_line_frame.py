"""The promises of the command line that other programs rely on."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from archive import errors
from archive.errors import ArchiveError, ExitCode
from cli import words
from cli.command import KhoGroup
from cli.main import commands

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("pyhanko", "sqlalchemy", "whoosh", "tantivy", "lxml", "minio", "reportlab", "PIL", "rich")


def every_command(group: KhoGroup = commands, prefix: str = "") -> list[tuple[str, object]]:
    import click

    found: list[tuple[str, object]] = []
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        place = f"{prefix} {name}".strip()
        found.append((place, command))
        if isinstance(command, KhoGroup):
            found += every_command(command, place)
    return found


def test_exit_codes_are_frozen():
    assert {code.name: code.value for code in ExitCode} == {
        "DONE": 0, "UNEXPECTED": 1, "USAGE": 2, "NOT_HELD": 3, "NOT_PERMITTED": 4,
        "REJECTED": 5, "BATCH_FAILED": 6, "INTEGRITY": 7, "INCONCLUSIVE": 8, "BLOCKED": 9,
        "NOT_INITIALISED": 10, "UNAVAILABLE": 11, "FINDINGS": 12, "INTERRUPTED": 130,
    }  # fmt: skip


def all_errors(root: type[ArchiveError] = ArchiveError) -> list[type[ArchiveError]]:
    found = [root]
    for child in root.__subclasses__():
        if child.__module__ == "archive.errors":
            found += all_errors(child)
    return found


def test_the_page_of_errors_is_true():
    told = re.findall(r"^ +(\w+) +(\d+) +(KHO-[A-Z-]+)", errors.__doc__ or "", re.MULTILINE)

    assert told == [(e.__name__, str(int(e.exit_code)), e.code) for e in all_errors()]


def test_every_error_code_has_words():
    assert [e.code for e in all_errors() if not words.has(f"error.{e.code}")] == []


def test_both_languages_have_the_same_words():
    catalogues = {
        name: tomllib.loads((ROOT / "cli/words" / f"{name}.toml").read_text(encoding="utf-8"))
        for name in words.LANGUAGES
    }
    places = {n: {(s, k) for s, t in c.items() for k in t} for n, c in catalogues.items()}
    holes = {
        name: {(s, k): set(re.findall(r"\{(\w+)", t)) for s, e in c.items() for k, t in e.items()}
        for name, c in catalogues.items()
    }

    assert places["vi"] == places["en"]
    assert holes["vi"] == holes["en"]


def test_every_key_in_use_has_words():
    used: set[str] = set()
    for path in (ROOT / "cli").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        used |= set(re.findall(r'say\(\s*"([a-z0-9_.-]+)"', text))
        used |= set(re.findall(r'note\(\s*\w+,\s*"([a-z0-9_.-]+)"', text))
        used |= set(re.findall(r'help="((?:option|global)\.[a-z0-9_.-]+)"', text))

    assert sorted(key for key in used if not words.has(key)) == []


@pytest.mark.parametrize(
    ("place", "command"), every_command(), ids=lambda v: v if isinstance(v, str) else ""
)
def test_every_command_has_help_and_its_exit_statuses(place, command):
    import click

    text = command.get_help(click.Context(command, info_name=place))

    assert words.has(f"help.{place.replace(' ', '.')}")
    assert words.say("global.exit_status") in text


def test_help_starts_fast_and_imports_nothing_heavy():
    script = (
        "import sys; from cli.main import run; code = run(['--help']);"
        f"loaded = [n for n in {HEAVY!r} if n in sys.modules];"
        "sys.exit(f'loaded: {loaded}' if loaded or code else 0)"
    )

    result = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True
    )

    assert result.returncode == 0, result.stderr
    assert "ingest" in result.stdout


def test_every_command_is_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")

    leaves = [p for p, c in every_command() if not isinstance(c, KhoGroup)]
    assert [place for place in leaves if f"kho {place}" not in readme] == []


def test_every_setting_is_in_the_readme():
    from archive.settings import SETTINGS

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [s.key for s in SETTINGS if f"`{s.key}`" not in readme] == []
