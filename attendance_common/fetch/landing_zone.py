"""The landed lists in S3: the only module that writes them.

Snapshot and compare: the ETags are listed before a school is read. A list that still has its ETag is
replaced (conditional PUT). One that another process has written since is merged: both sets of rows, and
nothing leaves. So nothing that was written after a reading began is lost, however many fetchers run. There is
no lock and no clock.
"""

from __future__ import annotations

import datetime as dt
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

from attendance_common import __version__, aws, landing
from attendance_common.errors import AwsError
from attendance_common.fetch.lists import (
    LandedList,
    ListChange,
    ReadRecords,
    SchoolPlan,
    compare,
    landed_list,
    md5,
    merge,
    parquet,
    put_in,
    take_out,
    tombstone,
)
from attendance_common.fetch.page import SCHEMA
from attendance_common.log import log

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

UPLOADS = 16  # lists compared and written at a time
SNAPSHOT_SECONDS = 300.0  # a listing that is younger serves the next school, too
Done = TypeVar("Done")
_RACES = 10  # lost to other writers of one list before it counts as failed


@dataclass
class SchoolLists:
    """The lists of one school, as they were before it was read, and as this run wrote them since.

    `years`: the school years under which this run reads; none: it has no school year. `etags`: date -> ETag.
    `foreign`: dates whose lists another process wrote since; they are merged, and nothing leaves them.
    """

    school_id: int
    years: frozenset[int]
    etags: dict[dt.date, str] = field(default_factory=dict)
    written: set[dt.date] = field(default_factory=set)
    foreign: set[dt.date] = field(default_factory=set)

    def name(self, day: dt.date) -> str:
        """The list's name below the prefix."""
        return landing.object_name(day, self.school_id)


