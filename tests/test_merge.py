"""What the loader makes of objects put into the landing zone by hand: which version of a record wins."""

from __future__ import annotations

from datetime import date
from threading import Event
from typing import Any

import pytest

from tests.lists import LATER, MONDAY, NEW, NEWER, OLD, TUESDAY, land, load, statuses, version, wait_a_second
from tests.pipeline import LANDING, LOADER, PATIENCE, Pipeline
from tests.sandbox import Sandbox
from tests.world import World, set_up


def test_a_stale_version_that_arrives_late_never_replaces_a_newer_one(pipeline: Pipeline) -> None:
    land(pipeline, TUESDAY, version(5, "new", NEW))
    assert load(pipeline) == {"inserted": 1}
    land(pipeline, MONDAY, version(5, "old", OLD))
    assert load(pipeline) == {"stale": 1}
    land(pipeline, LATER, version(5, "never modified", None), school=2)
    assert load(pipeline) == {"stale": 1}
    assert statuses(pipeline) == {5: ("new", TUESDAY)}


def test_one_microsecond_makes_a_version_newer(pipeline: Pipeline) -> None:
    land(pipeline, TUESDAY, version(5, "new", NEW))
    load(pipeline)
    land(pipeline, TUESDAY, version(5, "newer", NEWER))
    assert load(pipeline) == {"updated": 1}
    assert statuses(pipeline) == {5: ("newer", TUESDAY)}


@pytest.mark.parametrize("batch", ["1", "366"])
def test_two_versions_at_once_never_both_get_in(pipeline: Pipeline, batch: str) -> None:
    land(pipeline, TUESDAY, version(5, "new", NEW), version(6, "other", OLD))
    land(pipeline, MONDAY, version(5, "old", OLD))
    land(pipeline, LATER, version(5, "never modified", None), school=2)
    done = load(pipeline, REDSHIFT_BATCH_PARTITIONS=batch)
    assert statuses(pipeline) == {5: ("new", TUESDAY), 6: ("other", TUESDAY)}
    assert done.get("stale", 0) + done.get("updated", 0) == 2
    assert done["inserted"] == 2


@pytest.mark.parametrize("time_of_change", [NEW, None])
def test_equal_times_and_other_content_in_one_object_is_an_update(
    pipeline: Pipeline, time_of_change: str | None
) -> None:
    land(pipeline, TUESDAY, version(5, "one", time_of_change))
    load(pipeline)
    land(pipeline, TUESDAY, version(5, "two", time_of_change))
    assert load(pipeline) == {"updated": 1}
    assert statuses(pipeline) == {5: ("two", TUESDAY)}


@pytest.mark.parametrize("time_of_change", [NEW, None])
@pytest.mark.parametrize(("first", "last"), [(MONDAY, TUESDAY), (TUESDAY, MONDAY)])
def test_of_equal_times_in_one_batch_the_object_landed_last_wins(
    pipeline: Pipeline, time_of_change: str | None, first: date, last: date
) -> None:
    land(pipeline, first, version(5, "first", time_of_change))
    wait_a_second()
    land(pipeline, last, version(5, "last", time_of_change))
    assert load(pipeline) == {"inserted": 1, "stale": 1}
    assert statuses(pipeline) == {5: ("last", last)}


def test_of_equal_times_in_two_loads_the_object_landed_last_wins(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "first", NEW))
    load(pipeline)
    wait_a_second()
    land(pipeline, TUESDAY, version(5, "last", NEW))
    assert load(pipeline) == {"updated": 1}
    land(pipeline, MONDAY, version(8, "another school", NEW), school=2)  # Monday is read again
    assert load(pipeline) == {"inserted": 1, "stale": 1}
    assert statuses(pipeline) == {5: ("last", TUESDAY), 8: ("another school", MONDAY)}


