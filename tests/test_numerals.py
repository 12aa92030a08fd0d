"""A number and the words that agree with it; sentences about one thing and about several."""

from __future__ import annotations

import datetime as dt

import pytest

from attendance_common.landing import Areas
from attendance_common.load import attention
from attendance_common.load.plan import ListId
from attendance_common.numerals import counted, records

AREAS = Areas("b", "z/")
MONDAY, TUESDAY = dt.date(2025, 12, 8), dt.date(2025, 12, 9)


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 rows have"), (1, "1 row has"), (2, "2 rows have"), (21, "21 rows have")]
)
def test_the_words_agree_with_the_number(count: int, text: str) -> None:
    assert counted(count, "row has", "rows have") == text


def test_records_are_counted() -> None:
    assert [records(count) for count in (0, 1, 2)] == ["0 records", "1 record", "2 records"]


def test_one_list_that_is_gone_is_named_with_its_own_cure() -> None:
    sentence = attention.gone([ListId(MONDAY, 7)], AREAS)
    assert "fetch school 7 again" in sentence
    assert sentence.endswith("run the loader with --forget-list 2025-12-08 7")


def test_several_lists_that_are_gone_are_reported_by_the_first() -> None:
    sentence = attention.gone([ListId(TUESDAY, 7), ListId(MONDAY, 9), ListId(MONDAY, 8)], AREAS)
    assert sentence.startswith("objects of 3 loaded lists are gone from S3, first s3://b/z/")
    assert "(then 2025-12-08 of school 9, 2025-12-09 of school 7; " in sentence
    assert sentence.endswith("--forget-list 2025-12-08 8 (for each of them)")


@pytest.mark.parametrize(
    ("days", "dates"),
    [([MONDAY], "2025-12-08"), ([MONDAY, TUESDAY], "2 dates from 2025-12-08 to 2025-12-09")],
    ids=["one", "two"],
)
def test_dates_are_reported_once(days: list[dt.date], dates: str) -> None:
    assert f" on {dates}: " in attention.places_reloaded(days)
    assert f" of {dates} were not compared: " in attention.unverified([ListId(day, 1) for day in days], "why")
