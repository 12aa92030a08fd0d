"""What a run counts of one school: records read, landed and in quarantine. No student's data."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from attendance_common.fetch.extra_fields import MOST_FIELDS
from attendance_common.fetch.reading import Reading


@dataclass
class ReadCounts:
    """Counts of the school's readings."""

    pages: int = 0
    received: int = 0
    source_count: int | None = None  # the last count in an answer
    undated: int | None = None  # records without a readable `modifiedOn`; None: not read by modification
    left_out: Counter[str] = field(default_factory=Counter)  # new field -> records from which it was left out
    # Up to today: a record whose year was mistyped must not hide that newer ones stopped.
    newest_date: dt.date | None = None

    def add(self, reading: Reading, today: dt.date) -> None:
        """Count a reading."""
        self.pages += len(reading.pages)
        self.received += reading.received
        self.source_count = [self.source_count, *reading.progress.stated.counts][-1]
        self.left_out += reading.contents.left_out
        if reading.course.is_by_modification:
            self.undated = reading.contents.undated
        past = [day for day in reading.contents.days if day <= today]
        self.newest_date = max(filter(None, [self.newest_date, *past[-1:]]), default=None)


@dataclass
class LandedCounts:
    """Counts of the school's lists: records landed, moved and removed."""

    records: int = 0  # different records that were landed
    ids: pl.Series | None = None  # their ids, while a second look is under way
    unlanded: int = 0  # records that were read, but whose lists cannot be read
    compared: set[dt.date] = field(default_factory=set)  # dates whose lists were compared
    moved: int = 0
    removed: int = 0

    def add(self, reading: Reading, unlanded: Collection[int]) -> None:
        """Count the records of a reading; `unlanded`: ids of those whose lists cannot be read."""
        self.unlanded = len(unlanded)
        ids = difference(reading.contents.newest["id"], pl.Series(list(unlanded), dtype=pl.Int64))
        self.ids = ids if self.ids is None else pl.concat([self.ids, ids]).unique()
        self.records = self.ids.len()


@dataclass
class QuarantineCounts:
    """The school's records that cannot be landed."""

    reasons: dict[int | str, str] = field(default_factory=dict)  # record of this run -> reason
    new: dict[int | str, str] = field(default_factory=dict)  # of these, those that no run has reported yet
    stored: int | None = None  # its records in the file; None: not known
    fault: str | None = None  # why its file cannot be read, and stays as it is


@dataclass
class Tally:
    """All counts of a school."""

    read: ReadCounts = field(default_factory=ReadCounts)
    landed: LandedCounts = field(default_factory=LandedCounts)
    quarantined: QuarantineCounts = field(default_factory=QuarantineCounts)

    def add(self, reading: Reading, unlanded: Collection[int], today: dt.date) -> None:
        """Count what a reading brought; `unlanded`: ids of records whose lists cannot be read."""
        self.read.add(reading, today)
        self.landed.add(reading, unlanded)
        found = reading.contents.rejections
        self.quarantined.reasons |= {rejection.key: rejection.reason for rejection in found}

    def numbers(self) -> dict[str, Any]:
        """The counts for the run record."""
        read, landed, quarantined = self.read, self.landed, self.quarantined
        accounted = landed.records + len(quarantined.reasons) + landed.unlanded
        return {
            "pages": read.pages,
            "source_count": read.source_count,
            "received": read.received,
            "landed": landed.records,
            "repeats": max(0, read.received - accounted),
            "quarantined": len(quarantined.reasons),
            "quarantined_new": len(quarantined.new),
            "quarantine": dict(Counter(quarantined.reasons.values())),
            **({} if quarantined.stored is None else {"in_quarantine": quarantined.stored}),
            **({"not_landed": landed.unlanded} if landed.unlanded else {}),
            **({"left_out": dict(read.left_out.most_common(MOST_FIELDS))} if read.left_out else {}),
            **({} if read.undated is None else {"undated": read.undated}),
            "moved": landed.moved,
            "removed": landed.removed,
            "newest_date": None if read.newest_date is None else read.newest_date.isoformat(),
        }


def difference(ids: pl.Series, others: pl.Series) -> pl.Series:
    """The ids that are not among the others."""
    return ids.filter(~ids.is_in(others.implode()))
