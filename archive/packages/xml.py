"""XML from outside: the one place that parses it, and the schemas it is checked against.

Whatever comes in may be hostile. Refused before anything is built from it: a document type
declaration (and with it every entity and external subset), a document over the limit of
bytes, depth or elements, an encoding in which the first two could hide. Nothing is fetched.

Rules, as they stand at the front of the error's message:

    XML-SIZE       more bytes or elements than allowed
    XML-DEPTH      nested more deeply than allowed
    XML-DOCTYPE    has a document type declaration
    XML-ENCODING   in an encoding that is not accepted
    XML-SYNTAX     not well-formed
"""

from __future__ import annotations

import functools
import io
import re
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, BinaryIO

from lxml import etree

from archive.errors import Rejected, UnsafeInput
from archive.findings import Finding, Severity

MAX_BYTES = 256 << 20
"""Default limit for a document that is read whole."""
MAX_DEPTH = 200
"""Nested elements; libxml2's own limit is 256."""
MAX_ELEMENTS = 5_000_000
PROLOG_BYTES = 1 << 20
"""The document's first element must begin within so many bytes."""
CHUNK_BYTES = 1 << 18

_ENCODINGS = frozenset(
    {"utf-8", "utf-16", "utf-16le", "utf-16be", "us-ascii", "ascii", "iso-8859-1", "windows-1252"}
)
_DECLARED = re.compile(rb"^<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"']")
_PLACE = re.compile(r"(.*), line (\d+), column (\d+)", re.DOTALL)
_BEFORE_ROOT = re.compile(r"(?:\s+|<\?.*?\?>|<!--.*?-->)*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Violation:
    """One breach of a schema."""

    line: int
    message: str


def parse(
    source: bytes | Path | BinaryIO,
    *,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
    max_elements: int = MAX_ELEMENTS,
) -> etree._ElementTree:
    """Return the document as a tree that keeps line numbers (`element.sourceline`).

    Raises:
        UnsafeInput: the document breaks a limit or has a document type declaration.
        Rejected: it is not well-formed XML.
    """
    parser = etree.XMLPullParser(events=("start", "end"), **_OPTIONS)
    depth = count = 0
    with _opened(source) as stream, _translated():
        for piece in _guarded(stream, max_bytes):
            parser.feed(piece)
            for event, _ in parser.read_events():
                depth += 1 if event == "start" else -1
                count += event == "start"
                if depth > max_depth:
                    raise UnsafeInput(f"XML-DEPTH: more than {max_depth} elements nested")
            if count > max_elements:
                raise UnsafeInput(f"XML-SIZE: more than {max_elements} elements")
        root = parser.close()
    return _without_dtd(root.getroottree())


def elements(
    source: bytes | Path | BinaryIO, *tags: str, max_bytes: int = 64 << 30
) -> Iterator[etree._Element]:
    """Yield each element with one of `tags` (`{namespace}name`), in constant memory.

    An element is valid until the next one is asked for. Raises as `parse` does.
    """
    parser = etree.XMLPullParser(events=("end",), tag=tags or None, **_OPTIONS)
    with _opened(source) as stream, _translated():
        for piece in _guarded(stream, max_bytes):
            parser.feed(piece)
            for _, element in parser.read_events():
                if isinstance(element, etree._Element):  # noqa: SLF001  its only name
                    yield element
                    _forget(element)
        parser.close()


def as_finding(error: Rejected, path: str, *, rule: str | None = None) -> Finding:
    """Return a parse error as a finding of rule `XML-…`, or of `rule` if given."""
    own_rule, _, message = error.message.partition(": ")
    return Finding(rule or own_rule, Severity.ERROR, path, message or error.message)


def violations(tree: etree._ElementTree, namespace: str) -> list[Violation]:
    """Return where a document breaks the schema of `namespace`, in document order."""
    compiled = schema(namespace)
    with _validating:  # an lxml schema keeps the log of its last run only
        compiled.validate(tree)
        log: list[Any] = list(compiled.error_log)  # type: ignore[call-overload]
    return [Violation(entry.line, _plain(entry.message)) for entry in log]


@functools.cache
def schema(namespace: str) -> etree.XMLSchema:
    """Return the compiled local schema of a namespace.

    Raises:
        KeyError: the catalogue has no schema for it; ask `has_schema` first.
    """
    path = files("schemas") / _catalogue()["namespaces"][namespace]
    parser = etree.XMLParser(**_OPTIONS)
    parser.resolvers.add(_LocalSchemas())
    return etree.XMLSchema(etree.fromstring(path.read_bytes(), parser))


def has_schema(namespace: str) -> bool:
    """Return whether the catalogue has a schema for a namespace."""
    return namespace in _catalogue()["namespaces"]


@functools.cache
def _catalogue() -> dict[str, dict[str, str]]:
    return tomllib.loads((files("schemas") / "catalogue.toml").read_text("utf-8"))


class _LocalSchemas(etree.Resolver):
    """Answers imports between schemas from the catalogue, anything else with nothing."""

    def resolve(self, system_url: str, public_id: str, context: Any) -> Any:  # type: ignore[override]
        local = _catalogue()["locations"].get(system_url)
        if local is None:
            return self.resolve_string("<none/>", context, base_url=system_url)
        content = (files("schemas") / local).read_bytes()
        return self.resolve_string(content, context, base_url=system_url)


_validating = threading.Lock()
_OPTIONS: dict[str, Any] = {
    "resolve_entities": False,
    "load_dtd": False,
    "dtd_validation": False,
    "attribute_defaults": False,
    "no_network": True,
    "huge_tree": False,
}


def _guarded(stream: BinaryIO, max_bytes: int) -> Iterator[bytes]:
    """Yield the document in pieces, after its prolog has been found harmless."""
    head = stream.read(PROLOG_BYTES)
    if not head:
        raise Rejected("XML-SYNTAX: the document is empty")
    _check_prolog(head)
    total = 0
    piece = head
    while piece:
        total += len(piece)
        if total > max_bytes:
            raise UnsafeInput(f"XML-SIZE: larger than {max_bytes} bytes")
        yield piece
        piece = stream.read(CHUNK_BYTES)


def _check_prolog(head: bytes) -> None:
    """Refuse a document type declaration before a parser sees it."""
    text = head.decode(_encoding(head), errors="replace").lstrip("\ufeff")
    match = _BEFORE_ROOT.match(text)
    rest = text[match.end() if match else 0 :]
    if rest.startswith("<!DOCTYPE"):
        raise UnsafeInput("XML-DOCTYPE: has a document type declaration; remove it")
    if len(head) == PROLOG_BYTES and not re.match(r"<[^!?]", rest):
        raise UnsafeInput(f"XML-SIZE: no element within the first {PROLOG_BYTES} bytes")


def _encoding(head: bytes) -> str:
    """Return the encoding of a document, if it is one in which `<!DOCTYPE` cannot hide."""
    if head.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff", b"\0\0\0<", b"<\0\0\0")):
        raise UnsafeInput("XML-ENCODING: UTF-32; only UTF-8 is sure to be read everywhere")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if head.startswith((b"<\0", b"\0<")):
        return "utf-16-le" if head.startswith(b"<\0") else "utf-16-be"
    declared = _DECLARED.match(head.removeprefix(b"\xef\xbb\xbf"))
    name = declared[1].decode("ascii").lower() if declared else "utf-8"
    if name not in _ENCODINGS:
        raise UnsafeInput(
            f"XML-ENCODING: declares {name}; only UTF-8 is sure to be read everywhere"
        )
    return "utf-8" if name.startswith("utf-16") else name


def _without_dtd(tree: etree._ElementTree) -> etree._ElementTree:
    """Refuse what a disguised document type declaration would have brought in."""
    info: Any = tree.docinfo
    if info.internalDTD is not None or info.externalDTD is not None:
        raise UnsafeInput("XML-DOCTYPE: has a document type declaration; remove it")
    return tree


def _forget(element: etree._Element) -> None:
    """Free an element and what came before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


@contextmanager
def _opened(source: bytes | Path | BinaryIO) -> Iterator[BinaryIO]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif isinstance(source, Path):
        with source.open("rb") as stream:
            yield stream
    else:
        yield source


@contextmanager
def _translated() -> Iterator[None]:
    """Turn lxml's errors into ours."""
    try:
        yield
    except etree.XMLSyntaxError as error:
        text = str(error).partition(" (<string>")[0]
        if "xcessive depth" in text:
            raise UnsafeInput("XML-DEPTH: more elements nested than libxml2 takes") from error
        raise Rejected(f"XML-SYNTAX: {_located(text)}") from error
    except (LookupError, UnicodeError) as error:
        raise UnsafeInput(f"XML-ENCODING: cannot be decoded: {error}") from error


def _located(text: str) -> str:
    """Return what libxml2 says of a document, the place in front."""
    if found := _PLACE.fullmatch(text):
        said, line, column = found.groups()
        return f"not well-formed at line {line}, column {column}: {said.strip()}"
    return f"not well-formed: {text}"


def _plain(message: str) -> str:
    """Return a schema message without the namespaces that make it unreadable."""
    return re.sub(r"\{[^{}]*\}", "", message)
