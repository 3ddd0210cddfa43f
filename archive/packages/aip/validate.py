"""Checking a whole package: every digest, completeness, schemas, the seal's presence.

Rules (E-ARK's own are checked by `archive.packages.eark`, seals by `archive.signatures`):

    KHO-AIP-UNREADABLE   not a package of the archive, or cut off
    KHO-AIP-METS         a METS.xml cannot be read
    KHO-AIP-MISSING      METS.xml names a file that is not there
    KHO-AIP-UNLISTED     a file is there that no METS.xml names
    KHO-AIP-DIGEST       a file differs from its SHA-256
    KHO-AIP-SIZE         a file differs from its size
    KHO-AIP-CRC          a file differs from its CRC-32, or its header from the directory
    KHO-AIP-SCHEMA       a metadata file breaks its schema
    KHO-AIP-SEAL         METS.xml.p7s is missing or empty
    KHO-AIP-EARLIER      (info) a file lies in an earlier version and was not checked here
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path

from archive.errors import FixityMismatch, IntegrityError, Rejected
from archive.findings import Finding, Severity
from archive.model import ObjectName, PackagePath
from archive.packages import mets, premis, tthc, xml
from archive.packages.aip import layout
from archive.packages.aip.contents import AipFile, Opener
from archive.packages.aip.read import files_of
from archive.packages.aip.source import Source, ZipSource, opened
from archive.packages.mets import Mets
from archive.packages.zipranges import ReadRange

_error = partial(Finding, severity=Severity.ERROR)
_SCHEMAS = {
    layout.METS: mets.METS,
    layout.REP_METS: mets.METS,
    layout.PREMIS: premis.NAMESPACE,
    layout.REP_PREMIS: premis.NAMESPACE,
    layout.TTHC: tthc.NAMESPACE,
    layout.EAD: "urn:kho:ead-aip:1",
}
_EAD_DOC = layout.REPRESENTATION + "metadata/descriptive/EAD_doc_"


def validate(path: Path, *, earlier: Opener | None = None) -> list[Finding]:
    """Check a package on disk, as ZIP or as folder; every finding is returned.

    Args:
        earlier: opens the objects of earlier versions, so that their files are checked too.
    """
    try:
        with opened(path) as source:
            return list(_findings(source, earlier))
    except IntegrityError as error:
        return [_unreadable(error)]


def validate_stored(read: ReadRange, size: int, *, earlier: Opener | None = None) -> list[Finding]:
    """Check a package in a store by ranged reads; every finding is returned."""
    try:
        return list(_findings(ZipSource(read, size), earlier))
    except IntegrityError as error:
        return [_unreadable(error)]


def _unreadable(error: IntegrityError) -> Finding:
    return _error("KHO-AIP-UNREADABLE", path="", message=error.message)


def _findings(source: Source, earlier: Opener | None) -> Iterator[Finding]:
    tables: list[Mets] = []
    for path in (layout.METS, layout.REP_METS):
        yield from _table(source, path, tables)
    if not source.sizes.get(layout.SEAL):
        message = "METS.xml has no seal, so nothing protects its digests"
        yield _error("KHO-AIP-SEAL", path=layout.SEAL, message=message)
    yield from _schema_findings(source)
    if len(tables) == 2:
        files = list(files_of(*tables))
        yield from _listed(source, files, earlier)
        yield from _unlisted(source, files)


def _table(source: Source, path: PackagePath, tables: list[Mets]) -> Iterator[Finding]:
    if path not in source.sizes:
        yield _error("KHO-AIP-MISSING", path=path, message="is missing from the package")
        return
    try:
        tables.append(mets.read(_whole(source, path)))
    except (IntegrityError, Rejected) as error:
        yield _error("KHO-AIP-METS", path=path, message=error.message)


def _schema_findings(source: Source) -> Iterator[Finding]:
    for path in source.sizes:
        namespace = "urn:kho:ead-doc-aip:1" if path.startswith(_EAD_DOC) else _SCHEMAS.get(path)
        if namespace is None:
            continue
        try:
            tree = xml.parse(_whole(source, path))
        except Rejected as error:
            yield xml.as_finding(error, path)
            continue
        for violation in xml.violations(tree, namespace):
            where = f"{path}#line {violation.line}"
            yield _error("KHO-AIP-SCHEMA", path=where, message=violation.message)


def _listed(source: Source, files: Iterable[AipFile], earlier: Opener | None) -> Iterator[Finding]:
    objects: dict[ObjectName, Source | Finding] = {}
    for file in files:
        if file.path in source.sizes or file.place is None:
            yield from _check(source, file)
        elif earlier is None:
            message = f"lies in version {file.version} and was not checked here"
            yield Finding("KHO-AIP-EARLIER", Severity.INFO, file.path, message)
        else:
            if file.place not in objects:
                objects[file.place] = _earlier(file.place, earlier)
            held_in = objects[file.place]
            yield from [held_in] if isinstance(held_in, Finding) else _check(held_in, file)


def _earlier(place: ObjectName, earlier: Opener) -> Source | Finding:
    try:
        return ZipSource(*earlier(place))
    except IntegrityError as error:
        return _error("KHO-AIP-UNREADABLE", path=place, message=error.message)


def _check(source: Source, file: AipFile) -> Iterator[Finding]:
    if file.path not in source.sizes:
        yield _error("KHO-AIP-MISSING", path=file.path, message="METS.xml names it; it is missing")
        return
    digest, crc, size = hashlib.sha256(), 0, 0
    for piece in source.chunks(file.path):
        digest.update(piece)
        crc = zlib.crc32(piece, crc)
        size += len(piece)
    if size != file.size:
        message = f"recorded {file.size} bytes, found {size}"
        yield _error("KHO-AIP-SIZE", path=file.path, message=message)
    if digest.hexdigest() != file.sha256:
        broken = FixityMismatch(file.path, recorded=file.sha256, found=digest.hexdigest())
        yield _error("KHO-AIP-DIGEST", path=file.path, message=broken.message)
    recorded = source.crc(file.path)
    if recorded not in (None, crc) or not source.header_agrees(file.path):
        message = "its CRC-32 or its header does not agree with the ZIP's directory"
        yield _error("KHO-AIP-CRC", path=file.path, message=message)


def _unlisted(source: Source, files: Iterable[AipFile]) -> Iterator[Finding]:
    listed = {file.path for file in files} | {layout.METS, layout.SEAL}
    for path in source.sizes:
        if path not in listed:
            message = "no METS.xml names this file, so nothing vouches for it"
            yield _error("KHO-AIP-UNLISTED", path=path, message=message)


def _whole(source: Source, path: PackagePath) -> bytes:
    return b"".join(source.chunks(path))
