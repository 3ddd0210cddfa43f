"""kho.json and verdicts.json: what a rebuild needs and no standard has a place for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from archive.errors import IntegrityError
from archive.model import Indication, ObjectName, PackagePath, Verdict, Version
from archive.packages.mets import timestamp

_FORMAT = "kho-aip-1"
_VERDICT_FORMAT = "kho-verdicts-1"
_encoded = json.JSONEncoder(ensure_ascii=False).encode


def write_state(
    *,
    submission_digest: str,
    agent: str,
    retention: Mapping[str, str],
    versions: Iterable[Version],
) -> bytes:
    """Return kho.json."""
    return _json(
        {
            "format": _FORMAT,
            "submission_digest": submission_digest,
            "agent": agent,
            "retention": dict(retention),
            "earlier_versions": [_version_json(version) for version in versions],
        }
    )


def read_state(content: bytes) -> tuple[str, str, dict[str, str], tuple[Version, ...]]:
    """Return submission digest, agent, retention and earlier versions.

    Raises:
        IntegrityError: it is not a kho.json that `write_state` made.
    """
    try:
        state = _parsed(content, _FORMAT)
        return (
            state["submission_digest"],
            state["agent"],
            dict(state["retention"]),
            tuple(_version(each) for each in state["earlier_versions"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError("kho.json is not one that the archive wrote") from error


def write_verdicts(verdicts: Iterable[Verdict]) -> bytes:
    """Return verdicts.json."""
    rows = [_verdict_json(verdict) for verdict in verdicts]
    return _json({"format": _VERDICT_FORMAT, "verdicts": rows})


def read_verdicts(content: bytes) -> tuple[Verdict, ...]:
    """Return the verdicts of a verdicts.json.

    Raises:
        IntegrityError: it is not one that `write_verdicts` made.
    """
    try:
        rows = _parsed(content, _VERDICT_FORMAT)["verdicts"]
        return tuple(_verdict(row) for row in rows)
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError("verdicts.json is not one that the archive wrote") from error


def _json(value: Mapping[str, Any]) -> bytes:
    # Without indentation: only so does Python's encoder in C write it, ten times faster.
    return (_encoded(value) + "\n").encode()


def _parsed(content: bytes, expected: str) -> dict[str, Any]:
    value = json.loads(content)
    if value["format"] != expected:
        raise ValueError("another format")
    return dict(value)


def _version_json(version: Version) -> dict[str, Any]:
    return {
        "number": version.number,
        "place": version.place,
        "sha256": version.sha256,
        "size": version.size,
        "seal_digest": version.seal_digest,
        "sealed_at": timestamp(version.sealed_at),
    }


def _version(row: Mapping[str, Any]) -> Version:
    return Version(
        row["number"],
        ObjectName(row["place"]),
        row["sha256"],
        row["size"],
        row["seal_digest"],
        datetime.fromisoformat(row["sealed_at"]),
    )


def _verdict_json(verdict: Verdict) -> dict[str, Any]:
    row = {each.name: getattr(verdict, each.name) for each in fields(verdict)}
    return {
        name: timestamp(value) if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def _verdict(row: Mapping[str, Any]) -> Verdict:
    values = dict(row)
    for name in ("signed_at_claimed", "proven_at", "provable_until", "fresh_until"):
        if values.get(name) is not None:
            values[name] = datetime.fromisoformat(values[name])
    values["path"] = PackagePath(values["path"])
    values["indication"] = Indication(values["indication"])
    values["reasons"] = tuple(values["reasons"])
    return Verdict(**values)
