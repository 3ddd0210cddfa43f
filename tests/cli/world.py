"""One small archive with everything that a command can be asked about, and how to ask it."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import click

from archive.errors import ExitCode
from archive.fixity import sha256_of_file
from cli.command import KhoCommand, KhoGroup
from cli.main import commands, run
from tests.builders import a_pdf, a_submission
from tests.disposals import SCHEDULE

ROOT = Path(__file__).resolve().parents[2]
CODE, PLAIN = "H26.18-260105-0001", "H26.18-260105-0002"
NAME, NUMBER = "Nguyễn Văn Thử", "001099000001"
SIGNED = "02-giay-phep.pdf"


@dataclass(frozen=True)
class Answer:
    """How a command ended."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Return stdout, which is one JSON document and nothing else."""
        return json.loads(self.out)


def every_command(group: KhoGroup = commands, prefix: str = "") -> dict[str, KhoCommand]:
    """Return the commands that do something, by what a person types."""
    found: dict[str, KhoCommand] = {}
    for name in group.list_commands(click.Context(group)):
        command, place = group.get_command(click.Context(group), name), f"{prefix} {name}".strip()
        if isinstance(command, KhoGroup):
            found |= every_command(command, place)
        else:
            assert isinstance(command, KhoCommand)
            found[place] = command
    return found


def kho(*arguments: object, cwd: Path) -> Answer:
    """Run a command in this process, in a folder, and return how it ended."""
    with _streams() as (out, err), _folder(cwd):
        code = run([str(argument) for argument in arguments])
    return Answer(int(code), _text(out), _text(err))


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    content = stream.buffer
    assert isinstance(content, io.BytesIO)
    return content.getvalue().decode()


@contextmanager
def _streams():
    kept = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
    try:
        yield sys.stdout, sys.stderr
    finally:
        sys.stdout, sys.stderr = kept


@contextmanager
def _folder(folder: Path):
    kept = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(kept)


def build(folder: Path) -> dict[str, str]:
    """Make the world: an archive in `folder`, with submissions and files beside it.

    Returns:
        What calls need to know of it, by name: ids of the hold, the note, the proposal.
    """
    _done(kho("init", folder, "--agency", "H26", "--encrypt", cwd=folder))
    number_2: dict[str, Any] = {"tthc__dossierCode": PLAIN, "tthc__dossierCodeOld": None}
    files = {"01-don-de-nghi.pdf": a_pdf("Don de nghi"), SIGNED: _signed(folder)}
    described: dict[str, Any] = {
        "documents": [{"file": n, "title": n, "role": "other"} for n in files]
    }
    a_submission(folder / "sip" / "signed", files=files, **described)
    a_submission(folder / "sip" / "plain", dossier__fileCode="H26.18.2026.161", **number_2)
    a_submission(folder / "new", tthc__dossierCode="H26.18-260105-0003", tthc__dossierCodeOld=None)
    (folder / "broken").mkdir()
    (folder / "broken" / "dossier.json").write_text('{"profile": 1}', encoding="utf-8")
    _done(kho("ingest", "sip", cwd=folder))
    title = "dossier.title=Hồ sơ đã sửa"
    _done(kho("aip", "correct", CODE, "--set", title, "--reason", "sửa", cwd=folder))
    about = ("--owner", "Thanh tra tỉnh", "--reason", "khiếu nại")
    hold = _done(kho("hold", "place", PLAIN, *about, "--json", cwd=folder))
    case = ("--reopened", "TAND 12/2026", "--reason", "vụ án")
    note = _done(kho("retention", "note", PLAIN, *case, "--json", cwd=folder))
    _done(kho("evidence", "build", cwd=folder))
    _done(kho("evidence", "show", CODE, "--into", "record.er", cwd=folder))
    followed = "followed.example+35c660c0+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    _done(kho("journal", "witness", "add", followed, cwd=folder))
    _done(kho("journal", "prove", "1", "--into", "event.tlog-proof", cwd=folder))
    _done(kho("get", CODE, "--package", "-o", "package.zip", cwd=folder))
    _done(kho("fixity", "run", cwd=folder))
    _done(kho("retention", "explain", PLAIN, "--json", "-o", "decision.json", cwd=folder))
    built_in = (ROOT / "retention_rules/schedules/vn-2026-1.toml").read_text(encoding="utf-8")
    other = built_in.replace('version = "vn-2026-1"', 'version = "thu-1"')
    (folder / "schedule.toml").write_text(other, encoding="utf-8")
    root = _done(kho("trust", "list", "--json", cwd=folder))["roots"][0]["sha256"]
    asked = ("--by", "A", "--reason", "thử", "--json")
    proposal = _done(kho("trust", "remove", root, *asked, cwd=folder))
    wanted = ("--document", "1", "--requester", "Trần Thị Bưởi", "--purpose", "thử", "--json")
    (copy,) = _done(kho("copy", "issue", CODE, *wanted, cwd=folder))
    _seal_keys(folder)
    told = {"hold": hold["id"], "note": note["id"], "root": root, "proposal": proposal["id"]}
    told |= {"copy": copy["copy"], "copy_code": copy["code"]}
    told |= _queue(folder)
    system = ("mot-cua", "--name", "Cổng một cửa", "--role", "archivist", "--json")
    _done(kho("token", "add-system", *system, cwd=folder))
    token = ("token", "make", "mot-cua", "--name", "nộp hồ sơ", "--right", "ingest", "--json")
    told["token"] = _done(kho(*token, cwd=folder))["id"]
    return told | _disposals(folder)


