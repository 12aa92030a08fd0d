"""A school's newest pages: dates that were seen completely, and proof that they were."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attendance_common.fetch.completeness import RecentReading, SchoolReading
from attendance_common.fetch.packed_pages import HeldPage, absent_page
from attendance_common.fetch.page import Page, Paging
from tests.pages import BEGUN, page_of, rejected
from tests.samples import SCHOOL

FIRST = dt.date(2025, 12, 1)


def day(number: int) -> dt.date:
    """Day 0 is a Monday in December; the months that follow tell a date from its text."""
    return FIRST + dt.timedelta(days=number)


Listed = list[tuple[int, int]]  # day and id, as the list has them


@dataclass
class DatedSource:
    """A school's list, newest first unless `order` says otherwise; it changes after the requests named."""

    rows: Listed
    size: int = 3
    order: str = "by date"
    telling: str = "count"
    changes: dict[int, Any] = field(default_factory=dict)
    asked: list[int] = field(default_factory=list)
    bad: set[int] = field(default_factory=set)

    def listed(self) -> Listed:
        if self.order == "by id":
            return sorted(self.rows, key=lambda row: row[1])
        if self.order == "by text":
            return sorted(self.rows, key=lambda row: (f"{day(row[0]):%m-%d-%Y}", row[1]), reverse=True)
        return sorted(self.rows, reverse=self.order == "by date")

    def serve(self, number: int) -> Page:
        self.asked.append(number)
        here = self.listed()[(number - 1) * self.size : number * self.size]
        if not here and self.telling == "nothing":
            page = absent_page(number)
        else:
            paging = Paging(count=len(self.rows) if self.telling == "count" else None)
            page = Page(_rows(here, self.bad), tuple(rejected(i) for _, i in here if i in self.bad), paging)
        if change := self.changes.get(len(self.asked)):
            change(self)
        return page

    def since(self, number: int) -> dict[dt.date, list[int]]:
        """What there is now of that day and later ones."""
        found: dict[dt.date, list[int]] = {}
        for on, record_id in sorted(self.rows):
            if on >= number and record_id not in self.bad:
                found.setdefault(day(on), []).append(record_id)
        return found


def _rows(here: Listed, bad: set[int]) -> pl.DataFrame:
    good = [row for row in here if row[1] not in bad]
    dates = pl.Series("date", [f"{day(on):%m-%d-%Y}" for on, _ in good], dtype=pl.String)
    return page_of([record_id for _, record_id in good]).rows.with_columns(date=dates)


def read(source: DatedSource, since: int) -> RecentReading:
    reading = RecentReading(SCHOOL, source.size, BEGUN, day(since))
    while (number := reading.next_page()) is not None:
        assert len(source.asked) < 500
        reading.add(number, HeldPage(source.serve(number)))
    assert reading.finished
    return reading


def published(reading: SchoolReading) -> dict[dt.date, list[int]]:
    return {on: rows["id"].to_list() for on, rows in reading.by_date()}


def adds_up(reading: SchoolReading) -> bool:
    landed = sum(map(len, published(reading).values()))
    return reading.received == landed + len(reading.rejections()) + reading.repeats + reading.older


def days_of(count: int, rows: int) -> Listed:
    """So many days with so many rows each; ids grow with the day."""
    return [(number, 10 * number + place) for number in range(count) for place in range(rows)]


# --- one case after another ---------------------------------------------------------------------------------

MOVED = "the list moved while its newest pages were read"
UNSORTED = "the source did not sort by date"
ENDLESS = "the source tells no end of its list: that it sorts by date cannot be proved"


def test_it_ends_with_the_first_page_that_has_an_older_date_and_proves_what_it_saw() -> None:
    source = DatedSource(days_of(10, 3))
    reading = read(source, since=7)
    assert reading.fault() is None
    # Pages 1 to 3 are days 9 to 7, page 4 is older; then the pages before it again, and the end of the list.
    assert source.asked[:4] == [1, 2, 3, 4]
    assert Counter(source.asked[4:]) == Counter([1, 2, 3, 10])
    assert published(reading) == {day(7): [70, 71, 72], day(8): [80, 81, 82], day(9): [90, 91, 92]}
    assert (reading.received, reading.older, reading.repeats, reading.page_count) == (15, 6, 0, 5)


def test_a_date_that_straddles_two_pages_is_whole() -> None:
    source = DatedSource(days_of(5, 4))
    reading = read(source, since=3)
    assert reading.fault() is None
    assert published(reading) == {day(3): [30, 31, 32, 33], day(4): [40, 41, 42, 43]}
    assert adds_up(reading)


