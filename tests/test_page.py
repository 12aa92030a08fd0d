"""Whole pages: what one is, what is on it, and fields that have no column."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attendance_common.fetch.extra_fields import UNNAMED
from attendance_common.fetch.page import SCHEMA, UnreadablePage, read_page
from attendance_common.fetch.totals import Paging
from tests.samples import BAD, COLUMN_TYPES, LANDED, SCHOOL, SEEN, page, read, record

DEEP = 50_000  # levels, beyond what any Python decodes


def numbered(*ids: int) -> list[dict[str, Any]]:
    return [record({"id": number}) for number in ids]


# --- what a page is -----------------------------------------------------------------------------------------


def test_a_record_as_the_api_was_seen_to_send_it() -> None:
    found = read(SEEN)
    assert found.rows.to_dicts() == [LANDED]
    assert dict(found.rows.schema) == COLUMN_TYPES
    assert list(found.rows.columns) == list(LANDED)
    assert (found.rejections, found.received) == ((), 1)


def test_a_page_of_many_keeps_their_order() -> None:
    found = read(*numbered(3, 1, 2))
    assert found.rows["id"].to_list() == [3, 1, 2]


def test_each_record_has_its_own_section_though_many_share_one() -> None:
    room = {**SEEN["meetingTime"], "roomNumber": "9"}
    nested = [SEEN["meetingTime"], room, None, SEEN["meetingTime"], room]
    found = read(*(record({"meetingTime": each}) for each in nested))
    landed, empty = LANDED["meeting_time__room_number"], None
    assert found.rows["meeting_time__room_number"].to_list() == [landed, "9", empty, landed, "9"]
    assert (
        found.rows["meeting_time__id"].to_list()
        == [LANDED["meeting_time__id"]] * 2 + [None] + [LANDED["meeting_time__id"]] * 2
    )


SHAPES = {
    "the year's list": '{"periodAttendanceList": [%s], "pagingInfo": {"pageCount": 201, "totalCount": 9}}',
    "the day's list": '{"periodAttendance": [%s]}',
    "a bare list": "[%s]",
    "the first list empty": '{"periodAttendanceList": [], "periodAttendance": [%s]}',
    "the second list empty": '{"periodAttendanceList": [%s], "periodAttendance": []}',
    "one list null": '{"periodAttendanceList": null, "periodAttendance": [%s]}',
    "more in the envelope": '{"success": true, "periodAttendanceList": [%s], "errors": [{"a": null}]}',
    "blanks": "\r\n\t [ %s ] \n",
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("odd", [False, True], ids=["ordinary", "odd"])
def test_shapes_of_an_answer(shape: str, odd: bool) -> None:
    number: Any = "8" if odd else 8
    found = read_page((shape % json.dumps(record({"minutesLate": number}))).encode(), SCHOOL)
    assert found.rows.to_dicts() == [{**LANDED, "minutes_late": 8}]
    assert read_page((shape % "").encode(), SCHOOL).rows.is_empty()


def test_an_empty_page_has_the_columns_too() -> None:
    assert dict(read().rows.schema) == COLUMN_TYPES == dict(SCHEMA)


@pytest.mark.parametrize(
    ("paging", "pages", "count"),
    [
        ('{"pageCount": 201, "totalCount": 200812}', 201, 200812),
        ('{"totalPages": 201, "totalCount": 200812}', 201, 200812),
        ('{"pageCount": null, "totalPages": "7"}', 7, None),
        ('{"pageCount": 0, "totalPages": 7, "totalCount": 0}', 7, 0),
        ('{"pageCount": -1, "totalCount": -5}', None, None),
        ('{"pageCount": 9, "totalPages": "3", "totalCount": 250.0}', 9, 250),
        ('{"pageCount": " 3 ", "totalCount": "250.00"}', 3, 250),
        ('{"pageCount": 1e400, "totalCount": 1e300}', None, None),
        ('{"pageCount": 1' + "0" * 5000 + ', "totalCount": 1000000000000000000}', None, None),
        ('{"pageCount": true, "totalCount": 7.5}', None, None),
        ('{"pageCount": "x", "totalCount": "²"}', None, None),
        ('{"totalCount": "' + "9" * 5000 + '"}', None, None),
        ('{"pageCount": {}, "totalCount": []}', None, None),
        ("{}", None, None),
        ("null", None, None),
        ("[1]", None, None),
        ('"x"', None, None),
    ],
)
@pytest.mark.parametrize("odd", [False, True], ids=["ordinary", "odd"])
def test_paging(paging: str, pages: int | None, count: int | None, odd: bool) -> None:
    text = json.dumps(record({"minutesLate": "7" if odd else 7}))
    assert read_page(page([text], paging), SCHOOL).paging == Paging(pages, count)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>Service unavailable</body></html>",
        page([json.dumps(SEEN)])[:-20],
        page([json.dumps(SEEN)]) + b"}",
        b"null",
        b"7",
        b'"periodAttendanceList"',
        b"{}",
        b'{"error": "no"}',
        b'{"periodAttendanceList": {"id": 1}}',
        b'{"periodAttendanceList": "none"}',
        b'{"periodAttendanceList": [NaN, {]}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b"[" * DEEP + b"]" * (DEEP - 1),
        b'{"periodAttendanceList": [' + b"[" * DEEP + b"]" * DEEP,
        b'{"error": ' + b"[" * DEEP + b"]" * DEEP + b"}",
        b"]" * DEEP,
        b'"' + b"[" * DEEP,
    ],
    ids=lambda body: repr(body[:40]),
)
def test_what_is_no_answer_of_the_api(body: bytes) -> None:
    with pytest.raises(UnreadablePage) as raised:
        read_page(body, SCHOOL)
    assert str(raised.value) in (
        "the answer is not JSON",
        "the answer is not JSON, or nested too deeply",
        "the answer holds no list of records",
    )


@given(st.binary(max_size=200) | st.text(alphabet='[]{}",:0truenls\\', max_size=60).map(str.encode))
@settings(max_examples=200, deadline=None)
def test_any_body_is_a_page_or_unreadable(body: bytes) -> None:
    with contextlib.suppress(UnreadablePage):
        assert read_page(body, SCHOOL).received >= 0


# --- nothing is lost ----------------------------------------------------------------------------------------


def test_a_record_that_cannot_be_landed_is_kept_as_it_came() -> None:
    text = '{ "id":7,"studentId": 5.0,\t"date":"2025-12-09", "later" : "\\u00e9" }'
    found = read_page(page([json.dumps(SEEN), text, json.dumps(SEEN)]), SCHOOL)
    [rejection] = found.rejections
    assert rejection.record == text
    assert rejection.reason == "date: not a date MM-DD-YYYY"
    assert rejection.record_id == 7
    assert (found.rows.height, found.received) == (2, 3)


LONG_NUMBER = "studentId: not a whole number"
LONG_TEACHERS = "meetingTime.teachers: not valid JSON"


@pytest.mark.parametrize(
    ("text", "reason", "record_id"),
    [
        ("null", "the record is not an object", None),
        ('"x"', "the record is not an object", None),
        ("[]", "the record is not an object", None),
        ("{}", "id: missing", None),
        ('{"id": 5}', "date: missing", 5),
        ('{"id": "5", "date": 1}', "date: not a date MM-DD-YYYY", 5),
        ('{"id": 9223372036854775808}', "id: beyond BIGINT", None),
        ('{"id": 1e400}', "id: not a whole number", None),
        ('{"id": 7, "date": "12-09-2025", "studentId": ' + "9" * 5000 + "}", LONG_NUMBER, 7),
        ('{"date": "12-09-2025", "studentId": 5, "id": ' + "9" * 5000 + "}", "id: not a whole number", None),
        ('{"id": 7, "meetingTime": {"teachers": [' + "9" * 5000 + "]}}", LONG_TEACHERS, 7),
        ('{"id": 7, "comment": ' + "[" * 300 + "]" * 300 + ', "date": 1}', "date: not a date MM-DD-YYYY", 7),
    ],
)
def test_odd_records(text: str, reason: str, record_id: int | None) -> None:
    found = read_page(page([text, json.dumps(SEEN)]), SCHOOL)
    [rejection] = found.rejections
    assert (rejection.record, rejection.record_id) == (text, record_id)
    assert rejection.reason == reason
    assert found.rows.to_dicts() == [LANDED]


NESTED_DEEP = {
    "lists": "[" * DEEP + "]" * DEEP,
    "objects": '{"a":' * DEEP + "1" + "}" * DEEP,
}


@pytest.mark.parametrize("nested", NESTED_DEEP.values(), ids=NESTED_DEEP.keys())
@pytest.mark.parametrize("shape", ['{"periodAttendanceList": [%s], "pagingInfo": {"totalCount": 3}}', "[%s]"])
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("comment", "comment: not valid JSON"),
        ("minutesLate", "minutesLate: not a whole number"),
        ("meetingTime", "meetingTime: not an object"),
    ],
)
def test_a_field_that_no_decoder_reads_costs_its_record(
    nested: str, shape: str, path: str, reason: str
) -> None:
    deep = json.dumps(record({"id": 7, path: "@"})).replace('"@"', nested)
    found = read_page((shape % f"{json.dumps(SEEN)}, {deep}, {json.dumps(SEEN)}").encode(), SCHOOL)
    assert found.rows.to_dicts() == [LANDED] * 2
    assert [(each.reason, each.record, each.record_id) for each in found.rejections] == [(reason, deep, 7)]


# --- fields that have no column, and do not fit -------------------------------------------------------------

LARGE = json.dumps("x" * 40_000)
LEFT_OUT = {
    "too large": ("later", LARGE),
    "too large, of two bytes each": ("later", json.dumps("é" * 20_000)),
    "larger than the column by a byte": ("later", json.dumps("x" * 32_757)),
    "in the nested object": ("meetingTime.later", LARGE),
    "no JSON": ("later", "NaN"),
    "infinite": ("later", "[-Infinity]"),
    "a number beyond a float": ("later", "1e400"),
    "a number of 5,000 digits": ("later", "9" * 5000),
    "nested deeply": ("later", "[" * DEEP + "]" * DEEP),
    "objects nested deeply": ("later", NESTED_DEEP["objects"]),
    "half a character": ("later", '"\\ud800"'),
}


@pytest.mark.parametrize(("path", "token"), LEFT_OUT.values(), ids=LEFT_OUT.keys())
def test_a_new_field_that_does_not_fit_is_left_out_and_named(path: str, token: str) -> None:
    text = json.dumps(record({path: "@", "other": 1})).replace('"@"', token)
    found = read_page(page([text, json.dumps(SEEN), text]), SCHOOL)
    kept = {**LANDED, "extra_fields": '{"other":1}'}
    assert found.rows.to_dicts() == [kept, LANDED, kept]
    assert (found.rejections, dict(found.left_out)) == ((), {path: 2})


@pytest.mark.parametrize("size", [32_756, 32_755])
def test_a_new_field_may_fill_its_column_to_the_last_byte(size: int) -> None:
    found = read(record({"later": "x" * size}))
    assert found.rows["extra_fields"].str.len_bytes().to_list() == [size + 12]
    assert found.left_out == {}


def test_of_several_new_fields_the_longest_are_left_out() -> None:
    sizes = {"meetingTime.a": 12_000, "b": 20_000, "meetingTime.c": 11_000, "d": 3}
    found = read(record({path: "x" * size for path, size in sizes.items()}))
    [text] = found.rows["extra_fields"]
    assert json.loads(text) == {"d": "xxx", "meetingTime": {"a": "x" * 12_000, "c": "x" * 11_000}}
    assert found.left_out == {"b": 1}


def test_the_nested_objects_own_name_counts_as_well() -> None:
    whole = len('{"a":"","meetingTime":{"b":""}}')
    fits, one_more = ({"a": "x" * (32_768 - whole + more), "meetingTime.b": ""} for more in (0, 1))
    assert read(record(fits)).rows["extra_fields"].str.len_bytes().to_list() == [32_768]
    assert read(record(one_more)).rows["extra_fields"].to_list() == ['{"meetingTime":{"b":""}}']


@pytest.mark.parametrize(
    "name", ["", "a b", "é", "a-b", "\0", "\ud800", "a\nb", "n" * 65, "12345", "Doe, Jane"], ids=ascii
)
@pytest.mark.parametrize("outer", ["", "meetingTime."])
def test_a_field_without_a_plain_name_is_left_out_without_it(name: str, outer: str) -> None:
    found = read(record({f"{outer}{name}": "x" * 40_000}))
    assert (found.rows.to_dicts(), dict(found.left_out)) == ([LANDED], {UNNAMED: 1})


def test_a_record_that_goes_to_quarantine_leaves_nothing_out() -> None:
    found = read(record({"later": "x" * 40_000, **BAD}))
    assert (found.rows.height, found.left_out) == (0, {})


def test_a_great_many_new_fields_are_read_quickly_enough_to_be_kept_where_they_fit() -> None:
    found = read(record({f"f{number:05d}": number for number in range(20_000)}))
    [text] = found.rows["extra_fields"]
    assert 32_700 < len(text) <= 32_768
    assert len(json.loads(text)) + sum(found.left_out.values()) == 20_000


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ('"\x00"', "comment: holds a NUL character"),
        ("NaN", "comment: not valid JSON"),
        ("[Infinity]", "comment: not valid JSON"),
        ('"\\ud800"', "comment: not valid Unicode"),
    ],
)
def test_what_only_a_lenient_reader_reads_spoils_one_record_not_the_page(token: str, reason: str) -> None:
    bad = json.dumps(record({"id": 7, "comment": "@"})).replace('"@"', token)
    found = read_page(page([json.dumps(SEEN), bad]), SCHOOL)
    assert found.rows.to_dicts() == [LANDED]
    [rejection] = found.rejections
    assert (rejection.reason, rejection.record_id) == (reason, 7)
    expected = json.loads(bad, strict=False)
    assert repr(json.loads(rejection.record)) == repr(expected)  # NaN is not equal to itself


def test_a_byte_that_is_no_utf8_sends_its_record_alone_to_quarantine() -> None:
    good, bad = json.dumps(record()).encode(), json.dumps(record({"id": 8, "comment": "x"})).encode()
    read = read_page(b"[" + good + b"," + bad.replace(b'"x"', b'"\xff"') + b"]", SCHOOL)
    assert read.rows.height == 1
    assert [(each.reason, each.record_id) for each in read.rejections] == [("comment: not valid Unicode", 8)]


def test_a_bare_newline_in_a_text_is_read() -> None:
    bad = json.dumps(record({"comment": "@"})).replace('"@"', '"a\nb"')
    assert read_page(page([bad]), SCHOOL).rows["comment"].to_list() == ["a\nb"]
