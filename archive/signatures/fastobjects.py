"""A fast reader of PDF dictionaries and cross-reference tables as nearly every writer writes them.

pyHanko reads objects byte by byte from a stream. Here the usual spellings are matched in the
bytes, and the same objects made of them; whatever else comes (escapes in names, spaces in
hexadecimal strings, repeated keys, deep nesting, faults of every kind) is left to pyHanko's own
reader from the beginning of the dictionary or table, so that what is accepted, refused and read
stays the same. Source: ISO 32000-2, 7.2.3, 7.3 and 7.5.4.
"""

# mypy: allow-untyped-calls
from __future__ import annotations

import binascii
import io
import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from pyhanko.pdf_utils import generic, reader, xref
from pyhanko.pdf_utils.generic import ContentOpReading, Dereferenceable, DictionaryObject

_MAX_DEPTH = 12
_MAX_HEX_DIGITS = 1 << 20
_WHITE = rb" \n\r\t\f\x00"
_REGULAR = "".join(re.escape(chr(n)) for n in range(0x21, 0x7F) if chr(n) not in "#()<>[]{}/%")
_END = rb"(?=[" + _WHITE + rb"()<>\[\]{}/%])"
_TOKEN = re.compile(
    rb"[" + _WHITE + rb"]*(?:%[^\r\n]*[\r\n][" + _WHITE + rb"]*)*(?:"
    rb"/(?P<name>[" + _REGULAR.encode() + rb"]+)" + _END + rb"|"
    rb"(?P<number>[1-9]\d{0,7}) (?P<generation>\d{1,5}) (?P<reference>R)" + _END + rb"|"
    # What pyHanko would take for a reference is no number.
    rb"(?!\d+\s+\d+\s+R[^a-zA-Z])(?P<integer>-?\d{1,10})" + _END + rb"|"
    rb"(?P<real>-?\d{1,10}\.\d{1,10})" + _END + rb"|"
    rb"(?P<open><<)|(?P<close>>>)|(?P<list>\[)|(?P<end>\])|"
    rb"<(?P<hex>[0-9A-Fa-f]*)>|"
    rb"\((?P<text>[^()\\]*(?:\\(?:[0-3][0-7]{2}|[nrtbf()\\])[^()\\]*)*)\)|"
    rb"(?P<word>true|false|null)" + _END + rb")"
)
_NUMBERS = re.compile(rb"((?:[ \n\r\t\f]*-?\d{1,10}(?![^ \n\r\t\f\]]))*)[ \n\r\t\f]*\]")
"""What is left of an array that has whole numbers only."""
_ENDOBJ = re.compile(rb"[" + _WHITE + rb"]*endobj[" + _WHITE + rb"]*(?=[^%" + _WHITE + rb"])")
_NO_STREAM = re.compile(rb"[" + _WHITE + rb"]*endobj")
_ASCII = re.compile(rb"[ -~]*")
_ESCAPE = re.compile(rb"\\([0-3][0-7]{2}|[nrtbf()\\])")
_ESCAPED = {
    b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f",
    b"(": b"(", b")": b")", b"\\": b"\\",
}  # fmt: skip
_SECTION = re.compile(rb"[" + _WHITE + rb"]*(\d{1,8}) (\d{1,7})[ ]?(?:\r\n|\n)")
_ENTRIES = re.compile(rb"(?:\d{10} \d{5} [nf](?: \n|\r\n| \r))*")
_ENTRY_BYTES = 20
_TRAILER = re.compile(rb"[" + _WHITE + rb"]*trailer[" + _WHITE + rb"]*(?=<)")


_HEADER = re.compile(rb"(\d{1,8}) (\d{1,5}) obj[" + _WHITE + rb"]*(?=[^%" + _WHITE + rb"])")
_LAST = re.compile(rb"[\r\n]startxref(?:\r\n|\n)(\d{1,10})(?:\r\n|\n)%%EOF(?:\r\n|\n)?")
_LAST_BYTES = 40
LEAVES = frozenset(
    {
        generic.NameObject,
        generic.NumberObject,
        generic.FloatObject,
        generic.BooleanObject,
        generic.NullObject,
        generic.TextStringObject,
        generic.ByteStringObject,
    }
)
"""What holds no other objects."""

_slowly: Callable[..., Any] = DictionaryObject.read_from_stream
_slow_table: Callable[..., Iterator[Any]] = xref.parse_xref_table
_slow_header: Callable[..., tuple[int, int]] = xref.read_object_header
_slow_end: Callable[..., int] = reader.process_data_at_eof
_slow_view: Callable[..., Any] = vars(reader.HistoricalResolver)["_subsume_object"]
_payload: Callable[..., bytes | None] = vars(generic)["_maybe_read_stream_payload"]


