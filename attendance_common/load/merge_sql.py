"""The loader's SQL, built from the columns; values travel as parameters, identifiers are constants.

How a batch runs on Redshift:
- Partition predicates are constants on year, month, day, so Spectrum prunes to the batch's folders.
- `incoming` is LIKE the target, so it has its DISTKEY; it is read from S3 once and all else works on it.
- `held` looks the ids up in five columns of the target, in all its blocks: an id may stand under any date.
- All else asks the target between constants on the date (SORTKEY): few blocks; rows are compared by student.
- DELETE + INSERT is what MERGE does inside (DG: merge-replacing-existing-rows), and tells what it did.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from itertools import chain

from attendance_common import tables
from attendance_common.columns import NATIVE_COLUMNS, Column, Kind
from attendance_common.landing import Areas

EXTERNAL_SCHEMA, EXTERNAL_TABLE = tables.EXTERNAL.schema, tables.EXTERNAL.name
EXTERNAL = tables.EXTERNAL.qualified
NATIVE = tables.NATIVE.qualified
CONTROL = tables.CONTROL.qualified
MOST_PARTITIONS = 100  # in one ALTER, with Glue (dbt-labs/dbt-external-tables#2)

Statement = tuple[str, Sequence[object]]

_ALL_NAMES = [column.name for column in tables.NATIVE.columns]
_NEVER = "CAST('0001-01-01' AS TIMESTAMP)"  # no modified_on counts as oldest


def _listed(expressions: Sequence[str], indent: str = "    ") -> str:
    return f",\n{indent}".join(expressions)


# --- discovering and registering ----------------------------------------------------------------------------

EXTERNAL_COLUMNS = """\
SELECT columnname, external_type, part_key
FROM svv_external_columns
WHERE schemaname = %s
    AND tablename = %s
ORDER BY columnnum"""

REGISTERED = """\
SELECT values, location
FROM svv_external_partitions
WHERE schemaname = %s
    AND tablename = %s"""

SHOWN_LOCATION = 128  # characters; the view cuts a location there (DG: r_SVV_EXTERNAL_PARTITIONS)

LOADED = f"""\
SELECT partition_date, fingerprint
FROM {CONTROL}"""


def expected_external_columns() -> list[tuple[str, str, int]]:
    """What EXTERNAL_COLUMNS answers for the table that the setup SQL makes: name, Hive type, part_key."""
    data = [(column.name, column.type.lower(), 0) for column in tables.EXTERNAL.columns]
    partitions = enumerate(tables.EXTERNAL.partitions, start=1)
    return data + [(column.name, "int", order) for order, column in partitions]


def register(days: Sequence[dt.date], areas: Areas) -> list[Statement]:
    """ALTER statements for the partitions; each runs by itself, outside a transaction (DG: r_ALTER_TABLE)."""
    return [
        _register(days[start : start + MOST_PARTITIONS], areas)
        for start in range(0, len(days), MOST_PARTITIONS)
    ]


def _register(days: Sequence[dt.date], areas: Areas) -> Statement:
    partition = "PARTITION (year = %s, month = %s, day = %s) LOCATION %s"
    text = f"ALTER TABLE {EXTERNAL} ADD IF NOT EXISTS\n" + "\n".join([partition] * len(days))
    told = [(f"{d.year:04d}", f"{d.month:02d}", f"{d.day:02d}", areas.location(d)) for d in days]
    return text, list(chain.from_iterable(told))


# --- one batch, one transaction -----------------------------------------------------------------------------

# Loaders queue here; readers of the native table do not wait. LOCK comes first: a snapshot taken before it
# would be stale (estuary/connectors#5218).
LOCK = f"LOCK TABLE {CONTROL}"

CREATE_INCOMING = f"CREATE TEMP TABLE incoming (LIKE {NATIVE})"
CREATE_LANDED = "CREATE TEMP TABLE landed (source_file VARCHAR(1024), landed_at TIMESTAMP)"
DROP_TEMPORARY = "DROP TABLE incoming, read_file, left_file, lost, held, landed, change"


def within(days: Sequence[dt.date]) -> Statement:
    """A predicate on the partition columns with constants alone, so that Spectrum prunes."""
    months: dict[tuple[int, int], list[int]] = defaultdict(list)
    for day in sorted(days):
        months[day.year, day.month].append(day.day)
    parts = [f"(year = %s AND month = %s AND day IN ({_marks(days)}))" for days in months.values()]
    values = [value for (year, month), days in months.items() for value in (year, month, *days)]
    return "(" + "\n    OR ".join(parts) + ")", values


def _marks(values: Sequence[object]) -> str:
    return ", ".join(["%s"] * len(values))


def read_incoming(days: Sequence[dt.date]) -> Statement:
    """Read the batch's partitions into `incoming`, with real dates and times."""
    predicate, values = within(days)
    return f"{_INTO_INCOMING}\nWHERE {predicate}", values


