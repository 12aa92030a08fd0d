"""What becomes of an older table's rows: those that cannot be taken, ids in several rows, columns."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from attendance_common.errors import AttendanceError
from attendance_common.load.refusals import Unreadable
from attendance_common.load.warehouse import Warehouse
from tests.backfilling import KEPT, RECORDS, backfill, load
from tests.lists import NEW, PLACES, TABLE, land, statuses, version
from tests.loading import Loading
from tests.old_tables import LAST, OCTOBER, OLD, PLAIN, SEPTEMBER, TYPED, make, record, rows
from tests.pipeline import Pipeline

# --- rows that cannot be taken, ids in several rows ---------------------------------------------------------

ODD: dict[str, tuple[dict[str, Any], str]] = {
    "no id": ({"id": None}, "it has no id"),
    "no student": ({"studentId": None}, "it has no studentId"),
    "no school": ({"schoolid": ""}, "it has no school_id"),
    "no date": ({"date": None}, "its date is missing, malformed or impossible"),
    "an impossible date": ({"date": "02-30-2019"}, "its date is missing, malformed or impossible"),
    "a date that is not written so": ({"date": "9-3-2019"}, "its date is missing, malformed or impossible"),
    "no number": ({"minutesLate": "many"}, "minutesLate is no whole number"),
    "a number that is too great": ({"createdBy": "9223372036854775808"}, "createdBy is no whole number"),
    "no flag": ({"isLocked": "perhaps"}, "isLocked is neither true nor false"),
    "a time without an offset": (
        {"modifiedOn": "2019-09-03T08:00:00"},
        "modifiedOn is no time with an offset",
    ),
    "an impossible time": ({"createdOn": "2019-09-03T25:00:00Z"}, "createdOn is no time with an offset"),
    "no JSON": ({"meetingTime": "{"}, "meetingTime is no JSON object"),
    "a JSON list": ({"meetingTime": "[1]"}, "meetingTime is no JSON object"),
    "a nested value": ({"meetingTime": {"roomId": "x"}}, "meetingTime.roomId is no whole number"),
    "a long text": ({"modality": "é" * 129}, "modality is longer than 256 bytes"),
}


def test_rows_that_cannot_be_taken_stay_and_are_counted_by_their_faults(pipeline: Pipeline) -> None:
    odd = [record(10 + number, SEPTEMBER) | fields for number, (fields, _) in enumerate(ODD.values())]
    make(pipeline, PLAIN, [*RECORDS, *odd])
    counts, [sentence] = backfill(pipeline)
    assert counts == {"rows_read": 4, "inserted": 4, "not_taken": len(ODD)}
    assert pipeline.table() == KEPT
    assert sentence.startswith(f"{len(ODD)} rows of {OLD} cannot be taken, and stay where they are (")
    faults = [fault for _, fault in ODD.values()]
    for fault in faults:
        assert f"{fault}: {faults.count(fault)}" in sentence
    assert not any(value in sentence for value in ("many", "perhaps", "25:00", "é"))
    assert pipeline.query(f"SELECT COUNT(*) AS n FROM {OLD}") == [{"n": 4 + len(ODD)}]
    assert backfill(pipeline)[0] == {"not_taken": 3}  # those without a date, which no month has


@pytest.mark.parametrize("day", ["20191-10-01", "0044-03-15 BC"])
def test_a_date_that_only_redshift_can_hold_is_counted_and_the_others_are_taken(
    pipeline: Pipeline, day: str
) -> None:
    make(pipeline, TYPED, [*RECORDS, record(5, SEPTEMBER)])
    pipeline.query(f"UPDATE {OLD} SET date = '{day}' WHERE id = 5")
    counts, [sentence] = backfill(pipeline)
    assert counts == {"rows_read": 4, "inserted": 4, "not_taken": 1}
    assert "its date is missing, malformed or impossible: 1" in sentence
    assert pipeline.table() == KEPT


def test_a_view_that_cannot_give_its_dates_is_named_with_the_cure(pipeline: Pipeline) -> None:
    make(pipeline, PLAIN, [*RECORDS, record(5, SEPTEMBER, date="02-30-2019")])
    names = ", ".join("TO_DATE(date, 'MM-DD-YYYY', TRUE) AS date" if n == "date" else n for n in PLAIN)
    pipeline.query(f"CREATE VIEW public.as_dates AS SELECT {names} FROM {OLD}")
    with pytest.raises(AttendanceError, match=r"the dates of public\.as_dates cannot be read") as refusal:
        Loading(pipeline).load("--backfill-from", "public.as_dates")
    assert refusal.value.to_mend
    assert "02-30-2019" not in str(refusal.value)


@pytest.mark.parametrize("day", [date(1, 1, 1), date(9999, 12, 31)])
@pytest.mark.parametrize("shape", [TYPED, PLAIN], ids=["typed", "plain"])
def test_the_first_and_the_last_date_there_are_stop_no_later_load(
    pipeline: Pipeline, day: date, shape: dict[str, str]
) -> None:
    first = {**record(5, SEPTEMBER), "date": f"{day:%m-%d-}{day.year:04}"}
    make(pipeline, shape, [*RECORDS, first])
    assert backfill(pipeline) == ({"rows_read": 5, "inserted": 5}, [])
    assert statuses(pipeline)[5][1] == day
    land(pipeline, date(2025, 12, 9), version(9, "landed", NEW))
    assert (load(pipeline), load(pipeline)) == ([], [])
    pipeline.query(f"DELETE FROM {TABLE} WHERE id = 9")
    assert "2025-12-09: 1 record was missing" in load(pipeline)[0]
    assert sorted(statuses(pipeline)) == [1, 2, 3, 4, 5, 9]


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2019-09-03T23:30:00-05:30", "2019-09-04 05:00:00"),
        ("2019-09-03T00:30:00.5+0200", "2019-09-02 22:30:00.500000"),
        ("2019-09-03 08:00:00.1234567Z", "2019-09-03 08:00:00.123456"),
    ],
)
def test_times_are_utc(pipeline: Pipeline, text: str, time: str) -> None:
    make(pipeline, PLAIN, [record(1, SEPTEMBER, modifiedOn=text)])
    assert backfill(pipeline)[1] == []
    assert [str(row["modified_on"]) for row in pipeline.table().values()] == [time]


def test_what_is_empty_is_null_and_numbers_may_be_texts(pipeline: Pipeline) -> None:
    empty = {"minutesLate": "", "isLocked": " ", "createdOn": "", "meetingTime": "", "studentId": " 7 "}
    nothing = {"roomId": None, "roomNumber": None, "semesterNumbers": None}
    make(pipeline, PLAIN, [record(1, SEPTEMBER) | empty, record(2, SEPTEMBER, meetingTime=nothing)])
    assert backfill(pipeline)[1] == []
    table = pipeline.table()
    names = ("student_id", "minutes_late", "is_locked", "created_on", "section_id", "room_number")
    assert [table[1][name] for name in names] == [7, None, None, None, None, None]
    assert [table[2][name] for name in ("room_id", "room_number", "semester_numbers")] == [None] * 3


def test_of_an_id_in_several_rows_the_newest_counts(pipeline: Pipeline) -> None:
    old, new = "2019-10-01T08:00:00Z", "2019-10-02T08:00:00Z"
    twice = [record(1, SEPTEMBER, modifiedOn=new, comment="new"), record(1, SEPTEMBER, modifiedOn=old)]
    moved = [record(2, SEPTEMBER, modifiedOn=old), record(2, OCTOBER, modifiedOn=new)]
    stays = [record(3, SEPTEMBER, modifiedOn=new), record(3, OCTOBER, modifiedOn=old)]
    make(pipeline, TYPED, [*twice, *moved, *stays])
    counts, [sentence] = backfill(pipeline)
    assert counts == {"rows_read": 5, "inserted": 3, "updated": 1, "superseded": 1, "not_taken": 1}
    assert "the list has its id in another row as well: 1" in sentence
    assert {key: row["attendance_date"] for key, row in pipeline.table().items()} == {
        1: SEPTEMBER,
        2: OCTOBER,
        3: SEPTEMBER,
    }
    assert pipeline.table()[1]["comment"] == "new"
    assert backfill(pipeline, "--reload")[0] == {
        "rows_read": 5,
        "unchanged": 3,
        "superseded": 2,
        "not_taken": 1,
    }
    land(pipeline, LAST, version(2, "landed", None))
    assert load(pipeline) == []
    assert statuses(pipeline)[2] == ("landed", LAST)
    assert pipeline.query(f"SELECT id FROM {PLACES} WHERE id = 2") == [{"id": 2}]


def test_a_date_that_redshift_cannot_read_loses_no_other_row(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    send = Warehouse.rows

    def refuse(warehouse: Warehouse, text: str, values: Any = ()) -> Any:
        if text.startswith("CREATE TEMP TABLE staged") and OCTOBER in values:
            raise Unreadable("Redshift refused a statement with SQLSTATE XX000, code: 8001")
        return send(warehouse, text, values)

    make(pipeline, TYPED, RECORDS)
    with monkeypatch.context() as patched:
        patched.setattr(Warehouse, "rows", refuse)
        counts, [sentence] = backfill(pipeline)
    assert counts == {"rows_read": 3, "inserted": 3}
    assert sentence.startswith(f"{OLD}, {OCTOBER}: no row was taken: Redshift refused a statement")
    assert sorted(pipeline.table()) == [1, 2, 4]
    assert backfill(pipeline) == ({"rows_read": 1, "inserted": 1}, [])


# --- whose rows they are, what the table must have ----------------------------------------------------------


def test_a_table_of_one_school(pipeline: Pipeline) -> None:
    make(pipeline, PLAIN, RECORDS, school=None)
    with pytest.raises(
        AttendanceError, match="no column schoolid: say whose rows they are with --backfill-school"
    ):
        backfill(pipeline)
    assert backfill(pipeline, "--backfill-school", "77") == ({"rows_read": 4, "inserted": 4}, [])
    assert pipeline.table() == {row["id"]: row for row in rows(RECORDS, 77)}
    pipeline.query(f"DELETE FROM {TABLE} WHERE id = 1")
    assert backfill(pipeline, "--backfill-school", "77")[0] == {"repaired_dates": 1}
    assert pipeline.table() == {row["id"]: row for row in rows(RECORDS, 77)}


def test_all_that_is_at_fault_with_the_table_is_said_at_once(pipeline: Pipeline) -> None:
    columns = "id DOUBLE PRECISION, schoolid BIGINT, date TIMESTAMP, modifiedon DATE, meetingtime BOOLEAN"
    pipeline.query(f"CREATE TABLE {OLD} ({columns})")
    with pytest.raises(AttendanceError) as refused:
        backfill(pipeline, "--backfill-school", "1")
    for fault in (
        "it has no column studentid",
        "it has a column schoolid, so leave --backfill-school out",
        "id is double precision, where integer or text is read: name a view over it that gives it so",
        "date is timestamp, where date or text is read",
        "modifiedon is date, where time or zoned time or text is read",
        "meetingtime is boolean, where text or super is read",
    ):
        assert fault in str(refused.value)
    assert refused.value.exit_status == 2


def test_columns_that_are_missing_are_null_and_others_do_not_matter(pipeline: Pipeline) -> None:
    columns = "id INT, schoolid SMALLINT, date DATE, studentid BIGINT, attendancestatus CHAR(3), islocked INT"
    pipeline.query(f"CREATE TABLE {OLD} ({columns}, other SUPER)")
    pipeline.query(
        f"INSERT INTO {OLD} (id, schoolid, date, studentid, attendancestatus, islocked) "
        f"VALUES (1, 2, '{SEPTEMBER}', 3, 'A', 1)"
    )
    assert backfill(pipeline) == ({"rows_read": 1, "inserted": 1}, [])
    given = {"id": 1, "school_id": 2, "student_id": 3, "attendance_date": SEPTEMBER, "attendance_status": "A"}
    assert {k: v for k, v in pipeline.table()[1].items() if v is not None} == {**given, "is_locked": True}


def test_a_table_that_is_not_there(pipeline: Pipeline) -> None:
    with pytest.raises(AttendanceError, match=f"there is no table {OLD}, or REDSHIFT_USER may not see it"):
        backfill(pipeline)


def test_a_view_will_do(pipeline: Pipeline) -> None:
    make(pipeline, PLAIN, RECORDS)
    pipeline.query(f"ALTER TABLE {OLD} RENAME TO very_old")
    pipeline.query(f"CREATE VIEW {OLD} AS SELECT * FROM public.very_old")
    assert backfill(pipeline) == ({"rows_read": 4, "inserted": 4}, [])


def test_a_row_that_is_no_longer_the_newest_gives_way_to_that_of_another_month(pipeline: Pipeline) -> None:
    earlier = record(2, SEPTEMBER, modifiedOn="2019-10-01T08:00:00Z", comment="first")
    later = record(2, OCTOBER, modifiedOn="2019-10-02T08:00:00Z", comment="second")
    make(pipeline, TYPED, [earlier, later, record(4, LAST)])
    land(pipeline, date(2025, 12, 9), version(9, "landed", NEW))
    load(pipeline)
    backfill(pipeline)
    assert pipeline.table()[2]["comment"] == "second"
    pipeline.query(f"UPDATE {OLD} SET modifiedon = '2019-09-30 08:00:00' WHERE date = '{OCTOBER}'")
    [said] = Loading(pipeline).load("--verify").attention
    assert f"--backfill-from {OLD} --reload --from {OCTOBER} --to {OCTOBER}" in said
    backfill(pipeline, "--reload", "--from", f"{OCTOBER}", "--to", f"{OCTOBER}")
    assert (pipeline.table()[2]["comment"], pipeline.table()[2]["attendance_date"]) == ("first", SEPTEMBER)
    assert Loading(pipeline).load("--verify").attention == []
