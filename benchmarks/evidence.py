"""Evidence: hash trees beside raw SHA-256, one record, the renewal of many packages' protection.

    python -m benchmarks.evidence            a batch of 1,000,000; 10,000,000 packages renewed
    python -m benchmarks.evidence --quick    a batch of 100,000; 1,000,000 packages renewed

The floor of a batch is `hashlib.sha256` called as often on as many bytes: one hash for each
package's group of two digests and one for each inner node. The floor of verifying a record is
the hashes of its path and the raw ECDSA operations of its timestamp and of the certificates
above it. Renewing is the whole act of the archive: it encloses what each batch's timestamp
needs, builds the tree over them, gets one timestamp and journals it. The batches' trees are
really in the store; their lists of members, which renewal does not read, only for the first.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import secrets
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from archive import proving
from archive.assembly import Archive, open_archive
from archive.catalogue import evidence as rows
from archive.creation import create
from archive.evidence import batches, hashtree, make
from archive.evidence.batches import Draft, Kind, Member
from archive.evidence.given import DataObject
from archive.evidence.verify import verify
from archive.model import ObjectName
from benchmarks.measure import CACHE, keep, measured, peak_memory_bytes, table

BATCHES = 100


def groups(count: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield the two digests of each package: of the object and of its seal."""
    for number in range(count):
        first = hashlib.sha256(number.to_bytes(8, "big")).digest()
        yield first, first[::-1]


def seconds(act: Callable[[], object]) -> float:
    """Do something and return its processor time: other work on the machine does not count."""
    started = time.process_time()
    act()
    return time.process_time() - started


def raw_hashes(count: int) -> float:
    """Hash 64 bytes as often as a tree over `count` groups does; return the seconds."""
    block, sha256 = secrets.token_bytes(64), hashlib.sha256

    def act() -> None:
        for _ in range(2 * count - 1):
            sha256(block).digest()

    return seconds(act)


def tree_of(count: int, arity: int, room: Path) -> float:
    """Build the tree over `count` groups in a file; return the seconds without making them."""
    given = list(groups(count))
    with tempfile.TemporaryFile(dir=room) as tree:
        leaves = (hashtree.group_digest("sha256", group) for group in given)
        return seconds(lambda: hashtree.build(leaves, tree, arity=arity))


def batch_figures(count: int, rounds: int, room: Path) -> dict[str, Any]:
    hashed = 2 * count - 1
    found: dict[str, list[float]] = {"raw SHA-256": [], "hash tree": []}
    for _ in range(rounds):
        found["raw SHA-256"].append(raw_hashes(count))
        found["hash tree"].append(tree_of(count, 2, room))
    rates = {name: hashed / median(times) for name, times in found.items()}
    return {
        "packages": count,
        "hashes_per_second": {name: round(rate) for name, rate in rates.items()},
        "of_raw": round(rates["hash tree"] / rates["raw SHA-256"], 2),
        "peak_memory_mib": peak_memory_bytes() >> 20,
    }


