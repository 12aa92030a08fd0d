"""One school in a run: what its readings landed, what they lack, and which of that may leave."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import polars as pl

from attendance_common import aws
from attendance_common.fetch import attention, quarantine, sorting
from attendance_common.fetch.landing_zone import LandingZone
from attendance_common.fetch.lists import ReadRecords, SchoolPlan
from attendance_common.fetch.proof import (
    Removals,
    SecondLook,
    covers,
    is_proved,
    near,
    proved_by_counts,
    second_look,
)
from attendance_common.fetch.reading import Reading, first_page_by_date, reading_again, whole_reading
from attendance_common.fetch.school_lists import SchoolLists
from attendance_common.log import event, log
from attendance_common.numerals import counted, records

Missing = dict[dt.date, list[int]]


@dataclass
class Tally:
    """What a school's readings brought, and what became of it; no student's data is in `numbers`."""

    pages: int = 0
    received: int = 0
    source_count: int | None = None  # what the source counted last
    landed: int = 0  # different records
    landed_ids: pl.Series | None = None  # their ids, while a second look is under way
    not_landed: int = 0  # records that were read, and whose lists cannot be
    quarantined: dict[int | str, str] = field(default_factory=dict)  # record -> reason
    quarantined_new: dict[int | str, str] = field(default_factory=dict)  # of these, what nobody was told of
    in_quarantine: int | None = None  # its records that lie there; None: not known
    left_out: Counter[str] = field(default_factory=Counter)  # new fields -> records that lack them
    compared: set[dt.date] = field(default_factory=set)  # dates whose lists were compared
    newest_date: dt.date | None = None
    newest_past: dt.date | None = None  # up to today
    moved: int = 0
    removed: int = 0
    undated: int | None = None  # records without a readable time, of a reading of what was modified

    def add(self, reading: Reading, unlanded: Collection[int], today: dt.date) -> None:
        """Count what a reading brought; `unlanded`: ids of records whose lists cannot be read."""
        self.pages += len(reading.pages)
        self.received += reading.received
        self.source_count = [self.source_count, *reading.progress.stated.counts][-1]
        self.not_landed = len(unlanded)
        ids = _without(reading.contents.newest["id"], pl.Series(list(unlanded), dtype=pl.Int64))
        self.landed_ids = ids if self.landed_ids is None else pl.concat([self.landed_ids, ids]).unique()
        self.landed = self.landed_ids.len()
        self.quarantined |= {rejection.key: rejection.reason for rejection in reading.contents.rejections}
        self.left_out += reading.contents.left_out
        if reading.course.is_by_modification:
            self.undated = reading.contents.undated
        days = reading.contents.days
        past = [day for day in days if day <= today]
        self.newest_date = max(filter(None, [self.newest_date, *days[-1:]]), default=None)
        self.newest_past = max(filter(None, [self.newest_past, *past[-1:]]), default=None)

    def numbers(self) -> dict[str, Any]:
        """What the run's record tells."""
        landed, quarantined = self.landed, len(self.quarantined)
        return {
            "pages": self.pages,
            "source_count": self.source_count,
            "received": self.received,
            "landed": landed,
            "repeats": max(0, self.received - landed - quarantined - self.not_landed),
            "quarantined": quarantined,
            "quarantined_new": len(self.quarantined_new),
            "quarantine": dict(Counter(self.quarantined.values())),
            **({} if self.in_quarantine is None else {"in_quarantine": self.in_quarantine}),
            **({"not_landed": self.not_landed} if self.not_landed else {}),
            **({"left_out": dict(self.left_out.most_common(attention.MOST_FIELDS))} if self.left_out else {}),
            **({} if self.undated is None else {"undated": self.undated}),
            "moved": self.moved,
            "removed": self.removed,
            "newest_date": None if self.newest_date is None else self.newest_date.isoformat(),
        }


