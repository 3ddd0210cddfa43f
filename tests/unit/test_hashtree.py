"""Hash trees: every leaf has a reduced tree to the root, and nothing else has."""

from __future__ import annotations

import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.evidence import hashtree, make

DIGESTS = st.binary(min_size=32, max_size=32)
GROUPS = st.lists(DIGESTS, min_size=1, max_size=4, unique=True)


def sha256(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


@given(
    groups=st.lists(GROUPS, min_size=1, max_size=40),
    arity=st.integers(2, 7),
    at_once=st.integers(1, 50),
)
def test_the_reduced_tree_of_every_group_leads_to_the_root(groups, arity, at_once):
    tree = io.BytesIO()
    leaves = [hashtree.group_digest("sha256", group) for group in groups]

    shape, root = hashtree.build(leaves, tree, arity=arity, sorted_in_memory=at_once)

    assert len(tree.getvalue()) == shape.size
    for group in groups:
        lists = hashtree.reduced(group, shape, make.reader(tree))
        assert lists is not None
        assert lists[0] == sorted(group)
        assert hashtree.root_of("sha256", lists) == root


@given(leaves=st.lists(DIGESTS, min_size=1, max_size=60, unique=True), other=DIGESTS)
def test_what_is_not_a_leaf_has_no_reduced_tree(leaves, other):
    tree = io.BytesIO()
    shape, _ = hashtree.build(leaves, tree)

    found = hashtree.reduced([other], shape, make.reader(tree))

    assert (found is None) == (other not in leaves)


def test_the_tree_is_that_of_the_standards_example():
    """RFC 4998, 4.2.1: three groups, the second one of three documents."""
    h1, h3 = sha256(b"d1"), sha256(b"d3")
    group = [sha256(b"d2a"), sha256(b"d2b"), sha256(b"d2c")]
    h2abc = sha256(*sorted(group))
    first, second, third = sorted([h1, h2abc, h3])

    _, root = hashtree.build([h1, h2abc, h3], io.BytesIO())

    assert root == sha256(*sorted([sha256(first, second), third]))


def test_leaves_sorted_on_disk_give_the_same_tree_as_in_memory():
    leaves = [sha256(str(number).encode()) for number in range(5000)]
    at_once, in_pieces = io.BytesIO(), io.BytesIO()

    first = hashtree.build(leaves, at_once)
    second = hashtree.build(iter(leaves), in_pieces, sorted_in_memory=700)

    assert first == second
    assert at_once.getvalue() == in_pieces.getvalue()


def test_a_leaf_among_many_is_found_with_a_few_small_ranges():
    leaves = [sha256(str(number).encode()) for number in range(50_000)]
    tree, reads = io.BytesIO(), []
    shape, _ = hashtree.build(leaves, tree)
    read = make.reader(tree)

    def counted(offset: int, length: int) -> bytes:
        reads.append(length)
        return read(offset, length)

    assert hashtree.find(leaves[123], shape, counted) is not None
    assert len(reads) < 10
    assert sum(reads) < 64 * 1024


@pytest.mark.parametrize("algorithm", ["sha224", "sha384", "sha512", "sha3_256"])
def test_any_digest_makes_a_tree(algorithm):
    leaves = [hashlib.new(algorithm, bytes([n])).digest() for n in range(9)]
    tree = io.BytesIO()

    shape, root = hashtree.build(leaves, tree, algorithm=algorithm)

    lists = hashtree.reduced([leaves[4]], shape, make.reader(tree))
    assert lists is not None
    assert hashtree.root_of(algorithm, lists) == root


@pytest.mark.parametrize(
    ("leaves", "arity"),
    [([], 2), ([b"short"], 2), ([bytes(32)], 1)],
    ids=["none", "short", "unary"],
)
def test_what_makes_no_tree_is_refused(leaves, arity):
    with pytest.raises(ValueError, match=r"."):
        hashtree.build(leaves, io.BytesIO(), arity=arity)
