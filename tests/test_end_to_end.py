"""From the API to the table with the real scripts: loads, corrections, odd records, what is left alone."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest

from tests.bucket import LANDING, QUARANTINE, RUNS
from tests.documents import owner_queries
from tests.model import Record, day_of
from tests.sandbox import Sandbox
from tests.sandbox.aws_front import AwsFront, Call
from tests.sandbox.esd import Fault, correct_a_day
from tests.sandbox.esd.faults import Dropped
from tests.world import World

LOADED = "SELECT * FROM public.period_attendance_lists ORDER BY partition_date, school_id"


def test_a_first_load_holds_every_record_of_the_source(world: World) -> None:
    fetched, loaded = world.run()
    records = world.source.count()
    assert records > 0
    assert (fetched["received"], fetched["landed"], fetched["quarantined"]) == (records, records, 0)
    assert (loaded["inserted"], loaded["updated"], loaded["superseded"], loaded["lists"]) == (
        *(records, 0, 0),
        len(world.landed.lists),
    )
    assert loaded["registered"] == loaded["partitions"] == len({day for day, _ in world.landed.lists})


def test_a_second_run_changes_nothing(world: World) -> None:
    world.run()
    before = world.bucket.keys(LANDING)
    loads = world.pipeline.query(LOADED)
    fetched, loaded = world.run()
    assert fetched["lists_written"] == 0
    assert fetched["lists_unchanged"] == len(before)
    assert (loaded["registered"], loaded["loaded"], loaded["rows_read"]) == (0, 0, 0)
    assert world.bucket.keys(LANDING) == before
    again = world.pipeline.query(LOADED)
    assert again == loads


def test_an_object_is_sent_without_asking_first(world: World) -> None:
    with AwsFront(world.pipeline.sandbox.aws_endpoint) as front:
        assert world.pipeline.fetch(AWS_ENDPOINT_URL=front.endpoint).status == 0
    puts = [dict(call.headers) for call in front.calls if call.action == "PutObject"]
    assert puts
    assert not [headers for headers in puts if "expect" in headers]


def test_an_object_whose_answer_was_lost_counts_as_written(world: World) -> None:
    lost: list[Call] = []

    @contextmanager
    def lose_one(call: Call) -> Iterator[None]:
        yield
        if call.is_about("PutObject", ".parquet") and not lost:
            lost.append(call)
            raise Dropped

    with AwsFront(world.pipeline.sandbox.aws_endpoint) as front:
        front.crossing = lose_one
        fetched = world.pipeline.fetch(AWS_ENDPOINT_URL=front.endpoint)
    assert lost
    assert (fetched.status, fetched.result["lists_unchanged"]) == (0, 0)
    assert fetched.result["lists_written"] == len(world.bucket.keys(LANDING))


def test_a_day_of_corrections_arrives(world: World) -> None:
    world.run()
    done = correct_a_day(world.source)
    _, loaded = world.run()
    assert done.corrected > 0
    assert loaded["inserted"] == done.added
    assert loaded["updated"] == done.corrected + done.moved
    assert loaded["superseded"] == 0


def test_a_school_without_records_is_no_fault(world: World) -> None:
    fetched, _ = world.run()
    assert fetched["schools"] == 3
    assert fetched["schools_failed"] == 0


def test_a_record_whose_date_changes_stands_once_under_its_new_date(world: World) -> None:
    world.run()
    moved = world.source.records(world.first)[0]
    world.change(world.first, moved["id"], date="11-28-2025", modifiedOn="2026-06-01T00:00:00Z")
    _, loaded = world.run()
    assert (loaded["inserted"], loaded["updated"], loaded["removed"]) == (0, 1, 0)
    assert world.pipeline.table()[moved["id"]]["attendance_date"] == date(2025, 11, 28)


def test_the_last_record_of_a_date_moves_and_the_old_list_stays(world: World) -> None:
    alone = {**world.source.records(world.first)[0], "id": 77, "date": "01-02-2026"}
    world.source.add(world.first, alone)
    world.run()
    world.change(world.first, 77, date="01-05-2026", modifiedOn="2026-06-01T00:00:00Z")
    world.run()
    assert (date(2026, 1, 2), world.first) in world.bucket.landed()
    assert world.pipeline.table()[77]["attendance_date"] == date(2026, 1, 5)


def test_a_record_that_moves_without_a_newer_time_stands_where_it_went(world: World) -> None:
    alone = {**world.source.records(world.first)[0], "id": 77, "date": "01-02-2026", "modifiedOn": None}
    world.source.add(world.first, alone)
    world.run()
    world.change(world.first, 77, date="01-05-2026")
    world.run()
    # Another school's list for the old date changes: its partition is loaded again, old list included.
    world.source.add(world.schools[1], {**alone, "id": 78})
    world.run()
    assert world.pipeline.table()[77]["attendance_date"] == date(2026, 1, 5)


def test_a_record_removed_at_the_source_leaves_the_table(world: World) -> None:
    world.run()
    gone = world.source.records(world.first)[0]
    world.source.remove(world.first, gone["id"])
    _, loaded = world.run()
    assert loaded["removed"] == 1
    assert gone["id"] not in world.pipeline.table()


def test_dates_that_the_source_no_longer_names_stay_while_they_are_many(world: World) -> None:
    world.run()
    records = world.source.records(world.first)
    days = sorted({day_of(record) for record in records})
    world.source.set_records(world.first, [record for record in records if day_of(record) == days[-1]])
    assert world.pipeline.fetch().status == 3
    loaded = world.pipeline.load()
    assert (loaded.status, loaded.result["removed"]) == (0, 0)
    assert world.pipeline.table().keys() >= {record["id"] for record in records}


def test_repeated_ids_are_landed_once_in_their_newest_version(world: World) -> None:
    record = world.source.records(world.first)[0]
    newer = {**record, "attendanceStatus": "Excused", "modifiedOn": "2026-06-01T00:00:00Z"}
    world.source.add(world.first, newer)
    world.source.add(world.first, record)
    fetched, _ = world.run()  # the source counts 302 records, and has 300 ids
    assert (fetched["received"], fetched["landed"], fetched["repeats"]) == (602, 600, 2)
    assert world.pipeline.table()[record["id"]]["attendance_status"] == "Excused"


def test_a_school_whose_rows_shift_between_pages_has_all_with_the_next_run(
    world: World, sandbox: Sandbox
) -> None:
    sandbox.esd.faults.add(Fault("change", school=world.first, page=2, change="appear"))
    done = world.pipeline.fetch(ESD_PAGE_SIZE="100", ESD_CONCURRENCY="1")
    assert (done.status, done.result["repeats"]) == (0, 1), done.story
    world.run()


def odd(name: str, reason: str, **fields: Any) -> Any:
    return pytest.param(fields, reason, id=name)


ODD = [
    odd("no id", "id: missing", id=None),
    odd("no student", "studentId: missing", studentId=None),
    odd("no date", "date: missing", date=None),
    odd("malformed date", "date: not a date MM-DD-YYYY", date="2025-12-09"),
    odd("impossible date", "date: not a date MM-DD-YYYY", date="02-30-2026"),
    odd("text for a number", "minutesLate: not a whole number", minutesLate="seven"),
    odd("fraction for a number", "minutesLate: not a whole number", minutesLate=7.5),
    odd("number beyond BIGINT", "studentId: beyond BIGINT", studentId=2**63),
    odd("word for a flag", "isLocked: neither true nor false", isLocked="yes"),
    odd("text too long in bytes", "comment: longer than 16384 bytes", comment="é" * 8193),
    odd("NUL in a text", "comment: holds a NUL character", comment="a\0b"),
    odd("time without offset", "modifiedOn: not an ISO 8601 time", modifiedOn="2026-01-01T00:00:00"),
    odd("meeting time of another shape", "meetingTime: not an object", meetingTime="Period 3"),
]


@pytest.mark.parametrize(("fields", "reason"), ODD)
def test_an_odd_record_goes_whole_to_quarantine(world: World, fields: Record, reason: str) -> None:
    good = world.source.records(world.first)[0]
    world.source.add(world.first, {**good, "id": 99, **fields})
    done = world.pipeline.fetch()
    assert done.status == 3
    assert (done.result["quarantined"], done.result["landed"]) == (1, world.source.count() - 1)
    [line] = world.bucket.quarantined()
    assert line["reason"].startswith(reason)
    assert line["schoolId"] == world.first
    assert json.loads(line["record"]) == {**good, "id": 99, **fields}
    world.pipeline.fetch()
    assert len(world.bucket.keys(QUARANTINE)) == 1  # a rerun does not pile up


def test_numbers_as_text_offsets_new_fields_and_lists_are_landed(world: World) -> None:
    good = world.source.records(world.first)[0]
    record = copy.deepcopy(good) | {"id": "99", "minutesLate": "7", "newField": {"b": [1], "a": None}}
    record |= {"modifiedOn": "2026-06-01T02:30:00.1234567+02:00", "excusedStatus": 5, "comment": "  Ω "}
    record["meetingTime"] |= {"teachers": [{"id": 7, "name": "Øyda"}], "newNested": True, "roomNumber": None}
    world.source.add(world.first, record)
    assert world.pipeline.fetch().status == 0
    assert world.pipeline.load().status == 0
    row = world.pipeline.table()[99]
    assert (row["minutes_late"], row["excused_status"], row["comment"]) == (7, "5", "  Ω ")
    assert str(row["modified_on"]) == "2026-06-01 00:30:00.123456"
    assert row["teachers"] == '[{"id":7,"name":"Øyda"}]'
    assert row["room_number"] is None
    assert row["extra_fields"] == '{"meetingTime":{"newNested":true},"newField":{"b":[1],"a":null}}'


def test_a_record_that_turns_odd_keeps_its_last_good_version(world: World) -> None:
    world.run()
    record = world.source.records(world.first)[0]
    world.change(world.first, record["id"], minutesLate="x", modifiedOn="2026-06-01T00:00:00Z")
    assert world.pipeline.fetch().status == 3
    assert world.pipeline.load().status == 0
    world.compare()


def test_a_landed_object_that_is_no_parquet_is_written_anew(world: World, sandbox: Sandbox) -> None:
    world.run()
    record = world.source.records(world.first)[0]
    key = next(name for name in world.bucket.keys(LANDING) if name.endswith(f"school_{world.first}.parquet"))
    sandbox.aws.client("s3").put_object(Bucket=sandbox.aws.bucket, Key=LANDING + key, Body=b"cut")
    world.change(world.first, record["id"], date="11-11-2025", minutesLate="x")
    done = world.pipeline.fetch()
    assert done.status == 3
    assert f"{key} (it is no Parquet)" in done.result["attention"][0]
    assert world.bucket.read(LANDING + key).startswith(b"PAR1")


def test_the_landing_zone_holds_parquet_alone(world: World) -> None:
    world.source.add(world.first, {"id": 1})
    world.pipeline.fetch()
    names = world.bucket.keys(LANDING)
    assert names
    assert all(name.endswith(".parquet") for name in names)
    assert len(world.bucket.keys(RUNS)) == 1


def test_the_owners_queries_answer_as_the_model_does(world: World) -> None:
    world.run()
    by_day, absences, partitions, latest, both = (world.pipeline.query(query) for query in owner_queries())
    rows = list(world.table.rows.values())
    days = {row["attendance_date"] for row in rows}
    assert [date(row["year"], row["month"], row["day"]) for row in by_day] == sorted(days, reverse=True)
    assert sum(row["count"] for row in by_day) == len(rows)
    for row in absences:
        on_day = [each for each in rows if each["attendance_date"] == row["attendance_date"]]
        assert row["total_records"] == len(on_day)
        assert row["unique_students"] == len({each["student_id"] for each in on_day})
        assert row["absences"] == sum(each["attendance_status"] == "Absent" for each in on_day)
    assert len(absences) == len([day for day in days if day >= date(2025, 12, 1)])
    assert partitions == [{"partition_count": len(days)}]
    assert latest == [
        {
            "latest_date": max(days),
            "latest_modified": max(row["modified_on"] for row in rows if row["modified_on"]),
        }
    ]
    assert {row["source"]: row["row_count"] for row in both} == {"External": len(rows), "Native": len(rows)}


def test_a_year_without_a_record_needs_a_person(world: World) -> None:
    done = world.pipeline.fetch(ESD_SCHOOL_YEAR_ID="999")
    assert (done.status, done.result["received"]) == (3, 0)
    [sentence] = done.result["attention"]
    assert sentence.startswith("no school has a record in school year 999: check ESD_SCHOOL_YEAR_ID (since ")
    again = world.pipeline.fetch(ESD_SCHOOL_YEAR_ID="999")
    assert (again.status, again.result["standing"]) == (0, 1)


def test_dry_runs_change_nothing(world: World) -> None:
    assert world.pipeline.fetch("--dry-run").status == 0
    assert world.bucket.keys("") == {}
    world.pipeline.fetch()
    done = world.pipeline.load("--dry-run")
    assert done.result["dry_run"] is True
    assert "a dry run" in done.story
    assert (done.status, done.result["registered"]) == (0, len({day for day, _ in world.bucket.landed()}))
    assert world.pipeline.query("SELECT * FROM svv_external_partitions") == []
    assert world.pipeline.table() == {}


def test_the_setup_file_run_twice_changes_nothing(world: World) -> None:
    def layout() -> list[list[dict[str, Any]]]:
        columns = world.pipeline.query("SELECT * FROM svv_external_columns ORDER BY columnnum")
        comments = world.pipeline.query("SELECT * FROM pg_description ORDER BY objoid, objsubid")
        return [columns, comments]

    assert world.pipeline.setup().returncode == 0
    world.run()
    before = layout()
    assert before[1][4]["description"] == "ESD's number of the student."
    done = world.pipeline.setup()
    assert done.returncode == 0, done.stderr
    assert "COMMENT" not in done.stdout
    assert layout() == before
    world.compare()
