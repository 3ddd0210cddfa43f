"""Checkpointing: the journal's Merkle log follows the entries that are in the store.

Everything is derived from the journal's segments and written before what refers to it:
entry bundles, tiles, the log's sealed key, the checkpoint, its timestamp. A crash at any
write leaves the log of the checkpoint before; the next run writes the same bytes again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime

from archive import seals
from archive.assembly import Archive
from archive.catalogue import journal
from archive.errors import JournalBroken, NotHeld
from archive.evidence import log, logstore, tiles
from archive.evidence.checkpoint import Checkpoint
from archive.evidence.enclosing import seal_with_its_proofs, with_its_proofs
from archive.evidence.notes import Note, NoteKey
from archive.evidence.objects import put, put_first, there
from archive.evidence.tiles import Edge, TileTree
from archive.model import Indication, ObjectName
from archive.signatures import seal
from archive.signatures.tokens import Token


def checkpoint(archive: Archive, upto: int, *, after: int = 0) -> None:
    """Bring the log up to the journal's entry `upto`, which is in a segment in the store.

    The commit point is the checkpoint's arrival in the store. Running it again after a
    crash finishes the same checkpoint, or its timestamp; a log that is whole is let be.

    Args:
        archive: whose journal.
        upto: the last entry's number.
        after: where the log stood before, if that is known.

    Raises:
        JournalBroken: the log in the store is not over the entries of this journal.
        Unavailable: the store or the timestamp service did not answer; run it again.
    """
    size = _newest(archive, after, upto)
    if size > upto:
        raise JournalBroken(
            f"the log in the store has {size} entries, the journal's segments have {upto}",
            where=logstore.PREFIX,
            hint="an older copy of the catalogue? make it anew: kho rebuild --from-store",
        )
    # (1) What a crash left without its timestamp gets it.
    if size:
        _timestamp(archive, size)
    edge = edge_at(archive, size)
    if size == upto:
        return
    # (2) Bundles and tiles, each after what it is made of.
    logstore.grow(archive.store, edge, entries(archive, size, upto))
    # (3) The checkpoint: from here on the log has these entries.
    _sign(archive, edge)
    _timestamp(archive, upto)


def _newest(archive: Archive, after: int, upto: int) -> int:
    """Return the size of the newest checkpoint; 0 if there is none.

    Where the log stood before is known, it stands there still, or at `upto` already:
    then no list of all checkpoints is needed, which a store gives slowly.
    """
    for size in (upto, after) if after else ():
        if there(archive.store, logstore.checkpoint_name(size)):
            return size
    return logstore.newest(archive.store)


def newest(archive: Archive) -> int:
    """Return the size of the newest checkpoint; 0 if there is none."""
    with archive.catalogue.connect() as connection:
        upto = journal.flushed(connection).seq
    return _newest(archive, upto, upto)


def entries(archive: Archive, after: int, upto: int) -> Iterator[bytes]:
    """Yield the log's entries from number `after`, counted from 0, as the journal has them."""
    with archive.catalogue.connect() as connection:
        for entry in journal.entries(connection, after, limit=upto - after):
            yield bytes.fromhex(entry.digest)


def edge_at(archive: Archive, size: int) -> Edge:
    """Return the log's right edge at a checkpoint.

    Damaged tiles are made good from the journal, as far as growing needs them.

    Raises:
        JournalBroken: the journal is not what the checkpoint was signed over.
    """
    if size == 0:
        return Edge()
    root, read = checkpoint_at(archive, size).root, logstore.reader(archive.store)
    # The journal is chained: whose last entry is the same has all the same entries.
    last = next(entries(archive, size - 1, size), b"")
    try:
        edge = Edge.of(size, read)
        leaf = TileTree(size, read).range_root(size - 1, size)
        if edge.root() == root and leaf == log.leaf_hash(last):
            return edge
    except (ValueError, NotHeld):
        pass
    edge = Edge()
    for _ in tiles.growth(edge, entries(archive, 0, size), read):
        pass
    if edge.root() != root:
        raise JournalBroken(
            f"the journal is not what its checkpoint at {size} was signed over",
            where=logstore.checkpoint_name(size),
        )
    return edge


