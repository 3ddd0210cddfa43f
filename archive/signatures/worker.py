"""What runs in the child process of the signature check: one file in, JSON values out.

Called through `archive.sandbox`; see `check`. Everything that a hostile file can raise is
caught here and becomes an indeterminate verdict.
"""

from __future__ import annotations

import gc
import logging
import sys
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from archive.model import PackagePath, Verdict
from archive.signatures.asked import Asked
from archive.signatures.grounds import Grounds
from archive.signatures.kinds import Kind, kind_of
from archive.signatures.last_file import content_of
from archive.signatures.last_file import forget as forget_file
from archive.signatures.readers import Names, Readers
from archive.signatures.trust import TrustStore
from archive.signatures.verdicts import to_json, unread

if TYPE_CHECKING:
    from archive.signatures.prepared import Prepared
    from archive.signatures.sunset import Verdicts

_BANNED = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto")
_MAX_STORES = 4
_NONE: Names = (None, None)
_CALLS_PER_COLLECTION = 64
_CALLS_TO_WARM_UP = 2
_stores: OrderedDict[str, TrustStore] = OrderedDict()


class _State:
    """What a child keeps between calls."""

    ready = False
    calls = 0


def check(
    trust_digest: str,
    trust: Mapping[str, list[object]] | None,
    kind: str,
    file: str,
    path: str,
    at: str,
    known_at: str | None,
    max_bytes: int,
    others: Mapping[str, str],
    readers: Names,
    sunset: bool = False,
) -> dict[str, Any]:
    """Check one file.

    Args:
        trust_digest: of the trust store to use.
        trust: the store itself, or None in the hope that this child knows it.
        kind: see `kinds.Kind`.
        file: where the file lies.
        path: its name in the package.
        at: time of validation, ISO 8601.
        known_at: a time at which the file is known to have existed, or None.
        max_bytes: larger files are not checked.
        others: files that it may refer to: by URI, and under "" the one that a detached
            CMS signature is over.
        readers: names of the modules of `readers.Readers`.
        sunset: whether to find out until when what passes can be proven.

    Returns:
        `{"unknown_trust": True}`, or `verdicts`, their `grounds`, and `material`.
    """
    from archive.signatures.pdf_once import forget

    _set_up()
    store = _store(trust_digest, trust)
    if store is None:
        return {"unknown_trust": True}
    _tidy()
    size = Path(file).stat().st_size
    if size > max_bytes:
        reason = f"the file has {size} bytes; more than {max_bytes} are not checked"
        return _answer((_unread(path, reason, kind),), {}, refused=reason)
    when = datetime.fromisoformat(at)
    known = None if known_at is None else datetime.fromisoformat(known_at)
    asked = Asked(Path(file), PackagePath(path), when, known, max_bytes, others)
    try:
        answer = _checked(Kind(kind), asked, store, readers)
        return _watched(answer, Kind(kind), asked, store, readers) if sunset else answer
    finally:
        forget()
        forget_file()


def check_pdfs(
    trust_digest: str,
    trust: Mapping[str, list[object]] | None,
    files: Sequence[tuple[str, str]],
    at: str,
    max_bytes: int,
    sunset: bool,
) -> dict[str, Any]:
    """Check those of several files that are PDFs with signatures.

    Args:
        trust_digest: see `check`.
        trust: see `check`.
        files: where each lies, and its name in the package.
        at: see `check`.
        max_bytes: see `check`.
        sunset: see `check`.

    Returns:
        `{"unknown_trust": True}`, or `answers`: for each file what `check` returns, None if
        it has no signatures, or `{"kind": …}` if it is of another kind, which is not checked.
    """
    if _store(trust_digest, trust) is None:
        return {"unknown_trust": True}
    answers: list[dict[str, Any] | None] = []
    for file, path in files:
        kind = kind_of(Path(file), path, content_of)
        if kind is not Kind.PDF:
            answers.append(None if kind is None else {"kind": kind.value})
            continue
        answers.append(
            check(trust_digest, None, kind, file, path, at, None, max_bytes, {}, _NONE, sunset)
        )
    forget_file()
    return {"answers": answers}


def _watched(
    answer: dict[str, Any], kind: Kind, asked: Asked, store: TrustStore, readers: Names
) -> dict[str, Any]:
    """Add until when each signature that passed stays so."""
    from archive.signatures import files
    from archive.signatures.watch import with_sunsets

    reading = Readers.imported(readers)

    def again(asked: Asked, prepared: Prepared) -> Verdicts:
        return files.probed(kind, asked, prepared, reading)

    return with_sunsets(answer, asked, store, again)


def _checked(kind: Kind, asked: Asked, store: TrustStore, readers: Names) -> dict[str, Any]:
    """Validate a file and catch what it makes the libraries raise."""
    from archive.signatures import files
    from archive.signatures.prepared import prepare

    path = asked.path
    try:
        outcome = files.validate(kind, asked, prepare(store), Readers.imported(readers))
    except MemoryError:
        raise  # the sandbox reports it and replaces this child
    except files.Unreadable as error:
        return _answer((_unread(path, str(error), kind),), {}, refused=str(error))
    except Exception as error:  # noqa: BLE001  the boundary: a crash costs one file
        reason = f"the check failed on this file ({type(error).__name__})"
        return _answer((_unread(path, reason, kind),), {}, refused=reason)
    return _answer(outcome.verdicts, outcome.material, outcome.grounds)


def _answer(
    verdicts: tuple[Verdict, ...],
    material: dict[str, bytes],
    found: Sequence[Grounds] = (),
    refused: str | None = None,
) -> dict[str, Any]:
    """Return the answer for the parent."""
    told = [to_json(one) for one in verdicts]
    rests = [one.to_json() for one in found or [Grounds()] * len(verdicts)]
    return {"verdicts": told, "grounds": rests, "material": material, "refused": refused}


def _unread(path: str, reason: str, kind: str) -> Verdict:
    """Return the verdict on a file that could not be checked."""
    return unread(PackagePath(path), reason, Kind(kind))


def _store(digest: str, stated: Mapping[str, list[object]] | None) -> TrustStore | None:
    """Return the trust store with this digest."""
    known = _stores.get(digest)
    if known is None and stated is not None:
        known = TrustStore.from_json(stated)
        if known.digest != digest:
            raise ValueError("the trust store is not the one that was announced")
        _stores[digest] = known
        while len(_stores) > _MAX_STORES:
            _stores.popitem(last=False)
    return known


def _set_up() -> None:
    """Prepare this process: no network, no logs, the bulk reader."""
    if _State.ready:
        return
    from archive.signatures import fastread

    sys.addaudithook(_no_network)
    logging.disable(logging.CRITICAL)
    fastread.install()
    gc.disable()
    _State.ready = True


def _no_network(event: str, _arguments: object) -> None:
    """Refuse every connection: nothing in a check may ask the network."""
    if event in _BANNED:
        raise PermissionError("a signature check does not use the network")


def _tidy() -> None:
    """Collect cycles now and then; collecting all the time costs a third of a check.

    What is there after the first call are libraries: they are not looked through again.
    """
    _State.calls += 1
    if _State.calls == _CALLS_TO_WARM_UP:
        gc.collect()
        gc.freeze()
    elif _State.calls % _CALLS_PER_COLLECTION == 0:
        gc.collect()
