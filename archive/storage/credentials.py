"""Credentials for an S3 service: from the environment or a private file, never from a URL."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from archive.errors import UsageError

ACCESS_KEY = "KHO_S3_ACCESS_KEY"
SECRET_KEY = "KHO_S3_SECRET_KEY"  # noqa: S105 - the name of a variable
FILE = "KHO_S3_CREDENTIALS_FILE"


@dataclass(frozen=True, slots=True)
class S3Credentials:
    """A pair of keys; the secret one shows nowhere."""

    access_key: str
    secret_key: str = field(repr=False)


def from_environment(environment: Mapping[str, str] = os.environ) -> S3Credentials | None:
    """Return the keys of the environment, or of the file that it names, or None.

    The file has lines `KHO_S3_ACCESS_KEY=…` and `KHO_S3_SECRET_KEY=…` and can be read by its
    owner only.

    Raises:
        UsageError: one of the two is missing, or the file is not there or open to others.
    """
    told: Mapping[str, str] = environment
    if ACCESS_KEY not in environment and FILE in environment:
        told = _read(Path(environment[FILE]))
    keys = told.get(ACCESS_KEY, ""), told.get(SECRET_KEY, "")
    if not any(keys):
        return None
    if not all(keys):
        raise UsageError(f"{ACCESS_KEY} and {SECRET_KEY} must be given together")
    return S3Credentials(*keys)


def _read(path: Path) -> dict[str, str]:
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UsageError(
                f"{path} can be read by others", where=str(path), hint=f"chmod 600 {path}"
            )
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{path}, named in {FILE}, cannot be read", where=str(path)) from error
    pairs = (line.partition("=") for line in lines if not line.lstrip().startswith("#"))
    return {key.strip(): value.strip() for key, _, value in pairs}
