"""Objects that are gone, foreign, odd or no Parquet: no row is lost, and each is named."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.damage import EIGHT, FIVE, SEVEN, SIX, WHOLE, attention, three_lists
from tests.lists import (
    MONDAY,
    NEWER,
    SCHEMA,
    TUESDAY,
    folder,
    land,
    land_tombstone,
    load,
    put,
    statuses,
    take_away,
    version,
)
from tests.pipeline import Pipeline


@pytest.fixture
def loaded(pipeline: Pipeline) -> Pipeline:
    return three_lists(pipeline)


def test_an_object_that_is_gone_keeps_its_rows_and_is_named_until_it_is_forgotten(loaded: Pipeline) -> None:
    take_away(loaded, TUESDAY, "school_2.parquet")
    sentence = attention(loaded.load())
    assert "the object of a loaded list is gone from S3" in sentence
    assert "day=09/school_2.parquet" in sentence
    assert "--forget-list 2025-12-09 2" in sentence
    assert statuses(loaded) == WHOLE
    again = loaded.load()
    assert (again.status, again.result["standing"]) == (0, 1)
    assert statuses(loaded) == WHOLE
    done = loaded.load("--forget-list", "2025-12-09", "2")
    assert (done.status, done.result["removed"]) == (0, 1)
    assert statuses(loaded).keys() == {5, 6, 7}
    assert load(loaded) == {}


def test_an_object_that_comes_back_is_loaded(loaded: Pipeline) -> None:
    take_away(loaded, TUESDAY, "school_2.parquet")
    assert loaded.load().status == 3
    land(loaded, TUESDAY, EIGHT, school=2)
    assert load(loaded) == {"unchanged": 1}
    assert statuses(loaded) == WHOLE


def test_a_row_of_an_object_that_is_gone_yields_to_any_other_list(loaded: Pipeline) -> None:
    take_away(loaded, TUESDAY, "school_2.parquet")
    assert loaded.load().status == 3
    land(loaded, MONDAY, version(8, "older", "2025-12-01 08:00:00.000000"), school=2)
    assert loaded.load().result["updated"] == 1
    assert statuses(loaded)[8] == ("older", MONDAY)


def test_only_a_list_that_is_gone_can_be_forgotten(loaded: Pipeline) -> None:
    done = loaded.load("--forget-list", "2025-12-09", "2")
    assert done.status == 2
    assert "school_2.parquet is in S3" in done.result["error"]
    done = loaded.load("--forget-list", "2025-12-09", "3")
    assert (done.status, "was never loaded" in done.result["error"]) == (2, True)
    assert statuses(loaded) == WHOLE


@pytest.mark.parametrize(
    ("flags", "word"),
    [
        (["2025-13-09", "2"], "must be a date and a school"),
        (["2025-12-09", "x"], "must be a date and a school"),
    ],
)
def test_forget_list_wants_a_date_and_a_school(loaded: Pipeline, flags: list[str], word: str) -> None:
    done = loaded.load("--forget-list", *flags)
    assert (done.status, word in done.result["error"]) == (2, True)


def test_foreign_objects_are_named_the_first_five(loaded: Pipeline) -> None:
    for number in range(7):
        name = f"{folder(MONDAY)}_x".replace("day=08/_x", f"copy_{number}.parquet")
        loaded.sandbox.aws.client("s3").put_object(Bucket=loaded.sandbox.aws.bucket, Key=name, Body=b"x")
    sentence = attention(loaded.load())
    assert "copy_4.parquet and 2 more; Spectrum reads them, or fails on them: move them away" in sentence
    assert "copy_5" not in sentence


ODD_LISTS: dict[str, tuple[list[dict[str, Any]], str]] = {
    "an id twice": ([FIVE, FIVE], "it has an id twice"),
    "a row without an id": ([FIVE, {**SIX, "id": None}], "it has rows without an id"),
    "no student": ([{**FIVE, "student_id": None}], "it has rows without a student"),
    "another date": ([{**FIVE, "date": "12-10-2025"}], "it has rows of another date"),
    "no date": ([{**FIVE, "date": None}], "it has rows of another date"),
    "another school": ([{**FIVE, "school_id": 77}], "Spectrum found no row of this school in it"),
    "an edited tombstone": (
        [dict.fromkeys(SCHEMA.names) | {"school_id": 1, "id": 5}],
        "it has rows without a student",
    ),
    "a tombstone and a row": (
        [{**FIVE, "id": 5}, dict.fromkeys(SCHEMA.names) | {"school_id": 1}],
        "it has rows without an id",
    ),
}


@pytest.mark.parametrize(("rows", "reason"), ODD_LISTS.values(), ids=ODD_LISTS.keys())
def test_an_odd_list_stays_as_it_was_and_is_named(
    loaded: Pipeline, rows: list[dict[str, Any]], reason: str
) -> None:
    land(loaded, MONDAY, *rows)
    land(loaded, TUESDAY, version(7, "new", NEWER))
    sentence = attention(loaded.load())
    assert sentence.startswith(
        f"the list of 2025-12-08 of school 1 was not loaded: {reason} (s3://edna-prod/raw_"
    )
    assert re.search(
        r"day=08/school_1.parquet, written 20\d\d-\d\d-\d\d \d\d:\d\d UTC\); its rows stay ", sentence
    )
    assert statuses(loaded) == {**WHOLE, 7: ("new", TUESDAY)}
    land(loaded, MONDAY, FIVE)
    assert load(loaded) == {"unchanged": 1, "removed": 1}


def test_a_date_that_is_none_holds_up_its_list_alone(loaded: Pipeline) -> None:
    land(loaded, MONDAY, {**FIVE, "date": "02-30-2025"})
    land(loaded, TUESDAY, version(7, "new", NEWER))
    sentence = attention(loaded.load())
    assert sentence.startswith("the list of 2025-12-08 of school 1 was not loaded: ")
    assert statuses(loaded) == {**WHOLE, 7: ("new", TUESDAY)}


def test_a_list_that_is_no_parquet_holds_up_its_partition_and_is_reported_in_one_sentence(
    loaded: Pipeline,
) -> None:
    put(loaded, TUESDAY, "school_1.parquet", b"{}")
    land(loaded, TUESDAY, version(8, "new", NEWER), school=2)
    land(loaded, MONDAY, version(5, "new", NEWER), SIX)
    sentence = attention(loaded.load())
    assert sentence.startswith("the list of 2025-12-09 of schools 1, 2 was not loaded: Spectrum Scan Error")
    assert statuses(loaded) == {**WHOLE, 5: ("new", MONDAY)}
    land(loaded, TUESDAY, SEVEN)
    assert load(loaded) == {"updated": 1, "unchanged": 1}


def test_a_list_becomes_a_tombstone_and_a_list_again(loaded: Pipeline) -> None:
    land_tombstone(loaded, MONDAY)
    assert load(loaded) == {"removed": 2}
    assert statuses(loaded).keys() == {7, 8}
    assert load(loaded) == {}
    land_tombstone(loaded, MONDAY, run="another")
    assert load(loaded) == {}
    land(loaded, MONDAY, SIX)
    assert load(loaded) == {"inserted": 1}
