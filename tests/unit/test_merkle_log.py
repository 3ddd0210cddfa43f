"""The Merkle log: what it proves can be checked, and nothing else can."""

from __future__ import annotations

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


@given(anything, anything, anything, st.one_of(anything, st.lists(anything, max_size=4)), anything)
def test_whatever_is_not_a_proof_is_refused_without_an_exception(index, size, leaf, proof, root):
    assert log.verify_inclusion(index, size, leaf, proof, root) is False
    assert log.verify_consistency(index, size, leaf, root, proof) is False
