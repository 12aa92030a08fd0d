"""The views on known data, with literal answers."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from attendance_common.load.column_types import can_hold
from attendance_common.load.view import View
from attendance_common.load.views import VIEWS
from tests.attendance_rows import MONDAY, put_lists, put_records, weekdays
from tests.documents import ROOT, blocks, owner_queries
from tests.pipeline import Pipeline

DAY = dt.timedelta(days=1)
TUESDAY = MONDAY + DAY


def rows(pipeline: Pipeline, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in pipeline.query(sql)]


def record(student: int, day: dt.date, period: int, status: str | None, **fields: Any) -> dict[str, Any]:
    return {
        "student_id": student,
        "attendance_date": day,
        "attendance_status": status,
        "excused_status": None,
        "period_from": str(period),
        "minutes_missed": 0,
        **fields,
    }


# Two students, two days. Student 7 misses half of Monday, and comes late on Tuesday.
RECORDS = [
    record(7, MONDAY, 1, "A", minutes_missed=45, excused_status="Excused"),
    record(7, MONDAY, 2, " absent ", minutes_missed=45, excused_status="Unexcused"),
    record(7, MONDAY, 3, "P"),
    record(7, MONDAY, 4, "Present"),
    record(7, MONDAY, 5, None),
    record(7, TUESDAY, 1, "Tardy", minutes_missed=10),
    record(7, TUESDAY, 2, "Absent", minutes_missed=45),
    record(7, TUESDAY, 3, "Elsewhere"),
    record(8, MONDAY, 1, "P", minutes_missed=None),
    record(8, MONDAY, 2, "a", minutes_missed=45),
    record(8, MONDAY, 3, "T"),
    record(8, TUESDAY, 1, " ", minutes_missed=None),
]


def test_every_view_has_the_columns_that_are_declared(pipeline: Pipeline) -> None:
    found = pipeline.query(
        "SELECT table_name, column_name, data_type, character_maximum_length AS width "
        "FROM svv_columns WHERE table_schema = 'public' ORDER BY table_name, ordinal_position"
    )
    for view in VIEWS:
        if view.late_binding:  # Redshift does not list its columns (DG: r_CREATE_VIEW, "Late-binding views")
            names = ", ".join(column.name for column in view.columns)
            assert pipeline.query(f"SELECT {names} FROM {view.qualified}") == []
            continue
        columns = [each for each in found if each["table_name"] == view.name]
        assert [each["column_name"] for each in columns] == [column.name for column in view.columns]
        for each, column in zip(columns, view.columns, strict=True):
            width = f"({each['width']})" if each["width"] else ""
            kind = column.type.partition("(")[0] if column.type.startswith("NUMERIC") else column.type
            assert can_hold(each["data_type"] + width, kind), (view.name, column.name, each)


def test_a_students_day(pipeline: Pipeline) -> None:
    put_records(pipeline, RECORDS)
    found = rows(
        pipeline, "SELECT * FROM public.period_attendance_student_days ORDER BY attendance_date, student_id"
    )
    # periods, recorded, absent, tardy, present, excused, minutes missed, absent day
    assert found == [
        (MONDAY, 1, 7, 5, 4, 2, 0, 2, 1, 90, True),
        (MONDAY, 1, 8, 3, 3, 1, 1, 1, 0, 45, False),
        (TUESDAY, 1, 7, 3, 3, 1, 1, 0, 0, 55, False),
        (TUESDAY, 1, 8, 1, 0, 0, 0, 0, 0, 0, False),
    ]


def test_a_schools_day(pipeline: Pipeline) -> None:
    put_records(pipeline, RECORDS)
    found = rows(pipeline, "SELECT * FROM public.period_attendance_by_day ORDER BY attendance_date")
    # students, absent students, periods, recorded, absent, tardy, present, excused, minutes missed
    assert found == [(MONDAY, 1, 2, 1, 8, 7, 3, 1, 3, 1, 135), (TUESDAY, 1, 2, 0, 4, 3, 1, 1, 0, 0, 55)]


def test_periods_and_weekdays(pipeline: Pipeline) -> None:
    put_records(pipeline, RECORDS)
    found = rows(
        pipeline,
        "SELECT weekday, period, SUM(periods) AS p, SUM(absent) AS a, SUM(tardy) AS t "
        "FROM public.period_attendance_by_period WHERE attendance_date >= '2025-12-08' "
        "GROUP BY weekday, period ORDER BY weekday, period",
    )
    assert found == [
        (1, "1", 2, 1, 0),
        (1, "2", 2, 2, 0),
        (1, "3", 2, 0, 1),
        (1, "4", 1, 0, 0),
        (1, "5", 1, 0, 0),
        (2, "1", 2, 0, 1),
        (2, "2", 1, 1, 0),
        (2, "3", 1, 0, 0),
    ]


# --- what a status means ------------------------------------------------------------------------------------


def test_a_code_that_is_edited_counts_and_a_rerun_of_the_setup_file_keeps_it(pipeline: Pipeline) -> None:
    put_records(pipeline, [record(7, MONDAY, 1, "X"), record(7, MONDAY, 2, "P")])
    counted = "SELECT absent, present FROM public.period_attendance_student_days"
    assert rows(pipeline, counted) == [(0, 1)]
    codes = "public.attendance_status_codes"
    pipeline.query(f"INSERT INTO {codes} VALUES (' x ', 'Absent')")
    pipeline.query(f"DELETE FROM {codes} WHERE status = 'P'")
    assert rows(pipeline, counted) == [(1, 0)]
    before = rows(pipeline, f"SELECT * FROM {codes} ORDER BY 1, 2")
    assert pipeline.setup().returncode == 0
    assert rows(pipeline, f"SELECT * FROM {codes} ORDER BY 1, 2") == before
    assert rows(pipeline, counted) == [(1, 0)]


def test_a_code_that_is_there_twice_doubles_no_record(pipeline: Pipeline) -> None:
    put_records(pipeline, [record(7, MONDAY, 1, "A")])
    pipeline.query("INSERT INTO public.attendance_status_codes VALUES ('a', 'present'), ('A', 'absent')")
    counted = "SELECT periods, absent, present FROM public.period_attendance_student_days"
    assert rows(pipeline, counted) == [(1, 1, 0)]


def test_a_code_without_a_status_or_with_another_meaning_counts_nothing(pipeline: Pipeline) -> None:
    put_records(pipeline, [record(7, MONDAY, 1, " "), record(7, MONDAY, 2, None), record(7, MONDAY, 3, "AU")])
    pipeline.query("INSERT INTO public.attendance_status_codes VALUES ('', 'absent'), ('AU', 'absense')")
    counted = "SELECT periods, recorded, absent, is_absent_day FROM public.period_attendance_student_days"
    assert rows(pipeline, counted) == [(3, 1, 0, False)]


def test_a_table_of_codes_without_rows_is_filled_again(pipeline: Pipeline) -> None:
    before = rows(pipeline, "SELECT * FROM public.attendance_status_codes ORDER BY status")
    assert ("A", "absent") in before
    pipeline.query("DELETE FROM public.attendance_status_codes")
    assert pipeline.setup().returncode == 0
    assert rows(pipeline, "SELECT * FROM public.attendance_status_codes ORDER BY status") == before


# --- chronic absence ----------------------------------------------------------------------------------------


def days_of(student: int, days: list[dt.date], absent: int, **fields: Any) -> list[dict[str, Any]]:
    """A student's days, of two periods each; on the first `absent` of them one of the two is missed."""
    return [
        record(student, day, period, "A" if number < absent and period == 1 else "P", **fields)
        for number, day in enumerate(days)
        for period in (1, 2)
    ]


