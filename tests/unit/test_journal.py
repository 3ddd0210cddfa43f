"""The journal: complete, in order, unchangeable, and silent about its details."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.catalogue import chain, journal, tables
from archive.catalogue.engine import Catalogue, Connection
from archive.catalogue.segments import from_bytes, to_bytes
from archive.errors import ArchiveError, JournalBroken
from archive.events import Event, EventType
from tests.holdings import NOW, an_event, digest


def _fill(conn: Connection, count: int = 5) -> tuple[journal.Entry, ...]:
    at = [NOW + timedelta(seconds=n) for n in range(count)]
    return journal.append_all(
        conn, [an_event(f"dossier-{n % 3}", at=at[n], number=n) for n in range(count)]
    )


def _without_triggers(conn: Connection) -> None:
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql("ALTER TABLE journal DISABLE TRIGGER USER")
        return
    for name in ("journal_no_update", "journal_no_delete", "journal_in_order"):
        conn.exec_driver_sql(f"DROP TRIGGER {name}")


# --- appending


def test_entries_are_numbered_and_each_continues_the_one_before(catalogue: Catalogue) -> None:
    with catalogue.begin() as conn:
        appended = _fill(conn)

    with catalogue.connect() as conn:
        assert tuple(journal.entries(conn)) == appended
        assert journal.verify(conn) == journal.head(conn) == appended[-1].head
    assert [entry.seq for entry in appended] == [1, 2, 3, 4, 5]
    assert [entry.prev for entry in appended] == [
        chain.NO_DIGEST,
        *(entry.digest for entry in appended[:-1]),
    ]


def test_an_event_reads_back_as_it_was_appended(catalogue: Catalogue) -> None:
    hanoi = timezone(timedelta(hours=7))
    at = datetime(2026, 11, 24, 10, 0, 0, 5, tzinfo=hanoi)
    event = an_event("đối tượng", at=at, count=3, nested={"b": [1, None, True], "a": "ấ"})

    with catalogue.begin() as conn:
        journal.append(conn, event)

    with catalogue.connect() as conn:
        (entry,) = journal.entries(conn)
    assert entry.event == event
    assert entry.at == "2026-11-24T03:00:00.000005Z"


def test_the_empty_journal_is_whole(catalogue: Catalogue) -> None:
    with catalogue.connect() as conn:
        assert journal.verify(conn) == chain.EMPTY


def test_no_two_entries_share_a_time(catalogue: Catalogue) -> None:
    with catalogue.begin() as conn:
        journal.append(conn, an_event(at=NOW))
        journal.append(conn, an_event(at=NOW + timedelta(microseconds=2)))
        journal.append_all(conn, [an_event(at=NOW)] * 3)
        journal.append(conn, an_event(at=NOW - timedelta(seconds=1)))
        times = [entry.at for entry in journal.entries(conn)]

    late = [f"2026-11-24T03:00:00.{123456 + n}Z" for n in (0, 2, 3, 4, 5)]
    assert times == [*late, "2026-11-24T02:59:59.123456Z"]


def test_a_thousand_events_at_one_moment_get_a_thousand_times(catalogue: Catalogue) -> None:
    moment = datetime(2026, 1, 1, 0, 0, 0, 999_990, tzinfo=UTC)
    with catalogue.begin() as conn:
        journal.append_all(conn, [an_event(at=moment)] * 300)
        for _ in range(20):
            journal.append(conn, an_event(at=moment))
        times = {entry.at for entry in journal.entries(conn)}

    assert len(times) == 320


@pytest.mark.parametrize(
    "details",
    [
        {"applicant": {"name": "x"}},
        {"list": [{"identity_number": "1"}]},
        {"identityNumber": "1"},
        {"signed_by": "x"},
    ],
    ids=["applicant", "nested", "camel case", "signer"],
)
def test_keys_for_personal_data_are_refused(
    catalogue: Catalogue, details: dict[str, object]
) -> None:
    event = replace(an_event(), details=details)

    with pytest.raises(ValueError, match="personal data"), catalogue.begin() as conn:
        journal.append(conn, event)

    with catalogue.connect() as conn:
        assert journal.head(conn) == chain.EMPTY


def test_a_time_without_zone_is_refused(catalogue: Catalogue) -> None:
    with pytest.raises(ValueError, match="zone"), catalogue.begin() as conn:
        journal.append(conn, an_event(at=datetime(2026, 1, 1)))


# --- what the chain says and does not say


def test_the_leaf_commits_to_the_details_without_showing_them(catalogue: Catalogue) -> None:
    with catalogue.begin() as conn:
        entry = journal.append(conn, an_event("subject", code="H26.18-220524-0001"))

    leaf = chain.leaf(entry)
    assert set(json.loads(leaf)) == {
        *("seq", "at", "type", "outcome", "agent", "subject", "commitment", "prev")
    }
    assert b"H26.18-220524-0001" not in leaf
    assert entry.commitment == chain.commitment_to(entry.salt, entry.details)


def test_equal_details_cannot_be_told_from_the_chain(catalogue: Catalogue) -> None:
    with catalogue.begin() as conn:
        one, two = journal.append_all(conn, [an_event(code="same"), an_event(code="same")])

    assert one.details == two.details
    assert one.commitment != two.commitment


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["số", "b", "a", "{"]), inner, max_size=3)
    ),
    max_leaves=8,
)
_events = st.lists(
    st.builds(
        Event,
        type=st.sampled_from(EventType),
        at=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
        outcome=st.sampled_from(["success", "failure", "warning"]),
        agent=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
        subject=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")),
        details=st.dictionaries(st.sampled_from(["x", "y", "đ"]), _json, max_size=2),
    ),
    min_size=1,
    max_size=6,
)


@pytest.fixture(scope="module")
def one_catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder: Path = tmp_path_factory.mktemp("journal")
    catalogue = Catalogue(f"sqlite:///{folder / 'catalogue.db'}")
    catalogue.migrate()
    return catalogue


@given(events=_events)
@settings(max_examples=60, deadline=None)
def test_any_events_make_a_whole_chain_that_reads_back(
    one_catalogue: Catalogue, events: list[Event]
) -> None:
    with one_catalogue.begin() as conn:
        before = journal.head(conn)
        appended = journal.append_all(conn, events)
        read = tuple(journal.entries(conn, before.seq))
        journal.verify(conn, anchor=appended[-1].head)
        assert from_bytes(journal.segment(conn, before.seq)) == appended

    assert read == appended
    for entry, event in zip(read, events, strict=True):
        assert replace(entry.event, at=event.at) == event
        assert timedelta(0) <= entry.event.at - event.at < timedelta(seconds=1)


# --- tampering


_TAMPERING = {
    "at": "2026-11-24T03:00:09.000000Z",
    "type": "destruction",
    "outcome": "failure",
    "agent": "somebody else",
    "subject": "another dossier",
    "details": '{"number":9}',
    "salt": b"\x00" * 16,
    "commitment": bytes.fromhex(digest("x")),
    "prev": bytes.fromhex(digest("y")),
    "digest": bytes.fromhex(digest("z")),
    "seq": 99,
}


def _verify_after(catalogue: Catalogue, column: str, value: object, seq: int) -> None:
    """Verify with one value changed; the change is rolled back by the error."""
    with catalogue.begin() as conn:
        _without_triggers(conn)
        mark = "%s" if conn.dialect.name == "postgresql" else "?"
        conn.exec_driver_sql(f"UPDATE journal SET {column} = {mark} WHERE seq = {seq}", (value,))
        journal.verify(conn)


def test_every_column_is_tampered_with_below() -> None:
    assert set(_TAMPERING) == set(tables.journal.columns.keys())


@pytest.mark.parametrize("column", list(_TAMPERING))
def test_a_change_of_any_column_of_any_entry_is_noticed(catalogue: Catalogue, column: str) -> None:
    with catalogue.begin() as conn:
        _fill(conn, 3)
        journal.set_flushed(conn, 3)

    for seq in (1, 2, 3):
        with pytest.raises(JournalBroken) as found:
            _verify_after(catalogue, column, _TAMPERING[column], seq)
        assert found.value.where.startswith("journal")

    with catalogue.connect() as conn:
        assert journal.verify(conn).seq == 3


@pytest.mark.parametrize(
    ("column", "value"),
    [("digest", "text"), ("salt", 7), ("at", b"\xff"), ("details", b"\xff\xfe"), ("type", 5)],
)
def test_a_value_of_another_type_is_noticed(
    one_catalogue: Catalogue, column: str, value: object
) -> None:
    with one_catalogue.begin() as conn:
        _fill(conn, 2)

    with pytest.raises(JournalBroken):
        _verify_after(one_catalogue, column, value, 2)


@pytest.mark.parametrize("seq", [1, 3, 5], ids=["first", "in the middle", "last"])
def test_a_missing_entry_is_noticed(catalogue: Catalogue, seq: int) -> None:
    with catalogue.begin() as conn:
        end = _fill(conn)[-1].head
        _without_triggers(conn)
        conn.exec_driver_sql(f"DELETE FROM journal WHERE seq = {seq}")

    with catalogue.connect() as conn, pytest.raises(JournalBroken):
        journal.verify(conn, anchor=end)


def test_a_journal_written_anew_contradicts_what_was_kept_elsewhere(catalogue: Catalogue) -> None:
    with catalogue.begin() as conn:
        kept = _fill(conn)[2].head
    with catalogue.begin() as conn:
        _without_triggers(conn)
        conn.exec_driver_sql("DELETE FROM journal")
        _fill(conn)

    with catalogue.connect() as conn:
        journal.verify(conn)
        with pytest.raises(JournalBroken, match="entry 3 was replaced"):
            journal.verify(conn, anchor=kept)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE journal SET outcome = 'failure'",
        "UPDATE journal SET outcome = outcome WHERE seq = 2",
        "DELETE FROM journal WHERE seq = 5",
        "DELETE FROM journal",
        "INSERT INTO journal SELECT seq + 9, at || 'x', type, outcome, agent, subject, details,"
        " salt, commitment, prev, digest FROM journal WHERE seq = 1",
        "INSERT INTO journal SELECT 0, at || 'x', type, outcome, agent, subject, details,"
        " salt, commitment, prev, digest FROM journal WHERE seq = 1",
    ],
    ids=["change all", "change one", "cut off", "empty", "leave a gap", "put in front"],
)
def test_the_database_itself_refuses_to_change_the_journal(
    catalogue: Catalogue, statement: str
) -> None:
    with catalogue.begin() as conn:
        appended = _fill(conn)

    with pytest.raises(ArchiveError), catalogue.begin() as conn:
        conn.exec_driver_sql(statement)

    with catalogue.connect() as conn:
        assert tuple(journal.entries(conn)) == appended


def test_sqlite_refuses_to_replace_entries(one_catalogue: Catalogue) -> None:
    with one_catalogue.begin() as conn:
        _fill(conn, 3)
    for seq in ("seq", "(SELECT max(seq) + 1 FROM journal)"):
        with pytest.raises(ArchiveError), one_catalogue.begin() as conn:
            conn.exec_driver_sql(
                f"INSERT OR REPLACE INTO journal SELECT {seq}, at, type, 'failure', agent,"
                " subject, details, salt, commitment, prev, digest FROM journal WHERE seq = 2"
            )


def test_postgresql_refuses_to_truncate_the_journal(postgres_url: str) -> None:
    catalogue = Catalogue(postgres_url)
    catalogue.migrate()
    with catalogue.begin() as conn:
        _fill(conn)

    with pytest.raises(ArchiveError), catalogue.begin() as conn:
        conn.exec_driver_sql("TRUNCATE journal")
    catalogue.close()


# --- reading


def test_entries_are_filtered_by_subject_type_and_time(catalogue: Catalogue) -> None:
    with catalogue.begin() as conn:
        _fill(conn, 6)
        journal.append(
            conn, replace(an_event(at=NOW + timedelta(hours=1)), type=EventType.RECOVERY)
        )

        def seqs(*args, **filters) -> list[int]:
            return [entry.seq for entry in journal.entries(conn, *args, **filters)]

        assert seqs(4) == [5, 6, 7]
        assert seqs(limit=2) == [1, 2]
        assert seqs(subject="dossier-1") == [2, 5]
        assert seqs(2, subject="dossier-1", limit=9) == [5]
        assert seqs(type=EventType.RECOVERY) == [7]
        assert seqs(since=NOW + timedelta(seconds=4)) == [5, 6, 7]
        assert seqs(until=NOW + timedelta(seconds=1)) == [1]
        assert seqs(limit=0) == []


def test_pages_make_no_difference(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    with catalogue.begin() as conn:
        appended = _fill(conn, 7)
        for size in (1, 2, 7):
            monkeypatch.setattr(journal, "_PAGE", size)
            assert tuple(journal.entries(conn)) == appended
            assert len(list(journal.entries(conn, limit=3))) == 3
            assert journal.verify(conn) == appended[-1].head


# --- segments


def test_a_journal_restored_from_its_segments_has_the_same_digests(
    catalogue: Catalogue, one_catalogue: Catalogue, tmp_path: Path
) -> None:
    with catalogue.begin() as conn:
        appended = _fill(conn, 7)
        segments = [journal.segment(conn, after, limit=3) for after in (0, 3, 6)]
        assert journal.segment(conn, 7) == b""

    rebuilt = Catalogue(f"sqlite:///{tmp_path / 'rebuilt.db'}")
    rebuilt.migrate()
    with rebuilt.begin() as conn:
        assert [journal.restore(conn, segment) for segment in segments] == [3, 3, 1]
        assert tuple(journal.entries(conn)) == appended
        assert journal.verify(conn) == appended[-1].head
        assert [journal.segment(conn, after, limit=3) for after in (0, 3, 6)] == segments


def test_restoring_again_or_overlapping_adds_only_what_is_new(catalogue: Catalogue) -> None:
    with catalogue.begin() as conn:
        _fill(conn, 4)
        early, late = journal.segment(conn, 0, limit=3), journal.segment(conn, 1)
        _without_triggers(conn)
        conn.exec_driver_sql("DELETE FROM journal")

        restored = [journal.restore(conn, part) for part in (early, early, late, b"")]

        assert restored == [3, 0, 1, 0]
        assert journal.verify(conn).seq == 4


def test_a_segment_that_leaves_a_gap_is_refused(catalogue: Catalogue) -> None:
    with catalogue.begin() as conn:
        _fill(conn, 4)
        late = journal.segment(conn, 2)
        _without_triggers(conn)
        conn.exec_driver_sql("DELETE FROM journal")

        with pytest.raises(JournalBroken, match="entry 1 is missing"):
            journal.restore(conn, late)


def test_a_segment_that_contradicts_the_journal_is_refused(catalogue: Catalogue) -> None:
    with catalogue.begin() as conn:
        _fill(conn, 2)
        other = journal.segment(conn, 0)
        _without_triggers(conn)
        conn.exec_driver_sql("DELETE FROM journal")
        _fill(conn, 3)

        with pytest.raises(JournalBroken, match="contradicts entry 1"):
            journal.restore(conn, other)


def _a_segment(catalogue: Catalogue) -> tuple[chain.Entry, ...]:
    with catalogue.begin() as conn:
        before = journal.head(conn)
        _fill(conn, 3)
        return from_bytes(journal.segment(conn, before.seq))


def test_a_segment_is_lines_of_canonical_json(one_catalogue: Catalogue) -> None:
    entries = _a_segment(one_catalogue)

    lines = to_bytes(entries).decode().splitlines()

    assert [json.loads(line)["seq"] for line in lines] == [entry.seq for entry in entries]
    assert all(line == chain.canonical(json.loads(line)) for line in lines)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-20],
        lambda content: content.replace(b"success", b"failure", 1),
        lambda content: b"\n".join(content.splitlines()[::2]),
        lambda content: content + b"[]\n",
        lambda content: content + b'{"seq": 1}\n',
        lambda content: content.replace(b'"seq":', b'"seq":1', 1),
        lambda content: content.replace(b'"agent":"kho test"', b'"agent":null', 1),
        lambda content: b"\xff\xfe" + content,
    ],
    ids=["cut", "changed", "a line missing", "a list", "half", "number", "null", "not text"],
)
def test_a_damaged_segment_is_refused(one_catalogue: Catalogue, damage) -> None:
    content = to_bytes(_a_segment(one_catalogue))

    with pytest.raises(JournalBroken):
        from_bytes(damage(content))


def test_the_position_in_the_store_is_remembered(catalogue: Catalogue) -> None:
    with catalogue.begin() as conn:
        appended = _fill(conn)
        assert journal.flushed(conn) == chain.EMPTY
        for seq in (2, 5):
            journal.set_flushed(conn, seq)
            assert journal.flushed(conn) == appended[seq - 1].head
        with pytest.raises(JournalBroken):
            journal.set_flushed(conn, 6)
