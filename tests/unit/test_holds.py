"""Holds: placed with a reason, found for every dossier they cover, lifted once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from archive.catalogue import dossiers, holds
from archive.catalogue.engine import Catalogue
from archive.catalogue.holds import Facts
from archive.errors import AlreadyHeld, NotHeld, UsageError
from archive.model import DossierId
from tests.holdings import NOW, a_hold, a_holding


def test_a_hold_reads_back_as_it_was_placed(catalogue: Catalogue) -> None:
    on_dossier = a_hold("one", dossier_id=a_holding().dossier.id)
    on_facts = a_hold("two", facts=Facts("1.001193", "H26"), placed_at=NOW + timedelta(hours=1))
    with catalogue.begin() as conn:
        holds.place(conn, on_facts)
        holds.place(conn, on_dossier)

    with catalogue.connect() as conn:
        assert holds.get(conn, on_dossier.id) == on_dossier
        assert holds.every(conn) == holds.active(conn) == (on_dossier, on_facts)


def test_a_hold_on_one_dossier_covers_no_other(catalogue: Catalogue) -> None:
    one, other = a_holding(1), a_holding(2)
    hold = a_hold(dossier_id=one.dossier.id)
    with catalogue.begin() as conn:
        dossiers.register_all(conn, [one, other])
        holds.place(conn, hold)

        assert holds.active_for(conn, one.dossier.id) == (hold,)
        assert holds.active_for(conn, other.dossier.id) == ()
        assert holds.active_matching(conn, Facts(one.dossier.procedure, one.dossier.agency)) == ()


def test_a_hold_on_facts_covers_dossiers_that_arrive_later(catalogue: Catalogue) -> None:
    hold = a_hold(facts=Facts(procedure="1.001193"))
    with catalogue.begin() as conn:
        holds.place(conn, hold)
    with catalogue.begin() as conn:
        dossiers.register(conn, a_holding())

    with catalogue.connect() as conn:
        assert holds.active_for(conn, a_holding().dossier.id) == (hold,)


@pytest.mark.parametrize(
    ("facts", "covered"),
    [
        (Facts(procedure="1.001193"), True),
        (Facts(procedure="1.00119"), False),
        (Facts(procedure="1.001193.000.00.00.H26"), False),
        (Facts(agency="H26.18"), True),
        (Facts(agency="H26"), True),
        (Facts(agency="H2"), False),
        (Facts(agency="H26.18.1"), False),
        (Facts("1.001193", "H26"), True),
        (Facts("1.001193", "H40"), False),
        (Facts("1.002000", "H26"), False),
    ],
    ids=str,
)
def test_a_hold_on_facts_covers_what_lies_within_them(
    catalogue: Catalogue, facts: Facts, covered: bool
) -> None:
    hold = a_hold(facts=facts)
    with catalogue.begin() as conn:
        dossiers.register(conn, a_holding())
        holds.place(conn, hold)

        assert holds.active_for(conn, a_holding().dossier.id) == ((hold,) if covered else ())
        assert holds.active_matching(conn, Facts("1.001193", "H26.18")) == (
            (hold,) if covered else ()
        )


def test_a_local_form_of_a_procedure_is_covered_by_the_national_one() -> None:
    hold = a_hold(facts=Facts(procedure="1.000318"))

    assert hold.covers(None, Facts("1.000318.000.00.00.H40", "H40.2"))
    assert not hold.covers(None, Facts(None, "H40.2"))


def test_several_holds_all_count(catalogue: Catalogue) -> None:
    dossier_id = a_holding().dossier.id
    first = a_hold("first", facts=Facts(agency="H26"))
    second = a_hold("second", dossier_id=dossier_id, placed_at=NOW + timedelta(days=1))
    with catalogue.begin() as conn:
        dossiers.register(conn, a_holding())
        holds.place(conn, second)
        holds.place(conn, first)

        assert holds.active_for(conn, dossier_id) == (first, second)


def test_a_lifted_hold_stops_nothing_and_stays_on_record(catalogue: Catalogue) -> None:
    hold = a_hold(dossier_id=a_holding().dossier.id)
    with catalogue.begin() as conn:
        holds.place(conn, hold)

        lifted = holds.lift(conn, hold.id, at=NOW, by="chief", reason="đã giải quyết xong")

        assert lifted == replace(
            hold, lifted_at=NOW, lifted_by="chief", lift_reason="đã giải quyết xong"
        )
        assert not lifted.active
        assert holds.active_for(conn, a_holding().dossier.id) == holds.active(conn) == ()
        assert holds.every(conn) == (lifted,)


def test_lifting_twice_is_refused_and_changes_nothing(catalogue: Catalogue) -> None:
    hold = a_hold(facts=Facts(agency="H26"))
    with catalogue.begin() as conn:
        holds.place(conn, hold)
        lifted = holds.lift(conn, hold.id, at=NOW, by="chief", reason="first")

        with pytest.raises(UsageError, match="2026-11-24"):
            holds.lift(conn, hold.id, at=NOW, by="other", reason="second")

        assert holds.get(conn, hold.id) == lifted


def test_a_hold_that_does_not_exist_cannot_be_lifted(catalogue: Catalogue) -> None:
    with pytest.raises(NotHeld), catalogue.begin() as conn:
        holds.lift(conn, a_hold("unknown").id, at=NOW, by="chief", reason="x")


@pytest.mark.parametrize(
    "about",
    [{}, {"facts": Facts()}, {"facts": Facts("1"), "dossier_id": DossierId("x")}],
    ids=["nothing", "no facts", "both"],
)
def test_a_hold_must_be_about_one_thing(catalogue: Catalogue, about: dict) -> None:
    with pytest.raises(UsageError), catalogue.begin() as conn:
        holds.place(conn, a_hold(**about))


def test_a_hold_is_placed_once(catalogue: Catalogue) -> None:
    hold = a_hold(facts=Facts(agency="H26"))
    with catalogue.begin() as conn:
        holds.place(conn, hold)

    with pytest.raises(AlreadyHeld), catalogue.begin() as conn:
        holds.place(conn, hold)


@pytest.mark.parametrize(
    "about", [{"facts": Facts(agency="H26")}, {"dossier_id": a_holding().dossier.id}], ids=str
)
def test_holds_are_restored_from_the_records_in_the_store(
    catalogue: Catalogue, about: dict
) -> None:
    placed = a_hold(**about)
    lifted = replace(placed, lifted_at=NOW, lifted_by="chief", lift_reason="x")
    records = [holds.to_json(lifted, lifted=False), holds.to_json(lifted)]
    assert records[0] == holds.to_json(placed)

    read = [holds.from_json(json.loads(json.dumps(record))) for record in records]
    with catalogue.begin() as conn:
        for hold in (*read, read[1]):
            holds.restore(conn, hold)

        assert holds.every(conn) == (lifted,)
    assert read == [placed, lifted]
