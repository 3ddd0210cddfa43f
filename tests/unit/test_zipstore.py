"""Stored ZIPs: deterministic, readable by everybody, read back by ranges, hard to deceive."""

from __future__ import annotations

import hashlib
import io
import os
import random
import shutil
import struct
import subprocess
import tracemalloc
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.errors import FixityMismatch, IntegrityError
from archive.packages import zipstore
from archive.packages.zipranges import (
    ReadRange,
    TailReader,
    find_entries,
    has_local_header,
    read_directory,
    read_entry,
)
from archive.packages.zipstore import Entry, ZipImage, ZipWriter

MOMENT = datetime(2026, 11, 24, 10, 30, 42, tzinfo=UTC)
names = st.lists(
    st.text(
        st.characters(exclude_characters="/\\\x7f", min_codepoint=32, exclude_categories=["Cs"]),
        min_size=1,
        max_size=40,
    ).filter(lambda part: part not in (".", "..")),
    min_size=1,
    max_size=4,
).map("/".join)


def a_zip(files: dict[str, bytes]) -> ZipImage:
    writer = ZipWriter(MOMENT)
    for name, content in files.items():
        writer.add_bytes(name, content)
    return writer.finished()


def bytes_of(image: ZipImage) -> bytes:
    with image.open() as stream:
        return stream.read()


def ranges_of(content: bytes) -> ReadRange:
    return lambda offset, length: content[offset : None if length is None else offset + length]


