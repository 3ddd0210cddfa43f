"""Writing XML: a small writer that gives the same bytes for the same input.

Whole documents are put together as text: a package's ten documents cost less than a
millisecond, and no tree has to be kept. Reading goes through `archive.packages.xml`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import TracebackType

from archive.errors import Rejected

DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'

# XML 1.0 (fifth edition), production 2: everything that is not a Char.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SPECIAL_IN_TEXT = re.compile("[&<>\r]")
_SPECIAL_IN_ATTRIBUTE = re.compile('[&<>"\r\n\t]')
_PLAIN = re.compile("[ !#-%'-;=?-~\u00a0-\ud7ff]*+").fullmatch
"""Tells at once that nothing in a text has to be escaped or refused, as in nearly all of them."""
_ESCAPES = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    # Written as references, because a parser turns the plain characters into others
    # (XML 1.0, 2.11 and 3.3.3).
    "\r": "&#13;",
    "\n": "&#10;",
    "\t": "&#9;",
}


def _escaped(value: str, special: re.Pattern[str]) -> str:
    if forbidden := _FORBIDDEN.search(value):
        raise Rejected(
            f"the character U+{ord(forbidden[0]):04X} cannot be written in XML",
            hint="remove control characters from titles, names and fields",
        )
    return special.sub(lambda match: _ESCAPES[match[0]], value)


def escaped_text(value: str) -> str:
    """Return `value` as character data.

    Raises:
        Rejected: it holds a character that XML 1.0 does not allow.
    """
    return value if _PLAIN(value) else _escaped(value, _SPECIAL_IN_TEXT)


def escaped_attribute(value: str) -> str:
    """Return `value` for use between double quotes. Errors as `escaped_text`."""
    return value if _PLAIN(value) else _escaped(value, _SPECIAL_IN_ATTRIBUTE)


class XmlWriter:
    """One document being written, two spaces of indentation a level.

    Names are written as given (with their prefix); the root's attributes carry the
    namespace declarations. Attributes that are None are left out.
    """

    def __init__(self) -> None:
        self._lines = [DECLARATION]
        self._open: list[str] = []
        self._indent = ""
        self._element = _Element(self)

    def element(self, name: str, attributes: Mapping[str, str | None] | None = None) -> _Element:
        """Open an element; use as a context manager around what is inside it."""
        told = _attributes(attributes) if attributes else ""
        self._lines.append(f"{self._indent}<{name}{told}>")
        self._open.append(name)
        self._indent = "  " * len(self._open)
        return self._element

    def leaf(
        self,
        name: str,
        text: str | None = None,
        attributes: Mapping[str, str | None] | None = None,
    ) -> None:
        """Write an element that holds text or nothing."""
        told = _attributes(attributes) if attributes else ""
        start = f"{self._indent}<{name}{told}"
        self._lines.append(f"{start}>{escaped_text(text)}</{name}>" if text else f"{start}/>")

    def optional(self, name: str, text: str | None) -> None:
        """Write an element with text, or nothing at all if `text` is None."""
        if text is not None:
            self.leaf(name, text)

    def close(self) -> None:
        """Close the element that was opened last."""
        name = self._open.pop()
        self._indent = "  " * len(self._open)
        self._lines.append(f"{self._indent}</{name}>")

    def document(self) -> bytes:
        """Return the finished document as UTF-8."""
        return ("\n".join(self._lines) + "\n").encode()


class _Element:
    def __init__(self, writer: XmlWriter) -> None:
        self._writer = writer

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()


def _attributes(attributes: Mapping[str, str | None]) -> str:
    return "".join(
        [
            f' {name}="{value if _PLAIN(value) else escaped_attribute(value)}"'
            for name, value in attributes.items()
            if value is not None
        ]
    )