def _native_value(column: Column) -> str:
    if column.kind is Kind.DATE:
        # Without TRUE, Redshift rolls an impossible date over (DG: r_TO_DATE_function).
        return f"TO_DATE({column.name}, 'MM-DD-YYYY', TRUE)"
    if column.kind is Kind.TIMESTAMP:
        return f"CAST({column.name} AS TIMESTAMP)"
    return column.name


_INTO_INCOMING = f"""\
INSERT INTO incoming (
    {_listed(_ALL_NAMES)}
)
SELECT
    {_listed([*map(_native_value, NATIVE_COLUMNS), '"$path"', "GETDATE()"])}
FROM {EXTERNAL}"""


# The batch's own objects. Of those read elsewhere only some rows are known.
CREATE_READ_FILE = """\
CREATE TEMP TABLE read_file AS
SELECT DISTINCT source_file
FROM incoming"""

# Objects that all their records have left, as their footers tell; for the table they are empty.
CREATE_LEFT_FILE = "CREATE TEMP TABLE left_file (source_file VARCHAR(1024))"
INSERT_LEFT_FILE = "INSERT INTO left_file (source_file) VALUES %s"

TAKE_OUT_LEFT = """\
DELETE FROM incoming
WHERE source_file IN (SELECT source_file FROM left_file)"""


def find_lost(days: Sequence[dt.date]) -> Statement:
    """Rows whose object, a school's complete list for its date, is there and no longer holds them.

    An object that is gone proves nothing: its rows stay.
    """
    text = f"""\
CREATE TEMP TABLE lost AS
SELECT target.id
FROM {NATIVE} AS target
INNER JOIN read_file
    ON target.source_file = read_file.source_file
LEFT JOIN incoming
    ON target.id = incoming.id
WHERE target.attendance_date BETWEEN %s AND %s
    AND incoming.id IS NULL"""
    return text, [min(days), max(days)]


COUNT_LOST = "SELECT COUNT(*) FROM lost"


def read_elsewhere(days: Sequence[dt.date]) -> Statement:
    """Read older versions of what was lost from other partitions, so that the table is what is landed.

    A record stays within its school year: the years around the batch's are enough, and are pruned to.
    """
    years = sorted({day.year + near for day in days for near in (-1, 0, 1)})
    predicate, values = within(days)
    text = f"""\
{_INTO_INCOMING}
WHERE year IN ({_marks(years)})
    AND NOT {predicate}
    AND id IN (SELECT id FROM lost)"""
    return text, [*years, *values]


FILES_ELSEWHERE = """\
SELECT DISTINCT incoming.source_file
FROM incoming
LEFT JOIN read_file
    ON incoming.source_file = read_file.source_file
WHERE read_file.source_file IS NULL"""

# What the table holds of these records now, in narrow columns.
FIND_HELD = f"""\
CREATE TEMP TABLE held AS
SELECT id, attendance_date, student_id, modified_on, source_file
FROM {NATIVE}
WHERE id IN (SELECT id FROM incoming)"""

