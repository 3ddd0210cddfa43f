"""Rate limits: so many tries in a time for each name; kept in this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from web.problems import TooMany


@dataclass(slots=True)
class Limit:
    """At most `tries` for one name in `seconds`, refilled evenly (a token bucket).

    With several workers each counts by itself; lock-outs, which matter, are in the catalogue.
    """

    tries: int
    seconds: float
    clock: Callable[[], float] = time.monotonic
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, name: str) -> None:
        """Use one try; raises TooMany, with how long to wait, if there is none left."""
        now, rate = self.clock(), self.tries / self.seconds
        with self._lock:
            left, then = self._left.get(name, (float(self.tries), now))
            left = min(float(self.tries), left + (now - then) * rate)
            if left < 1:
                raise TooMany((1 - left) / rate)
            self._left[name] = (left - 1, now)
            if len(self._left) > 10_000:
                self._forget(now, rate)

    def _forget(self, now: float, rate: float) -> None:
        full = [
            n for n, (left, then) in self._left.items() if left + (now - then) * rate >= self.tries
        ]
        for name in full:
            del self._left[name]
