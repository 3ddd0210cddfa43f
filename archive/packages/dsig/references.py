"""References of XML signatures: what they point to, transformed, and its digest.

Source: W3C XML Signature 1.1, 4.4.3; XPath Filter 2.0. Of XPath only the expressions that
leave out signatures are known; XSLT is never run.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from lxml import etree

from archive.errors import Rejected
from archive.packages import xml
from archive.packages.dsig import names
from archive.packages.dsig.canonical import (
    DEFAULT,
    Method,
    NotReadable,
    canonical,
    is_element,
    method_of,
)

MAX_TRANSFORMS = 8
MAX_REFERENCES = 1_000
MAX_OCTETS = 256 << 20
_ENVELOPED = f"{names.DSIG}enveloped-signature"
_BASE64 = f"{names.DSIG}base64"
_XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
_FILTER2 = "http://www.w3.org/2002/06/xmldsig-filter2"
_IDS = ("Id", "ID", "id", f"{{{names.XML}}}id")
_POINTER = re.compile(r"#xpointer\((?:(?P<whole>/)|id\((['\"])(?P<id>[^'\"]+)\2\))\)\Z")
_NO_SIGNATURES = re.compile(r"not\(\s*ancestor-or-self::(\w[\w.-]*):Signature\s*\)")
_NOT_THIS = re.compile(
    r"count\(\s*ancestor-or-self::(\w[\w.-]*):Signature\s*\|\s*here\(\)/ancestor::\1:Signature\[1\]"
    r"\s*\)\s*>\s*count\(\s*ancestor-or-self::\1:Signature\s*\)"
)
_ALL_SIGNATURES = re.compile(r"/?/?descendant::(\w[\w.-]*):Signature|//(\w[\w.-]*):Signature")

Outside = Callable[[str], bytes | None]
"""Gives the bytes of another file by its URI; None if it is not at hand."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One ds:Reference, resolved."""

    uri: str | None
    type: str
    digest_algorithm: str
    """As hashlib names it; "" if it is not known."""
    stated: bytes
    """The digest in the signature."""
    found: bytes | None
    """The digest of what is there; None if it could not be computed."""
    reason: str = ""
    outside: bool = False
    """Whether it points to another file."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What a reference comes to: elements with parts left out, or octets."""

    element: etree._Element | None = None
    document: bool = False
    """Whether the whole document is meant, with what surrounds its root."""
    left_out: frozenset[etree._Element] = frozenset()
    octets: bytes | None = None


