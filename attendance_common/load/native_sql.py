"""INSERT and DELETE of rows of the native table.

The rows are chosen by a temporary table, `versions`: one row for each version, with flags that its module
defines.
"""

from __future__ import annotations

from attendance_common.load.list_sql import ALL_NAMES, NATIVE, NATIVE_NAMES, listed


def insert_rows(versions: str, flag: str) -> str:
    """INSERT the rows of `staged` that are one of these versions, where the version's flag is TRUE."""
    return f"""\
INSERT INTO {NATIVE} (
    {listed(ALL_NAMES)}
)
SELECT
    {listed(f"staged.{name}" for name in [*NATIVE_NAMES, "source_file"])},
    {versions}.loaded_at
FROM staged
INNER JOIN {versions}
    ON staged.id = {versions}.id
    AND staged.partition_date = {versions}.partition_date
    AND staged.school_id = {versions}.school_id
    AND staged.hash = {versions}.hash
WHERE {versions}.{flag}"""


DATE = f"{NATIVE.rpartition('.')[2]}.attendance_date"  # of a row of the native table, in DELETE


def delete_rows(versions: str, condition: str, dates: str) -> str:
    """DELETE all rows of ids of which a version meets the condition, where their DATE meets a predicate."""
    return f"""\
DELETE FROM {NATIVE}
USING {versions}
WHERE period_attendance.id = {versions}.id
    AND {versions}.{condition}
    AND {dates}"""
