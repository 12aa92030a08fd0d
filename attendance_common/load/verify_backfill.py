"""`--verify` of backfilled rows: compares places, table and older table; changes nothing."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial

from attendance_common.errors import WarehouseError
from attendance_common.load import attention, backfill_sql, old_table, repair
from attendance_common.load.list_sql import BACKFILL, LISTS
from attendance_common.load.old_table import OldTable
from attendance_common.load.verify import Verified
from attendance_common.load.warehouse import Warehouse
from attendance_common.log import log

# The dates that were taken from each older table, and a school of theirs.
TAKEN_DATES = f"""\
SELECT etag, partition_date, MIN(school_id)
FROM {LISTS}
WHERE origin = {BACKFILL}
GROUP BY etag, partition_date
ORDER BY etag, partition_date"""

SUSPECTS_BY_DATE = f"""\
SELECT partition_date, COUNT(*)
FROM suspect
WHERE origin = {BACKFILL}
GROUP BY partition_date
ORDER BY partition_date"""

OTHERS_BY_DATE = """\
SELECT partition_date, COUNT(*)
FROM staged
WHERE NOT known
    AND fault IS NULL
    AND NVL(place_hash, '') <> hash
GROUP BY partition_date
ORDER BY partition_date"""

Dates = dict[dt.date, int]


@dataclass
class _Found:
    """Differences to what was taken from one older table, by date: records of the native table that differ,
    and `others`, rows of the older table that differ.
    """

    differing: Dates = field(default_factory=dict)
    others: Dates = field(default_factory=dict)


def verify_backfilled(warehouse: Warehouse, damaged: Collection[dt.date]) -> Verified:
    """Compare what was taken from older tables, month by month.

    `damaged`: dates on which the native table has other rows than were taken; they are reported.
    """
    verified = Verified()
    days_of: dict[str, list[dt.date]] = defaultdict(list)
    schools: dict[str, int] = {}
    for name, day, school in warehouse.rows(TAKEN_DATES):
        days_of[name].append(day)
        schools[name] = school
    for name, days in days_of.items():
        table = _columns_of(warehouse, name, schools[name])
        found = _Found()
        for month in _months(days):
            warehouse.snapshot(partial(_compare, warehouse, table, month, found))
        verified.counts.update(verified_dates=len(days), differing_records=sum(found.differing.values()))
        flags = _flags(name, table)
        verified.sentences += _sentences(name, flags, found, [day for day in days if day in damaged])
    return verified


def _flags(name: str, table: OldTable | None) -> str:
    """What lets the loader take this table's rows."""
    if table is None or table.school is None:
        return f"--backfill-from {name}"
    return f"--backfill-from {name} --backfill-school {table.school}"


def _sentences(name: str, flags: str, found: _Found, damaged: list[dt.date]) -> list[str]:
    sentences = [attention.backfilled_damaged(name, damaged, flags)] if damaged else []
    if changed := {day: count for day, count in found.differing.items() if day not in damaged}:
        sentences.append(attention.changed_columns(changed, f"{flags} --reload"))
    if found.others:
        days, rows = sorted(found.others), sum(found.others.values())
        sentences.append(attention.other_old_rows(name, days, rows, flags))
    return sentences


def _columns_of(warehouse: Warehouse, name: str, school: int) -> OldTable | None:
    """The older table; None when it is gone, or has other columns: then the places alone are compared."""
    try:
        return old_table.look_again(warehouse, name, school)
    except WarehouseError as fault:
        log.info("%s is not compared: %s", name, fault)
        return None


def _months(days: Collection[dt.date]) -> list[list[dt.date]]:
    months: dict[tuple[int, int], list[dt.date]] = defaultdict(list)
    for day in days:
        months[day.year, day.month].append(day)
    return list(months.values())


def _compare(warehouse: Warehouse, table: OldTable | None, days: list[dt.date], found: _Found) -> None:
    """One transaction that is rolled back: its tables are temporary."""
    warehouse.rows(*repair.find_rows(days))
    warehouse.rows(*repair.find_suspects(days))
    found.differing.update(warehouse.rows(SUSPECTS_BY_DATE))
    if table is not None:
        warehouse.rows(*backfill_sql.stage(table, days))
        found.others.update(warehouse.rows(OTHERS_BY_DATE))
