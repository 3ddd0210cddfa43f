"""Bouncy Castle's evidence records, called through a small program compiled by the tests."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

JARS = tuple(Path("/usr/share/java") / name for name in ("bcpkix.jar", "bcprov.jar", "bcutil.jar"))
"""Where Debian's libbcpkix-java puts them."""
_SOURCE = Path(__file__).with_name("EvidenceJudge.java")


class Judge:
    """The compiled program."""

    def __init__(self, folder: Path) -> None:
        """Compile into a folder; fails with what is missing on this machine."""
        missing = [str(jar) for jar in JARS if not jar.is_file()]
        missing += [tool for tool in ("java", "javac") if not shutil.which(tool)]
        if missing:
            raise FileNotFoundError(
                f"{', '.join(missing)}: install libbcpkix-java and default-jdk-headless"
            )
        self._classes = folder
        jars = ":".join(map(str, JARS))
        subprocess.run(
            ["javac", "-cp", jars, "-d", str(folder), str(_SOURCE)], check=True, capture_output=True
        )

    def ask(self, commands: Sequence[Sequence[object]]) -> list[str]:
        """Return one answer for each command."""
        lines = "".join("\t".join(map(str, command)) + "\n" for command in commands)
        path = ":".join(map(str, (self._classes, *JARS)))
        done = subprocess.run(
            ["java", "-XX:TieredStopAtLevel=1", "-cp", path, "EvidenceJudge"],
            input=lines,
            text=True,
            capture_output=True,
            check=True,
            timeout=120,
        )
        return done.stdout.splitlines()
