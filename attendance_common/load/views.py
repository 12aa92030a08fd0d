"""The views over the tables: the one place where they are declared.

The setup file is rendered from these declarations (`make sql`). A new view is one declaration, listed in
`VIEWS` after the views that it reads.
"""

from __future__ import annotations

from attendance_common.load.history_views import HISTORY_VIEWS
from attendance_common.load.view import View
from attendance_common.tables import NATIVE, TableColumn

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
VIEWS: tuple[View, ...] = (FRESHNESS, *HISTORY_VIEWS)