def test_identical_rows_are_skipped_and_not_rewritten(pipeline: Pipeline) -> None:
    land(pipeline, TUESDAY, version(5, "same", NEW), version(6, "same", None))
    load(pipeline)
    before = pipeline.query("SELECT id, loaded_at FROM public.period_attendance ORDER BY id")
    land(pipeline, TUESDAY, version(5, "same", NEW), version(6, "same", None), version(7, "more", NEW))
    assert load(pipeline) == {"inserted": 1, "skipped": 2}
    after = pipeline.query("SELECT id, loaded_at FROM public.period_attendance WHERE id < 7 ORDER BY id")
    assert after == before


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


@pytest.mark.parametrize("difference", DIFFERENCES, ids=lambda each: next(iter(each)))
def test_any_difference_is_an_update(pipeline: Pipeline, difference: dict[str, Any]) -> None:
    comment = "a" if difference.get("comment") == "a " else None
    land(pipeline, TUESDAY, version(5, "x", NEW, comment=comment))
    load(pipeline)
    land(pipeline, TUESDAY, version(5, "x", NEW, **{"comment": comment, **difference}))
    assert load(pipeline) == {"updated": 1}


def test_a_row_leaves_with_its_object_replaced_but_not_with_its_object_gone(pipeline: Pipeline) -> None:
    land(pipeline, TUESDAY, version(5, "x", NEW), version(6, "x", NEW))
    land(pipeline, TUESDAY, version(7, "x", NEW), school=2)
    land(pipeline, TUESDAY, version(8, "x", NEW), school=3)
    load(pipeline)
    land(pipeline, TUESDAY, version(5, "x", NEW))
    client = pipeline.sandbox.aws.client("s3")
    gone = f"{LANDING}year=2025/month=12/day=09/school_2.parquet"
    client.delete_object(Bucket=pipeline.sandbox.aws.bucket, Key=gone)
    assert load(pipeline) == {"skipped": 2, "removed": 1}
    assert sorted(statuses(pipeline)) == [5, 7, 8]


@pytest.mark.parametrize("batch", ["1", "366"])
@pytest.mark.parametrize("modified_on", [NEW, None])
def test_a_date_corrected_without_a_newer_time_is_taken_over(
    pipeline: Pipeline, modified_on: str | None, batch: str
) -> None:
    land(pipeline, TUESDAY, version(5, "x", modified_on), version(6, "x", NEW))
    load(pipeline)
    land(pipeline, MONDAY, version(5, "x", modified_on))
    wait_a_second()
    land(pipeline, TUESDAY, version(6, "x", NEW))  # the list that it left is written last
    load(pipeline, REDSHIFT_BATCH_PARTITIONS=batch)
    assert statuses(pipeline) == {5: ("x", MONDAY), 6: ("x", TUESDAY)}


def test_a_record_that_leaves_its_list_stands_in_its_older_version_where_one_is_landed(
    pipeline: Pipeline,
) -> None:
    land(pipeline, MONDAY, version(5, "old", OLD), version(6, "x", NEW))
    land(pipeline, TUESDAY, version(5, "new", NEW), version(7, "x", NEW))
    load(pipeline)
    land(pipeline, TUESDAY, version(7, "x", NEW))
    assert load(pipeline) == {"skipped": 1, "updated": 1}
    assert statuses(pipeline)[5] == ("old", MONDAY)
    land(pipeline, MONDAY, version(8, "another school", NEW), school=2)  # Monday is read again
    load(pipeline)
    assert statuses(pipeline)[5] == ("old", MONDAY)


def test_the_readmes_cure_for_a_version_that_the_source_left(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "as the source says", NEW))
    wait_a_second()
    land(pipeline, TUESDAY, version(5, "left", NEW))
    load(pipeline)
    assert statuses(pipeline) == {5: ("left", TUESDAY)}
    folder = f"{LANDING}year=2025/month=12/day=09/"
    [name] = pipeline.keys(folder)
    aws = pipeline.sandbox.aws
    aws.client("s3").delete_object(Bucket=aws.bucket, Key=folder + name)
    row = "DELETE FROM public.period_attendance WHERE id IN (5)"
    loads = "DELETE FROM public.period_attendance_loads WHERE partition_date IN ('2025-12-08')"
    assert pipeline.psql("-c", row, "-c", loads).returncode == 0
    load(pipeline)
    assert statuses(pipeline) == {5: ("as the source says", MONDAY)}


