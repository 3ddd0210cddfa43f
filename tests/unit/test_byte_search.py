"""A search by the C library finds what Python's own search finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from archive.formats import byte_search

CONTENT = st.binary(max_size=60) | st.lists(st.sampled_from([b"a", b"ab", b"\0", b"id:"])).map(
    b"".join
)
NEEDLE = st.sampled_from([b"a", b"ab", b"aba", b"aaa", b"\0\0", b"id:", b"id:id:a"])


@given(content=CONTENT, needle=NEEDLE)
def test_what_is_contained_is_found(content: bytes, needle: bytes) -> None:
    assert byte_search.contains(content, needle) == (needle in content)


@given(content=CONTENT, needle=NEEDLE, at_most=st.integers(0, 9))
def test_occurrences_are_counted_up_to_a_limit(content: bytes, needle: bytes, at_most: int) -> None:
    assert byte_search.count(content, needle, at_most) == min(content.count(needle), at_most)


def test_occurrences_end_where_the_content_ends() -> None:
    whole = b"an obj, another obj" * 1000

    assert byte_search.count(whole[:-1], b" obj", 5000) == 1999
    assert byte_search.count(whole, b" obj", 5000) == 2000
    assert byte_search.count(b"", b" obj", 5000) == 0
