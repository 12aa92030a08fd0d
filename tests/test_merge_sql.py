"""The loader's SQL, whole, against files that can be read and diffed; and what its predicates mean."""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attendance_common.load import departures, external, history_sql, list_sql, merge_sql, repair, settle_sql
from attendance_common.load.list_sql import Statement
from attendance_common.load.plan import ListId
from attendance_common.tables import NATIVE
from tests.golden.statements import AREAS, FOLDER, expanded, golden, statements, whole
from tests.pipeline import Pipeline

STATEMENTS = statements()
GOLDEN = golden()
YEARS = [dt.date(2020, 1, 1) + dt.timedelta(days=number) for number in range(1385)]


@pytest.mark.parametrize("name", GOLDEN)
def test_a_statement_is_its_golden_file(name: str) -> None:
    text = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    assert whole(GOLDEN[name]) == expanded(text), "if this is meant: python -m tests.golden.renew"


def test_the_statement_that_reads_lists_is_shown_once() -> None:
    files = (path.read_text(encoding="utf-8") for path in FOLDER.glob("*.sql"))
    assert sum(external.EXTERNAL in text and "MD5(" in text for text in files) == 1


def test_no_lists_are_read_as_lists_are_but_from_no_partition() -> None:
    lists = [ListId(DAYS[0], 1)]
    predicate, parameters = list_sql.of_lists(lists)
    text, values = list_sql.read(lists)
    assert list_sql.read([])[0] == text.replace(predicate, "year = 0")
    assert len(list_sql.read([])[1]) == len(values) - len(parameters)


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.sql")} == set(GOLDEN)


@pytest.mark.parametrize("name", STATEMENTS)
def test_every_value_has_its_place(name: str) -> None:
    text, values = STATEMENTS[name]
    if values:
        assert text.count("%s") == len(values)
    assert "2025" not in text
    assert text.replace("%s", "").count("%") == 0


# --- registering --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("partitions", "sizes"),
    [(0, []), (1, [1]), (100, [100]), (101, [100, 1]), (1385, [100] * 13 + [85])],
)
def test_up_to_a_hundred_partitions_a_statement(partitions: int, sizes: list[int]) -> None:
    sent = external.register(YEARS[:partitions], AREAS)
    assert [text.count("PARTITION (") for text, _ in sent] == sizes
    assert [len(values) for _, values in sent] == [4 * size for size in sizes]


def test_a_partitions_values_have_no_leading_zero_and_its_location_has() -> None:
    zone = "s3://edna-prod/landing/unnested_period_attendance/"
    [(_, values)] = external.register([dt.date(2025, 3, 9), dt.date(987, 12, 31)], AREAS)
    assert values == [
        *("2025", "3", "9", f"{zone}year=2025/month=03/day=09/"),
        *("987", "12", "31", f"{zone}year=0987/month=12/day=31/"),
    ]


# --- predicates, evaluated by another SQL engine ------------------------------------------------------------

DAYS = [dt.date(2024, 12, 9), dt.date(2024, 12, 10), dt.date(2025, 1, 9), dt.date(2025, 12, 9)]
SCHOOLS = [1, 2, 12549]
EVERYTHING = [ListId(day, school) for day in DAYS for school in SCHOOLS]

_some_days = st.sets(st.sampled_from(DAYS), min_size=1)
_some_lists = st.sets(st.sampled_from(EVERYTHING), min_size=1)


def met(statement: Statement) -> set[ListId]:
    """The lists of EVERYTHING whose rows meet a predicate."""
    text, values = statement
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE part (partition_date, year, month, day, school_id)")
    rows = [(str(day), day.year, day.month, day.day, school) for day, school in EVERYTHING]
    database.executemany("INSERT INTO part VALUES (?, ?, ?, ?, ?)", rows)
    parameters = [str(value) if isinstance(value, dt.date) else value for value in values]
    query = f"SELECT partition_date, school_id FROM part WHERE {text.replace('%s', '?')}"
    found = database.execute(query, parameters).fetchall()
    return {ListId(dt.date.fromisoformat(day), school) for day, school in found}


@given(_some_days)
@settings(max_examples=15)
def test_within_is_met_by_its_dates_and_no_other(days: set[dt.date]) -> None:
    assert met(list_sql.within(days)) == {each for each in EVERYTHING if each.day in days}


@given(_some_lists)
@settings(max_examples=100)
def test_of_lists_is_met_by_its_lists_and_no_other(lists: set[ListId]) -> None:
    assert met(list_sql.of_lists(lists)) == lists


