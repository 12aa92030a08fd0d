"""Reads the landed lists: their ETags, their newest dates, and how many records they have."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from attendance_common import aws
from attendance_common.fetch.list_objects import ListObjects, UnreadableList
from attendance_common.fetch.lists import LandedList
from attendance_common.fetch.packed_pages import modified_on
from attendance_common.fetch.school_lists import SchoolLists, if_readable

SNAPSHOT_SECONDS = 300.0  # a snapshot that is younger is used for the next school, too
AT_A_TIME = 16  # lists that are counted at a time


class _Snapshot:
    """A snapshot of the ETags of all lists: school -> date -> ETag. After five minutes a new one is taken."""

    def __init__(self, objects: ListObjects) -> None:
        self._objects = objects
        self._etags: dict[int, dict[dt.date, str]] = {}
        self._taken: float | None = None

    def newest(self) -> Mapping[int, Mapping[dt.date, str]]:
        """The ETags of the newest snapshot, which is at most five minutes old."""
        if self._taken is None or time.monotonic() - self._taken > SNAPSHOT_SECONDS:
            self._taken = time.monotonic()
            self._etags = self._objects.etags()
        return self._etags


class LandedLists:
    """Reads the lists below `place`, an s3:// URL."""

    def __init__(self, objects: ListObjects, place: str) -> None:
        self.place = place
        self._objects = objects
        self._snapshot = _Snapshot(objects)

    def lists_of(self, school_id: int, years: frozenset[int]) -> SchoolLists:
        """The school's lists by the newest snapshot, which is at most five minutes old.

        Call it before the school is read: a list whose ETag has changed since is merged, not replaced.
        """
        return SchoolLists(school_id, years, dict(self._snapshot.newest().get(school_id, {})))

    def landed_schools(self) -> Collection[int]:
        """Every school that has lists, tombstones included."""
        return self._snapshot.newest().keys()

    def newest_date(self, lists: SchoolLists, until: dt.date) -> dt.date | None:
        """The newest date up to `until` whose list has a record."""
        found = self._newest_of_school(lists, dt.date.min, until)
        return found and found[0]

    def newest_modified(self, lists: SchoolLists, until: dt.date) -> dt.datetime | None:
        """The newest date as a time, or the last `modified_on` in its list if that is earlier; None: no time.

        `modified_on` may be before the date: dates are local, times are in UTC, and attendance may be entered
        in advance.
        """
        found = self._newest_of_school(lists, dt.date.min, until)
        if found is None:
            return None
        last: dt.datetime | None = found[1].rows.select(modified_on(strict=False).max()).item()
        return min(last, dt.datetime.combine(found[0], dt.time.min)) if last else None

    def newest_list(
        self, lists: SchoolLists, since: dt.date, until: dt.date
    ) -> tuple[dt.date, frozenset[int]] | None:
        """The newest date from `since` to `until` whose list has a record, and the list's school years."""
        found = self._newest_of_school(lists, since, until)
        return found and (found[0], found[1].years)

    def _newest_of_school(
        self, lists: SchoolLists, since: dt.date, until: dt.date
    ) -> tuple[dt.date, LandedList] | None:
        days = sorted((day for day in lists.etags if since <= day <= until), reverse=True)
        looks = (
            (day, partial(if_readable, lists, day, partial(self._objects.read, day, lists.school_id)))
            for day in days
        )
        return self._first_with_records(looks)

    def newest_of_all(self, since: dt.date, until: dt.date) -> dt.date | None:
        """The newest date from `since` to `until` on which any school's list has a record."""
        snapshot = self._snapshot.newest()
        places = [(day, school) for school, etags in snapshot.items() for day in etags]
        within = sorted((place for place in places if since <= place[0] <= until), reverse=True)
        looks = ((place[0], partial(_readable, self._objects, *place)) for place in within)
        found = self._first_with_records(looks)
        return found and found[0]

    def _first_with_records(
        self, looks: Iterable[tuple[dt.date, Callable[[], LandedList | None]]]
    ) -> tuple[dt.date, LandedList] | None:
        """The first of these lists that has a record, and its date."""
        with aws.explained(self.place):
            for day, look in looks:
                landed = look()
                if landed is not None and landed.rows.height:
                    return day, landed
        return None

    def count_of_year(self, lists: SchoolLists, year: int) -> int:
        """The records in lists whose only school year is `year`; those in unreadable lists do not count."""

        def count(day: dt.date) -> int:
            landed = _readable(self._objects, day, lists.school_id)
            return landed.rows.height if landed is not None and landed.years == {year} else 0

        with aws.explained(self.place), ThreadPoolExecutor(AT_A_TIME) as pool:
            return sum(pool.map(count, lists.etags))


def _readable(objects: ListObjects, day: dt.date, school_id: int) -> LandedList | None:
    """The landed list; None when there is none, or when it cannot be read."""
    try:
        return objects.read(day, school_id)
    except UnreadableList:
        return None
