"""Which pages of a school are asked for, and what counts as a gap."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attendance_common.errors import SourceError
from attendance_common.fetch.packed_pages import PackedPage, absent_page
from attendance_common.fetch.page import Page
from attendance_common.fetch.reading import Reading, reading_again, recent_reading, whole_reading
from attendance_common.fetch.sorting import does_sort
from tests.pages import Answer, answers, finish, page_of, reading_of, rows_of
from tests.samples import SCHOOL

GONE = SourceError("status 503, after 6 tries")


def asked(reading: Reading) -> list[int]:
    return sorted({*reading.pages, *reading.progress.failed, *reading.progress.refused})


# --- whole lists --------------------------------------------------------------------------------------------

SEVEN = [*range(1, 8)]

WHOLE: dict[str, tuple[list[Answer], list[int], list[int]]] = {
    "one page": ([page_of([1, 2], 2, 1)], [1, 2], [1, 2]),
    "three pages": ([page_of(ids, 7, 3) for ids in ([1, 2, 3], [4, 5, 6], [7])], [1, 2, 3, 4], SEVEN),
    "counted only": ([page_of(ids, 5) for ids in ([1, 2, 3], [4, 5])], [1, 2, 3], [*range(1, 6)]),
    "counted, fewer a page": ([page_of(ids, 4) for ids in ([1, 2], [3, 4])], [1, 2, 3], [1, 2, 3, 4]),
    "nothing stated": ([page_of(ids) for ids in ([1, 2, 3], [4])], [1, 2, 3], [1, 2, 3, 4]),
    "the same list for every page": ([page_of([1, 2])] * 9, [1, 2], [1, 2]),
    "too small a page count": (
        [page_of(ids, 3, 1) for ids in ([1, 2, 3], [4, 5, 6], [7])],
        [1, 2, 3, 4],
        SEVEN,
    ),
    "a capped count": ([page_of(ids, 3) for ids in ([1, 2, 3], [4, 5, 6], [7])], [1, 2, 3, 4], SEVEN),
    "no records, nothing stated": ([absent_page()], [1], []),
    "no records, counted": ([page_of([], 0, 0)], [1], []),
    "a page without news between": (
        [page_of(ids, 9, 4) for ids in ([1, 2, 3], [1, 2, 3], [4, 5, 6], [7])],
        [1, 2, 3, 4, 5],
        SEVEN,
    ),
    "two empty pages between": (
        [page_of(ids, 9, 4) for ids in ([1, 2, 3], [], [], [7])],
        [1, 2, 3, 4, 5],
        [1, 2, 3, 7],
    ),
    "three pages without news": (
        [page_of(ids, 99, 33) for ids in ([1, 2, 3], [], [1, 2], [3], [4, 5])],
        [1, 2, 3, 4],
        [1, 2, 3],
    ),
    "it grows while it is read": (
        [page_of([1, 2, 3], 3, 1), page_of([4], 4, 2)],
        [1, 2, 3],
        [1, 2, 3, 4],
    ),
    "records alone that cannot be landed": ([page_of([], 2, 1, bad=[None, 8])], [1, 2], []),
}  # fmt: skip


@pytest.mark.parametrize(("pages", "numbers", "ids"), WHOLE.values(), ids=WHOLE.keys())
def test_a_whole_list_is_read_to_its_end(pages: Sequence[Answer], numbers: list[int], ids: list[int]) -> None:
    reading = reading_of(*pages)
    assert (asked(reading), reading.gaps) == (numbers, {})
    assert sorted(rows_of(reading)["id"]) == ids


def test_pages_counted_of_and_the_first_behind_them_are_asked_for_at_once() -> None:
    reading = whole_reading(SCHOOL, 3)
    assert (reading.next_page(), reading.next_page()) == (1, None)
    reading.add(1, PackedPage(page_of([1, 2, 3], 7, 3)))
    assert [reading.next_page() for _ in range(4)] == [2, 3, 4, None]
    reading.add(4, PackedPage(page_of([8], 7, 3)))
    assert reading.next_page() is None  # the page behind brought something, but not all have come
    reading.add(2, PackedPage(page_of([4, 5, 6], 7, 3)))
    reading.add(3, PackedPage(page_of([7], 7, 3)))
    assert (reading.next_page(), reading.finished) == (5, False)


def test_a_page_that_never_ends_is_asked_for_three_times_more() -> None:
    reading = finish(whole_reading(SCHOOL, 3), lambda number: page_of([1, 2, 3], 99, number + 1))
    assert asked(reading) == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("pages", "gaps"),
    [
        ([page_of([1, 2, 3], 7, 3), GONE, page_of([7], 7, 3)], [2]),
        ([GONE], [1]),
        ([page_of([1, 2, 3], 3, 1), GONE], []),  # behind the pages announced, and nothing is lacking
        ([page_of([1, 2, 3], 4, 1), GONE], [2]),  # one record is lacking
        ([page_of([1, 2, 3], 3), GONE], [2]),  # no number of pages was stated
    ],
)
def test_a_page_that_cannot_be_had_is_a_gap(pages: Sequence[Answer], gaps: list[int]) -> None:
    assert sorted(reading_of(*pages).gaps) == gaps


@pytest.mark.parametrize(("stated", "gaps"), [(1, []), (2, [2])])
def test_a_refusal_is_the_end_of_the_list_or_a_gap_in_it(stated: int, gaps: list[int]) -> None:
    reading = whole_reading(SCHOOL, 3)
    reading.next_page()
    reading.add(1, PackedPage(page_of([1, 2, 3], 3, stated)))
    while (number := reading.next_page()) is not None:
        reading.fail(number, "refused with status 400", refused=True)
    assert (reading.finished, sorted(reading.gaps)[:1]) == (True, gaps)


def test_after_the_fourth_gap_no_further_page_is_asked_for() -> None:
    first: Page = page_of([1, 2, 3], 300, 100)
    reading = finish(whole_reading(SCHOOL, 3), lambda number: first if number == 1 else GONE)
    assert sorted(reading.gaps) == [2, 3, 4, 5]


# --- the newest pages ---------------------------------------------------------------------------------------


def day(number: int) -> dt.date:
    return dt.date(2025, 12, 1) + dt.timedelta(days=number)


def newest_first(days: int, *, count: bool = True) -> list[Page]:
    """A page for each day, the newest first."""
    numbers = range(days, 0, -1)
    return [
        page_of([10 * n, 10 * n + 1], 2 * days if count else None, days=[day(n), day(n)]) for n in numbers
    ]


@pytest.mark.parametrize(
    ("since", "numbers"), [(8, [1, 2, 3, 4, 10]), (20, [1, 10]), (2, [*range(1, 11)]), (-5, [*range(1, 12)])]
)
def test_each_recent_page_is_asked_for_once_and_then_the_last(since: int, numbers: list[int]) -> None:
    reading = finish(recent_reading(SCHOOL, 2, day(since)), answers(*newest_first(10)))
    assert asked(reading) == numbers


def test_where_nothing_tells_of_a_last_page_none_is_asked_for() -> None:
    reading = finish(recent_reading(SCHOOL, 2, day(8)), answers(*newest_first(10, count=False)))
    assert asked(reading) == [1, 2, 3, 4]


def at(hour: int) -> dt.datetime:
    return dt.datetime(2025, 12, 9, hour)


def modified(hours: list[int | None], count: int) -> Page:
    """A page of records that were modified at these hours."""
    page = page_of([*range(len(hours))], count)
    times = [None if hour is None else f"{at(hour)}.000000" for hour in hours]
    rows = page.rows.with_columns(
        pl.Series("id", [hash(str(hours)) + n for n in range(len(hours))]),
        pl.Series("modified_on", times, dtype=pl.String),
    )
    return Page(rows, (), page.paging)


@pytest.mark.parametrize(
    ("hours", "numbers", "sorts"),
    [
        ([[9, 8], [7, None], [5, 4], [3, 2]], [1, 2, 3, 4], True),
        ([[9, 8], [5, 4], [3, 2], [1, None]], [1, 2, 4], True),
        ([[8, 9], [5, 4], [3, 2]], [1, 2, 3], False),
        ([[9, 8], [5, 4], [3, 2], [9, 1]], [1, 2, 4], False),
        ([[None, None], [None, None]], [1, 2], True),
    ],
)
def test_what_was_modified_last_is_read_back_to_a_time(
    hours: list[list[int | None]], numbers: list[int], sorts: bool
) -> None:
    pages = [modified(page, 2 * len(hours)) for page in hours]
    reading = finish(recent_reading(SCHOOL, 2, at(6)), answers(*pages))
    assert (asked(reading), does_sort(reading)) == (numbers, sorts)


def test_recent_pages_come_one_after_another() -> None:
    reading = recent_reading(SCHOOL, 2, day(8))
    assert (reading.next_page(), reading.next_page()) == (1, None)


def test_a_gap_among_the_recent_pages_does_not_end_them() -> None:
    pages: list[Answer] = [*newest_first(10)]
    pages[1] = GONE
    reading = finish(recent_reading(SCHOOL, 2, day(8)), answers(*pages))
    assert (asked(reading), sorted(reading.gaps)) == ([1, 2, 3, 4, 10], [2])


# --- chosen pages -------------------------------------------------------------------------------------------


def test_chosen_pages_are_all_asked_for() -> None:
    first = reading_of(*(page_of(ids, 7, 3) for ids in ([1, 2, 3], [4, 5, 6], [7])))
    again = reading_again(first, [2, 4])
    assert [again.next_page() for _ in range(3)] == [2, 4, None]


def test_a_chosen_page_that_cannot_be_had_is_a_gap() -> None:
    first = reading_of(*(page_of(ids, 7, 3) for ids in ([1, 2, 3], [4, 5, 6], [7])))
    assert sorted(finish(reading_again(first, [2, 3]), lambda _: GONE).gaps) == [2, 3]


@pytest.mark.parametrize("refused", [False, True])
def test_a_chosen_page_behind_those_announced_is_a_gap_as_well(refused: bool) -> None:
    first = reading_of(*(page_of(ids, 7, 1) for ids in ([1, 2, 3], [4, 5, 6], [7])))
    again = reading_again(first, [2, 3])
    while (number := again.next_page()) is not None:
        again.fail(number, "status 503", refused=refused)
    assert sorted(again.gaps) == [2, 3]


# --- any list at rest ---------------------------------------------------------------------------------------


@given(
    st.lists(st.integers(1, 60), unique=True, max_size=30),
    st.integers(1, 7),
    st.sampled_from(["both", "count", "pages", "nothing"]),
)
@settings(max_examples=150, deadline=None)
def test_a_list_at_rest_is_read_whole_with_one_request_more_than_it_has_pages(
    ids: list[int], size: int, telling: str
) -> None:
    pages = [ids[start : start + size] for start in range(0, len(ids), size)]
    count = len(ids) if telling in ("both", "count") else None
    stated = len(pages) if telling in ("both", "pages") else None
    reading = reading_of(*(page_of(each, count, stated) for each in pages), size=size)
    assert sorted(rows_of(reading)["id"]) == sorted(ids)
    assert len(asked(reading)) == len(pages) + 1
