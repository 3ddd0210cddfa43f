"""A PDF's cross-references made anew from its bytes, where its own lead nowhere.

ISO 32000-2, 7.5.5 to 7.5.8 has readers follow tables back from the end; where they are
damaged, or the last one says `/Prev 0`, viewers look for every `12 0 obj` in the file instead
(ISO 32000-1, annex C.2), and so must whoever compares revisions. One revision is what
lies before a `startxref … %%EOF`. Where viewers could come to different results, because
an object stands twice in one revision or inside a stream, `doubt` says so.
"""

# mypy: allow-untyped-calls
from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from typing import Any

from pyhanko.pdf_utils import generic, misc, xref
from pyhanko.pdf_utils.decode_limits import DecodeContext, DecodeLimits
from pyhanko.pdf_utils.reader import PdfFileReader

MAX_OBJECTS = 200_000
_WHITE = rb"[\0\t\n\f\r ]"
_TOKENS = re.compile(
    rb"(?<![0-9])(?P<number>\d{1,8})" + _WHITE + rb"+(?P<generation>\d{1,5})" + _WHITE + rb"+obj"
    rb"|(?P<end_of_stream>endstream)"
    rb"|(?P<stream>(?<![A-Za-z])stream(?=\r?\n|\r))"
    rb"|(?P<trailer>(?<![A-Za-z])trailer(?![A-Za-z]))"
    rb"|(?P<end>startxref" + _WHITE + rb"+\d{1,12}" + _WHITE + rb"+%%EOF)"
)
_STREAM_KINDS = re.compile(rb"/Type" + _WHITE + rb"*/(XRef|ObjStm)(?![A-Za-z])")
_HEAD_BYTES = 4096


@dataclass(slots=True)
class Revision:
    """What one revision wrote."""

    begin: int
    end: int = 0
    """Where its `startxref` stands; the end of the file if it has none."""
    objects: dict[tuple[int, int], int] = field(default_factory=dict)
    """Number and generation to position."""
    trailers: list[int] = field(default_factory=list)
    """Positions after `trailer`."""


@dataclass(slots=True)
class Layout:
    """Where the objects of a file lie."""

    revisions: list[Revision]
    doubt: str = ""
    """Why viewers may see different files; "" if they see the same one."""


def layout(content: bytes) -> Layout:
    """Return where objects, trailers and the ends of revisions lie.

    Raises:
        ValueError: too many objects.
    """
    found = Layout([Revision(0)])
    inside, count = False, 0
    for match in _TOKENS.finditer(content):
        kind = match.lastgroup
        if kind == "end_of_stream":
            inside = False
        elif inside:
            found.doubt = "a stream contains what reads as an object or an end of the file"
        elif kind == "stream":
            inside = True
        elif kind == "end":
            found.revisions[-1].end = match.start()
            found.revisions.append(Revision(match.end()))
        elif kind == "trailer":
            found.revisions[-1].trailers.append(match.end())
        else:
            count += 1
            if count > MAX_OBJECTS:
                raise ValueError("the file has too many objects")
            _note(found, match)
    last = found.revisions[-1]
    last.end = len(content)
    if not last.objects and not last.trailers and len(found.revisions) > 1:
        found.revisions.pop()
    return found


def _note(found: Layout, match: re.Match[bytes]) -> None:
    """Add an object to the last revision."""
    key = (int(match["number"]), int(match["generation"]))
    objects = found.revisions[-1].objects
    if key in objects:
        found.doubt = f"object {key[0]} stands twice in one revision"
    objects[key] = match.start()


