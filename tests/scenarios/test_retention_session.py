"""The session in the README of the retention rules, run line by line."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cli import demo_cmd
from cli.demo import served
from cli.demo.tour import Tour

ROOT = Path(__file__).resolve().parents[2]
END = "--- end of output ---"


def the_lines() -> list[tuple[str, str]]:
    """Return each command of the README with what it is said to print."""
    text = (ROOT / "retention_rules" / "README.md").read_text(encoding="utf-8")
    found: list[tuple[str, str]] = []
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], ""))
            else:
                command, printed = found[-1]
                found[-1] = (command, f"{printed}{line}\n")
    return found


def in_bash(script: str, folder: Path) -> str:
    tools = Path(sys.executable).parent
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    more = {"PATH": path, "KHO_LANG": "en", "KHO_CONFIG": "", "LC_ALL": "C.UTF-8"}
    told = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={**os.environ, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
    )
    return told.stdout


def the_archive_of_the_demo(folder: Path) -> Path:
    """Fill an archive as `kho demo` does, without the rest of its tour."""
    home, papers = folder / "archive", folder / "submissions"
    tour = Tour(home, quiet=True)
    _, codes = demo_cmd._written(tour, home, papers)
    served.fill(tour, papers, codes)
    return home


@pytest.mark.timeout(900)
def test_the_session_in_the_readme_goes_as_it_says(tmp_path: Path) -> None:
    home = the_archive_of_the_demo(tmp_path)
    lines = the_lines()

    script = "".join(f"{command}\necho '{END}'\n" for command, _ in lines)
    outputs = in_bash(script.replace("kho ", "kho -q "), home).split(f"{END}\n")

    checker = doctest.OutputChecker()
    loose = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    assert len(lines) > 20
    for (command, expected), printed in zip(lines, outputs, strict=False):
        assert checker.check_output(expected, printed, loose), f"$ {command}\n{printed}"
