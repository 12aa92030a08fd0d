"""Faults at the source, each against a run of the real fetcher: what may pass is waited out, what stays ends
in a report after a bounded number of requests, what was read is landed, and nothing leaves without proof."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
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
PAGES = 4 + 4 + 1  # two schools with 300 records in pages of 100 and one behind them, a school without
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


def lands(world: World, *faults: Fault, **variables: str) -> Finished:
    """Everything is landed in spite of the faults."""
    done = fetch(world, *faults, **variables)
    assert done.status == 0, done.story
    world.publish()
    world.compare_landing()
    return done


def stays_out(world: World, *faults: Fault, **variables: str) -> Finished:
    """The first school cannot be read, is left as it was and named; the rest is landed and loaded."""
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
    assert asked(world, TOKEN) + asked(world, SCHOOLS) == 1 + 3 + sum(not fault.page for fault in faults)


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
    assert asked(world) == 4 + 1 + 1
    assert done.result["seconds"] < 3600


def test_a_token_that_dies_earlier_than_it_said(world: World) -> None:
    arrives(world, Fault("expire_tokens", page=2), ESD_CONCURRENCY="1")
    # A new token that is refused is tried once more: not all servers may know it.
    assert (world.esd.tokens.issued, asked(world)) == (2, PAGES + 2)


def test_tokens_that_die_again_and_again(world: World) -> None:
    arrives(world, Fault("expire_tokens", page=2, times=4))
    assert asked(world) <= 3 * PAGES


# --- what stays ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["html", "cut"])
def test_a_school_that_always_fails_is_left_as_it_was(world: World, kind: str) -> None:
    stays_out(world, Fault(kind, school=world.first, times=None))
    assert asked(world) == 4 + 1 + 2  # two tries of the first page


def with_a_gap(world: World, *faults: Fault, pages: Sequence[int], **variables: str) -> Finished:
    """What was read of the first school is landed, nothing of it leaves, and the gap is named."""
    world.publish()
    assert fetch(world).status == 0
    records = world.source.records(world.first)
    world.source.remove(world.first, records[5]["id"])  # on the first page
    world.change(world.first, records[299]["id"], comment="corrected", modifiedOn="2026-06-01T00:00:00Z")
    done = fetch(world, *faults, **variables)
    assert (done.status, done.result["schools_failed"], done.result["removed"]) == (3, 0, 0), done.story
    [sentence] = done.result["attention"]
    assert sentence.startswith(f"school {world.first} was read with a gap (")
    assert [page for page in range(1, 9) if f"page {page}: " in sentence] == list(pages)
    read = [row for row in world.source.records(world.first) if row["comment"] == "corrected"]
    world.landed.publish_part(world.first, read if 3 not in pages else [])
    world.landed.publish(world.schools[1], world.source.records(world.schools[1]))
    world.compare_landing()
    return done


def test_a_page_that_always_hangs_is_a_gap(world: World) -> None:
    gap = Fault("hang", school=world.first, page=2, times=None)
    with_a_gap(world, gap, pages=[2], ESD_TIMEOUT="1", ESD_ATTEMPTS="1")
    assert asked(world) == PAGES
    arrives(world)


@pytest.mark.parametrize("status", [400, 500])
def test_a_page_that_is_refused_though_it_was_told_of_is_a_gap(world: World, status: int) -> None:
    with_a_gap(world, Fault("status", school=world.first, page=2, status=status, times=None), pages=[2])
    arrives(world)


def deeply_nested(exchange: Exchange) -> Any:
    """Send a record that no decoder reads."""
    answer = exchange.proceed(exchange.request)
    body = answer.body.replace(b'"comment":null', b'"comment":' + b"[" * 5000 + b"]" * 5000, 1)
    return replace(answer, body=body, key=None)


def test_a_record_that_no_decoder_reads_costs_itself_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "deep", deeply_nested)
    assert fetch(world).status == 0
    world.publish()
    done = fetch(world, Fault("deep", school=world.first, page=2, times=None))
    told = (done.status, done.result["quarantined_new"], done.result["removed"])
    assert told == (3, 1, 0), done.story
    [sentence] = done.result["attention"]
    assert "new in quarantine" in sentence
    world.compare_landing()  # it keeps its last good version
    arrives(world)


@pytest.mark.parametrize("status", [400, 404, 416])
def test_a_refusal_behind_the_pages_counted_of_is_the_end(world: World, status: int) -> None:
    arrives(world, Fault("status", page=4, status=status, times=None))
    assert asked(world) == PAGES


def test_a_404_among_the_pages_counted_of_is_a_gap(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "no_count", say_no_count)
    refusal = Fault("status", school=world.first, page=2, status=404, times=None)
    with_a_gap(world, refusal, Fault("no_count", times=None), pages=[2])
    done = fetch(world, refusal)
    assert done.status == 3
    world.esd.faults.add(refusal)
    assert world.pipeline.fetch("--days", "5000", **QUICK).status == 3


@pytest.mark.parametrize("date", ["12-31-9999", "01-01-0001"])
def test_a_record_of_the_first_or_the_last_day_of_all_is_landed(world: World, date: str) -> None:
    record = world.source.records(world.first)[150]
    world.change(world.first, record["id"], date=date, modifiedOn="2026-06-01T00:00:00Z")
    lands(world)
    arrives(world)


def test_a_page_behind_that_cannot_be_had_is_no_gap_when_nothing_is_lacking(world: World) -> None:
    arrives(world, Fault("status", page=4, status=500, times=None))
    assert asked(world) == PAGES + 2


def test_after_four_gaps_no_further_page_of_the_school_is_asked_for(world: World) -> None:
    faults = [Fault("status", school=world.first, page=n, status=500, times=None) for n in range(2, 31)]
    done = fetch(world, *faults, ESD_PAGE_SIZE="10", ESD_ATTEMPTS="1", ESD_CONCURRENCY="1")
    assert (done.status, done.result["landed"]) == (3, 310)
    assert asked(world) <= 31 + 1 + 1 + 4 + 2  # some had been asked for before the fourth failed


def test_a_401_that_stays_a_401(world: World) -> None:
    before = world.esd.tokens.issued
    done = fetch(world, Fault("status", status=401, times=None))
    assert done.status == 3
    assert len(done.result["attention"]) == 3
    assert "even with a fresh token" in done.result["attention"][0]
    assert asked(world) <= 3 * 10  # schools, tries of each
    assert world.esd.tokens.issued - before <= 6  # few, though each try is refused
    assert world.pipeline.landed() == {}


def test_a_401_for_the_schools_ends_the_run(world: World) -> None:
    done = fetch(world, Fault("status", path="schools$", status=401, times=None))
    assert done.status == 2
    assert 5 <= asked(world, SCHOOLS) <= 10
    assert 2 <= asked(world, TOKEN) <= 5
    assert "even with a fresh token" in done.result["error"]
    assert [key.startswith(RUNS) for key in world.pipeline.keys("")] == [True]  # nothing but its record


@pytest.mark.parametrize(("status", "requests", "exit_status"), [(401, 1, 2), (503, 2, 1)])
def test_no_token_ends_the_run(world: World, status: int, requests: int, exit_status: int) -> None:
    done = fetch(world, Fault("status", path="oauth/token", status=status, times=None))
    assert (done.status, asked(world, TOKEN), asked(world, SCHOOLS)) == (exit_status, requests, 0)
    assert f"status {status}" in done.result["error"]


def test_a_redirect_is_no_list(world: World) -> None:
    stays_out(world, Fault("status", school=world.first, status=302, times=None))
    assert asked(world) == 4 + 1 + 1


# --- the list of schools ------------------------------------------------------------------------------------


def test_an_empty_list_of_schools_is_a_fault(world: World) -> None:
    done = fetch(world, Fault("no_schools", path="schools$", times=None))
    assert (done.status, asked(world)) == (2, 0)
    assert "no schools" in done.result["error"]
    assert [key.startswith(RUNS) for key in world.pipeline.keys("")] == [True]  # nothing but its record


# --- lists that are not what they say -----------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["no_page_count", "total_pages"])
def test_a_list_that_tells_of_its_pages_in_another_way(world: World, kind: str) -> None:
    arrives(world, Fault(kind, times=None))
    assert asked(world) == PAGES


def test_bare_lists_page_by_page_are_read_whole(world: World) -> None:
    arrives(world, Fault("bare_list", times=None))
    assert asked(world) == PAGES


def test_a_page_that_repeats_for_ever_is_landed_once_and_told(world: World) -> None:
    # One request at a time: else how many pages were asked for before depends on which answer comes first.
    done = fetch(world, Fault("repeat_page", school=world.first, times=None), ESD_CONCURRENCY="1")
    assert (done.status, done.result["landed"]) == (3, 100 + 300), done.story
    [sentence] = done.result["attention"]
    assert sentence.startswith(shortage(world, 300, 100))
    assert asked(world) <= 2 * (4 + 2) + 4 + 1  # three in a row bring nothing new; some were asked for before


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


def shortage(world: World, counted: int, sent: int) -> str:
    told = f"school {world.first}: the source counts {counted} records and sends {sent}: what came is landed"
    return f"{told}; ask the source's operator for the others (since "


def test_a_count_without_rows_is_read_twice_and_told(world: World) -> None:
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


def test_a_shortage_that_lasts_is_told_once_and_read_once_from_then_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "short", shortened)
    short = Fault("short", school=world.first, page=2, times=None)
    records = world.source.records(world.first)
    told = fetch(world, replace(short))
    assert (told.status, asked(world)) == (3, PAGES + 4)
    assert [each.startswith(shortage(world, 300, 299)) for each in told.result["attention"]] == [True]
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


def say_no_count(exchange: Exchange) -> Any:
    """Leave the count out."""
    answer = exchange.proceed(exchange.request)
    if answer.status != 200:
        return answer
    content = orjson.loads(answer.body)
    del content["pagingInfo"]["totalCount"]
    return replace(answer, body=orjson.dumps(content), key=None)


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
    assert len(world.pipeline.quarantined()) == 1
    assert done.result["received"] == done.result["landed"] + 101 == done.result["landed"] + 1 + 100
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
def test_rows_that_move_between_pages_come_with_the_next_run(
    world: World, change: str, concurrency: str
) -> None:
    faults = [Fault("change", school=school, page=2, change=change) for school in world.schools[:2]]
    done = fetch(world, *faults, ESD_CONCURRENCY=concurrency)
    assert done.status == 0
    # A row that came may begin a fourth page, and be counted and lacking: then both schools are read twice,
    # four pages and the one behind them each time.
    assert PAGES <= asked(world) <= 2 * 2 * 5 + 1
    lands_now = {row["id"] for rows in world.pipeline.landed().values() for row in rows}
    there = {each["id"] for school in world.schools for each in world.source.records(school)}
    assert len(there - lands_now) <= 4  # of each school the one that came, and one that slipped
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
    ids = {row["id"] for rows in world.pipeline.landed().values() for row in rows}
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
    assert (done.result["removed"], world.pipeline.landed()[date(2025, 12, 3), world.first]) == (10, [])
    before = world.pipeline.keys(LANDING)
    lands(world)
    assert world.pipeline.keys(LANDING) == before


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
    before = {row["id"] for rows in world.pipeline.landed().values() for row in rows}
    moving = Fault("change", school=world.first, page=2, change="vanish", times=None)
    done = fetch(world, moving, ESD_CONCURRENCY="1")
    assert asked(world) <= PAGES + 4
    assert done.result["removed"] == 0
    assert before == {row["id"] for rows in world.pipeline.landed().values() for row in rows}
    arrives(world)