def record_figures(archive: Archive, count: int, rounds: int, room: Path) -> dict[str, Any]:
    """Make and verify records of a batch of `count`."""
    with (room / "one.tree").open("w+b") as tree:
        made = make.timestamped(groups(count), archive.sealer.tsa, tree)
        read = make.reader(tree)
        wanted = [
            group for number, group in enumerate(groups(count)) if number % (count // 200) == 0
        ]
        making = seconds(lambda: [made.record(group, read) for group in wanted]) / len(wanted)
        encoded = [record.encoded for group in wanted if (record := made.record(group, read))]
    at = datetime.now(UTC)
    objects = [[DataObject("p", {"sha256": one}) for one in group] for group in wanted]
    pairs = list(zip(encoded, objects, strict=True))

    def verified() -> None:
        for record, data in pairs:
            assert verify(record, data, archive.trust, at=at).indication.value == "passed"

    levels = (count - 1).bit_length() + 1
    times = [(seconds(verified) / len(pairs), raw_record(levels)) for _ in range(rounds)]
    ours, floor = (median(side) for side in zip(*times, strict=True))
    return {
        "record_bytes": len(encoded[0]),
        "made_per_second": round(1 / making),
        "verify_ms": round(ours * 1000, 2),
        "floor_ms": round(floor * 1000, 2),
        "times_floor": round(ours / floor, 1),
    }


def raw_record(levels: int, repeat: int = 100) -> float:
    """Return the seconds of a path's hashes and three P-256 verifications."""
    key, block = ec.generate_private_key(ec.SECP256R1()), secrets.token_bytes(64)
    signature = key.sign(block, ec.ECDSA(hashes.SHA256()))
    public = key.public_key()

    def act() -> None:
        for _ in range(repeat):
            for _ in range(levels):
                hashlib.sha256(block).digest()
            for _ in range(3):
                public.verify(signature, block, ec.ECDSA(hashes.SHA256()))

    return seconds(act) / repeat


def protected(archive: Archive, packages: int) -> list[Member]:
    """Bring batches over `packages` in all into the archive; return the first one's members."""
    each, first = packages // BATCHES, []
    at = archive.clock()
    for number in range(BATCHES):
        members = [
            Member(ObjectName(f"aip/{number:03d}/{n:06d}"), group, group)
            for n, group in enumerate(groups(each))
        ]
        members = [_of_batch(member, number) for member in members]
        if number == 0:
            first = members
            batch = _kept(archive, members)
        else:
            batch = _without_members(archive, members)
        row = rows.BatchRow(batch.id, batch.kind.value, batch.shape.algorithm, at)
        with archive.catalogue.begin() as connection:
            rows.register(connection, row, ())
    return first


def _of_batch(member: Member, number: int) -> Member:
    salt = number.to_bytes(4, "big")
    digests = tuple(hashlib.sha256(salt + one).digest() for one in member.digests)
    return Member(member.place, digests, digests)


def _kept(archive: Archive, members: list[Member]) -> batches.Batch:
    draft = Draft(Kind.PACKAGES, "sha256", members)
    tsa, at = archive.sealer.tsa, archive.clock()
    return batches.keep(archive.store, tsa, draft, scratch=archive.scratch, at=at)


def _without_members(archive: Archive, members: list[Member]) -> batches.Batch:
    """Keep a batch's tree, timestamp and heading only."""
    tree = io.BytesIO()
    shape, root = hashtree.build(Draft(Kind.PACKAGES, "sha256", members).leaves(), tree)
    token = archive.sealer.tsa.timestamp(root)
    batch = batches.Batch(root.hex()[:32], Kind.PACKAGES, archive.clock(), shape, root)
    parts = {batches.TREE: tree.getvalue(), batches.TOKEN: token, batches.HEADING: batch.to_json()}
    for ending, content in parts.items():
        digest = hashlib.sha256(content).hexdigest()
        name = ObjectName(f"{batches.PREFIX}{batch.id}{ending}")
        archive.store.put(name, io.BytesIO(content), size=len(content), sha256=digest)
    return batch


def renewal_figures(archive: Archive, packages: int) -> dict[str, Any]:
    first = protected(archive, packages)
    renewed: list[batches.Batch] = []
    cost = measured(lambda: renewed.extend(proving.renew_timestamps(archive)))
    known = proving.history(archive)
    (kind,) = {batch.kind for batch in renewed}
    assert kind is Kind.TIMESTAMPS
    # Checkpoints of the log have a small batch of their own by now; the packages' is the first.
    listed = (one for one in known.kinds if batches.has(archive.store, one, batches.MEMBERS))
    root_batch = next(listed)
    record = known.record(first[0].place, [root_batch])
    data = [DataObject("p", {"sha256": one}) for one in first[0].digests]
    verdict = verify(record.encoded, data, archive.trust, at=archive.clock())
    assert (verdict.indication.value, len(verdict.chains[0])) == ("passed", 2), verdict.reasons
    return {
        "packages": packages,
        "batches": BATCHES,
        "renewed_in_seconds": round(cost.wall_seconds, 2),
        "processor_seconds": round(cost.cpu_seconds, 2),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--batch", type=int, default=1_000_000)
    parser.add_argument("--packages", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a tenth of it")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    asked = parser.parse_args()
    if asked.quick:
        asked.batch, asked.packages = 100_000, 1_000_000
    CACHE.mkdir(exist_ok=True)
    room = Path(tempfile.mkdtemp(prefix="evidence-", dir=CACHE))
    try:
        create(room / "archive", {})
        with open_archive(room / "archive") as archive:
            figures = {
                "batch": batch_figures(asked.batch, asked.rounds, room),
                "record": record_figures(archive, asked.batch, asked.rounds, room),
                "renewal": renewal_figures(archive, asked.packages),
            }
    finally:
        shutil.rmtree(room)
    table(
        [
            ["evidence", "figure"],
            *((f"{k}: {n}", v) for k, f in figures.items() for n, v in f.items()),
        ]
    )
    keep(asked.json, figures)


if __name__ == "__main__":
    main()
