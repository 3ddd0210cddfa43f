"""A bulk reader for hexadecimal strings in PDFs.

pyHanko reads them one character at a time, which is most of the time of parsing a signed
PDF: `/Contents` is tens of thousands of digits. `install` puts this reader, which accepts
and refuses the same strings (ISO 32000-2, 7.3.4.3), in its place.
"""

from __future__ import annotations

import binascii
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from pyhanko.pdf_utils.generic import ByteStringObject, TextStringObject

MAX_HEX_DIGITS = 32 << 20
_CHUNK_BYTES = 1 << 14
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


def install() -> None:
    """Make pyHanko read hexadecimal strings with this reader, in this process."""
    from pyhanko.pdf_utils import generic

    generic.read_hex_string_from_stream = read_hex_string
