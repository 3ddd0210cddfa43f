"""How well names are found that are typed without accents, swapped, joined or with an error.

Names are fictional, drawn by rough shares; what is relevant are all dossiers with that name,
at most ten; a query's recall is the share of them among the first ten hits.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest

from archive.search import IndexRecord, Query, SearchIndex
from archive.search.folding import fold
from archive.search.language import parse
from archive.search.names import neighbours
from archive.search.tantivy_engine import TantivyIndex
from archive.search.whoosh_engine import WhooshIndex
from benchmarks.corpus import Corpus, typo

SIZES: dict[str, tuple[Callable[..., SearchIndex], int, int]] = {
    "tantivy": (TantivyIndex, 10_000, 200),
    "whoosh": (WhooshIndex, 3_000, 80),
}

Found = tuple[SearchIndex, list[str], dict[str, set[str]], int]


def _records(names: list[str]) -> Iterator[IndexRecord]:
    for number, name in enumerate(names):
        yield IndexRecord(
            id=f"n{number}",
            year=2024,
            code=f"H26-24{number:04}",
            name=name,
            procedure="1.001193",
            agency="H26",
            status="returned",
            received_on=date(2024, 1, 1) + timedelta(days=number % 360),
        )


@pytest.fixture(scope="module", params=SIZES)
def collection(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    engine, size, asked = SIZES[request.param]
    index = engine(tmp_path_factory.mktemp("names"))
    names = Corpus(seed=7).names(size)
    index.rebuild(2024, _records(names))
    relevant: dict[str, set[str]] = defaultdict(set)
    for number, name in enumerate(names):
        relevant[name].add(f"n{number}")
    yield index, names, relevant, asked
    index.close()


def recall_at_10(collection: Found, typed: Callable[[str, random.Random], str]) -> float:
    index, names, relevant, asked = collection
    dice = random.Random(11)
    shares = []
    for name in dice.sample(names, asked):
        page = index.search(Query(parse(typed(name, dice)).node, limit=10))
        hits = {hit.id for hit in page.hits}
        wanted = relevant[name]
        shares.append(len(hits & wanted) / min(10, len(wanted)))
    return sum(shares) / len(shares)


def _swapped(name: str, _: random.Random) -> str:
    first, *rest = fold(name).split()
    return " ".join([*rest, first])


def test_names_with_their_accents_are_found(collection: Found) -> None:
    assert recall_at_10(collection, lambda name, _: name) >= 0.99


def test_names_without_accents_are_found(collection: Found) -> None:
    assert recall_at_10(collection, lambda name, _: fold(name)) >= 0.99


def test_names_in_another_order_are_found(collection: Found) -> None:
    assert recall_at_10(collection, _swapped) >= 0.99


def test_names_without_spaces_are_found(collection: Found) -> None:
    assert recall_at_10(collection, lambda name, _: fold(name).replace(" ", "")) >= 0.99


def test_names_with_one_typing_error_are_found(collection: Found) -> None:
    assert recall_at_10(collection, lambda name, dice: typo(fold(name), dice)) >= 0.94


def test_neighbours_are_one_edit_away_in_both_directions() -> None:
    assert {"va", "van", "vna", "avn", "vabn", "tan", "vanh"} - neighbours("van") == {"van"}
    assert "vabcn" not in neighbours("van")
    assert all("van" in neighbours(other) for other in neighbours("van"))
