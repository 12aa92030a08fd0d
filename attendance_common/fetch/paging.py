"""Which page of a school is asked for next, and where its list ends. The counts in an answer may be wrong.

`Progress` is what is known of the list while its pages come. A course decides by it: `WholeList` (every page
that an answer announces, then those behind them), `NewestPages` (back to a date) or `ChosenPages`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from attendance_common.fetch.totals import Paging, greater

MOST_GAPS = 4  # after so many, no further page of the school is asked for
_IDLE_PAGES = 3  # in a row that bring nothing new: the source sends the same pages again and again


@dataclass
class StatedLength:
    """What the answers say about the length of the list."""

    counts: list[int] = field(default_factory=list)  # of records, in the order in which the answers came
    pages: int | None = None  # the most pages that any answer stated; None: no answer did

    def add(self, paging: Paging) -> None:
        """Add what one answer says."""
        if paging.count is not None:
            self.counts.append(paging.count)
        if paging.pages:  # 0 is also sent with records: it says nothing
            self.pages = greater(paging.pages, self.pages)


@dataclass
class ReceivedPages:
    """The pages that came."""

    fresh: dict[int, bool] = field(default_factory=dict)  # page -> whether it brought a new record
    records: int = 0  # on all pages, repeats included
    repeated: dict[int, int] = field(default_factory=dict)  # page that repeats another -> its records
    largest: int = 0  # records on the largest page
    oldest: dt.date | dt.datetime | None = None  # of all records, in the column that the list is sorted by

    def add(
        self,
        number: int,
        records: int,
        *,
        oldest: dt.date | dt.datetime | None,
        fresh: bool,
        repeats: bool,
    ) -> None:
        """Add a page; `repeats`: it lists the same records as an earlier page."""
        self.fresh[number] = fresh
        self.records += records
        if repeats:
            self.repeated[number] = records
        self.largest = max(self.largest, records)
        self.oldest = min((each for each in (self.oldest, oldest) if each is not None), default=None)


@dataclass
class Progress:
    """What is known of a list of which some pages have been asked for. Pages are numbered from 1."""

    page_size: int
    asked: int = 0  # the highest page asked for
    waiting: int = 0  # pages asked for and not answered
    received: ReceivedPages = field(default_factory=ReceivedPages)
    stated: StatedLength = field(default_factory=StatedLength)
    failed: dict[int, str] = field(default_factory=dict)  # page that could not be had -> why
    refused: dict[int, str] = field(default_factory=dict)  # page that the source refused -> how

    def ask(self, number: int) -> int:
        """Note that a page is being asked for; gives its number."""
        self.waiting += 1
        self.asked = max(self.asked, number)
        return number

    def fail(self, number: int, reason: str, *, refused: bool) -> None:
        """Note a page that did not come."""
        self.waiting -= 1
        (self.refused if refused else self.failed)[number] = reason

    @property
    def last_page(self) -> int:
        """The last page: by the stated number of pages, else by the count of records, else 0."""
        if self.stated.pages is not None:
            return self.stated.pages
        return -(-max(self.stated.counts, default=0) // (self.received.largest or self.page_size))

    @property
    def sent(self) -> int:
        """Records that came, repeats included, but each page once: a source may ignore the page number."""
        return self.received.records - sum(self.received.repeated.values())

    @property
    def missing(self) -> int:
        """How many records fewer came than the last answer counted.

        Where no answer counted any: the records on pages up to the last one that repeat another page, since
        their own records did not come.
        """
        if self.stated.counts:
            return max(0, self.stated.counts[-1] - self.sent)
        return sum(records for page, records in self.received.repeated.items() if page <= self.last_page)

    @property
    def gaps(self) -> dict[int, str]:
        """Pages that are lacking -> why.

        Behind the last page, a refusal is the end of the list. A failure there is a gap only when no answer
        stated the number of pages, when that number is wrong, or when records are missing.
        """
        longer = any(fresh and n > self.last_page for n, fresh in self.received.fresh.items())
        doubtful = self.stated.pages is None or longer or bool(self.missing)
        lacking = {n: why for n, why in self.failed.items() if n <= self.last_page or n == 1 or doubtful}
        lacking |= {n: why for n, why in self.refused.items() if n <= self.last_page or n == 1}
        return dict(sorted(lacking.items()))

    @property
    def goes_round(self) -> bool:
        """Whether the source sent pages again in place of others that it counts."""
        repeated = self.received.repeated
        again = any(page <= self.last_page for page in repeated)
        return self.went_idle or again or bool(repeated and self.missing)

    @property
    def went_idle(self) -> bool:
        """Whether several pages in a row, up to the last one, brought nothing new."""
        idle = [n for n, fresh in self.received.fresh.items() if not fresh and n <= self.last_page]
        return any({n + 1, n + 2} <= set(idle) for n in idle) if len(idle) >= _IDLE_PAGES else False

    @property
    def given_up(self) -> bool:
        """Whether no further page is worth asking for: the first one, or too many others, did not come."""
        lacking = self.failed.keys() | self.refused.keys()
        return 1 in lacking or sum(n <= self.last_page for n in lacking) >= MOST_GAPS


class Course(Protocol):
    """Decides which pages are asked for, and in which order the list is to be."""

    sort_field: str  # as the API names it
    column: str  # the same as `PackedPage.keys` names it
    direction: str
    is_whole: bool  # it asks for every page of the list
    is_recent: bool  # it asks for the newest pages
    is_by_modification: bool  # the newest are those that were modified last

    def following(self, progress: Progress) -> int | None:
        """The page to ask for now; None when there is none, or none before an awaited page has come."""

    def wants_all(self, progress: Progress, /) -> bool:
        """Whether it wants all pages of the list, by what came so far."""


class WholeList:
    """Every page that any answer announces, then those behind them until one brings nothing new."""

    sort_field, column, direction = "date", "day", "Ascending"
    is_whole, is_recent, is_by_modification = True, False, False

    def following(self, progress: Progress) -> int | None:
        """The page to ask for now."""
        if not progress.asked:
            return 1
        if 1 not in progress.received.fresh or progress.given_up or progress.went_idle:
            return None
        if progress.asked < progress.last_page:
            return progress.asked + 1
        return progress.asked + 1 if _goes_on_behind(progress) else None

    def wants_all(self, _progress: Progress, /) -> bool:
        """Always."""
        return True


def _goes_on_behind(progress: Progress) -> bool:
    """Whether the page behind the last one asked for may hold more.

    The first one behind is asked for at once; each further one when all before it have come, the last of them
    with something new.
    """
    if progress.asked == progress.last_page:
        return True
    return progress.waiting == 0 and progress.received.fresh.get(progress.asked, False)


class NewestPages:
    """The newest pages, one after another, until one has a record from before `since`; then the last page.

    Behind the last page it goes on until a page brings nothing new.

    `since` is a date, or a time: then the records that were modified last are the newest.
    """

    direction = "Descending"
    is_whole, is_recent = False, True

    def __init__(self, since: dt.date | dt.datetime) -> None:
        self.is_by_modification = by_time = isinstance(since, dt.datetime)
        self.sort_field, self.column = ("modifiedOn", "modified_on") if by_time else ("date", "day")
        self._since = since

    def following(self, progress: Progress) -> int | None:
        """The page to ask for now."""
        if not progress.asked:
            return 1
        if progress.waiting or progress.given_up or progress.went_idle:
            return None
        if not self.wants_all(progress):
            last = progress.last_page
            return last if last > progress.asked else None
        if progress.asked < progress.last_page:
            return progress.asked + 1
        return progress.asked + 1 if progress.received.fresh.get(progress.asked, False) else None

    def wants_all(self, progress: Progress, /) -> bool:
        """Yes while every record that came is new enough."""
        oldest = progress.received.oldest
        return oldest is None or oldest >= self._since


class ChosenPages:
    """These pages, all at once."""

    sort_field, column, direction = "date", "day", "Ascending"
    is_whole, is_recent, is_by_modification = False, False, False

    def __init__(self, pages: Iterable[int]) -> None:
        self.pages = sorted(pages)

    def following(self, progress: Progress) -> int | None:
        """The page to ask for now."""
        if len(progress.failed) + len(progress.refused) >= MOST_GAPS:
            return None
        return next((page for page in self.pages if page > progress.asked), None)

    def wants_all(self, _progress: Progress, /) -> bool:
        """Never."""
        return False
