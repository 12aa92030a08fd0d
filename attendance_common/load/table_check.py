"""Compares the native table with what was loaded: the check of every run.

For each date, the number of the table's rows and the sums of their ids and times have to be those of the
winners in `places`. Each date has to have as many places as its lists had records when they were loaded.
Dates that have rows of an older table alone are checked by `--verify` and by a backfill, not by every run:
there may be millions of rows.
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
    """The sums of each date from `first` to `last`; `expired` counts the versions that ended before `oldest`.

    It is one statement, so it sees one snapshot: no other load can commit in between.
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
    """The numbers of one date.

    `table_…`: rows of the table, and sums of their ids and times; `winner…`: the same of the winners.
    `places`: places of landed lists that are not marked; `records`: records that these lists had when they
    were loaded; `forgotten`: lists that are to be loaded again. `marked`: marked places. `superseded`: places
    that are not marked and do not win, because another list has the id. `expired`: versions in the history
    that are too old to be kept. `landed_lists`, `backfilled_lists`: lists in S3, and of older tables.
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
    """What the check found.

    `damaged_rows`: dates on which the table differs from the winners. `damaged_places`: dates on which the
    places differ from the control table. `marked`: number of marked places. `days`: dates that have records.
    `superseded`: dates of places that do not win, because another list has the id. `expired`: number of
    versions in the history that are too old to be kept.
    """

    damaged_rows: list[dt.date]
    damaged_places: list[dt.date]
    marked: int
    days: list[dt.date]
    superseded: list[dt.date]
    expired: int

    def newest_date(self, today: dt.date) -> str | None:
        """The newest date up to today, as text, for the result."""
        newest = max((day for day in self.days if day <= today), default=None)
        return None if newest is None else newest.isoformat()


def state_of(dates: Iterable[DateSums]) -> TableState:
    """The state that the sums of these dates show."""
    found = list(dates)
    return TableState(
        damaged_rows=[each.day for each in found if each.table_differs],
        damaged_places=[each.day for each in found if each.places != each.records and not each.forgotten],
        marked=sum(each.marked for each in found),
        days=[each.day for each in found if each.winners],
        superseded=[each.day for each in found if each.superseded],
        expired=sum(each.expired for each in found),
    )


def check(warehouse: Warehouse, first: dt.date, oldest: dt.datetime) -> TableState:
    """Compare the table with the winners from `first` on, but for dates that have rows of older tables alone.

    `expired` counts versions that ended before `oldest`, of all dates.
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
