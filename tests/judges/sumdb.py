"""Go's golang.org/x/mod/sumdb (note, tlog), called through a small program built by the tests."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

PATH = Path("/usr/share/gocode")
"""Where Debian's golang-golang-x-mod-dev puts its source."""
_SOURCE = Path(__file__).with_name("log_judge.go")


@dataclass
class Question:
    """What the judge is asked about a log in a folder."""

    folder: Path
    log_key: str
    witness_keys: Sequence[str] = ()
    checkpoints: Sequence[str] = ()
    inclusion: list[dict] = field(default_factory=list)
    consistency: list[dict] = field(default_factory=list)

    def included(
        self, index: int, size: int, entry: bytes, proof: Sequence[bytes], root: bytes
    ) -> None:
        """Ask whether an entry is in a tree, and whether Go makes the same proof."""
        self.inclusion.append(
            {
                "Index": index,
                "Size": size,
                "Entry": _base64(entry),
                "Proof": [*map(_base64, proof)],
                "Root": _base64(root),
            }
        )

    def consistent(
        self, size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]
    ) -> None:
        """Ask whether one tree continues another, and whether Go makes the same proof."""
        self.consistency.append(
            {
                "Size1": size1,
                "Size2": size2,
                "Root1": _base64(root1),
                "Root2": _base64(root2),
                "Proof": [*map(_base64, proof)],
            }
        )


class Judge:
    """The program, built once."""

    def __init__(self, folder: Path) -> None:
        """Build into a folder, without the network; fails with what is missing here."""
        if not shutil.which("go") or not (PATH / "src/golang.org/x/mod/sumdb/tlog").is_dir():
            raise FileNotFoundError("install golang-go and golang-golang-x-mod-dev")
        self._program = folder / "log_judge"
        offline = {"GO111MODULE": "off", "GOPATH": str(PATH), "GOFLAGS": "-mod=mod"}
        subprocess.run(
            ["go", "build", "-o", str(self._program), str(_SOURCE)],
            env=os.environ | offline | {"GOCACHE": str(folder / "cache"), "CGO_ENABLED": "0"},
            check=True,
            capture_output=True,
            timeout=240,
        )

    def faults(self, question: Question) -> list[str]:
        """Return what does not hold; nothing if all does."""
        asked = {
            "Folder": str(question.folder),
            "LogKey": question.log_key,
            "WitnessKeys": list(question.witness_keys),
            "Checkpoints": list(question.checkpoints),
            "Inclusion": question.inclusion,
            "Consistency": question.consistency,
        }
        done = subprocess.run(
            [str(self._program)],
            input=json.dumps(asked),
            text=True,
            capture_output=True,
            check=True,
            timeout=120,
        )
        found: list[str] = json.loads(done.stdout)
        return found


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()
