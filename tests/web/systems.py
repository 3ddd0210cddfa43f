"""Other systems at the served archive: accounts with tokens, and a client that shows one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx

from archive.assembly import Archive
from archive.people import staff, tokens
from archive.viewers import LEVELS, OPERATOR, Grant, PersonRole, Right, Scope

ROLES = (PersonRole.ARCHIVIST, PersonRole.RETENTION_OFFICER)
RIGHTS = (Right.SEE, Right.DOWNLOAD, Right.INGEST, Right.HOLD)
EVERYWHERE = Scope(levels=LEVELS)


def a_token(archive: Archive, *rights: Right, scope: Scope = EVERYWHERE, name: str = "Cổng") -> str:
    """Add a system of its own and return the secret of its token."""
    account = f"he-thong-{uuid4().hex[:8]}"
    grants = [Grant(role, scope) for role in ROLES]
    staff.add(archive, account, name, grants, by=OPERATOR, kind="system")
    _, secret = tokens.make(archive, account, "thử", rights or RIGHTS, days=30, by=OPERATOR)
    return secret


def a_system(base: str, secret: str | None) -> httpx.Client:
    """Return a client of the API that shows a token."""
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    return httpx.Client(base_url=f"{base}/api/v1", headers=headers, timeout=60)


def days_ago(days: int) -> datetime:
    """Return a moment in the past."""
    return datetime.now(UTC) - timedelta(days=days)
