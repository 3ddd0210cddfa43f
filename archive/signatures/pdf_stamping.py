"""A signature that is seen: put behind a PDF as a new revision, which changes no earlier byte.

A child process that can be killed lays the revision out; it gets no key. What it returns is
put behind the original bytes here, so that whatever the file does to it, the original stays
the exact beginning of the result, with its own signatures in it.

Source: ISO 32000-2, 12.8 (signatures), 12.7.5.5 (signature fields), 12.5.5 (appearance
streams); EN 319 142-1 (PAdES).
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from archive.errors import Rejected, UnsafeInput
from archive.sandbox import Limits, closed_at_exit
from archive.signatures import cms_writer
from archive.signatures.seal import Sealer

RESERVED_BYTES = 32_768
"""Room for the signature with its certificates and timestamp; as hex digits twice that."""
LIMITS = Limits(cpu_seconds=30, wall_seconds=60.0, memory_bytes=1536 << 20)
MAX_BYTES = 128 << 20
_PACKAGE = "hand it out in a package with a certificate: kho copy issue --kind dip"
_TURN = {0: (1, 0, 0, 1), 90: (0, 1, -1, 0), 180: (-1, 0, 0, -1), 270: (0, -1, 1, 0)}
"""How an appearance is turned so that it stands upright on a page that is turned so far."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What is to be seen, and where on the first page."""

    appearance: bytes
    """A PDF of one page."""
    box: tuple[float, float, float, float]
    """Left, bottom, right, top in the page's own coordinates, points."""
    turned: int
    """By how many degrees the page is turned for showing."""


def stamp(
    original: Path, mark: Mark, sealer: Sealer, *, at: datetime, field: str, scratch: Path
) -> bytes:
    """Return the PDF with a PAdES-B-T signature of the archive that is seen on its first page.

    Args:
        original: the PDF; its bytes are the beginning of the result.
        mark: what is seen, and where.
        sealer: the archive's key and time.
        at: the claimed time.
        field: name of the new signature field.
        scratch: a folder for the mark's own file.

    Raises:
        Rejected: the PDF cannot take a further revision.
        Unavailable: key or timestamp service did not answer; try again.
    """
    whole, start, end = _laid_out(original, mark, at, field, scratch)
    digest = hashlib.sha256(memoryview(whole)[:start])
    digest.update(memoryview(whole)[end:])
    signed = cms_writer.sign(sealer.key, digest.digest(), digest="sha256")
    token = sealer.tsa.timestamp(hashlib.sha256(signed.signature).digest())
    cms = signed.encode([cms_writer.attribute(cms_writer.TIMESTAMP_TOKEN, token)])
    written = cms.hex().encode()
    if len(written) > end - start - 2:
        raise Rejected("the signature is larger than the room that was kept for it")
    whole[start + 1 : start + 1 + len(written)] = written
    return bytes(whole)


def laid_out(original: Path, mark: Mark, *, at: datetime, scratch: Path) -> bytes:
    """Return the PDF with the mark and an empty signature, to be looked at; errors as `stamp`."""
    return bytes(_laid_out(original, mark, at, "Preview", scratch)[0])


def _laid_out(
    original: Path, mark: Mark, at: datetime, field: str, scratch: Path
) -> tuple[bytearray, int, int]:
    """Return the PDF with room for a signature, and where that room begins and ends."""
    if original.stat().st_size > MAX_BYTES:
        raise Rejected(f"a PDF of more than {MAX_BYTES >> 20} MiB cannot be marked", hint=_PACKAGE)
    appearance = scratch / "mark.pdf"
    appearance.write_bytes(mark.appearance)
    content = original.read_bytes()
    told = _asked(original, appearance, mark, at, field)
    whole = bytearray(content + told["revision"])
    return whole, *_reserved(whole, told, len(content))


def _asked(
    original: Path, appearance: Path, mark: Mark, at: datetime, field: str
) -> dict[str, Any]:
    pool = closed_at_exit("stamping", workers=2)
    arguments = (str(original), str(appearance), list(mark.box), mark.turned, at.isoformat(), field)
    try:
        told: dict[str, Any] = pool.run(_lay_out, *arguments, limits=LIMITS)
    except UnsafeInput as error:
        raise Rejected(
            f"the PDF cannot take a further revision: {error.message}",
            hint=_PACKAGE,
        ) from error
    return told


def _reserved(whole: bytearray, told: dict[str, Any], after: int) -> tuple[int, int]:
    """Return where the signature goes: a run of zeroes in the new revision, and nowhere else."""
    start, end = int(told["start"]), int(told["end"])
    room = bytes(whole[start:end])
    if not after < start < end <= len(whole) or room != b"<" + b"0" * (end - start - 2) + b">":
        raise Rejected("the PDF cannot take a further revision")
    return start, end


def _lay_out(
    original: str, appearance: str, box: list[float], turned: int, at: str, field: str
) -> dict[str, object]:
    """Write the revision with room for a signature; runs in a child process."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
    from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
    from pyhanko.sign.signers.pdf_byterange import SignatureObject

    class Beside(IncrementalPdfFileWriter):
        """Leaves what the document says of itself as it is: a PDF/A must stay one."""

        def _update_meta(self) -> None:
            pass

    content = Path(original).read_bytes()
    writer = Beside(io.BytesIO(content), strict=False)
    _expect_open(writer.root)
    corners = (int(box[0]), int(box[1]), round(box[2]), round(box[3]))
    spec = SigFieldSpec(field, on_page=0, box=corners)
    steps = PdfCMSEmbedder(new_field_spec=spec).write_cms(field, writer)
    _show(writer, next(steps), appearance, turned)
    placeholder = SignatureObject(
        timestamp=datetime.fromisoformat(at),
        subfilter=SigSeedSubFilter.PADES,
        bytes_reserved=2 * RESERVED_BYTES,
    )
    steps.send(SigObjSetup(sig_placeholder=placeholder))
    prepared, output = steps.send(SigIOSetup(md_algorithm="sha256", in_place=False))
    written = output.getvalue()
    if not written.startswith(content):
        raise ValueError("the original would be changed")
    return {
        "revision": written[len(content) :],
        "start": prepared.reserved_region_start,
        "end": prepared.reserved_region_end,
    }


def _expect_open(root: Any) -> None:
    """Refuse a document whose author certified that nothing may be added to it.

    Source: ISO 32000-2, 12.8.2.2 (DocMDP, /P 1).
    """
    if "/DocMDP" in root.get("/Perms", {}):
        for reference in root["/Perms"]["/DocMDP"].get("/Reference", ()):
            if reference.get("/TransformParams", {}).get("/P", 2) == 1:
                raise PermissionError("its author's signature permits no changes")


def _show(writer: Any, field: Any, appearance: str, turned: int) -> None:
    """Make the one page of a PDF the appearance of a signature field."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.reader import PdfFileReader

    widget = field.get_object()
    with Path(appearance).open("rb") as stream:
        drawn = writer.import_page_as_xobject(PdfFileReader(stream), page_ix=0)
    numbers = (*_TURN[turned], 0, 0)
    drawn.get_object()[generic.pdf_name("/Matrix")] = generic.ArrayObject(
        map(generic.NumberObject, numbers)
    )
    shown: Any = generic.DictionaryObject
    widget[generic.pdf_name("/AP")] = shown({generic.pdf_name("/N"): drawn})
    writer.update_container(widget)
