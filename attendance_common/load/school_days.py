"""Views over the lists that were loaded: which days were school days, on which a school has nothing, and how
recent a school is.

A school day is a day on which more than half of the schools have a record, of those that have begun the
school year. `public.period_attendance_lists` has one row for each school and date, so these views read
thousands of rows where the attendance has millions.
"""

from __future__ import annotations

from attendance_common.load.view import View
from attendance_common.tables import LISTS, NATIVE, TableColumn

# Dates are compared with today in UTC; a day that is not over is never judged.
TODAY = "CAST(GETDATE() AS DATE)"


def school_year(date: str) -> str:
    """The year in which the school year of a date begins: July to June."""
    return f"CAST(EXTRACT(year FROM DATEADD(month, -6, {date})) AS INTEGER)"


_DATE = TableColumn("attendance_date", "DATE", "School day.")
_SCHOOL = TableColumn("school_id", "BIGINT", "ESD's number of the school.")
_YEAR = TableColumn("school_year", "INTEGER", "Year in which the school year begins: July to June.")
_SCHOOLS = TableColumn("schools", "BIGINT", "Schools that had begun the school year by then.")
_SCHOOLS_WITH_RECORDS = TableColumn("schools_with_records", "BIGINT", "Of these, those with a record.")

SCHOOL_RECORDS = View(
    schema="public",
    name="period_attendance_school_records",
    meaning="Dates on which a school has records, with their number.",
    remark="A list whose object is gone counts no rows, and its rows stay in the table.",
    columns=(
        TableColumn("attendance_date", "DATE", "Date that the records are about."),
        _SCHOOL,
        _YEAR,
        TableColumn(
            "records",
            "BIGINT",
            "Records of the school's list; of the longer one if an older table has it, too. "
            "0: its object is gone.",
        ),
    ),
    select=f"""\
SELECT
    partition_date AS attendance_date,
    school_id,
    {school_year("partition_date")} AS school_year,
    MAX(row_count) AS records
FROM {LISTS.qualified}
WHERE row_count > 0
    OR etag IS NULL
GROUP BY partition_date, school_id""",
)

SCHOOL_YEARS = View(
    schema="public",
    name="period_attendance_school_years",
    meaning="First and newest date of each school in each school year, before today.",
    remark="From its first date on, a school is expected to have records.",
    columns=(
        _SCHOOL,
        _YEAR,
        TableColumn("first_date", "DATE", "First date with a record in the school year."),
        TableColumn("newest_date", "DATE", "Newest date with a record in the school year, before today."),
    ),
    select=f"""\
SELECT
    school_id,
    school_year,
    MIN(attendance_date) AS first_date,
    MAX(attendance_date) AS newest_date
FROM {SCHOOL_RECORDS.qualified}
WHERE attendance_date < {TODAY}
GROUP BY school_id, school_year""",
)

SCHOOL_DAYS = View(
    schema="public",
    name="period_attendance_school_days",
    meaning="Days on which more than half of the schools have a record, of those that had begun the year.",
    remark="Today is missing: it is not over.",
    columns=(_DATE, _YEAR, _SCHOOLS, _SCHOOLS_WITH_RECORDS),
    select=f"""\
SELECT
    days.attendance_date,
    days.school_year,
    COUNT(*) AS schools,
    days.schools_with_records
FROM (
    SELECT attendance_date, school_year, COUNT(*) AS schools_with_records
    FROM {SCHOOL_RECORDS.qualified}
    WHERE attendance_date < {TODAY}
    GROUP BY attendance_date, school_year
) AS days
INNER JOIN {SCHOOL_YEARS.qualified} AS begun
    ON days.school_year = begun.school_year
    AND days.attendance_date >= begun.first_date
GROUP BY days.attendance_date, days.school_year, days.schools_with_records
HAVING 2 * days.schools_with_records > COUNT(*)""",
)

GAPS = View(
    schema="public",
    name="period_attendance_gaps",
    meaning="School days on which a school has no record although it has begun the school year.",
    remark="A school has begun with its first record of the school year.",
    columns=(_DATE, _SCHOOL, _SCHOOLS, _SCHOOLS_WITH_RECORDS),
    select=f"""\
SELECT days.attendance_date, begun.school_id, days.schools, days.schools_with_records
FROM {SCHOOL_DAYS.qualified} AS days
INNER JOIN {SCHOOL_YEARS.qualified} AS begun
    ON days.school_year = begun.school_year
    AND days.attendance_date >= begun.first_date
LEFT JOIN {SCHOOL_RECORDS.qualified} AS records
    ON days.attendance_date = records.attendance_date
    AND begun.school_id = records.school_id
WHERE records.school_id IS NULL""",
)

FRESHNESS = View(
    schema="public",
    name="period_attendance_freshness",
    meaning="How recent the attendance of each school is.",
    remark="One row for each school that has a record.",
    columns=(
        TableColumn("school_id", "BIGINT", "ESD's number of the school."),
        TableColumn("records", "BIGINT", "Number of its records."),
        TableColumn("newest_date", "DATE", "Newest date up to today that one of its records is about."),
        TableColumn("latest_modified", "TIMESTAMP", "When a record was changed last in ESD, in UTC."),
        TableColumn("latest_loaded", "TIMESTAMP", "When the loader last wrote one of its rows, in UTC."),
    ),
    select=f"""\
SELECT
    school_id,
    COUNT(*) AS records,
    MAX(CASE WHEN attendance_date <= {TODAY} THEN attendance_date END) AS newest_date,
    MAX(modified_on) AS latest_modified,
    MAX(loaded_at) AS latest_loaded
FROM {NATIVE.qualified}
GROUP BY school_id""",
)

SCHOOL_DAY_VIEWS: tuple[View, ...] = (FRESHNESS, SCHOOL_RECORDS, SCHOOL_YEARS, SCHOOL_DAYS, GAPS)
