"""Progress on stderr: a bar for people, lines for logs, nothing when it is not wanted."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType

import click

from cli import output, words
from cli.command import Globals

LINE_SECONDS = 10.0
"""Between two lines of plain progress."""
BAR = 24


class Progress:
    """Shows how far a long work is. Steps may come from one thread only."""

    def __init__(self, options: Globals, key: str) -> None:
        self._label = words.say(key)
        self._mode = self._mode_of(options)
        self._total = self._done = self._failed = 0
        self._began = self._last = time.monotonic()

    @staticmethod
    def _mode_of(options: Globals) -> str:
        if options.progress != "auto":
            return options.progress
        if options.verbosity < 0 or options.json:
            return "none"
        return "bar" if sys.stderr.isatty() else "none"

    def __enter__(self) -> Progress:
        return self

    def total(self, count: int) -> None:
        """Say how many steps there are."""
        self._total = count
        self._show(force=True)

    def step(self, *, failed: bool = False, count: int = 1) -> None:
        """Say that steps are done."""
        self._done += count
        self._failed += failed
        self._show()

    def reach(self, done: int) -> None:
        """Say how many steps are done by now."""
        self._done = done
        self._show()

    def _show(self, *, force: bool = False) -> None:
        pause = LINE_SECONDS if self._mode == "plain" else 0.1
        now = time.monotonic()
        if self._mode == "none" or (not force and now - self._last < pause):
            return
        self._last = now
        if self._mode == "plain":
            click.echo(self._text(now), err=True)
        else:
            line = self._line(now, shutil.get_terminal_size().columns - 1)
            click.echo(f"\r{line}\x1b[K", err=True, nl=False, color=True)

    def _line(self, now: float, columns: int) -> str:
        """Return the bar and the text; a narrow terminal gets the text only, cut to its width."""
        text = self._text(now)
        filled = BAR * self._done // self._total if self._total else 0
        bar = "█" * min(filled, BAR) + "░" * (BAR - filled)
        whole = f"{bar} {text}"
        return whole if len(whole) <= columns else output.clipped(text, columns)

    def _text(self, now: float) -> str:
        rate = self._done / max(now - self._began, 1e-3)
        left = (self._total - self._done) / rate if rate and self._done else 0
        failed = f" · {words.say('progress.failed', count=self._failed)}" if self._failed else ""
        return f"{self._label} {self._done}/{self._total}{failed} · {rate:.1f}/s · {left:.0f} s"

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._mode == "plain":
            self._show(force=True)
        elif self._mode == "bar":
            click.echo("\r\x1b[K", err=True, nl=False, color=True)
