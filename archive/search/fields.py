"""The fields that people may name in a query, under which names, and the values they take."""

from __future__ import annotations

from archive.search.folding import compact

ANY = "any"
"""Everything there is about a dossier; the field of bare words."""
NAME = "name"
CODE = "code"
IDENTITY = "identity"
PROCEDURE = "procedure"
AGENCY = "agency"
RECEIVED = "received_on"
CLOSED = "closed_on"
YEAR = "year"
STATUS = "status"
RESULT = "result"
SIGNATURE = "signature"
TITLE = "title"
TEXT = "text"

WORD_FIELDS = frozenset({ANY, NAME, TITLE, TEXT})
"""Fields of words: words, phrases, prefixes and `~` work in them."""
CODE_FIELDS = frozenset({CODE, IDENTITY, PROCEDURE, AGENCY, RESULT})
DATE_FIELDS = frozenset({RECEIVED, CLOSED})
CHOICE_FIELDS = frozenset({STATUS, SIGNATURE})

NAMES: dict[str, str] = {
    **dict.fromkeys(("ma", "mahoso", "mahs", "code", "hoso", "maluu", "filecode"), CODE),
    **dict.fromkeys(("ten", "hoten", "nguoinop", "name", "applicant"), NAME),
    **dict.fromkeys(("cccd", "cmnd", "dinhdanh", "sodinhdanh", "id", "identity"), IDENTITY),
    **dict.fromkeys(("thutuc", "tthc", "mathutuc", "procedure"), PROCEDURE),
    **dict.fromkeys(("coquan", "donvi", "agency"), AGENCY),
    **dict.fromkeys(("ngay", "ngaynhan", "ngaytiepnhan", "date", "received"), RECEIVED),
    **dict.fromkeys(("ngaytra", "ngaydong", "ketthuc", "ngayketthuc", "closed"), CLOSED),
    **dict.fromkeys(("nam", "year"), YEAR),
    **dict.fromkeys(("trangthai", "status"), STATUS),
    **dict.fromkeys(("sokq", "soketqua", "ketqua", "kq", "result"), RESULT),
    **dict.fromkeys(("chuky", "chukyso", "signature"), SIGNATURE),
    **dict.fromkeys(("tieude", "trichyeu", "title"), TITLE),
    **dict.fromkeys(("text", "toanvan", "noidung", "vanban"), TEXT),
}
"""Folded name to field; accents, spaces and underscores in what is typed do not matter."""

SHOWN = ("mã", "tên", "cccd", "thủtục", "cơquan", "ngày", "ngàytrả", "năm", "trạngthái", "sốkq",
         "chữký", "tiêuđề", "text")  # fmt: skip
"""The names to offer, one for each field."""

_STATUS: dict[str, str] = {
    **dict.fromkeys(("received", "tiepnhan", "datiepnhan", "moi"), "received"),
    **dict.fromkeys(("processing", "dangxuly", "dangthuly", "dangiaiquyet"), "processing"),
    **dict.fromkeys(("returned", "datra", "datraketqua", "dagiaiquyet", "xong"), "returned"),
    **dict.fromkeys(("refused", "tuchoi", "bituchoi"), "refused"),
    **dict.fromkeys(("withdrawn", "rut", "darut", "ruthoso"), "withdrawn"),
    **dict.fromkeys(("stopped", "dung", "dunggiaiquyet", "tamdung"), "stopped"),
}
_SIGNATURE: dict[str, str] = {
    **dict.fromkeys(("passed", "hople", "dat"), "passed"),
    **dict.fromkeys(("failed", "khonghople", "hong", "sai"), "failed"),
    **dict.fromkeys(("indeterminate", "chuaxacdinh", "khongxacdinh"), "indeterminate"),
    **dict.fromkeys(("none", "khongco", "chuaky", "khongky"), "none"),
}
CHOICES: dict[str, dict[str, str]] = {STATUS: _STATUS, SIGNATURE: _SIGNATURE}
"""What may be typed for a value, folded and without spaces, to the value itself."""


def field_named(typed: str) -> str | None:
    """Return the field that a name stands for, None if there is none."""
    return NAMES.get(compact(typed))
