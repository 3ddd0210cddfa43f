"""The phrases of the sources: what findings, reasons, errors and hints say, with `{}` for values."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from archive.errors import ArchiveError

ROOT = Path(__file__).resolve().parents[1]
SPEAKING = (
    "archive/catalogue/failures.py",
    "archive/checkup.py",
    "archive/packages/**/*.py",
    "archive/signatures/*.py",
    "archive/evidence/*.py",
    "archive/search/language.py",
    "archive/search/dates.py",
    "archive/formats/pdf.py",
    "archive/formats/pdf_bytes.py",
    "archive/formats/antivirus.py",
    "archive/storage/disk.py",
    "archive/storage/s3_errors.py",
    "retention_rules/cases.py",
    "retention_rules/lint.py",
    "retention_rules/problems.py",
    "retention_rules/rows.py",
    "retention_rules/schedule.py",
    "retention_rules/tables.py",
)
"""Modules in which every sentence is one that people read."""
EVERYWHERE = ("archive/**/*.py", "cli/**/*.py", "retention_rules/**/*.py", "web/**/*.py")
"""Modules in which errors, hints and findings are."""

_QUIET = {
    "compile", "fullmatch", "match", "sub", "search", "debug", "info", "warning", "text",
    "Column", "cast", "TypeVar", "quote", "joinpath", "partition", "split",
}  # fmt: skip
"""Calls whose strings are patterns, logs or names."""
_SENTENCE = re.compile(r"[A-Za-z]{2,}[^A-Za-z]* \S| [a-z]{2,}")
_SPOKEN_NAMES = {"message", "hint", "told", "reason", "why", "problem", "text", "note"}


Said = tuple[tuple[str, str], ...]
"""Places and phrases."""


@cache
def of_speaking_modules() -> Said:
    """Return place and phrase of every sentence in the modules that speak."""
    found: list[tuple[str, str]] = []
    for pattern in SPEAKING:
        for path in sorted(ROOT.glob(pattern)):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found += _placed(path, _sentences(tree, _unspoken(tree)))
    return tuple(found)


@cache
def of_errors() -> Said:
    """Return place and phrase of what errors, their hints and findings say anywhere."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in _everywhere()}
    loud = _errors(trees.values()) | {"Finding", "Problem"}
    return tuple(one for path, tree in trees.items() for one in _placed(path, _said(tree, loud)))


def _everywhere() -> Iterator[Path]:
    for pattern in EVERYWHERE:
        yield from sorted(ROOT.glob(pattern))


def _placed(path: Path, nodes: Iterator[ast.expr]) -> Iterator[tuple[str, str]]:
    for node in nodes:
        phrase = _phrase(node)
        if phrase is not None and _SENTENCE.search(phrase):
            yield f"{path.relative_to(ROOT)}:{node.lineno}", phrase


def _errors(trees: Iterable[ast.AST]) -> set[str]:
    """Return the names of all errors, read from the sources: nothing has to be imported for it."""
    parents = {
        node.name: {ast.unparse(base).rsplit(".", 1)[-1] for base in node.bases}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {ArchiveError.__name__}
    while more := {name for name, bases in parents.items() if bases & found} - found:
        found |= more
    return found


def _phrase(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values
        )
    return None


def _unspoken(tree: ast.AST) -> set[ast.AST]:
    """Return docstrings, and what is given to calls that say nothing to people."""
    quiet: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            quiet.add(node.value)
        elif isinstance(node, ast.Call) and _name(node.func) in _QUIET:
            quiet.update(ast.walk(node))
    return quiet


def _sentences(node: ast.AST, quiet: set[ast.AST]) -> Iterator[ast.expr]:
    if node in quiet:
        return
    if isinstance(node, ast.Constant | ast.JoinedStr):
        yield node
        inner: list[ast.expr] = node.values if isinstance(node, ast.JoinedStr) else []
        for one in inner:
            if isinstance(one, ast.FormattedValue):
                yield from _sentences(one.value, quiet)
        return
    for child in ast.iter_child_nodes(node):
        yield from _sentences(child, quiet)


def _said(tree: ast.AST, loud: set[str]) -> Iterator[ast.expr]:
    """Yield the strings that calls of `loud` names are given, also by way of a variable."""
    named: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            named.setdefault(node.targets[0].id, []).append(node.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name(node.func) in loud:
            spoken = {key.value for key in node.keywords if key.arg in {"hint", "message"}}
            for given in (*node.args, *spoken):
                yield from _sentences(given, set())
                if isinstance(given, ast.Name) and given.id in _SPOKEN_NAMES:
                    for value in named.get(given.id, ()):
                        yield from _sentences(value, set())


def _name(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
