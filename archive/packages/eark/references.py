"""References from METS to files: that they resolve, and that size and checksum are true.

`mdRef` and `file` with `FLocat` carry the same attributes under different requirement numbers
(CSIP22 to CSIP30, CSIP36 to CSIP44, CSIP49 to CSIP57, CSIP68 to CSIP79); one table per kind
says which number is whose.

Findings of our own, where a requirement's number would say too little:

    KHO-EARK-HREF-EMPTY      an empty reference means the METS document itself (RFC 3986, 4.4)
    KHO-EARK-HREF-CASE       a file of this name exists only with other upper and lower case
    KHO-EARK-HREF-EXTERNAL   outside the package; nothing is fetched, so nothing was checked
    KHO-EARK-LINE-ENDS       size and checksum fit the file with other line ends: it was
                             converted on the way, for example by a version control system
    KHO-EARK-CHECKSUM-TYPE   a checksum type that METS allows and Kho cannot compute
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from archive.findings import Finding
from archive.packages.eark import fixity
from archive.packages.eark.package import XLINK, Mets, Package, canonical
from archive.packages.eark.rules import Element, Findings, must, place, should, shown
from archive.packages.eark.values import (
    CHECKSUM_TYPES,
    METADATA_TYPES,
    date_time,
    is_future,
    is_media_type,
    is_number,
    is_registered_media_type,
)

_EXTERNAL = re.compile(r"(?!file:)[A-Za-z][A-Za-z0-9+.-]+:", re.ASCII)
_MEDIA_TYPE_LENGTH = 256


@dataclass(frozen=True, slots=True)
class Numbers:
    """The requirement numbers of one kind of reference."""

    locator: str
    link: str
    href: str
    media_type: str
    size: str
    created: str
    checksum: str
    checksum_type: str
    metadata_type: str | None = None


def locator(package: Package, mets: Mets, element: Element, numbers: Numbers) -> Findings:
    """Yield what is wrong with LOCTYPE, xlink:type and xlink:href of a reference."""
    yield from _link(mets, element, numbers)
    href = element.get(XLINK + "href")
    where = place(mets, element, "xlink:href")
    if href is None:
        yield must(numbers.href, where, "xlink:href is missing")
    elif problem := _unresolved(package, mets, href, numbers.href, where):
        yield problem


def _link(mets: Mets, element: Element, numbers: Numbers) -> Findings:
    if element.get("LOCTYPE") != "URL":
        message = f"LOCTYPE must be “URL”, not {shown(element.get('LOCTYPE') or '')}"
        yield must(numbers.locator, place(mets, element, "LOCTYPE"), message)
    if element.get(XLINK + "type") != "simple":
        message = f"xlink:type must be “simple”, not {shown(element.get(XLINK + 'type') or '')}"
        yield must(numbers.link, place(mets, element, "xlink:type"), message)


def target(package: Package, mets: Mets, href: str) -> str | None:
    """Return the file that a reference means, relative to the package; None if there is none."""
    for candidate in dict.fromkeys((href, unquote(href))):
        name = _within_package(mets, candidate)
        if name is not None and name in package.files:
            return name
        if name is not None and canonical(name) in package.by_canonical_name:
            return package.by_canonical_name[canonical(name)]
    return None


def is_external(href: str) -> bool:
    """Return whether a reference leads out of the package by a scheme such as `https:`."""
    return _EXTERNAL.match(href) is not None


def _within_package(mets: Mets, href: str) -> str | None:
    """Return a reference as a path from the package's root; None if it leads out of it."""
    path = re.sub(r"^file:(?://)?", "", href)
    if path.startswith("/") or "\0" in path:
        return None
    parts = mets.folder.split("/") if mets.folder else []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def _unresolved(package: Package, mets: Mets, href: str, rule: str, where: str) -> Finding | None:
    """Return why a reference has no file, or None if it has one."""
    if not href.strip():
        message = "is empty, which means this METS document itself and no other file"
        return must("KHO-EARK-HREF-EMPTY", where, message)
    if is_external(href):
        message = f"{shown(href)} lies outside the package and was not checked"
        return should("KHO-EARK-HREF-EXTERNAL", where, message)
    if target(package, mets, href) is not None:
        return None
    if "\\" in href and target(package, mets, href.replace("\\", "/")):
        return should(rule, where, f"{shown(href)} is no URL: its parts are divided by backslashes")
    if alike := nearly(package, mets, href):
        message = f"{shown(href)} does not exist, but {shown(alike)} does: name it exactly"
        return must("KHO-EARK-HREF-CASE", where, message)
    return must(rule, where, f"{shown(href)} is not a file of the package")


def nearly(package: Package, mets: Mets, href: str) -> str | None:
    """Return the file that a reference would mean if case and backslashes did not count."""
    href = href.replace("\\", "/")
    name = _within_package(mets, unquote(href))
    if name is None:
        return None
    return package.by_folded_name.get(canonical(name).casefold())


