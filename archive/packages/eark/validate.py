"""Validation of a whole unpacked E-ARK package."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from archive.findings import Finding, Report
from archive.packages.eark import (
    administrative,
    aip,
    completeness,
    descriptive,
    documents,
    files,
    folders,
    header,
    root,
    sip,
    structure,
)
from archive.packages.eark.package import METS_NAME, Mets, Package, is_placeholder, listing
from archive.packages.eark.rules import must

_SECTIONS = (
    root.check,
    header.check,
    descriptive.check,
    administrative.check,
    files.check,
    structure.check,
)
_PACKAGE_FOLDERS = frozenset({"metadata", "representations", "schemas", "documentation"})


def validate_package(
    folder: Path,
    *,
    at: datetime | None = None,
    unpacked: bool = False,
    sha256: Mapping[str, str] | None = None,
) -> list[Finding]:
    """Return every finding on an unpacked package, in the order of the specification.

    Bad input never raises; a package that cannot be read at all has findings that say so.

    Args:
        folder: the package's root folder, or the folder that holds it and nothing else.
        at: the time as of which dates lie in the future; the system's if None.
        unpacked: whether `folder` is where an archive file was unpacked to, so that the
            package must lie in a single folder below it (CSIPSTR1).
        sha256: digests that the caller knows already, by file relative to the package's
            root, so that no byte is read twice.

    Source: CSIP 2.1.0 (and 2.0.4 where it differs), SIP 2.1.0, AIP 2.2.0, DIP 2.1.0.
    """
    moment = at or datetime.fromtimestamp(time.time(), UTC)
    try:
        return list(Report.of(_validate(folder, moment, unpacked, sha256 or {})))
    except OSError as error:
        return [must("CSIPSTR1", "", f"the folder cannot be read: {error.strerror}")]


def package_root(folder: Path) -> Path:
    """Return the root folder of the package that lies at or alone in `folder`."""
    if (folder / METS_NAME).is_file():
        return folder
    below = _visible(folder)
    subfolders = [path for path in below if path.is_dir() and not path.is_symlink()]
    holders = [path for path in subfolders if (path / METS_NAME).is_file()]
    if len(holders) == 1:
        return holders[0]
    if len(subfolders) == 1 and len(below) == 1 and below[0].name not in _PACKAGE_FOLDERS:
        return subfolders[0]
    return folder


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not is_placeholder(path.name))


def _validate(
    folder: Path, at: datetime, unpacked: bool, sha256: Mapping[str, str]
) -> Iterator[Finding]:
    package_folder = package_root(folder)
    inside = package_folder != folder
    yield from _single_root(folder, package_folder, unpacked)
    names, subfolders = listing(package_folder)
    package = Package(
        root=package_folder,
        name=None if unpacked and not inside else package_folder.resolve().name,
        files=names,
        folders=subfolders,
        at=at,
        sha256=sha256,
    )
    yield from _documents(package)


def _single_root(folder: Path, package_folder: Path, unpacked: bool) -> Iterator[Finding]:
    # CSIPSTR1: a single root folder; an archive must unpack to one.
    if package_folder == folder and unpacked:
        yield must("CSIPSTR1", "", "the archive does not unpack to a single root folder")
    elif package_folder == folder and not (folder / METS_NAME).is_file():
        several = [path.name for path in _visible(folder) if (path / METS_NAME).is_file()]
        if len(several) > 1:
            yield must("CSIPSTR1", "", f"holds {len(several)} packages: {', '.join(several[:5])}")
    elif package_folder != folder:
        for path in _visible(folder):
            if path != package_folder:
                message = "lies beside the package's root folder, which must be the only one"
                yield must("CSIPSTR1", path.name, message)


def _documents(package: Package) -> Iterator[Finding]:
    main: Mets | None = None
    if METS_NAME not in package.files:
        hint = next((f"; is “{name}” meant?" for name in sorted(package.files) if _like(name)), "")
        yield must("CSIPSTR4", "", f"the root folder has no METS.xml{hint}")
    else:
        main, problems = documents.read(package, METS_NAME)
        yield from problems
    yield from folders.check(package, main)
    representations = []
    for name in sorted(filter(documents.is_mets, package.files)):
        mets, problems = documents.read(package, name)
        yield from problems
        if mets is not None:
            representations.append(mets)
    for mets in [main, *representations]:
        if mets is not None:
            for check in _SECTIONS:
                yield from check(package, mets)
    if main is not None:
        yield from sip.check(main)
        yield from aip.check(package, main)
        yield from completeness.check(package, [main, *representations])
    yield from documents.metadata(package)


def _like(name: str) -> bool:
    return "/" not in name and "mets" in name.casefold()
