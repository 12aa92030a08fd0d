"""The view for reports that were written for an older table."""

from __future__ import annotations

from typing import Any

from attendance_common.load.api_names_view import API_NAMES
from tests.lists import NEW, TUESDAY, land, load, version
from tests.old_tables import NAMES
from tests.pipeline import Pipeline

NESTED = {
    *("sectionid", "roomnumber", "semesternumbers", "bellscheduleday", "periodfrom", "periodto", "starttime"),
    *(
        "endtime",
        "roomid",
        "cycle",
        "teacher",
        "teachers",
        "markingperiods",
        "semesterpattern",
        "friendlyname",
    ),
}


def test_it_has_every_name_of_an_older_table_and_the_fields_of_the_nested_object() -> None:
    names = [column.name for column in API_NAMES.columns]
    assert len(set(names)) == len(names)
    assert set(names) == set(NAMES) - {"meetingtime"} | NESTED
    assert names[:5] == ["id", "schoolid", "date", "studentid", "meetingtimeid"]


def test_a_report_on_an_older_table_reads_it(pipeline: Pipeline) -> None:
    land(pipeline, TUESDAY, version(1, "A", NEW), version(2, "P", NEW))
    load(pipeline)
    report = (
        "SELECT schoolid, date, COUNT(DISTINCT studentid) AS students, MAX(modifiedon) AS newest, "
        "SUM(CASE WHEN attendancestatus = 'A' THEN minutesmissed ELSE 0 END) AS missed, "
        "MAX(roomnumber) AS room "
        "FROM public.period_attendance_api_names WHERE date >= '2025-12-01' GROUP BY schoolid, date"
    )
    [row] = pipeline.query(report)
    expected: dict[str, Any] = {"schoolid": 1, "date": TUESDAY, "students": 1, "missed": 45, "room": "204"}
    assert {name: row[name] for name in expected} == expected
    assert f"{row['newest']}" == NEW
