"""Papers of reception, in Vietnamese, PDF/A, with the archive's PAdES signature in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from archive.assembly import VIETNAM, Archive
from archive.catalogue import dossiers
from archive.catalogue.reception import Batch, Item, ItemState
from archive.fixity import sha256_of
from archive.formats.pdf_writing import Block, Columns, Rows, Text, write
from archive.model import DossierId
from archive.segments import RECEPTION
from archive.signatures.pdf_signing import sign_pdf

_FINDINGS = 60
"""Findings in a return note; more than that nobody reads on paper."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A signed PDF and the object that it will be."""

    name: str
    content: bytes


def minutes(archive: Archive, batch: Batch, items: Sequence[Item]) -> Paper:
    """Write the minutes of hand-over (biên bản giao nhận): a row for each dossier."""
    held = [each for each in items if each.state is ItemState.HELD]
    returned = [each for each in items if each.state is ItemState.RETURNED]
    blocks: list[Block] = [
        _top(archive, batch.id),
        Text("BIÊN BẢN GIAO NHẬN HỒ SƠ", "title"),
        Text(f"Bên giao: {batch.producer}"),
        Text(f"Bên nhận: {archive.settings.text('archive.name')}"),
        Text(f"Đợt giao nhận {batch.id}, mở lúc {_moment(archive, batch)}."),
        Text(f"Số hồ sơ đã nhận vào kho: {len(held)}", "heading"),
        Rows(
            ("STT", "Mã hồ sơ", "Tiêu đề", "Số tài liệu", "Gói tin (SHA-256)"),
            [_row(archive, number, each) for number, each in enumerate(held, 1)],
            (5, 20, 31, 8, 36),
        ),
    ]
    if returned:
        blocks += [
            Text(f"Số hồ sơ trả lại bên giao: {len(returned)}", "heading"),
            Rows(
                ("STT", "Tên gói, mã hồ sơ", "Lý do trả lại"),
                [
                    (str(n), f"{each.label} {each.code or ''}", each.reason or "")
                    for n, each in enumerate(returned, 1)
                ],
                (5, 45, 50),
            ),
        ]
    blocks.append(_signatures())
    return _signed(archive, batch.id, "bien-ban-giao-nhan", blocks, f"Biên bản {batch.id}")


def return_note(archive: Archive, batch: Batch, item: Item) -> Paper:
    """Write the note with which a submission goes back (phiếu trả hồ sơ): reason, findings."""
    findings = item.findings[:_FINDINGS]
    blocks: list[Block] = [
        _top(archive, item.name),
        Text("PHIẾU TRẢ HỒ SƠ", "title"),
        Text(f"Kính gửi: {batch.producer}"),
        Text(f"Gói nộp: {item.label}"),
        Text(f"Mã hồ sơ: {item.code or 'không đọc được'}"),
        Text(f"Lý do trả lại: {item.reason}"),
        Text("Những điểm chưa đạt", "heading"),
        Rows(
            ("Quy tắc", "Vị trí", "Nội dung"),
            [(each["rule"], each["path"], each["message"]) for each in findings],
            (22, 28, 50),
        ),
    ]
    if len(item.findings) > _FINDINGS:
        blocks.append(Text(f"… và {len(item.findings) - _FINDINGS} điểm khác."))
    blocks.append(Text("Đề nghị sửa các điểm trên và nộp lại. Tài liệu đã gửi không bị thay đổi."))
    return _signed(archive, batch.id, f"phieu-tra-{item.ordinal}", blocks, f"Phiếu trả {item.name}")


def _row(archive: Archive, number: int, each: Item) -> tuple[str, ...]:
    receipt = each.receipt or {}
    with archive.catalogue.connect() as connection:
        holding = dossiers.get(connection, DossierId(receipt["dossier_id"]))
    version = next(v for v in holding.versions if v.number == receipt["version"])
    digest = version.sha256
    dossier = holding.dossier
    count = str(len(dossier.documents))
    return str(number), dossier.code, dossier.title, count, f"{digest[:32]} {digest[32:]}"


def _top(archive: Archive, number: str) -> Columns:
    at = archive.clock().astimezone(VIETNAM)
    left = [
        Text(archive.settings.text("archive.name").upper(), "signature"),
        Text(f"Số: {number}", "centred"),
    ]
    if archive.test:
        left.append(Text("THỬ NGHIỆM - KHÔNG CÓ GIÁ TRỊ PHÁP LÝ", "signature"))
    right = [
        Text("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "signature"),
        Text("Độc lập - Tự do - Hạnh phúc", "signature"),
        Text(f"Ngày {at:%d} tháng {at:%m} năm {at:%Y}, {at:%H:%M:%S}", "centred"),
    ]
    return Columns(left, right)


def _signatures() -> Columns:
    room = "(ký, ghi rõ họ tên)\n\n\n"
    return Columns(
        [Text("ĐẠI DIỆN BÊN GIAO", "signature"), Text(room, "centred")],
        [Text("ĐẠI DIỆN BÊN NHẬN", "signature"), Text(room, "centred")],
    )


def _moment(archive: Archive, batch: Batch) -> str:
    return f"{batch.opened_at.astimezone(VIETNAM):%H:%M:%S ngày %d/%m/%Y}"


def _signed(
    archive: Archive, batch_id: str, kind: str, blocks: Sequence[Block], title: str
) -> Paper:
    at = archive.clock()
    plain = write(title, blocks, at=at.astimezone(VIETNAM), foot=title)
    sealer = archive.sealer
    content = sign_pdf(plain, sealer.key, at=at, field="KhoLuuTru", tsa=sealer.tsa)
    return Paper(f"{RECEPTION}{batch_id}/{kind}-{sha256_of(content)[:16]}.pdf", content)
