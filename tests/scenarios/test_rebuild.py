"""The catalogue and the index are deleted; from the store alone every answer comes back the same."""

from __future__ import annotations

import json
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from archive.assembly import Archive, open_archive
from tests.archives import (
    all_held,
    altered,
    an_archive,
    corrected,
    file_of,
    flipped,
    ingested,
    lose,
    submission,
    submissions,
)
from tests.cli.world import Answer, kho
from tests.postgres import Server
from tests.soundness import assert_sound
from tests.stores import credentials

NAMES = ("Nguyễn Thị Hương", "Trần Văn Đức", "Lê Ngọc Ánh", "Phạm Đình Khôi")
ASKED = (
    ("search", "nguyen thi huong", "--facets"),
    ("search", "giay phep so", "--facets", "--sort", "received_on"),
    ("search", "H26.18-260105-0003"),
    ("search", "tên:(tran van duc) năm:2026"),
    ("retention", "due", "--as-of", "2126-01-01"),
    ("retention", "forecast", "--until", "2126-01-01"),
    ("hold", "list"),
    ("journal", "verify"),
    ("journal", "list"),
    ("fixity", "status"),
    ("evidence", "status"),
)
OF_EACH = (
    ("show",),
    ("receipt",),
    ("retention", "explain"),
    ("retention", "notes"),
    ("aip", "log"),
)


@dataclass(frozen=True)
class Home:
    """An archive's home, and how its catalogue is lost."""

    folder: Path
    database: str | None = None
    """On PostgreSQL; None for SQLite."""