# Versions of one record, equally new but in different objects: only for these does it matter which object
# was landed last, which S3 knows and Redshift does not. An object in a partition that is still to be loaded
# may no longer hold what the table has of it: left out of `landed`, it wins no tie; its own batch decides.
# The long names of objects are compared only for records with two versions, the table's among them.
TIED_FILES = f"""\
WITH version AS (
    SELECT id, NVL(modified_on, {_NEVER}) AS modified_on, source_file
    FROM incoming
    UNION ALL
    SELECT id, NVL(modified_on, {_NEVER}) AS modified_on, source_file
    FROM held
),
several AS (
    SELECT id, modified_on
    FROM version
    GROUP BY id, modified_on
    HAVING COUNT(*) > 1
),
tied AS (
    SELECT version.id, version.modified_on
    FROM version
    INNER JOIN several
        ON version.id = several.id
        AND version.modified_on = several.modified_on
    GROUP BY version.id, version.modified_on
    HAVING MIN(version.source_file) <> MAX(version.source_file)
)
SELECT DISTINCT version.source_file
FROM version
INNER JOIN tied
    ON version.id = tied.id
    AND version.modified_on = tied.modified_on"""

INSERT_LANDED = "INSERT INTO landed (source_file, landed_at) VALUES %s"


def _same(column: Column) -> str:
    """Equal, NULL included. Redshift ignores trailing blanks when it compares (DG: r_Character_types)."""
    name = column.native
    if column.native_type.startswith("VARCHAR"):
        return f"NVL(newest.{name} || '.', '') = NVL(whole.{name} || '.', '')"
    return f"(newest.{name} = whole.{name} OR (newest.{name} IS NULL AND whole.{name} IS NULL))"


_ALL_SAME = "\n            AND ".join(map(_same, NATIVE_COLUMNS))


# A row that was read, and when its object was landed.
_VERSION = _listed([*(f"incoming.{name}" for name in _ALL_NAMES), "landed.landed_at"], "        ")


def classify(days: Sequence[dt.date]) -> Statement:
    """What becomes of each record: its newest version in the batch against what the native table holds.

    Only records that come more than once are ranked: that sorts whole rows.
    A held version whose object was read and no longer has it counts for nothing, however new it is.
    """
    return _CLASSIFY, [min(days), max(days)]


_CLASSIFY = f"""\
CREATE TEMP TABLE change
DISTKEY (student_id) AS
WITH several AS (
    SELECT id
    FROM incoming
    GROUP BY id
    HAVING COUNT(*) > 1
),
ranked AS (
    SELECT
        {_VERSION},
        ROW_NUMBER() OVER (
            PARTITION BY incoming.id
            ORDER BY NVL(incoming.modified_on, {_NEVER}) DESC,
                NVL(landed.landed_at, {_NEVER}) DESC,
                incoming.source_file DESC
        ) AS version
    FROM incoming
    INNER JOIN several
        ON incoming.id = several.id
    LEFT JOIN landed
        ON incoming.source_file = landed.source_file
),
newest AS (
    SELECT
        {_VERSION},
        1 AS version
    FROM incoming
    LEFT JOIN several
        ON incoming.id = several.id
    LEFT JOIN landed
        ON incoming.source_file = landed.source_file
    WHERE several.id IS NULL
    UNION ALL
    SELECT *
    FROM ranked
    WHERE version = 1
),
still AS (
    SELECT DISTINCT held.id, held.source_file
    FROM held
    INNER JOIN incoming
        ON held.id = incoming.id
        AND held.source_file = incoming.source_file
),
standing AS (
    SELECT
        held.*,
        landed.landed_at,
        CASE WHEN read_file.source_file IS NOT NULL AND still.id IS NULL THEN 1 ELSE 0 END AS outdated
    FROM held
    LEFT JOIN landed
        ON held.source_file = landed.source_file
    LEFT JOIN read_file
        ON held.source_file = read_file.source_file
    LEFT JOIN still
        ON held.id = still.id
        AND held.source_file = still.source_file
)
SELECT
    {_listed([f"newest.{name}" for name in _ALL_NAMES])},
    standing.attendance_date AS held_date,
    standing.student_id AS held_student_id,
    CASE
        WHEN standing.id IS NULL THEN 'inserted'
        WHEN whole.id IS NOT NULL
            AND {_ALL_SAME}
            THEN 'skipped'
        WHEN standing.outdated = 1 THEN 'updated'
        WHEN NVL(standing.modified_on, {_NEVER}) > NVL(newest.modified_on, {_NEVER}) THEN 'stale'
        WHEN NVL(standing.modified_on, {_NEVER}) = NVL(newest.modified_on, {_NEVER})
            AND standing.source_file <> newest.source_file
            AND standing.landed_at > newest.landed_at THEN 'stale'
        ELSE 'updated'
    END AS outcome
FROM newest
LEFT JOIN standing
    ON newest.id = standing.id
LEFT JOIN {NATIVE} AS whole
    ON newest.id = whole.id
    AND newest.student_id = whole.student_id
    AND newest.attendance_date = whole.attendance_date
    AND whole.attendance_date BETWEEN %s AND %s"""

