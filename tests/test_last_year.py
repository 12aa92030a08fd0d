"""Reading last year again, as the documents say: last year is landed and loaded, this year is not touched."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest

from tests.bucket import LANDING
from tests.documents import section
from tests.pipeline import Finished
from tests.sandbox.aws_front import AwsFront
from tests.world import World

LAST = 54
NIGHT = {"ESD_PAGE_SIZE": "100"}


def documented() -> tuple[list[str], dict[str, str]]:
    """The flags and the settings that the documents give."""
    text = " ".join(section("Scheduling").split())
    match = re.search(r"To read last year again: `python esd_\w+\.py ([^`]+)`, with `(\w+)=(\w+)`", text)
    assert match is not None
    return match[1].split(), {match[2]: match[3]}


def last_year(world: World) -> dict[int, list[dict[str, Any]]]:
    """What each school listed a year ago: the same days, other ids."""
    earlier = {}
    for school in world.schools:
        earlier[school] = [
            {**record, "id": record["id"] + 10**9, "date": _a_year_before(record["date"])}
            for record in world.source.records(school)
        ]
    return earlier


def _a_year_before(date: str) -> str:
    day = dt.datetime.strptime(date, "%m-%d-%Y").date() - dt.timedelta(days=364)
    return f"{day:%m-%d-%Y}"


def read_last_year(world: World, records: dict[int, list[dict[str, Any]]]) -> tuple[Finished, set[str]]:
    """Read it as the documents say; gives the run, and which lists it wrote."""
    for school, listed in records.items():
        world.source.set_other_year(LAST, school, listed)
    flags, settings = documented()
    with AwsFront(world.pipeline.sandbox.aws_endpoint) as front:
        done = world.pipeline.fetch(*flags, AWS_ENDPOINT_URL=front.endpoint, **settings, **NIGHT)
    puts = {call.key for call in front.calls if call.action == "PutObject" and call.key.startswith(LANDING)}
    for school, listed in records.items():
        world.landed.publish(school, listed, year=LAST)
    return done, puts


def rows(world: World) -> dict[int, dict[str, Any]]:
    """Every row with all its columns, those of the loader as well."""
    return {row["id"]: row for row in world.pipeline.query("SELECT * FROM public.period_attendance")}


def load(world: World) -> dict[str, Any]:
    """Load; the table must be as the model says."""
    done = world.pipeline.load()
    assert done.status == 0, done.story
    world.table.load(world.landed)
    world.compare()
    return done.result


@pytest.fixture
def loaded(world: World) -> World:
    """This year is landed and loaded."""
    world.run()
    return world


def test_last_year_comes_and_this_year_is_not_touched(loaded: World) -> None:
    objects, table, earlier = loaded.bucket.keys(LANDING), rows(loaded), last_year(loaded)
    done, puts = read_last_year(loaded, earlier)
    assert (done.status, done.result["attention"]) == (0, []), done.story
    count = sum(map(len, earlier.values()))
    assert (done.result["landed"], done.result["removed"], done.result["moved"]) == (count, 0, 0)
    assert puts.isdisjoint(LANDING + name for name in objects)
    assert objects.items() <= loaded.bucket.keys(LANDING).items()
    result = load(loaded)
    assert (result["loaded"], result["inserted"]) == (len(puts), count)
    assert (result["updated"], result["removed"], result["reread"]) == (0, 0, 0)
    assert rows(loaded).items() >= table.items()

    night, again = loaded.pipeline.fetch(**NIGHT), load(loaded)
    assert (night.status, night.result["lists_written"], again["loaded"]) == (0, 0, 0)


def test_what_is_gone_of_last_year_leaves_and_nothing_of_this_year(loaded: World) -> None:
    earlier, this_year = last_year(loaded), {LANDING + name for name in loaded.bucket.keys(LANDING)}
    read_last_year(loaded, earlier)
    load(loaded)
    table = rows(loaded)
    gone = earlier[loaded.first].pop(7)
    earlier[loaded.first][3] |= {"attendanceStatus": "Excused"}
    done, puts = read_last_year(loaded, earlier)
    assert (done.status, done.result["removed"]) == (0, 1), done.story
    assert puts
    assert puts.isdisjoint(this_year)
    result = load(loaded)
    assert (result["removed"], result["updated"]) == (1, 1)
    changed = {gone["id"], earlier[loaded.first][3]["id"]}
    now = rows(loaded)
    assert {key for key in table if now.get(key) != table[key]} == changed


def test_a_list_of_two_years_loses_a_record_when_its_object_is_moved_away_and_both_are_read(
    loaded: World,
) -> None:
    deleted = loaded.source.records(loaded.first)[0]
    earlier = last_year(loaded)
    mistyped = earlier[loaded.first][3]
    earlier[loaded.first][3] = {**mistyped, "date": deleted["date"]}
    read_last_year(loaded, earlier)
    loaded.source.remove(loaded.first, deleted["id"])
    loaded.pipeline.fetch(**NIGHT)
    assert deleted["id"] in landed_ids(loaded)

    month, day, year = deleted["date"].split("-")
    name = f"{LANDING}year={year}/month={month}/day={day}/school_{loaded.first}.parquet"
    aws = loaded.pipeline.sandbox.aws
    aws.client("s3").delete_object(Bucket=aws.bucket, Key=name)
    loaded.pipeline.fetch(**NIGHT)
    read_last_year(loaded, earlier)
    this_year = {record["id"] for school in loaded.schools for record in loaded.source.records(school)}
    assert landed_ids(loaded) == this_year | {each["id"] for listed in earlier.values() for each in listed}
    assert loaded.pipeline.load().status == 0
    assert rows(loaded).keys() == landed_ids(loaded)


def landed_ids(world: World) -> set[int]:
    return {row["id"] for listed in world.bucket.landed().values() for row in listed}
