"""Erasure: the answer to a person who asks that what is held of them be erased.

Erasure does not apply where a law requires keeping, and a refusal states its reason (Law
91/2025/QH15, art. 14.2 and 14.5, art. 19); deletion is never another door than disposal.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from archive.assembly import VIETNAM, Archive
from archive.disposal import subject
from archive.disposal.subject import BASIS, About
from archive.formats.pdf_writing import Block, Rows, Text, write

DEADLINE_DAYS = 20
"""To answer a request for deletion (Decree 356/2025/NĐ-CP, art. 5)."""
TITLE = "TRẢ LỜI YÊU CẦU XÓA DỮ LIỆU CÁ NHÂN"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one request."""

    about: tuple[About, ...]
    letter: bytes = field(repr=False)
    """PDF/A in Vietnamese; personal data, kept nowhere."""
    p7s: bytes = field(repr=False)
    """The archive's seal over the letter."""


def answer(archive: Archive, identity_number: str, *, agent: str, reason: str) -> Answer:
    """Answer a request for erasure; that it was answered is journalled, nothing is erased.

    Raises:
        UsageError: no number is given.
    """
    found = subject.report(
        archive, identity_number, agent=agent, reason=reason, what="erasure request"
    )
    letter = _letter(archive, identity_number.strip(), found)
    return Answer(found, letter, archive.sealer.seal(letter, at=archive.clock()))


def masked(identity_number: str) -> str:
    """Return a number with all but its first and last three characters hidden."""
    inner = max(0, len(identity_number) - 6)
    return f"{identity_number[:3]}{'•' * inner}{identity_number[-3:]}"


def _letter(archive: Archive, identity_number: str, found: tuple[About, ...]) -> bytes:
    at = archive.clock().astimezone(VIETNAM)
    name = archive.settings.text("archive.name")
    told = (
        f"Kho đang lưu giữ {len(found)} hồ sơ của số định danh này. Việc xóa không áp dụng khi pháp"
        " luật yêu cầu lưu trữ; lý do đối với từng hồ sơ như sau:"
        if found
        else "Kho không lưu giữ hồ sơ nào của số định danh này."
    )
    blocks: list[Block] = [
        Text(name.upper(), "signature"),
        *([Text("THỬ NGHIỆM - KHÔNG CÓ GIÁ TRỊ PHÁP LÝ", "signature")] if archive.test else []),
        Text(TITLE, "title"),
        Text(f"Số định danh: {masked(identity_number)}. Ngày trả lời: {at:%d/%m/%Y}."),
        Text(f"Căn cứ: {BASIS}; NĐ 356/2025/NĐ-CP, Điều 5 (trả lời trong {DEADLINE_DAYS} ngày)."),
        Text(told),
    ]
    if found:
        rows = [_row(each) for each in found]
        head = ("Mã hồ sơ", "Tiêu đề", "Hàng; lưu đến", "Trả lời và căn cứ")
        blocks.append(Rows(head, rows, (20, 26, 16, 38)))
    blocks.append(
        Text(
            "Người yêu cầu có quyền khiếu nại, khởi kiện theo quy định của pháp luật về bảo vệ dữ"
            " liệu cá nhân."
        )
    )
    return write(TITLE, blocks, at=at, foot=f"{name} - {at:%d/%m/%Y}")


def _row(each: About) -> tuple[str, ...]:
    dossier, decision = each.holding.dossier, each.decision
    until = decision.protected_until
    return (
        dossier.code,
        dossier.title,
        f"{decision.rule_code or '–'}; {until:%d/%m/%Y}"
        if until
        else f"{decision.rule_code or '–'}",
        f"{each.answer.vi} ({each.basis})",
    )
