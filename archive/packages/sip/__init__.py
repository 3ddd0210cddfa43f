"""Submissions: found, opened safely, judged by their own standard, and read.

Four roads lead to the same `Sip`: an E-ARK package, a BagIt bag, a plain folder with
`dossier.json` (each as a folder or a ZIP), and a row of a batch list.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from archive.errors import StoreFull, UsageError
from archive.findings import Finding, Report, Severity
from archive.packages import safe
from archive.packages.digests import Digests
from archive.packages.dossier_json import FILE_NAME
from archive.packages.names import is_litter
from archive.packages.safe import Limits
from archive.packages.sip import bag, bagit, batch, eark, folder, tabular
from archive.packages.sip.submission import (
    BAGIT,
    BATCH,
    EARK,
    FOLDER,
    UNKNOWN,
    ZIP,
    Examination,
    Opened,
    Reader,
    Reading,
    Sip,
    SubmissionRef,
    concluded,
)
from archive.packages.zip_directory import looks_like_zip

__all__ = [
    "Examination",
    "Sip",
    "SubmissionRef",
    "discover",
    "examined",
    "unpacked",
    "validate",
]

_READERS: dict[str, Reader] = {BAGIT: bag.read, EARK: eark.read, FOLDER: folder.read}
_MAX_NESTING = 3
_ARCHIVE = "kho.toml"
_OF_AN_ARCHIVE = frozenset(
    {_ARCHIVE, "store", "index", "keys", "trust", "scratch", "test-pki"}
    | {f"catalogue.db{part}" for part in ("", "-wal", "-shm", "-journal")}
)
"""What lies beside `kho.toml` and is never meant when submissions are laid there as well."""
_NO_SUBMISSION = (
    "is no ZIP and no list (.csv, .xlsx); papers are submitted in a folder that `kho sip new` makes"
)
_AN_ARCHIVE = "is the folder of an archive and holds no submissions beside it; `kho sip new` makes one to fill in"
_BESIDE = (".md", ".txt", ".html", ".log")
"""Notes that people leave beside submissions."""


def discover(path: Path, limits: Limits | None = None) -> list[SubmissionRef]:
    """Return the submissions at a path: one, those in a folder, or one per row of a list.

    Nothing but names and lists is read. What is no submission in a folder of submissions is
    returned as `unknown`, so that it is named in the report; notes and system files are not.

    Raises:
        UsageError: there is nothing at the path.
    """
    if not path.exists():
        raise UsageError(f"there is nothing at {path}", where=str(path))
    refs = _found(path, limits or Limits(), 0)
    return [
        replace(ref, name=ref.path.relative_to(path).as_posix())
        if ref.path != path and ref.path.is_relative_to(path)
        else ref
        for ref in refs
    ]


@contextmanager
def examined(
    ref: SubmissionRef, *, scratch: Path, limits: Limits, today: date
) -> Iterator[Examination]:
    """Examine a submission; its files can be read until the block ends.

    Args:
        ref: from `discover`.
        scratch: a folder for private temporary folders, made if absent.
        limits: on what one submission may hold.
        today: dates after it are errors.

    Raises:
        StoreFull: there is no room to unpack.
    """
    if not ref.may_be_packed:
        yield _examine(ref, scratch, limits, today, as_package=False)
        return
    with _private_folder(scratch) as room:
        yield _examine(ref, room, limits, today, as_package=False)


def validate(
    path: Path, *, scratch: Path, limits: Limits, today: date, as_package: bool = True
) -> Report:
    """Judge what is at a path, without taking anything in.

    Args:
        path: as for `discover`; where there are several submissions, the findings carry
            the name of theirs.
        scratch: as for `examined`.
        limits: as for `examined`.
        today: as for `examined`.
        as_package: judge a bag or an E-ARK package without a description of Kho's by its
            own standard alone, and say so in an info finding; else that is an error.
    """
    refs = discover(path, limits)
    findings: list[Finding] = []
    for ref in refs:
        with _private_folder(scratch) as room:
            report = _examine(ref, room, limits, today, as_package=as_package).report
        prefix = "" if len(refs) == 1 or ref.row is not None else f"{ref.label}: "
        findings += (replace(f, path=f"{prefix}{f.path}") for f in report)
    return Report.of(findings)


def unpacked(ref: SubmissionRef, into: Path, limits: Limits) -> Path | None:
    """Copy a submission's files into a folder, as a plain submission whose own are not touched.

    Args:
        ref: from `discover`.
        into: a folder that is not there.
        limits: on what one submission may hold.

    Returns:
        The folder with `dossier.json`; None if the submission has none that can be read
        safely, or is not of a kind with one.
    """
    if ref.kind in (BATCH, UNKNOWN):
        return None
    if ref.path.is_file():
        if any(f.severity is Severity.ERROR for f in safe.unpack(ref.path, into, limits)):
            return None
        root = _single_folder(into)
    else:
        survey = safe.look_through(ref.path, limits)
        if any(finding.severity is Severity.ERROR for finding in survey.findings):
            return None
        root = Path(shutil.copytree(ref.path, into, symlinks=True))
    if _kind(_names(root)) == BAGIT:
        root = root / "data"
    elif _kind(_names(root)) == EARK:
        return eark.laid_flat(root, into.with_name(f"{into.name}-flat"))
    return root if (root / FILE_NAME).is_file() else None


def _found(path: Path, limits: Limits, nesting: int) -> list[SubmissionRef]:
    if nesting and path.is_symlink():
        return [_unknown(path, "KHO-NAME-LINK", "is a symbolic link; put the submission there")]
    if path.is_dir():
        return _found_in_folder(path, limits, nesting)
    suffix = path.suffix.lower()
    if suffix in tabular.SUFFIXES:
        return batch.refs(path, limits)
    if path.name == FILE_NAME:
        return [SubmissionRef(path.parent, FOLDER)]
    if path.is_file():
        if suffix != ".zip" and not _begins_like_zip(path):
            return [_unknown(path, "KHO-ZIP-NOT-ZIP", _NO_SUBMISSION)]
        return [SubmissionRef(path, ZIP)]
    return [_unknown(path, "KHO-NAME-DEVICE", "is a device, pipe or socket")]


def _begins_like_zip(path: Path) -> bool:
    """Whether a file may be a ZIP; one that cannot be opened is judged when it is unpacked."""
    try:
        with path.open("rb") as stream:
            return looks_like_zip(stream)
    except OSError:
        return True


def _found_in_folder(path: Path, limits: Limits, nesting: int) -> list[SubmissionRef]:
    if not safe.is_readable(path, folder=True):
        return [SubmissionRef(path, UNKNOWN, findings=(safe.unreadable(path.name),))]
    names = _names(path)
    if _ARCHIVE in names:
        names = [name for name in names if name not in _OF_AN_ARCHIVE]
    kind = _kind(names)
    if kind != UNKNOWN:
        return [SubmissionRef(path, kind)]
    lists = [name for name in names if name.lower().endswith(tabular.SUFFIXES)]
    below = [path / name for name in names if _may_be_submission(path / name)]
    if lists and not any(map(_is_package_folder, below)):
        return [ref for name in lists for ref in batch.refs(path / name, limits)]
    if not below or nesting >= _MAX_NESTING:
        return [_nothing_in(path)]
    found = [ref for place in below for ref in _found(place, limits, nesting + 1)]
    if all(ref.kind == UNKNOWN or not _is_promising(ref) for ref in found):
        return [_nothing_in(path)]
    return found


def _nothing_in(path: Path) -> SubmissionRef:
    """Return a folder without submissions; what lies in an archive's own is not looked through."""
    if (path / _ARCHIVE).is_file():
        return _unknown(path, "KHO-SIP-KIND", _AN_ARCHIVE)
    return SubmissionRef(path, UNKNOWN)


