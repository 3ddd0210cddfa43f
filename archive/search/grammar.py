"""The grammar of the search box, as plugins of whoosh's query parser.

Only the syntax comes from whoosh: its parser tags and groups, `archive.search.language`
reads the groups. Nothing here knows an index.
"""

from __future__ import annotations

import re
from typing import Any

from whoosh.qparser import QueryParser, plugins, syntax
from whoosh.qparser.taggers import RegexTagger

from archive.search.fields import field_named

_START = r"(?<![^\s(])"
_END = r"(?=[\s()]|$)"
QUOTED = re.compile('["“”„](?P<text>[^"“”„]*)["“”„]')
OPERATOR = re.compile(rf"{_START}(?:VÀ|AND|&&|HOẶC|OR|\|\||KHÔNG|NOT){_END}")


class QuotedNode(syntax.TextNode):  # type: ignore[misc]
    """Words in quotation marks."""


class StarNode(syntax.TextNode):  # type: ignore[misc]
    """A word with a `*` somewhere in it."""


class FuzzyNode(syntax.TextNode):  # type: ignore[misc]
    """A word with a `~` at its end."""


class EveryNode(syntax.SyntaxNode):  # type: ignore[misc]
    """A `*` alone: everything."""


class WrongNode(syntax.SyntaxNode):  # type: ignore[misc]
    """A piece that has no meaning where it stands."""

    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind
        self.text = text


class _Exclusion(syntax.PrefixOperator):  # type: ignore[misc]
    def replace_self(self, parser: Any, group: Any, position: int) -> int:
        if position == len(group) - 1 or isinstance(group[position + 1], syntax.Operator):
            group[position] = _misplaced(self)
            return position
        return int(super().replace_self(parser, group, position))


class _Joint(syntax.InfixOperator):  # type: ignore[misc]
    def replace_self(self, parser: Any, group: Any, position: int) -> int:
        neighbours = [group[at] for at in (position - 1, position + 1) if 0 <= at < len(group)]
        if len(neighbours) < 2 or any(isinstance(node, syntax.Operator) for node in neighbours):
            group[position] = _misplaced(self)
            return position + 1
        return int(super().replace_self(parser, group, position))


def _misplaced(operator: Any) -> WrongNode:
    wrong = WrongNode("operator", operator.text)
    wrong.set_range(operator.startchar, operator.endchar)
    return wrong


class _Quotes(plugins.Plugin):  # type: ignore[misc]
    class _Tagger(RegexTagger):  # type: ignore[misc]
        def create(self, parser: Any, match: re.Match[str]) -> Any:
            return QuotedNode(match["text"])

    class _Lone(RegexTagger):  # type: ignore[misc]
        def create(self, parser: Any, match: re.Match[str]) -> Any:
            return WrongNode("quote", match.group())

    def taggers(self, parser: Any) -> list[tuple[Any, int]]:
        return [(self._Tagger(QUOTED), -9), (self._Lone('["“”„]'), -8)]


class _Fields(plugins.FieldsPlugin):  # type: ignore[misc]
    class _Tagger(RegexTagger):  # type: ignore[misc]
        def create(self, parser: Any, match: re.Match[str]) -> Any:
            if field_named(match["text"]):
                return syntax.FieldnameNode(match["text"], match.group())
            return WrongNode("field", match["text"])

    def taggers(self, parser: Any) -> list[tuple[Any, int]]:
        start = rf"(?:{_START}|(?<=^-)|(?<=[\s(]-))"
        return [(self._Tagger(rf"{start}(?P<text>[^\W\d]\w*):(?=\S)"), -5)]


class _Words(plugins.Plugin):  # type: ignore[misc]
    class _Star(RegexTagger):  # type: ignore[misc]
        def create(self, parser: Any, match: re.Match[str]) -> Any:
            return StarNode(match.group())

    class _Every(RegexTagger):  # type: ignore[misc]
        def create(self, parser: Any, match: re.Match[str]) -> Any:
            return EveryNode()

    class _Fuzzy(RegexTagger):  # type: ignore[misc]
        def create(self, parser: Any, match: re.Match[str]) -> Any:
            return FuzzyNode(match["text"])

    def taggers(self, parser: Any) -> list[tuple[Any, int]]:
        start = r"(?<![^\s(:-])"
        return [
            (self._Every(rf"{_START}\*(?::\*)?{_END}"), 1),
            (self._Star(rf'{start}[^\s()"“”*:~]*\*[^\s()"“”]*'), 2),
            (self._Fuzzy(rf'{start}(?P<text>[^\s()"“”~:*]+)~1?{_END}'), 3),
        ]


def _operators() -> Any:
    tagger = plugins.OperatorsPlugin.OpTagger
    exclusion = tagger(
        rf"{_START}(?:(?:KHÔNG|NOT){_END}|-(?=[^\s()-]|\())",
        syntax.NotGroup,
        _Exclusion,
        leftassoc=False,
    )
    conjunction = tagger(rf"{_START}(?:VÀ|AND|&&){_END}", syntax.AndGroup, _Joint)
    disjunction = tagger(rf"{_START}(?:HOẶC|OR|\|\|){_END}", syntax.OrGroup, _Joint)
    return plugins.OperatorsPlugin(
        [(exclusion, -6), (conjunction, -6), (disjunction, -6)], clean=True
    )


def query_parser() -> Any:
    """Return the parser: words are joined by AND, by OR where it is written."""
    return QueryParser(
        None,
        None,
        plugins=[
            plugins.WhitespacePlugin(),
            plugins.GroupPlugin(),
            _Quotes(),
            _Fields(),
            _operators(),
            _Words(),
        ],
        group=syntax.AndGroup,
    )
