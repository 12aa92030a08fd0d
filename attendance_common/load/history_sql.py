"""The history in SQL: a row that is replaced or removed is kept, in the same transaction.

A version is valid from the time at which its row was written to the time at which the next one was written,
or the row was removed. The statements that keep rows run before these are deleted. They take one row of each
record: when somebody has doubled a row, the one that was loaded.
"""

from __future__ import annotations

import datetime as dt

from attendance_common.columns import NATIVE_COLUMNS
from attendance_common.load.list_sql import (
    HISTORY,
    NATIVE,
    NATIVE_NAMES,
    NOW,
    Statement,
    column_text,
    listed,
    row_hash,
    same_version,
)

_CONTENT = [*NATIVE_NAMES, "source_file"]
_TIMES = ("valid_from", "valid_to", "change", "changed_columns")


def _differing_columns(former: str, new: str) -> str:
    """The names of the columns in which two rows differ, each after a comma: those that hash otherwise."""
    parts = (
        f"CASE WHEN NVL({column_text(column, former)}, '') = NVL({column_text(column, new)}, '') "
        f"THEN '' ELSE ', {column.native}' END"
        for column in NATIVE_COLUMNS
    )
    return "\n            || ".join(parts)


def _keep(versions: str, condition: str) -> str:
    """INSERT one row of each record; `versions` is a query for former rows, numbered by `copy`."""
    return f"""\
INSERT INTO {HISTORY} (
    {listed([*_CONTENT, *_TIMES, "run"])}
)
SELECT
    {listed([*_CONTENT, *_TIMES])},
    CAST(%s AS VARCHAR(64))
FROM (
{versions}
) AS version
WHERE {condition}"""


_FORMER = listed((f"former.{name}" for name in _CONTENT), " " * 8)

# Rows that are equal in all columns are no change.
_KEEP_REPLACED = _keep(
    f"""\
    SELECT
        {_FORMER},
        former.loaded_at AS valid_from,
        settled.loaded_at AS valid_to,
        CASE
            WHEN former.attendance_date <> staged.attendance_date THEN CAST('moved' AS VARCHAR(8))
            WHEN former.school_id <> staged.school_id THEN CAST('moved' AS VARCHAR(8))
            ELSE CAST('updated' AS VARCHAR(8))
        END AS change,
        SUBSTRING({_differing_columns("former", "staged")}, 3) AS changed_columns,
        ROW_NUMBER() OVER (
            PARTITION BY former.id
            ORDER BY CASE WHEN {same_version(row_hash("former"), "settled.hash_before")} THEN 0 ELSE 1 END
        ) AS copy
    FROM {NATIVE} AS former
    INNER JOIN settled
        ON former.id = settled.id
    INNER JOIN staged
        ON settled.id = staged.id
        AND settled.partition_date = staged.partition_date
        AND settled.school_id = staged.school_id
        AND settled.hash = staged.hash
    WHERE settled.changed
        AND former.attendance_date BETWEEN %s AND %s""",
    "copy = 1\n    AND changed_columns <> ''",
)

_KEEP_REMOVED = _keep(
    f"""\
    SELECT
        {_FORMER},
        former.loaded_at AS valid_from,
        GREATEST({NOW}, DATEADD(microsecond, 1, former.loaded_at)) AS valid_to,
        CAST('removed' AS VARCHAR(8)) AS change,
        CAST(NULL AS VARCHAR(4096)) AS changed_columns,
        ROW_NUMBER() OVER (
            PARTITION BY former.id
            ORDER BY CASE WHEN departure.wins AND {row_hash("former")} = departure.hash THEN 0 ELSE 1 END
        ) AS copy
    FROM {NATIVE} AS former
    INNER JOIN departure
        ON former.id = departure.id
    WHERE departure.remaining = 0
        AND former.attendance_date BETWEEN %s AND %s""",
    "copy = 1",
)


def keep_replaced(first: dt.date, last: dt.date, run: str) -> Statement:
    """Keep the rows that a batch replaces; all their places have dates from `first` to `last`."""
    return _KEEP_REPLACED, [run, first, last]


def keep_removed(first: dt.date, last: dt.date, run: str) -> Statement:
    """Keep the rows that no list holds; all their places have dates from `first` to `last`."""
    return _KEEP_REMOVED, [run, first, last]


def oldest(now: dt.datetime, days: int | None) -> dt.datetime:
    """Versions that ended before this time are not kept: UTC, no zone. `days` None: all versions are kept."""
    if days is None:
        return dt.datetime.min
    return now.astimezone(dt.timezone.utc).replace(tzinfo=None) - dt.timedelta(days)


def expire(oldest: dt.datetime) -> Statement:
    """Delete the versions that ended before `oldest`."""
    return _EXPIRE, [oldest]


_EXPIRE = f"""\
DELETE FROM {HISTORY}
WHERE valid_to < %s"""
