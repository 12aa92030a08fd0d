"""Records that move from one list to another: each stands in the table where the source has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date

import pytest

from tests.lists import (
    LATER,
    MONDAY,
    NEW,
    NEWER,
    OLD,
    TUESDAY,
    land,
    land_tombstone,
    load,
    load_in_need,
    put,
    statuses,
    take_away,
    version,
)
from tests.pipeline import Pipeline
from tests.reads import reads
from tests.sandbox.redshift import RedshiftError

LONG_AGO = date(2023, 9, 11)  # more than a calendar year before the others
BROKEN = "notes.json"

Records = dict[int, tuple[str, date]]


@contextmanager
def before_first(pipeline: Pipeline, text: str, act: Callable[[], object]) -> Iterator[None]:
    """Do this once, before the first statement that begins so; it has to come."""
    waiting = [act]

    def before(sql: str) -> None:
        if sql.startswith(text) and waiting:
            waiting.pop()()

    with pipeline.before_each_statement(before):
        yield
    assert not waiting


# --- from one date to another -------------------------------------------------------------------------------


def moves() -> Iterator[tuple[int, date, date]]:
    """A record's id, where it was, and where it goes: 0 to 3 years away, forth and back."""
    for years in range(4):
        near, far = date(2022, 9, 5 + years), date(2022 + years, 10, 5 + years)
        yield 10 * years, near, far
        yield 10 * years + 5, far.replace(day=15 + years), near.replace(day=15 + years)


MOVES = list(moves())
WENT: Records = {}
for _key, _old, _new in MOVES:
    WENT |= {_key: ("x", _new), _key + 1: ("x", _new), _key + 2: ("x", _old), _key + 3: ("x", _new)}


def land_before(pipeline: Pipeline) -> None:
    for key, old, new in MOVES:
        land(pipeline, old, version(key, "x", NEW), version(key + 1, "x", None), version(key + 2, "x", NEW))
        land(pipeline, new, version(key + 3, "x", NEW))


def land_arrivals(pipeline: Pipeline) -> None:
    for key, _, new in MOVES:
        land(pipeline, new, version(key, "x", NEW), version(key + 1, "x", None), version(key + 3, "x", NEW))


def land_departures(pipeline: Pipeline) -> None:
    for key, old, _ in MOVES:
        land(pipeline, old, version(key + 2, "x", NEW))


@pytest.mark.parametrize("dates", [1, 366])
def test_a_record_that_moves_with_no_newer_time_stands_where_it_went(pipeline: Pipeline, dates: int) -> None:
    land_before(pipeline)
    load(pipeline)
    land_arrivals(pipeline)
    land_departures(pipeline)
    done = load(pipeline, dates=dates)
    assert statuses(pipeline) == WENT
    assert done.get("removed", 0) == done.get("inserted", 0) == 0
    assert load(pipeline) == {}


def test_a_record_is_in_the_table_all_the_time_while_it_moves(pipeline: Pipeline) -> None:
    """In batches of one date, its old list is loaded before its new one, or after it."""
    land_before(pipeline)
    load(pipeline)
    land_arrivals(pipeline)
    land_departures(pipeline)
    seen: list[set[int]] = []

    def look(sql: str) -> None:
        if sql.startswith("BEGIN"):
            seen.append(set(statuses(pipeline)))

    with pipeline.before_each_statement(look):
        load(pipeline, dates=1)
    assert len(seen) > len(MOVES)
    assert all(each == set(WENT) for each in seen)


def test_arrivals_that_one_load_sees_and_departures_that_the_next_one_sees(pipeline: Pipeline) -> None:
    land_before(pipeline)
    load(pipeline)
    land_arrivals(pipeline)
    load(pipeline)
    assert set(statuses(pipeline)) == set(WENT)
    land_departures(pipeline)
    load(pipeline)
    assert statuses(pipeline) == WENT


@pytest.mark.parametrize("dates", [1, 366])
def test_a_record_that_changes_as_it_moves(pipeline: Pipeline, dates: int) -> None:
    for old, new, key in ((MONDAY, TUESDAY, 5), (LATER, LONG_AGO, 15)):
        land(pipeline, old, version(key, "before", NEW), version(key + 1, "x", NEW))
        load(pipeline)
        land(pipeline, old, version(key + 1, "x", NEW))
        land(pipeline, new, version(key, "after", OLD))  # corrected to an older time, too
        load(pipeline, dates=dates)
        assert statuses(pipeline)[key] == ("after", new)
    assert load(pipeline) == {}


