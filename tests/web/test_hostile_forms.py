"""Script, markup and line breaks in every field of every form; forms from elsewhere.

Forms are read from the pages and routes from the application: new ones are tried by
themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from archive.viewers import Right
from tests.web import sights
from tests.web.browsing import Surf
from tests.web.client import Client
from tests.web.filled import Filled
from tests.web.forms import Field, Form, forms_of
from tests.web.sights import NOWHERE
from tests.web.test_matrix import FILLED, rights_of, routes
from web.rendering import attachment

MARKUP = '"><img src=x onerror=alert(1)><script>alert(1)</script>{{7919*104729}}${7919*104729}'
BREAKS = f"{MARKUP}\r\nX-Injected: 1\r\nSet-Cookie: injected=1"
RAW = re.compile(r"<img src=x|<script>alert|829348951")
LEAVES = ("/sign-out", "/preferences", "/account/password", "/account/second-factor")
ENDS = ("reject", "disable", "close", "return", "revoke", "forget", "confirm", "execute", "purge",
        "lift", "exclude", "approve", "review")  # fmt: skip
"""Acts after which other forms are not there any more: tried last."""


def test_what_is_typed_into_any_field_stays_text(place: Filled, look: Surf):
    forms = list(_forms(place))
    fields = {name for _, _, form in forms for name in _texts(form)}
    assert len(fields) > 40

    wrong = [told for account, page, form in forms for told in _tried(place, account, page, form)]

    assert wrong == []
    for path, sight in sights.every(sights.pages(place)):
        assert (path, _runs(look, sight)) == (path, [])


def _forms(place: Filled) -> Iterator[tuple[str | None, str, Form]]:
    """Yield every form once, with who may send it and its page; what ends things comes last."""
    found: dict[tuple[str, tuple[str, ...]], tuple[str | None, str, Form]] = {}
    for _, sight in sights.every(sights.pages(place)):
        if sight.status != 200 or sight.stage.value != "full":
            continue
        with place.client(sight.account) as client:
            for form in forms_of(client.get(sight.address).text):
                key = (re.sub(r"[0-9a-f-]{36}", "{id}", form.action), tuple(_texts(form)))
                if form.action not in LEAVES:
                    found.setdefault(key, (sight.account, sight.address, form))
    yield from sorted(found.values(), key=lambda each: each[2].action.rsplit("/", 1)[-1] in ENDS)


def _texts(form: Form) -> list[str]:
    return [each.name for each in form.fields if each.free]


def _tried(place: Filled, account: str | None, page: str, form: Form) -> Iterator[str]:
    """Send a form with markup in all fields at once, then in each one, hidden ones too."""
    given = [each for each in form.fields if each.name != "csrf"]
    rounds = [({each.name for each in given if each.free}, BREAKS)]
    rounds += [({each.name}, MARKUP) for each in given if each.free or each.kind == "hidden"]
    with place.client(account) as client:
        token = client.form_token(page)
        for hostile, text in rounds:
            answer = _sent(client, page, form, hostile, text, token)
            yield from _judged(answer, f"{form.action} {hostile}")


def _sent(
    client: Client, page: str, form: Form, hostile: set[str], text: str, token: str
) -> httpx.Response:
    values = {each.name: text if each.name in hostile else _usual(each) for each in form.fields}
    files = {each.name: (f"{MARKUP}.toml", MARKUP.encode()) for each in form.fields
             if each.kind == "file"}  # fmt: skip
    values = {name: value for name, value in values.items() if name not in files}
    action = form.action or page
    if form.method == "get":
        return client.get(action, params=values)
    values["csrf"] = token
    return client.post(action, data=values, files=files or None,
                       headers={"Origin": str(client.base_url)})  # fmt: skip


def _usual(each: Field) -> str:
    if each.value or each.kind in ("hidden", "select", "button"):
        return each.value
    return {"date": "2026-12-31", "number": "1"}.get(each.kind, "x")


def _judged(answer: httpx.Response, what: str) -> Iterator[str]:
    if answer.status_code >= 500 and answer.status_code != 503:  # 503: look again, then repeat
        yield f"{what}: {answer.status_code}"
    if found := RAW.search(answer.text):
        yield f"{what}: {answer.text[max(0, found.start() - 80) : found.end() + 40]!r}"
    if "x-injected" in answer.headers or "injected" in answer.headers.get("set-cookie", ""):
        yield f"{what}: a header came in"
    place = urlsplit(answer.headers.get("location", "/"))
    if place.netloc or place.scheme or not place.path.startswith("/"):
        yield f"{what}: leads to {answer.headers['location']}"


def _runs(look: Surf, sight: sights.Sight) -> list[str]:
    """Return what is on a page that nobody put there."""
    page = look.again(sight.account, sight.stage, sight.address)
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll('img[src=x], script:not([src]), [onerror], [onload]')]
                 .map(each => each.outerHTML.slice(0, 200))"""
    )
    return found


@pytest.mark.parametrize(
    "name", ['a"b.pdf', "a\r\nX-Injected: 1.pdf", "Giấy phép.pdf", "a;b=c\\.pdf", "\x00\x7f.pdf"]
)
def test_no_name_of_a_file_breaks_out_of_its_header(name: str):
    (value,) = attachment(name).values()

    assert value.isprintable()
    assert value.isascii()
    assert value.count('"') == 2
    assert re.fullmatch(
        r'attachment; filename="[^"]*"; filename\*=UTF-8\'\'[A-Za-z0-9%._~-]+', value
    )


def test_every_route_refuses_forms_from_elsewhere(place: Filled):
    """Without a token, with another session's, and from another site."""
    wrong = []
    for route in routes(place):
        for method in sorted((route.methods or set()) - {"GET", "HEAD"}):
            account = _who_may(place, rights_of(route) or ())
            with place.client(account) as client, place.client(account) as other:
                token, strange = client.form_token("/help"), other.form_token("/help")
                address = route.path.format_map(
                    {name: FILLED.get(name, NOWHERE) for name in route.param_convertors}
                )
                for told, csrf, headers in (
                    ("no token", "", {"Origin": place.base}),
                    ("another's token", strange, {"Origin": place.base}),
                    ("another site", token, {"Origin": "https://evil.example"}),
                    ("no site", token, {"Origin": "null"}),
                    ("cross-site", token, {"Sec-Fetch-Site": "cross-site"}),
                    ("same-site", token, {"Sec-Fetch-Site": "same-site"}),
                ):
                    answer = client.request(method, address, data={"csrf": csrf}, headers=headers)
                    if answer.status_code != 403:
                        wrong.append((method, route.path, told, answer.status_code))
    assert wrong == []


def _who_may(place: Filled, rights: tuple[Right, ...]) -> str:
    """Return an account that gets as far as the form."""
    return next(
        account for account, person in place.people.items()
        if not rights or any(map(person.viewer.may, rights))
    )  # fmt: skip
