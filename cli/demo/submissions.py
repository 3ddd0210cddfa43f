"""Submissions of the demonstration: papers drawn, signed, and some of them spoilt."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from archive.assembly import VIETNAM
from archive.signatures import testpki
from archive.signatures.keys import FileKey
from archive.signatures.pdf_signing import sign_pdf
from archive.signatures.testpki import TestPki
from cli.demo.cast import Case, Matter, matters
from cli.demo.papers import Paper, pdf

YEAR = timedelta(days=365)
MISSING_PAGES = 3
"""Pages that the description of the dossier with a missing page declares."""


@dataclass(frozen=True, slots=True)
class Signers:
    """Who signs in the demonstration; every certificate is a TEST certificate."""

    pki: TestPki
    officer: FileKey
    revoked: FileKey
    expired: FileKey
    stranger: FileKey
    now: datetime


def signers(pki: TestPki, now: datetime) -> Signers:
    """Issue the certificates: a good one, a revoked, an expired and one of an unknown CA."""
    begin, end = now - 6 * YEAR, now + 4 * YEAR
    officer = pki.signer("Trần Thị Mẫu", not_before=begin, not_after=end, organization="UBND Thử")
    revoked = pki.signer("Lê Văn Thu Hồi", not_before=begin, not_after=end, organization="UBND Thử")
    expired = pki.signer(
        "Phạm Thị Hết Hạn", not_before=begin, not_after=now - YEAR, organization="UBND Thử"
    )
    unknown = testpki.new_root("Unknown CA (TEST - THỬ NGHIỆM)", not_before=begin, not_after=end)
    stranger = unknown.issue("Người Lạ", not_before=begin, not_after=end)
    pki.revoke(revoked, revoked_at=now - 2 * YEAR, crl_at=now - timedelta(hours=1))
    return Signers(pki, officer, revoked, expired, stranger, now)


def write_all(folder: Path, who: Signers, today: date) -> Iterator[Path]:
    """Write each submission as a folder with dossier.json and signed PDFs; yield it."""
    every = list(matters(today))
    drawn = _drawn(every)
    before: dict[str, bytes] = {}
    for matter in every:
        papers = {
            name: _signed(matter, content, name, who) for name, content in drawn[matter.ordinal]
        }
        if matter.case is Case.DUPLICATE:
            papers = before
        before = papers
        place = folder / f"{matter.ordinal:02d}-{matter.code}"
        place.mkdir(parents=True)
        for name, content in papers.items():
            (place / name).write_bytes(content)
        description = json.dumps(_description(matter, list(papers)), ensure_ascii=False, indent=2)
        (place / "dossier.json").write_text(description + "\n", encoding="utf-8")
        yield place


def _papers(matter: Matter) -> Iterator[tuple[str, Paper]]:
    day = matter.received_on
    yield (
        "01-don-de-nghi.pdf",
        Paper(
            organ="ĐƠN CỦA CÔNG DÂN (THỬ NGHIỆM)",
            number=matter.code,
            title="Đơn đề nghị",
            lines=(
                f"Kính gửi: {matter.agency_name}.",
                f"Tôi tên là {matter.name}, số định danh cá nhân {matter.identity_number}.",
                f"Đề nghị giải quyết thủ tục: {matter.procedure.name}.",
                "Tôi cam đoan các nội dung khai trên là đúng sự thật và chịu trách nhiệm trước pháp luật.",
                "Giấy tờ kèm theo: bản vẽ hiện trạng, giấy tờ chứng minh quyền sử dụng đất, ảnh chụp.",
                "Nơi nhận kết quả: bộ phận một cửa của ủy ban nhân dân.",
            ),
            place_and_date=f"Đông Thử, ngày {day:%d} tháng {day:%m} năm {day:%Y}",
            signer_title="Người làm đơn",
            signer=matter.name,
        ),
    )
    closed = matter.closed_on
    yield (
        "02-ket-qua.pdf",
        Paper(
            organ=f"{matter.agency_name.upper()} (THỬ NGHIỆM)",
            number=matter.result_number,
            title=matter.procedure.result,
            lines=(
                f"Căn cứ hồ sơ số {matter.code} tiếp nhận ngày {day:%d/%m/%Y};",
                f"Theo đề nghị của ông (bà) {matter.name}, số định danh {matter.identity_number};",
                "Xét kết quả thẩm tra của bộ phận chuyên môn,",
                f"Điều 1. {matter.procedure.result} cho ông (bà) {matter.name}.",
                f"Nội dung: {matter.procedure.name} theo hồ sơ nêu trên.",
                "Điều 2. Quyết định này có hiệu lực kể từ ngày ký.",
                "Điều 3. Các bộ phận liên quan và ông (bà) có tên tại Điều 1 chịu trách nhiệm thi hành.",
                "Nơi nhận: như Điều 3; lưu hồ sơ một cửa; lưu trữ cơ quan.",
            ),
            place_and_date=f"Đông Thử, ngày {closed:%d} tháng {closed:%m} năm {closed:%Y}",
            signer_title="TM. Ủy ban nhân dân",
            signer="Trần Thị Mẫu",
            sealed=True,
        ),
    )


def _drawn(every: list[Matter]) -> dict[int, list[tuple[str, bytes]]]:
    """Draw all papers, on every core: drawing is what takes the time."""
    with ProcessPoolExecutor() as pool:
        return dict(pool.map(_draw, every))


def _draw(matter: Matter) -> tuple[int, list[tuple[str, bytes]]]:
    return matter.ordinal, [(n, pdf(paper, seed=matter.ordinal)) for n, paper in _papers(matter)]


def _signed(matter: Matter, content: bytes, name: str, who: Signers) -> bytes:
    if name.startswith("01"):
        return content
    at = datetime.combine(matter.closed_on, time(9, 30), tzinfo=VIETNAM).astimezone(UTC)
    key = {
        Case.REVOKED: who.revoked,
        Case.EXPIRED: who.expired,
        Case.UNKNOWN_CA: who.stranger,
    }.get(matter.case, who.officer)
    digest = "sha1" if matter.case is Case.SHA1 else "sha256"
    tsa = who.pki.local_tsa(lambda: at)
    signed = sign_pdf(content, key, at=at, tsa=tsa, digest=digest, reason="Ban hành (THỬ NGHIỆM)")
    return _altered(signed) if matter.case is Case.ALTERED else signed


def _altered(signed: bytes) -> bytes:
    """Change one byte of the first page's picture, as a forger or a bad disk would."""
    place = signed.index(b"stream") + 2000
    return signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1 :]


