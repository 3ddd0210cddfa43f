"""Opening the index that the settings name; loads only the engine that is asked for."""

from __future__ import annotations

from pathlib import Path

from archive.errors import UsageError
from archive.search import SearchIndex

ENGINES = ("tantivy", "whoosh")


def open_index(engine: str, folder: Path) -> SearchIndex:
    """Return the index in a folder, which is made when it is first used.

    Raises:
        UsageError: there is no such engine.
    """
    if engine == "tantivy":
        from archive.search.tantivy_engine import TantivyIndex

        return TantivyIndex(folder)
    if engine == "whoosh":
        from archive.search.whoosh_engine import WhooshIndex

        return WhooshIndex(folder)
    raise UsageError(
        f"there is no search engine {engine!r}", hint="search.engine is " + " or ".join(ENGINES)
    )
