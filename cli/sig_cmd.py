"""`kho sig`: the signatures in files and dossiers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive import settings as configuration
from archive.errors import ExitCode, NotInitialised
from cli import output, session, words
from cli.access_cmd import verdict_lines
from cli.command import Globals, KhoGroup, command, option, settled

if TYPE_CHECKING:
    from archive.model import Verdict
    from archive.signatures.trust import TrustStore

sig = KhoGroup(
    "sig",
    {
        "check": "cli.sig_cmd:check",
        "list": "cli.sig_audit_cmd:list",
        "recheck": "cli.sig_audit_cmd:recheck",
        "report": "cli.sig_audit_cmd:report",
    },
)


@command("sig.check", ExitCode.NOT_HELD, ExitCode.INTEGRITY, ExitCode.INCONCLUSIVE)
@click.argument("names", nargs=-1, required=True, metavar="FILE|ID...")
@option("--at", "at_text", metavar="TIME", help="option.at")
@option(
    "--content",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="option.content",
)
@click.pass_context
def check(
    context: click.Context, names: tuple[str, ...], at_text: str | None, content: Path | None
) -> int:
    """Check every signature in files or dossiers."""
    options = settled(context)
    at = _moment(at_text)
    verdicts: list[Verdict] = []
    for name in names:
        verdicts += (
            _of_file(options, Path(name), at, content)
            if Path(name).exists()
            else _held(options, name)
        )
    from archive.signatures.verdicts import to_json

    result = {"signatures": [{"path": v.path, **to_json(v)} for v in verdicts]}
    output.emit(options, result, lambda: _lines(verdicts, names))
    outcomes = {verdict.indication.value for verdict in verdicts}
    if "failed" in outcomes:
        return ExitCode.INTEGRITY
    return ExitCode.INCONCLUSIVE if "indeterminate" in outcomes else ExitCode.DONE


def _moment(text: str | None) -> datetime:
    from archive.assembly import VIETNAM, now

    if text is None:
        return now()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return datetime.combine(session.parse_day(text), time(12), tzinfo=VIETNAM)
    return found if found.tzinfo else found.replace(tzinfo=VIETNAM)


def _of_file(options: Globals, path: Path, at: datetime, content: Path | None) -> list[Verdict]:
    """Check one file; what it may be over is given, or lies beside it."""
    from archive.model import PackagePath
    from archive.packages.dsig import reader
    from archive.signatures import pairing
    from archive.signatures.check import Checker

    beside = {}
    if pairing.may_refer(path.name):
        folder = path.resolve().parent
        beside = {
            PackagePath(str(path.parent / one.name)): one
            for one in folder.iterdir()
            if one.is_file()
        }
    with Checker(_trust(options), workers=1, xml=reader) as checker:
        name = PackagePath(str(path))
        return list(checker.check(path, name, at=at, others=beside, content=content).verdicts)


def _trust(options: Globals) -> TrustStore:
    """Return the archive's trusted roots; none where there is no archive."""
    from archive.signatures.trust import TrustStore

    try:
        settings = configuration.load(session.config_path(options))
    except NotInitialised:
        return TrustStore()
    return TrustStore.load(settings.path("trust.folder"))


def _held(options: Globals, name: str) -> list[Verdict]:
    from archive import access
    from archive.preservation.verification import verify

    with session.opened(options) as archive:
        return list(verify(archive, access.find(archive, name)).signatures)


def _lines(verdicts: list[Verdict], names: tuple[str, ...]) -> Iterator[str]:
    if not verdicts:
        yield words.say("sig.none", names=", ".join(names))
    for verdict in verdicts:
        yield from verdict_lines(verdict)
