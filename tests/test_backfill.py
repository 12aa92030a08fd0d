"""An older table's rows in the native table: both shapes, killed, again, beside what the landing zone has."""

from __future__ import annotations

import re
from datetime import date, datetime
from random import Random
from typing import Any

import pytest

from attendance_common.columns import COLUMNS
from attendance_common.errors import AttendanceError
from attendance_common.load.refusals import Unreadable
from attendance_common.load.warehouse import Warehouse
from tests.documents import ROOT
from tests.lists import LISTS, NEW, PLACES, TABLE, land, land_tombstone, statuses, take_away, version
from tests.loading import Loading
from tests.model import Landed, Record, Row, Table
from tests.old_tables import LAST, OCTOBER, OLD, PLAIN, SEPTEMBER, SHAPES, TYPED, fill, make, record, rows
from tests.pipeline import Pipeline

FROM = ("--backfill-from", OLD)

RECORDS = [
    record(1, SEPTEMBER),
    record(2, SEPTEMBER, attendanceStatus="T", meetingTime=None, modifiedOn=None, comment="o'clock"),
    record(3, OCTOBER, isLocked=True, minutesLate=12, excusedStatus="Excused"),
    record(4, LAST, createdOn="2019-10-31T23:59:59.123456Z"),
]
KEPT = {row["id"]: row for row in rows(RECORDS)}


def backfill(pipeline: Pipeline, *flags: str) -> tuple[dict[str, Any], list[str]]:
    """Backfill; the counts without zeros, and the attention."""
    said = Loading(pipeline).load(*FROM, *flags)
    names = (
        "rows_read",
        "inserted",
        "updated",
        "unchanged",
        "superseded",
        "known",
        "not_taken",
        "repaired_dates",
    )
    return {name: said.counts[name] for name in names if said.counts[name]}, said.attention


def load(pipeline: Pipeline) -> list[str]:
    """An ordinary load; its attention."""
    return Loading(pipeline).load().attention


@pytest.mark.parametrize("shape", SHAPES)
def test_rows_of_either_shape_are_those_of_the_records(pipeline: Pipeline, shape: str) -> None:
    make(pipeline, SHAPES[shape], RECORDS)
    assert backfill(pipeline) == ({"rows_read": 4, "inserted": 4}, [])
    assert pipeline.table() == KEPT
    assert {row["source_file"] for row in pipeline.query(f"SELECT source_file FROM {TABLE}")} == {OLD}


def test_both_shapes_and_the_landing_zone_give_rows_one_hash(pipeline: Pipeline) -> None:
    make(pipeline, TYPED, RECORDS[:1])
    backfill(pipeline)
    [before] = pipeline.query(f"SELECT hash FROM {PLACES}")
    pipeline.query(f"DELETE FROM {PLACES}; DELETE FROM {LISTS}; DELETE FROM {TABLE}; DROP TABLE {OLD}")
    make(pipeline, PLAIN, RECORDS[:1])
    backfill(pipeline)
    assert pipeline.query(f"SELECT hash FROM {PLACES}") == [before]


def test_another_run_and_a_load_change_nothing(pipeline: Pipeline) -> None:
    make(pipeline, TYPED, RECORDS)
    backfill(pipeline)
    before = pipeline.query(f"SELECT id, loaded_at FROM {TABLE} ORDER BY id")
    assert backfill(pipeline) == ({}, [])
    assert backfill(pipeline, "--reload") == ({"rows_read": 4, "unchanged": 4}, [])
    land(pipeline, date(2025, 12, 9), version(9, "of the landing zone", NEW))
    assert load(pipeline) == []
    assert load(pipeline) == []
    after = pipeline.query(f"SELECT id, loaded_at FROM {TABLE} WHERE id < 9 ORDER BY id")
    assert after == before
    assert len(statuses(pipeline)) == 5


# --- what the landing zone has, or had ----------------------------------------------------------------------


def test_what_the_landing_zone_has_is_passed_over_however_old_it_is(pipeline: Pipeline) -> None:
    land(pipeline, SEPTEMBER, version(1, "landed", "2018-01-01 00:00:00.000000"))
    land(pipeline, LAST, version(3, "landed on another date", None))
    load(pipeline)
    make(pipeline, TYPED, RECORDS)
    assert backfill(pipeline) == ({"rows_read": 2, "inserted": 2, "known": 2}, [])
    assert statuses(pipeline) == {
        1: ("landed", SEPTEMBER),
        2: ("T", SEPTEMBER),
        3: ("landed on another date", LAST),
        4: ("A", LAST),
    }
    assert load(pipeline) == []


