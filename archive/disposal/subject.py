"""Data subjects: what the archive holds about a person, under which row, until when."""

from __future__ import annotations

from dataclasses import dataclass

from archive.assembly import Archive
from archive.catalogue import dossiers, journal
from archive.catalogue.dossiers import Holding
from archive.errors import UsageError
from archive.events import Event, EventType
from archive.retention import decide_held, schedules_of
from retention_rules.decide import Decision, Standing
from retention_rules.periods import Words
from retention_rules.rule import Action

BASIS = "Luật 91/2025/QH15, Điều 14 khoản 2 và khoản 5, Điều 19"
"""Erasure does not apply where a law requires keeping, and a refusal states its reason."""


@dataclass(frozen=True, slots=True)
class About:
    """One dossier that a person filed, and why it is or is not erased."""

    holding: Holding
    decision: Decision
    answer: Words
    """What a request to erase it is answered with."""
    basis: str
    """The legal basis of the answer."""


def report(
    archive: Archive,
    identity_number: str,
    *,
    agent: str,
    reason: str,
    what: str = "subject report",
) -> tuple[About, ...]:
    """Return everything that is held under an identity number; who asked is journalled.

    What was destroyed is not found any more: its record keeps no identity number.

    Raises:
        UsageError: no number is given.
    """
    if not identity_number.strip():
        raise UsageError("give an identity number")
    at = archive.clock()
    with archive.catalogue.begin() as connection:
        by = schedules_of(archive, connection)
        found = tuple(
            _about(holding, decide_held(archive, connection, holding, by=by))
            for holding in dossiers.by_identity(connection, identity_number.strip())
        )
        details = {"what": what, "reason": reason}
        events = [
            Event(EventType.DISSEMINATION, at, "success", agent, each.holding.dossier.id, details)
            for each in found
        ]
        journal.append_all(connection, events)
    return found


def _about(holding: Holding, decision: Decision) -> About:
    winner = decision.grounds.winner
    basis = f"{BASIS}; {winner.rule.basis}" if winner is not None else BASIS
    return About(holding, decision, _answer(decision), basis)


def _answer(decision: Decision) -> Words:
    row, until = decision.rule_code or "–", decision.protected_until
    if decision.grounds.holds:
        return Words(
            "Từ chối xóa: đang có yêu cầu giữ lại hồ sơ",
            "Erasure refused: a hold stands on the dossier",
        )
    if decision.due and decision.final_action is Action.DESTROY:
        return Words(
            f"Thời hạn theo hàng {row} đã hết: chỉ được hủy qua thủ tục hủy tài liệu hết thời hạn lưu trữ",
            f"The period of row {row} is over: it goes by the destruction procedure only",
        )
    if decision.due and decision.final_action is Action.TRANSFER:
        return Words(
            f"Từ chối xóa: hàng {row} yêu cầu nộp vào lưu trữ lịch sử",
            f"Erasure refused: row {row} has it transferred to the historical archive",
        )
    if decision.standing is Standing.PERMANENT:
        return Words(
            f"Từ chối xóa: hàng {row} lưu trữ vĩnh viễn",
            f"Erasure refused: row {row} keeps it permanently",
        )
    if until is not None and not decision.due:
        return Words(
            f"Từ chối xóa: phải lưu theo hàng {row} đến hết {until:%d/%m/%Y}",
            f"Erasure refused: row {row} requires keeping until {until}",
        )
    return Words(
        "Chưa xóa: chưa xác định được thời hạn, người có thẩm quyền phải xem xét",
        "Not erased: the period is not determined; a person with authority has to review it",
    )
