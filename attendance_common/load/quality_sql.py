"""The statement of the checks of the data: one SELECT for each check.

They cover the last ten school days where nothing else is said. They give schools, dates and counts, never a
student.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from attendance_common.load import attendance_views as attendance
from attendance_common.load.list_sql import NATIVE, Statement, placeholders
from attendance_common.load.school_days import GAPS, SCHOOL_DAYS, SCHOOL_RECORDS, SCHOOL_YEARS, TODAY
from attendance_common.tables import CHECKS, RUN_SCHOOLS

WINDOW = 10  # school days

LAST_SCHOOL_DAYS = f"""\
SELECT attendance_date
FROM {SCHOOL_DAYS.qualified}
ORDER BY attendance_date DESC
LIMIT {WINDOW}"""

# Few rows on a date of the future: a date that was mistyped, not one that the school publishes ahead.
_PUBLISHED_SHARE = "0.1"  # of the school's usual day
_USUAL_WEEKS = (7, 14, 21, 28, 35, 42)  # days back: the last six same weekdays
_LEAST_WEEKS = 4  # of them with records
_FEW, _MANY = "0.5", "1.5"  # of the median
_QUARANTINE_DAYS = 7  # within which the newest fetch is compared with the oldest
_NEWEST = "MAX(CASE WHEN from_newest = 1 THEN in_quarantine END)"
_OLDEST = "MAX(CASE WHEN from_oldest = 1 THEN in_quarantine END)"
# A status of fewer students is not named: a word that one person typed could be about a student.
_COMMON_STUDENTS, _COMMON_LENGTH = 10, 32  # bytes, as Redshift measures a VARCHAR


def _arm(
    name: str,
    rest: str,
    *,
    school: str = "CAST(NULL AS BIGINT)",
    day: str = "CAST(NULL AS DATE)",
    subject: str = "CAST(NULL AS VARCHAR(32))",
    count: str = "COUNT(*)",
    first: str = "MIN(attendance_date)",
    last: str = "MAX(attendance_date)",
    usual: str = "CAST(NULL AS BIGINT)",
) -> str:
    """One SELECT of the statement, with the columns of `quality.Seen`."""
    return f"""\
SELECT
    CAST({name} AS VARCHAR(32)) AS name,
    {school} AS school_id,
    {day} AS attendance_date,
    {subject} AS subject,
    CAST({count} AS BIGINT) AS row_count,
    {first} AS first_date,
    {last} AS last_date,
    {usual} AS usual
{rest}"""


# Successive school days that lack records are one finding, identified by the first of these days.
_MISSING = _arm(
    "'missing days'",
    f"""\
FROM (
    SELECT
        gap.attendance_date,
        gap.school_id,
        day.place - ROW_NUMBER() OVER (PARTITION BY gap.school_id ORDER BY gap.attendance_date) AS run
    FROM {GAPS.qualified} AS gap
    INNER JOIN (
        SELECT attendance_date, ROW_NUMBER() OVER (ORDER BY attendance_date) AS place
        FROM {SCHOOL_DAYS.qualified}
    ) AS day
        ON gap.attendance_date = day.attendance_date
) AS missing
GROUP BY school_id, run
HAVING MAX(attendance_date) >= %s""",
    school="school_id",
    day="MIN(attendance_date)",
)

_BEHIND = _arm(
    "'behind'",
    f"""\
FROM {SCHOOL_YEARS.qualified} AS school
INNER JOIN {SCHOOL_DAYS.qualified} AS day
    ON school.school_year = day.school_year
    AND school.newest_date < day.attendance_date
WHERE day.attendance_date >= %s
GROUP BY school.school_id, school.newest_date""",
    school="school.school_id",
    first="school.newest_date",
    last="MAX(day.attendance_date)",
)

_UNUSUAL = _arm(
    "'unusual count'",
    f"""\
FROM (
    SELECT of_day.school_id, of_day.attendance_date, of_day.records, MEDIAN(former.records) AS former_median
    FROM {SCHOOL_RECORDS.qualified} AS of_day
    INNER JOIN {SCHOOL_RECORDS.qualified} AS former
        ON of_day.school_id = former.school_id
    WHERE of_day.attendance_date >= %s
        AND of_day.attendance_date < {TODAY}
        AND of_day.records > 0
        AND former.records > 0
        AND DATEDIFF(day, former.attendance_date, of_day.attendance_date)
            IN ({", ".join(map(str, _USUAL_WEEKS))})
    GROUP BY of_day.school_id, of_day.attendance_date, of_day.records
    HAVING COUNT(*) >= {_LEAST_WEEKS}
) AS compared
WHERE records < {_FEW} * former_median
    OR records > {_MANY} * former_median""",
    school="school_id",
    day="attendance_date",
    count="records",
    first="attendance_date",
    last="attendance_date",
    usual="CAST(former_median AS BIGINT)",
)

_AHEAD = _arm(
    "'too far ahead'",
    f"""\
FROM (
    SELECT
        future.school_id,
        future.attendance_date,
        future.records,
        MAX(
            CASE WHEN future.records >= {_PUBLISHED_SHARE} * past.usual THEN future.attendance_date END
        ) OVER (PARTITION BY future.school_id) AS published_to
    FROM {SCHOOL_RECORDS.qualified} AS future
    INNER JOIN (
        SELECT school_id, AVG(records) AS usual
        FROM {SCHOOL_RECORDS.qualified}
        WHERE attendance_date >= %s
            AND attendance_date < {TODAY}
        GROUP BY school_id
    ) AS past
        ON future.school_id = past.school_id
    WHERE future.attendance_date > {TODAY}
) AS ahead
WHERE published_to IS NULL
    OR attendance_date > published_to