# A version that lost to another one of the same batch is stale as well.
COUNT_OUTCOMES = """\
SELECT outcome, COUNT(*)
FROM change
GROUP BY outcome
UNION ALL
SELECT 'stale', COUNT(*) - COUNT(DISTINCT id)
FROM incoming"""

COUNT_DAYS = """\
SELECT attendance_date, COUNT(*)
FROM incoming
GROUP BY attendance_date"""

# All dates under which the table has these records, before and after: `held` looked under every date.
DATES_CONCERNED = """\
SELECT MIN(attendance_date), MAX(attendance_date)
FROM (
    SELECT attendance_date
    FROM incoming
    UNION ALL
    SELECT attendance_date
    FROM held
) AS version"""


def delete_updated(concerned: Sequence[dt.date]) -> Statement:
    """Take out the older versions of what is updated."""
    return _DELETE_UPDATED, [min(concerned), max(concerned)]


_DELETE_UPDATED = f"""\
DELETE FROM {NATIVE}
USING change
WHERE {tables.NATIVE.name}.id = change.id
    AND {tables.NATIVE.name}.attendance_date = change.held_date
    AND {tables.NATIVE.name}.student_id = change.held_student_id
    AND change.outcome = 'updated'
    AND {tables.NATIVE.name}.attendance_date BETWEEN %s AND %s"""

INSERT_CHANGED = f"""\
INSERT INTO {NATIVE} (
    {_listed(_ALL_NAMES)}
)
SELECT
    {_listed(_ALL_NAMES)}
FROM change
WHERE outcome IN ('inserted', 'updated')"""


def delete_lost(days: Sequence[dt.date]) -> Statement:
    """Take out what was lost, and found nowhere else; `find_lost` found it between these dates."""
    return _DELETE_LOST, [min(days), max(days)]


_DELETE_LOST = f"""\
DELETE FROM {NATIVE}
WHERE id IN (SELECT id FROM lost)
    AND id NOT IN (SELECT id FROM incoming)
    AND attendance_date BETWEEN %s AND %s"""


def forget_loads(days: Sequence[dt.date]) -> Statement:
    """Make room for the batch's control rows."""
    return f"DELETE FROM {CONTROL}\nWHERE partition_date IN ({_marks(days)})", list(days)


INSERT_LOADS = f"""\
INSERT INTO {CONTROL} (partition_date, fingerprint, object_count, row_count, loaded_at) VALUES %s"""
INSERT_LOADS_ROW = "(%s, %s, %s, %s, GETDATE())"


def check(concerned: Sequence[dt.date]) -> Statement:
    """The records that the partitions hold against the rows that the native table has for them."""
    return _CHECK, [min(concerned), max(concerned)]


_CHECK = f"""\
SELECT
    (SELECT COUNT(DISTINCT id) FROM incoming) AS records_held,
    COUNT(*) AS rows_found,
    COUNT(DISTINCT id) AS records_found
FROM {NATIVE}
WHERE id IN (SELECT id FROM incoming)
    AND attendance_date BETWEEN %s AND %s"""
