"""Qualifying: whether a dossier may go, asked when it is listed and again when it goes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from archive.assembly import Archive
from archive.catalogue.disposals import Item, Kind
from archive.catalogue.dossiers import Holding
from archive.catalogue.engine import Connection
from archive.retention import Schedules, decide_held
from retention_rules.decide import Decision
from retention_rules.rule import Action

ACTIONS = {Kind.DESTROY: Action.DESTROY, Kind.TRANSFER: Action.TRANSFER}


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of asking."""

    decision: Decision
    obstacle: str | None
    """Why it may not go, with the article; None if it may."""


def judge(
    archive: Archive,
    connection: Connection,
    holding: Holding,
    kind: Kind,
    *,
    as_of: date,
    by: Schedules,
) -> Judged:
    """Ask for holds, period, links, confirmation of the rows, and adoption of the schedule."""
    decision = decide_held(archive, connection, holding, as_of=as_of, by=by)
    return Judged(decision, _obstacle(holding, decision, kind, as_of, by))


def _obstacle(
    holding: Holding, decision: Decision, kind: Kind, as_of: date, by: Schedules
) -> str | None:
    agency = holding.dossier.agency
    if decision.grounds.holds:
        return f"đang có yêu cầu giữ lại: {', '.join(decision.grounds.holds)}"
    if not decision.confirmed:
        return f"hàng {decision.rule_code or '–'} chưa được xác nhận: chỉ được xem xét"
    if decision.final_action is not ACTIONS[kind] or not decision.due:
        first = decision.reasons[0]
        return f"chưa được phép ({decision.standing.value}): {first.text_vi} ({first.basis})"
    if by.adoption(agency, as_of) is None or not by.of(agency, as_of).approved:
        return f"bảng thời hạn của {agency} chưa được hai người ban hành"
    return None


def changed(item: Item, holding: Holding, decision: Decision) -> str | None:
    """Return what is no longer as the list has it; None if nothing."""
    listed = [(version["place"], version["sha256"]) for version in item.entry["versions"]]
    if listed != [(version.place, version.sha256) for version in holding.versions]:
        return "hồ sơ đã có phiên bản khác sau khi lập danh mục"
    was = item.entry["decision"]["rule"]
    if was != decision.rule_code:
        return f"nay thuộc hàng {decision.rule_code}, không còn hàng {was}"
    return None
