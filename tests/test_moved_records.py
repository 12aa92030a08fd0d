"""Records that move to another date leave the list where they were, which may become a tombstone."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.bucket import LANDING
from tests.pipeline import Finished
from tests.world import World

pytestmark = pytest.mark.without_tables

ALONE, NEXT = date(2025, 10, 18), date(2025, 10, 19)


def lands(world: World, *flags: str) -> Finished:
    done = world.pipeline.fetch(*flags)
    assert done.status == 0, done.story
    world.publish()
    world.compare_landing()
    return done


def alone_on_its_date(world: World) -> dict[str, Any]:
    """A landed record of the first school that is the only one of its date."""
    record = {**world.source.records(world.first)[0], "id": 900_001, "date": f"{ALONE:%m-%d-%Y}"}
    world.source.add(world.first, record)
    lands(world)
    return record


def footer(world: World, day: date) -> dict[bytes, bytes]:
    name = f"{LANDING}year={day:%Y}/month={day:%m}/day={day:%d}/school_{world.first}.parquet"
    return pq.read_metadata(io.BytesIO(world.bucket.read(name))).metadata or {}


def move(world: World, record: dict[str, Any], day: date, **fields: Any) -> None:
    world.change(world.first, record["id"], date=f"{day:%m-%d-%Y}", **fields)


def test_a_list_whose_last_record_moved_is_a_tombstone_that_names_its_run(world: World) -> None:
    record = alone_on_its_date(world)
    move(world, record, date(2025, 9, 25))
    done = lands(world)
    assert (done.result["moved"], done.result["removed"]) == (1, 0)
    assert footer(world, ALONE)[b"run"].decode() == done.result["run"]
    assert footer(world, ALONE)[b"school_years"] == b"55"
    assert lands(world).result["lists_written"] == 0


def test_one_that_comes_back_is_a_list_again(world: World) -> None:
    record = alone_on_its_date(world)
    move(world, record, NEXT)
    lands(world)
    move(world, record, ALONE)
    lands(world)
    assert b"run" not in footer(world, ALONE)
    assert b"run" in footer(world, NEXT)


def test_what_is_deleted_from_a_date_that_another_leaves_is_removed_as_well(world: World) -> None:
    record = alone_on_its_date(world)
    gone = {**record, "id": 900_002}
    world.source.add(world.first, gone)
    lands(world)
    world.source.remove(world.first, gone["id"])
    move(world, record, NEXT)
    done = lands(world)
    assert (done.result["moved"], done.result["removed"]) == (1, 1)
    assert world.bucket.landed()[ALONE, world.first] == []


def test_one_whose_new_date_cannot_be_read_has_not_moved(world: World) -> None:
    record = alone_on_its_date(world)
    before = world.bucket.keys(LANDING)
    world.change(world.first, record["id"], date="02-30-2026")
    assert world.pipeline.fetch().status == 3
    assert world.bucket.keys(LANDING) == before


def test_one_that_moved_from_farther_than_sixty_days_stays_there_as_well(world: World) -> None:
    record = alone_on_its_date(world)
    move(world, record, date(2026, 3, 2))
    done = lands(world)  # its neighbours are near: October is 60 days from September
    assert done.result["moved"] == 1
    move(world, record, date(2025, 9, 25))
    assert lands(world).result["moved"] == 0
    assert {
        on for (on, _), rows in world.bucket.landed().items() for row in rows if row["id"] == 900_001
    } == {
        date(2025, 9, 25),
        date(2026, 3, 2),
    }


def test_a_dry_run_writes_nothing_and_tells_the_lists(world: World) -> None:
    record = alone_on_its_date(world)
    before = world.bucket.keys("")
    move(world, record, NEXT)
    done = world.pipeline.fetch("--dry-run")
    assert (done.result["moved"], done.result["lists_written"]) == (1, 2)
    for day in (ALONE, NEXT):
        assert (
            f"would write year={day:%Y}/month={day:%m}/day={day:%d}/school_{world.first}.parquet"
            in done.story
        )
    assert world.bucket.keys("") == before
