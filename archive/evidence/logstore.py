"""The journal's Merkle log in the object store; all of it is write-once.

    journal/tile/…                           tiles and entry bundles (C2SP tlog-tiles)
    journal/checkpoints/‹12 digits›          the checkpoint of that size, signed by the log
    journal/checkpoints/‹12 digits›.tst      RFC 3161 timestamp over the checkpoint, DER
    journal/checkpoints/‹12 digits›.‹8 hex›  a witness's cosignature
    journal/keys/‹8 hex›.vkey, .vkey.p7s     a public key of the log under the archive's seal

Entry n of the log, counted from 0, is the digest of the journal's entry n + 1, 32 bytes:
who has the log but not the journal learns how many entries there are, and nothing of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archive.errors import NotHeld
from archive.evidence import tiles
from archive.evidence.notes import Note, NoteKey, NoteSignature
from archive.evidence.objects import put, put_first
from archive.evidence.tiles import Edge, ReadTile
from archive.model import ObjectName
from archive.storage import ObjectStore

PREFIX = "journal/"
CHECKPOINTS = PREFIX + "checkpoints/"
KEYS = PREFIX + "keys/"
TOKEN, VKEY, SEAL = ".tst", ".vkey", ".p7s"
_ID_DIGITS = 8


def checkpoint_name(size: int) -> ObjectName:
    """Return where the checkpoint of a size lies."""
    return ObjectName(f"{CHECKPOINTS}{size:012d}")


def token_name(size: int) -> ObjectName:
    """Return where the timestamp over the checkpoint of a size lies."""
    return ObjectName(checkpoint_name(size) + TOKEN)


def key_name(key: NoteKey) -> ObjectName:
    """Return where a public key of the log lies."""
    return ObjectName(f"{KEYS}{key.id.hex()}{VKEY}")


def reader(store: ObjectStore) -> ReadTile:
    """Return a function that reads tiles."""
    return lambda path: store.read(ObjectName(PREFIX + path))


def grow(store: ObjectStore, edge: Edge, entries: Iterable[bytes]) -> None:
    """Append entries to the tiles in the store; the same ones again change nothing.

    Raises:
        IntegrityError: the store has other tiles at their places.
        Unavailable: the store did not answer; growing again is safe.
    """
    for path, content in tiles.growth(edge, entries, reader(store)):
        put(store, PREFIX + path, content)


def sizes(store: ObjectStore, after: int = 0) -> Iterator[int]:
    """Yield the sizes above `after` of which there is a checkpoint, ascending."""
    for name in store.names(CHECKPOINTS, after=f"{CHECKPOINTS}{after:012d}"):
        number = name.removeprefix(CHECKPOINTS)
        if number.isdecimal() and int(number) > after:
            yield int(number)


def size_of(name: ObjectName) -> int:
    """Return the size of the checkpoint that lies at a place; see `checkpoint_name`."""
    return int(name.removeprefix(CHECKPOINTS))


def newest(store: ObjectStore) -> int:
    """Return the size of the largest checkpoint, from the list of all; 0 if there is none."""
    return max(sizes(store), default=0)


def note(store: ObjectStore, size: int) -> Note:
    """Read a checkpoint as the log signed it; raises NotHeld, ValueError."""
    return Note.decode(store.read(checkpoint_name(size)))


def cosigned(store: ObjectStore, size: int) -> Note:
    """Read a checkpoint with the cosignatures that were collected. Errors as `note`."""
    found, name = note(store, size), checkpoint_name(size)
    more = [one for one in store.names(f"{name}.") if is_cosignature(one)]
    lines = [store.read(one).decode("utf-8").removesuffix("\n") for one in more]
    return found.with_signatures(tuple(map(NoteSignature.of_line, lines)))


def keep_cosignature(store: ObjectStore, size: int, signature: NoteSignature) -> None:
    """Store a witness's cosignature; the first one of each key counts."""
    name = f"{checkpoint_name(size)}.{signature.key_id.hex()}"
    put_first(store, name, signature.line().encode())


def cosigned_sizes(
    store: ObjectStore, after: int = 0, *, key_id: bytes | None = None
) -> Iterator[int]:
    """Yield the sizes above `after` of which there is a cosignature, ascending.

    `key_id` asks for one witness's only.
    """
    ending = "" if key_id is None else f".{key_id.hex()}"
    for name in store.names(CHECKPOINTS, after=f"{CHECKPOINTS}{after:012d}"):
        number = name.removeprefix(CHECKPOINTS).partition(".")[0]
        if is_cosignature(name) and name.endswith(ending) and int(number) > after:
            yield int(number)


def is_cosignature(name: str) -> bool:
    """Whether an object among the checkpoints is a witness's cosignature."""
    ending = name.rpartition(".")[2]
    return len(ending) == _ID_DIGITS and set(ending) <= set("0123456789abcdef")


def token(store: ObjectStore, size: int) -> bytes | None:
    """Return the timestamp over a checkpoint, DER; None if it is not there yet."""
    try:
        return store.read(token_name(size))
    except NotHeld:
        return None
