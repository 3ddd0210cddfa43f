"""What `deploy/` tells systemd and container engines to run is what Kho understands."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from archive.settings import SETTINGS

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


def instructions() -> list[tuple[str, str]]:
    """Return what the container file says, in order: `("COPY", ". .")`."""
    text = (ROOT / "deploy" / "Containerfile").read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1].strip()) for line in lines]


def last(name: str) -> str:
    return [value for each, value in instructions() if each == name][-1]


def compose() -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text("utf-8"))
    return told


def test_what_the_image_is_built_from_is_there_and_not_left_out():
    left_out = (ROOT / ".dockerignore").read_text("utf-8").split()
    copied = [value.split()[:-1] for name, value in instructions() if name == "COPY"]
    sources = [s for words in copied if not words[0].startswith("--from=") for s in words]
    built = {
        value.split()[-1] for name, value in instructions() if name == "FROM" and " AS " in value
    }
    taken = {words[0].partition("=")[2] for words in copied if words[0].startswith("--from=")}
    named = re.findall(
        r"-r (\S+)", " ".join(value for name, value in instructions() if name == "RUN")
    )
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    needed = [
        *named, "pyproject.toml", packages["project"]["readme"],
        *packages["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"],
    ]  # fmt: skip

    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert taken == built
    assert [each for each in needed if not (ROOT / each).exists() or each in left_out] == []


def test_the_image_starts_the_pages_as_somebody_without_rights():
    program, command = json.loads(last("ENTRYPOINT")), json.loads(last("CMD"))
    told = subprocess.run(
        [sys.executable, "-m", "cli.main", command[0], "--help", "--lang", "en"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    added = [value for name, value in instructions() if name == "RUN" and "useradd" in value][-1]
    port = command[command.index("--port") + 1]

    assert (program, command[0]) == (["kho"], "serve")
    assert [word for word in command if word.startswith("--") and word not in told] == []
    assert last("USER") == added.split()[-1] != "root"
    assert int(added.split("--uid ")[1].split()[0]) > 0
    assert instructions().index(("USER", last("USER"))) < instructions().index(("CMD", last("CMD")))
    assert last("EXPOSE") == port
    assert f":{port}/readyz" in last("HEALTHCHECK")
    assert last("VOLUME") in last("ENV")


def test_the_compose_example_holds_together():
    told = compose()
    kho = told["services"]["kho"]
    known = {setting.variable for setting in SETTINGS} | {"KHO_S3_CREDENTIALS_FILE"}
    used = {name for service in told["services"].values() for name in service.get("secrets", [])}
    mounted = {v.split(":")[0] for s in told["services"].values() for v in s.get("volumes", [])}

    assert (ROOT / "deploy" / kho["build"]["context"] / kho["build"]["dockerfile"]).is_file()
    assert [n for n in kho["environment"] if n.startswith("KHO_") and n not in known] == []
    assert kho["environment"]["KHO_WEB_URL"].startswith("https://")
    assert kho["ports"] == [f"127.0.0.1:{last('EXPOSE')}:{last('EXPOSE')}"]
    assert used == set(told["secrets"])
    assert mounted == set(told["volumes"])
    assert set(kho["depends_on"]) <= set(told["services"])
    assert [value for name, value in kho["environment"].items() if "run/secrets" in value
            and value.rsplit("/", 1)[1] not in kho["secrets"]] == []  # fmt: skip
