"""The files of the pages: style, scripts, pdf.js; kept by browsers as long as they like."""

from __future__ import annotations

import mimetypes
from pathlib import Path

from starlette import staticfiles
from starlette.responses import Response
from starlette.types import Scope

mimetypes.add_type("text/javascript", ".mjs")
mimetypes.add_type("application/wasm", ".wasm")
mimetypes.add_type("font/ttf", ".ttf")


class StaticFiles(staticfiles.StaticFiles):
    """Everything below `web/static`."""

    def __init__(self) -> None:
        super().__init__(directory=Path(__file__).parent / "static")

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file; one whose address names its digest never changes."""
        response = await super().get_response(path, scope)
        versioned = b"v=" in scope.get("query_string", b"")
        life = "public, max-age=31536000, immutable" if versioned else "no-cache"
        response.headers["Cache-Control"] = life
        return response
