"""What the loader makes of lists put into the landing zone by hand: which version of a record wins."""

from __future__ import annotations

from datetime import date
from typing import Any

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
    listed,
    load,
    load_in_need,
    parquet,
    put,
    statuses,
    take_away,
    version,
)
from tests.loading import Loading
from tests.pipeline import LOADER, PATIENCE, Pipeline, paused_at
from tests.reads import reads
from tests.sandbox import Sandbox
from tests.world import World, set_up

FAR_AHEAD = "2052-03-01 08:00:00.000000"


# --- the newest version wins --------------------------------------------------------------------------------


def test_an_older_version_that_arrives_late_never_replaces_a_newer_one(pipeline: Pipeline) -> None:
    land(pipeline, TUESDAY, version(5, "new", NEW))
    assert load(pipeline) == {"inserted": 1}
    land(pipeline, MONDAY, version(5, "old", OLD))
    assert load(pipeline) == {"superseded": 1}
    land(pipeline, LATER, version(5, "never modified", None))
    assert load(pipeline) == {"superseded": 1}
    assert statuses(pipeline) == {5: ("new", TUESDAY)}


def test_one_microsecond_makes_a_version_newer(pipeline: Pipeline) -> None:
    land(pipeline, TUESDAY, version(5, "new", NEW))
    load(pipeline)
    land(pipeline, MONDAY, version(5, "newer", NEWER))
    assert load(pipeline) == {"updated": 1}
    assert statuses(pipeline) == {5: ("newer", MONDAY)}


@pytest.mark.parametrize(
    ("dates", "done"),
    [(1, {"inserted": 2, "updated": 1, "superseded": 1}), (366, {"inserted": 2, "superseded": 2})],
)
def test_of_several_versions_at_once_the_newest_gets_in(
    pipeline: Pipeline, dates: int, done: dict[str, int]
) -> None:
    land(pipeline, TUESDAY, version(5, "new", NEW), version(6, "other", OLD))
    land(pipeline, MONDAY, version(5, "old", OLD))
    land(pipeline, LATER, version(5, "never modified", None))
    assert load(pipeline, dates=dates) == done
    assert statuses(pipeline) == {5: ("new", TUESDAY), 6: ("other", TUESDAY)}


@pytest.mark.parametrize("time_of_change", [NEW, None])
def test_of_equal_times_the_later_date_wins_and_then_the_greater_school(
    pipeline: Pipeline, time_of_change: str | None
) -> None:
    land(pipeline, TUESDAY, version(5, "later", time_of_change), version(7, "lesser", time_of_change))
    land(pipeline, MONDAY, version(5, "earlier", time_of_change), school=9)
    land(pipeline, TUESDAY, version(7, "greater", time_of_change), school=9)
    _, [shared] = load_in_need(pipeline)
    assert shared.startswith("2 records are in the lists of two schools: schools 1 and 9 (2, ")
    assert statuses(pipeline) == {5: ("later", TUESDAY), 7: ("greater", TUESDAY)}


@pytest.mark.parametrize("time_of_change", [NEW, None])
def test_of_equal_times_it_does_not_matter_which_list_was_loaded_last(
    pipeline: Pipeline, time_of_change: str | None
) -> None:
    land(pipeline, TUESDAY, version(5, "later", time_of_change))
    land(pipeline, MONDAY, version(6, "earlier", time_of_change))
    load(pipeline)
    land(pipeline, MONDAY, version(5, "earlier", time_of_change), version(6, "earlier", time_of_change))
    assert load(pipeline) == {"unchanged": 1, "superseded": 1}
    land(pipeline, TUESDAY, version(5, "later", time_of_change), version(6, "later", time_of_change))
    assert load(pipeline) == {"unchanged": 1, "updated": 1}
    assert statuses(pipeline) == {5: ("later", TUESDAY), 6: ("later", TUESDAY)}


# --- another version in the same list -----------------------------------------------------------------------


