"""Who and what the demonstration is about: 24 fictional dossiers, some of them unhappy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Case(StrEnum):
    """What is special about a dossier; each has a place in the tour."""

    GOOD = "good"
    ALTERED = "altered after signing"
    REVOKED = "certificate revoked before signing"
    EXPIRED = "certificate expired, good timestamp"
    UNKNOWN_CA = "unknown CA"
    SHA1 = "SHA-1 signature"
    MISSING_PAGE = "a page is missing"
    DUPLICATE = "the same papers under another code"
    HOLD = "under hold"
    DUE = "due"
    DUE_SOON = "due next month"


@dataclass(frozen=True, slots=True)
class Procedure:
    """A fictional procedure; `retention` is the row that its dossiers fall under."""

    code: str
    name: str
    result: str
    sign: str
    retention: str


BUILDING = Procedure(
    "9.000001", "Cấp giấy phép xây dựng nhà ở riêng lẻ", "Giấy phép xây dựng", "GP-UBND", ""
)
SIGNATURE = Procedure(
    "9.000002",
    "Chứng thực chữ ký trong giấy tờ, văn bản",
    "Văn bản chứng thực chữ ký",
    "CT-UBND",
    "CT-04",
)
CONTRACT = Procedure(
    "9.000003",
    "Chứng thực hợp đồng chuyển nhượng quyền sử dụng đất",
    "Văn bản chứng thực hợp đồng",
    "HĐ-UBND",
    "CT-05",
)
BIRTH = Procedure("9.000004", "Đăng ký khai sinh", "Trích lục khai sinh", "TLKS", "HT-01")
SALE = Procedure(
    "9.000005",
    "Thông báo bán hàng không tại địa điểm giao dịch thường xuyên",
    "Giấy tiếp nhận thông báo",
    "TB-UBND",
    "TM-42",
)
MERIT = Procedure(
    "9.000006", "Công nhận người có công với cách mạng", "Quyết định công nhận", "QĐ-UBND", "NC-22"
)

AGENCIES = (("H99.18", "Ủy ban nhân dân phường Đông Thử"), ("H99.19", "Ủy ban nhân dân xã Tây Mẫu"))

NAMES = (
    "Nguyễn Thị Hường", "Trần Văn Đức", "Lê Hoàng Phượng", "Phạm Quốc Đạt", "Hoàng Thị Ánh Tuyết",
    "Phan Đình Khôi", "Vũ Ngọc Diễm", "Võ Thị Sáu Mười", "Đặng Hữu Nghĩa", "Bùi Xuân Trường",
    "Đỗ Thị Thanh Hằng", "Hồ Quang Minh", "Ngô Bảo Ngọc", "Dương Văn Tài", "Lý Thị Kim Ngân",
    "Đinh Công Thành", "Mai Phương Thảo", "Tô Hữu Phước", "Trịnh Thị Bích Liên", "Huỳnh Tấn Lộc",
    "Cao Thị Mỹ Duyên", "Đoàn Mạnh Hùng", "Quách Tuấn Kiệt", "Lương Thị Yến Nhi",
)  # fmt: skip

PLAN: tuple[tuple[Procedure, Case], ...] = (
    (BUILDING, Case.GOOD), (CONTRACT, Case.GOOD), (BIRTH, Case.GOOD), (MERIT, Case.GOOD),
    (BUILDING, Case.GOOD), (CONTRACT, Case.GOOD), (BIRTH, Case.GOOD), (SIGNATURE, Case.GOOD),
    (BUILDING, Case.GOOD), (CONTRACT, Case.GOOD), (BIRTH, Case.GOOD), (MERIT, Case.GOOD),
    (SIGNATURE, Case.DUE), (SIGNATURE, Case.DUE), (SALE, Case.DUE_SOON), (CONTRACT, Case.HOLD),
    (BUILDING, Case.EXPIRED), (CONTRACT, Case.REVOKED), (BUILDING, Case.UNKNOWN_CA),
    (BIRTH, Case.SHA1), (BUILDING, Case.ALTERED), (CONTRACT, Case.MISSING_PAGE),
    (BUILDING, Case.GOOD), (BUILDING, Case.DUPLICATE),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Matter:
    """One fictional dossier."""

    ordinal: int
    case: Case
    procedure: Procedure
    agency: str
    agency_name: str
    name: str
    identity_number: str
    received_on: date
    closed_on: date

    @property
    def code(self) -> str:
        """The dossier code of the one-stop system."""
        return f"{self.agency}-{self.received_on:%y%m%d}-{self.ordinal:04d}"

    @property
    def result_number(self) -> str:
        """Number and sign of the result."""
        return f"{100 + self.ordinal}/{self.procedure.sign}"


def matters(today: date) -> Iterator[Matter]:
    """Yield the dossiers with dates that make the due ones due on `today`, whenever that is."""
    for ordinal, ((procedure, case), name) in enumerate(zip(PLAN, NAMES, strict=True), 1):
        closed = _closed(case, ordinal, today)
        agency, agency_name = AGENCIES[ordinal % len(AGENCIES)]
        yield Matter(
            ordinal,
            case,
            procedure,
            agency,
            agency_name,
            name,
            f"099{ordinal % 2}{70 + ordinal:02d}{900000 + ordinal * 137:06d}",
            closed - timedelta(days=12),
            closed,
        )


def _closed(case: Case, ordinal: int, today: date) -> date:
    if case is Case.DUE:
        return date(today.year - 4, 3 + ordinal % 6, 15)
    if case is Case.DUE_SOON:
        first_of_next = (today.replace(day=1) + timedelta(days=32)).replace(day=10)
        return first_of_next.replace(year=first_of_next.year - 2)
    if case is Case.EXPIRED:
        return date(today.year - 4, 6, 10)
    return today - timedelta(days=40 + 9 * ordinal)