@given(_some_lists)
@settings(max_examples=100)
def test_of_pairs_is_met_by_its_lists_and_no_other(lists: set[ListId]) -> None:
    assert met(list_sql.of_pairs(lists)) == lists


def test_dates_prune_by_the_partition_columns_alone_and_grow_by_months() -> None:
    text, values = list_sql.within(YEARS[:366])
    assert set(re.findall(r"[a-z_]+", text.replace("%s", ""))) == {"year", "month", "day"}
    assert text.count("year =") == 12
    assert len(values) == 366 + 2 * 12


def test_lists_of_the_same_schools_are_named_once() -> None:
    lists = [ListId(day, school) for day in YEARS[:366] for school in range(89)]
    text, values = list_sql.of_lists(lists)
    assert text.count("year =") == 12
    assert len(values) == 366 + 2 * 12 + 89


def test_the_pairs_of_a_school_year_are_as_many_alternatives_as_it_has_dates() -> None:
    lists = [ListId(day, school) for day in YEARS[:366] for school in range(89)]
    text, _ = list_sql.of_pairs(lists)
    assert text.count(" OR ") == 365


@pytest.mark.parametrize(
    "build",
    [merge_sql.stage, merge_sql.unstage, settle_sql.forget_lists, departures.forget, repair.stage_suspects],
    ids=lambda build: build.__name__,
)
def test_the_lists_of_a_school_year_are_one_statement(build: Callable[[Any], Statement]) -> None:
    text, values = build([ListId(day, school) for day in YEARS[:366] for school in range(89)])
    assert ";" not in text.replace("';'", "")
    assert text.count("%s") == len(values)


@pytest.mark.parametrize(
    "build",
    [
        settle_sql.settle,
        settle_sql.outside_batch,
        settle_sql.keep_equal_rows,
        merge_sql.delete_former,
        merge_sql.outcomes,
        partial(history_sql.keep_replaced, run="RUN"),
        partial(history_sql.keep_removed, run="RUN"),
    ],
    ids=lambda build: getattr(build, "func", build).__name__,
)
def test_tables_are_looked_through_between_two_dates(build: Callable[..., Statement]) -> None:
    text, values = build(YEARS[1], YEARS[9])
    assert "_date BETWEEN %s AND %s" in text
    assert [value for value in values if value != "RUN"] == [YEARS[1], YEARS[9]]


def test_places_are_looked_through_between_the_first_and_the_last_date_of_the_lists() -> None:
    text, values = list_sql.read([ListId(YEARS[3], 1), ListId(YEARS[1], 1), ListId(YEARS[9], 1)])
    assert text.endswith("places.partition_date BETWEEN %s AND %s")
    assert values[-2:] == [YEARS[1], YEARS[9]]


# --- what Redshift would do with the text -------------------------------------------------------------------


# Redshift has none of these (DG: c_unsupported-postgresql-features).
@pytest.mark.parametrize(
    "forbidden",
    [
        "ON CONFLICT",
        "RETURNING",
        "SAVEPOINT",
        "STRING_AGG",
        "ARRAY_AGG",
        "IS DISTINCT FROM",
        "FILTER (",
        "NOW()",
        "ILIKE",
        "::",
        "LATERAL",
        "EXISTS (",  # a correlated sub-query, of which many patterns are refused
    ],
)
def test_nothing_that_redshift_refuses(forbidden: str) -> None:
    assert [name for name, (text, _) in STATEMENTS.items() if forbidden in text] == []


# How Redshift plans a NOT IN over millions of ids is not known; an anti-join is.
def test_no_not_in_of_a_query() -> None:
    assert [name for name, (text, _) in STATEMENTS.items() if re.search(r"NOT IN\s*\(\s*SELECT", text)] == []


# "$path" has no documented text, so that nothing may depend on it.
def test_nothing_is_compared_with_a_path() -> None:
    used = re.compile(r"(source_file|\"\$path\")\s*(=|<|>|LIKE|IN\b)|= *\w+\.source_file")
    assert [name for name, (text, _) in STATEMENTS.items() if used.search(text)] == []


def calls(function: str, text: str) -> Iterable[str]:
    """Each call of a function, whole, with the calls inside."""
    for found in re.finditer(rf"\b{function}\(", text):
        depth, end = 1, found.end()
        while depth:
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        yield text[found.start() : end]


