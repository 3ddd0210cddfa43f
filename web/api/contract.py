"""The contract: OpenAPI 3.1 of the API, with the very schemas of the command line's documents.

`schemas/openapi-1.json` is what was agreed; a test shows every change.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

VERSION: Final = "1.0.0"
PREFIX: Final = "/api/v1"
_COMMANDS: Final = ("show", "search", "retention-explain", "retention-due", "journal-list",
                    "hold-list", "receipt")  # fmt: skip
_PLACES: Final = {"urn:kho:schema:dossier-1": "dossier", "urn:kho:schema:problem": "problem"}
_COMMON: Final = "urn:kho:schema:common#/$defs/"
_API: Final = "urn:kho:schema:api-1#/$defs/"


def told(schema: str, description: str, **headers: str) -> dict[str, Any]:
    """Return how an answer of a component's shape is documented."""
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content, **_headers(headers)}


def bytes_told(description: str, *media_types: str, **headers: str) -> dict[str, Any]:
    """Return how an answer of bytes is documented."""
    content: dict[str, Any] = {each: {} for each in media_types or ("application/octet-stream",)}
    return {"description": description, "content": content, **_headers(headers)}


def _headers(headers: dict[str, str]) -> dict[str, Any]:
    named = {
        name.replace("_", "-"): {"description": text, "schema": {"type": "string"}}
        for name, text in headers.items()
    }
    return {"headers": named} if named else {}


PROBLEM: Final = {
    "description": "What is the case, where, why, and what to try (RFC 9457)",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/problem"}}},
}
ERRORS: Final[dict[int | str, dict[str, Any]]] = {
    401: PROBLEM,
    403: PROBLEM,
    429: {
        **PROBLEM,
        "headers": {
            "Retry-After": {"description": "Seconds to wait", "schema": {"type": "integer"}}
        },
    },
    "default": PROBLEM,
}


def document(app: FastAPI) -> dict[str, Any]:
    """Return the contract of an application."""
    from web.api import ROUTERS

    routes = [route for router in ROUTERS for route in router.routes]
    made = get_openapi(
        title="Kho",
        version=VERSION,
        openapi_version="3.1.0",
        summary="An archive of dossiers of administrative procedures, for other systems",
        description=(
            "Every answer has `X-Request-Id`. Errors are problems by RFC 9457 with the codes of "
            "the command line. What a token's system may not see is as if it were not there."
        ),
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        routes=routes,
    )
    made.setdefault("components", {}).setdefault("schemas", {}).update(components())
    return made


@cache
def components() -> dict[str, Any]:
    """Return the shapes: those of `schemas/`, with references as OpenAPI has them."""
    folder = resources.files("schemas")
    shapes: dict[str, Any] = {}
    for name in _COMMANDS:
        text = (folder / "commands" / f"{name}.schema.json").read_text(encoding="utf-8")
        shapes[name] = json.loads(text)
    common = (folder / "commands" / "common.schema.json").read_text(encoding="utf-8")
    shapes.update(json.loads(common)["$defs"])
    shapes["dossier"] = json.loads((folder / "dossier-1.schema.json").read_text(encoding="utf-8"))
    shapes["problem"] = _problem(
        json.loads((folder / "problem.schema.json").read_text(encoding="utf-8"))
    )
    own = (folder / "api-1.schema.json").read_text(encoding="utf-8")
    shapes.update(json.loads(own)["$defs"])
    return {name: _placed(shape, name) for name, shape in sorted(shapes.items())}


def _problem(shape: dict[str, Any]) -> dict[str, Any]:
    """Return the problem of the command line with what HTTP adds."""
    more = {"status": {"type": "integer"}, "request_id": {"type": "string"}}
    needed = [name for name in shape["required"] if name not in ("exit_code", "instance")]
    return {
        **shape, "properties": {**shape["properties"], **more}, "required": [*needed, "status"],
    }  # fmt: skip


def _placed(value: Any, name: str) -> Any:
    """Return a schema whose references point into `#/components/schemas`."""
    if isinstance(value, list):
        return [_placed(each, name) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {k: _placed(v, name) for k, v in value.items() if k not in ("$schema", "$id")}
    if isinstance(kept.get("$ref"), str):
        kept["$ref"] = _target(kept["$ref"], name)
    return kept


def _target(reference: str, name: str) -> str:
    for own in (_COMMON, _API):
        if reference.startswith(own):
            return f"#/components/schemas/{reference.removeprefix(own)}"
    place, _, pointer = reference.partition("#")
    owner = _PLACES.get(place, name)
    return f"#/components/schemas/{owner}{pointer}"