@pytest.mark.parametrize("before", [OLD, NEW, None])
@pytest.mark.parametrize("after", [OLD, NEW, None])
def test_what_a_list_says_replaces_what_it_said_whatever_the_times(
    pipeline: Pipeline, before: str | None, after: str | None
) -> None:
    land(pipeline, TUESDAY, version(5, "one", before))
    load(pipeline)
    land(pipeline, TUESDAY, version(5, "two", after))
    assert load(pipeline) == {"updated": 1}
    assert statuses(pipeline) == {5: ("two", TUESDAY)}


def test_a_time_in_the_future_that_is_corrected_does_not_last(pipeline: Pipeline) -> None:
    land(pipeline, TUESDAY, version(5, "A", FAR_AHEAD), version(6, "A", FAR_AHEAD))
    land(pipeline, MONDAY, version(6, "on Monday", NEW))
    load(pipeline)
    assert statuses(pipeline) == {5: ("A", TUESDAY), 6: ("A", TUESDAY)}
    land(pipeline, TUESDAY, version(5, "P", NEW), version(6, "P", OLD))
    assert load(pipeline) == {"updated": 1, "superseded": 1, "reread": 1}
    assert statuses(pipeline) == {5: ("P", TUESDAY), 6: ("on Monday", MONDAY)}


def stamps(pipeline: Pipeline, table: str) -> dict[int, Any]:
    return {
        row["id"]: row["loaded_at"] for row in pipeline.query(f"SELECT id, loaded_at FROM public.{table}")
    }


def test_equal_rows_are_not_written_again(pipeline: Pipeline) -> None:
    land(pipeline, TUESDAY, version(5, "same", NEW), version(6, "same", None))
    load(pipeline)
    for table in ("period_attendance", "period_attendance_places"):
        pipeline.query(f"UPDATE public.{table} SET loaded_at = '2025-12-12 08:00:00'")
    before = stamps(pipeline, "period_attendance")
    land(pipeline, TUESDAY, version(5, "same", NEW), version(6, "same", None), version(7, "more", NEW))
    assert load(pipeline) == {"inserted": 1, "unchanged": 2}
    for table in ("period_attendance", "period_attendance_places"):
        after = stamps(pipeline, table)
        assert {key: after[key] for key in before} == before
        assert after[7] > before[6]


DIFFERENCES: list[dict[str, Any]] = [
    {"comment": ""},
    {"comment": "a "},
    {"student_id": 2},
    {"minutes_late": None},
    {"is_locked": True},
    {"verified": None},
    {"extra_fields": "{}"},
    {"created_on": None},
    {"meeting_time__room_number": "205"},
]


def test_any_difference_is_an_update(pipeline: Pipeline) -> None:
    before = [{"comment": "a" if each.get("comment") == "a " else None} for each in DIFFERENCES]
    same = version(99, "x", NEW)
    land(pipeline, TUESDAY, same, *(version(key, "x", NEW, **each) for key, each in enumerate(before)))
    load(pipeline)
    after = [{**old, **each} for old, each in zip(before, DIFFERENCES, strict=True)]
    land(pipeline, TUESDAY, same, *(version(key, "x", NEW, **each) for key, each in enumerate(after)))
    assert load(pipeline) == {"updated": len(DIFFERENCES), "unchanged": 1}


def test_a_difference_of_what_the_table_does_not_have_is_none(pipeline: Pipeline) -> None:
    land(pipeline, TUESDAY, version(5, "x", NEW, meeting_time__id=1))
    load(pipeline)
    land(pipeline, TUESDAY, version(5, "x", NEW, meeting_time__id=2))
    assert load(pipeline) == {"unchanged": 1}


# --- what a load reads --------------------------------------------------------------------------------------


def test_a_changed_list_is_read_alone(pipeline: Pipeline) -> None:
    for school in (1, 2, 3):
        for day in (MONDAY, TUESDAY, LATER):
            land(pipeline, day, version(school * 100 + day.day, "x", NEW), school=school)
    load(pipeline)
    land(pipeline, MONDAY, version(108, "y", NEWER))
    land(pipeline, TUESDAY, version(209, "y", NEWER), school=2)
    with reads(pipeline) as read:
        assert load(pipeline) == {"updated": 2}
    assert read == [{(MONDAY, 1), (TUESDAY, 2)}]