def test_the_date_before_the_one_asked_for_is_never_published_in_part() -> None:
    reading = read(DatedSource(days_of(5, 4)), since=4)
    assert published(reading) == {day(4): [40, 41, 42, 43]}
    assert reading.older > 0
    assert adds_up(reading)


def test_since_older_than_everything_reads_the_list_once_and_whole() -> None:
    source = DatedSource(days_of(5, 3))
    reading = read(source, since=-100)
    assert reading.fault() is None
    assert source.asked == [1, 2, 3, 4, 5]
    assert published(reading) == source.since(-100)
    assert reading.older == 0


def test_since_in_the_future_publishes_nothing_and_reads_two_pages() -> None:
    source = DatedSource(days_of(5, 3))
    reading = read(source, since=100)
    assert reading.fault() is None
    assert source.asked == [1, 5]
    assert published(reading) == {}
    assert (reading.received, reading.older) == (6, 6)


def test_a_list_of_one_page_is_read_once() -> None:
    source = DatedSource(days_of(2, 1))
    assert published(read(source, since=1)) == {day(1): [10]}
    assert source.asked == [1]


@pytest.mark.parametrize("telling", ["count", "nothing"])
def test_a_school_without_records(telling: str) -> None:
    reading = read(DatedSource([], telling=telling), since=1)
    assert (reading.fault(), published(reading), reading.received) == (None, {}, 0)


def test_a_list_that_ends_first_and_counts_nothing_is_proved_as_a_whole_one_is() -> None:
    source = DatedSource(days_of(3, 3), telling="nothing")
    reading = read(source, since=-100)
    assert reading.fault() is None
    assert source.asked[:4] == [1, 2, 3, 4]
    assert sorted(source.asked[4:]) == [1, 2, 3, 4]
    assert published(reading) == source.since(-100)


def test_a_row_that_slips_from_a_list_that_counts_nothing_is_noticed() -> None:
    source = DatedSource(days_of(3, 3), telling="nothing", changes={1: removed(22)})
    assert read(source, since=-100).fault() == MOVED


@pytest.mark.parametrize(("days", "since"), [(5, -1), (5, 0), (4, 1)])
def test_a_source_that_counts_nothing_and_whose_end_was_seen(days: int, since: int) -> None:
    source = DatedSource(days_of(days, 2), telling="nothing")
    reading = read(source, since)
    assert reading.fault() is None
    assert published(reading) == source.since(since)
    assert set(Counter(source.asked).values()) == {2}


@pytest.mark.parametrize("order", ["by date", "oldest first"])
def test_a_source_that_tells_no_end_counts_as_one_that_does_not_sort(order: str) -> None:
    source = DatedSource([*days_of(1, 7), *days_of(9, 1)], order=order, telling="nothing")
    reading = read(source, since=8)
    assert (reading.unsorted, reading.fault()) == (True, ENDLESS)
    assert source.asked == [1]


def test_the_unreadable_go_along() -> None:
    source = DatedSource(days_of(5, 3), bad={41, 30, 20})
    reading = read(source, since=3)
    assert reading.fault() is None
    assert published(reading) == {day(3): [31, 32], day(4): [40, 42]}
    assert {rejection.record_id for rejection in reading.rejections()} == {41, 30, 20}
    assert adds_up(reading)


UNSORTED_LISTS = {
    "by id": DatedSource([(number * 7 % 30, number) for number in range(30)], order="by id"),
    "oldest first": DatedSource(days_of(10, 2), order="oldest first"),
    "oldest first, a page holds one day": DatedSource(days_of(10, 3), order="oldest first"),
    "oldest first, a day holds two pages": DatedSource(days_of(10, 6), order="oldest first"),
    "by the text of the date": DatedSource([(number, number) for number in range(62)], order="by text"),
    "by text, no day is recent": DatedSource([*days_of(3, 3), (40, 1)], order="by text"),
}


@pytest.mark.parametrize("name", UNSORTED_LISTS)
@pytest.mark.parametrize("since", [9, 28, 45])
def test_a_source_that_does_not_sort_is_found_out(name: str, since: int) -> None:
    source = UNSORTED_LISTS[name]
    source.asked.clear()
    reading = read(source, since)
    assert (reading.unsorted, reading.fault()) == (True, UNSORTED)


def removed(*gone: int) -> Any:
    return lambda source: source.rows.__setitem__(slice(None), [r for r in source.rows if r[1] not in gone])


def redated(record_id: int, to: int) -> Any:
    def change(source: DatedSource) -> None:
        source.rows = [(to if row[1] == record_id else row[0], row[1]) for row in source.rows]

    return change


