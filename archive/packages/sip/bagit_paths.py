"""Paths as manifests write them, and the files on disk that they mean.

Source: RFC 8493, sections 2.1.3 (percent encoding), 5.1 (special characters), 6.1.1
(normalization); the drafts before it encoded nothing but line ends.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from archive.findings import Finding, Severity
from archive.packages.names import shown

_ENCODED = re.compile(r"%(0[AaDd]|25)")
_BARE_PERCENT = re.compile(r"%(?!0[AaDd]|25)")
_ELSEWHERE = re.compile(r"[/~]|[A-Za-z]:|\\\\")


class Paths:
    """The files of a bag by the paths that may stand for them."""

    def __init__(self, names: Iterable[str], *, is_rfc: bool, findings: list[Finding]) -> None:
        """Take the names on disk; what is odd about a listed path goes into `findings`."""
        self._is_rfc = is_rfc
        self._findings = findings
        self._places: dict[str, str] = {}
        known = list(names)
        for form in (_as_is, _nfc, _folded):
            for name in known:
                self._places.setdefault(form(name), name)

    def inside(self, path: str, where: str, rule: str, *, payload: bool) -> str | None:
        """Return a listed path without `./`, None (and a finding) if it may not be there."""
        if path.startswith("./"):
            path = path[2:].lstrip("/")
            self._warn(rule, where, "the path begins with `./`, which is superfluous")
        parts = path.split("/")
        if _ELSEWHERE.match(path) or ".." in parts:
            self._refuse("BAGIT-5.1", where, f"the path leads out of the bag: {shown(path)}")
        elif "." in parts or "" in parts:
            self._refuse(rule, where, f"the path has an empty part or `.`: {shown(path)}")
        elif payload and parts[0] != "data":
            self._refuse(rule, where, f"is not in the payload folder: {shown(path)}")
        else:
            return path
        return None

    def find(self, path: str, where: str, rule: str) -> str | None:
        """Return the name on disk of a listed path, None if there is no such file."""
        decoded = _ENCODED.sub(lambda match: chr(int(match[1], 16)), path)
        forms = (decoded, path) if self._is_rfc else (path, decoded)
        for form in forms:
            if self._places.get(form) == form:
                if self._is_rfc and (_BARE_PERCENT.search(path) or form != decoded):
                    self._warn(rule, where, "a percent sign in a name must be written as %25")
                return form
        for form in forms:
            if place := self._places.get(_nfc(form)) or self._places.get(_folded(form)):
                message = f"is {shown(place)} on disk: another case or Unicode form"
                self._warn("BAGIT-6.1.1", where, message)
                return place
            if place := self._places.get(form.rstrip(" \t")):
                self._warn(rule, where, "white space follows the path")
                return place
        return None

    def _warn(self, rule: str, where: str, message: str) -> None:
        self._findings.append(Finding(rule, Severity.WARNING, where, message))

    def _refuse(self, rule: str, where: str, message: str) -> None:
        self._findings.append(Finding(rule, Severity.ERROR, where, message))


def _as_is(name: str) -> str:
    return name


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