# --- from one school to another -----------------------------------------------------------------------------


@pytest.mark.parametrize("dates", [1, 366])
@pytest.mark.parametrize(("old", "new"), [(1, 2), (2, 1)])
def test_a_record_that_moves_between_schools(pipeline: Pipeline, dates: int, old: int, new: int) -> None:
    land(pipeline, TUESDAY, version(5, "x", NEW), version(6, "x", NEW), school=old)
    land(pipeline, LATER, version(7, "x", NEW), school=old)
    load(pipeline)
    land(pipeline, TUESDAY, version(6, "x", NEW), school=old)
    land_tombstone(pipeline, LATER, school=old)
    land(pipeline, TUESDAY, version(5, "x", NEW), school=new)
    land(pipeline, MONDAY, version(7, "x", NEW), school=new)
    assert "removed" not in load(pipeline, dates=dates)
    schools = {key: row["school_id"] for key, row in pipeline.table().items()}
    assert schools == {5: new, 6: old, 7: new}
    assert statuses(pipeline)[7] == ("x", MONDAY)
    assert load(pipeline) == {}


def test_a_record_goes_to_a_school_whose_list_comes_with_a_later_load(pipeline: Pipeline) -> None:
    """The schools are fetched apart; a record that was in neither list for a while is inserted again."""
    land(pipeline, TUESDAY, version(5, "x", NEW), version(6, "x", NEW))
    load(pipeline)
    land(pipeline, TUESDAY, version(5, "x", NEW), school=2)
    done, [shared] = load_in_need(pipeline)
    assert done == {"updated": 1}
    assert shared.startswith("1 record is in the lists of two schools: schools 1 and 2 (1, 2025-12-09); ")
    land(pipeline, TUESDAY, version(6, "x", NEW))
    assert load(pipeline) == {"unchanged": 1}
    assert {key: row["school_id"] for key, row in pipeline.table().items()} == {5: 2, 6: 1}


# --- departures wait ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dates", [1, 366])
def test_a_record_stays_where_it_was_while_its_new_list_cannot_be_loaded(
    pipeline: Pipeline, dates: int
) -> None:
    land(pipeline, TUESDAY, version(5, "x", NEW), version(6, "x", NEW))
    load(pipeline)
    land(pipeline, LATER, version(5, "moved", NEW))
    land(pipeline, TUESDAY, version(6, "x", NEW))
    put(pipeline, LATER, BROKEN, b"{}")
    assert load_in_need(pipeline, dates=dates)[0] == {"unchanged": 1}
    assert statuses(pipeline) == {5: ("x", TUESDAY), 6: ("x", TUESDAY)}
    take_away(pipeline, LATER, BROKEN)
    assert load(pipeline, dates=dates) == {"updated": 1}
    assert statuses(pipeline) == {5: ("moved", LATER), 6: ("x", TUESDAY)}
    assert load(pipeline) == {}


def test_no_row_leaves_while_a_list_of_any_school_cannot_be_loaded(pipeline: Pipeline) -> None:
    land(pipeline, TUESDAY, version(5, "x", NEW), version(6, "x", NEW))
    land(pipeline, LATER, version(7, "x", NEW), school=2)
    load(pipeline)
    land(pipeline, TUESDAY, version(6, "x", NEW))
    land(pipeline, LATER, version(7, "y", NEW), school=2)
    put(pipeline, LATER, BROKEN, b"{}")
    assert load_in_need(pipeline)[0] == {"unchanged": 1}
    assert load_in_need(pipeline)[0] == {}
    assert sorted(statuses(pipeline)) == [5, 6, 7]
    take_away(pipeline, LATER, BROKEN)
    assert load(pipeline) == {"updated": 1, "removed": 1}
    assert sorted(statuses(pipeline)) == [6, 7]


