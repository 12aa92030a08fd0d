"""Threads that read pages, and the loop that keeps them busy over all schools."""

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

_REFUSALS = (400, 416)  # of a page behind the list's end; some answer NO_RECORDS there
_SETTLING = 2  # readings that wait for their school to be written; more would fill the memory

Settle = Callable[[Reading], "Reading | None"]


class Refused(SourceError):
    """The source has no such page, as it may say of one behind the end of the list."""


@dataclass(frozen=True)
class Task:
    """A page to be read."""

    reading: Reading
    number: int


@dataclass(frozen=True)
class PageCame:
    """The answer to a task: a page, or why there is none."""

    task: Task
    answer: PackedPage | BaseException


@dataclass(frozen=True)
class Settled:
    """A reading's school was written; `result` gives the second look that it needs, or raises."""

    future: Future[Reading | None]


def fetch_page(api: EsdApi, settings: FetcherSettings, asked_as: Mapping[int, str], task: Task) -> PackedPage:
    """One page of a school, flattened and packed; raises SourceError when it cannot be had.

    `asked_as`: a school's number -> its id as the list of schools writes it; of an unlisted one, the number.
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

    # packed by the thread that read it: an answer may wait while a school is written
    return PackedPage(patiently(f"school {school_id}, page {number}", settings.attempts, ask))


def _page_of(answer: requests.Response, school_id: int) -> Page:
    """The page that the answer holds; raises TemporaryFault when it is none, or an error without records."""
    try:
        page = read_page(answer.content, school_id)
    except UnreadablePage as error:
        raise TemporaryFault(f"{described(answer)}, but {error}", cure=PAGE_CURE) from error
    if not page.received and says_error(answer.content):
        raise TemporaryFault(f"{described(answer)}, but the answer speaks of an error", cure=PAGE_CURE)
    return page


class Readers:
    """Threads that read pages. Daemons: a request that hangs must not keep the process from ending."""

    def __init__(self, count: int, read: Callable[[Task], PackedPage]) -> None:
        self._read = read
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self.events: queue.SimpleQueue[PageCame | Settled] = queue.SimpleQueue()
        for _ in range(count):
            threading.Thread(target=self._work, daemon=True).start()

    def submit(self, task: Task) -> None:
        """Have the page read; its answer comes to `events`."""
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
    """The readings that have pages to ask for; the next one of `waiting` is opened when it is needed."""

    def __init__(self, waiting: Iterator[Reading]) -> None:
        self._waiting = waiting
        self._open: deque[Reading] = deque()
        self._pages_of_closed = 0

    def __bool__(self) -> bool:
        return bool(self._open)

    def next_task(self) -> Task | None:
        """The next page to ask for, of the reading first that was opened first."""
        for reading in self._open:
            number = reading.next_page()
            if number is not None:
                return Task(reading, number)
        return None

    def open_next(self) -> bool:
        """Open the next reading that waits; gives whether there was one."""
        following = next(self._waiting, None)
        if following is not None:
            self._open.append(following)
        return following is not None

    def open_first(self, reading: Reading) -> None:
        """Open a reading whose pages are asked for before all others."""
        self._open.appendleft(reading)

    def close(self, reading: Reading) -> None:
        """Take away a reading that has finished."""
        self._open.remove(reading)
        self._pages_of_closed += _pages_known(reading)

    def pages_known(self) -> int:
        """How many pages all readings have, by what is known so far."""
        return self._pages_of_closed + sum(map(_pages_known, self._open))


class SettlingThread:
    """Settles one reading at a time, in a thread of its own; the end of each comes to `events`."""

    def __init__(self, settle: Settle, events: queue.SimpleQueue[PageCame | Settled]) -> None:
        self._settle = settle
        self._events = events
        self._pool = ThreadPoolExecutor(1)
        self.pending = 0  # readings whose end was not taken from `events` yet

    def submit(self, reading: Reading) -> None:
        """Have the reading settled."""
        self.pending += 1
        future = self._pool.submit(self._settle, reading)
        future.add_done_callback(lambda done: self._events.put(Settled(done)))

    def finish(self, event: Settled) -> Reading | None:
        """The second look that a settled school needs, if any; raises what went wrong."""
        self.pending -= 1
        return event.future.result()

    def stop(self) -> None:
        """End; a school that is being written is written whole first."""
        self._pool.shutdown(wait=True, cancel_futures=True)


class SchoolQueue:
    """Reads school after school, each until it needs no second look; `settle` writes what was read.

    `ahead` pages are kept asked for over all schools. A school is opened only when those that are open have
    no page left to ask for, so few are in memory. One reading is settled at a time, in a thread of its own,
    while the next ones are read.
    """

    def __init__(self, readings: Iterator[Reading], readers: Readers, ahead: int, settle: Settle) -> None:
        self._open = OpenReadings(readings)
        self._readers = readers
        self._ahead = ahead
        self._settling = SettlingThread(settle, readers.events)
        self._under_way = 0  # pages that are being asked for
        self._pages_read = 0
        self.forbidden: dict[int, Forbidden] = {}  # school that may not be read -> why

    def read_all(self, show: Callable[[int, int], None]) -> None:
        """Read until nothing is left; calls `show(pages read, pages known of)` after each event.

        When it is stopped, the school that is being written is written whole.
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
    """Give the reading its page, or the reason why there is none; raises what is no fault of the source."""
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
    """What a thread does with a task; `asked_as` as for `fetch_page`."""
    return partial(fetch_page, api, settings, asked_as)
