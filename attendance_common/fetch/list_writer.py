"""Writes one list at a time, by a conditional PUT; only `landing_zone` uses it.

`SchoolLists` has the ETags that were listed before the school was read. A list that still has its ETag is
replaced. A list that another process has written since is merged: it gets both sets of rows, and no row is
removed from it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import polars as pl

from attendance_common.errors import AwsError
from attendance_common.fetch.list_objects import ListObjects, UnreadableList
from attendance_common.fetch.lists import (
    LandedList,
    ListChange,
    ReadRecords,
    compare,
    md5,
    merge,
    parquet,
    put_in,
    take_out,
    tombstone,
)
from attendance_common.fetch.school_lists import SchoolLists
from attendance_common.log import log

_RACES = 10  # so many writes of a list may lose to other processes before the run fails


class ListWriter:
    """Compares and writes single lists; tombstones name the `run`. Raises UnreadableList, AwsError."""

    def __init__(self, objects: ListObjects, run: str, *, dry_run: bool) -> None:
        self._objects = objects
        self._run = run
        self._dry_run = dry_run

    def put_in(self, lists: SchoolLists, day: dt.date, rows: pl.DataFrame, read: ReadRecords) -> ListChange:
        """Write the rows that were read into the list of their date, unless it has them already."""
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
        return self.merge(lists, day, rows, exists=True)

    def merge(
        self, lists: SchoolLists, day: dt.date, rows: pl.DataFrame, *, exists: bool = False
    ) -> ListChange:
        """Add rows to a list. `exists`: the list exists, although the snapshot may not have it."""
        for _ in range(_RACES):
            # Without the right to list the bucket, reading a missing object is denied (API: GetObject, 403).
            landed = self._look(lists, day) if exists or day in lists.etags else None
            found = landed or LandedList("", rows.clear())
            lists.etags.pop(day, None)
            lists.etags |= {day: landed.etag} if landed else {}
            body = parquet(merge(found.rows, rows), found.years | lists.years)
            if (landed and landed.has_body(body)) or self._put(lists, day, body):
                return ListChange(found.rows.height, found.years)
            exists = True
        raise AwsError(f"{lists.name(day)} is being written by others again and again: run again later")

    def compare(self, lists: SchoolLists, day: dt.date, read: ReadRecords) -> ListChange:
        """Compare the list of a date that has no record in the reading."""
        landed = self._look(lists, day)
        if landed is None or landed.etag != lists.etags[day] or day in lists.foreign:
            return ListChange(0, frozenset())
        return ListChange(landed.rows.height, landed.years, compare(landed.rows, day, read))

    def take_out(self, lists: SchoolLists, day: dt.date, ids: Collection[int]) -> int:
        """Remove records from the list of a date; returns how many were removed."""
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
        """Write a list if it still has the ETag that this run knows; returns whether it was written."""
        etag = self._objects.write(day, lists.school_id, body, lists.etags.get(day))
        if etag is None:
            return False
        lists.written.add(day)
        if not self._dry_run:
            lists.etags[day] = etag
        return True
