"""The second factor: one-time codes by time (RFC 6238). The home of pyotp."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

import pyotp

STEP_SECONDS: Final = 30
_CODE: Final = re.compile(r"\d{6}")


def new_secret() -> str:
    """Return a fresh secret: 160 bits in base 32."""
    return pyotp.random_base32()


def address(secret: str, *, account: str, archive: str) -> str:
    """Return the `otpauth` address that an authenticator app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=archive)


def accepted_step(secret: str, code: str, at: datetime, *, after: int) -> int | None:
    """Return the number of the time step that a code is of; None if it is not good.

    A code of the step before or after is good too. It is good once: `after` is the step of
    the last one that was taken (RFC 6238, 5.2).
    """
    typed = code.replace(" ", "")
    if not _CODE.fullmatch(typed):
        return None
    totp, now = pyotp.TOTP(secret), int(at.timestamp()) // STEP_SECONDS
    steps = [step for step in (now, now - 1, now + 1) if step > after]
    good = [step for step in steps if pyotp.utils.strings_equal(totp.generate_otp(step), typed)]
    return good[0] if good else None
