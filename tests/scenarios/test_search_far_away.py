"""Searching over a store that is far away: snippets are read several at once, each once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from threading import Barrier, Lock

from archive import access
from archive.access import Question
from archive.indexing import index_pending
from archive.model import ObjectName
from archive.storage.folder import FolderStore
from tests.archives import a_home, ingested, opened, submissions


class Far(FolderStore):
    """Answers a read only when another one waits too, so that reads in a row never end."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.url = "s3://far.example/kho"
        self.reads: Counter[tuple[ObjectName, int]] = Counter()
        self._two, self._lock = Barrier(2, timeout=60), Lock()

    def read(self, name: ObjectName, *, offset: int = 0, length: int | None = None) -> bytes:
        with self._lock:
            self.reads[name, offset] += 1
            first = sum(count for (n, _), count in self.reads.items() if n == name) == 1
        if first:
            self._two.wait()
        return super().read(name, offset=offset, length=length)


def test_the_snippets_of_a_page_are_read_at_once_and_each_only_once(tmp_path: Path):
    near = opened(a_home(tmp_path))
    ingested(near, submissions(tmp_path / "submitted", 4))
    index_pending(near)
    question = Question("giấy phép")
    expected = access.search(near, question)
    far = Far(Path(near.store.url.removeprefix("folder://")))
    archive = opened(near.settings.home, store=far)

    found = access.search(archive, question)

    assert [each.snippet for each in found.found] == [each.snippet for each in expected.found]
    assert len(found.found) == 4
    assert len({name for name, _ in far.reads}) == 4
    assert set(far.reads.values()) == {1}
