"""RFC 3161: our responder, the client over HTTP, and fail-over; one contract for all three."""

from __future__ import annotations

import hashlib
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import rfc3161_client
from asn1crypto import core, tsp
from cryptography import x509

from archive.errors import Unavailable, UsageError
from archive.signatures import cms_writer, der, stamping, testpki
from archive.signatures.cms_reader import NotCms, SignedCms
from archive.signatures.testpki import TestPki
from archive.signatures.timestamps import (
    FirstOf,
    HttpTsa,
    LocalTsa,
    TimestampAuthority,
    timestamp_request,
)
from archive.signatures.tokens import Token
from archive.signatures.tsa_trust import TrustedTsa
from tests.signed import DAY, NOW, a_clock

DIGEST = hashlib.sha256(b"what is stamped").digest()


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> TestPki:
    return testpki.create(tmp_path_factory.mktemp("pki"), at=NOW - DAY)


class Server:
    """A real HTTP server on loopback whose answers a test chooses."""

    def __init__(self, respond: Callable[[bytes], bytes], status: int = 200) -> None:
        self.respond, self.status, self.asked = respond, status, 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.asked += 1
                body = self.rfile.read(int(self.headers["Content-Length"]))
                answer = outer.respond(body)
                self.send_response(outer.status)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/tsa"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture(params=["local", "http", "first of"])
def authority(request: pytest.FixtureRequest, pki: TestPki) -> Iterator[TimestampAuthority]:
    local = pki.local_tsa(a_clock(NOW))
    if request.param == "local":
        yield local
        return
    with Server(local.respond) as server:
        http = HttpTsa(server.url, timeout_seconds=5)
        dead = HttpTsa("http://127.0.0.1:9/", timeout_seconds=0.5, attempts=1)
        yield http if request.param == "http" else FirstOf((dead, http))


def test_a_token_is_over_the_digest_and_verifies(authority: TimestampAuthority) -> None:
    token = Token.load(authority.timestamp(DIGEST))

    assert token.covers_digest(DIGEST, "sha256")
    assert token.covers(b"what is stamped")
    assert token.intact is True
    assert token.gen_time == NOW


def test_asking_again_gives_another_token(authority: TimestampAuthority) -> None:
    first, second = (Token.load(authority.timestamp(DIGEST)) for _ in range(2))

    assert first.serial != second.serial


def test_openssl_and_rfc3161_client_accept_our_tokens(pki: TestPki, tmp_path: Path) -> None:
    tsa = pki.local_tsa(a_clock(NOW))
    request = timestamp_request(DIGEST, 12345)
    response = tsa.respond(request)
    (tmp_path / "response").write_bytes(response)
    root = pki.folder / "certificates" / "root.pem"

    done = subprocess.run(
        ["openssl", "ts", "-verify", "-digest", DIGEST.hex(), "-in", "response", "-CAfile", root],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    verifier = (
        rfc3161_client.VerifierBuilder()
        .add_root_certificate(pki.root.certificate)
        .add_intermediate_certificate(pki.issuing.certificate)
        .tsa_certificate(x509.load_der_x509_certificate(pki.tsa.certificate))
        .build()
    )

    assert done.returncode == 0, done.stderr
    assert verifier.verify(rfc3161_client.decode_timestamp_response(response), DIGEST)


def test_the_token_has_what_rfc_3161_and_rfc_5816_ask_for(pki: TestPki) -> None:
    tsa = LocalTsa(pki.tsa, a_clock(NOW), ordering=True)
    token = Token.load(
        tsp.TimeStampResp.load(tsa.respond(timestamp_request(DIGEST, 77)))[
            "time_stamp_token"
        ].dump()
    )

    info = tsp.TSTInfo.load(token.cms.content or b"")

    assert (info["nonce"].native, info["ordering"].native) == (77, True)
    assert info["accuracy"]["seconds"].native == 1
    assert token.signer is not None
    assert token.cms.names_certificate(token.signer) is True
    assert "1.2.840.113549.1.9.16.2.47" in token.cms.signed, "ESSCertIDv2, not SHA-1"


def test_times_never_go_back_and_rise_where_order_is_promised(pki: TestPki) -> None:
    times = iter([NOW, NOW - DAY, NOW])
    tsa = LocalTsa(pki.tsa, lambda: next(times), ordering=True)

    found = [Token.load(tsa.timestamp(DIGEST)).gen_time for _ in range(3)]

    assert found == sorted(set(found))


def test_a_request_without_certificate_gets_none(pki: TestPki) -> None:
    request = tsp.TimeStampReq.load(timestamp_request(DIGEST, 1))
    request["cert_req"] = False

    response = tsp.TimeStampResp.load(pki.local_tsa(a_clock(NOW)).respond(request.dump(force=True)))

    assert Token.load(response["time_stamp_token"].dump()).cms.certificates == []


@pytest.mark.parametrize(
    "request_bytes",
    [b"", b"\x30\x00", b"\x30\x80", b"GET / HTTP/1.1", timestamp_request(b"short", 1)],
    ids=["empty", "empty sequence", "no end", "not DER", "digest too short"],
)
def test_a_request_that_makes_no_sense_is_rejected(pki: TestPki, request_bytes: bytes) -> None:
    response = pki.local_tsa(a_clock(NOW)).respond(request_bytes)

    status = tsp.PKIStatusInfo.load(core.Sequence.load(response).contents)
    assert status["status"].native == "rejection"


def test_only_sha256_digests_are_stamped(pki: TestPki) -> None:
    with pytest.raises(UsageError):
        pki.local_tsa(a_clock(NOW)).timestamp(b"short")


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (lambda tsa, _: tsa.respond(timestamp_request(DIGEST, 1)), 200),
        (lambda tsa, _: tsa.respond(timestamp_request(bytes(32), 1)), 200),
        (lambda tsa, _: tsa.respond(b""), 200),
        (lambda tsa, body: tsa.respond(body)[:-9], 200),
        (lambda tsa, body: tsa.respond(body)[:-9] + bytes(9), 200),
        (lambda _tsa, _body: b"<html>", 200),
        (lambda tsa, body: tsa.respond(body), 503),
    ],
    ids=[
        "of another request",
        "over another digest",
        "a rejection",
        "cut off",
        "with a broken signature",
        "no timestamp",
        "server error",
    ],
)
def test_an_unusable_answer_is_never_taken_for_a_timestamp(
    pki: TestPki, answer: Callable[[LocalTsa, bytes], bytes], status: int
) -> None:
    tsa = pki.local_tsa(a_clock(NOW))
    with Server(lambda body: answer(tsa, body), status) as server:
        with pytest.raises(Unavailable):
            HttpTsa(server.url, timeout_seconds=5, attempts=2).timestamp(DIGEST)

        assert server.asked == 2


