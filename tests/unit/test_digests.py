"""Files that are hashed: each byte is read once, and what is kept is what was hashed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from archive.packages import digests
from archive.packages.digests import Digests


def test_what_is_kept_is_what_was_hashed_whatever_becomes_of_the_file(tmp_path: Path) -> None:
    place, known = tmp_path / "file", Digests()
    place.write_bytes(b"first")
    first = known.sha256(place)

    place.write_bytes(b"other")

    assert known.content(place) == b"first"
    assert first == known.sha256(place) == hashlib.sha256(b"first").hexdigest()
    assert known.of(place, ["md5"])["md5"] == hashlib.md5(b"first").hexdigest()


def test_files_are_kept_as_long_as_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "KEPT_BYTES", 10)
    places = [tmp_path / str(number) for number in range(3)]
    for place, size in zip(places, (6, 6, 4), strict=True):
        place.write_bytes(bytes(size))
    known = Digests()

    found = [known.sha256(place) for place in places]

    assert found == [hashlib.sha256(bytes(size)).hexdigest() for size in (6, 6, 4)]
    assert [known.content(place) is not None for place in places] == [True, False, True]
