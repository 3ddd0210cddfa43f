"""Kho's archive: everything that the interfaces call."""
