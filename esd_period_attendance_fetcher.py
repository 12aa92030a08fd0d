"""Fetch every school's period attendance from the ESD API and land it in S3 as Parquet.

In: the ESD REST API, pages of nested JSON. Out: one Parquet object per school and record date below
S3_PREFIX, unreadable records in quarantine, a record of the run, and one JSON line on stdout.
Exit status: 0 all done, nothing to say; 1 failed, may pass: try again; 2 a setting, secret, right or bucket
is missing or wrong; 3 finished; somebody should read `attention` (rows in quarantine, a school not read).
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import queue
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from attendance_common import aws, command
from attendance_common.config import FetcherSettings
from attendance_common.errors import SourceError, Terminated
from attendance_common.fetch import sums
from attendance_common.fetch.api import SECRET_KEYS, EsdApi, TemporaryFault, patiently
from attendance_common.fetch.schools import list_schools
from attendance_common.log import event, log

if TYPE_CHECKING:  # polars and boto3 take their time to import: only when there is work, so --help is quick
    from attendance_common.fetch.completeness import SchoolReading
    from attendance_common.fetch.landing_zone import LandingZone, Published
    from attendance_common.fetch.lists import Became
    from attendance_common.fetch.packed_pages import HeldPage
    from attendance_common.fetch.page import Page

READINGS = 4  # of a school whose list moved while it was read, or lacks what was landed


def now() -> dt.datetime:
    """The time, in UTC."""
    return dt.datetime.now(dt.timezone.utc)


@dataclass(frozen=True)
class Task:
    """A page to be read."""

    reading: SchoolReading
    number: int


def fetch_page(api: EsdApi, settings: FetcherSettings, task: Task) -> HeldPage:
    """One page of a school, flattened and packed; raises SourceError when it cannot be had."""
    from attendance_common.fetch.packed_pages import HeldPage, absent_page
    from attendance_common.fetch.page import UnreadablePage, read_page

    school_id, number = task.reading.school_id, task.number
    parameters = {"schoolId": school_id, "pageSize": settings.page_size, "page": number}
    if settings.school_year_id is not None:
        parameters["schoolYearId"] = settings.school_year_id
    order = {"sortField": "date", "sortDirection": task.reading.direction}

    def ask() -> Page:
        answer = api.get("/v1/periodAttendance", {**parameters, **order}, partial(task.reading.begin, now))
        if answer.status_code == 404:
            return absent_page(number)
        try:
            return read_page(answer.content, school_id)
        except UnreadablePage as error:
            raise TemporaryFault(str(error)) from error

    # packed by the thread that read it: an answer may wait while a school is published
    return HeldPage(patiently(f"school {school_id}, page {number}", settings.attempts, ask))


# --- reading schools ----------------------------------------------------------------------------------------


class Readers:
    """Threads that read pages. Daemons: a request that hangs must not keep the process from ending."""

    def __init__(self, count: int, read: Callable[[Task], HeldPage]) -> None:
        self._read = read
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self.answers: queue.SimpleQueue[tuple[Task, HeldPage | BaseException]] = queue.SimpleQueue()
        for _ in range(count):
            threading.Thread(target=self._work, daemon=True).start()

    def submit(self, task: Task) -> None:
        """Have the page read; its answer comes to `answers`."""
        self._tasks.put(task)

    def _work(self) -> None:
        while True:
            task = self._tasks.get()
            try:
                answer: HeldPage | BaseException = self._read(task)
            except BaseException as error:  # noqa: BLE001 - handed to the main thread, which raises it
                answer = error
            self.answers.put((task, answer))


def read_schools(
    readings: Iterable[SchoolReading],
    readers: Readers,
    ahead: int,
    show: Callable[[int, int], None] = command.show_nothing,
) -> Iterable[SchoolReading]:
    """Yield each school's reading when it is finished, whatever came of it.

    `ahead` pages are kept asked for over all schools; a school is opened only when those that are open have
    no page left to ask for, so few are in memory. `show` is told the pages read, and those known of.
    """
    waiting = iter(readings)
    following = next(waiting, None)
    opened: list[SchoolReading] = []
    under_way = read = closed = 0
    while following or opened:
        while under_way < ahead:
            task = next_task(opened)
            if task is None and following:
                opened.append(following)
                following = next(waiting, None)
                continue
            if task is None:
                break
            readers.submit(task)
            under_way += 1
        task, answer = readers.answers.get()
        under_way -= 1
        take_in(task, answer)
        read += 1
        show(read, closed + sum(reading.pages_known for reading in opened))
        if task.reading.finished:
            opened.remove(task.reading)
            closed += task.reading.pages_known
            yield task.reading


def next_task(opened: Sequence[SchoolReading]) -> Task | None:
    """The next page to ask for, the school first that was opened first."""
    for reading in opened:
        number = reading.next_page()
        if number is not None:
            return Task(reading, number)
    return None


def take_in(task: Task, answer: HeldPage | BaseException) -> None:
    """Give the reading its page, or the reason why there is none."""
    if isinstance(answer, SourceError):
        task.reading.fail(f"page {task.number}: {answer.reason}")
    elif isinstance(answer, BaseException):
        raise answer
    else:
        task.reading.add(task.number, answer)


# --- the run ------------------------------------------------------------------------------------------------


class Run:
    """One run over all schools: reads, publishes, reads again what moved, and keeps the record."""

    def __init__(self, zone: LandingZone, context: command.Context, since: dt.date | None) -> None:
        self._zone = zone
        self._context = context
        self._since = since
        self._read_whole: set[int] = set()  # schools whose list the source did not sort
        self._missed: dict[int, set[int]] = {}  # school -> landed records that its last reading lacked
        self._became: dict[int, dict[dt.date, Became]] = {}  # school -> what became of each date's list
        self.run_id = context.run
        self.schools: dict[int, dict[str, Any]] = {}

    def read_all(self, schools: Sequence[int], settings: FetcherSettings, readers: Readers) -> None:
        """Read each school until it is complete, READINGS times at the most.

        The next schools are read while one is published; a stop lets that one end whole.
        """
        for _ in range(READINGS):
            if not schools:
                return
            readings = (self._open(school, settings.page_size) for school in schools)
            again: list[int] = []
            with self._context.progress("pages") as show, ThreadPoolExecutor(1) as publisher:
                publishing: Future[None] | None = None
                for reading in read_schools(readings, readers, 2 * settings.concurrency, show):
                    if publishing:
                        publishing.result()
                    publishing = publisher.submit(self._settle, reading, again)
                if publishing:
                    publishing.result()
            schools = again

    def _open(self, school: int, page_size: int) -> SchoolReading:
        from attendance_common.fetch.completeness import RecentReading, SchoolReading

        if self._since is None or school in self._read_whole:
            return SchoolReading(school, page_size, now(), self._missed.get(school, ()))
        return RecentReading(school, page_size, now(), self._since)

    def _settle(self, reading: SchoolReading, again: list[int]) -> None:
        """Publish a complete reading; one that is not, or settles nothing, has to be done again."""
        school, fault = reading.school_id, reading.fault()
        if fault is not None:
            self._note(reading, fault)
        else:
            done = self._publish(reading)
            self._missed[school] = reading.missed
            fault = why_again(reading, done)
            self._note(reading, fault, done.landed)
        if fault is not None:
            self._read_again(reading, fault, again)

    def _publish(self, reading: SchoolReading) -> Published:
        """Publish the reading; what became of its lists is kept, also when that fails."""
        from attendance_common.fetch.landing_zone import Published

        school, done = reading.school_id, Published()
        try:
            self._zone.publish(reading, done)
        finally:
            self._became[school] = sums.by_both(self._became.get(school, {}), done.became)
            self._note(reading, "it was not published whole")
        return done

    def _note(self, reading: SchoolReading, fault: str | None, landed: int = 0) -> None:
        """Keep the school's numbers; those of its records only when nothing is left to be done."""
        school, rejections = reading.school_id, reading.rejections()
        objects = Counter(self._became.get(school, {}).values())
        about: dict[str, Any] = {
            "pages": reading.page_count,
            "source_count": reading.source_count,
            "received": reading.received,
            "objects": dict(objects),
        }
        if fault is not None:
            self.schools[school] = {**about, "fault": fault}
            return
        parts = {"landed": landed, "quarantined": len(rejections)}
        parts |= {"repeats": reading.repeats, "older": reading.older}
        reasons = dict(Counter(rejection.reason for rejection in rejections))
        self.schools[school] = {**about, **parts, "quarantine": reasons}
        log.info(
            "school %d: %d records on %d pages, %d landed, %d in quarantine; objects: %s",
            *(school, reading.received, reading.page_count, landed, len(rejections)),
            ", ".join(f"{count} {became}" for became, count in sorted(objects.items())) or "none",
            extra=event("school_read", school=school, counts={"received": reading.received, **parts}),
        )

    def _read_again(self, reading: SchoolReading, fault: str, again: list[int]) -> None:
        school = reading.school_id
        fields = event("school_incomplete", school=school)
        log.warning("school %d was not read completely: %s", school, fault, extra=fields)
        if reading.unsorted:
            self._read_whole.add(school)
        again.append(school)

    @property
    def published(self) -> list[int]:
        """The schools that are done."""
        return [school for school, about in self.schools.items() if not about.get("fault")]

    def outcome(self) -> command.Outcome:
        """The run's sums and what needs a person."""
        sentences = sums.attention(self.schools, self.run_id, self._zone.quarantine)
        return command.Outcome({"run": self.run_id, **sums.counts(self.schools)}, sentences)


