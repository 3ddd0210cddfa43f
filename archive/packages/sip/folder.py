"""A plain folder: `dossier.json` and, relative to it, the files that it describes."""

from __future__ import annotations

from archive.model import PackagePath
from archive.packages.dossier_json import FILE_NAME
from archive.packages.sip.submission import Opened, Reading, read_description

DESCRIPTION = PackagePath(FILE_NAME)


def read(opened: Opened) -> Reading:
    """Read a plain folder."""
    dossier, found = read_description(opened, DESCRIPTION)
    files = {path: file for path, file in opened.survey.files.items() if path != DESCRIPTION}
    return Reading(dossier, files, found)
