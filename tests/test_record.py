"""One record: what becomes of each kind of value, and that no reason tells a value."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attendance_common.columns import COLUMNS
from attendance_common.fetch.record import Unfit, flatten_record, parse_date, parse_instant, record_id
from tests.samples import LANDED, SCHOOL, SEEN, record, without

FIELDS = [
    *(key for key in SEEN if key != "meetingTime"),
    *(f"meetingTime.{key}" for key in SEEN["meetingTime"]),
]
NAMES = [column.name for column in COLUMNS]
REQUIRED = ("id", "studentId", "date")
MARK = "Zqx7Marker"  # stands for a student's data
MARKS = (MARK, MARK[:6], "271828182845", "2718-28-28")

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def test_a_record_as_the_api_was_seen_to_send_it() -> None:
    assert flatten_record(SEEN, SCHOOL) == LANDED


def outcome(received: Any) -> dict[str, Any] | str:
    """The row, or the reason why there is none."""
    try:
        return flatten_record(received, SCHOOL)
    except Unfit as unfit:
        return str(unfit)


def landed(changes: dict[str, Any]) -> dict[str, Any]:
    """What differs from the seen record's row."""
    row = flatten_record(record(changes), SCHOOL)
    return {name: value for name, value in row.items() if value != LANDED[name]}


