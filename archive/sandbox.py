"""A sandbox: functions that read hostile files run in child processes that can be killed.

A child has limits on processor time, wall time, memory and the size of its answer, an empty
environment (no credentials), and cannot write files. Children are kept and used again,
because some libraries cost a second to import. What goes over the pipe is JSON (bytes as
base64), never pickle: a child that was taken over must not be able to run code in the parent.
"""

from __future__ import annotations

import atexit
import base64
import json
import math
import os
import resource
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

from archive.errors import UnsafeInput

_LENGTH = struct.Struct(">Q")
_BYTES_KEY = "~b64"
_CALLS_PER_CHILD = 1000
_TOGETHER_FILES = 16
_TOGETHER_BYTES = 16 << 20
_KEPT_MEMORY = (
    "glibc.malloc.trim_threshold=16777216:glibc.malloc.mmap_threshold=8388608"
    ":glibc.malloc.arena_max=1"
)
"""A child keeps up to 16 MiB that it has freed, and maps only larger pieces than 8 MiB. As it
comes, glibc gives 128 KiB back at once, and a reader of files takes and frees more for each:
fetching it again from the system cost a sixth of the time. Threads share one arena: each of their
own takes 64 MiB of the address space that a child may have. Other C libraries do not read this."""
_START = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from archive import sandbox; sandbox.serve()"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may cost."""

    cpu_seconds: int = 30
    wall_seconds: float = 60.0
    memory_bytes: int = 1 << 30
    """Address space of the child, its libraries included."""
    answer_bytes: int = 64 << 20


class Sandbox:
    """A pool of child processes. Safe to use from many threads; close it at the end."""

    def __init__(self, *, workers: int | None = None, limits: Limits | None = None) -> None:
        """Make a pool of at most `workers` children (one per core); they start when needed."""
        self._limits = limits or Limits()
        self._free = threading.BoundedSemaphore(workers or os.cpu_count() or 1)
        self._idle: list[_Child] = []
        self._owner = os.getpid()

    def run(
        self, function: Callable[..., Any], *arguments: object, limits: Limits | None = None
    ) -> Any:
        """Call a module-level function in a child and return what it returns.

        Args:
            function: takes and returns JSON values and bytes; tuples arrive as lists.
            arguments: as said; give files as paths (`str`).
            limits: other limits than the pool's for this call.

        Raises:
            UnsafeInput: the call went over a limit, crashed, or raised; the message says
                which and never what was in the file.
        """
        with self._free:
            child = self._take()
            try:
                answer = child.call(function, arguments, limits or self._limits)
            except BaseException:
                child.kill()
                raise
            self._give_back(child, worn=answer.get("worn", False))
        if "raised" in answer:
            raise UnsafeInput(f"the reader failed: {answer['raised']}")
        return answer["returned"]

    def close(self) -> None:
        """End all children that are idle."""
        while self._idle:
            self._idle.pop().kill()

    def _take(self) -> _Child:
        if self._owner != os.getpid():  # after a fork the pipes belong to the parent
            self._owner, self._idle = os.getpid(), []
        while self._idle:
            child = self._idle.pop()
            if child.alive:
                return child
            child.kill()
        return _Child()

    def _give_back(self, child: _Child, *, worn: bool) -> None:
        if child.calls < _CALLS_PER_CHILD and not worn:
            self._idle.append(child)
        else:
            child.kill()


@cache
def closed_at_exit(
    name: str, *, workers: int | None = None, limits: Limits | None = None
) -> Sandbox:
    """Return this process's pool of that name, closed when the process ends.

    Libraries that reserve much address space have a pool of their own, or they would use up
    the memory limit of the others.
    """
    pool = Sandbox(workers=workers, limits=limits)
    atexit.register(pool.close)
    return pool


def shared() -> Sandbox:
    """Return the pool of this process for what has no special needs."""
    return closed_at_exit("shared")


def together(sizes: Sequence[int]) -> Iterator[range]:
    """Yield the places of files that one call may read together, in order.

    A call costs half a millisecond; many small files share one. They share its limits, too:
    if they fail together, whoever asks has to ask for each by itself.
    """
    begin, total = 0, 0
    for place, size in enumerate(sizes):
        if place > begin and (total + size > _TOGETHER_BYTES or place - begin >= _TOGETHER_FILES):
            yield range(begin, place)
            begin, total = place, 0
        total += size
    if begin < len(sizes):
        yield range(begin, len(sizes))


