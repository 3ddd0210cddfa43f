"""What `deploy/` tells systemd to run is what Kho understands."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CALLS = sorted(
    {
        line.partition("=")[2].lstrip("-")
        for unit in (ROOT / "deploy").glob("*.service")
        for line in unit.read_text("utf-8").splitlines()
        if line.startswith("ExecStart=")
    }
)


@pytest.mark.parametrize("call", CALLS, ids=[call.partition("kho ")[2] for call in CALLS])
def test_every_call_in_a_unit_is_a_command_with_these_options(call: str):
    program, *words = shlex.split(call)
    options = [word for word in words if word.startswith("--")]
    command = [word for word in words[: words.index(options[0])] if word]

    told = subprocess.run(
        [sys.executable, "-m", "cli.main", *command, "--help", "--lang", "en"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert program == "/opt/kho/bin/kho"
    assert [each for each in options if each not in told.stdout] == []


def test_what_servers_install_is_what_was_tested():
    def pins(name: str) -> dict[str, str]:
        lines = (ROOT / name).read_text("utf-8").splitlines()
        return dict(line.split(" ")[0].split("==") for line in lines if "==" in line.split(" ")[0])

    run, tested = pins("requirements-run.lock"), pins("requirements.lock")

    assert {name: version for name, version in run.items() if tested.get(name) != version} == {}
    assert len(run) > 40
