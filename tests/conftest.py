"""Fixtures for all tests, each kind in the module that is named here; and the tests' order."""

from __future__ import annotations

import signal
import threading

import pytest

pytest_plugins = ["tests.quick_folder", "tests.interpreter", "tests.postgres", "tests.stores"]

# What a shell starts in the background ignores Ctrl-C, and so would every `kho` that tests start.
if threading.current_thread() is threading.main_thread():
    signal.signal(signal.SIGINT, signal.default_int_handler)

LONG = ("scenarios", "web", "cli", "contract")
"""The folders whose files take longest."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first, so that no worker ends alone with one."""
    last = len(LONG)
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path.parent.name, last))
