"""What runs in the child process of the signature check: one file in, JSON values out.

Called through `archive.sandbox`; see `check`. Everything that a hostile file can raise is
caught here and becomes an indeterminate verdict.
"""

from __future__ import annotations

import gc
import logging
import sys
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from archive.model import PackagePath, Verdict
from archive.signatures.trust import TrustStore
from archive.signatures.verdicts import to_json

_BANNED = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto")
_MAX_STORES = 4
_CALLS_PER_COLLECTION = 64
_stores: OrderedDict[str, TrustStore] = OrderedDict()


class _State:
    """What a child keeps between calls."""

    ready = False
    calls = 0


def check(
    trust_digest: str,
    trust: Mapping[str, list[object]] | None,
    file: str,
    path: str,
    at: str,
    known_at: str | None,
    max_bytes: int,
) -> dict[str, Any]:
    """Check one PDF.

    Args:
        trust_digest: of the trust store to use.
        trust: the store itself, or None in the hope that this child knows it.
        file: where the PDF lies.
        path: its name in the package.
        at: time of validation, ISO 8601.
        known_at: a time at which the file is known to have existed, or None.
        max_bytes: larger files are not checked.

    Returns:
        `{"unknown_trust": True}`, or `verdicts` and `material`.
    """
    _set_up()
    store = _store(trust_digest, trust)
    if store is None:
        return {"unknown_trust": True}
    _tidy()
    size = Path(file).stat().st_size
    if size > max_bytes:
        reason = f"the file has {size} bytes; more than {max_bytes} are not checked"
        return _answer((_unread(path, reason),), {}, refused=reason)
    when = datetime.fromisoformat(at)
    known = None if known_at is None else datetime.fromisoformat(known_at)
    return _checked(Path(file), PackagePath(path), store, when, known)


def _checked(
    file: Path, path: PackagePath, store: TrustStore, at: datetime, known_at: datetime | None
) -> dict[str, Any]:
    """Validate a file and catch what it makes the libraries raise."""
    from archive.signatures.pades import PdfValidation
    from archive.signatures.pdf_file import UnreadablePdf
    from archive.signatures.prepared import prepare

    try:
        validation = PdfValidation(
            file.read_bytes(), path, prepare(store), at=at, known_at=known_at
        )
        outcome = validation.outcome()
    except MemoryError:
        raise  # the sandbox reports it and replaces this child
    except UnreadablePdf as error:
        return _answer((_unread(path, str(error)),), {}, refused=str(error))
    except Exception as error:  # noqa: BLE001  the boundary: a crash costs one file
        reason = f"the check failed on this file ({type(error).__name__})"
        return _answer((_unread(path, reason),), {}, refused=reason)
    return _answer(outcome.verdicts, outcome.material)


def _answer(
    verdicts: tuple[Verdict, ...], material: dict[str, bytes], refused: str | None = None
) -> dict[str, Any]:
    """Return the answer for the parent."""
    told = [to_json(one) for one in verdicts]
    return {"verdicts": told, "material": material, "refused": refused}


def _unread(path: str, reason: str) -> Verdict:
    """Return the verdict on a file that could not be checked."""
    from archive.signatures.pades import unread

    return unread(PackagePath(path), reason)


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
    """Collect cycles now and then; collecting all the time costs a third of a check."""
    _State.calls += 1
    if _State.calls % _CALLS_PER_COLLECTION == 0:
        gc.collect()
