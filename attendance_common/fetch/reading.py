"""One reading of a school: the pages that came, and what they say together."""

from __future__ import annotations

import datetime as dt
from functools import cached_property

import polars as pl

from attendance_common.fetch.contents import Contents
from attendance_common.fetch.packed_pages import PackedPage
from attendance_common.fetch.page import Rejection
from attendance_common.fetch.paging import ChosenPages, Course, NewestPages, Progress, WholeList


class Reading:
    """The pages of one school, in whatever order they come.

    What it says is asked for when it has `finished`, not before.
    """

    def __init__(self, school_id: int, course: Course, progress: Progress) -> None:
        self.school_id = school_id
        self.course = course
        self.progress = progress
        self.pages: dict[int, PackedPage] = {}
        self.was_refused = False  # its first page, so that asking again is no use
        self._ids = pl.Series("id", [], dtype=pl.Int64)  # of all rows that came
        self._rejected: set[Rejection] = set()

    # --- while it is read ----------------------------------------------------------------------------------

    def next_page(self) -> int | None:
        """The next page to ask for; None when there is none, or none before an awaited page has come."""
        number = self.course.following(self.progress)
        return None if number is None else self.progress.ask(number)

    @property
    def finished(self) -> bool:
        """Nothing is awaited and nothing is left to ask for."""
        return self.progress.waiting == 0 and self.course.following(self.progress) is None

    def add(self, number: int, page: PackedPage) -> None:
        """Take in a page; what it says of the whole list may add pages to ask for."""
        fresh = self._brings_something_new(page)
        repeats = bool(page.received) and not fresh and any(map(page.lists_the_same_as, self.pages.values()))
        self.progress.came(number, page.paging, page.received, fresh=fresh, repeats=repeats)
        found = [self.progress.oldest, page.oldest(self.course.column)]
        self.progress.oldest = min((each for each in found if each is not None), default=None)
        self.pages[number] = page
        self._ids.append(page.ids)
        self._rejected.update(page.rejections)

    def fail(self, number: int, reason: str, *, refused: bool = False, lasting: bool = False) -> None:
        """Note that a page could not be had after all tries, or that the source refused it.

        `lasting`: it would be refused again. A first page that is makes `was_refused` true.
        """
        self.progress.fail(number, reason, refused=refused)
        self.was_refused |= lasting and number == 1

    def _brings_something_new(self, page: PackedPage) -> bool:
        """Whether a record on the page has not come before. The first look is quick, and mostly enough."""
        if page.ids.len() and not (self._ids == page.ids[0]).any():
            return True
        return not page.ids.is_in(self._ids.implode()).all() or not self._rejected.issuperset(page.rejections)

    # --- when it has finished ------------------------------------------------------------------------------

    @property
    def gaps(self) -> dict[int, str]:
        """Pages that are lacking -> why."""
        return self.progress.gaps

    @property
    def short(self) -> int | None:
        """Records fewer than the source tells of; None where pages are lacking or were not to be read."""
        wanted = self.course.wants_all(self.progress) and not self.gaps
        return self.progress.missing if wanted else None

    @property
    def received(self) -> int:
        """Records on all pages, repeats included."""
        return self.progress.received

    @cached_property
    def contents(self) -> Contents:
        """What the pages hold."""
        return Contents(self.pages)

    @property
    def is_recent(self) -> bool:
        """Whether the newest pages were to be read."""
        return isinstance(self.course, NewestPages)

    @property
    def is_by_modification(self) -> bool:
        """Whether what was modified last was asked for first."""
        return self.course.sort_field == "modifiedOn"

    @property
    def is_whole(self) -> bool:
        """Whether all pages were to be read."""
        return isinstance(self.course, WholeList)

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
    """The first page of a list, oldest date first: whether the source gives it so, having `refused` it."""
    return Reading(refused.school_id, ChosenPages([1]), Progress(refused.progress.page_size))


def reading_again(first: Reading, pages: list[int]) -> Reading:
    """A second look at some pages of a reading."""
    with_records = [number for number, page in first.pages.items() if page.received]
    last_page = max(first.progress.last_page, *with_records, 0)
    progress = Progress(first.progress.page_size, pages_known=last_page)
    return Reading(first.school_id, ChosenPages(pages), progress)
