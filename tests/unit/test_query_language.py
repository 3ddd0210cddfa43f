from __future__ import annotations

from datetime import date

import pytest

from archive.search import dates
from archive.search.fields import NAMES, SHOWN, field_named
from archive.search.language import operators_in, parse
from archive.search.query import (
    All,
    And,
    Fuzzy,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Range,
    Term,
    errors_in,
)
from archive.search.recognise import Shape, shape_of


def word(text: str, field: str = "any") -> Term:
    return Term(field, text)


A, B, C = word("a"), word("b"), word("c")


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("", All()),
        ("  \t ", All()),
        ("*", All()),
        ("*:*", All()),
        ("()", All()),
        ("a", A),
        ("a b", And((A, B))),
        ("a VÀ b", And((A, B))),
        ("a && b", And((A, B))),
        ("a HOẶC b", Or((A, B))),
        ("a OR b OR c", Or((A, B, C))),
        ("a || b", Or((A, B))),
        ("a OR b AND c", Or((A, And((B, C))))),
        ("(a OR b) c", And((Or((A, B)), C))),
        ("-a", Not(A)),
        ("KHÔNG a", Not(A)),
        ("NOT NOT a", A),
        ("a -b", And((A, Not(B)))),
        ("a AND NOT b", And((A, Not(B)))),
        ("a -(b c)", And((A, Not(And((B, C)))))),
        ("-tên:an", Not(word("an", "name"))),
        ("a-b", word("a-b")),
        ("and or not", And((word("and"), word("or"), word("not")))),
        ("ANDROID", word("ANDROID")),
        ('"giấy phép"', Phrase("any", ("giấy", "phép"))),
        ("“giấy phép”", Phrase("any", ("giấy", "phép"))),
        ('tên:"văn an"', Phrase("name", ("văn", "an"))),
        ('"a (b"', Phrase("any", ("a", "(b"))),
        ("xây*", Prefix("any", "xây")),
        ("mã:2205*", Prefix("code", "2205")),
        ("nguyen~", Fuzzy("any", "nguyen")),
        ("nguyen~1", Fuzzy("any", "nguyen")),
        ("tên:(a OR b)", Or((word("a", "name"), word("b", "name")))),
        ("tên:(a cccd:b)", And((word("a", "name"), word("b", "identity")))),
        ("cơquan:H26.18", word("H26.18", "agency")),
        ('cơquan:"sở tư pháp"', word("sở tư pháp", "agency")),
        ("12:30", word("12:30")),
        ("năm:2022", Range("year", 2022, 2022)),
        ("năm:2020..2022", Range("year", 2020, 2022)),
        ("năm:>2020", Range("year", 2021, None)),
        ("chữký:hợplệ", word("passed", "signature")),
        ('trạngthái:"từ chối"', word("refused", "status")),
        ("a\0b", And((A, B))),
    ],
)
def test_a_query_is_read(text: str, node: Node) -> None:
    parsed = parse(text)

    assert parsed.node == node
    assert parsed.diagnostics == ()


def test_decomposed_input_is_read_as_composed() -> None:
    assert parse("te\u0302n:a HOA\u0323\u0306C b").node == parse("tên:a HOẶC b").node


@pytest.mark.parametrize(
    "alias",
    ["mã", "ma", "Mã", "MÃ", "tên", "ten", "cccd", "thủtục", "thutuc", "thủ_tục", "cơquan", "coquan",
     "ngày", "ngay", "năm", "nam", "trạngthái", "trangthai", "sốkq", "sokq", "chữký", "chuky",
     "text", "tiêuđề", "ngàytrả"],
)  # fmt: skip
def test_fields_have_vietnamese_and_ascii_names(alias: str) -> None:
    assert field_named(alias) is not None


def test_every_field_is_shown_under_one_name() -> None:
    assert len(SHOWN) == len(set(NAMES.values()))
    assert {field_named(name) for name in SHOWN} == set(NAMES.values())


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2022", date(2022, 1, 1), date(2022, 12, 31)),
        ("02/2024", date(2024, 2, 1), date(2024, 2, 29)),
        ("2/2023", date(2023, 2, 1), date(2023, 2, 28)),
        ("2022-06", date(2022, 6, 1), date(2022, 6, 30)),
        ("5/1/2022", date(2022, 1, 5), date(2022, 1, 5)),
        ("05.01.2022", date(2022, 1, 5), date(2022, 1, 5)),
        ("05-01-2022", date(2022, 1, 5), date(2022, 1, 5)),
        ("2022-01-05", date(2022, 1, 5), date(2022, 1, 5)),
        ("Q3/2022", date(2022, 7, 1), date(2022, 9, 30)),
        ("quý 4/2022", date(2022, 10, 1), date(2022, 12, 31)),
        ("01/2022..06/2022", date(2022, 1, 1), date(2022, 6, 30)),
        ("01/2022…06/2022", date(2022, 1, 1), date(2022, 6, 30)),
        ("01/2022-06/2022", date(2022, 1, 1), date(2022, 6, 30)),
        ("01/01/2022-15/01/2022", date(2022, 1, 1), date(2022, 1, 15)),
        ("2021 đến 2022", date(2021, 1, 1), date(2022, 12, 31)),
        ("2022..", date(2022, 1, 1), None),
        ("..2022", None, date(2022, 12, 31)),
        (">=2022", date(2022, 1, 1), None),
        (">2022", date(2023, 1, 1), None),
        ("<2022", None, date(2021, 12, 31)),
        ("<=02/2022", None, date(2022, 2, 28)),
    ],
)
def test_dates_are_read_as_people_write_them(text: str, first: date, last: date) -> None:
    assert dates.parse_span(text) == (first, last)


