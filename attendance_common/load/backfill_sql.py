"""The SQL of a backfill: a month of an older table, as lists of the origin `backfill`.

Once the rows are in `staged`, the SQL is that of a batch (`merge_sql`, `settle_sql`). The control row of such
a list has the older table's name as its ETag: from that table a repair reads its rows again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from attendance_common.load import old_table_sql
from attendance_common.load.list_sql import (
    BACKFILL,
    LISTS,
    NATIVE_NAMES,
    NOW,
    PLACES,
    Statement,
    listed,
)
from attendance_common.load.old_table import OldTable, TableName

_STAGED = [*NATIVE_NAMES, "source_file", "partition_date", "hash"]


def done_days(name: TableName) -> Statement:
    """The dates that were taken from an older table."""
    return _DONE_DAYS, [str(name)]


_DONE_DAYS = f"""\
SELECT DISTINCT partition_date
FROM {LISTS}
WHERE origin = {BACKFILL}
    AND etag = %s"""


def schools_taken(name: TableName) -> Statement:
    """The schools whose lists were taken from an older table."""
    return _SCHOOLS_TAKEN, [str(name)]


_SCHOOLS_TAKEN = f"""\
SELECT DISTINCT school_id
FROM {LISTS}
WHERE origin = {BACKFILL}
    AND etag = %s
ORDER BY school_id"""


def stage(table: OldTable, days: Collection[dt.date]) -> Statement:
    """Read the rows of these dates into `staged`."""
    text, values = old_table_sql.read(table, days)
    return f"CREATE TEMP TABLE staged\nDISTKEY (id) AS\n{text}", values


# Counts of the rows that were read: those that are known, those with each fault, and the others.
COUNT = """\
SELECT known, CASE WHEN known THEN NULL ELSE fault END, COUNT(*)
FROM staged
GROUP BY known, CASE WHEN known THEN NULL ELSE fault END"""

# Also lists of which no row can be taken, or all are known: they were read.
NAME_LISTS = """\
CREATE TEMP TABLE batch_list
DISTSTYLE ALL AS
SELECT partition_date, school_id
FROM staged
WHERE school_id IS NOT NULL
GROUP BY partition_date, school_id"""

UNSTAGE = """\
DELETE FROM staged
WHERE known OR fault IS NOT NULL"""


def stage_winners(table: OldTable, days: Collection[dt.date]) -> Statement:
    """Read the rows of these dates, which are outside the batch, of ids of which a row is to be written."""
    return _stage_more(table, days, _OF_WINNERS)


_OF_WINNERS = """\
WHERE again.fault IS NULL
    AND NOT again.known
    AND again.id IN (SELECT id FROM settled WHERE written)"""


def _stage_more(table: OldTable, days: Collection[dt.date], chosen: str) -> Statement:
    """Read more rows into `staged`: of those of these dates, named `again`, the chosen ones."""
    text, values = old_table_sql.read(table, days)
    return (
        f"""\
INSERT INTO staged (
    {listed(_STAGED)}
)
SELECT
    {listed(f"again.{name}" for name in _STAGED)}
FROM (
{text}
) AS again
{chosen}""",
        values,
    )


def delete_lists(name: TableName) -> Statement:
    """Delete the control rows of the batch's lists."""
    return _DELETE_LISTS, [str(name)]


_DELETE_LISTS = f"""\
DELETE FROM {LISTS}
USING batch_list
WHERE period_attendance_lists.partition_date = batch_list.partition_date
    AND period_attendance_lists.school_id = batch_list.school_id
    AND period_attendance_lists.origin = {BACKFILL}
    AND period_attendance_lists.etag = %s"""


def insert_lists(name: TableName, run: str, first: dt.date, last: dt.date) -> Statement:
    """Insert the control rows of the batch's lists, of dates from `first` to `last`, with their places."""
    return _INSERT_LISTS, [str(name), run, first, last]


_INSERT_LISTS = f"""\
INSERT INTO {LISTS} (partition_date, school_id, origin, etag, last_modified, row_count, loaded_at, run)
SELECT
    batch_list.partition_date,
    batch_list.school_id,
    {BACKFILL},
    CAST(%s AS VARCHAR(256)),
    CAST(NULL AS TIMESTAMP),
    COUNT(places.id),
    {NOW},
    CAST(%s AS VARCHAR(64))
FROM batch_list
LEFT JOIN {PLACES} AS places
    ON batch_list.partition_date = places.partition_date
    AND batch_list.school_id = places.school_id
    AND places.origin = {BACKFILL}
    AND places.partition_date BETWEEN %s AND %s
GROUP BY batch_list.partition_date, batch_list.school_id"""


# --- reading rows again -------------------------------------------------------------------------------------

# Which older tables have rows that a repair needs, and on which dates; a table that does not say whose rows
# they are has those of one school.
SUSPECT_TABLES = f"""\
SELECT lists.etag, suspect.partition_date, MIN(lists.school_id)
FROM suspect
INNER JOIN {LISTS} AS lists
    ON suspect.partition_date = lists.partition_date
    AND suspect.school_id = lists.school_id
    AND lists.origin = {BACKFILL}
WHERE suspect.reread
    AND suspect.origin = {BACKFILL}
GROUP BY lists.etag, suspect.partition_date
ORDER BY lists.etag, suspect.partition_date"""


def stage_suspects(table: OldTable, days: Collection[dt.date]) -> Statement:
    """Read the rows again of suspects that were not found yet."""
    return _stage_more(table, days, _OF_SUSPECTS)


_OF_SUSPECTS = f"""\
INNER JOIN suspect
    ON again.id = suspect.id
    AND again.partition_date = suspect.partition_date
    AND again.school_id = suspect.school_id
    AND again.hash = suspect.hash
WHERE again.fault IS NULL
    AND suspect.reread
    AND NOT suspect.found
    AND suspect.origin = {BACKFILL}"""
