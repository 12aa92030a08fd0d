"""Invented attendance data in the shape that the ESD API sends: schools, meeting times and records.

Everything follows from a seed, so that two sandboxes with the same numbers hold the same bytes.
No name here belongs to anyone.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any, NamedTuple

import orjson

Record = dict[str, Any]

FIRST_SCHOOL_ID = 12549
FIRST_RECORD_ID = 5_503_183_822
FIRST_DAY = date(2025, 9, 22)
RECORD_IDS_PER_SCHOOL = 10_000_000
STUDENT_IDS_PER_SCHOOL = 100_000
PERIODS = 8
SECTIONS = 6
MODIFIED_LATER = 0.81  # share of the rows that are modified after the date they are about
NEVER_MODIFIED = 0.01

_SCHOOL_NAMES = (
    "Alder Grove",
    "Brindle Hill",
    "Copperfen",
    "Dunmarrow",
    "Elmsquith",
    "Fernhollow",
    "Gorseby",
)
_TEACHERS = ("Ambrel Tosk", "Ivo Quennick", "Maristel Dray", "Øyda Fennimar", "Perrin Vosk", "Zalia O'Torrin")
_ROOMS = ("204", "B-11", "Gym", "Lab 3", "117", "Aula")
_REASONS = ((3, "Medical appointment"), (5, "Family emergency"), (8, "School trip"))
_COMMENTS = (
    "Bus was late",
    'Note says "dentist"',
    "Arrivée après l'appel, excusée",
    "Called home,\nno answer",
)


class Row(NamedTuple):
    """One record as the source keeps it: what it is sorted by, and the JSON that is sent."""

    day: str  # YYYY-MM-DD, or "" when the record has no date
    id: int
    body: bytes


def school_days(count: int, first: date = FIRST_DAY) -> list[date]:
    """Give the first `count` weekdays from `first` on."""
    days = (first + timedelta(days=n) for n in range(count * 2 + 7))
    return [day for day in days if day.weekday() < 5][:count]


def school_days_until(last: date, count: int) -> list[date]:
    """Give the last `count` weekdays up to `last`."""
    days = (last - timedelta(days=n) for n in range(count * 2 + 7))
    return sorted(day for day in days if day.weekday() < 5)[-count:]


def make_school(index: int) -> Record:
    """Describe the school with this number, as `/v1/schools` does."""
    name = _SCHOOL_NAMES[index % len(_SCHOOL_NAMES)]
    return {
        "id": FIRST_SCHOOL_ID + index,
        "name": f"{name} School {index // len(_SCHOOL_NAMES) + 1}",
        "schoolCode": f"{index + 1:03}",
        "isActive": True,
    }


def make_meeting_times(index: int) -> list[Record]:
    """Give a school's timetable: PERIODS meeting times for each of its SECTIONS."""
    return [_meeting_time(index, section, period) for section in range(SECTIONS) for period in range(PERIODS)]


def _meeting_time(index: int, section: int, period: int) -> Record:
    starts = datetime(2025, 1, 1, 8, 0, tzinfo=timezone.utc) + timedelta(minutes=50 * period)
    teacher = (section + period) % len(_TEACHERS)
    return {
        "id": 129_019 + index * 1000 + section * PERIODS + period,
        "sectionId": 88_121 + index * 1000 + section,
        "roomNumber": None if section == SECTIONS - 1 else _ROOMS[section % len(_ROOMS)],
        "semesterNumbers": [1, 2] if period % 3 else [1],
        "bellScheduleDay": "AB"[section % 2],
        "periodFrom": str(period + 1),
        "periodTo": str(period + 1 + (period == PERIODS - 1)),
        "startTime": f"{starts:%H:%M:%S}",
        "endTime": f"{starts + timedelta(minutes=45):%H:%M:%S}",
        "roomId": None if section == SECTIONS - 1 else 311 + section,
        "cycle": "A,B",
        "teacher": _TEACHERS[teacher],
        "teachers": [{"id": index * 10 + teacher, "name": _TEACHERS[teacher]}],
        "markingPeriods": ["MP1", "MP2"] if section % 2 else ["MP1"],
        "semesterPattern": "FY" if period % 3 else "S1",
        "friendlyName": f"Period {period + 1}",
    }


