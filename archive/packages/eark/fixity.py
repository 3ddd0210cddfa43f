"""Checksums in the algorithms that METS names."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from archive.fixity import chunks
from archive.packages.eark.package import Package

_HASHES = {
    "MD5": "md5",
    "SHA-1": "sha1",
    "SHA-256": "sha256",
    "SHA-384": "sha384",
    "SHA-512": "sha512",
}
_SUMS = {"CRC32": zlib.crc32, "Adler-32": zlib.adler32}
_TEXT_BYTES = 16 << 20
"""Larger files are not tried with other line ends."""


def is_known(kind: str) -> bool:
    """Return whether a checksum of this METS type can be computed."""
    return kind in _HASHES or kind in _SUMS


def has_form(kind: str, value: str) -> bool:
    """Return whether a value has the length and digits of a checksum of this type."""
    try:
        int(value, 16)
    except ValueError:
        return False
    if kind in _SUMS:
        return len(value) <= 10
    return len(value) == 2 * hashlib.new(_HASHES[kind], usedforsecurity=False).digest_size


def same(recorded: str, found: str) -> bool:
    """Return whether two checksums are equal, whatever the case of their digits."""
    return recorded.strip().lstrip("0").casefold() == found.lstrip("0").casefold()


def digest(package: Package, name: str, kind: str) -> str:
    """Return a file's checksum in hex, read in constant memory unless it is known already."""
    if kind == "SHA-256" and name in package.sha256:
        return package.sha256[name]
    with (package.root / name).open("rb") as stream:
        return _of(kind, stream)


def fits_with_other_line_ends(
    path: Path, *, size: str | None, kind: str | None, value: str | None
) -> bool:
    """Return whether recorded size and checksum fit the file with LF as CRLF, or back."""
    if path.stat().st_size > _TEXT_BYTES:
        return False
    content = path.read_bytes()
    if b"\0" in content:
        return False
    return any(_fits(variant, size, kind, value) for variant in _variants(content))


def _variants(content: bytes) -> Iterator[bytes]:
    plain = content.replace(b"\r\n", b"\n")
    for variant in (plain.replace(b"\n", b"\r\n"), plain):
        if variant != content:
            yield variant


def _fits(content: bytes, size: str | None, kind: str | None, value: str | None) -> bool:
    checked = False
    if size and size.isascii() and size.isdigit():
        if int(size) != len(content):
            return False
        checked = True
    if value and kind and is_known(kind) and has_form(kind, value):
        return same(value, _of_bytes(kind, content))
    return checked


def _of(kind: str, stream: BufferedReader) -> str:
    if kind in _HASHES:
        name = _HASHES[kind]
        return hashlib.file_digest(
            stream, lambda: hashlib.new(name, usedforsecurity=False)
        ).hexdigest()
    total = _SUMS[kind](b"")
    for piece in chunks(stream):
        total = _SUMS[kind](piece, total)
    return f"{total:08x}"


def _of_bytes(kind: str, content: bytes) -> str:
    if kind in _HASHES:
        return hashlib.new(_HASHES[kind], content, usedforsecurity=False).hexdigest()
    return f"{_SUMS[kind](content):08x}"
