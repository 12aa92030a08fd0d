"""The repair of the native table: rows that are missing, changed or doubled are read again.

A repair is no change of a record: the row keeps the time at which its version was loaded.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from attendance_common.errors import WarehouseError
from attendance_common.load import backfill_sql, native_sql, old_table
from attendance_common.load import list_sql as sql
from attendance_common.load.list_sql import LISTS, NATIVE, PLACES, S3, Statement
from attendance_common.load.plan import ListId
from attendance_common.load.warehouse import Warehouse


@dataclass(frozen=True)
class Repaired:
    """What a repair did: `records` were read again.

    `gone`: a list whose object is gone from S3 -> how many of its rows could not be read. `lost`: date -> how
    many rows of older tables could not be. `unknown`: date -> how many rows have an id that no list has.
    `damaged_places`: dates whose places name rows that their lists do not have, or no winner of an id; their
    other rows without a list are not `unknown`, until their lists are loaded again. `lost_tables`: older
    tables that rows were backfilled from, and that are gone or have other columns now.
    """

    records: int
    gone: Mapping[ListId, int]
    lost: Mapping[dt.date, int]
    unknown: Mapping[dt.date, int]
    damaged_places: Collection[dt.date]
    lost_tables: tuple[str, ...] = ()

    @property
    def is_done(self) -> bool:
        """Whether rows were repaired, or nothing was left to repair."""
        return bool(self.records or not (self.explained or self.damaged_places))

    @property
    def explained(self) -> set[dt.date]:
        """Dates on which the table still differs from its winners, for a known reason."""
        return {*(each.day for each in self.gone), *self.lost, *self.unknown}


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
    """Delete the rows of suspects, but for those of winners that could not be read.

    Of a winner that was read again, on any date: its other copies can be where no load looks. Of one whose
    row is on another date, on these dates alone.
    """
    dates = f"(suspect.reread OR {_of(native_sql.DATE, days)})"
    return native_sql.delete_rows("suspect", "found", dates), days


INSERT_ROWS = native_sql.insert_rows("suspect", "reread")

COUNT_FOUND = """\
SELECT COUNT(*)
FROM suspect
WHERE found"""

# Rows of lists that could not be read: of the landing zone, whether the object is there; of older tables.
COUNT_UNREAD = f"""\
SELECT
    suspect.partition_date,
    suspect.school_id,
    CASE WHEN suspect.origin = {S3} THEN TRUE ELSE FALSE END,
    CASE WHEN MAX(lists.etag) IS NULL THEN FALSE ELSE TRUE END,
    COUNT(*)
FROM suspect
LEFT JOIN {LISTS} AS lists
    ON suspect.partition_date = lists.partition_date
    AND suspect.school_id = lists.school_id
    AND lists.origin = {S3}
WHERE NOT suspect.found
GROUP BY suspect.partition_date, suspect.school_id, suspect.origin"""

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
    [(found,)] = warehouse.rows(COUNT_FOUND)
    unread, no_winner = warehouse.rows(COUNT_UNREAD), warehouse.rows(UNKNOWN)
    warehouse.rows(DROP)
    return outcome(found, unread, no_winner, lost_tables)


def outcome(
    found: int,
    unread: Sequence[tuple[dt.date, int, bool, bool, int]],
    no_winner: Sequence[tuple[dt.date, int, int]],
    lost_tables: tuple[str, ...],
) -> Repaired:
    """What a repair did, by the answers to COUNT_FOUND, COUNT_UNREAD and UNKNOWN."""
    gone: dict[ListId, int] = {}
    lost: Counter[dt.date] = Counter()
    damaged = {day for day, places, _ in no_winner if places}
    for day, school, is_landed, has_object, rows in unread:
        if not is_landed:
            lost[day] += rows
        elif has_object:
            damaged.add(day)
        else:
            gone[ListId(day, school)] = rows
    unknown = {day: rows for day, places, rows in no_winner if not places and day not in damaged}
    return Repaired(found, gone, lost, unknown, damaged, lost_tables)


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
