"""The external table: what it must look like, and which partitions Spectrum knows."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from itertools import chain, zip_longest
from typing import TYPE_CHECKING

from attendance_common import tables
from attendance_common.errors import WarehouseError
from attendance_common.landing import Areas
from attendance_common.load.column_types import normal
from attendance_common.load.refusals import SETUP

if TYPE_CHECKING:
    from attendance_common.load.warehouse import Warehouse

EXTERNAL = tables.EXTERNAL.qualified
MOST_PARTITIONS = 100  # in one ALTER, with Glue (dbt-labs/dbt-external-tables#2)
NO_PARTITION = (
    "no partition is registered yet: check again after the first load, which registers one for each date"
)
SHOWN_LOCATION = 128  # characters; the view cuts longer locations (DG: r_SVV_EXTERNAL_PARTITIONS)

EXTERNAL_COLUMNS = """\
SELECT columnname, external_type, part_key
FROM svv_external_columns
WHERE schemaname = %s
    AND tablename = %s
ORDER BY part_key, columnnum"""

REGISTERED = """\
SELECT values, location
FROM svv_external_partitions
WHERE schemaname = %s
    AND tablename = %s"""

_TABLE = (tables.EXTERNAL.schema, tables.EXTERNAL.name)


ExternalColumn = tuple[str, str, int]  # name, type, and which partition key it is, 0 for none


def expected_columns() -> list[ExternalColumn]:
    """What EXTERNAL_COLUMNS gives for the table that the setup SQL creates, with normal types."""
    data = [(column.name, normal(column.type), 0) for column in tables.EXTERNAL.columns]
    partitions = enumerate(tables.EXTERNAL.partitions, start=1)
    return data + [(column.name, normal(column.type), order) for order, column in partitions]


def check_table(warehouse: Warehouse) -> None:
    """Raise WarehouseError when the external table is missing, or is that of another version."""
    found = [(name.strip().lower(), normal(kind), int(key or 0)) for name, kind, key in columns(warehouse)]
    if not found:
        raise WarehouseError(f"there is no table {EXTERNAL}: {SETUP}", to_mend=True)
    if difference := first_difference(found, expected_columns()):
        raise WarehouseError(
            f"{EXTERNAL} has {difference}, so it is another version's: {SETUP}; if that does not help, first "
            f"DROP TABLE {EXTERNAL} (S3 keeps all)",
            to_mend=True,
        )


def columns(warehouse: Warehouse) -> list[ExternalColumn]:
    """The table's columns as Redshift names them; none when the table does not exist."""
    return [(name, kind, key) for name, kind, key in warehouse.rows(EXTERNAL_COLUMNS, _TABLE)]


def first_difference(found: Sequence[ExternalColumn], expected: Sequence[ExternalColumn]) -> str | None:
    """`X where Y belongs` of the first column that differs: data columns first, then partition keys."""
    for keys in (False, True):
        pair = ([each for each in columns if bool(each[2]) is keys] for columns in (found, expected))
        for column, other in zip_longest(*pair):
            if column != other:
                return f"{_column(column)} where {_column(other)} belongs"
    return None


def _column(column: ExternalColumn | None) -> str:
    """A column as text for a person."""
    if column is None:
        return "no column"
    name, kind, key = column
    return f"{name} {kind} (partition key {key})" if key else f"{name} {kind}"


def registered_days(warehouse: Warehouse, areas: Areas) -> set[dt.date]:
    """The partitions that Spectrum knows; raises WarehouseError when one of them points elsewhere."""
    days = set()
    for values, location in partitions(warehouse):
        day = registered_day(values)
        ours = areas.location(day).rstrip("/")[:SHOWN_LOCATION].rstrip("/")
        if location[:SHOWN_LOCATION].rstrip("/") != ours:
            partition = f"partition {day} of {EXTERNAL}"
            cure = f"check S3_BUCKET and S3_PREFIX; if they have changed, drop {EXTERNAL} and {SETUP}"
            raise WarehouseError(
                f"{partition} points to {location}, not below s3://{areas.bucket}/{areas.landing}: {cure}",
                to_mend=True,
                for_report=f"{partition} points elsewhere: {cure}",
            )
        days.add(day)
    return days


def partitions(warehouse: Warehouse) -> list[tuple[str, str]]:
    """Values and location of each registered partition, as Redshift shows them."""
    return [(values, location) for values, location in warehouse.rows(REGISTERED, _TABLE)]


def registered_day(values: str) -> dt.date:
    """`["2025","12","9"]` -> the date of the partition; raises WarehouseError for what is no date."""
    try:
        return dt.date(*(int(value) for value in json.loads(values)))
    except (ValueError, TypeError):
        sentence = f"a partition of {EXTERNAL} is no date"
        cure = "ALTER TABLE … DROP PARTITION it"
        raise WarehouseError(
            f"{sentence}, {values}: {cure}", to_mend=True, for_report=f"{sentence}: {cure}"
        ) from None


def register(days: Sequence[dt.date], areas: Areas) -> list[tuple[str, Sequence[object]]]:
    """ALTER statements for the partitions; each has to run outside any transaction (DG: r_ALTER_TABLE)."""
    return [
        _register(days[start : start + MOST_PARTITIONS], areas)
        for start in range(0, len(days), MOST_PARTITIONS)
    ]


def _register(days: Sequence[dt.date], areas: Areas) -> tuple[str, Sequence[object]]:
    """Values have no leading zero: '09' of an integer key gave no rows in another engine (prestodb#2233)."""
    partition = "PARTITION (year = %s, month = %s, day = %s) LOCATION %s"
    text = f"ALTER TABLE {EXTERNAL} ADD IF NOT EXISTS\n" + "\n".join([partition] * len(days))
    values = ((str(day.year), str(day.month), str(day.day), areas.location(day)) for day in days)
    return text, list(chain.from_iterable(values))