class RebuiltReader(PdfFileReader):
    """pyHanko's reader over cross-references that were made from the bytes."""

    def __init__(self, content: bytes) -> None:
        """Read; raises what reading a broken PDF can raise.

        Encrypted files are not rebuilt: what lies in their streams cannot be told.
        """
        found = layout(content)
        self.doubt = found.doubt
        self._set_up(content)
        sections: list[xref.XRefSection] = []
        self.xrefs = xref.XRefCache(self, sections)
        trailers = []
        for one in found.revisions:
            sections.append(_section(one))
            trailers.append(self._read_streams(one, sections[-1].xref_data, content))
        for trailer in reversed(trailers):
            self.trailer.add_trailer_revision(trailer)
        if "/Encrypt" in self.trailer:
            raise ValueError("an encrypted file with damaged cross-references")

    def _set_up(self, content: bytes) -> None:
        """Set what the reader's own constructor sets."""
        self._security_handler = None
        self.strict = False
        self._decode_context = DecodeContext(DecodeLimits(), input_size=len(content))
        self.resolved_objects = {}
        self._header_version, self._input_version = (1, 7), None
        self._historical_resolver_cache = {}
        self.stream = io.BytesIO(content)
        self.last_startxref = 0
        self.trailer = xref.TrailerDictionary()
        self.trailer.container_ref = generic.TrailerReference(self)
        self.has_xref_stream = False
        self._embedded_signatures = None

    def _read_streams(
        self, revision: Revision, data: xref.XRefSectionData, content: bytes
    ) -> generic.DictionaryObject:
        """Note what object streams hold; return the revision's trailer."""
        roots: set[tuple[int, int]] = set()
        trailer = generic.DictionaryObject()
        for at in revision.trailers:
            self.stream.seek(at)
            misc.skip_over_whitespace(self.stream)
            mark = generic.TrailerReference(self)
            one = generic.DictionaryObject.read_from_stream(self.stream, mark)
            _add(trailer, one, roots)
        for (number, generation), at in revision.objects.items():
            kind = _STREAM_KINDS.search(_head(content, at))
            if kind is None:
                continue
            stream = generic.Reference(number, generation, self).get_object()
            if kind[1] == b"XRef":
                _add(trailer, stream, roots)
            else:
                self._note_held(number, stream, data)
        if len(roots) > 1:
            self.doubt = "the trailers of one revision name different catalogues"
        return trailer

    def _note_held(self, number: int, stream: Any, data: xref.XRefSectionData) -> None:
        """Note the objects in an object stream (ISO 32000-2, 7.5.7)."""
        count = int(stream["/N"])
        numbers = stream.data[: int(stream["/First"])].split()[: 2 * count : 2]
        for index, held in enumerate(map(int, numbers)):
            if held in data.xrefs_in_objstm or held in data.standard_xrefs:
                self.doubt = f"object {held} stands twice in one revision"
            data.xrefs_in_objstm[held] = xref.ObjStreamRef(number, index)
            data.explicit_refs_in_revision.add((held, 0))
        data.obj_streams_used.add(number)


def _section(revision: Revision) -> xref.XRefSection:
    """Return a revision's objects as a cross-reference section."""
    data = xref.XRefSectionData()
    for (number, generation), at in revision.objects.items():
        data.standard_xrefs[number] = (generation, at)
        data.explicit_refs_in_revision.add((number, generation))
    place = xref.XRefSectionMetaInfo(
        xref_section_type=xref.XRefSectionType.STANDARD,
        size=max((number for number, _ in revision.objects), default=0) + 1,
        declared_startxref=revision.end,
        start_location=revision.end,
        end_location=revision.end,
        stream_ref=None,
    )
    return xref.XRefSection(place, data)


def _add(trailer: Any, one: Any, roots: set[tuple[int, int]]) -> None:
    """Add a trailer's entries, in which the later one counts."""
    root = one.raw_get("/Root") if "/Root" in one else None
    if isinstance(root, generic.IndirectObject):
        roots.add((root.idnum, root.generation))
    for key in one:
        trailer[key] = one.raw_get(key)


def _head(content: bytes, at: int) -> bytes:
    """Return the bytes of an object up to its stream."""
    head = content[at : at + _HEAD_BYTES]
    return head[: head.find(b"stream")] if b"stream" in head else b""