class LandingZone:
    """Lists, reads and writes the landed lists; a dry run writes none."""

    def __init__(
        self, s3: S3Client, areas: landing.Areas, encryption: Mapping[str, Any], run: str, *, dry_run: bool
    ) -> None:
        self._s3 = s3
        self._areas = areas
        self._encryption = encryption
        self._run = run
        self._dry_run = dry_run
        self._pool = ThreadPoolExecutor(UPLOADS)
        self._snapshot: dict[int, dict[dt.date, str]] = {}
        self._taken: float | None = None

    # --- the snapshot --------------------------------------------------------------------------------------

    def lists_of(self, school_id: int, years: frozenset[int]) -> SchoolLists:
        """The school's lists as they are now, or were less than five minutes ago; to be read before it is."""
        if self._taken is None or time.monotonic() - self._taken > SNAPSHOT_SECONDS:
            self._taken = time.monotonic()
            self._snapshot = self._listed()
        return SchoolLists(school_id, years, dict(self._snapshot.get(school_id, {})))

    def _listed(self) -> dict[int, dict[dt.date, str]]:
        found: dict[int, dict[dt.date, str]] = {}
        with aws.explained(f"s3://{self._areas.bucket}/{self._areas.landing}"):
            for name, etag in aws.listed(self._s3, self._areas.bucket, self._areas.landing).items():
                if place := landing.list_of(name):
                    day, school = place
                    found.setdefault(school, {})[day] = etag
        return found

    # --- what was read -------------------------------------------------------------------------------------

    def land(
        self,
        lists: SchoolLists,
        by_date: Iterable[tuple[dt.date, pl.DataFrame]],
        read: ReadRecords,
        also: Collection[dt.date] = (),
    ) -> SchoolPlan:
        """Put what was read into its lists, and compare these and those of the dates in `also` with it.

        No record leaves a list here (see `take_out`). Raises AwsError; all writes that were begun have ended
        by then.
        """
        jobs: Iterator[tuple[dt.date, Callable[[], ListChange]]] = chain(
            ((day, partial(self._put_in, lists, day, rows, read)) for day, rows in by_date),
            ((day, partial(self._look_over, lists, day, read)) for day in also),
        )
        return SchoolPlan(self._each(jobs))

    def merge(self, lists: SchoolLists, rows: pl.DataFrame) -> None:
        """Add rows to their lists: the newer version of each id counts, of equals the landed one."""
        days = rows["date"].str.to_date("%m-%d-%Y").alias("day")
        parts = rows.with_columns(days).partition_by("day", as_dict=True, include_key=False)
        self._each((day, partial(self._merge, lists, day, part)) for (day,), part in parts.items())

    def take_out(self, lists: SchoolLists, ids: Mapping[dt.date, Collection[int]]) -> int:
        """Take records out of their lists; gives how many left.

        Nothing leaves a list that another process has written since the snapshot.
        """
        return sum(self._each((day, partial(self._take_out, lists, day, ids[day])) for day in ids).values())

    def _each(self, jobs: Iterable[tuple[dt.date, Callable[[], Done]]]) -> dict[dt.date, Done]:
        """Do these in parallel, few of them waiting; gives what each returns."""
        done: dict[dt.date, Done] = {}
        pending: deque[tuple[dt.date, Future[Done]]] = deque()
        with aws.explained(f"s3://{self._areas.bucket}"):
            try:
                for day, job in jobs:
                    pending.append((day, self._pool.submit(job)))
                    if len(pending) >= 2 * UPLOADS:  # few rows wait in memory
                        first, future = pending.popleft()
                        done[first] = future.result()
            finally:
                wait([future for _, future in pending])
            return done | {day: future.result() for day, future in pending}

    def _put_in(self, lists: SchoolLists, day: dt.date, rows: pl.DataFrame, read: ReadRecords) -> ListChange:
        """Write the list of a date with the records that were read, unless it holds them already."""
        body, known = parquet(rows, lists.years), lists.etags.get(day)
        if known == md5(body):
            return ListChange(rows.height, lists.years)
        if known is None and self._put(lists, day, body):
            return ListChange(0, lists.years)
        landed = self._look(lists.name(day))
        if landed is None or known is None or landed.etag != known:
            return self._merge_foreign(lists, day, rows)
        compared = compare(landed.rows, day, read)
        body = parquet(put_in(landed.rows, rows), landed.years | lists.years)
        if landed.has_body(body) or self._put(lists, day, body):
            return ListChange(landed.rows.height, landed.years, compared)
        return self._merge_foreign(lists, day, rows)

    def _merge_foreign(self, lists: SchoolLists, day: dt.date, rows: pl.DataFrame) -> ListChange:
        """Merge rows into a list that another process wrote since the snapshot."""
        lists.foreign.add(day)
        return self._merge(lists, day, rows, exists=True)

    def _merge(
        self, lists: SchoolLists, day: dt.date, rows: pl.DataFrame, *, exists: bool = False
    ) -> ListChange:
        """Write a list with its rows and these. `exists`: it does, though the snapshot may lack it."""
        for _ in range(_RACES):
            # S3 denies a look at what is not there to one who may not list the bucket (API: GetObject, 403).
            landed = self._look(lists.name(day)) if exists or day in lists.etags else None
            found = landed or LandedList("", rows.clear())
            lists.etags.pop(day, None)
            lists.etags |= {day: landed.etag} if landed else {}
            body = parquet(merge(found.rows, rows), found.years | lists.years)
            if (landed and landed.has_body(body)) or self._put(lists, day, body):
                return ListChange(found.rows.height, found.years)
            exists = True
        raise AwsError(f"{lists.name(day)} is being written by others again and again: run again later")

    def _look_over(self, lists: SchoolLists, day: dt.date, read: ReadRecords) -> ListChange:
        """Compare the list of a date that was not read."""
        landed = self._look(lists.name(day))
        if landed is None or landed.etag != lists.etags[day] or day in lists.foreign:
            return ListChange(0, frozenset())
        return ListChange(landed.rows.height, landed.years, compare(landed.rows, day, read))

    def _take_out(self, lists: SchoolLists, day: dt.date, ids: Collection[int]) -> int:
        landed = None if day in lists.foreign else self._look(lists.name(day))
        if landed is None or landed.etag != lists.etags[day]:
            log.info("%s was written by another process meanwhile: nothing leaves it", lists.name(day))
            return 0
        rest = take_out(landed.rows, ids)
        years = landed.years | lists.years
        body = parquet(rest, years) if rest.height else tombstone(lists.school_id, years, self._run)
        leaving = landed.rows.height - rest.height
        return leaving if leaving and self._put(lists, day, body) else 0

    def newest_date(self, lists: SchoolLists, until: dt.date) -> dt.date | None:
        """The newest date up to `until` whose list has a record."""
        with aws.explained(f"s3://{self._areas.bucket}"):
            for day in sorted((day for day in lists.etags if day <= until), reverse=True):
                landed = self._look(lists.name(day))
                if landed is not None and landed.rows.height:
                    return day
        return None

    # --- objects -------------------------------------------------------------------------------------------

    def _look(self, name: str) -> LandedList | None:
        """What is landed under a name now; None when nothing is."""
        from botocore.exceptions import ClientError

        try:
            whole = self._s3.get_object(Bucket=self._areas.bucket, Key=self._areas.landing + name)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return None
            raise
        etag, content_md5 = whole["ETag"].strip('"'), whole["Metadata"].get("content-md5")
        try:
            return landed_list(whole["Body"].read(), etag, content_md5)
        except pl.exceptions.PolarsError:
            log.warning("%s is no Parquet with records: it counts as empty", name)
            return LandedList(etag, pl.DataFrame(schema=SCHEMA))

    def _put(self, lists: SchoolLists, day: dt.date, body: bytes) -> bool:
        """Write a list if it is still as this run knows it; whether it is there now."""
        key, digest = self._areas.landing + lists.name(day), md5(body)
        etag: str | None = digest
        if not self._dry_run:
            etag = aws.put_if(
                self._s3,
                lists.etags.get(day),
                Bucket=self._areas.bucket,
                Key=key,
                Body=body,
                Metadata={"content-md5": digest, "version": __version__},
                **self._encryption,
            )
            etag = etag or self._answer_was_lost(lists.name(day), body)
        if etag is not None:
            self._note(lists, day, etag)
        return etag is not None

    def _answer_was_lost(self, name: str, body: bytes) -> str | None:
        """The ETag of an object that has this body: this run's own PUT, whose answer did not arrive."""
        landed = self._look(name)
        return landed.etag if landed and landed.has_body(body) else None

    def _note(self, lists: SchoolLists, day: dt.date, etag: str) -> None:
        if self._dry_run:
            log.info("would write %s", lists.name(day))
        else:
            lists.etags[day] = etag
        lists.written.add(day)
