"""Refusing a submission: for what was found in it, or because somebody writes to it meanwhile."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archive.errors import DossierRejected
from archive.findings import Report, Severity
from archive.packages.safe import unreadable
from archive.packages.sip import Sip, SubmissionRef
from archive.packages.sip.submission import BATCH, changed_finding


@contextmanager
def undisturbed(ref: SubmissionRef) -> Iterator[None]:
    """Refuse a submission of which something is taken away while it is read, or cannot be read."""
    try:
        yield
    except OSError as error:
        root = ref.path.parent if ref.kind == BATCH else ref.path
        place = Path(os.fsdecode(error.filename or ""))
        if not place.is_relative_to(root):
            raise
        name = place.name if place == root else place.relative_to(root).as_posix()
        gone = isinstance(error, FileNotFoundError | NotADirectoryError)
        finding = changed_finding(name) if gone else unreadable(name, error)
        raise rejected(ref, Report.of([finding])) from error


def expect_unchanged(ref: SubmissionRef, submission: Sip, report: Report) -> None:
    """Raise `DossierRejected` if a file is not the one any more that was hashed."""
    if changed := submission.changed():
        raise rejected(ref, Report.of([*report, *changed]))


def rejected(ref: SubmissionRef, report: Report) -> DossierRejected:
    """Return the error that refuses a submission with everything that was found."""
    count = sum(1 for finding in report if finding.severity is Severity.ERROR)
    return DossierRejected(
        f"{ref.label}: {count} rule(s) broken",
        report,
        where=ref.label,
        hint="correct what is named and submit again: kho sip validate",
    )
