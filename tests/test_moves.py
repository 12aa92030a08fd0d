"""Records that move from one date's list to another's: each stands in the table where the source has it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from threading import Event, Lock

import pytest

from tests.lists import (
    LATER,
    MONDAY,
    NEW,
    OLD,
    TUESDAY,
    land,
    land_left,
    load,
    put,
    statuses,
    take_away,
    version,
    wait_a_second,
)
from tests.pipeline import LOADER, PATIENCE, Finished, Pipeline

ONE, ALL = {"REDSHIFT_BATCH_PARTITIONS": "1"}, {"REDSHIFT_BATCH_PARTITIONS": "366"}
LONG_AGO = date(2023, 9, 11)  # more than a calendar year before the others
BROKEN = "notes.json"

Records = dict[int, tuple[str, date]]


def in_need(pipeline: Pipeline) -> Finished:
    """Load one partition at a time, with something that needs a person."""
    done = pipeline.load(**ONE)
    assert done.status == 3, done.story
    return done


# --- equally new versions, one of them in a list that is still to be loaded ---------------------------------


def moves() -> Iterator[tuple[int, date, date]]:
    """A place in the list, where a record was, and where it goes: 0 to 3 years away, forth and back."""
    for years in range(4):
        near, far = date(2022, 9, 5 + years), date(2022 + years, 10, 5 + years)
        yield 10 * years, near, far
        yield 10 * years + 5, far.replace(day=15 + years), near.replace(day=15 + years)


MOVES = list(moves())


@pytest.mark.parametrize("batch", [ONE, ALL], ids=["a partition", "all"])
@pytest.mark.parametrize("last", ["the list that it left", "the list that it goes to"])
def test_a_record_that_moves_with_no_newer_time_stands_where_it_went(
    pipeline: Pipeline, batch: dict[str, str], last: str
) -> None:
    for key, old, new in MOVES:
        land(pipeline, old, version(key, "x", NEW), version(key + 1, "x", None), version(key + 2, "x", NEW))
        land(pipeline, new, version(key + 3, "x", NEW))
    load(pipeline)
    for turn in (0, 1):
        for key, old, new in MOVES:
            if (turn == 0) == (last == "the list that it left"):
                stays = version(key + 3, "x", NEW)
                land(pipeline, new, version(key, "x", NEW), version(key + 1, "x", None), stays)
            else:
                land(pipeline, old, version(key + 2, "x", NEW))
        if turn == 0:
            wait_a_second()
    load(pipeline, **batch)
    expected: Records = {}
    for key, old, new in MOVES:
        expected |= {key: ("x", new), key + 1: ("x", new), key + 2: ("x", old), key + 3: ("x", new)}
    assert statuses(pipeline) == expected
    assert load(pipeline) == {}


def test_a_list_that_cannot_be_loaded_loses_ties_until_it_can(pipeline: Pipeline) -> None:
    land(pipeline, TUESDAY, version(5, "moves", NEW), version(6, "here", NEW))
    load(pipeline)
    land(pipeline, LONG_AGO, version(5, "moved", NEW), version(6, "there", NEW))
    wait_a_second()
    land(pipeline, TUESDAY, version(6, "here", NEW))
    put(pipeline, TUESDAY, BROKEN, b"{}")
    in_need(pipeline)
    assert statuses(pipeline)[5] == ("moved", LONG_AGO)
    take_away(pipeline, TUESDAY, BROKEN)
    load(pipeline)
    assert statuses(pipeline) == {5: ("moved", LONG_AGO), 6: ("here", TUESDAY)}


def test_a_list_that_lost_a_tie_is_read_again_although_it_is_as_it_was(pipeline: Pipeline) -> None:
    stays, moves = version(6, "x", NEW), version(5, "x", NEW)
    land(pipeline, TUESDAY, moves, stays)
    load(pipeline)
    land(pipeline, LONG_AGO, moves, version(7, "x", NEW))
    land(pipeline, TUESDAY, stays)
    put(pipeline, TUESDAY, BROKEN, b"{}")
    in_need(pipeline)
    land(pipeline, TUESDAY, moves, stays)  # it comes back
    land(pipeline, LONG_AGO, version(7, "x", NEW))
    take_away(pipeline, TUESDAY, BROKEN)
    load(pipeline)
    assert statuses(pipeline) == {5: ("x", TUESDAY), 6: ("x", TUESDAY), 7: ("x", LONG_AGO)}


@contextmanager
def first_held(pipeline: Pipeline, text: str, reached: Event, go_on: Event) -> Iterator[None]:
    """Hold the first statement that begins so until told to go on; those after it pass."""
    first = Lock()

    def hold(sql: str) -> None:
        if sql.startswith(text) and first.acquire(blocking=False):
            reached.set()
            go_on.wait(PATIENCE)

    with pipeline.before_each_statement(hold):
        try:
            yield
        finally:
            go_on.set()


def test_a_list_that_another_loader_has_loaded_meanwhile_is_not_pending(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(6, "x", NEW))
    land(pipeline, TUESDAY, version(7, "x", NEW))
    load(pipeline)
    land(pipeline, MONDAY, version(5, "left", NEW), version(6, "x", NEW))
    reached, go_on = Event(), Event()
    with first_held(pipeline, "BEGIN", reached, go_on):
        slow = pipeline.start(LOADER)  # knows of Monday's change, and of no other
        assert reached.wait(PATIENCE)
        land(pipeline, MONDAY, version(5, "left", NEW), version(6, "y", NEW))
        wait_a_second()
        land(pipeline, TUESDAY, version(5, "right", NEW), version(7, "x", NEW))
        load(pipeline)
        go_on.set()
        assert slow.end().status == 0
    assert statuses(pipeline) == {5: ("right", TUESDAY), 6: ("y", MONDAY), 7: ("x", TUESDAY)}
    load(pipeline)
    assert statuses(pipeline)[5] == ("right", TUESDAY)


# --- lists that all their records have left -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "batch"),
    [(MONDAY, TUESDAY, ONE), (TUESDAY, MONDAY, ONE), (LATER, LONG_AGO, ONE), (MONDAY, TUESDAY, ALL)],
)
def test_a_list_that_its_records_have_left_counts_for_nothing(
    pipeline: Pipeline, batch: dict[str, str], old: date, new: date
) -> None:
    moves, same, stays = version(5, "x", NEW), version(7, "x", None), version(6, "x", NEW)
    land(pipeline, old, moves, same)
    land(pipeline, new, stays)
    load(pipeline)

    land(pipeline, new, moves, stays, same)
    wait_a_second()
    land_left(pipeline, old, moves, same)
    assert load(pipeline, **batch)["stale"] == 2
    assert statuses(pipeline) == {5: ("x", new), 6: ("x", new), 7: ("x", new)}
    assert load(pipeline, **batch) == {}

    land(pipeline, new, stays, same)  # one is deleted at the source
    done = load(pipeline, **batch)
    assert (done["skipped"], done["removed"]) == (2, 1)
    assert statuses(pipeline) == {6: ("x", new), 7: ("x", new)}

    land(pipeline, old, same)  # the other goes back
    wait_a_second()
    land_left(pipeline, new, stays, same)
    land(pipeline, MONDAY.replace(day=1), stays)
    load(pipeline, **batch)
    assert statuses(pipeline) == {6: ("x", MONDAY.replace(day=1)), 7: ("x", old)}
    assert load(pipeline, **batch) == {}


@pytest.mark.parametrize("batch", [ONE, ALL], ids=["a partition", "all"])
def test_a_first_load_lands_no_row_of_a_list_that_was_left(pipeline: Pipeline, batch: dict[str, str]) -> None:
    land_left(pipeline, MONDAY, version(5, "left", NEW), version(6, "left", None))
    land(pipeline, TUESDAY, version(5, "x", OLD))
    land_left(pipeline, LATER, version(7, "left", NEW), school=2)
    assert load(pipeline, **batch) == {"inserted": 1, "stale": 3}
    assert statuses(pipeline) == {5: ("x", TUESDAY)}
    assert load(pipeline, **batch) == {}


def test_a_record_that_left_is_looked_for_elsewhere_but_not_among_what_was_left(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "older", OLD), version(6, "older", OLD))
    land_left(pipeline, LATER, version(5, "left", NEW), version(6, "left", NEW), version(7, "left", NEW))
    land(pipeline, TUESDAY, version(5, "x", NEW), version(7, "x", NEW), version(8, "x", NEW))
    load(pipeline)
    assert statuses(pipeline)[5] == ("x", TUESDAY)
    land(pipeline, TUESDAY, version(8, "x", NEW))
    assert load(pipeline) == {"skipped": 1, "updated": 1, "stale": 2, "removed": 1}
    assert statuses(pipeline) == {5: ("older", MONDAY), 6: ("older", MONDAY), 8: ("x", TUESDAY)}


def test_a_list_of_which_one_record_is_looked_for_keeps_its_others(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "old", OLD), version(6, "new", NEW))
    land(pipeline, TUESDAY, version(5, "new", NEW), version(6, "old", OLD))
    load(pipeline)
    land(pipeline, TUESDAY, version(6, "old", OLD), version(7, "x", NEW))
    load(pipeline)
    assert statuses(pipeline) == {5: ("old", MONDAY), 6: ("new", MONDAY), 7: ("x", TUESDAY)}


# --- where a record cannot be looked for --------------------------------------------------------------------


def test_an_object_that_cannot_be_read_holds_up_what_was_lost_and_nothing_else(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(4, "x", NEW))
    land(pipeline, TUESDAY, version(5, "x", NEW), version(6, "x", NEW), version(7, "x", NEW))
    land(pipeline, LATER, version(8, "x", OLD))
    load(pipeline)
    put(pipeline, MONDAY, BROKEN, b"{}")
    land(pipeline, TUESDAY, version(6, "y", NEW))
    land(pipeline, LATER, version(7, "moved", NEW), version(8, "y", NEW))

    done = in_need(pipeline)
    assert [done.result[name] for name in ("loaded", "updated", "removed", "rows_read")] == [1, 3, 0, 3]
    held_up, not_looked_for = done.result["attention"][-2:]
    assert held_up.startswith("partition 2025-12-08 was not loaded: Spectrum Scan Error")
    assert not_looked_for.startswith("partitions 2025-12-09 to 2025-12-09 were loaded, but ")
    assert "Spectrum Scan Error" in not_looked_for
    assert statuses(pipeline) == {
        4: ("x", MONDAY),
        5: ("x", TUESDAY),
        6: ("y", TUESDAY),
        7: ("moved", LATER),
        8: ("y", LATER),
    }
    again = in_need(pipeline)
    assert [again.result[name] for name in ("loaded", "skipped", "removed")] == [0, 1, 0]

    take_away(pipeline, MONDAY, BROKEN)
    assert load(pipeline)["removed"] == 1
    assert statuses(pipeline) == {
        4: ("x", MONDAY),
        6: ("y", TUESDAY),
        7: ("moved", LATER),
        8: ("y", LATER),
    }
    assert load(pipeline) == {}


def test_a_batch_that_was_not_loaded_wholly_is_taken_up_although_it_is_as_it_was(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(4, "x", NEW))
    land(pipeline, TUESDAY, version(5, "x", NEW))
    load(pipeline)
    put(pipeline, MONDAY, BROKEN, b"{}")
    land(pipeline, TUESDAY, version(6, "for a while", NEW))
    in_need(pipeline)
    assert sorted(statuses(pipeline)) == [4, 5, 6]
    land(pipeline, TUESDAY, version(5, "x", NEW))
    take_away(pipeline, MONDAY, BROKEN)
    load(pipeline)
    assert statuses(pipeline) == {4: ("x", MONDAY), 5: ("x", TUESDAY)}