def _description(matter: Matter, names: list[str]) -> dict[str, object]:
    pages = MISSING_PAGES if matter.case is Case.MISSING_PAGE else 2
    title = f"{matter.procedure.name} - {matter.name}"
    events = {"sale": matter.closed_on.isoformat()} if matter.case is Case.DUE_SOON else None
    return {
        "profile": "tt05-2025-1",
        "dossier": {
            "title": title,
            "mode": "02",
            "language": "01",
            "confidenceLevel": "01",
            "fileCode": f"{matter.agency}.{matter.closed_on.year}.{matter.ordinal}",
            "description": "Hồ sơ giả định dùng để trình diễn (THỬ NGHIỆM)",
        },
        "tthc": {
            "dossierCode": matter.code,
            "procedureCode": matter.procedure.code,
            "procedureName": matter.procedure.name,
            "agencyCode": matter.agency,
            "agencyName": matter.agency_name,
            "applicant": {
                "name": matter.name,
                "identityNumber": matter.identity_number,
                "kind": "citizen",
            },
            "receivedOn": matter.received_on.isoformat(),
            "dueOn": (matter.received_on + timedelta(days=15)).isoformat(),
            "closedOn": matter.closed_on.isoformat(),
            "status": "returned",
            "retentionCode": matter.procedure.retention,
            "result": {
                "number": matter.result_number,
                "code": f"KQ.{matter.agency.split('.')[0]}.{matter.ordinal:06d}",
                "issuedOn": matter.closed_on.isoformat(),
            },
            **({"events": events} if events else {}),
        },
        "documents": [
            _document(names[0], "Đơn đề nghị", "application", "32", pages=2),
            _document(names[1], matter.procedure.result, "result", "02", pages=pages),
        ],
    }


def _document(name: str, title: str, role: str, kind: str, *, pages: int) -> dict[str, object]:
    return {
        "file": name,
        "title": title,
        "role": role,
        "fields": {"typeName": kind, "numberOfPage": str(pages), "language": "01"},
    }