WIDEST = {"comment": 16384, "modality": 256, "tardyTime": 64, "meetingTime.teachers": 16384}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"minutesLate": "7"}, {"minutes_late": 7}, id="a number as text is a number"),
        pytest.param({"minutesLate": " -7 "}, {"minutes_late": -7}, id="with blanks and a sign"),
        pytest.param({"minutesLate": 7.0}, {"minutes_late": 7}, id="a whole float"),
        pytest.param({"minutesLate": "7.0"}, {"minutes_late": 7}, id="a whole float as text"),
        pytest.param({"minutesLate": "1e3"}, {"minutes_late": 1000}, id="an exponent as text"),
        pytest.param({"minutesLate": 1e3}, {"minutes_late": 1000}, id="an exponent"),
        pytest.param(
            {"id": "9007199254740993.0"}, {"id": 9007199254740993}, id="a text is exact where a float is not"
        ),
        pytest.param({"id": 2**63 - 1}, {"id": 2**63 - 1}, id="the largest id"),
        pytest.param({"id": str(-(2**63))}, {"id": -(2**63)}, id="the smallest id, as text"),
        pytest.param(
            {"attendanceStatus": "Absent"}, {"attendance_status": "Absent"}, id="a status as a word"
        ),
        pytest.param({"attendanceStatus": ""}, {"attendance_status": ""}, id="an empty text stays one"),
        pytest.param({"attendanceStatus": 5}, {"attendance_status": "5"}, id="a number where text is"),
        pytest.param({"comment": " é\t\n "}, {"comment": " é\t\n "}, id="blanks are kept"),
        pytest.param(
            {"comment": {"b": [1, None]}}, {"comment": '{"b":[1,null]}'}, id="an object where text is"
        ),
        pytest.param(
            {"meetingTime.semesterNumbers": "1,2"},
            {"meeting_time__semester_numbers": "1,2"},
            id="text for a list",
        ),
        pytest.param(
            {"meetingTime.semesterNumbers": []}, {"meeting_time__semester_numbers": "[]"}, id="an empty list"
        ),
        pytest.param(
            {"meetingTime.id": 5}, {"meeting_time__id": 5}, id="the two meeting time ids do not collide"
        ),
        pytest.param({"date": "02-29-2024"}, {"date": "02-29-2024"}, id="a leap day"),
        pytest.param(
            {"modifiedOn": "2025-12-31T20:30:00.5-05:00"},
            {"modified_on": "2026-01-01 01:30:00.500000"},
            id="an offset is converted, not dropped",
        ),
        pytest.param({"modifiedOn": None}, {"modified_on": None}, id="no time"),
        pytest.param(
            {"zeta": 1, "alpha": ["é"], "meetingTime.later": None},
            {"extra_fields": '{"alpha":["é"],"meetingTime":{"later":null},"zeta":1}'},
            id="fields that the vendor added, sorted",
        ),
        pytest.param(
            {
                "extra_fields": 1,
                "meetingTime__x": 2,
                "schoolId": 3,
                "MinutesLate": 4,
                "minutes_late": 5,
                "": 6,
                "a\0": "\0",
                "meetingTime.ID": 7,
                "meetingTime.": 8,
            },
            {
                "extra_fields": '{"":6,"MinutesLate":4,"a\\u0000":"\\u0000","extra_fields":1,'
                '"meetingTime":{"":8,"ID":7},"meetingTime__x":2,"minutes_late":5,"schoolId":3}'
            },
            id="new fields whose names resemble others",
        ),
        pytest.param(
            {"n" * 1000: 1}, {"extra_fields": f'{{"{"n" * 1000}":1}}'}, id="a name of 1,000 characters"
        ),
        *(
            pytest.param(
                {path: "é" * (width // 2)},
                {
                    path.replace("meetingTime.", "meeting_time__").replace("tardyTime", "tardy_time"): "é"
                    * (width // 2)
                },
                id=f"{path} filled to its last byte",
            )
            for path, width in WIDEST.items()
        ),
    ],
)
def test_what_is_landed(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    assert landed(changes) == expected


@pytest.mark.parametrize("value", [None, {}, [], ""], ids=repr)
def test_a_record_without_a_meeting_time(value: Any) -> None:
    row = flatten_record(record({"meetingTime": value}), SCHOOL)
    assert row == {name: None if "__" in name else LANDED[name] for name in NAMES}


@pytest.mark.parametrize("path", [field for field in FIELDS if field not in REQUIRED])
def test_a_missing_field_is_null(path: str) -> None:
    row = flatten_record(without(path), SCHOOL)
    assert set(row) == set(NAMES)
    assert row == flatten_record(record({path: None}), SCHOOL)


NOT_DATES: Sequence[Any] = (
    *("", "02-30-2025", "13-01-2025", "00-10-2025", "2025-12-09", "12/09/2025", "1-2-2025", "12-09-25"),
    *("12-09-2025 ", "12-09-2025\n", "१२-09-2025", "02-29-2025", "12-09-0000", 12092025, ["12-09-2025"]),
)
NOT_NUMBERS: Sequence[Any] = (
    True,
    "",
    "x",
    "7.5",
    "1,000",
    "1e-3",
    "1e999",
    "NaN",
    "7 0",
    "1_0",
    "0x1",
    "٣",
    7.5,
    1e18,
    2.0**53,
    float("inf"),
    [],
    {},
)
NOT_FLAGS: Sequence[Any] = ("true", "Y", 1, 0, "", [])
NOT_OBJECTS: Sequence[Any] = ("x", " ", [{}], [None], 0, 5, False)
NOT_TIMES: Sequence[Any] = (
    *("", "2025-12-04", "2025-12-04T03:26:58", "2025-02-30T00:00:00Z", 1764818818, True),
    *("/Date(1733280000000)/", "12/04/2025 03:26:58", {}),
)

UNFIT: list[tuple[dict[str, Any], str]] = [
    *(({field: None}, f"{field}: missing") for field in REQUIRED),
    *(({"date": value}, "date: not a date MM-DD-YYYY") for value in NOT_DATES),
    *(({"minutesLate": value}, "minutesLate: not a whole number") for value in NOT_NUMBERS),
    *(({"verified": value}, "verified: neither true nor false") for value in NOT_FLAGS),
    *(({"createdOn": value}, "createdOn: not an ISO 8601 time with an offset") for value in NOT_TIMES),
    *(({"meetingTime": value}, "meetingTime: not an object") for value in NOT_OBJECTS),
    *(
        ({path: "é" * (width // 2) + "x"}, f"{path}: longer than {width} bytes")
        for path, width in WIDEST.items()
    ),
    ({"id": 2**63}, "id: beyond BIGINT"),
    ({"id": str(-(2**63) - 1)}, "id: beyond BIGINT"),
    ({"comment": "a\0b"}, "comment: holds a NUL character"),
    ({"comment": "\ud800"}, "comment: not valid Unicode"),
    ({"id": "9" * 30}, "id: beyond BIGINT"),
    ({"comment": [float("nan")]}, "comment: not valid JSON"),
]


@pytest.mark.parametrize(
    ("changes", "reason"), UNFIT, ids=[f"{next(iter(c.values()))!a:.20} {reason}" for c, reason in UNFIT]
)
def test_what_cannot_be_landed(changes: dict[str, Any], reason: str) -> None:
    assert outcome(record(changes)) == reason


@pytest.mark.parametrize("field", REQUIRED)
def test_a_required_field_that_is_absent(field: str) -> None:
    assert outcome(without(field)) == f"{field}: missing"


@pytest.mark.parametrize("value", [None, 5, "x", [], [SEEN], True], ids=repr)
def test_what_is_no_object_is_no_record(value: Any) -> None:
    assert outcome(value) == "the record is not an object"


@given(st.sampled_from(FIELDS), json_values)
@settings(max_examples=200, deadline=None)
def test_any_json_in_any_field_gives_every_column_or_a_reason(path: str, value: Any) -> None:
    row = outcome(record({path: value}))
    if isinstance(row, str):
        assert row.startswith(f"{path}: ")
        return
    assert set(row) == set(NAMES)
    for column in COLUMNS:
        stored = row[column.name]
        kinds = {"BIGINT": int, "BOOLEAN": bool}.get(column.external_type, str)
        assert stored is None or type(stored) is kinds
        assert not isinstance(stored, str) or len(stored.encode()) <= column.width
        assert not isinstance(stored, int) or -(2**63) <= stored < 2**63


marked = st.sampled_from(
    [MARK, MARK + "\0", MARK * 9999, [MARK], {MARK: MARK}, 271828182845e-3, "2718-28-28", True]
)


@given(st.sampled_from([*FIELDS, "meetingTime", f"new{MARK}"]), marked | st.just(MARK + "\ud800"))
@settings(max_examples=150, deadline=None)
def test_no_reason_holds_a_value(path: str, value: Any) -> None:
    reason = outcome(record({path: value}))
    assert isinstance(reason, dict) or not any(mark in reason for mark in MARKS)


# --- dates and times ----------------------------------------------------------------------------------------


@given(st.dates())
@settings(max_examples=200)
def test_a_date_is_read_as_it_was_written(day: dt.date) -> None:
    assert parse_date(f"{day.month:02d}-{day.day:02d}-{day.year:04d}") == day


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 9999))
@settings(max_examples=200)
def test_an_impossible_date_is_none(month: int, day: int, year: int) -> None:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    lengths = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    possible = year >= 1 and 1 <= month <= 12 and 1 <= day <= lengths[month - 1]
    assert (parse_date(f"{month:02d}-{day:02d}-{year:04d}") is not None) == possible


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-12-04T03:26:58.23Z", "2025-12-04 03:26:58.230000"),
        ("2025-12-04T03:26:58Z", "2025-12-04 03:26:58.000000"),
        ("2025-12-04 03:26:58+00:00", "2025-12-04 03:26:58.000000"),
        ("2025-12-04T03:26:58.1234567Z", "2025-12-04 03:26:58.123456"),
        ("2025-12-04T03:26:58.123456789012Z", "2025-12-04 03:26:58.123456"),
        ("2025-12-04T03:26:58-05", "2025-12-04 08:26:58.000000"),
        ("2025-03-01T01:00:00+0200", "2025-02-28 23:00:00.000000"),
        ("2024-02-29T23:59:59.999999-00:01", "2024-03-01 00:00:59.999999"),
        ("0001-01-01T00:00:00Z", "0001-01-01 00:00:00.000000"),
        ("0001-01-01T00:00:00+01:00", None),
        ("9999-12-31T23:59:59-01:00", None),
        ("2025-12-04T03:26:60Z", None),
        ("2025-12-04T03:26:58+24:00", None),
        ("2025-12-04T03:26:58+01:60", None),
        ("2025-12-04T03:26:58", None),
        ("2025-12-04T03:26:58z", None),
        ("2025-12-04T03:26:58Z\n", None),
        ("2025-12-04T03:26Z", None),
        ("٢025-12-04T03:26:58Z", None),
    ],
)
def test_instants(text: str, expected: str | None) -> None:
    assert parse_instant(text) == expected


_naive = st.datetimes(dt.datetime(2, 1, 1), dt.datetime(9998, 12, 31))
_offsets = st.integers(-(24 * 60 - 1), 24 * 60 - 1)


@given(_naive, _offsets, st.sampled_from("T "), st.sampled_from([":", ""]))
@settings(max_examples=200)
def test_an_instant_is_what_datetime_makes_of_it(
    local: dt.datetime, offset: int, between: str, colon: str
) -> None:
    sign, minutes = "-" if offset < 0 else "+", abs(offset)
    written = (
        f"{local:%m-%dT%H:%M:%S}.{local.microsecond:06d}{sign}{minutes // 60:02d}{colon}{minutes % 60:02d}"
    )
    utc = local - dt.timedelta(minutes=offset)
    expected = f"{utc.year:04d}-{utc:%m-%d %H:%M:%S}.{utc.microsecond:06d}"
    assert parse_instant(f"{local.year:04d}-{written.replace('T', between)}") == expected


@given(
    st.text(max_size=40)
    | st.from_regex(r"\A\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{0,10})?[Z+-]?[\d:]{0,6}\Z")
)
@settings(max_examples=300, deadline=None)
def test_any_text_is_an_instant_or_none(text: str) -> None:
    instant = parse_instant(text)
    assert instant is None or dt.datetime.strptime(instant, "%Y-%m-%d %H:%M:%S.%f")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (7, 7),
        ("7", 7),
        (7.0, 7),
        (2**63 - 1, 2**63 - 1),
        (2**63, None),
        (10**30, None),
        (True, None),
        ("x", None),
    ],
)
def test_the_id_of_an_unfit_record(value: Any, expected: int | None) -> None:
    assert record_id({"id": value}) == expected


@pytest.mark.parametrize("value", [None, [], "id", 5, {}, {"Id": 5}], ids=json.dumps)
def test_what_has_no_id(value: Any) -> None:
    assert record_id(value) is None
