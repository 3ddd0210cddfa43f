"""Metrics for Prometheus, on a port of their own: how the archive stands, how the pages answer.

The home of prometheus_client. No label names a person, a dossier or an address.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from archive import overview
from archive.assembly import Archive
from archive.catalogue.standing import Standing as Figures
from archive.errors import ArchiveError

REGISTRY: Final = CollectorRegistry()
ANSWERS: Final = Counter(
    "kho_http_answers", "Answers by route, method and status",
    ("route", "method", "status"), registry=REGISTRY,
)  # fmt: skip
SECONDS: Final = Histogram(
    "kho_http_seconds", "Seconds until the last byte of an answer", ("route",), registry=REGISTRY,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 10),
)  # fmt: skip


def answered(route: str, method: str, status: int, seconds: float) -> None:
    """Count one answer."""
    known = method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE") else "other"
    ANSWERS.labels(route, known, str(status)).inc()
    SECONDS.labels(route).observe(seconds)


def serve(archive: Archive, host: str, port: int) -> int:
    """Answer `/metrics` at a port of its own until the process ends; return the port."""
    REGISTRY.register(Standing(archive))
    server, _ = start_http_server(port, host, REGISTRY)
    return int(server.server_port)


class Standing(Collector):
    """The archive's own figures, read when they are asked for."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """Say nothing yet: the figures are read later."""
        return iter(())

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Read the figures; `kho_up` is 0 if they cannot be read."""
        up = GaugeMetricFamily("kho_up", "Whether catalogue and index can be read")
        try:
            figures = overview.whole(self._archive)
        except ArchiveError:
            up.add_metric((), 0)
            yield up
            return
        up.add_metric((), 1)
        yield up
        yield from _families(figures)


def _families(figures: Figures) -> Iterator[GaugeMetricFamily]:
    plain = {
        "kho_dossiers": ("Dossiers held", figures.dossiers),
        "kho_store_bytes": ("Bytes of stored packages", figures.stored_bytes),
        "kho_index_waiting": ("Changes that the index does not know yet", figures.index_waiting),
        "kho_locks_waiting": ("Versions without their object lock", figures.locks_waiting),
        "kho_journal_entries": ("Entries of the journal", figures.journal_entries),
        "kho_hand_overs_waiting": ("Submissions not taken in yet", figures.hand_overs_waiting),
        "kho_webhooks_behind": ("Events that the slowest webhook waits for", figures.events_behind),
    }
    for name, (meaning, value) in plain.items():
        family = GaugeMetricFamily(name, meaning)
        family.add_metric((), value)
        yield family
    outcomes = GaugeMetricFamily("kho_signatures", "Signatures by outcome", labels=("outcome",))
    for outcome, count in figures.signatures.items():
        outcomes.add_metric((outcome,), count)
    yield outcomes
    yield from _moments(figures)


def _moments(figures: Figures) -> Iterator[GaugeMetricFamily]:
    moments: dict[str, tuple[str, datetime | None]] = {
        "kho_fixity_last_seconds": ("When fixity last ran, Unix time", figures.fixity_last),
        "kho_signature_first_end_seconds": (
            "When the first signature can no longer be proven by itself, Unix time",
            figures.signatures_first_end,
        ),
    }
    for name, (meaning, at) in moments.items():
        if at is not None:
            family = GaugeMetricFamily(name, meaning)
            family.add_metric((), at.timestamp())
            yield family
