"""The encrypted object: a header, then segments under AES-256-GCM that can be read by ranges.

    offset  bytes  meaning
    0       8      the letters `KHOAES01`
    8       8      size of the content, big endian
    16      32     SHA-256 of the content
    48      …      segments of 65,536 bytes of content (the last may be shorter), each followed
                   by its 16-byte tag

The key of an object is HKDF-SHA256(dossier's key, salt = SHA-256 of the content, info = `INFO`):
other content has another key, and the same content always gives the same bytes. The nonce of
segment `i` (from 0) is four zero bytes and `i` as eight bytes, big endian; the header is the
additional data of every segment, so that none can be cut off, moved or added.

Sources: NIST SP 800-38D (GCM; deterministic nonces, 8.2.1), RFC 5869 (HKDF).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from archive.errors import IntegrityError

MAGIC = b"KHOAES01"
INFO = b"kho package aes-256-gcm 1"
SEGMENT_BYTES = 65_536
TAG_BYTES = 16
HEADER_BYTES = 48
_HEADER = struct.Struct(">8sQ32s")


class Header(NamedTuple):
    """What an encrypted object says of its content."""

    size: int
    """Of the content, bytes."""
    sha256: bytes
    """Of the content, 32 bytes."""

    def pack(self) -> bytes:
        """Return the 48 bytes that the object begins with."""
        return _HEADER.pack(MAGIC, self.size, self.sha256)

    @property
    def segments(self) -> int:
        """How many segments follow."""
        return -(-self.size // SEGMENT_BYTES)

    @property
    def stored_bytes(self) -> int:
        """The size of the whole object."""
        return HEADER_BYTES + self.size + TAG_BYTES * self.segments


def header_of(beginning: bytes) -> Header | None:
    """Return the header that an object begins with; None if it is not encrypted."""
    if len(beginning) < HEADER_BYTES or not beginning.startswith(MAGIC):
        return None
    _, size, sha256 = _HEADER.unpack(beginning[:HEADER_BYTES])
    return Header(size, sha256)


def encrypted(pieces: Iterable[bytes], header: Header, dossier_key: bytes) -> Iterator[bytes]:
    """Yield the encrypted object of content that comes in pieces of any size."""
    cipher, associated = _cipher(dossier_key, header), header.pack()
    yield associated
    for number, segment in enumerate(_segments(pieces)):
        yield cipher.encrypt(_nonce(number), segment, associated)


def decrypted(
    stream: BinaryIO, header: Header, dossier_key: bytes, *, first: int, where: str
) -> Iterator[bytes]:
    """Yield the content of segments from `first` on, which is where the stream stands.

    Raises:
        IntegrityError: a segment is not what was written, or was written with another key.
    """
    cipher, associated = _cipher(dossier_key, header), header.pack()
    for number in range(first, header.segments):
        length = min(SEGMENT_BYTES, header.size - number * SEGMENT_BYTES) + TAG_BYTES
        sealed = stream.read(length)
        if not sealed:
            return
        try:
            yield cipher.decrypt(_nonce(number), sealed, associated)
        except InvalidTag as error:
            raise IntegrityError(
                f"{where}: segment {number} is not what was encrypted",
                where=where,
                hint="stored bytes were altered: kho fixity run",
            ) from error


def span(header: Header, offset: int, end: int) -> tuple[int, int, int]:
    """Return what has to be read for the content from `offset` up to, without, `end`.

    Returns:
        The first segment, where it lies in the object, and how many bytes to read from there.
    """
    first, last = offset // SEGMENT_BYTES, (end - 1) // SEGMENT_BYTES
    begin = HEADER_BYTES + first * (SEGMENT_BYTES + TAG_BYTES)
    until = min(header.stored_bytes, HEADER_BYTES + (last + 1) * (SEGMENT_BYTES + TAG_BYTES))
    return first, begin, until - begin


def _cipher(dossier_key: bytes, header: Header) -> AESGCM:
    derived = HKDF(SHA256(), 32, salt=header.sha256, info=INFO).derive(dossier_key)
    return AESGCM(derived)


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _segments(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held = bytearray()
    for piece in pieces:
        held += piece
        while len(held) >= SEGMENT_BYTES:
            yield bytes(held[:SEGMENT_BYTES])
            del held[:SEGMENT_BYTES]
    if held:
        yield bytes(held)
