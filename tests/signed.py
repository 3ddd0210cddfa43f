"""Builders for signed PDFs and test PKIs; times are fixed, nothing depends on today."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from reportlab.pdfgen import canvas

from archive.model import PackagePath, Verdict
from archive.signatures import cms_writer, fastread
from archive.signatures.keys import FileKey
from archive.signatures.pades import PdfValidation
from archive.signatures.pdf_signing import Kept, keep_in_pdf, timestamp_pdf
from archive.signatures.prepared import prepare
from archive.signatures.testpki import Ca, TestPki
from archive.signatures.timestamps import LocalTsa
from archive.signatures.trust import Anchor, Scope, TrustStore
from tests.judges import etsi_report

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
DAY = timedelta(days=1)


def a_pdf(text: str = "Giay phep xay dung (TEST)", pages: int = 1, form: bool = False) -> bytes:
    """Return a small unsigned PDF."""
    stream = io.BytesIO()
    page = canvas.Canvas(stream, invariant=1)
    for number in range(pages):
        page.drawString(100, 700, f"{text} {number + 1}")
        if form:
            page.acroForm.textfield(name=f"amount{number}", x=100, y=600, value="100")
        page.showPage()
    page.save()
    return stream.getvalue()


def a_clock(at: datetime) -> Callable[[], datetime]:
    """Return a clock that stands still."""
    return lambda: at


def a_tsa(key: FileKey, at: datetime) -> LocalTsa:
    """Return a TSA whose clock stands still."""
    return LocalTsa(key, a_clock(at))


def a_signer(pki: TestPki, name: str = "Can bo A", **changes: Any) -> FileKey:
    """Return a signer whose certificate is valid around NOW, unless said otherwise."""
    validity = {"not_before": NOW - 700 * DAY, "not_after": NOW + 300 * DAY}
    return pki.signer(name, **{**validity, **changes})


def verdicts(
    content: bytes, trust: TrustStore, at: datetime = NOW, known_at: datetime | None = None
) -> list[Verdict]:
    """Return the verdicts on a PDF, in this process."""
    fastread.install()
    path = PackagePath("a.pdf")
    validation = PdfValidation(content, path, prepare(trust), at=at, known_at=known_at)
    found = validation.outcome()
    etsi_report.approve(found.verdicts, found.grounds, at)
    return list(found.verdicts)


def outcome(
    content: bytes, trust: TrustStore, at: datetime = NOW, place: int = 0
) -> tuple[str, str | None]:
    """Return indication and sub-indication of one signature."""
    verdict = verdicts(content, trust, at)[place]
    return verdict.indication.value, verdict.sub_indication


class LongPki:
    """A PKI over three decades: an officer, three TSAs one after the other, two CAs.

    officer 2010-2013, intermediate until 2034, TSA1 until 2018, TSA2 2016-2027,
    TSA3 2025-2036 under a younger CA. CRLs are good for 30 days and drop the expired.
    """

    def __init__(self) -> None:
        from archive.signatures import testpki

        def on(year: int) -> datetime:
            return datetime(year, 1, 1, tzinfo=UTC)

        self.root = testpki.new_root("Root TEST", not_before=on(2005), not_after=on(2060))
        self.old_ca = self.root.subordinate("CA1 TEST", not_before=on(2006), not_after=on(2034))
        self.new_ca = self.root.subordinate("CA2 TEST", not_before=on(2020), not_after=on(2045))
        issue = self.old_ca.issue
        self.officer = issue("Officer", not_before=on(2010), not_after=on(2013))
        self.tsa1 = issue("TSA1", not_before=on(2009), not_after=on(2018), tsa=True)
        self.tsa2 = issue("TSA2", not_before=on(2016), not_after=on(2027), tsa=True)
        self.tsa3 = self.new_ca.issue("TSA3", not_before=on(2025), not_after=on(2036), tsa=True)
        self.revoked: list[tuple[int, datetime]] = []

    def crls(self, at: datetime) -> list[bytes]:
        """Return the CRLs of a day."""
        days = {"at": at, "period": 30 * DAY, "lists_expired": False}
        found = [self.root.crl(**days), self.old_ca.crl(self.revoked, **days)]  # type: ignore[arg-type]
        return [*found, self.new_ca.crl(**days)] if at.year >= 2020 else found  # type: ignore[arg-type]

    def trust(self, at: datetime) -> TrustStore:
        """Return a trust store with the CRLs of the day before."""
        anchor = Anchor(self.root.key.certificate, "Root TEST", frozenset(Scope), test=True)
        return TrustStore((anchor,), self.certificates, tuple(self.crls(at - DAY)))

    @property
    def certificates(self) -> tuple[bytes, ...]:
        """The CAs."""
        return (self.old_ca.key.certificate, self.new_ca.key.certificate)

    def renewed(self, pdf: bytes, at: datetime, tsa: FileKey, field: str) -> bytes:
        """Return a PDF with the day's CRLs and a document timestamp an hour later."""
        kept = keep_in_pdf(pdf, Kept(self.certificates, self.crls(at)))
        return timestamp_pdf(kept, a_tsa(tsa, at + timedelta(hours=1)), field=field)


def signed_anew(content: bytes, key: FileKey, *, spaced: bytes = b"[0 %d %d %d]") -> bytes:
    """Return a signed PDF whose bytes were changed, with its last signature made over them.

    Args:
        content: the file; its last /Contents and the /ByteRange beside it are filled in.
        key: the signer's.
        spaced: how the three numbers that differ are written.
    """
    hexadecimal = list(re.finditer(rb"/Contents *(<[0-9a-fA-F]*>)", content))[-1]
    begin, end = hexadecimal.span(1)
    ranges = list(re.finditer(rb"/ByteRange *\[[^]]*\] *", content))
    place = min(ranges, key=lambda one: min(abs(one.end() - begin), abs(one.start() - end))).span()
    text = b"/ByteRange " + spaced % (begin, end, len(content) - end)
    assert len(text) <= place[1] - place[0]
    made = content[: place[0]] + text.ljust(place[1] - place[0]) + content[place[1] :]
    digest = hashlib.sha256(made[:begin] + made[end:]).digest()
    value = cms_writer.sign(key, digest, digest="sha256").encode().hex().encode()
    return made[: begin + 1] + value.ljust(end - begin - 2, b"0") + made[end - 1 :]


def revoked_serial(key: FileKey) -> int:
    """Return a certificate's serial number."""
    return Ca(key).certificate.serial_number
