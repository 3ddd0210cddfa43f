"""Dissemination: certified copies, reading copies and packages, their register, their check.

Source: Circular 05/2025/TT-BNV, articles 37 to 42.
"""

from archive.catalogue.issued_copies import CopyKind, IssuedCopy
from archive.dissemination.check import Outcome, Standing, check_code, check_file
from archive.dissemination.issue import Request, issue, preview
from archive.dissemination.reading import read_page
from archive.dissemination.register import fetch, find, register, revoke

__all__ = [
    "CopyKind",
    "IssuedCopy",
    "Outcome",
    "Request",
    "Standing",
    "check_code",
    "check_file",
    "fetch",
    "find",
    "issue",
    "preview",
    "read_page",
    "register",
    "revoke",
]
