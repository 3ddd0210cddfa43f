"""The forms of a page, read as a browser reads them, and filled in by somebody who means ill."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

TEXTUAL = {"text", "search", "tel", "url", "email", "password"}


@dataclass
class Field:
    """A field with the value that the page gives it."""

    name: str
    kind: str
    value: str = ""

    @property
    def free(self) -> bool:
        """Whether a person types into it what they like."""
        return self.kind in TEXTUAL or self.kind == "textarea"


@dataclass
class Form:
    """A form: where it goes, how, and its fields."""

    action: str
    method: str
    multipart: bool
    fields: list[Field] = field(default_factory=list)

    @property
    def is_multipart(self) -> bool:
        """Whether it carries files."""
        return self.multipart


class Reader(HTMLParser):
    """Reads the forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None
        self._select: Field | None = None
        self._area: Field | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told: dict[str, Any] = dict(attrs)
        if tag == "form":
            multipart = told.get("enctype") == "multipart/form-data"
            method = (told.get("method") or "get").lower()
            self._open = Form(told.get("action") or "", method, multipart)
            self.forms.append(self._open)
        elif self._open is not None and tag in ("input", "textarea", "select", "button"):
            self._field(tag, told)
        elif (tag == "option" and self._select is not None and "selected" in told) or (
            tag == "option" and self._select is not None and not self._select.value
        ):
            self._select.value = told.get("value") or ""

    def _field(self, tag: str, told: dict[str, Any]) -> None:
        assert self._open is not None
        kind = (told.get("type") or "text").lower() if tag == "input" else tag
        if not (name := told.get("name")) or "disabled" in told:
            return
        if kind == "radio" and "checked" not in told:
            return
        made = Field(name, kind, told.get("value") or ("on" if kind == "checkbox" else ""))
        self._open.fields.append(made)
        self._select = made if tag == "select" else self._select
        self._area = made if tag == "textarea" else self._area

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select":
            self._select = None
        elif tag == "textarea":
            self._area = None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self._area.value += data


def forms_of(page: str) -> list[Form]:
    """Return the forms of a page."""
    reader = Reader()
    reader.feed(page)
    return reader.forms