# Two arguments alone roll an impossible date over (DG: r_TO_DATE_function).
def test_every_to_date_is_strict() -> None:
    found = [call for text, _ in STATEMENTS.values() for call in calls("TO_DATE", text)]
    assert len(found) >= 2
    assert [call for call in found if not call.endswith(", TRUE)")] == []


# "failed to find conversion function from unknown to text": a bare literal that leaves a derived table.
def test_no_text_leaves_a_query_without_a_type() -> None:
    bare = re.compile(r"(SELECT|,)\s+'[^']*'\s+AS\b")
    assert [name for name, (text, _) in STATEMENTS.items() if bare.search(text)] == []


# --- the hash of a row --------------------------------------------------------------------------------------

ROW: dict[str, str] = {
    column.name: {
        "BIGINT": "7",
        "BOOLEAN": "TRUE",
        "DATE": "'2025-12-09'",
        "TIMESTAMP": "'2025-12-09 08:00:00'",
    }.get(column.type, "'x'")
    for column in NATIVE.columns[:-2]
}
REQUIRED = {"id", "school_id", "attendance_date", "student_id"}
OTHER = {
    "7": "8",
    "TRUE": "FALSE",
    "'2025-12-09'": "'2025-12-10'",
    "'2025-12-09 08:00:00'": "'2025-12-09 08:00:00.000001'",
}


def hashes(pipeline: Pipeline, rows: dict[str, dict[str, str]]) -> dict[str, str]:
    """The hash of each row, of columns as SQL literals, by the row's name."""
    names = [*ROW, "source_file", "loaded_at"]
    values = ", ".join(
        f"({', '.join([*row.values(), f'{name!r}', 'GETDATE()'])})" for name, row in rows.items()
    )
    table = NATIVE.qualified
    pipeline.query(f"INSERT INTO {table} ({', '.join(names)}) VALUES {values}")
    found = pipeline.query(
        f"SELECT found.source_file, {list_sql.row_hash('found')} AS hash FROM {table} AS found"
    )
    return {row["source_file"]: row["hash"] for row in found}


def differ(found: dict[str, str], names: Collection[str]) -> bool:
    return len({found[name] for name in names}) == len(names)


def test_a_hash_tells_every_value_of_every_column_apart(pipeline: Pipeline) -> None:
    rows = {"as it is": ROW}
    for column, value in ROW.items():
        rows[f"other {column}"] = ROW | {column: OTHER.get(value, "'y'")}
        if column not in REQUIRED:
            rows[f"no {column}"] = ROW | {column: "NULL"}
        if value == "'x'":
            rows[f"empty {column}"] = ROW | {column: "''"}
            rows[f"blank behind {column}"] = ROW | {column: "'x '"}
            rows[f"blank alone {column}"] = ROW | {column: "' '"}
    found = hashes(pipeline, rows)
    assert differ(found, rows)
    assert {len(each) for each in found.values()} == {32}


def test_texts_that_look_like_two_columns_hash_otherwise_than_two_columns(pipeline: Pipeline) -> None:
    bare = ROW | {"period_from": "NULL", "period_to": "NULL"}
    rows = {
        "two": bare | {"period_from": "'1'", "period_to": "'2'"},
        "one": bare | {"period_from": "'1;period_to=1:2'"},
        "the other": bare | {"period_to": "'1;period_from=1:2'"},
        "swapped": bare | {"period_from": "'2'", "period_to": "'1'"},
        "moved": bare | {"period_from": "'12'", "period_to": "''"},
    }
    assert differ(hashes(pipeline, rows), rows)


def test_a_column_that_is_null_is_not_in_the_text_that_is_hashed() -> None:
    """So a column that is added later, and is NULL, changes no hash."""
    text = list_sql.row_hash("found")
    parts = list(calls("NVL", text))
    assert len(parts) == len(ROW)
    assert all(part.startswith(f"NVL('{column}=' || ") for part, column in zip(parts, ROW, strict=True))
    assert all(part.endswith(" || ';', '')") for part in parts)


def test_a_row_as_long_as_its_columns_allow_has_a_hash(pipeline: Pipeline) -> None:
    widest = {
        column.name: f"'{'x' * int(column.type[8:-1])}'"
        if column.type.startswith("VARCHAR")
        else ROW[column.name]
        for column in NATIVE.columns[:-2]
    }
    assert len(hashes(pipeline, {"widest": widest})["widest"]) == 32
