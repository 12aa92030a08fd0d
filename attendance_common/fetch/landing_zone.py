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

from attendance_common import aws, landing
from attendance_common.errors import AwsError
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
from attendance_common.fetch.packed_pages import modified_on
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
    `unreadable`: lists that cannot be read and stay as they are; `replaced`: those that this run replaced.
    """

    school_id: int
    years: frozenset[int]
    etags: dict[dt.date, str] = field(default_factory=dict)
    written: set[dt.date] = field(default_factory=set)
    foreign: set[dt.date] = field(default_factory=set)
    unreadable: dict[dt.date, str] = field(default_factory=dict)  # date -> why
    replaced: dict[dt.date, str] = field(default_factory=dict)

    def name(self, day: dt.date) -> str:
        """The list's name below the prefix."""
        return landing.object_name(day, self.school_id)


class LandingZone:
    """Compares and writes the landed lists; a dry run writes none."""

    def __init__(
        self, s3: S3Client, areas: landing.Areas, encryption: Mapping[str, Any], run: str, *, dry_run: bool
    ) -> None:
        self._objects = ListObjects(s3, areas, encryption, dry_run=dry_run)
        self._areas = areas
        self._run = run
        self._dry_run = dry_run
        self._pool = ThreadPoolExecutor(UPLOADS)
        self._snapshot: dict[int, dict[dt.date, str]] = {}
        self._taken: float | None = None

    @property
    def place(self) -> str:
        """Where the lists lie."""
        return f"s3://{self._areas.bucket}/{self._areas.landing}"

    # --- the snapshot --------------------------------------------------------------------------------------

    def lists_of(self, school_id: int, years: frozenset[int]) -> SchoolLists:
        """The school's lists as they are now, or were less than five minutes ago; to be read before it is."""
        return SchoolLists(school_id, years, dict(self._newest_snapshot().get(school_id, {})))

    def _newest_snapshot(self) -> Mapping[int, Mapping[dt.date, str]]:
        if self._taken is None or time.monotonic() - self._taken > SNAPSHOT_SECONDS:
            self._taken = time.monotonic()
            self._snapshot = self._objects.etags()
        return self._snapshot

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
        with aws.explained(f"s3://{self._areas.bucket}"):
            try:
                for day, job in jobs:
                    pending.append((day, self._pool.submit(_if_readable, lists, day, job)))
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

    # --- what is landed ------------------------------------------------------------------------------------

    def landed_schools(self) -> Collection[int]:
        """Every school that has lists, tombstones included."""
        return self._newest_snapshot().keys()

    def newest_date(self, lists: SchoolLists, until: dt.date) -> dt.date | None:
        """The newest date up to `until` whose list has a record."""
        found = self._newest_of_school(lists, dt.date.min, until)
        return found and found[0]

    def newest_modified(self, lists: SchoolLists, until: dt.date) -> dt.datetime | None:
        """That date as a time, or when its list was modified last, if that was before; None where never.

        A list may be older than its date: dates are local, times in UTC, and attendance may be entered ahead.
        """
        found = self._newest_of_school(lists, dt.date.min, until)
        if found is None:
            return None
        last: dt.datetime | None = found[1].rows.select(modified_on(strict=False).max()).item()
        return min(last, dt.datetime.combine(found[0], dt.time.min)) if last else None

    def newest_list(
        self, lists: SchoolLists, since: dt.date, until: dt.date
    ) -> tuple[dt.date, frozenset[int]] | None:
        """The newest date of this time whose list has a record, and the list's school years."""
        found = self._newest_of_school(lists, since, until)
        return found and (found[0], found[1].years)

    def _newest_of_school(
        self, lists: SchoolLists, since: dt.date, until: dt.date
    ) -> tuple[dt.date, LandedList] | None:
        days = sorted((day for day in lists.etags if since <= day <= until), reverse=True)
        looks = ((day, partial(_if_readable, lists, day, partial(self._look, lists, day))) for day in days)
        return self._first_with_records(looks)

    def newest_of_all(self, since: dt.date, until: dt.date) -> dt.date | None:
        """The newest date of this time on which any school's list has a record."""
        snapshot = self._newest_snapshot()
        places = [(day, school) for school, etags in snapshot.items() for day in etags]
        within = sorted((place for place in places if since <= place[0] <= until), reverse=True)
        found = self._first_with_records((place[0], partial(self._if_there, *place)) for place in within)
        return found and found[0]

    def _first_with_records(
        self, looks: Iterable[tuple[dt.date, Callable[[], LandedList | None]]]
    ) -> tuple[dt.date, LandedList] | None:
        """The first of these lists that has a record, and its date."""
        with aws.explained(f"s3://{self._areas.bucket}"):
            for day, look in looks:
                landed = look()
                if landed is not None and landed.rows.height:
                    return day, landed
        return None

    def count_of_year(self, lists: SchoolLists, year: int) -> int:
        """How many records the lists have whose only school year this is."""

        def count(day: dt.date) -> int:
            landed = self._look(lists, day)
            return landed.rows.height if landed is not None and landed.years == {year} else 0

        return sum(self._each(lists, ((day, partial(count, day)) for day in lists.etags)).values())

    def _if_there(self, day: dt.date, school_id: int) -> LandedList | None:
        """What is landed; None when nothing is, or what cannot be read."""
        try:
            return self._objects.read(day, school_id)
        except UnreadableList:
            return None

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


def _if_readable(lists: SchoolLists, day: dt.date, job: Callable[[], Done | None]) -> Done | None:
    """What the job returns; None when the list cannot be read, which is noted."""
    try:
        result = job()
    except UnreadableList as fault:
        lists.unreadable[day] = fault.why
        return None
    lists.unreadable.pop(day, None)
    return result
