"""Departures: records that no list has any more are removed from the table, in the last transaction of a run.

A batch only marks the places of records that their list no longer has. So a record that moves to another
list, which may be loaded later, or by the next run, is never missing from the table.
"""

from __future__ import annotations

from collections.abc import Collection

from attendance_common.load import control, history_sql
from attendance_common.load.list_sql import LISTS, PLACES, S3, Statement, of_pairs, placeholders
from attendance_common.load.listing import Listing
from attendance_common.load.native_sql import DATE, delete_rows
from attendance_common.load.plan import ListId
from attendance_common.load.warehouse import Warehouse


def find(unsettled: Collection[int]) -> Statement:
    """Find the marked places to remove: not those of `unsettled` schools, nor those of a list that is gone
    or is to be loaded again.

    `remaining`: how many places the id keeps.
    """
    but = f"\n        AND places.school_id NOT IN ({placeholders(unsettled)})" if unsettled else ""
    return _FIND.format(but=but), sorted(unsettled)


_FIND = f"""\
CREATE TEMP TABLE departure
DISTKEY (id) AS
WITH leaving AS (
    SELECT places.id, places.partition_date, places.school_id, places.wins, places.hash
    FROM {PLACES} AS places
    LEFT JOIN {LISTS} AS lists
        ON places.partition_date = lists.partition_date
        AND places.school_id = lists.school_id
        AND lists.origin = {S3}
    WHERE places.marked
        AND places.origin = {S3}
        AND (lists.school_id IS NULL OR lists.etag <> ''){{but}}
),
counted AS (
    SELECT leaving.id, COUNT(*) AS leaving_places
    FROM leaving
    GROUP BY leaving.id
),
kept AS (
    SELECT counted.id, COUNT(*) - MAX(counted.leaving_places) AS remaining
    FROM counted
    INNER JOIN {PLACES} AS places
        ON counted.id = places.id
    GROUP BY counted.id
)
SELECT leaving.id, leaving.partition_date, leaving.school_id, leaving.wins, leaving.hash, kept.remaining
FROM leaving
INNER JOIN kept
    ON leaving.id = kept.id"""

COUNT_REMOVED = """\
SELECT COUNT(DISTINCT id), MIN(partition_date), MAX(partition_date)
FROM departure
WHERE remaining = 0"""

DELETE_ROWS = delete_rows("departure", "remaining = 0", f"{DATE} BETWEEN %s AND %s")

_DELETE_PLACES = f"""\
DELETE FROM {PLACES}
USING departure
WHERE period_attendance_places.id = departure.id
    AND period_attendance_places.partition_date = departure.partition_date
    AND period_attendance_places.school_id = departure.school_id
    AND period_attendance_places.origin = {S3}
    AND """

# A place that wins is kept, with its row, while the id has another place.
DELETE_OTHER_PLACES = f"{_DELETE_PLACES}departure.remaining > 0\n    AND NOT departure.wins"
DELETE_LAST_PLACES = f"{_DELETE_PLACES}departure.remaining = 0"

DROP = "DROP TABLE departure"


def forget(lists: Collection[ListId]) -> Statement:
    """Delete the control rows of lists whose object is gone: from now on they count as empty."""
    pairs, values = of_pairs(lists)
    return f"DELETE FROM {LISTS}\nWHERE origin = {S3}\n    AND {pairs}", values


def remove_departures(warehouse: Warehouse, listing: Listing, forgotten: Collection[ListId], run: str) -> int:
    """Remove marked places, and the rows of ids that have no other place; gives the number of these rows.

    Places of a school are removed only when all its changed lists are loaded. Rows are removed only when the
    changed lists of all schools are: until then a list that is not loaded may have the record.
    `forgotten` lists count as empty. `run` is written to the history, with each row that is removed.
    """
    return warehouse.locked(lambda: _remove_departures(warehouse, listing, forgotten, run))


def _remove_departures(
    warehouse: Warehouse, listing: Listing, forgotten: Collection[ListId], run: str
) -> int:
    if forgotten:
        warehouse.rows(*forget(forgotten))
    found = listing.compare(control.loaded(warehouse))
    unsettled = {each.school for each in found.changed}
    warehouse.rows(*find(unsettled))
    removed = 0 if unsettled else _remove_rows(warehouse, run)
    warehouse.rows(DELETE_OTHER_PLACES)
    warehouse.rows(DROP)
    return removed


def _remove_rows(warehouse: Warehouse, run: str) -> int:
    """Move the rows that no list has to the history, and delete their places; gives their number."""
    [(rows, first, last)] = warehouse.rows(COUNT_REMOVED)
    if rows:
        warehouse.rows(*history_sql.keep_removed(first, last, run))
        warehouse.rows(DELETE_ROWS, [first, last])
        warehouse.rows(DELETE_LAST_PLACES)
    return int(rows)
