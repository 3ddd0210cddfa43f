"""The log's tiles, cosigned checkpoints and subtree proofs, changed a little: never accepted.

Nothing but the errors that are documented may come out, and what is accepted is what was made.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.evidence import log, tiles
from archive.evidence.checkpoint import Checkpoint
from archive.evidence.notes import KeyKind, Note, NoteKey, NoteSigner
from archive.evidence.tiles import Edge, TileTree
from archive.evidence.witness import AddCheckpoint, CheckpointRefused
from tests.logs import entry
from tests.mutations import mutated

AT = datetime(2026, 11, 27, 8, tzinfo=UTC)
SIZE, SEEN = 700, 300
LEAVES = [log.leaf_hash(entry(number)) for number in range(SIZE)]
ROOT = log.root(LEAVES)
TILES = dict(tiles.growth(Edge(), map(entry, range(SIZE)), lambda _: b""))
MANY = settings(max_examples=150, deadline=None)


def signer(name: str, kind: KeyKind, seed: int) -> NoteSigner:
    private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    return NoteSigner(NoteKey(name, kind, private.public_key().public_bytes_raw()), private)


LOG = signer("kho.example/log", KeyKind.LOG, 1)
WITNESS = signer("w.example", KeyKind.WITNESS, 2)
HEAD = Checkpoint(LOG.key.name, SIZE, ROOT)
LAST = Checkpoint(LOG.key.name, SEEN, log.root(LEAVES[:SEEN]))
NOTE = Note(HEAD.text(), tuple(one.sign(HEAD.text(), at=AT) for one in (LOG, WITNESS)))
ASKED = AddCheckpoint(SEEN, tuple(log.consistency_proof(LEAVES, SEEN)), NOTE)


@given(mutated(NOTE.encode()))
@MANY
def test_a_cosigned_checkpoint_says_what_was_signed_or_is_not_signed(content):
    try:
        note = Note.decode(content)
    except ValueError:
        return
    for key, at in ((LOG.key, None), (WITNESS.key, AT)):
        signed = note.signed_by(key)
        if signed is not None:
            assert (note.text, signed.at) == (NOTE.text, at)
            assert Checkpoint.of_text(note.text) == HEAD


@given(mutated(NOTE.text.encode()))
@MANY
def test_a_checkpoints_text_is_read_in_one_way_only(content):
    try:
        head = Checkpoint.of_text(content.decode())
    except ValueError:
        return
    assert head != HEAD
    assert head.text().encode() == content


@given(mutated(ASKED.encode()))
@MANY
def test_a_witness_cosigns_nothing_that_was_not_asked(body):
    assert ASKED.examine([LOG.key], LAST) == HEAD
    try:
        asked = AddCheckpoint.decode(body)
        head = asked.examine([LOG.key], LAST)
    except (ValueError, CheckpointRefused):
        return
    assert (head, asked.old, asked.proof) == (HEAD, ASKED.old, ASKED.proof)


@given(mutated(LOG.key.vkey.encode()))
@MANY
def test_a_key_of_a_log_is_that_key_or_none(text):
    try:
        key = NoteKey.of_vkey(text.decode())
    except ValueError:
        return
    assert key == LOG.key
    assert text.decode().strip() == LOG.key.vkey


@given(st.data(), st.sampled_from(sorted(one for one in TILES if "entries" not in one)))
@MANY
def test_from_an_altered_tile_comes_no_root_and_no_proof_that_holds(data, path):
    found = {**TILES, path: data.draw(mutated(TILES[path]))}
    index = data.draw(st.integers(0, SIZE - 1))

    roots = []
    for made in (TileTree(SIZE, found.__getitem__).root, lambda: edge(found).root()):
        try:
            roots.append(made())
        except ValueError:
            continue
    # A full tile stands in the level above, from which both roots are made.
    counted = path.startswith("tile/1/") or partial(path)
    assert [one == ROOT for one in roots] == ([False] * len(roots) if counted else [True, True])
    for number, kept in ((index, LEAVES[index]), (index, log.leaf_hash(b"forged"))):
        try:
            proof = TileTree(SIZE, found.__getitem__).inclusion_proof(number)
        except ValueError:
            continue
        true = proof == log.inclusion_proof(LEAVES, index)
        holds = log.verify_inclusion(number, SIZE, kept, proof, ROOT)
        assert holds == (true and kept == LEAVES[index])


def edge(found: dict[str, bytes]) -> Edge:
    return Edge.of(SIZE, found.__getitem__)


def partial(path: str) -> bool:
    return ".p/" in path


@given(st.data(), st.sampled_from(sorted(one for one in TILES if "entries" in one)))
@MANY
def test_an_altered_bundle_has_other_entries_than_its_tile(data, path):
    changed = data.draw(mutated(TILES[path]))
    try:
        found = tiles.unbundled(changed)
    except ValueError:
        return
    assert b"".join(map(log.leaf_hash, found)) != TILES[path.replace("entries", "0")]


@st.composite
def subtrees(draw: st.DrawFn) -> tuple[int, int, int]:
    """Draw a subtree of the log, and a leaf in it."""
    height = draw(st.integers(0, (SIZE - 1).bit_length()))
    start = draw(st.integers(0, (SIZE - 1) >> height)) << height
    end = min(start + draw(st.integers((1 << height) // 2 + 1, 1 << height)), SIZE)
    return start, end, draw(st.integers(start, end - 1))


def split(content: bytes) -> list[bytes]:
    return [content[at : at + 32] for at in range(0, len(content), 32)]


@given(st.data(), subtrees())
@MANY
def test_an_altered_subtree_proof_shows_nothing(data, drawn):
    start, end, index = drawn
    root = log.root(LEAVES[start:end])
    part = [log.root(LEAVES[a:b]) for a, b in log.inclusion_ranges(index, start, end)]
    whole = [log.root(LEAVES[a:b]) for a, b in log.consistency_ranges(start, end, SIZE)]
    inclusion = (index, start, end, LEAVES[index])
    assert log.verify_subtree_inclusion(*inclusion, part, root)
    assert log.verify_subtree_consistency(start, end, SIZE, root, ROOT, whole)

    other_part = split(data.draw(mutated(b"".join(part))))
    other_whole = split(data.draw(mutated(b"".join(whole))))
    other_root = data.draw(mutated(root))
    assert not log.verify_subtree_inclusion(*inclusion, other_part, root)
    assert not log.verify_subtree_inclusion(*inclusion, part, other_root)
    assert not log.verify_subtree_inclusion(*inclusion[:3], other_root, part, root)
    assert not log.verify_subtree_consistency(start, end, SIZE, root, ROOT, other_whole)
    assert not log.verify_subtree_consistency(start, end, SIZE, other_root, ROOT, whole)
    assert not log.verify_subtree_consistency(
        start, end, SIZE, root, data.draw(mutated(ROOT)), whole
    )


@given(subtrees(), st.integers(-2, 2), st.integers(-2, 2))
@MANY
def test_a_subtree_proof_is_of_its_own_leaves_only(drawn, before, behind):
    start, end, _ = drawn
    root = log.root(LEAVES[start:end])
    whole = [log.root(LEAVES[a:b]) for a, b in log.consistency_ranges(start, end, SIZE)]
    same = (start + before, end + behind) == (start, end)

    found = log.verify_subtree_consistency(start + before, end + behind, SIZE, root, ROOT, whole)
    if not same and end - start > 1:
        assert not found
    elif same:
        assert found


@pytest.mark.parametrize("path", sorted(TILES))
def test_a_log_does_not_grow_over_a_cut_tile(path):
    if partial(path):
        found = {**TILES, path: TILES[path][:-1]}
        with pytest.raises(ValueError, match=r"tile|bundle"):
            list(tiles.growth(edge(found), [b"more"], found.__getitem__))
