"""Errors on the screen and on the wire: the error object of the command line, RFC 9457."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from archive.errors import ArchiveError, ExitCode, UsageError

PURPOSE: Final = "/purpose"
"""Where a person says what something is for."""
STATUS: Final = {
    "KHO-UNSAFE-INPUT": 422,
    "KHO-ALREADY-HELD": 409,
    "KHO-NOT-NOW": 409,
    "KHO-LIST-STATE": 409,
    "KHO-CHANGED": 409,
    "KHO-STORE-FULL": 507,
}
_BY_EXIT: Final = {
    ExitCode.UNEXPECTED: 500,
    ExitCode.USAGE: 400,
    ExitCode.NOT_HELD: 404,
    ExitCode.NOT_PERMITTED: 403,
    ExitCode.REJECTED: 422,
    ExitCode.BATCH_FAILED: 422,
    ExitCode.INTEGRITY: 500,
    ExitCode.INCONCLUSIVE: 409,
    ExitCode.BLOCKED: 409,
    ExitCode.NOT_INITIALISED: 503,
    ExitCode.UNAVAILABLE: 503,
    ExitCode.FINDINGS: 422,
}


class SignInNeeded(ArchiveError):
    """Nobody is signed in, or the session ended."""

    exit_code = ExitCode.NOT_PERMITTED
    code = "KHO-NOT-PERMITTED"


class TooMany(ArchiveError):
    """Too many requests; `seconds` says how long to wait."""

    exit_code = ExitCode.UNAVAILABLE
    code = "KHO-UNAVAILABLE"

    def __init__(self, seconds: float) -> None:
        super().__init__("too many requests", hint=f"try again in {max(1, round(seconds))} s")
        self.seconds = max(1, round(seconds))


def status_of(error: ArchiveError) -> int:
    """Return the HTTP status of an error."""
    if isinstance(error, SignInNeeded):
        return 401
    if isinstance(error, TooMany):
        return 429
    return STATUS.get(error.code) or _BY_EXIT[error.exit_code]


def status_on_page(error: ArchiveError | None) -> int:
    """Return the status of a form that is shown again: fine, a conflict, or to be corrected."""
    return 200 if error is None else 409 if status_of(error) == 409 else 422


def problem_of(error: ArchiveError, *, request_id: str = "") -> dict[str, Any]:
    """Return an error as RFC 9457 members plus ours."""
    problem = dict(error.to_problem())
    if isinstance(error, (SignInNeeded, TooMany)):
        problem["type"] = f"urn:kho:problem:{error.code}"
    return {**problem, "status": status_of(error), "request_id": request_id}


def problem_body(code: str, detail: str, status: int) -> dict[str, Any]:
    """Return a problem that no error of the archive stands behind."""
    return {
        "type": f"urn:kho:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "detail": detail,
        "status": status,
        "code": code,
        "errors": [],
        "hint": "",
    }


def from_status(status: int) -> ArchiveError:
    """Return the error that an answer of the framework means: 404, 405, …"""
    from archive.errors import NotHeld

    if status == HTTPStatus.NOT_FOUND:
        return NotHeld("there is no such page")
    return UsageError(HTTPStatus(status).phrase)
