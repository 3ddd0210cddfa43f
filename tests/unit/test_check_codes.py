"""Check codes: read aloud, typed in wrongly, and noticed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.dissemination import codes
from archive.errors import UsageError

CODES = st.builds(lambda _: codes.new(), st.integers())


def test_codes_are_random_and_of_symbols_that_are_not_mistaken_for_each_other():
    made = {codes.new() for _ in range(500)}

    assert len(made) == 500
    assert set("".join(made)) == set(codes.ALPHABET)
    assert not set("ILOU") & set(codes.ALPHABET)


@given(CODES)
def test_a_code_is_read_however_a_person_writes_it(code: str):
    spaced = codes.spaced(code)
    spoken = spaced.lower().replace("0", "o").replace("1", "l").replace("-", " ")

    assert codes.read(spaced) == codes.read(spoken) == code
    assert codes.read(f" https://kho.example/xac-thuc/{code}/ ") == code


@given(CODES, st.integers(0, 11), st.integers(1, 31))
def test_one_wrong_symbol_is_always_noticed(code: str, place: int, by: int):
    other = codes.ALPHABET[(codes.ALPHABET.index(code[place]) + by) % 32]

    with pytest.raises(UsageError, match="wrong"):
        codes.read(code[:place] + other + code[place + 1 :])


@given(CODES, st.tuples(st.integers(0, 11), st.integers(0, 11)))
def test_two_symbols_that_changed_places_are_always_noticed(code: str, places: tuple[int, int]):
    one, other = places
    changed = list(code)
    changed[one], changed[other] = changed[other], changed[one]

    if "".join(changed) == code:
        return
    with pytest.raises(UsageError, match="wrong"):
        codes.read("".join(changed))


@pytest.mark.parametrize("text", ["", "7KQ4", "7KQ4-M2XD-9TPAA", "ÚKQ4-M2XD-9TPA", "' OR 1=1 --"])
def test_what_is_no_code_is_told_how_one_looks(text: str):
    with pytest.raises(UsageError) as told:
        codes.read(text)

    assert told.value.hint == "7KQ4-M2XD-9TPA"


def test_a_secret_gives_the_same_codes_again_and_others_to_other_numbers():
    made = [codes.derived("j8Xk2mQ0vT4rZ6yB1nLw3A", ordinal) for ordinal in range(100)]

    assert made == [codes.derived("j8Xk2mQ0vT4rZ6yB1nLw3A", ordinal) for ordinal in range(100)]
    assert len(set(made)) == 100
    assert [codes.read(code) for code in made] == made
