"""Nothing that people read is in English only: each phrase of the sources has its pair."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from archive.signatures import sunset
from archive.spoken import HOLE, not_told, pairs, vietnamese
from cli import words
from tests import phrases

NUMBERED = re.compile(r"\{(\d)\}")


def test_every_finding_reason_and_hint_of_the_sources_is_told_in_both_languages():
    known = pairs().keys() | not_told()

    alone = {
        phrase: place
        for place, phrase in (*phrases.of_speaking_modules(), *phrases.of_errors())
        if phrase not in known
    }

    assert alone == {}, "add them to schemas/words/told.toml"


def test_what_is_told_is_still_said_somewhere():
    """Pairs of words alone, and of what libraries say, are in sections of their own."""
    said = {phrase for _, phrase in (*phrases.of_speaking_modules(), *phrases.of_errors())}

    assert not_told() - said == set()


def test_the_link_of_every_reason_is_told_as_well():
    ends = datetime(2046, 11, 23, tzinfo=UTC)

    assert {sunset.worded([reason], ends) for reason in pairs()} - pairs().keys() == set()


@pytest.mark.parametrize("english", [e for e in pairs() if HOLE in e])
def test_no_value_is_lost_or_invented(english):
    told = pairs()[english]

    numbered = {int(number) for number in NUMBERED.findall(told)}
    assert told.count(HOLE) == english.count(HOLE) or (
        numbered and max(numbered) < english.count(HOLE)
    )
    assert not (HOLE in told and numbered)


@pytest.mark.parametrize(
    ("english", "told"),
    [
        ("the signature value does not verify", "giá trị chữ ký kiểm tra không đạt"),
        ("OBJID “a” is not the folder's name “b”", "OBJID “a” không phải tên thư mục “b”"),
        (
            "timestamp: the issuer CN=A leads to no root that is trusted here",
            "dấu thời gian: nơi cấp CN=A không dẫn tới chứng thư gốc nào được tin cậy ở đây",
        ),
        (
            "the CMS has 2 signers; the signer's certificate is not known",
            "CMS có 2 người ký; không biết chứng thư của người ký",
        ),
        ("differs from the file: recorded 3, found 8 bytes", "khác với tệp: ghi 3, thấy 8 byte"),
        (
            "the CA Kho (TEST) expires on 2046-11-23T20:56:14+00:00",
            "CA Kho (TEST) hết hạn ngày 24/11/2046 03:56:14",
        ),
        ("a text that nobody knows", "a text that nobody knows"),
        ("{0} %s {x}", "{0} %s {x}"),
        ("x" * 100_000, "x" * 100_000),
    ],
    ids=lambda text: text[:20],
)
def test_phrases_inside_phrases_are_told_and_values_are_kept(english, told):
    assert vietnamese(english) == told


def test_values_with_braces_are_kept():
    name = "{0} {x} %s"

    assert vietnamese(f"USE of {name} is empty") == f"USE of {name} rỗng"


def test_english_is_left_as_it_is():
    words.choose("en")
    try:
        assert words.told("the signature value does not verify").startswith("the")
    finally:
        words.choose(None)