@pytest.mark.parametrize(
    "text",
    ["", "x", "13/2022", "00/2022", "29/02/2023", "31/04/2022", "0/1/2022", "06/2022..01/2022", "..",
     "1..2..3", ">", "20222", "5/5/22", "0000", "2022-13-01", "> x", "Q5/2022"],
)  # fmt: skip
def test_what_is_no_date_is_refused_with_words(text: str) -> None:
    with pytest.raises(dates.NoDate, match=r"\w"):
        dates.parse_span(text)


@pytest.mark.parametrize(
    ("text", "code", "piece", "suggestion"),
    [
        ('a "b', "QUOTE", '"', 'add "'),
        ("(a", "BRACKET", "(", "add )"),
        ("a)", "BRACKET", ")", "leave it out"),
        ("tne:a", "FIELD", "tne:", "did you mean tên:"),
        ("cơqan:a", "FIELD", "cơqan:", "did you mean cơquan:"),
        ("zzzzzz:a", "FIELD", "zzzzzz:", "fields are mã"),
        ("a HOẶC", "OPERATOR", "HOẶC", 'write "hoặc"'),
        ("OR a", "OPERATOR", "OR", 'write "or"'),
        ("a KHÔNG", "OPERATOR", "KHÔNG", 'write "không"'),
        ("x*", "STAR", "x*", ""),
        ("*xây", "STAR", "*xây", "xây*"),
        ("x*y", "STAR", "x*y", ""),
        ("mã:x~", "FUZZY", "x~", ""),
        ("ngày:13/2022", "DATE", "13/2022", "ngày:01/2022"),
        ("ngày:2022*", "DATE", "2022*", ""),
        ("năm:x", "DATE", "x", ""),
        ("trạngthái:x", "VALUE", "x", "received, processing"),
        ("mã:--", "EMPTY", "--", ""),
    ],
)
def test_an_error_has_a_place_a_code_and_help(
    text: str, code: str, piece: str, suggestion: str
) -> None:
    parsed = parse(text)

    (diagnostic,) = parsed.diagnostics
    assert diagnostic.code == f"KHO-QUERY-{code}"
    assert text[diagnostic.start : diagnostic.end] == piece
    assert suggestion in diagnostic.suggestion
    assert diagnostic.fatal
    assert not parsed.accepted
    assert errors_in(parsed.node) == [diagnostic]


def test_a_word_without_letters_is_left_out_with_a_warning() -> None:
    parsed = parse("a 🙂 b")

    assert parsed.node == And((A, B))
    assert parsed.accepted
    assert [(d.start, d.end, d.fatal) for d in parsed.diagnostics] == [(2, 3, False)]


def test_several_errors_are_all_told_in_order() -> None:
    parsed = parse("tne:a ngày:13/2022 x*")

    assert [d.code for d in parsed.diagnostics] == [
        "KHO-QUERY-FIELD",
        "KHO-QUERY-DATE",
        "KHO-QUERY-STAR",
    ]
    assert set(parsed.diagnostics[0].to_json()) == {
        "start", "end", "code", "message", "suggestion", "fatal",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "code"),
    [("a" * 10_001, "LENGTH"), ("a " * 1_025, "CLAUSES"), ("(" * 41 + "a" + ")" * 41, "DEPTH"),
     ("NOT " * 1_000 + "a", "DEPTH")],
    ids=["long", "many", "deep", "negated"],
)  # fmt: skip
def test_a_query_has_limits(text: str, code: str) -> None:
    assert [d.code for d in parse(text).diagnostics] == [f"KHO-QUERY-{code}"]


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("012345678901", Shape.IDENTITY),
        ("01234567890", Shape.WORD),
        ("H26.18-220524-0001", Shape.DOSSIER),
        ("h26-220524-0001", Shape.DOSSIER),
        ("000.00.18.H26-220524-0001", Shape.DOSSIER),
        ("220524-0001", Shape.DOSSIER),
        ("H26.18-2205", Shape.DOSSIER),
        ("H49.64.33.2026.160", Shape.DOSSIER),
        ("12/GP-UBND", Shape.RESULT),
        ("7/2024/QĐ-UBND", Shape.RESULT),
        ("KQ.G15.000469", Shape.RESULT),
        ("1.001193", Shape.PROCEDURE),
        ("1.000318.000.00.00.H40", Shape.PROCEDURE),
        ("H26", Shape.AGENCY),
        ("H26.18.03", Shape.AGENCY),
        ("Nguyễn", Shape.WORD),
        ("24/05/2022", Shape.WORD),
        ("2022", Shape.WORD),
        ("giấy-phép", Shape.WORD),
    ],
)
def test_codes_and_numbers_are_recognised(text: str, shape: Shape) -> None:
    assert shape_of(text) is shape


def test_operators_can_be_coloured() -> None:
    text = "a HOẶC b KHÔNG c"

    assert [text[start:end] for start, end in operators_in(text)] == ["HOẶC", "KHÔNG"]
