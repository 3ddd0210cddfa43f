"""Test signatures in PDFs, made at any time: for the demo, the tests and the benchmark.

Every time is passed in, so that signatures of the past and the future can be made
without freezing a clock: the CMS is ours, and pyHanko only places it in the file.
"""

# mypy: allow-untyped-calls
from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigObjSetup
from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp, PdfSignedData, SignatureObject

from archive.signatures import cms_writer
from archive.signatures.keys import SigningKey
from archive.signatures.timestamps import TimestampAuthority

_RESERVED = 16_384


@dataclass(frozen=True, slots=True)
class Kept:
    """Validation data for the document security store, DER."""

    certificates: Sequence[bytes] = ()
    crls: Sequence[bytes] = ()
    ocsps: Sequence[bytes] = ()


def sign_pdf(
    pdf: bytes,
    key: SigningKey,
    *,
    at: datetime,
    field: str = "Signature1",
    tsa: TimestampAuthority | None = None,
    digest: str = "sha256",
    reason: str | None = None,
) -> bytes:
    """Return the PDF with a PAdES signature, B-B or with a TSA B-T, as a new revision.

    Args:
        pdf: an unsigned or signed PDF.
        key: the signer's.
        at: the claimed time (/M).
        field: name of the signature field, new or empty.
        tsa: gives the signature timestamp; its own clock is its own.
        digest: `sha256`, `sha384`, `sha512`, or `sha1` to make a weak one.
        reason: /Reason.
    """
    placeholder = SignatureObject(
        timestamp=at,
        subfilter=SigSeedSubFilter.PADES,
        reason=reason,
        bytes_reserved=2 * _RESERVED,
    )

    def signed(document_digest: bytes) -> bytes:
        made = cms_writer.sign(key, document_digest, digest=digest)
        if tsa is None:
            return made.encode()
        token = tsa.timestamp(hashlib.sha256(made.signature).digest())
        return made.encode([cms_writer.attribute(cms_writer.TIMESTAMP_TOKEN, token)])

    return _embed(pdf, field, placeholder, digest, signed)


def timestamp_pdf(pdf: bytes, tsa: TimestampAuthority, *, field: str) -> bytes:
    """Return the PDF with a document timestamp, as a new revision."""
    placeholder = DocumentTimestamp(bytes_reserved=2 * _RESERVED)
    return _embed(pdf, field, placeholder, "sha256", tsa.timestamp)


def keep_in_pdf(pdf: bytes, kept: Kept) -> bytes:
    """Return the PDF with validation data in its document security store (PAdES-B-LT)."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    store = _dictionary(writer.root.get("/DSS"))
    for name, objects in (
        ("/Certs", kept.certificates),
        ("/CRLs", kept.crls),
        ("/OCSPs", kept.ocsps),
    ):
        array = generic.ArrayObject(list.__iter__(store[name]) if name in store else ())
        for one in objects:
            stream = generic.StreamObject(stream_data=one)
            array.append(writer.add_object(stream))
        if array:
            store[generic.pdf_name(name)] = array
    writer.root[generic.pdf_name("/DSS")] = writer.add_object(store)
    writer.update_root()
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def _dictionary(existing: Any) -> Any:
    """Return a copy of a dictionary, or an empty one."""
    copy = generic.DictionaryObject()
    if isinstance(existing, generic.DictionaryObject):
        copy.update({key: existing.raw_get(key) for key in existing})
    return copy


def _embed(pdf: bytes, field: str, placeholder: PdfSignedData, digest: str, make: Any) -> bytes:
    """Place a CMS over the document's digest in a signature field."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf), strict=False)
    steps = PdfCMSEmbedder(new_field_spec=SigFieldSpec(field)).write_cms(field, writer)
    next(steps)
    steps.send(SigObjSetup(sig_placeholder=placeholder))
    prepared, output = steps.send(SigIOSetup(md_algorithm=digest, in_place=False))
    steps.send(make(prepared.document_digest))
    steps.close()
    result: bytes = output.getvalue()
    return result