def test_when_no_authority_answers_all_of_them_are_named() -> None:
    dead = HttpTsa("http://127.0.0.1:9/", timeout_seconds=0.5, attempts=1)

    with pytest.raises(Unavailable, match=r"127\.0\.0\.1:9"):
        FirstOf((dead,)).timestamp(DIGEST)
    with pytest.raises(Unavailable, match="none is configured"):
        FirstOf(()).timestamp(DIGEST)


def test_a_dead_and_a_lying_authority_are_passed_over_for_a_good_one(
    pki: TestPki, tmp_path: Path
) -> None:
    clock = a_clock(NOW)
    nobody = testpki.create(tmp_path / "other", at=NOW - DAY)
    late, foreign = pki.local_tsa(a_clock(NOW - DAY)), nobody.local_tsa(clock)
    with (
        Server(late.respond) as wrong_time,
        Server(foreign.respond) as untrusted,
        Server(lambda _: foreign.respond(timestamp_request(DIGEST, 1))) as lying,
        Server(pki.local_tsa(clock).respond) as good,
    ):
        urls = ["http://127.0.0.1:9/", lying.url, wrong_time.url, untrusted.url, good.url]
        every = FirstOf(
            [
                TrustedTsa(HttpTsa(url, timeout_seconds=5, attempts=1), url, pki.trust, clock)
                for url in urls
            ]
        )
        first = Token.load(every.timestamp(DIGEST))
        asked = [server.asked for server in (lying, wrong_time, untrusted, good)]
        every.timestamp(DIGEST)
        again = [server.asked for server in (lying, wrong_time, untrusted, good)]
        with pytest.raises(Unavailable, match="its clock is"):
            FirstOf(every.authorities[:4]).timestamp(DIGEST)

    assert (first.gen_time, first.signer and first.signer.common_name) == (
        NOW,
        "Kho TSA (TEST - THỬ NGHIỆM)",
    )
    assert asked == [1, 1, 1, 1]
    assert again == [1, 1, 1, 2], "those that failed rest"


def test_an_address_that_is_not_http_is_refused() -> None:
    with pytest.raises(UsageError):
        HttpTsa("file:///etc/passwd")


def test_what_is_not_a_token_is_not_read_as_one(pki: TestPki) -> None:
    p7s = pki.sealer(a_clock(NOW)).seal(b"x", at=NOW)

    with pytest.raises(NotCms):
        Token.load(p7s)


@pytest.mark.parametrize("ending", [0x7F, 0x80, 0x81], ids=hex)
def test_a_signature_is_stamped_whatever_byte_its_length_ends_with(pki: TestPki, ending: int):
    # Readers that take 0x80 there for an indefinite length write everything anew, for hours.
    key = pki.signer("Cán bộ", not_before=NOW - DAY, not_after=NOW + DAY)
    signed, kinds = cms_writer.sign(key, DIGEST), range(300)
    padded = (signed.encode([cms_writer.attribute("1.2.3.4", der.octets(bytes(n)))]) for n in kinds)
    given = next(each for each in padded if each[3] == ending)

    stamped = stamping.stamped(given, pki.local_tsa(a_clock(NOW)))

    before, after = SignedCms(given), SignedCms(stamped)
    assert after.signature == before.signature
    assert after.unsigned["1.2.3.4"][0].native == before.unsigned["1.2.3.4"][0].native
    (token,) = after.timestamp_tokens()
    assert Token.load(token).covers(before.signature)
    assert stamping.stamped(stamped, pki.local_tsa(a_clock(NOW))) == stamped
