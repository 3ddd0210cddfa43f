"""Bulk readers for hexadecimal strings, words and names in PDFs, and a memory for names' texts.

pyHanko reads them one character at a time, which is most of the time of parsing a signed
PDF: `/Contents` is tens of thousands of digits. `install` puts these readers, which accept
and refuse the same input (ISO 32000-2, 7.2.3, 7.3.4.3 and 7.3.5), in their place.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pyhanko.pdf_utils.generic import ByteStringObject, NameObject, TextStringObject

MAX_HEX_DIGITS = 32 << 20
_CHUNK_BYTES = 1 << 14
_WORD_BYTES = 64
_MAX_NAMES = 4096
_MAX_TEXT = 256
_PREPARE = "_ldap_string_prep"
_WHITE = b" \t\r\n\f\x00"


def read_hex_string(stream: BinaryIO) -> ByteStringObject | TextStringObject:
    """Read a hexadecimal string whose `<` comes next; the stream stands after `>` then.

    Raises:
        PdfStreamError: another character than a digit, no end, or too long.
    """
    from pyhanko.pdf_utils.generic import pdf_string
    from pyhanko.pdf_utils.misc import PdfStreamError

    stream.read(1)
    pieces: list[bytes] = []
    size = 0
    while True:
        piece = stream.read(_CHUNK_BYTES)
        end = piece.find(b">")
        if end >= 0:
            stream.seek(end + 1 - len(piece), 1)
            pieces.append(piece[:end])
            break
        size += len(piece)
        if not piece or size > MAX_HEX_DIGITS:
            raise PdfStreamError("a hexadecimal string has no end or is too long")
        pieces.append(piece)
    digits = b"".join(pieces).translate(None, _WHITE)
    try:
        return pdf_string(binascii.unhexlify(digits + b"0" * (len(digits) % 2)))
    except binascii.Error as error:
        raise PdfStreamError("unexpected character in a hexadecimal string") from error


def read_until(stops: bytes, stream: BinaryIO, maxchars: int | None = None) -> tuple[bytes, bool]:
    """Read up to one of several characters, which is read too.

    Args:
        stops: the characters.
        stream: stands after what was read then.
        maxchars: read no more than this many bytes.

    Returns:
        The bytes before it, and whether the stream ended instead.
    """
    pieces: list[bytes] = []
    left = maxchars or None
    while left is None or left > 0:
        size = _WORD_BYTES if left is None else min(_WORD_BYTES, left)
        piece = stream.read(size)
        if not piece:
            return b"".join(pieces), True
        found = _any_of(stops).search(piece)
        if found is not None:
            stream.seek(found.end() - len(piece), 1)
            pieces.append(piece[: found.start()])
            return b"".join(pieces), False
        pieces.append(piece)
        left = left - len(piece) if left is not None else None
    return b"".join(pieces), False


@cache
def _any_of(characters: bytes) -> re.Pattern[bytes]:
    return re.compile(b"[" + re.escape(characters) + b"]")


def install() -> None:
    """Make pyHanko and asn1crypto read with these and those of `fastobjects`, in this process."""
    from asn1crypto import x509
    from pyhanko.pdf_utils import generic, misc

    from archive.signatures import fastobjects

    fastobjects.install()
    generic.read_hex_string_from_stream = read_hex_string
    vars(misc)["_read_until_class"] = read_until
    own = vars(generic)
    if own["_decode_name"].__module__ == generic.__name__:
        own["_decode_name"] = _remembering(own["_decode_name"])
    if vars(x509.NameTypeAndValue)[_PREPARE].__module__ == x509.__name__:
        prepare = vars(x509.NameTypeAndValue)[_PREPARE]
        setattr(x509.NameTypeAndValue, _PREPARE, remembering_texts(prepare))


def remembering_texts(prepare: Callable[[object, str], str]) -> Callable[[object, str], str]:
    """Return asn1crypto's preparation of a name's text (RFC 4518), which remembers short texts.

    The names of a path are compared with each other many times, and prepared each time.
    """

    @lru_cache(maxsize=_MAX_NAMES)
    def prepared(text: str) -> str:
        return prepare(None, text)  # it asks nothing of its object

    def prepared_for(name: object, text: str) -> str:
        short = type(text) is str and len(text) <= _MAX_TEXT
        return prepared(text) if short else prepare(name, text)

    return prepared_for


def _remembering(decode: Callable[[bytes], NameObject]) -> Callable[[bytes], NameObject]:
    """Return a decoder that remembers names; each answer is an object of its own."""
    from pyhanko.pdf_utils.generic import NameObject

    @lru_cache(maxsize=_MAX_NAMES)
    def text_of(encoded: bytes) -> str:
        return str(decode(encoded))

    return lambda encoded: NameObject(text_of(encoded))
