"""What is told at once of a description is what is told of it at length."""

from __future__ import annotations

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.packages import json_text
from archive.packages.json_fit import fitting
from tests.builders import a_description

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 2),
    st.sampled_from(["", " ", "received", "citizen", "a" * 64, "ab", "2026-01-02"]),
    st.just([]),
    st.just({}),
    st.just([{"file": "a.pdf", "title": "A"}]),
    st.just({"number": "1"}),
    st.just({"sale": "2026-01-02"}),
    st.just({"Sale": 1}),
).map(copy.deepcopy)
KEYS = st.sampled_from(
    [
        "dossierCode",
        "dossierCodeOld",
        "status",
        "events",
        "result",
        "size",
        "sha256",
        "role",
        "important",
        "kind",
        "title",
        "file",
        "fields",
        "profile",
        "code",
        "unknown",
        "applicant",
    ]
)
SIGNS = st.sampled_from("aăẳệ Đ.,\n\t\x00\x1f\ufffd\ufffe\ud800¨©Ôµãñöù")
TEXTS = st.text(SIGNS, max_size=12)


def _places(content):
    """Return every object and list in a description."""
    inner = content.values() if isinstance(content, dict) else content
    found = [content]
    for value in inner:
        found += _places(value) if isinstance(value, dict | list) else []
    return found


@given(data=st.data())
def test_what_surely_fits_has_no_findings_and_nothing_else_is_without(data) -> None:
    content = copy.deepcopy(a_description())
    for _ in range(data.draw(st.integers(0, 3))):
        place = data.draw(st.sampled_from(_places(content)))
        if isinstance(place, list):
            place.append(data.draw(VALUES))
        elif data.draw(st.booleans()) and place:
            place.pop(data.draw(st.sampled_from(sorted(place))))
        else:
            place[data.draw(KEYS | st.sampled_from(sorted(place) or ["x"]))] = data.draw(VALUES)

    assert json_text._fits()(content) == json_text._validator().is_valid(content)


def test_a_schema_with_another_keyword_is_left_to_a_validator() -> None:
    assert not fitting({"properties": {"a": {"multipleOf": 2}}})({"a": 2})
    assert fitting({"properties": {"a": {"minimum": 2}}})({"a": 2})


@given(
    content=st.dictionaries(st.sampled_from("abc"), TEXTS | st.lists(TEXTS), max_size=3),
    twice=st.booleans(),
)
def test_a_text_that_is_passed_over_has_no_findings(content, twice) -> None:
    source = json.dumps(content)
    if twice and content:
        source = source[:-1] + ', "a": ""}'
    at_once, found = json_text.parse(source.encode(), "x", max_bytes=10_000)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(json_text, "_has_nothing_odd", lambda _: False)
        at_length, more = json_text.parse(source.encode(), "x", max_bytes=10_000)

    assert (at_once, found) == (at_length, more)
