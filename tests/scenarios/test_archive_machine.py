"""Whatever is done in whatever order, with deaths in between: what was acknowledged stays held."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from archive.catalogue import dossiers, journal
from archive.disposal import lift_hold
from archive.errors import UsageError
from archive.ingest.batch import finish, ingest_all
from archive.model import Receipt
from archive.preservation import fixity
from archive.preservation.rebuild import rebuild
from archive.preservation.sweep import sweep
from tests.archives import (
    AGENT,
    all_held,
    an_archive,
    corrected,
    file_of,
    flipped,
    held,
    lose,
    placed_hold,
    reopened,
    submission,
)
from tests.interruptions import Crash, Interruption, interrupted
from tests.soundness import assert_sound

CODES = st.integers(1, 4)
DEATHS = st.one_of(st.none(), st.tuples(st.integers(1, 14), st.booleans()))
"""At which write the process dies, and whether the write takes effect; or not at all."""


class Archives(RuleBasedStateMachine):
    """An archive, its depositors, its disk, and a process that may die at any write."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kho-machine-"))
        self.archive = an_archive(self.folder)
        self.receipts: set[Receipt] = set()
        self.titles: dict[int, int] = {}
        """How often each dossier's title was changed."""
        self.holds: dict[str, int] = {}
        self.damaged: dict[str, bytes] = {}

    def teardown(self) -> None:
        if hasattr(self, "archive"):
            self.mend()
            finish(self.archive)
            sweep(self.archive)
            shutil.rmtree(self.archive.scratch)  # what the dead have left, as after a day
            assert_sound(self.archive, finished=False)
            self.archive.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def dying(self, death: tuple[int, bool] | None) -> None:
        """Let the next act die at a write; `alive` follows it."""
        if death is not None:
            interruption = Interruption(death[0], after=death[1], error=Crash)
            interrupted(self.archive, interruption)

    def alive(self) -> None:
        """Open the archive as the next process does."""
        self.archive = reopened(self.archive)

    def submitted(self, number: int) -> Path:
        title = f"Hồ sơ số {number}, lần {self.titles.get(number, 0)}"
        place = self.folder / f"inbox-{number}-{self.titles.get(number, 0)}"
        return place if place.exists() else submission(place, number, dossier__title=title).parent

    @rule(number=CODES, death=DEATHS)
    def ingest(self, number: int, death: tuple[int, bool] | None) -> None:
        place = self.submitted(number)
        self.dying(death)
        try:
            outcomes = list(ingest_all(self.archive, [place], update=True))
            self.receipts |= {each.receipt for each in outcomes if each.receipt}
            assert self.damaged or all(each.receipt for each in outcomes)
        except Crash:
            pass
        self.alive()

    @precondition(lambda self: self.numbers() and not self.damaged)
    @rule(data=st.data(), again=st.booleans())
    def submit_otherwise(self, data: st.DataObject, again: bool) -> None:
        number = data.draw(st.sampled_from(sorted(self.numbers())))
        self.titles[number] = self.titles.get(number, 0) + 1
        self.ingest(number, None)
        if again:
            self.ingest(number, None)

    @precondition(lambda self: self.numbers() and not self.damaged)
    @rule(data=st.data(), death=DEATHS)
    def correct(self, data: st.DataObject, death: tuple[int, bool] | None) -> None:
        number = data.draw(st.sampled_from(sorted(self.numbers())))
        holding = held(self.archive, number)
        self.dying(death)
        with suppress(Crash, UsageError):  # it may be so already
            self.receipts.add(corrected(self.archive, holding, dossier__keyword=str(number)))
        self.alive()

    @precondition(lambda self: self.numbers())
    @rule(data=st.data())
    def hold(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.numbers())))
        placed = placed_hold(self.archive, dossier_id=held(self.archive, number).dossier.id)
        self.holds[placed.id] = number

    @precondition(lambda self: self.holds)
    @rule(data=st.data())
    def lift(self, data: st.DataObject) -> None:
        hold = data.draw(st.sampled_from(sorted(self.holds)))
        lift_hold(self.archive, hold, agent=AGENT, reason="xong")
        del self.holds[hold]

    @precondition(lambda self: self.receipts and not self.damaged)
    @rule(data=st.data())
    def damage(self, data: st.DataObject) -> None:
        receipt = data.draw(st.sampled_from(sorted(self.receipts, key=lambda each: each.place)))
        path = file_of(self.archive, receipt.place)
        self.damaged[receipt.place] = path.read_bytes()
        path.chmod(0o640)
        path.write_bytes(flipped(self.damaged[receipt.place]))

    @rule()
    def check_fixity(self) -> None:
        found = {c.check.place for c in fixity.run(self.archive) if c.check.outcome != "intact"}
        assert found == set(self.damaged)

    @rule()
    def mend(self) -> None:
        for place, content in self.damaged.items():
            file_of(self.archive, place).write_bytes(content)
        self.damaged = {}

    @rule()
    def tidy_up(self) -> None:
        sweep(self.archive)

    @precondition(lambda self: not self.damaged)
    @rule()
    def lose_catalogue_and_index(self) -> None:
        self.archive = lose(self.archive)
        assert rebuild(self.archive).unreadable == ()
        self.alive()

    def numbers(self) -> set[int]:
        return {int(receipt.code[-4:]) for receipt in self.receipts}

    @invariant()
    def what_was_acknowledged_is_held(self) -> None:
        if not hasattr(self, "archive"):
            return
        with self.archive.catalogue.connect() as connection:
            journal.verify(connection)
            known = {r for holding in dossiers.all(connection) for r in holding.receipts}
        assert self.receipts <= known
        for receipt in self.receipts:
            assert self.archive.store.stat(receipt.place).size > 0

    @invariant()
    def what_is_held_comes_back_to_its_number(self) -> None:
        if hasattr(self, "archive"):
            for holding in all_held(self.archive):
                numbers = [version.number for version in holding.versions]
                assert numbers == list(range(1, len(numbers) + 1))


TestArchives = Archives.TestCase
TestArchives = pytest.mark.timeout(900)(TestArchives)
TestArchives.settings = settings(
    max_examples=6,
    stateful_step_count=14,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
