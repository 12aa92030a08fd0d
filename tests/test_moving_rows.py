"""Rows that move, come and go while they are read: nothing leaves the landing zone without proof."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import orjson
import pytest

from tests.bucket import LANDING
from tests.sandbox.esd import Fault
from tests.sandbox.esd.faults import KINDS, Exchange
from tests.sandbox.esd.source import Source
from tests.source_faults import PAGES, QUICK, arrives, asked, fetch, lands
from tests.world import World


@pytest.mark.parametrize(
    ("change", "concurrency"),
    [
        ("appear", "8"),
        ("appear_last", "8"),
        ("vanish", "8"),
        ("vanish", "1"),
        ("move", "8"),
        ("move", "1"),
        ("correct", "8"),
    ],
)
def test_rows_that_move_between_pages_come_with_the_next_run(
    world: World, change: str, concurrency: str
) -> None:
    faults = [Fault("change", school=school, page=2, change=change) for school in world.schools[:2]]
    done = fetch(world, *faults, ESD_CONCURRENCY=concurrency)
    assert done.status == 0
    # A row that came may begin a fourth page, and be counted and lacking: then both schools are read twice,
    # four pages and the one behind them each time.
    assert PAGES <= asked(world) <= 2 * 2 * 5 + 1
    lands_now = {row["id"] for rows in world.bucket.landed().values() for row in rows}
    present = {each["id"] for school in world.schools for each in world.source.records(school)}
    assert len(present - lands_now) <= 4  # of each school the one that came, and one that slipped
    lands(world)


def swap(source: Source, school: int) -> None:
    """A row moves from behind the reader to before it, another goes the other way: the count stays."""
    records = source.records(school)
    first, last = records[0], records[-1]
    source.put(school, [first | {"date": last["date"]}, last | {"date": first["date"]}])


def replace_first(source: Source, school: int) -> None:
    """A row that was read vanishes, a row at the end appears: the count stays, a row slips forward."""
    records = source.records(school)
    source.remove(school, records[0]["id"])
    source.add(school, records[-1] | {"id": max(record["id"] for record in records) + 1})


@pytest.mark.parametrize("change", [swap, replace_first])
def test_a_row_that_slips_past_the_count_stays_and_comes_with_the_next_run(world: World, change: Any) -> None:
    world.run()
    slips = Fault("change", school=world.first, page=2, change=change)
    done = fetch(world, slips, ESD_CONCURRENCY="1")
    ids = {row["id"] for rows in world.bucket.landed().values() for row in rows}
    now = {each["id"] for school in world.schools for each in world.source.records(school)}
    assert done.status == 0
    assert len(now - ids) <= 1  # what came while it was read
    arrives(world)


def test_landed_rows_go_when_the_pages_around_them_are_read_again(world: World) -> None:
    world.run()
    records = world.source.records(world.first)
    for record in (records[20], records[250]):
        world.source.remove(world.first, record["id"])
    changed = world.source.records(world.schools[1])[150]
    world.change(world.schools[1], changed["id"], comment="corrected", modifiedOn="2026-06-01T00:00:00Z")
    done = arrives(world)
    assert asked(world) <= PAGES + 4
    assert (done.result["lists_written"], done.result["removed"], done.result["removals_waiting"]) == (
        3,
        2,
        0,
    )
    assert done.result["landed"] == 298 + 300


def test_a_deletion_costs_few_requests_more(world: World) -> None:
    world.run()
    world.source.remove(world.first, world.source.records(world.first)[150]["id"])
    arrives(world, ESD_PAGE_SIZE="10")
    assert asked(world) <= 31 + 31 + 1 + 10  # the pages of the date, and those beside them


def test_a_whole_date_that_is_deleted_leaves(world: World) -> None:
    dates = ("12-01-2025", "12-02-2025", "12-03-2025", "12-04-2025", "12-05-2025")
    like = world.source.records(world.first)[0]
    world.source.set_records(
        world.first,
        [{**like, "id": 100 * n + k, "date": on} for n, on in enumerate(dates) for k in range(10)],
    )
    lands(world)
    for key in range(200, 210):
        world.source.remove(world.first, key)
    done = lands(world)
    assert (done.result["removed"], world.bucket.landed()[date(2025, 12, 3), world.first]) == (10, [])
    before = world.bucket.keys(LANDING)
    lands(world)
    assert world.bucket.keys(LANDING) == before


def test_many_that_vanish_at_once_stay_until_the_operator_allows_it(world: World) -> None:
    like = world.source.records(world.first)[0]
    world.source.set_records(world.first, [{**like, "id": key} for key in range(100)])
    world.run()
    world.source.set_records(world.first, [{**like, "id": key} for key in range(40, 100)])
    done = arrives(world)  # 40 of 100 are few: no more than 50
    assert done.result["removed"] == 40
    world.source.set_records(world.first, [{**like, "id": key} for key in range(80, 100)])
    done = fetch(world)
    assert (done.status, done.result["removed"], done.result["removals_waiting"]) == (3, 0, 40)
    [sentence] = done.result["attention"]
    assert "40 of its 60 landed records would leave in one run" in sentence
    assert f"--allow-removals {world.first}=40" in sentence
    world.publish()
    world.compare_landing()
    world.esd.traffic.forget()
    allowed = world.pipeline.fetch("--allow-removals", f"{world.first}=40", **QUICK)
    assert (allowed.status, allowed.result["removed"]) == (0, 40), allowed.story
    world.landed.publish(world.first, world.source.records(world.first), allowed=40)
    assert world.pipeline.load().status == 0
    world.follow()


@pytest.mark.parametrize("listed", [True, False])
def test_a_school_without_records_is_emptied_when_the_operator_says_so(world: World, listed: bool) -> None:
    lands(world)
    first, schools = world.first, list(world.source.schools)
    world.source.set_records(first, [])
    if not listed:
        world.source.schools[:] = schools[1:]
    world.esd.traffic.forget()
    done = world.pipeline.fetch("--allow-removals", f"{first}=300", **QUICK)
    assert (done.status, done.result["removed"]) == (0, 300), done.story
    assert asked(world) == 2 + 4 + 1
    world.landed.publish(first, [], allowed=300)
    world.compare_landing()


def test_records_that_stand_twice_are_landed_and_nothing_leaves_by_their_counts(world: World) -> None:
    world.run()
    records = world.source.records(world.first)
    for record in records[:49]:
        world.source.add(world.first, record)
    world.source.remove(world.first, records[200]["id"])
    done = arrives(world)
    assert (done.result["repeats"] > 0, done.result["removed"]) == (True, 1)  # two readings were the same


def test_a_capped_count_hides_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def capped(exchange: Exchange) -> Any:
        answer = exchange.proceed(exchange.request)
        content = orjson.loads(answer.body)
        content["pagingInfo"] |= {"totalCount": 200, "pageCount": 2}
        return replace(answer, body=orjson.dumps(content), key=None)

    monkeypatch.setitem(KINDS, "capped", capped)
    arrives(world, Fault("capped", school=world.first, times=None))
    assert asked(world) == PAGES
    arrives(world, Fault("capped", school=world.first, times=None))


def test_a_list_that_never_rests_is_landed_as_it_was_read_and_nothing_leaves(world: World) -> None:
    world.run()
    before = {row["id"] for rows in world.bucket.landed().values() for row in rows}
    moving = Fault("change", school=world.first, page=2, change="vanish", times=None)
    done = fetch(world, moving, ESD_CONCURRENCY="1")
    assert asked(world) <= PAGES + 4
    assert done.result["removed"] == 0
    assert before == {row["id"] for rows in world.bucket.landed().values() for row in rows}
    arrives(world)
