"""Canonical XML: the bytes of an element as signatures see them.

Source: W3C Canonical XML 1.0 and 1.1, Exclusive XML Canonicalization 1.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lxml import etree

from archive.packages import xml
from archive.packages.dsig.names import XML

INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
INCLUSIVE_11 = "http://www.w3.org/2006/12/xml-c14n11"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
_COMMENTS = "WithComments"


class NotReadable(ValueError):
    """A part of a signature cannot be processed; nothing can be said of it."""


@dataclass(frozen=True, slots=True)
class Method:
    """A canonicalization algorithm with its parameter."""

    exclusive: bool = False
    comments: bool = False
    version_11: bool = False
    prefixes: tuple[str, ...] = ()
    """PrefixList of InclusiveNamespaces; exclusive only."""


DEFAULT = Method()
"""What applies where none is named (XML Signature 1.1, 4.4.3.2)."""


def is_element(node: Any) -> bool:
    """Return whether a node is an element and not a comment or processing instruction."""
    return isinstance(node.tag, str)


def method_of(element: etree._Element | None) -> Method | None:
    """Return the canonicalization that an element names by @Algorithm.

    Returns:
        None if the algorithm is no canonicalization.
    """
    if element is None:
        return DEFAULT
    algorithm = element.get("Algorithm", "")
    exclusive = algorithm.startswith(EXCLUSIVE)
    base, _, comments = algorithm.partition("#")
    if exclusive:
        comments = algorithm.removeprefix(EXCLUSIVE)
    elif base not in (INCLUSIVE, INCLUSIVE_11):
        return None
    if comments not in ("", _COMMENTS):
        return None
    listed = element.find(f"{{{EXCLUSIVE}}}InclusiveNamespaces") if exclusive else None
    prefixes = (listed.get("PrefixList") or "").split() if listed is not None else []
    return Method(exclusive, comments == _COMMENTS, base == INCLUSIVE_11, tuple(prefixes))


def canonical(node: etree._Element | etree._ElementTree, method: Method) -> bytes:
    """Return the canonical form of an element, or of a document with what surrounds its root.

    Raises:
        NotReadable: relative namespaces, or inherited attributes that cannot be computed.
    """
    if isinstance(node, etree._Element) and not method.exclusive:  # noqa: SLF001  its only name
        node = _with_inherited(node, method)
    if "#default" in method.prefixes and _has_default_namespace(node):
        raise NotReadable("an inclusive default namespace is not supported")
    prefixes = [one for one in method.prefixes if one != "#default"]
    try:
        return etree.tostring(
            node,
            method="c14n",
            exclusive=method.exclusive,
            with_comments=method.comments,
            inclusive_ns_prefixes=prefixes or None,
        )
    except (etree.C14NError, ValueError) as error:
        raise NotReadable(f"the XML cannot be put in canonical form: {error}") from error


def _with_inherited(element: etree._Element, method: Method) -> etree._Element:
    """Return an element with the xml: attributes that it inherits (Canonical XML, 2.4).

    lxml brings the namespaces in scope along, but not these attributes.
    """
    inherited: dict[str, str] = {}
    for ancestor in element.iterancestors():
        for name, value in ancestor.attrib.items():
            if str(name).startswith(f"{{{XML}}}"):
                inherited.setdefault(str(name), str(value))
    if method.version_11:
        inherited.pop(f"{{{XML}}}id", None)
        if f"{{{XML}}}base" in inherited:
            raise NotReadable("canonical form 1.1 with an inherited xml:base is not supported")
    missing = {k: v for k, v in inherited.items() if element.get(k) is None}
    if not missing:
        return element
    copy = xml.parse(etree.tostring(element, with_tail=False)).getroot()
    for name, value in missing.items():
        copy.set(name, value)
    return copy


def _has_default_namespace(node: etree._Element | etree._ElementTree) -> bool:
    """Return whether a namespace without prefix is in scope anywhere; lxml drops `#default`."""
    root = node if isinstance(node, etree._Element) else node.getroot()  # noqa: SLF001
    return any(None in one.nsmap for one in root.iter(etree.Element))
