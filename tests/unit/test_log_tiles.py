"""Tiles: every root and proof of a log comes out of pieces of 256 hashes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.evidence import log, tiles
from archive.evidence.tiles import Edge
from tests.logs import FolderLog, entry

LARGE = 66_000
"""Three levels of tiles."""
SIZES = (1, 255, 256, 257, 512, 65_535, 65_536, 65_537, LARGE)


def leaves(size: int) -> list[bytes]:
    return [log.leaf_hash(entry(number)) for number in range(size)]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> FolderLog:
    made = FolderLog(tmp_path_factory.mktemp("log"))
    for size in SIZES:
        made.grown(size)
    return made


@pytest.fixture(scope="module")
def all_leaves() -> list[bytes]:
    return leaves(LARGE)


@pytest.mark.parametrize(
    ("index", "width", "path"),
    [
        (0, 256, "tile/0/000"),
        (1_234_067, 256, "tile/0/x001/x234/067"),
        (67, 17, "tile/0/067.p/17"),
        (70_000, 1, "tile/0/x070/000.p/1"),
    ],
)
def test_a_tile_has_the_path_that_the_specification_gives_it(index, width, path):
    assert tiles.path(0, index, width) == path


def test_a_tree_of_70000_has_the_tiles_of_the_specifications_example():
    edge = Edge()
    paths = [path for path, _ in tiles.growth(edge, map(entry, range(70_000)), lambda _: b"")]

    at = [sum(path.startswith(f"tile/{level}/") for path in paths) for level in range(4)]
    assert at == [273 + 1, 1 + 1, 1, 0]
    assert {"tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"} <= set(paths)


@given(st.lists(st.integers(0, 700), min_size=1, max_size=6))
@settings(max_examples=25, deadline=None)
def test_however_a_log_grows_its_tiles_and_its_root_are_the_same(sizes):
    def grown(steps: list[int]) -> tuple[bytes, dict[str, bytes]]:
        kept: dict[str, bytes] = {}
        edge = Edge()
        for upto in steps:
            edge = Edge.of(edge.size, kept.__getitem__)
            new = map(entry, range(edge.size, upto))
            kept.update(tiles.growth(edge, new, kept.__getitem__))
        return edge.root(), kept

    steps = sorted(sizes)
    root, kept = grown(steps)
    whole_root, whole = grown(steps[-1:])

    assert root == whole_root == log.root(leaves(steps[-1]))
    assert {path: kept[path] for path in whole} == whole


@given(st.sampled_from(SIZES), st.data())
@settings(max_examples=60, deadline=None)
def test_proofs_from_tiles_hold_at_every_size(large, all_leaves, size, data):
    tree = large.tree(size)
    index = data.draw(st.integers(0, size - 1))
    earlier = data.draw(st.integers(1, size))
    root, before = tree.root(), tree.range_root(0, earlier)

    assert log.verify_inclusion(index, size, all_leaves[index], tree.inclusion_proof(index), root)
    assert log.verify_consistency(earlier, size, before, root, tree.consistency_proof(earlier))


def test_roots_from_tiles_are_those_over_all_leaves(large, all_leaves):
    for size in SIZES:
        assert large.tree(size).root() == log.root(all_leaves[:size])
    assert large.tree().range_root(0, 1000) == log.root(all_leaves[:1000])


def test_a_tile_of_another_size_is_refused(large):
    short = tiles.TileTree(LARGE, lambda path: large.read(path)[:-1])

    with pytest.raises(ValueError, match="tile"):
        short.root()
    with pytest.raises(ValueError, match="tile"):
        Edge.of(LARGE, short.read)


def test_bundles_give_back_their_entries_and_refuse_a_cut():
    entries = [b"", b"a", b"x" * 65_535]
    content = tiles.bundle(entries)

    assert tiles.unbundled(content) == entries
    for cut in (1, 3, len(content) - 1):
        with pytest.raises(ValueError, match="inside an entry"):
            tiles.unbundled(content[:cut])
    with pytest.raises(OverflowError):
        tiles.bundle([b"x" * 65_536])


def test_a_reader_keeps_few_tiles_in_memory(large: FolderLog):
    tree = large.tree()
    for index in range(0, LARGE, 250):
        tree.inclusion_proof(index)

    assert len(tree._kept) <= 64
    assert Path(large.folder, "tile/2/000.p/1").exists()
