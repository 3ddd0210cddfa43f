"""Readers that the check is given from outside of `signatures`, for its child processes.

They are given as modules, because a child imports them by their names.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archive.signatures.carried import RecordReader
    from archive.signatures.xades import XmlReader

Names = tuple[str | None, str | None]
"""The modules' names: for XML, for evidence records."""


@dataclass(frozen=True, slots=True)
class Readers:
    """What one check reads with."""

    xml: XmlReader | None = None
    records: RecordReader | None = None

    @classmethod
    def imported(cls, names: Names) -> Readers:
        """Import the readers by their names."""
        xml, records = names
        return cls(
            None if xml is None else import_module(xml),
            None if records is None else import_module(records),
        )
