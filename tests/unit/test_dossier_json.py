"""dossier.json: read with every fault at once, written so that it reads back equal."""

from __future__ import annotations

import json
import string
import unicodedata
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from archive.findings import Severity
from archive.model import Applicant, PackagePath, Result, Role, Status
from archive.packages import dossier_json, json_text, profile
from archive.packages.digests import Digests
from archive.packages.legacy_text import looks_legacy
from archive.packages.safe import Limits, look_through
from archive.packages.sip.submission import Opened, read_description
from tests.builders import TODAY, a_description, a_document, a_dossier, a_file

TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=40
).map(lambda text: unicodedata.normalize("NFC", text))
DAYS = st.dates(date(2012, 1, 1), date(2026, 6, 1))


def _errors(findings):
    return {(f.rule, f.path) for f in findings if f.severity is Severity.ERROR}


def _warnings(findings):
    return {(f.rule, f.path) for f in findings if f.severity is Severity.WARNING}


def _read(**changes):
    return dossier_json.from_json(a_description(**changes), today=TODAY)


def _parse(source, max_bytes=100_000):
    return json_text.parse(source, "dossier.json", max_bytes=max_bytes)


def test_a_right_description_has_no_findings():
    dossier, found = _read()

    assert found == []
    assert dossier == replace(
        a_dossier(),
        documents=tuple(
            replace(
                d, file=replace(d.file, size=-1, sha256="", media_type="application/octet-stream")
            )
            for d in a_dossier().documents
        ),
    )


@given(
    title=TEXT,
    name=TEXT,
    status=st.sampled_from(Status),
    role=st.sampled_from(Role),
    received=DAYS,
    closed=st.none() | st.integers(0, 100),
    important=st.booleans(),
    keyword=st.text(string.ascii_letters, min_size=1, max_size=100),
    result=st.none() | st.builds(Result, TEXT, st.none(), st.none() | DAYS, st.none()),
    file=st.builds(
        lambda size, puid: a_file(size=size, puid=puid),
        st.integers(0, 1 << 60),
        st.none() | st.just("fmt/477"),
    ),
)
def test_a_dossier_reads_back_equal(
    title, name, status, role, received, closed, important, keyword, result, file
):
    dossier = replace(
        a_dossier(),
        title=title,
        applicant=Applicant(name, None, "organization"),
        status=status,
        received_on=received,
        closed_on=None if closed is None else date.fromordinal(received.toordinal() + closed),
        important=important,
        fields={"keyword": keyword, "startDate": "01/02/2020", "riskRecovery": "0"},
        result=result,
        events={"sale": received},
        documents=(a_document(title=title, role=role, file=file, fields={"subject": title}),),
    )

    content = json.loads(json.dumps(dossier_json.to_json(dossier)))
    again, found = dossier_json.from_json(content, today=TODAY)

    assert _errors(found) == set()
    assert again == dossier


def test_what_is_written_obeys_the_schema():
    content = dossier_json.to_json(a_dossier())

    Draft202012Validator.check_schema(json_text.schema())
    assert list(Draft202012Validator(json_text.schema()).iter_errors(content)) == []


def test_the_schema_names_the_fields_of_the_profile():
    places = json_text.schema()["properties"]
    current = profile.load()

    assert set(places["dossier"]["properties"]) == set(current.dossier)
    documents = places["documents"]["items"]["properties"]["fields"]["properties"]
    assert set(documents) == set(current.document)


def test_both_ways_to_write_a_day_make_the_same_submission():
    one, _ = _read(tthc__receivedOn="2026-01-05")
    two, _ = _read(tthc__receivedOn="05/01/2026")

    assert dossier_json.canonical(one) == dossier_json.canonical(two)


def test_what_the_archive_finds_out_about_formats_does_not_change_the_digest():
    plain = a_dossier()
    known = replace(
        plain,
        documents=tuple(
            replace(d, file=replace(d.file, puid="fmt/477", media_type="application/pdf"))
            for d in plain.documents
        ),
    )

    assert dossier_json.submission_digest(plain) == dossier_json.submission_digest(known)


