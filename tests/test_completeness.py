"""A school's pages, one case after another: what makes a reading complete, and what must not be published."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attendance_common.fetch.completeness import SchoolReading
from attendance_common.fetch.packed_pages import HeldPage, absent_page
from attendance_common.fetch.page import SCHEMA, Page, Paging
from tests.pages import BEGUN, SIZE, page_of, reading_of, rejected, rows_of
from tests.samples import SCHOOL


def test_a_count_that_falls_and_rises_again_is_no_complete_reading() -> None:
    reading = reading_of(
        page_of([1, 2, 3], 9), page_of([5, 6, 7], 8), page_of([8, 9, 10], 9), page_of([8, 9, 10], 9)
    )
    assert reading.fault() == "the count fell while the pages were read"


@pytest.mark.parametrize("ids", [[1, 2], [1, 2, 3, 4, 5]])
def test_a_bare_list_is_whole_however_long_it_is(ids: list[int]) -> None:
    page = page_of(ids)
    reading = reading_of(Page(page.rows, (), Paging(bare=True)))
    assert reading.fault() is None
    assert rows_of(reading)["id"].to_list() == ids


def test_a_bare_list_of_as_many_as_were_asked_for_may_be_cut() -> None:
    page = page_of([1, 2, 3])
    assert reading_of(Page(page.rows, (), Paging(bare=True))).fault() == "page 2 repeats page 1"


def test_a_list_that_tells_nothing_and_repeats_its_second_page_is_cut() -> None:
    first, second = page_of([1, 2, 3]), page_of([4, 5, 6])
    reading = reading_of(first, second, second, second, second, first, size=10)
    assert reading.fault() == "page 3 repeats page 2"


# --- one case after another ---------------------------------------------------------------------------------

COMPLETE = {
    "one page": ([page_of([1, 2], 2)], [1, 2]),
    "three pages": ([page_of([1, 2, 3], 7), page_of([4, 5, 6], 7), page_of([7], 7)], [1, 2, 3, 4, 5, 6, 7]),
    "pages told": (
        [page_of(ids, None, 2) for ids in ([1, 2, 3], [4], [4], [1, 2, 3])],
        [1, 2, 3, 4],
    ),
    "nothing told": ([page_of(ids) for ids in ([1, 2, 3], [4], [4], [1, 2, 3])], [1, 2, 3, 4]),
    "nothing told, last page full": ([page_of(ids) for ids in ([1, 2, 3], [], [], [1, 2, 3])], [1, 2, 3]),
    "nothing told, then 404": (
        [page_of([1, 2, 3]), absent_page(2), absent_page(2), page_of([1, 2, 3])],
        [1, 2, 3],
    ),
    "nothing told, one page": ([page_of(ids) for ids in ([1, 2], [], [], [1, 2])], [1, 2]),
    "nothing told, fewer a page": (
        [page_of(ids) for ids in ([1, 2], [3, 4], [5], [5], [3, 4], [1, 2])],
        [1, 2, 3, 4, 5],
    ),
    "the server sends fewer a page": (
        [page_of([1, 2], 5), page_of([3, 4], 5), page_of([5], 5)],
        [1, 2, 3, 4, 5],
    ),
    "a school without records": ([absent_page(1)], []),
    "an empty list": ([page_of([], 0)], []),
    "an empty list, nothing told": ([page_of([])], []),
    "a row more": ([page_of([1, 2, 3], 4), page_of([4, 5], 5), page_of([4, 5], 5)], [1, 2, 3, 4, 5]),
    "a page more": (
        [page_of([1, 2, 3], 5), page_of([4, 5, 6], 7), page_of([7], 7), page_of([7], 7)],
        [1, 2, 3, 4, 5, 6, 7],
    ),
    "one in quarantine": ([page_of([1, 3], 3, bad=[2])], [1, 3]),
    "two that are alike and have no id": ([page_of([1], 3, bad=[None, None])], [1]),
    "two that are alike, on two pages of a list at rest": (
        [page_of(ids, 4, bad=[None]) for ids in ([1, 2], [], [], [1, 2])],
        [1, 2],
    ),
    "two in quarantine that have no id": ([page_of([1], 3, bad=[None, 7])], [1]),
    "a row comes again in quarantine": (
        [page_of([1, 2, 3], 5), page_of([4, 5], 5, bad=[3])],
        [1, 2, 3, 4, 5],
    ),
}


@pytest.mark.parametrize(("pages", "ids"), COMPLETE.values(), ids=COMPLETE.keys())
def test_complete(pages: Sequence[Page], ids: list[int]) -> None:
    reading = reading_of(*pages)
    assert reading.finished
    assert reading.next_page() is None
    assert reading.fault() is None
    assert rows_of(reading)["id"].to_list() == ids


INCOMPLETE = {
    "a count and no rows": ([page_of([], 100)], "page 2 of 34 is empty"),
    "a row too few": ([page_of([1, 2], 3), page_of([], 3)], "the source counts 3 records and sent 2"),
    "a row too many": ([page_of([1, 2, 3], 2)], "the source counts 2 records and sent 3"),
    "a repeated page": ([page_of([1, 2, 3], 9), page_of([1, 2, 3], 9)], "page 2 repeats page 1"),
    "a page repeated for ever": ([page_of([1, 2, 3])], "page 2 repeats page 1"),
    "a repeated page in quarantine": ([page_of([], 6, bad=[1, 2, 3])] * 2, "page 2 repeats page 1"),
    "an empty page between": ([page_of([1, 2, 3], 9), page_of([], 9)], "page 2 of 3 is empty"),
    "a page that is not there": ([page_of([1, 2, 3], 9), absent_page(2)], "page 2 of 3 is empty"),
    "a short page between": (
        [page_of([1, 2, 3], 9), page_of([4, 5], 9), page_of([6, 7, 8], 9)],
        "page 2 of 3 is short",
    ),
    "the count fell": (
        [page_of([1, 2, 3], 6), page_of([5, 6], 5), page_of([5, 6], 5)],
        "the count fell while the pages were read",
    ),
    "a row slipped away": (
        [page_of([1, 2, 3], 7), page_of([5, 6, 7], 7), page_of([8], 7), page_of([8], 7)],
        None,
    ),
    "a row slipped away, nothing counted": (
        [page_of([1, 2, 3]), page_of([5, 6]), page_of([5, 6]), page_of([2, 3, 4])],
        "the list moved while its pages were read",
    ),
    "a row slipped away, only pages told": (
        [page_of(ids, None, 2) for ids in ([1, 2, 3], [5, 6], [5, 6], [2, 3, 4])],
        "the list moved while its pages were read",
    ),
    "one without an id slipped to the next page": (
        [page_of(ids, 4, bad=[None]) for ids in ([1, 2], [4], [4])] + [page_of([0, 1, 2], 5)],
        "the list moved while its pages were read",
    ),
    "more pages than can be": ([page_of([1, 2, 3], None, 100_001)], "more than 100000 pages"),
    "a count without an end": ([page_of([1, 2, 3], 10**30)], "more than 100000 pages"),
    "the same rows in another order": (
        [page_of([1, 2, 3], 6), page_of([3, 1, 2], 6)],
        "counts 6 records and sent 3",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("pages", "reason"), INCOMPLETE.values(), ids=INCOMPLETE.keys())
def test_incomplete(pages: Sequence[Page], reason: str | None) -> None:
    reading = reading_of(*pages)
    assert reading.finished
    fault = reading.fault()
    if reason is None:
        assert fault is None  # same count, same ids to all appearance: nothing can tell
    else:
        assert fault is not None
        assert any(part in fault for part in reason.split("|"))


def test_a_page_that_could_not_be_had() -> None:
    reading = SchoolReading(SCHOOL, SIZE, BEGUN)
    assert (reading.next_page(), reading.next_page()) == (1, None)
    reading.add(1, HeldPage(page_of([1, 2, 3], 9)))
    assert (reading.next_page(), reading.next_page(), reading.next_page()) == (2, 3, None)
    reading.fail("school 5, page 2: status 503, after 6 tries")
    assert not reading.finished
    assert reading.next_page() is None
    reading.add(3, HeldPage(page_of([7, 8, 9], 9)))
    assert reading.finished
    assert reading.fault() == "school 5, page 2: status 503, after 6 tries"


def test_the_first_page_could_not_be_had() -> None:
    reading = SchoolReading(SCHOOL, SIZE, BEGUN)
    assert (reading.next_page(), reading.next_page()) == (1, None)
    reading.fail("no")
    assert (reading.finished, reading.fault(), reading.received) == (True, "no", 0)


def test_a_list_that_never_rests_is_read_a_bounded_number_of_times() -> None:
    answers = [page_of(range(count), count) for count in range(10, 30)]
    reading = reading_of(*answers, size=100)
    assert reading.finished
    assert reading.page_count == 1
    assert reading.source_count is not None
    assert reading.source_count < 20


def test_an_id_that_no_column_holds_is_counted_as_one_record() -> None:
    assert reading_of(page_of([1], 2, bad=[None])).fault() is None


def test_two_records_without_an_id_on_one_page_are_two() -> None:
    reading = reading_of(page_of([], 3, bad=[None, None, None]))
    assert (reading.fault(), reading.rejections()) == (None, [rejected(None)] * 3)
    assert (reading.received, reading.repeats) == (3, 0)


def test_a_record_with_an_id_is_one_however_often_it_comes() -> None:
    reading = reading_of(page_of([1], 2, bad=[7, 7]))
    assert (reading.fault(), reading.rejections(), reading.repeats) == (None, [rejected(7)], 1)


def test_records_without_an_id_on_two_pages_are_two_when_the_list_stood_still() -> None:
    pages = [page_of([1, 2], 4, bad=[None]), page_of([], 4, bad=[None])]
    reading = reading_of(*pages, *pages[::-1])
    assert reading.rejections() == [rejected(None)] * 2
    assert (reading.received, reading.repeats) == (4, 0)


def test_a_bare_list_that_knows_no_pages_has_each_record_without_an_id_once() -> None:
    page = page_of([1, 2], bad=[None, None])
    reading = reading_of(Page(page.rows, page.rejections, Paging(bare=True)))
    assert (reading.fault(), reading.rejections()) == (None, [rejected(None)] * 2)
    assert reading.received - reading.repeats == 4


def asked_for(*pages: Page) -> list[int]:
    """The pages that are asked for when these are the answers."""
    reading, asked = SchoolReading(SCHOOL, SIZE, BEGUN), []
    for answer in pages:
        number = reading.next_page()
        assert number is not None
        asked.append(number)
        reading.add(number, HeldPage(answer))
    assert reading.finished
    return asked


def test_the_proof_is_all_pages_once_more() -> None:
    pages = [page_of([1, 2, 3]), page_of([4, 5, 6]), page_of([7])]
    asked = asked_for(*pages, *pages[::-1])
    assert asked[:3] == [1, 2, 3]
    assert sorted(asked[3:]) == [1, 2, 3]


def test_a_list_that_is_counted_is_read_once() -> None:
    assert asked_for(page_of([1, 2, 3], 7), page_of([4, 5, 6], 7), page_of([7], 7)) == [1, 2, 3]


def asked_at_once(*pages: Page) -> SchoolReading:
    """A reading to which three pages are told; the second of them was answered after the third."""
    reading = SchoolReading(SCHOOL, SIZE, BEGUN)
    assert reading.next_page() == 1
    reading.add(1, HeldPage(pages[0]))
    assert (reading.next_page(), reading.next_page(), reading.next_page()) == (2, 3, None)
    reading.add(3, HeldPage(pages[2]))
    assert reading.next_page() is None
    reading.add(2, HeldPage(pages[1]))
    return reading


def test_the_proof_begins_when_every_page_has_come_and_is_asked_for_at_once() -> None:
    pages = [page_of(ids, None, 3) for ids in ([1, 2, 3], [4, 5, 6], [7])]
    reading = asked_at_once(*pages)
    assert sorted(reading.next_page() or 0 for _ in range(3)) == [1, 2, 3]
    assert (reading.next_page(), reading.finished) == (None, False)
    for number in (2, 1, 3):
        reading.add(number, HeldPage(pages[number - 1]))
    assert (reading.finished, reading.fault()) == (True, None)


def test_a_row_that_slips_to_the_last_page_before_the_one_before_it_is_read_is_noticed() -> None:
    now = {1: [1, 2, 3], 2: [100, 4, 5], 3: [6, 7, 8]}
    reading = asked_at_once(*(page_of(ids, None, 3) for ids in (now[1], now[2], [7, 8])))
    while (number := reading.next_page()) is not None:
        reading.add(number, HeldPage(page_of(now[number], None, 3)))
    assert reading.fault() == "the list moved while its pages were read"


def test_a_list_that_grows_while_it_is_proved_has_moved() -> None:
    pages = [page_of(ids, None, 2) for ids in ([1, 2, 3], [4, 5, 6], [4, 5, 6])]
    reading = reading_of(*pages, page_of([1, 2, 3], None, 3), page_of([7], None, 3))
    assert reading.fault() == "the list moved while its pages were read"


def bare(page: Page) -> Page:
    return Page(page.rows, page.rejections, Paging(bare=True))


def test_bare_lists_of_several_pages_are_proved() -> None:
    pages = [bare(page_of(ids)) for ids in ([1, 2, 3], [4, 5, 6], [7])]
    assert sorted(asked_for(*pages, *pages[::-1])) == [1, 1, 2, 2, 3, 3]


def test_a_row_that_slips_from_one_bare_list_to_another_is_noticed() -> None:
    reading = reading_of(*(bare(page_of(ids)) for ids in ([1, 2, 3], [5, 6], [5, 6], [1, 3, 4])))
    assert reading.fault() == "the list moved while its pages were read"


def test_a_bare_list_that_is_answered_for_every_page_is_not_proved() -> None:
    assert asked_for(*[bare(page_of([1, 2]))] * 2) == [1, 2]


def test_a_row_that_slips_when_the_first_page_alone_tells_a_count_is_noticed() -> None:
    """The count is right again at the end: one row went, another came."""
    pages = [page_of(ids, count) for ids, count in (([1, 2, 3], 7), ([5, 6, 7], None), ([8], None))]
    assert reading_of(*pages, pages[2], pages[1], page_of([1, 3, 4], 7)).fault() == (
        "the list moved while its pages were read"
    )


def test_an_empty_page_behind_the_last_need_not_tell_a_count() -> None:
    assert asked_for(page_of([1, 2, 3], 3, 2), absent_page(2)) == [1, 2]


def test_counts_of_a_reading() -> None:
    reading = reading_of(page_of([1, 2, 3], 5), page_of([3, 4], 5, bad=[5]))
    assert (reading.page_count, reading.received, reading.source_count) == (2, 6, 5)
    assert reading.rejections() == [rejected(5)]


VERSIONS: dict[str, tuple[list[str | None], str]] = {
    "the newest": (["2025-12-09 08:00:00.000000", "2025-12-09 07:00:00.000000"], "first"),
    "the newest, read last": (["2025-12-09 07:00:00.000000", "2025-12-09 08:00:00.000000"], "second"),
    "none is oldest": (["2025-12-09 07:00:00.000000", None], "first"),
    "none is oldest, read first": ([None, "2025-12-09 07:00:00.000000"], "second"),
    "of equals the one read last": (["2025-12-09 07:00:00.000000"] * 2, "second"),
    "of none the one read last": ([None, None], "second"),
}


@pytest.mark.parametrize(("times", "kept"), VERSIONS.values(), ids=VERSIONS.keys())
def test_which_version_of_a_repeated_row_is_kept(times: list[str | None], kept: str) -> None:
    versions = [
        page_of(ids, 4).rows.with_columns(modified_on=pl.lit(time, pl.String), comment=pl.lit(comment))
        for ids, time, comment in (([3, 2, 1], times[0], "first"), ([4, 3], times[1], "second"))
    ]
    reading = reading_of(*(Page(rows, (), Paging(count=4)) for rows in versions))
    assert reading.fault() is None
    rows = rows_of(reading)
    assert rows["id"].to_list() == [1, 2, 3, 4]
    assert rows.row(by_predicate=pl.col("id") == 3, named=True)["comment"] == kept


VERSION = st.tuples(
    st.integers(1, 6),
    st.sampled_from(["12-09-2025", "01-05-2026", "02-29-2024"]),
    st.sampled_from([None, "2025-12-09 07:00:00.000000", "2025-12-09 08:00:00.000000"]),
)


def page_of_versions(number: int, versions: Sequence[tuple[int, str, str | None]]) -> Page:
    """A page whose rows tell where they stood."""
    ids, dates, times = (list(values) for values in zip(*versions, strict=True))
    rows = page_of(ids).rows.with_columns(
        date=pl.Series(dates, dtype=pl.String),
        modified_on=pl.Series(times, dtype=pl.String),
        comment=pl.Series([f"{number}.{place}" for place in range(len(versions))]),
    )
    return Page(rows, (), Paging())


@given(st.lists(st.lists(VERSION, min_size=1, max_size=5), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_each_date_is_given_once_with_the_newest_version_of_each_row(
    pages: list[list[tuple[int, str, str | None]]],
) -> None:
    reading = SchoolReading(SCHOOL, 1, BEGUN)
    newest: dict[int, tuple[str, str, str]] = {}
    for number, repeated in enumerate(pages, start=1):
        versions = [(100 + number, "12-09-2025", None), *repeated]  # no page is another's repeat
        assert reading.next_page() == number
        reading.add(number, HeldPage(page_of_versions(number, versions)))
        for place, (identity, date, modified_on) in enumerate(versions):
            told = (modified_on or "", date, f"{number}.{place}")
            newest[identity] = max(newest.get(identity, told), told, key=lambda version: version[0])
            if newest[identity][0] == told[0]:
                newest[identity] = told  # of equals the one read last
    given_away = list(reading.by_date())
    expected: dict[str, list[tuple[int, str]]] = {}
    for identity, (_, date, comment) in sorted(newest.items()):
        expected.setdefault(date, []).append((identity, comment))
    assert {f"{day:%m-%d-%Y}": rows.select("id", "comment").rows() for day, rows in given_away} == expected
    assert len(given_away) == len(expected)
    assert all(rows.columns == SCHEMA.names() for _, rows in given_away)
