"""The SQL that finds the winners of a batch: it ranks all places of each id that the batch touches.

`merge_sql` says how this runs on Redshift.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from attendance_common.load.list_sql import (
    BACKFILL,
    NATIVE,
    NOW,
    PLACES,
    S3,
    Statement,
    forget,
    of_pairs,
    row_hash,
    same_version,
)
from attendance_common.load.plan import ListId

NEVER = "CAST('0001-01-01' AS TIMESTAMP)"  # no modified_on counts as oldest

# The order of the places of an id; the first one wins. Places of the landing zone come before places of older
# tables. Places that are not marked come before marked ones, of which the list no longer has the record; of
# marked ones, that whose row the native table has is first. Then the newest; on a tie the later date, then
# the greater school.
_RANK = f"""\
ROW_NUMBER() OVER (
            PARTITION BY id
            ORDER BY CASE WHEN origin = {S3} THEN 0 ELSE 1 END,
                CASE WHEN NOT marked THEN 0 WHEN table_hash IS NOT NULL THEN 1 ELSE 2 END,
                NVL(modified_on, {NEVER}) DESC,
                partition_date DESC,
                school_id DESC
        )"""


# A version begins after the one that it replaces, even when the clock of the cluster went back, or when a
# load that began later committed first.
_BEGINS = f"GREATEST({NOW}, NVL(DATEADD(microsecond, 1, loaded_before), {NOW}))"
_WRITTEN = "version = 1 AND NVL(hash_before, '') <> hash"
_SAME = same_version("NVL(hash_before, '')", "hash")
_CHANGED = f"version = 1 AND NOT {_SAME}"


def settle(first: dt.date, last: dt.date) -> Statement:
    """Rank the places of every id that the batch's lists touch; they have dates from `first` to `last`."""
    return _SETTLE.format(origin=S3, lost=f"places.origin = {S3}"), [first, last]


def settle_backfill(first: dt.date, last: dt.date) -> Statement:
    """The same for rows of an older table. A row that the older table no longer has keeps its place."""
    return _SETTLE.format(origin=BACKFILL, lost="1 = 0"), [first, last]


_SETTLE = f"""\
CREATE TEMP TABLE settled
DISTKEY (id) AS
WITH listed AS (
    SELECT
        staged.id,
        staged.partition_date,
        staged.school_id,
        staged.modified_on,
        staged.hash,
        staged.place_hash,
        staged.place_wins,
        staged.place_marked,
        staged.place_loaded_at
    FROM staged
    INNER JOIN batch_list
        ON staged.partition_date = batch_list.partition_date
        AND staged.school_id = batch_list.school_id
    WHERE staged.id IS NOT NULL
),
touched AS (
    SELECT id
    FROM listed
    WHERE place_hash IS NULL OR place_hash <> hash OR place_marked
    UNION
    SELECT places.id
    FROM {PLACES} AS places
    INNER JOIN batch_list
        ON places.partition_date = batch_list.partition_date
        AND places.school_id = batch_list.school_id
    LEFT JOIN listed
        ON places.id = listed.id
        AND places.partition_date = listed.partition_date
        AND places.school_id = listed.school_id
    WHERE {{lost}}
        AND NOT places.marked
        AND places.partition_date BETWEEN %s AND %s
        AND listed.id IS NULL
),
place AS (
    SELECT
        listed.id,
        listed.partition_date,
        listed.school_id,
        {{origin}} AS origin,
        listed.modified_on,
        listed.hash,
        CASE WHEN listed.place_wins THEN listed.place_hash END AS table_hash,
        CASE WHEN listed.place_wins THEN listed.place_loaded_at END AS table_loaded_at,
        FALSE AS marked,
        CASE
            WHEN {same_version("listed.place_hash", "listed.hash")} THEN listed.place_loaded_at
            ELSE {NOW}
        END AS loaded_at
    FROM listed
    INNER JOIN touched
        ON listed.id = touched.id
    UNION ALL
    SELECT
        places.id,
        places.partition_date,
        places.school_id,
        places.origin,
        places.modified_on,
        places.hash,
        CASE WHEN places.wins THEN places.hash END AS table_hash,
        CASE WHEN places.wins THEN places.loaded_at END AS table_loaded_at,
        CASE WHEN batch_list.school_id IS NULL THEN places.marked ELSE TRUE END AS marked,
        places.loaded_at
    FROM {PLACES} AS places
    INNER JOIN touched
        ON places.id = touched.id
    LEFT JOIN batch_list
        ON places.partition_date = batch_list.partition_date
        AND places.school_id = batch_list.school_id
        AND places.origin = {S3}
    LEFT JOIN listed
        ON places.id = listed.id
        AND places.partition_date = listed.partition_date
        AND places.school_id = listed.school_id
        AND places.origin = {{origin}}
    WHERE listed.id IS NULL
),
ranked AS (
    SELECT
        place.*,
        MAX(table_hash) OVER (PARTITION BY id) AS hash_before,
        MAX(table_loaded_at) OVER (PARTITION BY id) AS loaded_before,
        MAX(CASE WHEN origin = {S3} THEN 1 ELSE 0 END) OVER (PARTITION BY id) AS landed,
        {_RANK} AS version
    FROM place
)
SELECT
    id,
    partition_date,
    school_id,
    origin,
    modified_on,
    hash,
    marked,
    version,
    hash_before,
    CASE WHEN origin = {S3} OR landed = 0 THEN TRUE ELSE FALSE END AS kept,
    CASE WHEN {_WRITTEN} THEN TRUE ELSE FALSE END AS written,
    CASE WHEN {_CHANGED} THEN TRUE ELSE FALSE END AS changed,
    CASE WHEN {_CHANGED} THEN {_BEGINS} ELSE loaded_at END AS loaded_at
FROM ranked"""