def test_the_digest_of_a_stored_submission_never_changes():
    assert dossier_json.submission_digest(a_dossier()) == DIGEST


DIGEST = "7c51b743567567c1751ed2d661d2f29ecbbf3e7154cbc563f3bfd1e2bac67a83"


def test_all_faults_are_named_at_once_each_at_its_place():
    dossier, found = _read(
        dossier__title=7,
        dossier__maintenance="99",
        dossier__Keyword="x",
        tthc__status="done",
        tthc__procedureCode="1",
        tthc__agencyCode=None,
        tthc__receivedOn="2026-02-30",
        tthc__applicant={"name": " ", "identityNumber": "123"},
        documents=[
            {"file": "../a.pdf", "title": "a", "role": "x"},
            {"title": "b", "sha256": "12", "size": -1, "fields": {"typeName": "33"}},
        ],
    )

    assert dossier is None
    assert _errors(found) == {
        ("KHO-JSON-TYPE", "dossier.json#/dossier/title"),
        ("KHO-FIELD-VALUE", "dossier.json#/dossier/maintenance"),
        ("KHO-JSON-UNKNOWN", "dossier.json#/dossier/Keyword"),
        ("KHO-JSON-VALUE", "dossier.json#/tthc/status"),
        ("KHO-CODE-PROCEDURE", "dossier.json#/tthc/procedureCode"),
        ("KHO-JSON-REQUIRED", "dossier.json#/tthc/agencyCode"),
        ("KHO-DATE", "dossier.json#/tthc/receivedOn"),
        ("KHO-JSON-VALUE", "dossier.json#/tthc/applicant/name"),
        ("KHO-CODE-IDENTITY", "dossier.json#/tthc/applicant/identityNumber"),
        ("KHO-NAME-PARENT", "dossier.json#/documents/0/file"),
        ("KHO-JSON-VALUE", "dossier.json#/documents/0/role"),
        ("KHO-JSON-REQUIRED", "dossier.json#/documents/1/file"),
        ("KHO-JSON-VALUE", "dossier.json#/documents/1/sha256"),
        ("KHO-JSON-VALUE", "dossier.json#/documents/1/size"),
        ("KHO-FIELD-VALUE", "dossier.json#/documents/1/fields/typeName"),
    }


