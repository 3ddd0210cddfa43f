"""The bytes of the file that was read last: one check asks for them several times."""

from __future__ import annotations

from pathlib import Path

from archive.fixity import mark_of


class _Last:
    file: tuple[object, ...] = ()
    """Where it lay, with what tells that it was not written since."""
    content = b""


def content_of(file: Path) -> bytes:
    """Return the bytes of a file, from memory if it was the last one too and is unchanged."""
    now = (file, mark_of(file.stat()))
    if _Last.file != now:
        _Last.file, _Last.content = now, file.read_bytes()
    return _Last.content


def forget() -> None:
    """Let go of the bytes."""
    _Last.file, _Last.content = (), b""
