"""CRLs that say something only together: base and delta, and lists for some reasons each.

Source: RFC 5280, sections 5.2.4 (delta), 5.2.5 (reasons, indirect) and 6.3.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from archive.signatures.certificates import Cert
from archive.signatures.crl_reader import ALL_REASONS, Crl, Entry
from archive.signatures.status import Answer

EntryOf = Callable[[Crl], Entry | None]


def answers(lists: Sequence[Crl], signer: Cert, entry_of: EntryOf) -> Iterator[Answer]:
    """Yield what lists of one signer say of one certificate.

    Args:
        lists: authentic, and about the certificate by their scope.
        signer: whose key they are signed with.
        entry_of: gives a list's entry for the certificate.
    """
    partial: list[Crl] = []
    deltas = [one for one in lists if one.base is not None and one.usable]
    for base in (one for one in lists if one.base is None):
        entry = entry_of(base)
        if entry is not None or (base.usable and base.reasons is None):
            yield _answer(signer, entry, base)
        elif base.usable:
            partial.append(base)
        if base.usable and base.reasons is None:
            for delta in (one for one in deltas if _applies(one, base)):
                changed = entry_of(delta) or entry
                removed = changed is not None and changed.removed
                yield _answer(signer, None if removed else changed, base, delta)
    covered = frozenset[object]().union(*(one.reasons or () for one in partial))
    if partial and covered >= ALL_REASONS:
        yield _answer(signer, None, *partial)


def _applies(delta: Crl, base: Crl) -> bool:
    """Return whether a delta CRL continues a base (6.3.3 c: same scope, numbers that meet)."""
    if delta.base is None or delta.number is None or base.number is None:
        return False
    same = delta.scope == base.scope and delta.indirect == base.indirect
    return same and delta.base <= base.number < delta.number


def _answer(signer: Cert, entry: Entry | None, first: Crl, *more: Crl) -> Answer:
    """Return what one or more lists say together; a delta is as new as itself."""
    every = (first, *more)
    delta = next((one for one in more if one.base is not None), None)
    newest = (delta,) if delta is not None else every
    dues = [one.due for one in newest]
    due: datetime | None = None if None in dues else min(d for d in dues if d is not None)
    return Answer(
        "CRL",
        first.sha256,
        min(one.issued for one in newest),
        due,
        entry.revoked_at if entry is not None else None,
        entry is not None and entry.on_hold,
        first.covers_expired_since,
        first.scheme,
        signer,
        tuple(one.sha256 for one in more),
    )
