"""One reading of a school: its pages, what is known of them while they come, and their contents."""

from __future__ import annotations

import datetime as dt
from functools import cached_property

import polars as pl

from attendance_common.fetch.contents import Contents
from attendance_common.fetch.packed_pages import PackedPage
from attendance_common.fetch.page import Rejection
from attendance_common.fetch.paging import (
    ChosenPages,
    Course,
    NewestPages,
    Progress,
    StatedLength,
    WholeList,
)


class _SeenRecords:
    """The records of the pages that came, to see whether the next page brings a new record."""

    def __init__(self) -> None:
        self._ids = pl.Series("id", [], dtype=pl.Int64)
        self._rejected: set[Rejection] = set()

    def has_all_of(self, page: PackedPage) -> bool:
        """Whether each record on the page has come before. The first test is fast and mostly decides."""
        if page.ids.len() and not (self._ids == page.ids[0]).any():
            return False
        return page.ids.is_in(self._ids.implode()).all() and self._rejected.issuperset(page.rejections)

    def add(self, page: PackedPage) -> None:
        """Add the page's records."""
        self._ids.append(page.ids)
        self._rejected.update(page.rejections)


class Reading:
    """The pages of one school, which may come in any order.

    `gaps`, `short`, `contents` and `ordered` are valid only once the reading has `finished`.
    """

    def __init__(self, school_id: int, course: Course, progress: Progress) -> None:
        self.school_id = school_id
        self.course = course
        self.progress = progress
        self.pages: dict[int, PackedPage] = {}
        self.was_refused = False  # the source refused its first page, and would refuse it again
        self._seen = _SeenRecords()

    # --- while it is read ----------------------------------------------------------------------------------

    def next_page(self) -> int | None:
        """The next page to ask for; None when there is none, or none before an awaited page has come."""
        number = self.course.following(self.progress)
        return None if number is None else self.progress.ask(number)

    @property
    def finished(self) -> bool:
        """Whether no page is awaited and none is to be asked for."""
        return self.progress.waiting == 0 and self.course.following(self.progress) is None

    def add(self, number: int, page: PackedPage) -> None:
        """Add a page. What it states about the length of the list may add pages to ask for."""
        fresh = not self._seen.has_all_of(page)
        repeats = bool(page.received) and not fresh and any(map(page.lists_the_same_as, self.pages.values()))
        oldest = page.oldest(self.course.column)
        self.progress.waiting -= 1
        self.progress.received.add(number, page.received, oldest=oldest, fresh=fresh, repeats=repeats)
        self.progress.stated.add(page.paging)
        self.pages[number] = page
        self._seen.add(page)

    def fail(self, number: int, reason: str, *, refused: bool = False, lasting: bool = False) -> None:
        """Record that a page could not be read in any try, or that the source refused it.

        `lasting`: it would fail again; for the first page this sets `was_refused`.
        """
        self.progress.fail(number, reason, refused=refused)
        self.was_refused |= lasting and number == 1

    # --- when it has finished ------------------------------------------------------------------------------

    @property
    def gaps(self) -> dict[int, str]:
        """Pages that are missing -> why."""
        return self.progress.gaps

    @property
    def short(self) -> int | None:
        """How many records fewer came than the source counts; None unless all pages of the list came."""
        wanted = self.course.wants_all(self.progress) and not self.gaps
        return self.progress.missing if wanted else None

    @property
    def received(self) -> int:
        """Records on all pages, repeats included."""
        return self.progress.received.records

    @cached_property
    def contents(self) -> Contents:
        """The records of the pages."""
        return Contents(self.pages)

    def ordered(self) -> list[PackedPage]:
        """The pages in the order of the list."""
        return [page for _, page in sorted(self.pages.items())]


def whole_reading(school_id: int, page_size: int) -> Reading:
    """A reading of all pages."""
    return Reading(school_id, WholeList(), Progress(page_size))


def recent_reading(school_id: int, page_size: int, since: dt.date | dt.datetime) -> Reading:
    """A reading of the newest pages, back to a date, or to a time when records were modified."""
    return Reading(school_id, NewestPages(since), Progress(page_size))


def first_page_by_date(refused: Reading) -> Reading:
    """A reading of the first page in another order, the oldest date first.

    It shows whether the source refuses only the order of the `refused` reading.
    """
    return Reading(refused.school_id, ChosenPages([1]), Progress(refused.progress.page_size))


def reading_again(first: Reading, pages: list[int]) -> Reading:
    """A second look at some pages of a reading."""
    with_records = [number for number, page in first.pages.items() if page.received]
    last_page = max(first.progress.last_page, *with_records, 0)
    progress = Progress(first.progress.page_size, stated=StatedLength(pages=last_page))
    return Reading(first.school_id, ChosenPages(pages), progress)
