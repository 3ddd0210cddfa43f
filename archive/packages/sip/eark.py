"""An E-ARK package as a submission: its own rules, then the description that it carries.

The description is a `dossier.json` in `metadata/descriptive/` or `documentation/`, or
`tthc.xml` with `EAD.xml` (the dossier's fields) and `EAD_doc_*.xml` (the documents').
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

from archive.errors import Rejected
from archive.findings import Finding, Severity
from archive.model import Dossier, PackagePath
from archive.packages import dossier_json, profile
from archive.packages.digests import Digests
from archive.packages.dossier_json import FILE_NAME
from archive.packages.names import is_litter, shown
from archive.packages.safe import SurveyedFile
from archive.packages.sip import eark_package
from archive.packages.sip.submission import Opened, Reading, read_description

_DESCRIPTIONS = tuple(
    PackagePath(f"{folder}/{FILE_NAME}") for folder in ("metadata/descriptive", "documentation")
)
_TTHC = PackagePath("metadata/descriptive/tthc.xml")
_EAD = PackagePath("metadata/descriptive/EAD.xml")
_EAD_DOCUMENT = re.compile(r"representations/[^/]+/metadata/descriptive/EAD_doc[^/]*\.xml")
_DATA = re.compile(r"representations/(?P<name>[^/]+)/data/(?P<path>.+)")
_OTHER_FILE_CODE = "arcFileCode"


def read(opened: Opened) -> Reading:
    """Judge the package by CSIP and SIP, and read its description, if it has one."""
    from archive.packages.eark.validate import validate_package

    known = _hashed(opened)
    found = validate_package(
        opened.root,
        at=datetime.combine(opened.today, time.max, UTC),
        unpacked=opened.unpacked,
        sha256=known,
    )
    files, more = _data_files(opened.survey.files)
    found += more
    place = next((place for place in _DESCRIPTIONS if place in opened.survey.files), None)
    if place is not None:
        dossier, more = read_description(opened, place)
    elif _TTHC in opened.survey.files:
        dossier, more = _from_xml(opened, files)
    else:
        return Reading(None, files, found, described=False)
    return Reading(dossier, files, [*found, *more, *_left_out(opened, place)])


def is_package(names: Iterator[str]) -> bool:
    """Whether the names in a folder are those of an E-ARK package, even a broken one."""
    parts = {name.partition("/")[0] for name in names}
    return any(part.lower() == "mets.xml" for part in parts) or bool(
        {"representations", "metadata"} & parts
    )


def _hashed(opened: Opened) -> Mapping[str, str]:
    return _OnDemand(opened.digests, opened.root, frozenset(opened.survey.names))


class _OnDemand(Mapping[str, str]):
    """SHA-256 by file name, computed when first asked for and remembered for later."""

    def __init__(self, digests: Digests, root: Path, names: frozenset[str]) -> None:
        self._digests, self._root, self._names = digests, root, names

    def __getitem__(self, name: str) -> str:
        if name not in self._names:
            raise KeyError(name)
        return self._digests.sha256(self._root / name)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _data_files(
    files: Mapping[PackagePath, SurveyedFile],
) -> tuple[dict[PackagePath, SurveyedFile], list[Finding]]:
    """Return the files in the representations' data folders, relative to these."""
    data: dict[PackagePath, SurveyedFile] = {}
    found: list[Finding] = []
    for path, file in files.items():
        match = _DATA.fullmatch(path)
        if match is None:
            continue
        inner = PackagePath(match["path"])
        if data.setdefault(inner, file) is not file:
            message = "another representation has a file of the same name; only one can be taken"
            found.append(Finding("KHO-SIP-REPRESENTATION", Severity.ERROR, shown(path), message))
    return data, found


def _left_out(opened: Opened, description: PackagePath | None) -> Iterator[Finding]:
    """Name what the depositor put beside the documents and the archive does not take over."""
    for path, file in opened.survey.files.items():
        mine = path == description or is_litter(path) or _is_our_note(path, file)
        if path.startswith("documentation/") and not mine:
            message = "is documentation beside the documents; it is not taken over"
            yield Finding("KHO-SIP-NOT-TAKEN", Severity.WARNING, shown(path), message)


