"""The native table beside what was loaded: the check of every run.

For each date, the rows of the table, the sums of their ids and times, are those of the winners in `places`;
and the places of each date are as many as its lists had records when they were loaded.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from attendance_common.load.list_sql import HISTORY, LISTS, NATIVE, PLACES, Statement
from attendance_common.load.warehouse import Warehouse

# Seconds since an instant before all records; DATEDIFF gives a BIGINT (DG: r_DATEDIFF_function).
_SECONDS = "DATEDIFF(second, CAST('1970-01-01' AS TIMESTAMP), modified_on)"


def compare(oldest: dt.datetime) -> Statement:
    """The sums of each date; `oldest`: what left the table before is no longer to be kept.

    One statement, so one snapshot: no other load can come between.
    """
    return _COMPARE, [oldest]


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
    SUM(expired)
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
        0 AS expired
    FROM {NATIVE}
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
        SUM(CASE WHEN marked THEN 0 ELSE 1 END),
        0,
        0,
        SUM(CASE WHEN marked THEN 1 ELSE 0 END),
        SUM(CASE WHEN marked OR wins THEN 0 ELSE 1 END),
        0
    FROM {PLACES}
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
        SUM(row_count),
        SUM(CASE WHEN etag = '' THEN 1 ELSE 0 END),
        0,
        0,
        0
    FROM {LISTS}
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
        COUNT(*)
    FROM {HISTORY}
    WHERE valid_to < %s
    GROUP BY attendance_date
) AS part
GROUP BY day
ORDER BY day"""


class DateSums(NamedTuple):
    """One date: rows and sums of the table, the same of the winners, places that are not marked, records that
    its lists had when they were loaded, lists that count as changed since, marked places, places that are
    not marked and do not win (another list has the same id), former versions that are no longer to be kept.
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

    damaged: list[dt.date]
    misplaced: list[dt.date]
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
    sums = list(dates)
    return TableState(
        damaged=[each.day for each in sums if each.table_differs],
        misplaced=[each.day for each in sums if each.places != each.records and not each.forgotten],
        marked=sum(each.marked for each in sums),
        newest=max((each.day for each in sums if each.winners), default=None),
        superseded=[each.day for each in sums if each.superseded],
        expired=sum(each.expired for each in sums),
    )


def check(warehouse: Warehouse, oldest: dt.datetime) -> TableState:
    """Compare the whole table with the winners, and count what left it before `oldest`, in one statement."""
    found = warehouse.rows(*compare(oldest))
    return state_of(DateSums(day, *map(int, numbers)) for day, *numbers in found)
