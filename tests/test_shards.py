"""Schools shared between machines: none twice, none left out, and records of runs that add up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from attendance_common.fetch.arguments import shard
from tests.bucket import LANDING, RUNS
from tests.pipeline import Finished
from tests.sandbox import Sandbox
from tests.sandbox.esd.records import make_school
from tests.world import World

SUMS = ("schools", "schools_failed", "pages", "received", "landed", "quarantined", "repeats")
LISTS = ("lists_written", "lists_unchanged", "lists_merged")


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    """Seven schools: five with records, one record of them odd."""
    world = World(sandbox)
    records = world.source.records(world.first)
    for index in range(3, 7):
        world.source.schools.append(make_school(index))
    for place, school in enumerate(world.schools[2:5]):
        own = [{**record, "id": record["id"] + 10**9 * (place + 1)} for record in records]
        world.source.set_records(school, own)
    world.source.add(world.schools[3], {**records[0], "id": 7, "date": "02-30-2026"})
    return world


def asked(world: World) -> set[int]:
    """The schools that were asked for since the last time."""
    schools = {request.school for request in world.esd.traffic.log if request.school is not None}
    world.esd.traffic.forget()
    return schools


def run_record(world: World, done: Finished) -> dict[str, Any]:
    found = [name for name in world.bucket.keys(RUNS) if str(done.result["run"]) in name]
    assert len(found) == 1
    record: dict[str, Any] = json.loads(world.bucket.read(RUNS + found[0]))
    return record


@pytest.mark.parametrize("of", [1, 2, 3, 7, 8, 89])
def test_each_school_is_in_exactly_one_share(of: int) -> None:
    shares = [shard(f"{number}/{of}") for number in range(1, of + 1)]
    for school in (0, 1, 7, 12549, 12550, 2**31):
        assert sum(share.has(school) for share in shares) == 1


def test_three_machines_leave_what_one_would(world: World, sandbox: Sandbox) -> None:
    whole = world.pipeline.fetch(ESD_PAGE_SIZE="100")
    assert whole.status == 3  # the odd record
    objects, whole_record = world.bucket.keys(LANDING), run_record(world, whole)
    everyone = asked(world)
    sandbox.aws.reset()
    shares = [world.pipeline.fetch("--shard", f"{number}/3", ESD_PAGE_SIZE="100") for number in (1, 2, 3)]
    assert sorted(done.status for done in shares) == [0, 0, 3]
    assert world.bucket.keys(LANDING) == objects
    assert asked(world) == everyone == set(world.schools)
    records = [run_record(world, done) for done in shares]
    for name in (*SUMS, *LISTS):
        assert sum(record[name] for record in records) == whole_record[name], name
    by_school = [item for record in records for item in record["by_school"].items()]
    assert len(by_school) == len(dict(by_school)) == 7
    assert dict(by_school) == whole_record["by_school"]


def test_a_machine_asks_for_its_own_schools_alone(world: World) -> None:
    for number in (1, 2):
        done = world.pipeline.fetch("--shard", f"{number}/2", "--dry-run", ESD_PAGE_SIZE="400")
        own = asked(world)
        assert len(own) == done.result["schools"]
        assert {school % 2 for school in own} == {number - 1}


def test_a_share_without_schools_is_no_fault(world: World) -> None:
    done = world.pipeline.fetch("--shard", "1/100")
    assert (done.status, done.result["schools"], done.result["landed"]) == (0, 0, 0)
    assert world.bucket.keys(LANDING) == {}


BAD = ["0/3", "4/3", "1/0", "0/0", "3", "/3", "1/", "", "1/2/3", "-1/3", "1.5/3", "1 / 3", "a/b", "²/3"]


@pytest.mark.parametrize("text", BAD)
def test_bad_shares_are_wrong_usage(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    from esd_period_attendance_fetcher import main

    with pytest.raises(SystemExit) as ended:
        main([f"--shard={text}"])
    assert ended.value.code == 2
    assert "--shard" in capsys.readouterr().err


def test_a_bad_share_asks_nobody_anything(world: World) -> None:
    done = world.pipeline.fetch("--shard", "4/3")
    assert done.status == 2
    assert "must be i/n with i from 1 to n, such as 1/3" in done.story
    assert not world.esd.traffic.log
