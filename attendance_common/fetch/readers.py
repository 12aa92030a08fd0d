"""Reads the pages of all schools with several threads, and settles each reading that has finished."""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import requests

from attendance_common.config import FetcherSettings
from attendance_common.errors import SourceError
from attendance_common.fetch.answers import NO_RECORDS, PAGE_CURE, Forbidden, described, says_error
from attendance_common.fetch.api import EsdApi
from attendance_common.fetch.faults import TemporaryFault
from attendance_common.fetch.packed_pages import PackedPage, absent_page
from attendance_common.fetch.page import Page, UnreadablePage, read_page
from attendance_common.fetch.reading import Reading
from attendance_common.fetch.retries import patiently

_REFUSALS = (400, 416)  # for a page behind the end of the list; some sources answer NO_RECORDS for it
_SETTLING = 2  # readings that may wait to be settled; more would take too much memory

Settle = Callable[[Reading], "Reading | None"]


class Refused(SourceError):
    """The source says that it has no such page, as it may for a page behind the end of the list."""


@dataclass(frozen=True)
class Task:
    """A page to fetch."""

    reading: Reading
    number: int


@dataclass(frozen=True)
class PageCame:
    """The result of a task: a page, or the error."""

    task: Task
    answer: PackedPage | BaseException


@dataclass(frozen=True)
class Settled:
    """A reading was settled. `future.result()` returns the second look that the school needs, or raises."""

    future: Future[Reading | None]


def fetch_page(api: EsdApi, settings: FetcherSettings, asked_as: Mapping[int, str], task: Task) -> PackedPage:
    """Fetch one page of a school, flattened and packed; raises SourceError when that fails.

    `asked_as`: a school's number -> its id as the list of schools writes it. An unlisted school is asked for
    by its number.
    """
    school_id, number = task.reading.school_id, task.number
    written = asked_as.get(school_id, str(school_id))
    parameters: dict[str, str | int] = {
        "schoolId": written,
        "pageSize": settings.page_size,
        "page": number,
    }
    if settings.school_year_id is not None:
        parameters["schoolYearId"] = settings.school_year_id
    course = task.reading.course
    order = {"sortField": course.sort_field, "sortDirection": course.direction}

    def ask() -> Page:
        answer = api.get("/v1/periodAttendance", {**parameters, **order}, accepted=_REFUSALS)
        if answer.status_code == NO_RECORDS and task.number == 1:
            return absent_page()
        if answer.status_code == NO_RECORDS:
            raise Refused("the source says that there are no records on it (204 or 404)")
        if answer.status_code in _REFUSALS:
            raise Refused(f"refused with {described(answer)}: check ESD_PAGE_SIZE and ESD_SCHOOL_YEAR_ID")
        return _page_of(answer, school_id)

    # Packed by this thread: the page may wait in memory while a school is written.
    return PackedPage(patiently(f"school {school_id}, page {number}", settings.attempts, ask))


def _page_of(answer: requests.Response, school_id: int) -> Page:
    """The page in an answer; raises TemporaryFault when it has none, or reports an error and no records."""
    try:
        page = read_page(answer.content, school_id)
    except UnreadablePage as error:
        raise TemporaryFault(f"{described(answer)}, but {error}", cure=PAGE_CURE) from error
    if not page.received and says_error(answer.content):
        raise TemporaryFault(f"{described(answer)}, but the answer speaks of an error", cure=PAGE_CURE)
    return page


class Readers:
    """Threads that fetch pages: daemons, so that a request that hangs does not keep the process alive."""

    def __init__(self, count: int, read: Callable[[Task], PackedPage]) -> None:
        self._read = read
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self.events: queue.SimpleQueue[PageCame | Settled] = queue.SimpleQueue()
        for _ in range(count):
            threading.Thread(target=self._work, daemon=True).start()

    def submit(self, task: Task) -> None:
        """Let a thread fetch the page; a PageCame is put into `events`."""
        self._tasks.put(task)

    def _work(self) -> None:
        while True:
            task = self._tasks.get()
            try:
                answer: PackedPage | BaseException = self._read(task)
            except BaseException as error:  # noqa: BLE001 - the main thread raises it; else it would wait for ever
                answer = error
            self.events.put(PageCame(task, answer))


