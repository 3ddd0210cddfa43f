"""Batches in the object store: a hash tree, its timestamp, and what the tree is over.

    evidence/batches/‹id›.tree      the hash tree, level by level (see `hashtree`)
    evidence/batches/‹id›.members   packages only: a JSON line each, sorted by place
    evidence/batches/‹id›.tst       the RFC 3161 timestamp over the root, DER
    evidence/batches/‹id›.json      the heading; a batch without it does not exist

All are write-once, and the id comes from the root: the same work done again after a crash
meets what is already there and goes on.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO

from archive.errors import NotHeld
from archive.evidence import hashtree
from archive.evidence.hashtree import ReadRange, Shape
from archive.evidence.objects import put_first, there
from archive.fixity import chunks
from archive.model import ObjectName
from archive.signatures.timestamps import TimestampAuthority
from archive.storage import ObjectStore

PREFIX = "evidence/batches/"
HEADING, TREE, TOKEN, MEMBERS = ".json", ".tree", ".tst", ".members"
_FORM = 1
_ID_DIGITS = 32
_WINDOW_BYTES = 4096


class Kind(StrEnum):
    """What a batch's tree is over."""

    PACKAGES = "packages"
    """Stored packages and their seals."""
    TIMESTAMPS = "timestamps"
    """Timestamps of earlier batches (RFC 4998, 5.2: timestamp renewal)."""
    HASH_TREES = "hash-trees"
    """Packages hashed anew with their chains (RFC 4998, 5.2: hash-tree renewal)."""


