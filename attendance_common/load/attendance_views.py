"""Views over the attendance: a student's day, a school's day, periods and weekdays, chronic absence.

Each of them but chronic absence has `attendance_date` among the columns that it groups by, and no window
function, so that a predicate on it reaches the table and its sort key.
"""

from __future__ import annotations

from collections.abc import Iterable

from attendance_common.load.school_days import TODAY, school_year
from attendance_common.load.view import View
from attendance_common.status_codes import ABSENT, OTHER, PRESENT, TARDY
from attendance_common.tables import NATIVE, STATUS_CODES, TableColumn

# Chronic absence, in three numbers that are nowhere else in the code.
ABSENT_DAY_SHARE = "0.5"  # of a day's recorded periods: with as many absences, or more, the day is absent
CHRONIC_SHARE = "0.10"  # of a student's days: with as many absent days, or more, the absence is chronic
LEAST_DAYS = 10  # a student with fewer days in a school year is not judged


def code_of(status: str) -> str:
    """A status as it is compared with the codes: case and outer blanks do not count."""
    return f"LOWER(TRIM({status}))"


# People edit the codes. A status that is listed twice must not double records: its first meaning by the
# alphabet counts. A mistyped meaning is none, and records without a status cannot be given one.
_MEANINGS = ", ".join(f"'{meaning}'" for meaning in (ABSENT, TARDY, PRESENT, OTHER))
CODES = f"""\
SELECT {code_of("status")} AS code, MIN({code_of("meaning")}) AS meaning
    FROM {STATUS_CODES.qualified}
    WHERE {code_of("meaning")} IN ({_MEANINGS})
        AND TRIM(status) <> ''
    GROUP BY {code_of("status")}"""

RECORDED = "TRIM(record.attendance_status) <> ''"
# The source's words for excused were not seen but for Excused and Unexcused: what begins with e is excused.
_EXCUSED = "LOWER(LEFT(TRIM(record.excused_status), 1)) = 'e'"

RECORDS = f"""\
FROM {NATIVE.qualified} AS record
LEFT JOIN (
    {CODES}
) AS codes
    ON {code_of("record.attendance_status")} = codes.code"""


def _sum(condition: str, name: str) -> str:
    return f"SUM(CASE WHEN {condition} THEN 1 ELSE 0 END) AS {name}"


def _means(meaning: str) -> str:
    return f"codes.meaning = '{meaning}'"


_COUNTS = (
    "COUNT(*) AS periods",
    _sum(RECORDED, "recorded"),
    _sum(_means(ABSENT), "absent"),
    _sum(_means(TARDY), "tardy"),
    _sum(_means(PRESENT), "present"),
    _sum(f"{_means(ABSENT)} AND {_EXCUSED}", "excused"),
    "CAST(NVL(SUM(record.minutes_missed), 0) AS BIGINT) AS minutes_missed",
)

_COUNTED = (
    TableColumn("periods", "BIGINT", "Records: a period of a student each."),
    TableColumn("recorded", "BIGINT", "Of these, those with a status."),
    TableColumn("absent", "BIGINT", "Of these, absences by attendance_status_codes."),
    TableColumn("tardy", "BIGINT", "Periods to which the student came late, by attendance_status_codes."),
    TableColumn("present", "BIGINT", "Periods at which the student was present, by attendance_status_codes."),
    TableColumn("excused", "BIGINT", "Absences whose excused status begins with e."),
    TableColumn("minutes_missed", "BIGINT", "Minutes that were missed, of all periods."),
)
_DATE = TableColumn("attendance_date", "DATE", "School day that the records are about.")
_SCHOOL = TableColumn("school_id", "BIGINT", "ESD's number of the school.")
_STUDENT = TableColumn("student_id", "BIGINT", "ESD's number of the student.")


def _listed(expressions: Iterable[str], indent: str = "    ") -> str:
    return f",\n{indent}".join(expressions)


