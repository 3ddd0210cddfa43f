"""What a PDF says about its signatures: fields, byte ranges, revisions, validation data.

Only reading; nothing is judged. Everything comes through pyHanko's reader.
"""

# mypy: allow-untyped-calls
from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pyhanko.pdf_utils import generic, misc
from pyhanko.pdf_utils.reader import PdfFileReader

from archive.signatures.fastobjects import read_at
from archive.signatures.pdf_rebuild import RebuiltReader

MAX_FIELDS = 5_000
MAX_FIELD_DEPTH = 16
MAX_DSS_OBJECTS = 2_000
READ_ERRORS = (
    misc.PdfError,
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    IndexError,
    OSError,
    AssertionError,
    NotImplementedError,
    RecursionError,
    OverflowError,
    ArithmeticError,
    struct.error,
    zlib.error,
)
"""What reading a broken PDF can raise."""


class UnreadablePdf(ValueError):
    """The file cannot be read as a PDF."""


@dataclass(frozen=True, slots=True)
class SignatureEntry:
    """One signature dictionary in a form field."""

    field_name: str
    dictionary: generic.DictionaryObject = field(repr=False)
    field_dictionary: generic.DictionaryObject = field(repr=False)
    contents: bytes = field(repr=False)
    """The value of /Contents with its padding; empty if there is none."""
    byte_range: tuple[int, ...]
    revision: int
    """Number of the revision that wrote the dictionary, from 0."""
    unreadable: bool = False
    """Whether the dictionary is there, but cannot be read."""
    number: int | None = None
    """Number of the object that holds it: its own, or the field's if it lies in that."""

    def name(self, key: str) -> str | None:
        """Return a name entry without its slash, or None."""
        value = _get(self.dictionary, key)
        return str(value)[1:] if isinstance(value, generic.NameObject) else None

    @property
    def encoding(self) -> str | None:
        """The entry /SubFilter: how /Contents is to be read. None if it is not there.

        Raises:
            ValueError: it is there and is not a name (ISO 32000-2, table 255).
        """
        value = _get(self.dictionary, "/SubFilter")
        if isinstance(value, generic.NameObject):
            return str(value)[1:]
        if value is None and isinstance(
            _object(_raw(self.dictionary, "/SubFilter")), generic.NullObject | None
        ):
            return None  # null, or an object that is not there, is no entry (7.3.7, 7.3.10)
        raise ValueError("the entry /SubFilter of the signature is not a name")

    @property
    def is_timestamp(self) -> bool:
        """Whether it is a document timestamp (ISO 32000-2, 12.8.5).

        Its encoding tells it: some writers state no type, or the one of signatures.
        """
        kind, encoding = self.name("/Type"), self.name("/SubFilter")
        if encoding == "ETSI.RFC3161":
            return kind in (None, "DocTimeStamp", "Sig")
        return kind == "DocTimeStamp" and encoding is None

    @property
    def claims_to_be_signed(self) -> bool:
        """Whether it says that it is a signature, even if its value was taken out."""
        return self.unreadable or any(
            _raw(self.dictionary, key) is not None for key in ("/Filter", "/SubFilter")
        )

    @property
    def claimed_at(self) -> datetime | None:
        """The entry /M."""
        value = _get(self.dictionary, "/M")
        return None if value is None else _moment(str(value))


@lru_cache(maxsize=256)
def _moment(text: str) -> datetime | None:
    """Return the time that a date in a PDF says, UTC if it has no zone; None if it is none."""
    try:
        at = generic.parse_pdf_date(text, strict=False)
    except READ_ERRORS:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class KeptObject:
    """A certificate, CRL or OCSP answer in the document security store."""

    kind: str
    """`certificate`, `crl` or `ocsp`."""
    content: bytes
    revision: int


class _Reader(PdfFileReader):
    """pyHanko's reader, for which /Encrypt null is no encryption (ISO 32000-2, 7.3.9)."""

    _plain = False
    """Whether it was seen that there is no encryption: asked for every object, and trailers stay."""

    def _read_object(self, ref: Any, marker: Any, **options: Any) -> Any:  # type: ignore[override]
        made = None
        if self._plain and type(marker) is int and not options.get("as_metadata_stream"):
            made = read_at(self, marker, ref)
        return super()._read_object(ref, marker, **options) if made is None else made

    @property
    def encrypt_dict(self) -> Any:
        """The encryption dictionary, or None."""
        if self._plain or isinstance(_raw(self.trailer, "/Encrypt"), generic.NullObject):
            return None
        found = super().encrypt_dict
        self._plain = found is None
        return found


