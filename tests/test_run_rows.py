"""Run records become rows: what a record lacks, or has otherwise, is NULL; others' files are passed over."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from attendance_common.load.run_files import MOST_BYTES, RunFiles
from attendance_common.load.run_rows import RunName, fault_of, rows_of
from attendance_common.run_record import parsed, run_of
from attendance_common.tables import RUN_SCHOOLS, RUNS
from tests.fake_s3 import FakeS3
from tests.test_conditions import AREAS

RUN = "20251209T021500Z-123abc"
BEGAN = dt.datetime(2025, 12, 9, 2, 15)
FETCH = RunName(RUN, "fetch", BEGAN)

RECORD: dict[str, Any] = {
    "status": 3,
    "version": "1.0.0",
    "ended": "2025-12-09T06:15:00+02:00",
    "run": RUN,
    "began": "2025-12-09T02:15:00+00:00",
    "scope": "whole",
    "part": "all",
    "school_year": 55,
    "schools": 2,
    "schools_failed": 1,
    "pages": 7,
    "newest_date": "2025-12-08",
    "attention": ["school 12550 was not read: \n status 503", "two"],
    "conditions": {"dark": {"12549": None}},
    "by_school": {
        "12549": {"pages": 7, "landed": 6_900, "quarantined": 2, "in_quarantine": 5, "newest_date": None},
        "12550": {"pages": 0, "fault": "page 1: status 503, after 6 tries"},
    },
}


def row(record: Any, name: RunName = FETCH) -> dict[str, Any]:
    """The values of a run's row that are not NULL."""
    rows = rows_of(name, record)
    assert rows is not None
    pairs = zip((column.name for column in RUNS.columns), rows.run, strict=True)
    return {column: value for column, value in pairs if value is not None}


def schools(record: Any) -> list[dict[str, Any]]:
    """The values of its schools' rows that are not NULL."""
    rows = rows_of(FETCH, record)
    assert rows is not None
    names = [column.name for column in RUN_SCHOOLS.columns]
    return [
        {column: value for column, value in zip(names, each, strict=True) if value is not None}
        for each in rows.schools
    ]


def test_a_run_and_its_schools() -> None:
    assert row(RECORD) == {
        "run": RUN,
        "script": "fetch",
        "scope": "whole",
        "began": BEGAN,
        "ended": dt.datetime(2025, 12, 9, 4, 15),
        "status": 3,
        "version": "1.0.0",
        "school_year": 55,
        "attention": "school 12550 was not read: status 503\ntwo",
        "newest_date": dt.date(2025, 12, 8),
        "schools": 2,
        "schools_failed": 1,
        "pages": 7,
    }
    common = {"run": RUN, "script": "fetch", "scope": "whole", "began": BEGAN}
    assert schools(RECORD) == [
        {
            **common,
            "school_id": 12549,
            "pages": 7,
            "landed": 6_900,
            "quarantined": 2,
            "in_quarantine": 5,
        },
        {**common, "school_id": 12550, "pages": 0, "fault": "page 1: status 503, after 6 tries"},
    ]


def test_an_older_versions_record_has_what_it_has() -> None:
    assert row({"run": RUN, "status": 1}) == {"run": RUN, "script": "fetch", "began": BEGAN, "status": 1}


@pytest.mark.parametrize("part", ["1/4", "some"])
def test_a_part_is_named(part: str) -> None:
    assert row({**RECORD, "part": part})["part"] == part


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"run": RUN},
        {"run": "20251209T021500Z-other", "status": 0},
        {"run": RUN, "status": "0"},
        {"run": RUN, "status": True},
        {"run": RUN, "status": 4},
        {"run": RUN, "status": 0.0},
        {"run": RUN, "status": [0]},
    ],
)
def test_what_is_no_record_of_this_run_has_no_row(record: dict[str, Any]) -> None:
    assert rows_of(FETCH, record) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("pages", "7"),
        ("pages", True),
        ("pages", 7.0),
        ("pages", 2**63),
        ("pages", None),
        ("school_year", {"id": 55}),
        ("ended", "yesterday"),
        ("ended", "0001-01-01T00:00:00+14:00"),
        ("ended", 5),
        ("newest_date", "12-09-2025"),
        ("newest_date", 20251209),
        ("version", 1),
        ("attention", "a text"),
        ("attention", {}),
        ("attention", []),
        ("attention", [1, None]),
        ("error", ["x"]),
        ("part", 4),
        ("scope", None),
    ],
)
def test_a_value_that_a_column_cannot_hold_is_null(name: str, value: object) -> None:
    assert row({**RECORD, name: value}) == {key: kept for key, kept in row(RECORD).items() if key != name}


