"""Rendering: templates, what they can call, dates and sizes as people read them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from markupsafe import Markup, escape
from starlette.responses import Response

from archive import spoken
from archive.assembly import VIETNAM
from archive.masking import masked
from archive.reports import charts
from web import navigation, words
from web.visits import SAFE, VISITOR, Visit, cookie_name, cookie_options

HERE: Final = Path(__file__).parent
_MARK: Final = Markup("<mark>")
_MARKED: Final = Markup("</mark>")
_UNITS: Final = ("B", "KB", "MB", "GB", "TB")


@cache
def environment() -> Environment:
    """Return the templates; everything is escaped, and a name that is not there is an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        day=day,
        isoday=isoday,
        moment=moment,
        instant=instant,
        size=size,
        marked=marked,
        masked=masked,
        number=number,
        opened=opened,
    )
    made.globals.update(
        static=static,
        say=_say,
        csrf=_csrf,
        event_name=_event_name,
        has_words=words.has,
        told=_told,
        help_address=_help_address,
        bar=bar,
    )
    return made


@pass_context
def _say(context: Any, key: str, /, **values: object) -> str:
    """Words in the visitor's language. A macro imported `with context` has them too."""
    visit: Visit = context["visit"]
    return visit.say(key, **values)


@pass_context
def _told(context: Any, text: str | None) -> str:
    """What the archive says (a finding, a reason, an error) in the visitor's language."""
    visit: Visit = context["visit"]
    return spoken.vietnamese(text or "") if visit.language == "vi" else text or ""


@pass_context
def _event_name(context: Any, kind: str) -> str:
    """Return an event's type in words; the standard's own term if there are none."""
    visit: Visit = context["visit"]
    key = f"event.{kind.replace(' ', '_')}"
    return visit.say(key) if words.has(key) else kind.capitalize()


@pass_context
def _help_address(context: Any) -> str:
    """Return where the help on this page is: its topic is the first part of the address."""
    visit: Visit = context["visit"]
    topic = visit.request.url.path.split("/")[1] or "home"
    there = (HERE / "templates" / "help" / visit.language / f"{topic}.html").is_file()
    return f"/help/{topic}" if topic.replace("-", "").isalpha() and there else "/help"


@pass_context
def _csrf(context: Any) -> Markup:
    """Return the hidden field that every form has."""
    visit: Visit = context["visit"]
    return Markup('<input type="hidden" name="csrf" value="{}">').format(visit.csrf)


def bar(counts: Mapping[str, int], most: int) -> Markup:
    """Return a bar for a table's cell."""
    return Markup(charts.bar(counts, most))  # noqa: S704 - built of numbers and escaped keys


def page(visit: Visit, template: str, /, *, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page.

    Args:
        visit: who looks.
        template: its name in `web/templates`.
        status: of the answer.
        values: what the template shows; `visit`, `say`, `menu` and `archive_name` are there.
    """
    text = (
        environment()
        .get_template(template)
        .render(
            visit=visit,
            menu=navigation.menu(visit),
            archive_name=visit.archive.settings.text("archive.name"),
            test=visit.archive.test,
            **values,
        )
    )
    answer = HTMLResponse(text, status)
    with_cookies(visit, answer)
    return answer


def with_cookies(visit: Visit, response: Response) -> None:
    """Give a visitor who is not signed in the cookie that forms are checked with."""
    request = visit.request
    name = cookie_name(request, VISITOR)
    if visit.secret and visit.stay is None and request.cookies.get(name) != visit.secret:
        response.set_cookie(name, visit.secret, **cookie_options(request))


def see_other(address: str) -> RedirectResponse:
    """Send the browser to another page of ours after a form."""
    return RedirectResponse(address, 303)


def is_partial(visit: Visit) -> bool:
    """Whether htmx asks, which takes what it needs out of the page."""
    return visit.request.headers.get("hx-request") == "true" and visit.request.method in SAFE


@cache
def static(name: str) -> str:
    """Return the address of a file in `web/static`, which changes when the file does."""
    digest = hashlib.sha256((HERE / "static" / name).read_bytes()).hexdigest()
    return f"/static/{name}?v={digest[:12]}"


def day(value: date | None) -> Markup:
    """Return a day as dd/mm/yyyy, with the ISO form as its title."""
    if value is None:
        return Markup("–")
    return _time(value.isoformat(), f"{value:%d/%m/%Y}")


def _time(iso: str, text: str) -> Markup:
    """Return the element for digits and signs that need no escaping; pages have hundreds."""
    return Markup(f'<time datetime="{iso}" title="{iso}">{text}</time>')  # noqa: S704


def isoday(text: str | None) -> Markup:
    """Return a day that is kept as ISO text."""
    return day(date.fromisoformat(text) if text else None)


def moment(value: datetime | None, *, seconds: bool = False) -> Markup:
    """Return a moment in Vietnam's time, with the ISO form as its title."""
    if value is None:
        return Markup("–")
    local = value.astimezone(VIETNAM)
    text = f"{local:%d/%m/%Y %H:%M:%S}" if seconds else f"{local:%d/%m/%Y %H:%M}"
    iso = local.isoformat(timespec="seconds")
    return _time(iso, text)


def instant(text: str) -> Markup:
    """Return a moment that the journal has as text."""
    return moment(datetime.fromisoformat(text), seconds=True)


def size(count: int) -> str:
    """Return bytes in a unit that is easy to read, with a comma for decimals."""
    value, unit = float(count), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    text = f"{value:.0f}" if unit == 0 or value >= 100 else f"{value:.1f}"
    return f"{text.replace('.', ',')} {_UNITS[unit]}"


def number(value: int) -> str:
    """Return a whole number with dots between the thousands."""
    return f"{value:,}".replace(",", ".")


def opened(text: str) -> str:
    """Return a text with its first letter upper case; the rest, such as names, as it is."""
    return text[:1].upper() + text[1:]


def marked(text: str, marks: tuple[tuple[int, int], ...]) -> Markup:
    """Return a text in which some places are marked."""
    parts, last = [], 0
    for start, end in marks:
        parts += [escape(text[last:start]), _MARK, escape(text[start:end]), _MARKED]
        last = end
    return Markup("").join([*parts, escape(text[last:])])


def attachment(name: str) -> dict[str, str]:
    """Return the header with which a browser saves a file under a name, whatever is in it."""
    from urllib.parse import quote

    plain = "".join(c if c.isascii() and (c.isalnum() or c in "._- ") else "_" for c in name)
    return {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    }
