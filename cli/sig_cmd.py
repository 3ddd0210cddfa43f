"""`kho sig`: the signatures in files and dossiers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archive import settings as configuration
from archive.errors import ExitCode, NotHeld, NotInitialised, UsageError
from cli import output, session, words
from cli.access_cmd import verdict_lines
from cli.command import Globals, KhoGroup, command, option, settled

if TYPE_CHECKING:
    from archive.model import PackagePath, Verdict
    from archive.signatures.trust import TrustStore

SIGNING = "signing"
"""Instead of a time for --at: each signature as of its claimed time."""

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
    as_signed = at_text == SIGNING
    at = _moment(None if as_signed else at_text)
    verdicts: list[Verdict] = []
    for name in names:
        verdicts += (
            _of_file(options, Path(name), at, content, as_signed=as_signed)
            if Path(name).exists()
            else _of_dossier(options, name, at if at_text and not as_signed else None)
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


def _of_file(
    options: Globals, path: Path, at: datetime, content: Path | None, *, as_signed: bool
) -> list[Verdict]:
    """Check one file; what it may be over is given, or lies beside it."""
    from archive.evidence import attached
    from archive.model import PackagePath
    from archive.packages.dsig import reader
    from archive.sandbox import closed_at_exit
    from archive.signatures.check import Checker

    name, beside = PackagePath(str(path)), _beside(path)
    trust, children = _trust(options), closed_at_exit("signatures")
    with Checker(trust, xml=reader, records=attached, children=children) as checker:

        def checked(known_at: datetime | None = None) -> list[Verdict]:
            found = checker.check(
                path, name, at=at, known_at=known_at, others=beside, content=content, sunset=True
            )
            return list(found.verdicts)

        return _as_signed(checked) if as_signed else checked()


def _beside(path: Path) -> dict[PackagePath, Path]:
    """Return the files in a signature's folder, by their names as the signature is named."""
    from archive.model import PackagePath
    from archive.signatures import pairing

    if not pairing.may_refer(path.name):
        return {}
    folder = path.resolve().parent
    return {
        PackagePath(str(path.parent / one.name)): one for one in folder.iterdir() if one.is_file()
    }


def _as_signed(checked: Callable[[datetime | None], list[Verdict]]) -> list[Verdict]:
    """Return verdicts as of the claimed time of each signature, taken for true."""
    found = checked(None)
    for place, verdict in enumerate(found):
        claimed = verdict.signed_at_claimed
        if claimed is None:
            continue
        again = checked(claimed)[place]
        note = "judged as of the claimed signing time, which nothing has to prove here"
        reasons = (*again.reasons, note)
        found[place] = replace(again, proven_at=verdict.proven_at, reasons=reasons)
    return found


def _trust(options: Globals) -> TrustStore:
    """Return the archive's trusted roots; none where there is no archive."""
    from archive.signatures.trust import TrustStore

    try:
        settings = configuration.load(session.config_path(options))
    except NotInitialised:
        return TrustStore()
    return TrustStore.load(settings.path("trust.folder"))


def _of_dossier(options: Globals, name: str, at: datetime | None) -> list[Verdict]:
    try:
        return _held(options, name, at)
    except NotInitialised as error:
        raise UsageError(f"there is nothing at {name}, and no archive here", where=name) from error


def _held(options: Globals, name: str, at: datetime | None) -> list[Verdict]:
    """Check a dossier's signatures with what its package keeps and what is known since."""
    from archive import access
    from archive.auditing.recheck import recheck

    with session.opened(options) as archive:
        try:
            holding = access.find(archive, name)
        except NotHeld as error:
            raise NotHeld(f"{name}: neither a file nor a dossier", hint=error.hint) from error
        then = archive if at is None else replace(archive, clock=lambda: at)
        try:
            return list(recheck(then, holding, with_newer=True).verdicts)
        finally:
            if then is not archive:
                then.close()


def _lines(verdicts: list[Verdict], names: tuple[str, ...]) -> Iterator[str]:
    if not verdicts:
        yield words.say("sig.none", names=", ".join(names))
    for verdict in verdicts:
        yield from verdict_lines(verdict)
