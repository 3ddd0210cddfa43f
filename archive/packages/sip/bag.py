"""A BagIt bag as a submission: `dossier.json` in the payload, or beside it as a tag file."""

from __future__ import annotations

from archive.findings import Finding, Severity
from archive.model import PackagePath
from archive.packages.dossier_json import FILE_NAME
from archive.packages.sip.bagit import examine_bag
from archive.packages.sip.submission import Opened, Reading, read_description

_PAYLOAD = "data/"
_PLACES = (PackagePath(_PAYLOAD + FILE_NAME), PackagePath(FILE_NAME))


def read(opened: Opened) -> Reading:
    """Judge the bag by RFC 8493 and read its description, if it has one."""
    found = examine_bag(opened.root, opened.survey, opened.digests)
    if opened.unpacked:
        # RFC 8493, section 4: a serialized bag has one top-level folder, its base directory.
        message = "the archive should unpack to a single folder, the bag's own"
        found.append(Finding("BAGIT-4", Severity.WARNING, "", message))
    files = {
        PackagePath(path.removeprefix(_PAYLOAD)): file
        for path, file in opened.survey.files.items()
        if path.startswith(_PAYLOAD) and path not in _PLACES
    }
    place = next((place for place in _PLACES if place in opened.survey.files), None)
    if place is None:
        return Reading(None, files, found, described=False)
    dossier, more = read_description(opened, place)
    return Reading(dossier, files, found + more)
