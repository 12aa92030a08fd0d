"""Decides when landed records that were not read may be removed. Pure.

A record that was read is landed, whatever a count says. A landed record that was not read is removed only if
- the reading is proved to have the whole list of the school, and covers the landed list of the record;
- a second look at the pages on which it would be does not find it either;
- the brake allows it: not suspiciously many records are to be removed in this run.
"""

from __future__ import annotations

import bisect
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from attendance_common.fetch.reading import Reading
from attendance_common.numerals import records

NEAR = dt.timedelta(days=60)  # landed lists so near to a date that was read are compared

# So many landed records may be removed in a run (the greater of share and number): of a school, but at most
# half of them; of all schools together.
SCHOOL_SHARE, SCHOOL_FEW = 0.10, 50
RUN_SHARE, RUN_FEW = 0.02, 500


# --- is it proved? ----------------------------------------------------------------------------------------


def can_be_proved(reading: Reading) -> bool:
    """Whether it has no gap, an id for every record, and no repeated page in place of another."""
    if reading.gaps or any(rejection.record_id is None for rejection in reading.contents.rejections):
        return False
    progress = reading.progress
    return not progress.repeats_pages or progress.stated.counts[-1:] == [progress.sent]


def proved_by_counts(first: Reading, second: Reading | None = None) -> bool:
    """Whether all counts in the answers of both readings equal the different records of the first."""
    counts = first.progress.stated.counts + (second.progress.stated.counts if second else [])
    agree = bool(first.progress.stated.counts) and set(counts) == {first.contents.different}
    return agree and can_be_proved(first) and not (second and second.gaps)


def proved_by_repetition(first: Reading, second: Reading) -> bool:
    """Whether two whole readings have the same ids in the same order."""
    ours, theirs = (
        {number: page for number, page in reading.pages.items() if page.received}
        for reading in (first, second)
    )
    same = ours.keys() == theirs.keys() and all(ours[n].lists_the_same_as(theirs[n]) for n in ours)
    return same and second.course.is_whole and can_be_proved(first) and can_be_proved(second)


def is_proved(first: Reading, second: Reading) -> bool:
    """Whether records that both readings lack are gone. `second`: whole, or of the pages to confirm."""
    return proved_by_counts(first, second) or proved_by_repetition(first, second)


# --- what has to be read again? ---------------------------------------------------------------------------


@dataclass(frozen=True)
class SecondLook:
    """The pages to read again, and why; `pages` None: the whole list."""

    pages: list[int] | None
    why: str


def second_look(reading: Reading, missing: Collection[dt.date], short_before: int) -> SecondLook | None:
    """The second look that a whole reading needs, if any.

    `missing`: the dates of landed records that it lacks. `short_before`: how many records fewer than counted
    came in the school's last reading.
    """
    if reading.gaps:
        return None
    lacking = reading.progress.missing
    if lacking > short_before:
        return SecondLook(None, f"{records(lacking)} fewer came than the source counts")
    if not missing or not can_be_proved(reading):
        return None
    if not proved_by_counts(reading):
        return SecondLook(None, "landed records are missing, and the source's counts prove nothing")
    return SecondLook(pages_to_confirm(reading, missing), "landed records are missing")


def pages_to_confirm(reading: Reading, days: Collection[dt.date]) -> list[int]:
    """The pages on which records of these dates would be; all pages if the list is not sorted by date.

    For each date: the pages from the last one with an earlier date to the first one with a later date, and
    one more on each side.
    """
    numbers = sorted(reading.pages)
    listed = reading.ordered()
    dates = pl.concat([page.keys["day"] for page in listed])
    if not dates.is_sorted():
        return numbers
    dated = [number for number in numbers if reading.pages[number].keys.height]
    starts = [reading.pages[number].keys["day"][0] for number in dated]
    ends = [reading.pages[number].keys["day"][-1] for number in dated]
    chosen: set[int] = set()
    for day in days:
        earlier = bisect.bisect_left(starts, day) - 1  # the last page that begins before the date
        later = bisect.bisect_right(ends, day)  # the first page that ends after it
        low = dated[earlier] if earlier >= 0 else numbers[0]
        high = dated[later] if later < len(dated) else numbers[-1]
        chosen.update(range(low - 1, high + 2))
    return [number for number in numbers if number in chosen]


# --- what does it cover? ----------------------------------------------------------------------------------


def near(day: dt.date, read: Sequence[dt.date]) -> bool:
    """Whether a date is within 60 days of one of the sorted dates in `read`."""
    at = bisect.bisect_left(read, day)
    return any(abs(each - day) <= NEAR for each in read[max(0, at - 1) : at + 1])


def covers(
    day: dt.date, years: Collection[int], read: Sequence[dt.date], year: int | None, *, emptied: bool = False
) -> bool:
    """Whether a whole reading covers a landed list: a record of the list that was not read may be gone.

    `day`, `years`: the list's date and school years. `read`, `year`: the sorted dates and the school year of
    the reading. `emptied`: the operator expects that the school has no record: then a reading without records
    covers every list of its year.
    """
    if year is None:
        return not years and bool(read) and read[0] <= day <= read[-1]
    return set(years) == {year} and (near(day, read) if read else emptied)


# --- the brake --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Removals:
    """Records of a school that are proved gone, by date. `landed`: all records in the covered lists."""

    school_id: int
    ids: Mapping[dt.date, Sequence[int]]
    landed: int

    @property
    def count(self) -> int:
        """How many records would be removed."""
        return sum(map(len, self.ids.values()))


@dataclass(frozen=True)
class Verdict:
    """The removals that the brake allows, and why it stops those of other schools."""

    released: Sequence[Removals]
    stopped: Mapping[int, str]


def brake(removals: Sequence[Removals], allowed: Mapping[int, int]) -> Verdict:
    """Allow removals that are not suspiciously many. `allowed`: school -> how many the operator expects."""
    expected = [each for each in removals if each.count <= allowed.get(each.school_id, -1)]
    others = [each for each in removals if each not in expected]
    stopped = {each.school_id: _too_many(each) for each in others if each.count > _school_limit(each)}
    total, landed = sum(each.count for each in others), sum(each.landed for each in removals)
    if total > max(RUN_SHARE * landed, RUN_FEW):
        why = f"{total} of all schools' {landed} landed records would leave in one run"
        stopped = {each.school_id: why for each in others if each.count} | stopped
    return Verdict([each for each in removals if each.count and each.school_id not in stopped], stopped)


def _school_limit(removals: Removals) -> float:
    return min(max(SCHOOL_SHARE * removals.landed, SCHOOL_FEW), removals.landed / 2)


def _too_many(removals: Removals) -> str:
    return f"{removals.count} of its {removals.landed} landed records would leave in one run"