def _queue(folder: Path) -> dict[str, str]:
    """Make a batch with a submission to fix, and one whose only submission was returned."""
    number: dict[str, Any] = {"tthc__dossierCodeOld": None}
    good = {**number, "tthc__dossierCode": "H26.18-260105-0004"}
    a_submission(folder / "queue" / "good", dossier__fileCode="H26.18.2026.4", **good)
    bad = {**number, "tthc__dossierCode": "H26.18-260105-0005", "tthc__closedOn": "2025-01-01"}
    a_submission(folder / "queue" / "bad", dossier__fileCode="H26.18.2026.5", **bad)
    handed = ("queue", "add", "queue/bad", "--producer", "Sở Xây dựng", "--json")
    made = [kho(*handed, cwd=folder).json()["batch"] for _ in range(2)]
    reason = ("--reason", "sai ngày")
    _done(kho("queue", "return", f"{made[1]}.1", *reason, cwd=folder))
    return {"batch": made[0], "closable": made[1], "returned": f"{made[1]}.1"}


ARCHIVIST, CHAIR = (
    ("--key", f"trial/keys/{name}.pem", "--certificate", f"trial/certificates/{name}.pem")
    for name in ("archivist", "chair")
)
PAPERS = ("--council", "trial/council.pdf", "--minutes", "trial/minutes.pdf")
DECISION = ("--decision", "trial/decision.pdf", "--number", "1/QĐ")
LIST = ("--agency", "H26.18", "--note", "hết thời hạn")
OLD = {n: f"H26.18-100301-{n:04d}" for n in range(1, 10)}
"""Dossiers of long ago: 1 to 5 may be destroyed, 6 to 9 go to the historical archive."""


