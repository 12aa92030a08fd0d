"""Fetch every school's period attendance from the ESD API and land it in S3 as Parquet.

In: the ESD REST API, pages of nested JSON. Out: one Parquet object per school and record date below
S3_PREFIX, unreadable records in quarantine, a record of the run, and one JSON line on stdout.
Exit status: 0 all done; 1 failed, running again is safe; 2 wrong usage or configuration; 3 finished, but a
person is needed (rows in quarantine, a school that could not be read).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json
import logging
import queue
import secrets
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attendance_common import aws, command, landing
from attendance_common.config import FetcherSettings
from attendance_common.errors import AwsError, SourceError
from attendance_common.esd_api import SECRET_KEYS, EsdApi, TemporaryFault, list_schools, patiently

if TYPE_CHECKING:  # polars and boto3 take their time to import: only when there is work, so --help is quick
    import polars as pl
    from mypy_boto3_s3 import S3Client

    from attendance_common.completeness import SchoolReading
    from attendance_common.flatten import Page, Rejection

log = logging.getLogger("attendance")

READINGS = 3  # of a school whose list moved while it was read
UPLOADS = 16  # objects written at a time


def fetch_page(api: EsdApi, settings: FetcherSettings, school_id: int, number: int) -> Page:
    """One page of a school, flattened; raises SourceError when it cannot be had."""
    from attendance_common.completeness import absent_page
    from attendance_common.flatten import UnreadablePage, read_page

    parameters = {"schoolId": school_id, "pageSize": settings.page_size, "page": number}
    if settings.school_year_id is not None:
        parameters["schoolYearId"] = settings.school_year_id
    order = {"sortField": "date", "sortDirection": "Ascending"}

    def ask() -> Page:
        answer = api.get("/v1/periodAttendance", {**parameters, **order})
        if answer.status_code == 404:
            return absent_page(number)
        try:
            return read_page(answer.content, school_id)
        except UnreadablePage as error:
            raise TemporaryFault(str(error)) from error

    page: Page = patiently(f"school {school_id}, page {number}", settings.attempts, ask)
    return page


# --- reading schools ----------------------------------------------------------------------------------------


def now() -> dt.datetime:
    """The time, in UTC."""
    return dt.datetime.now(dt.timezone.utc)


@dataclass(frozen=True)
class Task:
    """A page to be read."""

    reading: SchoolReading
    number: int


class Readers:
    """Threads that read pages. Daemons: a request that hangs must not keep the process from ending."""

    def __init__(self, count: int, read: Callable[[Task], Page]) -> None:
        self._read = read
        self._tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        self.answers: queue.SimpleQueue[tuple[Task, Page | BaseException]] = queue.SimpleQueue()
        for _ in range(count):
            threading.Thread(target=self._work, daemon=True).start()

    def submit(self, task: Task) -> None:
        """Have the page read; its answer comes to `answers`."""
        self._tasks.put(task)

    def _work(self) -> None:
        while True:
            task = self._tasks.get()
            try:
                answer: Page | BaseException = self._read(task)
            except BaseException as error:  # noqa: BLE001 - handed to the main thread, which raises it
                answer = error
            self.answers.put((task, answer))


def read_schools(
    schools: Iterable[int], page_size: int, readers: Readers, ahead: int
) -> Iterable[SchoolReading]:
    """Yield each school's reading when it is finished, whatever came of it.

    `ahead` pages are kept asked for over all schools; a school is opened only when those that are open have
    no page left to ask for, so few are in memory.
    """
    from attendance_common.completeness import SchoolReading

    waiting = deque(schools)
    opened: list[SchoolReading] = []
    under_way = 0
    while waiting or opened:
        while under_way < ahead:
            task = next_task(opened)
            if task is None and waiting:
                opened.append(SchoolReading(waiting.popleft(), page_size, now()))
                continue
            if task is None:
                break
            readers.submit(task)
            under_way += 1
        task, answer = readers.answers.get()
        under_way -= 1
        take_in(task, answer)
        if task.reading.finished:
            opened.remove(task.reading)
            yield task.reading


def next_task(opened: Sequence[SchoolReading]) -> Task | None:
    """The next page to ask for, the school first that was opened first."""
    for reading in opened:
        number = reading.next_page()
        if number is not None:
            return Task(reading, number)
    return None


def take_in(task: Task, answer: Page | BaseException) -> None:
    """Give the reading its page, or the reason why there is none."""
    if isinstance(answer, SourceError):
        task.reading.fail(str(answer))
    elif isinstance(answer, BaseException):
        raise answer
    else:
        task.reading.add(task.number, answer)


# --- landing ------------------------------------------------------------------------------------------------


def parquet(rows: pl.DataFrame) -> bytes:
    """Rows as the Parquet that Spectrum is known to read: format v1, plain or dictionary encoded, snappy."""
    body = io.BytesIO()
    rows.write_parquet(body, compression="snappy", statistics=True)
    return body.getvalue()


def _status(error: Any) -> int:
    return int(error.response["ResponseMetadata"]["HTTPStatusCode"])


class LandingZone:
    """Writes a school's objects: only where the content differs, never over what was read later."""

    def __init__(self, client: S3Client, areas: landing.Areas, *, dry_run: bool) -> None:
        self._s3 = client
        self._areas = areas
        self._dry_run = dry_run
        self._pool = ThreadPoolExecutor(UPLOADS)
        self._months: dict[str, dict[str, str]] = {}

    def publish(self, reading: SchoolReading) -> Counter[str]:
        """Write the school's quarantine, then each date; returns the rows landed and what became of objects.

        Raises AwsError; every write that was begun has ended by then.
        """
        rejections = reading.rejections()
        unread = [rejection.record_id for rejection in rejections if rejection.record_id is not None]
        done: Counter[str] = Counter()
        pending: deque[Future[str]] = deque()
        with aws.explained(f"s3://{self._areas.bucket}"):
            if rejections:
                self._quarantine(reading.school_id, rejections)
            try:
                for day, rows in reading.by_date():
                    done["landed"] += rows.height
                    self._existing(day)
                    job = (day, reading.school_id, rows, unread, reading.begun)
                    pending.append(self._pool.submit(self._publish_date, *job))
                    if len(pending) >= 2 * UPLOADS:  # few rows wait in memory
                        done[pending.popleft().result()] += 1
            finally:
                wait(pending)
            done.update(future.result() for future in pending)
        return done

    def _existing(self, day: dt.date) -> dict[str, str]:
        """Name -> ETag of the objects that were in the date's month when it was first asked for."""
        month = landing.month_folder(day)
        if month not in self._months:
            pages = self._s3.get_paginator("list_objects_v2").paginate(
                Bucket=self._areas.bucket, Prefix=f"{self._areas.landing}{month}"
            )
            found = (entry for page in pages for entry in page.get("Contents", []))
            skip = len(self._areas.landing)
            self._months[month] = {entry["Key"][skip:]: entry["ETag"].strip('"') for entry in found}
        return self._months[month]

    def _publish_date(
        self, day: dt.date, school_id: int, rows: pl.DataFrame, unread: Sequence[int], read_at: dt.datetime
    ) -> str:
        name = landing.object_name(day, school_id)
        etag = self._existing(day).get(name)
        if etag and unread:
            rows = self._keep_unread(name, rows, unread)
        body = parquet(rows)
        digest = hashlib.md5(body, usedforsecurity=False).hexdigest()
        if etag == digest:
            return "unchanged"
        if self._dry_run:
            return "written"
        told = {"content-md5": digest, "read-at": read_at.isoformat(timespec="microseconds")}
        return self._write(name, body, told, exists=etag is not None)

    def _keep_unread(self, name: str, rows: pl.DataFrame, unread: Sequence[int]) -> pl.DataFrame:
        """Keep what is landed of records whose newest version went to quarantine: stale, but not lost."""
        import polars as pl

        body = self._s3.get_object(Bucket=self._areas.bucket, Key=self._areas.landing + name)["Body"].read()
        lost = pl.col("id").is_in(list(unread)) & ~pl.col("id").is_in(rows["id"].to_list())
        kept = pl.read_parquet(io.BytesIO(body)).filter(lost)
        return pl.concat([rows, kept.select(rows.columns)]).sort("id") if kept.height else rows

    def _write(self, name: str, body: bytes, told: dict[str, str], *, exists: bool) -> str:
        """Put the object if it is still what was looked at; S3 answers 412 or 409 when it is not."""
        from botocore.exceptions import ClientError

        condition: dict[str, str] = {} if exists else {"IfNoneMatch": "*"}
        for _ in range(10):
            if not condition:
                there = self._s3.head_object(Bucket=self._areas.bucket, Key=self._areas.landing + name)
                if there["Metadata"].get("content-md5") == told["content-md5"]:
                    return "unchanged"
                if there["Metadata"].get("read-at", "") > told["read-at"]:
                    return "superseded"
                condition = {"IfMatch": there["ETag"]}
            try:
                self._put(self._areas.landing + name, body, Metadata=told, **condition)
            except ClientError as error:
                if _status(error) not in (409, 412):
                    raise
                condition = {}
            else:
                return "written"
        raise AwsError(f"{name} is being written by others again and again: run again later")

    def _put(self, key: str, body: bytes, **more: Any) -> None:
        self._s3.put_object(Bucket=self._areas.bucket, Key=key, Body=body, **more)

    def _quarantine(self, school_id: int, rejections: Sequence[Rejection]) -> None:
        """One JSON line per record, whole; named by its content, so that a rerun does not pile up."""
        lines = [{"reason": r.reason, "schoolId": school_id, "record": r.record} for r in rejections]
        body = "".join(json.dumps(line) + "\n" for line in sorted(lines, key=json.dumps)).encode()
        name = f"school_{school_id}/{hashlib.sha256(body).hexdigest()[:32]}.jsonl"
        if not self._dry_run:
            self._put(self._areas.quarantine + name, body)

    def record_run(self, record: dict[str, Any]) -> None:
        """Write the run's record beside the landing zone."""
        key = f"{self._areas.runs}fetch/{record['run']}.json"
        if not self._dry_run:
            with aws.explained(f"s3://{self._areas.bucket}/{key}"):
                self._put(key, json.dumps(record, indent=1).encode())


