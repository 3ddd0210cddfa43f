"""What the evidence records inside a CMS signature do for the verdicts on it.

Source: RFC 4998, appendix A; ETSI EN 319 102-1, 5.6.2.3 (proofs of existence).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from archive.evidence import attached, given, records
from archive.evidence.verify import RecordVerdict
from archive.model import Indication, Verdict
from archive.signatures.trust import TrustStore

Checked = Callable[[datetime | None], list[Verdict]]
"""Gives the verdicts on the file, as of a time at which it is known to have existed."""


def with_records(
    checked: Checked, path: Path, content: Path | None, trust: TrustStore, *, at: datetime
) -> list[Verdict]:
    """Return the verdicts on a file, helped by the evidence records that it carries.

    Args:
        checked: checks the file.
        path: the file; only a CMS signature carries records.
        content: the file that a detached signature is over, if it is known.
        trust: what the records' timestamps rest on.
        at: the time of validation.

    Raises:
        OSError: a file cannot be read.
    """
    alone, record = checked(None), _record(path, content, trust, at)
    if record is None:
        return alone
    if record.proven_at is None:
        return [_told(one, record) for one in alone]
    helped = checked(record.proven_at)
    return list(_better(alone, helped, record))


def _record(
    path: Path, content: Path | None, trust: TrustStore, at: datetime
) -> RecordVerdict | None:
    """Return the verdict on the records in a file; None if it carries none."""
    with path.open("rb") as stream:
        encoded = stream.read(records.MAX_RECORD_BYTES + 1)
    if len(encoded) > records.MAX_RECORD_BYTES or not attached.carries_record(encoded):
        return None
    hasher = None if content is None else lambda names: given.of_files([content], names)[0]
    return attached.verify_attached(encoded, hasher, trust, at=at)


def _told(verdict: Verdict, record: RecordVerdict) -> Verdict:
    """Return a verdict that did not pass with what is wrong with the record beside."""
    if verdict.indication is Indication.PASSED:
        return verdict
    reasons = (f"evidence record: {one}" for one in record.reasons)
    return replace(verdict, reasons=(*verdict.reasons, *reasons))


def _better(
    alone: list[Verdict], helped: list[Verdict], record: RecordVerdict
) -> Iterator[Verdict]:
    """Yield of each signature what is known with the record, and how long that lasts.

    A signature that passes by itself for longer than the record holds stays as it is.
    """
    for bare, with_it in zip(alone, helped, strict=True):
        if with_it.indication is not Indication.PASSED:
            yield with_it
        elif bare.indication is Indication.PASSED and _outlasts(bare, record):
            yield replace(bare, proven_at=with_it.proven_at)
        elif record.provable_until is not None and _outlasts(with_it, record):
            yield _until(with_it, record.provable_until)
        else:
            yield with_it


def _outlasts(verdict: Verdict, record: RecordVerdict) -> bool:
    """Return whether a signature that passes does so for longer than the record does."""
    own, until = verdict.provable_until, record.provable_until
    return until is not None and (own is None or own > until)


def _until(verdict: Verdict, until: datetime) -> Verdict:
    """Return a verdict that lasts as long as the record."""
    return replace(
        verdict,
        provable_until=until,
        fresh_until=until if verdict.fresh_until is None else min(verdict.fresh_until, until),
        limited_by=f"the last timestamp of its evidence record ends on {until.date()}",
    )