def _is_our_note(path: PackagePath, file: SurveyedFile) -> bool:
    """Whether a file is the note that `kho sip new` puts into a package."""
    known = path == eark_package.README and file.size == len(eark_package.NOTE)
    return known and file.place.read_bytes() == eark_package.NOTE


def _from_xml(
    opened: Opened, files: Mapping[PackagePath, SurveyedFile]
) -> tuple[Dossier | None, list[Finding]]:
    from archive.packages import ead, tthc

    found: list[Finding] = []
    content: dict[str, Any] = {}
    fields: dict[str, str] = {}
    documents: list[dict[str, str]] = []
    place = _TTHC
    try:
        content = tthc.read(_content(opened, place))
        if _EAD in opened.survey.files:
            place = _EAD
            fields = ead.read(_content(opened, place))
        for place in filter(_EAD_DOCUMENT.fullmatch, opened.survey.files):
            documents.append(ead.read(_content(opened, place)))
    except Rejected as refusal:
        message = f"cannot be read: {refusal.message}"
        return None, [Finding("KHO-SIP-DESCRIPTION", Severity.ERROR, place, message)]
    found += _merged(content, fields)
    _describe_documents(content, documents, files)
    dossier, more = dossier_json.from_json(content, today=opened.today, name=_TTHC)
    return dossier, found + more


def _content(opened: Opened, place: PackagePath) -> bytes:
    with opened.survey.files[place].place.open("rb") as stream:
        return stream.read(opened.limits.max_description_bytes + 1)


def _merged(content: dict[str, Any], fields: Mapping[str, str]) -> Iterator[Finding]:
    """Add EAD.xml's fields to those of tthc.xml, which count where both say something."""
    content["profile"] = content.get("profile") or profile.CURRENT
    given = content["dossier"]
    known = profile.load().dossier
    if _OTHER_FILE_CODE in fields:
        fields = {"fileCode": fields[_OTHER_FILE_CODE], **fields}
    for code, value in fields.items():
        if code not in known:
            continue
        if given.setdefault(code, value) != value:
            message = f"{code} differs from tthc.xml, which counts"
            yield Finding("KHO-SIP-EAD-DIFFERS", Severity.WARNING, f"{_EAD}#/{code}", message)


def _describe_documents(
    content: dict[str, Any],
    described: list[dict[str, str]],
    files: Mapping[PackagePath, SurveyedFile],
) -> None:
    """Fill the documents' fields from EAD_doc_*.xml, in the order of their names."""
    if not content["documents"]:
        names = [path for path in files if not is_litter(path)]
        content["documents"] = [
            {"file": name, "title": Path(name).stem, "role": "other", "fields": {}}
            for name in names
        ]
    known = profile.load().document
    for document, fields in zip(content["documents"], described, strict=False):
        usable = {code: value for code, value in fields.items() if code in known}
        document["fields"] = {**usable, **document.get("fields", {})}
        if not document.get("title") or document["title"] == Path(document["file"]).stem:
            document["title"] = usable.get("subject") or document["title"]


def laid_flat(root: Path, into: Path) -> Path | None:
    """Move description and documents of an unpacked package into a folder, as a plain submission.

    What else the package has is not taken over by an ingest either.

    Returns:
        The folder; None if the description is not a `dossier.json`, or two files would be one.
    """
    found = [root / place for place in _DESCRIPTIONS if (root / place).is_file()]
    if not found:
        return None
    into.mkdir(mode=0o700)
    moves = {found[0]: into / FILE_NAME}
    for data in sorted(root.glob("representations/*/data")):
        files = [path for path in sorted(data.rglob("*")) if path.is_file()]
        moves |= {path: into / path.relative_to(data) for path in files}
    if len(set(moves.values())) != len(moves):
        return None
    for path, target in moves.items():
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.rename(target)
    return into