@pytest.mark.parametrize(
    ("changes", "rule", "pointer"),
    [
        ({"tthc__receivedOn": "2026-11-25"}, "KHO-DATE-FUTURE", "tthc/receivedOn"),
        ({"tthc__closedOn": "2027-01-01"}, "KHO-DATE-FUTURE", "tthc/closedOn"),
        ({"tthc__result__issuedOn": "2027-01-01"}, "KHO-DATE-FUTURE", "tthc/result/issuedOn"),
        ({"tthc__receivedOn": "29/02/2023"}, "KHO-DATE", "tthc/receivedOn"),
        ({"tthc__dueOn": "2026-13-01"}, "KHO-DATE", "tthc/dueOn"),
        ({"tthc__closedOn": "2026-01-04"}, "KHO-DATE-ORDER", "tthc/closedOn"),
        ({"tthc__result__expiresOn": "2025-01-01"}, "KHO-DATE-ORDER", "tthc/result/expiresOn"),
        ({"tthc__dossierCode": "H26.18-231301-0001"}, "KHO-CODE-DATE", "tthc/dossierCode"),
        ({"dossier__fileCode": "x"}, "KHO-CODE-FILE", "dossier/fileCode"),
        ({"dossier__keyword": "k" * 101}, "KHO-FIELD-LENGTH", "dossier/keyword"),
        ({"dossier__title": "t" * 1001}, "KHO-FIELD-LENGTH", "dossier/title"),
        ({"dossier__startDate": "31/04/2020"}, "KHO-FIELD-VALUE", "dossier/startDate"),
        ({"dossier__totalDoc": "two"}, "KHO-FIELD-VALUE", "dossier/totalDoc"),
        ({"dossier__riskRecovery": "yes"}, "KHO-FIELD-VALUE", "dossier/riskRecovery"),
        ({"profile": "tt05-1999"}, "KHO-PROFILE", "profile"),
        ({"tthc__dossierCode": None, "tthc__dossierCodeOld": None}, "KHO-JSON-REQUIRED",
         "tthc/dossierCode"),
        ({"documents": []}, "KHO-JSON-VALUE", "documents"),
        ({"tthc__events": {"sale": "2026-02-30"}}, "KHO-DATE", "tthc/events/sale"),
        ({"tthc__events": {"Sale!": "2026-02-03"}}, "KHO-JSON-VALUE", "tthc/events"),
        ({"documents": [{"file": "a", "title": "a"}] * 2}, "KHO-FILE-TWICE", "documents/1/file"),
        ({"tthc__applicant": {"name": "A", "identityNumber": "123", "kind": "organization"}},
         "KHO-CODE-TAX", "tthc/applicant/identityNumber"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_an_error_at_its_pointer(changes, rule, pointer):
    _, found = _read(**changes)

    assert (rule, f"dossier.json#/{pointer}") in _errors(found)


@pytest.mark.parametrize(
    ("changes", "rule", "pointer"),
    [
        ({"tthc__closedOn": None}, "KHO-DOSSIER-CLOSED", "tthc/closedOn"),
        ({"tthc__status": "processing"}, "KHO-DOSSIER-CLOSED", "tthc/status"),
        ({"tthc__receivedOn": "2026-01-06"}, "KHO-CODE-DATE-DIFFERS", "tthc/receivedOn"),
        ({"tthc__dossierCodeOld": "000.00.19.H26-260105-0001"}, "KHO-CODE-FORMS",
         "tthc/dossierCodeOld"),
        ({"dossier__fileCode": None}, "KHO-FIELD-MISSING", "dossier/fileCode"),
        ({"dossier__confidenceLevel": "02"}, "KHO-FIELD-MISSING", "dossier/paperFileCode"),
        ({"dossier__riskRecovery": True}, "KHO-FIELD-MISSING", "dossier/riskRecoveryStatus"),
        ({"tthc__result__code": "469"}, "KHO-CODE-RESULT", "tthc/result/code"),
    ],
)  # fmt: skip
def test_what_is_only_odd_is_a_warning(changes, rule, pointer):
    dossier, found = _read(**changes)

    assert (rule, f"dossier.json#/{pointer}") in _warnings(found)
    assert dossier is not None


def test_a_dossier_code_in_the_old_form_is_kept_and_converted():
    dossier, found = _read(tthc__dossierCode="000.00.18.H26-260105-0001", tthc__dossierCodeOld=None)

    assert found == []
    assert (dossier.code, dossier.code_old) == ("H26.18-260105-0001", "000.00.18.H26-260105-0001")


def test_text_is_kept_in_one_unicode_form():
    title = unicodedata.normalize("NFD", "Hồ sơ cấp giấy phép")

    dossier, _ = _read(dossier__title=title)

    assert dossier.title == unicodedata.normalize("NFC", title)


def test_no_finding_repeats_a_persons_data():
    _, found = _read(
        tthc__applicant={"name": 5, "identityNumber": "98765", "Name": "Nguyễn Văn Kín"}
    )

    assert "98765" not in str(found)
    assert "Kín" not in str(found)


def test_duplicate_keys_are_named_with_their_pointers():
    source = b'{"a": {"b": 1, "b": 2}, "c": [{"d": 1, "d": 1}], "x/y": 1, "x/y": 2}'

    _, found = _parse(source)

    assert {f.path for f in found if f.rule == "KHO-JSON-DUPLICATE-KEY"} == {
        "dossier.json#/a/b",
        "dossier.json#/c/0/d",
        "dossier.json#/x~1y",
    }


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        (b"", "KHO-JSON-SYNTAX"),
        (b"{", "KHO-JSON-SYNTAX"),
        (b'{"a": 1,}', "KHO-JSON-SYNTAX"),
        (b'{"a": NaN}', "KHO-JSON-SYNTAX"),
        (b'{"a": ' + b"1" * 5000 + b"}", "KHO-JSON-SYNTAX"),
        (b"[" * 40, "KHO-JSON-DEPTH"),
        (b'{"a":' * 50_000, "KHO-JSON-SIZE"),
        (b'{"a":' * 15_000, "KHO-JSON-DEPTH"),
        ('{"a": "đ"}'.encode("utf-16"), "KHO-JSON-ENCODING"),
        (b'{"a": "\xf2"}', "KHO-JSON-ENCODING"),
        (b'{"a": "\\u0000"}', "KHO-TEXT-CONTROL"),
        (b'{"a": "\\ud800"}', "KHO-TEXT-CONTROL"),
    ],
)
def test_what_is_not_json_is_refused_with_the_reason(source, rule):
    _, found = _parse(source)

    assert [f.rule for f in found if f.severity is Severity.ERROR] == [rule]


@pytest.mark.parametrize("content", [None, 1, "x", [], {}, {"dossier": []}, {"documents": [1]}])
def test_json_of_another_shape_is_refused(content):
    dossier, found = dossier_json.from_json(content, today=TODAY)

    assert dossier is None
    assert _errors(found)


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from([
        "profile", "dossier", "tthc", "documents", "title", "file", "fields", "applicant",
        "result", "receivedOn", "dossierCode", "agencyCode", "issuedDate", "name",
    ]), inner, max_size=5),
    max_leaves=12,
))  # fmt: skip
def test_no_json_makes_the_reader_fail(content):
    dossier, found = dossier_json.from_json(content, today=TODAY)

    assert dossier is None
    assert found


