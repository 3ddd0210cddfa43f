"""Errors: what is the case, where, and who acts.

Every error has an exit code (frozen, see `ExitCode`) and a code that is never translated:

    ArchiveError                1   KHO-UNEXPECTED       the developers
      UsageError                2   KHO-USAGE            the caller
        NotNow                  2   KHO-NOT-NOW          the caller: it is settled, closed or still open
      NotHeld                   3   KHO-NOT-HELD         the caller: the archive does not hold it
      NotPermitted              4   KHO-NOT-PERMITTED    somebody with the right, or a second person
        PurposeNeeded           4   KHO-PURPOSE          the caller: say what for
        ListNotReady            4   KHO-LIST-STATE       whoever is next: another step of the list is due
      Rejected                  5   KHO-REJECTED         the depositor: the input breaks a rule
        DossierRejected         5   KHO-SIP-REJECTED     the depositor: a submission breaks a MUST
        AlreadyHeld             5   KHO-ALREADY-HELD     the depositor: the code is taken
        UnsafeInput             5   KHO-UNSAFE-INPUT     the depositor: a path, link, bomb or limit
        QueryRejected           5   KHO-QUERY            the caller: the query cannot be read
      BatchFailed               6   KHO-BATCH-FAILED     the depositor: some items failed
      IntegrityError            7   KHO-INTEGRITY        the archivist, at once
        FixityMismatch          7   KHO-FIXITY           stored bytes differ from their record
        SealBroken              7   KHO-SEAL             a seal does not verify
        JournalBroken           7   KHO-JOURNAL          the journal's chain is broken
      Inconclusive              8   KHO-INCONCLUSIVE     the archivist: could not be decided
      DisposalForbidden         9   KHO-BLOCKED          the retention officer: hold or period
      NotInitialised           10   KHO-NOT-INITIALISED  the operator: run `kho init`
      SchemaMismatch           10   KHO-SCHEMA           the operator: another version of Kho
      Unavailable              11   KHO-UNAVAILABLE      try again: a service did not answer
        StoreFull              11   KHO-STORE-FULL       the operator: make room, try again
        CatalogueLocked        11   KHO-DB-LOCKED        try again: another process writes
        Changed                11   KHO-CHANGED          the caller: look again, somebody was faster
      FindingsPresent          12   KHO-FINDINGS         whoever asked with --fail-on
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar

from archive.findings import Report


class ExitCode(IntEnum):
    """The exit codes of `kho`, frozen by a test."""

    DONE = 0
    UNEXPECTED = 1
    USAGE = 2
    NOT_HELD = 3
    NOT_PERMITTED = 4
    REJECTED = 5
    BATCH_FAILED = 6
    INTEGRITY = 7
    INCONCLUSIVE = 8
    BLOCKED = 9
    NOT_INITIALISED = 10
    UNAVAILABLE = 11
    FINDINGS = 12
    INTERRUPTED = 130


_NOTHING_FOUND = Report(())


class ArchiveError(Exception):
    """The root of what the archive raises on purpose."""

    exit_code: ClassVar[ExitCode] = ExitCode.UNEXPECTED
    code: ClassVar[str] = "KHO-UNEXPECTED"

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def to_problem(self) -> dict[str, object]:
        """Return the error as RFC 9457 members plus `code`, `errors` and `hint`."""
        return {
            "type": f"urn:kho:problem:{self.code}",
            "title": type(self).__name__,
            "detail": self.message,
            "instance": self.where,
            "code": self.code,
            "exit_code": int(self.exit_code),
            "hint": self.hint,
            "errors": self.errors(),
        }

    def errors(self) -> list[dict[str, str]]:
        """Return the single findings behind the error, if it has any."""
        return []


def defect(error: Exception) -> ArchiveError:
    """Return what to tell of a defect of Kho: its kind and place; its words may be personal."""
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{last.filename}:{last.lineno}"
    hint = "run again with -v, and report it"
    told = ArchiveError(f"{type(error).__name__} in {where}", where=where, hint=hint)
    told.__cause__ = error
    return told


class UsageError(ArchiveError):
    """The command or call was put together wrongly."""

    exit_code = ExitCode.USAGE
    code = "KHO-USAGE"


class NotNow(UsageError):
    """What the act is about is settled or closed already, or not yet ready for it.

    Whoever looked a moment ago may have been right: somebody else acted meanwhile.
    """

    code = "KHO-NOT-NOW"


class NotHeld(ArchiveError):
    """The archive holds nothing under this name."""

    exit_code = ExitCode.NOT_HELD
    code = "KHO-NOT-HELD"


class NotPermitted(ArchiveError):
    """The act needs another right or a second person."""

    exit_code = ExitCode.NOT_PERMITTED
    code = "KHO-NOT-PERMITTED"


class PurposeNeeded(NotPermitted):
    """The settings ask what for; `where` is the dossier's id or `identity-search`."""

    code = "KHO-PURPOSE"

    def __init__(self, act: str, *, where: str) -> None:
        super().__init__(
            "the archive asks for a purpose here",
            where=where,
            hint="say what for: purpose=… in the call, --reason on the command line",
        )
        self.act = act