@dataclass
class School:
    """What a run knows of a school: its lists, what was read, what is lacking, what may leave."""

    lists: SchoolLists
    tally: Tally = field(default_factory=Tally)
    fault: str | None = None  # why it was given up
    quarantine_fault: str | None = None  # why its file in quarantine stays as it is
    gaps: dict[int, str] = field(default_factory=dict)  # page that is lacking -> why
    short: int | None = None  # records fewer than the source tells of; None where no reading can tell
    refusal: str | None = None  # of its first page in the order of a recent reading: why
    unsorted: bool = False  # the source did not sort its newest pages, or refused that order alone
    seems_older: bool = False  # its newest pages are older than what is landed, and nothing tells of more
    first: Reading | None = None  # a whole reading of which a second look is under way
    missing: Missing = field(
        default_factory=dict
    )  # landed records that it lacks, in the lists that it covers
    landed_before: int = 0  # records in the lists that it covers
    removals: Removals | None = None  # what is proved gone

    @property
    def school_id(self) -> int:
        """The school's id."""
        return self.lists.school_id

    @property
    def was_read_whole(self) -> bool:
        """Whether all pages of its list came."""
        return self.short is not None and not self.gaps and not self.fault

    @property
    def waiting(self) -> int:
        """Landed records that were not read and did not leave."""
        return sum(map(len, self.missing.values())) - self.tally.removed

    def numbers(self) -> dict[str, Any]:
        """What the run's record tells of the school."""
        written, foreign = self.lists.written, self.lists.foreign
        return {
            **self.tally.numbers(),
            "removals_waiting": self.waiting,
            "lists_written": len(written - foreign),
            "lists_merged": len(written & foreign),
            "lists_unchanged": len(self.tally.compared - written),
            **({"gaps": {str(page): why for page, why in self.gaps.items()}} if self.gaps else {}),
            **({"unreadable": _dated(self.lists.unreadable)} if self.lists.unreadable else {}),
            **({"replaced": _dated(self.lists.replaced)} if self.lists.replaced else {}),
            **({"fault": self.fault} if self.fault else {}),
        }


