"""For every command one call that works and one that fails, in the world of `world.py`.

A new command needs an entry here and a schema in `schemas/commands/`. Words in braces are
filled in with what `world.build` returns.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from tests.cli.world import (
    ARCHIVIST,
    CHAIR,
    CODE,
    DECISION,
    LIST,
    NUMBER,
    OLD,
    PAPERS,
    PLAIN,
    SIGNED,
)

NO_LIST = "D-1999-0001"
NOBODY = str(UUID(int=7, version=4))
BUILT_IN = "vn-2026-1"
OUTSIDE = ("-C", "nowhere")
CA = "test-pki/certificates/seal.pem"
WHY = ("--reason", "thử")
PRODUCER = ("--producer", "UBND phường Ba Đình")
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
"""The example of golang.org/x/mod/sumdb/note."""
ASKED = ("--requester", "Nguyễn Thị Ánh Tuyết", "--purpose", "xin hộ chiếu")


@dataclass(frozen=True)
class Sample:
    """Two calls of a command, without its name, and the exit codes they end with."""

    works: tuple[str, ...] = ()
    fails: tuple[str, ...] = OUTSIDE
    code: int = 10
    works_with: int = 0
    reports: bool = False
    """Whether the failure is told in the command's own document, not as a problem."""


SAMPLES = {
    "ingest": Sample(("new",), ("broken",), 5, reports=True),
    "search": Sample(("nguyen van thu", "--facets"), ("name:(",), 5, reports=True),
    "show": Sample((CODE,), (NOBODY,), 3),
    "get": Sample((CODE, SIGNED), (CODE, "nothing.pdf"), 3),
    "receipt": Sample((CODE, "--version", "1"), (CODE, "--version", "9"), 3),
    "verify": Sample((CODE,), (NOBODY,), 3),
    "init": Sample(("another", "--agency", "H26"), (".",), 2),
    "doctor": Sample(),
    "config show": Sample(("--origin",)),
    "config path": Sample(),
    "sip new": Sample(("made",), ("sip",), 5),
    "sip validate": Sample(("new",), ("broken",), 5, reports=True),
    "sip inspect": Sample(("new",), ("broken",), 5, reports=True),
    "sip schema": Sample((), ("--no-such-option",), 2),
    "aip ls": Sample((CODE,), (CODE, "--version", "9"), 3),
    "aip cat": Sample((CODE, "METS.xml", "-o", "METS.xml"), (CODE, "nothing", "-o", "x"), 3),
    "aip log": Sample((CODE,), (NOBODY,), 3),
    "aip diff": Sample((CODE, "1"), (CODE, "9"), 3),
    "aip export": Sample((CODE, "out"), (NOBODY, "out"), 3),
    "aip validate": Sample((CODE,), ("new",), 7, reports=True),
    "aip correct": Sample((CODE, "--set", "dossier.keyword=x", *WHY), (CODE, *WHY), 2),
    "sig check": Sample((CODE,), (NOBODY,), 3),
    "sig list": Sample(("--weak",), ("--expires-before", "31/02/2026"), 2),
    "sig recheck": Sample((CODE,), (NOBODY,), 3),
    "sig report": Sample(("--all", "--to", "audit"), ("--render", NOBODY, "--to", "x"), 3),
    "retention explain": Sample((PLAIN, "--as-of", "31/12/2030"), (NOBODY,), 3),
    "retention due": Sample(("--as-of", "2126-01-01"), ("--as-of", "31/02/2026"), 2),
    "retention recompute": Sample(),
    "retention forecast": Sample(("--until", "2126-01-01"), ("--until", "soon"), 2),
    "retention replay": Sample(("decision.json",), ("broken/dossier.json",), 5),
    "retention note": Sample((CODE, "--link", PLAIN, *WHY), (CODE, *WHY), 2),
    "retention notes": Sample((CODE,), (NOBODY,), 3),
    "retention end-note": Sample(("{note}", *WHY), (NOBODY, *WHY), 3),
    "rule list": Sample(("--schedule", BUILT_IN), ("--schedule", "nowhere.toml"), 5),
    "rule show": Sample(("CT-04",), ("XX-99",), 3),
    "rule lint": Sample((BUILT_IN,), ("nowhere.toml",), 5),
    "rule test": Sample((BUILT_IN,), ("nowhere.toml",), 5),
    "rule diff": Sample((BUILT_IN, BUILT_IN), (BUILT_IN, "nowhere.toml"), 5),
    "rule simulate": Sample((BUILT_IN,), ("nowhere.toml",), 5),
    "rule adopt": Sample(("schedule.toml", "--by", "A", "--agency", "H26", *WHY), ("--by", "A"), 2),
    "hold place": Sample((CODE, "--owner", "Tòa án", *WHY), (CODE, "--owner", "Tòa án"), 2),
    "hold lift": Sample(("{hold}", *WHY), (NOBODY, *WHY), 3),
    "hold review": Sample(
        ("{hold}", "--next", "2126-01-01", *WHY), ("{hold}", "--next", "2020-01-01", *WHY), 2
    ),
    "hold list": Sample(("--due",)),
    "hold reconcile": Sample(),
    "disposal propose": Sample(
        (*LIST, "--id", OLD[4], *ARCHIVIST), (*LIST, "--id", PLAIN, *ARCHIVIST), 9
    ),
    "disposal list": Sample(),
    "disposal show": Sample(("{approved}",), (NO_LIST,), 3),
    "disposal exclude": Sample(("{proposed}", OLD[1], *WHY), ("{proposed}", OLD[2], *WHY), 3),
    "disposal review": Sample(("{proposed}", *PAPERS), ("{approved}", *PAPERS), 4),
    "disposal approve": Sample(
        ("{reviewed}", *DECISION, *CHAIR), ("{reviewed}", *DECISION, *ARCHIVIST), 4
    ),
    "disposal reject": Sample(("{proposed}", *WHY), (NO_LIST, *WHY), 3),
    "disposal execute": Sample(("{approved}", "--confirm", "{digest}"), ("{reviewed}", "-n"), 4),
    "disposal certificate": Sample(("{proposed}", "--list"), ("{proposed}",), 3),
    "disposal draft": Sample(("{reviewed}", "decision"), (NO_LIST, "decision"), 3),
    "disposal test-papers": Sample(("made",), (*OUTSIDE, "made")),
    "transfer propose": Sample(
        (*LIST, "--id", OLD[9], *ARCHIVIST), (*LIST, "--id", PLAIN, *ARCHIVIST), 9
    ),
    "transfer list": Sample(),
    "transfer export": Sample(("{to_export}", "out"), (NO_LIST, "out"), 3),
    "transfer receipt": Sample(
        ("{exported}", "out-{exported}/receipt.csv"), ("{exported}", "schedule.toml"), 5
    ),
    "transfer reconcile": Sample(("{exported}",), (NO_LIST,), 3, works_with=12),
    "transfer purge": Sample(
        ("{received}", "--confirm", "{purge_digest}"), ("{exported}", "-n"), 9
    ),
    "subject report": Sample((NUMBER, *WHY), (NUMBER,), 2),
    "subject erasure": Sample((NUMBER, *WHY), (NUMBER,), 2, works_with=9),
    "encryption make-key": Sample(("new.key",), ("kho.toml",), 2),
    "encryption status": Sample(),
    "encryption rewrap": Sample(),
    "copy issue": Sample((PLAIN, "--document", "1", *ASKED), (NOBODY, *ASKED), 3),
    "copy verify": Sample(("{copy_code}",), ("nothing",), 2),
    "copy register": Sample((CODE,), (NOBODY,), 3),
    "copy fetch": Sample(("{copy}", "-o", "copy.pdf"), ("2020/BS-00001", "-o", "x.pdf"), 3),
    "copy revoke": Sample(("{copy}", *WHY), ("{copy}",), 2),
    "queue add": Sample(("queue/good", *PRODUCER), ("nowhere", *PRODUCER), 3),
    "queue watch": Sample(
        ("queue", "--once", *PRODUCER), ("nowhere", "--once", *PRODUCER), 3, works_with=6
    ),
    "queue list": Sample(),
    "queue show": Sample(("{batch}",), ("TN-20200101-001",), 3),
    "queue fix": Sample(("{batch}.1", "tthc.closedOn=2026-01-15", *WHY), ("{batch}.1", "x=1"), 2),
    "queue retry": Sample(("{batch}",), ("TN-20200101-001",), 3, works_with=6),
    "queue return": Sample(("{batch}.1", *WHY), ("{batch}.1",), 2),
    "queue close": Sample(("{closable}",), ("{batch}",), 2),
    "queue receipt": Sample(("{returned}", "-o", "note.pdf"), ("{batch}", "-o", "x.pdf"), 3),
    "evidence build": Sample(),
    "evidence show": Sample((CODE, "--into", "record.ers"), (CODE, "--version", "9"), 3),
    "evidence verify": Sample(("record.er", "--data", "package.zip"), ("nothing",), 2),
    "evidence renew": Sample(),
    "evidence status": Sample(),
    "fixity run": Sample(),
    "fixity status": Sample(),
    "journal list": Sample((CODE,), ("--type", "nothing"), 2),
    "journal verify": Sample(),
    "journal prove": Sample((CODE,), ("99999",), 3),
    "journal witness key": Sample(),
    "journal witness list": Sample(),
    "journal witness add": Sample((GO_KEY,), ("nothing",), 2),
    "journal witness remove": Sample(("followed.example",), ("nobody",), 3),
    "journal witness ask": Sample(),
    "journal witness serve": Sample(("--listen", "127.0.0.1:0", "-n"), ("--listen", "x"), 2),
    "journal check": Sample(("event.tlog-proof",), ("broken/dossier.json",), 7, reports=True),
    "token add-system": Sample(
        ("khac", "--name", "Hệ thống khác", "--role", "official"),
        ("X", "--name", "X", "--role", "official"),
        2,
    ),
    "token make": Sample(
        ("mot-cua", "--name", "nộp", "--right", "see"),
        ("nobody", "--name", "nộp", "--right", "see"),
        3,
    ),
    "token list": Sample(),
    "token revoke": Sample(("{token}",), (NOBODY,), 3),
    "rebuild": Sample(("--from-store",), (), 2),
    "sweep": Sample(),
    "seal list": Sample(),
    "seal status": Sample(),
    "seal add": Sample(("seal-2", "keys/seal-2.p12"), ("a", "nowhere.p12"), 2),
    "seal rotate": Sample(("seal-1", *WHY), ("nobody", *WHY), 3),
    "seal revoke": Sample(("seal-0", "--stolen-at", "2020-01-01", *WHY), ("seal-1",), 2),
    "seal reseal": Sample(),
    "passport": Sample((CODE,), (NOBODY,), 3),
    "trust list": Sample(),
    "trust add": Sample((CA, "--by", "A", *WHY), ("broken/dossier.json",), 5),
    "trust remove": Sample(("{root}", "--by", "A", *WHY), (NOBODY, "--by", "A", *WHY), 3),
    "trust confirm": Sample(("{proposal}", "--by", "B"), (NOBODY, "--by", "B"), 3),
    "trust withdraw": Sample(("{proposal}", *WHY), (NOBODY, *WHY), 3),
    "trust update": Sample(),
    "trust status": Sample(),
    "trust algorithms": Sample(),
    "trust expire": Sample(
        ("sha256=2038-01-01", "--by", "A", *WHY), ("sha256=1999-01-01", "--by", "A", *WHY), 2
    ),
}
"""By what a person types; `demo` and `serve`, which take long, have tests of their own."""
