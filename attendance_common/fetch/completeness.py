"""Whether a school was read completely, although the list moves while its pages are read.

Rows are added, changed and removed at the source between two pages; a shift can make a row slip from a page
not yet read to one already read. A reading counts only when nothing points to that; else it is done again.
The source's count is the proof; where it gives none, pages read a second time are. One thing the count does
not show: a record that was read vanishes and another comes, so that a third slips. So what is landed counts
as gone only when two readings in a row lack it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator

import polars as pl

from attendance_common.fetch.packed_pages import HeldPage, WaitingRows
from attendance_common.fetch.page import Rejection

_MOST_PAGES = 100_000  # a list without an end ends in a report
_MOST_CLOSINGS = 5
_TOGETHER = 3_000  # rows that are sorted at a time: few are in memory, and each time costs


class SchoolReading:
    """The pages of one school, in whatever order they come. Pages are numbered from 1."""

    direction = "Ascending"

    def __init__(
        self, school_id: int, page_size: int, begun: dt.datetime, missed: Collection[int] = ()
    ) -> None:
        self.school_id = school_id
        self.begun = begun
        self.missed: set[int] = set()  # ids of landed records that it lacks
        self._missed_before = frozenset(missed)  # and that the reading before lacked
        self.since = dt.date.min  # the dates that are read, from this one on
        self._page_size = page_size
        self._pages: dict[int, HeldPage] = {}
        self._seen: dict[int, int] = {}  # content -> page
        self._asked = 0
        self._waiting = 0
        self._last = 1
        self._counts: list[int] = []
        self._floors: dict[int, int] = {}  # page -> the highest count that was known when it was asked for
        self._closings = 0
        self._closing = self._closed = False
        self._proof: list[int] = []  # pages to be read a second time
        self._proving = self._moved = False
        self._trouble: str | None = None
        self._stands: pl.DataFrame | None = None

    def begin(self, now: Callable[[], dt.datetime]) -> None:
        """A page is asked for; until the first one has come, nothing that it will hold is older than now."""
        if not self._pages:
            self.begun = now()

    @property
    def unsorted(self) -> bool:
        """The source did not sort, although this reading needs it."""
        return False

    def next_page(self) -> int | None:
        """The next page to ask for; None when there is none, or none before an awaited page has come."""
        if not self._more():
            return None
        self._waiting += 1
        number = self._following()
        self._floors[number] = max(self._counts, default=0)
        return number

    def _following(self) -> int:
        if self._proof:
            return self._proof.pop()
        if self._asked < self._last:
            self._asked += 1
            return self._asked
        self._closings += 1
        self._closing = True
        return self._last

    @property
    def finished(self) -> bool:
        """Nothing is awaited and nothing is left to ask for."""
        return self._waiting == 0 and not self._more()

    def _more(self) -> bool:
        if self._trouble or self._moved:
            return False
        return self._asked < self._last or bool(self._proof) or self._needs_closing()

    def fail(self, reason: str) -> None:
        """A page could not be had at all."""
        self._waiting -= 1
        self._trouble = self._trouble or reason

    def add(self, number: int, page: HeldPage) -> None:
        """Take in a page; what it says of the whole list may add pages to ask for."""
        self._waiting -= 1
        self._stands = None
        held = self._pages.get(number)
        self._trouble = self._trouble or self._seen_trouble(number, page)
        self._pages[number] = page
        if self._closing:
            self._closing, self._closed = False, (page.paging.count or 0) <= max(self._counts)
        elif held is not None:
            self._moved = self._moved or not held.holds_the_same_as(page)
        if page.paging.count is not None:
            self._counts.append(page.paging.count)
        last, self._last = self._last, max(self._last, self._pages_told(number, page))
        self._moved = self._moved or (self._proving and self._last > last)
        if self._last > _MOST_PAGES:
            self._trouble = f"the source tells of more than {_MOST_PAGES} pages"
        if self._waiting == 0 and not self._more() and not self._proving and self._needs_proof():
            self._prove(range(1, self._last + 1))

    def _prove(self, pages: Iterable[int]) -> None:
        self._proving, self._proof = True, list(pages)

    def _needs_proof(self) -> bool:
        """A page told no count, or a record that nothing tells apart from another is on two pages.

        All pages are read once more after all have come, the last one too: of pages asked for at once it may
        have been answered before another. Where each is what it was, they stood so together. One answer needs
        no proof, nor does a bare list that is the same for every page.
        """
        if len({page.content for page in self._pages.values()}) == 1:
            return False
        each = (rejection for page in self._pages.values() for rejection in set(page.rejections))
        nameless = Counter(rejection for rejection in each if rejection.record_id is None)
        uncounted = any(page.received and page.paging.count is None for page in self._pages.values())
        return uncounted or any(pages > 1 for pages in nameless.values())

    def _seen_trouble(self, number: int, page: HeldPage) -> str | None:
        if page.paging.count is not None and page.paging.count < self._floors.get(number, 0):
            return "the count fell while the pages were read"
        if page.received == 0:
            return f"page {number} of {self._last} is empty" if number < self._last else None
        other = self._seen.setdefault(page.content, number)
        return f"page {number} repeats page {other}" if other != number and not self._pageless(page) else None

    def _pageless(self, page: HeldPage) -> bool:
        """Whether it may know no pages: whatever page is asked for, it is the same.

        One with as many rows as were asked for may be cut.
        """
        untold = page.paging.pages is None and page.paging.count is None
        return untold and len(self._seen) == 1 and page.received != self._page_size

    def _pages_told(self, number: int, page: HeldPage) -> int:
        if self._pageless(page) and self._seen.get(page.content) != number:
            return number
        if page.paging.pages is not None:
            return page.paging.pages
        size = min(self._page_size, self._pages[1].received)  # the server may send fewer a page
        if page.paging.count is not None:
            return -(-page.paging.count // (size or self._page_size))
        return number + 1 if page.received >= (size or 1) else number

    def _needs_closing(self) -> bool:
        """The count moved: the last page is read once more, after all others, to have the last word on it.

        Answers to requests that overlap have no order: a count that rose looks like one that fell.
        """
        moved = len(set(self._counts)) > 1 and not self._closed
        return moved and self._waiting == 0 and self._closings < _MOST_CLOSINGS

    def fault(self) -> str | None:
        """Why a finished reading must not be published; None when it is complete."""
        if self._moved:
            return "the list moved while its pages were read"
        return self._trouble or self._short_page() or self._fallen_count() or self._missing_rows()

    def _short_page(self) -> str | None:
        sizes = {number: page.received for number, page in self._pages.items()}
        full = max(sizes.values())
        short = [number for number, size in sizes.items() if size < full and number < self._last]
        return f"page {short[0]} of {self._last} is short" if short else None

    def _fallen_count(self) -> str | None:
        if self._counts and self._counts[-1] < max(self._counts):
            return "the count fell while the pages were read"
        return None

    def _missing_rows(self) -> str | None:
        distinct = self._distinct()
        if self._counts and distinct != self._counts[-1]:
            return f"the source counts {self._counts[-1]} records and sent {distinct}"
        return None

    def _distinct(self) -> int:
        ids = [page.ids for page in self._ordered()]
        known = [rejection.record_id for rejection in self.rejections() if rejection.record_id is not None]
        nameless = sum(1 for rejection in self.rejections() if rejection.record_id is None)
        return pl.concat([*ids, pl.Series("id", known, dtype=pl.Int64)]).n_unique() + nameless

    def _ordered(self) -> Iterator[HeldPage]:
        return (self._pages[number] for number in sorted(self._pages))

    @property
    def received(self) -> int:
        """Records on all pages, repeats included."""
        return sum(page.received for page in self._pages.values())

    @property
    def page_count(self) -> int:
        """How many pages were read."""
        return len(self._pages)

    @property
    def pages_known(self) -> int:
        """How many pages there are, as far as is known."""
        return self._last

    @property
    def source_count(self) -> int | None:
        """What the source said last of how many records there are."""
        return self._counts[-1] if self._counts else None

    @property
    def repeats(self) -> int:
        """Records that came more than once, counted without the first time."""
        ids = pl.concat([page.ids for page in self._pages.values()])
        rejected = sum(len(page.rejections) for page in self._pages.values())
        return len(ids) - ids.n_unique() + rejected - len(self.rejections())

    @property
    def older(self) -> int:
        """Records of dates that were not asked for."""
        return 0

    def kept(self, landed: pl.DataFrame) -> pl.DataFrame:
        """Landed rows of records whose newest version went to quarantine: stale, but not lost.

        What else it lacks, under every date, is `missed`.
        """
        lacking = landed.join(self._places(), on="id", how="anti", maintain_order="left")
        unread = pl.col("id").is_in(self._unread())
        self.missed.update(lacking.filter(~unread)["id"])
        return lacking.filter(unread)

    @property
    def in_doubt(self) -> bool:
        """Whether it is the first to lack a landed record, among those that `kept` was asked about."""
        return not self.missed <= self._missed_before

    def _unread(self) -> list[int]:
        return [rejection.record_id for rejection in self.rejections() if rejection.record_id is not None]

    def rejections(self) -> list[Rejection]:
        """What goes to quarantine; the same record twice counts once.

        Records without an id that are alike are as many as stand on one page; on two pages they are the same
        one that slipped, unless the pages were proved to stand still.
        """
        times: dict[Rejection, int] = {}
        for page in self._ordered():
            for rejection, here in Counter(page.rejections).items():
                before = times.get(rejection, 0)
                nameless = before + here if self._proving else max(before, here)
                times[rejection] = nameless if rejection.record_id is None else 1
        return [rejection for rejection, count in times.items() for _ in range(count)]

    def places(self) -> pl.DataFrame:
        """Where each record stands that is published (id, day): nowhere else, since it has one date."""
        return self._places().filter(pl.col("day") >= self.since)

    def _places(self) -> pl.DataFrame:
        if self._stands is None:
            self._stands = self._newest().select("id", "day")
        return self._stands

    def by_date(self, *, last: bool = False) -> Iterator[tuple[dt.date, pl.DataFrame]]:
        """The school's complete list, a date at a time, its rows sorted by id; `last`: not to be asked again.

        No id comes twice: the newest version counts, and of equals the one read last. Pages are unpacked one
        by one, and a date is given away soon after the last page that has it, so few rows are in memory.
        """
        newest = self._newest().with_columns(end=pl.col("page").max().over("day")).sort("page", "row")
        ends, ripe = set(newest["end"]), False
        waiting = WaitingRows()
        for places in newest.partition_by("page", maintain_order=True):
            number = places.item(0, "page")
            rows = self._pages[number].unpacked(last=last)
            waiting.add(rows if places.height == rows.height else rows[places["row"]], places)
            ripe = ripe or number in ends
            if ripe and (waiting.height >= _TOGETHER or number == max(ends)):
                yield from waiting.ended(number)
                ripe = False

    def _newest(self) -> pl.DataFrame:
        """Where the newest version of each id is: id, day, modified_on, page, row on the page."""
        keys = pl.concat(
            page.keys.with_row_index("row").with_columns(page=pl.lit(number, pl.Int64))
            for number, page in sorted(self._pages.items())
        )
        by_age = keys.sort("modified_on", nulls_last=False, maintain_order=True)
        return by_age.unique("id", keep="last", maintain_order=True)


class RecentReading(SchoolReading):
    """The newest pages of one school, back to a date: read one by one, newest first.

    The first page that has an older date is the last of them. Two things then have to be proved. That no row
    slipped from one page to another: the pages before it are read again and must hold the same ids. And that
    the source really sorted (by date, not by its text MM-DD-YYYY): the end of the list must be older still.
    A source that tells no end cannot be proved to sort.
    """

    direction = "Descending"

    def __init__(self, school_id: int, page_size: int, begun: dt.datetime, since: dt.date) -> None:
        super().__init__(school_id, page_size, begun)
        self.since = since
        self._oldest = dt.date.max
        self._ascends = self._endless = False

    @property
    def unsorted(self) -> bool:
        """The source did not sort, or nothing can prove that it did; a list that moved only looks so."""
        return (self._ascends or self._endless) and not self._moved

    @property
    def _reached(self) -> bool:
        return self._oldest < self.since

    def _more(self) -> bool:
        if self._trouble or self._ascends or self._endless or self._moved:
            return False
        one_by_one = self._waiting == 0 or bool(self._proof)
        return bool(self._proof) if self._reached else one_by_one and super()._more()

    def add(self, number: int, page: HeldPage) -> None:
        """Take in the next page and look how far back it goes, or compare it with what it was."""
        reached, proving, again = self._reached, self._proving, number in self._pages
        super().add(number, page)
        self._moved = self._moved or len(set(self._counts)) > 1
        if not again and self._seen.get(page.content) == number:
            self._look_back(page)
            if self._reached and not reached and self._proving == proving:
                self._endless = number < self._last and not self._told_end()
                self._prove([*range(1, number), *({self._last} - {number})])

    def _told_end(self) -> bool:
        """Whether an answer told where the list ends; else a full page says only that another may follow."""
        told = (page.paging for page in self._pages.values())
        return any(paging.count is not None or paging.pages is not None for paging in told)

    def _look_back(self, page: HeldPage) -> None:
        for day in page.keys["day"]:
            self._ascends = self._ascends or day > self._oldest
            self._oldest = min(self._oldest, day)

    def fault(self) -> str | None:
        """Why the recent dates must not be published; None when they are complete."""
        if self._moved:
            return "the list moved while its newest pages were read"
        if self._ascends:
            return "the source did not sort by date"
        if self._endless:
            return "the source tells no end of its list: that it sorts by date cannot be proved"
        if self._reached:
            return self._trouble or self._short_page()
        return super().fault()  # the list ended first: it was read whole

    def kept(self, landed: pl.DataFrame) -> pl.DataFrame:
        """Also landed rows that these dates do not hold: only a whole reading proves that they are gone.

        One that stands under an older date now is not landed there by this reading, and must not be lost.
        """
        seen = self.places()["id"]
        unseen = ~pl.col("id").is_in(seen.to_list()) | pl.col("id").is_in(self._unread())
        return landed.filter(unseen)

    @property
    def older(self) -> int:
        """Records of dates before the one asked for: they came along on the last page."""
        return int((self._places()["day"] < self.since).sum())

    def by_date(self, *, last: bool = False) -> Iterator[tuple[dt.date, pl.DataFrame]]:
        """The dates that were seen completely."""
        return ((day, rows) for day, rows in super().by_date(last=last) if day >= self.since)


def day_of(rows: pl.DataFrame) -> dt.date:
    """The date of rows that share one: any other text than MM-DD-YYYY went to quarantine."""
    return dt.datetime.strptime(rows.item(0, "date"), "%m-%d-%Y").date()
