"""Fixtures for all tests; each kind lives in the module that is named here."""

pytest_plugins = ["tests.interpreter", "tests.postgres", "tests.stores"]
