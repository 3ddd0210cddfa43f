"""DIP: originals of one dossier with what proves them, for somebody outside the archive.

    urn_uuid_‹dip›/
      METS.xml  METS.xml.p7s                  table of contents, and the archive's seal over it
      metadata/descriptive/EAD.xml            the dossier, 18 fields
      representations/rep1/data/…             the originals that were asked for, bit for bit
      representations/rep1/metadata/descriptive/EAD_doc_*.xml
      documentation/giay-chung-nhan.pdf       the certificate, PDF/A, signed
      documentation/aip/…                     METS.xml files and seal of the archival package

The last of these prove that the originals are those that the archive took in: the seal is over
METS.xml, which has the digest of the representation's METS.xml, which has the originals'.

Source: E-ARK DIP 2.1.0; Circular 05/2025/TT-BNV, annex V and article 42.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.resources import files
from pathlib import Path

from archive.fixity import sha256_of
from archive.model import Document, Dossier, PackagePath
from archive.packages import ead, mets
from archive.packages.aip import companions, layout
from archive.packages.mets import Agent, Group, Mets, Reference
from archive.packages.zipstore import ZipImage, ZipWriter

PROFILE = "https://earkdip.dilcis.eu/profile/E-ARK-DIP.xml"
CERTIFICATE = PackagePath("documentation/giay-chung-nhan.pdf")
README = PackagePath("documentation/README.txt")


@dataclass(frozen=True, slots=True)
class DipContents:
    """What goes into a DIP."""

    id: str
    """A UUID in canonical form, of this DIP."""
    dossier: Dossier
    documents: tuple[Document, ...]
    """Those that were asked for."""
    originals: Mapping[PackagePath, Path]
    """Where each original lies, by its document's path."""
    certificate: bytes
    """A PDF."""
    proofs: Mapping[str, bytes]
    """Metadata files of the archival package by their paths in it."""
    archive_code: str
    archive_name: str
    agent: str
    """The program and its version."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Dip:
    """A DIP that only lacks its seal; `mets` is what the seal signs."""

    mets: bytes
    root: str
    _writer: ZipWriter = field(repr=False)

    def sealed(self, p7s: bytes) -> ZipImage:
        """Return the package with its seal, a detached CMS over `mets`, DER."""
        return self._writer.finished((self.root + layout.SEAL, p7s))


def build(contents: DipContents) -> Dip:
    """Put a DIP together.

    Raises:
        FixityMismatch: a file has not the size that the dossier states.
        Rejected: a text holds a character that XML does not allow.
    """
    return _Building(contents).dip()


class _Building:
    """One package being built."""

    def __init__(self, contents: DipContents) -> None:
        self.contents = contents
        self.root = f"urn_uuid_{contents.id}/"
        self.writer = ZipWriter(contents.created_at.astimezone(mets.VIETNAM))
        self.digests: list[tuple[PackagePath, str]] = []

    def dip(self) -> Dip:
        contents = self.contents
        representation = self._representation()
        described = ead.dossier_fields(contents.dossier, archive_code=contents.archive_code)
        descriptive = (self._store(layout.EAD, ead.write(described), "application/xml", "DC"),)
        documentation = [self._store(CERTIFICATE, contents.certificate, "application/pdf")]
        for path, content in contents.proofs.items():
            place = PackagePath(f"documentation/aip/{path}")
            documentation.append(self._store(place, content, _media_type(path)))
        note = files("archive.packages").joinpath("dip-readme.txt").read_bytes()
        documentation.append(self._store(README, note, "text/plain"))
        schemas = tuple(
            self._store(path, content, _media_type(path))
            for path, content in companions.schemas(all_schemas=False)
            if "tthc" not in path
        )
        digests = companions.digest_list(self.digests)
        documentation.append(self._store(layout.DIGESTS, digests, "text/plain"))
        groups = (
            Group("Documentation", tuple(documentation)),
            Group("Schemas", schemas),
            Group("Representations/rep1", (representation,), pointer=True),
        )
        told = self._mets(f"urn:uuid:{contents.id}", PROFILE, descriptive, groups, {})
        content = mets.write(told)
        self.writer.add_bytes(self.root + layout.METS, content)
        return Dip(content, self.root, self.writer)

    def _representation(self) -> Reference:
        data, descriptions = [], []
        for document in self.contents.documents:
            file, path = document.file, layout.data_path(document.file.path)
            source = self.contents.originals[file.path]
            self.writer.add_file(self.root + path, source, size=file.size)
            self.digests.append((path, file.sha256))
            data.append(_inside(Reference(path, file.size, file.sha256, file.media_type)))
            descriptions.append(_inside(self._description(document)))
        described = {file.href: about.href for file, about in zip(data, descriptions, strict=True)}
        told = self._mets(
            "rep1", mets.CSIP_PROFILE, tuple(descriptions), (Group("Data", tuple(data)),), described
        )
        return self._store(layout.REP_METS, mets.write(told), "application/xml")

    def _description(self, document: Document) -> Reference:
        contents = self.contents
        fields = ead.document_fields(contents.dossier, document, archive_code=contents.archive_code)
        name = f"EAD_doc_{document.ordinal:03}.xml"
        path = PackagePath(f"{layout.REPRESENTATION}metadata/descriptive/{name}")
        return self._store(path, ead.write(fields), "application/xml", "DC")

    def _store(
        self, path: PackagePath, content: bytes, media_type: str, kind: str = ""
    ) -> Reference:
        digest = sha256_of(content)
        self.writer.add_bytes(self.root + path, content)
        self.digests.append((path, digest))
        return Reference(path, len(content), digest, media_type, kind)

    def _mets(
        self,
        id: str,  # noqa: A002 - METS calls it so
        profile: str,
        descriptive: tuple[Reference, ...],
        groups: tuple[Group, ...],
        described: Mapping[str, str],
    ) -> Mets:
        contents = self.contents
        name, _, version = contents.agent.rpartition(" ")
        return Mets(
            id=id,
            label=contents.dossier.title,
            profile=profile,
            created_at=contents.created_at,
            record_status="NEW",
            version=1,
            agents=(
                Agent("CREATOR", name or version, version, software=True),
                Agent("ARCHIVIST", contents.archive_name, contents.archive_code),
            ),
            descriptive=descriptive,
            preservation=(),
            groups=groups,
            described=described,
            package_type="DIP",
        )


def _inside(reference: Reference) -> Reference:
    """Return a reference as the representation's METS.xml must write it."""
    return Reference(
        reference.href.removeprefix(layout.REPRESENTATION),
        reference.size,
        reference.sha256,
        reference.media_type,
        reference.kind,
    )


def _media_type(path: str) -> str:
    kinds = {"xml": "application/xml", "xsd": "application/xml", "txt": "text/plain"}
    return kinds.get(path.rpartition(".")[2], "application/octet-stream")