def _disposals(folder: Path) -> dict[str, str]:
    """Make lists in every state: proposed, reviewed, approved; exported and acknowledged."""
    for number, code in OLD.items():
        procedure = "1.001193" if number < 6 else "1.009999"
        told = {"dossierCode": code, "receivedOn": "2010-03-01", "closedOn": "2010-03-10"}
        person = {"name": "Lê Văn Cũ", "identityNumber": f"00109900010{number}", "kind": "citizen"}
        more: dict[str, Any] = {"applicant": person, "dossierCodeOld": None}
        more |= {"dueOn": None, "result": None, "procedureCode": procedure}
        a_submission(
            folder / "old" / str(number),
            files={"01-don.pdf": a_pdf(code)},
            dossier__fileCode=f"H26.18.2010.{number}",
            **{f"tthc__{name}": value for name, value in (told | more).items()},
        )
    (folder / "adopted.toml").write_text(SCHEDULE, encoding="utf-8")
    _done(kho("rule", "adopt", "adopted.toml", "--by", "Nguyễn Văn Lưu", cwd=folder))
    _done(kho("rule", "adopt", "--confirm", "thu-nghiem-1", "--by", "Trần Thị Duyệt", cwd=folder))
    _done(kho("ingest", "old", cwd=folder))
    shutil.rmtree(folder / "old")
    _done(kho("disposal", "test-papers", "trial", cwd=folder))
    lists = [_list(folder, "disposal", OLD[number]) for number in (1, 2, 3)]
    for each in lists[1:]:
        _done(kho("disposal", "review", each, *PAPERS, cwd=folder))
    _done(kho("disposal", "approve", lists[2], *DECISION, *CHAIR, cwd=folder))
    digest = _done(kho("disposal", "show", lists[2], "--json", cwd=folder))["list"]
    transfers = [_list(folder, "transfer", OLD[number]) for number in (6, 7, 8)]
    for each in transfers[1:]:
        _done(kho("transfer", "export", each, f"out-{each}", cwd=folder))
    acknowledge(folder / f"out-{transfers[1]}")
    acknowledge(folder / f"out-{transfers[2]}")
    _receive_long_ago(folder, transfers[2])
    purge = _done(kho("transfer", "list", "--json", cwd=folder))
    assert [each["status"] for each in purge] == ["proposed", "exported", "received"]
    found = _done(kho("disposal", "show", transfers[2], "--json", cwd=folder))["list"]
    names = ("proposed", "reviewed", "approved")
    return {
        **dict(zip(names, lists, strict=True)),
        **dict(zip(("to_export", "exported", "received"), transfers, strict=True)),
        "digest": digest,
        "purge_digest": found,
    }


def _list(folder: Path, kind: str, code: str) -> str:
    made = _done(kho(kind, "propose", *LIST, "--id", code, *ARCHIVIST, "--json", cwd=folder))
    return str(made["id"])


def acknowledge(folder: Path) -> None:
    """Fill in the receipt form as a receiver does."""
    path = folder / "receipt.csv"
    with path.open(encoding="utf-8") as stream:
        head, *rows = list(csv.reader(stream))
    for row in rows:
        row[2], row[3] = sha256_of_file(folder / row[1]), "có"
    with path.open("w", encoding="utf-8") as stream:
        csv.writer(stream).writerows([head, *rows])


def _receive_long_ago(folder: Path, disposal_id: str) -> None:
    """Record a receipt as of four months ago."""
    from archive.assembly import open_archive
    from archive.disposal import transfer

    now = datetime.now(UTC)
    times = chain([now - timedelta(days=130)], repeat(now))
    with open_archive(folder, clock=lambda: next(times)) as archive:
        table = folder / f"out-{disposal_id}" / "receipt.csv"
        transfer.receipt(archive, disposal_id, table, paper=None, agent="t")


def _seal_keys(home: Path) -> None:
    """Make seal keys: two that are added, and one that is not yet."""
    from archive.signatures import testpki
    from tests.tokens import pkcs12_file

    pki, now = testpki.load(home / "test-pki"), datetime.now(UTC)
    for number in range(3):
        end = now + timedelta(days=900)
        key = pki.issuing.issue(f"Con dấu {number}", not_before=now, not_after=end)
        pkcs12_file(home / "keys" / f"seal-{number}.p12", key)
        if number < 2:
            _done(kho("seal", "add", f"seal-{number}", f"keys/seal-{number}.p12", cwd=home))


def _done(answer: Answer) -> Any:
    assert answer.code == ExitCode.DONE, answer.out + answer.err
    return answer.json() if answer.out.startswith(("{", "[")) else None


def _signed(home: Path) -> bytes:
    from archive.signatures import testpki
    from archive.signatures.pdf_signing import sign_pdf

    now = datetime.now(UTC)
    pki = testpki.load(home / "test-pki")
    day = timedelta(days=1)
    key = pki.signer("Cán bộ (TEST)", not_before=now - 30 * day, not_after=now + 30 * day)
    at = now - day
    return sign_pdf(a_pdf("Giay phep"), key, at=at, tsa=pki.local_tsa(lambda: at))
