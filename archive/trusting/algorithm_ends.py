"""Days on which digests and key sizes end: Kho's table, and earlier ones that two people set.

A key size is named by the largest keys that end: `rsa-2048` are RSA keys of at most 2048
bits. An end can only lie before the table's. Nobody ends anything for days that are past
without saying so: what passed on such a day would not have.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Self

from archive.assembly import Archive
from archive.catalogue import state
from archive.errors import NotPermitted, UsageError
from archive.fixity import sha256_of
from archive.signatures import trust
from archive.signatures.algorithms import OPEN_END, AlgorithmPolicy, key_size

TABLE = "ETSI TS 119 312 v1.5.1"
STATE = "state/trust/"
_SIZE = re.compile(r"(rsa|dsa|ecdsa)(\d+)")
_RULE = "a digest's day can be moved in the past only where it is said: --retroactive"


class Kind(StrEnum):
    """What a change does."""

    END_DIGEST = "end-digest"
    END_KEY_SIZE = "end-key-size"


_FIELDS = {Kind.END_DIGEST: "digest", Kind.END_KEY_SIZE: "key_size"}


class Origin(StrEnum):
    """Whence a day is."""

    TABLE = "table"
    """Kho's own table (`TABLE`)."""
    ARCHIVE = "archive"
    """Two people of this archive set it."""
    UNRECORDED = "unrecorded"
    """It stands in the trust folder, and no change that was made is on record for it."""


@dataclass(frozen=True, slots=True)
class AlgorithmEnd:
    """The first day on which a digest, or keys up to a size, do not count any more."""

    name: str
    """`sha256`, `sha3_256`, `rsa-2048` ..."""
    end: date | None
    """None: as Kho's table has it."""
    was: date | None
    """The archive's own day until now; None if it had none."""
    retroactive: bool = False
    """Whether it is said that days are concerned that are past."""

    @property
    def kind(self) -> Kind:
        """What the change does."""
        return Kind.END_KEY_SIZE if key_size(self.name) else Kind.END_DIGEST

    @property
    def sha256(self) -> str:
        """SHA-256 over what is changed, for the journal."""
        return sha256_of(json.dumps(self.to_json(), sort_keys=True).encode())

    def apply(self, folder: Any) -> None:
        """Make the change in a trust folder."""
        trust.set_algorithm_end(folder, self.name, self.end)

    def admit(self, archive: Archive) -> None:
        """Ask whether the change may be made now.

        Raises:
            NotPermitted: it would concern past days and does not say so, or the day that it
                changes was changed meanwhile.
        """
        hint = "kho trust withdraw, then kho trust expire again"
        if _own(archive).get(self.name) != self.was:
            raise NotPermitted(
                "the day was changed after this was proposed", where=self.name, hint=hint
            )
        if not self.retroactive and self.first_changed_day <= archive.today():
            raise NotPermitted(_RULE, where=self.name, hint=hint)

    @property
    def first_changed_day(self) -> date:
        """The first day whose answers differ."""
        return min(_counted(self.name, self.end), _counted(self.name, self.was))

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        days = {
            name: day.isoformat() if day else None
            for name, day in (("end", self.end), ("was", self.was))
        }
        told = {_FIELDS[self.kind]: self.name, **days, "retroactive": self.retroactive}
        return {"kind": self.kind.value, **told}

    @classmethod
    def from_json(cls, stated: Mapping[str, Any]) -> Self:
        """Return the change that `to_json` wrote."""
        end, was = (stated[name] and date.fromisoformat(stated[name]) for name in ("end", "was"))
        name = str(stated[_FIELDS[Kind(stated["kind"])]])
        return cls(name, end or None, was or None, bool(stated["retroactive"]))


def ends(
    archive: Archive, wanted: Mapping[str, date | None], *, retroactive: bool = False
) -> list[AlgorithmEnd]:
    """Return the changes that set the days of digests and key sizes.

    Args:
        archive: whose.
        wanted: by the name in any common spelling (`SHA-256`, `sha3_256`, `RSA-2048`), the
            first day on which it does not count; None: as Kho's table has it.
        retroactive: whether days may be concerned that are past.

    Raises:
        UsageError: a name is not known or named twice, a day would change nothing, or it
            concerns past days and that is not said.
        Rejected: the list that is there cannot be read.
    """
    own, found = _own(archive), {}
    for spelled, end in wanted.items():
        name = _name(spelled)
        if name in found:
            raise UsageError("a digest is named twice", where=spelled)
        change = AlgorithmEnd(name, end, own.get(name), retroactive)
        if _counted(name, end) == _counted(name, change.was):
            table = _counted(name, None)
            until = "no end" if table == date.max else table.isoformat()
            message = f"nothing would change: Kho's table says {until}"
            raise UsageError(message, where=spelled, hint="kho trust algorithms")
        if not retroactive and change.first_changed_day <= archive.today():
            raise UsageError(_RULE, where=spelled)
        found[name] = change
    return [*found.values()]


