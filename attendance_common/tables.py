"""The tables in Redshift: the one place where they are declared.

The setup file is rendered from these declarations (`make sql`), and the loader's SQL takes its names from
them. A new table is one declaration, listed in `NATIVE_TABLES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from attendance_common.columns import COLUMNS, NATIVE_COLUMNS, PARTITION_COLUMNS


@dataclass(frozen=True)
class TableColumn:
    """One column of a table; `meaning` is its comment in Redshift."""

    name: str
    type: str
    meaning: str
    not_null: bool = False


@dataclass(frozen=True)
class Table:
    """A native table; `meaning` is its comment in Redshift, `remark` stands above it in the setup file."""

    schema: str
    name: str
    meaning: str
    remark: str
    columns: tuple[TableColumn, ...]
    diststyle: Literal["ALL", "EVEN", "KEY"]
    sortkey: tuple[str, ...]
    distkey: str | None = None  # with diststyle KEY

    @property
    def qualified(self) -> str:
        """`schema.name`."""
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True)
class ExternalTable:
    """A table over the landing zone; Redshift keeps no comments on it (DG: r_COMMENT)."""

    schema: str
    name: str
    columns: tuple[TableColumn, ...]
    partitions: tuple[TableColumn, ...]

    @property
    def qualified(self) -> str:
        """`schema.name`."""
        return f"{self.schema}.{self.name}"


# The external schema's database in the Glue data catalog, unless the setup file is told another.
GLUE_DATABASE = "esd_spectrum"

EXTERNAL = ExternalTable(
    schema="esd_spectrum",
    name="period_attendance",
    columns=tuple(TableColumn(column.name, column.external_type, column.meaning) for column in COLUMNS),
    partitions=tuple(
        TableColumn(name, "INTEGER", f"The {name} of the date that the record is about.")
        for name in PARTITION_COLUMNS
    ),
)

# The loader's own columns, after the record's.
LINEAGE = (
    TableColumn(
        "source_file",
        "VARCHAR(1024)",
        "Object in S3 that the row was read from.",
        not_null=True,
    ),
    TableColumn(
        "loaded_at",
        "TIMESTAMP",
        "Time at which the loader wrote the row, in UTC.",
        not_null=True,
    ),
)

NATIVE = Table(
    schema="public",
    name="period_attendance",
    meaning="Attendance of each student in each period: each record of ESD once, in its newest version.",
    remark="The loader keeps id unique; no PRIMARY KEY, since Redshift would not enforce one but plan by it.",
    columns=(
        *(
            TableColumn(str(column.native), column.native_type, column.meaning, column.required)
            for column in NATIVE_COLUMNS
        ),
        *LINEAGE,
    ),
    diststyle="KEY",
    distkey="student_id",
    sortkey=("attendance_date", "student_id"),
)

CONTROL = Table(
    schema="public",
    name="period_attendance_loads",
    meaning="What the loader has loaded: one row for each partition of the landing zone.",
    remark="A row for each partition: it is small, so every node has a copy.",
    columns=(
        TableColumn("partition_date", "DATE", "Date of the partition.", not_null=True),
        TableColumn(
            "fingerprint",
            "VARCHAR(64)",
            "Hash of the names and ETags of the partition's objects. Another one means: load it again.",
            not_null=True,
        ),
        TableColumn("object_count", "BIGINT", "Objects in the partition.", not_null=True),
        TableColumn("row_count", "BIGINT", "Rows in these objects.", not_null=True),
        TableColumn("loaded_at", "TIMESTAMP", "Time at which it was loaded, in UTC.", not_null=True),
    ),
    diststyle="ALL",
    sortkey=("partition_date",),
)

# In the order in which they are created.
NATIVE_TABLES: tuple[Table, ...] = (NATIVE, CONTROL)
