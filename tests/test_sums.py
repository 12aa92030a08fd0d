"""The run's record adds up: every record that the source sent is somewhere, per school and in all."""

from __future__ import annotations

import pytest

from tests.model import Record
from tests.pipeline import LANDING, QUARANTINE, RUNS, Finished
from tests.sandbox import Sandbox
from tests.sandbox.esd import Fault
from tests.sandbox.esd.records import make_school
from tests.world import World

MONDAY, TUESDAY = "12-08-2025", "12-09-2025"
PARTS = ("landed", "quarantined", "repeats", "older")


def records(first_id: int, *dates: str) -> list[Record]:
    return [
        {"id": first_id + place, "date": on, "studentId": 5, "modifiedOn": "2025-12-10T00:00:00Z"}
        for place, on in enumerate(dates)
    ]


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    """Four schools: with an odd record, whose list moves uncounted, without records, always failing."""
    world = World(sandbox)
    world.source.schools.append(make_school(3))
    odd, moving, _, failing = world.schools
    world.source.set_records(odd, records(1, *[MONDAY] * 4, *[TUESDAY] * 3))
    world.change(odd, 6, minutesLate="seven")
    world.source.set_records(moving, records(11, *[MONDAY] * 2, *[TUESDAY] * 3))
    world.source.set_records(failing, records(21, MONDAY))
    world.esd.faults.add(
        Fault("bare_list", school=moving, times=None),
        Fault("change", school=moving, page=2),  # a row appears before all others, unseen
        Fault("status", school=failing, status=500, times=None),
    )
    return world


def fetch(world: World, *flags: str) -> Finished:
    return world.pipeline.fetch(*flags, ESD_PAGE_SIZE="3", ESD_CONCURRENCY="1", ESD_ATTEMPTS="1")


def counts(**told: int | None) -> dict[str, int | None]:
    return {**dict.fromkeys(("received", *PARTS), 0), **told}


def test_each_schools_numbers_are_told(world: World) -> None:
    record = world.pipeline.run_record(fetch(world).result["run"])
    by_school = [record["by_school"][str(school)] for school in world.schools]
    odd, moving, empty, failing = by_school
    assert odd == {
        **counts(pages=3, source_count=7, received=7, landed=6, quarantined=1),
        "objects": {"written": 2},
        "quarantine": {"minutesLate: not a whole number": 1},
    }
    assert moving == {
        # Row 10 came before the others when page 1 had been read: the school was read again.
        **counts(pages=3, source_count=None, received=6, landed=6),
        "objects": {"written": 2},
        "quarantine": {},
    }
    assert empty == {**counts(pages=1, source_count=0), "objects": {}, "quarantine": {}}
    assert failing["fault"].endswith("status 500, after 1 tries")
    assert (failing["source_count"], failing["received"]) == (None, 0)
    assert not set(PARTS) & set(failing)


def test_the_sums_are_those_of_the_schools_and_of_what_was_landed(world: World) -> None:
    done = fetch(world)
    record = world.pipeline.run_record(done.result["run"])
    expected = {"schools": 4, "schools_failed": 1, "pages": 7, "received": 13}
    expected |= {"landed": 12, "quarantined": 1, "repeats": 0, "older": 0}
    expected |= {"objects_written": 4, "objects_unchanged": 0, "objects_superseded": 0}
    assert {name: record[name] for name in expected} == expected
    assert {name: done.result[name] for name in expected} == expected
    assert record["received"] == sum(record[part] for part in PARTS)
    assert sum(map(len, world.pipeline.landed().values())) == 12
    assert len(world.pipeline.quarantined()) == 1


def test_what_needs_a_person_is_named(world: World) -> None:
    done = fetch(world)
    failing = world.schools[3]
    assert done.status == 3
    assert done.result["attention"] == world.pipeline.run_record(done.result["run"])["attention"]
    school, rows = done.result["attention"]
    assert school.startswith(f"school {failing} was not read: ")
    place = f"s3://{world.pipeline.sandbox.aws.bucket}/{QUARANTINE}"
    assert rows == f"1 records are in quarantine, {place}: minutesLate: not a whole number (1)"


def test_a_second_run_has_the_same_sums_and_a_record_of_its_own(world: World) -> None:
    first = fetch(world)
    objects = world.pipeline.keys(LANDING)
    second = fetch(world)
    sums = ("schools", "pages", "received", *PARTS)
    assert [second.result[name] for name in ("objects_written", "objects_unchanged")] == [0, 4]
    assert {name: second.result[name] for name in sums} == {name: first.result[name] for name in sums}
    assert world.pipeline.keys(LANDING) == objects
    assert len(world.pipeline.keys(RUNS)) == 2


def test_what_is_older_than_was_asked_for_is_counted(world: World) -> None:
    world.esd.faults.clear()
    record = world.pipeline.run_record(fetch(world, "--since", "2025-12-09").result["run"])
    told = [record["by_school"][str(school)] for school in world.schools]
    assert [
        tuple(about[name] for name in ("source_count", "received", "landed", "quarantined", "older"))
        for about in told
    ] == [(7, 7, 2, 1, 4), (5, 5, 3, 0, 2), (0, 0, 0, 0, 0), (1, 1, 0, 0, 1)]
    assert (record["received"], record["landed"], record["older"]) == (13, 5, 7)


def test_a_dry_run_leaves_no_record(world: World) -> None:
    fetch(world, "--dry-run")
    assert world.pipeline.keys("") == {}