def test_chronic_absence(pipeline: Pipeline) -> None:
    twenty = weekdays(MONDAY, 20)
    put_records(
        pipeline,
        [
            *days_of(1, twenty, 2),  # 10 %
            *days_of(2, twenty, 1),  # 5 %
            *days_of(3, twenty[:9], 9),  # nine days: not judged
            *days_of(4, twenty[:10], 1, excused_status="Excused"),  # 10 %, excused
        ],
    )
    found = rows(pipeline, "SELECT * FROM public.period_attendance_chronic_absence ORDER BY student_id")
    assert found == [
        (2025, 1, 1, 20, 2, Decimal("10.0"), True),
        (2025, 1, 2, 20, 1, Decimal("5.0"), False),
        (2025, 1, 4, 10, 1, Decimal("10.0"), True),
    ]


def test_chronic_absence_never_mixes_school_years_or_schools(pipeline: Pipeline) -> None:
    june, july = [dt.date(2025, 6, day) for day in range(21, 31)], [dt.date(2025, 7, d) for d in range(1, 11)]
    put_records(pipeline, [*days_of(1, june, 10), *days_of(1, july, 0)])
    pipeline.query("UPDATE public.period_attendance SET school_id = 2 WHERE attendance_date > '2025-07-05'")
    chronic = "SELECT school_year, school_id, days, absent_days FROM public.period_attendance_chronic_absence"
    assert rows(pipeline, chronic) == [(2024, 1, 10, 10)]
    pipeline.query("UPDATE public.period_attendance SET school_id = 1")
    assert rows(pipeline, f"{chronic} ORDER BY 1") == [(2024, 1, 10, 10), (2025, 1, 10, 0)]