class ListNotReady(NotPermitted):
    """A list of disposal is not in the state for this act; it shows which step is due."""

    code = "KHO-LIST-STATE"


class Rejected(ArchiveError):
    """The input breaks a rule; `report` has every finding where there can be several."""

    exit_code = ExitCode.REJECTED
    code = "KHO-REJECTED"

    def __init__(
        self, message: str, report: Report = _NOTHING_FOUND, *, where: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.report = report

    def errors(self) -> list[dict[str, str]]:
        """Return the report's findings."""
        return [finding.to_json() for finding in self.report.findings]


class DossierRejected(Rejected):
    """A submission breaks a MUST; `report` has every finding."""

    code = "KHO-SIP-REJECTED"


class AlreadyHeld(Rejected):
    """Another submission has this dossier code."""

    code = "KHO-ALREADY-HELD"


class UnsafeInput(Rejected):
    """A path, link, archive or document that could harm, or that is over a limit."""

    code = "KHO-UNSAFE-INPUT"


class QueryRejected(Rejected):
    """A query cannot be read; the message gives the position."""

    code = "KHO-QUERY"


class BatchFailed(ArchiveError):
    """A batch went through, and some of its items failed."""

    exit_code = ExitCode.BATCH_FAILED
    code = "KHO-BATCH-FAILED"


class IntegrityError(ArchiveError):
    """What is stored is not what was recorded."""

    exit_code = ExitCode.INTEGRITY
    code = "KHO-INTEGRITY"


class FixityMismatch(IntegrityError):
    """A stored file's digest differs from the recorded one."""

    code = "KHO-FIXITY"

    def __init__(self, name: str, *, recorded: str, found: str) -> None:
        super().__init__(
            f"{name}: recorded {recorded[:12]}…, found {found[:12]}…",
            where=name,
            hint="compare with another copy: kho fixity run",
        )
        self.recorded = recorded
        self.found = found


class SealBroken(IntegrityError):
    """A seal does not verify over its METS."""

    code = "KHO-SEAL"


class JournalBroken(IntegrityError):
    """The journal's hash chain does not hold."""

    code = "KHO-JOURNAL"


class Inconclusive(ArchiveError):
    """The question could not be decided with what is known."""

    exit_code = ExitCode.INCONCLUSIVE
    code = "KHO-INCONCLUSIVE"


class DisposalForbidden(ArchiveError):
    """A hold or an unfinished period stands against it."""

    exit_code = ExitCode.BLOCKED
    code = "KHO-BLOCKED"


class NotInitialised(ArchiveError):
    """There is no archive here."""

    exit_code = ExitCode.NOT_INITIALISED
    code = "KHO-NOT-INITIALISED"


class SchemaMismatch(ArchiveError):
    """The catalogue was made by another version of Kho."""

    exit_code = ExitCode.NOT_INITIALISED
    code = "KHO-SCHEMA"


class Unavailable(ArchiveError):
    """A service did not answer; trying again is safe."""

    exit_code = ExitCode.UNAVAILABLE
    code = "KHO-UNAVAILABLE"


class StoreFull(Unavailable):
    """There is no room left; nothing was half written."""

    code = "KHO-STORE-FULL"


class CatalogueLocked(Unavailable):
    """Another process writes to the catalogue."""

    code = "KHO-DB-LOCKED"


class Changed(Unavailable):
    """Somebody else was faster: nothing was done, and what was looked at is no longer so."""

    code = "KHO-CHANGED"


class FindingsPresent(ArchiveError):
    """Findings of the level named with `--fail-on`."""

    exit_code = ExitCode.FINDINGS
    code = "KHO-FINDINGS"