def _may_be_submission(place: Path) -> bool:
    hidden = place.name.startswith(".")
    return not hidden and (place.is_dir() or place.suffix.lower() not in _BESIDE)


def _is_package_folder(place: Path) -> bool:
    return place.is_dir() and not place.is_symlink() and _kind(_names(place)) != UNKNOWN


def _names(folder: Path) -> list[str]:
    """Return the names in a folder, sorted, without system files; none if it is locked."""
    try:
        return sorted(place.name for place in folder.iterdir() if not is_litter(place.name))
    except PermissionError:
        return []


def _is_promising(ref: SubmissionRef) -> bool:
    return ref.kind != ZIP or ref.path.suffix.lower() == ".zip"


def _unknown(path: Path, rule: str, message: str) -> SubmissionRef:
    finding = Finding(rule, Severity.ERROR, path.name, message)
    return SubmissionRef(path, UNKNOWN, findings=(finding,))


def _kind(names: list[str]) -> str:
    if bagit.is_bag(names):
        return BAGIT
    if any(name.lower() == "mets.xml" for name in names):
        return EARK
    if FILE_NAME in names:
        return FOLDER
    return EARK if eark.is_package(iter(names)) else UNKNOWN


@contextmanager
def _private_folder(scratch: Path) -> Iterator[Path]:
    try:
        scratch.mkdir(parents=True, exist_ok=True)
        room = Path(tempfile.mkdtemp(prefix="sip-", dir=scratch))
    except OSError as error:
        raise StoreFull(f"no temporary folder can be made: {error.strerror}") from error
    try:
        yield room
    finally:
        shutil.rmtree(room, ignore_errors=True)


