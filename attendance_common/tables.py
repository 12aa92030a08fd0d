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

# Where a place or a control row comes from.
_ORIGIN = TableColumn("origin", "VARCHAR(8)", "Source: s3 is a list of the landing zone.", not_null=True)

LISTS = Table(
    schema="public",
    name="period_attendance_lists",
    meaning="The lists that were loaded: one row for each school and date, with the version of its object.",
    remark="One row for each list: few enough that every node has a copy.",
    columns=(
        TableColumn("partition_date", "DATE", "Date of the list.", not_null=True),
        TableColumn("school_id", "BIGINT", "School of the list.", not_null=True),
        _ORIGIN,
        TableColumn(
            "etag",
            "VARCHAR(64)",
            "ETag of the object as it was loaded. NULL: it was gone. Empty: load it again.",
        ),
        TableColumn("last_modified", "TIMESTAMP", "When that object was written, in UTC."),
        TableColumn("row_count", "BIGINT", "Records that the list held.", not_null=True),
        TableColumn("loaded_at", "TIMESTAMP", "Time at which it was loaded, in UTC.", not_null=True),
        TableColumn("run", "VARCHAR(64)", "The load that did it.", not_null=True),
    ),
    diststyle="ALL",
    sortkey=("partition_date", "school_id"),
)

PLACES = Table(
    schema="public",
    name="period_attendance_places",
    meaning="Every record of every list as it was loaded last. The newest place of an id gives its row.",
    remark="One narrow row for each record of each list; the rows of one id lie on one slice.",
    columns=(
        TableColumn("id", "BIGINT", "Number that ESD gives the record.", not_null=True),
        TableColumn("partition_date", "DATE", "Date of the list.", not_null=True),
        TableColumn("school_id", "BIGINT", "School of the list.", not_null=True),
        _ORIGIN,
        TableColumn("modified_on", "TIMESTAMP", "When the record was changed last, in UTC."),
        TableColumn("hash", "VARCHAR(32)", "MD5 of the whole row.", not_null=True),
        TableColumn("wins", "BOOLEAN", "Whether public.period_attendance has its row.", not_null=True),
        TableColumn("marked", "BOOLEAN", "Whether its list no longer holds the record.", not_null=True),
        TableColumn(
            "loaded_at", "TIMESTAMP", "Time at which this version was loaded, in UTC.", not_null=True
        ),
    ),
    diststyle="KEY",
    distkey="id",
    sortkey=("partition_date", "school_id"),
)

# Every column of the record and the object that it was read from, as they stood in the native table.
HISTORY = Table(
    schema="public",
    name="period_attendance_history",
    meaning="Every version of a record that was in public.period_attendance and is no longer.",
    remark="It grows with changes, not with loads. It lies as the native table does: by student and date.",
    columns=(
        *(column for column in NATIVE.columns if column.name != "loaded_at"),
        TableColumn(
            "valid_from",
            "TIMESTAMP",
            "Time at which the loader wrote the version into public.period_attendance, in UTC.",
            not_null=True,
        ),
        TableColumn(
            "valid_to",
            "TIMESTAMP",
            "Time at which it left, in UTC: when the next version was written, or the record was removed.",
            not_null=True,
        ),
        TableColumn(
            "change",
            "VARCHAR(8)",
            "What became of it: updated, moved (to another date or school), or removed.",
            not_null=True,
        ),
        TableColumn(
            "changed_columns",
            "VARCHAR(4096)",
            "Columns in which the next version differs, separated by commas. NULL when it was removed.",
        ),
        TableColumn("run", "VARCHAR(64)", "The load in which it left.", not_null=True),
    ),
    diststyle="KEY",
    distkey=NATIVE.distkey,
    sortkey=NATIVE.sortkey,
)

LOCK = Table(
    schema="public",
    name="period_attendance_lock",
    meaning="Locked by a load while it is in a transaction. Nobody reads it, so no reader waits.",
    remark="Loads queue for this table; it is always empty.",
    columns=(TableColumn("locked", "BOOLEAN", "Never filled."),),
    diststyle="ALL",
    sortkey=(),
)

# In the order in which they are created.
NATIVE_TABLES: tuple[Table, ...] = (NATIVE, LISTS, PLACES, HISTORY, LOCK)