def test_what_is_written_has_the_size_and_digest_that_were_promised(tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-" * 5000)
    writer = ZipWriter(MOMENT)
    writer.add_file("a/scan.pdf", tmp_path / "scan.pdf", size=25000)
    writer.add_bytes("a/METS.xml", b"<mets/>")

    image = writer.finished(("a/seal", b"p7s"))

    content = bytes_of(image)
    assert len(content) == image.size
    assert hashlib.sha256(content).hexdigest() == image.sha256


def test_the_same_files_give_the_same_bytes_wherever_they_lie(tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-")
    from_disk = ZipWriter(MOMENT)
    from_disk.add_file("scan.pdf", tmp_path / "scan.pdf", size=5)

    from_memory = a_zip({"scan.pdf": b"%PDF-"})

    assert bytes_of(from_disk.finished()) == bytes_of(from_memory)


def test_a_beginning_can_be_given_two_endings() -> None:
    writer = ZipWriter(MOMENT)
    writer.add_bytes("METS.xml", b"<mets/>")

    first, second = writer.finished(("seal", b"one")), writer.finished(("seal", b"two"))

    assert zipfile.ZipFile(io.BytesIO(bytes_of(first))).read("seal") == b"one"
    assert zipfile.ZipFile(io.BytesIO(bytes_of(second))).read("seal") == b"two"


@given(st.dictionaries(names, st.binary(max_size=300), max_size=8))
@settings(max_examples=60, deadline=None)
def test_every_name_and_content_comes_back(files: dict[str, bytes]) -> None:
    content = bytes_of(a_zip(files))

    entries = read_directory(ranges_of(content), len(content))

    with zipfile.ZipFile(io.BytesIO(content)) as other:
        assert {name: other.read(name) for name in other.namelist()} == files
    assert {name: read_entry(ranges_of(content), entry) for name, entry in entries.items()} == files
    assert all(has_local_header(ranges_of(content), entry) for entry in entries.values())


@given(st.dictionaries(names, st.binary(max_size=300), max_size=8))
@settings(max_examples=60, deadline=None)
def test_single_entries_are_found_as_the_whole_directory_has_them(files: dict[str, bytes]) -> None:
    rooted = {f"gói/{name}": content for name, content in files.items()}
    content = bytes_of(a_zip(rooted))
    read = ranges_of(content)

    found = find_entries(read, len(content), [*files, "not there", "gói"])

    whole = read_directory(read, len(content))
    assert {f"gói/{name}": entry for name, entry in found.items()} == whole


@given(st.lists(st.tuples(st.integers(0, 9000), st.integers(0, 2000)), max_size=20))
@settings(max_examples=40, deadline=None)
def test_the_stream_can_be_read_from_anywhere(reads: list[tuple[int, int]]) -> None:
    image = a_zip({f"{number}.bin": random.Random(number).randbytes(900) for number in range(9)})
    content = bytes_of(image)

    with image.open() as stream:
        for offset, length in reads:
            stream.seek(offset)
            assert stream.read(length) == content[offset : offset + length]


def test_unzip_finds_no_fault(tmp_path: Path) -> None:
    unzip = shutil.which("unzip")
    assert unzip, "unzip is missing: apt-get install unzip"
    target = tmp_path / "gói tin.zip"
    target.write_bytes(bytes_of(a_zip({"gói/Đơn đề nghị.pdf": b"%PDF-", "gói/trống.txt": b""})))

    judged = subprocess.run([unzip, "-t", target], capture_output=True, text=True)

    assert judged.returncode == 0, judged.stdout + judged.stderr


def test_a_file_over_four_gigabytes_and_what_follows_it_need_zip64(tmp_path: Path) -> None:
    size, mets = (4 << 30) + 7, b"<mets/>"
    first = zipstore.local_header("film.mp4", size, 0, 0)
    second = zipstore.local_header("METS.xml", len(mets), zlib.crc32(mets), 0)
    lines = [
        zipstore._central_header("film.mp4", size, 0, 0, 0),
        zipstore._central_header("METS.xml", len(mets), zlib.crc32(mets), 0, len(first) + size),
    ]
    with (tmp_path / "sparse.zip").open("w+b") as stream:
        stream.write(first + b"begins")
        stream.seek(len(first) + size)
        stream.write(second + mets)
        stream.write(zipstore._directory_and_end(lines, stream.tell()))

        entries = read_directory(stream_ranges(stream), stream.tell())

        assert entries["film.mp4"].size == size
        assert stream_ranges(stream)(entries["film.mp4"].offset, 6) == b"begins"
        assert read_entry(stream_ranges(stream), entries["METS.xml"]) == mets
        assert all(has_local_header(stream_ranges(stream), entry) for entry in entries.values())
        with zipfile.ZipFile(stream) as other:
            assert other.getinfo("film.mp4").file_size == size
            assert other.read("METS.xml") == mets


def test_more_than_65535_files_need_zip64() -> None:
    image = a_zip({f"{number:06}": b"" for number in range(65_600)})
    content = bytes_of(image)

    assert len(read_directory(ranges_of(content), len(content))) == 65_600
    assert len(zipfile.ZipFile(io.BytesIO(content)).namelist()) == 65_600


def test_a_large_file_is_never_held_in_memory(tmp_path: Path) -> None:
    large = tmp_path / "ban-ve.tif"
    with large.open("wb") as stream:
        stream.truncate(48 << 20)
    tracemalloc.start()

    writer = ZipWriter(MOMENT)
    writer.add_file("ban-ve.tif", large, size=48 << 20)
    with writer.finished().open() as stream:
        while stream.read(1 << 20):
            pass

    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_a_file_that_has_grown_or_shrunk_is_refused(tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-")

    with pytest.raises(FixityMismatch):
        ZipWriter(MOMENT).add_file("scan.pdf", tmp_path / "scan.pdf", size=6)


def test_a_large_file_that_is_cut_off_before_it_is_read_is_noticed(tmp_path: Path) -> None:
    size = zipstore.KEPT_BYTES + 1
    with (tmp_path / "scan.pdf").open("wb") as scan:
        scan.truncate(size)
    writer = ZipWriter(MOMENT)
    writer.add_file("scan.pdf", tmp_path / "scan.pdf", size=size)
    os.truncate(tmp_path / "scan.pdf", 2)

    with writer.finished().open() as stream, pytest.raises(FixityMismatch):
        stream.read()


def test_a_small_file_goes_into_the_zip_as_it_was_when_it_was_read(tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-")
    writer = ZipWriter(MOMENT)
    entry = writer.add_file("scan.pdf", tmp_path / "scan.pdf", size=5)
    (tmp_path / "scan.pdf").write_bytes(b"other")

    image = writer.finished()

    content = bytes_of(image)
    assert content[entry.offset : entry.offset + 5] == b"%PDF-"
    assert hashlib.sha256(content).hexdigest() == image.sha256


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../up", "a/../b", "a//b", "a/", "a\\b", "a\x00b", "a\nb", "./a"],
    ids=[
        "empty",
        "absolute",
        "up",
        "up inside",
        "double",
        "folder",
        "backslash",
        "NUL",
        "line",
        ".",
    ],
)
def test_an_unsafe_name_is_never_written(name: str) -> None:
    with pytest.raises(ValueError, match=r"has|already"):
        ZipWriter(MOMENT).add_bytes(name, b"")


def test_a_name_can_be_used_once_only() -> None:
    writer = ZipWriter(MOMENT)
    writer.add_bytes("METS.xml", b"")

    with pytest.raises(ValueError, match="already"):
        writer.add_bytes("METS.xml", b"")


def test_an_object_is_asked_once_if_directory_and_file_lie_in_its_last_part() -> None:
    content = bytes_of(a_zip({"scan.pdf": b"%PDF-" * 50_000, "METS.xml": b"<mets/>"}))
    asked: list[int] = []

    def read(offset: int, length: int | None) -> bytes:
        asked.append(offset)
        return ranges_of(content)(offset, length)

    tail = TailReader(read, len(content), tail_bytes=4096)
    entries = read_directory(tail, len(content))

    assert read_entry(tail, entries["METS.xml"]) == b"<mets/>"
    assert len(asked) == 1


def test_a_flipped_bit_in_a_file_is_noticed() -> None:
    content = bytearray(bytes_of(a_zip({"scan.pdf": b"%PDF-"})))
    entry = read_directory(ranges_of(bytes(content)), len(content))["scan.pdf"]
    content[entry.offset] ^= 1

    with pytest.raises(FixityMismatch):
        read_entry(ranges_of(bytes(content)), entry)


@given(st.integers(0, 400))
@settings(max_examples=60, deadline=None)
def test_a_zip_that_is_cut_off_is_refused(length: int) -> None:
    content = bytes_of(a_zip({"a": b"1" * 200, "b": b"2"}))[:-1][:length]

    with pytest.raises(IntegrityError):
        read_directory(ranges_of(content), len(content))


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_damage_to_the_directory_never_goes_unnoticed_or_crashes(data: st.DataObject) -> None:
    files = {"a/METS.xml": b"<mets/>", "a/scan.pdf": b"%PDF-1.7"}
    content = bytearray(bytes_of(a_zip(files)))
    start = content.index(b"PK\x01\x02")
    position = data.draw(st.integers(start, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))

    try:
        entries = read_directory(ranges_of(bytes(content)), len(content))
        found = {
            name: read_entry(ranges_of(bytes(content)), entry) for name, entry in entries.items()
        }
    except (IntegrityError, FixityMismatch):
        return
    # What remains harmless: attributes, times, a letter of a name.
    assert sorted(found.values()) == sorted(files.values())


def test_overlapping_entries_are_refused() -> None:
    content = b"x" * 40
    header = zipstore.local_header("a", 40, zlib.crc32(content), 0)
    line = zipstore._central_header("a", 40, zlib.crc32(content), 0, 0)
    twice = header + content + zipstore._directory_and_end([line, line], len(header) + 40)

    with pytest.raises(IntegrityError, match="overlap"):
        read_directory(ranges_of(twice), len(twice))


def test_two_entries_of_one_name_are_refused() -> None:
    one, two = zipstore.local_header("a", 0, 0, 0), zipstore.local_header("a", 0, 0, 0)
    lines = [
        zipstore._central_header("a", 0, 0, 0, 0),
        zipstore._central_header("a", 0, 0, 0, len(one)),
    ]
    content = one + two + zipstore._directory_and_end(lines, len(one + two))

    with pytest.raises(IntegrityError, match="one name"):
        read_directory(ranges_of(content), len(content))


@pytest.mark.parametrize(
    "make",
    [
        lambda archive: archive.writestr("a.txt", b"a" * 500, zipfile.ZIP_DEFLATED),
        lambda archive: archive.writestr("../a.txt", b"a"),
        lambda archive: archive.__setattr__("comment", b"hidden"),
    ],
    ids=["compressed", "leads upwards", "comment"],
)
def test_zips_that_others_make_are_not_taken_for_packages(make) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        make(archive)
    content = stream.getvalue()

    with pytest.raises(IntegrityError):
        read_directory(ranges_of(content), len(content))


def test_a_directory_that_claims_to_be_huge_is_not_allocated() -> None:
    end = struct.pack("<4sHHHHLLH", b"PK\x05\x06", 0, 0, 9, 9, 0xFFFFFFF0, 0, 0)

    with pytest.raises(IntegrityError):
        read_directory(ranges_of(end), len(end))


def test_a_gap_before_an_entry_shows_in_its_local_header() -> None:
    content = bytes_of(a_zip({"a": b"12345678"}))
    entry = read_directory(ranges_of(content), len(content))["a"]
    moved = Entry("a", entry.offset + 1, entry.size, entry.crc, entry.moment)

    assert not has_local_header(ranges_of(content), moved)


def stream_ranges(stream: BinaryIO) -> ReadRange:
    def read(offset: int, length: int | None) -> bytes:
        stream.seek(offset)
        return stream.read(-1 if length is None else length)

    return read
