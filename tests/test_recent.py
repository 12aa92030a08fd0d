"""The fetcher with --since or --days: few pages, the recent dates alone, older objects left as they are."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.model import Record, day_of
from tests.pipeline import LANDING, Finished
from tests.sandbox import Sandbox
from tests.sandbox.esd import Fault, Source
from tests.world import World

# The sandbox's school days: 22 to 26 September 2025, 60 records each for two schools.
LAST_TWO = dt.date(2025, 9, 25)


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    """A world without tables: nothing is loaded here."""
    return World(sandbox)


def fetch(world: World, *flags: str, **variables: str) -> Finished:
    world.esd.traffic.forget()
    done = world.pipeline.fetch(*flags, **{"ESD_PAGE_SIZE": "50", "ESD_CONCURRENCY": "2", **variables})
    world.esd.faults.clear()
    return done


def asked(world: World, school: int) -> list[int | None]:
    """The pages that were asked for, in order."""
    return [each.page for each in world.esd.traffic.log if each.school == school]


def follow(world: World, since: dt.date) -> None:
    """Let the model land the dates from that one on."""
    for school in world.schools:
        recent = [record for record in world.source.records(school) if day_of(record) >= since]
        world.landed.publish(school, recent)
    world.compare_landing()


def correct(world: World, on: str) -> Record:
    """Correct the first record of that date, in every school."""
    for school in world.schools[:2]:
        record = next(each for each in world.source.records(school) if each["date"] == on)
        world.change(school, record["id"], comment=f"corrected {on}", modifiedOn="2026-06-01T00:00:00Z")
    return record


@pytest.mark.parametrize(("to", "place"), [("09-24-2025", -1), ("09-22-2025", 240)], ids=["near", "far"])
def test_a_record_that_moved_to_an_older_date_stays_until_a_whole_reading(
    world: World, to: str, place: int
) -> None:
    assert fetch(world).status == 0
    record = world.source.records(world.first)[place]
    assert record["date"] == "09-26-2025"
    world.change(world.first, record["id"], date=to, modifiedOn="2026-06-01T00:00:00Z")
    assert fetch(world, "--since", "2025-09-25").status == 0
    assert record["id"] in {row["id"] for rows in world.pipeline.landed().values() for row in rows}
    assert fetch(world).status == 0
    world.publish()
    world.compare_landing()


def test_only_the_newest_pages_are_read_and_older_objects_stay_as_they_are(world: World) -> None:
    assert fetch(world).status == 0
    world.publish()
    before = world.pipeline.keys(LANDING)
    correct(world, "09-22-2025")
    correct(world, "09-26-2025")
    done = fetch(world, "--since", "2025-09-25")
    assert done.status == 0, done.story
    follow(world, LAST_TWO)
    # 120 of 300 records: pages 1 to 3 and again 1 and 2, and the end of the list.
    assert [sorted(filter(None, asked(world, school))) for school in world.schools] == [
        [1, 1, 2, 2, 3, 6],
        [1, 1, 2, 2, 3, 6],
        [1],
    ]
    told = {name: done.result[name] for name in ("received", "landed", "older", "objects_written")}
    assert told == {"received": 400, "landed": 240, "older": 160, "objects_written": 2}
    after = world.pipeline.keys(LANDING)
    assert {name[:26] for name in after if after[name] != before[name]} == {"year=2025/month=09/day=26/"}


def test_a_first_run_lands_the_recent_dates_alone(world: World) -> None:
    done = fetch(world, "--since", "2025-09-26")
    assert done.status == 0, done.story
    follow(world, dt.date(2025, 9, 26))
    assert {place[0] for place in world.pipeline.landed()} == {dt.date(2025, 9, 26)}


def test_days_count_back_from_today(world: World) -> None:
    today = dt.datetime.now(dt.timezone.utc).date()
    record = world.source.records(world.first)[0]
    for back in (0, 1, 2, 5):
        on = today - dt.timedelta(days=back)
        world.source.add(world.first, {**record, "id": 90 + back, "date": f"{on:%m-%d-%Y}"})
    assert fetch(world, "--days", "3").status == 0
    # Run around midnight, the fetcher may have counted from the next day.
    assert [rows[0]["id"] for _, rows in sorted(world.pipeline.landed().items())] == [92, 91, 90]


@pytest.mark.parametrize("kind", ["unsorted", "ascending"])
def test_a_source_that_does_not_sort_is_read_whole_and_told_of(world: World, kind: str) -> None:
    world.esd.faults.add(Fault(kind, times=None))
    done = fetch(world, "--since", "2025-09-25")
    assert done.status == 0, done.story
    assert f"school {world.first} was not read completely: the source did not sort by date" in done.story
    assert (done.result["received"], done.result["landed"]) == (600, 600)
    assert set(asked(world, world.first)) == {1, 2, 3, 4, 5, 6}
    world.publish()
    world.compare_landing()


def test_a_source_that_tells_no_end_of_its_list_is_read_whole(world: World) -> None:
    world.esd.faults.add(Fault("ascending", times=None), Fault("bare_list", times=None))
    done = fetch(world, "--since", "2025-09-25")
    assert done.status == 0, done.story
    assert f"school {world.first} was not read completely: the source tells no end" in done.story
    assert (done.result["received"], done.result["landed"]) == (600, 600)
    world.publish()
    world.compare_landing()


def goes_back(source: Source, school: int) -> None:
    """The newest record turns out to be about the first day: the number of records stays."""
    newest = source.records(school)[-1]
    source.put(school, [{**newest, "date": "09-22-2025", "modifiedOn": "2026-06-01T00:00:00Z"}])


@pytest.mark.parametrize("change", ["appear_last", "vanish", goes_back])
def test_a_list_that_moves_is_read_again(world: World, change: Any) -> None:
    world.esd.faults.add(Fault("change", school=world.first, page=2, change=change))
    done = fetch(world, "--since", "2025-09-25")
    assert done.status == 0, done.story
    assert f"school {world.first} was not read completely: the list moved" in done.story
    follow(world, LAST_TWO)


def test_a_list_that_never_rests_is_left_as_it_was(world: World) -> None:
    world.esd.faults.add(Fault("change", school=world.first, page=2, change="appear_last", times=None))
    done = fetch(world, "--since", "2025-09-25")
    assert (done.status, done.result["schools_failed"]) == (3, 1)
    assert {place[1] for place in world.pipeline.landed()} == {world.schools[1]}


@pytest.mark.parametrize(("since", "dates"), [("2020-01-01", 5), ("2099-01-01", 0)])
def test_since_beyond_the_list(world: World, since: str, dates: int) -> None:
    done = fetch(world, "--since", since)
    assert done.status == 0, done.story
    assert len({on for on, _ in world.pipeline.landed()}) == dates
    follow(world, dt.date.fromisoformat(since))


@pytest.mark.parametrize(
    "flags",
    [
        ("--since", "2025-02-30"),
        ("--since", "yesterday"),
        ("--days", "0"),
        ("--days", "-1"),
        ("--days", "three"),
        ("--days", "3", "--since", "2025-09-25"),
    ],
    ids=" ".join,
)
def test_wrong_dates_are_wrong_usage(world: World, flags: tuple[str, ...]) -> None:
    done = fetch(world, *flags)
    assert done.status == 2
    assert flags[0] in done.story
    assert not world.esd.traffic.log