def test_what_waits_leaves_with_the_next_load_although_nothing_else_changed(pipeline: Pipeline) -> None:
    land(pipeline, TUESDAY, version(5, "x", NEW), version(6, "x", NEW))
    load(pipeline)
    land(pipeline, TUESDAY, version(6, "x", NEW))
    refused = RedshiftError("53100", "disk full", "")
    pipeline.sandbox.redshift.fail_next("CREATE TEMP TABLE departure", refused)
    assert pipeline.load().status == 1
    assert sorted(statuses(pipeline)) == [5, 6]
    with reads(pipeline) as read:
        assert load(pipeline) == {"removed": 1}
    assert read == []
    assert sorted(statuses(pipeline)) == [6]
    assert load(pipeline) == {}


def test_a_list_that_changes_before_the_last_transaction_keeps_the_rows_of_all_schools(
    pipeline: Pipeline,
) -> None:
    land(pipeline, TUESDAY, version(5, "x", NEW), version(6, "x", NEW))
    land(pipeline, LATER, version(7, "x", NEW), school=2)
    load(pipeline)
    land(pipeline, TUESDAY, version(6, "x", NEW))

    def move() -> None:
        land(pipeline, LATER, version(5, "moved", NEW), version(7, "x", NEW), school=2)

    with before_first(pipeline, "SELECT\n    day,", move):
        assert load(pipeline) == {"unchanged": 1}
    assert statuses(pipeline)[5] == ("x", TUESDAY)
    assert load(pipeline) == {"unchanged": 1, "updated": 1}
    assert statuses(pipeline) == {5: ("moved", LATER), 6: ("x", TUESDAY), 7: ("x", LATER)}


def test_a_record_that_comes_back_before_it_left_is_as_it_was(pipeline: Pipeline) -> None:
    land(pipeline, TUESDAY, version(5, "x", NEW), version(6, "x", NEW))
    land(pipeline, LATER, version(7, "x", NEW), school=2)
    load(pipeline)
    land(pipeline, TUESDAY, version(6, "x", NEW))
    land(pipeline, LATER, version(7, "y", NEW), school=2)
    put(pipeline, LATER, BROKEN, b"{}")
    load_in_need(pipeline)
    land(pipeline, TUESDAY, version(5, "x", NEW), version(6, "x", NEW))
    take_away(pipeline, LATER, BROKEN)
    assert load(pipeline) == {"unchanged": 2, "updated": 1}
    assert sorted(statuses(pipeline)) == [5, 6, 7]
    assert load(pipeline) == {}


# --- a winner in a list outside the batch -------------------------------------------------------------------


def land_older_elsewhere(pipeline: Pipeline) -> None:
    """Record 5 stands on Tuesday, and older on Monday."""
    land(pipeline, MONDAY, version(5, "old", OLD), version(6, "x", NEW))
    land(pipeline, TUESDAY, version(5, "new", NEW), version(7, "x", NEW))
    load(pipeline)
    assert statuses(pipeline)[5] == ("new", TUESDAY)


def test_a_winners_list_is_read_again_for_its_record_alone(pipeline: Pipeline) -> None:
    land_older_elsewhere(pipeline)
    land(pipeline, TUESDAY, version(7, "x", NEW))
    with reads(pipeline) as read:
        assert load(pipeline) == {"unchanged": 1, "reread": 1}
    assert read == [{(TUESDAY, 1)}, {(MONDAY, 1)}]
    assert statuses(pipeline) == {5: ("old", MONDAY), 6: ("x", MONDAY), 7: ("x", TUESDAY)}


def test_a_winners_list_that_was_written_meanwhile_decides_in_the_next_round(pipeline: Pipeline) -> None:
    land_older_elsewhere(pipeline)
    land(pipeline, TUESDAY, version(7, "y", NEWER))

    def correct() -> None:
        land(pipeline, MONDAY, version(5, "corrected", OLD), version(6, "x", NEW))

    with before_first(pipeline, "CREATE TEMP TABLE staged", correct):
        done = load(pipeline)
    assert done["updated"] == 2
    assert statuses(pipeline) == {5: ("corrected", MONDAY), 6: ("x", MONDAY), 7: ("y", TUESDAY)}
    assert load(pipeline) == {}


