"""The views over the history: earlier versions of each record, and how late corrections come."""

from __future__ import annotations

from dataclasses import replace

from attendance_common.load.view import View
from attendance_common.tables import HISTORY, NATIVE, TableColumn

_LAST = {"valid_to", "change", "changed_columns"}  # NULL of a current version
_SHOWN = [column for column in HISTORY.columns if column.name != "run"]
_NAMES = [column.name for column in _SHOWN]


def _of_current(column: TableColumn) -> str:
    if column.name in _LAST:
        return f"CAST(NULL AS {column.type}) AS {column.name}"
    return "loaded_at AS valid_from" if column.name == "valid_from" else column.name


def _meaning(column: TableColumn) -> TableColumn:
    """A column of the view."""
    current = " NULL: it is current." if column.name in _LAST else ""
    return replace(column, not_null=False, meaning=f"{column.meaning}{current}")


_COLUMNS_OF_CURRENT = ",\n    ".join(map(_of_current, _SHOWN))
_COLUMNS_OF_FORMER = ",\n    ".join(_NAMES)

VERSIONS = View(
    schema="public",
    name="period_attendance_versions",
    meaning="Each record in its current version (valid_to is NULL) and in all versions that it had before.",
    remark="Late binding, so that a column of the tables can be altered.",
    columns=tuple(map(_meaning, _SHOWN)),
    select=f"""\
SELECT
    {_COLUMNS_OF_CURRENT}
FROM {NATIVE.qualified}
UNION ALL
SELECT
    {_COLUMNS_OF_FORMER}
FROM {HISTORY.qualified}""",
    late_binding=True,
)

# When a version was changed: at its modified_on, when that is newer than that of the version that it replaced
# (of a first version: than its created_on); else at the time at which it replaced that one in the table.
CORRECTIONS = View(
    schema="public",
    name="period_attendance_corrections",
    meaning=(
        "How late attendance is changed, by school and week: changes by the days from the date to the "
        "change. Each version of a record is one change, but for a first version that was not modified after "
        "it was created. Removals do not count. The day of a change is that of modified_on, or, when that is "
        "no newer than before, the day on which the loader saw the change; both in UTC."
    ),
    remark="One row for each school and week that has a change.",
    columns=(
        TableColumn("school_id", "BIGINT", "ESD's number of the school."),
        TableColumn("week", "DATE", "Monday of the week of the date that the record is about."),
        TableColumn("changes", "BIGINT", "Number of changes of records of that week."),
        TableColumn("same_day", "BIGINT", "Those on the date itself, or before it."),
        TableColumn("days_1_to_7", "BIGINT", "Those 1 to 7 days after the date."),
        TableColumn("days_8_to_30", "BIGINT", "Those 8 to 30 days after the date."),
        TableColumn("days_over_30", "BIGINT", "Those more than 30 days after the date."),
    ),
    select=f"""\
SELECT
    school_id,
    week,
    COUNT(*) AS changes,
    SUM(CASE WHEN days <= 0 THEN 1 ELSE 0 END) AS same_day,
    SUM(CASE WHEN days BETWEEN 1 AND 7 THEN 1 ELSE 0 END) AS days_1_to_7,
    SUM(CASE WHEN days BETWEEN 8 AND 30 THEN 1 ELSE 0 END) AS days_8_to_30,
    SUM(CASE WHEN days > 30 THEN 1 ELSE 0 END) AS days_over_30
FROM (
    SELECT
        version.school_id,
        CAST(DATE_TRUNC('week', version.attendance_date) AS DATE) AS week,
        DATEDIFF(
            day,
            version.attendance_date,
            CAST(
                CASE
                    WHEN version.modified_on > NVL(replaced.modified_on, version.created_on)
                        THEN version.modified_on
                    WHEN replaced.id IS NOT NULL THEN version.valid_from
                END AS DATE
            )
        ) AS days
    FROM {VERSIONS.qualified} AS version
    LEFT JOIN {HISTORY.qualified} AS replaced
        ON version.id = replaced.id
        AND version.valid_from = replaced.valid_to
) AS changed
WHERE days IS NOT NULL
GROUP BY school_id, week""",
    late_binding=True,
)

# In the order in which they are created.
HISTORY_VIEWS: tuple[View, ...] = (VERSIONS, CORRECTIONS)
