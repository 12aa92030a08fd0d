"""What may leave the landing zone: proof, coverage, confirmation and the brake, one case after another."""

from __future__ import annotations

import datetime as dt

import pytest

from attendance_common.errors import SourceError
from attendance_common.fetch.proof import (
    Removals,
    brake,
    can_be_proved,
    covers,
    is_proved,
    near,
    pages_to_confirm,
    proved_by_counts,
    second_look,
)
from attendance_common.fetch.reading import Reading, reading_again
from tests.pages import Answer, finish, page_of, reading_of

GONE = SourceError("status 503, after 6 tries")


def day(number: int) -> dt.date:
    return dt.date(2025, 12, 1) + dt.timedelta(days=number)


def dated(*pages: list[tuple[int, int]], count: int | None = None) -> Reading:
    """A reading of pages of (id, day)."""
    answers = [
        page_of([key for key, _ in page], count, len(pages), days=[day(on) for _, on in page])
        for page in pages
    ]
    return reading_of(*answers)


# --- proof --------------------------------------------------------------------------------------------------

COUNTED: dict[str, tuple[list[Answer], bool]] = {
    "every count is the number of records": ([page_of([1, 2, 3], 4), page_of([4], 4)], True),
    "one page counts": ([page_of([1, 2, 3], 4, 2), page_of([4], None, 2)], True),
    "a record in quarantine counts": ([page_of([1, 2], 3, bad=[7])], True),
    "no page counts": ([page_of([1, 2, 3], None, 2), page_of([4], None, 2)], False),
    "the count changed": ([page_of([1, 2, 3], 4), page_of([4], 5)], False),
    "rows are counted, one stands twice": ([page_of([1, 2, 3], 4), page_of([3], 4)], False),
    "one has no id": ([page_of([1, 2], 3, bad=[None])], False),
    "a gap": ([page_of([1, 2, 3], 3, 2), GONE], False),
    "a capped count": ([page_of([1, 2, 3], 3), page_of([4], 3)], False),
}  # fmt: skip


@pytest.mark.parametrize(("pages", "proved"), COUNTED.values(), ids=COUNTED.keys())
def test_a_reading_is_proved_by_its_counts(pages: list[Answer], proved: bool) -> None:
    assert proved_by_counts(reading_of(*pages)) == proved


def test_a_list_that_went_idle_proves_nothing_unless_all_came() -> None:
    idle = [page_of(ids, 7, 5) for ids in ([1, 2, 3], [1], [2], [3], [9])]
    assert not can_be_proved(reading_of(*idle))
    whole = [page_of(ids, 6, 4) for ids in ([1, 2, 3], [1], [2], [3])]
    assert can_be_proved(reading_of(*whole))


REPEATED: dict[str, tuple[list[Answer], list[Answer], bool]] = {
    "the same twice": ([page_of([1, 2, 3]), page_of([4])], [page_of([1, 2, 3]), page_of([4])], True),
    "rows are counted, the same twice": ([page_of([1, 2, 2], 9)], [page_of([1, 2, 2], 9)], True),
    "another order": ([page_of([1, 2, 3])], [page_of([1, 3, 2])], False),
    "one more": ([page_of([1, 2, 3])], [page_of([1, 2, 3]), page_of([4])], False),
    "one in quarantine now": ([page_of([1, 2], 9, bad=[7])], [page_of([1, 2], 9, bad=[8])], False),
    "a gap": ([page_of([1, 2, 3], 9, 2), GONE], [page_of([1, 2, 3], 9, 2), GONE], False),
    "nothing twice": ([page_of([])], [page_of([])], True),
}


@pytest.mark.parametrize(("first", "second", "proved"), REPEATED.values(), ids=REPEATED.keys())
def test_a_second_whole_reading_proves_the_first(
    first: list[Answer], second: list[Answer], proved: bool
) -> None:
    assert is_proved(reading_of(*first), reading_of(*second)) == proved


@pytest.mark.parametrize(("count", "proved"), [(5, True), (6, False)])
def test_the_counts_of_the_second_look_count_as_well(count: int, proved: bool) -> None:
    first = dated([(1, 1), (2, 2)], [(3, 3), (4, 4)], [(5, 5)], count=5)
    again = finish(reading_again(first, [2]), lambda _: page_of([3, 4], count, 3))
    assert is_proved(first, again) == proved


def test_a_second_look_with_a_gap_proves_nothing() -> None:
    first = dated([(1, 1), (2, 2)], [(3, 3)], count=3)
    assert not is_proved(first, finish(reading_again(first, [1, 2]), lambda _: GONE))


# --- the second look ----------------------------------------------------------------------------------------


def pages_again(reading: Reading, missing: list[int], short_before: int = 0) -> list[int] | str | None:
    look = second_look(reading, [day(number) for number in missing], short_before)
    return None if look is None else look.pages or "all"


def test_a_proved_reading_that_lacks_nothing_is_read_once() -> None:
    assert pages_again(dated([(1, 1), (2, 2)], count=2), []) is None


def test_a_reading_that_lacks_something_is_confirmed_where_it_would_be() -> None:
    reading = dated(*([(2 * n, n), (2 * n + 1, n)] for n in range(1, 9)), count=16)
    assert pages_again(reading, [4]) == [2, 3, 4, 5, 6]
    assert pages_again(reading, [1]) == [1, 2, 3]
    assert pages_again(reading, [8]) == [6, 7, 8, 9]
    assert pages_again(reading, [0, 9]) == [1, 2, 7, 8, 9]


