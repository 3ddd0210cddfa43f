"""The register of copies and the ingest queue, on a real SQLite and a real PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from archive.catalogue import dossiers, issued_copies, reception
from archive.catalogue.engine import Catalogue
from archive.catalogue.issued_copies import CopyKind, IssuedCopy
from archive.catalogue.reception import Batch, ItemState
from archive.dissemination import codes
from archive.errors import Changed, NotHeld, UsageError
from archive.model import DossierId, ObjectName
from archive.viewers import LEVELS, Grant, PersonRole, Scope, Viewer
from tests.holdings import NOW, a_holding, digest


def a_copy(number: int = 1, dossier_id: str = "", **changes: Any) -> IssuedCopy:
    made = IssuedCopy(
        2026,
        number,
        codes.new(),
        CopyKind.CERTIFIED,
        DossierId(dossier_id or "7f3e1c52-8a4b-5c6d-9e0f-123456789abc"),
        "H26.18-260105-0001",
        ({"ordinal": 1, "path": "đơn.pdf", "title": "Đơn", "sha256": digest(number)},),
        "Nguyễn Thị Ánh Tuyết",
        "xin hộ chiếu",
        NOW,
        "test",
        sha256=digest(f"copy {number}"),
        size=5 << 30,
        place=ObjectName(f"copies/x/{number}.pdf"),
    )
    return replace(made, **changes)


def test_a_copy_is_found_by_number_code_and_digest_as_it_was_entered(catalogue: Catalogue):
    copy = a_copy(usable_until=NOW + timedelta(days=15), requester_identity="001099000001")

    with catalogue.begin() as conn:
        assert issued_copies.next_number(conn, 2026) == 1
        issued_copies.add(conn, copy)

    with catalogue.connect() as conn:
        assert issued_copies.by_label(conn, "2026/BS-00001") == copy
        assert issued_copies.by_code(conn, copy.code) == copy
        assert issued_copies.by_digest(conn, digest("copy 1")) == copy
        assert issued_copies.by_code(conn, codes.new()) is None
        assert issued_copies.next_number(conn, 2026) == 2
        assert issued_copies.next_number(conn, 2027) == 1
        assert issued_copies.places(conn, NOW - timedelta(days=1)) == {copy.place}
        assert issued_copies.places(conn, NOW) == frozenset()
        with pytest.raises(NotHeld):
            issued_copies.by_label(conn, "2026/BS-99999999999999")
    assert issued_copies.from_json(issued_copies.to_json(copy)) == copy


def test_a_number_that_was_taken_is_not_given_again(catalogue: Catalogue):
    with catalogue.begin() as conn:
        issued_copies.add(conn, a_copy())

    with pytest.raises(Changed), catalogue.begin() as conn:
        issued_copies.add(conn, a_copy())


def test_a_revocation_stands_in_whatever_order_records_are_restored(catalogue: Catalogue):
    copy = a_copy()
    with catalogue.begin() as conn:
        issued_copies.add(conn, copy)
        revoked = issued_copies.revoke(conn, copy, at=NOW, by="test", reason="cấp nhầm")
        with pytest.raises(UsageError):
            issued_copies.revoke(conn, copy, at=NOW, by="test", reason="lần nữa")
        issued_copies.restore(conn, copy)
        issued_copies.restore(conn, revoked)
        issued_copies.restore(conn, copy)

    with catalogue.connect() as conn:
        assert issued_copies.by_code(conn, copy.code) == revoked


def test_pages_of_the_register_join_to_the_whole_and_hide_what_may_not_be_seen(
    catalogue: Catalogue,
):
    holding = a_holding()
    seen = [a_copy(number, holding.dossier.id) for number in (1, 3, 5)]
    hidden = [a_copy(number) for number in (2, 4)]
    with catalogue.begin() as conn:
        dossiers.register(conn, holding)
        for copy in (*seen, *hidden):
            issued_copies.add(conn, copy)
    scope = Scope(agencies=(holding.dossier.agency,), levels=LEVELS)
    viewer = Viewer("canbo", grants=(Grant(PersonRole.OFFICIAL, scope),))

    with catalogue.connect() as conn:
        first = issued_copies.listed(conn, limit=2)
        rest = issued_copies.listed(conn, before=(first[-1].year, first[-1].number))
        shown = issued_copies.listed(conn, viewer=viewer)

    assert [copy.number for copy in (*first, *rest)] == [5, 4, 3, 2, 1]
    assert [copy.number for copy in shown] == [5, 3, 1]


def test_a_batch_counts_its_submissions_and_settles_each_once(catalogue: Catalogue):
    with catalogue.begin() as conn:
        assert reception.next_id(conn, "20261127") == "TN-20261127-001"
        reception.open_batch(conn, Batch("TN-20261127-001", "Sở Y tế", "upload", NOW, "mai"))
        assert reception.next_id(conn, "20261127") == "TN-20261127-002"
        reception.add_items(conn, "TN-20261127-001", ["a.zip", "b.zip"], at=NOW, by="mai")
        reception.add_items(conn, "TN-20261127-001", ["b.zip", "c.zip"], at=NOW, by="mai")
        item = reception.item(conn, "TN-20261127-001.2")
        told = ({"rule": "KHO-DATE", "severity": "error", "path": "", "message": "sai"},)
        fixed = replace(item, state=ItemState.TO_FIX, findings=told, corrections={"a": None})
        reception.change(conn, fixed, expected=(ItemState.WAITING,))
        with pytest.raises(UsageError):
            reception.change(conn, fixed, expected=(ItemState.WAITING,))

    with catalogue.connect() as conn:
        batch = reception.get(conn, "TN-20261127-001")
        assert batch.counts == {ItemState.WAITING: 2, ItemState.TO_FIX: 1}
        assert [each.label for each in reception.items(conn, batch.id)] == [
            "a.zip", "b.zip", "c.zip",
        ]  # fmt: skip
        assert reception.items(conn, batch.id, ItemState.TO_FIX) == (fixed,)
        assert reception.open_items(conn, ItemState.TO_FIX) == 1
        assert reception.open_items(conn, ItemState.TO_FIX, by="người khác") == 0
        assert reception.listed(conn, by="người khác") == ()
        assert reception.listed(conn, before=batch.id) == ()
        with pytest.raises(NotHeld):
            reception.item(conn, "TN-20261127-001.x")

    with catalogue.begin() as conn:
        reception.close(conn, batch.id, "state/x.pdf", at=NOW)
        with pytest.raises(UsageError):
            reception.close(conn, batch.id, "state/y.pdf", at=NOW)
        assert reception.is_closed(conn, batch.id)
        assert reception.open_items(conn, ItemState.TO_FIX) == 0


def test_a_batch_id_that_was_taken_is_not_given_again(catalogue: Catalogue):
    with catalogue.begin() as conn:
        reception.open_batch(conn, Batch("TN-20261127-001", "A", "upload", NOW, "mai"))

    with pytest.raises(Changed), catalogue.begin() as conn:
        reception.open_batch(conn, Batch("TN-20261127-001", "B", "upload", NOW, "lan"))
