"""A browser without a screen."""

from __future__ import annotations

import ssl
from typing import Any

import httpx

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody; reading whom the system trusts takes longer than most pages, for each client."""


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
        token = self.form_token(on or path)
        return self.post(
            path, data={"csrf": token, **fields}, headers={"Origin": str(self.base_url)}
        )