STUDENT_DAYS = View(
    schema="public",
    name="period_attendance_student_days",
    meaning="Each student's day at a school: periods, absences, minutes missed. It is students' data.",
    remark="The day is absent by the rule of chronic absence.",
    columns=(
        _DATE,
        _SCHOOL,
        _STUDENT,
        *_COUNTED,
        TableColumn("is_absent_day", "BOOLEAN", "Whether half of the recorded periods or more are absences."),
    ),
    select=f"""\
SELECT
    attendance_date,
    school_id,
    student_id,
    {_listed(column.name for column in _COUNTED)},
    recorded > 0 AND absent >= {ABSENT_DAY_SHARE} * recorded AS is_absent_day
FROM (
    SELECT
        record.attendance_date,
        record.school_id,
        record.student_id,
        {_listed(_COUNTS, " " * 8)}
    {RECORDS.replace(chr(10), chr(10) + "    ")}
    GROUP BY record.attendance_date, record.school_id, record.student_id
) AS counted""",
)

BY_DAY = View(
    schema="public",
    name="period_attendance_by_day",
    meaning="Attendance of each school on each day.",
    remark="Sums of the students' days.",
    columns=(
        _DATE,
        _SCHOOL,
        TableColumn("students", "BIGINT", "Students with a record."),
        TableColumn("absent_students", "BIGINT", "Of these, students whose day counts as absent."),
        *_COUNTED,
    ),
    select=f"""\
SELECT
    attendance_date,
    school_id,
    COUNT(*) AS students,
    SUM(CASE WHEN is_absent_day THEN 1 ELSE 0 END) AS absent_students,
    {_listed(f"CAST(SUM({column.name}) AS BIGINT) AS {column.name}" for column in _COUNTED)}
FROM {STUDENT_DAYS.qualified}
GROUP BY attendance_date, school_id""",
)

_WEEKDAY = "CAST(EXTRACT(dow FROM record.attendance_date) AS INTEGER)"

BY_PERIOD = View(
    schema="public",
    name="period_attendance_by_period",
    meaning="Attendance of each school in each period of each day, with the weekday.",
    remark="Sum it by weekday and period, over the dates that are asked for.",
    columns=(
        _DATE,
        _SCHOOL,
        TableColumn("weekday", "INTEGER", "Day of the week: 0 is Sunday, 1 is Monday, 6 is Saturday."),
        TableColumn("period", "VARCHAR(256)", "First period of the meeting, as the source writes it."),
        *_COUNTED,
    ),
    select=f"""\
SELECT
    record.attendance_date,
    record.school_id,
    {_WEEKDAY} AS weekday,
    record.period_from AS period,
    {_listed(_COUNTS)}
{RECORDS}
GROUP BY record.attendance_date, record.school_id, {_WEEKDAY}, record.period_from""",
)

CHRONIC = View(
    schema="public",
    name="period_attendance_chronic_absence",
    meaning="Chronic absence of each student at a school in a school year. It is students' data.",
    remark="Excused absences count as the others do; today is missing: it is not over.",
    columns=(
        TableColumn("school_year", "INTEGER", "Year in which the school year begins: July to June."),
        _SCHOOL,
        _STUDENT,
        TableColumn("days", "BIGINT", f"Days with a recorded period: {LEAST_DAYS} or more."),
        TableColumn("absent_days", "BIGINT", "Of these, days that count as absent."),
        TableColumn("absent_percent", "NUMERIC(5,1)", "Percent of the days that count as absent."),
        TableColumn("is_chronic", "BOOLEAN", "Whether the absence is chronic."),
    ),
    select=f"""\
SELECT
    school_year,
    school_id,
    student_id,
    days,
    absent_days,
    CAST(100.0 * absent_days / days AS NUMERIC(5, 1)) AS absent_percent,
    absent_days >= {CHRONIC_SHARE} * days AS is_chronic
FROM (
    SELECT
        {school_year("attendance_date")} AS school_year,
        school_id,
        student_id,
        COUNT(*) AS days,
        SUM(CASE WHEN is_absent_day THEN 1 ELSE 0 END) AS absent_days
    FROM {STUDENT_DAYS.qualified}
    WHERE recorded > 0
        AND attendance_date < {TODAY}
    GROUP BY {school_year("attendance_date")}, school_id, student_id
) AS counted
WHERE days >= {LEAST_DAYS}""",
)

ATTENDANCE_VIEWS: tuple[View, ...] = (STUDENT_DAYS, BY_DAY, BY_PERIOD, CHRONIC)
