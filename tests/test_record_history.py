"""The history of the table: every version that was in it and is no longer, once, with what became of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from attendance_common import tables
from tests.lists import (
    HISTORY,
    LATER,
    LISTS,
    MONDAY,
    NEW,
    NEWER,
    OLD,
    PLACES,
    TABLE,
    TUESDAY,
    history,
    land,
    land_tombstone,
    load,
    load_in_need,
    statuses,
    take_away,
    times,
    version,
)
from tests.loading import Loading
from tests.pipeline import Pipeline

# --- what becomes of a version ------------------------------------------------------------------------------


def test_a_first_load_has_no_history(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "x", NEW), version(6, "x", None))
    load(pipeline)
    assert history(pipeline) == {}


def test_a_version_that_is_replaced_is_kept_with_the_columns_that_changed(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "A", OLD, comment="late"), version(6, "x", NEW))
    load(pipeline)
    land(pipeline, MONDAY, version(5, "P", NEW, comment=None), version(6, "x", NEW))
    load(pipeline)
    changed = ["attendance_status", "comment", "modified_on"]
    assert history(pipeline) == {5: [("A", MONDAY, "updated", changed)]}


def test_a_version_keeps_all_its_columns_and_names_the_load_that_replaced_it(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "A", OLD, comment="late", teacher="T"))
    load(pipeline)
    [before] = pipeline.query(f"SELECT * FROM {TABLE}")
    land(pipeline, MONDAY, version(5, "P", NEW))
    done = pipeline.load()
    [after] = pipeline.query(f"SELECT * FROM {TABLE}")
    [kept] = pipeline.query(f"SELECT * FROM {HISTORY}")
    assert {name: kept[name] for name in before if name != "loaded_at"} == {
        name: value for name, value in before.items() if name != "loaded_at"
    }
    assert (kept["valid_from"], kept["valid_to"]) == (before["loaded_at"], after["loaded_at"])
    assert kept["run"] == done.result["run"]


DIFFERENCES: list[tuple[dict[str, Any], dict[str, Any], list[str]]] = [
    ({"comment": None}, {"comment": ""}, ["comment"]),
    ({"comment": "a"}, {"comment": "a "}, ["comment"]),
    ({"student_id": 1}, {"student_id": 2}, ["student_id"]),
    ({"minutes_late": 1}, {"minutes_late": None}, ["minutes_late"]),
    ({"is_locked": False}, {"is_locked": True}, ["is_locked"]),
    ({"verified": True}, {"verified": None}, ["verified"]),
    ({"extra_fields": None}, {"extra_fields": "{}"}, ["extra_fields"]),
    ({"created_on": OLD}, {"created_on": None}, ["created_on"]),
    ({"meeting_time__room_number": "1", "cycle": "A"}, {"meeting_time__room_number": "2"}, ["room_number"]),
]


def test_columns_are_compared_with_their_blanks_and_nulls(pipeline: Pipeline) -> None:
    before = [each for each, _, _ in DIFFERENCES]
    for each in before:
        each.pop("cycle", None)
    land(pipeline, MONDAY, *(version(key, "x", NEW, **each) for key, each in enumerate(before)))
    load(pipeline)
    after = [{**old, **new} for old, new, _ in DIFFERENCES]
    land(pipeline, MONDAY, *(version(key, "x", NEW, **each) for key, each in enumerate(after)))
    load(pipeline)
    expected = {key: [("x", MONDAY, "updated", names)] for key, (_, _, names) in enumerate(DIFFERENCES)}
    assert history(pipeline) == expected


def test_the_names_of_all_columns_fit() -> None:
    [changed] = [each for each in tables.HISTORY.columns if each.name == "changed_columns"]
    names = ", ".join(each.name for each in tables.NATIVE.columns)
    assert changed.type == "VARCHAR(4096)"
    assert len(names) < 2048


def test_a_record_that_moves_names_all_that_changed(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "A", OLD), version(6, "x", NEW), version(7, "x", NEW))
    load(pipeline)
    land(pipeline, MONDAY, version(6, "x", NEW))
    land(pipeline, TUESDAY, version(5, "P", NEW))
    land(pipeline, MONDAY, version(7, "x", NEWER), school=2)
    load(pipeline)
    assert history(pipeline) == {
        5: [("A", MONDAY, "moved", ["attendance_date", "attendance_status", "modified_on"])],
        7: [("x", MONDAY, "moved", ["school_id", "modified_on"])],
    }


@pytest.mark.parametrize("dates", [1, 366])
@pytest.mark.parametrize(("old", "new"), [(MONDAY, TUESDAY), (TUESDAY, MONDAY)])
def test_a_record_moves_once_in_whatever_order_its_lists_are_loaded(
    pipeline: Pipeline, dates: int, old: date, new: date
) -> None:
    land(pipeline, old, version(5, "x", NEW), version(6, "x", NEW))
    land(pipeline, new, version(7, "x", NEW))
    load(pipeline)
    land(pipeline, new, version(5, "x", NEW), version(7, "x", NEW))
    land(pipeline, old, version(6, "x", NEW))
    load(pipeline, dates=dates)
    assert history(pipeline) == {5: [("x", old, "moved", ["attendance_date"])]}


def test_a_record_that_is_removed_and_comes_back_has_two_lives(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "x", NEW), version(6, "x", NEW))
    load(pipeline)
    land(pipeline, MONDAY, version(6, "x", NEW))
    load(pipeline)
    assert history(pipeline) == {5: [("x", MONDAY, "removed", [])]}
    land(pipeline, MONDAY, version(5, "x", NEW), version(6, "x", NEW))
    load(pipeline)
    assert history(pipeline) == {5: [("x", MONDAY, "removed", [])]}
    [first] = pipeline.query(f"SELECT valid_to FROM {HISTORY} WHERE id = 5")
    assert times(pipeline)[5] > first["valid_to"]


def test_a_record_that_comes_back_before_it_left_was_never_away(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "x", NEW), version(6, "x", NEW))
    land(pipeline, LATER, version(7, "x", NEW), school=2)
    load(pipeline)
    before = times(pipeline)
    land(pipeline, MONDAY, version(6, "x", NEW))
    land(pipeline, LATER, {**version(7, "y", NEW), "student_id": None}, school=2)  # so that nothing leaves
    load_in_need(pipeline)
    land(pipeline, MONDAY, version(5, "x", NEW), version(6, "x", NEW))
    land(pipeline, LATER, version(7, "x", NEW), school=2)
    load(pipeline)
    assert history(pipeline) == {}
    assert times(pipeline) == before


def test_a_record_that_falls_back_to_an_older_version_elsewhere_moved(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "old", OLD), version(6, "x", NEW))
    land(pipeline, TUESDAY, version(5, "new", NEW), version(7, "x", NEW))
    load(pipeline)
    land(pipeline, TUESDAY, version(7, "x", NEW))
    assert load(pipeline) == {"unchanged": 1, "reread": 1}
    changed = ["attendance_date", "attendance_status", "modified_on"]
    assert history(pipeline) == {5: [("new", TUESDAY, "moved", changed)]}


def test_a_list_that_is_forgotten_lets_its_records_be_removed(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "x", NEW))
    land(pipeline, TUESDAY, version(6, "x", NEW))
    load(pipeline)
    take_away(pipeline, TUESDAY, "school_1.parquet")
    load_in_need(pipeline)
    assert history(pipeline) == {}
    Loading(pipeline).load(forgotten=[(TUESDAY, 1)])
    assert history(pipeline) == {6: [("x", TUESDAY, "removed", [])]}


def test_a_last_record_that_leaves_is_removed(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "x", NEW), version(6, "y", NEW))
    load(pipeline)
    land_tombstone(pipeline, MONDAY)
    load(pipeline)
    assert history(pipeline) == {
        5: [("x", MONDAY, "removed", [])],
        6: [("y", MONDAY, "removed", [])],
    }


def statements_of_a_batch(pipeline: Pipeline) -> list[str]:
    """What a load sends from the SET before its batch to the COMMIT."""
    sent: list[str] = []
    with pipeline.before_each_statement(sent.append):
        load(pipeline)
    end = sent.index("COMMIT")
    begin = max(at for at, text in enumerate(sent[:end]) if text == "BEGIN") - 1
    return [text.split()[0] for text in sent[begin : end + 1]]


def test_a_batch_has_twenty_statements_however_many_lists_it_has(pipeline: Pipeline) -> None:
    days = [MONDAY, TUESDAY, LATER]
    for day in days:
        land(pipeline, day, version(day.day, "A", NEW))
    first = statements_of_a_batch(pipeline)
    for day in days:
        land(pipeline, day, version(day.day, "P", NEW))
    many = statements_of_a_batch(pipeline)
    land(pipeline, MONDAY, version(MONDAY.day, "T", NEW))
    one = statements_of_a_batch(pipeline)
    assert first == many == one
    assert (one[:2], one[-1], len(one)) == (["SET", "BEGIN"], "COMMIT", 20)


# --- what is no change --------------------------------------------------------------------------------------


def count(pipeline: Pipeline) -> int:
    [row] = pipeline.query(f"SELECT COUNT(*) AS n FROM {HISTORY}")
    return int(row["n"])


def test_a_load_without_changes_and_lists_that_are_written_again_add_nothing(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "A", OLD), version(6, "x", NEW))
    load(pipeline)
    land(pipeline, MONDAY, version(5, "P", NEW), version(6, "x", NEW))
    load(pipeline)
    before = times(pipeline)
    assert (count(pipeline), load(pipeline)) == (1, {})
    land(pipeline, MONDAY, version(6, "x", NEW), version(5, "P", NEW), version(8, "x", NEW))
    assert load(pipeline) == {"inserted": 1, "unchanged": 2}
    assert count(pipeline) == 1
    assert {key: times(pipeline)[key] for key in before} == before


def test_a_reload_of_lists_that_have_not_changed_adds_nothing(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "x", NEW))
    land(pipeline, TUESDAY, version(6, "x", None))
    load(pipeline)
    before = times(pipeline)
    assert pipeline.load("--reload").result["updated"] == 2
    assert (count(pipeline), times(pipeline)) == (0, before)
    assert times(pipeline, PLACES) == before


def test_a_reload_mends_rows_that_somebody_changed_and_sees_what_the_source_changed(
    pipeline: Pipeline,
) -> None:
    land(pipeline, MONDAY, version(5, "x", NEW), version(6, "x", NEW))
    load(pipeline)
    before = times(pipeline)
    pipeline.query(f"UPDATE {TABLE} SET comment = 'by hand' WHERE id = 5")
    land(pipeline, MONDAY, version(5, "x", NEW), version(6, "y", NEW))
    assert pipeline.load("--reload").status == 0
    assert history(pipeline) == {6: [("x", MONDAY, "updated", ["attendance_status"])]}
    assert (times(pipeline)[5], pipeline.table()[5]["comment"]) == (before[5], None)


@pytest.mark.parametrize(
    "damage",
    [
        f"TRUNCATE {TABLE}",
        f"DELETE FROM {TABLE} WHERE id = 5",
        f"INSERT INTO {TABLE} SELECT * FROM {TABLE}",
        f"UPDATE {TABLE} SET modified_on = '2052-01-01' WHERE id = 5",
        f"TRUNCATE {PLACES}",
        f"DELETE FROM {PLACES} WHERE id = 5",
        f"UPDATE {PLACES} SET wins = FALSE",
        f"UPDATE {PLACES} SET marked = TRUE",
        f"INSERT INTO {PLACES} SELECT * FROM {PLACES}",
        f"TRUNCATE {LISTS}",
        f"TRUNCATE {LISTS}; TRUNCATE {PLACES}",
    ],
)
def test_what_is_repaired_adds_nothing_and_keeps_its_time(pipeline: Pipeline, damage: str) -> None:
    land(pipeline, MONDAY, version(5, "x", NEW), version(6, "x", None))
    land(pipeline, TUESDAY, version(7, "x", NEW))
    load(pipeline)
    before = times(pipeline)
    for statement in damage.split("; "):
        pipeline.query(statement)
    Loading(pipeline).load()
    assert load(pipeline) == {}
    assert statuses(pipeline) == {5: ("x", MONDAY), 6: ("x", MONDAY), 7: ("x", TUESDAY)}
    assert (history(pipeline), times(pipeline)) == ({}, before)


# --- rows that somebody changed by hand, or doubled, or deleted ---------------------------------------------


@pytest.fixture
def changed(pipeline: Pipeline) -> Pipeline:
    """Two records, loaded; the first one has changed, and the change is not loaded."""
    land(pipeline, MONDAY, version(5, "A", NEW), version(6, "x", NEW))
    load(pipeline)
    land(pipeline, MONDAY, version(5, "P", NEW), version(6, "x", NEW))
    return pipeline


def test_a_row_that_was_changed_by_hand_goes_as_it_stood(changed: Pipeline) -> None:
    changed.query(f"UPDATE {TABLE} SET comment = 'by hand' WHERE id = 5")
    load(changed)
    assert history(changed) == {5: [("A", MONDAY, "updated", ["attendance_status", "comment"])]}


def test_a_row_that_somebody_had_corrected_by_hand_was_not_updated(changed: Pipeline) -> None:
    changed.query(f"UPDATE {TABLE} SET attendance_status = 'P' WHERE id = 5")
    load(changed)
    assert history(changed) == {}
    assert statuses(changed)[5] == ("P", MONDAY)


@pytest.mark.parametrize("by_hand", ["A", "Z", "P"])
def test_of_copies_the_one_that_was_loaded_goes_once(changed: Pipeline, by_hand: str) -> None:
    changed.query(f"CREATE TABLE public.twin AS SELECT * FROM {TABLE} WHERE id = 5")
    changed.query(f"UPDATE public.twin SET attendance_status = '{by_hand}'")
    changed.query(f"INSERT INTO {TABLE} SELECT * FROM public.twin")
    load(changed)
    assert history(changed) == {5: [("A", MONDAY, "updated", ["attendance_status"])]}
    assert statuses(changed)[5] == ("P", MONDAY)


def test_a_row_that_was_deleted_by_hand_and_changed_cannot_go(changed: Pipeline) -> None:
    changed.query(f"DELETE FROM {TABLE} WHERE id = 5")
    load(changed)
    assert history(changed) == {}
    assert statuses(changed)[5] == ("P", MONDAY)


@pytest.mark.parametrize("by_hand", ["A", "Z"])
def test_of_copies_of_a_removed_record_one_goes(pipeline: Pipeline, by_hand: str) -> None:
    land(pipeline, MONDAY, version(5, "A", NEW), version(6, "x", NEW))
    load(pipeline)
    pipeline.query(f"CREATE TABLE public.twin AS SELECT * FROM {TABLE} WHERE id = 5")
    pipeline.query(f"UPDATE public.twin SET attendance_status = '{by_hand}'")
    pipeline.query(f"INSERT INTO {TABLE} SELECT * FROM public.twin")
    land(pipeline, MONDAY, version(6, "x", NEW))
    Loading(pipeline).load()
    assert history(pipeline) == {5: [("A", MONDAY, "removed", [])]}