class SignedPdf:
    """An opened PDF."""

    def __init__(self, content: bytes) -> None:
        """Open; readers that tolerate faults or make the cross-references anew come next.

        Raises:
            UnreadablePdf: no reader can make sense of it, or it is encrypted.
        """
        self.content = content
        self.rebuilt = False
        """Whether the cross-references were made anew from the bytes."""
        self.doubt = ""
        """Why viewers may read another file out of the same bytes; "" if they do not."""
        try:
            self.reader = self._open(strict=True)
        except READ_ERRORS:
            try:
                self.reader = self._open(strict=False)
            except READ_ERRORS as error:
                self.reader = self._rebuilt(error)

    def _rebuilt(self, why: Exception) -> PdfFileReader:
        """Open a file whose cross-references lead nowhere."""
        try:
            reader = RebuiltReader(self.content)
            _ = reader.root["/Pages"]
        except READ_ERRORS:
            raise UnreadablePdf(f"{type(why).__name__}: {str(why)[:200]}") from why
        self.rebuilt, self.doubt = True, reader.doubt
        return reader

    def _open(self, *, strict: bool) -> PdfFileReader:
        """Open with one of the two readers, with the empty password if it is encrypted."""
        reader = _Reader(io.BytesIO(self.content), strict=strict)
        if reader.encrypted:
            reader.decrypt(b"")
        _ = reader.root["/Pages"]
        return reader

    @property
    def revisions(self) -> int:
        """Number of revisions."""
        return int(self.reader.xrefs.total_revisions)

    def signatures(self) -> list[SignatureEntry]:
        """Return filled signature fields in the order of their revisions, each dictionary once."""
        found: list[SignatureEntry] = []
        seen: set[object] = set()
        for name, node, reference in self._fields():
            value = _raw(node, "/V")
            key = value.reference if isinstance(value, generic.IndirectObject) else id(value)
            if key in seen:
                continue
            seen.add(key)
            if (entry := self._entry(name, node, value, reference)) is not None:
                found.append(entry)
        return sorted(found, key=lambda one: (one.revision, one.byte_range[-2:]))

    def _entry(
        self, name: str, node: generic.DictionaryObject, value: Any, reference: Any
    ) -> SignatureEntry | None:
        """Return the signature of a field, or None if it is empty."""
        unreadable = False
        try:
            dictionary = value.get_object()
        except READ_ERRORS:
            if self.reader.xrefs[value.reference] is None:
                return None  # an object that is not there reads as null (7.3.10)
            dictionary, unreadable = generic.DictionaryObject(), True
        if not isinstance(dictionary, generic.DictionaryObject):
            return None
        at = value if isinstance(value, generic.IndirectObject) else reference
        revision = self.revisions - 1
        if isinstance(at, generic.IndirectObject):
            try:
                revision = self.reader.xrefs.get_last_change(at.reference)
            except READ_ERRORS:
                revision = self.revisions - 1
        numbers = _byte_range(dictionary)
        if len(numbers) == 4:
            revision = max(revision, self._revision_within(numbers[2] + numbers[3]))
        contents = _contents(dictionary)
        number = int(at.idnum) if isinstance(at, generic.IndirectObject) else None
        return SignatureEntry(
            name, dictionary, node, contents, numbers, revision, unreadable, number
        )

    def _revision_within(self, end: int) -> int:
        """Return the last revision that lies before a position, or -1.

        A linearized file has two cross-reference sections for what is one revision.
        """
        xrefs = self.reader.xrefs
        for revision in range(self.revisions):
            try:
                if xrefs.get_xref_container_info(revision).end_location > end:
                    return revision - 1
            except READ_ERRORS:
                return revision - 1
        return self.revisions - 1

    def _fields(self) -> Iterator[tuple[str, generic.DictionaryObject, Any]]:
        """Yield signature fields that have a value, each with its name and reference."""
        try:
            top = self.reader.root["/AcroForm"]["/Fields"]
        except READ_ERRORS:
            return
        stack = [("", None, one, 0) for one in reversed(_items(top))]
        seen: set[Any] = set()
        while stack:
            prefix, inherited, item, depth = stack.pop()
            if isinstance(item, generic.IndirectObject):
                if item.reference in seen:
                    continue
                seen.add(item.reference)
            if len(seen) > MAX_FIELDS or depth > MAX_FIELD_DEPTH:
                raise UnreadablePdf("the form has too many fields")
            node = _object(item)
            if not isinstance(node, generic.DictionaryObject):
                continue
            own = _get(node, "/T")
            name = ".".join(part for part in (prefix, str(own) if own is not None else "") if part)
            kind = _get(node, "/FT") or inherited
            if kind == "/Sig" and _raw(node, "/V") is not None:
                yield name, node, item
            kids = _items(_get(node, "/Kids"))
            stack.extend((name, kind, kid, depth + 1) for kid in reversed(kids))

    def kept_objects(self, revisions: list[int]) -> list[KeptObject]:
        """Return what the document security store holds, at these revisions and at the end."""
        found: dict[tuple[str, bytes], KeptObject] = {}
        handlers: list[Any] = [self.reader]
        if len(revisions) > 1:
            handlers += [self.reader.get_historical_resolver(one) for one in sorted(set(revisions))]
        for handler in handlers:
            try:
                store = handler.root["/DSS"]
            except READ_ERRORS:
                continue
            for kind, item in _store_items(store):
                kept = self._kept(kind, item, found)
                if kept is not None:
                    found.setdefault((kept.kind, kept.content), kept)
                if len(found) > MAX_DSS_OBJECTS:
                    raise UnreadablePdf("the document security store has too many objects")
        return list(found.values())

    def _kept(self, kind: str, item: Any, found: dict[Any, KeptObject]) -> KeptObject | None:
        """Return one object of the store with the revision that introduced it."""
        try:
            content = _object(item).data
            revision = self.revisions - 1
            if isinstance(item, generic.IndirectObject):
                revision = self.reader.xrefs.get_last_change(item.reference)
        except READ_ERRORS:
            return None
        return KeptObject(kind, content, revision)

    def page_count(self, revision: int | None = None) -> int | None:
        """Return the number of pages at a revision (the last one if None)."""
        try:
            at = self.reader.get_historical_resolver
            handler = self.reader if revision is None else at(revision)
            return _leaves(handler.root["/Pages"], 0, [20_000])
        except READ_ERRORS:
            return None


