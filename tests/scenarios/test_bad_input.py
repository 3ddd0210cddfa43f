"""What no depositor should send, and parts that do not answer: one clear error, nothing half done."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.archives import a_home, submission, submissions
from tests.cli.world import Answer, kho
from tests.disks import a_small_disk
from tests.hostile import ITEMS, TAKEN, Builder
from tests.servers import free_port

ONE = "H26.18-260105-0001"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive that holds one dossier; not to be changed."""
    folder = tmp_path_factory.mktemp("template")
    home = a_home(folder)
    assert kho("ingest", submission(folder / "inbox", 900), cwd=home).code == 0
    return home


@pytest.fixture
def home(template: Path, tmp_path: Path) -> Path:
    """An archive of one's own that holds one dossier."""
    return Path(shutil.copytree(template, tmp_path / "archive"))


def _everything(home: Path) -> dict[str, Any]:
    """Return what is in the store, in the catalogue and found, and what lies about."""
    store = {str(p): p.stat().st_size for p in (home / "store").rglob("*") if p.is_file()}
    journal = kho("journal", "verify", "--json", cwd=home)
    found = kho("search", "Nguyễn", "--json", cwd=home)
    assert (journal.code, found.code) == (0, 0)
    return {
        "store": {path: size for path, size in store.items() if "/.kho/" not in path},
        "journal": journal.json(),
        "found": [hit["id"] for hit in found.json()["hits"]],
        "scratch": list((home / "scratch").iterdir()),
    }


def _problem(answer: Answer) -> dict[str, Any]:
    (dossier,) = answer.json()["dossiers"]
    assert not dossier["held"]
    problem: dict[str, Any] = dossier["problem"]
    return problem


@pytest.mark.parametrize(("build", "rule"), ITEMS.values(), ids=ITEMS.keys())
def test_it_is_refused_by_its_rule_and_nothing_is_changed(home, tmp_path, build, rule):
    sent = build(tmp_path / "sip")
    before = _everything(home)

    answer = kho("ingest", sent, "--json", cwd=home)

    problem = _problem(answer)
    assert (answer.code, problem["exit_code"], answer.err) == (5, 5, "")
    errors = [each for each in problem["errors"] if each["severity"] == "error"]
    assert rule in {each["rule"] for each in errors}
    assert all(each["message"] for each in errors)
    assert problem["hint"]
    assert _everything(home) == before


@pytest.mark.parametrize("build", TAKEN.values(), ids=TAKEN.keys())
def test_what_only_looks_odd_is_taken_in(home: Path, tmp_path: Path, build: Builder):
    assert kho("ingest", build(tmp_path / "sip"), cwd=home).code == 0


def test_none_of_them_stops_a_good_one(home: Path, tmp_path: Path):
    submission(tmp_path / "inbox", 1)
    some = [build for build, _ in ITEMS.values()][::4]
    for number, build in enumerate(some):
        build(tmp_path / "inbox" / f"bad-{number:02d}")

    answer = kho("ingest", tmp_path / "inbox", "--json", cwd=home)

    told = answer.json()
    assert (answer.code, told["held"], told["failed"]) == (6, 1, len(some))
    assert kho("show", ONE, cwd=home).code == 0


def test_a_code_that_other_content_has_is_refused_and_names_the_way_out(home, tmp_path):
    before = _everything(home)

    answer = kho("ingest", submission(tmp_path, 900, dossier__title="x"), "--json", cwd=home)

    problem = _problem(answer)
    assert (answer.code, problem["code"]) == (5, "KHO-ALREADY-HELD")
    assert "--update" in problem["hint"]
    assert _everything(home) == before