def test_a_deleted_record_makes_its_own_list_be_read_and_no_other(pipeline: Pipeline) -> None:
    for day in (MONDAY, TUESDAY, LATER):
        land(pipeline, day, version(day.day, "x", NEW), version(100 + day.day, "x", NEW))
    load(pipeline)
    land(pipeline, TUESDAY, version(9, "x", NEW))
    with reads(pipeline) as read:
        assert load(pipeline) == {"unchanged": 1, "removed": 1}
    assert read == [{(TUESDAY, 1)}]
    assert 109 not in statuses(pipeline)


def test_nothing_is_read_when_nothing_changed(pipeline: Pipeline) -> None:
    land(pipeline, TUESDAY, version(5, "x", NEW))
    load(pipeline)
    with reads(pipeline) as read:
        assert load(pipeline) == {}
    assert read == []


# --- records that a list no longer has ----------------------------------------------------------------------


def test_a_row_leaves_with_its_list_replaced_but_not_with_its_object_gone(pipeline: Pipeline) -> None:
    land(pipeline, TUESDAY, version(5, "x", NEW), version(6, "x", NEW))
    land(pipeline, TUESDAY, version(7, "x", NEW), school=2)
    land(pipeline, TUESDAY, version(8, "x", NEW), school=3)
    load(pipeline)
    land(pipeline, TUESDAY, version(5, "x", NEW))
    take_away(pipeline, TUESDAY, "school_2.parquet")
    done, [sentence] = load_in_need(pipeline)
    assert done == {"unchanged": 1, "removed": 1}
    assert sentence.startswith("the object of a loaded list is gone from S3, s3://")
    assert "--forget-list 2025-12-09 2" in sentence
    assert sorted(statuses(pipeline)) == [5, 7, 8]
    assert load(pipeline) == {}
    assert sorted(statuses(pipeline)) == [5, 7, 8]


def test_a_record_that_leaves_its_list_stands_in_its_older_version_where_one_is_landed(
    pipeline: Pipeline,
) -> None:
    land(pipeline, MONDAY, version(5, "old", OLD), version(6, "x", NEW))
    land(pipeline, TUESDAY, version(5, "new", NEW), version(7, "x", NEW))
    land(pipeline, LATER, version(8, "x", NEW))
    load(pipeline)
    land(pipeline, TUESDAY, version(7, "x", NEW))
    with reads(pipeline) as read:
        assert load(pipeline) == {"unchanged": 1, "reread": 1}
    assert read == [{(TUESDAY, 1)}, {(MONDAY, 1)}]
    assert statuses(pipeline)[5] == ("old", MONDAY)
    assert load(pipeline) == {}


def test_the_last_record_leaves_behind_a_tombstone_that_is_no_row(pipeline: Pipeline) -> None:
    land(pipeline, TUESDAY, version(5, "x", NEW))
    land_tombstone(pipeline, MONDAY)
    assert load(pipeline) == {"inserted": 1}
    land_tombstone(pipeline, TUESDAY)
    assert load(pipeline) == {"removed": 1}
    assert statuses(pipeline) == {}
    assert load(pipeline) == {}
    land(pipeline, TUESDAY, version(5, "again", OLD))
    assert load(pipeline) == {"inserted": 1}
    assert statuses(pipeline) == {5: ("again", TUESDAY)}


# --- a table that is not what was loaded --------------------------------------------------------------------


@pytest.mark.parametrize(("twins_date", "repaired"), [("2025-12-09", []), ("2015-03-02", [1])])
def test_a_record_that_the_table_has_twice_is_there_once_after_the_next_load(
    pipeline: Pipeline, twins_date: str, repaired: list[int]
) -> None:
    land(pipeline, TUESDAY, version(5, "x", NEW))
    land(pipeline, MONDAY, version(6, "x", NEW))
    load(pipeline)
    twin = "CREATE TEMP TABLE twin AS SELECT * FROM public.period_attendance WHERE id = 5"
    dated = f"UPDATE twin SET attendance_date = '{twins_date}'"
    insert = "INSERT INTO public.period_attendance SELECT * FROM twin"
    assert pipeline.psql("-c", twin, "-c", dated, "-c", insert).returncode == 0
    land(pipeline, TUESDAY, version(5, "y", NEWER))
    if repaired:
        done, [sentence] = load_in_need(pipeline)
        assert "2015-03-02: 1 record was missing, changed or there" in sentence
    else:
        done = load(pipeline)
    assert done == {"updated": 1}
    assert statuses(pipeline) == {5: ("y", TUESDAY), 6: ("x", MONDAY)}