def _examine(
    ref: SubmissionRef, room: Path, limits: Limits, today: date, *, as_package: bool
) -> Examination:
    digests = Digests()
    if ref.kind == BATCH:
        empty = safe.Survey(())
        opened = Opened(ref.path.parent, empty, limits, today, digests)
        return concluded(batch.read(ref, opened), BATCH, digests, [])
    if ref.findings:
        return Examination(Report.of(ref.findings), None)
    # (1) Open: a ZIP into a private folder, a folder where it lies.
    root, found = ref.path, []
    if ref.path.is_file():
        root = room / "opened"
        found = safe.unpack(ref.path, root, limits)
        if any(finding.severity is Severity.ERROR for finding in found):
            return Examination(Report.of(found), None)
        root = _single_folder(root)
    survey = safe.look_through(root, limits)
    kind = _kind(_names(root))
    if kind == UNKNOWN and any(name.endswith("/METS.xml") for name in survey.names):
        kind = EARK  # not alone in its ZIP: CSIPSTR1 says so
    opened = Opened(root, survey, limits, today, digests, unpacked=root == room / "opened")
    # (2) Read by its kind, unless the folder itself is not safe to read.
    if kind == UNKNOWN:
        return Examination(Report.of([*found, *survey.findings, _no_submission()]), None)
    if any(bagit.is_unsafe(finding) for finding in survey.findings):
        return Examination(Report.of([*found, *survey.findings]), None)
    reading = _READERS[kind](opened)
    # (3) Hold what it says against what is there.
    return _judged(reading, kind, digests, [*found, *survey.findings], as_package=as_package)


def _judged(
    reading: Reading, kind: str, digests: Digests, also: list[Finding], *, as_package: bool
) -> Examination:
    if reading.described:
        return concluded(reading, kind, digests, also)
    message = f"there is no {FILE_NAME} (nor tthc.xml): what the files are is not said"
    if as_package:
        message = f"the package is judged as such, but cannot be ingested: {message}"
        note = Finding("KHO-SIP-NO-DESCRIPTION", Severity.INFO, "", message)
        odd = [bagit.demoted(finding) for finding in also]
        return Examination(Report.of([*odd, *reading.findings, note]), None)
    note = Finding("KHO-SIP-NO-DESCRIPTION", Severity.ERROR, "", message)
    return Examination(Report.of([*also, *reading.findings, note]), None)


def _single_folder(root: Path) -> Path:
    """Return the one folder in which everything in a ZIP lies, or the root itself."""
    for _ in range(2):
        names = _names(root)
        if _kind(names) != UNKNOWN or len(names) != 1 or not (root / names[0]).is_dir():
            break
        root = root / names[0]
    return root


def _no_submission() -> Finding:
    message = (
        f"is no submission: no {FILE_NAME}, no bagit.txt, no METS.xml and no list; "
        "`kho sip new` makes one to fill in"
    )
    return Finding("KHO-SIP-KIND", Severity.ERROR, "", message)
