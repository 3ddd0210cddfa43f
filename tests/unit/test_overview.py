"""The overview: names for codes, remembered, and told to nobody who did not ask for them."""

from __future__ import annotations

from pathlib import Path

from archive import overview
from archive.catalogue import dossiers
from tests.archives import a_home, opened
from tests.holdings import a_holding


def test_names_are_told_for_the_codes_that_were_asked_for(tmp_path: Path) -> None:
    archive = opened(a_home(tmp_path))
    known = {"H26.18": "Sở Xây dựng", "H26.40": "Sở Nội vụ"}
    with archive.catalogue.begin() as conn:
        dossiers.register_all(
            conn,
            [
                a_holding(number, dossier__agency=code, dossier__agency_name=name)
                for number, (code, name) in enumerate(known.items(), 1)
            ],
        )

    assert overview.names_of(archive, known, ()) == known
    assert overview.names_of(archive, ["H26.40"], ()) == {"H26.40": "Sở Nội vụ"}
    assert overview.names_of(archive, (), ["9.999999"]) == {}
    archive.close()
