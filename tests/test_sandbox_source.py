"""The invented data: its shape, that it is the same every time, and what may happen to it."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta, timezone

import pytest

from tests.sandbox.esd import Record, Source, correct_a_day
from tests.sandbox.esd.records import school_days

pytestmark = pytest.mark.sandbox

# As the real API was seen to send it.
SEEN = json.loads("""
{"id": 5503183822, "date": "12-09-2025", "studentId": 41992, "meetingTimeId": 129019,
 "meetingTime": {"id": 129019, "sectionId": 88121, "roomNumber": "204", "semesterNumbers": [1, 2],
   "bellScheduleDay": "A", "periodFrom": "3", "periodTo": "3", "startTime": "09:50:00", "endTime": "10:35:00",
   "roomId": 311, "cycle": "A,B", "teacher": "...", "teachers": [{"id": 7, "name": "..."}],
   "markingPeriods": ["MP1"], "semesterPattern": "FY", "friendlyName": "Period 3"},
 "attendanceReasonId": null, "attendanceReason": null, "modality": "In Person", "attendanceStatus": "A",
 "excusedStatus": null, "isEarlyDismissal": false, "earlyDismissalAttendanceReasonId": null,
 "minutesLate": 0, "minutesEarly": 0, "minutesMissed": 45, "actualMinutes": 0, "potentialMinutes": 45,
 "tardyTime": null, "dismissedTime": null, "comment": null, "isLocked": false, "verified": true,
 "createdBy": 12, "createdOn": "2025-12-04T03:26:58.23Z", "modifiedBy": 12,
 "modifiedOn": "2025-12-09T08:01:44.337Z"}