class _Child:
    """One child process and the pipes to it."""

    def __init__(self) -> None:
        environment = {
            "LANG": "C.UTF-8",
            "PATH": os.defpath,
            "TZ": "UTC",
            "GLIBC_TUNABLES": _KEPT_MEMORY,
        }
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-I", "-c", _START, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,  # a Ctrl-C of the terminal is the parent's to handle
        )
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        self._ready = select.poll()
        self._ready.register(self._process.stdout, select.POLLIN)
        self.calls = 0

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def call(
        self, function: Callable[..., Any], arguments: tuple[object, ...], limits: Limits
    ) -> dict[str, Any]:
        self.calls += 1
        name = f"{function.__module__}:{function.__qualname__}"
        request = _encode({"call": name, "with": arguments, "limits": asdict(limits)})
        deadline = time.monotonic() + limits.wall_seconds
        try:
            assert self._process.stdin is not None  # noqa: S101 - for the type checker
            self._process.stdin.write(_LENGTH.pack(len(request)) + request)
            self._process.stdin.flush()
            (size,) = _LENGTH.unpack(self._receive(_LENGTH.size, deadline, limits))
            if size > limits.answer_bytes:
                raise UnsafeInput(f"the answer is over {limits.answer_bytes} bytes")
            answer: dict[str, Any] = _decode(self._receive(size, deadline, limits))
        except BrokenPipeError:
            raise self._death(limits) from None
        return answer

    def _receive(self, size: int, deadline: float, limits: Limits) -> bytes:
        assert self._process.stdout is not None  # noqa: S101 - for the type checker
        descriptor = self._process.stdout.fileno()
        received = bytearray()
        while len(received) < size:
            if not self._ready.poll(1000 * max(0.0, deadline - time.monotonic())):
                raise UnsafeInput(f"took longer than {limits.wall_seconds:g} seconds")
            piece = os.read(descriptor, min(1 << 20, size - len(received)))
            if not piece:
                raise self._death(limits)
            received += piece
        return bytes(received)

    def _death(self, limits: Limits) -> UnsafeInput:
        code = self._process.wait()
        if code == -signal.SIGXCPU:
            return UnsafeInput(f"took more than {limits.cpu_seconds} seconds of processor time")
        if code == -signal.SIGALRM:
            return UnsafeInput(f"took longer than {limits.wall_seconds:g} seconds")
        cause = signal.Signals(-code).name if code < 0 else f"exit status {code}"
        return UnsafeInput(f"the reader crashed ({cause})")

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue


def _encode(value: object) -> bytes:
    return json.dumps(value, default=_bytes_to_json, ensure_ascii=True).encode()


def _bytes_to_json(value: object) -> dict[str, str]:
    if isinstance(value, bytes):
        return {_BYTES_KEY: base64.b64encode(value).decode()}
    raise TypeError(f"{type(value).__name__} cannot cross the pipe")


def _decode(content: bytes) -> Any:
    return json.loads(content, object_hook=_bytes_from_json)


def _bytes_from_json(value: dict[str, Any]) -> Any:
    return base64.b64decode(value[_BYTES_KEY]) if value.keys() == {_BYTES_KEY} else value


def serve() -> None:
    """Answer calls from the pipe until it closes: what a child does."""
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not reach the pipe
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    while head := requests.read(_LENGTH.size):
        request = _decode(requests.read(_LENGTH.unpack(head)[0]))
        _leave_what_is_gone()
        _send(answers, _answer(request))


def _leave_what_is_gone() -> None:
    """Go to the root from a current folder that was removed: libraries fail where there is none."""
    try:
        Path.cwd()
    except FileNotFoundError:
        os.chdir("/")


def _send(answers: BinaryIO, answer: dict[str, Any]) -> None:
    content = _encode(answer)
    answers.write(_LENGTH.pack(len(content)) + content)
    answers.flush()


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    """Return the answer; it is `worn` if the child should not be used again."""
    module, _, name = request["call"].partition(":")
    limits = Limits(**request["limits"])
    try:
        function = getattr(import_module(module), name)
        _restrict(limits)
        return {"returned": function(*request["with"])}
    except MemoryError:
        cause = f"needs more than {limits.memory_bytes >> 20} MiB of memory"
        return {"raised": cause, "worn": True}
    except Exception as error:  # noqa: BLE001 - the parent is told; a message may hold content
        return {"raised": type(error).__name__}
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _restrict(limits: Limits) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = math.ceil(used.ru_utime + used.ru_stime) + limits.cpu_seconds
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, hard))
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, hard))
    # Ends the child by itself if the parent is gone; the parent's own clock is earlier.
    signal.setitimer(signal.ITIMER_REAL, limits.wall_seconds + 1)
