"""The package's XML documents: whether they can be read, and obey their schemas.

METS-XML     a METS.xml that cannot be read as METS
METS-XSD     METS 1.12
PREMIS-XSD, EAD-XSD, EAD3-XSD   metadata files with a schema that Kho has (a warning:
             CSIP does not prescribe the metadata's own validity)
KHO-EARK-XML a metadata file that cannot be read as XML
"""

from __future__ import annotations

from pathlib import Path

from archive.errors import Rejected
from archive.findings import Finding, Severity
from archive.packages import xml
from archive.packages.eark.package import METS, METS_NAME, Mets, Package
from archive.packages.eark.rules import Findings, must, should

_NAMESPACE = METS[1:-1]
_METADATA = {
    "http://www.loc.gov/premis/v3": "PREMIS-XSD",
    "urn:isbn:1-931666-22-9": "EAD-XSD",
    "http://ead3.archivists.org/schema/": "EAD3-XSD",
}
_SHOWN = 50
"""Breaches of a schema that are listed per document."""


def read(package: Package, path: str) -> tuple[Mets | None, list[Finding]]:
    """Return a METS document, None if it cannot be read, and why or where it is not METS."""
    try:
        tree = xml.parse(package.root / path)
    except Rejected as error:
        return None, [xml.as_finding(error, path, rule="METS-XML")]
    except OSError as error:
        return None, [must("METS-XML", path, f"cannot be read: {error.strerror}")]
    root = tree.getroot()
    if root.tag != METS + "mets":
        return None, [must("METS-XML", path, f"the root element is {root.tag}, not METS's mets")]
    breaches = _breaches(tree, _NAMESPACE, "METS-XSD", Severity.ERROR, path)
    return Mets(path, root), list(breaches)


def metadata(package: Package) -> Findings:
    """Yield what is wrong with the XML files in metadata folders."""
    for name in sorted(package.files):
        folders = name.split("/")[:-1]
        if "metadata" in folders[:1] + folders[2:3] and name.casefold().endswith(".xml"):
            yield from _metadata_file(package.root / name, name)


def is_mets(name: str) -> bool:
    """Return whether a path is that of a representation's METS document."""
    parts = name.split("/")
    return len(parts) == 3 and parts[0] == "representations" and parts[2] == METS_NAME


def _metadata_file(path: Path, name: str) -> Findings:
    try:
        tree = xml.parse(path)
    except Rejected as error:
        yield xml.as_finding(error, name, rule="KHO-EARK-XML")
        return
    except OSError as error:
        yield must("KHO-EARK-XML", name, f"cannot be read: {error.strerror}")
        return
    namespace = str(tree.getroot().tag).partition("}")[0].removeprefix("{")
    if namespace in _METADATA:
        yield from _breaches(tree, namespace, _METADATA[namespace], Severity.WARNING, name)


def _breaches(tree: object, namespace: str, rule: str, severity: Severity, path: str) -> Findings:
    found = xml.violations(tree, namespace)  # type: ignore[arg-type]
    for breach in found[:_SHOWN]:
        yield Finding(rule, severity, f"{path}#line {breach.line}", breach.message)
    if len(found) > _SHOWN:
        yield should(rule, path, f"{len(found) - _SHOWN} more breaches of the schema")
