"""Odd records through the whole pipeline: each costs a field or itself, never its school; all is reported."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.pipeline import Finished
from tests.world import World

LARGE = "Marigold " * 4_500  # 40 KB; stands for a student's data


def change_all(world: World, school: int, **fields: Any) -> None:
    records = world.source.records(school)
    world.source.set_records(school, [{**record, **fields} for record in records])


def lines_of(done: Finished, event: str) -> list[dict[str, Any]]:
    """The lines of a JSON log that tell of an event."""
    lines = [json.loads(line) for line in done.story.splitlines()]
    return [line for line in lines if line.get("event") == event]


def test_a_new_field_of_40_kb_in_each_record_is_left_out_and_named_once_a_run(world: World) -> None:
    for school in world.schools:
        change_all(world, school, photo=LARGE)
    done = world.pipeline.fetch(LOG_FORMAT="json")
    assert (done.status, done.result["quarantined"], done.result["attention"]) == (0, 0, [])
    received = done.result["received"]
    [line] = lines_of(done, "left_out")
    assert line["message"] == (
        f"new fields did not fit into extra_fields and were left out: photo ({received} records); "
        "the rest is landed"
    )
    by_school = world.bucket.run_record(done.result["run"])["by_school"]
    counts = {name: about.get("left_out", {}) for name, about in by_school.items()}
    assert sum(count["photo"] for count in counts.values() if count) == received
    assert "Marigold" not in done.story + done.output
    assert world.pipeline.load().status == 0
    world.follow()


def test_fields_that_each_record_names_otherwise_are_named_ten_at_the_most(world: World) -> None:
    records = world.source.records(world.first)
    named = [{**record, f"of{place:04d}": LARGE} for place, record in enumerate(records)]
    world.source.set_records(world.first, named)
    done = world.pipeline.fetch()
    assert done.status == 0
    assert f"of0009 (1 record) and {len(records) - 10} more; the rest is landed" in done.story
    assert "of0010" not in done.story
    school = world.bucket.run_record(done.result["run"])["by_school"][str(world.first)]
    assert len(school["left_out"]) == 10


@pytest.mark.parametrize("nothing", [[], "", {}, None], ids=repr)
def test_an_empty_meeting_time_is_none(world: World, nothing: Any) -> None:
    change_all(world, world.first, meetingTime=nothing)
    world.run()


def test_a_meeting_time_that_no_column_holds_costs_its_record(world: World) -> None:
    bad = world.source.records(world.first)[0]["id"]
    world.change(world.first, bad, meetingTime=["Marigold"])
    done = world.pipeline.fetch()
    assert (done.status, done.result["schools_failed"], done.result["quarantined"]) == (3, 0, 1)
    assert [line["reason"] for line in world.bucket.quarantined()] == ["meetingTime: not an object"]
    assert "meetingTime: not an object (1)" in done.result["attention"][0]
    landed = sum(len(rows) for rows in world.bucket.landed().values())
    assert landed == done.result["landed"] == done.result["received"] - 1


@pytest.mark.parametrize("flags", [("--dry-run",), ()], ids=["dry run", "run"])
def test_each_school_tells_why_its_records_cannot_be_landed(world: World, flags: tuple[str, ...]) -> None:
    first, second, *_ = world.schools
    ids = [record["id"] for record in world.source.records(first)]
    world.change(first, ids[0], studentId=None)
    world.change(first, ids[1], date="02-30-2026")
    world.change(first, ids[2], date="Marigold")
    world.change(second, world.source.records(second)[0]["id"], comment="Marigold\0")
    done = world.pipeline.fetch(*flags)
    assert (done.status, done.result["quarantined"]) == (3, 4)
    lines = [
        line.partition(" cannot be landed: ") for line in done.story.splitlines() if " cannot be" in line
    ]
    assert {(line[0].split("INFO")[1].strip(), line[2]) for line in lines} == {
        (f"school {first}: 3 records", "date: not a date MM-DD-YYYY (2), studentId: missing (1)"),
        (f"school {second}: 1 record", "comment: holds a NUL character (1)"),
    }
    assert "Marigold" not in done.story + done.output
