"""The landed lists in S3: all writes go through here, several lists at a time.

Snapshot and compare: the ETags are listed before a school is read. A list that still has its ETag is
replaced (conditional PUT). A list that another process has written since is merged: it gets both sets of
rows, and nothing is removed from it. So nothing that was written after a reading began is lost, however many
fetchers run. There is no lock and no clock.
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
    """Compares and writes the landed lists; a dry run writes none. `landed`: what they say."""

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
        also: Collection[dt.date] = (),
    ) -> SchoolPlan:
        """Put what was read into its lists, and compare these lists and those of the dates in `also` with it.

        No record is removed from a list here (see `take_out`). A proved reading replaces a list that
        cannot be read; any other leaves it as it is. Raises AwsError, once all begun writes have ended.
        """
        jobs: Iterator[tuple[dt.date, Callable[[], ListChange]]] = chain(
            ((day, partial(self._writer.put_in, lists, day, rows, read)) for day, rows in by_date),
            ((day, partial(self._writer.compare, lists, day, read)) for day in also),
        )
        changes = self._each(lists, jobs)
        return SchoolPlan(changes, read.on(lists.unreadable))

    def merge(self, lists: SchoolLists, rows: pl.DataFrame) -> list[int]:
        """Add rows to their lists: the newer version of each id counts, of equals the landed one.

        Gives the ids of those whose list cannot be read: they were not added.
        """
        days = rows["date"].str.to_date("%m-%d-%Y").alias("day")
        parts = rows.with_columns(days).partition_by("day", as_dict=True, include_key=False)
        add = self._writer.merge
        self._each(lists, ((day, partial(add, lists, day, part)) for (day,), part in parts.items()))
        return [key for (day,), part in parts.items() if day in lists.unreadable for key in part["id"]]

    def take_out(self, lists: SchoolLists, ids: Mapping[dt.date, Collection[int]]) -> int:
        """Take records out of their lists; gives how many were removed.

        Nothing is removed from a list that another process has written since the snapshot.
        """
        jobs = ((day, partial(self._writer.take_out, lists, day, ids[day])) for day in ids)
        return sum(self._each(lists, jobs).values())

    def _each(
        self, lists: SchoolLists, jobs: Iterable[tuple[dt.date, Callable[[], Done]]]
    ) -> dict[dt.date, Done]:
        """Do the jobs in parallel; gives the result of each job whose list could be read."""
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