@dataclass(frozen=True, slots=True)
class Member:
    """One stored package of a batch: a data group of the tree."""

    place: ObjectName
    digests: tuple[bytes, ...]
    """Of the whole object and of its seal `METS.xml.p7s`, by the batch's digest."""
    group: tuple[bytes, ...]
    """What the tree has for them; differs from `digests` after hash-tree renewal."""

    def line(self) -> bytes:
        """Return the member as a line of the member list."""
        stated = {"digests": _hex(self.digests)}
        if self.group != self.digests:
            stated["group"] = _hex(self.group)
        return json.dumps({"place": self.place, **stated}).encode() + b"\n"

    @classmethod
    def of_line(cls, line: bytes) -> Member:
        """Return the member that `line` wrote."""
        stated = json.loads(line)
        digests = _bytes(stated["digests"])
        return cls(
            ObjectName(stated["place"]),
            digests,
            _bytes(stated.get("group", []) or stated["digests"]),
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch's heading."""

    id: str
    """32 hex digits, the beginning of the root."""
    kind: Kind
    made_at: datetime
    shape: Shape
    root: bytes
    enclosed: Mapping[str, bytes] = field(default_factory=dict)
    """Renewals only: batch id to its timestamp, with its proofs enclosed, as it was hashed."""

    def to_json(self) -> bytes:
        """Return the heading as it is stored."""
        tokens = {name: base64.b64encode(one).decode() for name, one in self.enclosed.items()}
        stated: dict[str, Any] = {
            "form": _FORM,
            "kind": self.kind.value,
            "made_at": self.made_at.isoformat(),
            "algorithm": self.shape.algorithm,
            "arity": self.shape.arity,
            "leaves": self.shape.leaves,
            "root": self.root.hex(),
            "enclosed": tokens,
        }
        return json.dumps(stated, indent=1, sort_keys=True).encode()

    @classmethod
    def of_json(cls, content: bytes) -> Batch:
        """Return the heading that `to_json` wrote."""
        stated = json.loads(content)
        root = bytes.fromhex(stated["root"])
        return cls(
            root.hex()[:_ID_DIGITS],
            Kind(stated["kind"]),
            datetime.fromisoformat(stated["made_at"]),
            Shape(stated["algorithm"], stated["arity"], stated["leaves"]),
            root,
            {name: base64.b64decode(one) for name, one in stated["enclosed"].items()},
        )


@dataclass(frozen=True, slots=True)
class Draft:
    """A batch that is about to be made."""

    kind: Kind
    algorithm: str
    members: Sequence[Member] = ()
    """Packages and hash trees: sorted by place."""
    enclosed: Mapping[str, bytes] = field(default_factory=dict)
    arity: int = hashtree.DEFAULT_ARITY

    def leaves(self) -> Iterator[bytes]:
        """Yield the leaves of the tree."""
        if self.kind is Kind.TIMESTAMPS:
            for token in self.enclosed.values():
                yield hashlib.new(self.algorithm, token).digest()
        for member in self.members:
            yield hashtree.group_digest(self.algorithm, member.group)


def keep(
    store: ObjectStore, tsa: TimestampAuthority, draft: Draft, *, scratch: Path, at: datetime
) -> Batch:
    """Build a batch's tree, get its timestamp and store both; the heading commits it.

    Running it again after a crash is safe, and asks for no second timestamp if the first
    one was stored.

    Raises:
        Unavailable: the store or the authority did not answer.
    """
    with tempfile.TemporaryFile(dir=scratch) as tree:
        shape, root = hashtree.build(
            draft.leaves(), tree, algorithm=draft.algorithm, arity=draft.arity
        )
        batch = Batch(root.hex()[:_ID_DIGITS], draft.kind, at, shape, root, draft.enclosed)
        if has(store, batch.id, HEADING):
            return read(store, batch.id)
        _put(store, _name(batch.id, TREE), tree)
    if draft.members:
        lines = b"".join(member.line() for member in draft.members)
        _put(store, _name(batch.id, MEMBERS), io.BytesIO(lines))
    if not has(store, batch.id, TOKEN):
        put_first(store, _name(batch.id, TOKEN), tsa.timestamp(root, draft.algorithm))
    put_first(store, _name(batch.id, HEADING), batch.to_json())
    return read(store, batch.id)


def _put(store: ObjectStore, name: ObjectName, content: BinaryIO) -> None:
    content.seek(0)
    digest = hashlib.sha256()
    for piece in chunks(content):
        digest.update(piece)
    size = content.tell()
    content.seek(0)
    store.put(name, content, size=size, sha256=digest.hexdigest())


def ids(store: ObjectStore) -> Iterator[str]:
    """Yield the ids of all batches in the store."""
    for name in store.names(PREFIX):
        if name.endswith(HEADING):
            yield name.removeprefix(PREFIX).removesuffix(HEADING)


def has(store: ObjectStore, batch_id: str, part: str) -> bool:
    """Whether a part of a batch is in the store."""
    return there(store, _name(batch_id, part))


def read(store: ObjectStore, batch_id: str) -> Batch:
    """Read a batch's heading; raises NotHeld."""
    return Batch.of_json(store.read(_name(batch_id, HEADING)))


def token(store: ObjectStore, batch_id: str) -> bytes:
    """Return a batch's own timestamp, DER."""
    return store.read(_name(batch_id, TOKEN))


def tree(store: ObjectStore, batch_id: str) -> ReadRange:
    """Return a function that reads ranges of a batch's tree."""
    name = _name(batch_id, TREE)
    return lambda offset, length: store.read(name, offset=offset, length=length)


def members(store: ObjectStore, batch_id: str) -> Iterator[Member]:
    """Yield a batch's packages in the order of their places."""
    with store.open(_name(batch_id, MEMBERS)) as stream:
        waiting = b""
        while piece := stream.read(1 << 20):
            *lines, waiting = (waiting + piece).split(b"\n")
            yield from map(Member.of_line, lines)


def member(store: ObjectStore, batch_id: str, place: ObjectName) -> Member:
    """Return one package of a batch, found by halving; raises NotHeld."""
    name = _name(batch_id, MEMBERS)
    low, high = 0, store.stat(name).size
    while low < high:
        middle = (low + high) // 2
        begin, line = _line_around(store, name, middle)
        found = Member.of_line(line)
        if found.place == place:
            return found
        if found.place < place:
            low = begin + len(line) + 1
        else:
            high = begin
    raise NotHeld("the package is not in this batch of evidence", where=place)


def _line_around(store: ObjectStore, name: ObjectName, at: int) -> tuple[int, bytes]:
    """Return the line that holds the byte at a position, and where it begins."""
    start = max(0, at - _WINDOW_BYTES)
    block = store.read(name, offset=start, length=2 * _WINDOW_BYTES)
    begin = block.rfind(b"\n", 0, at - start) + 1
    return start + begin, block[begin : block.index(b"\n", at - start)]


def _name(batch_id: str, part: str) -> ObjectName:
    return ObjectName(f"{PREFIX}{batch_id}{part}")


def _hex(digests: Iterable[bytes]) -> list[str]:
    return [one.hex() for one in digests]


def _bytes(digests: Iterable[str]) -> tuple[bytes, ...]:
    return tuple(map(bytes.fromhex, digests))
