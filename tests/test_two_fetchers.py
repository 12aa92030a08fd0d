"""Two fetchers at once, as processes: what either read is landed, and nothing leaves that another wrote."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.bucket import LANDING, QUARANTINE
from tests.pipeline import FETCHER
from tests.sandbox.aws_front import AwsFront, Call
from tests.sandbox.esd import correct_a_day
from tests.waiting import Waiting, all_end_well
from tests.world import World

pytestmark = pytest.mark.without_tables

SMALL = {"ESD_PAGE_SIZE": "100"}


def lands(world: World) -> None:
    assert world.pipeline.fetch().status == 0
    world.publish()
    world.compare_landing()


def listings(calls: Sequence[Call], prefix: str) -> int:
    """How often something below the prefix was listed."""
    return sum(call.action == "ListObjectsV2" and call.key.startswith(prefix) for call in calls)


def test_the_landing_zone_is_listed_once_for_all_schools(world: World) -> None:
    with AwsFront(world.pipeline.sandbox.aws_endpoint) as front:
        for _ in range(2):
            front.calls.clear()
            assert world.pipeline.fetch(AWS_ENDPOINT_URL=front.endpoint).status == 0
            assert [listings(front.calls, prefix) for prefix in (LANDING, QUARANTINE)] == [1, 1]


def test_a_refetch_reads_no_object(world: World) -> None:
    assert world.pipeline.fetch().status == 0
    with AwsFront(world.pipeline.sandbox.aws_endpoint) as front:
        assert world.pipeline.fetch(AWS_ENDPOINT_URL=front.endpoint).status == 0
    assert "GetObject" not in front.actions()


def test_two_fetchers_at_once_land_what_one_lands(world: World) -> None:
    all_end_well(*(world.pipeline.start(FETCHER, **SMALL) for _ in range(2)))
    world.publish()
    world.compare_landing()


def test_two_fetchers_at_once_over_an_older_state(world: World) -> None:
    lands(world)
    correct_a_day(world.source)
    all_end_well(*(world.pipeline.start(FETCHER, **SMALL) for _ in range(2)))
    lands(world)


def test_an_older_fetch_never_ends_up_over_a_newer_one(world: World) -> None:
    lands(world)
    older_record, newer_record = world.source.records(world.first)[:2]
    world.change(world.first, older_record["id"], comment="older", modifiedOn="2026-06-01T00:00:00Z")
    older = Waiting(world, world.first, "year=")
    world.change(world.first, older_record["id"], comment="newer", modifiedOn="2026-06-02T00:00:00Z")
    world.change(world.first, newer_record["id"], comment="newer", modifiedOn="2026-06-02T00:00:00Z")
    world.source.add(world.first, {**newer_record, "id": 900_001})
    lands(world)
    done = older.end()
    assert (done.result["lists_written"], done.result["lists_merged"]) == (0, 0)
    world.compare_landing()


def test_nothing_that_another_landed_is_removed(world: World) -> None:
    lands(world)
    gone = world.source.records(world.first)[0]
    world.source.remove(world.first, gone["id"])
    older = Waiting(world, world.first, "year=")  # about to remove it
    world.source.add(world.first, gone | {"comment": "it is back", "modifiedOn": "2026-06-02T00:00:00Z"})
    lands(world)
    done = older.end()
    assert (done.result["removed"], done.result["removals_waiting"]) == (0, 1)
    world.compare_landing()


def test_a_fetcher_that_died_over_a_school_leaves_what_the_next_one_ends(world: World) -> None:
    lands(world)
    record = world.source.records(world.first)[5]
    world.change(world.first, record["id"], date="09-26-2025", modifiedOn="2026-06-01T00:00:00Z")
    died = Waiting(world, world.first, "day=22/")  # it has written the list that it goes to
    died.kill()
    rows = [row["id"] for rows in world.bucket.landed().values() for row in rows]
    assert rows.count(record["id"]) == 2
    lands(world)
