"""Building a package: descriptions, originals and tables of contents as one stored ZIP.

The originals come first in the ZIP and everything that a head consists of comes last, just
before the directory: so one read of the object's end answers what is in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from archive.fixity import sha256_of
from archive.model import DigitalFile, Document, DossierId, PackagePath, Verdict
from archive.packages import dossier_json, ead, mets, premis, tthc
from archive.packages.aip import companions, layout, state
from archive.packages.aip.contents import AipContents, EarlierFile, SealedAip, is_kept
from archive.packages.mets import Agent, Group, Mets, Reference
from archive.packages.zipstore import ZipWriter

_MEDIA_TYPES = {
    "xml": "application/xml", "xsd": "application/xml", "json": "application/json",
    "txt": "text/plain", "csv": "text/csv", "cer": "application/pkix-cert",
    "crt": "application/pkix-cert", "crl": "application/pkix-crl",
    "ocsp": "application/ocsp-response", "tst": "application/timestamp-reply",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Aip:
    """A package that only lacks its seal; `mets` is what the seal signs."""

    dossier_id: DossierId
    version: int
    mets: bytes
    _writer: ZipWriter = field(repr=False)

    def sealed(self, p7s: bytes) -> SealedAip:
        """Return the package with its seal, which may be asked for more than once.

        Args:
            p7s: detached CMS over `mets`, DER.
        """
        root = layout.root_folder(self.dossier_id)
        image = self._writer.finished((root + layout.SEAL, p7s))
        seal_digest = sha256_of(p7s)
        place = layout.place_of(self.dossier_id, self.version, seal_digest)
        return SealedAip(place, seal_digest, image, root)


def build(contents: AipContents) -> Aip:
    """Put a package together. Every new original is read here, once if it is small.

    Raises:
        FixityMismatch: a file on disk has not the size that the dossier states.
        Rejected: a text holds a character that XML does not allow.
        ValueError: the contents do not fit together, which is a bug of the caller.
    """
    return _Building(contents).aip()


class _Building:
    """One package being built."""

    def __init__(self, contents: AipContents) -> None:
        self.contents = contents
        self.dossier = contents.dossier
        self.root = layout.root_folder(contents.dossier.id)
        self.writer = ZipWriter(contents.created_at.astimezone(mets.VIETNAM))
        self.kept = {file.path: file for file in contents.previous}
        self.used: list[EarlierFile] = []
        self.digests: list[tuple[PackagePath, str]] = []

    def aip(self) -> Aip:
        # (1) What only fixity checks and readers want: first, so that heads lie together.
        originals = [self._original(document) for document in self.dossier.documents]
        self._expect_no_strays()
        texts = tuple(self._texts())
        extra = tuple(self._extra())

        # (2) Descriptions. All of them are written anew in each version.
        descriptions = [self._ead_doc(document) for document in self.dossier.documents]
        own = companions.schemas(all_schemas=self.contents.all_schemas)
        schemas = tuple(self._store(path, content) for path, content in own)
        premis_files = self._representation_premis()
        documentation = [self._store(layout.README, companions.readme())]

        # (3) The head: descriptions first, then the tables of contents that cover them.
        description = dossier_json.to_json(self.dossier)
        descriptive = (
            self._store(layout.EAD, self._ead(), "DC"),
            self._store(layout.TTHC, tthc.write(description), "KHO-TTHC"),
        )
        preservation = tuple(self._preservation()) + extra
        representation = self._store(
            layout.REP_METS,
            mets.write(self._representation_mets(originals, descriptions, premis_files, texts)),
        )
        documentation += self._digest_lists()
        groups = (
            Group("Documentation", tuple(documentation)),
            Group("Schemas", schemas),
            Group("Representations/rep1", (representation,), pointer=True),
        )
        content = mets.write(self._package_mets(descriptive, preservation, groups))
        self.writer.add_bytes(self.root + layout.METS, content)
        return Aip(self.dossier.id, self.contents.version, content, self.writer)

    def _original(self, document: Document) -> Reference:
        """Store an original, or refer to the version that holds it."""
        file, path = document.file, layout.data_path(document.file.path)
        source = self.contents.files.get(file.path)
        if source is None:
            return self._refer(path, file)
        content = self.contents.contents.get(file.path)
        self.writer.add_file(self.root + path, source, size=file.size, content=content)
        self.digests.append((path, file.sha256))
        return Reference(path, file.size, file.sha256, file.media_type)

    def _refer(self, path: PackagePath, file: DigitalFile) -> Reference:
        earlier = self.kept.get(path)
        if earlier is None or (earlier.size, earlier.sha256) != (file.size, file.sha256):
            raise ValueError(f"document file {path} is neither new nor held by an earlier version")
        return self._earlier(earlier, file.media_type)

    def _earlier(self, earlier: EarlierFile, media_type: str, kind: str = "") -> Reference:
        self.used.append(earlier)
        uri = layout.locator(earlier.place, earlier.path)
        return Reference(uri, earlier.size, earlier.sha256, media_type, kind)

    def _expect_no_strays(self) -> None:
        known = {document.file.path for document in self.dossier.documents}
        if strays := self.contents.files.keys() - known:
            raise ValueError(f"files without a document: {sorted(strays)}")

    def _store(self, path: PackagePath, content: bytes, kind: str = "") -> Reference:
        digest = sha256_of(content)
        self.writer.add_bytes(self.root + path, content)
        self.digests.append((path, digest))
        suffix = path.rpartition(".")[2]
        media_type = _MEDIA_TYPES.get(suffix, "application/octet-stream")
        return Reference(path, len(content), digest, media_type, kind)

    def _texts(self) -> Iterator[Reference]:
        texts: dict[PackagePath, str | None] = {}
        for document in self.dossier.documents:
            path = layout.text_path(document.file.sha256)
            texts[path] = texts.get(path) or self.contents.texts.get(document.file.path)
        for path, text in texts.items():
            if text is not None:
                # A text layer may hold lone surrogates, which UTF-8 cannot.
                yield self._store_new(path, text.encode(errors="replace"))
            elif path in self.kept:
                yield self._earlier(self.kept[path], self.kept[path].media_type)

    def _extra(self) -> Iterator[Reference]:
        new = {
            PackagePath(f"metadata/{path}"): content
            for path, content in self.contents.extra.items()
        }
        for path, content in new.items():
            if not is_kept(path):
                raise ValueError(f"{path} is a name that the package uses itself")
            yield self._store_new(path, content, "KHO-EXTRA")
        for path, earlier in self.kept.items():
            if path.startswith("metadata/") and path not in new:
                yield self._earlier(earlier, earlier.media_type, "KHO-EXTRA")

    def _store_new(self, path: PackagePath, content: bytes, kind: str = "") -> Reference:
        """Store a file, unless an earlier version holds the very same."""
        earlier = self.kept.get(path)
        if earlier is not None and earlier.sha256 == sha256_of(content):
            return self._earlier(earlier, earlier.media_type, kind)
        return self._store(path, content, kind)

    def _ead(self) -> bytes:
        code = self.contents.archive_code
        return ead.write(ead.dossier_fields(self.dossier, archive_code=code))

    def _ead_doc(self, document: Document) -> Reference:
        code = self.contents.archive_code
        fields = ead.document_fields(self.dossier, document, archive_code=code)
        path = f"{layout.REPRESENTATION}metadata/descriptive/EAD_doc_{document.ordinal:03}.xml"
        return self._store(PackagePath(path), ead.write(fields), "DC")

    def _preservation(self) -> Iterator[Reference]:
        contents = self.contents
        events = premis.write_package(self.dossier.id, self.dossier.code, contents.events)
        yield self._store(layout.PREMIS, events, "PREMIS")
        verdicts = state.write_verdicts(contents.verdicts)
        yield self._store(layout.VERDICTS, verdicts, "KHO-VERDICTS")
        content = state.write_state(
            submission_digest=contents.submission_digest,
            agent=contents.agent,
            retention=contents.retention,
            versions=contents.versions,
        )
        yield self._store(layout.STATE, content, "KHO-STATE")

    def _representation_premis(self) -> Reference:
        verdicts: dict[PackagePath, list[Verdict]] = defaultdict(list)
        for verdict in self.contents.verdicts:
            verdicts[verdict.path].append(verdict)
        objects = [
            premis.FileObject(
                identifier=self._identifier(document.file.path),
                file=document.file,
                verdicts=tuple(verdicts[document.file.path]),
            )
            for document in self.dossier.documents
        ]
        content = premis.write_representation(self.dossier.id, objects)
        return self._store(layout.REP_PREMIS, content, "PREMIS")

    def _identifier(self, name: PackagePath) -> str:
        path = layout.data_path(name)
        new = name in self.contents.files
        version = self.contents.version if new else self.kept[path].version
        return layout.identifier(self.dossier.id, version, path)

    def _digest_lists(self) -> Iterator[Reference]:
        """Yield lists for `sha256sum -c`; they cannot list themselves or METS.xml."""
        here = companions.digest_list(self.digests)
        yield self._store(layout.DIGESTS, here)
        if self.used:
            earlier = companions.digest_list((file.path, file.sha256) for file in self.used)
            yield self._store(layout.EARLIER_DIGESTS, earlier)

    def _representation_mets(
        self,
        originals: list[Reference],
        descriptions: list[Reference],
        premis_files: Reference,
        texts: tuple[Reference, ...],
    ) -> Mets:
        originals = [_inside(each) for each in originals]
        descriptions = [_inside(each) for each in descriptions]
        groups = {
            "Data": tuple(each for each in originals if not mets.is_uri(each.href)),
            # The circular's word for what another package holds.
            "Holeyfile": tuple(each for each in originals if mets.is_uri(each.href)),
            "Text": tuple(_inside(each) for each in texts),
        }
        return self._mets(
            id="rep1",
            label=self.dossier.title,
            profile=mets.CSIP_PROFILE,
            descriptive=tuple(descriptions),
            preservation=(_inside(premis_files),),
            groups=tuple(Group(use, files) for use, files in groups.items() if files),
            described={
                original.href: description.href
                for original, description in zip(originals, descriptions, strict=True)
            },
        )

    def _package_mets(
        self,
        descriptive: tuple[Reference, ...],
        preservation: tuple[Reference, ...],
        groups: tuple[Group, ...],
    ) -> Mets:
        return self._mets(
            id=layout.object_id(self.dossier.id),
            label=self.dossier.title,
            profile=mets.AIP_PROFILE,
            descriptive=descriptive,
            preservation=preservation,
            groups=groups,
            described={},
        )

    def _mets(
        self,
        *,
        id: str,  # noqa: A002 - METS calls it so
        label: str,
        profile: str,
        descriptive: tuple[Reference, ...],
        preservation: tuple[Reference, ...],
        groups: tuple[Group, ...],
        described: Mapping[str, str],
    ) -> Mets:
        name, _, version = self.contents.agent.rpartition(" ")
        supplement = "SUPPLEMENT" if self.contents.files else "REPLACEMENT"
        return Mets(
            id=id,
            label=label,
            profile=profile,
            created_at=self.contents.created_at,
            record_status="NEW" if self.contents.version == 1 else supplement,
            version=self.contents.version,
            agents=(
                Agent("CREATOR", name or version, version, software=True),
                Agent(
                    "ARCHIVIST", self.dossier.agency_name or self.dossier.agency, self.dossier.fonds
                ),
            ),
            descriptive=descriptive,
            preservation=preservation,
            groups=groups,
            described=described,
        )


def _inside(reference: Reference) -> Reference:
    """Return a reference as the representation's METS.xml must write it."""
    if mets.is_uri(reference.href):
        return reference
    return Reference(
        reference.href.removeprefix(layout.REPRESENTATION),
        reference.size,
        reference.sha256,
        reference.media_type,
        reference.kind,
    )
