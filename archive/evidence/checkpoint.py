"""Checkpoints: how large a log is and what its root is, in three signed lines.

Source: C2SP tlog-checkpoint v1.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from archive.evidence.log import DIGEST_BYTES, MOST_LEAVES
from archive.evidence.notes import decoded

_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,19})\Z")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head."""

    origin: str
    """The log's own name."""
    size: int
    """Leaves."""
    root: bytes
    extensions: tuple[str, ...] = ()
    """Further lines of other logs; nothing is said about them."""

    def text(self) -> str:
        """Return the lines that are signed."""
        root = base64.b64encode(self.root).decode()
        return "".join(f"{one}\n" for one in (self.origin, self.size, root, *self.extensions))

    @classmethod
    def of_text(cls, text: str) -> Checkpoint:
        """Read the lines.

        Raises:
            ValueError: they are no tree head.
        """
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop() != "" or not all(lines):
            raise ValueError("a checkpoint has three lines, none of them empty")
        origin, size, root, *more = lines
        head = decoded(root)
        if len(head) != DIGEST_BYTES:
            raise ValueError("the root is not a SHA-256 digest")
        return cls(origin, tree_size(size), head, tuple(more))


def tree_size(text: str) -> int:
    """Return a number of leaves in decimal; raises ValueError."""
    if not _DECIMAL.match(text) or int(text) >= MOST_LEAVES:
        raise ValueError("the tree size is not a number")
    return int(text)
