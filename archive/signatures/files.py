"""Files of every kind validated: PDF, CMS, XML, containers. Runs in the child process."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from archive.model import Indication
from archive.signatures.ades import Outcome, Subject, Validation
from archive.signatures.algorithms import new_hash
from archive.signatures.asic import read_container, settle
from archive.signatures.asked import SIGNED_FILE, Asked
from archive.signatures.cades import read_cms
from archive.signatures.carried import Carried
from archive.signatures.container import Container, UnreadableContainer
from archive.signatures.kinds import Kind
from archive.signatures.last_file import content_of
from archive.signatures.prepared import Prepared
from archive.signatures.readers import Readers
from archive.signatures.xades import XmlReader, read_xml

if TYPE_CHECKING:
    from archive.signatures.pades import PdfValidation

_CHUNK_BYTES = 1 << 20


class Unreadable(Exception):
    """Nothing in the file can be checked; the message says why."""


def validate(kind: Kind, asked: Asked, prepared: Prepared, readers: Readers) -> Outcome:
    """Validate every signature in a file.

    Raises:
        Unreadable: the file cannot be read as what it claims to be.
    """
    match kind:
        case Kind.PDF:
            return _pdf(asked, prepared)
        case Kind.CMS:
            return _cms(asked, prepared, readers)
        case Kind.XML:
            return _xml(asked, prepared, _needed(readers.xml))
        case Kind.ASIC:
            return _container(asked, prepared, readers)


def probed(
    kind: Kind, asked: Asked, prepared: Prepared, readers: Readers
) -> list[tuple[bool, tuple[str, ...]]]:
    """Return of each signature in a file whether it passes, and why not; errors as `validate`."""
    if kind is Kind.PDF:
        return _pdf_validation(asked, prepared).probed()
    verdicts = validate(kind, asked, prepared, readers).verdicts
    return [(one.indication is Indication.PASSED, one.reasons) for one in verdicts]


def _needed(xml: XmlReader | None) -> XmlReader:
    if xml is None:
        raise Unreadable("XML signatures are not checked here: the check has no reader for XML")
    return xml


def _pdf(asked: Asked, prepared: Prepared) -> Outcome:
    from archive.signatures.pdf_file import UnreadablePdf

    try:
        found = _pdf_validation(asked, prepared).outcome()
    except UnreadablePdf as error:
        raise Unreadable(str(error)) from error
    return Outcome(found.verdicts, found.material, found.grounds)


def _pdf_validation(asked: Asked, prepared: Prepared) -> PdfValidation:
    from archive.signatures.pades import PdfValidation

    content = content_of(asked.file)
    return PdfValidation(content, asked.path, prepared, at=asked.at, known_at=asked.known_at)


def _cms(asked: Asked, prepared: Prepared, readers: Readers) -> Outcome:
    content = asked.others.get(SIGNED_FILE)
    digest = None if content is None else _digest_of(Path(content))
    encoded = asked.file.read_bytes()
    carried = None
    if readers.records is not None:
        carried = readers.records.carried(encoded, digest, prepared, at=asked.at)
    return _validation(read_cms(encoded, digest), asked, prepared, carried).outcome()


def _xml(asked: Asked, prepared: Prepared, xml: XmlReader) -> Outcome:
    def outside(uri: str) -> bytes | None:
        place = asked.others.get(unquote(uri))
        if place is None or Path(place).stat().st_size > asked.max_bytes:
            return None
        return Path(place).read_bytes()

    try:
        found = xml.signatures(asked.file.read_bytes(), outside)
    except ValueError as error:
        raise Unreadable(str(error)) from error
    return _validation(read_xml(found, prepared.trust.policy), asked, prepared).outcome()


def _container(asked: Asked, prepared: Prepared, readers: Readers) -> Outcome:
    xml, records = _needed(readers.xml), readers.records
    weighing = None
    if records is not None:
        weighing = partial(records.contained, prepared=prepared, at=asked.at)
    try:
        container = Container(asked.file, max_bytes=asked.max_bytes)
        reading = read_container(container, xml, asked.path, prepared.trust.policy, weighing)
    except UnreadableContainer as error:
        raise Unreadable(str(error)) from error
    validation = _validation([one.subject for one in reading.members], asked, prepared)
    settle(reading, validation)
    return validation.outcome()


def _validation(
    subjects: list[Subject], asked: Asked, prepared: Prepared, carried: Carried | None = None
) -> Validation:
    return Validation(
        subjects, asked.path, prepared, at=asked.at, known_at=asked.known_at, carried=carried
    )


def _digest_of(path: Path) -> Callable[[str], bytes]:
    """Return what digests a file, of any size, in an algorithm; each is computed once."""
    known: dict[str, bytes] = {}

    def digest(algorithm: str) -> bytes:
        if algorithm not in known:
            running = new_hash(algorithm)
            with path.open("rb") as stream:
                while piece := stream.read(_CHUNK_BYTES):
                    running.update(piece)
            known[algorithm] = running.digest()
        return known[algorithm]

    return digest
