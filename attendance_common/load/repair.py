"""The repair of the native table: rows that are missing, changed or doubled are read again.

A repair is no change of a record: the row keeps the time at which its version was loaded.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from attendance_common.errors import WarehouseError
from attendance_common.load import backfill_sql, native_sql, old_table
from attendance_common.load import list_sql as sql
from attendance_common.load.list_sql import LISTS, NATIVE, PLACES, S3, Statement
from attendance_common.load.plan import ListId
from attendance_common.load.warehouse import Warehouse


@dataclass(frozen=True)
class Repaired:
    """What a repair did: `records` were read again, `unreadable` ones could not be.

    `unknown`, `unknown_days`: rows whose id no list has, and their dates. `days_without_winner`: dates of
    rows whose id has places, and none that wins: the places are damaged. `lost_tables`: older tables that
    rows were backfilled from, and that are gone or have other columns now.
    """

    records: int
    unreadable: int
    unknown: int
    unknown_days: tuple[dt.date, ...]
    days_without_winner: tuple[dt.date, ...]
    lost_tables: tuple[str, ...] = ()


def halves(days: Sequence[dt.date]) -> list[Sequence[dt.date]]:
    """Both halves of dates that cannot be repaired together."""
    middle = len(days) // 2
    return [days[:middle], days[middle:]]


def forget_lists(days: Sequence[dt.date]) -> Statement:
    """Have all lists of these dates loaded again, but for those whose object is gone."""
    return sql.forget((f"etag IS NOT NULL\n    AND {_of('partition_date', days)}", days))


def find_gone_lists(days: Sequence[dt.date]) -> Statement:
    """The lists of these dates whose object is gone."""
    text = f"""\
SELECT partition_date, school_id
FROM {LISTS}
WHERE origin = {S3}
    AND etag IS NULL
    AND {_of("partition_date", days)}"""
    return text, days


def drop_places(days: Sequence[dt.date], gone: Sequence[ListId]) -> Statement:
    """Delete the places of these dates, but not of lists whose object is gone: these cannot be loaded again.

    The table keeps its rows; a row whose id has no place is reported.
    """
    text = f"DELETE FROM {PLACES}\nWHERE origin = {S3}\n    AND {_of('partition_date', days)}"
    if not gone:
        return text, days
    pairs, values = sql.of_pairs(gone)
    return f"{text}\n    AND NOT {pairs}", [*days, *values]


def _of(column: str, days: Sequence[dt.date]) -> str:
    return f"{column} IN ({sql.placeholders(days)})"


def find_rows(days: Sequence[dt.date]) -> Statement:
    """The table's rows of these dates, by their hashes."""
    text = f"""\
CREATE TEMP TABLE table_row
DISTKEY (id) AS
SELECT
    found.id,
    found.attendance_date,
    found.school_id,
    {sql.row_hash("found")} AS hash
FROM {NATIVE} AS found
WHERE {_of("found.attendance_date", days)}"""
    return text, list(days)


def find_suspects(days: Sequence[dt.date]) -> Statement:
    """Winners whose row on these dates is missing from the table, not as it was loaded, or doubled.

    `reread`: the winner is on one of these dates, so its row has to be read again.
    """
    return _FIND_SUSPECTS.format(on_days=_of("places.partition_date", days)), [*days, *days, *days]


_FIND_SUSPECTS = f"""\
CREATE TEMP TABLE suspect
DISTKEY (id) AS
WITH copies AS (
    SELECT id, attendance_date, school_id, hash, COUNT(*) AS number
    FROM table_row
    GROUP BY id, attendance_date, school_id, hash
),
other AS (
    SELECT copies.id
    FROM copies
    LEFT JOIN {PLACES} AS places
        ON copies.id = places.id
        AND copies.attendance_date = places.partition_date
        AND copies.school_id = places.school_id
        AND copies.hash = places.hash
        AND places.wins
    WHERE places.id IS NULL OR copies.number > 1
    UNION
    SELECT places.id
    FROM {PLACES} AS places
    LEFT JOIN copies
        ON places.id = copies.id
        AND places.partition_date = copies.attendance_date
        AND places.school_id = copies.school_id
        AND places.hash = copies.hash
    WHERE places.wins
        AND {{on_days}}
        AND copies.id IS NULL
)
SELECT
    places.id,
    places.partition_date,
    places.school_id,
    places.origin,
    places.hash,
    places.loaded_at,
    CASE WHEN {{on_days}} THEN TRUE ELSE FALSE END AS reread,
    CASE WHEN {{on_days}} THEN FALSE ELSE TRUE END AS found
FROM {PLACES} AS places
INNER JOIN other
    ON places.id = other.id
WHERE places.wins"""

