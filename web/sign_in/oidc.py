"""Signing in with an OpenID provider: code flow with PKCE. The home of Authlib.

The provider is the only outside service that the pages talk to, and only if the settings
name one. The client's secret, if it has one, comes from `KHO_WEB_OIDC_SECRET`.
"""

from __future__ import annotations

import os
import secrets
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
from authlib.common.errors import AuthlibBaseError
from fastapi import APIRouter, Depends
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from starlette.responses import RedirectResponse, Response

from archive.errors import NotHeld, NotPermitted, Unavailable
from archive.people import known_elsewhere
from web.sign_in.door import BY_SOURCE, entered
from web.visits import (
    Visit,
    cookie_name,
    cookie_options,
    local_path,
    own_origin,
    source_of,
    visiting,
)

router = APIRouter()
CALLBACK: Final = "/sign-in/openid/done"
COOKIE: Final = "kho-openid"
SECRET: Final = "KHO_WEB_OIDC_SECRET"  # noqa: S105 - the name of a variable
ALGORITHMS: Final = ["RS256", "PS256", "ES256", "EdDSA"]
_TIMEOUT: Final = 10.0
_SKEW_SECONDS: Final = 60
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True)
class Provider:
    """What a provider says of itself (OpenID Connect Discovery 1.0)."""

    issuer: str
    authorization: str
    token: str
    keys: str


def configured(visit: Visit) -> bool:
    """Whether the settings name a provider."""
    return bool(visit.archive.settings.text("web.oidc_issuer"))


@lru_cache(maxsize=4)
def provider_at(issuer: str) -> Provider:
    """Ask a provider what its addresses are.

    Raises:
        Unavailable: it does not answer, or not as Discovery 1.0 says.
    """
    try:
        told = (
            httpx.get(f"{issuer.rstrip('/')}/.well-known/openid-configuration", timeout=_TIMEOUT)
            .raise_for_status()
            .json()
        )
        found = Provider(
            told["issuer"], told["authorization_endpoint"], told["token_endpoint"], told["jwks_uri"]
        )
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        raise Unavailable("the OpenID provider does not answer", where=issuer) from error
    # Discovery 1.0, 4.3: the issuer that is told must be the one that was asked.
    addresses = (found.authorization, found.token, found.keys)
    if found.issuer.rstrip("/") != issuer.rstrip("/") or not all(map(_safe, addresses)):
        raise Unavailable("the OpenID provider contradicts itself", where=issuer)
    return found


def _safe(address: str) -> bool:
    parts = urlsplit(address)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def _client(visit: Visit) -> Any:
    # Authlib warns when it meets httpx, whose successor it would rather have.
    with warnings.catch_warnings(action="ignore"):
        from authlib.integrations.httpx_client import OAuth2Client

    secret = os.environ.get(SECRET)
    return OAuth2Client(
        visit.archive.settings.text("web.oidc_client"), secret,
        token_endpoint_auth_method="client_secret_basic" if secret else "none",
        redirect_uri=own_origin(visit.request) + CALLBACK,
        scope="openid profile", code_challenge_method="S256", timeout=_TIMEOUT,
    )  # fmt: skip


@router.get("/sign-in/openid")
def begin(visit: Visit = Depends(visiting)) -> Response:
    """Send the browser to the provider; what comes back is tied to this browser."""
    if not configured(visit):
        raise NotHeld("there is no such page")
    BY_SOURCE.take(source_of(visit.request))
    provider = provider_at(visit.archive.settings.text("web.oidc_issuer"))
    nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    with _client(visit) as client:
        address, state = client.create_authorization_url(
            provider.authorization, nonce=nonce, code_verifier=verifier
        )
    target = local_path(visit.request.query_params.get("next", "/"))
    answer = RedirectResponse(address, 303)
    answer.set_cookie(
        cookie_name(visit.request, COOKIE), "|".join((state, nonce, verifier, target)),
        max_age=600, **cookie_options(visit.request),
    )  # fmt: skip
    return answer


@router.get(CALLBACK)
def done(visit: Visit = Depends(visiting)) -> Response:
    """Take what the provider says, check it, and begin a session."""
    if not configured(visit):
        raise NotHeld("there is no such page")
    BY_SOURCE.take(source_of(visit.request))
    query, name = visit.request.query_params, cookie_name(visit.request, COOKIE)
    kept = visit.request.cookies.get(name, "").split("|")
    if len(kept) != 4 or not secrets.compare_digest(kept[0], query.get("state", "")):
        raise NotPermitted("this sign-in was not begun here", hint="begin again")
    _, nonce, verifier, target = kept
    claims = _claims(visit, query.get("code", ""), verifier, nonce)
    secret = known_elsewhere.sign_in(
        visit.archive, claims["iss"], claims["sub"], str(claims.get("preferred_username", "")),
        source=source_of(visit.request),
    )  # fmt: skip
    answer = entered(visit, secret, local_path(target))
    answer.delete_cookie(name, path="/", secure=visit.request.app.state.https)
    return answer


def _claims(visit: Visit, code: str, verifier: str, nonce: str) -> dict[str, Any]:
    """Exchange the code and return the claims of the identity token.

    Raises:
        NotPermitted: the provider refuses, or the token is not for us, not now, not this one.
        Unavailable: it does not answer.
    """
    provider = provider_at(visit.archive.settings.text("web.oidc_issuer"))
    try:
        with _client(visit) as client:
            token = client.fetch_token(provider.token, code=code, code_verifier=verifier)
            keys = httpx.get(provider.keys, timeout=_TIMEOUT).raise_for_status().json()
        told = jwt.decode(token["id_token"], KeySet.import_key_set(keys), algorithms=ALGORITHMS)
        _check(visit, told.claims, provider, nonce)
    except httpx.HTTPError as error:
        raise Unavailable("the OpenID provider does not answer", where=provider.issuer) from error
    except (AuthlibBaseError, JoseError, KeyError, ValueError, TypeError) as error:
        raise NotPermitted(
            "the OpenID provider's answer is not good", hint=type(error).__name__
        ) from error
    return dict(told.claims)


def _check(visit: Visit, claims: dict[str, Any], provider: Provider, nonce: str) -> None:
    """Check an identity token's claims (OpenID Connect Core 1.0, 3.1.3.7)."""
    client = visit.archive.settings.text("web.oidc_client")
    jwt.JWTClaimsRegistry(
        now=int(visit.archive.clock().timestamp()), leeway=_SKEW_SECONDS,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": client},
        exp={"essential": True}, iat={"essential": True}, sub={"essential": True},
        nonce={"essential": True, "value": nonce},
    ).validate(claims)  # fmt: skip