def test_a_date_over_several_pages_is_confirmed_on_all_of_them() -> None:
    reading = dated([(1, 1), (2, 2)], [(3, 2), (4, 2)], [(5, 2), (6, 2)], [(7, 3)], [(8, 4)], count=8)
    assert pages_to_confirm(reading, [day(2)]) == [1, 2, 3, 4, 5]


def test_where_pages_are_not_sorted_all_are_confirmed() -> None:
    reading = dated(*([(n, 9 - n)] for n in range(1, 9)), count=8)
    assert pages_again(reading, [4]) == [*range(1, 10)]


def test_what_counts_cannot_prove_is_read_twice() -> None:
    assert pages_again(dated([(1, 1), (2, 2)]), [1]) == "all"
    assert pages_again(dated([(1, 1), (2, 2)]), []) is None  # nothing is missing: nothing is to be proved


def test_what_nothing_can_prove_is_read_once() -> None:
    assert pages_again(reading_of(page_of([1], 2, bad=[None])), [1]) is None
    assert pages_again(reading_of(page_of([1, 2, 3], 5, 2), GONE), [1]) is None


@pytest.mark.parametrize(("short_before", "again"), [(0, "all"), (1, "all"), (2, None), (3, None)])
def test_fewer_than_counted_are_read_again_unless_they_were_as_few_before(
    short_before: int, again: str | None
) -> None:
    assert pages_again(dated([(1, 1), (2, 2)], count=4), [], short_before) == again


def test_records_that_stand_twice_are_not_lacking() -> None:
    assert pages_again(dated([(1, 1), (1, 1), (2, 2)], count=3), []) is None


# --- coverage -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("at", "read", "is_near"),
    [(60, [0], True), (61, [0], False), (-60, [0], True), (65, [0, 130], False), (70, [0, 130], True)],
)
def test_sixty_days_are_near(at: int, read: list[int], is_near: bool) -> None:
    assert near(day(at), [day(each) for each in read]) == is_near


COVERED = {
    "its own year": (5, {55}, [1, 9], 55, True),
    "last year": (5, {54}, [1, 9], 55, False),
    "both years": (5, {54, 55}, [1, 9], 55, False),
    "no year": (5, set(), [1, 9], 55, False),
    "too far": (80, {55}, [1, 9], 55, False),
    "nothing was read": (5, {55}, [], 55, False),
    "without a year": (5, set(), [1, 9], None, True),
    "without a year, behind the last date": (10, set(), [1, 9], None, False),
    "without a year, of a year": (5, {55}, [1, 9], None, False),
    "without a year, nothing was read": (5, set(), [], None, False),
}


@pytest.mark.parametrize(("at", "years", "read", "year", "expected"), COVERED.values(), ids=COVERED.keys())
def test_what_a_reading_covers(
    at: int, years: set[int], read: list[int], year: int | None, expected: bool
) -> None:
    assert covers(day(at), years, [day(each) for each in read], year) == expected


@pytest.mark.parametrize(("years", "expected"), [({55}, True), ({54}, False), (set(), False)])
def test_an_emptied_school_is_covered_where_the_operator_says_so(years: set[int], expected: bool) -> None:
    assert covers(day(500), years, [], 55, emptied=True) == expected


# --- the brake ----------------------------------------------------------------------------------------------


def gone(school: int, count: int, landed: int) -> Removals:
    return Removals(school, {day(0): list(range(count))}, landed)


@pytest.mark.parametrize(
    ("count", "landed", "released"),
    [(1, 2, True), (2, 3, False), (50, 99, False), (50, 100, True), (51, 100, False), (1001, 10_000, False)],
)  # fmt: skip
def test_few_of_a_school_may_leave(count: int, landed: int, released: bool) -> None:
    verdict = brake([gone(1, count, landed), gone(2, 0, 100_000)], {})
    assert bool(verdict.released) == released == (not verdict.stopped)


def test_one_school_over_its_limit_does_not_hold_up_another() -> None:
    verdict = brake([gone(1, 60, 100), gone(2, 5, 100)], {})
    assert [each.school_id for each in verdict.released] == [2]
    assert verdict.stopped == {1: "60 of its 100 landed records would leave in one run"}


def test_few_of_all_schools_together_may_leave() -> None:
    schools = [gone(school, 90, 1000) for school in range(6)]
    verdict = brake(schools, {})
    assert (verdict.released, sorted(verdict.stopped)) == ([], [*range(6)])
    assert "540 of all schools' 6000 landed records would leave in one run" in set(verdict.stopped.values())
    assert brake(schools[:5], {}).stopped == {}


def test_the_operator_lifts_both_limits_for_a_school_up_to_a_count() -> None:
    schools = [gone(1, 600, 1000), gone(2, 5, 100)]
    assert [each.school_id for each in brake(schools, {1: 600}).released] == [1, 2]
    assert [each.school_id for each in brake(schools, {1: 599}).released] == []
    many = [*schools, *(gone(school, 90, 1000) for school in range(3, 9))]
    assert [each.school_id for each in brake(many, {1: 600}).released] == [1]
    assert [each.school_id for each in brake([gone(2, 5, 100)], {2: 1}).released] == [2]


def test_nothing_leaves_where_nothing_is_gone() -> None:
    assert brake([gone(1, 0, 0)], {}).released == []
