"""What every `SearchIndex` promises; the same assertions for each engine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from archive.errors import IntegrityError, QueryRejected, SchemaMismatch, Unavailable
from archive.search import IndexRecord, Page, Query, SearchIndex, Sort
from archive.search.language import parse
from archive.search.query import Mode, Term
from archive.search.snippets import highlight
from archive.search.tantivy_engine import TantivyIndex
from archive.search.whoosh_engine import WhooshIndex

ENGINES: dict[str, Callable[..., SearchIndex]] = {"tantivy": TantivyIndex, "whoosh": WhooshIndex}


def a_record(number: int, name: str, received: date, **changes: object) -> IndexRecord:
    record = IndexRecord(
        id=f"{number:08}-0000-5000-8000-000000000000",
        year=received.year,
        code=f"H26.18-{received:%y%m%d}-{number:04}",
        name=name,
        procedure="1.001193",
        procedure_name="Đăng ký khai sinh",
        agency="H26.18",
        agency_name="Ủy ban nhân dân phường Láng",
        status="returned",
        received_on=received,
        signature_outcome="passed",
    )
    return replace(record, **changes)  # type: ignore[arg-type]


AN = a_record(
    1, "Nguyễn Văn An", date(2022, 5, 24),
    code_old="000.00.18.H26-220524-0001", file_code="H26.18.2022.160",
    identity_number="001085012345", closed_on=date(2022, 6, 10), result_number="12/GP-UBND",
    procedure="1.009994", procedure_name="Cấp giấy phép xây dựng nhà ở riêng lẻ",
    title="Cấp giấy phép xây dựng của ông Nguyễn Văn An",
    text="Căn cứ Luật Xây dựng; theo đề nghị của ông Nguyễn Văn An, xây dựng nhà ở tại phố Láng Hạ.",
)  # fmt: skip
DUC = a_record(
    2, "Đỗ Thị Đức", date(2022, 7, 1), identity_number="001190000002",
    closed_on=date(2022, 7, 20), text="Giấy khai sinh bản chính và bản sao.",
)  # fmt: skip
BINH = a_record(
    3, "Trần Thanh Bình", date(2023, 1, 2), agency="H26.19", agency_name="Sở Tư pháp",
    status="processing", signature_outcome="failed", text="Lý lịch tư pháp số 2 của người xin việc",
)  # fmt: skip
ANH = a_record(
    4, "Nguyễn Văn Anh", date(2024, 2, 29), procedure="1.000318.000.00.00.H40",
    procedure_name="Đăng ký kết hôn", agency="H40", agency_name="Ủy ban nhân dân xã Hòa Bình",
    status="refused", signature_outcome="indeterminate", result_number="7/2024/QĐ-UBND",
    result_code="KQ.G15.000469", closed_on=date(2024, 3, 8), text="giay phep lao dong",
)  # fmt: skip
HOA = a_record(
    5, "Công ty TNHH Hoà Phát", date(2024, 3, 1), identity_number="0101234567",
    agency="H26.18.03", agency_name="Phòng Kinh tế", text="Giấy phép môi trường số 5 của công ty",
    signature_outcome=None,
)  # fmt: skip
EVERYTHING = (AN, DUC, BINH, ANH, HOA)


@pytest.fixture(scope="module", params=ENGINES)
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory):
    index = ENGINES[request.param](tmp_path_factory.mktemp("index"))
    index.write(EVERYTHING)
    yield index
    index.close()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Callable[..., SearchIndex]:
    return ENGINES[request.param]


@pytest.fixture
def index(engine: Callable[..., SearchIndex], tmp_path: Path) -> Iterator[SearchIndex]:
    index = engine(tmp_path / "index")
    yield index
    index.close()


def find(index: SearchIndex, text: str, **changes: object) -> Page:
    return index.search(replace(Query(parse(text).node), **changes))  # type: ignore[arg-type]


def found(index: SearchIndex, text: str, **changes: object) -> list[int]:
    page = find(index, text, **changes)
    assert page.total == len(page.hits)
    return [int(hit.id[:8]) for hit in page.hits]


def every_page(index: SearchIndex, query: Query) -> Iterator[Page]:
    page = index.search(query)
    yield page
    while page.cursor:
        page = index.search(replace(query, cursor=page.cursor))
        yield page


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("H26.18-220524-0001", [1]),
        ("h26.18-220524-0001", [1]),
        ("mã:H26.18-220524-0001", [1]),
        ("ma:220524-0001", [1]),
        ("220524-0001", [1]),
        ("mã:H26.18-2205", [1]),
        ("H26.18-2205", [1]),
        ("mã:0003", [3]),
        ("000.00.18.H26-220524-0001", [1]),
        ("mã:H26.18.2022.160", [1]),
        ("mã:2207*", [2]),
        ("H26.18-991231-0001", []),
    ],
    ids=["whole", "small letters", "with its field", "its end", "its end alone", "its beginning",
         "its beginning alone", "its ordinal", "old form", "file code", "star", "another"],
)  # fmt: skip
def test_a_dossier_is_found_by_its_code_or_a_part_of_it(shared, text, numbers) -> None:
    assert found(shared, text) == numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Nguyễn Văn An", [1]),
        ("nguyen van an", [1]),
        ("NGUYỄN VĂN AN", [1]),
        ("An Nguyễn Văn", [1]),
        ("an van nguyen", [1]),
        ("nguyenvanan", [1]),
        ("nguyen vanan", [1]),
        ("do thid uc", [2]),
        ("do thi duc", [2]),
        ("Đỗ Thị Đức", [2]),
        ("dothiduc", [2]),
        ("nguyễn văn", [4, 1]),
        ("tên:binh", [3]),
        ("ten:nguyen", [4, 1]),
        ('tên:"van an"', [1]),
        ("Nguye\u0302\u0303n Va\u0306n An", [1]),
        ("hòa phát", [5]),
        ("hoà phát", [5]),
    ],
)
def test_a_name_is_found_however_it_is_typed(shared, text, numbers) -> None:
    assert found(shared, text, approximate=False) == numbers


@pytest.mark.parametrize(
    ("text", "number"),
    [("nguyne van an", 1), ("ngyen van an", 1), ("tran thanh bin", 3), ("tran thahn binh", 3),
     ("tên:dox tên:thi tên:duc", 2), ("binhh tran thanh", 3), ("tranthanhbinhh", 3)],
)  # fmt: skip
def test_one_typing_error_in_a_name_is_forgiven_and_said(shared, text, number) -> None:
    page = find(shared, text)

    assert number in [int(hit.id[:8]) for hit in page.hits]
    assert page.approximate == page.total == len(page.hits)
    assert all(hit.approximate for hit in page.hits)


def test_guessing_can_be_turned_off(shared) -> None:
    assert found(shared, "nguyne van an", approximate=False) == []


def test_exact_names_come_before_guessed_ones(shared) -> None:
    page = find(shared, "nguyen van anh")

    assert [(int(hit.id[:8]), hit.approximate) for hit in page.hits] == [(4, False), (1, True)]
    assert (page.total, page.approximate) == (2, 1)
    assert page.hits[0].score > page.hits[1].score


def test_a_misspelt_word_of_the_text_is_guessed_when_nothing_else_is_found(shared) -> None:
    page = find(shared, "lịch tư phpá")

    assert [int(hit.id[:8]) for hit in page.hits] == [3]
    assert page.approximate == 1


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("001085012345", [1]),
        ("cccd:001085012345", [1]),
        ("cccd:0010*", [1]),
        ("cccd:0101234567", [5]),
        ("001085012346", []),
        ("thủtục:1.001193", [5, 3, 2]),
        ("thutuc:1.000318", [4]),
        ("1.000318.000.00.00.H40", [4]),
        ("thủtục:khai", [5, 3, 2]),
        ('thủtục:"giấy phép xây dựng"', [1]),
        ("cơquan:H26", [5, 3, 2, 1]),
        ("coquan:H26.18", [5, 2, 1]),
        ("cơquan:h26.18.03", [5]),
        ("cơquan:H2", []),
        ('cơquan:"hoà bình"', [4]),
        ("trạngthái:processing", [3]),
        ('trạngthái:"đang xử lý"', [3]),
        ("chữký:failed", [3]),
        ("chữký:hợplệ", [2, 1]),
        ("sốkq:12/GP-UBND", [1]),
        ("12/GP-UBND", [1]),
        ("12/gp", [1]),
        ("7/2024/QĐ-UBND", [4]),
        ("KQ.G15.000469", [4]),
        ("sốkq:000469", [4]),
    ],
)
def test_the_fields_of_a_dossier_find_it(shared, text, numbers) -> None:
    assert sorted(found(shared, text, approximate=False)) == sorted(numbers)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("ngày:24/05/2022", [1]),
        ("ngày:2022-05-24", [1]),
        ("ngày:5/2022", [1]),
        ("ngày:01/2022..06/2022", [1]),
        ("ngày:01/2022..07/2022", [2, 1]),
        ("ngày:2022", [2, 1]),
        ("ngày:>=2023", [5, 4, 3]),
        ("ngày:<01/07/2022", [1]),
        ("ngày:..2022", [2, 1]),
        ("ngày:2024..", [5, 4]),
        ('ngày:"29/02/2024 đến 01/03/2024"', [5, 4]),
        ("ngày:Q1/2024", [5, 4]),
        ("năm:2023", [3]),
        ("năm:2022..2023", [3, 2, 1]),
        ("-năm:2024", [3, 2, 1]),
        ("ngàytrả:06/2022", [1]),
        ("ngàytrả:..2022", [2, 1]),
        ("-ngàytrả:2000..", [5, 3]),
        ("ngày:2022 ngàytrả:07/2022", [2]),
        ("năm:1999", []),
    ],
)
def test_dates_bound_what_is_found(shared, text, numbers) -> None:
    assert found(shared, text) == numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("giay phep", [1, 5, 4]),
        ("giấy phép", [1, 5, 4]),
        ('"giấy phép xây dựng"', [1]),
        ('"phép giấy"', []),
        ('"an 001085012345"', []),
        ("“bản chính”", [2]),
        ("xây*", [1]),
        ("text:lang", [1]),
        ("text:ban", [2]),
        ("tiêuđề:giấy", [1]),
        ("giấy -phép", [2]),
        ("giấy KHÔNG phép", [2]),
        ("giấy NOT phép", [2]),
        ("giấy -(phép lao)", [1, 5, 2]),
        ("láng HOẶC tư", [3, 2, 1]),
        ("láng OR tư", [3, 2, 1]),
        ("(đức OR bình) -đỗ", [4, 3]),
        ("lá* -hạ", [4, 2]),
        ("khai VÀ sinh VÀ chính", [2]),
        ("xyay~", [1]),
        ("tên:nguyne~", [1, 4]),
        ("*", [5, 4, 3, 2, 1]),
        ("", [5, 4, 3, 2, 1]),
        ("-giấy", [3]),
    ],
)
def test_words_phrases_and_operators_search_the_full_text(shared, text, numbers) -> None:
    assert sorted(found(shared, text, approximate=False)) == sorted(numbers)


def test_a_phrase_does_not_span_two_fields(shared) -> None:
    assert found(shared, '"an cap giay"', approximate=False) == []


def test_better_kinds_of_match_come_first_then_newer_dossiers(index: SearchIndex) -> None:
    day = date(2024, 1, 1)
    in_text = a_record(1, "Lê Hoa", date(2024, 5, 1), text="của ông Phạm Văn Tú")
    in_name = a_record(2, "Phạm Văn Tú Anh", day)
    swapped = a_record(3, "Tú Phạm Văn", date(2024, 3, 1))
    unaccented = a_record(4, "Pham Van Tu", date(2024, 4, 1))
    newer = a_record(6, "Phạm Văn Tú", date(2024, 2, 2))
    older = a_record(5, "Phạm Văn Tú", day)
    index.write([in_text, in_name, swapped, unaccented, newer, older])

    assert found(index, "phạm văn tú", approximate=False) == [6, 5, 4, 2, 3, 1]


def test_a_syllable_that_a_name_has_twice_is_not_lost(index: SearchIndex) -> None:
    twice = a_record(1, "Lê Minh Minh", date(2022, 1, 1))
    once = [a_record(n, "Lê Minh", date(2023, 1, n)) for n in range(2, 20)]
    index.write([twice, *once])

    assert find(index, "le minh minh", limit=1).hits[0].id == twice.id


def test_facets_count_every_hit_exactly(shared) -> None:
    names = ("procedure", "agency", "year", "status", "signature_outcome")

    page = find(shared, "*", facets=names, limit=1)

    counts = {facet.field: [(v.value, v.count) for v in facet.values] for facet in page.facets}
    assert counts == {
        "procedure": [("1.001193", 3), ("1.000318.000.00.00.H40", 1), ("1.009994", 1)],
        "agency": [("H26.18", 2), ("H26.18.03", 1), ("H26.19", 1), ("H40", 1)],
        "year": [("2022", 2), ("2024", 2), ("2023", 1)],
        "status": [("returned", 3), ("processing", 1), ("refused", 1)],
        "signature_outcome": [("passed", 2), ("failed", 1), ("indeterminate", 1)],
    }


def test_facets_can_be_cut_and_say_so(shared) -> None:
    (facet,) = find(shared, "*", facets=("agency",), facet_values=1).facets

    assert [(v.value, v.count) for v in facet.values] == [("H26.18", 2)]
    assert facet.others == 3


def test_filters_take_exact_facet_values(shared) -> None:
    assert found(shared, "*", filters={"agency": ("H26.18",)}) == [2, 1]
    assert found(shared, "*", filters={"agency": ("H26.18", "H40"), "year": ("2024",)}) == [4]
    assert found(shared, "nothing", filters={"agency": ("H26.18",)}) == []
    assert found(shared, "*", filters={"status": ()}) == []


def test_what_the_asker_may_not_see_is_neither_found_nor_counted(shared) -> None:
    permit = Term("agency", "H26.18", Mode.EXACT)

    page = find(shared, "nguyen van", permit=permit, facets=("agency",))

    assert [int(hit.id[:8]) for hit in page.hits] == [1]
    assert page.total == 1
    assert [(v.value, v.count) for v in page.facets[0].values] == [("H26.18", 1)]


@pytest.mark.parametrize(
    ("sort", "descending", "numbers"),
    [
        (Sort.RECEIVED, None, [5, 4, 3, 2, 1]),
        (Sort.RECEIVED, False, [1, 2, 3, 4, 5]),
        (Sort.CLOSED, None, [4, 2, 1]),
        (Sort.CODE, None, [1, 2, 3, 4, 5]),
        (Sort.CODE, True, [5, 4, 3, 2, 1]),
        (Sort.RELEVANCE, None, [5, 4, 3, 2, 1]),
    ],
)
def test_hits_are_sorted(shared, sort, descending, numbers) -> None:
    assert found(shared, "*", sort=sort, descending=descending)[: len(numbers)] == numbers


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("descending", [None, True, False])
def test_pages_follow_each_other_without_gaps_or_repeats(index, sort, descending) -> None:
    records = [
        a_record(n, f"Lê Thị {['Hoa', 'Mai', 'Lan'][n % 3]}", date(2020 + n % 3, 1 + n % 2, 5),
                 agency=f"H{20 + n % 2}", code=f"H{20 + n % 2}.01-2001{n % 3}-{n:04}",
                 closed_on=date(2023, 1, 1) if n % 2 else None)
        for n in range(41)
    ]  # fmt: skip
    index.write(records)
    query = Query(parse("lê mai OR hoa").node, sort=sort, descending=descending, limit=4)

    whole = [hit.id for hit in index.search(replace(query, limit=100)).hits]
    pages = list(every_page(index, query))

    assert [hit.id for page in pages for hit in page.hits] == whole
    assert len(set(whole)) == len(whole) == pages[0].total
    assert {page.total for page in pages} == {len(whole)}


@pytest.mark.parametrize("sort", Sort)
def test_pages_stay_in_step_while_dossiers_are_added(index: SearchIndex, sort: Sort) -> None:
    before = [a_record(n, "Vũ Thị Lan", date(2021 + n % 2, 3, 1 + n % 20)) for n in range(30)]
    index.write(before)
    query = Query(parse("vu thi lan").node, sort=sort, limit=7)

    seen: list[str] = []
    page = index.search(query)
    number = 1000
    while True:
        seen += [hit.id for hit in page.hits]
        more = [
            a_record(number + k, name, date(2021 + k % 2, 3, 1 + (number + 7 * k) % 20))
            for k, name in enumerate(["Vũ Thị Lan", "Lan Vũ Thị", "Vũ Lan", "Trần Văn Tư"])
        ]
        index.write(more)
        number += 10
        if page.cursor is None or number > 1200:
            break
        page = index.search(replace(query, cursor=page.cursor))

    assert len(seen) == len(set(seen))
    assert {record.id for record in before} <= set(seen)


def test_a_cursor_fits_its_own_question_only(shared) -> None:
    page = find(shared, "*", limit=2)
    assert page.cursor

    with pytest.raises(QueryRejected):
        find(shared, "nguyen", limit=2, cursor=page.cursor)
    for broken in ("", "x", "AAAA", page.cursor[:-3], page.cursor + "é", "W10", "bnVsbA"):
        if broken:
            with pytest.raises(QueryRejected):
                find(shared, "*", limit=2, cursor=broken)


def test_limits_and_names_are_checked(shared) -> None:
    for changes in (
        {"limit": 0},
        {"limit": 1001},
        {"facets": ("name",)},
        {"filters": {"x": ("y",)}},
    ):
        with pytest.raises(QueryRejected):
            find(shared, "*", **changes)


def test_writing_again_replaces(index: SearchIndex) -> None:
    index.write([AN, BINH])
    index.write([replace(AN, name="Nguyễn Văn Bảo"), BINH])

    assert index.counts() == {2022: 1, 2023: 1}
    assert found(index, "tên:an", approximate=False) == []
    assert found(index, "tên:bảo") == [1]


def test_a_dossier_that_moves_to_another_year_is_in_that_year_only(index: SearchIndex) -> None:
    index.write([AN, DUC])
    index.write([replace(AN, received_on=date(2021, 12, 31), year=2021)])

    assert index.counts() == {2021: 1, 2022: 1}
    assert found(index, "nguyen van an") == [1]
    assert found(index, "nguyen van an năm:2022", approximate=False) == []


def test_deleted_dossiers_are_gone_from_answers_totals_and_facets(index: SearchIndex) -> None:
    index.write(EVERYTHING)
    index.write([], [AN.id, ANH.id, "unknown"])

    page = find(index, "*", facets=("agency",))

    assert [int(hit.id[:8]) for hit in page.hits] == [5, 3, 2]
    assert sum(v.count for v in page.facets[0].values) == page.total == 3
    assert found(index, "nguyen", approximate=False) == []
    assert sorted(index.keys(2024)) == [HOA.id]
    assert index.counts() == {2022: 1, 2023: 1, 2024: 1}


def test_the_last_of_equal_ids_in_a_batch_counts(index: SearchIndex) -> None:
    index.write([AN, replace(AN, name="Lê Lợi")])

    assert found(index, "lê lợi") == [1]
    assert found(index, "tên:nguyen", approximate=False) == []


def test_rebuilding_a_year_replaces_that_year(index: SearchIndex) -> None:
    index.write(EVERYTHING)

    assert index.rebuild(2024, [replace(ANH, name="Mai An Tiêm")]) == 1
    assert index.rebuild(2023, []) == 0

    assert index.counts() == {2022: 2, 2024: 1}
    assert found(index, "mai an tiêm") == [4]
    with pytest.raises(ValueError, match="cannot be in"):
        index.rebuild(2024, [AN])
    assert index.counts() == {2022: 2, 2024: 1}


def test_purged_dossiers_are_in_no_file_any_more(index: SearchIndex, tmp_path: Path) -> None:
    secret = a_record(
        9, "Zyxwvut Qrstuvw", date(2022, 8, 8), identity_number="098765432109",
        text="mật khẩu zebrafinkhaus", code="H26.18-220808-9999",
    )  # fmt: skip
    index.write([*EVERYTHING, secret])
    remaining = [record for record in EVERYTHING if record.year == 2022]

    proof = index.purge(
        [secret.id], lambda year: remaining, traces=[secret.code, "098765432109", "zebrafinkhaus"]
    )

    assert proof.years == (2022,)
    assert (proof.kept, proof.traces) == (2, 4)
    assert proof.files > 0
    assert proof.bytes > 0
    content = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    for trace in (b"zebrafinkhaus", b"zyxwvut", b"098765432109", secret.id.encode()):
        assert trace not in content.lower()
    assert found(index, "nguyen van an", approximate=False) == [1]
    assert found(index, "zebrafinkhaus", approximate=False) == []
    assert index.check() == ()


def test_purging_reaches_what_was_only_deleted_before(index: SearchIndex, tmp_path: Path) -> None:
    index.write([AN, replace(DUC, text="zebrafinkhaus"), replace(BINH, text="zebrafinkhaus")])
    index.write([], [DUC.id, BINH.id])

    proof = index.purge([DUC.id, BINH.id], lambda year: [AN], traces=["zebrafinkhaus"])

    assert proof.years == (2022,)
    content = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file())
    assert b"zebrafinkhaus" not in content
    assert index.counts() == {2022: 1}


def test_purging_refuses_a_source_that_still_has_the_dossier(index: SearchIndex) -> None:
    index.write([AN, DUC])

    with pytest.raises(IntegrityError):
        index.purge([AN.id], lambda year: [AN, DUC])

    assert found(index, "nguyen van an", approximate=False) == []
    assert index.purge([AN.id], lambda year: [DUC]).kept == 1


def test_purging_tells_when_a_trace_is_left(index: SearchIndex) -> None:
    index.write([AN, DUC])

    shared_number = index.purge([AN.id], lambda year: [DUC], traces=["001190000002"])

    assert shared_number.traces == 1, "a text that a remaining dossier has too is not looked for"


@pytest.mark.parametrize(
    ("text", "start", "end", "code"),
    [
        ('tên:"nguyễn', 4, 5, "QUOTE"),
        ("an (bình", 3, 4, "BRACKET"),
        ("an) bình", 2, 3, "BRACKET"),
        ("ngày:30/02/2022", 5, 15, "DATE"),
        ("an tne:bình", 3, 7, "FIELD"),
        ("an HOẶC", 3, 7, "OPERATOR"),
        ("trạngthái:lạ", 10, 12, "VALUE"),
        ("a*", 0, 2, "STAR"),
        ("Nguye\u0302\u0303n )", 9, 10, "BRACKET"),
    ],
)
def test_errors_in_a_query_are_told_with_their_place(shared, text, start, end, code) -> None:
    parsed = parse(text)
    page = shared.search(Query(parsed.node))

    assert not parsed.accepted
    (diagnostic,) = parsed.diagnostics
    assert (diagnostic.start, diagnostic.end) == (start, end)
    assert diagnostic.code == f"KHO-QUERY-{code}"
    assert diagnostic.message
    assert (page.total, page.hits) == (0, ())
    assert page.diagnostics == parsed.diagnostics


HOSTILE = {
    "10,000 characters": "a" * 10_000,
    "10,001 characters": "a" * 10_001,
    "1,000 words": "nguyen " * 1_000,
    "1,000 different words": " ".join(f"w{n}" for n in range(1_000)),
    "500 alternatives": " OR ".join(f"w{n}" for n in range(500)),
    "1,000 prefixes": "ng* " * 1_000,
    "100 prefixes": " ".join(f"{a}{b}*" for a in "abcdefghij" for b in "aeiouynhgt"),
    "300 fuzzy words": " ".join(f"wort{n}~" for n in range(300)),
    "long phrase": '"' + "van " * 1_000 + '"',
    "nested": "(" * 30 + "an" + ")" * 30,
    "nested too deeply": "(" * 4_000 + "an" + ")" * 4_000,
    "alternating": "(an OR (bình " * 19 + "x" + "))" * 19,
    "many NOT": "NOT " * 900 + "an",
    "NUL": "an\0 \0bình",
    "lone quote": 'an "',
    "quotes": '"' * 99,
    "emoji": "👨‍👩‍👧‍👦 🇻🇳 an",
    "only emoji": "👨‍👩‍👧‍👦",
    "right to left": "\u202eبحث an \u200f",
    "decomposed": "Nguye\u0302\u0303n Va\u0306n An",
    "control characters": "\x01\x02\x7f\x1b[31m",
    "pattern": "a.*[(+?^$|{1,99}\\",
    "patterns as code": 'mã:".*" mã:[a-z]+',
    "engine syntax": "key:* _all:x title:[a TO b] a^9 +an -bình && || !x",
    "lone surrogate": "an \ud800",
    "sql": "'; DROP TABLE d; --",
    "spaces": " \u00a0\u3000\t\n",
    "big numbers": "năm:99999999999999999999 ngày:9999 ngày:0000",
    "zalgo": "a" + "\u0301" * 500,
    "boundary": '"¦" ¦ an¦bình',
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_query_breaks_the_index(shared, text) -> None:
    parsed = parse(text)
    page = shared.search(Query(parsed.node, facets=("agency", "year")))

    assert 0 <= page.total <= len(EVERYTHING)
    assert all(0 <= d.start <= d.end <= len(text) for d in parsed.diagnostics)
    assert found(shared, "nguyen van an", approximate=False) == [1]


def test_odd_records_are_indexed(index: SearchIndex) -> None:
    odd = a_record(
        7, "🙂\0 \u202e", date(2020, 2, 29), code="'\"\\\n", procedure="", agency="",
        text="x" * 100_000 + " " + "y" * 5_000_000, title="¦ ¦", identity_number="",
        procedure_name=None, agency_name=None,
    )  # fmt: skip
    index.write([odd, AN])

    assert found(index, "*") == [1, 7]
    assert found(index, "x" * 70, approximate=False) == [7]


def test_snippets_mark_the_accented_original(shared) -> None:
    parsed = parse("lang ha xay*")

    snippet = highlight(AN.text, parsed.node, width=60)

    marked = snippet.marked("[", "]")
    assert "[xây] dựng nhà ở tại phố [Láng] [Hạ]" in marked
    assert len(snippet.text) <= 62


def test_the_index_is_found_again_after_closing(engine, tmp_path: Path) -> None:
    first = engine(tmp_path / "index")
    first.write(EVERYTHING)
    first.close()

    second = engine(tmp_path / "index")

    assert found(second, "nguyen van an", approximate=False) == [1]
    assert first.counts() == second.counts()
    assert second.check() == ()


def test_a_reader_sees_what_another_object_writes(engine, tmp_path: Path) -> None:
    reader, writer = engine(tmp_path / "index"), engine(tmp_path / "index")
    assert found(reader, "*") == []

    writer.write([AN])
    assert found(reader, "*") == [1]
    writer.write([BINH, DUC], [AN.id])
    assert found(reader, "*") == [3, 2]
    writer.rebuild(2022, [AN])
    assert found(reader, "*") == [3, 1]


def test_another_version_or_engine_asks_for_a_rebuild(engine, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    index = engine(folder)
    index.write([AN])
    (folder / "schema.json").write_text('{"engine": "other", "schema": 0}')

    with pytest.raises(SchemaMismatch):
        index.search(Query(parse("an").node))
    with pytest.raises(SchemaMismatch):
        index.write([BINH])
    assert [finding.rule for finding in index.check()] == ["KHO-INDEX-SCHEMA"]
    index.clear()
    assert index.rebuild(2022, [AN]) == 1
    assert found(index, "an", approximate=False) == [1]
    assert index.check() == ()


def test_damaged_files_are_reported_and_can_be_rebuilt(engine, tmp_path: Path) -> None:
    index = engine(tmp_path / "index")
    index.write([AN, BINH])
    index.close()
    for path in (tmp_path / "index" / "2022").rglob("*"):
        if path.is_file() and path.name != "CURRENT":
            path.write_bytes(b"\xff" * min(64, path.stat().st_size))

    with pytest.raises(Unavailable):
        index.search(Query(parse("an").node))
    assert [finding.rule for finding in index.check()] == ["KHO-INDEX-UNREADABLE"]
    index.rebuild(2022, [AN])
    assert index.check() == ()
    assert found(index, "năm:2022") == [1]


def test_a_second_writer_waits_and_then_says_so(engine, tmp_path: Path) -> None:
    first, second = (engine(tmp_path / "index", lock_seconds=0.1) for _ in range(2))

    def while_written():
        with pytest.raises(Unavailable, match="another process writes"):
            second.write([BINH])
        assert found(second, "*") == []
        yield AN

    first.rebuild(2022, while_written())

    second.write([BINH])
    assert found(first, "*") == [3, 1]


def _write_for_ever(name: str, folder: Path, started: str) -> None:
    index = ENGINES[name](folder)
    number = 100
    while True:
        index.write([a_record(number + k, "Hồ Thị Kỷ", date(2022, 1, 1)) for k in range(20)])
        Path(started).write_text(str(number))
        number += 20


@pytest.mark.parametrize("name", ENGINES)
def test_a_killed_writer_leaves_a_sound_index_and_no_lock(name: str, tmp_path: Path) -> None:
    folder, started = tmp_path / "index", tmp_path / "started"
    index = ENGINES[name](folder, lock_seconds=5)
    context = multiprocessing.get_context("spawn")
    for round_number in range(2):
        started.unlink(missing_ok=True)
        child = context.Process(target=_write_for_ever, args=(name, folder, str(started)))
        child.start()
        waiting = threading.Event()
        while not started.exists() and child.is_alive():
            index.search(Query(parse("kỷ").node))
            waiting.wait(0.01)
        waiting.wait(0.05 * (1 + round_number))
        assert child.pid
        os.kill(child.pid, signal.SIGKILL)
        child.join()

        acknowledged = int(started.read_text()) + 20 - 100
        total = find(index, "hồ thị kỷ").total
        assert total % 20 == 0, "no half batch"
        assert total >= acknowledged
        assert index.check() == ()
        index.write([AN])
        assert found(index, "nguyen van an", approximate=False) == [1]
        index.write([], [AN.id])


def test_readers_never_fail_while_a_writer_works(engine, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    writer = engine(folder)
    writer.write(EVERYTHING)
    ended = threading.Event()
    failures: list[BaseException] = []
    asked = 0

    def read() -> None:
        nonlocal asked
        reader = engine(folder)
        while not ended.is_set():
            try:
                page = find(reader, "nguyen van an", approximate=False)
                assert page.total == 1
                asked += 1
            except BaseException as failure:  # noqa: BLE001 -- panics too
                failures.append(failure)
                return

    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    for number in range(4):
        writer.write([a_record(100 + number, "Lê Lai", date(2022, 2, 2))])
        writer.rebuild(2022, [AN, DUC])
        writer.purge([DUC.id], lambda year: [AN])
        writer.write([DUC])
    ended.set()
    for thread in threads:
        thread.join()

    assert failures == []
    assert asked > 0