# --- lists that cannot be loaded ----------------------------------------------------------------------------


@pytest.mark.parametrize("dates", [1, 366])
def test_an_object_that_is_no_parquet_holds_up_the_changed_lists_of_its_partition_alone(
    pipeline: Pipeline, dates: int
) -> None:
    land(pipeline, MONDAY, version(5, "x", NEW))
    land(pipeline, MONDAY, version(7, "x", NEW), school=3)
    load(pipeline)
    land(pipeline, MONDAY, version(5, "y", NEWER))
    land(pipeline, MONDAY, version(8, "y", NEWER), school=2)
    land(pipeline, TUESDAY, version(6, "z", NEWER))
    put(pipeline, MONDAY, "notes.json", b"{}")
    done, [foreign, unloaded] = load_in_need(pipeline, dates=dates)
    assert done == {"inserted": 1}
    assert "year=2025/month=12/day=08/notes.json" in foreign
    assert unloaded.startswith("the list of 2025-12-08 of schools 1, 2 was not loaded: Spectrum Scan Error")
    assert statuses(pipeline) == {5: ("x", MONDAY), 6: ("z", TUESDAY), 7: ("x", MONDAY)}
    take_away(pipeline, MONDAY, "notes.json")
    assert load(pipeline) == {"inserted": 1, "updated": 1}


def test_an_object_that_s3_does_not_give_out_holds_up_its_list_alone(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "x", NEW))
    land(pipeline, TUESDAY, version(6, "z", NEW))
    aws = pipeline.sandbox.aws
    [key] = [name for name in pipeline.bucket.keys("") if name.endswith("day=08/school_1.parquet")]
    body = pipeline.bucket.read(key)
    aws.client("s3").put_object(Bucket=aws.bucket, Key=key, Body=body, StorageClass="GLACIER")
    done, [unloaded] = load_in_need(pipeline)
    assert done == {"inserted": 1}
    assert unloaded.startswith("the list of 2025-12-08 of school 1 was not loaded: Spectrum Scan Error")
    assert statuses(pipeline) == {6: ("z", TUESDAY)}


FAULTS: list[tuple[str, list[dict[str, Any]]]] = [
    ("it has an id twice", [version(5, "y", NEWER), version(5, "y", NEW)]),
    ("it has rows without an id", [version(5, "y", NEWER), {"id": None}]),
    ("it has rows of another date", [version(5, "y", NEWER), version(8, "y", NEW, date="12-08-2025")]),
    ("it has rows without a student", [version(5, "y", NEWER), version(8, "y", NEW, student_id=None)]),
    ("Spectrum found no row of this school in it", [version(5, "y", NEWER, school_id=2)]),
]


OTHERS = {
    "rows that are another school's": ("school_3.parquet", version(8, "y", NEW, school_id=2)),
    "another version of a row": ("school_3.parquet", version(5, "y", NEWER, school_id=2)),
    "a row that is the same": ("school_3.parquet", version(5, "x", NEW, school_id=2)),
    "a copy under another name": ("a copy.parquet", version(8, "y", NEW, school_id=2)),
}


