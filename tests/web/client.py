"""A browser without a screen."""

from __future__ import annotations

import httpx


class Client(httpx.Client):
    """A browser without a screen: keeps cookies, sends forms with their token."""

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
