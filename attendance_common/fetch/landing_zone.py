"""The landed lists in S3: the only module that writes them.

Snapshot and compare: the ETags are listed before a school is read. A list that still has its ETag is
replaced (conditional PUT). One that another process has written since is merged: both sets of rows, and
nothing leaves. So nothing that was written after a reading began is lost, however many fetchers run. There is
no lock and no clock.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import polars as pl

from attendance_common import aws, landing
from attendance_common.errors import AwsError
from attendance_common.fetch.landed_lists import LandedLists
from attendance_common.fetch.list_objects import ListObjects, UnreadableList
from attendance_common.fetch.lists import (
    LandedList,
    ListChange,
    ReadRecords,
    SchoolPlan,
    compare,
    md5,
    merge,
    parquet,
    put_in,
    take_out,
    tombstone,
)
from attendance_common.fetch.school_lists import Done, SchoolLists, if_readable
from attendance_common.log import log

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

UPLOADS = 16  # lists compared and written at a time
_RACES = 10  # lost to other writers of one list before it counts as failed


class LandingZone:
    """Compares and writes the landed lists; a dry run writes none. `landed`: what they say."""

    def __init__(
        self, s3: S3Client, areas: landing.Areas, encryption: Mapping[str, Any], run: str, *, dry_run: bool
    ) -> None:
        self._objects = ListObjects(s3, areas, encryption, dry_run=dry_run)
        self._run = run
        self._dry_run = dry_run
        self._pool = ThreadPoolExecutor(UPLOADS)
        self.landed = LandedLists(self._objects, areas.zone)

    # --- what was read -------------------------------------------------------------------------------------

    def land(
        self,
        lists: SchoolLists,
        by_date: Iterable[tuple[dt.date, pl.DataFrame]],
        read: ReadRecords,
        also: Collection[dt.date] = (),
    ) -> SchoolPlan:
        """Put what was read into its lists, and compare these and those of the dates in `also` with it.

        No record leaves a list here (see `take_out`). A proved reading replaces a list that cannot be read;
        any other leaves it as it is. Raises AwsError; all writes that were begun have ended by then.
        """
        jobs: Iterator[tuple[dt.date, Callable[[], ListChange]]] = chain(
            ((day, partial(self._put_in, lists, day, rows, read)) for day, rows in by_date),
            ((day, partial(self._look_over, lists, day, read)) for day in also),
        )
        changes = self._each(lists, jobs)
        return SchoolPlan(changes, read.on(lists.unreadable))

    def merge(self, lists: SchoolLists, rows: pl.DataFrame) -> list[int]:
        """Add rows to their lists: the newer version of each id counts, of equals the landed one.

        Gives the ids of those whose list cannot be read: they were not added.
        """
        days = rows["date"].str.to_date("%m-%d-%Y").alias("day")
        parts = rows.with_columns(days).partition_by("day", as_dict=True, include_key=False)
        self._each(lists, ((day, partial(self._merge, lists, day, part)) for (day,), part in parts.items()))
        return [key for (day,), part in parts.items() if day in lists.unreadable for key in part["id"]]

    def take_out(self, lists: SchoolLists, ids: Mapping[dt.date, Collection[int]]) -> int:
        """Take records out of their lists; gives how many left.

        Nothing leaves a list that another process has written since the snapshot.
        """
        jobs = ((day, partial(self._take_out, lists, day, ids[day])) for day in ids)
        return sum(self._each(lists, jobs).values())

    def _each(
        self, lists: SchoolLists, jobs: Iterable[tuple[dt.date, Callable[[], Done]]]
    ) -> dict[dt.date, Done]:
        """Do these in parallel, few of them waiting; gives what each returns whose list can be read."""
        done: dict[dt.date, Done | None] = {}
        pending: deque[tuple[dt.date, Future[Done | None]]] = deque()
        with aws.explained(self.landed.place):
            try:
                for day, job in jobs:
                    pending.append((day, self._pool.submit(if_readable, lists, day, job)))
                    if len(pending) >= 2 * UPLOADS:  # few rows wait in memory
                        first, future = pending.popleft()
                        done[first] = future.result()
            finally:
                wait([future for _, future in pending])
            done |= {day: future.result() for day, future in pending}
        return {day: result for day, result in done.items() if result is not None}

    def _put_in(self, lists: SchoolLists, day: dt.date, rows: pl.DataFrame, read: ReadRecords) -> ListChange:
        """Write the list of a date with the records that were read, unless it holds them already."""
        body, known = parquet(rows, lists.years), lists.etags.get(day)
        if known == md5(body):
            return ListChange(rows.height, lists.years)
        if known is None and self._put(lists, day, body):
            return ListChange(0, lists.years)
        try:
            landed = self._look(lists, day)
        except UnreadableList as fault:
            if not (read.is_proved and fault.etag == known and self._put(lists, day, body)):
                raise
            lists.replaced[day] = fault.why
            return ListChange(0, lists.years)
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
            landed = self._look(lists, day) if exists or day in lists.etags else None
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
        landed = self._look(lists, day)
        if landed is None or landed.etag != lists.etags[day] or day in lists.foreign:
            return ListChange(0, frozenset())
        return ListChange(landed.rows.height, landed.years, compare(landed.rows, day, read))

    def _take_out(self, lists: SchoolLists, day: dt.date, ids: Collection[int]) -> int:
        landed = None if day in lists.foreign else self._look(lists, day)
        if landed is None or landed.etag != lists.etags[day]:
            log.info("%s was written by another process meanwhile: nothing leaves it", lists.name(day))
            return 0
        rest = take_out(landed.rows, ids)
        years = landed.years | lists.years
        body = parquet(rest, years) if rest.height else tombstone(lists.school_id, years, self._run)
        leaving = landed.rows.height - rest.height
        return leaving if leaving and self._put(lists, day, body) else 0

    # --- one list ------------------------------------------------------------------------------------------

    def _look(self, lists: SchoolLists, day: dt.date) -> LandedList | None:
        return self._objects.read(day, lists.school_id)

    def _put(self, lists: SchoolLists, day: dt.date, body: bytes) -> bool:
        """Write a list if it is still as this run knows it; whether it is there now."""
        etag = self._objects.write(day, lists.school_id, body, lists.etags.get(day))
        if etag is None:
            return False
        lists.written.add(day)
        if not self._dry_run:
            lists.etags[day] = etag
        return True
