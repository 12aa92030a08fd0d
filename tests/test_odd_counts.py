"""Pages and totals that disagree, at a real source: all records come, and what does not come is reported."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from attendance_common.fetch.proof import can_be_proved
from attendance_common.fetch.readers import PageCame, Task, reader_of, take_in
from attendance_common.fetch.reading import Reading, recent_reading, whole_reading
from attendance_common.fetch.sorting import does_sort
from tests.esd_api import api_for, fresh, settings_for
from tests.pipeline import Finished
from tests.sandbox.esd import EsdServer, Fault, Source
from tests.world import World

SCHOOL, SIZE, RECORDS = 12549, 100, 250
LONG_AGO = dt.date(2000, 1, 1)


@pytest.fixture(scope="module")
def running_server() -> Iterator[EsdServer]:
    with EsdServer(Source.generate(1, RECORDS, days=5)) as server:
        yield server


@pytest.fixture
def server(running_server: EsdServer, monkeypatch: pytest.MonkeyPatch) -> EsdServer:
    running_server.reset()
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    return running_server


def whole() -> Reading:
    return whole_reading(SCHOOL, SIZE)


def recent() -> Reading:
    return recent_reading(SCHOOL, SIZE, LONG_AGO)


KINDS_OF_READING = pytest.mark.parametrize("start", [whole, recent])


def read(server: EsdServer, reading: Reading, *faults: Fault) -> Reading:
    """Read the school through these faults, page after page."""
    server.faults.add(*faults)
    options: dict[str, Any] = {"page_size": SIZE, "concurrency": 1, "attempts": 1}
    one_page = reader_of(api_for(server, **options), settings_for(server, **options), {})
    while (number := reading.next_page()) is not None:
        task = Task(reading, number)
        try:
            take_in(PageCame(task, one_page(task)))
        except Exception as error:  # noqa: BLE001 - as the threads hand it over
            take_in(PageCame(task, error))
    return reading


def everything_came(server: EsdServer, reading: Reading) -> bool:
    return set(reading.contents.newest["id"]) == {each["id"] for each in server.source.records(SCHOOL)}


def stating(paging: object, page: int | None = None) -> Fault:
    """Say this in place of the paging."""
    return Fault("paging", times=None, paging=paging, page=page)


def rewritten(change: Callable[[dict[str, Any]], object], page: int | None = None) -> Fault:
    return Fault("rewrite", times=None, rewrite=change, page=page)


def paged(*sizes: int) -> list[Fault]:
    """Pages of these sizes, whatever size is asked for, and none behind them; to stand first."""
    starts = [sum(sizes[:place]) for place in range(len(sizes) + 1)]

    def cut(start: int, size: int) -> Callable[[dict[str, Any]], object]:
        def edit(content: dict[str, Any]) -> object:
            return content | {"periodAttendanceList": content["periodAttendanceList"][start : start + size]}

        return edit

    everything = [Fault("page_size", times=None, size=RECORDS), Fault("same_page", times=None)]
    cuts = [
        rewritten(cut(start, size), page)
        for page, (start, size) in enumerate(zip(starts, [*sizes, 0], strict=True), 1)
    ]
    behind = [rewritten(cut(0, 0), page) for page in range(len(sizes) + 2, len(sizes) + 6)]
    return [*cuts, *behind, *everything]


def without_paging(content: dict[str, Any]) -> object:
    return {name: value for name, value in content.items() if name != "pagingInfo"}


def renamed(content: dict[str, Any]) -> object:
    return {"periodAttendance": content["periodAttendanceList"], "pagingInfo": content["pagingInfo"]}


def with_null_list(content: dict[str, Any]) -> object:
    return renamed(content) | {"periodAttendanceList": None}  # type: ignore[operator]


COMPLETE: dict[str, Sequence[Fault]] = {
    "right": [],
    "no paging": [rewritten(without_paging)],
    "null": [stating(None)],
    "a list": [stating([3, 250])],
    "text": [stating("3 of 3")],
    "empty": [stating({})],
    "null totals": [stating({"pageCount": None, "totalPages": None, "totalCount": None})],
    "no page, but a count": [stating({"pageCount": 0, "totalCount": 250})],
    "no page and no count": [stating({"pageCount": 0, "totalCount": 0})],
    "too few pages": [stating({"pageCount": 1})],
    "too few pages, counted": [stating({"pageCount": 1, "totalCount": 250})],
    "too few pages in one of two": [stating({"pageCount": 1, "totalPages": 3})],
    "too few pages in the other": [stating({"pageCount": 3, "totalPages": 1})],
    "too few counted": [stating({"totalCount": 100})],
    "too few of both": [stating({"totalCount": 100, "pageCount": 1})],
    "too many pages": [stating({"pageCount": 10**9, "totalCount": 250})],
    "too many pages, not counted": [stating({"pageCount": 10**9})],
    "no number of pages can be so large": [stating({"pageCount": 2**63, "totalCount": 250})],
    "as text": [stating({"pageCount": "3", "totalCount": "250"})],
    "as floats": [stating({"pageCount": 3.0, "totalCount": 250.0})],
    "as other text": [stating({"pageCount": "three", "totalCount": "2.5e2"})],
    "negative": [stating({"pageCount": -1, "totalCount": -250})],
    "on the first page alone": [stating({}, page) for page in range(2, 6)],
    "on the last page alone": [stating({}, page) for page in (1, 2, 4, 5)],
    "of the page": [
        stating({"totalCount": count}, page) for page, count in enumerate((100, 100, 50), start=1)
    ],
    "growing": [stating({"pageCount": page, "totalCount": 100 * page}, page) for page in (1, 2)],
    "shrinking": [stating({"pageCount": 9, "totalCount": 900}, 1), stating({"pageCount": 4}, 2)],
    "pages of 50": [Fault("page_size", times=None, size=50)],
    "pages of 50, stated as if they were of 100": [
        stating({"pageCount": 3, "totalCount": 250}),
        Fault("page_size", times=None, size=50),
    ],
    "pages of 500": [Fault("page_size", times=None, size=500)],
    "pages of 100, 99, 51": [stating({"totalCount": 250}), *paged(100, 99, 51)],
    "pages of 1, 200, 49": [stating({"totalCount": 250}), *paged(1, 200, 49)],
    "an empty page in the middle": [stating({"totalCount": 250, "pageCount": 4}), *paged(100, 0, 100, 50)],
    "an empty page first": [stating({"totalCount": 250, "pageCount": 4}), *paged(0, 100, 100, 50)],
    "an empty page in the middle, no page stated": [
        stating({"totalCount": 250, "pageCount": 0}),
        *paged(100, 0, 150),
    ],
    "under another name": [rewritten(renamed)],
    "under another name, the first is null": [rewritten(with_null_list)],
    "a bare list": [Fault("bare_list", times=None)],
    "refused behind": [Fault("status", page=4, times=None, status=400)],
    "not stated, 404 behind": [stating(None), Fault("status", page=4, times=None, status=404)],
}  # fmt: skip


@KINDS_OF_READING
@pytest.mark.parametrize("faults", COMPLETE.values(), ids=COMPLETE.keys())
def test_everything_comes_and_nothing_is_reported(
    server: EsdServer, start: Callable[[], Reading], faults: Sequence[Fault]
) -> None:
    reading = read(server, start(), *map(fresh, faults))
    assert everything_came(server, reading)
    assert (reading.gaps, reading.short) == ({}, 0)
    assert len(server.traffic.log) <= 1 + 9


# --- what does not come -------------------------------------------------------------------------------------

LACKING: dict[str, tuple[Sequence[Fault], int]] = {
    "counted": ([], 150),
    "one page stated": ([stating({"pageCount": 1, "totalCount": 250})], 150),
    "as text": ([stating({"totalCount": "250"})], 150),
    "as a float": ([stating({"totalCount": 250.0})], 150),
    "pages alone": ([stating({"pageCount": 3})], 200),
    "a thousand million pages": ([stating({"pageCount": 10**9, "totalCount": 250})], 150),
}


@pytest.mark.parametrize(("faults", "short"), LACKING.values(), ids=LACKING.keys())
def test_a_source_that_ignores_the_page_sends_fewer_than_it_tells_of(
    server: EsdServer, faults: Sequence[Fault], short: int
) -> None:
    reading = read(server, whole(), *map(fresh, faults), Fault("same_page", times=None))
    assert (reading.contents.newest.height, reading.gaps, reading.short) == (100, {}, short)
    assert not can_be_proved(reading)
    assert len(server.traffic.log) <= 1 + 6


def test_a_source_that_ignores_the_page_and_tells_nothing_lacks_nothing(server: EsdServer) -> None:
    reading = read(server, whole(), stating(None), Fault("same_page", times=None))
    assert (reading.contents.newest.height, reading.short, sorted(reading.pages)) == (100, 0, [1, 2])


@pytest.mark.parametrize("pages", [2, 3, 4, 9])
def test_pages_counted_of_that_repeat_one_another_prove_nothing(server: EsdServer, pages: int) -> None:
    ignored = Fault("same_page", times=None)
    assert not can_be_proved(read(server, whole(), stating({"pageCount": pages}), ignored))
    server.faults.clear()
    assert not can_be_proved(read(server, whole(), stating({"pageCount": pages, "totalCount": 250}), ignored))
    server.faults.clear()
    counted = stating({"pageCount": pages, "totalCount": 100})
    assert can_be_proved(read(server, whole(), counted, Fault("same_page", times=None)))


def test_pages_that_are_counted_from_0_lack_the_first_one(server: EsdServer) -> None:
    reading = read(server, whole(), Fault("from_page_0", times=None))
    assert (reading.contents.newest.height, reading.gaps, reading.short) == (150, {}, 100)


def test_a_count_of_more_than_there_is_is_short(server: EsdServer) -> None:
    reading = read(server, whole(), stating({"pageCount": 3, "totalCount": 10**17}))
    assert (everything_came(server, reading), reading.short) == (True, 10**17 - 250)


def test_a_recent_reading_that_ends_where_it_was_to_is_not_short(server: EsdServer) -> None:
    since = dt.date.fromisoformat(server.source.today)
    reading = read(
        server, recent_reading(SCHOOL, SIZE, since), stating({"pageCount": 3, "totalCount": 10**6})
    )
    assert (sorted(reading.pages), reading.short, does_sort(reading)) == ([1, 3], None, True)


@KINDS_OF_READING
@pytest.mark.parametrize("pages", [None, {"pageCount": 1}, {"pageCount": 3}])
def test_a_page_that_fails_is_a_gap_whatever_number_of_pages_was_stated(
    server: EsdServer, start: Callable[[], Reading], pages: object
) -> None:
    reading = read(server, start(), stating(pages), Fault("status", page=3, times=None))
    assert (list(reading.gaps), reading.short) == ([3], None)


# --- in a run -----------------------------------------------------------------------------------------------


def fetch(world: World, *faults: Fault, flags: tuple[str, ...] = ()) -> Finished:
    world.esd.faults.add(*faults)
    done = world.pipeline.fetch(*flags, ESD_PAGE_SIZE="100", ESD_ATTEMPTS="1")
    world.esd.faults.clear()
    return done


@pytest.mark.parametrize(
    ("paging", "said"),
    [
        ({"totalCount": 300}, "the source counts 300 records and sends 100"),
        ({"pageCount": 3}, "the source sends a page again in place of others, with at least 200 records"),
    ],
)
def test_a_source_that_ignores_the_page_is_reported_once_and_nothing_leaves(
    world: World, paging: object, said: str
) -> None:
    assert fetch(world).status == 0
    world.publish()
    faults = [
        Fault("paging", school=world.first, times=None, paging=paging),
        Fault("same_page", school=world.first, times=None),
    ]
    done = fetch(world, *faults)
    assert (done.status, done.result["removed"]) == (3, 0), done.story
    [sentence] = done.result["attention"]
    assert sentence.startswith(
        f"school {world.first}: {said}: what came is landed; ask the source's operator"
    )
    world.compare_landing()
    again = fetch(world, *faults)
    assert (again.status, again.result["standing"]) == (0, 1)


def test_a_recent_run_tells_of_a_school_that_counts_and_sends_nothing(world: World) -> None:
    done = fetch(world, Fault("count_without_rows", school=world.first, times=None), flags=("--days", "9000"))
    assert done.status == 3, done.story
    [sentence] = done.result["attention"]
    assert sentence.startswith(f"school {world.first}: the source counts 100 records and sends 0")
