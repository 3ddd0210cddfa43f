"""Search: one box, facets, hits; every state has an address."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from starlette.responses import Response

from archive import reading_room
from archive.access import Answer, Found, Question
from archive.errors import QueryRejected
from archive.masking import masked
from archive.search import Facet, Sort
from archive.viewers import Right
from web.rendering import marked, page
from web.visits import Visit, needs

router = APIRouter(include_in_schema=False)
FACETS: Final = ("year", "agency", "procedure", "status", "signature_outcome", "fonds", "access")
SPOKEN: Final = {"status": "status", "signature_outcome": "outcome", "access": "access"}
"""Facets whose values have words, and where these are."""
LIMIT: Final = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of the page asks for."""

    text: str
    filters: dict[str, tuple[str, ...]]
    sort: Sort
    cursor: str | None

    def address(self, **changes: object) -> str:
        """Return the address of this question with something changed; the first page of it."""
        values = {"q": self.text, "sort": self.sort.value, **self.filters, **changes}
        pairs = [
            (name, each)
            for name, value in values.items()
            for each in (value if isinstance(value, tuple) else (value,))
            if each and not (name == "sort" and each == Sort.RELEVANCE.value)
        ]
        return "/search?" + urlencode(pairs) if pairs else "/search"

    def with_value(self, facet: str, value: str) -> str:
        """Return the address with a facet's value chosen, or no longer."""
        chosen = self.filters.get(facet, ())
        other = tuple(v for v in chosen if v != value) if value in chosen else (*chosen, value)
        return self.address(**{facet: other})


def asked(visit: Visit) -> Asked:
    """Read the page's address; what it does not know it leaves out."""
    query = visit.request.query_params
    sort = query.get("sort", "")
    return Asked(
        text=" ".join(query.get("q", "")[:500].split()),
        filters={f: tuple(dict.fromkeys(v)) for f in FACETS if (v := query.getlist(f))},
        sort=Sort(sort) if sort in set(Sort) else Sort.RELEVANCE,
        cursor=query.get("cursor") or None,
    )


@router.get("/search", response_class=HTMLResponse)
def search(visit: Visit = Depends(needs(Right.SEE))) -> Response:
    """Show what a question finds."""
    wanted = asked(visit)
    answer = answered(visit, wanted)
    return page(
        visit, "search.html", asked=wanted, answer=answer, facets=list(shown(visit, wanted, answer)),
        hits=[hit(each) for each in answer.found], chosen=list(chosen(visit, wanted)), sorts=list(Sort),
    )  # fmt: skip


def answered(visit: Visit, wanted: Asked, *, limit: int = LIMIT) -> Answer:
    """Ask the archive as the visitor; a stale cursor begins anew."""
    question = Question(
        wanted.text or "*", wanted.filters, FACETS, wanted.sort, limit, wanted.cursor
    )
    try:
        return reading_room.ask(visit.archive, question, visit.viewer)
    except QueryRejected:
        if wanted.cursor is None:
            raise
        return answered(visit, Asked(wanted.text, wanted.filters, wanted.sort, None), limit=limit)


@dataclass(frozen=True, slots=True)
class ShownValue:
    """A value of a facet as a link."""

    label: str
    count: int
    address: str
    chosen: bool


def shown(visit: Visit, wanted: Asked, answer: Answer) -> Iterable[tuple[Facet, list[ShownValue]]]:
    """Yield the facets that have something to choose."""
    for facet in answer.facets:
        values = [
            ShownValue(
                label(visit, facet.field, each.value), each.count,
                wanted.with_value(facet.field, each.value),
                each.value in wanted.filters.get(facet.field, ()),
            )
            for each in facet.values
        ]  # fmt: skip
        if len(values) > 1 or any(value.chosen for value in values):
            yield facet, values


def label(visit: Visit, facet: str, value: str) -> str:
    """Return a facet's value in words."""
    if facet in SPOKEN:
        return visit.say(f"{SPOKEN[facet]}.{value}")
    return value


def chosen(visit: Visit, wanted: Asked) -> Iterable[ShownValue]:
    """Yield the filters that are set, as links that take them away."""
    for facet, values in wanted.filters.items():
        for value in values:
            text = f"{visit.say(f'facet.{facet}')}: {label(visit, facet, value)}"
            yield ShownValue(text, 0, wanted.with_value(facet, value), True)


@dataclass(frozen=True, slots=True)
class Hit:
    """A dossier in the list; identity numbers are masked."""

    found: Found
    title: str
    applicant: str
    snippet: Markup | None


def hit(found: Found) -> Hit:
    """Return a hit as the list shows it."""
    dossier, snippet = found.holding.dossier, found.snippet
    text = None
    if snippet is not None and snippet.marks:
        text = marked(masked(snippet.text), snippet.marks)
    return Hit(found, masked(dossier.title), masked(dossier.applicant.name), text)
