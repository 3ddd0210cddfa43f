"""Two agencies' operators set up witnessing with the commands that the README names."""

from __future__ import annotations

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

from tests.archives import command, environment, kho


def answered(*arguments: object, code: int = 0) -> Any:
    done = kho(*arguments, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_witness_is_set_up_asked_and_stopped(tmp_path: Path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for home, agency in ((ours, "H26"), (theirs, "H30")):
        answered("init", home, "--agency", agency)
    our_keys = answered("-C", ours, "journal", "witness", "key")
    answered("-C", theirs, "journal", "witness", "add", our_keys["log_key"])

    serving = subprocess.Popen(
        command("-C", theirs, "journal", "witness", "serve", "--listen", "127.0.0.1:0", "-q"),
        stdout=subprocess.PIPE,
        text=True,
        env=environment(KHO_LANG="en"),
    )
    try:
        assert serving.stdout is not None
        line = serving.stdout.readline()
        url = next(word.rstrip(",") for word in line.split() if word.startswith("http"))
        key = line.split()[-1]
        answered("-C", ours, "journal", "witness", "add", key, "--url", url)
        (answer,) = answered("-C", ours, "journal", "witness", "ask")
        (seen,) = answered("-C", theirs, "journal", "witness", "list")
    finally:
        serving.send_signal(signal.SIGTERM)
        ended = serving.wait(30)
    proof = tmp_path / "event.tlog-proof"
    answered("-C", ours, "journal", "prove", "1", "--into", proof)
    checked = answered("-C", ours, "journal", "check", proof, "--witness", key)
    outside = answered(
        "journal", "check", proof, "--key", our_keys["log_key"], "--witness", key, code=8
    )
    unavailable = answered("-C", ours, "journal", "witness", "ask", code=0)

    assert answer["outcome"] == "cosigned"
    assert seen["size"] == answer["size"]
    assert ended == 0
    assert [one["name"] for one in checked["cosigned"]] == ["kho/H30/journal/witness"]
    assert (outside["intact"], len(outside["cosigned"])) == (True, 1)
    assert unavailable[0]["outcome"] == "cosigned"
