"""What the tables must hold, worked out from what the source said; shares no code with the scripts.

It knows good records only; which records are odd, and why, stands in the tests as literals.
"""

from __future__ import annotations

import json
from collections.abc import Container
from datetime import date, datetime, timezone
from typing import Any

Record = dict[str, Any]
Row = dict[str, Any]
Place = tuple[date, int]  # a date and a school

# Native column -> where the API has it, in the order of the native table.
NATIVE: dict[str, str] = {
    "id": "id",
    "school_id": "",
    "attendance_date": "date",
    "student_id": "studentId",
    "meeting_time_id": "meetingTimeId",
    "section_id": "meetingTime.sectionId",
    "room_id": "meetingTime.roomId",
    "room_number": "meetingTime.roomNumber",
    "semester_numbers": "meetingTime.semesterNumbers",
    "bell_schedule_day": "meetingTime.bellScheduleDay",
    "period_from": "meetingTime.periodFrom",
    "period_to": "meetingTime.periodTo",
    "start_time": "meetingTime.startTime",
    "end_time": "meetingTime.endTime",
    "cycle": "meetingTime.cycle",
    "teacher": "meetingTime.teacher",
    "teachers": "meetingTime.teachers",
    "marking_periods": "meetingTime.markingPeriods",
    "semester_pattern": "meetingTime.semesterPattern",
    "period_name": "meetingTime.friendlyName",
    "attendance_reason_id": "attendanceReasonId",
    "attendance_reason": "attendanceReason",
    "modality": "modality",
    "attendance_status": "attendanceStatus",
    "excused_status": "excusedStatus",
    "is_early_dismissal": "isEarlyDismissal",
    "early_dismissal_attendance_reason_id": "earlyDismissalAttendanceReasonId",
    "minutes_late": "minutesLate",
    "minutes_early": "minutesEarly",
    "minutes_missed": "minutesMissed",
    "actual_minutes": "actualMinutes",
    "potential_minutes": "potentialMinutes",
    "tardy_time": "tardyTime",
    "dismissed_time": "dismissedTime",
    "comment": "comment",
    "is_locked": "isLocked",
    "verified": "verified",
    "created_by": "createdBy",
    "created_on": "createdOn",
    "modified_by": "modifiedBy",
    "modified_on": "modifiedOn",
    "extra_fields": "",
}


def native_row(school_id: int, record: Record) -> Row:
    """One good record as the native table holds it."""
    row = {column: _at(record, path) if path else None for column, path in NATIVE.items()}
    row["school_id"] = school_id
    row["attendance_date"] = day_of(record)
    for column in ("semester_numbers", "teachers", "marking_periods"):
        if row[column] is not None:
            row[column] = json.dumps(row[column], separators=(",", ":"), ensure_ascii=False)
    for column in ("created_on", "modified_on"):
        row[column] = instant(row[column])
    return row


def day_of(record: Record) -> date:
    """The date that a record is about."""
    return datetime.strptime(record["date"], "%m-%d-%Y").date()


def instant(text: str | None) -> datetime | None:
    """ISO 8601 as UTC without a zone, as Redshift's TIMESTAMP holds it."""
    if text is None:
        return None
    head, _, fraction = text.replace("Z", "").partition(".")
    parsed = datetime.fromisoformat(head).replace(tzinfo=timezone.utc)
    return parsed.replace(microsecond=int(f"{fraction:0<6}"[:6] or 0), tzinfo=None)


def _at(record: Record, path: str) -> Any:
    value: Any = record
    for key in path.split("."):
        value = (value or {}).get(key)
    return value


class Landed:
    """The landing zone: one complete list for each school and date; a date that is not named stays.

    Records that were read under another date leave such a list; one that lost its last record is empty.
    """

    def __init__(self) -> None:
        self.lists: dict[Place, dict[int, Row]] = {}
        self.written: dict[Place, int] = {}  # in which order the lists were last written
        self._writes = 0

    def publish(self, school_id: int, records: list[Record]) -> None:
        """A complete reading of a school: the newest version of each id, on its date."""
        newest: dict[int, Row] = {}
        for record in records:
            row = native_row(school_id, record)
            held = newest.get(row["id"])
            if held is None or age(row) >= age(held):
                newest[row["id"]] = row
        days = {row["attendance_date"] for row in newest.values()}
        for day in sorted(days):
            rows = {key: row for key, row in newest.items() if row["attendance_date"] == day}
            self.put((day, school_id), rows)
        for place in [place for place in self.lists if place[1] == school_id and place[0] not in days]:
            self.put(place, {key: row for key, row in self.lists[place].items() if key not in newest})

    def put(self, place: Place, rows: dict[int, Row]) -> None:
        """Write one list; the same again is no write."""
        if self.lists.get(place) != rows:
            self._writes += 1
            self.lists[place], self.written[place] = rows, self._writes


def age(row: Row) -> datetime:
    """For comparing versions: one that was never modified is the oldest."""
    return row["modified_on"] or datetime.min


class Table:
    """The native table: for each id, the newest version over all lists as they were last loaded."""

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        self._loaded: dict[Place, dict[int, Row]] = {}
        self._seen: dict[Place, int] = {}

    def pending(self, landed: Landed) -> set[Place]:
        """The lists that are not those last loaded."""
        return {place for place, write in landed.written.items() if self._seen.get(place) != write}

    def load(self, landed: Landed, only: Container[Place] | None = None) -> None:
        """Load the lists that are pending; only these, or all of them, and let go what no list has."""
        for place in self.pending(landed):
            if only is None or place in only:
                self._loaded[place], self._seen[place] = landed.lists[place], landed.written[place]
        self.rows |= self._winners()
        if only is None:
            self.rows = self._winners()

    def _winners(self) -> dict[int, Row]:
        """The newest version of each id; on a tie the later date, then the greater school."""
        winners: dict[int, Row] = {}
        for _, rows in sorted(self._loaded.items()):
            winners |= {
                key: row for key, row in rows.items() if key not in winners or age(row) >= age(winners[key])
            }
        return winners