def outside_batch(first: dt.date, last: dt.date, origin: str = S3) -> Statement:
    """What else a batch with dates from `first` to `last` needs: rows of a kind, a date and a school.

    `row`: a list of this origin, outside the batch, of which a row is to be written. `first`, `last`: the
    dates between which the table changes. `unknown`: a date of the batch on which the table has a row that
    has no place, or NULL.
    """
    return _OUTSIDE_BATCH.format(origin=origin), [first, last]


_OUTSIDE_BATCH = f"""\
SELECT CAST('row' AS VARCHAR(8)), settled.partition_date, settled.school_id
FROM settled
LEFT JOIN batch_list
    ON settled.partition_date = batch_list.partition_date
    AND settled.school_id = batch_list.school_id
WHERE settled.written
    AND settled.origin = {{origin}}
    AND batch_list.school_id IS NULL
GROUP BY settled.partition_date, settled.school_id
UNION ALL
SELECT CAST('first' AS VARCHAR(8)), MIN(partition_date), 0
FROM settled
UNION ALL
SELECT CAST('last' AS VARCHAR(8)), MAX(partition_date), 0
FROM settled
UNION ALL
SELECT CAST('unknown' AS VARCHAR(8)), MIN(former.attendance_date), 0
FROM {NATIVE} AS former
INNER JOIN settled
    ON former.id = settled.id
WHERE settled.written
    AND settled.hash_before IS NULL
    AND former.attendance_date BETWEEN %s AND %s"""


def keep_equal_rows(first: dt.date, last: dt.date) -> Statement:
    """Do not write rows that the table has already on the batch's dates, although they have no place."""
    return _KEEP_EQUAL_ROWS, [first, last]


_KEEP_EQUAL_ROWS = f"""\
UPDATE settled
SET
    hash_before = settled.hash,
    written = FALSE,
    changed = FALSE,
    loaded_at = former.loaded_at
FROM {NATIVE} AS former
WHERE settled.id = former.id
    AND settled.written
    AND settled.hash_before IS NULL
    AND former.attendance_date BETWEEN %s AND %s
    AND settled.hash = {row_hash("former")}"""

# Ids whose winner is in a list outside the batch that no longer has the row: the load of that list decides.
CREATE_UNRESOLVED = """\
CREATE TEMP TABLE unresolved AS
SELECT settled.id
FROM settled
LEFT JOIN staged
    ON settled.id = staged.id
    AND settled.partition_date = staged.partition_date
    AND settled.school_id = staged.school_id
    AND settled.hash = staged.hash
WHERE settled.written
    AND staged.id IS NULL"""

UNRESOLVED_LISTS = """\
SELECT DISTINCT settled.partition_date, settled.school_id
FROM settled
INNER JOIN unresolved
    ON settled.id = unresolved.id"""

SKIP_UNRESOLVED = """\
DELETE FROM settled
USING unresolved
WHERE settled.id = unresolved.id"""

DROP_UNRESOLVED = "DROP TABLE unresolved"


def forget_lists(lists: Collection[ListId]) -> Statement:
    """Make these lists count as changed."""
    return forget(of_pairs(lists))