def test_a_byte_order_mark_is_tolerated():
    content, found = _parse(b"\xef\xbb\xbf{}")

    assert content == {}
    assert [f.severity for f in found] == [Severity.WARNING]


@pytest.mark.parametrize(
    "text", ["NguyÔn V¨n An", "Nguyeãn Vaên An", "§¬n ®Ò nghÞ", "Ñôn ñeà nghò"]
)
def test_text_in_tcvn3_or_vni_is_recognised(text):
    assert looks_legacy(text)


@pytest.mark.parametrize(
    "text",
    ["Nguyễn Văn An", "Đơn đề nghị hoà giải, khoẻ, thuý, quý", "Müller & François", "100 m² © 2026",
     "HỒ SƠ CẤP GIẤY PHÉP", "Raúl, Nguyễn Thị Hồng, Trần Văn Bình, Lê Đức", "", "plain"],
)  # fmt: skip
def test_unicode_text_is_not_taken_for_legacy(text):
    assert not looks_legacy(text)


def test_legacy_text_in_a_description_is_reported():
    source = json.dumps(a_description(tthc__applicant__name="NguyÔn V¨n An", dossier__title="§¬n ®Ò nghÞ",
        dossier__keyword=None, tthc__procedureName=None, tthc__agencyName=None, documents=[]))  # fmt: skip

    _, found = _parse(source.encode())

    assert [f.rule for f in found] == ["KHO-TEXT-LEGACY"]


def test_a_single_field_in_legacy_text_is_named_with_its_place():
    source = json.dumps(a_description(tthc__applicant__name="NguyÔn V¨n An"))

    _, found = _parse(source.encode())

    assert [(f.rule, f.path) for f in found] == [
        ("KHO-TEXT-LEGACY", "dossier.json#/tthc/applicant/name")
    ]


def test_the_profile_has_all_fields_of_the_circular_with_their_source():
    current = profile.load()

    assert (len(current.dossier), len(current.document)) == (18, 21)
    assert len(current.contradictions) >= 3
    assert all(field.vi and field.en and field.certainty in "TSMI"
               for field in (*current.dossier.values(), *current.document.values()))  # fmt: skip
    assert len(current.document["typeName"].values) == 32


def test_a_long_description_is_read_whole(tmp_path):
    text = json.dumps(a_description())
    for name in ("01-don-de-nghi.pdf", "02-giay-phep.pdf"):
        (tmp_path / name).write_bytes(name.encode())
    (tmp_path / "dossier.json").write_text(text[:-1] + " " * 200_000 + text[-1])
    limits, survey = Limits(), look_through(tmp_path, Limits())

    dossier, found = read_description(
        Opened(tmp_path, survey, limits, TODAY, Digests()), PackagePath("dossier.json")
    )

    assert (dossier is not None, found) == (True, [])
