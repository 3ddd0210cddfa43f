"""Passwords and PINs: from the environment or a private file, never from a command's arguments."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from archive.errors import UsageError

MAX_BYTES = 4096


def password(
    variable: str, name: str = "", environment: Mapping[str, str] = os.environ
) -> str | None:
    """Return a password, or None if there is none.

    Looked for in this order: `VARIABLE_NAME`, the file that `VARIABLE_NAME_FILE` names,
    `VARIABLE`, the file that `VARIABLE_FILE` names.

    Args:
        variable: `KHO_SEAL_PASSWORD`, `KHO_KEY_PASSWORD`.
        name: of the key, for an archive that has several.
        environment: where to look.

    Raises:
        UsageError: the file is not there, or others may read it.
    """
    own = "".join(c if c.isalnum() and c.isascii() else "_" for c in name.upper())
    for one in (f"{variable}_{own}", variable) if own else (variable,):
        if one in environment:
            return environment[one]
        if f"{one}_FILE" in environment:
            return from_file(Path(environment[f"{one}_FILE"]))
    return None


def from_file(path: Path) -> str:
    """Return the password in a file of its owner's own: its first line.

    Raises:
        UsageError: the file is not there, or others may read it, or it is too long.
    """
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise UsageError(
                f"{path} can be read by others", where=str(path), hint=f"chmod 600 {path}"
            )
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
        text = content.decode()
    except (OSError, UnicodeError) as error:
        raise UsageError("the file of a password cannot be read", where=str(path)) from error
    if len(content) > MAX_BYTES:
        raise UsageError("the file of a password is too long", where=str(path))
    return text.split("\n", 1)[0].rstrip("\r")
