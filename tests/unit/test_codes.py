"""The codes of agencies, dossiers, procedures, persons: which are right and which are not."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive.findings import Severity
from archive.packages import codes
from tests.builders import TODAY

AGENCIES = st.builds(
    lambda letter, digits, groups: ".".join([f"{letter}{digits:02}", *groups]),
    st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXY"),
    st.integers(0, 99),
    st.lists(st.from_regex(r"[0-9A-Z]{1,4}", fullmatch=True), max_size=5),
)
DAYS = st.dates(date(2012, 1, 1), TODAY)


def _rules(findings):
    return [finding.rule for finding in findings]


@pytest.mark.parametrize(
    "code",
    ["H26", "H26.18", "H26.18.05", "G15", "A00.1", "Z01", "Z99" + "A" * 32, "H26." + "A" * 31],
)
def test_an_agency_code_of_qd_20_2020_is_right(code):
    assert codes.check_agency_code(code) == []


@pytest.mark.parametrize(
    "code",
    ["", "h26.18", "H2.18", "Z26.1", "Z00", "Z0", "H26.", "H26..1", ".H26", "H26.18-1", "H26.đ",
     "H26." + "A" * 32, "Z01" + "A" * 33, "H26.18\n", "2H6"],
)  # fmt: skip
def test_an_agency_code_that_breaks_the_rule_is_an_error(code):
    (finding,) = codes.check_agency_code(code)

    assert (finding.rule, finding.severity) == ("KHO-CODE-AGENCY", Severity.ERROR)


@given(AGENCIES, DAYS, st.integers(1, 9999))
def test_a_dossier_code_with_a_real_day_and_ordinal_is_right(agency, day, ordinal):
    code = f"{agency}-{day:%y%m%d}-{ordinal:04}"

    assert codes.check_dossier_code(code, today=TODAY) == []
    assert codes.day_of_dossier_code(code) == day


@pytest.mark.parametrize("code", ["H26.18-220524-0001", "000.00.18.H26-220524-0001"])
def test_both_forms_of_a_dossier_code_are_accepted(code):
    assert codes.check_dossier_code(code, today=TODAY) == []


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("H26.18-230229-0001", "KHO-CODE-DATE"),
        ("H26.18-231301-0001", "KHO-CODE-DATE"),
        ("H26.18-230001-0001", "KHO-CODE-DATE"),
        ("H26.18-230132-0001", "KHO-CODE-DATE"),
        ("000.00.18.H26-230229-0001", "KHO-CODE-DATE"),
        ("H26.18-230101-0000", "KHO-CODE-ORDINAL"),
        ("H26.18-261125-0001", "KHO-CODE-FUTURE"),
        ("h26.18-230101-0001", "KHO-CODE-DOSSIER"),
        ("H26.18-230101-001", "KHO-CODE-DOSSIER"),
        ("H26.18-230101", "KHO-CODE-DOSSIER"),
        ("H26.18 230101 0001", "KHO-CODE-DOSSIER"),
        ("", "KHO-CODE-DOSSIER"),
        ("Z26.1-230101-0001", "KHO-CODE-AGENCY"),
        ("H2.18-230101-0001", "KHO-CODE-AGENCY"),
    ],
)
def test_a_dossier_code_that_cannot_be_is_an_error(code, rule):
    assert _rules(codes.check_dossier_code(code, today=TODAY)) == [rule]


def test_the_29th_of_february_is_right_in_leap_years_only():
    assert codes.check_dossier_code("H26.18-240229-0001", today=TODAY) == []


def test_every_fault_of_a_dossier_code_is_named():
    found = codes.check_dossier_code("Z26.1-231301-0000", today=TODAY)

    assert _rules(found) == ["KHO-CODE-AGENCY", "KHO-CODE-DATE", "KHO-CODE-ORDINAL"]


def test_more_than_9999_receipts_a_day_are_a_warning():
    (finding,) = codes.check_dossier_code("H26.18-230101-10000", today=TODAY)

    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("000.00.18.H26-220524-0001", "H26.18-220524-0001"),
        ("000.00.00.H26-220524-0001", "H26-220524-0001"),
        ("005.12.18.H26-220524-0001", "H26.18.12.005-220524-0001"),
        ("005.00.18.H26-220524-0001", "H26.18.00.005-220524-0001"),
        ("H26.18-220524-0001", "H26.18-220524-0001"),
        ("nothing", "nothing"),
    ],
)
def test_the_old_form_converts_to_the_new_one(old, new):
    assert codes.to_new_form(old) == new


@given(st.text(max_size=40))
def test_no_text_makes_a_check_fail(text):
    for check in (
        codes.check_agency_code,
        codes.check_dossier_code,
        codes.check_document_code,
        codes.check_file_code,
        codes.check_identity_number,
        codes.check_procedure_code,
        codes.check_result_code,
        codes.check_tax_code,
    ):
        assert isinstance(check(text), list)
    assert codes.to_new_form(codes.to_new_form(text)) == codes.to_new_form(text)


@pytest.mark.parametrize("code", ["1.001193", "2.000815", "1.000318.000.00.00.H40"])
def test_a_procedure_code_is_base_or_localized(code):
    assert codes.check_procedure_code(code) == []


@pytest.mark.parametrize(
    "code", ["", "1001193", "1.00119", "0.001193", "1.001193.H40", "1.001193 "]
)
def test_another_procedure_code_is_an_error(code):
    assert _rules(codes.check_procedure_code(code)) == ["KHO-CODE-PROCEDURE"]


@pytest.mark.parametrize("number", ["001099000001", "096203000001"])
def test_an_identity_number_has_twelve_digits(number):
    assert codes.check_identity_number(number, today=TODAY) == []


@pytest.mark.parametrize(
    "number", ["", "01109900001", "0010990000011", "00109900000A", "٠٠١٠٩٩٠٠٠٠٠١"]
)
def test_another_length_or_letters_are_an_error_that_does_not_repeat_the_number(number):
    (finding,) = codes.check_identity_number(number, today=TODAY)

    assert (finding.rule, finding.severity) == ("KHO-CODE-IDENTITY", Severity.ERROR)
    assert not number or number not in finding.message


@pytest.mark.parametrize("number", ["000099000001", "999099000001", "001230000001"])
def test_an_odd_structure_of_an_identity_number_is_only_a_warning(number):
    (finding,) = codes.check_identity_number(number, today=TODAY)

    assert finding.severity is Severity.WARNING


@pytest.mark.parametrize("code", ["0300588569", "0101248141", "0101248141-001"])
def test_a_tax_code_with_the_right_check_digit_is_right(code):
    assert codes.check_tax_code(code) == []


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("0300588568", "KHO-CODE-TAX-CHECK"),
        ("0101248141-000", "KHO-CODE-TAX"),
        ("0101248141001", "KHO-CODE-TAX"),
        ("030058856", "KHO-CODE-TAX"),
    ],
)
def test_a_wrong_tax_code_is_an_error(code, rule):
    assert _rules(codes.check_tax_code(code)) == [rule]


@given(st.integers(0, 999_999_999))
def test_at_most_one_check_digit_fits_nine_digits(number):
    right = [digit for digit in range(10) if not codes.check_tax_code(f"{number:09}{digit}")]

    assert len(right) <= 1


@pytest.mark.parametrize("code", ["H49.64.33.2001.160", "H26.18.2026.160-TC", "H26.2026.1"])
def test_a_file_code_is_agency_year_and_number(code):
    assert codes.check_file_code(code, today=TODAY) == []


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("H49.64.33.160", "KHO-CODE-FILE"),
        ("H49.2001.1/2", "KHO-CODE-FILE"),
        ("h49.2001.1", "KHO-CODE-FILE"),
        ("H4.2001.1", "KHO-CODE-AGENCY"),
        ("H49.2027.1", "KHO-CODE-FILE-YEAR"),
        ("H49.2001." + "1" * 100, "KHO-CODE-FILE"),
    ],
)
def test_a_wrong_file_code_is_an_error(code, rule):
    assert _rules(codes.check_file_code(code, today=TODAY)) == [rule]


def test_a_document_code_is_a_file_code_and_seven_digits():
    assert codes.check_document_code("H49.64.33.2001.160.0000001") == []
    assert _rules(codes.check_document_code("H49.2001.160.0000000")) == ["KHO-CODE-DOCUMENT"]
    assert _rules(codes.check_document_code("H49.2001.160.001")) == ["KHO-CODE-DOCUMENT"]


def test_an_unknown_result_code_is_a_warning():
    assert codes.check_result_code("KQ.G15.000469") == []
    assert codes.check_result_code("469")[0].severity is Severity.WARNING


@given(st.dates(date(1, 1, 1), date(9999, 12, 31)))
def test_a_day_is_read_in_both_ways_of_writing(day):
    assert codes.parse_date(day.isoformat()) == day
    assert codes.parse_date(f"{day.day:02}/{day.month:02}/{day.year:04}") == day


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("2023-02-29", "the calendar has no"),
        ("29/02/2023", "the calendar has no"),
        ("01/13/2023", "no month"),
        ("2023-13-01", "no month"),
        ("1/2/2023", "dd/mm/yyyy or yyyy-mm-dd"),
        ("2023", "dd/mm/yyyy or yyyy-mm-dd"),
        ("", "dd/mm/yyyy or yyyy-mm-dd"),
        ("2023-01-01T00:00", "dd/mm/yyyy or yyyy-mm-dd"),
        ("0000-01-01", "the calendar has no"),
    ],
)
def test_what_is_no_day_is_refused_with_the_reason(text, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        codes.parse_date(text)


@given(AGENCIES, AGENCIES, DAYS)
def test_dossier_ids_depend_on_agency_and_code_alone(agency, other, day):
    code = f"{agency}-{day:%y%m%d}-0001"
    later = f"{agency}-{day + timedelta(days=1):%y%m%d}-0001"

    assert codes.dossier_id(agency, code) == codes.dossier_id(agency, code)
    assert codes.dossier_id(agency, code) != codes.dossier_id(agency, later)
    assert (codes.dossier_id(agency, code) == codes.dossier_id(other, code)) is (agency == other)


def test_the_ids_of_stored_dossiers_never_change():
    stored = codes.dossier_id("H26.18", "H26.18-260105-0001")

    assert stored == "c3392fe8-e627-597a-9bbe-e0ef7681ec30"
