from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.search.language import parse
from archive.search.snippets import highlight

TEXT = (
    "Căn cứ Luật Xây dựng số 50/2014/QH13; xét đơn của ông Nguyễn Văn Đức về việc cấp giấy phép "
    "xây dựng nhà ở riêng lẻ. " + "Nội dung khác không liên quan. " * 30 + "Nơi nhận: ông Đức; lưu."
)


@pytest.mark.parametrize(
    ("query", "marked"),
    [
        ("duc", "[Đức]"),
        ("Đức", "[Đức]"),
        ('"giay phep xay dung"', "[giấy phép xây dựng]"),
        ("ngu*", "[Nguyễn]"),
        ("nguyne~", "[Nguyễn]"),
        ("50/2014", "[50/2014]"),
        ("text:don", "[đơn]"),
    ],
)
def test_the_original_is_marked(query: str, marked: str) -> None:
    assert marked in highlight(TEXT, parse(query).node).marked("[", "]")


def test_the_window_with_most_of_the_query_is_chosen() -> None:
    snippet = highlight(TEXT, parse("nơi nhận đức").node, width=60)

    assert "[Nơi] [nhận]: ông [Đức]" in snippet.marked("[", "]")
    assert snippet.text.startswith("…")


def test_what_is_excluded_is_not_marked() -> None:
    assert "[" not in highlight(TEXT, parse("-đức").node).marked("[", "]")


def test_without_a_match_the_beginning_is_shown() -> None:
    snippet = highlight(TEXT, parse("zzz").node, width=50)

    assert snippet.text.startswith("Căn cứ Luật")
    assert snippet.text.endswith("…")
    assert snippet.marks == ()


def test_decomposed_text_is_marked_too() -> None:
    snippet = highlight(unicodedata.normalize("NFD", TEXT), parse("nguyen van duc").node)

    assert "[Nguyễn] [Văn] [Đức]" in snippet.marked("[", "]")


def test_empty_text_has_an_empty_snippet() -> None:
    assert highlight("", parse("a").node).text == ""


@given(st.text(), st.text(max_size=30), st.integers(10, 80))
def test_marks_are_in_the_snippet_in_order_and_apart(text: str, query: str, width: int) -> None:
    snippet = highlight(text, parse(query).node, width=width)

    ends = [place for mark in snippet.marks for place in mark]
    assert ends == sorted(ends)
    assert all(0 <= start < end <= len(snippet.text) for start, end in snippet.marks)
    assert len(snippet.text) <= width + 2
    assert snippet.marked("", "") == snippet.text
