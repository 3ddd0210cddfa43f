"""A real OpenID provider on loopback, of Authlib's server side; run as a process.

`python -m tests.web.provider CLIENT FILE` prints its address. FILE says who comes to it and what
is wrong with its tokens: `mai.le nonce`, or `audience`, `key`, `expired`, `none`.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from authlib.common.security import generate_token
from authlib.oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import ClientMixin
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import UserInfo
from authlib.oidc.core.grants import OpenIDCode
from joserfc.jwk import RSAKey

os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"
CLIENT, FILE = sys.argv[1:3] if __name__ == "__main__" else ("", "")
KEY, OTHER = (RSAKey.generate_key(2048, {"kid": "1"}) for _ in range(2))
CODES: dict[str, Any] = {}


def username():
    return Path(FILE).read_text(encoding="utf-8").split()[0]


def flaw():
    return Path(FILE).read_text(encoding="utf-8").split()[1]


class Client(ClientMixin):
    client_id = CLIENT

    def get_client_id(self):
        return CLIENT

    def get_default_redirect_uri(self):
        return None

    def get_allowed_scope(self, scope):
        return scope

    def check_redirect_uri(self, redirect_uri):
        return redirect_uri.startswith("http://127.0.0.1:") and redirect_uri.endswith(
            "/sign-in/openid/done"
        )

    def check_endpoint_auth_method(self, method, endpoint):
        return method == "none"

    def check_response_type(self, response_type):
        return response_type == "code"

    def check_grant_type(self, grant_type):
        return grant_type == "authorization_code"


class Code(SimpleNamespace):
    def get_redirect_uri(self):
        return self.redirect_uri

    def get_scope(self):
        return self.scope

    def get_nonce(self):
        return "another" if flaw() == "nonce" else self.nonce

    def get_auth_time(self):
        return int(time.time())

    def get_acr(self):
        return None

    def get_amr(self):
        return None


class Grant(AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ("none",)

    def save_authorization_code(self, code, request):
        told = request.payload.data
        CODES[code] = Code(
            redirect_uri=told["redirect_uri"], scope=told["scope"], nonce=told.get("nonce"),
            code_challenge=told.get("code_challenge"),
            code_challenge_method=told.get("code_challenge_method"),
        )  # fmt: skip

    def query_authorization_code(self, code, client):
        return CODES.get(code)

    def delete_authorization_code(self, authorization_code):
        for code, kept in list(CODES.items()):
            if kept is authorization_code:
                del CODES[code]

    def authenticate_user(self, authorization_code):
        return SimpleNamespace(id="subject-of-" + username())


class Identity(OpenIDCode):
    def exists_nonce(self, nonce, request):
        return False

    def resolve_client_private_key(self, client):
        return OTHER if flaw() == "key" else KEY

    def get_client_algorithm(self, client):
        return "RS256"

    def get_encode_header(self, client):
        return {"alg": "RS256", "kid": "1"}

    def get_compatible_claims(self, request):
        now = int(time.time()) - (7200 if flaw() == "expired" else 0)
        audience = "somebody-else" if flaw() == "audience" else CLIENT
        return {"iss": SERVER.issuer, "aud": audience, "iat": now, "exp": now + 600}

    def generate_user_info(self, user, scope):
        return UserInfo(sub=user.id, preferred_username=username())


class Provider(AuthorizationServer):
    issuer = ""

    def query_client(self, client_id):
        return Client() if client_id == CLIENT else None

    def save_token(self, token, request):
        return None

    def send_signal(self, name, *args, **kwargs):
        return None

    def create_oauth2_request(self, request):
        return request

    def handle_response(self, status, body, headers):
        return status, body, headers


class _Request(OAuth2Request):
    @property
    def form(self):
        return self.payload.data


SERVER = Provider()
SERVER.register_token_generator("default", BearerTokenGenerator(lambda **_: generate_token(42)))
SERVER.register_grant(Grant, [CodeChallenge(required=True), Identity(require_nonce=True)])


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        path = urlsplit(self.path).path
        uri = SERVER.issuer + self.path
        if path == "/.well-known/openid-configuration":
            names = {"authorization_endpoint": "/authorize", "token_endpoint": "/token",
                     "jwks_uri": "/keys"}  # fmt: skip
            told = {name: SERVER.issuer + place for name, place in names.items()}
            self._answer(200, {"issuer": SERVER.issuer, **told})
        elif path == "/keys":
            self._answer(200, {"keys": [KEY.as_dict(private=False)]})
        else:
            user = SimpleNamespace(id="subject-of-" + username())
            request = _Request("GET", uri, headers={})
            request.payload = BasicOAuth2Payload(dict(parse_qsl(urlsplit(uri).query)))
            grant = SERVER.get_consent_grant(request, end_user=user)
            self._answer(
                *SERVER.create_authorization_response(request, grant_user=user, grant=grant)
            )

    def do_POST(self):
        length = int(self.headers.get("content-length", "0"))
        form = dict(parse_qsl(self.rfile.read(length).decode()))
        request = _Request("POST", SERVER.issuer + self.path, headers=dict(self.headers))
        request.payload = BasicOAuth2Payload(form)
        self._answer(*SERVER.create_token_response(request))

    def _answer(self, status, body, headers=()):
        content = json.dumps(body).encode() if isinstance(body, dict) else str(body or "").encode()
        self.send_response(status)
        for name, value in headers:
            if name.lower() != "content-length":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format, *args):  # noqa: A002 - its name
        return None


if __name__ == "__main__":
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    SERVER.issuer = f"http://127.0.0.1:{httpd.server_address[1]}"
    sys.stdout.write(SERVER.issuer + "\n")
    sys.stdout.flush()
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    sys.stdin.read()  # until whoever started it is gone