GROUP BY school_id""",
    school="school_id",
    count="SUM(records)",
)

# Records that were created within the window: zone maps of created_on keep the scan short, since records are
# created about when their dates are.
_EARLIER_YEAR = _arm(
    "'earlier school year'",
    f"""\
FROM {NATIVE}
WHERE created_on >= %s
    AND attendance_date < %s
GROUP BY school_id""",
    school="school_id",
)

_STATUSES = _arm(
    "CASE WHEN subject IS NULL THEN 'rare unknown status' ELSE 'unknown status' END",
    f"""\
FROM (
    SELECT
        CASE
            WHEN students >= {_COMMON_STUDENTS} AND OCTET_LENGTH(code) <= {_COMMON_LENGTH} THEN code
        END AS subject,
        row_count,
        first_date,
        last_date
    FROM (
        SELECT
            {attendance.code_of("record.attendance_status")} AS code,
            COUNT(*) AS row_count,
            COUNT(DISTINCT record.student_id) AS students,
            MIN(record.attendance_date) AS first_date,
            MAX(record.attendance_date) AS last_date
        {attendance.RECORDS.replace(chr(10), chr(10) + " " * 8)}
        WHERE record.attendance_date >= %s
            AND {attendance.RECORDED}
            AND codes.code IS NULL
        GROUP BY {attendance.code_of("record.attendance_status")}
    ) AS strange
) AS named
GROUP BY subject""",
    subject=f"CAST(subject AS VARCHAR({_COMMON_LENGTH}))",
    count="SUM(row_count)",
    first="MIN(first_date)",
    last="MAX(last_date)",
)


def _rows(name: str, condition: str) -> str:
    """A check of single rows: the rows of each school within the window that meet a condition."""
    return _arm(
        f"'{name}'",
        f"""\
FROM {NATIVE}
WHERE attendance_date >= %s
    AND {condition}
GROUP BY school_id""",
        school="school_id",
    )


CONDITIONS = {
    "minutes": "minutes_missed > potential_minutes",
    "modified before created": "modified_on < created_on",
    "modified in the future": "modified_on > GETDATE()",
}

_TWICE = _arm(
    "'id twice'",
    f"""\
FROM (
    SELECT id, MIN(attendance_date) AS first_date, MAX(attendance_date) AS last_date
    FROM {NATIVE}
    WHERE attendance_date >= %s
    GROUP BY id
    HAVING COUNT(*) > 1
) AS twice
HAVING COUNT(*) > 0""",
    first="MIN(first_date)",
    last="MAX(last_date)",
)

# Only of runs that have rows: a run whose record this load copies at its end is checked by the next load.
_QUARANTINE = _arm(
    "'quarantine growing'",
    f"""\
FROM (
    SELECT
        school_id,
        began,
        in_quarantine,
        ROW_NUMBER() OVER (PARTITION BY school_id ORDER BY began) AS from_oldest,
        ROW_NUMBER() OVER (PARTITION BY school_id ORDER BY began DESC) AS from_newest
    FROM {RUN_SCHOOLS.qualified}
    WHERE script = 'fetch'
        AND in_quarantine IS NOT NULL
        AND began >= DATEADD(day, -{_QUARANTINE_DAYS}, GETDATE())
) AS fetched
GROUP BY school_id
HAVING {_NEWEST} > {_OLDEST}""",
    school="school_id",
    count=_NEWEST,
    first="CAST(MIN(began) AS DATE)",
    last="CAST(MAX(began) AS DATE)",
    usual=f"CAST({_OLDEST} AS BIGINT)",
)

_ARMS = (
    _MISSING,
    _BEHIND,
    _UNUSUAL,
    _AHEAD,
    _STATUSES,
    *(_rows(name, condition) for name, condition in CONDITIONS.items()),
    _TWICE,
    _QUARANTINE,
)


def find(school_days: Sequence[dt.date]) -> Statement:
    """All findings; `school_days`: the last ones, at least one."""
    first = min(school_days)
    year = first.year if first.month >= 7 else first.year - 1
    of_the_year = dt.date(max(year, dt.MINYEAR), 7, 1)  # 0001-01-01 is a date that a source has sent
    arms = [(_EARLIER_YEAR, [first, of_the_year]), *((arm, [first] * arm.count("%s")) for arm in _ARMS)]
    text = "\nUNION ALL\n".join(arm for arm, _ in arms) + "\nORDER BY name, school_id, first_date, subject"
    return text, [value for _, values in arms for value in values]


# --- the table of findings ----------------------------------------------------------------------------------

_COLUMNS = [column.name for column in CHECKS.columns]
_KEPT = _COLUMNS[: _COLUMNS.index("checked_at")]

FINDINGS = f"""\
SELECT {", ".join(_KEPT)}
FROM {CHECKS.qualified}
ORDER BY severity, name, school_id, attendance_date, subject"""

DELETE = f"DELETE FROM {CHECKS.qualified}"
INSERT = f"INSERT INTO {CHECKS.qualified} ({', '.join(_COLUMNS)})\nVALUES %s"
TEMPLATE = f"({placeholders(_COLUMNS)})"

NOTE_REPORTED = f"""\
UPDATE {CHECKS.qualified}
SET reported_at = checked_at
WHERE run = %s
    AND severity = 'error'
    AND reported_at IS NULL"""
