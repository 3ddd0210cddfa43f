"""A decision as lines for a person, as values for a program, and as a ruler of dates.

Text only as data: the command line and the pages choose layout and colour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from retention_rules.decide import Decision
from retention_rules.facts import to_table
from retention_rules.periods import Words, counted_from
from retention_rules.reasons import vi_day


@dataclass(frozen=True, slots=True)
class Mark:
    """A date on the ruler."""

    code: str
    """`received`, `closed`, `event`, `start`, `end`, `due` or `as-of`."""
    label_vi: str
    label_en: str
    on: date
    position: float
    """From 0 at the ruler's first date to 1 at its last."""

    def to_json(self) -> dict[str, object]:
        """Return the mark as `kho retention explain --json` prints it."""
        return {
            "code": self.code,
            "vi": self.label_vi,
            "en": self.label_en,
            "on": self.on.isoformat(),
            "position": round(self.position, 4),
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision with everything that a person asks about it."""

    headline: Words
    lines: tuple[Words, ...]
    """The reasons, in order of weight, each with its legal basis."""
    considered: tuple[Words, ...]
    ruler: tuple[Mark, ...]
    """In order of dates."""

    def text(self, lang: str = "vi") -> list[str]:
        """Return headline, reasons and considered rows in one language, `vi` or `en`."""
        at = 0 if lang == "vi" else 1
        return [
            self.headline[at],
            *(f"  {line[at]}" for line in self.lines),
            *(f"  {line[at]}" for line in self.considered),
        ]


def explain(decision: Decision) -> Explanation:
    """Return why a decision is what it is."""
    return Explanation(
        headline=_headline(decision),
        lines=tuple(
            Words(
                f"{reason.text_vi} ({reason.basis})" if reason.basis else reason.text_vi,
                f"{reason.text_en} ({reason.basis})" if reason.basis else reason.text_en,
            )
            for reason in decision.reasons
        ),
        considered=tuple(
            Words(
                f"đã xét {row.rule} {'✔' if row.applies else '✘'} {row.why_vi}",
                f"considered {row.rule} {'✔' if row.applies else '✘'} {row.why_en}",
            )
            for row in decision.considered
        ),
        ruler=ruler(decision),
    )


def _headline(decision: Decision) -> Words:
    action, final = decision.action.words(), decision.final_action.words()
    if decision.due:
        return Words(f"Đến hạn → {action.vi}", f"Due → {action.en}")
    if decision.due_on is None:
        return Words(f"Chưa có ngày đến hạn → {action.vi}", f"No due date → {action.en}")
    return Words(
        f"Đến hạn ngày {vi_day(decision.due_on)}: {final.vi}; hiện nay → {action.vi}",
        f"Due on {decision.due_on}: {final.en}; now → {action.en}",
    )


def ruler(decision: Decision) -> tuple[Mark, ...]:
    """Return the dates of a decision in order, with their places on a line."""
    grounds = decision.grounds
    facts, winner = grounds.facts, grounds.winner
    dates: list[tuple[str, Words, date | None]] = [
        ("received", Words("tiếp nhận", "received"), facts.received_on),
        ("closed", Words("kết thúc", "closed"), facts.closed_on),
    ]
    if winner is not None and winner.trigger_on is not None:
        event = winner.rule.trigger.words()
        if winner.trigger_on != facts.closed_on:
            dates.append(("event", event, winner.trigger_on))
        if winner.until is not None:
            begins = counted_from(winner.rule.start, winner.trigger_on)
            dates.append(("start", Words("bắt đầu tính", "counted from"), begins))
    dates += [
        ("end", Words("hết bảo vệ", "protected until"), decision.protected_until),
        ("due", Words("đến hạn", "due"), decision.due_on),
        ("as-of", Words("ngày xem xét", "as of"), grounds.as_of),
    ]
    known = [(code, words, on) for code, words, on in dates if on is not None]
    known.sort(key=lambda entry: entry[2])
    first = known[0][2].toordinal()
    span = max(known[-1][2].toordinal() - first, 1)
    return tuple(
        Mark(code, words.vi, words.en, on, (on.toordinal() - first) / span)
        for code, words, on in known
    )


def to_json(decision: Decision) -> dict[str, object]:
    """Return a decision with its input and reasons as plain values.

    `facts`, `as_of`, `holds`, `mode` and the schedule's version are all that is
    needed to make the same decision again.
    """
    grounds = decision.grounds
    return {
        "action": decision.action.value,
        "final_action": decision.final_action.value,
        "due": decision.due,
        "due_on": _iso(decision.due_on),
        "protected_until": _iso(decision.protected_until),
        "standing": decision.standing.value,
        "rule": decision.rule_code,
        "confirmed": decision.confirmed,
        "schedule_version": decision.schedule_version,
        "as_of": grounds.as_of.isoformat(),
        "mode": str(grounds.mode),
        "holds": list(grounds.holds),
        "facts": to_table(grounds.facts),
        "reasons": [reason.to_json() for reason in decision.reasons],
        "considered": [row.to_json() for row in decision.considered],
        "ruler": [mark.to_json() for mark in ruler(decision)],
    }


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None
