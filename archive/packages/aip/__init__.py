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
from archive.packages.aip.layout import place_of, read_place
from archive.packages.aip.read import read_file, read_head, read_texts

__all__ = [
    "Aip", "AipContents", "AipFile", "AipHead", "EarlierFile", "Opener", "SealedAip", "build",
    "place_of", "read_file", "read_head", "read_place", "read_texts",
]  # fmt: skip
