"""Objects that are replaced and replaced back while a loader is at work: it records what it read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import count

import pytest

from tests.lists import (
    LATER,
    MONDAY,
    NEW,
    OLD,
    TUESDAY,
    land,
    land_tombstone,
    load,
    load_in_need,
    put,
    statuses,
    version,
)
from tests.loading import Loading
from tests.pipeline import Pipeline
from tests.sandbox.redshift import RedshiftError
from tests.test_moves import before_first

FIVE, SIX, SEVEN, EIGHT = (version(key, "x", NEW) for key in (5, 6, 7, 8))
STAGE = "CREATE TEMP TABLE staged"
SUMMARY = "SELECT\n    partition_date,\n    school_id,\n    COUNT(*)"
MOMENTS = ["ALTER TABLE", "BEGIN", STAGE, SUMMARY]
REPLACED = RedshiftError("XX000", "Spectrum Scan Error", "Status 416, Message: InvalidRange")


def where(pipeline: Pipeline) -> dict[int, date]:
    return {key: day for key, (_, day) in statuses(pipeline).items()}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_list_that_is_written_in_the_middle_is_loaded_by_the_next_round(
    pipeline: Pipeline, moment: str
) -> None:
    land(pipeline, TUESDAY, FIVE, SIX)
    land(pipeline, LATER, EIGHT)
    with before_first(pipeline, moment, lambda: land(pipeline, TUESDAY, version(5, "y", NEW), SIX)):
        assert load(pipeline) == {"inserted": 3}
    assert statuses(pipeline) == {5: ("y", TUESDAY), 6: ("x", TUESDAY), 8: ("x", LATER)}
    assert load(pipeline) == {}


def test_a_list_that_is_written_after_its_reading_is_loaded_by_the_next_load(pipeline: Pipeline) -> None:
    land(pipeline, TUESDAY, FIVE, SIX)
    with before_first(pipeline, "COMMIT", lambda: land(pipeline, TUESDAY, version(5, "y", NEW), SIX)):
        load(pipeline)
    assert load(pipeline) == {"updated": 1, "unchanged": 1}
    assert statuses(pipeline) == {5: ("y", TUESDAY), 6: ("x", TUESDAY)}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_list_that_is_again_as_it_was_found(pipeline: Pipeline, moment: str) -> None:
    land(pipeline, TUESDAY, FIVE, SIX)
    with before_first(pipeline, moment, lambda: land(pipeline, TUESDAY, version(5, "y", NEW), SIX)):
        load(pipeline)
    land(pipeline, TUESDAY, FIVE, SIX)
    load(pipeline)
    assert statuses(pipeline) == {5: ("x", TUESDAY), 6: ("x", TUESDAY)}


@pytest.mark.parametrize("dates", [1, 366])
def test_a_record_that_moves_and_moves_back(pipeline: Pipeline, dates: int) -> None:
    def move() -> None:
        land(pipeline, LATER, FIVE, EIGHT)
        land(pipeline, TUESDAY, SIX)

    land(pipeline, MONDAY, SEVEN, school=2)
    land(pipeline, TUESDAY, FIVE, SIX)
    land(pipeline, LATER, EIGHT)
    with before_first(pipeline, STAGE, move):
        load(pipeline, dates=dates)
    assert where(pipeline) == {5: LATER, 6: TUESDAY, 7: MONDAY, 8: LATER}
    land(pipeline, TUESDAY, FIVE, SIX)
    land(pipeline, LATER, EIGHT)
    load(pipeline)
    assert where(pipeline) == {5: TUESDAY, 6: TUESDAY, 7: MONDAY, 8: LATER}


def test_a_list_that_is_emptied_and_comes_back(pipeline: Pipeline) -> None:
    land(pipeline, TUESDAY, FIVE, SIX)
    load(pipeline)
    land(pipeline, TUESDAY, FIVE, SIX, EIGHT)

    def empty_and_fill() -> None:
        land_tombstone(pipeline, TUESDAY)
        land(pipeline, TUESDAY, FIVE, SIX)

    with before_first(pipeline, STAGE, empty_and_fill):
        load(pipeline)
    assert where(pipeline) == {5: TUESDAY, 6: TUESDAY}
    assert load(pipeline) == {}


def test_a_list_that_another_loader_has_loaded_meanwhile_is_not_loaded_again(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, FIVE)
    land(pipeline, TUESDAY, SIX)
    with before_first(pipeline, "BEGIN", lambda: Loading(pipeline).load()):
        assert load(pipeline) == {}
    assert where(pipeline) == {5: MONDAY, 6: TUESDAY}


def test_a_newer_list_that_another_loader_has_loaded_meanwhile_stays(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, SIX)
    land(pipeline, TUESDAY, SEVEN)
    load(pipeline)
    land(pipeline, MONDAY, FIVE, SIX)

    def go_on() -> None:
        land(pipeline, MONDAY, version(6, "y", NEW))
        land(pipeline, TUESDAY, version(5, "right", OLD), SEVEN)
        Loading(pipeline).load()

    with before_first(pipeline, "BEGIN", go_on):
        load(pipeline)
    assert statuses(pipeline) == {5: ("right", TUESDAY), 6: ("y", MONDAY), 7: ("x", TUESDAY)}
    assert load(pipeline) == {}


# --- without end --------------------------------------------------------------------------------------------


def load_while_always(pipeline: Pipeline, act: Callable[[], None]) -> list[str]:
    """Load, and do this each time before lists are read; gives what the person reads."""

    def before(sql: str) -> None:
        if sql.startswith(STAGE):
            act()

    with pipeline.before_each_statement(before):
        return load_in_need(pipeline)[1]


def test_a_list_that_is_written_all_the_time_holds_up_itself_alone(pipeline: Pipeline) -> None:
    texts = map(str, count())
    land(pipeline, MONDAY, SEVEN)
    land(pipeline, TUESDAY, FIVE)
    land(pipeline, TUESDAY, EIGHT, school=2)
    [sentence] = load_while_always(pipeline, lambda: land(pipeline, TUESDAY, version(5, next(texts), NEW)))
    assert where(pipeline) == {7: MONDAY, 8: TUESDAY}
    assert sentence.startswith(f"the list of {TUESDAY} of school 1 was not loaded: it was written each time")
    assert "run the loader when no fetch is running" in sentence
    assert load(pipeline) == {"inserted": 1}
    assert where(pipeline) == {5: TUESDAY, 7: MONDAY, 8: TUESDAY}


def test_a_winners_list_that_is_written_all_the_time_holds_up_the_lists_of_its_record(
    pipeline: Pipeline,
) -> None:
    """A new list waits, too; its other records are in the table, and its date is not taken for damaged."""
    texts = map(str, count())
    land(pipeline, MONDAY, version(5, "old", OLD))
    land(pipeline, TUESDAY, FIVE, SIX)
    load(pipeline)
    land(pipeline, TUESDAY, SIX)
    land(pipeline, LATER, version(5, "never modified", None), EIGHT)
    sentences = load_while_always(pipeline, lambda: land(pipeline, MONDAY, version(5, next(texts), OLD)))
    assert [sentence.partition(" was not loaded: it was written each time")[0] for sentence in sentences] == [
        f"the list of {day} of school 1" for day in (MONDAY, TUESDAY, LATER)
    ]
    assert where(pipeline) == {5: TUESDAY, 6: TUESDAY, 8: LATER}
    load(pipeline)
    assert where(pipeline) == {5: MONDAY, 6: TUESDAY, 8: LATER}
    assert load(pipeline) == {}


# --- an object that Spectrum loses under its hands ----------------------------------------------------------


def test_an_object_that_spectrum_cannot_read_is_named_and_read_by_the_next_load(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, SEVEN)
    land(pipeline, TUESDAY, FIVE)
    pipeline.sandbox.redshift.fail_next(
        STAGE, REPLACED, times=3
    )  # both together, then the first, then it once more alone
    done, [sentence] = load_in_need(pipeline)
    assert done == {"inserted": 1}
    assert where(pipeline) == {5: TUESDAY}
    assert sentence.startswith(f"the list of {MONDAY} of school 1 was not loaded: Spectrum Scan Error")
    assert load(pipeline) == {"inserted": 1}
    assert where(pipeline) == {5: TUESDAY, 7: MONDAY}


def test_an_object_that_was_replaced_under_spectrums_hands_is_read_by_the_next_round(
    pipeline: Pipeline,
) -> None:
    land(pipeline, MONDAY, SEVEN)
    land(pipeline, TUESDAY, FIVE)
    pipeline.sandbox.redshift.fail_next(STAGE, REPLACED, times=2)
    with before_first(pipeline, STAGE, lambda: land(pipeline, MONDAY, version(7, "y", NEW))):
        assert load(pipeline) == {"inserted": 2}
    assert statuses(pipeline) == {5: ("x", TUESDAY), 7: ("y", MONDAY)}


def test_an_object_that_is_broken_for_a_while(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, SEVEN)
    load(pipeline)
    put(pipeline, MONDAY, "school_1.parquet", b"PAR1")
    _, [sentence] = load_in_need(pipeline)
    assert sentence.startswith(f"the list of {MONDAY} of school 1 was not loaded: Spectrum Scan Error")
    assert where(pipeline) == {7: MONDAY}
    land(pipeline, MONDAY, SEVEN)
    assert load(pipeline) == {"unchanged": 1}
