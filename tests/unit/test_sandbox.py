"""The sandbox: what a hostile file can cost, and what its reader cannot do."""

from __future__ import annotations

import os
import platform
import resource
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from archive.errors import UnsafeInput
from archive.sandbox import Limits, Sandbox

TIGHT = Limits(cpu_seconds=1, wall_seconds=20, memory_bytes=256 << 20, answer_bytes=1 << 20)


def echo(value: object) -> object:
    return value


def spin() -> None:
    while True:
        pass


def eat(size: int) -> int:
    return len(bytearray(size))


def crash() -> None:
    os.abort()


def wait(seconds: float) -> None:
    time.sleep(seconds)


def stumble(content: str) -> None:
    raise ValueError(content)


def write(path: str) -> None:
    Path(path).write_text("x")


def environment() -> dict[str, str]:
    return dict(os.environ)


def chatter(size: int) -> str:
    sys.stdout.write("noise")
    return "x" * size


def faults_of_taking_and_freeing(times: int) -> int:
    """Take 4 MB in pieces again and again; return how many pages were fetched for it."""
    begun = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        pieces = [bytearray(100_000) for _ in range(40)]
        del pieces
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - begun


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    pool = Sandbox(workers=2, limits=TIGHT)
    yield pool
    pool.close()


def test_values_and_bytes_cross_the_pipe_unchanged(sandbox: Sandbox) -> None:
    value = {"text": "Nguyễn", "bytes": b"\x00\xff", "list": [1, 2.5, None, True]}

    answer = sandbox.run(echo, value)

    assert answer == value


@pytest.mark.parametrize(
    ("function", "arguments", "limits", "words"),
    [
        (spin, (), TIGHT, "more than 1 seconds of processor time"),
        (eat, (1 << 30,), TIGHT, "needs more than 256 MiB of memory"),
        (crash, (), TIGHT, r"crashed \(SIGABRT\)"),
        (wait, (30,), replace(TIGHT, wall_seconds=0.5), "longer than 0.5 seconds"),
        (chatter, (2 << 20,), TIGHT, "the answer is over 1048576 bytes"),
    ],
    ids=["processor time", "memory", "crash", "wall time", "too long an answer"],
)
def test_a_call_over_a_limit_is_stopped_and_the_next_one_works(
    sandbox: Sandbox, function, arguments, limits, words: str
) -> None:
    with pytest.raises(UnsafeInput, match=words):
        sandbox.run(function, *arguments, limits=limits)

    assert sandbox.run(echo, "after") == "after"


def test_an_error_in_the_child_is_named_without_its_content(sandbox: Sandbox) -> None:
    with pytest.raises(UnsafeInput) as refused:
        sandbox.run(stumble, "012345678901")

    assert str(refused.value) == "the reader failed: ValueError"


def test_a_child_sees_no_credentials_and_writes_no_files(sandbox: Sandbox, tmp_path, monkeypatch):
    monkeypatch.setenv("KHO_S3_SECRET_KEY", "secret")

    seen = Sandbox(workers=1).run(environment)

    assert "KHO_S3_SECRET_KEY" not in seen
    with pytest.raises(UnsafeInput):
        sandbox.run(write, str(tmp_path / "out"))


def test_children_are_used_again_and_serve_many_threads(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: sandbox.run(echo, n), range(200)))

    assert answers == list(range(200))


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="a setting of glibc")
def test_a_child_keeps_the_memory_that_it_takes_again(sandbox: Sandbox) -> None:
    sandbox.run(faults_of_taking_and_freeing, 5)

    assert sandbox.run(faults_of_taking_and_freeing, 50) < 1000


def test_a_child_goes_on_where_the_folder_in_which_it_began_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, pool = tmp_path / "begun", Sandbox(workers=1, limits=TIGHT)
    begun.mkdir()
    monkeypatch.chdir(begun)
    assert pool.run(os.getcwd) == str(begun)
    monkeypatch.undo()
    begun.rmdir()

    found = pool.run(os.getcwd)

    pool.close()
    assert found == "/"
