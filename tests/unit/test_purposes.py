"""Purposes: where the settings ask, what counts as one, and for how long."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive import purposes
from archive import settings as configuration
from archive.errors import PurposeNeeded, Rejected, UsageError
from archive.people import staff
from archive.purposes import IDENTITIES, Act
from archive.viewers import EVERYTHING, OPERATOR, Grant, PersonRole
from tests.archives import SteppingClock, a_home, an_archive, ingested
from tests.builders import a_submission


def a_holding(archive, folder: Path):
    from archive import access

    a_submission(folder / "in" / "one", dossier__mode="02")
    (receipt,) = ingested(archive, folder / "in")
    return access.find(archive, receipt.dossier_id)


@pytest.mark.parametrize(
    ("settings", "asks"),
    [
        ({}, False),
        ({"purpose__levels": ("02", "03")}, True),
        ({"purpose__fonds": ("H26.18",)}, True),
        ({"purpose__fonds": ("H26.40",)}, False),
        ({"purpose__levels": ("02",), "purpose__acts": ("view",)}, False),
    ],
    ids=["secret ones only", "its level", "its fonds", "another fonds", "another act"],
)
def test_the_settings_say_which_dossiers_ask(tmp_path: Path, settings, asks: bool):
    archive = an_archive(tmp_path, **settings)
    dossier = a_holding(archive, tmp_path).dossier

    assert purposes.is_asked(archive, Act.DOWNLOAD, dossier) is asks
    if not asks:
        assert purposes.settled(archive, Act.DOWNLOAD, dossier, "") == ""
        return
    with pytest.raises(PurposeNeeded) as needed:
        purposes.settled(archive, Act.DOWNLOAD, dossier, "  ")
    assert (needed.value.where, needed.value.exit_code) == (dossier.id, 4)


def test_what_a_person_said_counts_for_an_hour_and_for_nobody_else(tmp_path: Path):
    clock = SteppingClock()
    archive = an_archive(tmp_path, clock=clock, purpose__acts=("identity-search",))
    grant = Grant(PersonRole.OFFICIAL, EVERYTHING)
    one, other = (
        staff.add(archive, name, name, (grant,), by=OPERATOR)[0] for name in ("an", "binh")
    )

    purposes.state(archive, one.id, IDENTITIES, "  đối   soát 001099000001 ")
    told = purposes.settled(archive, Act.IDENTITY_SEARCH, None, "", one.id)
    with pytest.raises(PurposeNeeded):
        purposes.settled(archive, Act.IDENTITY_SEARCH, None, "", other.id)
    clock.advance(minutes=61)

    assert told == "đối soát 001•••••••••"
    with pytest.raises(PurposeNeeded):
        purposes.settled(archive, Act.IDENTITY_SEARCH, None, "", one.id)
    with pytest.raises(UsageError):
        purposes.state(archive, one.id, IDENTITIES, "\x1b[31m")


def test_a_setting_that_asks_for_nothing_known_is_refused(tmp_path: Path):
    home = a_home(tmp_path)

    with pytest.raises(Rejected, match=r"purpose\.levels.*found 3"):
        configuration.load(home, {"KHO_PURPOSE_LEVELS": "3"})
    loaded = configuration.load(home, {"KHO_PURPOSE_LEVELS": "02,03"})
    assert loaded.list("purpose.levels") == ("02", "03")
    assert loaded.origins["purpose.levels"].source == "environment"