def test_a_winners_list_that_no_longer_has_it_leaves_the_table_as_it_is_until_it_is_loaded(
    pipeline: Pipeline,
) -> None:
    land_older_elsewhere(pipeline)
    land(pipeline, TUESDAY, version(7, "x", NEW))
    between: list[Records] = []

    def drop(sql: str) -> None:
        if sql.startswith("CREATE TEMP TABLE staged"):
            between.append(statuses(pipeline))
            if len(between) == 1:
                land(pipeline, MONDAY, version(6, "x", NEW))

    with pipeline.before_each_statement(drop):
        assert load(pipeline) == {"unchanged": 3, "removed": 1}
    assert [each[5] for each in between] == [("new", TUESDAY)] * 2
    assert statuses(pipeline) == {6: ("x", MONDAY), 7: ("x", TUESDAY)}


def test_a_winners_list_that_cannot_be_read_holds_up_its_record_alone(
    pipeline: Pipeline,
) -> None:
    land_older_elsewhere(pipeline)
    land(pipeline, LATER, version(8, "x", NEW))
    land(pipeline, TUESDAY, version(7, "y", NEWER))
    put(pipeline, MONDAY, BROKEN, b"{}")
    done, [_, unreadable, waits] = load_in_need(pipeline)
    assert (done["inserted"], done["updated"]) == (1, 1)
    assert unreadable.startswith("the list of 2025-12-08 of school 1 was not loaded: Spectrum Scan Error")
    assert waits.startswith("the list of 2025-12-09 of school 1 was not loaded: it was written each time")
    assert statuses(pipeline) == {
        5: ("new", TUESDAY),
        6: ("x", MONDAY),
        7: ("y", TUESDAY),
        8: ("x", LATER),
    }
    take_away(pipeline, MONDAY, BROKEN)
    load(pipeline)
    assert statuses(pipeline)[5] == ("old", MONDAY)
    assert load(pipeline) == {}


def test_a_list_that_is_gone_yields_to_an_older_version_elsewhere(pipeline: Pipeline) -> None:
    land_older_elsewhere(pipeline)
    take_away(pipeline, TUESDAY, "school_1.parquet")
    done, [sentence] = load_in_need(pipeline)
    assert done == {"reread": 1}
    assert "is gone from S3" in sentence
    assert statuses(pipeline) == {5: ("old", MONDAY), 6: ("x", MONDAY), 7: ("x", TUESDAY)}


# --- lists that all their records have left -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "dates"),
    [(MONDAY, TUESDAY, 1), (TUESDAY, MONDAY, 1), (LATER, LONG_AGO, 1), (MONDAY, TUESDAY, 366)],
)
def test_records_leave_a_tombstone_and_come_back(
    pipeline: Pipeline, dates: int, old: date, new: date
) -> None:
    moves, same, stays = version(5, "x", NEW), version(7, "x", None), version(6, "x", NEW)
    land(pipeline, old, moves, same)
    land(pipeline, new, stays)
    load(pipeline)

    land(pipeline, new, moves, stays, same)
    land_tombstone(pipeline, old)
    assert "removed" not in load(pipeline, dates=dates)
    assert statuses(pipeline) == {5: ("x", new), 6: ("x", new), 7: ("x", new)}
    assert load(pipeline, dates=dates) == {}

    land(pipeline, new, stays, same)  # one is deleted at the source
    assert load(pipeline, dates=dates) == {"unchanged": 2, "removed": 1}

    land(pipeline, old, same)  # the others go, one of them back
    land(pipeline, MONDAY.replace(day=1), stays)
    land_tombstone(pipeline, new)
    assert "removed" not in load(pipeline, dates=dates)
    assert statuses(pipeline) == {6: ("x", MONDAY.replace(day=1)), 7: ("x", old)}
    assert load(pipeline, dates=dates) == {}


def test_a_first_load_makes_no_rows_of_tombstones(pipeline: Pipeline) -> None:
    land_tombstone(pipeline, MONDAY)
    land(pipeline, TUESDAY, version(5, "x", OLD))
    land_tombstone(pipeline, LATER, school=2)
    assert load(pipeline, dates=1) == {"inserted": 1}
    assert statuses(pipeline) == {5: ("x", TUESDAY)}
    assert load(pipeline) == {}
