"""Faults at the source, each against a run of the real fetcher: what may pass is waited out, what stays ends
in a report after a bounded number of requests, and no list that was not read wholly is published."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from tests.model import day_of
from tests.pipeline import LANDING, RUNS, Finished
from tests.sandbox.esd import Fault
from tests.sandbox.esd.faults import KINDS, Exchange
from tests.sandbox.esd.source import Source
from tests.world import World

ATTENDANCE, SCHOOLS, TOKEN = "/api/v1/periodAttendance", "/api/v1/schools", "/oauth/token"
PAGES = 3 + 3 + 1  # two schools with 300 records in pages of 100, one without
QUICK = {"ESD_PAGE_SIZE": "100", "ESD_ATTEMPTS": "2"}


def fetch(world: World, *faults: Fault, **variables: str) -> Finished:
    """Run the fetcher through these faults, and count its requests from nought."""
    world.esd.traffic.forget()
    world.esd.faults.add(*faults)
    done = world.pipeline.fetch(**{**QUICK, **variables})
    assert "Traceback" not in done.story
    world.esd.faults.clear()
    return done


def arrives(world: World, *faults: Fault, **variables: str) -> Finished:
    """Everything is landed and loaded in spite of the faults."""
    done = fetch(world, *faults, **variables)
    assert done.status == 0, done.story
    assert world.pipeline.load().status == 0
    world.follow()
    return done


def stays_out(world: World, *faults: Fault, **variables: str) -> Finished:
    """The first school is not read, is left as it was and reported; the rest is landed and loaded."""
    world.publish()
    assert fetch(world).status == 0
    for school in world.schools[:2]:
        record = world.source.records(school)[150]
        world.change(school, record["id"], comment="corrected", modifiedOn="2026-06-01T00:00:00Z")
    done = fetch(world, *faults, **variables)
    assert done.status == 3, done.story
    assert [
        told for told in done.result["attention"] if told.startswith(f"school {world.first} was not read")
    ]
    assert (done.result["schools"], done.result["schools_failed"]) == (3, 1)
    assert world.pipeline.load().status == 0
    world.follow(failed=[world.first])
    return done


def asked(world: World, path: str = ATTENDANCE) -> int:
    """How many requests the source got."""
    return world.esd.traffic.requests[path]


# --- what may pass ------------------------------------------------------------------------------------------

ONCE = {
    "statuses": [
        Fault("status", page=1, status=429, retry_after=1),
        Fault("status", page=2, status=429, retry_after=2, retry_after_as_date=True),
        Fault("status", page=3, status=429),
        Fault("status", page=2, status=500, times=2, skip=1),
        Fault("status", page=3, status=503, retry_after=0, skip=1),
    ],
    "bodies": [Fault("html", page=1), Fault("cut", page=2), Fault("reset", page=3)],
    "connections": [Fault("drop", page=2), Fault("hang", page=3)],
    "token and schools": [
        Fault("status", path="oauth/token", status=500),
        Fault("html", path="oauth/token", skip=1),
        Fault("drop", path="schools$"),
        Fault("html", path="schools$", skip=1),
    ],
}


@pytest.mark.parametrize("faults", ONCE.values(), ids=ONCE.keys())
def test_what_passes_is_waited_out(world: World, faults: list[Fault]) -> None:
    arrives(world, *map(replace, faults), ESD_TIMEOUT="1", ESD_ATTEMPTS="5")
    on_pages = sum(fault.times or 0 for fault in faults if fault.page)
    assert asked(world) == PAGES + on_pages
    assert asked(world, TOKEN) + asked(world, SCHOOLS) == 2 + sum(not fault.page for fault in faults)


def test_a_pause_longer_than_the_token_lives(world: World) -> None:
    world.esd.tokens.lifetime = 1
    try:
        arrives(world, Fault("status", status=429, retry_after=2, times=2), ESD_CONCURRENCY="2")
    finally:
        world.esd.tokens.lifetime = 3600
    assert world.esd.tokens.issued >= 2
    assert asked(world) <= 2 * (PAGES + 2)


def test_a_pause_beyond_all_patience_is_a_fault(world: World) -> None:
    done = stays_out(world, Fault("status", school=world.first, status=429, retry_after=999_999, times=None))
    assert asked(world) == 3 + 1 + 4  # once in each of four readings
    assert done.result["seconds"] < 3600


def test_a_token_that_dies_earlier_than_it_said(world: World) -> None:
    arrives(world, Fault("expire_tokens", page=2), ESD_CONCURRENCY="1")
    assert (world.esd.tokens.issued, asked(world)) == (2, PAGES + 1)


def test_tokens_that_die_again_and_again(world: World) -> None:
    arrives(world, Fault("expire_tokens", page=2, times=4))
    assert asked(world) <= 3 * PAGES


# --- what stays ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["html", "cut"])
def test_a_school_that_always_fails_is_left_as_it_was(world: World, kind: str) -> None:
    stays_out(world, Fault(kind, school=world.first, times=None))
    assert asked(world) == 3 + 1 + 4 * 2  # four readings, two tries each


def test_a_school_of_which_one_page_always_hangs(world: World) -> None:
    stays_out(world, Fault("hang", school=world.first, page=3, times=None), ESD_TIMEOUT="1", ESD_ATTEMPTS="1")
    assert asked(world) == 3 + 1 + 4 * 3


def test_a_401_that_stays_a_401(world: World) -> None:
    before = world.esd.tokens.issued
    done = fetch(world, Fault("status", status=401, times=None))
    assert done.status == 3
    assert len(done.result["attention"]) == 3
    assert "even with a fresh token" in done.result["attention"][0]
    assert asked(world) <= 3 * 4 * 2  # schools, readings, old and new token
    assert world.esd.tokens.issued - before <= 1 + 3 * 4
    assert world.pipeline.landed() == {}


def test_a_401_for_the_schools_ends_the_run(world: World) -> None:
    done = fetch(world, Fault("status", path="schools$", status=401, times=None))
    assert (done.status, asked(world, SCHOOLS), asked(world, TOKEN)) == (2, 2, 2)
    assert "even with a fresh token" in done.result["error"]
    assert [key.startswith(RUNS) for key in world.pipeline.keys("")] == [True]  # nothing but its record


@pytest.mark.parametrize(("status", "requests", "exit_status"), [(401, 1, 2), (503, 2, 1)])
def test_no_token_ends_the_run(world: World, status: int, requests: int, exit_status: int) -> None:
    done = fetch(world, Fault("status", path="oauth/token", status=status, times=None))
    assert (done.status, asked(world, TOKEN), asked(world, SCHOOLS)) == (exit_status, requests, 0)
    assert f"status {status}" in done.result["error"]


@pytest.mark.parametrize("status", [204, 302])
def test_an_answer_of_another_kind_is_no_list(world: World, status: int) -> None:
    stays_out(world, Fault("status", school=world.first, status=status, times=None))
    assert asked(world) == 3 + 1 + 4


# --- the list of schools ------------------------------------------------------------------------------------


def test_an_empty_list_of_schools_is_a_fault(world: World) -> None:
    done = fetch(world, Fault("no_schools", path="schools$", times=None))
    assert (done.status, asked(world)) == (2, 0)
    assert "no schools" in done.result["error"]
    assert [key.startswith(RUNS) for key in world.pipeline.keys("")] == [True]  # nothing but its record


def schools_answer(monkeypatch: pytest.MonkeyPatch, **paging: Any) -> Fault:
    """A fault that changes what the list of schools says of itself."""

    def told(exchange: Exchange) -> Any:
        answer = exchange.proceed(exchange.request)
        content = orjson.loads(answer.body)
        content["pagingInfo"] |= {name: say(exchange) for name, say in paging.items()}
        return replace(answer, body=orjson.dumps(content), key=None)

    monkeypatch.setitem(KINDS, "schools_say", told)
    return Fault("schools_say", path="schools$", times=None)


def test_a_list_of_schools_without_end_has_an_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    arrives(world, schools_answer(monkeypatch, totalPages=lambda exchange: exchange.request.page + 1))
    assert (asked(world, SCHOOLS), asked(world)) == (2, PAGES)


def test_a_list_of_schools_with_some_missing_needs_a_person(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = fetch(world, schools_answer(monkeypatch, totalCount=lambda _: 89))
    assert (done.status, asked(world)) == (3, PAGES)
    assert done.result["attention"] == ["ESD counts 89 schools and lists 3: the others were not read"]
    assert world.pipeline.load().status == 0
    world.follow()


# --- lists that are not what they say -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["no_page_count", "total_pages"])
def test_a_list_that_tells_of_its_pages_in_another_way(world: World, kind: str) -> None:
    arrives(world, Fault(kind, times=None))
    assert asked(world) == PAGES


@pytest.mark.parametrize("change", ["vanish", None])
def test_bare_lists_page_by_page_are_read_whole(world: World, change: str | None) -> None:
    moves = [Fault("change", school=world.first, page=2, change=change)] if change else []
    arrives(world, *moves, Fault("bare_list", times=None))
    at_rest = 2 * (3 + 1) * 2 + 1  # they end where a page is not full; the pages are read twice
    assert asked(world) == at_rest if change is None else at_rest < asked(world) <= at_rest + 8


def test_a_page_that_repeats_for_ever_ends_in_a_report(world: World) -> None:
    done = stays_out(world, Fault("repeat_page", school=world.first, times=None))
    assert "repeats page" in done.story
    assert asked(world) <= 3 + 1 + 4 * 4


def whole_list(exchange: Exchange) -> Any:
    """Send the whole list, untold, whatever page is asked for."""
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


def test_a_count_without_rows_ends_in_a_report(world: World) -> None:
    stays_out(world, Fault("count_without_rows", school=world.first, times=None))
    assert asked(world) <= 3 + 1 + 4 * 3


def test_one_page_without_its_rows_is_read_again(world: World) -> None:
    arrives(world, Fault("count_without_rows", school=world.first, page=2))
    assert asked(world) <= PAGES + 3 + 5


def test_a_page_cut_to_fewer_rows_is_read_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def shortened(exchange: Exchange) -> Any:
        answer = exchange.proceed(exchange.request)
        content = orjson.loads(answer.body)
        content["periodAttendanceList"].pop()
        return replace(answer, body=orjson.dumps(content), key=None)

    monkeypatch.setitem(KINDS, "short", shortened)
    arrives(
        world, Fault("short", school=world.first, page=2), Fault("short", school=world.schools[1], page=3)
    )
    assert asked(world) <= 2 * PAGES + 5


def test_a_school_that_answers_404_now_keeps_what_it_had(world: World) -> None:
    world.publish()
    assert fetch(world).status == 0
    world.source.set_records(world.first, [])
    assert fetch(world).status == 0
    assert world.pipeline.load().status == 0
    world.follow()


def test_an_api_that_answers_for_today_only_leaves_other_days_alone(world: World) -> None:
    assert fetch(world).status == 0
    world.publish()
    newest = max(day_of(record) for record in world.source.records(world.first))
    changed = [record for record in world.source.records(world.first) if day_of(record) == newest]
    world.source.put(world.first, [record | {"comment": "today"} for record in changed])
    done = fetch(world, ESD_SCHOOL_YEAR_ID="")
    assert (done.status, done.result["objects_written"]) == (0, 1)
    assert world.pipeline.load().status == 0
    world.follow()


def say_no_count(exchange: Exchange) -> Any:
    """Leave the count out."""
    answer = exchange.proceed(exchange.request)
    if answer.status != 200:
        return answer
    content = orjson.loads(answer.body)
    del content["pagingInfo"]["totalCount"]
    return replace(answer, body=orjson.dumps(content), key=None)


@pytest.mark.parametrize("change", ["vanish", "appear", "move", None])
def test_a_list_that_counts_nothing_is_read_whole(
    world: World, monkeypatch: pytest.MonkeyPatch, change: str | None
) -> None:
    monkeypatch.setitem(KINDS, "no_count", say_no_count)
    moves = [Fault("change", school=world.first, page=2, change=change)] if change else []
    arrives(world, Fault("no_count", times=None), *moves, ESD_CONCURRENCY="1")
    at_rest = PAGES + 2 * 3  # the pages are read twice
    assert asked(world) == at_rest if change is None else at_rest < asked(world) <= at_rest + 10


def test_records_without_an_id_that_are_alike_hold_up_nobody(world: World) -> None:
    nameless = {"date": "12-09-2025", "studentId": 5, "comment": "alike"}
    world.publish()
    for _ in range(101):  # on two pages at the least
        world.source.add(world.first, nameless)
    done = fetch(world)
    assert (done.status, done.result["schools_failed"], done.result["quarantined"]) == (3, 0, 101)
    assert len(world.pipeline.quarantined()) == 101
    assert done.result["received"] == done.result["landed"] + 101
    world.compare_landing()


# --- rows that move while they are read ---------------------------------------------------------------------


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
def test_rows_that_move_between_pages(world: World, change: str, concurrency: str) -> None:
    faults = [Fault("change", school=school, page=2, change=change) for school in world.schools[:2]]
    arrives(world, *faults, ESD_CONCURRENCY=concurrency)
    assert asked(world) <= 3 * PAGES


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


def test_rows_that_move_so_that_the_count_stays(world: World) -> None:
    arrives(world, Fault("change", school=world.first, page=2, change=swap), ESD_CONCURRENCY="1")
    assert asked(world) == PAGES + 3


def test_a_landed_row_that_slips_past_the_count_stays(world: World) -> None:
    world.publish()
    assert fetch(world).status == 0
    slips = Fault("change", school=world.first, page=2, change=replace_first)
    arrives(world, slips, ESD_CONCURRENCY="1")
    assert (
        asked(world) == PAGES + 2 * 3
    )  # what slipped is missed, then there; what vanished is there, then missed


def test_a_new_row_that_slips_past_the_count_comes_with_the_next_run(world: World) -> None:
    slips = Fault("change", school=world.first, page=2, change=replace_first)
    assert fetch(world, slips, ESD_CONCURRENCY="1").status == 0
    arrives(world)


def test_landed_rows_go_when_two_readings_lack_them(world: World) -> None:
    world.publish()
    assert fetch(world).status == 0
    records = world.source.records(world.first)
    for record in (records[20], records[250]):
        world.source.remove(world.first, record["id"])
    changed = world.source.records(world.schools[1])[150]
    world.change(world.schools[1], changed["id"], comment="corrected", modifiedOn="2026-06-01T00:00:00Z")
    done = arrives(world)
    assert asked(world) == PAGES + 3
    assert (done.result["objects_written"], done.result["schools_failed"]) == (3, 0)
    assert done.result["received"] == done.result["landed"] == 298 + 300


def moved_beside_a_deleted(world: World) -> int:
    """Delete a record, move another to its date at no newer time; gives the one that moved."""
    records = world.source.records(world.first)
    here, there = (
        next(r for r in records if r["date"] == day) for day in sorted({r["date"] for r in records})[:2]
    )
    world.source.remove(world.first, here["id"])
    world.change(world.first, there["id"], date=here["date"])
    moved: int = there["id"]
    return moved


def test_a_record_that_moved_beside_a_deleted_one_is_there_all_the_time(world: World) -> None:
    world.run()
    moved = moved_beside_a_deleted(world)
    once = Fault("status", school=world.first, page=2, skip=1, times=None)  # one whole reading, no second
    done = fetch(world, once)
    assert (done.status, done.result["objects_written"]) == (3, 0)
    assert world.pipeline.load().status == 0
    assert moved in world.pipeline.table()
    arrives(world)


def test_what_is_written_in_two_readings_is_counted_once(world: World) -> None:
    world.run()
    moved_beside_a_deleted(world)
    world.source.add(
        world.first, {**world.source.records(world.first)[0], "id": 900_001, "date": "01-15-2026"}
    )
    objects = len(world.pipeline.keys(LANDING)) + 1
    for flags in (("--dry-run",), ()):
        result = world.pipeline.fetch(*flags, **QUICK).result
        counts = [result[f"objects_{became}"] for became in ("written", "unchanged", "superseded", "left")]
        assert counts == [3, objects - 3, 0, 0]


def test_rows_that_go_while_a_school_is_read_again_go_with_a_third_reading(world: World) -> None:
    world.publish()
    assert fetch(world).status == 0
    world.source.remove(world.first, world.source.records(world.first)[20]["id"])
    goes = Fault("change", school=world.first, page=1, change="vanish", skip=1)
    arrives(world, goes, ESD_CONCURRENCY="1")


def test_a_list_that_never_rests_is_left_as_it_was(world: World) -> None:
    world.publish()
    assert fetch(world).status == 0
    moving = Fault("change", school=world.first, page=2, change="vanish", times=None)
    done = fetch(world, moving, ESD_CONCURRENCY="1")
    assert done.status == 3
    assert asked(world) <= 3 + 1 + 4 * (3 + 5)
    assert world.pipeline.load().status == 0
    world.follow(failed=[world.first])
    arrives(world)
