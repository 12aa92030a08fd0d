"""Lists that are not what they say: pages stated in another way, pages that repeat, counts without rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from tests.model import day_of
from tests.sandbox.esd import Fault
from tests.sandbox.esd.faults import KINDS, Exchange
from tests.source_faults import PAGES, arrives, asked, fetch, say_no_count
from tests.world import World


@pytest.mark.parametrize("kind", ["no_page_count", "total_pages"])
def test_a_list_that_tells_of_its_pages_in_another_way(world: World, kind: str) -> None:
    arrives(world, Fault(kind, times=None))
    assert asked(world) == PAGES


def test_bare_lists_page_by_page_are_read_whole(world: World) -> None:
    arrives(world, Fault("bare_list", times=None))
    assert asked(world) == PAGES


def test_a_page_that_repeats_for_ever_is_landed_once_and_reported(world: World) -> None:
    # One request at a time: else how many pages were asked for before depends on which answer comes first.
    done = fetch(world, Fault("repeat_page", school=world.first, times=None), ESD_CONCURRENCY="1")
    assert (done.status, done.result["landed"]) == (3, 100 + 300), done.story
    [sentence] = done.result["attention"]
    assert sentence.startswith(shortage(world, 300, 100))
    assert asked(world) <= 2 * (4 + 2) + 4 + 1  # three in a row bring nothing new; some were asked for before


def whole_list(exchange: Exchange) -> Any:
    """Send the whole list, without a paging, whatever page is asked for."""
    query = {**exchange.request.query, "page": "1", "pageSize": "1000"}
    answer = exchange.proceed(replace(exchange.request, query=query))
    if answer.status != 200:
        return answer
    content = orjson.loads(answer.body)
    del content["pagingInfo"]
    return replace(answer, body=orjson.dumps(content), key=None)


def test_a_list_that_knows_no_pages_is_whole(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "whole_list", whole_list)
    arrives(world, Fault("whole_list", times=None), ESD_PAGE_SIZE="1000")


def shortage(world: World, counted: int, sent: int) -> str:
    facts = f"school {world.first}: the source counts {counted} records and sends {sent}: what came is landed"
    return f"{facts}; ask the source's operator for the others (since "


def test_a_count_without_rows_is_read_twice_and_reported(world: World) -> None:
    world.publish()
    assert fetch(world).status == 0
    done = fetch(world, Fault("count_without_rows", school=world.first, times=None))
    assert (done.status, done.result["removed"]) == (3, 0)
    [sentence] = done.result["attention"]
    assert sentence.startswith(shortage(world, 100, 0))
    assert asked(world) == 2 * 4 + 4 + 1
    world.compare_landing()


def test_one_page_without_its_rows_is_read_again(world: World) -> None:
    # One page at a time: the last answer's count decides, and here it is not that of the page that lies.
    arrives(world, Fault("count_without_rows", school=world.first, page=2), ESD_CONCURRENCY="1")
    assert asked(world) == PAGES + 4


def shortened(exchange: Exchange) -> Any:
    """Send the page without its last record."""
    answer = exchange.proceed(exchange.request)
    content = orjson.loads(answer.body)
    content["periodAttendanceList"].pop()
    return replace(answer, body=orjson.dumps(content), key=None)


def test_a_page_cut_to_fewer_rows_is_read_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "short", shortened)
    arrives(
        world, Fault("short", school=world.first, page=2), Fault("short", school=world.schools[1], page=3)
    )
    assert asked(world) == 2 * PAGES - 1


def test_a_shortage_that_lasts_is_reported_once_and_read_once_from_then_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "short", shortened)
    short = Fault("short", school=world.first, page=2, times=None)
    records = world.source.records(world.first)
    done = fetch(world, replace(short))
    assert (done.status, asked(world)) == (3, PAGES + 4)
    assert [each.startswith(shortage(world, 300, 299)) for each in done.result["attention"]] == [True]
    again = fetch(world, replace(short))
    assert (again.status, again.result["standing"], asked(world)) == (0, 1, PAGES)
    worse = fetch(world, replace(short), replace(short, page=1))
    assert (worse.status, worse.result["standing"], asked(world)) == (0, 1, PAGES + 4)
    assert worse.result["removed"] == 1  # two readings were the same, whatever was counted
    world.landed.publish(world.first, [*records[:99], *records[100:199], *records[200:]])
    world.landed.publish(world.schools[1], world.source.records(world.schools[1]))
    world.compare_landing()
    healed = arrives(world)
    assert (healed.result["standing"], asked(world)) == (0, PAGES)


def test_a_school_that_answers_404_now_keeps_what_it_had(world: World) -> None:
    world.publish()
    assert fetch(world).status == 0
    world.source.set_records(world.first, [])
    done = fetch(world)
    assert (done.status, done.result["removed"]) == (3, 0)
    [sentence] = done.result["attention"]
    assert sentence.startswith(f"school {world.first} lists no record in school year 55, while others do; ")
    assert world.pipeline.load().status == 0
    world.follow()


def test_an_api_that_answers_for_today_only_leaves_other_days_alone(world: World) -> None:
    assert fetch(world).status == 0
    world.publish()
    newest = max(day_of(record) for record in world.source.records(world.first))
    changed = [record for record in world.source.records(world.first) if day_of(record) == newest]
    world.source.put(world.first, [record | {"comment": "today"} for record in changed])
    done = fetch(world, ESD_SCHOOL_YEAR_ID="")
    assert (done.status, done.result["lists_written"], done.result["scope"]) == (0, 1, "today")
    assert world.pipeline.load().status == 0
    world.follow()


def test_a_list_that_counts_nothing_is_read_twice_only_when_something_is_missing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "no_count", say_no_count)
    arrives(world, Fault("no_count", times=None))
    assert asked(world) == PAGES
    world.source.remove(world.first, world.source.records(world.first)[20]["id"])
    arrives(world, Fault("no_count", times=None))
    assert asked(world) == PAGES + 4


def test_records_without_an_id_that_are_alike_hold_up_nobody(world: World) -> None:
    nameless = {"date": "12-09-2025", "studentId": 5, "comment": "alike"}
    world.publish()
    for _ in range(101):  # on two pages at the least
        world.source.add(world.first, nameless)
    done = fetch(world)
    assert (done.status, done.result["schools_failed"], done.result["quarantined"]) == (3, 0, 1)
    assert len(world.bucket.quarantined()) == 1
    assert done.result["received"] == done.result["landed"] + 101 == done.result["landed"] + 1 + 100
    world.compare_landing()
