"""Relatives: found by file code and by papers, as far as one may see, and not without end."""

from __future__ import annotations

from dataclasses import replace

from archive.catalogue import dossiers, journal, journal_pages, relatives
from archive.catalogue.engine import Catalogue
from archive.catalogue.holding import Holding
from archive.events import EventType
from archive.viewers import OPERATOR, Grant, PersonRole, Scope, Viewer
from tests.holdings import NOW, a_holding, an_event

FEW_LEVELS = Viewer("few", grants=(Grant(PersonRole.OFFICIAL, Scope(levels=("01",))),))


def _filed(number: int, access: str = "02") -> Holding:
    return a_holding(number, dossier__file_code="H26.2026.7", dossier__access=access)


def test_relatives_are_others_that_the_viewer_may_see(catalogue: Catalogue) -> None:
    own, open_one, secret = _filed(1), _filed(2, "01"), _filed(3, "03")
    papers = tuple(d.file.sha256 for d in own.dossier.documents)
    with catalogue.begin() as conn:
        dossiers.register_all(conn, [own, open_one, secret])

    with catalogue.connect() as conn:
        for of in (relatives.of_same_file, relatives.of_same_papers):
            everybody = of(conn, own.dossier, OPERATOR, 20)
            few = of(conn, own.dossier, FEW_LEVELS, 20)
            assert {each.id for each in everybody} == {open_one.dossier.id, secret.dossier.id}
            assert [each.id for each in few] == [open_one.dossier.id]
        named = [open_one.dossier.id, secret.dossier.id]
        few = relatives.named(conn, own.dossier, FEW_LEVELS, named, 20)
        assert [each.id for each in few] == [open_one.dossier.id]
    assert papers == tuple(d.file.sha256 for d in open_one.dossier.documents)


def test_a_paper_in_very_many_dossiers_makes_no_endless_list(catalogue: Catalogue) -> None:
    held = [_filed(number) for number in range(30)]
    with catalogue.begin() as conn:
        dossiers.register_all(conn, held)

    with catalogue.connect() as conn:
        for of in (relatives.of_same_file, relatives.of_same_papers):
            assert len(of(conn, held[0].dossier, OPERATOR, 20)) == 20


def test_a_life_has_every_change_and_the_last_looks(catalogue: Catalogue) -> None:
    kinds = [EventType.INGESTION, *[EventType.VIEW] * 9, EventType.HOLD_PLACED, EventType.VIEW]
    with catalogue.begin() as conn:
        journal.append_all(conn, [replace(an_event("one", at=NOW), type=kind) for kind in kinds])

    with catalogue.connect() as conn:
        life = journal_pages.life_of(conn, "one", latest=3)
    assert [entry.seq for entry in life] == [1, 9, 10, 11, 12]