def _leaves(node: Any, depth: int, budget: list[int]) -> int:
    """Count page leaves below a node."""
    budget[0] -= 1
    if depth > 64 or budget[0] < 0:
        raise ValueError("the page tree is too large")
    node = _object(node)
    if not isinstance(node, generic.DictionaryObject):
        return 0
    if _get(node, "/Type") == "/Page" or "/Kids" not in node:
        return 1
    return sum(_leaves(kid, depth + 1, budget) for kid in _items(_get(node, "/Kids")))


def _store_items(store: Any) -> Iterator[tuple[str, Any]]:
    """Yield the references in a DSS dictionary and its VRI entries."""
    keys = (("certificate", "/Certs"), ("crl", "/CRLs"), ("ocsp", "/OCSPs"))
    for kind, key in keys:
        yield from ((kind, one) for one in _items(_get(store, key)))
    related = _get(store, "/VRI")
    if isinstance(related, generic.DictionaryObject):
        for name in list(related)[:MAX_DSS_OBJECTS]:
            entry = _get(related, name)
            for kind, key in (("certificate", "/Cert"), ("crl", "/CRL"), ("ocsp", "/OCSP")):
                yield from ((kind, one) for one in _items(_get(entry, key)))


def _contents(dictionary: generic.DictionaryObject) -> bytes:
    """Return the bytes of /Contents, which is never encrypted."""
    try:
        value = dictionary.raw_get("/Contents", decrypt=generic.EncryptedObjAccess.RAW)
        if isinstance(value, generic.IndirectObject):
            value = value.get_object()
    except READ_ERRORS:
        return b""
    if isinstance(value, generic.TextStringObject | generic.ByteStringObject):
        return bytes(value.original_bytes)
    return b""


def _byte_range(dictionary: generic.DictionaryObject) -> tuple[int, ...]:
    """Return the numbers of /ByteRange; empty if it is not an array of a few integers."""
    items = _items(_get(dictionary, "/ByteRange"))
    if len(items) > 64:
        return ()
    numbers = [_object(one) for one in items]
    if not all(isinstance(one, int) for one in numbers):
        return ()
    return tuple(int(one) for one in numbers)


def _get(node: Any, key: str) -> Any:
    """Return an entry, resolved, or None."""
    try:
        return node[key]
    except READ_ERRORS:
        return None


def _raw(node: Any, key: str) -> Any:
    """Return an entry as it stands, or None."""
    try:
        return node.raw_get(key)
    except READ_ERRORS:
        return None


def _object(item: Any) -> Any:
    """Return what a reference refers to, or None."""
    try:
        return item.get_object() if isinstance(item, generic.IndirectObject) else item
    except READ_ERRORS:
        return None


def _items(value: Any) -> list[Any]:
    """Return an array's items, unresolved; nothing for everything else."""
    return list(list.__iter__(value)) if isinstance(value, list) else []
