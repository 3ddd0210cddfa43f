"""The Merkle log: what it proves can be checked, and nothing else can."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.evidence import log

sizes = st.integers(min_value=1, max_value=70)
anything = st.one_of(st.none(), st.integers(), st.binary(max_size=40), st.text(max_size=5))


def leaves(size: int) -> list[bytes]:
    return [log.leaf_hash(str(n).encode()) for n in range(size)]


def test_the_root_of_the_empty_tree_is_the_hash_of_nothing():
    assert log.root([]).hex().startswith("e3b0c44298fc1c14")


@given(sizes, st.data())
def test_every_leaf_is_proven_at_its_place_only(size, data):
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1))
    tree = leaves(size)

    proof = log.inclusion_proof(tree, index)

    assert log.verify_inclusion(index, size, tree[index], proof, log.root(tree))
    assert log.verify_inclusion(other, size, tree[index], proof, log.root(tree)) == (other == index)


@given(sizes, st.data())
def test_every_prefix_is_proven_and_no_other_tree(size, data):
    size1 = data.draw(st.integers(1, size))
    tree = leaves(size)
    forged = [*tree[: size1 - 1], log.leaf_hash(b"forged")]

    proof = log.consistency_proof(tree, size1)

    assert log.verify_consistency(size1, size, log.root(tree[:size1]), log.root(tree), proof)
    assert not log.verify_consistency(size1, size, log.root(forged), log.root(tree), proof)


@given(sizes, st.data())
def test_every_subtree_is_proven_in_the_whole_tree_and_a_leaf_in_it(size, data):
    height = data.draw(st.integers(0, (size - 1).bit_length()))
    start = data.draw(st.integers(0, (size - 1) >> height)) << height
    end = min(start + (1 << height), size)
    index = data.draw(st.integers(start, end - 1))
    tree, roots = leaves(size), {}
    for a, b in [(start, end), (0, size)]:
        roots[a, b] = log.root(tree[a:b])
    part = [log.root(tree[a:b]) for a, b in log.inclusion_ranges(index, start, end)]
    whole = [log.root(tree[a:b]) for a, b in log.consistency_ranges(start, end, size)]

    found = roots[start, end]
    assert log.verify_subtree_inclusion(index, start, end, tree[index], part, found)
    assert log.verify_subtree_consistency(start, end, size, found, roots[0, size], whole)
    other = log.node_hash(found, found)
    assert not log.verify_subtree_consistency(start, end, size, other, roots[0, size], whole)


NUMBERS = [0, 1, 2, 7, 2**32, 2**63 - 1, 2**63, 2**64 - 2, 2**64 - 1, 2**64, 2**200, -1]
HASHES = [b"", bytes(31), bytes(32), bytes(33), "x" * 32, None, 5]


@given(
    st.sampled_from([*NUMBERS, True, 1.0, "1", None]),
    st.sampled_from(NUMBERS),
    st.sampled_from(NUMBERS),
    st.sampled_from(HASHES),
    st.sampled_from(HASHES),
    st.one_of(
        st.lists(st.sampled_from(HASHES), max_size=130), st.sampled_from([None, b"", 5, "x"])
    ),
)
def test_sizes_up_to_two_to_the_64_and_beyond_neither_crash_nor_loop(a, b, c, one, other, proof):
    answers = [
        log.verify_inclusion(a, b, one, proof, other),
        log.verify_subtree_inclusion(a, b, c, one, proof, other),
        log.verify_consistency(a, b, one, other, proof),
        log.verify_subtree_consistency(a, b, c, one, other, proof),
    ]

    # Only what needs no hash at all can hold: the same root of the same tree.
    assert all(isinstance(answer, bool) for answer in answers)
    if one != other:
        assert not any(answers)


@given(anything, anything, anything, st.one_of(anything, st.lists(anything, max_size=4)), anything)
def test_whatever_is_not_a_proof_is_refused_without_an_exception(index, size, leaf, proof, root):
    assert log.verify_inclusion(index, size, leaf, proof, root) is False
    assert log.verify_consistency(index, size, leaf, root, proof) is False


class Grown:
    """Proofs in trees of any size, without the trees: nodes are drawn, roots computed.

    Written after the recursive definitions of RFC 9162, 2.1.3.1 and 2.1.4.1, which the
    verifiers, that walk upwards, do not follow.
    """

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self.proof: list[bytes] = []

    def node(self) -> bytes:
        return self._chance.randbytes(32)

    def _sibling(self) -> bytes:
        self.proof.append(self.node())
        return self.proof[-1]

    def inclusion(self, index: int, size: int, leaf: bytes) -> bytes:
        """Return the root over a leaf; the path is in `proof`."""
        if size == 1:
            return leaf
        split = 1 << (size - 1).bit_length() - 1
        if index < split:
            below = self.inclusion(index, split, leaf)
            return log.node_hash(below, self._sibling())
        below = self.inclusion(index - split, size - split, leaf)
        return log.node_hash(self._sibling(), below)

    def consistency(self, size1: int, size2: int, whole: bytes | None) -> tuple[bytes, bytes]:
        """Return both roots; `whole` is the first one's as long as it is a part by itself."""
        if size1 == size2:
            root = whole or self._sibling()
            return root, root
        split = 1 << (size2 - 1).bit_length() - 1
        if size1 <= split:
            one, two = self.consistency(size1, split, whole)
            return one, log.node_hash(two, self._sibling())
        one, two = self.consistency(size1 - split, size2 - split, None)
        left = self._sibling()
        return log.node_hash(left, one), log.node_hash(left, two)