@dataclass(frozen=True, slots=True)
class Shown:
    """One digest or key size, until when it counts, and who says so."""

    name: str
    end: date | None
    """The first day on which it does not count; None: no end is set."""
    origin: Origin
    table: date | None
    """What Kho's own table says."""
    decision: Mapping[str, Any] | None
    """The change that set the day: proposal, proposed_by, confirmed_by, at, reason."""

    def to_json(self) -> dict[str, Any]:
        """Return the row as `kho trust algorithms --json` prints it."""
        kind = Kind.END_KEY_SIZE if key_size(self.name) else Kind.END_DIGEST
        told = asdict(self)
        return {_FIELDS[kind]: told.pop("name"), **told}


def shown(archive: Archive) -> list[Shown]:
    """Return every digest that Kho knows, in the order of its table."""
    own, made = _own(archive), _decisions(archive)
    return [_shown(name, own.get(name), made.get(name)) for name in AlgorithmPolicy().digests]


def shown_sizes(archive: Archive) -> list[Shown]:
    """Return the key sizes for which this archive has a day of its own, by name."""
    own, made = _own(archive), _decisions(archive)
    return [_shown(name, own[name], made.get(name)) for name in sorted(own) if key_size(name)]


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """A day in the trust folder that is not the one that was decided."""

    name: str
    end: date | None
    """What the trust folder has; None: nothing."""
    decided: date | None
    """What two people have set last; None: nothing, or that Kho's table counts."""


def unrecorded(archive: Archive) -> list[Unrecorded]:
    """Return the days that were put in, moved or taken out without a change on record.

    Raises:
        Rejected: the list that is there cannot be read.
    """
    own, made = _own(archive), _decisions(archive)
    decided = {name: one["end"] and date.fromisoformat(one["end"]) for name, one in made.items()}
    return [
        Unrecorded(name, own.get(name), decided.get(name))
        for name in sorted({*own, *decided})
        if own.get(name) != decided.get(name)
    ]


def _shown(name: str, own: date | None, made: Mapping[str, Any] | None) -> Shown:
    table, counted = _counted(name, None), _counted(name, own)
    origin, decision = Origin.TABLE, None
    if own is not None and counted < table:
        recorded = made is not None and made["end"] == own.isoformat()
        origin = Origin.ARCHIVE if recorded else Origin.UNRECORDED
        decision = made if recorded else None
    days = [None if day == date.max else day for day in (counted, table)]
    told = {k: v for k, v in decision.items() if k != "end"} if decision else None
    return Shown(name, days[0], origin, days[1], told)


def _decisions(archive: Archive) -> dict[str, dict[str, Any]]:
    """Return the last change that was made of each digest's day."""
    found: dict[str, dict[str, Any]] = {}
    for document in _documents(archive):
        for change in document["changes"]:
            if change["kind"] in {*Kind}:
                found[change[_FIELDS[Kind(change["kind"])]]] = {
                    "end": change["end"],
                    **{k: document[k] for k in ("proposed_by", "confirmed_by", "reason")},
                    "at": datetime.fromisoformat(document["at"]),
                }
    return found


def _documents(archive: Archive) -> Iterator[Any]:
    """Yield the changes of trust that were made, the oldest first."""
    with archive.catalogue.connect() as connection:
        found = {n: c for n, c in state.pending(connection) if n.startswith(STATE)}
    found |= {str(name): archive.store.read(name) for name in archive.store.names(STATE)}
    for name in sorted(found):
        yield json.loads(found[name])


def _own(archive: Archive) -> dict[str, date]:
    """Return the days of the trust folder, read anew."""
    folder = archive.settings.path("trust.folder")
    return {name: end.date() for name, end in trust.algorithm_ends(folder)}


def _counted(name: str, own: date | None) -> date:
    """Return the first day on which it does not count, `date.max` if none is set."""
    size, policy = key_size(name), AlgorithmPolicy()
    end = policy.size_good_until(*size) if size else policy.digests[name]
    return min(date.max if end == OPEN_END else end.date(), own or date.max)


def _name(spelled: str) -> str:
    """Return a digest's name as hashlib has it, or a key size's: kind and bits."""
    digests, plain = AlgorithmPolicy().digests, _plain(spelled)
    known = {_plain(name): name for name in digests}
    size = _SIZE.fullmatch(plain)
    name = f"{size[1]}-{size[2]}" if size else ""
    if plain not in known and not (key_size(name) and _counted(name, None) != date.min):
        names = ", ".join((*digests, "rsa-2048", "ecdsa-256", "dsa-2048"))
        raise UsageError(f"{spelled} is not a digest", where=spelled, hint=names)
    return known.get(plain, name)


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "").replace("_", "")