def test_what_comes_into_the_landing_zone_later_comes_from_there_alone(pipeline: Pipeline) -> None:
    make(pipeline, TYPED, RECORDS)
    backfill(pipeline)
    land(pipeline, LAST, version(1, "landed, older, on another date", None), version(2, "landed", NEW))
    said = Loading(pipeline).load()
    assert (said.counts["inserted"], said.counts["updated"], said.attention) == (0, 2, [])
    assert statuses(pipeline) == {
        1: ("landed, older, on another date", LAST),
        2: ("landed", LAST),
        3: ("A", OCTOBER),
        4: ("A", LAST),
    }
    assert pipeline.query(f"SELECT id FROM {PLACES} WHERE origin = 'backfill' ORDER BY id") == [
        {"id": 3},
        {"id": 4},
    ]
    assert load(pipeline) == []


@pytest.mark.parametrize("again", [(), ("--reload",)])
def test_what_the_source_deletes_does_not_come_back(pipeline: Pipeline, again: tuple[str, ...]) -> None:
    make(pipeline, TYPED, RECORDS)
    backfill(pipeline)
    land(pipeline, SEPTEMBER, version(1, "landed", NEW), version(8, "stays", NEW))
    assert load(pipeline) == []
    land(pipeline, SEPTEMBER, version(8, "stays", NEW))
    assert load(pipeline) == []
    assert backfill(pipeline, *again)[0].get("inserted", 0) == 0
    assert sorted(statuses(pipeline)) == [2, 3, 4, 8]
    assert load(pipeline) == []


def test_a_list_that_is_gone_or_damaged_places_bring_no_old_version_back(pipeline: Pipeline) -> None:
    land(pipeline, SEPTEMBER, version(1, "landed", NEW))
    load(pipeline)
    take_away(pipeline, SEPTEMBER, "school_1.parquet")
    load(pipeline)
    make(pipeline, TYPED, RECORDS)
    assert backfill(pipeline)[0]["known"] == 1
    assert statuses(pipeline)[1] == ("landed", SEPTEMBER)


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


# --- killed, in parts, shown --------------------------------------------------------------------------------


class KilledError(BaseException):
    """The loader was killed here."""