@pytest.mark.parametrize("twins_date", ["2025-12-09", "2015-03-02"])
def test_a_batch_whose_table_has_a_record_twice_is_not_loaded_and_told(
    pipeline: Pipeline, twins_date: str
) -> None:
    land(pipeline, TUESDAY, version(5, "x", NEW))
    land(pipeline, MONDAY, version(6, "x", NEW))
    load(pipeline)
    twin = "CREATE TEMP TABLE twin AS SELECT * FROM public.period_attendance WHERE id = 5"
    dated = f"UPDATE twin SET attendance_date = '{twins_date}'"
    insert = "INSERT INTO public.period_attendance SELECT * FROM twin"
    assert pipeline.psql("-c", twin, "-c", dated, "-c", insert).returncode == 0
    land(pipeline, TUESDAY, version(5, "y", NEWER))
    land(pipeline, MONDAY, version(6, "y", NEWER))
    done = pipeline.load(REDSHIFT_BATCH_PARTITIONS="1")
    assert done.status == 3
    assert "2025-12-09" in " ".join(done.result["attention"])
    held = pipeline.query(
        "SELECT id, attendance_status AS status FROM public.period_attendance ORDER BY 1, 2"
    )
    assert [(row["id"], row["status"]) for row in held] == [(5, "x"), (5, "x"), (6, "y")]


@pytest.mark.parametrize("batch", ["1", "366"])
def test_an_object_that_is_no_parquet_holds_up_its_partition_alone(pipeline: Pipeline, batch: str) -> None:
    land(pipeline, MONDAY, version(5, "x", NEW))
    load(pipeline)
    land(pipeline, MONDAY, version(5, "y", NEWER))
    land(pipeline, TUESDAY, version(6, "z", NEWER))
    key = f"{LANDING}year=2025/month=12/day=08/notes.json"
    pipeline.sandbox.aws.client("s3").put_object(Bucket=pipeline.sandbox.aws.bucket, Key=key, Body=b"{}")
    done = pipeline.load(REDSHIFT_BATCH_PARTITIONS=batch)
    assert done.status == 3
    [held_up] = [told for told in done.result["attention"] if "Spectrum Scan Error" in told]
    assert held_up.startswith("partition 2025-12-08 was not loaded: ")
    assert statuses(pipeline) == {5: ("x", MONDAY), 6: ("z", TUESDAY)}


def test_an_object_that_s3_does_not_give_out_holds_up_its_partition_alone(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "x", NEW))
    land(pipeline, TUESDAY, version(6, "z", NEW))
    aws = pipeline.sandbox.aws
    folder = f"{LANDING}year=2025/month=12/day=08/"
    [name] = pipeline.keys(folder)
    body = pipeline.read(folder + name)
    aws.client("s3").put_object(Bucket=aws.bucket, Key=folder + name, Body=body, StorageClass="GLACIER")
    done = pipeline.load()
    assert done.status == 3
    [held_up] = done.result["attention"]
    assert held_up.startswith("partition 2025-12-08 was not loaded: Spectrum Scan Error")
    assert statuses(pipeline) == {6: ("z", TUESDAY)}


def test_readers_see_the_old_table_without_waiting_until_the_batch_is_committed(sandbox: Sandbox) -> None:
    world: World = set_up(sandbox)
    land(world.pipeline, TUESDAY, version(5, "x", NEW))
    load(world.pipeline)
    land(world.pipeline, TUESDAY, version(5, "y", NEWER))
    reached, go_on = Event(), Event()
    with world.between("COMMIT", reached, go_on):
        loader = world.pipeline.start(LOADER)
        assert reached.wait(PATIENCE)
        during = statuses(world.pipeline)  # returns although the loader's transaction is open
        go_on.set()
        assert loader.end().status == 0
    assert during == {5: ("x", TUESDAY)}
    assert statuses(world.pipeline) == {5: ("y", TUESDAY)}