def why_again(reading: SchoolReading, done: Published) -> str | None:
    """Why a reading that was published is not the last word; None when it is."""
    if done.overtaken:
        return "another fetcher read it meanwhile"
    if reading.in_doubt:
        return f"it lacks {len(reading.missed)} landed records; they go when the next reading lacks them too"
    return None


def fetch(settings: FetcherSettings, context: command.Context) -> command.Outcome:
    """Fetch the schools, or land what can be read of the quarantine; a failed run leaves a record as well."""
    from attendance_common.fetch.landing_zone import LandingZone

    gc.freeze()  # what is imported stays: the collector need not look at it again and again
    context.termination.listen()  # polars took Ctrl-C for itself when it was imported
    zone = LandingZone(settings, dry_run=context.dry_run)
    run = Run(zone, context, context.flags.since)
    replayed: Counter[str] = Counter(read=0, landed=0, quarantined=0)
    try:
        if context.flags.replay_quarantine:
            with aws.explained(f"s3://{settings.bucket}"):
                return replay(zone, context, run.run_id, replayed)
        return fetch_schools(settings, context, zone, run)
    except (Exception, Terminated) as error:
        context.termination.ignore()
        read = {**sums.counts(run.schools), "by_school": run.schools}
        done = replayed if context.flags.replay_quarantine else read
        zone.records.write_failed({"run": run.run_id, **done}, error)
        raise


