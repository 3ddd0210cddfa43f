from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.search import folding
from archive.search.folding import (
    BOUNDARY,
    MAX_TOKEN,
    accented_tokens,
    code_key,
    compact,
    composed,
    fold,
    fold_in_place,
    has_accents,
    nfc,
    token_spans,
    tokens,
)

VIETNAMESE = "aáàảãạăắằẳẵặâấầẩẫậeéèẻẽẹêếềểễệiíìỉĩịoóòỏõọôốồổỗộơớờởỡợuúùủũụưứừửữựyýỳỷỹỵđ"
vietnamese_text = st.text(st.sampled_from(VIETNAMESE + VIETNAMESE.upper() + " bcghkmnt0-,–“"))


def test_every_vietnamese_letter_folds_to_its_plain_letter() -> None:
    assert set(fold(VIETNAMESE + VIETNAMESE.upper())) == set("aeiouyd")


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Đặng Thị Đoàn", "dang thi doan"),
        ("NGUYỄN", "nguyen"),
        ("Nguye\u0302\u0303n", "nguyen"),
        ("Đắk Lắk – H'Mông", "dak lak – h'mong"),
        ("Êđê, Krông Ană", "ede, krong ana"),
        ("Straße Ñandú", "straße nandu"),
    ],
)
def test_text_is_folded(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(vietnamese_text)
def test_composed_and_decomposed_text_fold_to_the_same(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))
    assert tokens(unicodedata.normalize("NFD", text)) == tokens(text)


@given(st.text(st.characters() | st.sampled_from(" \u00a0\u2000\u0301\u0345\u3099\u03a3_-")))
def test_tokens_are_those_of_the_whole_folded_text_whatever_was_folded_before(text: str) -> None:
    whole = [token[:MAX_TOKEN] for token in re.findall(r"[^\W_]+", fold(text))]

    assert tokens(text) == whole == tokens(text)


def test_words_are_kept_only_while_there_is_room(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = folding._FoldedWords()
    monkeypatch.setattr(folding, "_KEPT_WORDS", 2)

    folded = [kept[word] for word in ("Đơn", "xin-phép", "Huế", "x" * 1000)]

    assert folded == ["don", "xin phep", "hue", "x" * MAX_TOKEN]
    assert list(kept) == ["Huế"]


@given(vietnamese_text)
def test_folding_in_place_is_folding_character_by_character(text: str) -> None:
    assert fold_in_place(nfc(text)) == fold(text)


@given(st.text())
def test_folding_in_place_keeps_every_place(text: str) -> None:
    assert len(fold_in_place(nfc(text))) == len(nfc(text))


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert tokens(" ".join(tokens(text))) == tokens(text)


@given(st.text())
def test_tokens_have_no_space_and_never_the_boundary(text: str) -> None:
    found = tokens(text + BOUNDARY)

    assert all(token and not any(char.isspace() for char in token) for token in found)
    assert not any(BOUNDARY in token for token in found)


@given(vietnamese_text)
def test_spans_lead_back_to_the_original(text: str) -> None:
    plain = nfc(text)

    for token, start, end in token_spans(plain):
        assert fold(plain[start:end]) == token


def test_text_that_is_no_letter_divides_tokens() -> None:
    assert tokens("12/GP-UBND – “nhà ở”, số_5…") == ["12", "gp", "ubnd", "nha", "o", "so", "5"]


def test_a_very_long_token_is_cut_the_same_way_on_both_sides() -> None:
    assert tokens("x" * 500) == tokens("x" * 400) == ["x" * 64]


@pytest.mark.parametrize(("old", "new"), [("hoà", "hòa"), ("thuý", "thúy"), ("Khoẻ", "khỏe")])
def test_old_and_new_placing_of_the_tone_are_one(old: str, new: str) -> None:
    assert accented_tokens(old) == accented_tokens(new)


def test_accented_tokens_tell_tones_and_letters_apart() -> None:
    forms = [accented_tokens(word)[0] for word in "an án àn ản ãn ạn ân ăn ấn".split()]  # noqa: SIM905

    assert len(set(forms)) == len(forms)


@pytest.mark.parametrize(
    ("text", "accented"),
    [("An", False), ("ân", True), ("đo", True), ("a\u0301", True), ("", False)],
)
def test_accents_are_noticed(text: str, accented: bool) -> None:
    assert has_accents(text) is accented


def test_codes_and_names_have_one_key_however_they_are_separated() -> None:
    assert code_key(" H26.18-220524/0001 ") == "h26-18-220524-0001"
    assert code_key("12/QĐ-UBND") == code_key("12 qđ ubnd") == "12-qd-ubnd"
    assert compact("Nguyễn Văn An") == "nguyenvanan"


@given(st.text())
def test_places_in_composed_text_lead_to_the_typed_text(text: str) -> None:
    plain, places = composed(text)

    assert len(places) == len(plain) + 1
    assert places == sorted(places)
    assert places[-1] == len(text)