class _Unusual(Exception):
    """It is not written as usual."""


class _Entry(NamedTuple):
    """One cross-reference, with the fields of pyHanko's `XRefEntry`."""

    xref_type: xref.XRefType
    location: int | None
    idnum: int
    generation: int


class _Objects:
    """The objects of one dictionary."""

    def __init__(self, content: bytes, container: Dereferenceable) -> None:
        self._content, self._container = content, container
        self._handler = container.get_pdf_handler()

    def dictionary(self, at: int, depth: int = 0) -> tuple[dict[Any, Any], int]:
        """Read entries from behind `<<`; return them and the position behind `>>`."""
        match, content = _TOKEN.match, self._content
        found: dict[Any, Any] = {}
        while True:
            token = match(content, at)
            if token is None:
                raise _Unusual
            kind = token.lastgroup
            if kind == "close":
                return found, token.end()
            if kind != "name":
                raise _Unusual
            key = generic.NameObject(_name(token["name"]))
            if key in found:
                raise _Unusual
            token = match(content, token.end())
            if token is None:
                raise _Unusual
            found[key], at = self._value(token, depth)

    def _array(self, at: int, depth: int) -> tuple[Any, int]:
        found = generic.ArrayObject()
        numbers = _NUMBERS.match(self._content, at)
        if numbers is not None:
            for digits in numbers[1].split():
                number = generic.NumberObject(digits)
                number.container_ref = self._container
                found.append(number)
            return found, numbers.end()
        while True:
            token = _TOKEN.match(self._content, at)
            if token is None:
                raise _Unusual
            if token.lastgroup == "end":
                return found, token.end()
            item, at = self._value(token, depth)
            found.append(item)

    def _value(self, token: re.Match[bytes], depth: int) -> tuple[Any, int]:
        """Return the object that begins with a token, and the position after it."""
        kind, at = token.lastgroup, token.end()
        made: Any
        if kind == "name":
            made = generic.NameObject(_name(token["name"]))
        elif kind == "reference":
            made = generic.IndirectObject(
                int(token["number"]), int(token["generation"]), self._handler
            )
        elif kind == "integer":
            made = generic.NumberObject(token["integer"])
        elif depth >= _MAX_DEPTH:
            raise _Unusual
        elif kind == "open":
            entries, at = self.dictionary(at, depth + 1)
            made = _of(entries)
        elif kind == "list":
            made, at = self._array(at, depth + 1)
        else:
            made = _plain(token)
        made.container_ref = self._container
        return made, at


def _plain(token: re.Match[bytes]) -> Any:
    """Return a string, a real number, a boolean or null."""
    kind = token.lastgroup
    if kind == "hex":
        digits = token["hex"]
        if len(digits) % 2 or len(digits) > _MAX_HEX_DIGITS:
            raise _Unusual
        return _string(binascii.unhexlify(digits))
    if kind == "text":
        text = token["text"]
        return _string(_ESCAPE.sub(_unescaped, text) if b"\\" in text else text)
    if kind == "real":
        return generic.FloatObject(token["real"].decode("ascii"))
    if kind == "word":
        word = token["word"]
        return generic.NullObject() if word == b"null" else generic.BooleanObject(word == b"true")
    raise _Unusual


def _string(content: bytes) -> Any:
    """Return a string; those of ASCII alone read the same in every encoding that pyHanko tries."""
    if _ASCII.fullmatch(content) is None:
        return generic.pdf_string(content)
    made = generic.TextStringObject(content.decode("ascii"))
    made.autodetected_encoding = generic.TextStringEncoding.PDF_DOC
    return made


def _unescaped(match: re.Match[bytes]) -> bytes:
    return _ESCAPED.get(match[1]) or bytes((int(match[1], 8),))


def _of(entries: dict[Any, Any]) -> DictionaryObject:
    """Return a dictionary of entries whose keys are names."""
    made = DictionaryObject()
    dict.update(made, entries)
    return made


@lru_cache(maxsize=4096)
def _name(encoded: bytes) -> str:
    return "/" + encoded.decode("ascii")


def _read_dictionary(
    stream: Any,
    container_ref: Dereferenceable,
    as_metadata_stream: bool = False,
    in_content_stream: ContentOpReading = ContentOpReading.NO,
) -> Any:
    """Read a dictionary or stream; see `DictionaryObject.read_from_stream`."""
    usual = not as_metadata_stream and in_content_stream is ContentOpReading.NO
    if not usual or type(stream) is not io.BytesIO:
        return _slowly(stream, container_ref, as_metadata_stream, in_content_stream)
    content, begin = stream.getvalue(), stream.tell()
    try:
        if content[begin : begin + 2] != b"<<":
            raise _Unusual
        entries, end = _Objects(content, container_ref).dictionary(begin + 2)
    except _Unusual:
        return _slowly(stream, container_ref)
    stream.seek(end)
    if _NO_STREAM.match(content, end):
        return _of(entries)
    payload = _payload(stream, entries, container_ref.get_pdf_handler())
    return _of(entries) if payload is None else generic.StreamObject(entries, encoded_data=payload)


