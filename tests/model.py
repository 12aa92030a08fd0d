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

    Records that were read under another date leave such a list; the last of them stay, and count for nothing.
    """

    def __init__(self) -> None:
        self.lists: dict[Place, dict[int, Row]] = {}
        self.left: set[Place] = set()
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
        for day in sorted({row["attendance_date"] for row in newest.values()}):
            self.put(
                (day, school_id), {key: row for key, row in newest.items() if row["attendance_date"] == day}
            )

        days = {row["attendance_date"] for row in newest.values()}
        for place in [place for place in self.lists if place[1] == school_id and place[0] not in days]:
            self.take_out(place, newest)

    def put(self, place: Place, rows: dict[int, Row], *, left: bool = False) -> None:
        """Write one list; the same again is no write."""
        if self.lists.get(place) != rows or left != (place in self.left):
            self._writes += 1
            self.lists[place], self.written[place] = rows, self._writes
            (self.left.add if left else self.left.discard)(place)

    def take_out(self, place: Place, moved: Container[int]) -> None:
        """Records that were read elsewhere leave a list of a date that was not read."""
        if place not in self.left:
            rest = {key: row for key, row in self.lists[place].items() if key not in moved}
            self.put(place, rest or self.lists[place], left=not rest)

    def counted(self, place: Place) -> dict[int, Row]:
        """What the list says: nothing, once all of its records have left."""
        return {} if place in self.left else self.lists[place]


def age(row: Row) -> datetime:
    """For comparing versions: one that was never modified is the oldest."""
    return row["modified_on"] or datetime.min


class Table:
    """The native table: every record once, in its newest version, and the list that it came from."""

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        self._from: dict[int, Place] = {}
        self._seen: dict[Place, int] = {}

    def pending(self, landed: Landed) -> list[date]:
        """Dates that have a list which is not the one last loaded, oldest first."""
        return sorted({place[0] for place, write in landed.written.items() if self._seen.get(place) != write})

    def load(self, landed: Landed, only: Container[date] | None = None) -> None:
        """Merge the dates that are pending; all of them, or only these."""
        days = [day for day in self.pending(landed) if only is None or day in only]
        lists = {place: landed.counted(place) for place in landed.lists if place[0] in days}
        unsettled = set(self.pending(landed)) - set(days)
        read = {key for rows in lists.values() for key in rows}
        left = {key for key, place in self._from.items() if place in lists and key not in lists[place]}
        for place in sorted(landed.lists, key=landed.written.__getitem__):
            for key, row in landed.counted(place).items():
                offered = place in lists or key in left - read
                if offered and (key in left or self._gives_way(key, row, place, landed, unsettled)):
                    self.rows[key], self._from[key] = row, place
                    left.discard(key)
        for key in left:
            del self.rows[key], self._from[key]
        self._seen |= {place: landed.written[place] for place in lists}

    def _gives_way(
        self, key: int, row: Row, place: Place, landed: Landed, unsettled: Container[date]
    ) -> bool:
        """Whether what is held, if anything, is no newer. A list still to be loaded may have changed since:
        it wins no tie.
        """
        if key not in self.rows:
            return True
        held = self._from[key]
        since = -1 if held[0] in unsettled else landed.written[held]
        return (age(row), landed.written[place]) >= (age(self.rows[key]), since)