class OpenReadings:
    """The readings that have pages to ask for. Further ones are taken from `waiting` when they are needed."""

    def __init__(self, waiting: Iterator[Reading]) -> None:
        self._waiting = waiting
        self._open: deque[Reading] = deque()
        self._pages_of_closed = 0

    def __bool__(self) -> bool:
        return bool(self._open)

    def next_task(self) -> Task | None:
        """The next page to ask for; None when there is none now. Readings opened earlier go first."""
        for reading in self._open:
            number = reading.next_page()
            if number is not None:
                return Task(reading, number)
        return None

    def open_next(self) -> bool:
        """Open the next waiting reading; returns whether there was one."""
        following = next(self._waiting, None)
        if following is not None:
            self._open.append(following)
        return following is not None

    def open_first(self, reading: Reading) -> None:
        """Open a reading whose pages are asked for before all others."""
        self._open.appendleft(reading)

    def close(self, reading: Reading) -> None:
        """Remove a reading that has finished."""
        self._open.remove(reading)
        self._pages_of_closed += _pages_known(reading)

    def pages_known(self) -> int:
        """The number of pages of all readings, as far as it is known."""
        return self._pages_of_closed + sum(map(_pages_known, self._open))


class SettlingThread:
    """Settles one reading at a time, in its own thread; a Settled for each is put into `events`."""

    def __init__(self, settle: Settle, events: queue.SimpleQueue[PageCame | Settled]) -> None:
        self._settle = settle
        self._events = events
        self._pool = ThreadPoolExecutor(1)
        self.pending = 0  # readings whose Settled was not yet taken from `events`

    def submit(self, reading: Reading) -> None:
        """Let the thread settle the reading."""
        self.pending += 1
        future = self._pool.submit(self._settle, reading)
        future.add_done_callback(lambda done: self._events.put(Settled(done)))

    def finish(self, event: Settled) -> Reading | None:
        """The second look that a settled school needs, if any; raises the error of settling."""
        self.pending -= 1
        return event.future.result()

    def stop(self) -> None:
        """Stop the thread, after the school that it is writing."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class SchoolQueue:
    """Reads one school after another, each until it needs no second look; `settle` writes what was read.

    Up to `ahead` pages of all schools are asked for at a time. A school is opened only when the open ones
    have no more page to ask for, so few are in memory. One reading is settled at a time, in its own thread,
    while others are read.
    """

    def __init__(self, readings: Iterator[Reading], readers: Readers, ahead: int, settle: Settle) -> None:
        self._open = OpenReadings(readings)
        self._readers = readers
        self._ahead = ahead
        self._settling = SettlingThread(settle, readers.events)
        self._under_way = 0  # pages that were asked for and have not come
        self._pages_read = 0
        self.forbidden: dict[int, Forbidden] = {}  # school that may not be read -> why

    def read_all(self, show: Callable[[int, int], None]) -> None:
        """Read all schools; calls `show(pages read, pages known)` after each event.

        When it is stopped, it first finishes the school that is being written.
        """
        try:
            while True:
                self._ask_for_pages()
                if not (self._open or self._settling.pending):
                    return
                event = self._readers.events.get()
                if isinstance(event, Settled):
                    self._settled(event)
                else:
                    self._came(event)
                show(self._pages_read, self._open.pages_known())
        finally:
            self._settling.stop()

    def _ask_for_pages(self) -> None:
        while self._under_way < self._ahead:
            task = self._open.next_task()
            if task is not None:
                self._readers.submit(task)
                self._under_way += 1
            elif self._settling.pending >= _SETTLING or not self._open.open_next():
                return

    def _came(self, event: PageCame) -> None:
        self._under_way -= 1
        self._pages_read += 1
        reading = event.task.reading
        take_in(event)
        if isinstance(event.answer, Forbidden) and not reading.pages:
            self.forbidden[reading.school_id] = event.answer
        if reading.finished:
            self._open.close(reading)
            self._settling.submit(reading)

    def _settled(self, event: Settled) -> None:
        again = self._settling.finish(event)
        if again is not None:
            self._open.open_first(again)


def take_in(event: PageCame) -> None:
    """Add the page of an event to its reading, or why it failed; raises errors that are not the source's."""
    reading, number, answer = event.task.reading, event.task.number, event.answer
    if isinstance(answer, SourceError):
        refused = isinstance(answer, Refused)
        lasting = refused or answer.to_mend
        reading.fail(number, f"page {number}: {answer.reason}", refused=refused, lasting=lasting)
    elif isinstance(answer, BaseException):
        raise answer
    else:
        reading.add(number, answer)


def _pages_known(reading: Reading) -> int:
    return max(reading.progress.last_page, reading.progress.asked)


def reader_of(
    api: EsdApi, settings: FetcherSettings, asked_as: Mapping[int, str]
) -> Callable[[Task], PackedPage]:
    """The function by which a thread fetches a page; `asked_as`: see `fetch_page`."""
    return partial(fetch_page, api, settings, asked_as)
