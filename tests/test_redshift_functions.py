"""Every function that the stand-in carries, inside a cast, inside NVL and inside SUM."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

import pytest

from tests.sandbox.redshift.functions import FUNCTIONS
from tests.sandbox.redshift.testing import execute, running

pytestmark = pytest.mark.sandbox


class Case(NamedTuple):
    """A call and its result: as a value, as VARCHAR, and as the sum of its numbers over all rows.

    The number of a text is its length, of a date the days since 2025-01-01. Of several rows, `value` is
    that of the first.
    """

    call: str
    value: Any
    text: str
    total: Any


NOT_VALUES = {"generate_series", "json_parse"}  # a set of rows, a SUPER: no place inside NVL or SUM

AGGREGATES = {
    "sum": Case("SUM(n)", 3, "3", 3),
    "count": Case("COUNT(n)", 2, "2", 2),
    "min": Case("MIN(n)", 1, "1", 1),
    "max": Case("MAX(n)", 2, "2", 2),
    "avg": Case("AVG(n)", 1, "1", 1),
    "median": Case("MEDIAN(n)", 1.5, "1.5", 1.5),
}
WINDOWS = {"row_number": Case("ROW_NUMBER() OVER (ORDER BY n)", 1, "1", 3)}
NUMBERS = {"round": Case("ROUND(1.6)", 2, "2", 2)}
MD5_OF_A = "0cc175b9c0f1b6a831c399e269772661"
TEXTS = {
    "upper": Case("UPPER('a')", "A", "A", 1),
    "lower": Case("LOWER('A')", "a", "a", 1),
    "octet_length": Case("OCTET_LENGTH('é')", 2, "2", 2),
    "len": Case("LEN('ab')", 2, "2", 2),
    "md5": Case("MD5('a')", MD5_OF_A, MD5_OF_A, 32),
    "left": Case("LEFT('abc', 2)", "ab", "ab", 2),
    "right": Case("RIGHT('abc', 2)", "bc", "bc", 2),
    "repeat": Case("REPEAT('ab', 2)", "abab", "abab", 4),
    "strpos": Case("STRPOS('abc', 'c')", 3, "3", 3),
    "concat": Case("CONCAT('a', 'b')", "ab", "ab", 2),
    "replace": Case("REPLACE('abc', 'b', 'x')", "axc", "axc", 3),
    "lpad": Case("LPAD('a', 3, 'x')", "xxa", "xxa", 3),
    "ltrim": Case("LTRIM(' a')", "a", "a", 1),
    "regexp_substr": Case("REGEXP_SUBSTR('abc', 'b.')", "bc", "bc", 2),
    "json_extract_path_text": Case("JSON_EXTRACT_PATH_TEXT('{\"a\": 1}', 'a')", "1", "1", 1),
    "json_serialize": Case("JSON_SERIALIZE(JSON_PARSE('[1, \"a b\"]'))", '[1,"a b"]', '[1,"a b"]', 9),
    "is_valid_json": Case("IS_VALID_JSON('{}')", True, "1", 1),
}
FEBRUARY = datetime(2025, 2, 1)
TIMES = {
    "date_trunc": Case(
        "DATE_TRUNC('month', TIMESTAMP '2025-02-03 10:00:00')", FEBRUARY, "2025-02-01 00:00:00", 31
    ),
    "dateadd": Case("DATEADD(day, 1, DATE '2025-01-31')", FEBRUARY, "2025-02-01 00:00:00", 31),
    "datediff": Case("DATEDIFF(day, DATE '2025-01-01', DATE '2025-01-31')", 30, "30", 30),
    "to_char": Case("TO_CHAR(DATE '2025-02-03', 'YYYY-MM')", "2025-02", "2025-02", 7),
    "to_date": Case("TO_DATE('02-30-2025', 'MM-DD-YYYY')", date(2025, 3, 2), "2025-03-02", 60),
    "getdate": Case("DATEDIFF(year, CAST(NVL(GETDATE(), NULL) AS DATE), GETDATE())", 0, "0", 0),
}
CHOICES = {
    "coalesce": Case("COALESCE(NULL, 1)", 1, "1", 1),
    "nvl": Case("NVL(NULL, 1)", 1, "1", 1),
    "nullif": Case("NULLIF(1, 2)", 1, "1", 1),
    "greatest": Case("GREATEST(1, 2)", 2, "2", 2),
    "least": Case("LEAST(1, 2)", 1, "1", 1),
}
CLUSTER = {
    "version": Case("LEFT(VERSION(), 16)", "PostgreSQL 8.0.2", "PostgreSQL 8.0.2", 16),
    "pg_last_query_id": Case("LEAST(PG_LAST_QUERY_ID(), 1)", 1, "1", 1),
    "last_user_query_id": Case("LEAST(LAST_USER_QUERY_ID(), 1)", 1, "1", 1),
    "pg_backend_pid": Case("LEAST(PG_BACKEND_PID(), 1)", 1, "1", 1),
    "now": Case("DATEDIFF(year, CAST(NOW() AS TIMESTAMP), GETDATE())", 0, "0", 0),
    "current_schema": Case("CURRENT_SCHEMA()", "public", "public", 6),
    "current_database": Case("CURRENT_DATABASE()", "db02", "db02", 4),
}
CASES = AGGREGATES | WINDOWS | NUMBERS | TEXTS | TIMES | CHOICES | CLUSTER


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with running(tmp_path_factory.mktemp("redshift")) as place:
        connection = place.connect()
        execute(connection, "CREATE TEMP TABLE sample (n INT, s VARCHAR(5))")
        execute(connection, "INSERT INTO sample VALUES (1, 'b'), (2, 'a')")
        yield connection
        connection.close()


def source(name: str) -> str:
    """The clauses after the projection: the first row is that of the case."""
    if name in WINDOWS:
        return "FROM sample ORDER BY n LIMIT 1"
    return "FROM sample" if name in AGGREGATES else ""


def number(case: Case) -> str:
    if isinstance(case.value, bool):
        return f"CAST({case.call} AS INT)"
    if isinstance(case.value, str):
        return f"LEN({case.call})"
    if isinstance(case.value, date):
        return f"DATEDIFF(day, DATE '2025-01-01', {case.call})"
    return case.call


def test_every_function_has_a_case() -> None:
    assert set(CASES) | NOT_VALUES == set(FUNCTIONS)


@pytest.mark.parametrize("name", CASES)
def test_the_case_is_about_its_function(name: str) -> None:
    assert f"{name}(" in CASES[name].call.lower()


@pytest.mark.parametrize("name", CASES)
def test_inside_a_cast(connection: Any, name: str) -> None:
    case = CASES[name]
    inner = number(case) if isinstance(case.value, bool) else case.call
    assert execute(connection, f"SELECT CAST({inner} AS VARCHAR(99)) {source(name)}") == [(case.text,)]


@pytest.mark.parametrize("name", CASES)
def test_inside_nvl(connection: Any, name: str) -> None:
    case = CASES[name]
    assert execute(connection, f"SELECT NVL({case.call}, NULL) {source(name)}") == [(case.value,)]


@pytest.mark.parametrize("name", CASES)
def test_inside_sum(connection: Any, name: str) -> None:
    case = CASES[name]
    if name in WINDOWS:
        sql = f"SELECT SUM(x) FROM (SELECT {case.call} AS x FROM sample) AS q"
    elif source(name):
        sql = f"SELECT SUM({number(case)}) OVER () {source(name)}"
    else:
        sql = f"SELECT SUM({number(case)})"
    assert execute(connection, sql) == [(case.total,)]


def test_a_set_of_rows_is_no_value(connection: Any) -> None:
    assert execute(connection, "SELECT CAST(GENERATE_SERIES(1, 2) AS VARCHAR(9))") == [("1",), ("2",)]


@pytest.mark.parametrize("kind", ["SMALLINT", "INT", "BIGINT"])
def test_an_average_of_whole_numbers_is_one(connection: Any, kind: str) -> None:
    sql = f"SELECT AVG(CAST(n AS {kind})), NVL(AVG(CAST(n AS {kind})), 0)::varchar FROM sample"
    assert execute(connection, sql) == [(1, "1")]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("DATEADD(day, 1, DATE '2025-12-09')::date::varchar", "2025-12-10"),
        ("UPPER(LEFT(MD5(CONCAT('', 'a')), 2))", "0C"),
        ("CASE WHEN LEN(TRIM(' a ')) = 1 THEN TO_CHAR(DATE '2025-02-28', 'DD') END", "28"),
        ("EXTRACT(day FROM DATE '2025-02-05') / 2", 2),
        ("EXTRACT(epoch FROM TIMESTAMP '1970-01-01 00:01:00')", 60),
        ("COALESCE(TRY_CAST(NVL('x', '1') AS INT), LEN('abc'))", 3),
        ("DATE_TRUNC('month', DATE '2025-02-05')::varchar", "2025-02-01 00:00:00"),
        ("DATEDIFF(day, DATE_TRUNC('month', DATE '2025-02-05'), DATE '2025-02-05')", 4),
        ("ROUND(CAST(9007199254740993 AS BIGINT)) - 1", 9007199254740992),
        ("NVL(AVG(CAST(LEN('abc') AS SMALLINT)), 0) / 2", 1),
        ("SUBSTRING(TO_CHAR(DATE '2025-02-05', 'YYYYMMDD') FROM 1 FOR 4)::int", 2025),
        ("'a' || NVL('b' || CAST(LEN('abc') AS VARCHAR(5)), '')", "ab3"),
    ],
)
def test_deeper_nesting(connection: Any, expression: str, expected: Any) -> None:
    assert execute(connection, f"SELECT {expression}") == [(expected,)]
