"""Records that move to another date: the list of a date that the source no longer mentions lets them go."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pyarrow.parquet as pq
import pytest

from attendance_common import landing
from tests.pipeline import LANDING
from tests.world import World

TOMBSTONE = b"run"


def alone_on_its_date(world: World) -> dict[str, Any]:
    """A record of the first school that is the only one of its date; it is landed and loaded."""
    record = {**world.source.records(world.first)[0], "id": 900_001, "date": "10-18-2025"}
    world.source.add(world.first, record)
    world.run()
    return record


def footer(world: World, day: str) -> dict[bytes, bytes]:
    name = f"{LANDING}year={day[6:]}/month={day[:2]}/day={day[3:5]}/school_{world.first}.parquet"
    return pq.read_metadata(io.BytesIO(world.pipeline.read(name))).metadata or {}


def move(world: World, record: dict[str, Any], day: str, **fields: Any) -> None:
    world.change(world.first, record["id"], date=day, **fields)


def test_a_list_whose_records_all_moved_is_a_tombstone(world: World) -> None:
    record = alone_on_its_date(world)
    other = world.source.records(world.first)[-2]["date"]
    move(world, record, other)
    fetched = world.pipeline.fetch()
    world.publish()
    world.compare_landing()
    assert fetched.result["objects_left"] == 1
    assert TOMBSTONE in footer(world, record["date"])
    assert TOMBSTONE not in footer(world, other)
    again = world.pipeline.fetch()
    assert (again.result["objects_left"], again.result["objects_written"]) == (0, 0)


def test_one_that_comes_back_is_a_list_again(world: World) -> None:
    record = alone_on_its_date(world)
    move(world, record, "10-19-2025")
    assert world.pipeline.fetch().status == 0
    assert TOMBSTONE in footer(world, record["date"])
    move(world, record, record["date"])
    assert world.pipeline.fetch().status == 0
    assert TOMBSTONE not in footer(world, record["date"])
    assert TOMBSTONE in footer(world, "10-19-2025")


def test_what_did_not_move_stays_in_the_list(world: World) -> None:
    record = alone_on_its_date(world)
    gone = {**record, "id": 900_002}
    world.source.add(world.first, gone)
    world.run()
    world.source.remove(world.first, gone["id"])
    move(world, record, "10-19-2025")
    world.run()
    assert 900_002 in world.table.rows
    assert TOMBSTONE not in footer(world, record["date"])


def test_an_absent_date_alone_proves_nothing(world: World) -> None:
    record = alone_on_its_date(world)
    before = world.pipeline.keys(LANDING)
    world.source.remove(world.first, record["id"])
    fetched = world.pipeline.fetch()
    assert fetched.result["objects_left"] == 0
    assert world.pipeline.keys(LANDING) == before


def test_one_whose_new_date_cannot_be_read_has_not_moved(world: World) -> None:
    record = alone_on_its_date(world)
    move(world, record, "02-30-2026")
    assert world.pipeline.fetch().status == 3
    assert TOMBSTONE not in footer(world, record["date"])


def test_a_recent_reading_looks_no_further_back_than_it_reads(world: World) -> None:
    record = alone_on_its_date(world)
    newest = world.source.records(world.first)[-1]["date"]
    month, day, year = newest.split("-")
    move(world, record, newest)
    done = world.pipeline.fetch("--since", f"{year}-{month}-{day}")
    assert done.result["objects_left"] == 0
    assert TOMBSTONE not in footer(world, record["date"])


def test_a_dry_run_buries_nothing(world: World) -> None:
    record = alone_on_its_date(world)
    before = world.pipeline.keys("")
    move(world, record, "10-19-2025")
    assert world.pipeline.fetch("--dry-run").result["objects_left"] == 1
    assert world.pipeline.keys("") == before


@pytest.mark.parametrize(
    ("day", "months"),
    [
        (dt.date(2025, 12, 31), [dt.date(2025, 11, 1), dt.date(2025, 12, 1), dt.date(2026, 1, 1)]),
        (dt.date(1, 1, 5), [dt.date(1, 1, 1), dt.date(1, 2, 1)]),
        (dt.date(9999, 12, 5), [dt.date(9999, 11, 1), dt.date(9999, 12, 1)]),
    ],
)
def test_months_beside(day: dt.date, months: list[dt.date]) -> None:
    assert landing.months_beside(day) == months
