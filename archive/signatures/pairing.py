"""Pairing: which file a detached signature is over, by their names."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import PurePosixPath

_SUFFIXES = (".p7s", ".p7m", ".p7")


def signed_by(name: str, names: Collection[str]) -> str | None:
    """Return the file that a detached CMS signature is over.

    `a.pdf.p7s` is over `a.pdf`; `a.p7s` is over the one other file `a.…` in its folder.

    Args:
        name: of the signature's file.
        names: of all files, folders included.
    """
    path = PurePosixPath(name)
    if path.suffix.lower() not in _SUFFIXES:
        return None
    whole = str(path.with_suffix(""))
    if whole in names:
        return whole
    beside = [
        one
        for one in names
        if (other := PurePosixPath(one)).parent == path.parent
        and other.stem == path.stem
        and other.suffix.lower() not in _SUFFIXES
    ]
    return beside[0] if len(beside) == 1 else None


def may_refer(name: str) -> bool:
    """Return whether a file of this name can have signatures over other files."""
    return name.lower().endswith((*_SUFFIXES, ".xml"))
