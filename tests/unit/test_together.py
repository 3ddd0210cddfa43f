"""Together: many threads' writes share transactions, and each is told of its own."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from archive.catalogue import journal
from archive.catalogue.engine import Catalogue, Connection
from archive.catalogue.together import Together
from tests.holdings import NOW, an_event


def _append(conn: Connection, numbers: Sequence[int]) -> None:
    if 13 in numbers:
        raise ValueError("13 cannot be written")
    journal.append_all(conn, [an_event("dossier", at=NOW, number=number) for number in numbers])


def test_what_comes_during_a_transaction_goes_into_the_next_one_together(
    catalogue: Catalogue,
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    batches: list[int] = []

    def write(conn: Connection, numbers: Sequence[int]) -> None:
        begun.set()
        assert go_on.wait(30)
        batches.append(len(numbers))
        _append(conn, numbers)

    desk = Together(catalogue, write)
    with ThreadPoolExecutor(20) as threads:
        first = threads.submit(desk.add, 0)
        assert begun.wait(30)
        others = [threads.submit(desk.add, number) for number in range(20, 39)]
        while len(desk._waiting) < 19:
            threading.Event().wait(0.001)
        go_on.set()
        for each in (first, *others):
            each.result(timeout=30)

    assert batches == [1, 19]
    with catalogue.connect() as conn:
        assert journal.verify(conn).seq == 20


def test_it_is_committed_when_the_call_returns(catalogue: Catalogue) -> None:
    Together(catalogue, _append).add(1)

    with catalogue.connect() as conn:
        assert journal.head(conn).seq == 1


def test_only_what_cannot_be_written_fails(catalogue: Catalogue) -> None:
    desk = Together(catalogue, _append)
    turn = desk._turn
    with ThreadPoolExecutor(3) as threads:
        with turn:
            asked = {number: threads.submit(desk.add, number) for number in (12, 13, 14)}
            while len(desk._waiting) < 3:
                threading.Event().wait(0.001)
        asked[12].result(timeout=30)
        asked[14].result(timeout=30)
        with pytest.raises(ValueError, match="13"):
            asked[13].result(timeout=30)

    with catalogue.connect() as conn:
        assert journal.verify(conn).seq == 2
