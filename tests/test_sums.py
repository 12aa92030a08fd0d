"""The run's record adds up: every record that the source sent is somewhere, per school and in all."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bucket import LANDING, QUARANTINE, RUNS
from tests.model import Record
from tests.pipeline import Finished
from tests.sandbox import Sandbox
from tests.sandbox.esd import Fault
from tests.sandbox.esd.records import make_school
from tests.world import World

MONDAY, TUESDAY = "12-08-2025", "12-09-2025"
PARTS = ("landed", "quarantined", "repeats")


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


NOTHING: dict[str, Any] = {
    **dict.fromkeys(("pages", "received", *PARTS, "quarantined_new", "moved", "removed"), 0),
    **dict.fromkeys(("removals_waiting", "lists_written", "lists_merged", "lists_unchanged"), 0),
    "source_count": None,
    "quarantine": {},
    "newest_date": None,
}


def test_each_schools_numbers_are_reported(world: World) -> None:
    record = world.bucket.run_record(fetch(world).result["run"])
    odd, moving, empty, failing = (record["by_school"][str(school)] for school in world.schools)
    assert odd == {
        **NOTHING,
        "pages": 4,
        "source_count": 7,
        "received": 7,
        "landed": 6,
        "quarantined": 1,
        "quarantined_new": 1,
        "lists_written": 2,
        "newest_date": "2025-12-09",
        "quarantine": {"minutesLate: not a whole number": 1},
        "in_quarantine": 1,
    }
    assert moving == {
        # Row 10 came before the others when page 1 had been read: row 13 came twice, row 10 comes next time.
        **NOTHING,
        "pages": 3,
        "received": 6,
        "landed": 5,
        "repeats": 1,
        "lists_written": 2,
        "newest_date": "2025-12-09",
        "in_quarantine": 0,
    }
    assert empty == {**NOTHING, "pages": 1, "in_quarantine": 0}
    assert failing == {
        **NOTHING,
        "fault": "page 1: status 500 (application/json), after 1 try: the source is at fault: run again "
        "later; if it stays so, tell its operator",
    }


def test_the_sums_are_those_of_the_schools_and_of_what_was_landed(world: World) -> None:
    done = fetch(world)
    record = world.bucket.run_record(done.result["run"])
    expected = {"schools": 4, "schools_failed": 1, "pages": 8, "received": 13, "landed": 11}
    expected |= {"quarantined": 1, "quarantined_new": 1, "repeats": 1, "moved": 0, "removed": 0}
    expected |= {"removals_waiting": 0, "lists_written": 4, "lists_unchanged": 0, "lists_merged": 0}
    stated = {"scope": "whole", "newest_date": "2025-12-09", "standing": 0, **expected}
    assert {name: record[name] for name in stated} == stated
    assert done.result.keys() == {"status", "run", "seconds", "attention", *stated}
    assert {name: done.result[name] for name in stated} == stated
    assert record["received"] == sum(record[part] for part in PARTS)
    assert sum(map(len, world.bucket.landed().values())) == 11
    assert len(world.bucket.quarantined()) == 1


def test_what_needs_a_person_is_named(world: World) -> None:
    done = fetch(world)
    failing = world.schools[3]
    assert done.status == 3
    assert done.result["attention"] == world.bucket.run_record(done.result["run"])["attention"]
    school, rows = done.result["attention"]
    assert school.startswith(f"school {failing} was not read: ")
    place = f"s3://{world.pipeline.sandbox.aws.bucket}/{QUARANTINE}"
    reported = f"1 record is new in quarantine, {place}: minutesLate: not a whole number (1)"
    assert rows == f"{reported}; have it corrected at the source (--quarantine lists it)"


def test_a_second_run_tells_of_nothing_that_is_not_new(world: World) -> None:
    fetch(world)
    world.esd.faults.clear()
    fetch(world)
    objects, lines = world.bucket.keys(LANDING), world.bucket.quarantined()
    again = fetch(world)
    assert (again.status, again.result["attention"]) == (0, [])
    names = ("quarantined", "quarantined_new", "lists_written", "lists_unchanged")
    assert [again.result[name] for name in names] == [1, 0, 0, 5]
    assert (world.bucket.keys(LANDING), world.bucket.quarantined()) == (objects, lines)
    assert len(world.bucket.keys(RUNS)) == 3


def test_a_dry_run_leaves_no_record(world: World) -> None:
    fetch(world, "--dry-run")
    assert world.bucket.keys("") == {}
