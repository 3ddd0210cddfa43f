"""The command line as a person at a terminal meets it: words, options, colors, Ctrl-C."""

from __future__ import annotations

import errno
import json
import os
import re
import signal
import subprocess
import sys
import unicodedata
from pathlib import Path

import click
import pytest

from archive.errors import ExitCode
from archive.ingest import description
from cli import output, usage, words
from cli.command import Globals
from cli.progress import Progress
from tests.archives import submission
from tests.builders import a_submission
from tests.cli.world import CODE, PLAIN, ROOT, SIGNED, every_command, kho

COMMANDS = every_command()
HEAVY = ("pyhanko", "sqlalchemy", "whoosh", "tantivy", "lxml", "minio", "reportlab", "PIL")
ENGLISH = ("Usage", "Options", "Show this message", "Missing", "Invalid", "No such", "Commands")


def environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("KHO_") and k != "NO_COLOR"}
    return {**kept, "PYTHONPATH": str(ROOT), "KHO_LANG": "en", **more}


def process(*arguments: str, cwd: Path, **more: object) -> subprocess.Popen[str]:
    """Start `kho` as a process of its own."""
    command = [sys.executable, "-m", "cli.main", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": environment(), **more}
    return subprocess.Popen(command, cwd=cwd, text=True, **pipes)  # type: ignore[call-overload,no-any-return]


def shape(text: str) -> tuple[list[str], list[str]]:
    """Return the options and the exit statuses that a help text names."""
    options = re.findall(r"^  (-\w, --[\w-]+|--[\w-]+)", text, re.MULTILINE)
    return options, re.findall(r"^  (\d+)  ", text, re.MULTILINE)


@pytest.mark.parametrize("place", ["", *COMMANDS])
def test_help_has_the_same_shape_in_both_languages(place: str, tmp_path: Path):
    english, vietnamese = (
        kho(*place.split(), "--help", "--lang", each, cwd=tmp_path) for each in ("en", "vi")
    )

    assert english.code == vietnamese.code == 0
    assert english.out.startswith(f"Usage: kho {place}".rstrip())
    assert vietnamese.out.startswith(f"Cách dùng: kho {place}".rstrip())
    assert shape(english.out) == shape(vietnamese.out)
    assert [word for word in ENGLISH if f"{word}:" in vietnamese.out] == []
    assert not re.findall(r"\b(?:option|global|help|exit)\.\w+", english.out + vietnamese.out)


def test_help_of_no_command_imports_anything_heavy():
    script = f"""
import sys
from cli.main import run
for place in {list(COMMANDS)!r}:
    assert run([*place.split(), "--help"]) == 0, place
    loaded = [name for name in {HEAVY!r} if name in sys.modules]
    if loaded:
        sys.exit(f"{{place}}: {{loaded}}")
"""

    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")


def test_global_options_stand_before_or_after_the_command(here: Path, tmp_path: Path):
    before = kho("-C", here, "--json", "show", CODE, cwd=tmp_path)
    after = kho("show", CODE, "--json", "-C", here, cwd=tmp_path)

    assert before.code == after.code == 0
    assert before.out == after.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--lang", "vi", "shwo"], "không có lệnh 'shwo'. Có phải: show?"),
        (["shwo", "--lang", "vi"], "không có lệnh 'shwo'. Có phải: show?"),
        (["shwo", "--lang=en"], "there is no command 'shwo'. Did you mean: show?"),
        (["sip", "valid", "--lang", "en"], "Did you mean: validate?"),
        (["witness", "--lang", "en"], "Did you mean: journal witness?"),
        (["search", "--limit", "x", "--lang", "vi"], "--limit là số nguyên từ 1 đến 1000"),
        (["search", "--sort", "x", "--lang", "en"], "--sort is one of: relevance,"),
        (["search", "--lmit", "1", "--lang", "vi"], "không có tùy chọn --lmit. Có phải: --limit"),
        (["ingest", "--lang", "vi"], "thiếu PATHS"),
        (["ingest", "--report"], "--report needs a value"),
        (["show", "a", "b", "--lang", "vi"], "thừa tham số: b"),
        (["--quiet"], "name a command"),
        (["hold", "place", "x"], "--owner is missing"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_call_says_what_is_wrong_and_ends_with_2(
    arguments: list[str], told: str, tmp_path: Path
):
    answer = kho(*arguments, cwd=tmp_path)

    assert (answer.code, answer.out) == (ExitCode.USAGE, "")
    assert told in answer.err
    assert "--help" in answer.err


def test_without_a_command_the_help_is_shown(tmp_path: Path):
    done = process(cwd=tmp_path)
    out, err = done.communicate()

    assert (done.returncode, out) == (ExitCode.USAGE, "")
    assert "kho init FOLDER" in err


def test_the_version_is_told(tmp_path: Path):
    answer = kho("--version", cwd=tmp_path)

    assert answer.code == 0
    assert re.fullmatch(r"kho \d+\.\d+\S*\n", answer.out)


@pytest.mark.parametrize("written", ["2030-12-31", "31/12/2030"])
def test_days_are_written_in_either_form(written: str, here: Path):
    answer = kho("retention", "explain", PLAIN, "--as-of", written, "--json", cwd=here)

    assert answer.json()["as_of"] == "2030-12-31"


def test_outside_an_archive_the_error_says_how_to_make_one(tmp_path: Path):
    answer = kho("search", "x", cwd=tmp_path)

    assert (answer.code, answer.out) == (ExitCode.NOT_INITIALISED, "")
    assert "kho init FOLDER" in answer.err


def test_the_environment_names_the_archive_and_overrides_its_settings(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KHO_CONFIG", str(here))
    monkeypatch.setenv("KHO_CATALOGUE_URL", "postgresql://kho:open-sesame@db.invalid/kho")
    monkeypatch.setenv("KHO_S3_SECRET_KEY", "open-sesame")
    shown = kho("config", "show", "--origin", cwd=tmp_path)
    settings = kho("config", "show", "--json", cwd=tmp_path)

    assert "environment KHO_CATALOGUE_URL" in shown.out
    assert settings.json()["catalogue.url"]["origin"] == "environment"
    assert settings.json()["store.url"]["origin"] == "file"
    assert settings.json()["store.lock"]["origin"] == "default"
    assert "open-sesame" not in shown.out + settings.out


def test_a_setting_of_the_wrong_kind_is_named(here: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KHO_CATALOGUE_TIMEOUT_SECONDS", "soon")
    answer = kho("show", CODE, cwd=here)

    assert answer.code == ExitCode.REJECTED
    assert "catalogue.timeout_seconds" in answer.err


def test_quiet_leaves_the_result_and_nothing_beside_it(here: Path):
    loud, quiet = (kho("search", "thu", *q, cwd=here) for q in ([], ["-q"]))

    assert loud.out == quiet.out
    assert words.say("global.test_mark") in loud.err
    assert quiet.err == ""


def test_a_file_for_the_result_gets_plain_text(here: Path):
    answer = kho("show", CODE, "-o", "shown.txt", cwd=here)

    written = (here / "shown.txt").read_text("utf-8")
    assert (answer.code, answer.out) == (0, "")
    assert CODE in written
    assert "\x1b" not in written


@pytest.mark.parametrize("target", ["nowhere/shown.txt", "sip"], ids=["no folder", "a folder"])
def test_where_no_result_can_be_written_nothing_is_done(target: str, here: Path):
    answer = kho("ingest", "new", "-o", target, cwd=here)

    assert answer.code == ExitCode.USAGE
    assert kho("show", "H26.18-260105-0003", cwd=here).code == ExitCode.NOT_HELD


@pytest.mark.parametrize("named", ["there", "there/kho.toml"])
def test_init_makes_the_archive_where_the_option_for_its_folder_points(tmp_path, named):
    answer = kho("-C", named, "init", "--json", cwd=tmp_path)

    assert answer.code == 0, answer.err
    assert answer.json()["config"] == str(tmp_path / "there" / "kho.toml")
    assert kho("-C", "there", "doctor", cwd=tmp_path).code == 0
    assert [place.name for place in tmp_path.iterdir()] == ["there"]


NOT_UTF8 = os.fsdecode(b"h\xf4 so")


def test_a_submission_whose_name_is_not_utf8_is_taken_in_and_named(here: Path, tmp_path: Path):
    submission(tmp_path, 905).rename(tmp_path / NOT_UTF8)
    report = tmp_path / "report.json"

    answer = kho("ingest", tmp_path / NOT_UTF8, "--report", report, cwd=here)

    assert answer.code == 0, answer.err
    assert "h\ufffd so" in answer.out
    (dossier,) = json.loads(report.read_text("utf-8"))["dossiers"]
    assert (dossier["label"], dossier["held"]) == (NOT_UTF8, True)


def test_a_defect_in_a_dossier_shows_its_place_and_with_v_where_it_comes_from(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def faulty(*_):
        raise KeyError("unforeseen")

    monkeypatch.setattr(description, "describe", faulty)
    path = submission(tmp_path, 906)

    plain, told = (kho("ingest", *more, path, cwd=here) for more in ((), ("-v",)))

    assert (plain.code, told.code) == (ExitCode.UNEXPECTED, ExitCode.UNEXPECTED)
    assert f"KeyError in {__file__}" in plain.out
    assert "unforeseen" not in plain.out + plain.err
    assert "KeyError: 'unforeseen'" in told.err


def test_an_archive_is_not_made_where_its_settings_could_not_name_it(tmp_path: Path):
    answer = kho("init", NOT_UTF8, cwd=tmp_path)

    assert answer.code == ExitCode.USAGE
    assert "UTF-8" in answer.err
    assert list(tmp_path.iterdir()) == []


def test_what_the_system_refuses_is_an_error_with_the_path(here: Path):
    (here / "file").touch()
    answer = kho("init", "file/archive", cwd=here)

    assert answer.code == ExitCode.USAGE
    assert "file/archive" in answer.err
    assert "Traceback" not in answer.err


def test_a_file_that_is_there_is_not_written_over_unasked(here: Path):
    (here / SIGNED).write_text("mine")

    refused = kho("get", CODE, SIGNED, "--json", "--no-input", cwd=here)
    kept = (here / SIGNED).read_text()
    obeyed = kho("get", CODE, SIGNED, "--json", "--yes", cwd=here)

    assert (refused.code, kept, obeyed.code) == (ExitCode.USAGE, "mine", 0)
    assert (here / SIGNED).read_bytes().startswith(b"%PDF")


def test_ctrl_c_ends_with_130_and_the_next_run_goes_on(here: Path):
    for n in range(10, 40):
        a_submission(
            here / "many" / str(n),
            tthc__dossierCode=f"H26.18-260106-00{n}",
            tthc__dossierCodeOld=None,
        )
    stopped = process("ingest", "many", "--progress", "plain", "--workers", "1", cwd=here)
    assert stopped.stderr is not None
    for line in stopped.stderr:
        if "0/30" in line:
            break
    stopped.send_signal(signal.SIGINT)
    _, err = stopped.communicate(timeout=60)

    again = kho("ingest", "many", "--json", cwd=here)

    assert stopped.returncode == ExitCode.INTERRUPTED
    assert err.endswith(words.say("global.interrupted") + "\n")
    assert "Traceback" not in err
    assert (again.code, again.json()["held"]) == (0, 30)


def test_what_is_refused_is_told_in_vietnamese_to_the_last_word(here: Path):
    columns = "dossierCode,procedureCode,agencyCode,applicantName,receivedOn,status,title,files"
    row = "H26.18-260105-0101,1.009994,H26.18,Nguyễn Văn A,31/02/2026,đã tiếp nhận,Hồ sơ,a.pdf"
    (here / "list.csv").write_text(f"{columns}\n{row}\n", encoding="utf-8")
    (here / "a.pdf").write_bytes(b"%PDF-1.7")

    told = kho("--lang", "vi", "ingest", "list.csv", cwd=here).out
    alone = kho("--lang", "vi", "ingest", "a.pdf", cwd=here).out

    assert "list.csv dòng 2 (H26.18-260105-0101)" in told
    assert "'31/02/2026' không phải là ngày: lịch không có ngày 31/02/2026" in told
    assert "→ hãy sửa những gì được nêu và nộp lại" in told
    assert "KHO-ZIP-NOT-ZIP        a.pdf: không phải ZIP cũng không phải danh sách" in alone


def test_a_full_disk_is_told_with_its_remedy_where_no_file_is_named():
    error = usage.from_system(OSError(errno.ENOSPC, "No space left on device"))

    assert (error.exit_code, error.hint) == (ExitCode.UNAVAILABLE, "make room and try again")
    assert "?" not in error.message


def test_events_are_told_by_name_and_kept_by_code(here: Path):
    kho("ingest", PLAIN, cwd=here)

    told = kho("--lang", "vi", "journal", "list", cwd=here).out
    refused = kho("--lang", "vi", "journal", "list", "--type", "việc lạ", cwd=here)
    kept = kho("journal", "list", "--json", cwd=here).json()

    assert "Tiếp nhận vào kho" in told
    assert "ingestion" in {entry["type"] for entry in kept}
    assert (refused.code, "fixity check  (Kiểm tra toàn vẹn)" in refused.err) == (2, True)


def test_a_reader_that_leaves_is_no_error(tmp_path: Path):
    done = process("rule", "list", "--json", "--schedule", "vn-2026-1", cwd=tmp_path)
    assert done.stdout is not None
    assert done.stderr is not None

    done.stdout.close()
    err = done.stderr.read()

    assert (done.wait(), err) == (0, "")


def on_a_terminal(*arguments: str, cwd: Path, **more: str) -> str:
    """Run `kho` with its stdout on a pseudo-terminal and return what arrives there."""
    own, other = os.openpty()
    done = process(*arguments, cwd=cwd, stdout=other, env=environment(TERM="xterm", **more))
    os.close(other)
    shown = b""
    try:
        while piece := os.read(own, 1 << 16):
            shown += piece
    except OSError:
        pass  # the other end is closed: all was read
    os.close(own)
    done.communicate()
    return shown.decode()


def test_color_is_for_terminals_whose_owner_has_nothing_against_it(tmp_path: Path):
    call = ("rule", "list", "--schedule", "vn-2026-1")

    colored = on_a_terminal(*call, cwd=tmp_path)
    plain = on_a_terminal(*call, cwd=tmp_path, NO_COLOR="1")
    piped = kho(*call, cwd=tmp_path)

    assert "\x1b[32m" in colored
    assert "\x1b" not in plain + piped.out
    assert click.unstyle(colored).replace("\r\n", "\n") == piped.out


def test_titles_cannot_steer_the_terminal():
    hostile = click.style("Đơn", bold=True) + "\x1b]0;owned\x07 \x9b2J \u202egnp.exe\r"

    shown = output.safe(hostile)

    assert click.unstyle(shown) == "Đơn�]0;owned� �2J �gnp.exe�"
    assert shown.startswith("\x1b[1mĐơn\x1b[0m")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_vietnamese_gets_escapes(encoding: str, tmp_path: Path):
    call = ("rule", "show", "CT-04", "--schedule", "vn-2026-1")
    env = environment(PYTHONIOENCODING=encoding, KHO_LANG="vi")

    told, document = (
        process(*call, *more, cwd=tmp_path, env=env, encoding=encoding).communicate()
        for more in ([], ["--json"])
    )

    assert "Ch\\u1ee9ng" in told[0]
    assert '"Ch\\u1ee9ng' in document[0]
    assert told[1] == document[1] == ""


def test_columns_line_up_whatever_form_the_letters_have():
    names = [unicodedata.normalize(form, "Nguyễn Thị Hường") for form in ("NFC", "NFD")]
    rows = [(names[0], "1"), (names[1], "2"), ("Trần A", "3"), ("漢字", "4")]

    lines = output.table(rows)

    assert [line[-1] for line in lines] == ["1", "2", "3", "4"]
    assert [output._width(line) for line in lines] == [19, 19, 19, 19]


@pytest.mark.parametrize("columns", [20, 40, 79])
def test_progress_never_wraps(columns: int):
    progress = Progress(Globals(progress="none"), "progress.ingest")
    progress.total(12_345)
    progress.step(failed=True, count=678)

    assert len(progress._line(progress._began + 3, columns)) <= columns


def test_each_command_says_how_it_ends_without_an_archive(tmp_path: Path):
    told = {place: shape(kho(*place.split(), "--help", cwd=tmp_path).out)[1] for place in COMMANDS}

    without = ("sip ", "init", "demo", "encryption make-key")
    missing = [p for p, exits in told.items() if "10" not in exits and not p.startswith(without)]
    assert missing == []


def test_commands_that_are_suggested_can_be_pasted_whatever_the_folder_is_called(tmp_path: Path):
    told = kho("sip", "new", "Hồ sơ; thử", cwd=tmp_path).err

    assert "kho ingest 'Hồ sơ; thử'" in told