def checkpoint_at(archive: Archive, size: int, keys: Sequence[NoteKey] | None = None) -> Checkpoint:
    """Return a checkpoint in the store, signed by a key of the log that has the seal.

    Args:
        archive: whose log.
        size: of the checkpoint.
        keys: what `log_keys` returned, for who asks often.

    Raises:
        JournalBroken: it is not what the archive wrote.
        NotHeld: there is none of this size.
    """
    found = read_note(archive, size)
    where = logstore.checkpoint_name(size)
    try:
        stated = Checkpoint.of_text(found.text)
    except ValueError as error:
        raise JournalBroken(f"the checkpoint at {size} cannot be read", where=where) from error
    keys = log_keys(archive) if keys is None else keys
    signed = (found.signed_by(key) for key in keys if key.name == stated.origin)
    if stated.size != size or not any(signed):
        raise JournalBroken(f"the checkpoint at {size} is not signed by this log", where=where)
    return stated


def read_note(archive: Archive, size: int, *, cosigned: bool = False) -> Note:
    """Return a checkpoint's note, with the cosignatures collected if asked for.

    Raises:
        JournalBroken: it cannot be read.
        NotHeld: there is none of this size.
    """
    read = logstore.cosigned if cosigned else logstore.note
    try:
        return read(archive.store, size)
    except ValueError as error:
        where = logstore.checkpoint_name(size)
        raise JournalBroken(f"the checkpoint at {size} cannot be read", where=where) from error


def log_keys(archive: Archive) -> list[NoteKey]:
    """Return the log's public keys, each of which has the archive's seal.

    Raises:
        JournalBroken: a seal does not verify.
    """
    found = []
    for name in archive.store.names(logstore.KEYS):
        if name.endswith(logstore.VKEY):
            found.append(NoteKey.of_vkey(_sealed(archive, name).decode()))
    return found


def key_of(archive: Archive, size: int, keys: Sequence[NoteKey] | None = None) -> NoteKey:
    """Return the log's key that has signed a checkpoint. Arguments, errors as `checkpoint_at`."""
    keys = log_keys(archive) if keys is None else keys
    checkpoint_at(archive, size, keys)
    note = read_note(archive, size)
    return next(one for one in keys if note.signed_by(one))


def _sealed(archive: Archive, name: ObjectName) -> bytes:
    content = archive.store.read(name)
    token = archive.store.read(ObjectName(name + logstore.SEAL))
    verdict = seals.verdict_on(archive, content, token)
    if verdict.indication is Indication.FAILED:
        raise JournalBroken(f"the seal of {name} does not verify", where=name)
    return content


def _sign(archive: Archive, edge: Edge) -> None:
    """Store the checkpoint, after the key that signs it."""
    signer = archive.log_signer
    name = logstore.key_name(signer.key)
    if not there(archive.store, name):
        content = f"{signer.key.vkey}\n".encode()
        token = archive.sealer.seal(content, at=archive.clock())
        at = _not_before(archive, Token.load(seal.timestamp_token(token)))
        token = seal_with_its_proofs(content, token, archive.trust, at=at)
        put_first(archive.store, name + logstore.SEAL, token)
        put(archive.store, name, content)
    text = Checkpoint(signer.key.name, edge.size, edge.root()).text()
    note = Note(text, (signer.sign(text, at=archive.clock()),))
    name = logstore.checkpoint_name(edge.size)
    put_first(archive.store, name, note.encode())
    if archive.store.read(name) == note.encode():
        return
    # Another process was first, or another key before a crash: it must be the same tree.
    if checkpoint_at(archive, edge.size).root != edge.root():
        raise JournalBroken(f"another checkpoint is stored at {edge.size}", where=name)


def _timestamp(archive: Archive, size: int) -> None:
    """Store the timestamp over a checkpoint, if there is none, with what proves it today."""
    if logstore.token(archive.store, size) is not None:
        return
    digest = hashlib.sha256(archive.store.read(logstore.checkpoint_name(size))).digest()
    token = archive.sealer.tsa.timestamp(digest)
    at = _not_before(archive, Token.load(token))
    token = with_its_proofs(token, archive.trust, at=at)
    put_first(archive.store, logstore.token_name(size), token)


def _not_before(archive: Archive, token: Token) -> datetime:
    """Return the present, or a timestamp's time if its authority's clock is ahead of ours."""
    return max(archive.clock(), token.gen_time)


def timestamp_of(archive: Archive, size: int) -> Token | None:
    """Return the timestamp that is over a checkpoint; None if there is none yet.

    Raises:
        JournalBroken: it is over something else, or cannot be read.
    """
    encoded = logstore.token(archive.store, size)
    if encoded is None:
        return None
    where = logstore.token_name(size)
    try:
        token = Token.load(encoded)
    except ValueError as error:
        raise JournalBroken(f"the timestamp at {size} cannot be read", where=where) from error
    if not token.covers(archive.store.read(logstore.checkpoint_name(size))) or not token.intact:
        raise JournalBroken(f"the timestamp at {size} is not over its checkpoint", where=where)
    return token