def test_killed_at_any_statement_and_run_again_it_ends_right(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(pipeline, TYPED, RECORDS)
    send = Warehouse.rows
    sent = iter(range(0))

    def until(warehouse: Warehouse, text: str, values: Any = ()) -> Any:
        if next(sent, None) is None:
            raise KilledError
        return send(warehouse, text, values)

    deaths = 0
    for statements in range(1, 200):
        sent = iter(range(statements))
        monkeypatch.setattr(Warehouse, "rows", until)
        try:
            backfill(pipeline)
            break
        except KilledError:
            deaths += 1
        finally:
            monkeypatch.setattr(Warehouse, "rows", send)
        table = pipeline.table()
        assert table.items() <= KEPT.items()
        assert len(table) in (0, 2, 4)  # whole months
        if deaths % 2:
            pipeline.query(f"DELETE FROM {TABLE}; DELETE FROM {PLACES}; DELETE FROM {LISTS}")
    assert deaths > 20
    assert backfill(pipeline)[1] == []
    assert pipeline.table() == KEPT


def test_a_part_of_the_dates(pipeline: Pipeline) -> None:
    make(pipeline, PLAIN, RECORDS)
    assert backfill(pipeline, "--from", "2019-10-01", "--to", "2019-10-30")[0] == {
        "rows_read": 1,
        "inserted": 1,
    }
    assert backfill(pipeline, "--from", "2019-10-01")[0] == {"rows_read": 1, "inserted": 1}
    assert backfill(pipeline)[0] == {"rows_read": 2, "inserted": 2}
    assert pipeline.table() == KEPT


def test_a_dry_run_says_what_would_come_and_changes_nothing(
    pipeline: Pipeline, caplog: pytest.LogCaptureFixture
) -> None:
    land(pipeline, SEPTEMBER, version(1, "landed", NEW))
    load(pipeline)
    make(pipeline, PLAIN, [*RECORDS, record(5, OCTOBER, studentId=None)])
    caplog.set_level("INFO")
    counts, [sentence] = backfill(pipeline, "--dry-run")
    assert counts == {"rows_read": 3, "known": 1, "not_taken": 1}
    assert "it has no studentId: 1" in sentence
    assert "2019-09-03 to 2019-09-03: 1 rows read, 1 known" in caplog.text
    assert "2019-10-01 to 2019-10-31: 2 rows read, 1 not taken" in caplog.text
    assert sorted(pipeline.table()) == [1]
    assert pipeline.query(f"SELECT origin FROM {LISTS}") == [{"origin": "s3"}]


def test_a_month_takes_as_many_statements_whatever_it_has(pipeline: Pipeline) -> None:
    def statements() -> int:
        sent: list[str] = []
        with pipeline.before_each_statement(sent.append):
            backfill(pipeline)
        return len(sent)

    make(pipeline, TYPED, RECORDS[:1])
    few = statements()
    days = [date(2020, 3, day) for day in range(1, 31)]
    fill(pipeline, TYPED, [record(100 + day.day, day) for day in days])
    assert statements() == few


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


# --- holding the table against what was taken ---------------------------------------------------------------

DAMAGE = {
    "missing": f"DELETE FROM {TABLE} WHERE id = 1",
    "twice": f"INSERT INTO {TABLE} SELECT * FROM {TABLE} WHERE id = 3",
    "another time": f"UPDATE {TABLE} SET modified_on = '2030-01-01' WHERE id = 3",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_seen_by_verify_and_mended_by_a_backfill_not_by_every_run(
    pipeline: Pipeline, damage: str
) -> None:
    make(pipeline, TYPED, RECORDS)
    backfill(pipeline)
    land(pipeline, date(2025, 12, 9), version(9, "landed", NEW))
    load(pipeline)
    pipeline.query(DAMAGE[damage])
    assert load(pipeline) == []
    [sentence] = Loading(pipeline).load("--verify").attention
    assert f"--backfill-from {OLD} --from 2019-" in sentence
    counts, [said] = backfill(pipeline)
    assert counts == {"repaired_dates": 1}
    assert "1 record was missing, changed or there more than once" in said
    assert pipeline.table() == KEPT | {9: pipeline.table()[9]}
    assert Loading(pipeline).load("--verify").attention == []


def test_another_column_is_seen_by_verify_and_written_again_by_reload(pipeline: Pipeline) -> None:
    make(pipeline, TYPED, RECORDS)
    backfill(pipeline)
    pipeline.query(f"UPDATE {TABLE} SET comment = 'x' WHERE id = 1")
    pipeline.query(f"UPDATE {OLD} SET comment = 'y' WHERE id = 4")
    land(pipeline, date(2025, 12, 9), version(9, "landed", NEW))
    load(pipeline)
    first, second = Loading(pipeline).load("--verify").attention
    assert f"1 record with other columns than were loaded, on {SEPTEMBER}" in first
    assert f"{OLD} has 1 row that was not taken so, on {LAST}" in second


def test_a_date_with_lists_of_both_is_checked_by_every_run(pipeline: Pipeline) -> None:
    make(pipeline, TYPED, RECORDS)
    backfill(pipeline)
    land(pipeline, SEPTEMBER, version(9, "landed", NEW))
    load(pipeline)
    pipeline.query(f"DELETE FROM {TABLE} WHERE id IN (1, 9)")
    [sentence] = load(pipeline)
    assert "2 records were missing" in sentence
    assert sorted(pipeline.table()) == [1, 2, 3, 4, 9]
    pipeline.query(f"DELETE FROM {TABLE} WHERE id = 1")
    pipeline.query(f"DROP TABLE {OLD}")
    [sentence] = load(pipeline)
    assert f"cannot be read again, since their lists changed or are gone ({OLD} is gone" in sentence


def test_an_old_table_that_is_gone_takes_no_row_with_it(pipeline: Pipeline) -> None:
    make(pipeline, TYPED, RECORDS)
    backfill(pipeline)
    land(pipeline, date(2025, 12, 9), version(9, "landed", NEW))
    pipeline.query(f"DROP TABLE {OLD}")
    assert load(pipeline) == []
    said = Loading(pipeline).load("--verify")
    assert (said.attention, said.counts["verified_dates"]) == ([], 3)
    assert sorted(pipeline.table()) == [1, 2, 3, 4, 9]


def test_ordinary_runs_read_no_row_of_backfilled_months(pipeline: Pipeline) -> None:
    make(pipeline, TYPED, RECORDS)
    backfill(pipeline)
    land(pipeline, date(2025, 12, 9), version(9, "landed", NEW))
    load(pipeline)
    sent: list[str] = []
    with pipeline.before_each_statement(sent.append):
        assert load(pipeline) == []
    [checking] = [each for each in sent if each.startswith("SELECT\n    day")]
    assert checking.count("BETWEEN '2019-11-01'::date AND '9999-12-31'::date") == 3


def test_one_students_rows_are_deleted_as_the_documents_say(pipeline: Pipeline) -> None:
    land(pipeline, date(2025, 12, 9), version(9, "landed", NEW))
    load(pipeline)
    make(pipeline, TYPED, [*RECORDS, record(5, SEPTEMBER, studentId=700412)])
    backfill(pipeline)
    text = (ROOT / "docs" / "deletion.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```\n( *DELETE FROM public\.old_attendance.*?)```", text, flags=re.DOTALL)
    for statement in block.split(";")[:-1]:
        pipeline.query(statement)
    assert backfill(pipeline, "--reload")[1] == []
    assert sorted(pipeline.table()) == [1, 2, 3, 4, 9]
    assert Loading(pipeline).load("--verify").attention == []


# --- by chance ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_backfills_and_loads_in_any_order_end_as_the_model_says(pipeline: Pipeline, seed: int) -> None:
    random = Random(seed)
    times = [None, "2019-09-01T08:00:00Z", "2020-01-01T08:00:00Z"]
    days = [SEPTEMBER, OCTOBER, LAST, date(2025, 9, 1)]

    def some(keys: range) -> list[Record]:
        return [
            record(key, random.choice(days), modifiedOn=random.choice(times), comment=f"{random.random()}")
            for key in keys
            if random.random() < 0.7
        ]

    landed, table = Landed(), Table()
    old = some(range(1, 16))
    make(pipeline, random.choice([TYPED, PLAIN]), old)
    for _ in range(5):
        if random.random() < 0.4:
            backfill(pipeline, *random.choice([(), ("--reload",)]))
            table.backfill(rows(old))
        else:
            source = some(range(8, 22))
            landed.publish(1, source, allowed=99)
            for (day, school), listed in landed.lists.items():
                put_list(pipeline, day, school, listed)
            load(pipeline)
            table.load(landed)
        assert pipeline.table() == table.rows
    assert load(pipeline) == []
    assert Loading(pipeline).load("--verify").attention == []


def put_list(pipeline: Pipeline, day: date, school: int, listed: dict[int, Row]) -> None:
    """Put a list of the model into the landing zone."""
    external = {str(column.native): column.name for column in COLUMNS if column.native}
    versions = [
        {external[name]: landed_text(value) for name, value in row.items()} for row in listed.values()
    ]
    if versions:
        land(pipeline, day, *versions, school=school)
    else:
        land_tombstone(pipeline, day, school)


def landed_text(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="microseconds")
    return f"{value:%m-%d-%Y}" if isinstance(value, date) else value


# --- the command --------------------------------------------------------------------------------------------


def test_the_command(pipeline: Pipeline) -> None:
    make(pipeline, PLAIN, [*RECORDS, record(5, OCTOBER, studentId=None)])
    done = pipeline.load(*FROM)
    assert (done.status, done.result["inserted"], done.result["not_taken"]) == (3, 4, 1), done.story
    record_of_run = pipeline.run_record(done.result["run"])
    assert record_of_run["attention"] == done.result["attention"]
    assert "conditions" not in record_of_run
    refused = pipeline.load(*FROM, "--verify", "--school", "5")
    assert refused.status == 2
    assert refused.result["error"] == (
        "--verify does not go with --backfill-from: leave one out; "
        "--school does not go with --backfill-from: leave one out"
    )
