"""Which page of a school is asked for next, and where its list ends. A page may lie about counts.

`Progress` is what is known of the list while its pages come. A course decides by it: `WholeList` (every page
told of, then those behind them), `NewestPages` (back to a date) or `ChosenPages`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from attendance_common.fetch.totals import Paging

MOST_GAPS = 4  # after so many, no further page of the school is asked for
_IDLE_PAGES = 3  # in a row that bring nothing new: the list is going round in circles


@dataclass
class Progress:
    """What is known of a list of which some pages have been asked for. Pages are numbered from 1."""

    page_size: int
    asked: int = 0  # the highest page asked for
    waiting: int = 0  # pages asked for and not answered
    fresh: dict[int, bool] = field(default_factory=dict)  # page that came -> whether it brought a new record
    counts: list[int] = field(default_factory=list)  # what the answers counted, in the order they came
    received: int = 0  # records on all pages, repeats included
    repeated: dict[int, int] = field(default_factory=dict)  # page that repeats another -> its records
    largest: int = 0  # records on the largest page
    oldest: dt.date | dt.datetime | None = None  # of all records that came, by what the list is sorted by
    failed: dict[int, str] = field(default_factory=dict)  # page that could not be had -> why
    refused: dict[int, str] = field(default_factory=dict)  # page that the source refused -> how
    pages_known: int | None = None  # the most pages that any answer told of; None: none did

    def ask(self, number: int) -> int:
        """Note that a page is being asked for; gives its number."""
        self.waiting += 1
        self.asked = max(self.asked, number)
        return number

    def came(self, number: int, paging: Paging, received: int, *, fresh: bool, repeats: bool) -> None:
        """Note a page that came; `repeats`: it lists the same records as an earlier page."""
        self.waiting -= 1
        self.fresh[number] = fresh
        self.received += received
        if repeats:
            self.repeated[number] = received
        self.largest = max(self.largest, received)
        if paging.count is not None:
            self.counts.append(paging.count)
        if paging.pages:  # 0 is also said beside records: it tells nothing
            self.pages_known = max(paging.pages, self.pages_known or 0)

    def fail(self, number: int, reason: str, *, refused: bool) -> None:
        """Note a page that did not come."""
        self.waiting -= 1
        (self.refused if refused else self.failed)[number] = reason

    @property
    def last_page(self) -> int:
        """The last page told of: by a number of pages, else by a count of records; 0 when by nothing."""
        if self.pages_known is not None:
            return self.pages_known
        return -(-max(self.counts, default=0) // (self.largest or self.page_size))

    @property
    def sent(self) -> int:
        """Records that came, repeats included, but each page once: a source may ignore the page number."""
        return self.received - sum(self.repeated.values())

    @property
    def missing(self) -> int:
        """How many records fewer came than the last answer counted.

        Where no answer counted any: the records on pages told of that repeat another page, since their own
        did not come.
        """
        if self.counts:
            return max(0, self.counts[-1] - self.sent)
        return sum(records for page, records in self.repeated.items() if page <= self.last_page)

    @property
    def gaps(self) -> dict[int, str]:
        """Pages that are lacking -> why.

        Behind the pages told of, a refusal is the end of the list; a failure is a gap only when nothing told
        the number of pages, when that number is wrong, or when records are lacking.
        """
        longer = any(fresh and n > self.last_page for n, fresh in self.fresh.items())
        doubtful = self.pages_known is None or longer or bool(self.missing)
        lacking = {n: why for n, why in self.failed.items() if n <= self.last_page or n == 1 or doubtful}
        lacking |= {n: why for n, why in self.refused.items() if n <= self.last_page or n == 1}
        return dict(sorted(lacking.items()))

    @property
    def goes_round(self) -> bool:
        """Whether pages came again in place of others that the source tells of."""
        again = any(page <= self.last_page for page in self.repeated)
        return self.went_idle or again or bool(self.repeated and self.missing)

    @property
    def went_idle(self) -> bool:
        """Whether pages told of came without anything new, several in a row."""
        idle = [n for n, fresh in self.fresh.items() if not fresh and n <= self.last_page]
        return any({n + 1, n + 2} <= set(idle) for n in idle) if len(idle) >= _IDLE_PAGES else False

    @property
    def given_up(self) -> bool:
        """Whether no further page is worth asking for: the first one, or too many others, did not come."""
        lacking = self.failed.keys() | self.refused.keys()
        return 1 in lacking or sum(n <= self.last_page for n in lacking) >= MOST_GAPS


class Course(Protocol):
    """Decides which pages are asked for, and in which order the list is to be."""

    sort_field: str  # as the API names it
    column: str  # and as `PackedPage.keys` does
    direction: str

    def following(self, progress: Progress) -> int | None:
        """The page to ask for now; None when there is none, or none before an awaited page has come."""

    def wants_all(self, progress: Progress, /) -> bool:
        """Whether it wants all pages of the list, by what came so far."""


class WholeList:
    """Every page that any answer told of, then those behind them until one brings nothing new."""

    sort_field, column, direction = "date", "day", "Ascending"

    def following(self, progress: Progress) -> int | None:
        """The page to ask for now."""
        if not progress.asked:
            return 1
        if 1 not in progress.fresh or progress.given_up or progress.went_idle:
            return None
        if progress.asked < progress.last_page:
            return progress.asked + 1
        return progress.asked + 1 if _goes_on_behind(progress) else None

    def wants_all(self, _progress: Progress, /) -> bool:
        """It does."""
        return True


def _goes_on_behind(progress: Progress) -> bool:
    """Whether the page behind the last one asked for may hold more.

    The first one behind is asked for at once; each further one when all before it have come, the last of them
    with something new.
    """
    if progress.asked == progress.last_page:
        return True
    return progress.waiting == 0 and progress.fresh.get(progress.asked, False)


class NewestPages:
    """The newest pages, one after another, until one has a record of before `since`; then the last page.

    Behind the pages told of, until one brings nothing new.

    `since` is a date, or a time: then the records that were modified last are the newest.
    """

    direction = "Descending"

    def __init__(self, since: dt.date | dt.datetime) -> None:
        by_time = isinstance(since, dt.datetime)
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
        return progress.asked + 1 if progress.fresh.get(progress.asked, False) else None

    def wants_all(self, progress: Progress, /) -> bool:
        """It does while every record that came is new enough."""
        return progress.oldest is None or progress.oldest >= self._since


class ChosenPages:
    """These pages, all at once."""

    sort_field, column, direction = "date", "day", "Ascending"

    def __init__(self, pages: Iterable[int]) -> None:
        self.pages = sorted(pages)

    def following(self, progress: Progress) -> int | None:
        """The page to ask for now."""
        if len(progress.failed) + len(progress.refused) >= MOST_GAPS:
            return None
        return next((page for page in self.pages if page > progress.asked), None)

    def wants_all(self, _progress: Progress, /) -> bool:
        """It does not."""
        return False
