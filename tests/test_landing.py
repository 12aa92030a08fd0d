"""Names in the landing zone and beside it."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attendance_common.landing import (
    Areas,
    list_of,
    month_folder,
    object_name,
    partition_folder,
    quarantine_name,
    school_of_quarantine,
)

DAY = dt.date(2025, 12, 9)
LANDING = "raw_esd/incoming/periodAttendance/operational/landing/unnested_period_attendance/"
AREAS = Areas("edna-prod", LANDING)


def test_names() -> None:
    assert partition_folder(DAY) == "year=2025/month=12/day=09/"
    assert month_folder(DAY) == "year=2025/month=12/"
    assert object_name(DAY, 12549) == "year=2025/month=12/day=09/school_12549.parquet"
    assert partition_folder(dt.date(987, 1, 2)) == "year=0987/month=01/day=02/"


def test_areas() -> None:
    assert AREAS.location(DAY) == f"s3://edna-prod/{LANDING}year=2025/month=12/day=09/"
    assert AREAS.list_url(DAY, 7) == f"s3://edna-prod/{LANDING}year=2025/month=12/day=09/school_7.parquet"
    assert AREAS.quarantine == "raw_esd/incoming/periodAttendance/operational/quarantine/"
    assert AREAS.runs == "raw_esd/incoming/periodAttendance/operational/runs/"


@pytest.mark.parametrize(
    ("landing", "parent"),
    [("landing/attendance/", ""), ("a/landing/attendance/", "a/"), ("a/b/c/d/", "a/b/")],
)
def test_nothing_else_lies_below_the_landing_zone(landing: str, parent: str) -> None:
    areas = Areas("bucket", landing)
    assert (areas.quarantine, areas.runs) == (f"{parent}quarantine/", f"{parent}runs/")
    assert not areas.quarantine.startswith(landing)
    assert not areas.runs.startswith(landing)


@given(st.dates(), st.integers(0, 2**63 - 1))
@settings(max_examples=200)
def test_a_name_tells_its_date_and_its_school(day: dt.date, school_id: int) -> None:
    assert partition_folder(day).startswith(month_folder(day))
    assert list_of(object_name(day, school_id)) == (day, school_id)
    assert school_of_quarantine(quarantine_name(school_id)) == school_id


@given(st.sets(st.dates(), min_size=2, max_size=5))
@settings(max_examples=100)
def test_folders_sort_as_their_dates(days: set[dt.date]) -> None:
    assert sorted(map(partition_folder, days)) == [partition_folder(day) for day in sorted(days)]


@pytest.mark.parametrize(
    "name",
    [
        "",
        "school_1.parquet",
        "year=2025/school_1.parquet",
        "year=2025/month=12/school_1.parquet",
        "year=2025/month=13/day=01/school_1.parquet",
        "year=2025/month=02/day=30/school_1.parquet",
        "year=0000/month=01/day=01/school_1.parquet",
        "year=2025/month=2/day=3/school_1.parquet",
        "x/year=2025/month=12/day=09/school_1.parquet",
        "year=2025/month=12/day=09",
        "YEAR=2025/month=12/day=09/school_1.parquet",
        "year=٢٠٢٥/month=12/day=09/school_1.parquet",
    ],
)
def test_what_lies_in_no_partition(name: str) -> None:
    assert list_of(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "school_1.json",
        "school_1.parquet~",
        "school_1.parquet/",
        "school_01.parquet",
        "school_-1.parquet",
        "school_1x.parquet",
        "school_٣.parquet",
        "school_9223372036854775808.parquet",
        "school_12345678901234567890.parquet",
        "School_1.parquet",
        "deeper/school_1.parquet",
        "school_1.parquet\n",
        "",
    ],
)
def test_what_is_no_list_of_its_partition(name: str) -> None:
    assert list_of(f"year=2025/month=12/day=09/{name}") is None


@pytest.mark.parametrize("name", ["school_01.jsonl", "school_9223372036854775808.jsonl", "school_1.json"])
def test_what_is_no_file_of_the_quarantine(name: str) -> None:
    assert school_of_quarantine(name) is None
