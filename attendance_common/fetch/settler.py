"""Settles a reading of a school: lands its records, and decides which missing records are proved gone."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import partial

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
from attendance_common.fetch.school import School
from attendance_common.fetch.tally import difference
from attendance_common.log import event, log
from attendance_common.numerals import counted, records


class Settler:
    """Settles readings: lands their records, and says whether a school needs a second look.

    `began`: the start of the run.
    `short_before(school)`: how many records fewer than counted came in the last whole reading of the school.
    `last_report(school)`: the start of the last run that reported on the school, and so on its quarantine.
    `allowed`: school -> how many removals the operator expects.
    """

    def __init__(
        self,
        zone: LandingZone,
        quarantine_files: quarantine.Quarantine,
        *,
        year: int | None,
        began: dt.datetime,
        short_before: Callable[[int], int],
        last_report: Callable[[int], str],
        allowed: Mapping[int, int],
    ) -> None:
        self._zone = zone
        self._quarantine = quarantine_files
        self._year = year
        self._began = began
        self._short_before = short_before
        self._last_report = last_report
        self._allowed = allowed

    def settle(self, school: School, reading: Reading) -> Reading | None:
        """Land a reading; returns the second look that the school needs, if any."""
        again = self._settle(school, reading)
        if again is None:
            school.tally.landed.ids = None  # so that few ids are in memory
        return again

    def _settle(self, school: School, reading: Reading) -> Reading | None:
        if not reading.pages and school.missing.first is None:
            why = "; ".join(reading.gaps.values())
            if reading.course.is_recent and reading.was_refused:
                school.order.refusal = why
                return first_page_by_date(reading)
            school.fault = school.order.refusal or why
            fields = event("school_failed", school=school.school_id)
            log.warning("school %d was not read: %s", school.school_id, school.fault, extra=fields)
            return None
        plan = self._land(school, reading)
        school.gaps |= reading.gaps
        for page, why in reading.gaps.items():
            fields = event("gap", school=school.school_id)
            log.warning("school %d: page %d could not be read: %s", school.school_id, page, why, extra=fields)
        if school.missing.first is not None:
            self._decide(school, school.missing.first, reading)
        elif reading.course.is_whole:
            return self._look_again(school, reading, plan)
        elif school.order.refusal is not None:
            school.order.is_wrong = True
        else:
            self._judge_order(school, reading)
        return None

    def _judge_order(self, school: School, reading: Reading) -> None:
        """Judge whether the source sorted the pages of a recent reading."""
        school.short = reading.short
        school.order.is_wrong = not sorting.does_sort(reading)
        landed = self._zone.landed
        newest = landed.newest_modified if reading.course.is_by_modification else landed.newest_date
        newest_landed = partial(newest, school.lists)
        school.order.seems_older = not school.order.is_wrong and sorting.seems_older(reading, newest_landed)

    # --- landing -------------------------------------------------------------------------------------------

    def _land(self, school: School, reading: Reading) -> SchoolPlan:
        """Write the rows; then remove those that moved from their old lists; then update the quarantine."""
        proved = self._year is not None and reading.course.is_whole and proved_by_counts(reading)
        contents = reading.contents
        read = ReadRecords(contents.newest.select("id", "day"), contents.rejected_ids, is_proved=proved)
        plan = self._zone.land(school.lists, contents.by_date(), read, self._unread_dates(school, reading))
        school.tally.landed.moved += self._zone.take_out(school.lists, plan.departures)
        school.tally.landed.compared |= plan.changes.keys()
        school.tally.add(reading, plan.unlanded, self._began.date())
        self._update_quarantine(school, reading, plan.unlanded)
        log.info(
            "school %d: %s on %s, %d of them different; %d moved to another date",
            *(school.school_id, records(reading.received), counted(len(reading.pages), "page", "pages")),
            *(contents.different, school.tally.landed.moved),
            extra=event("school_read", school=school.school_id, counts=school.tally.numbers()),
        )
        if contents.rejections:
            reasons = attention.with_counts(Counter(rejection.reason for rejection in contents.rejections))
            fields = event("rejected", school=school.school_id)
            cannot = "school %d: %s cannot be landed: %s"
            log.info(cannot, school.school_id, records(len(contents.rejections)), reasons, extra=fields)
        return plan

    def _unread_dates(self, school: School, reading: Reading) -> list[dt.date]:
        """Dates without a record in a whole reading whose landed lists are compared with it, too."""
        if not reading.course.is_whole:
            return []
        days = reading.contents.days
        emptied = not days and school.school_id in self._allowed
        unread = school.lists.etags.keys() - set(days)
        return sorted(day for day in unread if emptied or near(day, days))

    def _update_quarantine(self, school: School, reading: Reading, unlanded: Collection[int]) -> None:
        whole = self._year is not None and reading.course.is_whole  # without a year: the records of one day
        proved = whole and proved_by_counts(reading) and not unlanded
        since = self._began.isoformat(timespec="seconds")

        def change(lines: quarantine.Lines) -> quarantine.Lines:
            known = pl.Series("id", [key for key in lines if isinstance(key, int)], dtype=pl.Int64)
            landed = set(known.filter(known.is_in(reading.contents.newest["id"].implode()))) - set(unlanded)
            return quarantine.after_reading(
                lines, reading.contents.rejections, landed, since=since, year=self._year, proved=proved
            )

        quarantined = school.tally.quarantined
        with aws.explained(self._quarantine.place):
            quarantined.stored = 0
            if reading.contents.rejections or self._quarantine.has(school.school_id):
                try:
                    before, after = self._quarantine.update(school.school_id, change)
                except quarantine.UnreadableFile as fault:
                    quarantined.fault = str(fault)
                    quarantined.stored = None
                    return
                quarantined.stored = len(after)
                reported = self._last_report(school.school_id) if before.keys() & after.keys() else ""
                quarantined.new |= {
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
        school.missing.ids = {day: list(ids) for day, ids in plan.missing.items() if day in covered}
        school.missing.landed = sum(change.landed for change in covered.values())
        school.missing.proved = Removals(school.school_id, {}, school.missing.landed)
        school.short = reading.short
        before = self._short_before(school.school_id) if school.short else 0
        look = second_look(reading, school.missing.ids, before)
        if look is None:
            self._log_what_stays(school, "the reading proves nothing")
            return None
        fields = event("second_look", school=school.school_id)
        log.info("school %d is read again%s: %s", school.school_id, _pages(look), look.why, extra=fields)
        school.missing.first = reading
        size = reading.progress.page_size
        if look.pages is None:
            return whole_reading(school.school_id, size)
        return reading_again(reading, look.pages)

    def _decide(self, school: School, first: Reading, second: Reading) -> None:
        """Decide which of the missing records are proved gone."""
        school.missing.first = None
        if second.short is not None:
            school.short = second.short
        found = pl.concat(
            [second.contents.newest["id"], pl.Series("id", second.contents.rejected_ids, dtype=pl.Int64)]
        )
        school.missing.ids = {
            day: difference(pl.Series(ids, dtype=pl.Int64), found).to_list()
            for day, ids in school.missing.ids.items()
        }
        if is_proved(first, second):
            school.missing.proved = Removals(school.school_id, school.missing.ids, school.missing.landed)
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
