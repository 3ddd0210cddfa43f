"""Drafts: the papers of a destruction that people complete and sign, filled in from the list.

What Circular 06/2025/TT-BNV has in a destruction file beside list, note and certificate:
decision on the council, minutes of its meeting, request for an appraisal, decision to destroy,
handover minutes. In Vietnamese, PDF/A, sealed; the signed ones come back by review and approve.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from archive.assembly import VIETNAM, Archive
from archive.catalogue import disposals
from archive.catalogue.disposals import Disposal, Item, Kind
from archive.disposal import lists
from archive.disposal.papers import Paper, sealed, signatures, top
from archive.disposal.permission import DAYS, decided_on
from archive.errors import UsageError
from archive.formats.pdf_writing import Block, Rows, Text, write

LAW = "Luật Lưu trữ số 33/2024/QH15 ngày 21 tháng 6 năm 2024"
CIRCULAR = "Thông tư số 06/2025/TT-BNV của Bộ trưởng Bộ Nội vụ"
DOTS = "…" * 24
LINE = "…" * 6


class Draft(StrEnum):
    """Which paper."""

    COUNCIL = "council"
    MINUTES = "minutes"
    APPRAISAL = "appraisal"
    DECISION = "decision"
    HANDOVER = "handover"


TITLES = {
    Draft.COUNCIL: "QUYẾT ĐỊNH VỀ VIỆC THÀNH LẬP HỘI ĐỒNG XÉT HỦY TÀI LIỆU HẾT THỜI HẠN LƯU TRỮ",
    Draft.MINUTES: "BIÊN BẢN HỌP HỘI ĐỒNG XÉT HỦY TÀI LIỆU HẾT THỜI HẠN LƯU TRỮ",
    Draft.APPRAISAL: "CÔNG VĂN ĐỀ NGHỊ THẨM ĐỊNH TÀI LIỆU HẾT THỜI HẠN LƯU TRỮ",
    Draft.DECISION: "QUYẾT ĐỊNH VỀ VIỆC HỦY TÀI LIỆU HẾT THỜI HẠN LƯU TRỮ",
    Draft.HANDOVER: "BIÊN BẢN BÀN GIAO TÀI LIỆU HẾT THỜI HẠN LƯU TRỮ ĐỂ HỦY",
}


def draft(archive: Archive, disposal_id: str, kind: Draft) -> Paper:
    """Write one of the papers of a list; nothing is recorded.

    Raises:
        NotHeld: there is no such list.
        UsageError: it is for transfer.
    """
    with archive.catalogue.connect() as connection:
        found = disposals.get(connection, disposal_id)
    if found.kind is not Kind.DESTROY:
        raise UsageError("this list is for transfer", where=found.id)
    at = archive.clock().astimezone(VIETNAM)
    blocks = [*top(archive, found), Text(TITLES[kind], "title"), *_body(found, kind)]
    foot = f"{found.id} - dự thảo - danh mục {lists.digest(found)[:16]}"
    content = write(f"{TITLES[kind]} {found.id}", blocks, at=at, foot=foot)
    return sealed(archive, found.id, f"draft-{kind.value}", content)


def _body(found: Disposal, kind: Draft) -> list[Block]:
    match kind:
        case Draft.COUNCIL:
            return _council(found)
        case Draft.MINUTES:
            return _minutes(found)
        case Draft.APPRAISAL:
            return _appraisal(found)
        case Draft.DECISION:
            return _decision(found)
        case Draft.HANDOVER:
            return _handover(found)


def _grounds() -> list[Block]:
    return [Text(f"Căn cứ {LAW};"), Text(f"Căn cứ {CIRCULAR};")]


def _what(found: Disposal) -> str:
    size = sum(version["size"] for item in found.counted for version in item.entry["versions"])
    return (
        f"{len(found.counted)} hồ sơ ({size} byte) của {found.heading['agency']} theo Danh mục tài"
        f" liệu hết thời hạn lưu trữ số {found.id} lập ngày"
        f" {found.proposed_at.astimezone(VIETNAM):%d/%m/%Y}"
    )


def _digest(found: Disposal) -> Text:
    return Text(f"Giá trị băm SHA-256 của danh mục: {lists.digest(found)}", "small")


def _council(found: Disposal) -> list[Block]:
    return [
        *_grounds(),
        Text(f"Theo đề nghị của {LINE},"),
        Text("QUYẾT ĐỊNH:", "title"),
        Text(f"Điều 1. Thành lập Hội đồng xét hủy tài liệu để xem xét {_what(found)}."),
        _digest(found),
        Text("Điều 2. Thành phần Hội đồng:"),
        *(Text(f"{role}: {DOTS}") for role in ("Chủ tịch", "Ủy viên", "Ủy viên", "Thư ký")),
        Text(
            "Điều 3. Hội đồng xem xét từng hồ sơ trong Danh mục, lập biên bản, kiến nghị và tự giải"
            " thể khi hoàn thành nhiệm vụ."
        ),
        signatures("NƠI NHẬN", "THỦ TRƯỞNG CƠ QUAN"),
    ]


def _minutes(found: Disposal) -> list[Block]:
    return [
        Text(f"Thời gian: {LINE} giờ, ngày {LINE}."),
        Text(f"Địa điểm: {DOTS}"),
        Text(f"Thành phần: {DOTS}"),
        Text(f"Hội đồng đã xem xét {_what(found)}."),
        _digest(found),
        Text(f"Bản thuyết minh: {found.heading['note']}"),
        Rows(
            ("STT", "Mã hồ sơ", "Tiêu đề", "Hàng", "Ý kiến"),
            [(*_named(item), item.entry["decision"]["rule"] or "", "") for item in found.counted],
            (6, 24, 38, 12, 20),
        ),
        Text("Hồ sơ đề nghị giữ lại (nếu có) và lý do:"),
        Text(DOTS),
        Text(f"Kết quả biểu quyết: {LINE} đồng ý, {LINE} không đồng ý."),
        Text("Kết luận: đề nghị người có thẩm quyền quyết định hủy các hồ sơ còn lại."),
        signatures("THƯ KÝ", "CHỦ TỊCH HỘI ĐỒNG"),
    ]


def _appraisal(found: Disposal) -> list[Block]:
    return [
        Text(f"Kính gửi: {DOTS}"),
        Text(
            f"Thực hiện {LAW}, Điều 16, cơ quan thuộc nguồn nộp vào lưu trữ lịch sử, đề nghị thẩm"
            f" định {_what(found)}."
        ),
        _digest(found),
        Text(
            "Kèm theo: Danh mục và bản thuyết minh, quyết định thành lập Hội đồng, biên bản họp Hội"
            " đồng."
        ),
        signatures("NƠI NHẬN", "THỦ TRƯỞNG CƠ QUAN"),
    ]


def _decision(found: Disposal) -> list[Block]:
    return [
        *_grounds(),
        Text(f"Căn cứ biên bản họp Hội đồng xét hủy tài liệu ngày {LINE};"),
        Text(f"Căn cứ văn bản thẩm định số {LINE} (nếu thuộc nguồn nộp lưu);"),
        Text("QUYẾT ĐỊNH:", "title"),
        Text(f"Điều 1. Hủy {_what(found)}."),
        _digest(found),
        Text(
            f"Điều 2. Việc hủy thực hiện trong {DAYS} ngày kể từ ngày ký, trên mọi bản lưu và chỉ"
            " mục, bảo đảm không khôi phục được. Khi thực hiện, từng hồ sơ được xét lại; hồ sơ đang"
            " bị giữ lại, chưa hết thời hạn, hoặc liên kết với tài liệu có thời hạn dài hơn thì"
            " không hủy."
        ),
        Text(
            "Điều 3. Hồ sơ hủy tài liệu (danh mục, thuyết minh, biên bản, quyết định, giấy chứng"
            " nhận) được lưu theo quy định."
        ),
        Text("Điều 4. Người chịu trách nhiệm thi hành Quyết định này:"),
        Text(DOTS),
        signatures("NƠI NHẬN", "THỦ TRƯỞNG CƠ QUAN"),
    ]


def _handover(found: Disposal) -> list[Block]:
    approved, on = found.of_act("approved"), decided_on(found)
    number = approved[-1].details["decision"]["number"] if approved else LINE
    return [
        Text(
            f"Theo Quyết định số {number} ngày {on:%d/%m/%Y}." if on else f"Theo Quyết định {LINE}"
        ),
        Text(f"Bên giao: {DOTS}"),
        Text(f"Bên nhận để hủy: {DOTS}"),
        Text(f"Đã bàn giao {_what(found)}."),
        _digest(found),
        Rows(
            ("STT", "Mã hồ sơ", "Tiêu đề", "Gói tin (SHA-256)"),
            [
                (*_named(item), "\n".join(v["sha256"][:32] for v in item.entry["versions"]))
                for item in found.counted
            ],
            (6, 24, 36, 34),
        ),
        *_late(found),
        signatures("BÊN GIAO", "BÊN NHẬN"),
    ]


def _named(item: Item) -> tuple[str, str, str]:
    return str(item.ordinal), item.entry["code"], item.entry["title"]


def _late(found: Disposal) -> list[Block]:
    on = decided_on(found)
    last = on + timedelta(days=DAYS) if on else None
    return [Text(f"Phải hủy xong trước hết ngày {last:%d/%m/%Y}.")] if last else []