@dataclass(slots=True)
class Document:
    """A parsed document in which references are resolved."""

    source: bytes
    outside: Outside
    root: etree._Element = field(init=False)
    _by_id: dict[str, list[etree._Element]] = field(init=False)
    _places: dict[etree._Element, int] = field(init=False)

    def __post_init__(self) -> None:
        self.root = xml.parse(self.source, max_bytes=MAX_OCTETS).getroot()
        self._by_id = {}
        self._places = {}
        for place, element in enumerate(self.root.iter()):
            self._places[element] = place
            for name in _IDS:
                value = element.get(name) if is_element(element) else None
                if value is not None:
                    self._by_id.setdefault(value, []).append(element)

    def with_id(self, value: str) -> etree._Element:
        """Return the element that has an identifier, if exactly one has it.

        Two of one name are how signed content is exchanged for other content.
        """
        found = self._by_id.get(value, [])
        if len(set(found)) != 1:
            state = "no element has" if not found else "more than one element has"
            raise NotReadable(f"{state} the identifier that a reference names")
        return found[0]

    def resolve(self, reference: etree._Element) -> Selection:
        """Return what a reference points to after its transforms.

        Raises:
            NotReadable: not here, ambiguous, or a transform that is not known.
        """
        chosen = self._target(reference.get("URI"))
        steps = reference.findall(f"{{{names.DSIG}}}Transforms/{{{names.DSIG}}}Transform")
        if len(steps) > MAX_TRANSFORMS:
            raise NotReadable(f"more than {MAX_TRANSFORMS} transforms")
        for step in steps:
            chosen = self._transformed(chosen, step)
        return chosen

    def covered_by(self, reference: etree._Element) -> etree._Element | None:
        """Return the element of this document that a reference is over, if it is one.

        What is decoded from base64 is the text of an element and not the element.
        """
        uri = reference.get("URI")
        if uri is None or (uri and not uri.startswith("#")):
            return None
        try:
            element = self._target(uri).element
        except NotReadable:
            return None
        steps = reference.iter(f"{{{names.DSIG}}}Transform")
        plain = all(step.get("Algorithm") != _BASE64 for step in steps)
        return element if plain or (element is not None and element.tag == names.OBJECT) else None

    def octets(self, chosen: Selection, method: Method = DEFAULT) -> bytes:
        """Return the bytes of a selection, canonical if it is one of elements."""
        if chosen.octets is not None:
            return chosen.octets
        if chosen.element is None:
            raise NotReadable("a reference points to nothing")
        element = self._without(chosen.element, chosen.left_out)
        return canonical(element.getroottree() if chosen.document else element, method)

    def _target(self, uri: str | None) -> Selection:
        if uri is None:
            raise NotReadable("a reference says nothing of what it points to")
        if uri == "":
            return Selection(self.root, document=True)
        if not uri.startswith("#"):
            content = self.outside(uri)
            if content is None:
                raise NotReadable("the file that a reference names is not here")
            return Selection(octets=content)
        pointer = _POINTER.match(uri)
        if pointer and pointer["whole"]:
            return Selection(self.root, document=True)
        return Selection(self.with_id(pointer["id"] if pointer else uri[1:]))

    def _transformed(self, chosen: Selection, step: etree._Element) -> Selection:
        algorithm = step.get("Algorithm", "")
        method = method_of(step)
        if method is not None:
            return Selection(octets=self.octets(self._as_nodes(chosen), method))
        if algorithm == _ENVELOPED:
            return self._leaving_out(chosen, [_own_signature(step)])
        if algorithm in (_XPATH, _FILTER2):
            return self._leaving_out(chosen, self._filtered(step, algorithm))
        if algorithm == _BASE64:
            return Selection(octets=self._decoded(chosen))
        raise NotReadable(f"the transform {algorithm.rpartition('/')[2]!r} is not known here")

    def _as_nodes(self, chosen: Selection) -> Selection:
        """Return a selection of elements; octets are parsed."""
        if chosen.octets is None:
            return chosen
        return Selection(xml.parse(chosen.octets).getroot(), document=True)

    def _leaving_out(self, chosen: Selection, parts: Iterable[etree._Element]) -> Selection:
        if chosen.element is None:
            raise NotReadable("a transform for elements is applied to plain bytes")
        return Selection(chosen.element, chosen.document, chosen.left_out | frozenset(parts))

    def _filtered(self, step: etree._Element, algorithm: str) -> list[etree._Element]:
        """Return the signatures that an XPath transform leaves out."""
        inner = [one for one in step if is_element(one)]
        if len(inner) != 1:
            raise NotReadable("an XPath transform has not exactly one expression")
        text = (inner[0].text or "").strip()
        if algorithm == _FILTER2:
            match = (
                _ALL_SIGNATURES.fullmatch(text) if inner[0].get("Filter") == "subtract" else None
            )
        elif match := _NOT_THIS.fullmatch(text):
            return [_own_signature(step)]
        else:
            match = _NO_SIGNATURES.fullmatch(text)
        prefix = next((one for one in match.groups() if one), None) if match else None
        if prefix is None or inner[0].nsmap.get(prefix) != names.DSIG:
            raise NotReadable("an XPath transform is not one of those known here")
        return list(self.root.iter(names.SIGNATURE))

    def _decoded(self, chosen: Selection) -> bytes:
        """Return what base64 text stands for."""
        if chosen.octets is None and chosen.element is not None:
            element = self._without(chosen.element, chosen.left_out)
            text = "".join(str(piece) for piece in element.itertext(etree.Element)).encode()
        else:
            text = chosen.octets or b""
        try:
            return base64.b64decode(b"".join(text.split()), validate=True)
        except binascii.Error as error:
            raise NotReadable("what a reference decodes is not base64") from error

    def _without(
        self, element: etree._Element, left_out: frozenset[etree._Element]
    ) -> etree._Element:
        """Return an element, in a copy of the document if parts are left out."""
        inside = [one for one in left_out if _is_within(one, element)]
        if not inside:
            return element
        if element in inside:
            raise NotReadable("a reference leaves out all that it points to")
        copies = list(xml.parse(self.source, max_bytes=MAX_OCTETS).getroot().iter())
        for one in inside:
            _remove(copies[self._places[one]])
        return copies[self._places[element]]


def read_reference(document: Document, element: etree._Element) -> Reference:
    """Return a reference with its digest computed; whatever prevents that is its reason."""
    uri = element.get("URI")
    method = element.find(f"{{{names.DSIG}}}DigestMethod")
    algorithm = names.DIGESTS.get(method.get("Algorithm", "") if method is not None else "", "")
    stated = decoded(element.findtext(f"{{{names.DSIG}}}DigestValue"))
    found, reason = None, ""
    try:
        if not algorithm:
            raise NotReadable("the digest algorithm of a reference is not known")
        content = document.octets(document.resolve(element))
        found = hashlib.new(algorithm, content, usedforsecurity=False).digest()
    except NotReadable as error:
        reason = str(error)
    except Rejected as error:
        reason = f"what a reference points to is not XML: {error.message}"
    outside = bool(uri) and not str(uri).startswith("#")
    return Reference(uri, element.get("Type", ""), algorithm, stated, found, reason, outside)


def decoded(text: str | None) -> bytes:
    """Return what base64 text stands for; nothing if it is none."""
    try:
        return base64.b64decode("".join((text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _own_signature(step: etree._Element) -> etree._Element:
    """Return the signature that a transform stands in."""
    own = next(step.iterancestors(names.SIGNATURE), None)
    if own is None:
        raise NotReadable("a transform stands in no signature")
    return own


def _is_within(element: etree._Element, other: etree._Element) -> bool:
    """Return whether one element is another or lies inside of it."""
    return element is other or any(one is other for one in element.iterancestors())


def _remove(element: etree._Element) -> None:
    """Remove an element and keep the text after it."""
    parent = element.getparent()
    if parent is None:
        return
    tail = element.tail
    previous = element.getprevious()
    parent.remove(element)
    if tail and previous is not None:
        previous.tail = (previous.tail or "") + tail
    elif tail:
        parent.text = (parent.text or "") + tail
