"""What the catalogue keeps beside dossiers: jobs, adopted schedules, fixity results."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from archive.catalogue import checkpoints, dossiers, fixity_results, schedules
from archive.catalogue.checkpoints import ItemState
from archive.catalogue.engine import Catalogue
from archive.catalogue.fixity_results import FixityCheck, FixityOutcome
from archive.catalogue.schedules import Adoption
from archive.errors import AlreadyHeld, NotHeld
from tests.holdings import NOW, a_holding, digest

LATER = NOW + timedelta(hours=1)

# --- jobs


def test_a_job_that_was_cut_off_is_taken_up_where_it_stood(catalogue: Catalogue) -> None:
    with catalogue.begin() as conn:
        job = checkpoints.start(conn, "ingest", "/in", ["a", "b", "c"], at=NOW)
    with catalogue.begin() as conn:
        checkpoints.settle(conn, job.id, 1, ItemState.DONE, {"receipt": "số 1"}, at=NOW)
        checkpoints.settle(conn, job.id, 2, ItemState.FAILED, ["CSIP1"], at=NOW)

    with catalogue.begin() as conn:
        again = checkpoints.start(conn, "ingest", "/in", ["a", "b", "c", "d"], at=LATER)
        left = [item.key for item in checkpoints.items(conn, job.id, ItemState.PENDING)]
        outcomes = [item.outcome for item in checkpoints.items(conn, job.id)]

    assert again == job
    assert left == ["c", "d"]
    assert outcomes == [{"receipt": "số 1"}, ["CSIP1"], None, None]


def test_a_finished_job_is_not_taken_up(catalogue: Catalogue) -> None:
    with catalogue.begin() as conn:
        job = checkpoints.start(conn, "ingest", "/in", ["a"], at=NOW, parameters={"jobs": 2})
        other = checkpoints.start(conn, "fixity", "/in", [], at=NOW)
        checkpoints.finish(conn, job.id, at=LATER)

        assert checkpoints.start(conn, "ingest", "/in", ["a"], at=LATER).id != job.id
        assert checkpoints.get(conn, job.id) == replace(job, finished_at=LATER)
        assert checkpoints.unfinished(conn, "fixity") == (other,)
        assert len(checkpoints.unfinished(conn)) == 2


def test_failed_items_can_be_tried_again(catalogue: Catalogue) -> None:
    with catalogue.begin() as conn:
        job = checkpoints.start(conn, "ingest", "/in", ["a", "b"], at=NOW)
        checkpoints.settle(conn, job.id, 1, ItemState.DONE, at=NOW)
        checkpoints.settle(conn, job.id, 2, ItemState.FAILED, "x", at=NOW)
        checkpoints.finish(conn, job.id, at=NOW)

        assert checkpoints.retry(conn, job.id) == 1

        assert checkpoints.tally(conn, job.id) == {
            ItemState.PENDING: 1,
            ItemState.DONE: 1,
            ItemState.FAILED: 0,
        }
        assert checkpoints.unfinished(conn) == (job,)


def test_items_come_in_order_whatever_the_page(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "_PAGE", 2)
    keys = [f"item {n}" for n in range(5)]
    with catalogue.begin() as conn:
        job = checkpoints.start(conn, "ingest", "/in", [*keys, keys[0]], at=NOW)

        assert [item.key for item in checkpoints.items(conn, job.id)] == keys


def test_old_jobs_are_forgotten_and_unfinished_ones_are_not(catalogue: Catalogue) -> None:
    with catalogue.begin() as conn:
        old = checkpoints.start(conn, "ingest", "/old", ["a"], at=NOW)
        checkpoints.finish(conn, old.id, at=NOW)
        open_job = checkpoints.start(conn, "ingest", "/open", ["a"], at=NOW)

        assert checkpoints.forget(conn, LATER) == 1

        assert checkpoints.unfinished(conn) == (open_job,)
        with pytest.raises(NotHeld):
            checkpoints.get(conn, old.id)
        with pytest.raises(NotHeld):
            checkpoints.settle(conn, old.id, 1, ItemState.DONE, at=NOW)


# --- schedules


def _adoption(agency: str, version: str, since: date, **changes) -> Adoption:
    content = f"# {version}"
    adoption = Adoption(agency, since, version, digest(content), content, NOW, "chief", "QĐ 1")
    return replace(adoption, **changes)


def test_the_nearest_adoption_that_is_in_force_counts(catalogue: Catalogue) -> None:
    whole = _adoption("", "whole", date(2020, 1, 1))
    province = _adoption("H26", "province", date(2022, 1, 1))
    unit = _adoption("H26.18", "unit", date(2026, 1, 1))
    revised = _adoption("H26.18", "revised", date(2027, 1, 1), adopted_at=LATER)
    with catalogue.begin() as conn:
        for adoption in (whole, province, unit, revised):
            schedules.adopt(conn, adoption)

        def on(agency: str, year: int) -> Adoption | None:
            return schedules.in_force(conn, agency, date(year, 6, 1))

        assert on("H26.18", 2026) == unit
        assert on("H26.18.4", 2027) == revised
        assert on("H26.18", 2023) == on("H26.2", 2026) == province
        assert on("H40", 2026) == on("H26.18", 2021) == whole
        assert on("H26.18", 2019) is None
        assert schedules.every(conn) == (whole, province, unit, revised)


def test_two_adoptions_at_one_moment_are_refused(catalogue: Catalogue) -> None:
    with catalogue.begin() as conn:
        schedules.adopt(conn, _adoption("H26", "1", date(2026, 1, 1)))

    with pytest.raises(AlreadyHeld), catalogue.begin() as conn:
        schedules.adopt(conn, _adoption("H26", "2", date(2026, 1, 1)))


# --- fixity


def test_only_versions_not_found_intact_lately_are_to_be_checked(catalogue: Catalogue) -> None:
    held = [a_holding(n) for n in range(4)]
    places = sorted(each.versions[0].place for each in held)
    fresh, stale, bad, never = places
    with catalogue.begin() as conn:
        dossiers.register_all(conn, held)
        fixity_results.record(
            conn,
            [
                FixityCheck(fresh, "s3", FixityOutcome.INTACT, LATER),
                FixityCheck(stale, "s3", FixityOutcome.INTACT, NOW - timedelta(days=400)),
                FixityCheck(bad, "s3", FixityOutcome.MISMATCH, LATER, digest("found"), "byte 7"),
                FixityCheck(never, "other copy", FixityOutcome.INTACT, LATER),
            ],
        )

        def due(**page) -> list[str]:
            found = fixity_results.unchecked(conn, "s3", NOW, **page)
            return [each.version.place for each in found]

        assert due() == [stale, bad, never]
        assert due(limit=1) == [stale]
        assert due(after=stale) == [bad, never]


def test_the_status_counts_every_version_of_a_copy(catalogue: Catalogue) -> None:
    held = [a_holding(n) for n in range(3)]
    places = sorted(each.versions[0].place for each in held)
    missing = FixityCheck(places[1], "s3", FixityOutcome.MISSING, LATER)
    with catalogue.begin() as conn:
        dossiers.register_all(conn, held)
        fixity_results.record(conn, [FixityCheck(places[0], "s3", FixityOutcome.MISMATCH, NOW)])
        fixity_results.record(
            conn, [FixityCheck(places[0], "s3", FixityOutcome.INTACT, NOW), missing]
        )

        status = fixity_results.status(conn, "s3")

        assert (status.versions, status.never_checked, status.oldest_check) == (3, 1, NOW)
        assert status.outcomes[FixityOutcome.INTACT] == status.outcomes[FixityOutcome.MISSING] == 1
        assert fixity_results.not_intact(conn) == (missing,)
        assert fixity_results.status(conn, "elsewhere").never_checked == 3


def test_a_run_is_replayed_from_its_range(catalogue: Catalogue) -> None:
    held = [a_holding(n) for n in range(3)]
    late = a_holding(9, held_since=LATER + timedelta(days=1))
    places = sorted(each.versions[0].place for each in held)
    with catalogue.begin() as conn:
        dossiers.register_all(conn, [*held, late])

        marked = fixity_results.replay(conn, copy="s3", after=places[0], upto="~", at=LATER)

        assert marked == 2
        owner = next(h for h in held if h.versions[0].place == places[1])
        (check,) = fixity_results.of_dossier(conn, owner.dossier.id)
        assert check == FixityCheck(places[1], "s3", FixityOutcome.INTACT, LATER)
