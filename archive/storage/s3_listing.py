"""Listing an S3 bucket in byte order, whatever order the service has.

S3 promises the byte order of whole names. SeaweedFS keeps it within a page only: its pages
follow the folders (`a/b` before `a-b`), and `start-after` means something else there. So
the order is made here: one level after the other, and what lies below a level at once if it
is not too much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

AT_ONCE = 20_000
"""Names that are sorted in memory."""

Listed = Callable[[str, bool], Iterable[str]]
"""Lists the names that begin with a prefix; with True everything below, else one level, in
which the next levels appear as names that end in `/`."""


def in_byte_order(
    listed: Listed, prefix: str, after: str, *, at_once: int = AT_ONCE
) -> Iterator[str]:
    """Yield the names that begin with `prefix` and sort after `after`, in byte order."""
    below = list(islice(listed(prefix, True), at_once + 1))
    if len(below) <= at_once:
        yield from (name for name in sorted(set(below)) if name > after)
        return
    for name in sorted(set(listed(prefix, False))):
        if not name.endswith("/"):
            if name > after:
                yield name
        elif name != prefix and (name > after or after.startswith(name)):
            yield from in_byte_order(listed, name, after, at_once=at_once)
