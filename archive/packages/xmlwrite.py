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


Attributes = Mapping[str, str | None] | str | None
"""By name; those that are None are left out. A text is attributes as `written` returns them."""


class XmlWriter:
    """One document being written, two spaces of indentation a level.

    Names are written as given (with their prefix); the root's attributes carry the
    namespace declarations. Attributes that are None are left out.
    """

    def __init__(self) -> None:
        self._lines = [DECLARATION]
        self._ends: list[str] = []
        """How the elements that are open will end, the innermost last."""
        self._indent = ""

    def element(self, name: str, attributes: Attributes = None) -> XmlWriter:
        """Open an element; use as a context manager around what is inside it."""
        indent = self._indent
        told = "" if attributes is None else written(attributes)
        self._lines.append(f"{indent}<{name}{told}>")
        self._ends.append(f"{indent}</{name}>")
        self._indent = indent + "  "
        return self

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lines.append(self._ends.pop())
        self._indent = self._indent[2:]

    def leaf(self, name: str, text: str | None = None, attributes: Attributes = None) -> None:
        """Write an element that holds text or nothing."""
        told = "" if attributes is None else written(attributes)
        if text:
            held = text if _PLAIN(text) else escaped_text(text)
            self._lines.append(f"{self._indent}<{name}{told}>{held}</{name}>")
        else:
            self._lines.append(f"{self._indent}<{name}{told}/>")

    def optional(self, name: str, text: str | None) -> None:
        """Write an element with text, or nothing at all if `text` is None."""
        if text is not None:
            self.leaf(name, text)

    def document(self) -> bytes:
        """Return the finished document as UTF-8."""
        return ("\n".join(self._lines) + "\n").encode()


def written(attributes: Mapping[str, str | None] | str) -> str:
    """Return attributes as they stand in an element, with a space before each."""
    if isinstance(attributes, str):
        return attributes
    return "".join(
        [
            f' {name}="{value if _PLAIN(value) else escaped_attribute(value)}"'
            for name, value in attributes.items()
            if value is not None
        ]
    )
