"""The columns of a batch list: what they are called and where their values belong.

Headings may be the codes (`dossierCode`), the Vietnamese or the English names, in any case,
with or without accents. Note the trap: *mã số hồ sơ* is the dossier code of the one-stop
system, *mã hồ sơ* the archive file code.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from archive.packages import profile

_CLOSED_SET_NAMES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "status": {
        "received": ("mới đăng ký", "được tiếp nhận", "đã tiếp nhận", "tiếp nhận"),
        "processing": ("đang xử lý", "đang giải quyết", "yêu cầu bổ sung giấy tờ"),
        "returned": ("đã trả kết quả", "trả kết quả"),
        "refused": ("từ chối", "không được tiếp nhận", "từ chối giải quyết"),
        "withdrawn": ("rút hồ sơ", "công dân yêu cầu rút hồ sơ", "đã rút"),
        "stopped": ("dừng xử lý", "dừng giải quyết"),
    },
    "applicantKind": {
        "citizen": ("công dân", "cá nhân"),
        "organization": ("tổ chức", "doanh nghiệp"),
    },
    "important": {"1": ("có", "x", "true", "yes"), "0": ("không", "false", "no")},
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a list."""

    code: str
    place: str
    """Where the value goes in `dossier.json`: `tthc/receivedOn`; "" for files."""
    vi: str
    en: str
    also: tuple[str, ...] = ()
    """Other headings in use."""
    required: bool = False


_TTHC = (
    Column("dossierCode", "tthc/dossierCode", "Mã số hồ sơ", "Dossier code",
           ("Mã số hồ sơ TTHC", "Mã hồ sơ TTHC", "Số hồ sơ"), required=True),
    Column("dossierCodeOld", "tthc/dossierCodeOld", "Mã số hồ sơ cũ", "Old dossier code"),
    Column("procedureCode", "tthc/procedureCode", "Mã thủ tục", "Procedure code",
           ("Mã TTHC", "Mã thủ tục hành chính"), required=True),
    Column("procedureName", "tthc/procedureName", "Tên thủ tục", "Procedure name",
           ("Tên TTHC", "Tên thủ tục hành chính")),
    Column("agencyCode", "tthc/agencyCode", "Mã định danh cơ quan", "Agency code",
           ("Mã cơ quan",), required=True),
    Column("agencyName", "tthc/agencyName", "Tên cơ quan", "Agency name"),
    Column("fonds", "tthc/fonds", "Mã phông", "Fonds"),
    Column("applicantName", "tthc/applicant/name", "Họ tên người nộp", "Applicant name",
           ("Người nộp", "Tên người nộp", "Họ và tên", "Chủ hồ sơ"), required=True),
    Column("identityNumber", "tthc/applicant/identityNumber", "Số định danh", "Identity number",
           ("Số định danh cá nhân", "CCCD", "Số CCCD", "Mã số thuế")),
    Column("applicantKind", "tthc/applicant/kind", "Loại người nộp", "Applicant kind"),
    Column("receivedOn", "tthc/receivedOn", "Ngày tiếp nhận", "Received on",
           ("Ngày nhận",), required=True),
    Column("dueOn", "tthc/dueOn", "Ngày hẹn trả", "Due on", ("Ngày hẹn trả kết quả",)),
    Column("closedOn", "tthc/closedOn", "Ngày kết thúc", "Closed on",
           ("Ngày trả kết quả", "Ngày trả")),
    Column("status", "tthc/status", "Trạng thái", "Status", ("Tình trạng hồ sơ",), required=True),
    Column("important", "tthc/important", "Quan trọng", "Important"),
    Column("retentionCode", "tthc/retentionCode", "Mã thời hạn", "Retention code"),
    Column("resultNumber", "tthc/result/number", "Số kết quả", "Result number",
           ("Số, ký hiệu kết quả",)),
    Column("resultCode", "tthc/result/code", "Mã kết quả", "Result code"),
    Column("resultIssuedOn", "tthc/result/issuedOn", "Ngày cấp kết quả", "Result issued on",
           ("Ngày cấp",)),
    Column("resultExpiresOn", "tthc/result/expiresOn", "Ngày hết hạn kết quả",
           "Result expires on", ("Ngày hết hạn",)),
)  # fmt: skip
FILES = Column("files", "", "Tệp", "Files", ("Tệp tin", "Tên tệp", "File"))
TITLES = Column("fileTitles", "", "Tên tài liệu", "File titles")
ROLES = Column("fileRoles", "", "Loại thành phần", "File roles")
_REQUIRED_FIELDS = frozenset({"title"})


@cache
def columns() -> Mapping[str, Column]:
    """Return every column by its code, in the order of the template."""
    fields = (
        Column(
            field.code,
            f"dossier/{field.code}",
            field.vi,
            field.en,
            required=field.code in _REQUIRED_FIELDS,
        )
        for field in profile.load().dossier.values()
    )
    return {column.code: column for column in (*_TTHC, *fields, FILES, TITLES, ROLES)}


def by_heading(heading: str) -> Column | None:
    """Return the column that a heading names, None if it names none."""
    return _headings().get(folded(heading))


def nearest(heading: str) -> str:
    """Return the Vietnamese heading that an unknown one is probably meant as; "" if none is."""
    meant = folded(heading)
    inside = [name for name in _headings() if len(meant) > 4 and (meant in name or name in meant)]
    near = inside or difflib.get_close_matches(meant, _headings(), n=1, cutoff=0.75)
    return _headings()[min(near, key=len)].vi if near else ""


def meaning(column: Column, value: str) -> str:
    """Return a value's code where the list gives its name: `20 năm` is `05`."""
    return _names(column.code).get(folded(value), value)


def choices(code: str) -> Mapping[str, str]:
    """Return the values that a column may have with how a list says them; empty: any."""
    field = profile.load().dossier.get(code)
    if field is not None and field.values:
        return {value: words[0] for value, words in field.values.items()}
    return {value: words[0] for value, words in _CLOSED_SET_NAMES.get(code, {}).items()}


def folded(text: str) -> str:
    """Return text as headings are compared: small letters and digits without accents."""
    plain = unicodedata.normalize("NFD", text.casefold()).replace("đ", "d")
    return re.sub(r"[^a-z0-9]", "", plain)


@cache
def _headings() -> Mapping[str, Column]:
    found: dict[str, Column] = {}
    for column in columns().values():
        for name in (column.code, column.vi, column.en, *column.also):
            found.setdefault(folded(name), column)
    return found


@cache
def _names(code: str) -> Mapping[str, str]:
    names: dict[str, str] = {}
    for value, words in _CLOSED_SET_NAMES.get(code, {}).items():
        names |= {folded(word): value for word in (value, *words)}
    field = profile.load().dossier.get(code)
    for value, words in (field.values if field is not None else {}).items():
        names |= {folded(word): value for word in (value, *words) if word}
        names[value.lstrip("0")] = value
    return names