SUSPECT_LISTS = f"""\
SELECT DISTINCT partition_date, school_id
FROM suspect
WHERE reread
    AND origin = {S3}"""


def stage_suspects(lists: Sequence[ListId]) -> Statement:
    """Read the winners' rows again from their lists."""
    text, values = sql.read(lists)
    wanted = "WHERE hashed.id IN (SELECT id FROM suspect WHERE reread)"
    return f"CREATE TEMP TABLE staged\nDISTKEY (id) AS\n{text}\n{wanted}", values


MARK_FOUND = """\
UPDATE suspect
SET found = TRUE
FROM staged
WHERE suspect.id = staged.id
    AND suspect.partition_date = staged.partition_date
    AND suspect.school_id = staged.school_id
    AND suspect.hash = staged.hash"""


def delete_rows(days: Sequence[dt.date]) -> Statement:
    """Delete the rows of suspects on these dates, but for those of winners that could not be read."""
    return native_sql.delete_rows("suspect", "found", f"IN ({sql.placeholders(days)})"), days


INSERT_ROWS = native_sql.insert_rows("suspect", "reread")

COUNT_SUSPECTS = """\
SELECT COUNT(*), SUM(CASE WHEN found THEN 1 ELSE 0 END)
FROM suspect"""

# Rows without a winner: of ids that no list has, and of ids that only have places which do not win.
UNKNOWN = f"""\
SELECT attendance_date, MAX(places), COUNT(*)
FROM (
    SELECT
        table_row.id,
        table_row.attendance_date,
        COUNT(places.id) AS places,
        SUM(CASE WHEN places.wins THEN 1 ELSE 0 END) AS winners
    FROM table_row
    LEFT JOIN {PLACES} AS places
        ON table_row.id = places.id
    GROUP BY table_row.id, table_row.attendance_date
) AS row_found
WHERE winners = 0
GROUP BY attendance_date, CASE WHEN places > 0 THEN 1 ELSE 0 END
ORDER BY attendance_date"""

DROP = "DROP TABLE table_row, suspect, staged"


def forget(warehouse: Warehouse, days: Sequence[dt.date]) -> None:
    """Have the lists of these dates loaded again by the next load, which writes their places anew."""

    def work() -> None:
        warehouse.rows(*forget_lists(days))
        gone = [ListId(*each) for each in warehouse.rows(*find_gone_lists(days))]
        warehouse.rows(*drop_places(days, gone))

    warehouse.locked(work)


def repair(warehouse: Warehouse, days: Sequence[dt.date]) -> Repaired:
    """Make the table's rows of these dates those of the winners, in one transaction; raises Unreadable."""
    return warehouse.locked(lambda: _repair(warehouse, days))


def _repair(warehouse: Warehouse, days: Sequence[dt.date]) -> Repaired:
    warehouse.rows(*find_rows(days))
    warehouse.rows(*find_suspects(days))
    lists = [ListId(*each) for each in warehouse.rows(SUSPECT_LISTS)]
    warehouse.rows(*stage_suspects(lists))
    warehouse.rows(MARK_FOUND)
    lost_tables = _stage_backfilled(warehouse)
    warehouse.rows(*delete_rows(days))
    warehouse.rows(INSERT_ROWS)
    [(suspects, found)] = warehouse.rows(COUNT_SUSPECTS)
    no_winner = warehouse.rows(UNKNOWN)
    warehouse.rows(DROP)
    found = int(found or 0)
    unknown = {day: count for day, places, count in no_winner if not places}
    days_without_winner = tuple(day for day, places, _ in no_winner if places)
    return Repaired(
        found, suspects - found, sum(unknown.values()), tuple(unknown), days_without_winner, lost_tables
    )


def _stage_backfilled(warehouse: Warehouse) -> tuple[str, ...]:
    """Read rows again from older tables; gives the tables that are gone, or have other columns now."""
    days_of: dict[str, list[dt.date]] = defaultdict(list)
    schools: dict[str, int] = {}
    for name, day, school in warehouse.rows(backfill_sql.SUSPECT_TABLES):
        days_of[name].append(day)
        schools[name] = school
    lost = []
    for name, days in days_of.items():
        try:
            table = old_table.look_again(warehouse, name, schools[name])
        except WarehouseError:
            lost.append(name)
            continue
        warehouse.rows(*backfill_sql.stage_suspects(table, days))
        warehouse.rows(MARK_FOUND)
    return tuple(lost)