def test_chronic_absence_counts_no_day_without_a_status_and_none_to_come(pipeline: Pipeline) -> None:
    today = dt.datetime.now(dt.timezone.utc).date()
    past = [today - number * DAY for number in range(1, 10)]
    unrecorded = record(1, today - 10 * DAY, 1, None)
    to_come = [*days_of(1, [today, today + DAY], 0), unrecorded]
    put_records(pipeline, [*days_of(1, past, 9), *to_come])
    assert rows(pipeline, "SELECT * FROM public.period_attendance_chronic_absence") == []


def test_the_three_numbers_of_chronic_absence_stand_in_one_place() -> None:
    text = "\n".join(view.select for view in VIEWS)
    numbers = Counter(re.findall(r"(?<![\w.(])(0\.5|0\.10|10)\b", text))
    assert numbers == {"0.5": 1, "0.10": 1, "10": 1}


# --- school days, gaps, freshness ---------------------------------------------------------------------------


def counts(days: list[dt.date], *schools: int) -> dict[tuple[dt.date, int], int]:
    return {(day, school): 100 for day in days for school in schools}


def test_gaps_are_school_days_on_which_a_school_that_has_begun_has_nothing(pipeline: Pipeline) -> None:
    monday, tuesday, wednesday, thursday, friday = weekdays(MONDAY, 5)
    saturday = friday + DAY
    listed = counts([monday, tuesday, wednesday, thursday, friday], 1, 2) | counts([saturday], 1)
    listed |= counts([tuesday, thursday], 3)  # has begun on Tuesday
    listed[friday, 3] = 0  # a tombstone
    put_lists(pipeline, listed)
    school_days = "SELECT * FROM public.period_attendance_school_days ORDER BY attendance_date"
    assert rows(pipeline, school_days) == [
        (monday, 2025, 2, 2),
        (tuesday, 2025, 3, 3),
        (wednesday, 2025, 3, 2),
        (thursday, 2025, 3, 3),
        (friday, 2025, 3, 2),
    ]
    gaps = "SELECT * FROM public.period_attendance_gaps ORDER BY attendance_date"
    assert rows(pipeline, gaps) == [(wednesday, 3, 3, 2), (friday, 3, 3, 2)]
    pipeline.query("UPDATE public.period_attendance_lists SET etag = NULL WHERE row_count = 0")
    assert rows(pipeline, gaps) == [(wednesday, 3, 3, 2)]  # its object is gone, its rows stay


def test_a_school_of_last_year_is_expected_when_it_has_begun_this_one(pipeline: Pipeline) -> None:
    june, september = weekdays(dt.date(2025, 6, 23), 3), weekdays(dt.date(2025, 9, 1), 3)
    put_lists(pipeline, counts(june, 1, 2, 3) | counts(september, 1, 2) | counts(september[1:2], 3))
    gaps = "SELECT attendance_date, school_id FROM public.period_attendance_gaps"
    assert rows(pipeline, gaps) == [(september[2], 3)]
    years = "SELECT * FROM public.period_attendance_school_years WHERE school_id = 3 ORDER BY school_year"
    assert rows(pipeline, years) == [(3, 2024, june[0], june[2]), (3, 2025, september[1], september[1])]


def test_today_and_what_is_to_come_are_no_gaps(pipeline: Pipeline) -> None:
    today = dt.datetime.now(dt.timezone.utc).date()
    put_lists(pipeline, counts([today - DAY], 1, 2, 3) | counts([today, today + DAY], 1, 2))
    assert rows(pipeline, "SELECT * FROM public.period_attendance_gaps") == []


def test_how_recent_a_school_is(pipeline: Pipeline) -> None:
    put_records(pipeline, [record(7, MONDAY, 1, "P"), record(7, TUESDAY, 1, "P")])
    assert rows(pipeline, "SELECT * FROM public.period_attendance_freshness") == [
        (1, 2, TUESDAY, dt.datetime(2025, 12, 8, 9), dt.datetime(2025, 12, 9, 6))
    ]


