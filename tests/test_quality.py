"""The checks of the data after a load: what each finds on known data, and what is reported when."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from attendance_common.load import quality_run
from attendance_common.load.quality import CHECKS_OF_THE_DATA, Finding, Seen, findings, new_errors
from tests.attendance_rows import MONDAY, insert, put_lists, put_records, weekdays
from tests.lists import NEW, land, version
from tests.loading import Loading
from tests.pipeline import Finished, Pipeline

DAY = dt.timedelta(days=1)
NOW = dt.datetime(2025, 12, 20, 6, 0, tzinfo=dt.timezone.utc)
CHECKS = "public.period_attendance_checks"


def checked(pipeline: Pipeline) -> list[Finding]:
    """Make the checks once."""
    with Loading(pipeline).warehouse() as warehouse:
        return quality_run.renew(warehouse, "R", NOW)


def found(pipeline: Pipeline, name: str) -> list[Finding]:
    """What one check finds; what it suggests to look closer can be asked."""
    these = [each for each in checked(pipeline) if each.name == name]
    for each in these:
        assert pipeline.query(each.look_closer), each.look_closer
    return these


def texts(these: list[Finding]) -> list[str]:
    return [each.finding for each in these]


def listed(days: list[dt.date], *schools: int, count: int = 100) -> dict[tuple[dt.date, int], int]:
    return {(day, school): count for day in days for school in schools}


TEN = weekdays(MONDAY - 7 * DAY, 10)


# --- each check ---------------------------------------------------------------------------------------------


def test_a_run_of_school_days_without_a_record_is_one_error(pipeline: Pipeline) -> None:
    lists = listed(TEN, 1, 2, 3)
    for day in (TEN[2], TEN[3], TEN[8]):
        del lists[day, 3]
    put_lists(pipeline, lists)
    assert texts(found(pipeline, "missing days")) == [
        "school 3 has no record from 2025-12-03 to 2025-12-04 (2 school days), while most schools have some",
        "school 3 has no record on 2025-12-11, while most schools have some",
    ]
    assert CHECKS_OF_THE_DATA["missing days"].severity == "error"


def test_a_school_that_stops_stays_one_finding_from_its_first_missing_day(pipeline: Pipeline) -> None:
    days = weekdays(MONDAY - 28 * DAY, 20)
    put_lists(pipeline, listed(days, 1, 2) | listed(days[:3], 3))
    [missing] = found(pipeline, "missing days")
    assert (missing.school, missing.day, missing.rows) == (3, days[3], 17)
    [behind] = found(pipeline, "behind")
    assert behind.finding == (
        f"the newest date of school 3 is {days[2]}, 10 school days behind that of most ({days[-1]})"
    )
    assert behind.severity == "warn"


def test_a_gap_that_is_older_than_the_last_ten_school_days_is_none(pipeline: Pipeline) -> None:
    days = weekdays(MONDAY - 28 * DAY, 20)
    lists = listed(days, 1, 2, 3)
    del lists[days[9], 3]
    put_lists(pipeline, lists)
    assert checked(pipeline) == []


def test_days_that_few_schools_have_and_schools_that_have_not_begun_are_no_gaps(pipeline: Pipeline) -> None:
    put_lists(pipeline, listed(TEN, 1, 2) | listed(TEN[5:], 3) | listed([TEN[9] + DAY], 1))
    assert checked(pipeline) == []


@pytest.mark.parametrize(
    ("count", "weeks", "unusual"),
    [(49, 4, True), (50, 4, False), (148, 6, False), (149, 6, True), (10, 3, False)],
)
def test_counts_far_from_the_median_of_the_same_weekdays(
    pipeline: Pipeline, count: int, weeks: int, unusual: bool
) -> None:
    former = {(MONDAY - 7 * week * DAY, 1): 98 + 2 * (week % 2) for week in range(1, weeks + 1)}  # median 99
    put_lists(pipeline, former | {(MONDAY - 49 * DAY, 1): 9_000, (MONDAY, 1): count})
    expected = (
        f"school 1 has {count} records on 2025-12-08, and 99 on the same weekday of the six weeks before"
    )
    assert texts(found(pipeline, "unusual count")) == ([f"{expected} (median)"] if unusual else [])


def test_dates_beyond_what_a_school_publishes_ahead(pipeline: Pipeline) -> None:
    today = dt.datetime.now(dt.timezone.utc).date()
    lists = listed(weekdays(today - 14 * DAY, 8), 1, 2, 3)
    lists |= {(today + DAY, 1): 90, (today + 2 * DAY, 1): 1}  # published, but for the second
    lists |= {(today + 300 * DAY, 2): 2, (today + 301 * DAY, 2): 1}
    put_lists(pipeline, lists)
    [one, two] = found(pipeline, "too far ahead")
    assert (one.school, one.rows, two.school, two.rows) == (1, 1, 2, 3)
    assert one.finding.startswith(f"school 1 has 1 record on {today + 2 * DAY}, later than the last date")
    assert f"from {today + 300 * DAY} to {today + 301 * DAY}" in two.finding


def row(**fields: Any) -> dict[str, Any]:
    common = {"student_id": 7, "attendance_date": MONDAY, "attendance_status": "P"}
    times = {"created_on": "2025-12-08 08:00:00", "modified_on": "2025-12-08 09:00:00"}
    return {**common, **times, "minutes_missed": 0, "potential_minutes": 45, **fields}


def put(pipeline: Pipeline, *records: dict[str, Any]) -> None:
    """Rows, beside the ten school days of one school."""
    put_lists(pipeline, listed(TEN, 1))
    put_records(pipeline, records)


def test_records_of_an_earlier_school_year_that_were_created_now(pipeline: Pipeline) -> None:
    last_year, late = dt.date(2025, 6, 30), "2025-11-30 23:59:59"
    put(
        pipeline,
        row(attendance_date=last_year),
        row(attendance_date=dt.date(2025, 7, 1)),
        row(attendance_date=last_year, created_on=late),  # created before the last ten school days
    )
    assert texts(found(pipeline, "earlier school year")) == [
        "school 1 has 1 record on 2025-06-30, in an earlier school year than that in which they were created"
    ]


def test_a_status_of_ten_students_is_named_and_one_of_fewer_is_not(pipeline: Pipeline) -> None:
    put(
        pipeline,
        *(row(student_id=student, attendance_status=" AU ") for student in range(10)),
        *(row(student_id=student, attendance_status="Sam is ill") for student in range(9)),
        row(attendance_status="other words"),
        row(attendance_status="absent"),
        row(attendance_status=None),
        row(attendance_status="old", attendance_date=TEN[0] - DAY),
    )
    [unknown] = found(pipeline, "unknown status")
    no_meaning = "for which public.attendance_status_codes has no meaning"
    assert (unknown.severity, unknown.subject) == ("error", "au")
    assert unknown.finding == f"10 records have the status 'au', {no_meaning} (on 2025-12-08)"
    [rare] = found(pipeline, "rare unknown status")
    assert rare.severity == "warn"
    assert rare.finding == f"10 records have statuses {no_meaning}, each of few students (on 2025-12-08)"
    pipeline.query("INSERT INTO public.attendance_status_codes VALUES ('au', 'absent')")
    assert found(pipeline, "unknown status") == []


@pytest.mark.parametrize("meaning", ["absense", "", "absent or tardy"])
def test_a_status_with_a_mistyped_meaning_is_named(pipeline: Pipeline, meaning: str) -> None:
    pipeline.query(f"INSERT INTO public.attendance_status_codes VALUES ('AU', '{meaning}')")
    put(pipeline, *(row(student_id=student, attendance_status="AU") for student in range(10)))
    [unknown] = found(pipeline, "unknown status")
    assert unknown.subject == "au"
    pipeline.query("UPDATE public.attendance_status_codes SET meaning = ' Absent ' WHERE status = 'AU'")
    assert found(pipeline, "unknown status") == []


def test_a_status_is_named_whole_or_not_at_all(pipeline: Pipeline) -> None:
    statuses = ["é" * 16, "é" * 17]
    put(pipeline, *(row(student_id=n, attendance_status=each) for n in range(10) for each in statuses))
    assert [each.subject for each in found(pipeline, "unknown status")] == ["é" * 16]
    assert [each.rows for each in found(pipeline, "rare unknown status")] == [10]


def test_minutes_and_times_that_cannot_be(pipeline: Pipeline) -> None:
    put(
        pipeline,
        row(minutes_missed=46),
        row(minutes_missed=45),
        row(minutes_missed=None),
        row(modified_on="2025-12-08 07:59:59"),
        row(modified_on="2052-12-08 08:00:00"),
        row(modified_on=None),
    )
    assert [(each.name, each.severity, each.finding) for each in checked(pipeline)] == [
        ("minutes", "warn", "school 1 has 1 record with more minutes missed than there were (on 2025-12-08)"),
        (
            "modified before created",
            "warn",
            "school 1 has 1 record with a time of change before that of creation (on 2025-12-08)",
        ),
        (
            "modified in the future",
            "warn",
            "school 1 has 1 record with a time of change in the future (on 2025-12-08)",
        ),
    ]
    for name in ("minutes", "modified before created", "modified in the future"):
        assert len(found(pipeline, name)) == 1


def test_an_id_twice(pipeline: Pipeline) -> None:
    put(pipeline, row(id=5), row(id=5), row(id=6), row(id=6), row(id=7))
    [twice] = found(pipeline, "id twice")
    assert (twice.severity, twice.rows) == ("error", 2)
    assert twice.finding == "2 ids are in public.period_attendance more than once (on 2025-12-08)"


def fetched(school: int, days_ago: float, lies: int | None) -> dict[str, Any]:
    began = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None) - days_ago * DAY
    common = {"run": f"{school} {days_ago}", "script": "fetch", "scope": "whole"}
    return {**common, "began": began, "school_id": school, "in_quarantine": lies}


def test_a_quarantine_that_grows_within_a_week(pipeline: Pipeline) -> None:
    put_lists(pipeline, listed(TEN, 1))
    grows = [fetched(1, 8, 0), fetched(1, 6, 2), fetched(1, 3, 9), fetched(1, 0.5, 3), fetched(1, 0.1, None)]
    same = [fetched(2, 6, 4), fetched(2, 3, 9), fetched(2, 0.5, 4), fetched(3, 8, 0), fetched(3, 6, 5)]
    insert(pipeline, "period_attendance_run_schools", [*grows, *same])
    [growing] = found(pipeline, "quarantine growing")
    first, last = (f"{each['began']:%Y-%m-%d}" for each in (grows[1], grows[3]))
    assert (growing.severity, growing.school) == ("warn", 1)
    assert growing.finding == (
        f"3 records of school 1 lay in quarantine at the fetch of {last}, and 2 at that of {first}"
    )


def test_an_empty_table_has_no_findings(pipeline: Pipeline) -> None:
    assert checked(pipeline) == []


# --- what stands, what ends, what is new --------------------------------------------------------------------


def seen(day: dt.date, school: int = 3) -> Seen:
    return Seen("missing days", school, day, None, 1, day, day, None)


def test_a_finding_keeps_since_when_it_stands_and_one_that_comes_back_is_new() -> None:
    first, later = dt.datetime(2025, 12, 9), dt.datetime(2025, 12, 10)
    [one] = findings([seen(TEN[0])], [], first)
    assert (one.since, one.reported, one.is_new) == (first, None, True)
    reported = Finding(**{**vars(one), "reported": first})
    grown = seen(TEN[0])._replace(rows=2, last=TEN[1])
    again, other = findings([grown, seen(TEN[5])], [reported], later)
    assert (again.since, again.reported, again.is_new, again.rows) == (first, first, False, 2)
    assert (other.since, other.is_new) == (later, True)
    assert findings([], [again, other], later) == []
    [back] = findings([seen(TEN[0])], [], later)
    assert back.is_new


@pytest.mark.parametrize(
    ("missing", "days", "left", "is_same"),
    [
        (TEN[0], 5, TEN[4], True),  # the last of five
        (TEN[0], 6, TEN[5], True),  # over a weekend
        (TEN[0], 5, TEN[5], False),  # the day after them
        (TEN[4], 2, TEN[3], False),  # a day before them
        (TEN[0], 1, TEN[1], False),
    ],
)
def test_missing_days_are_the_same_finding_when_the_first_ones_came(
    missing: dt.date, days: int, left: dt.date, is_same: bool
) -> None:
    first, later = dt.datetime(2025, 12, 9), dt.datetime(2025, 12, 10)
    [one] = findings([seen(missing)._replace(rows=days)], [], first)
    reported = Finding(**{**vars(one), "reported": first})
    [now] = findings([seen(left)], [reported], later)
    assert (now.since, now.reported, now.is_new) == (
        (first, first, False) if is_same else (later, None, True)
    )
    [elsewhere] = findings([seen(left, school=4)], [reported], later)
    assert elsewhere.is_new


def test_new_errors_are_one_sentence_for_each_check_and_warnings_none() -> None:
    now = dt.datetime(2025, 12, 9)
    many = [seen(TEN[0], school) for school in range(1, 9)]
    warn = Seen("minutes", 1, None, None, 3, TEN[0], TEN[1], None)
    [sentence] = new_errors(findings([*many, warn], [], now))
    assert sentence.startswith(
        "check of the data, missing days: school 1 has no record on 2025-12-01, while most schools have some"
    )
    assert "school 5 has no record" in sentence
    assert "school 6" not in sentence
    assert "; and 3 more: fetch these schools whole" in sentence
    assert f"see SELECT finding, look_closer FROM {CHECKS} WHERE name = 'missing days'" in sentence


@pytest.mark.parametrize("name", CHECKS_OF_THE_DATA)
def test_every_error_has_a_cure_and_fits_its_columns(name: str) -> None:
    check = CHECKS_OF_THE_DATA[name]
    assert bool(check.cure) == (check.severity == "error")
    longest = Seen(name, 10**12, TEN[0], "x" * 32, 10**12, TEN[0], TEN[9], 10**12)
    [one] = findings([longest], [], dt.datetime(2025, 12, 9))
    assert len(name) <= 32
    assert len(one.finding) <= 1024
    assert len(one.look_closer) <= 2048


# --- with a load --------------------------------------------------------------------------------------------


def land_three(pipeline: Pipeline, *, but: tuple[dt.date, int] | None = None) -> None:
    """Ten school days of three schools, one record each."""
    key = 0
    for day in TEN:
        for school in (1, 2, 3):
            key += 1
            if (day, school) != but:
                land(pipeline, day, version(key, "P", NEW), school=school)


def stored(pipeline: Pipeline) -> list[dict[str, Any]]:
    return pipeline.query(f"SELECT * FROM {CHECKS} ORDER BY name, school_id")


def outcome(done: Finished) -> tuple[int, int | None, int]:
    return done.status, done.result["findings"], len(done.result["attention"])


def test_an_error_needs_a_person_once_and_ends_with_its_cause(pipeline: Pipeline) -> None:
    land_three(pipeline, but=(TEN[4], 3))
    first = pipeline.load()
    assert outcome(first) == (3, 1, 1)
    assert first.result["attention"][0].startswith(
        "check of the data, missing days: school 3 has no record on 2025-12-05, while most schools have some"
    )
    [row] = stored(pipeline)
    assert (row["severity"], row["school_id"], row["row_count"]) == ("error", 3, 1)
    assert row["since"] == row["reported_at"] == row["checked_at"]
    assert outcome(pipeline.load()) == (0, None, 0)  # nothing changed, so nothing was checked
    land(pipeline, TEN[0], version(1, "A", "2025-12-12 08:00:00.000000"))
    assert outcome(pipeline.load()) == (0, 1, 0)  # it stands
    [again] = stored(pipeline)
    assert again["since"] == row["since"]
    shown = pipeline.load("--status", "--json").result
    assert (shown["findings"], [each["name"] for each in shown["checks"]]) == (1, ["missing days"])
    land(pipeline, TEN[4], version(900, "P", NEW), school=3)
    assert outcome(pipeline.load()) == (0, 0, 0)
    assert stored(pipeline) == []


def test_a_load_that_dies_before_it_reports_lets_the_next_one_report(pipeline: Pipeline) -> None:
    land_three(pipeline, but=(TEN[4], 3))
    assert pipeline.load().status == 3
    pipeline.query(f"UPDATE {CHECKS} SET reported_at = NULL")
    land(pipeline, TEN[0], version(1, "A", "2025-12-12 08:00:00.000000"))
    assert outcome(pipeline.load()) == (3, 1, 1)


def test_checks_that_fail_are_named_and_the_load_stands(pipeline: Pipeline) -> None:
    land_three(pipeline)
    pipeline.query(f"DROP TABLE {CHECKS}")
    done = pipeline.load()
    assert (done.status, done.result["inserted"], done.result["findings"]) == (3, 30, None)
    [sentence] = done.result["attention"]
    assert sentence.startswith("the data was loaded and not checked: ")
    assert "run redshift_period_attendance_setup.sql" in sentence
    assert len(pipeline.table()) == 30


@pytest.mark.parametrize("flag", ["--dry-run", "--verify"])
def test_what_changes_nothing_checks_nothing(pipeline: Pipeline, flag: str) -> None:
    land_three(pipeline, but=(TEN[4], 3))
    sent: list[str] = []
    with pipeline.before_each_statement(sent.append):
        assert pipeline.load(flag).result["findings"] is None
    assert not [sql for sql in sent if CHECKS in sql and not sql.startswith("SELECT table_name")]


def test_two_loads_at_once_leave_each_finding_once(pipeline: Pipeline) -> None:
    land_three(pipeline, but=(TEN[4], 3))
    running = [pipeline.start("redshift_loader.py") for _ in range(2)]
    ended = [each.end() for each in running]
    assert {each.status for each in ended} <= {0, 3}
    assert 3 in {each.status for each in ended}
    assert len(stored(pipeline)) == 1
