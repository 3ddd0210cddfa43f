"""The journal's Merkle log: appends, proofs and their verification beside the raw hashes.

    python -m benchmarks.log            1,000,000 entries
    python -m benchmarks.log --quick    100,000 entries

Appends are the tiles and bundles of all entries, made and written to files; the floor is
`hashlib.sha256` as often on as many bytes (a leaf and nearly a node for each entry). Proofs
are made from the tiles in files, each by a reader that has nothing in memory, and verified;
the floor of verifying is the path's hashes. `flush` is the whole act: journal entries in the
catalogue become sealed segments, tiles, a signed and timestamped checkpoint.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from archive import log_proofs
from archive.assembly import open_archive
from archive.catalogue import journal
from archive.creation import create
from archive.events import Event, EventType
from archive.evidence import log, tiles
from archive.evidence.tiles import Edge, TileTree
from archive.segments import flush
from benchmarks.measure import CACHE, keep, measured, peak_memory_bytes, table


def seconds(act: Callable[[], object]) -> float:
    """Do something and return its processor time: other work on the machine does not count."""
    started = time.process_time()
    act()
    return time.process_time() - started


def raw(count: int) -> float:
    """Return the seconds of as many hashes as `count` appends need."""
    leaf, node, sha256 = secrets.token_bytes(33), secrets.token_bytes(65), hashlib.sha256

    def act() -> None:
        for _ in range(count):
            sha256(leaf).digest()
            sha256(node).digest()

    return seconds(act)


def appended(count: int, folder: Path) -> float:
    """Write the log of `count` entries into a folder and return the seconds."""
    entries = [hashlib.sha256(n.to_bytes(8, "big")).digest() for n in range(count)]

    def act() -> None:
        for path, content in tiles.growth(Edge(), entries, lambda _: b""):
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)

    return seconds(act)


def proofs(count: int, folder: Path, wanted: int) -> dict[str, Any]:
    """Make and verify proofs at places drawn by chance, with a seed."""
    chance = random.Random(20261127)
    places = [chance.randrange(count) for _ in range(wanted)]
    read = lambda path: (folder / path).read_bytes()  # noqa: E731
    root = TileTree(count, read).root()
    made: list[list[bytes]] = []
    making = seconds(lambda: made.extend(TileTree(count, read).inclusion_proof(p) for p in places))
    warm = TileTree(count, read)
    warmed = seconds(lambda: [warm.consistency_proof(p + 1) for p in places[: wanted // 10]])
    leaves = [log.leaf_hash(hashlib.sha256(p.to_bytes(8, "big")).digest()) for p in places]

    def verified() -> None:
        for place, leaf, proof in zip(places, leaves, made, strict=True):
            assert log.verify_inclusion(place, count, leaf, proof, root)

    checking, block = seconds(verified), secrets.token_bytes(65)
    hashed = sum(map(len, made))
    floor = seconds(lambda: [hashlib.sha256(block).digest() for _ in range(hashed)])
    return {
        "inclusion_proofs_per_second": round(wanted / making),
        "consistency_proofs_per_second": round(wanted // 10 / warmed),
        "proof_bytes": max(len(proof) for proof in made) * 32,
        "verified_per_second": round(wanted / checking),
        "verified_of_raw": round(floor / checking, 2),
    }


def flushed(count: int, room: Path) -> dict[str, Any]:
    """Flush `count` journal entries of a new archive, and prove one of them as a document."""
    create(room / "archive", {})
    with open_archive(room / "archive") as archive:
        event = Event(EventType.FIXITY_CHECK, archive.clock(), "success", archive.agent)
        with archive.catalogue.begin() as connection:
            journal.append_all(connection, [event] * count)
        cost = measured(lambda: flush(archive))
        proof = log_proofs.prove_entry(archive, count // 2)
        proving = seconds(lambda: [log_proofs.prove_entry(archive, n) for n in range(1, 51)])
    return {
        "flushed_entries_per_second": round(count / cost.wall_seconds),
        "flushed_entries_per_processor_second": round(count / cost.cpu_seconds),
        "entry_documents_per_second": round(50 / proving),
        "entry_document_bytes": len(proof.to_tlog_proof()),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="100,000 entries")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    asked = parser.parse_args()
    if asked.quick:
        asked.entries = 100_000
    CACHE.mkdir(exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix="log-", dir=CACHE))
    try:
        times: list[tuple[float, float]] = []
        for turn in range(asked.rounds):
            folder = room / f"{turn}"
            times.append((raw(asked.entries), appended(asked.entries, folder)))
        floor, ours = (median(side) for side in zip(*times, strict=True))
        figures: dict[str, Any] = {
            "entries": asked.entries,
            "appends_per_second": round(asked.entries / ours),
            "appends_of_raw": round(floor / ours, 2),
            **proofs(asked.entries, folder, 2000),
            **flushed(asked.entries // 10, room),
            "peak_memory_mib": peak_memory_bytes() >> 20,
        }
    finally:
        shutil.rmtree(room)
    table([["log", "figure"], *figures.items()])
    keep(asked.json, figures)


if __name__ == "__main__":
    main()
