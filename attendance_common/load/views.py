"""The views over the tables: the one place where they are declared.

The setup file is rendered from these declarations (`make sql`). A new view is one declaration, listed in
`VIEWS` after the views that it reads.
"""

from __future__ import annotations

from dataclasses import dataclass

from attendance_common.tables import NATIVE, TableColumn


@dataclass(frozen=True)
class View:
    """A view; `meaning` is its comment in Redshift, `remark` stands above it in the setup file.

    `columns` are those of `select`, in order. `late_binding`: needed by a view that reads an external table
    (DG: r_CREATE_VIEW); Redshift then takes no comments on its columns.
    """

    schema: str
    name: str
    meaning: str
    remark: str
    columns: tuple[TableColumn, ...]
    select: str
    late_binding: bool = False

    @property
    def qualified(self) -> str:
        """`schema.name`."""
        return f"{self.schema}.{self.name}"


FRESHNESS = View(
    schema="public",
    name="period_attendance_freshness",
    meaning="How recent the attendance of each school is.",
    remark="One row for each school that has a record.",
    columns=(
        TableColumn("school_id", "BIGINT", "ESD's number of the school."),
        TableColumn("records", "BIGINT", "Number of its records."),
        TableColumn("newest_date", "DATE", "Newest date that one of its records is about."),
        TableColumn("latest_modified", "TIMESTAMP", "When a record was changed last in ESD, in UTC."),
        TableColumn("latest_loaded", "TIMESTAMP", "When the loader last wrote one of its rows, in UTC."),
    ),
    select=f"""\
SELECT
    school_id,
    COUNT(*) AS records,
    MAX(attendance_date) AS newest_date,
    MAX(modified_on) AS latest_modified,
    MAX(loaded_at) AS latest_loaded
FROM {NATIVE.qualified}
GROUP BY school_id""",
)

# In the order in which they are created.
VIEWS: tuple[View, ...] = (FRESHNESS,)
