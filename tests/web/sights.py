"""Every address of the application that is asked for by GET: as whom, and what has to be there.

Pages are listed by their route, each in the states that look different; a route that is not
here fails `test_every_page`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from archive.dissemination import codes
from archive.people.stays import Stage
from archive.viewers import PersonRole
from tests.web.filled import NOTE, Filled
from tests.web.office import AGENCY
from tests.web.world import PLAIN, SIGNED
from web.pages.guidance import TOPICS

UNKNOWN = codes.new()
NOWHERE = "00000000-0000-5000-8000-000000000000"


class Sight(NamedTuple):
    """A page, as somebody sees it."""

    account: str | None
    address: str
    status: int = 200
    stage: Stage = Stage.FULL


def _door(place: Filled) -> dict[str, list[Sight]]:
    code = place.made["certified code"]
    return {
        "/sign-in": [Sight(None, "/sign-in")],
        "/sign-in/code": [Sight("auditor", "/sign-in/code", stage=Stage.CODE)],
        "/begin/{secret}": [
            Sight(None, f"/begin/{place.made['link']}"), Sight(None, "/begin/nothing", 403),
        ],
        "/account/password": [Sight("official", "/account/password")],
        "/account/second-factor": [Sight("official", "/account/second-factor")],
        "/xac-thuc": [Sight(None, "/xac-thuc"), Sight(None, "/xac-thuc?code=abc", 400)],
        "/xac-thuc/{code}": [
            Sight(None, f"/xac-thuc/{code}"), Sight(None, f"/xac-thuc/{UNKNOWN}", 404),
        ],
        "/ban-doc/{code}": [Sight(None, f"/ban-doc/{place.made['reading code']}")],
        "/help": [Sight(None, "/help")],
        "/help/problems": [Sight(None, "/help/problems")],
        "/help/{topic}": [Sight(None, f"/help/{topic}") for topic in TOPICS],
    }  # fmt: skip


def _reading(place: Filled) -> dict[str, list[Sight]]:
    signed, plain = (f"/dossiers/{place.ids[code]}" for code in (SIGNED, PLAIN))
    return {
        "/": [Sight(role.value, "/") for role in PersonRole],
        "/search": [
            Sight("official", "/search?q=nguyen"), Sight("official", "/search?q=zzzz+huong"),
        ],
        "/dossiers/{name}": [
            Sight("official", f"{signed}?doc=2"), Sight("official", f"{signed}?doc=2&tab=pages"),
            Sight("official", f"{plain}?doc=1&tab=text"),
            Sight("official", f"/dossiers/{NOWHERE}", 404),
        ],
        "/dossiers/{name}/retention": [
            Sight("retention_officer", f"{plain}/retention"),
            Sight("retention_officer", f"/dossiers/{place.made['due']}/retention"),
        ],
        "/dossiers/{name}/copies/new": [Sight("official", f"{plain}/copies/new?doc=1")],
        "/purpose": [
            Sight("official", f"/purpose?about={place.ids[PLAIN]}&next=/search"),
            Sight("official", "/purpose?about=identity-search&next=/search"),
        ],
        "/copies": [Sight("official", "/copies")],
        "/copies/{year}/{number}": [
            Sight("official", f"/copies/{place.made[f'{kind} copy']}")
            for kind in ("certified", "reading")
        ],
    }  # fmt: skip


def _receiving(place: Filled) -> dict[str, list[Sight]]:
    batches = [f"/reception/{place.made[name]}" for name in ("batch", "closed")]
    return {
        "/reception": [Sight("archivist", "/reception")],
        "/reception/{batch_id}": [Sight("archivist", each) for each in batches],
        "/reception/{batch_id}/{number}": [Sight("archivist", f"{each}/1") for each in batches],
        "/integrity": [Sight("archivist", "/integrity")],
        "/jobs": [Sight("archivist", "/jobs")],
        "/jobs/{job_id}": [Sight("archivist", f"/jobs/{place.made['job']}")],
    }


def _retention(place: Filled) -> dict[str, list[Sight]]:
    adopted, proposed = (place.made[f"{each} version"] for each in ("adopted", "proposed"))
    quoted = adopted.replace("+", "%2B")
    version, officer = "/schedules/version", "retention_officer"
    return {
        "/due": [Sight(officer, f"/due?action={each}") for each in ("destroy", "transfer")],
        "/holds": [Sight(officer, "/holds")],
        "/schedules": [Sight(officer, "/schedules"), Sight("approver", "/schedules")],
        version: [
            Sight(officer, f"{version}?of={quoted}"),
            Sight(officer, f"{version}?of={proposed.replace('+', '%2B')}&against={quoted}"),
        ],
        "/schedules/drafts/{job_id}": [Sight(officer, place.made["draft"])],
        "/schedules/adopted": [
            Sight(
                "approver",
                f"/schedules/adopted?version={place.made['put in force'].replace('+', '%2B')}",
            ),
        ],
    }


def _lists(place: Filled) -> dict[str, list[Sight]]:
    officer, query = "retention_officer", f"?agency={AGENCY}&note={NOTE.replace(' ', '+')}"
    steps = ("proposed", "reviewed", "approved")
    return {
        "/disposal": [Sight(officer, "/disposal")],
        "/disposal/new": [Sight(officer, "/disposal/new"), Sight(officer, f"/disposal/new{query}")],
        "/disposal/{list_id}": [
            *(Sight(officer, f"/disposal/{place.made[step]}") for step in steps),
            Sight("approver", f"/disposal/{place.made['reviewed']}"),
        ],
        "/transfer": [Sight(officer, "/transfer")],
        "/transfer/new": [Sight(officer, f"/transfer/new{query}")],
        "/transfer/{list_id}": [
            Sight(officer, f"/transfer/{place.made[step]}")
            for step in ("to hand over", "received")
        ],
    }  # fmt: skip


def _auditing(place: Filled) -> dict[str, list[Sight]]:
    report = f"/signatures/{place.ids[SIGNED]}/1"
    return {
        "/signatures": [Sight("auditor", "/signatures")],
        "/signatures/endings": [Sight("auditor", "/signatures/endings")],
        "/signatures/list": [Sight("auditor", "/signatures/list")],
        "/signatures/{name}/{number}": [
            Sight("auditor", f"{report}?depth={depth}") for depth in ("sentence", "checks", "xml")
        ],
        "/trust": [Sight(each, "/trust") for each in ("auditor", "approver")],
        "/journal": [Sight("auditor", "/journal"), Sight("official", "/journal", 403)],
        "/journal/{seq}": [Sight("auditor", "/journal/1")],
    }


def _administering(place: Filled) -> dict[str, list[Sight]]:
    return {
        f"/administration{path}": [Sight("administrator", f"/administration{path}")]
        for path in ("", "/settings", "/health", "/tokens")
    } | {
        "/administration/people/{person_id}": [
            Sight("administrator", f"/administration/people/{place.made['newcomer']}")
        ]
    }


PARTS: Mapping[str, Callable[[Filled], dict[str, list[Sight]]]] = {
    "the door and what needs none": _door,
    "dossiers and copies": _reading,
    "reception and jobs": _receiving,
    "retention": _retention,
    "lists": _lists,
    "auditing": _auditing,
    "administration": _administering,
}


def pages(place: Filled) -> Mapping[str, list[Sight]]:
    """Return the pages for people, by the paths of their routes."""
    return {path: held for part in PARTS.values() for path, held in part(place).items()}


def files(place: Filled) -> Mapping[str, list[Sight]]:
    """Return what is not a page: files, pictures, health."""
    plain = f"/dossiers/{place.ids[PLAIN]}"
    copy, batch = f"/copies/{place.made['certified copy']}", f"/reception/{place.made['batch']}/1"
    made, closed = place.made, f"/reception/{place.made['closed']}"
    query = f"?agency={AGENCY}&note={NOTE.replace(' ', '+')}"
    looks = {
        "/dossiers/{name}/files/{file}": ("official", f"{plain}/files/1"),
        "/dossiers/{name}/files/{file}/view": ("official", f"{plain}/files/1/view"),
        "/dossiers/{name}/files/{file}/pages/{number}.jpg": (
            "official", f"{plain}/files/2/pages/2.jpg"),
        "/dossiers/{name}/thumbnail.jpg": ("official", f"{plain}/thumbnail.jpg"),
        "/dossiers/{name}/package": ("official", f"{plain}/package"),
        "/dossiers/{name}/evidence": ("official", f"{plain}/evidence"),
        "/copies/{year}/{number}/file": ("official", f"{copy}/file"),
        "/ban-doc/{code}/{ordinal}/{number}.png": (None, f"/ban-doc/{made['reading code']}/1/1.png"),
        "/search/list.{kind}": ("official", "/search/list.xlsx?q=nguyen"),
        "/reception/{batch_id}/{number}/page.jpg": ("archivist", f"{batch}/page.jpg?file=01-don.pdf"),
        "/reception/{batch_id}/{number}/note.pdf": ("archivist", f"{closed}/1/note.pdf"),
        "/reception/{batch_id}/minutes.pdf": ("archivist", f"{closed}/minutes.pdf"),
        "/schedules/version.toml": (
            "retention_officer",
            f"/schedules/version.toml?of={made['adopted version'].replace('+', '%2B')}",
        ),
        "/disposal/new/list.json": ("retention_officer", f"/disposal/new/list.json{query}"),
        "/transfer/new/list.json": ("retention_officer", f"/transfer/new/list.json{query}"),
        "/disposal/{list_id}/list.json": (
            "approver", f"/disposal/{made['approved']}/list.json"),
        "/transfer/{list_id}/list.json": (
            "retention_officer", f"/transfer/{made['received']}/list.json"),
        "/disposal/{list_id}/papers/{number}/{paper}": (
            "approver", f"/disposal/{made['approved']}/papers/1/{made['paper']}"),
        "/transfer/{list_id}/papers/{number}/{paper}": (
            "approver", f"/transfer/{made['received']}/papers/1/{made['transfer paper']}"),
        "/transfer/{list_id}/{file}.{ending}": (
            "retention_officer", f"/transfer/{made['received']}/receipt.csv"),
        "/signatures/export.{form}": ("auditor", "/signatures/export.pdf"),
        "/signatures/{name}/{number}/report.{form}": (
            "auditor", f"/signatures/{place.ids[SIGNED]}/1/report.xml"),
        "/journal/{seq}/proof.{form}": ("auditor", "/journal/1/proof.json"),
        "/healthz": (None, "/healthz"),
        "/readyz": (None, "/readyz"),
    }  # fmt: skip
    return {path: [Sight(*each)] for path, each in looks.items()} | {
        "/alive": [Sight("official", "/alive", 204)],
        "/sign-in/openid": [Sight(None, "/sign-in/openid", 404)],
        "/sign-in/openid/done": [Sight(None, "/sign-in/openid/done", 404)],
    }


def every(looks: Mapping[str, list[Sight]]) -> Iterator[tuple[str, Sight]]:
    """Yield route and sight, one by one."""
    for path, held in looks.items():
        for each in held:
            yield path, each
