"""The audit as a paper: PDF/A in Vietnamese, drawn from a heading and figures alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from archive.formats.pdf_writing import Bars, Block, Columns, Rows, Text, write
from archive.reports.figures import NONE, WORST_LISTED, Figures
from archive.reports.phrases import KINDS, OUTCOMES, WHY, scope_words, share_words

Section = tuple[str, Sequence[Block]]
_BARS = 15
"""Bars of one chart at most."""
_ZONE = timezone(timedelta(hours=7))
_ORDER = ("passed", "indeterminate", "failed")
TITLE = "BÁO CÁO KIỂM TRA CHỮ KÝ SỐ"


def draw(heading: Mapping[str, Any], figures: Figures, *, agency: str, finished: datetime) -> bytes:
    """Return the report of one audit as PDF/A-2b.

    Args:
        heading: of the audit, as `archive.auditing.results` keeps it.
        figures: counted from its outcomes.
        agency: name of the archive.
        finished: when the audit ended, in the archive's zone; the paper's own time.
    """
    blocks: list[Block] = [
        _top(heading, agency, finished),
        Text(TITLE, "title"),
        Text(f"Phạm vi: {scope_words(heading['scope'])}."),
    ]
    parts = (_summary(figures), _charts(figures), _method(heading, figures), _lists(figures))
    sections = [section for part in parts for section in part]
    for number, (title, inside) in enumerate(sections, 1):
        blocks += [Text(f"{number}. {title}", "heading"), *inside]
    foot = f"{heading['id']} - thử nghiệm" if heading["test"] else str(heading["id"])
    return write(f"{TITLE} {heading['id']}", blocks, at=finished, foot=foot)


def _top(heading: Mapping[str, Any], agency: str, at: datetime) -> Columns:
    left = [Text(agency.upper(), "signature"), Text(f"Đợt: {heading['id']}", "small")]
    if heading["test"]:
        left.append(Text("THỬ NGHIỆM - KHÔNG CÓ GIÁ TRỊ PHÁP LÝ", "signature"))
    right = [
        Text("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "signature"),
        Text("Độc lập - Tự do - Hạnh phúc", "signature"),
        Text(f"Ngày {at:%d} tháng {at:%m} năm {at:%Y}, {at:%H:%M:%S}", "centred"),
    ]
    return Columns(left, right)


def _summary(figures: Figures) -> Iterator[Section]:
    rows = [
        (OUTCOMES[name], str(figures.by_outcome[name]), _share(figures.by_outcome[name], figures))
        for name in _ORDER
    ]
    told = [
        f"Đã kiểm tra {figures.signatures} chữ ký và dấu thời gian trong {figures.dossiers} hồ sơ;"
        f" {figures.reused} hồ sơ được chứng minh là không đổi nên không đọc lại;"
        f" {len(figures.problems)} hồ sơ không kiểm tra được."
    ]
    if figures.test:
        told.append(f"{figures.test} chữ ký dẫn tới gốc thử nghiệm, không có giá trị pháp lý.")
    table = Rows(("Kết quả", "Số chữ ký", "Tỷ lệ"), rows, (50, 25, 25))
    yield "Kết quả chung", [table, *map(Text, told)]


def _share(count: int, figures: Figures) -> str:
    return (
        f"{100 * count / figures.signatures:.1f} %".replace(".", ",")
        if figures.signatures
        else NONE
    )


def _charts(figures: Figures) -> Iterator[Section]:
    parts = [OUTCOMES[name] for name in _ORDER]
    yield "Theo năm nhận hồ sơ", [Bars(parts, _stacked(dict(sorted(figures.by_year.items()))))]
    most = sorted(figures.by_issuer.items(), key=lambda pair: -pair[1].total())
    issuers: list[Block] = [Bars(parts, _stacked(dict(most[:_BARS])))]
    if len(most) > _BARS:
        issuers.append(Text(f"và {len(most) - _BARS} nơi cấp khác; xem tệp CSV.", "small"))
    yield "Theo nơi cấp chứng thư", issuers
    if figures.by_reason:
        rows = [(code, WHY.get(code, ""), str(n)) for code, n in figures.by_reason.most_common()]
        table = Rows(("Mã (EN 319 102-1)", "Nghĩa", "Số chữ ký"), rows, (40, 46, 14))
        yield "Lý do không đạt hoặc không kết luận được", [table]
    yield "Thuật toán", [Bars(("",), _plain(figures.by_algorithm))]
    yield "Dạng chữ ký", [Bars(("",), _plain(figures.by_format))]
    if figures.by_sunset:
        years = Bars(("",), [(year, [n]) for year, n in sorted(figures.by_sunset.items())])
        note = "Trước năm đó phải gia hạn bằng dấu thời gian hoặc hồ sơ chứng cứ (RFC 4998)."
        yield "Chữ ký đạt: năm hết khả năng tự chứng minh", [years, Text(note, "small")]


def _stacked(counted: Mapping[str, Counter[str]]) -> list[tuple[str, Sequence[int]]]:
    return [(label, [found[name] for name in _ORDER]) for label, found in counted.items()]


def _plain(counted: Counter[str]) -> list[tuple[str, Sequence[int]]]:
    return [(label, [count]) for label, count in counted.most_common(15)]


def _method(heading: Mapping[str, Any], figures: Figures) -> Iterator[Section]:
    scope = heading["scope"]
    told = [
        "Từng chữ ký được kiểm tra theo ETSI EN 319 102-1 tại thời điểm kiểm tra: giá trị băm,"
        " giá trị chữ ký, đường dẫn chứng thư (RFC 5280), thu hồi (CRL, OCSP), thời hạn của"
        " thuật toán (ETSI TS 119 312), dấu thời gian, phần tệp được ký và thay đổi sau khi ký."
        " Thời điểm đóng dấu niêm phong của kho được tính là bằng chứng tệp đã tồn tại."
        " “Không kết luận được” không có nghĩa là không hợp lệ.",
        "Hồ sơ chỉ không đọc lại khi gói tin vẫn đúng gói của đợt trước, phần mềm và dữ liệu tin"
        " cậy (gốc, CRL, OCSP) không đổi, lần kiểm tra toàn vẹn gần nhất không có sai lệch và kết"
        " quả không phụ thuộc thời gian đã trôi qua.",
    ]
    if scope["sample"] < 1:
        told.append(
            f"Mẫu {share_words(scope['sample'])} số hồ sơ có chữ ký, chọn theo giá trị băm SHA-256 của số"
            f" {scope['seed']} và mã hồ sơ: cùng số và cùng kho thì cùng mẫu."
        )
    rows = [
        ("Bắt đầu", _moment(heading["started_at"])),
        ("Kết thúc", _moment(heading["finished_at"])),
        ("Phần mềm", heading["software"]),
        ("Dữ liệu tin cậy (SHA-256)", heading["trust"]),
        ("Hồ sơ không đọc lại", str(figures.reused)),
        *((f"Kết quả {one['name']} (SHA-256)", one["sha256"]) for one in heading["pieces"]),
    ]
    yield "Phương pháp", [*map(Text, told), Rows(("Mục", "Giá trị"), rows, (32, 68))]


def _moment(text: str) -> str:
    return datetime.fromisoformat(text).astimezone(_ZONE).strftime("%d/%m/%Y %H:%M:%S %z")


def _lists(figures: Figures) -> Iterator[Section]:
    if figures.problems:
        rows = [(one["dossier_id"], one["detail"]) for one in figures.problems[:WORST_LISTED]]
        yield "Hồ sơ không kiểm tra được", [Rows(("Hồ sơ", "Lý do"), rows, (40, 60))]
    if not figures.listed:
        return
    hidden = figures.signatures - figures.by_outcome["passed"] - len(figures.listed)
    table = Rows(
        ("Hồ sơ", "Tệp, trường", "Loại, người ký", "Kết quả, lý do"),
        [_listed(one) for one in figures.listed],
        (21, 22, 21, 36),
    )
    more = [Text(f"và {hidden} chữ ký khác; xem tệp CSV.", "small")] if hidden else []
    yield "Chữ ký không đạt hoặc không kết luận được", [table, *more]


def _listed(one: Mapping[str, Any]) -> tuple[str, ...]:
    code = one["sub_indication"] or NONE
    why = WHY.get(code, one["reasons"])
    return (
        one["code"],
        f"{one['path']}\n{one['field'] or ''}",
        f"{KINDS.get(one['kind'], one['kind'])}\n{one['signed_by'] or NONE}",
        f"{OUTCOMES[one['indication']]}: {code}\n{why}",
    )
