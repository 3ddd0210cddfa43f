"""JSON from outside: parsed without losing anything, and held against Kho's schema.

Python's parser keeps the last of two equal keys and accepts NaN; a description that is
evidence may do neither. Messages never repeat a value: it may be a person's name.
"""

from __future__ import annotations

import codecs
import json
import re
import unicodedata
from collections.abc import Iterator
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NoReturn

from archive.findings import Finding, Severity
from archive.packages.json_fit import Fits, fitting
from archive.packages.legacy_text import has_suspects, looks_legacy

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

SCHEMA_FILE = "dossier-1.schema.json"
_MAX_DEPTH = 32
_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_UNKEEPABLE = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ODD = re.compile(f"{_UNKEEPABLE.pattern}|\ufffd")
_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}

_error = partial(Finding, severity=Severity.ERROR)
_warning = partial(Finding, severity=Severity.WARNING)


def parse(source: bytes, name: str, *, max_bytes: int) -> tuple[object, list[Finding]]:
    """Parse a JSON file.

    Args:
        source: the file's bytes; UTF-8, a byte order mark is tolerated.
        name: of the file, for the findings.
        max_bytes: what is longer is not parsed.

    Returns:
        The content, None if it cannot be parsed, and findings: syntax, encoding, duplicate
        keys (each with its JSON pointer), damaged or legacy text.
    """
    if len(source) > max_bytes:
        message = f"has {len(source)} bytes; {max_bytes} are taken"
        return None, [_error("KHO-JSON-SIZE", path=name, message=message)]
    found: list[Finding] = []
    if source.startswith(codecs.BOM_UTF8):
        source = source[len(codecs.BOM_UTF8) :]
        found.append(_warning("KHO-JSON-BOM", path=name, message="begins with a byte order mark"))
    try:
        content = _loads(source.decode("utf-8"))
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 (byte {error.start})"
        return None, [*found, _error("KHO-JSON-ENCODING", path=name, message=message)]
    except json.JSONDecodeError as error:
        message = f"is not JSON: line {error.lineno}, column {error.colno}: {error.msg}"
        return None, [*found, _error("KHO-JSON-SYNTAX", path=name, message=message)]
    except _TooDeep:
        message = f"is nested more than {_MAX_DEPTH} deep"
        return None, [*found, _error("KHO-JSON-DEPTH", path=name, message=message)]
    except ValueError as error:
        message = f"is not JSON: {error}"
        return None, [*found, _error("KHO-JSON-SYNTAX", path=name, message=message)]
    if _has_nothing_odd(content):
        return content, found
    places = list(_walk(content))
    found += _duplicate_keys(places, name)
    found += _text_findings(places, name)
    return content, found


def shape_findings(content: Any, name: str) -> Iterator[Finding]:
    """Hold parsed content against `schemas/dossier-1.schema.json`."""
    if _fits()(content):
        return
    for error in _validator().iter_errors(content):
        yield from _as_findings(error, name)


