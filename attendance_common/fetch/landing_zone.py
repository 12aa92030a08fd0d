"""Writes the lists of a school to S3, several at a time. All writes of lists go through it.

The ETags are listed before a school is read (the snapshot). A list that still has this ETag is replaced by a
conditional PUT. A list that another process has written since is merged: it gets both sets of rows, and no
row is removed from it. So no row that was written after a reading began is lost, however many fetchers run.
This needs no lock and no clock.
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
from attendance_common.fetch.landed_lists import LandedLists
from attendance_common.fetch.list_objects import ListObjects
from attendance_common.fetch.list_writer import ListWriter
from attendance_common.fetch.lists import ListChange, ReadRecords, SchoolPlan
from attendance_common.fetch.school_lists import Done, SchoolLists, if_readable

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

UPLOADS = 16  # lists compared and written at a time


class LandingZone:
    """Compares and writes lists; a dry run writes none. `landed`: reads the landed lists."""

    def __init__(
        self, s3: S3Client, areas: landing.Areas, encryption: Mapping[str, Any], run: str, *, dry_run: bool
    ) -> None:
        objects = ListObjects(s3, areas, encryption, dry_run=dry_run)
        self._writer = ListWriter(objects, run, dry_run=dry_run)
        self._pool = ThreadPoolExecutor(UPLOADS)
        self.landed = LandedLists(objects, areas.zone)

    def land(
        self,
        lists: SchoolLists,
        by_date: Iterable[tuple[dt.date, pl.DataFrame]],
        read: ReadRecords,
        unread_dates: Collection[dt.date] = (),
    ) -> SchoolPlan:
        """Write the rows that were read into the lists of their dates, and compare the landed lists to them.

        `unread_dates`: more dates whose lists are compared, and not written. No record is removed here (see
        `take_out`). A proved reading replaces a list that cannot be read; any other reading does not change
        that list. Raises AwsError, after all writes that were started have ended.
        """
        jobs: Iterator[tuple[dt.date, Callable[[], ListChange]]] = chain(
            ((day, partial(self._writer.put_in, lists, day, rows, read)) for day, rows in by_date),
            ((day, partial(self._writer.compare, lists, day, read)) for day in unread_dates),
        )
        changes = self._each(lists, jobs)
        return SchoolPlan(changes, read.on(lists.unreadable))

    def merge(self, lists: SchoolLists, rows: pl.DataFrame) -> list[int]:
        """Add rows to their lists. Of two versions of an id the newer is kept; of equal ones, the landed.

        Returns the ids of the rows that were not added, since their list cannot be read.
        """
        days = rows["date"].str.to_date("%m-%d-%Y").alias("day")
        parts = rows.with_columns(days).partition_by("day", as_dict=True, include_key=False)
        add = self._writer.merge
        self._each(lists, ((day, partial(add, lists, day, part)) for (day,), part in parts.items()))
        return [key for (day,), part in parts.items() if day in lists.unreadable for key in part["id"]]

    def take_out(self, lists: SchoolLists, ids: Mapping[dt.date, Collection[int]]) -> int:
        """Remove records from their lists; returns how many were removed.

        No record is removed from a list that another process has written since the snapshot.
        """
        jobs = ((day, partial(self._writer.take_out, lists, day, ids[day])) for day in ids)
        return sum(self._each(lists, jobs).values())

    def _each(
        self, lists: SchoolLists, jobs: Iterable[tuple[dt.date, Callable[[], Done]]]
    ) -> dict[dt.date, Done]:
        """Run the jobs in parallel; returns the result of each job whose list could be read."""
        done: dict[dt.date, Done | None] = {}
        pending: deque[tuple[dt.date, Future[Done | None]]] = deque()
        with aws.explained(self.landed.place):
            try:
                for day, job in jobs:
                    pending.append((day, self._pool.submit(if_readable, lists, day, job)))
                    if len(pending) >= 2 * UPLOADS:  # so that few rows are in memory
                        first, future = pending.popleft()
                        done[first] = future.result()
            finally:
                wait([future for _, future in pending])
            done |= {day: future.result() for day, future in pending}
        return {day: result for day, result in done.items() if result is not None}
