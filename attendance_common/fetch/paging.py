"""Decides which page of a school is asked for next, and where its list ends. Counts in answers may be wrong.

`Progress` is what is known of the list while its pages come. A course decides by it: `WholeList` (every page
that an answer states, then the pages behind them), `NewestPages` (back to a date) or `ChosenPages`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from attendance_common.fetch.totals import Paging, greater

MOST_GAPS = 4  # missing pages after which no further page of the school is asked for
_IDLE_PAGES = 3  # so many in a row without a new record: the source repeats its pages


@dataclass
class StatedLength:
    """What the answers state about the length of the list."""

    counts: list[int] = field(default_factory=list)  # counts of records, in the order of the answers
    pages: int | None = None  # the most pages that any answer stated; None: no answer did

    def add(self, paging: Paging) -> None:
        """Add what one answer states."""
        if paging.count is not None:
            self.counts.append(paging.count)
        if paging.pages:  # 0 means nothing: it is also sent with records
            self.pages = greater(paging.pages, self.pages)


@dataclass
class ReceivedPages:
    """The pages that came."""

    fresh: dict[int, bool] = field(default_factory=dict)  # page -> whether it brought a new record
    records: int = 0  # on all pages, repeats included
    repeated: dict[int, int] = field(default_factory=dict)  # page that repeats another -> its records
    largest: int = 0  # records on the largest page
    oldest: dt.date | dt.datetime | None = None  # oldest value of the column by which the list is sorted

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
    failed: dict[int, str] = field(default_factory=dict)  # page that could not be read -> why
    refused: dict[int, str] = field(default_factory=dict)  # page that the source refused -> how

    def ask(self, number: int) -> int:
        """Record that a page is being asked for; returns its number."""
        self.waiting += 1
        self.asked = max(self.asked, number)
        return number

    def fail(self, number: int, reason: str, *, refused: bool) -> None:
        """Record a page that did not come."""
        self.waiting -= 1
        (self.refused if refused else self.failed)[number] = reason

    @property
    def last_page(self) -> int:
        """The last page, by the stated number of pages, else by the count of records; 0: unknown."""
        if self.stated.pages is not None:
            return self.stated.pages
        return -(-max(self.stated.counts, default=0) // (self.received.largest or self.page_size))

    @property
    def sent(self) -> int:
        """Records that came, without pages that repeat another: a source may ignore the page number."""
        return self.received.records - sum(self.received.repeated.values())

    @property
    def missing(self) -> int:
        """How many records fewer came than the last answer counted.

        When no answer counted: the records on pages, up to the last page, that repeat another page. The
        records that these pages should have did not come.
        """
        if self.stated.counts:
            return max(0, self.stated.counts[-1] - self.sent)
        return sum(records for page, records in self.received.repeated.items() if page <= self.last_page)

    @property
    def gaps(self) -> dict[int, str]:
        """Pages that are missing -> why.

        Behind the last page, a refusal is the end of the list. A failure there is a gap only when no answer
        stated the number of pages, when that number is wrong, or when records are missing.
        """
        longer = any(fresh and n > self.last_page for n, fresh in self.received.fresh.items())
        doubtful = self.stated.pages is None or longer or bool(self.missing)
        lacking = {n: why for n, why in self.failed.items() if n <= self.last_page or n == 1 or doubtful}
        lacking |= {n: why for n, why in self.refused.items() if n <= self.last_page or n == 1}
        return dict(sorted(lacking.items()))

    @property
    def repeats_pages(self) -> bool:
        """Whether the source sent pages again in place of others that it counts."""
        repeated = self.received.repeated
        again = any(page <= self.last_page for page in repeated)
        return self.went_idle or again or bool(repeated and self.missing)

    @property
    def went_idle(self) -> bool:
        """Whether three pages in a row, up to the last page, brought no new record."""
        idle = [n for n, fresh in self.received.fresh.items() if not fresh and n <= self.last_page]
        return any({n + 1, n + 2} <= set(idle) for n in idle) if len(idle) >= _IDLE_PAGES else False

    @property
    def given_up(self) -> bool:
        """Whether no further page is worth asking for: the first one, or too many others, did not come."""
        lacking = self.failed.keys() | self.refused.keys()
        return 1 in lacking or sum(n <= self.last_page for n in lacking) >= MOST_GAPS


class Course(Protocol):
    """Decides which pages are asked for, and how the list is sorted."""

    sort_field: str  # as the API names it
    column: str  # the same as `PackedPage.keys` names it
    direction: str
    is_whole: bool  # it asks for every page of the list
    is_recent: bool  # it asks for the newest pages
    is_by_modification: bool  # newest means modified last

    def following(self, progress: Progress) -> int | None:
        """The page to ask for now; None when there is none, or none before an awaited page has come."""

    def wants_all(self, progress: Progress, /) -> bool:
        """Whether it wants all pages of the list, by what came so far."""


class WholeList:
    """Asks for every page that an answer states, then for more until one brings no new record."""

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
    """Whether to ask for one more page behind the last page.

    The first such page is asked for at once. A further one is asked for when all pages before it have come
    and the one just before it brought a new record.
    """
    if progress.asked == progress.last_page:
        return True
    return progress.waiting == 0 and progress.received.fresh.get(progress.asked, False)


class NewestPages:
    """Asks for the newest pages, one after another, until one has a record from before `since`.

    Then it asks for the last page. If no page has such a record, it asks for all pages, and for further ones
    behind the last page until one brings no new record.

    `since`: a date; or a time: then the list is sorted by modification.
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
    """Asks for the given pages, all at once."""

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
