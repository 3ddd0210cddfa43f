"""Papers that the procedure produces: in Vietnamese, PDF/A, sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from archive.assembly import VIETNAM, Archive
from archive.catalogue import state
from archive.catalogue.disposals import Act, Disposal, Item, ItemState, Kind
from archive.catalogue.engine import Connection
from archive.fixity import sha256_of
from archive.formats.pdf_writing import Block, Columns, Rows, Text, write
from archive.segments import DISPOSALS


@dataclass(frozen=True, slots=True)
class Paper:
    """A PDF with the archive's seal beside it."""

    name: str
    """The object in the store; its seal is `name` with `.p7s`."""
    sha256: str
    content: bytes = field(repr=False)
    p7s: bytes = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return the paper as an act keeps it."""
        return {"name": self.name, "sha256": self.sha256, "seal": sha256_of(self.p7s)}


def sealed(archive: Archive, disposal_id: str, kind: str, content: bytes) -> Paper:
    """Seal a paper; it goes to the store with the act that refers to it."""
    digest = sha256_of(content)
    name = f"{DISPOSALS}{disposal_id}/papers/{kind}-{digest[:32]}.pdf"
    return Paper(name, digest, content, archive.sealer.seal(content, at=archive.clock()))


def keep(connection: Connection, paper: Paper) -> None:
    """Let a paper and its seal go to the store with the act of this transaction."""
    state.add(connection, paper.name, paper.content)
    state.add(connection, f"{paper.name}.p7s", paper.p7s)


def of_list(archive: Archive, disposal: Disposal, digest: str) -> bytes:
    """Write the list with its explanatory note: Danh mục tài liệu hết thời hạn lưu trữ."""
    transfer = disposal.kind is Kind.TRANSFER
    title = (
        "DANH MỤC HỒ SƠ NỘP VÀO LƯU TRỮ LỊCH SỬ"
        if transfer
        else "DANH MỤC TÀI LIỆU HẾT THỜI HẠN LƯU TRỮ"
    )
    heading, rows = disposal.heading, [_row(item) for item in disposal.counted]
    size = sum(version["size"] for item in disposal.counted for version in item.entry["versions"])
    blocks: list[Block] = [
        *top(archive, disposal),
        Text(title, "title"),
        Text(f"Cơ quan: {heading['agency']}. Trạng thái: {heading['status']}."),
        Text(
            f"Bảng thời hạn áp dụng: {', '.join(heading['schedules'])}"
            f" (quyết định ban hành: {heading['adoption'] or 'không ghi'})."
        ),
        Rows(
            ("STT", "Mã hồ sơ", "Tiêu đề", "Kết thúc", "Hàng, thời hạn", "Lý do", "SHA-256 (đầu)"),
            rows,
            (4, 15, 24, 9, 9, 29, 14),
        ),
        Text(f"Tổng số: {len(rows)} hồ sơ, {size} byte.", "heading"),
        Text("BẢN THUYẾT MINH", "title"),
        Text(heading["note"]),
        Text(
            "Từng hồ sơ được máy tính xét lại khi thực hiện; hồ sơ đang bị giữ lại, chưa hết thời"
            " hạn hoặc liên kết với tài liệu có thời hạn dài hơn sẽ bị loại ra."
        ),
        Text(f"Giá trị băm SHA-256 của danh mục: {digest}", "small"),
        signatures("NGƯỜI LẬP DANH MỤC", "THỦ TRƯỞNG CƠ QUAN"),
    ]
    foot = f"{disposal.id} - danh mục {digest[:16]}"
    return write(f"{title} {disposal.id}", blocks, at=_local(archive), foot=foot, landscape=True)


def of_certificate(archive: Archive, disposal: Disposal, act: Act) -> bytes:
    """Write minutes and certificate of what was done, with what is pending."""
    transfer = disposal.kind is Kind.TRANSFER
    title = (
        "GIẤY CHỨNG NHẬN XÓA HỒ SƠ ĐÃ NỘP LƯU TRỮ LỊCH SỬ"
        if transfer
        else "BIÊN BẢN VÀ GIẤY CHỨNG NHẬN HỦY TÀI LIỆU"
    )
    now = {change.ordinal: change.state for change in act.changes}
    pending = act.details["pending"]
    approved = [each for each in disposal.acts if each.act == "approved"]
    decided = approved[-1].details["decision"] if approved else None
    blocks: list[Block] = [
        *top(archive, disposal),
        Text(title, "title"),
        Text(f"Theo danh mục {disposal.id}, giá trị băm SHA-256:"),
        Text(act.details["list"], "small"),
    ]
    if decided is not None:
        day = date.fromisoformat(decided["on"])
        blocks.append(Text(f"Căn cứ Quyết định số {decided['number']} ngày {day:%d/%m/%Y}."))
    blocks += [Text(f"Lưu ý: {each}.") for each in act.details["warnings"]]
    blocks += [
        Text("Kết quả từng hồ sơ", "heading"),
        Rows(
            ("STT", "Mã hồ sơ", "Gói tin (SHA-256)", "Kết quả"),
            [
                (
                    str(item.ordinal),
                    item.entry["code"],
                    "\n".join(f"v{v['number']}: {v['sha256']}" for v in item.entry["versions"]),
                    _outcome(now.get(item.ordinal, item.state), item),
                )
                for item in disposal.items
            ],
            (6, 22, 46, 26),
        ),
        Text("Các bản lưu đã kiểm tra", "heading"),
        *(Text(copy, "small") for copy in act.details["copies"]),
        Text(_index_words(act.details["index"])),
    ]
    blocks += _keys(act.details.get("keys", {}))
    if pending:
        blocks += [
            Text("CHƯA HOÀN THÀNH: các bản lưu sau còn chờ", "heading"),
            Rows(
                ("Mã hồ sơ", "Bản lưu", "Lý do"),
                [(each["code"], each["copy"], each["reason"]) for each in pending],
                (25, 35, 40),
            ),
        ]
    else:
        blocks.append(
            Text(
                "Mọi phiên bản của các hồ sơ ghi “đã hủy” đã được xóa khỏi mọi bản lưu; kiểm tra"
                " lại, không bản lưu nào còn trả lời."
            )
        )
    blocks.append(signatures("NGƯỜI THỰC HIỆN", "CHỦ SỞ HỮU TÀI LIỆU"))
    foot = f"{disposal.id} - lần {act.number} - danh mục {act.details['list'][:16]}"
    return write(f"{title} {disposal.id}", blocks, at=_local(archive), foot=foot)


def _keys(destroyed: Mapping[str, str]) -> list[Block]:
    """Say which keys of encrypted packages were destroyed."""
    if not destroyed:
        return []
    return [
        Text("Khóa mã hóa đã hủy", "heading"),
        Text(
            "Gói tin của các hồ sơ sau được mã hóa (AES-256-GCM), mỗi hồ sơ một khóa. Khóa đã bị xóa"
            " khỏi mọi nơi giữ khóa: bản lưu ngoài tầm với và bản sao dự phòng không còn đọc được."
        ),
        Rows(("Mã hồ sơ", "SHA-256 của khóa"), list(destroyed.items()), (30, 70)),
    ]


OUTCOMES = {
    ItemState.LISTED: "còn chờ",
    ItemState.ACKNOWLEDGED: "còn chờ",
    ItemState.EXCLUDED: "đã đưa ra khỏi danh mục",
    ItemState.DROPPED: "không hủy",
    ItemState.ORDERED: "đã quyết định hủy, chưa xóa hết",
    ItemState.DESTROYED: "đã hủy",
}


def _outcome(state_now: ItemState, item: Item) -> str:
    return f"{OUTCOMES[state_now]}: {item.note}" if item.note else OUTCOMES[state_now]


def _index_words(index: Mapping[str, Any] | None) -> str:
    if index is None:
        return "Chỉ mục tìm kiếm: đã làm sạch ở lần trước."
    return (
        f"Chỉ mục tìm kiếm: dựng lại {len(index['years'])} năm, đọc {index['files']} tệp"
        f" ({index['bytes']} byte), không còn dấu vết nào trong {index['traces']} mục được tìm."
    )


def _row(item: Item) -> tuple[str, ...]:
    entry, decision = item.entry, item.entry["decision"]
    closed = date.fromisoformat(entry["closed_on"]) if entry["closed_on"] else None
    until = decision["protected_until"]
    last = f"đến {date.fromisoformat(until):%d/%m/%Y}" if until else ""
    reasons = decision["reasons"]
    why = " ".join(f"{each['vi']} ({each['basis']})." for each in reasons[:2])
    digests = "\n".join(version["sha256"][:16] for version in entry["versions"])
    return (
        str(item.ordinal),
        entry["code"],
        entry["title"],
        f"{closed:%d/%m/%Y}" if closed else "",
        f"{decision['rule']} {last}",
        why,
        digests,
    )


def top(archive: Archive, disposal: Disposal) -> list[Block]:
    """Return the head of a paper: agency and motto, number and day."""
    name, at = archive.settings.text("archive.name"), _local(archive)
    left = [Text(name.upper(), "signature"), Text(f"Số: {disposal.id}", "centred")]
    right = [
        Text("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "signature"),
        Text("Độc lập - Tự do - Hạnh phúc", "signature"),
        Text(f"Ngày {at:%d} tháng {at:%m} năm {at:%Y}, {at:%H:%M:%S}", "centred"),
    ]
    if archive.test:
        left.append(Text("THỬ NGHIỆM - KHÔNG CÓ GIÁ TRỊ PHÁP LÝ", "signature"))
    return [Columns(left, right)]


def signatures(left: str, right: str) -> Columns:
    """Return the room for two signatures."""
    room = "(ký, ghi rõ họ tên)\n\n\n"
    return Columns(
        [Text(left, "signature"), Text(room, "centred")],
        [Text(right, "signature"), Text(room, "centred")],
    )


def _local(archive: Archive) -> datetime:
    return archive.clock().astimezone(VIETNAM)