@contextmanager
def _catalogue_locked(home: Path) -> Iterator[None]:
    with closing(sqlite3.connect(home / "catalogue.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@contextmanager
def _settings(home: Path, monkeypatch: pytest.MonkeyPatch, **values: str) -> Iterator[None]:
    with monkeypatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        yield


@contextmanager
def _part_down(name: str, home: Path, patch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a part of the archive not answer."""
    nowhere = f"127.0.0.1:{free_port()}"
    down = {
        "the store": {
            "KHO_STORE_URL": f"s3://{nowhere}/kho?tls=0",
            "KHO_S3_ACCESS_KEY": "a",
            "KHO_S3_SECRET_KEY": "b",
        },
        "the time stamping authority": {"KHO_TSA_URLS": f"http://{nowhere}/tsa"},
        "the database server": {"KHO_CATALOGUE_URL": f"postgresql+psycopg://kho@{nowhere}/kho"},
        "the catalogue (locked)": {"KHO_CATALOGUE_TIMEOUT_SECONDS": "1"},
    }
    with _settings(home, patch, **down[name]):
        if name == "the catalogue (locked)":
            with _catalogue_locked(home):
                yield
        else:
            yield


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ("the store", "KHO-UNAVAILABLE"),
        ("the time stamping authority", "KHO-UNAVAILABLE"),
        ("the database server", "KHO-UNAVAILABLE"),
        ("the catalogue (locked)", "KHO-DB-LOCKED"),
    ],
)
def test_a_part_that_does_not_answer_is_named_and_the_same_command_finishes(
    home, tmp_path, monkeypatch, part, code
):
    inbox = submissions(tmp_path / "inbox", 2)
    before = _everything(home)

    with _part_down(part, home, monkeypatch):
        answer = kho("ingest", inbox, "--json", cwd=home)

    assert answer.code == 11, answer.out
    problems = [d["problem"] for d in json.loads(answer.out).get("dossiers", [])]
    assert {each["code"] for each in problems or [answer.json()]} == {code}
    assert all(each["hint"] for each in problems or [answer.json()])
    assert _everything(home) == before
    again = kho("ingest", inbox, "--json", cwd=home)
    assert (again.code, again.json()["held"]) == (0, 2)


def test_an_archive_s_own_folder_is_no_submission_and_says_so(home):
    (home / "notes.txt").write_text("nothing to take in")
    (home / "empty").mkdir()

    answer = kho("ingest", ".", "--json", cwd=home)

    (told,) = answer.json()["dossiers"]
    (finding,) = told["problem"]["errors"]
    assert (answer.code, finding["rule"]) == (5, "KHO-SIP-KIND")
    assert "folder of an archive" in finding["message"]


def test_receipts_are_told_even_if_a_part_stops_answering_at_the_end(home, tmp_path):
    inbox, index = submissions(tmp_path / "inbox", 2), home / "index"
    index.rename(home / "elsewhere")
    index.write_text("not a folder")

    stopped = kho("ingest", inbox, "--json", "--report", tmp_path / "report.json", cwd=home)

    told = stopped.json()
    assert (stopped.code, told["held"], told["failed"]) == (11, 2, 0)
    assert told["stopped"]["code"] == "KHO-UNAVAILABLE"
    assert told["stopped"]["hint"]
    assert json.loads((tmp_path / "report.json").read_text("utf-8")) == told
    index.unlink()
    (home / "elsewhere").rename(index)
    again = kho("ingest", inbox, "--json", cwd=home)
    assert (again.code, again.json()["dossiers"]) == (0, told["dossiers"])
    assert kho("search", "*", "--json", cwd=home).json()["total"] == 3


def test_a_full_disk_is_named_and_the_same_command_finishes_when_there_is_room(tmp_path: Path):
    inbox = submissions(tmp_path / "inbox", 4)
    for number in range(5, 8):
        submission(inbox, number, size=1_500_000)
    with a_small_disk(tmp_path / "disk", "4m") as disk:
        home, store = a_home(tmp_path, store__url=f"folder:{disk.folder / 'store'}"), disk.folder

        full = kho("ingest", inbox, "--json", cwd=home)

        told = full.json()
        failed = [each["problem"]["code"] for each in told["dossiers"] if not each["held"]]
        assert (full.code, set(failed)) == (6, {"KHO-STORE-FULL"})
        assert len(list((store / "store" / "aip").rglob("*.zip"))) == told["held"] >= 4
        assert list((store / "store" / ".kho" / "incoming").iterdir()) == []
        disk.grow()
        again = kho("ingest", inbox, "--json", cwd=home)
        assert (again.code, again.json()["held"]) == (0, 7)
        assert kho("fixity", "run", cwd=home).code == 0
