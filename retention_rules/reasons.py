"""The reasons of a decision in Vietnamese and English, in order of weight."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from retention_rules.claims import PERMANENT, Claim
from retention_rules.facts import Facts
from retention_rules.grounds import Considered, Grounds, Reason, Standing
from retention_rules.matching import By
from retention_rules.periods import Start, Words, counted_from
from retention_rules.rule import Status

LAW = "Luật Lưu trữ 33/2024/QH15"
END_OF_WORK = f"{LAW}, Điều 15 khoản 3"
LONGEST = f"{LAW}, Điều 15 khoản 4"
EXPIRED = f"{LAW}, Điều 16"
SUBMISSION = f"{LAW}, Điều 17"
LINKED = f"{LAW}, Điều 36 khoản 4"
FIXED = "TT 33/2025/TT-BYT, Điều 2 khoản 3 (áp dụng tương tự)"
COMPARABLE = "TT 10/2022/TT-BNV (nhóm tương đương gần nhất)"

_BY = {
    By.CHOICE: Words("được chọn làm hàng tương đương gần nhất", "chosen as nearest comparable"),
    By.CLASSIFICATION: Words("được phân loại vào hàng này", "classified under this row"),
    By.MAPPING: Words("mã thủ tục được gán cho hàng này", "the procedure code maps here"),
    By.FONDS: Words("kế thừa từ phông", "inherited from the fonds"),
    By.CONDITIONS: Words("thỏa mọi điều kiện của hàng", "meets the row's conditions"),
}


def vi_day(day: date) -> str:
    """Return a day as Vietnamese papers write it: `31/12/2028`."""
    return f"{day.day:02}/{day.month:02}/{day.year:04}"


def reasons_of(grounds: Grounds) -> tuple[Reason, ...]:
    """Return the reasons of the decision that rests on these grounds."""
    return (
        *_of_holds(grounds),
        *_of_standing(grounds),
        *_of_row(grounds),
        *_of_extensions(grounds),
        *_of_doubts(grounds),
    )


def considered_of(grounds: Grounds) -> tuple[Considered, ...]:
    """Return the rows that were looked at: the deciding one, the others, the passed ones."""
    facts, matcher = grounds.facts, grounds.schedule.matcher
    on = facts.closed_on or grounds.as_of
    applying = [_applying(claim, claim is grounds.winner) for claim in grounds.claims]
    found = {entry.rule for entry in applying}
    selections = [matcher.dossier(facts, on)]
    selections += [matcher.document(facts, document, on) for document in facts.documents]
    others: dict[str, Considered] = {}
    for selection in selections:
        for item in selection.selected:
            others.setdefault(item.rule.code, _beaten(item.rule.code))
        for passed in selection.passed:
            others.setdefault(passed.code, Considered(passed.code, False, *passed.why))
    if facts.proposed_rule:
        others.setdefault(facts.proposed_rule, _proposed(facts.proposed_rule))
    if facts.chosen_rule and not facts.chosen_by:
        others.setdefault(facts.chosen_rule, _unrecorded(facts.chosen_rule))
    applying.sort(key=lambda entry: entry.rule != _winner_code(grounds))
    return (*applying, *(entry for code, entry in others.items() if code not in found))


def _winner_code(grounds: Grounds) -> str | None:
    return grounds.winner.rule.code if grounds.winner else None


def _applying(claim: Claim, decides: bool) -> Considered:
    by, period = _BY[claim.by], claim.rule.period.words()
    doc_vi = f" (tài liệu {claim.document})" if claim.document else ""
    doc_en = f" (document {claim.document})" if claim.document else ""
    end_vi = "quyết định" if decides else "không dài hơn"
    end_en = "decides" if decides else "not longer"
    return Considered(
        claim.rule.code,
        True,
        f"{by.vi}{doc_vi}; {period.vi}; {end_vi}",
        f"{by.en}{doc_en}; {period.en}; {end_en}",
    )


def _beaten(code: str) -> Considered:
    return Considered(
        code,
        False,
        "hàng khác chi tiết hơn hoặc hồ sơ chưa có hàng",
        "a more specific row decides, or the dossier has no row",
    )


def _proposed(code: str) -> Considered:
    return Considered(
        code,
        False,
        "do bên nộp đề xuất; lưu trữ quyết định",
        "proposed by the depositor; the archive decides",
    )


def _unrecorded(code: str) -> Considered:
    return Considered(
        code, False, "được chọn nhưng không ghi người chọn", "chosen, but not recorded by whom"
    )


def _of_holds(grounds: Grounds) -> Iterator[Reason]:
    for hold in grounds.holds:
        yield Reason("KHO-RET-HOLD", f"Đang tạm dừng hủy: {hold}", f"A hold is in force: {hold}")


def _of_standing(grounds: Grounds) -> Iterator[Reason]:
    match grounds.standing:
        case Standing.DUE:
            yield _due(grounds)
        case Standing.PROTECTED | Standing.FIXED | Standing.LINKED:
            yield _protected(grounds)
        case Standing.PERMANENT:
            yield from _permanent(grounds)
        case Standing.WAITING:
            yield _waiting(grounds)
        case _:
            yield _obstacle(grounds.standing, grounds.facts)


def _due(grounds: Grounds) -> Reason:
    due_on = grounds.due_on or grounds.as_of
    if grounds.winner and grounds.winner.weight == PERMANENT:
        return Reason(
            "KHO-RET-TRANSFER",
            f"Đến hạn nộp vào lưu trữ lịch sử từ {vi_day(due_on)}",
            f"Due for transfer to the historical archive since {due_on}",
            SUBMISSION,
        )
    return Reason(
        "KHO-RET-DUE",
        f"Hết thời hạn lưu trữ; đến hạn từ {vi_day(due_on)}",
        f"The period is over; due since {due_on}",
        EXPIRED,
    )


def _protected(grounds: Grounds) -> Reason:
    until, due_on = grounds.until, grounds.due_on
    if until is None:
        return Reason(
            "KHO-RET-PROTECTED",
            "Còn được bảo vệ, chưa biết ngày hết",
            "Still protected, with no known end",
            EXPIRED,
        )
    if due_on is None:
        return Reason(
            "KHO-RET-BEYOND-CALENDAR",
            "Thời hạn vượt quá năm 9999",
            "The period outlasts the calendar (year 9999)",
        )
    return Reason(
        "KHO-RET-PROTECTED",
        f"Còn được bảo vệ đến hết {vi_day(until)}; đến hạn từ {vi_day(due_on)}",
        f"Protected until the end of {until}; due from {due_on}",
        EXPIRED,
    )


def _permanent(grounds: Grounds) -> Iterator[Reason]:
    yield Reason(
        "KHO-RET-PERMANENT", "Lưu vĩnh viễn, không bao giờ hủy", "Permanent: never destroyed", LAW
    )
    if grounds.due_on is not None:
        yield Reason(
            "KHO-RET-TRANSFER",
            f"Nộp vào lưu trữ lịch sử từ {vi_day(grounds.due_on)}",
            f"To be transferred to the historical archive from {grounds.due_on}",
            SUBMISSION,
        )


def _waiting(grounds: Grounds) -> Reason:
    missing = grounds.winner.rule.trigger.words() if grounds.winner else Words("", "")
    return Reason(
        "KHO-RET-NO-TRIGGER",
        f"Thiếu sự kiện tính thời hạn: {missing.vi}",
        f"The event that the period depends on is not on record: {missing.en}",
    )


def _obstacle(standing: Standing, facts: Facts) -> Reason:
    closed = facts.closed_on
    closed_vi = vi_day(closed) if closed else ""
    match standing:
        case Standing.REOPENED:
            return Reason(
                "KHO-RET-COMPLAINT",
                "Đang có khiếu nại hoặc vụ án: hồ sơ được mở lại",
                "A complaint or court case is open: the dossier is reopened",
            )
        case Standing.NOT_YET_CLOSED:
            return Reason(
                "KHO-RET-CLOSING-AHEAD",
                f"Ngày kết thúc {closed_vi} ở sau ngày xem xét: coi như chưa kết thúc",
                f"The closing date {closed} lies ahead: the dossier counts as open",
            )
        case Standing.CONTRADICTORY:
            return Reason(
                "KHO-RET-CONTRADICTORY",
                f"Ngày kết thúc {closed_vi} trước ngày tiếp nhận: phải kiểm tra lại",
                f"The closing date {closed} lies before receipt: a person must check",
            )
        case Standing.NO_ROW:
            return Reason(
                "KHO-RET-NO-ROW",
                "Không có hàng nào áp dụng: phải chọn nhóm tương đương gần nhất và ghi lại",
                "No row applies: a person must choose the nearest comparable group, on record",
                COMPARABLE,
            )
        case _:
            return Reason(
                "KHO-RET-OPEN",
                "Hồ sơ chưa kết thúc: thời hạn chưa bắt đầu tính",
                "The dossier is open: no period is running",
                END_OF_WORK,
            )


def _of_row(grounds: Grounds) -> Iterator[Reason]:
    winner = grounds.winner
    if winner is None:
        return
    rule, period, action = winner.rule, winner.rule.period.words(), winner.rule.action.words()
    yield Reason(
        "KHO-RET-ROW",
        f"Hàng {rule.code} “{rule.title}”: {period.vi}, sau đó {action.vi}",
        f"Row {rule.code} “{rule.title}”: {period.en}, then {action.en}",
        rule.basis,
    )
    if winner.by is By.CHOICE:
        yield Reason(
            "KHO-RET-CHOICE",
            f"Nhóm tương đương gần nhất do người có thẩm quyền chọn: {grounds.facts.chosen_by}",
            f"Nearest comparable group, chosen by: {grounds.facts.chosen_by}",
            COMPARABLE,
        )
    if winner.until is not None and winner.trigger_on is not None:
        yield _count(winner, winner.trigger_on, winner.until)
    if len(grounds.claims) > 1:
        count = len(grounds.claims)
        yield Reason(
            "KHO-RET-LONGEST",
            f"{count} yêu cầu về thời hạn trong hồ sơ: áp dụng thời hạn dài nhất",
            f"{count} periods are asked for in the dossier: the longest is applied",
            LONGEST,
        )


def _count(winner: Claim, trigger_on: date, until: date) -> Reason:
    rule, event = winner.rule, winner.rule.trigger.words()
    begins = counted_from(rule.start, trigger_on)
    return Reason(
        "KHO-RET-COUNT",
        f"{event.vi.capitalize()} {vi_day(trigger_on)}; tính từ {vi_day(begins)}; "
        f"hết {vi_day(until)}",
        f"{event.en.capitalize()} {trigger_on}; counted from {begins}; ends {until}",
        END_OF_WORK if rule.start is Start.END_OF_YEAR else rule.basis,
    )


def _of_extensions(grounds: Grounds) -> Iterator[Reason]:
    fixed = grounds.facts.fixed
    if fixed and not all(claim.rule.overrides_fixed for claim in grounds.claims):
        vi, en = _end_words(fixed.protected_until)
        yield Reason(
            "KHO-RET-FIXED",
            f"Thời hạn đã xác định trước theo {fixed.rule_code} ({fixed.schedule_version}): {vi}",
            f"Fixed before under {fixed.rule_code} ({fixed.schedule_version}): {en}",
            FIXED,
        )
    for link in grounds.facts.links:
        vi, en = _end_words(link.protected_until)
        yield Reason(
            "KHO-RET-LINK",
            f"Liên kết với {link.ref}: {vi}",
            f"Linked with {link.ref}: {en}",
            LINKED,
        )


def _end_words(until: date | None) -> Words:
    if until is None:
        return Words("chưa có ngày hết", "no known end")
    return Words(f"đến hết {vi_day(until)}", f"until the end of {until}")


def _of_doubts(grounds: Grounds) -> Iterator[Reason]:
    for code in dict.fromkeys(c.rule.code for c in grounds.claims if not c.rule.confirmed):
        yield Reason(
            "KHO-RET-UNCONFIRMED",
            f"Hàng {code} chưa được xác nhận: không được hủy theo hàng này",
            f"Row {code} is unconfirmed: it never allows destruction",
        )
    if any(not claim.sure for claim in grounds.claims):
        for mapping in grounds.schedule.matcher.mapped(grounds.facts.procedure):
            if mapping.status is not Status.CONFIRMED:
                yield Reason(
                    "KHO-RET-MAPPING",
                    f"Việc gán thủ tục {mapping.prefix} vào {mapping.row} chưa được xác nhận",
                    f"The mapping of procedure {mapping.prefix} to {mapping.row} is "
                    f"{mapping.status.value}, not confirmed",
                )
    for claim in grounds.claims:
        if claim.by is By.FONDS and not claim.sure:
            yield Reason(
                "KHO-RET-FONDS",
                f"Việc phông kế thừa hàng {claim.rule.code} chưa được xác nhận",
                f"That the fonds inherits {claim.rule.code} is not confirmed",
            )
    yield from _of_blocks(grounds.facts)
    if grounds.winner and grounds.winner.rule.period.minimum:
        yield Reason(
            "KHO-RET-MINIMUM",
            "Hàng chỉ nêu thời hạn tối thiểu; cơ quan có thể lưu lâu hơn",
            "The row names a minimum only; the agency may keep longer",
            grounds.winner.rule.basis,
        )
    chosen = grounds.facts.chosen_rule
    if chosen and not grounds.facts.chosen_by:
        yield Reason(
            "KHO-RET-CHOICE-UNRECORDED",
            f"Lựa chọn {chosen} không ghi người chọn: không áp dụng",
            f"The choice of {chosen} does not record who chose: not applied",
        )


def _of_blocks(facts: Facts) -> Iterator[Reason]:
    of_documents = (code for document in facts.documents for code in document.blocks)
    blocked = ", ".join(dict.fromkeys([*facts.blocks, *of_documents]))
    if blocked and facts.blocked_by:
        yield Reason(
            "KHO-RET-BLOCK",
            f"Không kế thừa {blocked}, theo quyết định của: {facts.blocked_by}",
            f"{blocked} not inherited, by decision of: {facts.blocked_by}",
        )
    elif blocked:
        yield Reason(
            "KHO-RET-BLOCK-UNRECORDED",
            f"Việc chặn kế thừa {blocked} không ghi người quyết định: không áp dụng",
            f"The block of {blocked} does not record who decided: not applied",
        )
