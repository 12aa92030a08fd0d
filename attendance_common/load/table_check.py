"""The native table beside what was loaded: the check of every run.

For each date, the rows of the table, the sums of their ids and times, are those of the winners in `places`;
and the places of each date are as many as its lists had records when they were loaded. A date that has rows
of an older table alone is checked by `--verify` and by a backfill, not by every run: there may be millions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from attendance_common.load.list_sql import BACKFILL, HISTORY, LISTS, NATIVE, PLACES, S3, Statement
from attendance_common.load.warehouse import Warehouse

# Seconds since an instant before all records; DATEDIFF gives a BIGINT (DG: r_DATEDIFF_function).
_SECONDS = "DATEDIFF(second, CAST('1970-01-01' AS TIMESTAMP), modified_on)"


def compare(first: dt.date, last: dt.date, oldest: dt.datetime) -> Statement:
    """The sums of each date from `first` to `last`; what left the table before `oldest` need not be kept.

    One statement, so one snapshot: no other load can come between.
    """
    return _COMPARE, [*[first, last] * 3, oldest]


_COMPARE = f"""\
SELECT
    day,
    SUM(table_rows),
    SUM(table_ids),
    SUM(table_seconds),
    SUM(winners),
    SUM(winner_ids),
    SUM(winner_seconds),
    SUM(places),
    SUM(records),
    SUM(forgotten),
    SUM(marked),
    SUM(superseded),
    SUM(expired),
    SUM(landed_lists),
    SUM(backfilled_lists)
FROM (
    SELECT
        attendance_date AS day,
        COUNT(*) AS table_rows,
        SUM(id) AS table_ids,
        SUM(NVL({_SECONDS}, 0)) AS table_seconds,
        0 AS winners,
        0 AS winner_ids,
        0 AS winner_seconds,
        0 AS places,
        0 AS records,
        0 AS forgotten,
        0 AS marked,
        0 AS superseded,
        0 AS expired,
        0 AS landed_lists,
        0 AS backfilled_lists
    FROM {NATIVE}
    WHERE attendance_date BETWEEN %s AND %s
    GROUP BY attendance_date
    UNION ALL
    SELECT
        partition_date,
        0,
        0,
        0,
        SUM(CASE WHEN wins THEN 1 ELSE 0 END),
        SUM(CASE WHEN wins THEN id ELSE 0 END),
        SUM(CASE WHEN wins THEN NVL({_SECONDS}, 0) ELSE 0 END),
        SUM(CASE WHEN origin = {S3} AND NOT marked THEN 1 ELSE 0 END),
        0,
        0,
        SUM(CASE WHEN marked THEN 1 ELSE 0 END),
        SUM(CASE WHEN origin = {S3} AND NOT marked AND NOT wins THEN 1 ELSE 0 END),
        0,
        0,
        0
    FROM {PLACES}
    WHERE partition_date BETWEEN %s AND %s
    GROUP BY partition_date
    UNION ALL
    SELECT
        partition_date,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        SUM(CASE WHEN origin = {S3} THEN row_count ELSE 0 END),
        SUM(CASE WHEN etag = '' THEN 1 ELSE 0 END),
        0,
        0,
        0,
        SUM(CASE WHEN origin = {S3} THEN 1 ELSE 0 END),
        SUM(CASE WHEN origin = {BACKFILL} THEN 1 ELSE 0 END)
    FROM {LISTS}
    WHERE partition_date BETWEEN %s AND %s
    GROUP BY partition_date
    UNION ALL
    SELECT
        attendance_date,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        COUNT(*),
        0,
        0
    FROM {HISTORY}
    WHERE valid_to < %s
    GROUP BY attendance_date
) AS part
GROUP BY day
ORDER BY day"""


class DateSums(NamedTuple):
    """One date: rows and sums of the table, the same of the winners. Of the landing zone: places that are not
    marked, records that its lists had when they were loaded, lists that count as changed since; marked
    places; places that are not marked and do not win (another list has the same id). Former versions that are
    no longer to be kept. Lists of the landing zone, and of older tables.
    """

    day: dt.date
    table_rows: int
    table_ids: int
    table_seconds: int
    winners: int
    winner_ids: int
    winner_seconds: int
    places: int
    records: int
    forgotten: int
    marked: int
    superseded: int
    expired: int
    landed_lists: int
    backfilled_lists: int

    @property
    def only_backfilled(self) -> bool:
        """Whether the date has lists of older tables and none of the landing zone."""
        return self.backfilled_lists > 0 and not self.landed_lists

    @property
    def table_differs(self) -> bool:
        """Whether the table has other rows than the winners."""
        table = (self.table_rows, self.table_ids, self.table_seconds)
        return table != (self.winners, self.winner_ids, self.winner_seconds)


@dataclass(frozen=True)
class TableState:
    """What the check found: dates on which the table or the places differ, marked places, the newest date;
    dates of places whose id another list has as well, and wins; former versions that are not to be kept.
    """

    damaged_rows: list[dt.date]
    damaged_places: list[dt.date]
    marked: int
    newest: dt.date | None
    superseded: list[dt.date]
    expired: int

    @property
    def newest_date(self) -> str | None:
        """The newest date of the table, as the result says it."""
        return None if self.newest is None else self.newest.isoformat()


def state_of(dates: Iterable[DateSums]) -> TableState:
    """What the check's rows mean."""
    found = list(dates)
    return TableState(
        damaged_rows=[each.day for each in found if each.table_differs],
        damaged_places=[each.day for each in found if each.places != each.records and not each.forgotten],
        marked=sum(each.marked for each in found),
        newest=max((each.day for each in found if each.winners), default=None),
        superseded=[each.day for each in found if each.superseded],
        expired=sum(each.expired for each in found),
    )


def check(warehouse: Warehouse, first: dt.date, oldest: dt.datetime) -> TableState:
    """Compare the table with the winners from `first` on, but for dates that have rows of older tables alone.

    What left it before `oldest` is counted, of all dates.
    """
    found = sums(warehouse, first, dt.date.max, oldest)
    state = state_of(each for each in found if not each.only_backfilled)
    return replace(state, expired=sum(each.expired for each in found))


def sums(
    warehouse: Warehouse, first: dt.date, last: dt.date, oldest: dt.datetime = dt.datetime.min
) -> list[DateSums]:
    """The sums of each date, in one statement."""
    found = warehouse.rows(*compare(first, last, oldest))
    return [DateSums(day, *map(int, numbers)) for day, *numbers in found]
