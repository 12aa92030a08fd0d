"""The fetcher with --since or --days: the newest pages once each; what they hold is landed."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tests.bucket import LANDING
from tests.model import Record
from tests.pipeline import Finished
from tests.sandbox.esd import Fault, Source
from tests.sandbox.esd.records import make_school
from tests.world import World

pytestmark = pytest.mark.without_tables

# The sandbox's school days: 22 to 26 September 2025, 60 records each for two schools.


def fetch(world: World, *flags: str, **variables: str) -> Finished:
    world.esd.traffic.forget()
    done = world.pipeline.fetch(*flags, **{"ESD_PAGE_SIZE": "50", "ESD_CONCURRENCY": "2", **variables})
    world.esd.faults.clear()
    return done


def asked(world: World, school: int) -> list[int | None]:
    """The pages that were asked for, in order."""
    return [each.page for each in world.esd.traffic.log if each.school == school]


def follow(world: World, pages: int, size: int = 50) -> None:
    """Let the model land so many of the newest pages of each school, and the last one."""
    for school in world.schools:
        newest_first = world.source.records(school)[::-1]
        last = (len(newest_first) - 1) // size * size
        read = [*newest_first[: pages * size], *(newest_first[last:] if last >= 0 else [])]
        world.landed.publish_part(school, read)
    world.compare_landing()


def correct(world: World, on: str) -> Record:
    """Correct the first record of that date, in every school."""
    for school in world.schools[:2]:
        record = next(each for each in world.source.records(school) if each["date"] == on)
        world.change(school, record["id"], comment=f"corrected {on}", modifiedOn="2026-06-01T00:00:00Z")
    return record


def test_each_of_the_newest_pages_is_read_once_and_the_last_one(world: World) -> None:
    assert fetch(world).status == 0
    world.publish()
    before = world.bucket.keys(LANDING)
    correct(world, "09-24-2025")
    correct(world, "09-26-2025")
    done = fetch(world, "--since", "2025-09-25")
    assert done.status == 0, done.story
    assert [asked(world, school) for school in world.schools] == [[1, 2, 3, 6], [1, 2, 3, 6], [1]]
    counts = {name: done.result[name] for name in ("scope", "pages", "received", "landed", "lists_written")}
    assert counts == {"scope": "recent", "pages": 9, "received": 400, "landed": 400, "lists_written": 2}
    after = world.bucket.keys(LANDING)
    assert {name[:26] for name in after if after[name] != before[name]} == {"year=2025/month=09/day=26/"}
    follow(world, pages=3)


def test_a_first_run_lands_what_it_read_also_of_dates_that_it_read_in_part(world: World) -> None:
    done = fetch(world, "--since", "2025-09-26")
    assert done.status == 0, done.story
    assert {place[0].day for place in world.bucket.landed()} == {22, 25, 26}
    follow(world, pages=2)


def test_nothing_leaves_by_a_recent_run_but_what_it_saw_move(world: World) -> None:
    assert fetch(world).status == 0
    world.publish()
    records = world.source.records(world.first)
    near, far, gone = records[-1], records[-2], records[-3]
    world.change(world.first, near["id"], date="09-25-2025")
    world.change(world.first, far["id"], date="09-23-2025")
    world.source.remove(world.first, gone["id"])
    done = fetch(world, "--since", "2025-09-26")
    assert (done.status, done.result["moved"], done.result["removed"]) == (0, 1, 0)
    follow(world, pages=2)
    ids = {row["id"] for row in world.bucket.landed()[dt.date(2025, 9, 26), world.first]}
    assert ids & {near["id"], far["id"], gone["id"]} == {far["id"], gone["id"]}
    assert fetch(world).status == 0
    world.publish()
    world.compare_landing()


def test_days_count_back_from_today(world: World) -> None:
    today = dt.datetime.now(dt.timezone.utc).date()
    record = world.source.records(world.first)[0]
    for back in (0, 1, 2, 5):
        on = today - dt.timedelta(days=back)
        world.source.add(world.first, {**record, "id": 90 + back, "date": f"{on:%m-%d-%Y}"})
    assert fetch(world, "--days", "3").status == 0
    # Run around midnight, the fetcher may have counted from the next day.
    landed = {row["id"] for rows in world.bucket.landed().values() for row in rows}
    assert {90, 91, 92} <= landed
    assert asked(world, world.first) == [1, 7]


@pytest.mark.parametrize("kind", ["unsorted", "ascending"])
def test_a_source_that_does_not_sort_is_named_once_and_no_further_school_is_asked(
    world: World, kind: str
) -> None:
    world.source.schools += [make_school(index) for index in range(3, 40)]
    world.esd.faults.add(Fault(kind, times=None))
    done = fetch(world, "--since", "2025-09-26", ESD_CONCURRENCY="1")
    assert done.status == 3, done.story
    [sentence] = done.result["attention"]
    assert sentence.startswith(f"the source does not sort as asked (school {world.first}), ")
    assert sentence.endswith("run without --days and --since")
    assert done.result["schools"] < 40
    assert done.result["landed"] >= 50  # what was read is landed


def test_a_source_that_tells_no_end_is_named_where_it_seems_to_lack_what_is_landed(world: World) -> None:
    assert fetch(world).status == 0
    for school in world.schools[1:]:
        world.source.set_records(school, [])
    world.source.set_records(world.first, world.source.records(world.first)[:100])
    world.esd.faults.add(Fault("bare_list", times=None))
    done = fetch(world, "--since", "2025-09-20")
    assert done.status == 3
    [sentence] = done.result["attention"]
    assert sentence.startswith(
        f"school {world.first}: the newest record that came is older than what is landed"
    )


def test_a_source_that_tells_no_end_and_has_the_newest_is_believed(world: World) -> None:
    assert fetch(world).status == 0
    world.publish()
    world.esd.faults.add(Fault("bare_list", times=None))
    done = fetch(world, "--since", "2025-09-25")
    assert done.status == 0, done.story
    assert asked(world, world.first) == [1, 2, 3]
    world.compare_landing()


def goes_back(source: Source, school: int) -> None:
    """The newest record turns out to be about the first day: the number of records stays."""
    newest = source.records(school)[-1]
    source.put(school, [{**newest, "date": "09-22-2025", "modifiedOn": "2026-06-01T00:00:00Z"}])


@pytest.mark.parametrize("change", ["appear_last", "vanish", goes_back])
def test_a_list_that_moves_is_landed_as_it_was_read(world: World, change: Any) -> None:
    assert fetch(world).status == 0
    before = {row["id"] for rows in world.bucket.landed().values() for row in rows}
    world.esd.faults.add(Fault("change", school=world.first, page=2, change=change))
    done = fetch(world, "--since", "2025-09-25")
    assert (done.status, done.result["removed"]) == (0, 0), done.story
    assert before <= {row["id"] for rows in world.bucket.landed().values() for row in rows}
    assert fetch(world).status == 0
    world.publish()
    world.landed.publish(world.first, world.source.records(world.first))
    world.compare_landing()


@pytest.mark.parametrize(("since", "pages"), [("2020-01-01", 6), ("2099-01-01", 1)])
def test_since_beyond_the_list(world: World, since: str, pages: int) -> None:
    done = fetch(world, "--since", since)
    assert done.status == 0, done.story
    follow(world, pages)


@pytest.mark.parametrize(
    "flags",
    [
        ("--since", "2025-02-30"),
        ("--since", "yesterday"),
        ("--days", "0"),
        ("--days", "-1"),
        ("--days", "three"),
        ("--modified-hours", "0"),
        ("--modified-hours", "3", "--days", "3"),
        ("--days", "3", "--since", "2025-09-25"),
        ("--days", "3", "--allow-removals", "12549=3"),
    ],
    ids=" ".join,
)
def test_wrong_dates_are_wrong_usage(world: World, flags: tuple[str, ...]) -> None:
    done = fetch(world, *flags)
    assert done.status == 2
    assert flags[0] in done.story
    assert not world.esd.traffic.log
