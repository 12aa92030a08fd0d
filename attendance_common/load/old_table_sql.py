"""The rows of an older table in SQL, converted to the native table's types, each with its hash or its fault.

No value is guessed: a row with a value that its native column cannot hold has a fault, and is not taken. A
JSON path that is missing may give NULL or an empty text, and a JSON null NULL or `null` (the page of DG:
JSON_EXTRACT_PATH_TEXT changed): all of them are read as NULL. The patterns have no backslash: Redshift
reads one as an escape.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator

from attendance_common.columns import NATIVE_COLUMNS, NESTED, Column, Kind
from attendance_common.load.list_sql import (
    BACKFILL,
    HISTORY,
    NATIVE_NAMES,
    PLACES,
    S3,
    Statement,
    listed,
    placeholders,
    row_hash,
)
from attendance_common.load.old_table import DAY, MEETING, SCHOOL, Form, OldTable, is_nested
from attendance_common.load.settle_sql import NEVER

_INSTANT = (
    "'^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?"
    "(Z|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])$'"
)
_ZONE = "'[+-][0-9]{2}:?[0-9]{2}$'"
_FAULT = "VARCHAR(128)"
TWICE = "the list has its id in another row as well"

# --- which rows ---------------------------------------------------------------------------------------------


def dates(table: OldTable) -> Statement:
    """How many rows each date has, as text: Redshift has dates that Python has not, of the year 20191."""
    text = f"CAST(former.{DAY} AS VARCHAR(64))"
    return f"SELECT {text}, COUNT(*)\nFROM {table.name.quoted} AS former\nGROUP BY {text}", []


def day_of(text: str | None, table: OldTable) -> dt.date | None:
    """The date that such a text means; None when it is missing, malformed, impossible or after 9999."""
    written = "%m-%d-%Y" if table.forms[DAY] is Form.TEXT else "%Y-%m-%d"
    try:
        found = dt.datetime.strptime(text or "", written).date()
    except ValueError:
        return None
    return found if _as_text(found, table) == text else None


def _as_text(day: dt.date, table: OldTable) -> str:
    """A date as the table's texts have it; MM-DD-YYYY when its dates are texts."""
    return f"{day:%m-%d-}{day.year:04}" if table.forms[DAY] is Form.TEXT else day.isoformat()


def _on_days(table: OldTable, days: Collection[dt.date]) -> Statement:
    """A predicate on the date column with constants alone: a sort key on it is used."""
    ordered = sorted(days)
    among = f"former.{DAY} IN ({placeholders(ordered)})"
    if table.forms[DAY] is Form.TEXT:
        return among, [_as_text(day, table) for day in ordered]
    return f"former.{DAY} BETWEEN %s AND %s\n    AND {among}", [ordered[0], ordered[-1], *ordered]


# --- what a column holds ------------------------------------------------------------------------------------


def _meeting(table: OldTable) -> str:
    """The nested object as JSON text; NULL when it has none (as the fetcher reads it)."""
    if MEETING not in table.forms:
        return "CAST(NULL AS VARCHAR(1))"
    text = f"former.{MEETING}"
    if table.forms[MEETING] is Form.SUPER:
        text = f"JSON_SERIALIZE({text})"  # of NULL: null
    for empty in ("''", "'null'", "'[]'", "'\"\"'"):
        text = f"NULLIF({text}, {empty})"
    return text


def _given(column: Column, table: OldTable) -> str:
    """A column's value in the older table's type; an empty text is NULL, but in columns of text."""
    if column.api_name == SCHOOL and table.school is not None:
        return "CAST(%s AS BIGINT)"
    if column.api_name is None or column.api_name not in table.forms:
        return f"CAST(NULL AS {column.native_type})"
    if is_nested(column):
        path = ", ".join(f"'{key}'" for key in column.path[1:])
        return f"NULLIF(NULLIF(JSON_EXTRACT_PATH_TEXT(former.meeting_text, {path}, TRUE), ''), 'null')"
    name = f"former.{column.api_name}"
    if _form(column, table) is Form.TEXT and column.kind is not Kind.TEXT:
        return f"NULLIF(TRIM({name}), '')"
    return name


