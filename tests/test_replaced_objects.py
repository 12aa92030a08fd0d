"""Objects that are replaced and replaced back while a loader is at work: it records what it read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import count

import pytest

from tests.lists import LATER, MONDAY, NEW, TUESDAY, land, land_left, load, statuses, version
from tests.pipeline import Pipeline
from tests.sandbox.redshift import RedshiftError
from tests.test_moves import ONE

FIVE, SIX, SEVEN, EIGHT = (version(key, "x", NEW) for key in (5, 6, 7, 8))


def load_while(pipeline: Pipeline, acts: dict[str, Callable[[], None]], **variables: str) -> None:
    """Load; each act is done once, just before the first statement that begins with its key."""
    waiting = dict(acts)

    def act(sql: str) -> None:
        for begin in [begin for begin in waiting if sql.startswith(begin)]:
            waiting.pop(begin)()

    with pipeline.before_each_statement(act):
        load(pipeline, **variables)
    assert not waiting


def where(pipeline: Pipeline) -> dict[int, date]:
    return {key: day for key, (_, day) in statuses(pipeline).items()}


@pytest.mark.parametrize("statement", ["ALTER TABLE", "BEGIN", "INSERT INTO incoming"])
def test_a_list_that_is_again_as_it_was_found(pipeline: Pipeline, statement: str) -> None:
    land(pipeline, TUESDAY, FIVE, SIX)
    load_while(pipeline, {statement: lambda: land(pipeline, TUESDAY, version(5, "y", NEW), SIX)})
    land(pipeline, TUESDAY, FIVE, SIX)
    load(pipeline)
    assert statuses(pipeline) == {5: ("x", TUESDAY), 6: ("x", TUESDAY)}


def test_a_record_that_moves_and_moves_back(pipeline: Pipeline) -> None:
    def move() -> None:
        land(pipeline, LATER, FIVE, EIGHT)
        land(pipeline, TUESDAY, SIX)

    land(pipeline, MONDAY, SEVEN, school=2)
    land(pipeline, TUESDAY, FIVE, SIX)
    land(pipeline, LATER, EIGHT)
    load_while(pipeline, {"INSERT INTO incoming": move}, **ONE)
    land(pipeline, TUESDAY, FIVE, SIX)
    land(pipeline, LATER, EIGHT)
    load(pipeline)
    assert where(pipeline) == {5: TUESDAY, 6: TUESDAY, 7: MONDAY, 8: LATER}


def test_a_list_that_is_left_and_comes_back(pipeline: Pipeline) -> None:
    land(pipeline, TUESDAY, FIVE, SIX)
    load_while(
        pipeline,
        {
            "ALTER TABLE": lambda: land_left(pipeline, TUESDAY, FIVE, SIX),
            "INSERT INTO incoming": lambda: land(pipeline, TUESDAY, FIVE, SIX),
        },
    )
    load(pipeline)
    assert where(pipeline) == {5: TUESDAY, 6: TUESDAY}


def test_a_list_that_is_written_all_the_time_holds_up_its_own_partition_alone(pipeline: Pipeline) -> None:
    texts = map(str, count())

    def write(sql: str) -> None:
        if sql.startswith("INSERT INTO incoming"):
            land(pipeline, TUESDAY, version(5, next(texts), NEW))

    land(pipeline, MONDAY, SEVEN)
    land(pipeline, TUESDAY, FIVE)
    land(pipeline, LATER, EIGHT)
    with pipeline.before_each_statement(write):
        done = pipeline.load_trying_twice()
    assert where(pipeline) == {7: MONDAY, 8: LATER}
    assert done.status == 3
    [sentence] = done.result["attention"]
    assert sentence.startswith(f"partition {TUESDAY} was not loaded: it was written while it was read")
    load(pipeline)
    assert where(pipeline) == {5: TUESDAY, 7: MONDAY, 8: LATER}


def test_an_object_that_spectrum_loses_under_its_hands_holds_up_its_own_partition_alone(
    pipeline: Pipeline,
) -> None:
    replaced = RedshiftError("XX000", "Spectrum Scan Error", "Status 416, Message: InvalidRange")
    land(pipeline, MONDAY, SEVEN)
    land(pipeline, TUESDAY, FIVE)
    # Both tries of both partitions together, then those of the first.
    pipeline.sandbox.redshift.fail_next("INSERT INTO incoming", replaced, times=4)
    done = pipeline.load_trying_twice()
    assert where(pipeline) == {5: TUESDAY}
    assert done.status == 3
    [sentence] = done.result["attention"]
    assert sentence.startswith(f"partition {MONDAY} was not loaded: an object was replaced")
    load(pipeline)
    assert where(pipeline) == {5: TUESDAY, 7: MONDAY}
