"""The folders of a package (CSIP 2.1.0, section 4: CSIPSTR1 to CSIPSTR16).

CSIPSTR3 (may be an archive), CSIPSTR8 and CSIPSTR14 (may have further folders) permit; nothing
can break them. Folders that hold nothing but placeholders (`.gitkeep`) count as empty.
"""

from __future__ import annotations

from archive.packages.eark.package import METS_NAME, Mets, Package
from archive.packages.eark.rules import Findings, should

_OWN_FOLDERS = ("metadata", "schemas", "documentation")
_KINDS = (
    ("CSIPSTR6", "preservation", ("preserv", "premis")),
    ("CSIPSTR7", "descriptive", ("descri", "mods", "dublin")),
)
"""By requirement: the folder's name, and the words by which its content is known."""


def check(package: Package, mets: Mets | None) -> Findings:
    """Yield what is wrong with the folders; `mets` is the package's METS if it can be read."""
    if "metadata" not in package.folders:
        yield should("CSIPSTR5", "", f"no folder “metadata”{_lookalike(package, 'metadata')}")
    yield from _metadata_kinds(package)
    yield from _representations(package, mets)
    for folder in package.representations:
        yield from _representation(package, folder)
    if mets is not None:
        yield from _supplements(package)


def _lookalike(package: Package, name: str) -> str:
    """Return a hint at a top-level folder that is probably meant by `name`."""
    for folder in sorted(package.folders):
        if "/" not in folder and name in folder.casefold():
            return f"; is “{folder}” meant?"
    return ""


def _metadata_kinds(package: Package) -> Findings:
    # CSIPSTR6, CSIPSTR7: if there is preservation or descriptive metadata, it lies in the
    # folder of that name. Metadata of neither kind may lie anywhere (CSIPSTR8), so a file or
    # folder counts as of a kind if its name says so.
    for rule, name, words in _KINDS:
        right = f"metadata/{name}"
        for found in _directly_in_metadata(package):
            folded = found.removeprefix("metadata/").casefold()
            if found != right and any(word in folded for word in words):
                yield should(rule, found, f"{name} metadata should be in the folder {right}")


def _directly_in_metadata(package: Package) -> list[str]:
    inside = [name for name in package.files | package.folders if name.startswith("metadata/")]
    return sorted(name for name in inside if name.count("/") == 1)


def _representations(package: Package, mets: Mets | None) -> Findings:
    # CSIPSTR9: a package may be of metadata only (CSIP58, CSIP88); what its METS describes as
    # a representation needs the folder.
    if "representations" not in package.folders:
        if mets is not None and _describes_representations(mets):
            hint = _lookalike(package, "representations")
            yield should("CSIPSTR9", "", f"no folder “representations”{hint}")
        return
    # CSIPSTR10: content lies in one folder per representation, not beside them.
    for name in package.below("representations"):
        if name.count("/") == 1:
            message = "each representation should have a folder of its own"
            yield should("CSIPSTR10", name, message)
    if not package.representations and mets is not None and _describes_representations(mets):
        yield should("CSIPSTR10", "representations", "no representation has a folder")


def _describes_representations(mets: Mets) -> bool:
    groups = mets.all("fileSec/fileGrp")
    return any((group.get("USE") or "").startswith("Representations") for group in groups)


def _representation(package: Package, folder: str) -> Findings:
    content = list(package.below(folder))
    if not content:
        return  # a representation without files has nothing to put anywhere
    own = tuple(f"{folder}/{name}/" for name in _OWN_FOLDERS)
    outside = [
        name for name in content if not name.startswith(own) and name != f"{folder}/{METS_NAME}"
    ]
    if f"{folder}/data" not in package.folders and outside:
        yield should("CSIPSTR11", folder, "the representation has no folder “data”")
    if f"{folder}/{METS_NAME}" not in package.files:
        yield should("CSIPSTR12", folder, "the representation has no METS.xml")
    if f"{folder}/metadata" not in package.folders:
        yield should("CSIPSTR13", folder, "the representation has no folder “metadata”")


def _supplements(package: Package) -> Findings:
    for rule, name, what in (
        ("CSIPSTR15", "schemas", "the schemas of its XML metadata"),
        ("CSIPSTR16", "documentation", "documentation"),
    ):
        places = [name, *(f"{folder}/{name}" for folder in package.representations)]
        if not any(place in package.folders for place in places):
            hint = _lookalike(package, name)
            yield should(rule, "", f"no folder “{name}”; it should hold {what}{hint}")