def fetch_schools(
    settings: FetcherSettings, context: command.Context, zone: LandingZone, run: Run
) -> command.Outcome:
    """Read this machine's schools and publish them."""
    secret = aws.read_secret(settings, settings.secret_id, "ESD_SECRET_ID", SECRET_KEYS)
    api = EsdApi(settings, secret)
    gc.collect()  # the client that read the secret; from here on little is left in cycles,
    gc.set_threshold(50_000)  # and not worth a look for every 700 of a page's tuples
    listed, doubts = list_schools(api, settings)
    schools = [school for school in listed if context.flags.shard.has(school)]
    log.info("%d schools", len(schools), extra=event("schools_listed", counts={"schools": len(schools)}))
    readers = Readers(settings.concurrency, lambda task: fetch_page(api, settings, task))
    try:
        run.read_all(schools, settings, readers)
    except Terminated as stopped:
        left = len(schools) - len(run.published)
        raise Terminated(f"{stopped}: {left} of {len(schools)} schools") from stopped
    outcome = run.outcome()
    outcome.attention += doubts + empty(outcome.counts, settings)
    zone.records.write({**outcome.counts, "attention": outcome.attention, "by_school": run.schools})
    return outcome


def empty(counts: dict[str, Any], settings: FetcherSettings) -> list[str]:
    """A sentence when no school of the year has a record: a year that is over, or not yet begun, is empty."""
    year, all_failed = settings.school_year_id, counts["schools"] == counts["schools_failed"]
    if year is None or counts["received"] or all_failed:
        return []
    return [f"no school has a record in school year {year}: check ESD_SCHOOL_YEAR_ID"]


def replay(zone: LandingZone, context: command.Context, run_id: str, counts: Counter[str]) -> command.Outcome:
    """Land the records in quarantine that this version can read; the rest stays there; counts what it did."""
    from attendance_common.fetch.page import read_again

    for key, school, rejections in zone.quarantined():
        rows, rest = read_again(rejections, school)
        with context.termination.deferred():
            if rows.height:
                zone.merge(school, rows)
                zone.replace_quarantined(key, school, rest)
        counts.update(read=len(rejections), landed=rows.height, quarantined=len(rest))
    stays = [f"{counts['quarantined']} records stay in quarantine"] if counts["quarantined"] else []
    outcome = command.Outcome({"run": run_id, **counts}, stays)
    zone.records.write({**outcome.counts, "attention": outcome.attention})
    return outcome


# --- the command --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shard:
    """This machine's share of the schools: by their ids alone, so that no two machines need to talk."""

    number: int
    of: int

    def has(self, school: int) -> bool:
        """Whether the school is this machine's."""
        return school % self.of == self.number - 1


def shard(text: str) -> Shard:
    """`2/3` -> the second of three shares."""
    number, slash, of = text.partition("/")
    if slash and number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of):
        return Shard(int(number), int(of))
    raise argparse.ArgumentTypeError("must be i/n with i from 1 to n, such as 1/3")


def days_ago(text: str) -> dt.date:
    """A number of days -> the date so many days ago."""
    if text.isdecimal() and 1 <= int(text) <= 10_000:
        return dt.date.today() - dt.timedelta(days=int(text))
    raise argparse.ArgumentTypeError("must be a number of days from 1")


def date(text: str) -> dt.date:
    """`2025-12-09` -> the date."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("must be a date such as 2025-12-09") from None


def flags() -> argparse.ArgumentParser:
    """The fetcher's flags."""
    made = command.parser((__doc__ or "").strip(), FetcherSettings)
    recent = made.add_mutually_exclusive_group()
    recent.add_argument("--since", type=date, metavar="DATE", help="only dates from DATE (YYYY-MM-DD) on")
    recent.add_argument(
        "--days", dest="since", type=days_ago, metavar="N", help="only the dates of the last N days"
    )
    made.add_argument(
        "--shard",
        type=shard,
        default=Shard(1, 1),
        metavar="i/n",
        help="only the i-th of n shares of the schools",
    )
    recent.add_argument(
        "--replay-quarantine",
        action="store_true",
        help="land what can be read of the quarantine now, keep the rest; does not ask the API",
    )
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the fetcher; returns the exit status."""
    return command.run(flags(), FetcherSettings, fetch, argv)


if __name__ == "__main__":
    sys.exit(main())
