"""Whatever people do in whatever order, nothing goes that must stay, and what goes is gone."""

from __future__ import annotations

import shutil
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from archive.catalogue import disposals, dossiers, journal
from archive.catalogue.disposals import ItemState, ListStatus
from archive.disposal import HoldRequest, execution, lift_hold, place_hold, procedure
from archive.errors import DisposalForbidden, NotPermitted
from archive.model import DossierId
from archive.preservation.rebuild import rebuild
from archive.recomputing import recompute
from archive.storage.encrypted.master import make_file
from tests import disposals as tools
from tests.disposals import SCHEDULE, Story, a_story
from tests.faults import FaultyStore

PERIODS = (2, 5, 20)
CLOSED = ("2001-06-30", "2010-06-30", "2019-06-30", "2023-06-30", "2025-06-30")


class KilledError(BaseException):
    """The process is gone."""


class Archives(RuleBasedStateMachine):
    """An agency's dossiers, holds, schedules and lists; the process may die at any write."""

    @initialize(encrypted=st.booleans())
    def begin(self, encrypted: bool) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kho-machine-"))
        master = ""
        if encrypted:
            make_file(self.folder / "apart" / "master.key")
            master = f"file:{self.folder / 'apart' / 'master.key'}"
        self.story: Story = a_story(self.folder, encrypted=master)
        self.period = 5
        self.versions = 1
        self.known: dict[DossierId, tuple[str, int]] = {}
        """When each dossier was closed, and the years that were in force when it came in."""
        self.holds: dict[str, DossierId] = {}
        self.years: dict[str, tuple[str, frozenset[DossierId]]] = {}
        """Holds on whatever was received in a year, and what of it was gone before."""
        for closed in CLOSED[:2]:
            self.ingest(closed)

    def teardown(self) -> None:
        if hasattr(self, "story"):
            self.story.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    @rule(closed=st.sampled_from(CLOSED))
    def ingest(self, closed: str) -> None:
        self.known[self.story.take_in(closed)] = (closed, self.period)

    @precondition(lambda self: self.held())
    @rule(data=st.data())
    def hold(self, data: Any) -> None:
        dossier = data.draw(st.sampled_from(sorted(self.held())))
        request = HoldRequest("Thanh tra", "khiếu nại", "QĐ 1", dossier)
        self.holds[place_hold(self.story.archive, request, agent="t").id] = dossier

    @rule(closed=st.sampled_from(CLOSED))
    def hold_a_year(self, closed: str) -> None:
        request = HoldRequest("Tòa án", "vụ án", "QĐ 2", query=f"năm:{closed[:4]}")
        gone = frozenset(set(self.known) - self.held())
        placed = place_hold(self.story.archive, request, agent="t")
        self.years[placed.id] = (closed[:4], gone)

    @precondition(lambda self: self.holds or self.years)
    @rule(data=st.data())
    def lift(self, data: Any) -> None:
        hold = data.draw(st.sampled_from(sorted([*self.holds, *self.years])))
        lift_hold(self.story.archive, hold, agent="t", reason="xong")
        self.holds.pop(hold, None)
        self.years.pop(hold, None)

    @rule(years=st.sampled_from(PERIODS))
    def adopt(self, years: int) -> None:
        self.versions += 1
        self.story.clock.forward(seconds=1)
        text = SCHEDULE.replace("thu-nghiem-1", f"thu-nghiem-{self.versions}")
        self.story.adopt(text.replace('"5 years"', f'"{years} years"'))
        recompute(self.story.archive)
        self.period = years

    @precondition(lambda self: self.held())
    @rule()
    def propose(self) -> None:
        try:
            tools.propose(self.story)
        except DisposalForbidden:
            return

    @precondition(lambda self: self.lists(ListStatus.PROPOSED))
    @rule()
    def review_and_approve(self) -> None:
        for each in self.lists(ListStatus.PROPOSED):
            tools.review(self.story, each)
            tools.approve(self.story, each)

    @precondition(lambda self: self.lists(ListStatus.APPROVED, ListStatus.EXECUTING))
    @rule(write=st.one_of(st.none(), st.integers(1, 16)), after=st.booleans())
    def execute(self, write: int | None, after: bool) -> None:
        archive = self.story.archive
        (inner,) = archive.copies
        store = inner
        if write is not None:
            store = FaultyStore(inner, fail_at=write, after=after, error=KilledError)
        archive.__dict__.update({"copies": (store,), "store": store})
        try:
            for each in self.lists(ListStatus.APPROVED, ListStatus.EXECUTING):
                execution.execute(archive, each, agent="t")
        except (KilledError, NotPermitted):
            pass
        finally:
            archive.__dict__.update({"copies": (inner,), "store": inner})

    @precondition(lambda self: self.held())
    @rule(write=st.one_of(st.none(), st.integers(1, 16)), after=st.booleans())
    def the_whole_procedure(self, write: int | None, after: bool) -> None:
        self.propose()
        self.review_and_approve()
        self.execute(write, after)

    @precondition(lambda self: self.lists(ListStatus.APPROVED))
    @rule()
    def reject(self) -> None:
        for each in self.lists(ListStatus.APPROVED)[:1]:
            procedure.reject(self.story.archive, each, agent="t", reason="không duyệt")

    @rule()
    def rebuild_from_the_store(self) -> None:
        rebuild(self.story.archive)

    @rule(days=st.sampled_from((1, 20, 400)))
    def time_passes(self, days: int) -> None:
        self.story.clock.forward(days=days)

    def lists(self, *statuses: ListStatus) -> list[str]:
        with self.story.archive.catalogue.connect() as connection:
            found = disposals.every(connection, disposals.Kind.DESTROY)
        return [each.id for each in found if each.status in statuses]

    def held(self) -> set[DossierId]:
        with self.story.archive.catalogue.connect() as connection:
            return {each.dossier.id for each in dossiers.all(connection)}

    @invariant()
    def nothing_under_hold_or_in_its_period_is_gone(self) -> None:
        if not hasattr(self, "story"):
            return
        held, today = self.held(), self.story.archive.today()
        for dossier, (closed, years) in self.known.items():
            protected = today <= date(int(closed[:4]) + years, 12, 31)
            under = dossier in self.holds.values() or any(
                year == closed[:4] and dossier not in gone for year, gone in self.years.values()
            )
            if protected or under:
                assert dossier in held
        for dossier in held:
            for version in self.story.held(dossier).versions:
                assert self.story.archive.store.stat(version.place).size == version.size

    @invariant()
    def what_is_destroyed_is_not_readable_and_has_its_file(self) -> None:
        if not hasattr(self, "story"):
            return
        held = self.held()
        with self.story.archive.catalogue.connect() as connection:
            found = disposals.every(connection, disposals.Kind.DESTROY)
            journal.verify(connection)
        gone = {item.dossier_id: item for each in found for item in each.in_state(*disposals.GONE)}
        assert set(self.known) - held == set(gone)
        keyring = self.story.archive.keyring
        keys = set(keyring.dossiers()) if keyring is not None else set()
        for dossier, item in gone.items():
            if item.state is ItemState.DESTROYED:
                assert tools.readable(self.story, dossier) == []
                assert dossier not in keys
        assert keyring is None or held <= keys


TestArchives = Archives.TestCase
TestArchives.settings = settings(
    max_examples=10,
    stateful_step_count=16,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
