"""Small Java programs around libraries of others, compiled and asked by the tests."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

_JAVA = Path("/usr/share/java")
"""Where Debian's packages put their libraries."""


class Program:
    """A program beside this file, compiled; it answers one line for each line that it reads."""

    def __init__(self, name: str, jars: Sequence[str], packages: str, folder: Path) -> None:
        """Compile into a folder; fails with what is missing on this machine.

        Args:
            name: of its class; the source is NAME.java beside this file.
            jars: the libraries that it needs.
            packages: the Debian packages that bring them, for the error.
            folder: where its classes go.
        """
        paths = [_JAVA / jar for jar in jars]
        missing = [str(path) for path in paths if not path.is_file()]
        missing += [tool for tool in ("java", "javac") if not shutil.which(tool)]
        if missing:
            raise FileNotFoundError(
                f"{', '.join(missing)}: install {packages} default-jdk-headless"
            )
        libraries = ":".join(map(str, paths))
        self._name, self._path = name, f"{folder}:{libraries}"
        source = Path(__file__).with_name(f"{name}.java")
        subprocess.run(
            ["javac", "-cp", libraries, "-d", str(folder), str(source)],
            check=True,
            capture_output=True,
        )

    def ask(self, commands: Sequence[Sequence[object]]) -> list[str]:
        """Return one answer for each command; its words are sent between tabs."""
        lines = "".join("\t".join(map(str, command)) + "\n" for command in commands)
        done = subprocess.run(
            ["java", "-XX:TieredStopAtLevel=1", "-cp", self._path, self._name],
            input=lines,
            text=True,
            capture_output=True,
            check=True,
            timeout=120,
        )
        return done.stdout.splitlines()