@pytest.fixture(params=["folder, sqlite, tantivy", "folder, sqlite, whoosh", "s3, postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """An empty archive that `kho init` has made, on each kind of parts."""
    folder = tmp_path / "archive"
    more: tuple[str, ...] = ("--engine", request.param.rpartition(" ")[2])
    database = None
    if request.param == "s3, postgresql":
        keys = credentials(request.getfixturevalue("s3_server"))
        monkeypatch.setenv("KHO_S3_ACCESS_KEY", keys.access_key)
        monkeypatch.setenv("KHO_S3_SECRET_KEY", keys.secret_key)
        server: Server = request.getfixturevalue("postgres_server")
        database = server.new_database()
        url = request.getfixturevalue("s3_url")
        more = ("--store", url, "--catalogue", server.url(database), "--lock", "governance")
    _done(kho("init", folder, "--agency", "H26.18", *more, cwd=tmp_path))
    return Home(folder, database)


def _done(answer: Answer) -> Any:
    assert answer.code == 0, answer.out + answer.err
    return json.loads(answer.out) if answer.out.startswith("{") else None


def _filled(home: Home, inbox: Path) -> None:
    """Live a little: ingest, a version, a correction, holds, a note, evidence, fixity, a refusal."""
    for number, name in enumerate(NAMES, 1):
        submission(inbox / "sip", number, tthc__applicant__name=name)
    submission(inbox / "sip", 5, tthc__procedureCode="9.9")
    assert kho("ingest", inbox / "sip", cwd=home.folder).code == 6
    submission(inbox / "later", 2, dossier__title="Hồ sơ đã bổ sung")
    _done(kho("ingest", "--update", inbox / "later", cwd=home.folder))
    first, second, third, fourth = (f"H26.18-260105-{number:04d}" for number in range(1, 5))
    why = ("--reason", "thử")
    _done(kho("aip", "correct", first, "--set", "dossier.title=Tên đúng", *why, cwd=home.folder))
    owner = ("--owner", "Thanh tra tỉnh", *why)
    _done(kho("hold", "place", third, *owner, cwd=home.folder))
    lifted = _done(kho("hold", "place", fourth, *owner, "--json", cwd=home.folder))
    _done(kho("hold", "lift", lifted["id"], *why, cwd=home.folder))
    _done(kho("retention", "note", fourth, "--link", second, *why, cwd=home.folder))
    _done(kho("evidence", "build", cwd=home.folder))
    _done(kho("fixity", "run", cwd=home.folder))


def _answers(home: Home) -> dict[str, tuple[int, str]]:
    """Return what the archive says to everything, word for word."""
    codes = [f"H26.18-260105-{number:04d}" for number in range(1, 5)]
    calls = [*ASKED, *((*command, code) for command in OF_EACH for code in codes)]
    said = {}
    for call in calls:
        answer = kho(*call, "--json", cwd=home.folder)
        said[" ".join(call)] = (answer.code, answer.out)
    return said


def _lost(home: Home, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Delete the catalogue and the index."""
    shutil.rmtree(home.folder / "index")
    for path in home.folder.glob("catalogue.db*"):
        path.unlink()
    if home.database is not None:
        server: Server = request.getfixturevalue("postgres_server")
        monkeypatch.setenv("KHO_CATALOGUE_URL", server.url(server.new_database()))


def test_every_answer_is_the_same_after_catalogue_and_index_are_lost(
    home, tmp_path, request, monkeypatch
):
    _filled(home, tmp_path / "inbox")
    before = _answers(home)
    assert {call: said for call, said in before.items() if said[0]} == {}
    assert json.loads(before["search nguyen thi huong --facets"][1])["total"] == 1
    _lost(home, request, monkeypatch)
    assert kho("show", "H26.18-260105-0001", cwd=home.folder).code == 10

    rebuilt = _done(kho("rebuild", "--from-store", "--json", cwd=home.folder))

    assert (rebuilt["dossiers"], rebuilt["adopted"], rebuilt["unreadable"]) == (4, [], [])
    after = _answers(home)
    assert {call: after[call] for call in after if after[call] != before[call]} == {}
    with open_archive(home.folder) as archive:
        assert_sound(archive)


def test_a_rebuild_goes_on_as_if_nothing_had_been_lost(archive: Archive, inbox: Path):
    ingested(archive, submissions(inbox, 2))
    archive = lose(archive)
    _done(kho("rebuild", "--from-store", cwd=archive.settings.home))

    ingested(archive, submissions(inbox, 2, first=3))
    corrected(archive, all_held(archive)[0], dossier__title="Sau khi dựng lại")

    assert [len(each.versions) for each in all_held(archive)] == [2, 1, 1, 1]
    assert_sound(archive, finished=False)
    archive.close()


def test_a_package_whose_journal_entry_was_lost_is_adopted_and_named(tmp_path: Path):
    archive = an_archive(tmp_path)
    ingested(archive, submissions(tmp_path / "inbox", 2))
    shutil.rmtree(file_of(archive, "journal"))
    archive = lose(archive)

    rebuilt = _done(kho("rebuild", "--from-store", "--json", cwd=archive.settings.home))

    places = [version.place for holding in all_held(archive) for version in holding.versions]
    assert sorted(rebuilt["adopted"]) == sorted(places)
    assert len(places) == 2
    archive.close()


def test_a_damaged_package_is_named_and_the_others_come_back(tmp_path: Path):
    archive = an_archive(tmp_path)
    first, second = ingested(archive, submissions(tmp_path / "inbox", 2))
    altered(archive, first.place, lambda content: content[:-30])
    archive = lose(archive)

    answer = kho("rebuild", "--from-store", "--json", cwd=archive.settings.home)

    assert answer.code == 6
    assert [place for place, _ in json.loads(answer.out)["unreadable"]] == [first.place]
    assert [holding.receipt for holding in all_held(archive)] == [second]
    archive.close()


def test_a_damaged_journal_stops_the_rebuild_and_nothing_is_changed(tmp_path: Path):
    archive = an_archive(tmp_path)
    ingested(archive, submissions(tmp_path / "inbox", 1))
    *_, segment = sorted(file_of(archive, "journal").glob("*.ndjson"))
    altered(archive, f"journal/{segment.name}", flipped)
    before = (archive.settings.home / "catalogue.db").read_bytes()

    answer = kho("rebuild", "--from-store", "--json", cwd=archive.settings.home)

    assert (answer.code, json.loads(answer.out)["exit_code"]) == (7, 7)
    assert segment.name in answer.out
    assert (archive.settings.home / "catalogue.db").read_bytes() == before
    archive.close()


def test_contents_are_not_read(tmp_path: Path):
    archive = an_archive(tmp_path)
    ingested(archive, submissions(tmp_path / "inbox", 1, size=2_000_000))
    (holding,) = all_held(archive)
    place = holding.versions[0].place
    with zipfile.ZipFile(file_of(archive, place)) as package:
        large = max(package.infolist(), key=lambda each: each.file_size)
    altered(archive, place, lambda c: flipped(c, large.header_offset + large.file_size // 2))
    archive = lose(archive)

    rebuilt = _done(kho("rebuild", "--from-store", "--json", cwd=archive.settings.home))

    assert (rebuilt["dossiers"], rebuilt["unreadable"]) == (1, [])
    assert kho("fixity", "run", cwd=archive.settings.home).code == 7
    archive.close()