def changed(proof: list[bytes]) -> list[list[bytes]]:
    """Return a proof with each hash altered, dropped, doubled, exchanged, cut or lengthened."""
    found = [[*proof, bytes(32)], [bytes(32), *proof]]
    for at, one in enumerate(proof):
        before, after = proof[:at], proof[at + 1 :]
        found += [[*before, *other, *after] for other in ([], [one, one], [one[:-1]])]
        found += [[*before, bytes([one[0] ^ bit, *one[1:]]), *after] for bit in (1, 128)]
        if after:
            found.append([*before, after[0], one, *after[1:]])
    return found


SIZES = [
    2,
    3,
    7,
    8,
    9,
    255,
    256,
    257,
    1 << 32,
    (1 << 63) - 1,
    1 << 63,
    (1 << 63) + 1,
    (1 << 64) - 1,
]


@pytest.mark.parametrize("size", SIZES)
def test_an_inclusion_proof_holds_up_to_the_largest_tree_and_no_altered_one(size):
    for seed, index in enumerate({0, 1, size // 2, size // 3, size - 2, size - 1}):
        drawn = Grown(seed)
        leaf = drawn.node()
        root = drawn.inclusion(index, size, leaf)
        proof = drawn.proof

        assert log.verify_inclusion(index, size, leaf, proof, root)
        others = [one for one in (index - 1, index + 1, index ^ 1 << 40) if one != index]
        assert not any(log.verify_inclusion(one, size, leaf, proof, root) for one in others)
        assert not log.verify_inclusion(index, size, root, proof, leaf)
        assert not log.verify_inclusion(index, size, drawn.node(), proof, root)
        assert not any(log.verify_inclusion(index, size, leaf, one, root) for one in changed(proof))


@pytest.mark.parametrize("size", SIZES)
def test_a_consistency_proof_holds_up_to_the_largest_tree_and_no_altered_one(size):
    for seed, first in enumerate({1, 2, size // 2, size // 3 + 1, size - 1} - {size}):
        drawn = Grown(seed)
        one, two = drawn.consistency(first, size, drawn.node())
        proof = drawn.proof

        assert log.verify_consistency(first, size, one, two, proof)
        assert not log.verify_consistency(first, size, two, one, proof)
        assert not log.verify_consistency(first, size, one, drawn.node(), proof)
        assert not log.verify_consistency(first, size, drawn.node(), two, proof)
        assert not log.verify_consistency(size, first, one, two, proof)
        assert not any(log.verify_consistency(first, size, one, two, c) for c in changed(proof))
