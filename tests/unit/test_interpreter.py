"""A collection in the middle of a parse must not end it: the interpreter's own weakness is covered."""

from __future__ import annotations

import ast
import gc


def test_a_parse_in_a_collection_does_not_end_the_parse_around_it():
    source = "\n".join(
        f"def f{i}(a, b): return [x for x in a if x % b == {i}]" for i in range(3000)
    )

    def parse_too(phase: str, info: dict[str, int]) -> None:
        ast.parse("a + b")

    gc.callbacks.append(parse_too)
    try:
        tree = ast.parse(source)
    finally:
        gc.callbacks.remove(parse_too)

    assert len(tree.body) == 3000
    assert gc.isenabled()
