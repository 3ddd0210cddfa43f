"""A row of a retention schedule and what belongs to it; values only."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum

from retention_rules.periods import Period, Start, Words


class Action(StrEnum):
    """What is to be done with a dossier; `KEEP` is nothing."""

    DESTROY = "destroy"
    TRANSFER = "transfer"
    """Submit to the historical archive."""
    REVIEW = "review"
    """A person has to decide; nothing may be destroyed on this alone."""
    KEEP = "keep"

    def words(self) -> Words:
        """Return the action as a person says it."""
        return _ACTION_WORDS[self]


_ACTION_WORDS = {
    Action.DESTROY: Words("xét hủy", "destroy"),
    Action.TRANSFER: Words("nộp vào lưu trữ lịch sử", "transfer to the historical archive"),
    Action.REVIEW: Words("người có thẩm quyền xem xét", "review by a person"),
    Action.KEEP: Words("tiếp tục lưu", "keep"),
}


class Trigger(StrEnum):
    """The event that starts a period, or ends one that lasts "until" it."""

    DOSSIER_CLOSED = "dossier-closed"
    DOCUMENT_ISSUED = "document-issued"
    """The document's own date; for a whole dossier the date of its result."""
    RESULT_EXPIRED = "result-expired"
    CONTRACT_ENDED = "contract-ended"
    DEATH = "death"
    EFFECT_ENDED = "effect-ended"
    """A legal text has lost its effect."""
    LIFE_ENDED = "life-ended"
    """A building, vehicle or machine is gone."""
    AUCTION_ENDED = "auction-ended"
    SALE = "sale"
    POSTED = "posted"
    """A postal item was accepted."""
    GRADUATION = "graduation"
    ABSCONDED = "absconded"

    def words(self) -> Words:
        """Return the event as a person says it."""
        return _TRIGGER_WORDS[self]


_TRIGGER_WORDS = {
    Trigger.DOSSIER_CLOSED: Words("kết thúc hồ sơ", "closing of the dossier"),
    Trigger.DOCUMENT_ISSUED: Words("ngày ban hành tài liệu", "issue of the document"),
    Trigger.RESULT_EXPIRED: Words("kết quả hết hạn", "expiry of the result"),
    Trigger.CONTRACT_ENDED: Words("chấm dứt hợp đồng", "end of the contract"),
    Trigger.DEATH: Words("người có hồ sơ chết", "death of the person"),
    Trigger.EFFECT_ENDED: Words("văn bản hết hiệu lực", "end of the text's legal effect"),
    Trigger.LIFE_ENDED: Words(
        "công trình, thiết bị hết tuổi thọ", "end of life of the work or equipment"
    ),
    Trigger.AUCTION_ENDED: Words("kết thúc cuộc đấu giá", "end of the auction"),
    Trigger.SALE: Words("thời điểm bán hàng", "sale"),
    Trigger.POSTED: Words("ngày nhận gửi", "acceptance of the postal item"),
    Trigger.GRADUATION: Words("ngày công nhận tốt nghiệp", "recognition of graduation"),
    Trigger.ABSCONDED: Words("năm bỏ trốn", "escape of the person"),
}


class Status(StrEnum):
    """How sure a row or a mapping is; only `CONFIRMED` may lead to destruction."""

    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    EXAMPLE = "example"
    """Shipped to show the form; for mappings only."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a row was read."""

    instrument: str
    """Number and sign of the instrument, for example `NĐ 23/2015/NĐ-CP`."""
    read: str
    """The publication or page in which the row was read."""
    mark: str
    """`T` wording of the instrument, `S` secondary source, `I` inference, `M` memory."""
    row: str = ""
    """The row's number in the collection that the schedule was made from."""


