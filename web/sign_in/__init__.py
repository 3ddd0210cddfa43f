"""Signing in and out: password, code, one-time link, preferences."""

from fastapi import APIRouter

from web.sign_in import door, links, oidc, own_account, preferences

router = APIRouter(include_in_schema=False)
for part in (door, links, oidc, own_account, preferences):
    router.include_router(part.router)
