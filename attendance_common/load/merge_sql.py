"""The SQL of one batch.

For each id, the native table has the newest version over all lists as they were last loaded. `places` has a
narrow row for each record of each list; so a batch reads from S3 the lists that changed, and nothing else.

How a batch runs on Redshift:
- Spectrum prunes by the predicate on year, month, day alone, which has only constants.
- `staged` has the rows of the batch's lists, each joined with its place as it was. It is read from S3 once.
- `settled` has every place, as it will be, of each id that the batch touches, ranked: 1 is the winner.
- A place of an older table is deleted as soon as a list of the landing zone has its id.
- A row is written when its hash is not the hash of the row that the native table has.
- CREATE TABLE AS leaves a table with statistics (DG: r_ANALYZE); LIKE and INSERT would not.
- An anti-join is a LEFT JOIN … IS NULL: how Redshift plans NOT IN over millions of ids is not known.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from attendance_common.load.list_sql import (
    LISTS,
    NATIVE,
    NATIVE_NAMES,
    NOW,
    PLACES,
    S3,
    Statement,
    listed,
    of_pairs,
    read,
)
from attendance_common.load.native_sql import DATE, delete_rows, insert_rows
from attendance_common.load.plan import ListId

# --- reading lists ------------------------------------------------------------------------------------------


def stage(lists: Collection[ListId]) -> Statement:
    """Read the lists into `staged`."""
    text, values = read(lists)
    return f"CREATE TEMP TABLE staged\nDISTKEY (id) AS\n{text}", values


def stage_more(lists: Collection[ListId]) -> Statement:
    """Read the rows that are to be written from these lists, which are outside the batch."""
    text, values = read(lists)
    columns = [*NATIVE_NAMES, "source_file", "partition_date", "hash"]
    columns += [f"place_{name}" for name in ("hash", "wins", "marked", "loaded_at")]
    wanted = "WHERE hashed.id IN (SELECT id FROM settled WHERE written)"
    return f"INSERT INTO staged (\n    {listed(columns)}\n)\n{text}\n{wanted}", values


# A list's rows, and how many have an id, another id than the others, a student, the list's date, a place; and
# the first and the last of the objects that have them.
SUMMARY = """\
SELECT
    partition_date,
    school_id,
    COUNT(*),
    COUNT(id),
    COUNT(DISTINCT id),
    COUNT(student_id),
    SUM(CASE WHEN attendance_date = partition_date THEN 1 ELSE 0 END),
    SUM(CASE WHEN place_marked THEN 0 WHEN place_hash IS NULL THEN 0 ELSE 1 END),
    MIN(source_file),
    MAX(source_file)
FROM staged
GROUP BY partition_date, school_id"""


def unstage(lists: Collection[ListId]) -> Statement:
    """Delete from `staged` the lists that do not count as loaded."""
    pairs, values = of_pairs(lists)
    return f"DELETE FROM staged\nWHERE {pairs}", values


def name_lists(gone: Collection[ListId]) -> Statement:
    """The lists of the batch: those that `staged` has, and those whose object is gone."""
    if not gone:
        return _BATCH_LIST, []
    pairs, values = of_pairs(gone)
    return f"{_BATCH_LIST}\nUNION ALL\n{_LISTS}\n    AND {pairs}", values


_LISTS = f"""\
SELECT partition_date, school_id
FROM {LISTS}
WHERE origin = {S3}"""

_BATCH_LIST = """\
CREATE TEMP TABLE batch_list
DISTSTYLE ALL AS
SELECT partition_date, school_id
FROM staged
GROUP BY partition_date, school_id"""


# --- writing ------------------------------------------------------------------------------------------------


def delete_former(first: dt.date, last: dt.date) -> Statement:
    """Take out the rows of ids that are written; all their places have dates from `first` to `last`."""
    return _DELETE_FORMER, [first, last]


_DELETE_FORMER = delete_rows("settled", "written", f"{DATE} BETWEEN %s AND %s")

WRITE = insert_rows("settled", "written")


def delete_places(first: dt.date, last: dt.date) -> Statement:
    """Take out the places of the ids that the batch touches; they have dates from `first` to `last`."""
    return _DELETE_PLACES, [first, last]


_DELETE_PLACES = f"""\
DELETE FROM {PLACES}
USING settled
WHERE period_attendance_places.id = settled.id
    AND period_attendance_places.partition_date BETWEEN %s AND %s"""

INSERT_PLACES = f"""\
INSERT INTO {PLACES} (id, partition_date, school_id, origin, modified_on, hash, wins, marked, loaded_at)
SELECT
    id,
    partition_date,
    school_id,
    origin,
    modified_on,
    hash,
    CASE WHEN version = 1 THEN TRUE ELSE FALSE END,
    marked,
    loaded_at
FROM settled
WHERE kept"""

DELETE_LISTS = f"""\
DELETE FROM {LISTS}
USING batch_list
WHERE period_attendance_lists.partition_date = batch_list.partition_date
    AND period_attendance_lists.school_id = batch_list.school_id
    AND period_attendance_lists.origin = {S3}"""


INSERT_LISTS = f"""\
INSERT INTO {LISTS} (partition_date, school_id, origin, etag, last_modified, row_count, loaded_at, run)
VALUES %s"""
LIST_ROW = f"(%s, %s, {S3}, %s, %s, %s, {NOW}, %s)"


def outcomes(first: dt.date, last: dt.date, origin: str = S3) -> Statement:
    """Counts: of each outcome of the rows that were read; of rows that were to be written, and of these, from
    lists outside the batch; of rows and of different ids that the table has of them.
    """
    return _OUTCOMES.format(origin=origin), [first, last]


_OUTCOMES = f"""\
WITH outcome AS (
    SELECT
        CASE
            WHEN settled.id IS NULL AND staged.place_wins THEN CAST('unchanged' AS VARCHAR(16))
            WHEN NVL(settled.version, 2) > 1 THEN CAST('superseded' AS VARCHAR(16))
            WHEN settled.hash_before IS NULL THEN CAST('inserted' AS VARCHAR(16))
            WHEN settled.written THEN CAST('updated' AS VARCHAR(16))
            ELSE CAST('unchanged' AS VARCHAR(16))
        END AS name
    FROM staged
    INNER JOIN batch_list
        ON staged.partition_date = batch_list.partition_date
        AND staged.school_id = batch_list.school_id
    LEFT JOIN settled
        ON staged.id = settled.id
        AND staged.partition_date = settled.partition_date
        AND staged.school_id = settled.school_id
        AND settled.origin = {{origin}}
    WHERE staged.id IS NOT NULL
),
found AS (
    SELECT period_attendance.id
    FROM {NATIVE}
    INNER JOIN settled
        ON period_attendance.id = settled.id
    WHERE settled.written
        AND period_attendance.attendance_date BETWEEN %s AND %s
)
SELECT name, COUNT(*)
FROM outcome
GROUP BY name
UNION ALL
SELECT CAST('to write' AS VARCHAR(16)), COUNT(*)
FROM settled
WHERE written
UNION ALL
SELECT CAST('reread' AS VARCHAR(16)), COUNT(*)
FROM settled
LEFT JOIN batch_list
    ON settled.partition_date = batch_list.partition_date
    AND settled.school_id = batch_list.school_id
WHERE settled.written
    AND batch_list.school_id IS NULL
UNION ALL
SELECT CAST('rows' AS VARCHAR(16)), COUNT(*)
FROM found
UNION ALL
SELECT CAST('records' AS VARCHAR(16)), COUNT(DISTINCT id)
FROM found"""

DROP_TEMPORARY = "DROP TABLE staged, batch_list, settled"
