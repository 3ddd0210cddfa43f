"""Archival packages (AIP): building, sealing, reading, checking, comparing, exporting."""

from archive.packages.aip.build import Aip, build
from archive.packages.aip.contents import (
    AipContents,
    AipFile,
    AipHead,
    EarlierFile,
    Opener,
    SealedAip,
)
from archive.packages.aip.diff import Change, diff
from archive.packages.aip.export import export
from archive.packages.aip.layout import place_of, read_place
from archive.packages.aip.read import Contents, read_file, read_head, read_texts
from archive.packages.aip.validate import validate, validate_stored

__all__ = [
    "Aip",
    "AipContents",
    "AipFile",
    "AipHead",
    "Change",
    "Contents",
    "EarlierFile",
    "Opener",
    "SealedAip",
    "build",
    "diff",
    "export",
    "place_of",
    "read_file",
    "read_head",
    "read_place",
    "read_texts",
    "validate",
    "validate_stored",
]