def make_rows(index: int, count: int, days: Sequence[date], now: datetime, seed: int) -> Iterator[Row]:
    """Yield a school's `count` records, spread evenly over `days`, with ids in no order."""
    rng = random.Random(f"{seed}/{index}/{count}")
    first_id = FIRST_RECORD_ID + index * RECORD_IDS_PER_SCHOOL
    ids = rng.sample(range(first_id, first_id + 3 * count), count)
    timetable = make_meeting_times(index)
    fragments = [(meeting["id"], orjson.Fragment(orjson.dumps(meeting))) for meeting in timetable]
    for number, day in enumerate(days):
        of_day = range(number * count // len(days), (number + 1) * count // len(days))
        for place, position in enumerate(of_day):
            student, period = divmod(place, PERIODS)
            meeting_id, meeting = fragments[(student % SECTIONS) * PERIODS + period]
            record = make_record(rng, ids[position], day, now)
            record["studentId"] = 41_992 + index * STUDENT_IDS_PER_SCHOOL + student
            record["meetingTimeId"], record["meetingTime"] = meeting_id, meeting
            # A copy: the original keeps the room that it was written in.
            yield Row(day.isoformat(), ids[position], bytes(bytearray(orjson.dumps(record))))


def make_record(rng: random.Random, record_id: int, day: date, now: datetime) -> Record:
    """Make one record with all 26 fields; student and meeting time are the caller's to fill in."""
    record: Record = {
        "id": record_id,
        "date": f"{day:%m-%d-%Y}",
        "studentId": None,
        "meetingTimeId": None,
        "meetingTime": None,
        "attendanceReasonId": None,
        "attendanceReason": None,
        "modality": "Remote" if rng.random() < 0.04 else "In Person",
    }
    record |= _presence(rng)
    record |= {
        "comment": rng.choice(_COMMENTS) if rng.random() < 0.02 else None,
        "isLocked": rng.random() < 0.1,
        "verified": rng.random() < 0.9,
        "createdBy": 12,
        "createdOn": _stamp(rng, day - timedelta(days=5)),
    }
    return record | _modification(rng, day, now)


def attendance(status: str, *, missed: int = 0, late: int = 0, early: int = 0) -> Record:
    """Give the fields that follow from an attendance status; minutes of a period of 45."""
    return {
        "attendanceStatus": status,
        "excusedStatus": None,
        "isEarlyDismissal": early > 0,
        "earlyDismissalAttendanceReasonId": 3 if early else None,
        "minutesLate": late,
        "minutesEarly": early,
        "minutesMissed": missed,
        "actualMinutes": 45 - missed,
        "potentialMinutes": 45,
        "tardyTime": f"08:{late:02}:00" if late else None,
        "dismissedTime": f"14:{45 - early:02}:00" if early else None,
    }


def _presence(rng: random.Random) -> Record:
    """Draw a status: the API has been seen to send codes as well as words."""
    draw = rng.random()
    if draw < 0.86:
        return attendance("Present" if draw < 0.6 else "P")
    if draw < 0.95:
        return _absence(rng)
    minutes = rng.randrange(2, 25)
    if draw < 0.98:
        return attendance("Tardy" if draw < 0.97 else "T", missed=minutes, late=minutes)
    return attendance("Early Dismissal", missed=minutes, early=minutes)


def _absence(rng: random.Random) -> Record:
    absence = attendance(rng.choice(("A", "Absent")), missed=45)
    if rng.random() < 0.5:
        reason_id, reason = rng.choice(_REASONS)
        absence |= {"attendanceReasonId": reason_id, "attendanceReason": reason, "excusedStatus": "Excused"}
    return absence


def _modification(rng: random.Random, day: date, now: datetime) -> Record:
    draw, passed = rng.random(), (now.date() - day).days
    if draw < NEVER_MODIFIED:
        return {"modifiedBy": None, "modifiedOn": None}
    later = 1 + _below(rng, passed - 1) if passed > 0 and draw < NEVER_MODIFIED + MODIFIED_LATER else 0
    by, on = 12 + _below(rng, 28), _stamp(rng, day + timedelta(days=later))
    return {"modifiedBy": by, "modifiedOn": min(on, f"{now:%Y-%m-%dT%H:%M:%SZ}")}


def _stamp(rng: random.Random, day: date) -> str:
    """Write a time of that day as the API does: UTC, up to three decimals without trailing zeros."""
    minutes, milliseconds = _below(rng, 1440), _below(rng, 60_000)
    seconds = f"{milliseconds // 1000:02}.{milliseconds % 1000 or 1:03}".rstrip("0")
    return f"{day.isoformat()}T{minutes // 60:02}:{minutes % 60:02}:{seconds}Z"


def _below(rng: random.Random, limit: int) -> int:
    """Draw a number; not as even as `randrange`, and several times as fast."""
    return int(rng.random() * limit)
