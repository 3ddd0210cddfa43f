"""The API: what other systems may ask, and what they are told."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from archive.people import tokens
from archive.viewers import OPERATOR, Right, Scope
from tests.builders import a_pdf, a_submission
from tests.web.systems import a_system, a_token
from tests.web.world import IDENTITY, NAMES, OTHER, PLAIN, SCRIPT, SECRET, SIGNED, World
from web import api
from web.app import create

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT / "schemas" / "openapi-1.json"
UNCHANGED = f"{CONTRACT.name} is out of date: python -m web.api > {CONTRACT}"


@pytest.fixture(scope="module")
def token(world: World) -> str:
    return a_token(world.archive)


@pytest.fixture
def system(world: World, token: str):
    with a_system(world.base, token) as client:
        yield client


@pytest.fixture
def limited(world: World):
    """A system of one agency at the public and the conditional level."""
    scope = Scope(agencies=("H26.18",))
    with a_system(world.base, a_token(world.archive, scope=scope)) as client:
        yield client


def conforms(name: str, value: Any) -> None:
    """Assert that a value has a shape of the contract."""
    contract = json.loads(CONTRACT.read_text("utf-8"))
    registry = Registry().with_resource("urn:kho:contract", Resource.opaque(contract))
    schema = {"$ref": f"urn:kho:contract#/components/schemas/{name}"}
    Draft202012Validator(schema, registry=registry).validate(value)


def test_the_contract_is_the_one_that_was_agreed(world: World):
    from web.api.contract import document

    assert document(create(world.archive.settings)) == json.loads(CONTRACT.read_text("utf-8")), (
        UNCHANGED
    )


def test_every_address_needs_a_token_and_says_so(world: World):
    paths = [route.path for router in api.ROUTERS for route in router.routes]  # type: ignore[attr-defined]
    private = [path for path in paths if not path.endswith("/openapi.json")]

    with a_system(world.base, None) as nobody:
        answers = {path: nobody.get(world.base + path.replace("{", "x").replace("}", ""))
                   for path in private}  # fmt: skip

    wrong = {p: a.status_code for p, a in answers.items() if a.status_code not in (401, 405)}
    assert wrong == {}
    assert len(private) > 12


def test_a_token_that_was_revoked_or_ended_is_refused_in_the_same_words(world: World):
    secret = a_token(world.archive)
    newest, _ = tokens.listed(world.archive, OPERATOR)[0]
    with a_system(world.base, secret) as system:
        before = system.get("/token")
        tokens.revoke(world.archive, newest.id, by=OPERATOR)
        revoked = system.get("/token")
    with a_system(world.base, "kho_nobody-has-this") as stranger:
        unknown = stranger.get("/token")

    assert before.json()["rights"] == sorted(["see", "download", "ingest", "hold"])
    assert revoked.status_code == unknown.status_code == 401
    assert revoked.json()["detail"] == unknown.json()["detail"]
    conforms("problem", revoked.json())


def test_a_token_allows_what_it_names_and_no_more(world: World):
    with a_system(world.base, a_token(world.archive, Right.SEE)) as system:
        seen = system.get(f"/dossiers/{PLAIN}")
        taken = system.get(f"/dossiers/{PLAIN}/files/1")
        held = system.post(f"/dossiers/{PLAIN}/holds", json={"owner": "A", "reason": "B"})

    assert (seen.status_code, taken.status_code, held.status_code) == (200, 403, 403)
    assert taken.json()["code"] == "KHO-NOT-PERMITTED"


def test_a_dossier_is_found_without_accents_and_described_as_the_command_line_does(
    system: httpx.Client, world: World
):
    found = system.get("/search", params={"q": "nguyen thi huong", "facets": True})
    shown = system.get(f"/dossiers/{PLAIN}", params={"purpose": "đối soát"})

    assert [hit["code"] for hit in found.json()["hits"]] == [PLAIN]
    assert shown.json()["id"] == world.ids[PLAIN]
    conforms("search", found.json())
    conforms("show", shown.json())
    assert world.journal("view")[-1]["purpose"] == "đối soát"


def test_pages_of_a_search_are_followed_by_their_links(system: httpx.Client):
    codes, address = [], "/search?q=*&limit=2&sort=code"
    while address:
        page = system.get(address)
        codes += [hit["code"] for hit in page.json()["hits"]]
        address = page.links.get("next", {}).get("url", "").removeprefix("/api/v1")

    assert len(codes) == len(set(codes)) == system.get("/search?q=*&limit=1").json()["total"]


def test_what_a_system_may_not_see_is_as_if_it_were_not_there(limited: httpx.Client, world: World):
    missing = limited.get("/dossiers/H26.18-991231-9999")
    hidden = [limited.get(f"/dossiers/{code}") for code in (OTHER, SECRET)]
    parts = ("retention", "holds", "files/1", "package", "passport")
    deeper = [limited.get(f"/dossiers/{world.ids[SECRET]}/{part}") for part in parts]
    everything = limited.get("/search", params={"q": "*", "facets": True, "limit": 200}).json()
    told = limited.get("/events", params={"limit": 1000}).text
    asked = limited.get("/search", params={"q": IDENTITY[SECRET]}).json()

    for answer in (*hidden, *deeper):
        assert (answer.status_code, answer.json()["title"]) == (404, missing.json()["title"])
    text = json.dumps(everything)
    assert not any(each in text for each in (OTHER, SECRET, "H26.40", "Bí Mật"))
    assert everything["total"] == len(everything["hits"])
    assert world.ids[SECRET] not in told
    assert world.ids[OTHER] not in told
    assert asked["total"] == 0


def test_an_original_is_handed_out_whole_in_parts_or_not_again(system: httpx.Client, world: World):
    whole = system.get(f"/dossiers/{SIGNED}/files/02-ket-qua.pdf")
    digest = hashlib.sha256(whole.content).digest()
    part = system.get(f"/dossiers/{SIGNED}/files/2", headers={"Range": "bytes=100-199"})
    end = system.get(f"/dossiers/{SIGNED}/files/2", headers={"Range": "bytes=-10"})
    beyond = system.get(f"/dossiers/{SIGNED}/files/2", headers={"Range": "bytes=99999999-"})
    again = system.get(
        f"/dossiers/{SIGNED}/files/2", headers={"If-None-Match": whole.headers["etag"]}
    )

    assert whole.headers["repr-digest"] == f"sha-256=:{base64.b64encode(digest).decode()}:"
    assert whole.headers["etag"] == f'"{digest.hex()}"'
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    assert end.content == whole.content[-10:]
    assert (beyond.status_code, again.status_code, again.content) == (416, 304, b"")
    assert world.journal("dissemination")[-1]["subject"] == world.ids[SIGNED]


def test_the_package_opens_with_unzip_and_is_what_the_register_says(system: httpx.Client):
    package = system.get(f"/dossiers/{PLAIN}/package")
    version = system.get(f"/dossiers/{PLAIN}").json()["versions"][-1]

    assert hashlib.sha256(package.content).hexdigest() == version["sha256"]
    assert zipfile.ZipFile(io.BytesIO(package.content)).testzip() is None


def test_retention_is_explained_as_of_any_day_and_that_is_a_look(
    system: httpx.Client, world: World
):
    before = len(world.journal("view"))
    now = system.get(f"/dossiers/{PLAIN}/retention").json()
    later = system.get(f"/dossiers/{PLAIN}/retention", params={"as_of": "2099-01-01"}).json()
    wrong = system.get(f"/dossiers/{PLAIN}/retention", params={"as_of": "31/02/2026"})

    conforms("retention-explain", now)
    assert len(world.journal("view")) == before + 2
    assert later["as_of"] == "2099-01-01"
    assert (wrong.status_code, wrong.json()["code"]) == (400, "KHO-USAGE")


def test_a_hold_is_placed_seen_and_lifted_with_reasons(system: httpx.Client, world: World):
    about = {"owner": "Thanh tra tỉnh", "reason": "khiếu nại 12", "legal_reference": "QĐ 3"}
    placed = system.post(f"/dossiers/{PLAIN}/holds", json=about)
    stands = system.get(f"/dossiers/{PLAIN}/holds").json()
    lifted = system.post(
        f"/dossiers/{PLAIN}/holds/{placed.json()['id']}/lift", json={"reason": "đã giải quyết"}
    )
    twice = system.post(
        f"/dossiers/{PLAIN}/holds/{placed.json()['id']}/lift", json={"reason": "đã giải quyết"}
    )

    conforms("hold", placed.json())
    assert (placed.status_code, lifted.status_code, twice.status_code) == (201, 200, 404)
    assert [each["reason"] for each in stands] == ["khiếu nại 12"]
    assert lifted.json()["lift_reason"] == "đã giải quyết"
    assert world.journal("hold lifted")[-1]["agent"].startswith("he-thong-")


def a_zip(folder: Path, code: str, **facts: Any) -> bytes:
    number = code.rsplit("-", 1)[1]
    a_submission(
        folder / code, files={"01-don.pdf": a_pdf(f"Don {code}")},
        tthc__dossierCode=code, tthc__dossierCodeOld=None,
        dossier__fileCode=f"H26.18.2026.{int(number)}", **facts,
    )  # fmt: skip
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        for path in sorted((folder / code).iterdir()):
            made.write(path, path.name)
    return packed.getvalue()


def settled(system: httpx.Client, address: str) -> dict[str, Any]:
    """Return a submission once nothing of it waits."""
    until, told = time.monotonic() + 120, {"working": True}
    while told["working"] and time.monotonic() < until:
        time.sleep(0.2)
        told = system.get(address.removeprefix("/api/v1")).json()
    assert not told["working"]
    return told


def test_a_submission_is_taken_in_once_however_often_it_is_sent(
    system: httpx.Client, tmp_path: Path
):
    content = a_zip(tmp_path, "H26.18-260106-0101", documents=ONE)
    key = {"Idempotency-Key": "mot-cua-101"}
    files = {"file": ("ho-so.zip", content, "application/zip")}

    first = system.post("/submissions", files=files, headers=key)
    told = settled(system, first.headers["location"])
    again = system.post("/submissions", files=files, headers=key)
    other = {"file": ("ho-so.zip", content + b" ", "application/zip")}
    misused = system.post("/submissions", files=other, headers=key)

    assert (first.status_code, again.status_code, misused.status_code) == (202, 200, 400)
    assert [item["state"] for item in told["items"]] == ["held"]
    assert again.json() == told
    receipts = system.get(f"/submissions/{told['id']}/receipts").json()
    assert [each["code"] for each in receipts] == ["H26.18-260106-0101"]
    conforms("submission", told)
    conforms("receipts", receipts)


ONE = [{"file": "01-don.pdf", "title": "Đơn", "role": "application"}]


def test_a_bad_submission_is_told_with_every_finding_and_nothing_of_it_is_held(
    system: httpx.Client, tmp_path: Path
):
    content = a_zip(
        tmp_path, "H26.18-260106-0102", documents=ONE, tthc__closedOn="2025-01-01",
        tthc__agencyName=SCRIPT,
    )  # fmt: skip

    sent = system.post("/submissions", files={"file": ("x.zip", content)})
    (item,) = settled(system, sent.headers["location"])["items"]

    assert item["state"] == "to_fix"
    assert item["findings"]
    assert system.get("/dossiers/H26.18-260106-0102").status_code == 404


def test_a_system_submits_for_its_own_agency_only(limited: httpx.Client, tmp_path: Path):
    foreign = a_zip(
        tmp_path, "H26.40-260106-0103", documents=ONE, tthc__agencyCode="H26.40",
        tthc__fonds="H26.40",
    )  # fmt: skip

    sent = limited.post("/submissions", files={"file": ("x.zip", foreign)})
    (item,) = settled(limited, sent.headers["location"])["items"]

    assert item["state"] != "held"


@pytest.mark.parametrize(
    "name",
    ["../ngoai.zip", "/etc/passwd", "a/../../b.zip", "a\x00b.zip", ".an", "x" * 300],
    ids=["up", "absolute", "up within", "NUL", "hidden", "too long"],
)
def test_a_file_name_that_leads_elsewhere_is_refused(system: httpx.Client, name: str, world: World):
    boundary = "x" * 20
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="'.encode()
        + name.encode() + f'"\r\n\r\nabc\r\n--{boundary}--\r\n'.encode()
    )  # fmt: skip
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}

    before = system.get("/submissions").json()
    answer = system.post("/submissions", content=body, headers=kind)

    assert answer.status_code in (400, 422)
    assert system.get("/submissions").json() == before
    assert not (world.home.parent / "ngoai.zip").exists()


STRANGE: tuple[Any, ...] = ({"drop": 7}, [], {"x": 1})


def test_a_reference_to_the_drop_folder_never_leads_out_of_it(system: httpx.Client, world: World):
    nothing = system.post("/submissions", json={"drop": "khong-co.zip"})
    strange = [system.post("/submissions", json=body) for body in STRANGE]
    (world.home / "drop").mkdir(exist_ok=True)
    (world.home / "drop" / "ra-ngoai").symlink_to("/etc")
    outside = ("../kho.toml", "/etc", "ra-ngoai", "ra-ngoai/passwd", ".", "a/../../kho.toml")
    led = [system.post("/submissions", json={"drop": name}) for name in outside]

    assert nothing.status_code == 404
    assert [each.status_code for each in strange] == [400, 400, 400]
    assert {each.status_code for each in led} <= {404, 422}


def test_a_submission_in_the_drop_folder_is_taken_in_by_reference(
    system: httpx.Client, world: World, tmp_path: Path
):
    (world.home / "drop").mkdir(exist_ok=True)
    content = a_zip(tmp_path, "H26.18-260106-0104", documents=ONE)
    (world.home / "drop" / "ho-so-104.zip").write_bytes(content)

    sent = [system.post("/submissions", json={"drop": "ho-so-104.zip"}) for _ in range(2)]
    told = settled(system, sent[0].headers["location"])

    assert [each.status_code for each in sent] == [202, 200]
    assert [item["state"] for item in told["items"]] == ["held"]


def test_events_are_read_page_by_page_and_nothing_is_read_twice(system: httpx.Client):
    seen, after = [], 0
    while page := system.get("/events", params={"after": after, "limit": 3}).json():
        conforms("events", page)
        if not page["events"]:
            break
        seen += [event["seq"] for event in page["events"]]
        after = page["after"]

    assert seen == sorted(set(seen))
    assert len(seen) > 3
    assert NAMES[PLAIN] not in system.get("/events", params={"limit": 1000}).text


def test_a_webhook_calls_only_hosts_that_the_settings_name(system: httpx.Client):
    refused = system.post("/webhooks", json={"url": "https://169.254.169.254/latest"})
    strange = system.post("/webhooks", json={"url": "file:///etc/passwd"})

    assert (refused.status_code, strange.status_code) == (403, 400)
    assert "web.webhook_hosts" in refused.json()["hint"]
