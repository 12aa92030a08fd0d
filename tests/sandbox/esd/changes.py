"""What happens at the source while nobody looks: a day of corrections, and rows that move under a reader."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta

import orjson

from .records import Record, Row, attendance, make_record
from .source import Source

CORRECTED_SHARE = 0.02
NEW_ROWS_PER_SCHOOL = 8


@dataclass(frozen=True)
class Corrections:
    """What a day of corrections did: counts only, they may be printed."""

    schools: int
    corrected: int
    added: int
    moved: int

    def as_dict(self) -> dict[str, int]:
        """Give the counts by name."""
        return asdict(self)


def correct_a_day(source: Source, *, seed: int = 1, share: float = CORRECTED_SHARE) -> Corrections:
    """Let a day pass at every school that has records.

    Statuses are corrected, rows for the next school day come in, one record moves to another date. Every row
    touched gets a `modifiedOn` newer than any before. The same seed on the same state does the same.
    """
    with source.lock:
        source.now += timedelta(days=1)
        rng = random.Random(f"{seed}/{source.now}")
        new_day = next_school_day(date.fromisoformat(source.today))
        schools = [school["id"] for school in source.schools if source.bodies(school["id"])]
        corrected = sum(_correct_school(source, school_id, new_day, rng, share) for school_id in schools)
        return Corrections(len(schools), corrected, NEW_ROWS_PER_SCHOOL * len(schools), len(schools))


def _correct_school(source: Source, school_id: int, new_day: date, rng: random.Random, share: float) -> int:
    """Change one school's records and say how many were corrected."""
    whole = [row for row in source.bodies(school_id) if row.id and row.day]
    chosen = rng.sample(whole, min(len(whole), 1 + max(1, round(share * len(whole)))))
    moved, *corrected = [orjson.loads(row.body) | _touch(source.now, rng) for row in chosen]
    moved["date"] = _another_date(moved["date"], [row.day for row in whole])
    for record in corrected:
        record.update(_other_attendance(record["attendanceStatus"]))
    newest_id = max(row.id for row in whole)
    new = [
        _new_record(moved, newest_id + 1 + n, new_day, source.now, rng) for n in range(NEW_ROWS_PER_SCHOOL)
    ]
    source.put(school_id, [moved, *corrected, *new])
    return len(corrected)


def next_school_day(day: date) -> date:
    """Give the weekday that follows."""
    return day + timedelta(days={4: 3, 5: 2}.get(day.weekday(), 1))


def appear(source: Source, school_id: int) -> None:
    """Add a row before all others: every later row slips one place back, one is seen twice."""
    _add_like(source, school_id, source.bodies(school_id)[0])


def appear_last(source: Source, school_id: int) -> None:
    """Add a row after all others."""
    _add_like(source, school_id, source.bodies(school_id)[-1])


def vanish(source: Source, school_id: int) -> None:
    """Remove the first row: every later row slips one place forward, one escapes a reader of pages."""
    source.remove(school_id, source.bodies(school_id)[0].id)


def move(source: Source, school_id: int) -> None:
    """Give the first row the last day: the count stays and yet a reader of pages misses another row."""
    first, last = source.bodies(school_id)[0], source.bodies(school_id)[-1]
    record: Record = orjson.loads(first.body)
    source.put(school_id, [record | {"date": orjson.loads(last.body)["date"]} | _stamped(source.now)])


def correct(source: Source, school_id: int) -> None:
    """Correct a status in the middle, nothing moves."""
    rows = source.bodies(school_id)
    record: Record = orjson.loads(rows[len(rows) // 2].body)
    source.put(school_id, [record | _other_attendance(record["attendanceStatus"]) | _stamped(source.now)])


def _add_like(source: Source, school_id: int, row: Row) -> None:
    """Add a copy of a row whose id, and so its place within its day, is the lowest or highest of all."""
    rows = source.bodies(school_id, "id")
    record_id = rows[0].id - 1 if row is source.bodies(school_id)[0] else rows[-1].id + 1
    source.add(school_id, orjson.loads(row.body) | {"id": record_id})


def _new_record(like: Record, record_id: int, day: date, now: datetime, rng: random.Random) -> Record:
    new = make_record(rng, record_id, day, now)
    return (
        new | {name: like[name] for name in ("studentId", "meetingTimeId", "meetingTime")} | _touch(now, rng)
    )


def _other_attendance(status: str) -> Record:
    if status in ("A", "Absent"):
        return attendance("Tardy", missed=10, late=10)
    return attendance("Absent", missed=45) | {"excusedStatus": "Unexcused"}


def _another_date(known: str, days: list[str]) -> str:
    """Pick the neighbouring date of the school's own; the next school day when it has only one."""
    own = f"{known[6:]}-{known[:5]}"
    day = min((d for d in days if d > own), default=max((d for d in days if d < own), default=None))
    moved_to = date.fromisoformat(day) if day else next_school_day(date.fromisoformat(own))
    return f"{moved_to:%m-%d-%Y}"


def _touch(now: datetime, rng: random.Random) -> Record:
    return _stamped(now + timedelta(milliseconds=rng.randrange(1, 3_600_000)))


def _stamped(moment: datetime) -> Record:
    return {"modifiedBy": 41, "modifiedOn": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"}
