"""Preservation: fixity, verification, the sweep after a crash, rebuild from the store."""
