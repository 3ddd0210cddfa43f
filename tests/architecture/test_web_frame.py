"""The promises of the pages: words in both languages, what is shipped, who may see what."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from archive.viewers import PersonRole
from web import words

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "web" / "static" / "vendor"


def sources(*patterns: str) -> dict[str, str]:
    paths = (path for pattern in patterns for path in (ROOT / "web").rglob(pattern))
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in paths}


def test_both_languages_of_the_pages_have_the_same_words():
    vi, en = (words.catalogue(language) for language in words.LANGUAGES)

    holes = {
        key: [set(re.findall(r"\{(\w+)", text)) for text in (vi[key], en.get(key, ""))]
        for key in vi
    }
    assert sorted(vi) == sorted(en)
    assert [key for key, (one, other) in holes.items() if one != other] == []


def test_every_key_that_a_page_uses_has_words():
    used = set()
    for text in sources("*.html", "*.py").values():
        used |= set(re.findall(r"say\(\s*['\"]([a-z_0-9]+\.[\w.-]+)['\"](?! ?~)", text))
        used |= set(re.findall(r'Entry\("[^"]*", "(menu\.\w+)"', text))
    used |= {f"role.{role.value}" for role in PersonRole}

    assert sorted(key for key in used if not words.has(key)) == []


def test_templates_have_no_inline_script_or_style():
    pattern = re.compile(
        r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:", re.IGNORECASE
    )

    assert {name for name, text in sources("*.html").items() if pattern.search(text)} == set()


def test_nothing_names_another_host():
    pattern = re.compile(r"(?:src|href|action|url)[=(:]\s*[\"']?(?:https?:)?//", re.IGNORECASE)
    ours = {n: t for n, t in sources("*.html", "*.css", "*.js").items() if "/vendor/" not in n}

    assert {name for name, text in ours.items() if pattern.search(text)} == set()


def test_what_is_shipped_is_what_was_written_down():
    lines = (VENDOR / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    told = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    there = {
        str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name not in ("README.md", "SHA256SUMS")
    }

    assert there == told


def test_pages_find_dossiers_as_their_visitor_only():
    calls = re.compile(
        r"\b(?:access\.(?:find|search)|reading_room\.(?:look|glance|ask))\((.{0,160})", re.DOTALL
    )
    bare = {
        f"{name}: {found[0]}"
        for name, text in sources("*.py").items()
        for found in calls.finditer(text)
        if "viewer" not in found[1]
    }

    assert bare == set()
