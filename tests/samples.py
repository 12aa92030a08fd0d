"""A record as the API was seen to send it, and pages made of records."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from dataclasses import fields
from typing import Any, TypeVar

import polars as pl

from attendance_common.config import AwsSettings
from attendance_common.fetch.page import Page, read_page

SCHOOL = 12549

SEEN: dict[str, Any] = json.loads("""
{"id": 5503183822, "date": "12-09-2025", "studentId": 41992, "meetingTimeId": 129019,
 "meetingTime": {"id": 129019, "sectionId": 88121, "roomNumber": "204", "semesterNumbers": [1, 2],
   "bellScheduleDay": "A", "periodFrom": "3", "periodTo": "3", "startTime": "09:50:00", "endTime": "10:35:00",
   "roomId": 311, "cycle": "A,B", "teacher": "T. Cher", "teachers": [{"id": 7, "name": "T. Cher"}],
   "markingPeriods": ["MP1"], "semesterPattern": "FY", "friendlyName": "Period 3"},
 "attendanceReasonId": null, "attendanceReason": null, "modality": "In Person", "attendanceStatus": "A",
 "excusedStatus": null, "isEarlyDismissal": false, "earlyDismissalAttendanceReasonId": null,
 "minutesLate": 0, "minutesEarly": 0, "minutesMissed": 45, "actualMinutes": 0, "potentialMinutes": 45,
 "tardyTime": null, "dismissedTime": null, "comment": null, "isLocked": false, "verified": true,
 "createdBy": 12, "createdOn": "2025-12-04T03:26:58.23Z", "modifiedBy": 12,
 "modifiedOn": "2025-12-09T08:01:44.337Z"}
""")

LANDED: dict[str, Any] = {
    "id": 5503183822,
    "school_id": SCHOOL,
    "date": "12-09-2025",
    "student_id": 41992,
    "meeting_time_id": 129019,
    "meeting_time__id": 129019,
    "meeting_time__section_id": 88121,
    "meeting_time__room_number": "204",
    "meeting_time__semester_numbers": "[1,2]",
    "meeting_time__bell_schedule_day": "A",
    "meeting_time__period_from": "3",
    "meeting_time__period_to": "3",
    "meeting_time__start_time": "09:50:00",
    "meeting_time__end_time": "10:35:00",
    "meeting_time__room_id": 311,
    "meeting_time__cycle": "A,B",
    "meeting_time__teacher": "T. Cher",
    "meeting_time__teachers": '[{"id":7,"name":"T. Cher"}]',
    "meeting_time__marking_periods": '["MP1"]',
    "meeting_time__semester_pattern": "FY",
    "meeting_time__friendly_name": "Period 3",
    "attendance_reason_id": None,
    "attendance_reason": None,
    "modality": "In Person",
    "attendance_status": "A",
    "excused_status": None,
    "is_early_dismissal": False,
    "early_dismissal_attendance_reason_id": None,
    "minutes_late": 0,
    "minutes_early": 0,
    "minutes_missed": 45,
    "actual_minutes": 0,
    "potential_minutes": 45,
    "tardy_time": None,
    "dismissed_time": None,
    "comment": None,
    "is_locked": False,
    "verified": True,
    "created_by": 12,
    "created_on": "2025-12-04 03:26:58.230000",
    "modified_by": 12,
    "modified_on": "2025-12-09 08:01:44.337000",
    "extra_fields": None,
}

COLUMN_TYPES = {
    name: pl.Int64 if type(value) is int else pl.Boolean if type(value) is bool else pl.String
    for name, value in LANDED.items()
} | dict.fromkeys(("attendance_reason_id", "early_dismissal_attendance_reason_id"), pl.Int64)

BAD: Any = {"date": "02-30-2025"}  # a record with it cannot be landed


def record(changes: dict[str, Any] | None = None) -> dict[str, Any]:
    """The seen record with changes by dotted path: `{"meetingTime.cycle": "C"}`."""
    changed = copy.deepcopy(SEEN)
    for path, value in (changes or {}).items():
        *outer, last = path.split(".")
        place = changed
        for key in outer:
            place = place[key]
        place[last] = value
    return changed


def without(path: str) -> dict[str, Any]:
    """The seen record without one field."""
    changed = copy.deepcopy(SEEN)
    *outer, last = path.split(".")
    place = changed
    for key in outer:
        place = place[key]
    del place[last]
    return changed


def page(texts: Iterable[str], paging: str = "{}", name: str = "periodAttendanceList") -> bytes:
    """An answer of the API around the records' own texts."""
    return f'{{"{name}": [{", ".join(texts)}], "pagingInfo": {paging}}}'.encode()


def read(*records: Any) -> Page:
    """The page of these records, as the API would send them."""
    return read_page(page(json.dumps(each) for each in records), SCHOOL)


SettingsType = TypeVar("SettingsType", bound=AwsSettings)


def settings_with(kind: type[SettingsType], **given: Any) -> SettingsType:
    """Settings of which only some are set; the others are None."""
    return kind(**{**{declared.name: None for declared in fields(kind)}, **given})