def test_a_date_of_the_future_makes_no_school_recent(pipeline: Pipeline) -> None:
    last = dt.date(9999, 12, 31)
    found = [record(7, MONDAY, 1, "P"), record(7, last, 1, "P"), record(8, last, 1, "P", school_id=2)]
    put_records(pipeline, found)
    freshness = "SELECT school_id, records, newest_date FROM public.period_attendance_freshness"
    assert sorted(rows(pipeline, freshness)) == [(1, 2, MONDAY), (2, 1, None)]


# --- the sort key -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["student_days", "by_day", "by_period"])
def test_a_predicate_on_the_date_reaches_the_table(pipeline: Pipeline, name: str) -> None:
    """As PostgreSQL plans it: the rows of the table are filtered before they are grouped."""
    put_records(pipeline, RECORDS)
    view = f"public.period_attendance_{name}"
    plan = rows(pipeline, f"EXPLAIN SELECT * FROM {view} WHERE attendance_date >= '2025-12-09'")
    lines = [str(line[0]).strip() for line in plan]
    [scan] = [number for number, line in enumerate(lines) if re.search(r"Scan on period_attendance\b", line)]
    assert "attendance_date >= '2025-12-09'" in lines[scan + 1]


# --- the setup file again -----------------------------------------------------------------------------------


def test_the_setup_file_replaces_the_views_and_whoever_reads_them_stays(pipeline: Pipeline) -> None:
    pipeline.query("CREATE VIEW public.mine AS SELECT school_id FROM public.period_attendance_by_day")
    done = pipeline.setup()
    assert done.returncode == 0, done.stderr
    put_records(pipeline, RECORDS)
    assert rows(pipeline, "SELECT DISTINCT school_id FROM public.mine") == [(1,)]


# Ordinary views over all columns of a table would keep them from being altered.
OVER_WHOLE_TABLES = {f"period_attendance_{name}" for name in ("versions", "corrections", "api_names")}


def test_views_over_the_external_table_are_late_binding_and_few_others() -> None:
    def has_to(view: View) -> bool:
        return "esd_spectrum." in view.select or view.name in OVER_WHOLE_TABLES

    assert [view.name for view in VIEWS if view.late_binding != has_to(view)] == []


# --- the documents ------------------------------------------------------------------------------------------


def documented() -> list[str]:
    """Every statement of docs/views-and-checks.md."""
    text = (ROOT / "docs" / "views-and-checks.md").read_text(encoding="utf-8")
    found = "".join(re.findall(r"^```sql\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    return [each.strip() for each in re.sub(r"--.*", "", found).split(";") if each.strip()]


def test_every_statement_of_the_document_runs(pipeline: Pipeline) -> None:
    put_records(pipeline, RECORDS)
    answers = {sql.split()[0]: rows(pipeline, sql) for sql in documented()}
    assert set(answers) == {"SELECT", "INSERT", "GRANT"}


def test_the_share_of_absences_by_weekday_and_period(pipeline: Pipeline) -> None:
    put_records(pipeline, RECORDS)
    [sql] = [each for each in documented() if "absent_percent" in each]
    found = rows(pipeline, sql.replace("12549", "1"))
    assert found[:3] == [(1, "1", Decimal(50)), (1, "2", Decimal(100)), (1, "3", Decimal(0))]


def test_analysts_may_read_every_view() -> None:
    grants = " ".join(sql for sql in documented() if sql.startswith("GRANT SELECT"))
    assert set(re.findall(r"public\.(\w+)", grants)) == {
        *(view.name for view in VIEWS),
        *("attendance_status_codes", "period_attendance_checks"),
    }


def test_the_query_beside_the_owners_counts_codes_and_words(pipeline: Pipeline) -> None:
    put_records(pipeline, RECORDS)
    [sql] = blocks("Absences, codes and words", "sql")
    assert rows(pipeline, sql.replace(";", "")) == [(TUESDAY, 4, 2, 1), (MONDAY, 8, 2, 3)]
    [owners] = [each for each in owner_queries() if "absences" in each]
    assert [tuple(row.values()) for row in pipeline.query(owners)] == [(TUESDAY, 4, 2, 1), (MONDAY, 8, 2, 0)]
