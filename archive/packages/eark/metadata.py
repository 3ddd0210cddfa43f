"""What descriptive, provenance and rights sections have in common: STATUS and `mdRef`."""

from __future__ import annotations

from dataclasses import dataclass

from archive.packages.eark import references
from archive.packages.eark.package import METS, XLINK, Mets, Package
from archive.packages.eark.references import Numbers
from archive.packages.eark.rules import Element, Findings, must, place, should, shown
from archive.packages.eark.values import vocabulary


@dataclass(frozen=True, slots=True)
class Section:
    """The requirement numbers of one kind of metadata section."""

    status: str
    reference: str
    numbers: Numbers


def check(package: Package, mets: Mets, section: Element, kind: Section) -> Findings:
    """Yield what is wrong with a section's status and its reference to a file."""
    yield from _status(mets, section, kind)
    found = section.findall(METS + "mdRef")
    if not found:
        message = "no mdRef; the metadata file should be referenced, not embedded or left out"
        yield should(kind.reference, place(mets, section), message)
    if len(found) > 1:
        yield must(kind.reference, place(mets, section), f"{len(found)} mdRef instead of one")
    for reference in found:
        yield from references.locator(package, mets, reference, kind.numbers)
        href = reference.get(XLINK + "href")
        yield from references.described(package, mets, reference, href, kind.numbers)
        name = references.target(package, mets, href) if href else None
        if name is not None and "metadata" not in name.split("/")[:-1]:
            # CSIP21, CSIP35, CSIP48: the file lies in the “metadata” section of the package.
            message = f"{shown(name)} does not lie in a folder “metadata”"
            yield should(kind.reference, place(mets, reference, "xlink:href"), message)


def _status(mets: Mets, section: Element, kind: Section) -> Findings:
    value = section.get("STATUS")
    where = place(mets, section, "STATUS")
    if value is None:
        yield should(kind.status, where, "STATUS should say whether the metadata is CURRENT")
    elif value not in vocabulary("CSIPVocabularyStatus"):
        yield must(kind.status, where, f"{shown(value)} is not in VocabularyStatus")