# --- the run ------------------------------------------------------------------------------------------------


class Run:
    """One run over all schools: reads, publishes, reads again what moved, and keeps the record."""

    def __init__(self, zone: LandingZone, context: command.Context) -> None:
        self._zone = zone
        self._context = context
        self.run_id = f"{now():%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"  # sorts by time
        self.schools: dict[int, dict[str, Any]] = {}

    def read_all(self, schools: Sequence[int], settings: FetcherSettings, readers: Readers) -> None:
        """Read each school until it is complete, READINGS times at the most."""
        for reading_number in range(1, READINGS + 1):
            last = reading_number == READINGS
            again = []
            for reading in read_schools(schools, settings.page_size, readers, 2 * settings.concurrency):
                with self._context.termination.deferred():
                    if not self._settle(reading) and not last:
                        again.append(reading.school_id)
            schools = again

    def _settle(self, reading: SchoolReading) -> bool:
        """Publish a complete reading; False when it has to be done again."""
        school, fault = reading.school_id, reading.fault()
        told = {
            "pages": reading.page_count,
            "source_count": reading.source_count,
            "received": reading.received,
        }
        self.schools[school] = {**told, "fault": fault}
        if fault:
            log.warning("school %d was not read completely: %s", school, fault)
            return False
        rejections = reading.rejections()
        done = self._zone.publish(reading)
        landed, quarantined = done.pop("landed", 0), len(rejections)
        told |= {"landed": landed, "quarantined": quarantined}
        told["repeats"] = reading.received - landed - quarantined
        reasons = dict(Counter(rejection.reason for rejection in rejections))
        self.schools[school] = {**told, "objects": dict(done), "quarantine": reasons}
        log.info(
            "school %d: %d records on %d pages, %d landed, %d in quarantine; objects: %s",
            *(school, reading.received, reading.page_count, landed, quarantined),
            ", ".join(f"{count} {became}" for became, count in sorted(done.items())) or "none",
        )
        return True

    def outcome(self) -> command.Outcome:
        """The run's sums and what needs a person."""
        told = self.schools.values()
        faults = {school: about["fault"] for school, about in self.schools.items() if about.get("fault")}
        sums = {key: sum(about.get(key, 0) or 0 for about in told) for key in _SUMS}
        objects: Counter[str] = sum((Counter(about.get("objects")) for about in told), Counter())
        counts = {
            "run": self.run_id,
            "schools": len(self.schools),
            "schools_failed": len(faults),
            **sums,
            **{f"objects_{became}": objects[became] for became in ("written", "unchanged", "superseded")},
        }
        attention = [f"school {school} was not read: {fault}" for school, fault in faults.items()]
        if sums["quarantined"]:
            attention.append(f"{sums['quarantined']} records are in quarantine")
        return command.Outcome(counts, attention)


_SUMS = ("pages", "received", "landed", "quarantined", "repeats")


def fetch(settings: FetcherSettings, context: command.Context) -> command.Outcome:
    """Fetch all schools."""
    secret = aws.read_secret(settings, settings.secret_id, "ESD_SECRET_ID", SECRET_KEYS)
    api = EsdApi(settings, secret)
    areas = landing.Areas(settings.bucket, settings.prefix)
    zone = LandingZone(aws.s3_client(settings, UPLOADS + 1), areas, dry_run=context.dry_run)
    schools = list_schools(api, settings)
    log.info("%d schools", len(schools))
    readers = Readers(
        settings.concurrency,
        lambda task: fetch_page(api, settings, task.reading.school_id, task.number),
    )
    run = Run(zone, context)
    run.read_all(schools, settings, readers)
    outcome = run.outcome()
    zone.record_run({**outcome.counts, "attention": outcome.attention, "by_school": run.schools})
    return outcome


def main(argv: Sequence[str] | None = None) -> int:
    """Run the fetcher; returns the exit status."""
    description = (__doc__ or "").strip()
    return command.run(command.parser(description, FetcherSettings), FetcherSettings, fetch, argv)


if __name__ == "__main__":
    sys.exit(main())
