"""The loader's SQL, whole, against files that can be read and diffed; and how many statements there are."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence

import pytest

from attendance_common.load import merge_sql
from tests.golden.statements import AREAS, FOLDER, statements, written

STATEMENTS = statements()
YEARS = [dt.date(2020, 1, 1) + dt.timedelta(days=number) for number in range(1385)]


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_is_its_golden_file(name: str) -> None:
    golden = (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
    assert written(STATEMENTS[name]) == golden, "if this is meant: python -m tests.golden.renew"


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.sql")} == set(STATEMENTS)


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
    sent = merge_sql.register(YEARS[:partitions], AREAS)
    assert [text.count("PARTITION (") for text, _ in sent] == sizes
    assert [len(values) for _, values in sent] == [4 * size for size in sizes]


def test_1385_partitions_are_14_statements_and_none_is_left_out() -> None:
    sent = merge_sql.register(YEARS, AREAS)
    assert len(sent) == 14
    told = [list(values[place : place + 4]) for _, values in sent for place in range(0, len(values), 4)]
    assert told == [
        [
            f"{day:%Y}",
            f"{day:%m}",
            f"{day:%d}",
            f"s3://edna-prod/landing/unnested_period_attendance/year={day:%Y}/month={day:%m}/day={day:%d}/",
        ]
        for day in YEARS
    ]


# --- reading a batch ----------------------------------------------------------------------------------------


def matches(day: dt.date, text: str, values: list[int]) -> bool:
    """Evaluate the predicate for a partition, as SQL would."""
    left = iter(values)
    found = False
    for group in re.findall(r"\(year = %s AND month = %s AND day IN \(([%s, ]+)\)\)", text):
        year, month = next(left), next(left)
        days = [next(left) for _ in range(group.count("%s"))]
        found = found or (day.year == year and day.month == month and day.day in days)
    assert not list(left)
    return found


@pytest.mark.parametrize("step", [1, 3, 40, 400])
def test_a_batch_reads_its_partitions_and_no_other(step: int) -> None:
    batch = YEARS[::step]
    text, values = merge_sql.within(batch)
    numbers = [value for value in values if isinstance(value, int)]
    assert len(numbers) == len(values)
    assert [day for day in YEARS if matches(day, text, numbers)] == batch


def test_a_predicate_names_the_partition_columns_alone_and_grows_by_months() -> None:
    text, _ = merge_sql.within(YEARS[:366])
    assert set(re.findall(r"[a-z_]+", text.replace("%s", ""))) == {"year", "month", "day"}
    assert text.count("year =") == 12


@pytest.mark.parametrize(
    "build",
    [merge_sql.read_incoming, merge_sql.forget_loads],
    ids=lambda b: b.__name__,
)
def test_a_school_year_is_one_statement(build: Callable[[Sequence[dt.date]], merge_sql.Statement]) -> None:
    text, values = build(YEARS[:366])
    assert ";" not in text
    assert 366 <= len(values) <= 366 + 2 * 12  # each day, and each month's year and number


@pytest.mark.parametrize(
    "build",
    [
        merge_sql.find_lost,
        merge_sql.classify,
        merge_sql.delete_updated,
        merge_sql.delete_lost,
        merge_sql.check,
    ],
    ids=lambda b: b.__name__,
)
def test_the_table_is_looked_through_between_the_first_and_the_last_date(
    build: Callable[[Sequence[dt.date]], merge_sql.Statement],
) -> None:
    text, values = build([YEARS[3], YEARS[1], YEARS[9]])
    assert "attendance_date BETWEEN %s AND %s" in text
    assert values == [YEARS[1], YEARS[9]]


def test_external_columns_are_told_in_hives_words() -> None:
    told = merge_sql.expected_external_columns()
    assert told[:4] == [
        ("id", "bigint", 0),
        ("school_id", "bigint", 0),
        ("date", "varchar(10)", 0),
        ("student_id", "bigint", 0),
    ]
    assert ("verified", "boolean", 0) in told
    assert told[-3:] == [("year", "int", 1), ("month", "int", 2), ("day", "int", 3)]
    assert len(told) == 43 + 3


# Redshift has none of these (DG: c_unsupported-postgresql-features).
@pytest.mark.parametrize(
    "forbidden",
    [
        "ON CONFLICT",
        "RETURNING",
        "SAVEPOINT",
        "STRING_AGG",
        "IS DISTINCT FROM",
        "NOW()",
        "ILIKE",
        "::",
        "LATERAL",
    ],
)
def test_nothing_that_redshift_refuses(forbidden: str) -> None:
    assert [name for name, (text, _) in STATEMENTS.items() if forbidden in text] == []


# Two arguments alone roll an impossible date over (DG: r_TO_DATE_function).
def test_every_to_date_is_strict() -> None:
    calls = [call for text, _ in STATEMENTS.values() for call in re.findall(r"TO_DATE\([^)]*\)", text)]
    assert set(calls) == {"TO_DATE(date, 'MM-DD-YYYY', TRUE)"}
