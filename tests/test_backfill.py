"""An older table's rows in the native table: both shapes, killed, again, beside what the landing zone has."""

from __future__ import annotations

from datetime import date, datetime
from random import Random
from typing import Any

import pytest

from attendance_common.columns import COLUMNS
from attendance_common.load.warehouse import Warehouse
from tests.backfilling import FROM, KEPT, RECORDS, backfill, load
from tests.lists import LISTS, NEW, PLACES, TABLE, land, land_tombstone, statuses, take_away, version
from tests.loading import Loading
from tests.model import Landed, Record, Row, Table
from tests.old_tables import LAST, OCTOBER, OLD, PLAIN, SEPTEMBER, SHAPES, TYPED, fill, make, record, rows
from tests.pipeline import Pipeline


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


@pytest.mark.parametrize("shape", SHAPES)
def test_months_of_which_no_row_is_taken_do_not_end_the_backfill(pipeline: Pipeline, shape: str) -> None:
    land(pipeline, SEPTEMBER, version(1, "landed", NEW), version(2, "landed", NEW))
    load(pipeline)
    earlier = record(5, date(2019, 6, 3), studentId=None)
    make(pipeline, SHAPES[shape], [earlier, *RECORDS])
    counts, [sentence] = backfill(pipeline)
    assert counts == {"rows_read": 2, "inserted": 2, "known": 2, "not_taken": 1}
    assert "it has no studentId: 1" in sentence
    assert sorted(statuses(pipeline)) == [1, 2, 3, 4]
    assert backfill(pipeline) == ({}, [])


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
    record_of_run = pipeline.bucket.run_record(done.result["run"])
    assert record_of_run["attention"] == done.result["attention"]
    assert "conditions" not in record_of_run
    refused = pipeline.load(*FROM, "--verify", "--school", "5")
    assert refused.status == 2
    assert refused.result["error"] == (
        "--verify does not go with --backfill-from: leave one out; "
        "--school does not go with --backfill-from: leave one out"
    )
