"""What the catalogue promises, held to on a real SQLite and a real PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.catalogue import dossiers, figures, outbox, snapshot, tables
from archive.catalogue.engine import Catalogue
from archive.errors import (
    AlreadyHeld,
    ArchiveError,
    Changed,
    NotHeld,
    NotInitialised,
    SchemaMismatch,
)
from archive.model import (
    Applicant,
    DigitalFile,
    Document,
    Indication,
    ObjectName,
    PackagePath,
    Result,
    Role,
)
from archive.viewers import OPERATOR
from tests.builders import a_document, a_dossier, a_file
from tests.holdings import (
    NOW,
    a_due,
    a_holding,
    a_verdict,
    another_version,
    digest,
)

# --- tables and their versions


def test_an_empty_place_is_not_a_catalogue(catalogue_url: str) -> None:
    with pytest.raises(NotInitialised):
        Catalogue(catalogue_url).check()


def test_migrating_makes_a_catalogue_and_again_changes_nothing(catalogue_url: str) -> None:
    catalogue = Catalogue(catalogue_url)

    catalogue.migrate()
    catalogue.check()
    catalogue.migrate()
    catalogue.check()

    with catalogue.connect() as conn:
        assert dossiers.counts(conn).dossiers == 0
    catalogue.close()


def test_tables_of_another_version_are_refused(catalogue: Catalogue) -> None:
    with catalogue.begin() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(SchemaMismatch, match="9999"):
        catalogue.check()
    with pytest.raises(SchemaMismatch, match="9999"):
        catalogue.migrate()


def test_the_migrations_make_the_tables_that_the_code_uses(catalogue: Catalogue) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with catalogue.connect() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        differences = compare_metadata(context, tables.metadata)

    assert differences == []


# --- transactions


def test_an_exception_leaves_nothing_of_a_transaction(catalogue: Catalogue) -> None:
    def fails_after_registering() -> None:
        with catalogue.begin() as conn:
            dossiers.register(conn, a_holding())
            raise RuntimeError("the power fails here")

    with pytest.raises(RuntimeError):
        fails_after_registering()

    with catalogue.connect() as conn:
        assert dossiers.counts(conn).dossiers == 0
        assert outbox.pending(conn) == ()


def test_a_connection_for_reading_cannot_write(catalogue: Catalogue) -> None:
    with pytest.raises(ArchiveError), catalogue.connect() as conn:
        dossiers.register(conn, a_holding())

    with catalogue.begin() as conn:
        dossiers.register(conn, a_holding())


def test_a_reader_sees_one_moment(catalogue: Catalogue) -> None:
    with catalogue.connect() as reader:
        before = dossiers.counts(reader).dossiers
        with catalogue.begin() as conn:
            dossiers.register(conn, a_holding())
        after = dossiers.counts(reader).dossiers

    assert (before, after) == (0, 0)


def test_an_error_of_ours_names_no_person(catalogue: Catalogue) -> None:
    holding = a_holding()
    nameless = replace(holding, dossier=replace(holding.dossier, title=None))  # type: ignore[arg-type]

    with pytest.raises(ArchiveError) as raised, catalogue.begin() as conn:
        dossiers.register(conn, nameless)

    shown = f"{raised.value} {raised.value.__cause__} {raised.value.to_problem()}"
    assert holding.dossier.applicant.name not in shown
    assert str(holding.dossier.applicant.identity_number) not in shown


# --- dossiers


def test_a_dossier_reads_back_as_it_was_registered(catalogue: Catalogue) -> None:
    holding = a_holding(
        verdicts=(
            a_verdict(),
            a_verdict(
                Indication.FAILED, field="Signature2", signed_at_claimed=None, proven_at=None
            ),
            a_verdict(Indication.INDETERMINATE, intact=None, covers_whole_file=None, reasons=()),
        ),
    )
    holding = replace(holding, due=a_due(holding))

    with catalogue.begin() as conn:
        receipt = dossiers.register(conn, holding)

    with catalogue.connect() as conn:
        assert dossiers.get(conn, holding.dossier.id) == holding
        assert dossiers.versions(conn, holding.dossier.id) == holding.versions
        assert dossiers.files(conn, holding.dossier.id) == holding.dossier.documents
        assert dossiers.verdicts(conn, holding.dossier.id) == holding.verdicts
    assert receipt == holding.receipt


_text = st.text(
    st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=30
)
_maybe = st.none() | _text
_day = st.dates(date(1900, 1, 1), date(2100, 12, 31))
_fields = st.dictionaries(_text, _text, max_size=3)
_result = st.builds(Result, _text, _maybe, st.none() | _day, st.none() | _day)
_file = st.builds(
    DigitalFile,
    path=_text.map(PackagePath),
    size=st.integers(0, 2**60),
    sha256=st.binary(min_size=32, max_size=32).map(bytes.hex),
    media_type=_text,
    puid=_maybe,
    format_name=_maybe,
)
_document = st.builds(
    Document,
    ordinal=st.just(1),
    title=_text,
    role=st.sampled_from(Role),
    file=_file,
    type_code=_maybe,
    number=_maybe,
    notation=_maybe,
    issued_on=st.none() | _day,
    organ=_maybe,
    fields=_fields,
)
_changes = st.fixed_dictionaries(
    {},
    optional={
        "title": _text,
        "applicant": st.builds(Applicant, _text, _maybe, _text),
        "received_on": _day,
        "due_on": st.none() | _day,
        "closed_on": st.none() | _day,
        "documents": st.lists(_document, max_size=3).map(
            lambda found: tuple(replace(d, ordinal=n) for n, d in enumerate(found, start=1))
        ),
        "code_old": _maybe,
        "file_code": _maybe,
        "agency_name": _maybe,
        "procedure_name": _maybe,
        "result": st.none() | _result,
        "important": st.booleans(),
        "retention_code": _maybe,
        "events": st.dictionaries(_text, _day, max_size=2),
        "access": _text,
        "language": _text,
        "profile": _text,
        "fields": _fields,
    },
)


@given(changes=_changes)
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_field_of_any_dossier_is_lost(catalogue: Catalogue, changes: dict) -> None:
    code = f"H26.18-260105-{uuid4().hex}"
    holding = a_holding(dossier__code=code, **{f"dossier__{k}": v for k, v in changes.items()})

    with catalogue.begin() as conn:
        dossiers.register(conn, holding)
        found = dossiers.get(conn, holding.dossier.id)

    assert found == holding


@pytest.mark.parametrize("name", ["not-a-uuid", str(uuid4()), ""], ids=["word", "unknown", "empty"])
def test_what_is_not_held_is_said_not_to_be(catalogue: Catalogue, name: str) -> None:
    with catalogue.connect() as conn:
        for read in (dossiers.get, dossiers.versions, dossiers.files, dossiers.verdicts):
            with pytest.raises(NotHeld):
                read(conn, name)


def test_a_code_that_is_taken_names_the_dossier_that_has_it(catalogue: Catalogue) -> None:
    first = a_holding()
    same_code = a_holding(2, dossier__code=first.dossier.code, dossier__id=str(uuid4()))
    with catalogue.begin() as conn:
        dossiers.register(conn, first)

    with catalogue.begin() as conn:
        with pytest.raises(AlreadyHeld) as refusal:
            dossiers.register(conn, same_code)
        dossiers.register(conn, a_holding(3))

    assert refusal.value.where == first.dossier.id
    with catalogue.connect() as conn:
        assert dossiers.counts(conn).dossiers == 2


def test_two_agencies_may_use_one_code(catalogue: Catalogue) -> None:
    here, there = a_holding(), a_holding(dossier__agency="H40.2", dossier__fonds="H40.2")
    with catalogue.begin() as conn:
        dossiers.register(conn, here)
        dossiers.register(conn, there)

    with catalogue.connect() as conn:
        found = dossiers.by_code(conn, here.dossier.code)

    assert {each.dossier.agency for each in found} == {"H26.18", "H40.2"}


@pytest.mark.parametrize("code", ["code", "code_old", "file_code"])
def test_a_dossier_is_found_by_each_of_its_codes(catalogue: Catalogue, code: str) -> None:
    holding = a_holding()
    with catalogue.begin() as conn:
        dossiers.register(conn, holding)

    with catalogue.connect() as conn:
        assert dossiers.by_code(conn, getattr(holding.dossier, code)) == (holding,)
        assert dossiers.by_code(conn, "H26.18-260105-9999") == ()


def test_a_new_version_replaces_the_description_and_keeps_every_receipt(
    catalogue: Catalogue,
) -> None:
    first = a_holding()
    corrected = replace(
        first.dossier,
        title="Tiêu đề đã sửa",
        documents=(*first.dossier.documents, a_document(3, file=a_file("03.pdf", b"new"))),
    )
    second = replace(another_version(first, corrected), verdicts=())
    with catalogue.begin() as conn:
        dossiers.register(conn, replace(first, due=a_due(first)))
        dossiers.revise(conn, second)

    with catalogue.connect() as conn:
        assert dossiers.get(conn, first.dossier.id) == second
        assert dossiers.by_submission(conn, first.submission_digest) == first.receipt
        assert dossiers.by_submission(conn, second.submission_digest) == second.receipt
        assert dossiers.by_submission(conn, digest("unknown")) is None


def test_of_two_new_versions_at_once_one_must_start_again(catalogue: Catalogue) -> None:
    first = a_holding()
    mine = another_version(first)
    theirs = replace(
        mine, versions=(*first.versions, replace(mine.versions[1], place=ObjectName("aip/other")))
    )
    with catalogue.begin() as conn:
        dossiers.register(conn, first)
        dossiers.revise(conn, theirs)

    with pytest.raises(Changed), catalogue.begin() as conn:
        dossiers.revise(conn, mine)

    with catalogue.connect() as conn:
        assert dossiers.get(conn, first.dossier.id) == theirs


def test_what_was_never_registered_cannot_be_revised(catalogue: Catalogue) -> None:
    with pytest.raises(NotHeld), catalogue.begin() as conn:
        dossiers.revise(conn, a_holding(versions=2))


def test_the_same_bytes_in_another_dossier_are_found(catalogue: Catalogue) -> None:
    one, two = a_holding(1), a_holding(2)
    shared = one.dossier.documents[0].file
    with catalogue.begin() as conn:
        dossiers.register(conn, one)
        dossiers.register(conn, two)

    with catalogue.connect() as conn:
        found = dossiers.holding_content(conn, [shared.sha256, digest("elsewhere")])

    assert [(each.dossier_id, each.path) for each in found] == sorted(
        (each.dossier.id, shared.path) for each in (one, two)
    )
    assert {each.sha256 for each in found} == {shared.sha256}


def test_all_dossiers_are_read_once_in_the_order_of_their_ids(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archive.catalogue.reading._BATCH", 3)
    held = [a_holding(n, versions=1 + n % 2) for n in range(10)]
    late = a_holding(99, dossier__received_on=date(2027, 1, 1))
    with catalogue.begin() as conn:
        assert dossiers.register_all(conn, [*held, late]) == 11

    in_order = sorted([*held, late], key=lambda each: each.dossier.id)
    with catalogue.connect() as conn:
        assert list(dossiers.all(conn)) == in_order
        assert list(dossiers.ids(conn)) == [each.dossier.id for each in in_order]
        assert list(dossiers.all(conn, after=in_order[4].dossier.id)) == in_order[5:]
        assert list(dossiers.all(conn, year=2027)) == [late]
        assert dossiers.years(conn) == (2026, 2027)


def test_registering_many_again_enters_only_the_new(catalogue: Catalogue) -> None:
    with catalogue.begin() as conn:
        dossiers.register_all(conn, [a_holding(1), a_holding(2)])

    with catalogue.begin() as conn:
        entered = dossiers.register_all(conn, (a_holding(n) for n in range(1, 4)))

    with catalogue.connect() as conn:
        assert entered == 1
        assert dossiers.counts(conn).dossiers == 3
        assert outbox.pending(conn) == ()


def test_two_rebuilt_dossiers_with_one_code_are_refused(catalogue: Catalogue) -> None:
    code = "H26.18-260105-0001"
    clash = a_holding(2, dossier__code=code, dossier__id=str(uuid4()))

    with pytest.raises(AlreadyHeld), catalogue.begin() as conn:
        dossiers.register_all(conn, [a_holding(1, dossier__code=code), clash])


def test_one_by_one_and_all_at_once_make_equal_catalogues(catalogue: Catalogue) -> None:
    held = [a_holding(n, versions=1 + n % 3) for n in range(5)]
    held = [replace(each, due=a_due(each)) for each in held]
    with catalogue.begin() as conn:
        for each in held:
            dossiers.register(conn, each)
        dossiers.set_locked(conn, held[0].versions[0].place, at=NOW, until=None)
        one_by_one = snapshot.dump(conn)
        for table in (tables.verdicts, tables.files, tables.versions, tables.dossiers):
            conn.execute(table.delete())
        assert snapshot.dump(conn)["dossiers"] == []

        dossiers.register_all(conn, reversed(held))
        at_once = snapshot.dump(conn)

    assert at_once == one_by_one
    assert len(at_once["versions"]) == sum(len(each.versions) for each in held)


def test_places_that_nothing_refers_to_are_told_apart(catalogue: Catalogue) -> None:
    holding = a_holding(versions=2)
    places = [version.place for version in holding.versions]
    with catalogue.begin() as conn:
        dossiers.register_all(conn, [holding])

    with catalogue.connect() as conn:
        assert dossiers.known_places(conn, [*places, ObjectName("aip/leftover")]) == set(places)


def test_the_figures_are_those_of_the_holdings(catalogue: Catalogue) -> None:
    held = [a_holding(1), a_holding(2, verdicts=()), a_holding(3, versions=2)]
    held[0] = replace(held[0], due=a_due(held[0]))
    with catalogue.begin() as conn:
        dossiers.register_all(conn, held)

    with catalogue.connect() as conn:
        found = dossiers.counts(conn)

    assert (found.dossiers, found.versions, found.files) == (3, 4, 6)
    assert found.file_bytes == sum(d.file.size for h in held for d in h.dossier.documents)
    assert found.stored_bytes == sum(v.size for h in held for v in h.versions)
    assert found.by_agency == {"H26.18": 3}
    assert found.by_year == {2026: 3}
    assert found.by_status == {"returned": 3}
    assert found.by_signature_outcome == {"none": 1, "passed": 2}
    assert found.by_action == {None: 2, "destroy": 1}


@pytest.mark.parametrize(
    ("indications", "outcome"),
    [
        ([], "none"),
        ([Indication.PASSED], "passed"),
        ([Indication.PASSED, Indication.INDETERMINATE], "indeterminate"),
        ([Indication.INDETERMINATE, Indication.FAILED, Indication.PASSED], "failed"),
    ],
    ids=["no signature", "all passed", "one open", "one failed"],
)
def test_the_worst_signature_counts(indications: list[Indication], outcome: str) -> None:
    assert dossiers.signature_outcome(map(a_verdict, indications)) == outcome


# --- what is due


def _with_dues(conn, dues: list[tuple[int, str | None, date | None]]) -> dict[int, str]:
    held = {number: a_holding(number) for number, _, _ in dues}
    dossiers.register_all(conn, held.values())
    dossiers.set_dues(conn, [a_due(held[n], day, action=action) for n, action, day in dues])
    return {number: holding.dossier.id for number, holding in held.items()}


def test_the_figures_of_a_person_count_what_is_due_whatever_is_to_be_done(
    catalogue: Catalogue,
) -> None:
    today = date(2026, 11, 28)
    soon, later = date(2026, 12, 11), date(2027, 3, 1)
    told: list[tuple[int, str | None, date | None]] = [
        (1, "review", today),
        (2, "destroy", today),
        (3, "review", soon),
        (4, "review", later),
    ]
    with catalogue.begin() as conn:
        _with_dues(conn, told)
        found = figures.of(conn, OPERATOR, today)

    assert (found.due, found.due_soon) == (2, 1)


def test_what_is_due_is_listed_by_action_and_the_longest_due_first(catalogue: Catalogue) -> None:
    with catalogue.begin() as conn:
        ids = _with_dues(
            conn,
            [
                (1, "destroy", date(2026, 1, 1)),
                (2, "transfer", date(2020, 1, 1)),
                (3, "destroy", date(2025, 1, 1)),
                (4, "destroy", date(2027, 1, 1)),
                (5, "keep", None),
                (6, None, None),
            ],
        )

        found = dossiers.due(conn, date(2026, 1, 1))

        assert [each.dossier_id for each in found] == [ids[3], ids[1], ids[2]]
        assert dossiers.due(conn, date(2026, 1, 1), action="transfer") == found[2:]
        assert dossiers.due_counts(conn, date(2026, 1, 1)) == {
            "destroy": 2,
            "keep": 0,
            "transfer": 1,
        }


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pages_of_what_is_due_join_to_the_whole_list(catalogue: Catalogue, size: int) -> None:
    day = date(2025, 1, 1)
    with catalogue.begin() as conn:
        _with_dues(conn, [(n, ("destroy", "transfer")[n % 2], day) for n in range(7)])

        whole: list[dossiers.Due] = []
        last = None
        while page := dossiers.due(conn, day, limit=size, after=last):
            whole += page
            last = page[-1]

        assert whole == list(dossiers.due(conn, day))
        assert len(whole) == 7


def test_the_day_computed_last_replaces_the_one_before(catalogue: Catalogue) -> None:
    holding = a_holding()
    later = a_due(holding, date(2046, 1, 1), action="transfer", schedule_version="2")
    with catalogue.begin() as conn:
        dossiers.register(conn, replace(holding, due=a_due(holding)))
        dossiers.set_due(conn, later.dossier_id, later.action, later.due_on, later.rule_code, "2")

        assert dossiers.get(conn, holding.dossier.id).due == later
        with pytest.raises(NotHeld):
            dossiers.set_due(conn, str(uuid4()), "destroy", None, None, "2")


def test_a_new_version_without_a_decision_is_not_due(catalogue: Catalogue) -> None:
    first = a_holding()
    with catalogue.begin() as conn:
        dossiers.register(conn, replace(first, due=a_due(first)))
        dossiers.revise(conn, another_version(first))

        assert dossiers.due(conn, date(2100, 1, 1)) == ()


# --- locks and the outbox


def test_versions_without_a_lock_are_listed_until_they_have_one(catalogue: Catalogue) -> None:
    holding = a_holding(versions=2)
    first, second = holding.versions
    soon, late = NOW + timedelta(days=1), datetime(2046, 12, 31, tzinfo=UTC)
    with catalogue.begin() as conn:
        dossiers.register(conn, holding)
        assert {each.version for each in dossiers.unlocked(conn)} == {first, second}

        dossiers.set_locked(conn, first.place, at=NOW, until=soon)
        assert [each.version for each in dossiers.unlocked(conn)] == [second]

        dossiers.set_locked(conn, second.place, at=NOW, until=late)
        assert dossiers.unlocked(conn) == ()
        assert [each.version for each in dossiers.locks_ending(conn, late)] == [first]
        with pytest.raises(NotHeld):
            dossiers.set_locked(conn, ObjectName("aip/unknown"), at=NOW, until=None)


def test_a_change_during_indexing_stays_in_the_outbox(catalogue: Catalogue) -> None:
    holding = a_holding()
    with catalogue.begin() as conn:
        dossiers.register(conn, holding)
    with catalogue.connect() as conn:
        being_indexed = outbox.pending(conn)
    with catalogue.begin() as conn:
        dossiers.revise(conn, another_version(holding))

    with catalogue.begin() as conn:
        outbox.done(conn, [each.id for each in being_indexed])

    with catalogue.connect() as conn:
        left = outbox.pending(conn)
        assert [each.dossier_id for each in left] == [holding.dossier.id]
        assert (left[0].year, outbox.backlog(conn)) == (2026, 1)


def test_a_number_in_the_outbox_is_never_used_twice(catalogue: Catalogue) -> None:
    with catalogue.begin() as conn:
        outbox.add(conn, a_dossier().id, 2026)
        first = outbox.pending(conn)[0].id
        outbox.clear(conn)
        outbox.add(conn, a_dossier().id, 2026, outbox.Change.REMOVE)

        assert outbox.pending(conn)[0].id > first
