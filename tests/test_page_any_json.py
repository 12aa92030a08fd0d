"""Pages of any JSON: nothing is lost whatever is on them, and the fast way says what the slow way says."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attendance_common.fetch.page import _read_any, _read_ordinary, read_page
from attendance_common.fetch.totals import Paging
from tests.samples import BAD, COLUMN_TYPES, SCHOOL, SEEN, page, read, record
from tests.test_record import FIELDS, MARK, MARKS, json_values

_fields = st.sampled_from([*FIELDS, "meetingTime", "later", "meetingTime.later"])
_some_records = (
    json_values
    | st.dictionaries(st.sampled_from([*SEEN, "x"]), json_values, max_size=5)
    | st.builds(lambda path, value: record({path: value}), _fields, json_values)
    | st.integers(1, 9).map(lambda number: record({"id": number}))
)
_some_paging = st.none() | st.dictionaries(
    st.sampled_from(["pageCount", "totalPages", "totalCount"]), json_values
)


@given(st.lists(_some_records, max_size=6), _some_paging)
@settings(max_examples=200, deadline=None)
def test_rows_and_rejections_are_the_records_received(records: list[Any], paging: Any) -> None:
    texts = [json.dumps(each) for each in records]
    found = read_page(page(texts, json.dumps(paging)), SCHOOL)
    assert found.received == found.rows.height + len(found.rejections) == len(records)
    assert dict(found.rows.schema) == COLUMN_TYPES
    rejected = [json.dumps(json.loads(rejection.record)) for rejection in found.rejections]
    remaining = list(texts)
    for text in rejected:
        remaining.remove(text)  # raises when it was not received
    assert len(remaining) == found.rows.height


@given(
    st.lists(
        st.tuples(_fields, json_values, st.sampled_from([None, (",", ":"), (" ,\t", " :\n")])), max_size=4
    )
)
@settings(max_examples=100, deadline=None)
def test_a_rejected_record_is_the_text_that_was_received(changes: list[Any]) -> None:
    texts = [
        json.dumps(record({path: value, **BAD}), separators=separators, ensure_ascii=False).replace(
            "\ud800", ""
        )
        for path, value, separators in changes
    ]
    strict = [text for text in texts if _is_strict(text)]
    found = read_page(page(strict), SCHOOL)
    assert [rejection.record for rejection in found.rejections] == strict


def _is_strict(text: str) -> bool:
    """Whether it is JSON by the letter: no NaN, no half character."""
    try:
        json.loads(text.encode().decode(), parse_constant=lambda name: json.loads(f"<{name}>"))
    except ValueError:
        return False
    return True


@given(
    st.sampled_from(FIELDS),
    st.sampled_from([MARK, MARK * 9999, [MARK], {MARK: MARK}, "2718-28-28", MARK + "\0"]),
)
@settings(max_examples=100, deadline=None)
def test_no_reason_holds_a_value(path: str, value: Any) -> None:
    for rejection in read(record({path: value}), record({path: value, **BAD})).rejections:
        assert not any(mark in rejection.reason for mark in MARKS)


_ordinary_texts = st.text(max_size=20) | st.sampled_from(["", "é" * 40, '"\\/\u2028', "\x7f", "a" * 300])
_near_values = (
    _ordinary_texts
    | st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64)
    | st.sampled_from([2**63 - 1, -(2**63), 7.0, "7", "12-09-2025", "02-30-2025", "2025-12-04T03:26:58.1Z"])
    | st.sampled_from(
        ["2025-12-04T24:00:00Z", "2025-12-04T03:26:58.1234567Z", "0999-12-04T03:26:58Z", [1], [], {}]
    )
)


@given(st.lists(st.dictionaries(_fields, _near_values, max_size=3), min_size=1, max_size=3))
@settings(max_examples=300, deadline=None)
def test_the_fast_way_says_what_the_slow_way_says(changes: list[dict[str, Any]]) -> None:
    texts = [json.dumps(_changed(each), ensure_ascii=False) for each in changes]
    body = page(texts, '{"totalPages": 2, "totalCount": 3}')
    fast, slow = _read_ordinary(body, SCHOOL), _read_any(body, SCHOOL)
    if fast is not None:
        assert fast.rows.to_dicts() == slow.rows.to_dicts()
        assert (fast.rejections, fast.paging) == (slow.rejections, slow.paging) == ((), Paging(2, 3))
    assert read_page(body, SCHOOL).rows.equals(slow.rows)


def _changed(changes: dict[str, Any]) -> dict[str, Any]:
    """The record with the changes that are still possible when the nested object was replaced."""
    nested = isinstance(changes.get("meetingTime", {}), dict)
    return record(
        {path: value for path, value in changes.items() if nested or not path.startswith("meetingTime.")}
    )


ORDINARY: dict[str, dict[str, Any]] = {
    "as seen": {},
    "nulls": {field: None for field in FIELDS if field not in ("id", "studentId", "date")},
    "no meeting time": {"meetingTime": None},
    "the largest numbers": {"id": 2**63 - 1, "minutesLate": -(2**63)},
    "a text at its width": {"comment": "é" * 8192},
    "whole seconds": {"modifiedOn": "2025-12-09T08:01:44Z"},
}


@pytest.mark.parametrize("changes", ORDINARY.values(), ids=ORDINARY.keys())
def test_ordinary_pages_take_the_fast_way(changes: dict[str, Any]) -> None:
    assert _read_ordinary(page([json.dumps(record(changes))]), SCHOOL) is not None


@pytest.mark.parametrize(
    "token",
    ["9223372036854775808", "-9223372036854775809", "1e18", "9007199254740993.0", "true", '"7"', "7.0", "[]"],
)
@pytest.mark.parametrize("field", ["id", "minutesLate", "meetingTime.sectionId"])
def test_odd_numbers_take_the_slow_way(field: str, token: str) -> None:
    text = json.dumps(record({field: "@"})).replace('"@"', token)
    assert _read_ordinary(page([text]), SCHOOL) is None
    assert read_page(page([text]), SCHOOL).received == 1


def test_repeated_fields_are_read_alike() -> None:
    text = json.dumps(SEEN)[:-1] + ', "id": 7, "meetingTime": {"id": 8}}'
    body = page([text])
    fast = _read_ordinary(body, SCHOOL)
    assert fast is not None
    assert fast.rows.equals(_read_any(body, SCHOOL).rows)
    assert fast.rows["id"].to_list() == [7]
