"""Pieces reach a file whole and in order, however many and however little one call takes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.storage import disk


def written(folder: Path, pieces: list[bytes]) -> bytes:
    descriptor = os.open(folder / "file", os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    try:
        disk.write_all(descriptor, iter(pieces))
    finally:
        os.close(descriptor)
    return (folder / "file").read_bytes()


def test_more_pieces_than_one_call_takes(tmp_path: Path) -> None:
    pieces = [bytes([number % 251]) * (number % 7) for number in range(5000)]

    assert written(tmp_path, pieces) == b"".join(pieces)


def test_more_bytes_than_are_gathered(tmp_path: Path) -> None:
    pieces = [bytes([number]) * (1 << 20) for number in range(9)]

    assert written(tmp_path, pieces) == b"".join(pieces)


@given(pieces=st.lists(st.binary(max_size=9), max_size=6), most=st.integers(1, 12))
def test_a_call_that_takes_a_part_is_followed_by_another(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], most: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "writev", lambda place, parts: os.write(place, b"".join(parts)[:most]))
        found = written(tmp_path_factory.mktemp("parts"), pieces)

    assert found == b"".join(pieces)