""")
SCHOOL, OTHER_SCHOOL, EMPTY_SCHOOL = 12549, 12550, 12551


@pytest.fixture
def source() -> Source:
    return Source.generate(2, 1500, days=30)


def everything(source: Source) -> list[Record]:
    return [record for school in source.schools for record in source.records(school["id"])]


def iso(day: str) -> str:
    return f"{day[6:]}-{day[:5]}"


def test_a_record_looks_as_the_api_sends_it(source: Source) -> None:
    for record in everything(source):
        assert list(record) == list(SEEN)
        assert list(record["meetingTime"]) == list(SEEN["meetingTime"])
        assert record["meetingTimeId"] == record["meetingTime"]["id"]
        for name, value in (*record.items(), *record["meetingTime"].items()):
            seen = SEEN.get(name) if name in SEEN else SEEN["meetingTime"][name]
            assert value is None or seen is None or type(value) is type(seen), name


def test_the_same_numbers_give_the_same_data() -> None:
    first, second = (Source.generate(2, 300, seed=7) for _ in range(2))
    assert first.schools == second.schools
    assert everything(first) == everything(second)
    assert everything(first) != everything(Source.generate(2, 300, seed=8))
    assert correct_a_day(first) == correct_a_day(second)
    assert everything(first) == everything(second)


def test_schools_and_counts(source: Source) -> None:
    assert [school["id"] for school in source.schools] == [SCHOOL, OTHER_SCHOOL, EMPTY_SCHOOL]
    assert [len(source.records(school)) for school in (SCHOOL, OTHER_SCHOOL, EMPTY_SCHOOL)] == [1500, 1500, 0]
    assert len({record["id"] for record in everything(source)}) == 3000 == source.count()


def test_dates_are_weekdays_and_records_come_sorted_by_them(source: Source) -> None:
    days = [iso(record["date"]) for record in source.records(SCHOOL)]
    assert days == sorted(days)
    assert len(set(days)) == 30
    assert all(date.fromisoformat(day).weekday() < 5 for day in days)
    assert source.today == days[-1] == "2025-10-31"
    assert school_days(3, date(2025, 12, 12)) == [date(2025, 12, 12), date(2025, 12, 15), date(2025, 12, 16)]


def test_data_can_end_at_a_moment() -> None:
    until = datetime(2026, 1, 30, 12, 30, tzinfo=timezone.utc)  # a Friday
    source = Source.generate(1, 600, days=10, until=until)
    records = everything(source)
    days = sorted({iso(record["date"]) for record in records})
    assert (days[0], days[-1], len(days)) == ("2026-01-19", "2026-01-30", 10)
    modified = sorted(record["modifiedOn"] for record in records if record["modifiedOn"])
    assert modified[-1] == "2026-01-30T12:30:00Z"
    sunday = Source.generate(1, 600, days=10, until=until + timedelta(days=2))
    assert (sunday.today, sunday.now) == ("2026-01-30", until + timedelta(days=2))


def test_ids_do_not_follow_the_dates(source: Source) -> None:
    ids = [record["id"] for record in source.records(SCHOOL)]
    assert ids != sorted(ids)


def test_most_rows_are_modified_after_the_date_they_are_about(source: Source) -> None:
    records = everything(source)
    later = sum((record["modifiedOn"] or "")[:10] > iso(record["date"]) for record in records)
    assert 0.78 < later / len(records) < 0.84
    assert any(record["modifiedOn"] is None for record in records)


def test_the_variety_that_the_api_was_seen_with(source: Source) -> None:
    records = everything(source)
    assert {"A", "Absent", "P", "Present", "T", "Tardy"} <= {record["attendanceStatus"] for record in records}
    optional = (
        "attendanceReasonId",
        "attendanceReason",
        "excusedStatus",
        "tardyTime",
        "dismissedTime",
        "comment",
    )
    for name in (*optional, "earlyDismissalAttendanceReasonId", "modifiedBy"):
        assert {record[name] is None for record in records} == {True, False}, name
    assert any(not record["comment"].isascii() for record in records if record["comment"])
    assert {len(record["meetingTime"]["markingPeriods"]) for record in records} == {1, 2}
    assert any(record["meetingTime"]["roomNumber"] is None for record in records)


def test_records_are_added_replaced_and_removed(source: Source) -> None:
    record = source.records(SCHOOL)[3]
    version = source.version
    source.put(SCHOOL, [record | {"comment": "changed"}])
    assert source.find(SCHOOL, record["id"])["comment"] == "changed"
    assert len(source.records(SCHOOL)) == 1500
    source.add(SCHOOL, record)
    assert [kept["id"] for kept in source.records(SCHOOL)].count(record["id"]) == 2
    source.remove(SCHOOL, record["id"])
    source.remove(SCHOOL, record["id"])
    assert len(source.records(SCHOOL)) == 1499
    with pytest.raises(KeyError):
        source.remove(SCHOOL, record["id"])
    assert source.version > version


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"id": None, "date": "13-45-2025"},
        {"id": "7", "date": None},
        {"id": 7, "date": 20251209},
        {"date": ""},
    ],
)
def test_odd_records_are_kept_as_they_are(source: Source, odd: Record) -> None:
    source.set_records(SCHOOL, [odd])
    assert source.records(SCHOOL) == [odd]
    source.add(SCHOOL, odd)
    assert source.records(SCHOOL) == [odd, odd]


def test_a_source_goes_back_to_what_it_was(source: Source) -> None:
    memory, before = source.remember(), everything(source)
    correct_a_day(source)
    source.schools.clear()
    source.restore(memory)
    assert everything(source) == before
    assert source.today == "2025-10-31"


def test_a_day_of_corrections(source: Source) -> None:
    before = {record["id"]: record for record in everything(source)}
    newest = max(record["modifiedOn"] or "" for record in before.values())
    done = correct_a_day(source, share=0.02)
    after = {record["id"]: record for record in everything(source)}
    changed = [after[known] for known in before if after[known] != before[known]]
    moved = [record for record in changed if record["date"] != before[record["id"]]["date"]]
    added = [after[unknown] for unknown in after.keys() - before.keys()]
    assert done.as_dict() == {"schools": 2, "corrected": 60, "added": 16, "moved": 2}
    assert (len(changed), len(moved), len(added)) == (62, 2, 16)
    assert all(record["modifiedOn"] > newest for record in [*changed, *added])
    assert {record["date"] for record in added} == {"11-03-2025"}
    statuses = [(record["attendanceStatus"], before[record["id"]]["attendanceStatus"]) for record in changed]
    assert sum(now != then for now, then in statuses) == 60
    assert {record["date"] for record in moved} <= {record["date"] for record in before.values()}


def test_each_day_of_corrections_is_newer_than_the_one_before(source: Source) -> None:
    correct_a_day(source)
    newest = max(record["modifiedOn"] or "" for record in everything(source))
    before = everything(source)
    correct_a_day(source)
    touched = [record for record in everything(source) if record not in before]
    assert len(touched) > 60
    assert min(record["modifiedOn"] for record in touched) > newest
