"""The cover of a passport: what it proves and how to check it, in plain Vietnamese, PDF/A-2b."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from archive.assembly import VIETNAM, Archive
from archive.catalogue.dossiers import Holding
from archive.evidence.checkpoint import Checkpoint
from archive.evidence.entry_proof import EntryProof
from archive.formats.pdf_writing import Block, Rows, Text
from archive.formats.pdf_writing import write as write_pdf
from archive.model import Indication
from archive.retention import explained

TITLE = "HỘ CHIẾU HỒ SƠ LƯU TRỮ"
_OUTCOMES = {
    Indication.PASSED: "đạt",
    Indication.FAILED: "không đạt",
    Indication.INDETERMINATE: "chưa kết luận được",
}
_WIDTHS = (0.3, 0.7)


def write(
    archive: Archive,
    holding: Holding,
    stated: Mapping[str, Any],
    entry: EntryProof | None,
    evidence: bytes | None,
    *,
    at: datetime,
) -> bytes:
    """Return the cover.

    Args:
        archive: who made the passport.
        holding: the dossier.
        stated: what `passport.json` says.
        entry: the journal entry's proof.
        evidence: the evidence record.
        at: the time of making.
    """
    blocks: list[Block] = [
        Text(stated["archive"]["name"], "centred"),
        Text(TITLE, "title"),
        *([Text("THỬ NGHIỆM - KHÔNG CÓ GIÁ TRỊ PHÁP LÝ", "centred")] if stated["test"] else []),
        Text(
            "Tệp này chứng minh hồ sơ dưới đây được lưu trữ nguyên vẹn. Ai cũng tự kiểm tra được, "
            "không cần mạng, không cần phần mềm của kho lưu trữ và không cần tin kho lưu trữ."
        ),
        Text("Hồ sơ", "heading"),
        Rows(("Mục", "Nội dung"), _facts(holding, stated), _WIDTHS),
        Text("Bằng chứng trong tệp này", "heading"),
        Rows(("Bằng chứng", "Nội dung"), _proofs(holding, stated, entry, evidence), _WIDTHS),
        Text("Thời hạn lưu trữ", "heading"),
        *(Text(one) for one in _retention(archive, holding)),
        Text("Cách kiểm tra", "heading"),
        *(Text(one) for one in _STEPS),
        Text("Các tài liệu trong hồ sơ", "heading"),
        Rows(("Tài liệu", "SHA-256"), _documents(stated), (0.4, 0.6)),
    ]
    foot = f"Hộ chiếu hồ sơ {holding.dossier.code}, lập ngày {_day(at)}"
    return write_pdf(
        f"{TITLE} {holding.dossier.code}", blocks, at=at.astimezone(VIETNAM), foot=foot
    )


_STEPS = (
    "1. Mở tệp hộ chiếu (ZIP). Trên máy có Python 3.11 và thư viện cryptography, chạy: "
    "python3 verify.py HO-CHIEU.zip. Mỗi dòng cho biết ĐẠT hay KHÔNG ĐẠT.",
    "2. So vân tay của chứng thư gốc mà chương trình in ra với vân tay do cơ quan cấp chứng thư công bố.",
    "3. Nếu có bản gốc của tài liệu trong tay: python3 verify.py HO-CHIEU.zip TỆP. Chương trình cho biết "
    "tệp đó có đúng là tài liệu của hồ sơ này, không khác một bit, hay không.",
    "Muốn kiểm tra bằng openssl, không dùng chương trình kèm theo: xem HUONG-DAN.txt.",
)


def _facts(holding: Holding, stated: Mapping[str, Any]) -> list[tuple[str, str]]:
    dossier, package = holding.dossier, stated["package"]
    rows = [
        ("Mã hồ sơ", dossier.code),
        ("Tiêu đề", dossier.title),
        ("Cơ quan", f"{dossier.agency} {dossier.agency_name or ''}".strip()),
        ("Thủ tục", f"{dossier.procedure} {dossier.procedure_name or ''}".strip()),
        ("Ngày tiếp nhận", f"{dossier.received_on:%d/%m/%Y}"),
        (
            "Ngày kết thúc",
            f"{dossier.closed_on:%d/%m/%Y}" if dossier.closed_on else "chưa kết thúc",
        ),
        ("Phiên bản", f"{package['version']} ({package['size']} byte)"),
        ("SHA-256 của gói", package["sha256"]),
    ]
    return [(name, text) for name, text in rows if text]


def _proofs(
    holding: Holding, stated: Mapping[str, Any], entry: EntryProof | None, evidence: bytes | None
) -> list[tuple[str, str]]:
    seal = stated["seal"]
    algorithms = " và ".join(seal["algorithms"])
    rows = [("Con dấu của kho", f"{seal['by']}; dấu thời gian {_moment(seal['at'])}; {algorithms}")]
    counts = Counter(_OUTCOMES[one.indication] for one in holding.verdicts)
    told = ", ".join(f"{count} {outcome}" for outcome, count in counts.items()) or "không có chữ ký"
    rows.append(("Chữ ký số trong tài liệu", f"{told}; báo cáo và tài liệu kiểm tra kèm theo"))
    if entry is not None:
        head = Checkpoint.of_text(entry.checkpoint.text)
        names = ", ".join(dict.fromkeys(one.name for one in entry.cosignatures)) or "chưa có"
        rows.append(
            ("Nhật ký của kho", f"mục {entry.index + 1} trong {head.size} mục; làm chứng: {names}")
        )
    if evidence is not None:
        rows.append(("Bằng chứng lâu dài", "RFC 4998, đã đối chiếu với gói khi lập hộ chiếu"))
    rows += [("Chưa có", missing.split(" / ")[0]) for missing in stated["missing"]]
    return rows


def _retention(archive: Archive, holding: Holding) -> list[str]:
    decision = explained(archive, holding)
    found = [f"{r.text_vi} ({r.basis})" if r.basis else r.text_vi for r in decision.reasons]
    return found or ["Chưa xác định."]


def _documents(stated: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(one["title"], one["sha256"]) for one in stated["files_of_record"]]


def _moment(text: str | None) -> str:
    if text is None:
        return "?"
    return f"{datetime.fromisoformat(text).astimezone(VIETNAM):%H:%M:%S %d/%m/%Y}"


def _day(at: datetime) -> str:
    return f"{at.astimezone(VIETNAM):%d/%m/%Y}"