def _form(column: Column, table: OldTable) -> Form | None:
    """The form that the column is read from; None when its value has the native type already."""
    if is_nested(column):
        return Form.TEXT if MEETING in table.forms else None
    if column.api_name == SCHOOL and table.school is not None:
        return None
    return table.forms.get(str(column.api_name))


def _typed(column: Column, table: OldTable) -> str:
    """The value converted to the native column's type; NULL when it cannot be."""
    name, form = f"given.{column.native}", _form(column, table)
    if form is None:
        return name
    if column.kind in (Kind.TEXT, Kind.LIST):
        return _fitting(name, column.width) if form is Form.TEXT else f"CAST({name} AS VARCHAR(20))"
    if column.kind is Kind.BIGINT:
        cast = "TRY_CAST" if form is Form.TEXT else "CAST"
        return f"{cast}({name} AS BIGINT)"
    if column.kind is Kind.BOOLEAN:
        return _boolean(name, form)
    if column.kind is Kind.DATE:
        return f"TO_DATE({name}, 'MM-DD-YYYY', TRUE)" if form is Form.TEXT else name
    return {Form.TEXT: _instant(name), Form.ZONED_TIME: f"{name} AT TIME ZONE 'UTC'"}.get(form, name)


def _fitting(name: str, width: int) -> str:
    return f"CASE WHEN OCTET_LENGTH({name}) <= {width} THEN CAST({name} AS VARCHAR({width})) END"


def _boolean(name: str, form: Form) -> str:
    if form is Form.BOOLEAN:
        return name
    true, false, value = ("1", "0", name)
    if form is Form.TEXT:
        true, false, value = ("'true', 't', '1'", "'false', 'f', '0'", f"LOWER({name})")
    return f"CASE WHEN {value} IN ({true}) THEN TRUE WHEN {value} IN ({false}) THEN FALSE END"


def _instant(name: str) -> str:
    """ISO 8601 as UTC, cut to microseconds; NULL for a time that has no offset, which would be a guess."""
    local = f"REPLACE(SUBSTRING({name}, 1, 19), 'T', ' ')"
    fraction = f"NVL(SUBSTRING(REGEXP_SUBSTR({name}, '[.][0-9]+'), 1, 7), '')"
    zone = f"NULLIF(REGEXP_SUBSTR({name}, {_ZONE}), '')"
    minutes = f"60 * TRY_CAST(SUBSTRING({zone}, 2, 2) AS INT) + TRY_CAST(RIGHT({zone}, 2) AS INT)"
    west = f"CASE WHEN LEFT({zone}, 1) = '-' THEN 1 ELSE -1 END"
    time = f"TRY_CAST({local} || {fraction} AS TIMESTAMP)"
    return f"CASE WHEN {name} ~ {_INSTANT} THEN DATEADD(minute, NVL({west} * ({minutes}), 0), {time}) END"


# --- what is at fault ---------------------------------------------------------------------------------------

_UNFIT = {
    Kind.BIGINT: "is no whole number",
    Kind.BOOLEAN: "is neither true nor false",
    Kind.DATE: "is no date",
    Kind.TIMESTAMP: "is no time with an offset",
}


def _faults() -> Iterator[str]:
    """A WHEN for each fault of a row, the worst first; no text quotes a value."""
    for column in NATIVE_COLUMNS:
        if column.required:
            yield f"WHEN typed.given_{column.native} IS NULL THEN {_literal(f'it has no {_name(column)}')}"
    invalid = "NOT (IS_VALID_JSON(typed.meeting_text) AND LEFT(LTRIM(typed.meeting_text), 1) = '{')"
    yield f"WHEN typed.meeting_text IS NOT NULL AND {invalid} THEN {_literal(f'{NESTED} is no JSON object')}"
    for column in NATIVE_COLUMNS:
        unfit = _UNFIT.get(column.kind, f"is longer than {column.width} bytes")
        both = f"typed.given_{column.native} IS NOT NULL AND typed.{column.native} IS NULL"
        yield f"WHEN {both} THEN {_literal(f'{_name(column)} {unfit}')}"


