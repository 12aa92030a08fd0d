"""The table beside what was backfilled: damage is found and mended, a deleted student stays away."""

from __future__ import annotations

import re
from datetime import date

import pytest

from attendance_common.errors import AttendanceError
from tests.backfilling import KEPT, RECORDS, backfill, load
from tests.documents import ROOT
from tests.lists import NEW, PLACES, TABLE, land, version
from tests.loading import Loading
from tests.old_tables import LAST, OLD, SEPTEMBER, SHAPES, TYPED, make, record
from tests.pipeline import Pipeline


def backfilled(pipeline: Pipeline) -> None:
    """The rows of an older table beside a list of the landing zone, all of them loaded."""
    make(pipeline, TYPED, RECORDS)
    backfill(pipeline)
    land(pipeline, date(2025, 12, 9), version(9, "landed", NEW))
    load(pipeline)


DAMAGE = {
    "missing": f"DELETE FROM {TABLE} WHERE id = 1",
    "twice": f"INSERT INTO {TABLE} SELECT * FROM {TABLE} WHERE id = 3",
    "another time": f"UPDATE {TABLE} SET modified_on = '2030-01-01' WHERE id = 3",
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage_is_seen_by_verify_and_mended_by_a_backfill_not_by_every_run(
    pipeline: Pipeline, damage: str
) -> None:
    backfilled(pipeline)
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
    came_from = "cannot be read again, since the older table that they came from has other rows now"
    assert f"{came_from} ({OLD} is gone or has other columns)" in sentence


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
    backfilled(pipeline)
    sent: list[str] = []
    with pipeline.before_each_statement(sent.append):
        assert load(pipeline) == []
    [checking] = [each for each in sent if each.startswith("SELECT\n    day")]
    assert checking.count("BETWEEN '2019-11-01'::date AND '9999-12-31'::date") == 3


def test_the_cures_of_a_table_without_schools_name_the_school(pipeline: Pipeline) -> None:
    make(pipeline, TYPED, RECORDS, school=None)
    land(pipeline, date(2025, 12, 9), version(9, "landed", NEW))
    load(pipeline)
    backfill(pipeline, "--backfill-school", "1")
    pipeline.query(f"DELETE FROM {TABLE} WHERE id = 1; UPDATE {TABLE} SET comment = 'x' WHERE id = 3")
    pipeline.query(f"UPDATE {OLD} SET comment = 'y' WHERE id = 4")
    said = Loading(pipeline).load("--verify").attention
    assert len(said) == 3
    assert all(f"--backfill-from {OLD} --backfill-school 1 " in sentence for sentence in said)


def test_another_school_is_refused_and_the_first_can_be_undone(pipeline: Pipeline) -> None:
    make(pipeline, TYPED, RECORDS, school=None)
    land(pipeline, date(2025, 12, 9), version(9, "landed", NEW))
    land(pipeline, SEPTEMBER, version(2, "landed", NEW))
    load(pipeline)
    backfill(pipeline, "--backfill-school", "99999")
    for more in ((), ("--reload",)):
        with pytest.raises(AttendanceError, match="as those of school 99999: say --backfill-school 99999"):
            backfill(pipeline, "--backfill-school", "1", *more)
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    [block] = re.findall(r"### Undo a backfill\n.*?```\n(.*?)```", text, flags=re.DOTALL)
    pipeline.query(block)
    assert sorted(pipeline.table()) == [2, 9]
    assert backfill(pipeline, "--backfill-school", "1") == (
        {"rows_read": 3, "inserted": 3, "known": 1},
        [],
    )
    assert {row["school_id"] for row in pipeline.table().values()} == {1}
    assert Loading(pipeline).load("--verify").attention == []


def test_emptied_places_of_rows_that_changed_are_written_again(pipeline: Pipeline) -> None:
    backfilled(pipeline)
    pipeline.query(f"UPDATE {OLD} SET comment = 'x' WHERE id = 1")
    assert backfill(pipeline, "--reload")[0]["updated"] == 1
    before = pipeline.table()
    pipeline.query(f"DELETE FROM {PLACES} WHERE origin = 'backfill'")
    backfill(pipeline, "--reload")
    assert pipeline.table() == before
    assert backfill(pipeline) == ({}, [])
    assert Loading(pipeline).load("--verify").attention == []


def test_a_row_that_somebody_gave_a_date_that_no_load_looks_at_is_not_doubled(pipeline: Pipeline) -> None:
    backfilled(pipeline)
    before = pipeline.table()
    for elsewhere in (SEPTEMBER, date(2015, 3, 2)):
        pipeline.query(f"UPDATE {TABLE} SET attendance_date = '{elsewhere}' WHERE id = 9")
        [sentence] = load(pipeline)
        assert "1 record was missing" in sentence
        assert pipeline.table() == before
        assert load(pipeline) == []


def test_a_list_of_both_counts_its_records_once(pipeline: Pipeline) -> None:
    make(pipeline, TYPED, RECORDS)
    backfill(pipeline)
    land(pipeline, SEPTEMBER, version(1, "landed", NEW), version(2, "landed", NEW))
    load(pipeline)
    counts = "SELECT records FROM public.period_attendance_school_records ORDER BY attendance_date"
    assert [row["records"] for row in pipeline.query(counts)] == [2, 1, 1]


@pytest.mark.parametrize("shape", SHAPES)
def test_one_students_rows_are_deleted_as_the_documents_say(pipeline: Pipeline, shape: str) -> None:
    land(pipeline, date(2025, 12, 9), version(9, "landed", NEW))
    load(pipeline)
    make(pipeline, SHAPES[shape], [*RECORDS, record(5, SEPTEMBER, studentId=700412)])
    backfill(pipeline)
    text = (ROOT / "docs" / "deletion.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```\n( *DELETE FROM public\.old_attendance.*?)```", text, flags=re.DOTALL)
    if shape == "plain":
        pipeline.query(f"UPDATE {OLD} SET studentid = ' 0700412 ' WHERE id = '5'")
        [condition] = re.findall(r"condition is `(.*?)`", text)
        block = block.replace("studentid = 700412", condition, 1)
    for statement in block.split(";")[:-1]:
        pipeline.query(statement)
    assert backfill(pipeline, "--reload")[1] == []
    assert sorted(pipeline.table()) == [1, 2, 3, 4, 9]
    assert Loading(pipeline).load("--verify").attention == []
