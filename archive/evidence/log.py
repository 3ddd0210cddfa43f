"""The Merkle log: tree heads, inclusion and consistency proofs, and their verification.

Trees are those of RFC 6962 and RFC 9162 with SHA-256. Verifiers answer False to anything
that is not a proof, whatever its shape: they neither raise nor loop.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

ALGORITHM = "sha256"
DIGEST_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
MOST_LEAVES = 1 << 64

Range = tuple[int, int]
"""The leaves from the first number up to, and without, the second."""


def leaf_hash(content: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256(0x00 || content).

    Source: RFC 9162, section 2.1.1.
    """
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: SHA-256(0x01 || left || right).

    Source: RFC 9162, section 2.1.1.
    """
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes; of no leaves the hash of the empty string.

    Source: RFC 9162, section 2.1.1.
    """
    if not leaves:
        return EMPTY_ROOT
    level = list(leaves)
    while len(level) > 1:
        odd = level[-1:] if len(level) % 2 else []
        level = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)] + odd
    return level[0]


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the audit path of the leaf at `index`, from the leaf upwards.

    Raises:
        IndexError: there is no such leaf.

    Source: RFC 9162, section 2.1.3.1.
    """
    return [root(leaves[a:b]) for a, b in inclusion_ranges(index, 0, len(leaves))]


def consistency_proof(leaves: Sequence[bytes], size1: int) -> list[bytes]:
    """Return the proof that the first `size1` leaves are a prefix of all.

    Raises:
        IndexError: `size1` is not between 1 and the number of leaves.

    Source: RFC 9162, section 2.1.4.1.
    """
    return [root(leaves[a:b]) for a, b in consistency_ranges(0, size1, len(leaves))]


def inclusion_ranges(index: int, start: int, end: int) -> list[Range]:
    """Return the ranges whose roots prove the leaf at `index` in the subtree [start, end).

    From the leaf upwards; all counted in the whole tree.

    Raises:
        IndexError: there is no such subtree, or it has no such leaf.

    Source: RFC 9162, section 2.1.3.1.
    """
    if not (_is_subtree(start, end) and start <= index < end):
        raise IndexError(index)
    found: list[Range] = []
    while end - start > 1:
        middle = start + _split(end - start)
        left = index < middle
        found.append((middle, end) if left else (start, middle))
        start, end = (start, middle) if left else (middle, end)
    return found[::-1]


def consistency_ranges(start: int, end: int, size: int) -> list[Range]:
    """Return the ranges whose roots prove that [start, end) is part of the tree of `size`.

    With a `start` of 0 this is the proof that one tree is the beginning of another.

    Raises:
        IndexError: there is no such subtree, or the tree does not have it.

    Source: RFC 9162, section 2.1.4.1, generalized to subtrees.
    """
    if not (_is_subtree(start, end) and end <= size):
        raise IndexError(end)
    low, high, given = 0, size, True
    found: list[Range] = []
    while (start, end) != (low, high):
        middle = low + _split(high - low)
        if end <= middle:
            found.append((middle, high))
            high = middle
        else:
            found.append((low, middle))
            given = given and start >= middle
            low, start = middle, max(start, middle)
    return [*([] if given else [(low, high)]), *reversed(found)]


def _split(size: int) -> int:
    """Return the largest power of two that is smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def verify_inclusion(
    leaf_index: int, tree_size: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether `proof` shows that the leaf stands at `leaf_index` in the tree with `root`.

    Source: RFC 9162, section 2.1.3.2.
    """
    return verify_subtree_inclusion(leaf_index, 0, tree_size, leaf_hash, proof, root)


def verify_subtree_inclusion(
    leaf_index: int, start: int, end: int, leaf_hash: bytes, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether the leaf at `leaf_index` (counted in the whole tree) is in subtree [start, end).

    Source: RFC 9162, section 2.1.3.2, applied to the subtree's own leaves.
    """
    if not (_is_subtree(start, end) and _number(leaf_index) and start <= leaf_index < end):
        return False
    if not _digests((leaf_hash, root), proof):
        return False
    first, last, found = leaf_index - start, end - start - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            return False
        if first & 1 or first == last:
            found = node_hash(sibling, found)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        first, last = first >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(
    size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether `proof` shows that the tree with `root1` is a prefix of the one with `root2`.

    A tree without leaves is a prefix of everything and so proves nothing: `size1` of 0 is
    refused, unless both trees are empty.

    Source: RFC 9162, section 2.1.4.2.
    """
    if size1 == 0 and (size2 != 0 or root2 != EMPTY_ROOT):
        return False
    return verify_subtree_consistency(0, size1, size2, root1, root2, proof)


def verify_subtree_consistency(
    start: int, end: int, size: int, root1: bytes, root2: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the subtree [start, end) with `root1` is part of the tree of `size` with `root2`.

    For a subtree from 0 this is RFC 9162's algorithm; otherwise the left border is walked
    beside the right one, so that only nodes inside the subtree enter its own root.

    Source: RFC 9162, section 2.1.4.2, generalized to subtrees.
    """
    if not (_number(start) and _number(end) and _number(size) and start <= end <= size):
        return False
    if start == end:  # no leaves: there is one such subtree, and nothing to prove
        return root1 == EMPTY_ROOT and _digests((), proof) and len(proof) == 0
    if not (_is_subtree(start, end) and _digests((root1, root2), proof)):
        return False
    left, right, last = start, end - 1, size - 1
    while left != right and (right == last or right & 1):
        left, right, last = left >> 1, right >> 1, last >> 1
    return _climb(left, right, last, root1, root2, list(proof))


def _climb(
    left: int, right: int, last: int, root1: bytes, root2: bytes, proof: list[bytes]
) -> bool:
    if left != right and not proof:
        return False
    part = whole = root1 if left == right else proof.pop(0)
    for sibling in proof:
        if last == 0:
            return False
        if right & 1 or right == last:
            if left < right:
                part = node_hash(sibling, part)
            whole = node_hash(sibling, whole)
            while right and not right & 1:
                left, right, last = left >> 1, right >> 1, last >> 1
        else:
            whole = node_hash(whole, sibling)
        left, right, last = left >> 1, right >> 1, last >> 1
    return last == 0 and part == root1 and whole == root2


def _is_subtree(start: int, end: int) -> bool:
    """Whether [start, end) is a node's range: not empty, and aligned to its size."""
    if not (_number(start) and _number(end) and start < end):
        return False
    return start % (1 << (end - start - 1).bit_length()) == 0


def _number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < MOST_LEAVES


def _digests(roots: tuple[object, ...], proof: object) -> bool:
    """Whether all are 32 bytes long and the proof is no longer than a tree can be high."""
    if not isinstance(proof, list | tuple) or len(proof) > 2 * 64:
        return False
    return all(isinstance(d, bytes) and len(d) == DIGEST_BYTES for d in (*roots, *proof))
