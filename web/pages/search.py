"""Search: one box, facets, hits; every state has an address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from starlette.responses import Response

from archive import lists, overview, reading_room, saved_searches, suggestions
from archive.access import Answer, Found, Question
from archive.errors import NotHeld, QueryRejected, UsageError
from archive.masking import masked
from archive.search import Facet, Sort
from archive.viewers import Right
from web.rendering import attachment, marked, page, see_other
from web.visits import Visit, local_path, needs

router = APIRouter(include_in_schema=False)
FACETS: Final = ("year", "agency", "procedure", "status", "signature_outcome", "fonds", "access")
SPOKEN: Final = {"status": "status", "signature_outcome": "outcome", "access": "access"}
"""Facets whose values have words, and where these are."""
LIMIT: Final = 20
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


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

    def list_address(self, kind: str) -> str:
        """Return the address of the whole list as a file."""
        return self.address().replace("/search", f"/search/list.{kind}", 1)

    def question(self, limit: int = LIMIT) -> Question:
        """Return the question to the archive."""
        return Question(self.text or "*", self.filters, FACETS, self.sort, limit, self.cursor)

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
    return results(visit)


def results(visit: Visit, *, status: int = 200, error: str = "") -> Response:
    """Return the page for what its address asks."""
    wanted = asked(visit)
    answer = answered(visit, wanted)
    names = _names(visit, answer)
    other = (
        ()
        if answer.total
        else suggestions.suggestions(visit.archive, wanted.question(), visit.viewer)
    )
    return page(
        visit, "search.html", status=status, asked=wanted, answer=answer, error=error,
        facets=list(shown(visit, wanted, answer, names)), hits=[hit(each) for each in answer.found],
        chosen=list(chosen(visit, wanted, names)), sorts=list(Sort), suggested=other,
        address_of=lambda question: Asked(question.text, dict(question.filters), wanted.sort, None).address(),
        saved=saved_searches.listed(visit.archive, visit.person_id),
    )  # fmt: skip


def _names(visit: Visit, answer: Answer) -> Mapping[str, str]:
    codes = {facet.field: [each.value for each in facet.values] for facet in answer.facets}
    return overview.names_of(visit.archive, codes.get("agency", ()), codes.get("procedure", ()))


@router.post("/search/saved", response_class=HTMLResponse)
def save(visit: Visit = Depends(needs(Right.SEE))) -> Response:
    """Keep the search that is on the page."""
    address = local_path(visit.field("address"))
    if urlsplit(address).path != "/search":
        raise UsageError("this is no search")
    saved_searches.save(
        visit.archive, visit.person_id, visit.field("name"), urlsplit(address).query,
        shared=visit.field("shared") == "yes",
    )  # fmt: skip
    return see_other(address)


@router.post("/search/saved/{search_id}/forget")
def forget(search_id: str, visit: Visit = Depends(needs(Right.SEE))) -> Response:
    """Remove one's own saved search."""
    saved_searches.forget(visit.archive, visit.person_id, search_id)
    return see_other("/search")


@router.get("/search/list.{kind}")
def export(kind: str, visit: Visit = Depends(needs(Right.DOWNLOAD))) -> Response:
    """Give what a question finds as a list; that it was taken away is on record."""
    question = asked(visit).question()
    if kind == "csv":
        content, media = (
            lists.as_csv(visit.archive, question, visit.viewer, visit.person_id),
            "text/csv",
        )
    elif kind == "xlsx":
        content, media = lists.as_xlsx(visit.archive, question, visit.viewer, visit.person_id), XLSX
    else:
        raise NotHeld("there is no such page")
    return Response(content, media_type=media, headers=attachment(f"kho-{kind}.{kind}"))


def answered(visit: Visit, wanted: Asked, *, limit: int = LIMIT) -> Answer:
    """Ask the archive as the visitor; a stale cursor begins anew."""
    try:
        return reading_room.ask(
            visit.archive, wanted.question(limit), visit.viewer, person_id=visit.person_id
        )
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


def shown(
    visit: Visit, wanted: Asked, answer: Answer, names: Mapping[str, str]
) -> Iterable[tuple[Facet, list[ShownValue]]]:
    """Yield the facets that have something to choose."""
    for facet in answer.facets:
        values = [
            ShownValue(
                label(visit, facet.field, each.value, names), each.count,
                wanted.with_value(facet.field, each.value),
                each.value in wanted.filters.get(facet.field, ()),
            )
            for each in facet.values
        ]  # fmt: skip
        if len(values) > 1 or any(value.chosen for value in values):
            yield facet, values


def label(visit: Visit, facet: str, value: str, names: Mapping[str, str]) -> str:
    """Return a facet's value in words: a name with its code, where there is one."""
    if facet in SPOKEN:
        return visit.say(f"{SPOKEN[facet]}.{value}")
    name = names.get(value) if facet in ("agency", "procedure") else None
    return f"{name} ({value})" if name else value


def chosen(visit: Visit, wanted: Asked, names: Mapping[str, str]) -> Iterable[ShownValue]:
    """Yield the filters that are set, as links that take them away."""
    for facet, values in wanted.filters.items():
        for value in values:
            text = f"{visit.say(f'facet.{facet}')}: {label(visit, facet, value, names)}"
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
