"""What the tests must ask of the interpreter itself."""

from __future__ import annotations

import ast
import functools
import gc
import os
import sys

import pytest

MENDED = (3, 13)  # from here on, each conversion of a tree counts its own depth
_parse = ast.parse


@functools.wraps(_parse)
def parse_uncollected(*args, **kwargs):
    """`ast.parse`, in which no garbage is collected.

    Before 3.13, CPython counts the depth of every conversion in one place (gh-106905). A collection
    in the middle of one may finalize something that formats a traceback, which parses too; the outer
    parse then ends with "SystemError: AST constructor recursion depth mismatch". Hypothesis parses
    whole modules to describe a lambda, so that this met the fuzzed API by chance.
    """
    collected = gc.isenabled()
    gc.disable()
    try:
        return _parse(*args, **kwargs)
    finally:
        if collected:
            gc.enable()


def keep_bytecode() -> None:
    """Let this process and those it starts keep what they compile, whatever the account has set.

    Hundreds of processes are started; without `__pycache__` each compiles all that it imports
    anew, which costs a `kho` more than its work does.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False


def pytest_configure(config: pytest.Config) -> None:
    keep_bytecode()
    if sys.version_info < MENDED:
        ast.parse = parse_uncollected


def pytest_unconfigure(config: pytest.Config) -> None:
    ast.parse = _parse
