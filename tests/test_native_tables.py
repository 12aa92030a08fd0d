"""The native tables compared with their declarations; what they lack is reported with the cure."""

from __future__ import annotations

import re
from typing import Any

import pytest

from attendance_common.errors import WarehouseError
from attendance_common.load.column_types import can_hold, normal
from attendance_common.load.native_tables import check_tables
from tests.lists import MONDAY, NEW, land, load, statuses, version
from tests.pipeline import Pipeline
from tests.test_loader_parts import Answers

NATIVE, HISTORY, LISTS, PLACES = (
    "public.period_attendance",
    "public.period_attendance_history",
    "public.period_attendance_lists",
    "public.period_attendance_places",
)
SAME = [
    ("int", "INTEGER"),
    ("int4", "int"),
    ("INT8", "bigint"),
    ("bool", "boolean"),
    ("character varying(10)", "VARCHAR(10)"),
    ("character  varying ( 10 )", "varchar(10)"),
    ("timestamp without time zone", "TIMESTAMP"),
    ("timestamp(6) without time zone", "timestamp"),
    ("timestamp with time zone", "timestamptz"),
    ("DECIMAL(18, 0)", "numeric(18,0)"),
    ("float8", "double precision"),
    ("bpchar(3)", "character(3)"),
]
OTHER = [
    ("int", "bigint"),
    ("varchar(10)", "varchar(11)"),
    ("varchar(10)", "char(10)"),
    ("timestamp", "timestamptz"),
    ("date", "timestamp"),
    ("", "bigint"),
    ("super", "varchar(10)"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_names_of_one_type(one: str, other: str) -> None:
    assert normal(one) == normal(other)
    assert can_hold(one, other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_names_of_two_types(one: str, other: str) -> None:
    assert normal(one) != normal(other)
    assert not can_hold(one, other)


def test_a_longer_text_holds_a_shorter_one() -> None:
    assert can_hold("character varying(300)", "VARCHAR(256)")
    assert not can_hold("character varying(300)", "CHAR(256)")


def test_tables_that_are_missing_are_left_to_the_statement_that_needs_them() -> None:
    check_tables(Answers([]))


def test_all_that_differs_is_named_at_once() -> None:
    found = [
        ("period_attendance_lock", "unlocked", "boolean", None),
        ("period_attendance_lists", "etag", "character varying", 10),
    ]
    with pytest.raises(WarehouseError) as raised:
        check_tables(Answers(found))
    assert re.findall(r"ALTER TABLE (\S+ \w+ COLUMN \w+)", str(raised.value)) == [
        *(
            f"{LISTS} ADD COLUMN {name}"
            for name in (
                "partition_date",
                "school_id",
                "origin",
                "last_modified",
                "row_count",
                "loaded_at",
                "run",
            )
        ),
        f"{LISTS} ALTER COLUMN etag",
        "public.period_attendance_lock ADD COLUMN locked",
    ]


# --- on a cluster -------------------------------------------------------------------------------------------

CHANGES: list[Any] = [
    pytest.param(
        f"ALTER TABLE {NATIVE} DROP COLUMN comment",
        f"{NATIVE} has no column comment",
        [f"ALTER TABLE {NATIVE} ADD COLUMN comment VARCHAR(16384)"],
        id="a column of the record",
    ),
    pytest.param(
        f"ALTER TABLE {LISTS} DROP COLUMN run",
        f"{LISTS} has no column run",
        [f"ALTER TABLE {LISTS} ADD COLUMN run VARCHAR(64) DEFAULT '' NOT NULL"],
        id="a required column of the loader's",
    ),
    pytest.param(
        f"ALTER TABLE {PLACES} DROP COLUMN marked",
        f"{PLACES} has no column marked",
        [f"ALTER TABLE {PLACES} ADD COLUMN marked BOOLEAN DEFAULT FALSE NOT NULL"],
        id="a required flag",
    ),
    pytest.param(
        "ALTER TABLE public.period_attendance_runs DROP COLUMN status",
        "public.period_attendance_runs has no column status",
        ["ALTER TABLE public.period_attendance_runs ADD COLUMN status INTEGER DEFAULT 0 NOT NULL"],
        id="a required number of runs",
    ),
    pytest.param(
        f"ALTER TABLE {PLACES} DROP COLUMN loaded_at",
        f"{PLACES} has no column loaded_at",
        [f"ALTER TABLE {PLACES} ADD COLUMN loaded_at TIMESTAMP DEFAULT '0001-01-01' NOT NULL"],
        id="a required time",
    ),
    pytest.param(
        f"ALTER TABLE {NATIVE} DROP COLUMN room_number; "
        f"ALTER TABLE {NATIVE} ADD COLUMN room_number VARCHAR(10)",
        f"{NATIVE} has room_number varchar(10) where varchar(256) belongs",
        [f"ALTER TABLE {NATIVE} ALTER COLUMN room_number TYPE VARCHAR(256)"],
        id="too short",
    ),
    pytest.param(
        f"ALTER TABLE {HISTORY} DROP COLUMN comment; ALTER TABLE {HISTORY} DROP COLUMN change",
        f"{HISTORY} has no column comment, change",
        [
            f"ALTER TABLE {HISTORY} ADD COLUMN comment VARCHAR(16384)",
            f"ALTER TABLE {HISTORY} ADD COLUMN change VARCHAR(8) DEFAULT '' NOT NULL",
        ],
        id="the history",
    ),
    pytest.param(
        f"ALTER TABLE {NATIVE} DROP COLUMN modality; ALTER TABLE {NATIVE} DROP COLUMN cycle",
        f"{NATIVE} has no column cycle, modality",
        [
            f"ALTER TABLE {NATIVE} ADD COLUMN cycle VARCHAR(1024)",
            f"ALTER TABLE {NATIVE} ADD COLUMN modality VARCHAR(256)",
        ],
        id="two columns",
    ),
]


@pytest.mark.parametrize(("changes", "words", "cures"), CHANGES)
def test_a_table_of_another_version_is_named_and_its_cure_works(
    pipeline: Pipeline, changes: str, words: str, cures: list[str]
) -> None:
    land(pipeline, MONDAY, version(5, "x", NEW))
    load(pipeline)
    for change in changes.split("; "):
        pipeline.query(change)
    done = pipeline.load()
    assert done.status == 2
    assert words in done.result["error"]
    assert re.findall(r"ALTER TABLE [^;:]*?(?=;|$)", done.result["error"]) == cures
    for cure in cures:
        pipeline.query(cure)
    land(pipeline, MONDAY, version(5, "x", NEW), version(6, "y", NEW))
    assert load(pipeline)["inserted"] == 1
    assert statuses(pipeline) == {5: ("x", MONDAY), 6: ("y", MONDAY)}


def test_a_column_of_another_type_needs_another_table(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "x", NEW))
    load(pipeline)
    pipeline.query(f"ALTER TABLE {NATIVE} DROP COLUMN verified")
    pipeline.query(f"ALTER TABLE {NATIVE} ADD COLUMN verified VARCHAR(5)")
    done = pipeline.load()
    assert done.status == 2
    renamed = f"ALTER TABLE {NATIVE} RENAME TO period_attendance_old"
    assert f"{NATIVE} has verified varchar(5) where boolean belongs: {renamed}, run" in done.result["error"]
    pipeline.query(renamed)
    assert pipeline.setup().returncode == 0
    assert pipeline.load().status == 3  # it says that rows were missing
    assert statuses(pipeline) == {5: ("x", MONDAY)}
    assert load(pipeline) == {}


def test_a_column_that_was_added_is_filled_when_the_lists_are_read_anew(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "x", NEW, modality="In Person"))
    load(pipeline)
    pipeline.query(f"ALTER TABLE {NATIVE} DROP COLUMN modality")
    pipeline.query(f"ALTER TABLE {NATIVE} ADD COLUMN modality VARCHAR(256)")
    assert pipeline.load("--reload").result["updated"] == 1
    assert pipeline.table()[5]["modality"] == "In Person"
    assert load(pipeline) == {}


def test_a_longer_column_and_one_more_are_no_fault(pipeline: Pipeline) -> None:
    pipeline.query(f"ALTER TABLE {NATIVE} ALTER COLUMN room_number TYPE VARCHAR(300)")
    pipeline.query(f"ALTER TABLE {NATIVE} ADD COLUMN remark VARCHAR(10)")
    land(pipeline, MONDAY, version(5, "x", NEW))
    assert load(pipeline) == {"inserted": 1}
