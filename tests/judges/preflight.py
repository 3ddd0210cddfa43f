"""PDFBox Preflight's opinion whether a file is PDF/A, called through a small Java program.

It knows ISO 19005-1, level B, only. Kho writes ISO 19005-2, level B, and keeps to the older
part's rules as well but for two: the part that it names, and a colour profile of ICC version 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.judges.java import Program

_JARS = (
    "preflight.jar",
    "pdfbox2.jar",
    "xmpbox.jar",
    "fontbox2.jar",
    "commons-logging.jar",
    "javax.activation.jar",
    "jaxb-api.jar",
)
_OF_PART_1_ONLY = {
    "7.11.2 Error on MetaData, part must be 1",
    "2.1.6 Invalid graphics object, Invalid version of the ICCProfile",
}


class Preflight:
    """The compiled program."""

    def __init__(self, folder: Path) -> None:
        """Compile into a folder; fails with what is missing on this machine."""
        packages = "libpdfbox2-java libactivation-java libjaxb-api-java"
        self._program = Program("PdfAJudge", _JARS, packages, folder)

    def faults(self, paths: Sequence[Path]) -> list[list[str]]:
        """Return, for each file, what part 2 at level B does not allow either."""
        answers = self._program.ask([[path] for path in paths])
        told = [answer.split("\t") for answer in answers]
        return [[each for each in one if each and each not in _OF_PART_1_ONLY] for one in told]