@dataclass(frozen=True, slots=True)
class AppliesTo:
    """The conditions of a row; an empty one is always met."""

    procedures: tuple[str, ...] = ()
    """Procedure codes or their leading parts: `1.000318` also covers `1.000318.000.00.00.H40`."""
    fields: tuple[str, ...] = ()
    """Sectors (lĩnh vực)."""
    document_types: tuple[str, ...] = ()
    """`typeName` codes; such a row applies to single documents, not to dossiers."""
    outcomes: tuple[str, ...] = ()
    agencies: tuple[str, ...] = ()
    """Agency codes or their leading parts."""
    media: tuple[str, ...] = ()
    """`paper` or `electronic`."""
    important: bool | None = None
    """Whether the case must be marked as important, or must not; None: no matter."""

    @property
    def selects(self) -> bool:
        """Whether the row finds its records itself, without mapping or classification."""
        return bool(self.procedures or self.fields or self.document_types)

    def conditions(self) -> int:
        """Return how many conditions the row has; more is more specific."""
        lists = (
            self.procedures,
            self.fields,
            self.document_types,
            self.outcomes,
            self.agencies,
            self.media,
        )
        return sum(map(bool, lists)) + (self.important is not None)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a schedule."""

    code: str
    title: str
    """In Vietnamese, as the instrument names the group."""
    period: Period
    trigger: Trigger
    start: Start
    action: Action
    """What follows when the period is over."""
    basis: str
    """The legal basis, instrument and clause."""
    status: Status
    source: Source
    applies_to: AppliesTo = AppliesTo()
    group: str = ""
    """Code shared by the rows into which one group is split; "" for a row of its own."""
    in_force_from: date | None = None
    """First day of force; None if not known or always."""
    in_force_until: date | None = None
    """First day on which the row is *no longer* in force; None if still in force."""
    supersedes: tuple[str, ...] = ()
    """Codes of the rows that this one replaces."""
    overrides_fixed: bool = False
    """Whether the law lets this row shorten a period that was fixed before it."""
    note: str = ""

    @property
    def confirmed(self) -> bool:
        """Whether the row's wording was confirmed."""
        return self.status is Status.CONFIRMED

    def to_json(self) -> dict[str, object]:
        """Return the row as `kho rule show --json` prints it."""
        return {
            "code": self.code,
            "group": self.group,
            "title": self.title,
            "period": str(self.period),
            "minimum": self.period.minimum,
            "trigger": self.trigger.value,
            "start": self.start.value,
            "action": self.action.value,
            "basis": self.basis,
            "status": self.status.value,
            "source": asdict(self.source),
            "applies_to": asdict(self.applies_to),
            "in_force_from": self.in_force_from and self.in_force_from.isoformat(),
            "in_force_until": self.in_force_until and self.in_force_until.isoformat(),
            "supersedes": list(self.supersedes),
            "overrides_fixed": self.overrides_fixed,
            "note": self.note,
        }

    def in_force(self, on: date) -> bool:
        """Return whether the row was in force on a day."""
        return (self.in_force_from is None or self.in_force_from <= on) and (
            self.in_force_until is None or on < self.in_force_until
        )


@dataclass(frozen=True, slots=True)
class ProcedureMapping:
    """Which row or group the dossiers of a procedure fall under."""

    prefix: str
    """Procedure code or its leading parts; the longest that fits decides."""
    row: str
    """A rule's code or group."""
    status: Status
    title: str = ""
    """The procedure's name, for people."""
    field: str = ""
    """The procedure's sector (lĩnh vực), where the dossier does not name its own."""
    blocks: tuple[str, ...] = ()
    """Rows or groups of the fonds that its dossiers do not inherit; `*` for all."""


@dataclass(frozen=True, slots=True)
class FondsRow:
    """A row or group that the dossiers of a fonds, and of those beneath it, inherit."""

    code: str
    """Of the fonds."""
    row: str
    """A rule's code or group."""
    status: Status
    blocks: tuple[str, ...] = ()
    """Rows or groups of wider fonds that are not inherited from here on; `*` for all."""


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's approval of a schedule, for one agency."""

    by: str
    """Position or account that approved; not a private person's data."""
    on: date
    document: str = ""
    """The decision's number and sign."""


@dataclass(frozen=True, slots=True)
class MaintenanceCode:
    """A value of the field `maintenance` (Circular 05/2025/TT-BNV)."""

    code: str
    title: str
    period: Period | None
    """None for `other`, where the period itself must stand beside the code."""
