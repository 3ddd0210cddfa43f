"""An unpacked package as the checks see it: its files, its METS documents, their references."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

METS_NAME = "METS.xml"
METS = "{http://www.loc.gov/METS/}"
XLINK = "{http://www.w3.org/1999/xlink}"
CSIP = "{https://DILCIS.eu/XML/METS/CSIPExtensionMETS}"
SIP = "{https://DILCIS.eu/XML/METS/SIPExtensionMETS}"


@dataclass(frozen=True)
class Mets:
    """One METS document of a package."""

    path: str
    """`METS.xml`, or `representations/rep1/METS.xml`."""
    root: Any
    """The lxml element `mets`."""

    @property
    def folder(self) -> str:
        """The folder it describes, relative to the package; "" for the package itself."""
        return self.path.rpartition("/")[0]

    @property
    def is_package(self) -> bool:
        """Whether it describes the package, and not one representation."""
        return self.folder == ""

    def all(self, path: str) -> list[Any]:
        """Return the elements at a path of METS names: `fileSec/fileGrp`."""
        return list(self.root.findall("/".join(METS + step for step in path.split("/"))))

    @cached_property
    def ids(self) -> Mapping[str, list[Any]]:
        """Every element with an ID, by the ID."""
        found: dict[str, list[Any]] = {}
        for element in self.root.iter("*"):
            if name := element.get("ID"):
                found.setdefault(name, []).append(element)
        return found

    def step(self, element: Any) -> str:
        """Return an element's step in a path: `file[3]`, or `fileSec` if it has no like."""
        return self._steps.get(element, "?")

    @cached_property
    def _steps(self) -> Mapping[Any, str]:
        steps: dict[Any, str] = {self.root: _local(self.root.tag)}
        for parent in self.root.iter("*"):
            alike: dict[str, list[Any]] = {}
            for child in parent.iterchildren("*"):
                alike.setdefault(child.tag, []).append(child)
            for tag, children in alike.items():
                name = _local(tag)
                numbered = (f"{name}[{n}]" for n in range(1, len(children) + 1))
                steps.update(zip(children, [name] if len(children) == 1 else numbered, strict=True))
        return steps

    @cached_property
    def administrative_ids(self) -> frozenset[str]:
        """The IDs of administrative sections and of what they hold."""
        sections = self.all("amdSec") + self.all("amdSec/*")
        return frozenset(filter(None, (section.get("ID") for section in sections)))

    @cached_property
    def descriptive_ids(self) -> frozenset[str]:
        """The IDs of descriptive sections."""
        return frozenset(filter(None, (section.get("ID") for section in self.all("dmdSec"))))

    @property
    def header(self) -> Any | None:
        """The first `metsHdr`."""
        return self.root.find(METS + "metsHdr")

    @property
    def package_type(self) -> str | None:
        """`SIP`, `AIP`, `DIP`, …, as the header says it."""
        header = self.header
        value: str | None = None if header is None else header.get(CSIP + "OAISPACKAGETYPE")
        return value


@dataclass(frozen=True)
class Package:
    """The folder of a package and what is known about it."""

    root: Path
    name: str | None
    """The root folder's name; None where it has no meaning (an archive without one)."""
    files: frozenset[str]
    """Every file, relative to the root, `/` between parts; links are left out."""
    folders: frozenset[str]
    at: datetime
    """The time as of which dates are in the future."""
    sha256: Mapping[str, str] = field(default_factory=dict)
    """Digests that are already known, by file."""

    @cached_property
    def by_canonical_name(self) -> Mapping[str, str]:
        """Each file by its name in NFC; file systems differ in the form they keep."""
        return {canonical(name): name for name in sorted(self.files)}

    @cached_property
    def by_folded_name(self) -> Mapping[str, str]:
        """Each file by its name in NFC and without regard to case."""
        return {canonical(name).casefold(): name for name in sorted(self.files)}

    @cached_property
    def folded_folders(self) -> frozenset[str]:
        """The folders' names without regard to case."""
        return frozenset(canonical(name).casefold() for name in self.folders)

    @property
    def representations(self) -> list[str]:
        """The representation folders, relative to the root."""
        prefix = "representations/"
        below = (name for name in self.folders if name.startswith(prefix))
        return sorted(name for name in below if "/" not in name[len(prefix) :])

    def below(self, folder: str) -> Iterator[str]:
        """Yield the files in a folder and its subfolders, without placeholders."""
        prefix = f"{folder}/" if folder else ""
        return (n for n in sorted(self.files) if n.startswith(prefix) and not is_placeholder(n))


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def canonical(name: str) -> str:
    """Return a name in Unicode's composed form, in which equal names are equal strings."""
    return unicodedata.normalize("NFC", name)


def is_placeholder(name: str) -> bool:
    """Return whether a file only keeps a folder alive or belongs to a file manager."""
    base = name.rpartition("/")[2]
    return base.startswith(".") or base in {"Thumbs.db", "desktop.ini", "__MACOSX"}


def listing(root: Path) -> tuple[frozenset[str], frozenset[str]]:
    """Return the files and the folders below a folder; links and devices are left out."""
    names: set[str] = set()
    folders: set[str] = set()
    open_folders = [""]
    while open_folders:
        folder = open_folders.pop()
        with os.scandir(root / folder) as entries:
            for entry in entries:
                name = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir(follow_symlinks=False):
                    folders.add(name)
                    open_folders.append(name)
                elif entry.is_file(follow_symlinks=False):
                    names.add(name)
    return frozenset(names), frozenset(folders)
