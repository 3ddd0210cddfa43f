"""A browser without a screen."""

from __future__ import annotations

import html
import re
import ssl
from collections.abc import Mapping
from typing import Any

import httpx

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody; reading whom the system trusts takes longer than most pages, for each client."""
_FORM = re.compile(r"<form\b.*?</form>", re.DOTALL)
_ACTION = re.compile(r'action="([^"]*)"')
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)"')


class Client(httpx.Client):
    """A browser without a screen, for plain HTTP: keeps cookies, sends forms with their token."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(verify=NO_TLS, **settings)

    def form_token(self, path: str) -> str:
        """Return the token in the forms of a page."""
        text = self.get(path).text
        return text.partition('name="csrf" value="')[2].partition('"')[0]

    def submit(
        self, path: str, *, on: str | None = None, **fields: str | list[str]
    ) -> httpx.Response:
        """Send a form that is on the page `on` (by default at the same address)."""
        hidden = self.hidden(on or path, path, fields)
        return self.post(path, data={**hidden, **fields}, headers={"Origin": str(self.base_url)})

    def hidden(
        self, page: str, path: str, fields: Mapping[str, str | list[str]]
    ) -> dict[str, str | list[str]]:
        """Return what a page's form hides: that which goes to a path, and is about `fields`.

        Without such a form (somebody else's, one that is not shown) it is the token alone.
        """
        text = self.get(page).text
        for form in _FORM.findall(text):
            found = {html.unescape(n): html.unescape(v) for n, v in _HIDDEN.findall(form)}
            action = _ACTION.search(form)
            if action is None or html.unescape(action[1]) != path:
                continue
            if all(fields.get(name, value) == value for name, value in found.items()):
                return dict(found)
        return {"csrf": text.partition('name="csrf" value="')[2].partition('"')[0]}
