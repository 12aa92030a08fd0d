"""Declares the tables in Redshift; nothing else does.

The setup file is rendered from these declarations (`make sql`), and the loader's SQL takes its names from
them. A new table is one declaration, listed in `NATIVE_TABLES`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from attendance_common.columns import COLUMNS, NATIVE_COLUMNS, PARTITION_COLUMNS
from attendance_common.status_codes import FIRST_CODES


@dataclass(frozen=True)
class TableColumn:
    """One column of a table; `meaning` is its comment in Redshift.

    `added_in`: the later version that added it. The setup file adds it to a table that lacks it.
    """

    name: str
    type: str
    meaning: str
    not_null: bool = False
    added_in: str | None = None


@dataclass(frozen=True)
class Table:
    """A native table; `meaning` is its comment in Redshift, `remark` is a line above it in the setup file."""

    schema: str
    name: str
    meaning: str
    remark: str
    columns: tuple[TableColumn, ...]
    diststyle: Literal["ALL", "EVEN", "KEY"]
    sortkey: tuple[str, ...]
    distkey: str | None = None  # with diststyle KEY
    first_rows: tuple[tuple[str, ...], ...] = ()  # the setup file inserts them into an empty table

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


# The external schema's database in the Glue data catalog, unless psql -v glue_database names another.
GLUE_DATABASE = "esd_spectrum"

EXTERNAL = ExternalTable(
    schema="esd_spectrum",
    name="period_attendance",
    columns=tuple(
        TableColumn(column.name, column.external_type, column.meaning, added_in=column.added_in)
        for column in COLUMNS
    ),
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
        "Object in S3, or older table, that it was first read from.",
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
            TableColumn(
                str(column.native), column.native_type, column.meaning, column.required, column.added_in
            )
            for column in NATIVE_COLUMNS
        ),
        *LINEAGE,
    ),
    diststyle="KEY",
    distkey="student_id",
    sortkey=("attendance_date", "student_id"),
)

# Where a row of LISTS or PLACES comes from.
_ORIGIN = TableColumn(
    "origin",
    "VARCHAR(8)",
    "Source: s3 is a list of the landing zone, backfill an older table.",
    not_null=True,
)

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
            "VARCHAR(256)",
            "ETag of the loaded object. NULL: gone. Empty: load again. Of backfill: the older table.",
        ),
        TableColumn("last_modified", "TIMESTAMP", "Time at which that object was written, in UTC."),
        TableColumn("row_count", "BIGINT", "Records in the list.", not_null=True),
        TableColumn("loaded_at", "TIMESTAMP", "Time at which the list was loaded, in UTC.", not_null=True),
        TableColumn("run", "VARCHAR(64)", "Name of that load.", not_null=True),
    ),
    diststyle="ALL",
    sortkey=("partition_date", "school_id"),
)

PLACES = Table(
    schema="public",
    name="period_attendance_places",
    meaning="Every record of every loaded list: its places. The newest place of an id is the winner.",
    remark="One narrow row for each record of each list; the rows of one id are on one slice.",
    columns=(
        TableColumn("id", "BIGINT", "Number that ESD gives the record.", not_null=True),
        TableColumn("partition_date", "DATE", "Date of the list.", not_null=True),
        TableColumn("school_id", "BIGINT", "School of the list.", not_null=True),
        _ORIGIN,
        TableColumn("modified_on", "TIMESTAMP", "Time at which the record was changed last, in UTC."),
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

# Every column of the record, and the object that it was read from, with their values in the native table.
HISTORY = Table(
    schema="public",
    name="period_attendance_history",
    meaning="Every version of a record that was in public.period_attendance and is no longer.",
    remark="It grows with changes, not with loads. DISTKEY and SORTKEY are those of the native table.",
    columns=(
        *(column for column in NATIVE.columns if column.name != "loaded_at"),
        TableColumn(
            "valid_from",
            "TIMESTAMP",
            "Time at which the loader wrote this version into the table, in UTC.",
            not_null=True,
        ),
        TableColumn(
            "valid_to",
            "TIMESTAMP",
            "Time at which it was replaced in the table or removed from it, in UTC.",
            not_null=True,
        ),
        TableColumn(
            "change",
            "VARCHAR(8)",
            "Change that ended it: updated, moved (date or school) or removed.",
            not_null=True,
        ),
        TableColumn(
            "changed_columns",
            "VARCHAR(4096)",
            "Columns in which the next version differs. NULL: removed.",
        ),
        TableColumn("run", "VARCHAR(64)", "Name of the load that replaced or removed it.", not_null=True),
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

# --- the runs of both scripts -------------------------------------------------------------------------------

_RUN = TableColumn("run", "VARCHAR(64)", "Name of the run, as its result line has it.", not_null=True)
_SCRIPT = TableColumn("script", "VARCHAR(8)", "Script: fetch or load.", not_null=True)
_SCOPE = TableColumn(
    "scope",
    "VARCHAR(16)",
    "Fetch: whole, recent, today or replay. Load: load, verify or backfill.",
)
_BEGAN = TableColumn("began", "TIMESTAMP", "Time at which the run began, in UTC.", not_null=True)
_NEWEST_DATE = TableColumn(
    "newest_date",
    "DATE",
    "Newest date up to today. Fetch: of the records that were read. Load: of the table.",
)

_PAGES = TableColumn("pages", "BIGINT", "Pages that were read.")
_RECORDS = (
    TableColumn("received", "BIGINT", "Records on all pages that were read."),
    TableColumn("landed", "BIGINT", "Different records that were read and landed."),
    TableColumn("repeats", "BIGINT", "Records that came more than once."),
    TableColumn("quarantined", "BIGINT", "Records that were read and cannot be landed."),
    TableColumn("quarantined_new", "BIGINT", "Of these, those that no run had named before."),
    TableColumn("moved", "BIGINT", "Records that moved to the list of another date."),
    TableColumn("removed", "BIGINT", "Fetch: records that were proved gone. Load: rows."),
    TableColumn("removals_waiting", "BIGINT", "Landed records that were not read and not removed."),
    TableColumn("lists_written", "BIGINT", "Lists that were written."),
    TableColumn("lists_unchanged", "BIGINT", "Lists that were compared and are as before."),
    TableColumn("lists_merged", "BIGINT", "Lists that another process had written meanwhile."),
)

RUNS = Table(
    schema="public",
    name="period_attendance_runs",
    meaning="Every run of the fetcher and of the loader: one row each, without students' data.",
    remark="The loader copies each run record in S3 into this table once.",
    columns=(
        _RUN,
        _SCRIPT,
        _SCOPE,
        TableColumn("part", "VARCHAR(16)", "Share of the schools (1/4). some: chosen by flags. NULL: all."),
        _BEGAN,
        TableColumn("ended", "TIMESTAMP", "Time at which the run ended, in UTC."),
        TableColumn(
            "status",
            "INTEGER",
            "Exit status: 0 done, 1 failed and may pass, 2 has to be mended, 3 needs a person.",
            not_null=True,
        ),
        TableColumn("version", "VARCHAR(32)", "Version of the script."),
        TableColumn("school_year", "BIGINT", "School year that the fetcher asked for."),
        TableColumn("error", "VARCHAR(8192)", "Why the run failed."),
        TableColumn("attention", "VARCHAR(65535)", "What needs a person: one sentence on each line."),
        TableColumn("standing", "BIGINT", "Lasting conditions that an earlier run has reported."),
        _NEWEST_DATE,
        TableColumn("schools", "BIGINT", "Schools that were read."),
        TableColumn("schools_failed", "BIGINT", "Of these, those that could not be read."),
        _PAGES,
        *_RECORDS,
        TableColumn("partitions", "BIGINT", "Dates of the landing zone."),
        TableColumn("lists", "BIGINT", "Lists of the landing zone."),
        TableColumn("registered", "BIGINT", "Partitions that were new to the external table."),
        TableColumn("loaded", "BIGINT", "Lists that were loaded."),
        TableColumn("rows_read", "BIGINT", "Rows of these lists."),
        TableColumn("inserted", "BIGINT", "Of these, rows of records that were new to the table."),
        TableColumn("updated", "BIGINT", "Of these, rows that replaced another version."),
        TableColumn("unchanged", "BIGINT", "Of these, rows that were as at their last load."),
        TableColumn("superseded", "BIGINT", "Of these, rows of which another list has a newer version."),
        TableColumn("reread", "BIGINT", "Rows that were read again from lists that had not changed."),
        TableColumn("repaired_dates", "BIGINT", "Dates on which the table differed from what was loaded."),
    ),
    diststyle="KEY",
    distkey="run",
    sortkey=("began",),
)

RUN_SCHOOLS = Table(
    schema="public",
    name="period_attendance_run_schools",
    meaning="Result of each school in a fetch, and of each school in a load whose lists failed.",
    remark="The rows of a run are on the same slice as its row in period_attendance_runs.",
    columns=(
        _RUN,
        _SCRIPT,
        _SCOPE,
        _BEGAN,
        TableColumn("school_id", "BIGINT", "ESD's number of the school.", not_null=True),
        TableColumn(
            "fault", "VARCHAR(8192)", "Why it was not read whole, landed or loaded. NULL: all went well."
        ),
        TableColumn("lists_failed", "BIGINT", "Lists that could not be loaded."),
        _NEWEST_DATE,
        _PAGES,
        TableColumn("source_count", "BIGINT", "Records of the school, as the source counted them last."),
        *_RECORDS,
        TableColumn("in_quarantine", "BIGINT", "Records of the school in quarantine after it was read."),
    ),
    diststyle="KEY",
    distkey="run",
    sortkey=("began", "school_id"),
)

# --- what the views and the checks need ---------------------------------------------------------------------

STATUS_CODES = Table(
    schema="public",
    name="attendance_status_codes",
    meaning="What each attendance status means to the views. Edit it: the setup file keeps what is here.",
    remark="People edit it. The setup file fills it when it has no row.",
    columns=(
        TableColumn(
            "status",
            "VARCHAR(256)",
            "Attendance status; case and outer blanks do not count.",
            not_null=True,
        ),
        TableColumn("meaning", "VARCHAR(16)", "Meaning: absent, tardy, present or other.", not_null=True),
    ),
    diststyle="ALL",
    sortkey=(),
    first_rows=FIRST_CODES,
)

CHECKS = Table(
    schema="public",
    name="period_attendance_checks",
    meaning="What the checks of the data find now: one row for each finding, without students' data.",
    remark="A load that changed rows renews it: findings that have ended are deleted.",
    columns=(
        TableColumn("name", "VARCHAR(32)", "Name of the check.", not_null=True),
        TableColumn(
            "severity", "VARCHAR(8)", "Severity: error (needs a person when new) or warn.", not_null=True
        ),
        TableColumn("school_id", "BIGINT", "School that it is about. NULL: no single one."),
        TableColumn("attendance_date", "DATE", "Date that it is about. NULL: no single one."),
        TableColumn("subject", "VARCHAR(32)", "Status that it is about. NULL: none."),
        TableColumn("row_count", "BIGINT", "Number that the finding counts.", not_null=True),
        TableColumn("finding", "VARCHAR(1024)", "What was found, in a sentence.", not_null=True),
        TableColumn("look_closer", "VARCHAR(2048)", "Query that shows what it is about.", not_null=True),
        TableColumn("since", "TIMESTAMP", "Time at which a load first found it, in UTC.", not_null=True),
        TableColumn(
            "reported_at",
            "TIMESTAMP",
            "Time at which a load ended with status 3 for it, in UTC. NULL: none did.",
        ),
        TableColumn("checked_at", "TIMESTAMP", "Time at which a load found it last, in UTC.", not_null=True),
        TableColumn("run", "VARCHAR(64)", "Name of that load.", not_null=True),
    ),
    diststyle="ALL",
    sortkey=("name", "school_id"),
)

# In the order in which they are created.
NATIVE_TABLES: tuple[Table, ...] = (
    *(NATIVE, LISTS, PLACES, HISTORY, LOCK),
    *(RUNS, RUN_SCHOOLS),
    *(STATUS_CODES, CHECKS),
)