def described(
    package: Package, mets: Mets, element: Element, href: str | None, numbers: Numbers
) -> Findings:
    """Yield what is wrong with what an element says of its file."""
    yield from _metadata_type(mets, element, numbers)
    yield from _media_type(mets, element, numbers)
    yield from _created(package, mets, element, numbers)
    # A file whose name differs only in case is compared too, so that all is said at once.
    name = (target(package, mets, href) or nearly(package, mets, href)) if href else None
    try:
        yield from _content(package, mets, element, name, numbers)
    except OSError as error:
        where = place(mets, element)
        yield must(numbers.checksum, where, f"{shown(name or '')} cannot be read: {error.strerror}")


_MISMATCH = "differs from the file: "


def _content(
    package: Package, mets: Mets, element: Element, name: str | None, numbers: Numbers
) -> Findings:
    """Compare size and checksum with the file, and look for the usual cause if they differ."""
    broken = list(_size(package, mets, element, name, numbers))
    broken += _checksum(package, mets, element, name, numbers)
    mismatches = [finding for finding in broken if finding.message.startswith(_MISMATCH)]
    if mismatches and name and _line_ends_changed(package, element, name):
        message = f"the line ends of {shown(name)} were changed after the package was made"
        broken = [finding for finding in broken if finding not in mismatches]
        broken.append(must("KHO-EARK-LINE-ENDS", place(mets, element), message))
    yield from broken


def _metadata_type(mets: Mets, element: Element, numbers: Numbers) -> Findings:
    if numbers.metadata_type is None:
        return
    value = element.get("MDTYPE")
    where = place(mets, element, "MDTYPE")
    if not value:
        yield must(numbers.metadata_type, where, "MDTYPE is missing or empty")
    elif value not in METADATA_TYPES:
        yield must(numbers.metadata_type, where, f"{shown(value)} is not in METS's list")


def _media_type(mets: Mets, element: Element, numbers: Numbers) -> Findings:
    value = element.get("MIMETYPE")
    where = place(mets, element, "MIMETYPE")
    rule = numbers.media_type
    if not (value or "").strip():
        yield must(rule, where, "MIMETYPE is missing or empty")
        return
    if len(value) > _MEDIA_TYPE_LENGTH:
        yield should(rule, where, f"MIMETYPE is longer than {_MEDIA_TYPE_LENGTH} characters")
    if not is_media_type(value):
        yield must(rule, where, f"{shown(value)} does not have the form type/subtype")
    elif not is_registered_media_type(value):
        yield should(rule, where, f"{shown(value)} is not registered at IANA")


def _created(package: Package, mets: Mets, element: Element, numbers: Numbers) -> Findings:
    value = element.get("CREATED")
    where = place(mets, element, "CREATED")
    if not value:
        yield must(numbers.created, where, "CREATED is missing or empty")
        return
    moment = date_time(value)
    if moment is None:
        yield must(numbers.created, where, f"{shown(value)} is no date and time (xs:dateTime)")
    elif is_future(moment, package.at):
        yield should(numbers.created, where, f"{shown(value)} lies in the future")


def _size(
    package: Package, mets: Mets, element: Element, name: str | None, numbers: Numbers
) -> Iterator[Finding]:
    value = element.get("SIZE")
    where = place(mets, element, "SIZE")
    if not value:
        yield must(numbers.size, where, "SIZE is missing or empty")
    elif not is_number(value):
        yield must(numbers.size, where, f"{shown(value)} is no number of bytes")
    elif name and (found := (package.root / name).stat().st_size) != int(value):
        yield must(numbers.size, where, f"{_MISMATCH}recorded {value}, found {found} bytes")


def _checksum(
    package: Package, mets: Mets, element: Element, name: str | None, numbers: Numbers
) -> Iterator[Finding]:
    kind = element.get("CHECKSUMTYPE")
    value = (element.get("CHECKSUM") or "").strip()
    where = place(mets, element, "CHECKSUM")
    kind_where = place(mets, element, "CHECKSUMTYPE")
    if not kind:
        yield must(numbers.checksum_type, kind_where, "CHECKSUMTYPE is missing or empty")
    elif kind not in CHECKSUM_TYPES:
        yield must(numbers.checksum_type, kind_where, f"{shown(kind)} is not in METS's list")
    if not value:
        yield must(numbers.checksum, where, "CHECKSUM is missing or empty")
    elif kind in CHECKSUM_TYPES and not fixity.is_known(kind):
        yield should("KHO-EARK-CHECKSUM-TYPE", kind_where, f"{kind} cannot be computed here")
    elif kind in CHECKSUM_TYPES and not fixity.has_form(kind, value):
        yield must(numbers.checksum, where, f"{shown(value)} is no {kind} checksum")
        yield must(numbers.checksum_type, kind_where, f"{kind} does not fit the checksum")
    elif kind in CHECKSUM_TYPES and name:
        found = fixity.digest(package, name, kind)
        if not fixity.same(value, found):
            message = f"{_MISMATCH}recorded {value[:12]}…, found {found[:12]}…"
            yield must(numbers.checksum, where, message)


def _line_ends_changed(package: Package, element: Element, name: str) -> bool:
    return fixity.fits_with_other_line_ends(
        package.root / name,
        size=element.get("SIZE"),
        kind=element.get("CHECKSUMTYPE"),
        value=element.get("CHECKSUM"),
    )
