"""Where things lie in a package, and how packages and their files are called.

    urn_uuid_‹dossier›/                     one root folder, so that packages can lie side by side
      METS.xml  METS.xml.p7s                the package's table of contents, and its seal
      metadata/descriptive/                 EAD.xml, tthc.xml
      metadata/preservation/                PREMIS.xml, verdicts.json, validation material
      metadata/other/kho.json               what a rebuild needs besides
      representations/rep1/METS.xml         the table of contents of the originals
      representations/rep1/data/…           the originals, under the names the depositor gave
      representations/rep1/metadata/…       EAD_doc_*.xml, PREMIS_rep1.xml, other/text/*.txt
      schemas/  documentation/              for whoever opens it without Kho

Source: Circular 05/2025/TT-BNV, annex I; E-ARK CSIP 2.1.0, section 4.
"""

from __future__ import annotations

import hashlib
import re

from archive.errors import IntegrityError
from archive.model import DossierId, ObjectName, PackagePath
from archive.packages.mets import version_label

METS = PackagePath("METS.xml")
SEAL = PackagePath("METS.xml.p7s")
EAD = PackagePath("metadata/descriptive/EAD.xml")
TTHC = PackagePath("metadata/descriptive/tthc.xml")
PREMIS = PackagePath("metadata/preservation/PREMIS.xml")
VERDICTS = PackagePath("metadata/preservation/verdicts.json")
STATE = PackagePath("metadata/other/kho.json")
REPRESENTATION = "representations/rep1/"
REP_METS = PackagePath(REPRESENTATION + "METS.xml")
REP_PREMIS = PackagePath(REPRESENTATION + "metadata/preservation/PREMIS_rep1.xml")
DATA = REPRESENTATION + "data/"
TEXTS = REPRESENTATION + "metadata/other/text/"
DIGESTS = PackagePath("documentation/SHA256SUMS.txt")
EARLIER_DIGESTS = PackagePath("documentation/SHA256SUMS-EARLIER.txt")
README = PackagePath("documentation/README.txt")

CORE = frozenset({METS, SEAL, TTHC, PREMIS, VERDICTS, STATE, REP_METS})
"""What a head consists of."""

_PLACE = re.compile(
    r"aip/([0-9a-f]{2})/([0-9a-f]{2})/([0-9a-f-]{36})/(v[0-9]{5,})-([0-9a-f]{16})\.zip"
)
_LOCATOR = re.compile(r"kho:([0-9a-f-]{36})/(v[0-9]{5,})-([0-9a-f]{16})/(.+)", re.DOTALL)


def object_id(dossier_id: DossierId) -> str:
    """Return the OBJID of a dossier's packages."""
    return f"urn:uuid:{dossier_id}"


def root_folder(dossier_id: DossierId) -> str:
    """Return the folder that holds everything in the ZIP: the OBJID with `_` for `:`."""
    return object_id(dossier_id).replace(":", "_") + "/"


def place_of(dossier_id: DossierId, version: int, seal_digest: str) -> ObjectName:
    """Return where a sealed package lies in a store.

    Args:
        seal_digest: SHA-256 of METS.xml.p7s, or its first 16 hex digits. It makes the place
            of each attempt its own.
    """
    spread = hashlib.sha256(dossier_id.encode()).hexdigest()
    name = f"{version_label(version)}-{seal_digest[:16]}.zip"
    return ObjectName(f"aip/{spread[:2]}/{spread[2:4]}/{dossier_id}/{name}")


def read_place(place: ObjectName) -> tuple[DossierId, int, str] | None:
    """Return dossier, version and 16 digits of the seal's digest; None if it is no such place."""
    match = _PLACE.fullmatch(place)
    if match is None:
        return None
    dossier_id, version, seal = DossierId(match[3]), int(match[4][1:]), match[5]
    return (dossier_id, version, seal) if place_of(dossier_id, version, seal) == place else None


def locator(place: ObjectName, path: PackagePath) -> str:
    """Return the URI of a file in an earlier package: `kho:‹dossier›/v00001-‹seal›/‹path›`.

    Raises:
        ValueError: `place` is not where a package lies.
    """
    match = _PLACE.fullmatch(place)
    if match is None:
        raise ValueError(f"{place} is not the place of a package")
    return f"kho:{match[3]}/{match[4]}-{match[5]}/{path}"


def read_locator(uri: str) -> tuple[ObjectName, int, PackagePath]:
    """Return place, version and path of what `locator` names.

    Raises:
        IntegrityError: it is not such a URI.
    """
    match = _LOCATOR.fullmatch(uri)
    if match is None:
        raise IntegrityError(f"{uri!r} does not name a file of an earlier package")
    version = int(match[2][1:])
    place = place_of(DossierId(match[1]), version, match[3])
    return place, version, PackagePath(match[4])


def identifier(dossier_id: DossierId, version: int, path: PackagePath) -> str:
    """Return the PREMIS identifier of a data file, which names the version that stored it."""
    return f"kho:{dossier_id}/{version_label(version)}/{path}"


def data_path(path: PackagePath) -> PackagePath:
    """Return where an original lies in the package."""
    return PackagePath(DATA + path)


def text_path(sha256: str) -> PackagePath:
    """Return where the text of the original with this digest lies in the package.

    Named by content, so that a text keeps its name when documents are added or moved.
    """
    return PackagePath(f"{TEXTS}{sha256[:32]}.txt")
