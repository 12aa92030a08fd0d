"""Judges which conditions a run found, after its schools were read and records were removed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass

from attendance_common.conditions import ALL, Judged
from attendance_common.fetch import attention
from attendance_common.fetch.landed_lists import LandedLists
from attendance_common.fetch.school import School
from attendance_common.fetch.school_list import SchoolList
from attendance_common.fetch.school_lists import SchoolLists

SHORT, DARK, UNLISTED = "short", "dark", "unlisted"  # conditions of a school
SHORT_LIST, ODD_ENTRY = "short list of schools", "odd entry"  # of the list of schools
EMPTY_YEAR, STALE, NOTHING_RECENT = "empty year", "stale", "nothing recent"  # of all schools of a share
# A school is judged dark or unlisted only if it has records so near to the newest date of all schools.
NEAR = dt.timedelta(days=30)


@dataclass(frozen=True)
class Share:
    """All schools, or one machine's share of them. `name`: as in the run record."""

    name: str
    has: Callable[[int], bool]


def judge_list(judged: Judged, listed: SchoolList) -> None:
    """Judge the list of schools: its odd entries, and whether it is complete."""
    for entry, sentence in listed.odd.items():
        judged.note(ODD_ENTRY, entry, 1, sentence)
    if not listed.gaps:
        missing = listed.missing_schools or listed.missing_pages
        judged.note(SHORT_LIST, ALL, missing, attention.short_list(listed))


def judge_shortage(judged: Judged, schools: Collection[School]) -> None:
    """Judge, for each school of which all pages came, whether as many records came as the source counts."""
    for school in schools:
        if school.short is not None:
            sentence = attention.short(school.school_id, school.tally.read.source_count, school.short)
            judged.note(SHORT, school.school_id, school.short, sentence)


@dataclass(frozen=True)
class Judge:
    """Judges the schools by their readings under a school year. Schools that were not read are not judged.

    `share`: None when the run read single schools that flags named; these say nothing about all schools.
    `skipped`: schools that may be dark or unlisted. `stale_days`: how old the newest record may be; 0: any.
    """

    judged: Judged
    landed: LandedLists
    year: int
    today: dt.date
    share: Share | None
    skipped: Collection[int]
    stale_days: int

    def recent(self, schools: Collection[School]) -> None:
        """Judge the schools by recent readings."""
        # A source that does not sort ends the run after a few schools.
        sorts = not any(school.order.is_wrong for school in schools)
        if self.share and sorts and any(not school.fault for school in schools):
            nothing = not _some_listed(schools)
            sentence = attention.nothing_recent(self.share.name, self.year)
            self.judged.note(NOTHING_RECENT, self.share.name, int(nothing), sentence)

    def whole(self, schools: Collection[School], listed: Collection[int]) -> None:
        """Judge the schools by whole readings; `listed`: the list of schools."""
        read = [school for school in schools if school.was_read_whole]
        if self.share:
            self._judge_empty_year(self.share, schools, read)
            self._judge_stale(self.share, schools, read)
        if _some_listed(schools):
            self._judge_absent(schools, read, listed)

    def _judge_empty_year(self, share: Share, schools: Collection[School], read: Collection[School]) -> None:
        empty = not _some_listed(schools)
        if read or not empty:
            sentence = attention.empty_year(share.name, self.year, len(schools) - len(read))
            self.judged.note(EMPTY_YEAR, share.name, int(empty), sentence)

    def _judge_stale(self, share: Share, schools: Collection[School], read: Collection[School]) -> None:
        """Judge whether the newest record is too old. Only schools that were read whole can prove that.

        In a school with a gap, the missing pages may have newer records.
        """
        newest = _newest_read(schools)
        if newest is None or not self.stale_days:
            return
        is_old = (self.today - newest).days > self.stale_days
        if not is_old or _newest_read(read):
            sentence = attention.stale(share.name, self.year, newest, self.today, self.stale_days)
            self.judged.note(STALE, share.name, int(is_old), sentence)

    # --- schools that had records, and list none now -------------------------------------------------------

    def _judge_absent(
        self, schools: Collection[School], read: Collection[School], listed: Collection[int]
    ) -> None:
        since = _before(self._newest_landed(schools))
        for school in read:
            if school.school_id in listed and school.school_id not in self.skipped:
                self._judge_dark(school, since)
        lists = {school.school_id: school.lists for school in schools}
        for school_id in self._own(listed, self.landed.landed_schools()):
            of_school = lists.get(school_id) or self.landed.lists_of(school_id, frozenset({self.year}))
            self._judge_unlisted(of_school, since, is_listed=school_id in listed)

    def _newest_landed(self, schools: Collection[School]) -> dt.date:
        """The newest landed date up to today of all schools, also of other shares."""
        newest_read = _newest_read(schools) or dt.date.min
        return self.landed.newest_of_all(newest_read + dt.timedelta(days=1), self.today) or newest_read

    def _judge_dark(self, school: School, since: dt.date) -> None:
        """Judge whether a school that had records lists none.

        A school whose newest list is of another year has not begun this year, and is not dark.
        """
        found = None
        if not (school.tally.read.received or school.short):
            found = self.landed.newest_list(school.lists, since, self.today)
        newest, years = found or (since, frozenset())
        is_dark = found is not None and (not years or self.year in years)

        def sentence() -> str:
            removable = self.landed.count_of_year(school.lists, self.year)
            return attention.dark(school.school_id, self.year, newest, removable)

        self.judged.note(DARK, school.school_id, int(is_dark), sentence)

    def _judge_unlisted(self, lists: SchoolLists, since: dt.date, *, is_listed: bool) -> None:
        found = None if is_listed else self.landed.newest_list(lists, since, self.today)
        newest, _ = found or (since, None)

        def sentence() -> str:
            removable = self.landed.count_of_year(lists, self.year)
            return attention.unlisted(lists.school_id, newest, removable)

        self.judged.note(UNLISTED, lists.school_id, int(found is not None), sentence)

    def _own(self, *schools: Collection[int]) -> list[int]:
        """The schools of the run's share that should be in the list of schools."""
        if self.share is None:
            return []
        every = set().union(*schools) - set(self.skipped)
        return sorted(school for school in every if self.share.has(school))


def _before(newest: dt.date) -> dt.date:
    """The date NEAR before the newest one. That may be 0001-01-01, which .NET writes for a missing date."""
    return max(newest, dt.date.min + NEAR) - NEAR


def _some_listed(schools: Collection[School]) -> bool:
    """Whether any school lists a record, even one for quarantine."""
    return any(school.tally.read.received for school in schools)


def _newest_read(schools: Collection[School]) -> dt.date | None:
    """The newest date, up to today, of a record that was read."""
    newest = [school.tally.read.newest_date for school in schools if school.tally.read.newest_date]
    return max(newest, default=None)
