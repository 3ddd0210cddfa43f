"""Transfer: handed over, acknowledged by digests, purged three months later by the same door."""

from __future__ import annotations

import csv
import json
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from archive.catalogue.disposals import Kind, ListStatus
from archive.disposal import HoldRequest, execution, place_hold, transfer
from archive.errors import DisposalForbidden, NotPermitted, Rejected, UsageError
from archive.fixity import sha256_of_file
from tests.disposals import Story, a_story, propose, readable


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    made = a_story(tmp_path)
    yield made
    made.close()


def handed_over(story: Story, count: int = 1) -> tuple[str, Path]:
    for _ in range(count):
        story.take_in("2016-03-10", tthc__procedureCode="1.009999")
    story.finish()
    disposal_id = propose(story, kind=Kind.TRANSFER).disposal.id
    folder = story.papers / "out"
    transfer.export(story.archive, disposal_id, folder, agent="t")
    return disposal_id, folder


def a_receipt(folder: Path, **wrong: str) -> Path:
    """Fill the form in as a receiver does: digests of the files that arrived."""
    with (folder / "receipt.csv").open(encoding="utf-8") as stream:
        head, *rows = list(csv.reader(stream))
    for row in rows:
        row[2], row[3] = sha256_of_file(folder / row[1]), "có"
    for column, value in wrong.items():
        rows[0][head.index(column)] = value
    with (folder / "receipt.csv").open("w", encoding="utf-8") as stream:
        csv.writer(stream).writerows([head, *rows])
    return folder / "receipt.csv"


def test_what_is_handed_over_opens_without_kho(story):
    _, folder = handed_over(story)
    manifest = json.loads((folder / "transfer.json").read_bytes())
    (package,) = manifest["packages"]

    told = subprocess.run(["unzip", "-tq", str(folder / package["package"])], check=False)

    assert told.returncode == 0
    assert sha256_of_file(folder / package["package"]) == package["sha256"]


def test_acknowledged_packages_go_three_months_later_and_not_before(story):
    disposal_id, folder = handed_over(story)
    (dossier,) = (item.dossier_id for item in transfer_of(story, disposal_id).items)
    after = transfer.receipt(story.archive, disposal_id, a_receipt(folder), paper=None, agent="t")

    with pytest.raises(DisposalForbidden, match="not before 2027-02-25"):
        transfer.purge(story.archive, disposal_id, agent="t")
    story.clock.forward(days=93)
    done = transfer.purge(story.archive, disposal_id, agent="t")

    assert after.status is ListStatus.RECEIVED
    assert done.disposal.status is ListStatus.EXECUTED
    assert readable(story, dossier) == []


def transfer_of(story: Story, disposal_id: str):
    from archive.catalogue import disposals

    with story.archive.catalogue.connect() as connection:
        return disposals.get(connection, disposal_id)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"sha256": "00" * 32}, "giá trị băm"),
        ({"accepted": "không", "reason": "thiếu"}, "từ chối: thiếu"),
    ],
    ids=["other digest", "refused"],
)
def test_what_is_not_acknowledged_as_sent_stays(story, wrong, told):
    disposal_id, folder = handed_over(story, 2)
    table = a_receipt(folder, **wrong)
    transfer.receipt(story.archive, disposal_id, table, paper=None, agent="t")
    story.clock.forward(days=200)

    found = transfer.reconcile(story.archive, disposal_id)

    assert len(found.acknowledged) == 1
    assert told in found.problems[0][1]
    with pytest.raises(DisposalForbidden):
        transfer.purge(story.archive, disposal_id, agent="t")
    with pytest.raises(NotPermitted):
        execution.execute(story.archive, disposal_id, agent="t")


def test_a_receipt_for_something_else_is_refused(story):
    disposal_id, folder = handed_over(story)

    with pytest.raises(Rejected):
        transfer.receipt(
            story.archive, disposal_id, a_receipt(folder, package="x/y.zip"), paper=None, agent="t"
        )


def test_a_hold_after_the_receipt_keeps_it(story):
    disposal_id, folder = handed_over(story)
    transfer.receipt(story.archive, disposal_id, a_receipt(folder), paper=None, agent="t")
    (item,) = transfer_of(story, disposal_id).items
    request = HoldRequest("Thanh tra", "khiếu nại", "QĐ 1", item.dossier_id)
    place_hold(story.archive, request, agent="t")
    story.clock.forward(days=93)

    done = transfer.purge(story.archive, disposal_id, agent="t")

    assert done.ordered == ()
    assert story.held(item.dossier_id)


def test_a_list_for_destruction_is_not_exported(story):
    story.take_in()
    disposal_id = propose(story).disposal.id

    with pytest.raises(UsageError):
        transfer.export(story.archive, disposal_id, story.papers / "out", agent="t")
    assert timedelta(days=1)