def read_at(handler: reader.PdfFileReader, place: int, named: generic.Reference) -> Any:
    """Return the dictionary or stream that lies at a place of an unencrypted file.

    Args:
        handler: has the file.
        place: where its cross-reference says that it begins.
        named: its number and generation.

    Returns:
        None if it is something else, or not written as usual: then pyHanko has to read it.
    """
    if type(handler.stream) is not io.BytesIO or place < 0:
        return None
    content = handler.stream.getvalue()
    head = _HEADER.match(content, place)
    if head is None or content[head.end() : head.end() + 2] != b"<<":
        return None
    if (int(head[1]), int(head[2])) != (named.idnum, named.generation):
        return None
    reference = generic.Reference(named.idnum, named.generation, handler)
    try:
        entries, end = _Objects(content, reference).dictionary(head.end() + 2)
    except _Unusual:
        return None
    if _ENDOBJ.match(content, end) is None:
        return None
    made = _of(entries)
    made.container_ref = reference
    return made


def _parse_table(stream: Any, strict: bool) -> Iterator[Any]:
    """Yield the entries of a cross-reference table; see `parse_xref_table`."""
    if type(stream) is not io.BytesIO:
        yield from _slow_table(stream, strict)
        return
    content = stream.getvalue()
    while True:
        begin = stream.tell()
        section = _section(content, begin)
        if section is None:
            yield from _slow_table(stream, strict)  # it goes on with any section
            return
        first, lines, end = section
        for place in range(len(lines) // _ENTRY_BYTES):
            at = place * _ENTRY_BYTES
            used = lines[at + 17] == _USED
            yield _Entry(
                xref.XRefType.STANDARD if used else xref.XRefType.FREE,
                int(lines[at : at + 10]) if used else None,
                first + place,
                int(lines[at + 11 : at + 16]),
            )
        trailer = _TRAILER.match(content, end)
        stream.seek(end if trailer is None else trailer.end())
        if trailer is not None:
            return


_USED = ord("n")


def _section(content: bytes, at: int) -> tuple[int, bytes, int] | None:
    """Return number of the first entry, entries and the position after them; None if unusual."""
    head = _SECTION.match(content, at)
    if head is None:
        return None
    first, count = int(head[1]), int(head[2])
    end = head.end() + count * _ENTRY_BYTES
    lines = content[head.end() : end]
    if len(lines) != count * _ENTRY_BYTES or not _ENTRIES.fullmatch(lines):
        return None
    if _TRAILER.match(content, end) is None and _SECTION.match(content, end) is None:
        return None
    return first, lines, end


def _read_header(stream: Any, strict: bool) -> tuple[int, int]:
    """Read `12 0 obj`; see `read_object_header`."""
    if type(stream) is io.BytesIO:
        match = _HEADER.match(stream.getvalue(), stream.tell())
        if match is not None:
            stream.seek(match.end())
            return int(match[1]), int(match[2])
    return _slow_header(stream, strict)


def _read_end(stream: Any) -> int:
    """Return where the last cross-references are; see `process_data_at_eof`."""
    if type(stream) is io.BytesIO:
        content = stream.getvalue()
        if stream.tell() == len(content) - 1:
            at = content.rfind(b"startxref", max(0, len(content) - _LAST_BYTES)) - 1
            match = _LAST.fullmatch(content, at) if at >= 0 else None
            if match is not None:
                return int(match[1])
    return _slow_end(stream)


def _view(resolver: Any, item: Any) -> Any:
    """Return an object as an earlier revision's; see `HistoricalResolver`."""
    if type(item) in LEAVES and item.container_ref is not None:
        return item
    return _slow_view(resolver, item)


def install() -> None:
    """Make pyHanko read with these readers, in this process."""
    DictionaryObject.read_from_stream = staticmethod(_read_dictionary)  # type: ignore[method-assign]
    vars(xref)["parse_xref_table"] = _parse_table
    vars(xref)["read_object_header"] = vars(reader)["read_object_header"] = _read_header
    vars(reader)["process_data_at_eof"] = _read_end
    reader.HistoricalResolver._subsume_object = _view  # type: ignore[method-assign]  # noqa: SLF001
