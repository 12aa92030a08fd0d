"""The rows of lists in SQL: read from S3, converted to the native table's types, each with its hash.

Values travel as parameters, identifiers are constants.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence

from attendance_common import tables
from attendance_common.columns import NATIVE_COLUMNS, Column, Kind
from attendance_common.load.plan import ListId

EXTERNAL = tables.EXTERNAL.qualified
NATIVE = tables.NATIVE.qualified
LISTS = tables.LISTS.qualified
PLACES = tables.PLACES.qualified
HISTORY = tables.HISTORY.qualified

Statement = tuple[str, Sequence[object]]

NATIVE_NAMES = [str(column.native) for column in NATIVE_COLUMNS]
ALL_NAMES = [column.name for column in tables.NATIVE.columns]
# Where a place or a control row comes from: a list of the landing zone, or an older table.
S3 = "CAST('s3' AS VARCHAR(8))"
BACKFILL = "CAST('backfill' AS VARCHAR(8))"
NOW = "SYSDATE"  # when the transaction began: the same in all its statements (DG: r_SYSDATE)
_WIDE = 256  # bytes; a wider text is hashed before it is concatenated


def listed(expressions: Iterable[str], indent: str = "    ") -> str:
    """Expressions as the list of a SELECT, one a line."""
    return f",\n{indent}".join(expressions)


def placeholders(values: Collection[object]) -> str:
    """A placeholder for each value."""
    return ", ".join(["%s"] * len(values))


# --- the hash of a row --------------------------------------------------------------------------------------


def row_hash(source: str) -> str:
    """MD5 over `name=value` of the row's columns that are not NULL.

    A column that is added later changes no hash. The length of a text comes before it, so that no text can
    look like two columns. Wide texts are hashed first: a concatenation has 65,535 bytes at the most
    (airbytehq/airbyte#14441).
    """
    parts = (
        f"NVL('{column.native}=' || {column_text(column, source)} || ';', '')" for column in NATIVE_COLUMNS
    )
    return "MD5(" + "\n            || ".join(parts) + ")"


def column_text(column: Column, source: str) -> str:
    """A column's value as it goes into the hash: NULL, or a text that is not empty."""
    name = f"{source}.{column.native}"
    if column.kind is Kind.BIGINT:
        return f"CAST({name} AS VARCHAR(20))"
    if column.kind is Kind.BOOLEAN:  # no cast to VARCHAR (dbt-labs/dbt-utils#1016)
        return f"CASE WHEN {name} THEN 'true' WHEN NOT {name} THEN 'false' END"
    if column.kind is Kind.DATE:
        return f"TO_CHAR({name}, 'YYYY-MM-DD')"
    if column.kind is Kind.TIMESTAMP:
        return f"TO_CHAR({name}, 'YYYY-MM-DD HH24:MI:SS.US')"
    if column.width > _WIDE:
        return f"MD5({name})"
    return f"CAST(OCTET_LENGTH({name}) AS VARCHAR(5)) || ':' || {name}"


# The hash of a place whose row is to be written again, even if it has not changed. No MD5 begins with *.
FORGOTTEN = "'*' || SUBSTRING(hash, 2)"


def same_version(hash_before: str, hash_now: str) -> str:
    """Whether two hashes are of the same row, also when one of them is FORGOTTEN."""
    return f"SUBSTRING({hash_before}, 2) = SUBSTRING({hash_now}, 2)"


# --- reading lists ------------------------------------------------------------------------------------------


def within(days: Collection[dt.date]) -> Statement:
    """A predicate on the partition columns with constants alone, so that Spectrum prunes."""
    months: dict[tuple[int, int], list[int]] = defaultdict(list)
    for day in sorted(days):
        months[day.year, day.month].append(day.day)
    parts = [f"(year = %s AND month = %s AND day IN ({placeholders(days)}))" for days in months.values()]
    values = [value for (year, month), days in months.items() for value in (year, month, *days)]
    return "(" + "\n    OR ".join(parts) + ")", values


def of_lists(lists: Collection[ListId]) -> Statement:
    """A predicate that only rows of these lists meet: by dates (so Spectrum prunes), schools, and pairs."""
    schools: dict[dt.date, set[int]] = defaultdict(set)
    for day, school in lists:
        schools[day].add(school)
    dates_of: dict[tuple[int, ...], list[dt.date]] = defaultdict(list)
    for day, of_day in schools.items():
        dates_of[tuple(sorted(of_day))].append(day)
    everyone = sorted({school for _, school in lists})
    text, values = within(schools)
    predicate, parameters = f"{text}\n    AND school_id IN ({placeholders(everyone)})", [*values, *everyone]
    if len(dates_of) > 1:
        exact = [(within(days), of_days) for of_days, days in sorted(dates_of.items())]
        either = (f"({dates} AND school_id IN ({placeholders(of_days)}))" for (dates, _), of_days in exact)
        predicate += "\n    AND (" + "\n    OR ".join(either) + ")"
        parameters += [value for (_, dates), of_days in exact for value in (*dates, *of_days)]
    return predicate, parameters


def native_value(column: Column) -> str:
    """A column of the external table, converted to the native table's type."""
    if column.kind is Kind.DATE:
        # Without TRUE, Redshift rolls an impossible date over (DG: r_TO_DATE_function).
        return f"TO_DATE({column.name}, 'MM-DD-YYYY', TRUE) AS {column.native}"
    if column.kind is Kind.TIMESTAMP:
        return f"CAST({column.name} AS TIMESTAMP) AS {column.native}"
    return column.name if column.name == column.native else f"{column.name} AS {column.native}"


_PARTITION_DATE = (
    "TO_DATE(LPAD(CAST(10000 * year + 100 * month + day AS VARCHAR(8)), 8, '0'), 'YYYYMMDD', TRUE)"
)

_READ = f"""\
SELECT
    {listed(f"hashed.{name}" for name in NATIVE_NAMES)},
    hashed.source_file,
    hashed.partition_date,
    hashed.hash,
    places.hash AS place_hash,
    places.wins AS place_wins,
    places.marked AS place_marked,
    places.loaded_at AS place_loaded_at
FROM (
    SELECT
        typed.*,
        {row_hash("typed")} AS hash
    FROM (
        SELECT
            {listed(map(native_value, NATIVE_COLUMNS), " " * 12)},
            "$path" AS source_file,
            {_PARTITION_DATE} AS partition_date
        FROM {EXTERNAL}
        WHERE {{predicate}}
    ) AS typed
) AS hashed
LEFT JOIN {PLACES} AS places
    ON hashed.id = places.id
    AND hashed.partition_date = places.partition_date
    AND hashed.school_id = places.school_id
    AND places.origin = {S3}
    AND places.partition_date BETWEEN %s AND %s"""


def read(lists: Collection[ListId]) -> Statement:
    """The rows of the lists, with real dates and times, each with its hash and its place as it was loaded."""
    predicate, values = of_lists(lists) if lists else ("year = 0", [])  # no list: no partition
    days = [day for day, _ in lists] or [dt.date.min]
    return _READ.format(predicate=predicate), [*values, min(days), max(days)]


def forget(lists: Statement) -> Statement:
    """Make the lists that meet a predicate count as changed: no object has an empty ETag."""
    predicate, values = lists
    return f"UPDATE {LISTS}\nSET etag = ''\nWHERE origin = {S3}\n    AND {predicate}", values


def of_pairs(lists: Collection[ListId]) -> Statement:
    """A predicate on the dates and schools of a table in the cluster: one OR for each date."""
    schools: dict[dt.date, list[int]] = defaultdict(list)
    for day, school in sorted(lists):
        schools[day].append(school)
    parts = [
        f"(partition_date = %s AND school_id IN ({placeholders(of_day)}))" for of_day in schools.values()
    ]
    values = [value for day, of_day in schools.items() for value in (day, *of_day)]
    return "(" + "\n    OR ".join(parts) + ")", values