def _literal(fault: str) -> str:
    return f"CAST('{fault}' AS {_FAULT})"


def _name(column: Column) -> str:
    return ".".join(column.path) or column.name


# --- the rows -----------------------------------------------------------------------------------------------


_FAULTS = ("\n" + " " * 8).join(_faults()).replace("{", "{{")
_AS_GIVEN = listed(f"given.{column.native} AS given_{column.native}" for column in NATIVE_COLUMNS)
_READ = f"""\
SELECT
    {listed(f"judged.{name}" for name in NATIVE_NAMES)},
    CAST(%s AS VARCHAR(1024)) AS source_file,
    judged.attendance_date AS partition_date,
    judged.hash,
    CASE
        WHEN judged.fault IS NOT NULL THEN judged.fault
        WHEN judged.copy > 1 THEN {_literal(TWICE)}
    END AS fault,
    CASE WHEN landed.id IS NULL AND departed.id IS NULL THEN FALSE ELSE TRUE END AS known,
    places.hash AS place_hash,
    places.wins AS place_wins,
    places.marked AS place_marked,
    places.loaded_at AS place_loaded_at
FROM (
SELECT
    hashed.*,
    ROW_NUMBER() OVER (
        PARTITION BY hashed.id, hashed.attendance_date, hashed.school_id,
            CASE WHEN hashed.fault IS NULL THEN 0 ELSE 1 END
        ORDER BY NVL(hashed.modified_on, {NEVER}) DESC, hashed.hash
    ) AS copy
FROM (
SELECT
    typed.*,
    {row_hash("typed")} AS hash,
    CASE
        {_FAULTS}
    END AS fault
FROM (
SELECT
    {{typed}},
    {_AS_GIVEN},
    given.meeting_text
FROM (
SELECT
    {{given}},
    former.meeting_text
FROM (
SELECT
    former.*,
    {{meeting}} AS meeting_text
FROM {{table}} AS former
WHERE {{predicate}}
) AS former
) AS given
) AS typed
) AS hashed
) AS judged
LEFT JOIN {PLACES} AS places
    ON judged.id = places.id
    AND judged.attendance_date = places.partition_date
    AND judged.school_id = places.school_id
    AND places.origin = {BACKFILL}
    AND places.partition_date BETWEEN %s AND %s
LEFT JOIN (
    SELECT id
    FROM {PLACES}
    WHERE origin = {S3}
    GROUP BY id
) AS landed
    ON judged.id = landed.id
LEFT JOIN (
    SELECT ended.id
    FROM (
        SELECT
            id,
            MAX(valid_to) AS last_end,
            MAX(CASE WHEN change = 'removed' THEN valid_to END) AS removed
        FROM {HISTORY}
        GROUP BY id
    ) AS ended
    LEFT JOIN {PLACES} AS placed
        ON ended.id = placed.id
    WHERE ended.removed = ended.last_end
        AND placed.id IS NULL
) AS departed
    ON judged.id = departed.id"""


def read(table: OldTable, days: Collection[dt.date]) -> Statement:
    """The rows of these dates as the native table has them, each with its hash, its fault, its place as it
    was backfilled, and whether its id is known: the landing zone has it, or had it.
    """
    predicate, values = _on_days(table, days)
    text = _READ.format(
        typed=listed(f"{_typed(column, table)} AS {column.native}" for column in NATIVE_COLUMNS),
        given=listed(f"{_given(column, table)} AS {column.native}" for column in NATIVE_COLUMNS),
        meeting=_meeting(table),
        table=table.name.quoted,
        predicate=predicate,
    )
    school = [] if table.school is None else [table.school]
    return text, [str(table.name), *school, *values, min(days), max(days)]