class Settler:
    """Lands readings, and decides what each school needs next.

    `began`: when the run did.
    `short_before(school)`: how many records fewer than counted came when the school was read whole last.
    `last_report(school)`: when the last run began that told what lies in quarantine.
    `allowed`: schools of which the operator expects so many removals.
    """

    def __init__(
        self,
        zone: LandingZone,
        kept: quarantine.Quarantine,
        *,
        year: int | None,
        began: dt.datetime,
        short_before: Callable[[int], int],
        last_report: Callable[[int], str],
        allowed: Mapping[int, int],
    ) -> None:
        self._zone = zone
        self._quarantine = kept
        self._year = year
        self._began = began
        self._short_before = short_before
        self._last_report = last_report
        self._allowed = allowed

    def settle(self, school: School, reading: Reading) -> Reading | None:
        """Land a reading; gives the second look that the school needs, if any."""
        again = self._settle(school, reading)
        if again is None:
            school.tally.landed_ids = None  # few ids are in memory
        return again

    def _settle(self, school: School, reading: Reading) -> Reading | None:
        if not reading.pages and school.first is None:
            why = "; ".join(reading.gaps.values())
            if reading.course.is_recent and reading.was_refused:
                school.refusal = why
                return first_page_by_date(reading)
            school.fault = school.refusal or why
            fields = event("school_failed", school=school.school_id)
            log.warning("school %d was not read: %s", school.school_id, school.fault, extra=fields)
            return None
        plan = self._land(school, reading)
        school.gaps |= reading.gaps
        for page, why in reading.gaps.items():
            fields = event("gap", school=school.school_id)
            log.warning("school %d: page %d could not be had: %s", school.school_id, page, why, extra=fields)
        if school.first is not None:
            self._decide(school, school.first, reading)
        elif reading.course.is_whole:
            return self._look_again(school, reading, plan)
        elif school.refusal is not None:
            school.unsorted = True
        else:
            self._judge_order(school, reading)
        return None

    def _judge_order(self, school: School, reading: Reading) -> None:
        """Whether the source sorted the pages of a recent reading."""
        school.short = reading.short
        school.unsorted = not sorting.does_sort(reading)
        landed = self._zone.landed
        newest = landed.newest_modified if reading.course.is_by_modification else landed.newest_date
        newest_landed = partial(newest, school.lists)
        school.seems_older = not school.unsorted and sorting.seems_older(reading, newest_landed)

    # --- landing -------------------------------------------------------------------------------------------

    def _land(self, school: School, reading: Reading) -> SchoolPlan:
        """Write what was read: arrivals, then departures, then the quarantine."""
        proved = self._year is not None and reading.course.is_whole and proved_by_counts(reading)
        contents = reading.contents
        read = ReadRecords(contents.newest.select("id", "day"), contents.rejected_ids, is_proved=proved)
        plan = self._zone.land(school.lists, contents.by_date(), read, self._also(school, reading))
        school.tally.moved += self._zone.take_out(school.lists, plan.departures)
        school.tally.compared |= plan.changes.keys()
        school.tally.add(reading, plan.unlanded, self._began.date())
        self._update_quarantine(school, reading, plan.unlanded)
        log.info(
            "school %d: %s on %s, %d of them different; %d moved to another date",
            *(school.school_id, records(reading.received), counted(len(reading.pages), "page", "pages")),
            *(contents.different, school.tally.moved),
            extra=event("school_read", school=school.school_id, counts=school.tally.numbers()),
        )
        if contents.rejections:
            reasons = attention.with_counts(Counter(rejection.reason for rejection in contents.rejections))
            fields = event("rejected", school=school.school_id)
            cannot = "school %d: %s cannot be landed: %s"
            log.info(cannot, school.school_id, records(len(contents.rejections)), reasons, extra=fields)
        return plan

    def _also(self, school: School, reading: Reading) -> list[dt.date]:
        """The dates that a whole reading does not mention and whose lists it is compared with as well."""
        if not reading.course.is_whole:
            return []
        days = reading.contents.days
        emptied = not days and school.school_id in self._allowed
        unread = school.lists.etags.keys() - set(days)
        return sorted(day for day in unread if emptied or near(day, days))

    def _update_quarantine(self, school: School, reading: Reading, unlanded: Collection[int]) -> None:
        proved = reading.course.is_whole and proved_by_counts(reading) and not unlanded
        since = self._began.isoformat(timespec="seconds")

        def change(lines: quarantine.Lines) -> quarantine.Lines:
            known = pl.Series("id", [key for key in lines if isinstance(key, int)], dtype=pl.Int64)
            landed = set(known.filter(known.is_in(reading.contents.newest["id"].implode()))) - set(unlanded)
            return quarantine.after_reading(
                lines, reading.contents.rejections, landed, since=since, year=self._year, proved=proved
            )

        with aws.explained(self._quarantine.place):
            school.tally.in_quarantine = 0
            if reading.contents.rejections or self._quarantine.has(school.school_id):
                try:
                    before, after = self._quarantine.update(school.school_id, change)
                except quarantine.UnreadableFile as fault:
                    school.quarantine_fault = str(fault)
                    school.tally.in_quarantine = None
                    return
                school.tally.in_quarantine = len(after)
                reported = self._last_report(school.school_id) if before.keys() & after.keys() else ""
                school.tally.quarantined_new |= {
                    key: line.reason
                    for key, line in after.items()
                    if key not in before or before[key].since > reported
                }

    # --- what was not read ---------------------------------------------------------------------------------

    def _look_again(self, school: School, reading: Reading, plan: SchoolPlan) -> Reading | None:
        """The second look at a whole reading, if it needs one."""
        emptied = school.school_id in self._allowed
        covered = {
            day: change
            for day, change in plan.changes.items()
            if covers(day, change.years, reading.contents.days, self._year, emptied=emptied)
        }
        school.missing = {day: list(ids) for day, ids in plan.missing.items() if day in covered}
        school.landed_before = sum(change.landed for change in covered.values())
        school.removals = Removals(school.school_id, {}, school.landed_before)
        school.short = reading.short
        before = self._short_before(school.school_id) if school.short else 0
        look = second_look(reading, school.missing, before)
        if look is None:
            self._log_what_stays(school, "the reading proves nothing")
            return None
        fields = event("second_look", school=school.school_id)
        log.info("school %d is read again%s: %s", school.school_id, _pages(look), look.why, extra=fields)
        school.first = reading
        size = reading.progress.page_size
        if look.pages is None:
            return whole_reading(school.school_id, size)
        return reading_again(reading, look.pages)

    def _decide(self, school: School, first: Reading, second: Reading) -> None:
        """Which of the missing records are proved gone."""
        school.first = None
        if second.short is not None:
            school.short = second.short
        found = pl.concat(
            [second.contents.newest["id"], pl.Series("id", second.contents.rejected_ids, dtype=pl.Int64)]
        )
        school.missing = {
            day: _without(pl.Series(ids, dtype=pl.Int64), found).to_list()
            for day, ids in school.missing.items()
        }
        if is_proved(first, second):
            school.removals = Removals(school.school_id, school.missing, school.landed_before)
        else:
            self._log_what_stays(school, "the second look proves nothing")

    def _log_what_stays(self, school: School, why: str) -> None:
        if school.waiting:
            log.info(
                "school %d: %s not read, and stay: %s",
                school.school_id,
                counted(school.waiting, "landed record was", "landed records were"),
                why,
            )


def _pages(look: SecondLook) -> str:
    return " whole" if look.pages is None else f" on {counted(len(look.pages), 'page', 'pages')}"


def _without(ids: pl.Series, found: pl.Series) -> pl.Series:
    return ids.filter(~ids.is_in(found.implode()))


def _dated(lists: Mapping[dt.date, str]) -> dict[str, str]:
    return {day.isoformat(): why for day, why in sorted(lists.items())}
