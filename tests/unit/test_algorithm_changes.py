"""Until when digests count is changed by two people, on record, never backwards unsaid."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from archive import checkup, keyring, sealing
from archive.assembly import Archive, open_archive
from archive.catalogue import journal
from archive.creation import create
from archive.errors import IntegrityError, NotPermitted, Rejected, UsageError
from archive.events import EventType
from archive.signatures.trust import ALGORITHMS_FILE, TrustStore
from archive.trusting import algorithm_ends, proposals
from archive.trusting.algorithm_ends import Origin, Shown
from tests.signed import NOW

DAY_OF_2038 = date(2038, 1, 1)


class Clock:
    at = NOW

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def archive(tmp_path: Path, clock: Clock) -> Iterator[Archive]:
    create(tmp_path / "archive", {}, clock=clock)
    with open_archive(tmp_path / "archive", clock=clock) as opened:
        yield opened


def a_proposal(archive: Archive, retroactive: bool = False, **days: date | None):
    wanted = algorithm_ends.ends(archive, days, retroactive=retroactive)
    return proposals.propose(archive, wanted, by="Trần Văn A", account="a", reason="QĐ 1")


def changed(archive: Archive, retroactive: bool = False, **days: date | None) -> None:
    proposal = a_proposal(archive, retroactive, **days)
    proposals.confirm(archive, proposal.id, by="Lê Thị B", account="b")


def stated(archive: Archive) -> Path:
    return archive.settings.path("trust.folder") / ALGORITHMS_FILE


def shown(archive: Archive, name: str = "sha256") -> Shown:
    return next(one for one in algorithm_ends.shown(archive) if one.name == name)


def test_nothing_ends_before_a_second_person_confirms(archive: Archive) -> None:
    proposal = a_proposal(archive, sha256=DAY_OF_2038)

    with pytest.raises(NotPermitted):
        proposals.confirm(archive, proposal.id, by="TRAN VAN A", account="b")

    assert not stated(archive).exists()
    assert shown(archive).end is None
    assert shown(archive).origin is Origin.TABLE


def test_a_confirmed_day_holds_for_signatures_and_seals_and_is_on_record(archive: Archive) -> None:
    changed(archive, sha256=DAY_OF_2038)

    row, key = shown(archive), sealing.state(archive).keys["configured"]
    assert json.loads(stated(archive).read_text()) == {
        "form": 1,
        "digests": {"sha256": "2038-01-01"},
    }
    assert archive.trust.policy.digest_good_until("sha256") == datetime(2038, 1, 1, tzinfo=UTC)
    assert keyring.good_until(key.certificate, archive.trust.policy) is not None
    assert (row.end, row.table, row.origin) == (DAY_OF_2038, None, Origin.ARCHIVE)
    assert row.decision == {
        "proposed_by": "Trần Văn A",
        "confirmed_by": "Lê Thị B",
        "reason": "QĐ 1",
        "at": NOW,
    }
    with archive.catalogue.connect() as connection:
        (entry,) = journal.entries(connection, type=EventType.TRUST_CHANGED)
    assert json.loads(entry.details)["changes"][0][0] == "end-digest"


def test_the_day_of_the_table_comes_back_by_two_people_too(archive: Archive) -> None:
    changed(archive, sha256=DAY_OF_2038, sha384=date(2040, 1, 1))
    changed(archive, sha256=None)

    assert shown(archive).origin is Origin.TABLE
    assert shown(archive, "sha384").end == date(2040, 1, 1)
    assert [name for name, _ in TrustStore.load(stated(archive).parent).ends] == ["sha384"]


@pytest.mark.parametrize(
    ("days", "why"),
    [
        ({"sha257": DAY_OF_2038}, "not a digest"),
        ({"sha256": DAY_OF_2038, "SHA-256": DAY_OF_2038}, "named twice"),
        ({"sha256": None}, "nothing would change"),
        ({"sha1": DAY_OF_2038}, "nothing would change: Kho's table says 2012-08-01"),
        ({"sha256": NOW.date()}, "in the past"),
        ({"sha256": date(1999, 1, 1)}, "in the past"),
        ({"sha1": date(2005, 1, 1)}, "in the past"),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(archive: Archive, days, why) -> None:
    with pytest.raises(UsageError, match=why):
        algorithm_ends.ends(archive, days)

    assert proposals.pending(archive) == []


def test_a_day_in_the_past_is_set_where_it_is_said(archive: Archive) -> None:
    changed(archive, retroactive=True, sha384=date(2025, 1, 1))

    assert shown(archive, "sha384").end == date(2025, 1, 1)
    with pytest.raises(UsageError, match="in the past"):
        algorithm_ends.ends(archive, {"sha384": None})
    changed(archive, retroactive=True, sha384=None)
    assert shown(archive, "sha384").end is None


def test_a_proposal_that_waited_until_its_day_is_not_confirmed(
    archive: Archive, clock: Clock
) -> None:
    proposal = a_proposal(archive, sha384=NOW.date() + timedelta(days=3))
    clock.at = NOW + timedelta(days=3)

    with pytest.raises(NotPermitted, match="in the past"):
        proposals.confirm(archive, proposal.id, by="Lê Thị B", account="b")

    assert not stated(archive).exists()


def test_of_two_proposals_about_one_digest_the_second_is_asked_for_again(archive: Archive) -> None:
    first = a_proposal(archive, sha256=DAY_OF_2038)
    other = a_proposal(archive, sha256=date(2039, 1, 1))
    proposals.confirm(archive, first.id, by="Lê Thị B", account="b")

    with pytest.raises(NotPermitted, match="changed after"):
        proposals.confirm(archive, other.id, by="Lê Thị B", account="b")

    assert shown(archive).end == DAY_OF_2038


def test_a_proposal_with_another_day_is_not_the_one_that_was_made(archive: Archive) -> None:
    proposal = a_proposal(archive, sha256=DAY_OF_2038)
    file = archive.settings.home / "trust-proposals" / f"{proposal.id}.json"
    file.write_text(file.read_text().replace("2038-01-01", "2099-01-01"))

    with pytest.raises(IntegrityError):
        proposals.confirm(archive, proposal.id, by="Lê Thị B", account="b")


def test_a_confirmation_that_was_cut_off_is_finished_by_running_it_again(archive: Archive) -> None:
    proposal = a_proposal(archive, sha256=DAY_OF_2038)
    blocked = stated(archive).with_name(f".{ALGORITHMS_FILE}.new")
    blocked.mkdir()
    with pytest.raises(OSError, match="directory"):
        proposals.confirm(archive, proposal.id, by="Lê Thị B", account="b")
    blocked.rmdir()

    proposals.confirm(archive, proposal.id, by="Lê Thị B", account="b")

    assert shown(archive).end == DAY_OF_2038
    with archive.catalogue.connect() as connection:
        assert len([*journal.entries(connection, type=EventType.TRUST_CHANGED)]) == 1


def test_a_day_that_nobody_decided_is_shown_as_such(archive: Archive) -> None:
    changed(archive, sha256=DAY_OF_2038)
    text = stated(archive).read_text()
    stated(archive).write_text(text.replace("2038-01-01", "2037-01-01"))

    assert shown(archive).origin is Origin.UNRECORDED
    assert shown(archive).decision is None


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (lambda text: text.replace("2038-01-01", "2037-01-01"), "2037-01-01 instead of 2038-01-01"),
        (lambda _: '{"form": 1, "digests": {}}', "– instead of 2038-01-01"),
    ],
    ids=["moved", "taken out"],
)
def test_the_doctor_warns_of_a_day_that_was_changed_without_two_people(
    archive: Archive, edit, found: str
) -> None:
    changed(archive, sha256=DAY_OF_2038)
    assert warnings(archive) == []

    stated(archive).write_text(edit(stated(archive).read_text()))

    assert warnings(archive) == [("sha256", found)]


def test_keys_up_to_a_size_end_when_two_people_say_so(archive: Archive) -> None:
    day = date(2028, 1, 1)
    wanted = algorithm_ends.ends(archive, {"RSA-2048": day, "ecdsa_256": date(2035, 1, 1)})
    proposal = proposals.propose(archive, wanted, by="Trần Văn A", account="a", reason="QĐ 2")
    before = archive.trust.policy.size_good_until("rsa", 2048).date()
    proposals.confirm(archive, proposal.id, by="Lê Thị B", account="b")

    policy = archive.trust.policy
    ends = {bits: policy.size_good_until("rsa", bits) for bits in (1024, 2048, 2049, 3072)}
    assert before == date(2029, 1, 1)
    assert {bits: end.date() for bits, end in ends.items()} == {
        1024: date(2019, 10, 1),
        2048: day,
        2049: date(2029, 1, 1),
        3072: date.max,
    }
    assert [(one.name, one.end, one.origin) for one in algorithm_ends.shown_sizes(archive)] == [
        ("ecdsa-256", date(2035, 1, 1), Origin.ARCHIVE),
        ("rsa-2048", day, Origin.ARCHIVE),
    ]
    assert json.loads(stated(archive).read_text())["keys"]["rsa-2048"][:10] == "2028-01-01"
    assert warnings(archive) == []
    # The archive's own seal is an ECDSA key of 256 bits.
    (key,) = sealing.state(archive).keys.values()
    end = keyring.good_until(key.certificate, policy)
    assert end is not None
    assert end[0].date() == date(2035, 1, 1)


@pytest.mark.parametrize("size", ["rsa-512", "rsa", "rsa-99999999", "ed25519-256", "rsa-0"])
def test_a_key_size_that_never_counted_or_is_none_is_named(archive: Archive, size: str) -> None:
    with pytest.raises(UsageError, match="is not a digest"):
        algorithm_ends.ends(archive, {size: date(2035, 1, 1)})


def test_a_key_size_cannot_be_given_longer_than_the_table_or_ended_in_the_past_unsaid(
    archive: Archive,
) -> None:
    with pytest.raises(UsageError, match="nothing would change"):
        algorithm_ends.ends(archive, {"rsa-2048": date(2031, 1, 1)})
    with pytest.raises(UsageError, match="retroactive"):
        algorithm_ends.ends(archive, {"rsa-2048": date(2020, 1, 1)})


def test_a_key_size_in_the_trust_folder_that_is_none_is_refused(archive: Archive) -> None:
    stated(archive).write_text('{"form": 1, "digests": {}, "keys": {"rsa": "2030-01-01"}}')
    with pytest.raises(Rejected, match="rsa is not a digest"):
        algorithm_ends.shown(archive)
    stated(archive).write_text('{"form": 1, "digests": {}, "keys": {"rsa-3072": "2030-01-01"}}')
    assert warnings(archive) == [("rsa-3072", "2030-01-01 instead of –")]


def test_the_doctor_warns_of_a_day_that_was_put_in_and_is_content_when_it_is_decided(
    archive: Archive,
) -> None:
    stated(archive).write_text('{"form": 1, "digests": {"sha384": "2039-01-01"}}')
    assert warnings(archive) == [("sha384", "2039-01-01 instead of –")]

    changed(archive, sha384=date(2039, 6, 1))
    assert warnings(archive) == []
    changed(archive, sha384=None)
    assert warnings(archive) == []


def warnings(archive: Archive) -> list[tuple[str, str]]:
    """Return what the doctor says of days: whose, and which instead of which."""
    rule = "KHO-DOCTOR-ALGORITHMS"
    return [
        (one.path, one.message.partition("expire: ")[2].partition(";")[0])
        for one in dict(checkup.PARTS)["trust"](archive)
        if one.rule == rule
    ]


def test_a_list_that_cannot_be_read_is_named_and_not_overwritten(archive: Archive) -> None:
    stated(archive).write_text("{")

    with pytest.raises(Rejected) as error:
        algorithm_ends.ends(archive, {"sha256": DAY_OF_2038})

    assert (error.value.where or "").endswith(ALGORITHMS_FILE)
    assert stated(archive).read_text() == "{"