@pytest.mark.parametrize("by_school", [None, [], 5, {"x": {}}, {"-1": {}}, {"1": None}, {"9" * 30: {}}])
def test_what_is_no_school_has_no_row(by_school: object) -> None:
    assert schools({**RECORD, "by_school": by_school}) == []


def test_a_long_text_is_cut_to_the_bytes_of_its_column() -> None:
    error = row({**RECORD, "error": "é" * 5_000})["error"]
    assert error == "é" * 4_094 + "…"
    assert len(error.encode()) <= 8_192


def test_characters_that_no_statement_can_hold() -> None:
    assert row({**RECORD, "error": "a\0b\ud800"})["error"] == "ab?"


@pytest.mark.parametrize(
    ("about", "fault"),
    [
        ({}, None),
        ({"fault": "page 1: status 503", "gaps": {"7": "page 7: x"}}, "page 1: status 503"),
        (
            {"gaps": {"7": "page 7: status 500", "9": "page 9: no answer"}},
            "page 7: status 500; page 9: no answer",
        ),
        (
            {"gaps": {"7": "page 7: status 500"}, "unreadable": {"2025-12-08": "it is no Parquet"}},
            "page 7: status 500; the landed list of 2025-12-08 cannot be read: it is no Parquet",
        ),
        ({"gaps": ["7"], "unreadable": None, "fault": 5}, None),
    ],
)
def test_why_a_school_was_not_read_whole(about: dict[str, Any], fault: str | None) -> None:
    assert fault_of(about) == fault


@pytest.mark.parametrize("name", ["x.json", f"{RUN}.txt", "20251399T021500Z-a.json", f"old/{RUN}.json", RUN])
def test_what_is_no_records_name(name: str) -> None:
    assert run_of(name) is None


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[1]", b"\xff", b'{"a":' * 100_000, b"9" * 5_000])
def test_what_is_no_record_is_empty(body: bytes) -> None:
    assert parsed(body) == {}


# --- in S3 --------------------------------------------------------------------------------------------------


def files(objects: dict[str, bytes]) -> RunFiles:
    s3: Any = FakeS3({f"runs/{name}": (body, {}) for name, body in objects.items()}, lambda: None)
    return RunFiles(s3, AREAS)


def test_runs_of_both_scripts_are_listed_by_time_from_a_moment_on() -> None:
    names = ["fetch/20251208T000000Z-a", "load/20251207T235959Z-b", "fetch/20251209T000000Z-c"]
    found = files({f"{name}.json": b"{}" for name in [*names, "load/20251208T120000Z-d", "fetch/notes"]})
    runs = ["20251207T235959Z-b", "20251208T000000Z-a", "20251208T120000Z-d", "20251209T000000Z-c"]
    assert [each.run for each in found.since(None)] == runs
    assert [each.run for each in found.since(dt.datetime(2025, 12, 8))] == runs[1:]
    assert found.since(None)[0] == RunName(runs[0], "load", dt.datetime(2025, 12, 7, 23, 59, 59))


@pytest.mark.parametrize(
    ("body", "record"),
    [
        (json.dumps(RECORD).encode(), RECORD),
        (b"no JSON", {}),
        (b'{"status": 0}' + b" " * MOST_BYTES, {}),
        (None, {}),  # it is gone since it was listed
    ],
)
def test_a_record_is_read_or_passed_over(body: bytes | None, record: dict[str, Any]) -> None:
    found = files({} if body is None else {f"fetch/{RUN}.json": body})
    assert found.read(FETCH) == record
