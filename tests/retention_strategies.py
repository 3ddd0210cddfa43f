"""Hypothesis strategies for retention: schedules, facts and days, the odd ones too."""

from __future__ import annotations

import os
from datetime import date

from hypothesis import settings
from hypothesis import strategies as st

from retention_rules.facts import DocumentFacts, Facts, FixedPeriod, Link
from retention_rules.periods import Period, PeriodKind, Start
from retention_rules.rule import (
    Action,
    AppliesTo,
    FondsRow,
    ProcedureMapping,
    Rule,
    Source,
    Status,
    Trigger,
)
from retention_rules.schedule import Schedule

# Properties say what is true, not how fast: a busy machine must not fail them.
# KHO_EXAMPLES=5000 looks longer.
EXAMPLES = int(os.environ.get("KHO_EXAMPLES", "60"))
settings.register_profile("retention", deadline=None, max_examples=EXAMPLES)
settings.load_profile("retention")

CODES = tuple(f"R{number}" for number in range(6))
GROUPS = ("G1", "G2")
PROCEDURES = ("1.000", "1.000.H26", "2.000", "9.999")

days = st.one_of(
    st.dates(date(1940, 1, 1), date(2120, 12, 31)),
    st.sampled_from([date.min, date.max, date(2024, 2, 29), date(2023, 12, 31), date(9998, 1, 1)]),
)
maybe_days = st.none() | days

periods = st.one_of(
    st.sampled_from(
        [
            Period(PeriodKind.PERMANENT),
            Period(PeriodKind.UNTIL_EVENT),
            Period(PeriodKind.LIFE_OF_WORK),
            Period(PeriodKind.NOT_KEPT),
        ]
    ),
    st.builds(
        Period,
        st.sampled_from([PeriodKind.YEARS, PeriodKind.MONTHS, PeriodKind.DAYS]),
        st.integers(1, 120) | st.integers(1, 99_999),
        st.booleans(),
    ),
)

conditions = st.builds(
    AppliesTo,
    procedures=st.sampled_from([(), (), ("1.000",)]),
    fields=st.sampled_from([(), (), ("A",)]),
    document_types=st.sampled_from([(), (), ("02",)]),
    outcomes=st.sampled_from([(), (), ("returned",)]),
    agencies=st.sampled_from([(), (), ("H26",)]),
    media=st.sampled_from([(), (), ("paper",)]),
    important=st.sampled_from([None, None, True, False]),
)


def rules(code: str) -> st.SearchStrategy[Rule]:
    return st.builds(
        Rule,
        code=st.just(code),
        title=st.just(f"Hồ sơ {code}"),
        period=periods,
        trigger=st.sampled_from(Trigger),
        start=st.sampled_from(Start),
        action=st.sampled_from(Action),
        basis=st.just("Luật 1/2000"),
        status=st.sampled_from([Status.CONFIRMED, Status.CONFIRMED, Status.UNCONFIRMED]),
        source=st.just(Source("Luật 1/2000", "bản in", "T")),
        applies_to=conditions,
        group=st.sampled_from(("", *GROUPS)),
        in_force_from=st.none() | st.none() | days,
        in_force_until=st.none() | st.none() | days,
        overrides_fixed=st.booleans(),
    )


mappings = st.builds(
    ProcedureMapping,
    prefix=st.sampled_from(["1", "1.000", "1.000.H26", "2.000"]),
    row=st.sampled_from((*CODES, *GROUPS)),
    status=st.sampled_from(Status),
    field=st.sampled_from(["", "A"]),
    blocks=st.sampled_from([(), ("*",), ("R0",)]),
)

blocks = st.sampled_from([(), (), ("*",), ("R0",), ("G1", "R1")])
fonds_rows = st.builds(
    FondsRow,
    code=st.sampled_from(["H26", "H26.18", "H40"]),
    row=st.sampled_from((*CODES, *GROUPS)),
    status=st.sampled_from(Status),
    blocks=blocks,
)

schedules = st.builds(
    Schedule,
    code=st.just("s"),
    title=st.just("bảng"),
    rules=st.integers(0, 6).flatmap(
        lambda count: st.tuples(*(rules(code) for code in CODES[:count]))
    ),
    procedures=st.lists(mappings, max_size=4).map(tuple),
    fonds=st.lists(fonds_rows, max_size=3).map(tuple),
    transfer_permanent_after_years=st.none() | st.integers(0, 9999),
)

row_codes = st.lists(st.sampled_from((*CODES, *GROUPS, "X")), max_size=2).map(tuple)
events = st.dictionaries(st.sampled_from([t.value for t in Trigger]), days, max_size=4)

documents = st.builds(
    DocumentFacts,
    ref=st.sampled_from(["1", "2"]),
    type_code=st.sampled_from([None, "02", "32"]),
    rows=row_codes,
    blocks=blocks,
    issued_on=maybe_days,
    events=events,
)

facts = st.builds(
    Facts,
    procedure=st.sampled_from(("", *PROCEDURES)),
    field=st.sampled_from([None, "A", "B"]),
    agency=st.sampled_from(["", "H26.18"]),
    status=st.sampled_from([None, "returned", "returned", "processing"]),
    outcome=st.sampled_from([None, "refused"]),
    important=st.booleans(),
    medium=st.sampled_from(["electronic", "paper"]),
    received_on=st.none() | st.none() | days,
    closed_on=st.none() | days | days,
    issued_on=maybe_days,
    events=events,
    rows=row_codes,
    fonds=st.sampled_from(["", "H26", "H26.18"]),
    blocks=blocks,
    blocked_by=st.sampled_from(["", "biên bản 2"]),
    documents=st.lists(documents, max_size=3).map(tuple),
    links=st.lists(st.builds(Link, st.just("khác"), maybe_days), max_size=2).map(tuple),
    fixed=st.none() | st.builds(FixedPeriod, st.just("R0"), st.just("s+0"), maybe_days),
    complaint_open=st.sampled_from([False, False, False, True]),
    chosen_rule=st.none() | st.sampled_from((*CODES, *GROUPS, "X")),
    chosen_by=st.sampled_from(["", "biên bản 1"]),
    proposed_rule=st.none() | st.sampled_from(CODES),
)
