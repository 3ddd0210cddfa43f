"""Bouncy Castle's evidence records, called through a small program compiled by the tests."""

from __future__ import annotations

from pathlib import Path

from tests.judges.java import Program


def judge(folder: Path) -> Program:
    """Return the program, compiled into a folder."""
    jars = ("bcpkix.jar", "bcprov.jar", "bcutil.jar")
    return Program("EvidenceJudge", jars, "libbcpkix-java", folder)