def added(*rows: tuple[int, int]) -> Any:
    return lambda source: source.rows.extend(rows)


MOVES = {
    "a row more": {1: added((9, 99))},
    "a page more, in the midst": {2: added((8, 85), (8, 86), (8, 87))},
    "a row less": {2: removed(91)},
    "a recent row goes to an old date": {1: redated(91, 0)},
    "a recent row goes to an old date, later": {2: redated(81, 0)},
    "a row not yet read goes to the newest date": {1: redated(71, 10)},
    "one comes, one goes": {2: lambda source: (removed(91)(source), added((0, 5))(source))},
}


@pytest.mark.parametrize("name", MOVES)
def test_a_list_that_moves_is_not_published(name: str) -> None:
    reading = read(DatedSource(days_of(10, 3), changes=MOVES[name]), since=7)
    assert (reading.fault(), reading.unsorted) == (MOVED, False)


def test_many_new_rows_are_no_sign_of_a_source_that_does_not_sort() -> None:
    source = DatedSource(days_of(10, 1), size=3, changes={1: added((9, 91), (9, 92), (9, 93))})
    reading = read(source, since=2)
    assert (reading.fault(), reading.unsorted) == (MOVED, False)


def test_a_page_that_could_not_be_had() -> None:
    reading = RecentReading(SCHOOL, 3, BEGUN, day(1))
    assert reading.next_page() == 1
    reading.fail("school 5, page 1: status 503, after 6 tries")
    assert reading.finished
    assert reading.fault() == "school 5, page 1: status 503, after 6 tries"


def test_the_proof_could_not_be_had() -> None:
    source = DatedSource(days_of(10, 3))
    reading = RecentReading(SCHOOL, 3, BEGUN, day(8))
    for _ in range(3):
        number = reading.next_page()
        assert number
        reading.add(number, HeldPage(source.serve(number)))
    assert reading.next_page() is not None
    reading.fail("no")
    assert (reading.finished, reading.fault()) == (True, "no")


# --- any list, and what happens to it -----------------------------------------------------------------------

ROWS = st.lists(st.integers(0, 6), max_size=25).map(lambda days: list(zip(days, range(100), strict=False)))
few = settings(max_examples=100, deadline=None)


@given(ROWS, st.integers(1, 5), st.integers(-1, 8), st.sampled_from(["count", "nothing"]))
@few
def test_a_list_at_rest_is_seen_completely(rows: Listed, size: int, since: int, telling: str) -> None:
    source = DatedSource(rows, size, telling=telling, bad={1, 5})
    reading = read(source, since)
    assert reading.fault() in (None, ENDLESS if telling == "nothing" else None)
    assert reading.unsorted or published(reading) == source.since(since)
    assert adds_up(reading)
    recent = sum(on >= since or record_id in source.bad for on, record_id in rows)
    beyond = 1 if telling == "count" else 2  # what tells nothing is asked for a page more, and that one twice
    assert len(source.asked) <= 2 * (recent // size + 1) + beyond


def chance_changes(chance: Random, kinds: Sequence[str], first_id: int) -> Any:
    """One change: each row is touched once at the most, so that nothing is as if it had not been."""
    touched: set[int] = set()

    def change(source: DatedSource) -> None:
        kind = chance.choice(kinds)
        old = [row for row in source.rows if row[1] not in touched]
        new_id = first_id + len(touched)
        if kind == "insert" or not old:
            source.rows.append((chance.randint(0, 6), new_id))
        else:
            new_id = chance.choice(old)[1]
            removed(new_id)(source) if kind == "delete" else redated(new_id, chance.randint(0, 6))(source)
        touched.add(new_id)

    return change


CHANGES = st.builds(
    chance_changes,
    chance=st.integers(0, 2**32).map(Random),
    kinds=st.sampled_from([["insert"], ["delete"], ["redate"], ["insert", "delete", "redate"]]),
    first_id=st.just(1000),
)
WHEN = st.lists(st.integers(1, 12), max_size=4, unique=True)


@given(ROWS, st.integers(1, 4), st.integers(0, 6), WHEN, CHANGES)
@settings(max_examples=200, deadline=None)
def test_what_is_published_of_a_moving_list_has_every_row_that_stayed(
    rows: Listed, size: int, since: int, when: list[int], change: Any
) -> None:
    source = DatedSource(list(rows), size, changes=dict.fromkeys(when, change))
    reading = read(source, since)
    stayed = set(rows) & set(source.rows)
    if reading.fault() is None:
        told = {(on, each) for on, ids in published(reading).items() for each in ids}
        assert {(day(on), each) for on, each in stayed if on >= since} <= told
        assert all(on >= day(since) for on, _ in told)