@pytest.mark.parametrize(("name", "row"), OTHERS.values(), ids=OTHERS.keys())
def test_rows_of_a_school_in_another_object_are_never_taken_for_its_lists(
    pipeline: Pipeline, name: str, row: dict[str, Any]
) -> None:
    land(pipeline, TUESDAY, version(5, "x", NEW), school=2)
    load(pipeline)
    put(pipeline, TUESDAY, name, parquet(listed(TUESDAY, 3, [version(9, "z", NEW), row])))
    land(pipeline, TUESDAY, version(5, "w", NEWER), school=2)
    done, sentences = load_in_need(pipeline)
    assert done == ({"inserted": 1} if name == "school_3.parquet" else {})
    [unloaded] = [each for each in sentences if "was not loaded" in each]
    assert unloaded.startswith("the list of 2025-12-09 of school 2 was not loaded: its rows lie in more than")
    assert f"/{name}" in unloaded.partition(" (s3://")[0]
    assert "/school_2.parquet" in unloaded.partition(" (s3://")[0]
    assert statuses(pipeline)[5] == ("x", TUESDAY)
    assert 8 not in statuses(pipeline)
    take_away(pipeline, TUESDAY, name)
    Loading(pipeline).load()
    assert statuses(pipeline)[5] == ("w", TUESDAY)


@pytest.mark.parametrize(("fault", "rows"), FAULTS, ids=[fault for fault, _ in FAULTS])
def test_a_list_with_a_fault_is_named_and_the_others_are_loaded(
    pipeline: Pipeline, fault: str, rows: list[dict[str, Any]]
) -> None:
    land(pipeline, TUESDAY, version(5, "x", NEW))
    load(pipeline)
    land(pipeline, TUESDAY, *rows)
    land(pipeline, TUESDAY, version(7, "x", NEW), school=3)
    done, [unloaded] = load_in_need(pipeline)
    assert done == {"inserted": 1}
    assert unloaded.startswith(f"the list of 2025-12-09 of school 1 was not loaded: {fault} (s3://")
    assert statuses(pipeline) == {5: ("x", TUESDAY), 7: ("x", TUESDAY)}
    land(pipeline, TUESDAY, version(5, "y", NEWER))
    assert load(pipeline) == {"updated": 1}


@pytest.mark.parametrize("day", [TUESDAY, date(2020, 2, 29)])
def test_a_date_that_is_none_holds_up_its_list_alone(pipeline: Pipeline, day: date) -> None:
    land(pipeline, day, version(5, "x", NEW, date="02-30-2025"))
    land(pipeline, LATER, version(6, "x", NEW))
    done, [unloaded] = load_in_need(pipeline)
    assert done == {"inserted": 1}
    assert unloaded.startswith(f"the list of {day} of school 1 was not loaded: ")
    assert "Date Parse Error" in unloaded


def test_a_repair_that_one_object_hinders_is_done_for_the_other_dates(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "x", NEW))
    land(pipeline, TUESDAY, version(6, "x", NEW))
    land(pipeline, LATER, version(7, "x", NEW))
    load(pipeline)
    pipeline.query("DELETE FROM public.period_attendance")
    put(pipeline, TUESDAY, "notes.json", b"{}")
    _, [_, *sentences] = load_in_need(pipeline)
    assert statuses(pipeline) == {5: ("x", MONDAY), 7: ("x", LATER)}
    assert [
        "is not what was loaded, 2025-12-09, and cannot be repaired" in sentence for sentence in sentences
    ] == [False, True, False]
    take_away(pipeline, TUESDAY, "notes.json")
    load_in_need(pipeline)
    assert sorted(statuses(pipeline)) == [5, 6, 7]


# --- readers ------------------------------------------------------------------------------------------------


def test_readers_see_the_old_table_without_waiting_until_the_batch_is_committed(sandbox: Sandbox) -> None:
    world: World = set_up(sandbox)
    land(world.pipeline, TUESDAY, version(5, "x", NEW))
    load(world.pipeline)
    land(world.pipeline, TUESDAY, version(5, "y", NEWER))
    with paused_at(world.pipeline, "COMMIT") as (reached, go_on):
        loader = world.pipeline.start(LOADER)
        assert reached.wait(PATIENCE)
        during = statuses(world.pipeline)  # returns although the loader's transaction is open
        go_on.set()
        assert loader.end().status == 0
    assert during == {5: ("x", TUESDAY)}
    assert statuses(world.pipeline) == {5: ("y", TUESDAY)}
