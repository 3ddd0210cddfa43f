"""How a broken requirement becomes a finding.

A MUST is an error, a SHOULD a warning, a MAY information (RFC 2119, as CSIP 2.1.0 uses it in
section 1.4). Where a requirement's text names both, each check says which part is broken.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from archive.findings import Finding, Severity
from archive.packages.eark.package import Mets

Element = Any
"""An lxml element; its own class has no public name."""
Findings = Iterator[Finding]


def must(rule: str, where: str, message: str) -> Finding:
    """Return the finding for a broken MUST."""
    return Finding(rule, Severity.ERROR, where, message)


def should(rule: str, where: str, message: str) -> Finding:
    """Return the finding for a broken SHOULD."""
    return Finding(rule, Severity.WARNING, where, message)


def may(rule: str, where: str, message: str) -> Finding:
    """Return the finding for an option that is not used or not used as meant."""
    return Finding(rule, Severity.INFO, where, message)


def place(mets: Mets, element: Element, attribute: str = "") -> str:
    """Return where an element stands: `METS.xml#line 12 /mets/fileSec/fileGrp[2]/@USE`."""
    path = "/".join([*map(mets.step, reversed(list(element.iterancestors()))), mets.step(element)])
    suffix = f"/@{attribute}" if attribute else ""
    return f"{mets.path}#line {element.sourceline} /{path}{suffix}"


def local(name: str) -> str:
    """Return a name without its namespace."""
    return name.rpartition("}")[2]


def text_of(element: Element) -> str:
    """Return an element's own text without surrounding space."""
    return (element.text or "").strip()


def shown(value: str) -> str:
    """Return a value as a message quotes it: short and on one line."""
    flat = " ".join(value.split())
    return f"“{flat[:77]}…”" if len(flat) > 80 else f"“{flat}”"
