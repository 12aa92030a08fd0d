"""What the tables must hold, worked out from what the source said; shares no code with the scripts.

It knows good records only; which records are odd, and why, stands in the tests as literals.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Container
from datetime import date, datetime, timezone
from typing import Any, NamedTuple

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
    """The landing zone: one list for each school and date; one without records is a tombstone.

    What was read is landed. What was not read leaves only by a reading that is proved to hold everything,
    from lists that this reading covers, and only while not too many leave at once.
    """

    def __init__(self) -> None:
        self.lists: dict[Place, dict[int, Row]] = {}
        self.years: dict[Place, set[int]] = {}  # the school years under which a list's records were read
        self.written: dict[Place, int] = {}  # in which order the lists were last written
        self._writes = 0

    def publish(
        self,
        school_id: int,
        records: list[Record],
        *,
        year: int | None = 55,
        proved: bool = True,
        allowed: int = 0,
        rejected: Container[int] = (),
    ) -> None:
        """A whole reading of a school; `rejected`: ids of records that it has and that cannot be landed.

        `allowed`: how many removals the operator expects; of a school without records, from all its lists.
        """
        newest = _newest(school_id, records)
        days = sorted({row["attendance_date"] for row in newest.values()})
        near = [place for place in self._of(school_id) if _is_near(place[0], days)]
        covered = [place for place in near if self._covers(place, days, year)]
        if not days and allowed:
            covered = [place for place in self._of(school_id) if self.years[place] == {year}]
        before = {place: set(self.lists[place]) for place in covered}
        self._land(school_id, newest, year)
        self._move(near, newest, year)
        if proved:
            gone = {
                place: {key for key in keys if key not in newest and key not in rejected}
                for place, keys in before.items()
            }
            self._let_go(gone, sum(map(len, before.values())), allowed)

    def publish_part(self, school_id: int, records: list[Record], *, year: int | None = 55) -> None:
        """Some pages of a school: what they hold is landed, and leaves the other lists that were read."""
        newest = _newest(school_id, records)
        days = {row["attendance_date"] for row in newest.values()}
        read = [place for place in self._of(school_id) if place[0] in days]
        self._land(school_id, newest, year)
        self._move(read, newest, year)

    def _land(self, school_id: int, newest: dict[int, Row], year: int | None) -> None:
        """Put each record into the list of its date."""
        for day in sorted({row["attendance_date"] for row in newest.values()}):
            place = (day, school_id)
            read = {key: row for key, row in newest.items() if row["attendance_date"] == day}
            before = self.years.get(place, set()) if self.lists.get(place) else set()
            self.put(place, {**self.lists.get(place, {}), **read}, before | _named(year))

    def _move(self, places: list[Place], newest: dict[int, Row], year: int | None) -> None:
        """Take records out that were read under another date."""
        for place in places:
            moved = {key for key in self.lists[place] if key in newest}
            moved -= {key for key in moved if newest[key]["attendance_date"] == place[0]}
            self._take_out(place, moved, _named(year))

    def _let_go(self, gone: dict[Place, set[int]], landed: int, allowed: int) -> None:
        count = sum(map(len, gone.values()))
        few = count <= max(landed / 10, 50) and count <= landed / 2
        if few or count <= allowed:
            for place, keys in gone.items():
                self._take_out(place, keys, self.years[place])

    def _take_out(self, place: Place, keys: set[int], years: set[int]) -> None:
        if keys & self.lists[place].keys():
            rest = {key: row for key, row in self.lists[place].items() if key not in keys}
            self.put(place, rest, self.years[place] | years)

    def put(self, place: Place, rows: dict[int, Row], years: Collection[int] = (55,)) -> None:
        """Write one list; the same again is no write."""
        if self.lists.get(place) != rows or self.years.get(place) != set(years):
            self._writes += 1
            self.lists[place], self.years[place], self.written[place] = rows, set(years), self._writes

    def _of(self, school_id: int) -> list[Place]:
        return sorted(place for place in self.lists if place[1] == school_id)

    def _covers(self, place: Place, days: list[date], year: int | None) -> bool:
        if year is None:
            return not self.years[place] and days[0] <= place[0] <= days[-1]
        return self.years[place] == {year}


def _newest(school_id: int, records: list[Record]) -> dict[int, Row]:
    """The newest version of each record; of equals, the last."""
    newest: dict[int, Row] = {}
    for record in records:
        row = native_row(school_id, record)
        known = newest.get(row["id"])
        if known is None or age(row) >= age(known):
            newest[row["id"]] = row
    return newest


def _named(year: int | None) -> set[int]:
    return set() if year is None else {year}


def _is_near(day: date, days: list[date]) -> bool:
    return any(abs((day - read).days) <= 60 for read in days)


def age(row: Row) -> datetime:
    """For comparing versions: one that was never modified is the oldest."""
    return row["modified_on"] or datetime.min


class Former(NamedTuple):
    """A version that was in the table: its row, what became of it, and the columns that changed."""

    row: Row
    change: str
    columns: list[str]


def former(row: Row, replaced_by: Row | None) -> Former:
    """A version as it goes to the history; nothing replaces one whose record was removed."""
    if replaced_by is None:
        return Former(row, "removed", [])
    moved = any(row[name] != replaced_by[name] for name in ("attendance_date", "school_id"))
    changed = [name for name in NATIVE if row[name] != replaced_by[name]]
    return Former(row, "moved" if moved else "updated", changed)


class Table:
    """The native table: for each id, the newest version over all lists as they were last loaded.

    A record of an older table counts until a list of the landing zone has it; from then on it comes from
    there alone, also when no list has it any more.
    `history`: for each id, the versions that were in the table and are no longer, the oldest first.
    """

    def __init__(self) -> None:
        self.rows: dict[int, Row] = {}
        self.history: dict[int, list[Former]] = {}
        self._loaded: dict[Place, dict[int, Row]] = {}
        self._seen: dict[Place, int] = {}
        self._old: list[Row] = []
        self._landed: set[int] = set()

    def pending(self, landed: Landed) -> set[Place]:
        """The lists that are not those last loaded."""
        return {place for place, write in landed.written.items() if self._seen.get(place) != write}

    def load(self, landed: Landed, only: Container[Place] | None = None) -> None:
        """Load the lists that are pending; only these, or all of them, and let go what no list has."""
        for place in self.pending(landed):
            if only is None or place in only:
                self._loaded[place], self._seen[place] = landed.lists[place], landed.written[place]
                self._landed |= landed.lists[place].keys()
        self._become(self.rows | self._winners())
        if only is None:
            self._become(self._winners())

    def backfill(self, rows: list[Row]) -> None:
        """Take rows of an older table."""
        self._old += rows
        self._become(self.rows | self._winners())

    def _become(self, rows: dict[int, Row]) -> None:
        for key, row in self.rows.items():
            if rows.get(key) != row:
                self.history.setdefault(key, []).append(former(row, rows.get(key)))
        self.rows = rows

    def _winners(self) -> dict[int, Row]:
        """The newest version of each id; on a tie the later date, then the greater school."""
        winners: dict[int, Row] = {}
        for row in sorted(self._old, key=lambda row: (age(row), row["attendance_date"], row["school_id"])):
            if row["id"] not in self._landed:
                winners[row["id"]] = row
        for _, rows in sorted(self._loaded.items()):
            winners |= {
                key: row for key, row in rows.items() if key not in winners or age(row) >= age(winners[key])
            }
        return winners