def composed(content: object) -> object:
    """Return the content with all text in NFC."""
    if isinstance(content, str):
        return unicodedata.normalize("NFC", content)
    if isinstance(content, list):
        return [composed(item) for item in content]
    if isinstance(content, dict):
        return {composed(key): composed(value) for key, value in content.items()}
    return content


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a description."""
    text = files("schemas").joinpath(SCHEMA_FILE).read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


class _TooDeep(ValueError):
    pass


class _Object(dict[str, object]):
    """A JSON object that remembers which of its keys came more than once."""

    repeated: tuple[str, ...] = ()


def _loads(text: str) -> object:
    _check_depth(text)
    return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse)


def _check_depth(text: str) -> None:
    if text.count("[") + text.count("{") <= _MAX_DEPTH:
        return
    depth = 0
    for match in _BRACKETS.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        if depth > _MAX_DEPTH:
            raise _TooDeep


def _object(pairs: list[tuple[str, object]]) -> _Object:
    content = _Object(pairs)
    if len(content) < len(pairs):
        keys = [key for key, _ in pairs]
        content.repeated = tuple(key for key in content if keys.count(key) > 1)
    return content


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON value")


def _pointer(*parts: object) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def _walk(content: object, pointer: str = "") -> Iterator[tuple[str, object]]:
    yield pointer, content
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _walk(value, pointer + _pointer(key))
    elif isinstance(content, list):
        for index, value in enumerate(content):
            yield from _walk(value, pointer + _pointer(index))


def _has_nothing_odd(content: object) -> bool:
    """Tell at once, of nearly all that comes, that neither keys nor texts have findings."""
    texts: list[str] = []
    left = [content]
    while left:
        value = left.pop()
        if isinstance(value, str):
            texts.append(value)
        elif isinstance(value, dict):
            if isinstance(value, _Object) and value.repeated:
                return False
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)
    joined = "\n".join(texts)
    return _ODD.search(joined) is None and not has_suspects(joined)


def _duplicate_keys(places: list[tuple[str, object]], name: str) -> Iterator[Finding]:
    for pointer, value in places:
        if isinstance(value, _Object):
            for key in value.repeated:
                path = f"{name}#{pointer}{_pointer(key)}"
                message = "the key occurs more than once; which value is meant?"
                yield _error("KHO-JSON-DUPLICATE-KEY", path=path, message=message)


def _text_findings(places: list[tuple[str, object]], name: str) -> Iterator[Finding]:
    texts = [(pointer, value) for pointer, value in places if isinstance(value, str)]
    for pointer, text in texts:
        if text.isascii() and text.isprintable():
            continue
        if reason := _unkeepable(text):
            yield _error("KHO-TEXT-CONTROL", path=f"{name}#{pointer}", message=reason)
        if "\ufffd" in text:
            message = "the text was damaged before it came here (U+FFFD)"
            yield _warning("KHO-TEXT-DAMAGED", path=f"{name}#{pointer}", message=message)
    message = "the text looks like TCVN3 or VNI, not Unicode; convert it at its source"
    if looks_legacy("\n".join(text for _, text in texts)):
        yield _warning("KHO-TEXT-LEGACY", path=name, message=message)
        return
    for pointer, text in texts:
        if looks_legacy(text, least=2):
            yield _warning("KHO-TEXT-LEGACY", path=f"{name}#{pointer}", message=message)


def _unkeepable(text: str) -> str | None:
    """Say why XML could not carry the text, None if it can."""
    found = _UNKEEPABLE.search(text)
    if found is None:
        return None
    if "\ud800" <= found[0] <= "\udfff":
        return "has half of a surrogate pair, which is no character"
    return "has a control character, which no metadata format can keep"


@cache
def _validator() -> Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(_whole_schema())


@cache
def _fits() -> Fits:
    return fitting(_whole_schema())


def _whole_schema() -> dict[str, Any]:
    own = schema()
    whole: dict[str, Any] = _inlined(own, own)
    return whole


def _inlined(part: Any, own: dict[str, Any]) -> Any:
    """Return a part of a schema with its references replaced by what they refer to.

    They go to `$defs` and in no circle. Following them takes half of the validator's time.
    """
    if isinstance(part, list):
        return [_inlined(one, own) for one in part]
    if not isinstance(part, dict):
        return part
    if "$ref" in part:
        target = own["$defs"][part["$ref"].removeprefix("#/$defs/")]
        return _inlined({**target, **{k: v for k, v in part.items() if k != "$ref"}}, own)
    return {key: _inlined(value, own) for key, value in part.items()}


def _as_findings(error: Any, name: str) -> Iterator[Finding]:
    pointer = _pointer(*error.absolute_path)
    match error.validator:
        case "required":
            for key in error.validator_value:
                if key not in error.instance:
                    path = f"{name}#{pointer}{_pointer(key)}"
                    yield _error("KHO-JSON-REQUIRED", path=path, message="is missing")
        case "additionalProperties":
            for key in error.instance:
                if key not in error.schema.get("properties", {}):
                    path = f"{name}#{pointer}{_pointer(key)}"
                    yield _error("KHO-JSON-UNKNOWN", path=path, message=_unknown(key, error))
        case "type":
            message = f"is {_kind(error.instance)}, expected {_expected(error.validator_value)}"
            yield _error("KHO-JSON-TYPE", path=f"{name}#{pointer}", message=message)
        case "enum":
            message = f"expected one of {', '.join(error.validator_value)}"
            yield _error("KHO-JSON-VALUE", path=f"{name}#{pointer}", message=message)
        case "anyOf":
            message = "dossierCode is missing"
            path = f"{name}#{pointer}/dossierCode"
            yield _error("KHO-JSON-REQUIRED", path=path, message=message)
        case other:
            message = _rule(str(other), error.validator_value)
            yield _error("KHO-JSON-VALUE", path=f"{name}#{pointer}", message=message)


def _unknown(key: str, error: Any) -> str:
    near = [known for known in error.schema["properties"] if known.lower() == key.lower()]
    return f"is not a known member{f'; did you mean {near[0]}?' if near else ''}"


def _kind(value: object) -> str:
    if value is None:
        return "null"
    kinds = {bool: "boolean", int: "number", float: "number", str: "string", list: "array"}
    return _WORDS[kinds.get(type(value), "object")]


def _expected(types: str | list[str]) -> str:
    names = [types] if isinstance(types, str) else types
    return " or ".join(_WORDS[name] for name in names)


def _rule(keyword: str, value: object) -> str:
    match keyword:
        case "minLength" | "minItems":
            return "is empty"
        case "minimum":
            return f"is less than {value}"
        case "pattern" if value == "\\S":
            return "is blank"
        case "pattern" if "{64}" in str(value):
            return "is not a SHA-256: 64 hex digits"
        case "pattern":
            return "a name in it does not have the form that the schema asks for"
        case "maxProperties" | "maxItems":
            return f"has more than {value} members"
        case _:
            return f"breaks the schema ({keyword})"
