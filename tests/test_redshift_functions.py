"""Every function that the stand-in knows, inside a cast, inside NVL and inside SUM."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

import pytest

from tests.sandbox.redshift.functions import FUNCTIONS
from tests.sandbox.redshift.testing import execute, running

pytestmark = pytest.mark.sandbox


class Case(NamedTuple):
    """A call with what it gives: as a value, as VARCHAR, and as the sum of its numbers over all rows.

    The number of a text is its length, of a date the days since 2025-01-01. Of several rows, the value is
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
    "bool_and": Case("BOOL_AND(n > 0)", True, "1", 1),
    "bool_or": Case("BOOL_OR(n > 1)", True, "1", 1),
    "bit_and": Case("BIT_AND(n)", 0, "0", 0),
    "bit_or": Case("BIT_OR(n)", 3, "3", 3),
    "stddev": Case("STDDEV(0 * n)", 0, "0", 0),
    "stddev_samp": Case("STDDEV_SAMP(0 * n)", 0, "0", 0),
    "stddev_pop": Case("STDDEV_POP(0 * n)", 0, "0", 0),
    "variance": Case("VARIANCE(0 * n)", 0, "0", 0),
    "var_samp": Case("VAR_SAMP(0 * n)", 0, "0", 0),
    "var_pop": Case("VAR_POP(0 * n)", 0, "0", 0),
    "any_value": Case("ANY_VALUE(0 * n)", 0, "0", 0),
    "listagg": Case("LISTAGG(s, ',') WITHIN GROUP (ORDER BY s)", "a,b", "a,b", 3),
    "median": Case("MEDIAN(n)", 1.5, "1.5", 1.5),
    "percentile_cont": Case("PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY n)", 1.5, "1.5", 1.5),
    "percentile_disc": Case("PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY n)", 1, "1", 1),
}
WINDOWS = {
    "row_number": Case("ROW_NUMBER() OVER (ORDER BY n)", 1, "1", 3),
    "rank": Case("RANK() OVER (ORDER BY n)", 1, "1", 3),
    "dense_rank": Case("DENSE_RANK() OVER (ORDER BY n)", 1, "1", 3),
    "percent_rank": Case("PERCENT_RANK() OVER (ORDER BY n)", 0, "0", 1),
    "cume_dist": Case("CUME_DIST() OVER (ORDER BY n)", 0.5, "0.5", 1.5),
    "ntile": Case("NTILE(2) OVER (ORDER BY n)", 1, "1", 3),
    "lag": Case("LAG(n, 1, 9) OVER (ORDER BY n)", 9, "9", 10),
    "lead": Case("LEAD(n) OVER (ORDER BY n)", 2, "2", 2),
    "first_value": Case("FIRST_VALUE(n) OVER (ORDER BY n ROWS UNBOUNDED PRECEDING)", 1, "1", 2),
    "last_value": Case("LAST_VALUE(n) OVER (ORDER BY n ROWS UNBOUNDED PRECEDING)", 1, "1", 3),
    "nth_value": Case("NTH_VALUE(n, 1) OVER (ORDER BY n ROWS UNBOUNDED PRECEDING)", 1, "1", 2),
}
NUMBERS = {
    "abs": Case("ABS(-2)", 2, "2", 2),
    "acos": Case("ACOS(1)", 0, "0", 0),
    "asin": Case("ASIN(0)", 0, "0", 0),
    "atan": Case("ATAN(0)", 0, "0", 0),
    "atan2": Case("ATAN2(0, 1)", 0, "0", 0),
    "cos": Case("COS(0)", 1, "1", 1),
    "sin": Case("SIN(0)", 0, "0", 0),
    "tan": Case("TAN(0)", 0, "0", 0),
    "cot": Case("COT(1)", 0.6420926159343306, "0.6420926159343306", 0.6420926159343306),
    "degrees": Case("DEGREES(0)", 0, "0", 0),
    "radians": Case("RADIANS(0)", 0, "0", 0),
    "exp": Case("EXP(0)", 1, "1", 1),
    "ln": Case("LN(1)", 0, "0", 0),
    "log": Case("LOG(100)", 2, "2", 2),
    "sqrt": Case("SQRT(4)", 2, "2", 2),
    "cbrt": Case("CBRT(8)", 2, "2", 2),
    "sign": Case("SIGN(-3)", -1, "-1", -1),
    "ceil": Case("CEIL(1.2)", 2, "2", 2),
    "ceiling": Case("CEILING(1.2)", 2, "2", 2),
    "floor": Case("FLOOR(1.8)", 1, "1", 1),
    "round": Case("ROUND(1.6)", 2, "2", 2),
    "trunc": Case("TRUNC(1.6)", 1, "1", 1),
    "mod": Case("MOD(7, 4)", 3, "3", 3),
    "power": Case("POWER(2, 3)", 8, "8", 8),
    "pow": Case("POW(2, 3)", 8, "8", 8),
    "random": Case("FLOOR(NVL(RANDOM(), 5))", 0, "0", 0),
    "to_number": Case("TO_NUMBER('12', '99')", 12, "12", 12),
    "strtol": Case("STRTOL('ff', 16)", 255, "255", 255),
}
SHA_OF_A = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
MD5_OF_A = "0cc175b9c0f1b6a831c399e269772661"
TEXTS = {
    "upper": Case("UPPER('a')", "A", "A", 1),
    "lower": Case("LOWER('A')", "a", "a", 1),
    "initcap": Case("INITCAP('ab c')", "Ab C", "Ab C", 4),
    "length": Case("LENGTH('ab')", 2, "2", 2),
    "char_length": Case("CHAR_LENGTH('ab')", 2, "2", 2),
    "character_length": Case("CHARACTER_LENGTH('ab')", 2, "2", 2),
    "octet_length": Case("OCTET_LENGTH('é')", 2, "2", 2),
    "len": Case("LEN('ab')", 2, "2", 2),
    "textlen": Case("TEXTLEN('ab')", 2, "2", 2),
    "ascii": Case("ASCII('a')", 97, "97", 97),
    "chr": Case("CHR(97)", "a", "a", 1),
    "reverse": Case("REVERSE('ab')", "ba", "ba", 2),
    "quote_ident": Case("QUOTE_IDENT('a b')", '"a b"', '"a b"', 5),
    "quote_literal": Case("QUOTE_LITERAL('a')", "'a'", "'a'", 3),
    "md5": Case("MD5('a')", MD5_OF_A, MD5_OF_A, 32),
    "sha2": Case("SHA2('a', 256)", SHA_OF_A, SHA_OF_A, 64),
    "left": Case("LEFT('abc', 2)", "ab", "ab", 2),
    "right": Case("RIGHT('abc', 2)", "bc", "bc", 2),
    "repeat": Case("REPEAT('ab', 2)", "abab", "abab", 4),
    "strpos": Case("STRPOS('abc', 'c')", 3, "3", 3),
    "charindex": Case("CHARINDEX('c', 'abc')", 3, "3", 3),
    "concat": Case("CONCAT('a', 'b')", "ab", "ab", 2),
    "substr": Case("SUBSTR('abc', 2)", "bc", "bc", 2),
    "split_part": Case("SPLIT_PART('a-b', '-', 2)", "b", "b", 1),
    "replace": Case("REPLACE('abc', 'b', 'x')", "axc", "axc", 3),
    "translate": Case("TRANSLATE('abc', 'b', 'x')", "axc", "axc", 3),
    "lpad": Case("LPAD('a', 3, 'x')", "xxa", "xxa", 3),
    "rpad": Case("RPAD('a', 3, 'x')", "axx", "axx", 3),
    "ltrim": Case("LTRIM(' a')", "a", "a", 1),
    "rtrim": Case("RTRIM('a ')", "a", "a", 1),
    "btrim": Case("BTRIM(' a ')", "a", "a", 1),
    "regexp_count": Case("REGEXP_COUNT('aba', 'a')", 2, "2", 2),
    "regexp_substr": Case("REGEXP_SUBSTR('abc', 'b.')", "bc", "bc", 2),
    "regexp_replace": Case("REGEXP_REPLACE('a-b-c', '-', '+')", "a+b+c", "a+b+c", 5),
    "json_extract_path_text": Case("JSON_EXTRACT_PATH_TEXT('{\"a\": 1}', 'a')", "1", "1", 1),
    "json_serialize": Case("JSON_SERIALIZE(JSON_PARSE('[1, \"a b\"]'))", '[1,"a b"]', '[1,"a b"]', 9),
    "is_valid_json": Case("IS_VALID_JSON('{}')", True, "1", 1),
}
FEBRUARY = datetime(2025, 2, 1)
TIMES = {
    "last_day": Case("LAST_DAY(DATE '2025-02-03')", date(2025, 2, 28), "2025-02-28", 58),
    "add_months": Case("ADD_MONTHS(DATE '2025-01-31', 1)", datetime(2025, 2, 28), "2025-02-28 00:00:00", 58),
    "date_part": Case("DATE_PART(day, DATE '2025-02-03')", 3, "3", 3),
    "date_trunc": Case(
        "DATE_TRUNC('month', TIMESTAMP '2025-02-03 10:00:00')", FEBRUARY, "2025-02-01 00:00:00", 31
    ),
    "dateadd": Case("DATEADD(day, 1, DATE '2025-01-31')", FEBRUARY, "2025-02-01 00:00:00", 31),
    "date_add": Case("DATE_ADD('day', 1, DATE '2025-01-31')", FEBRUARY, "2025-02-01 00:00:00", 31),
    "datediff": Case("DATEDIFF(day, DATE '2025-01-01', DATE '2025-01-31')", 30, "30", 30),
    "date_diff": Case("DATE_DIFF('day', DATE '2025-01-01', DATE '2025-01-31')", 30, "30", 30),
    "to_char": Case("TO_CHAR(DATE '2025-02-03', 'YYYY-MM')", "2025-02", "2025-02", 7),
    "to_date": Case("TO_DATE('02-30-2025', 'MM-DD-YYYY')", date(2025, 3, 2), "2025-03-02", 60),
    "to_timestamp": Case(
        "TO_TIMESTAMP('2025-02-01', 'YYYY-MM-DD') AT TIME ZONE 'UTC'", FEBRUARY, "2025-02-01 00:00:00", 31
    ),
    "convert_timezone": Case(
        "CONVERT_TIMEZONE('America/New_York', TIMESTAMP '2025-02-01 05:00:00')",
        FEBRUARY,
        "2025-02-01 00:00:00",
        31,
    ),
    "getdate": Case("DATEDIFF(year, CAST(NVL(GETDATE(), NULL) AS DATE), GETDATE())", 0, "0", 0),
}
CHOICES = {
    "coalesce": Case("COALESCE(NULL, 1)", 1, "1", 1),
    "nvl": Case("NVL(NULL, 1)", 1, "1", 1),
    "nvl2": Case("NVL2(1, 2, 3)", 2, "2", 2),
    "nullif": Case("NULLIF(1, 2)", 1, "1", 1),
    "greatest": Case("GREATEST(1, 2)", 2, "2", 2),
    "least": Case("LEAST(1, 2)", 1, "1", 1),
    "decode": Case("DECODE(1, 1, 5, 6)", 5, "5", 5),
}
CLUSTER = {
    "version": Case("LEFT(VERSION(), 16)", "PostgreSQL 8.0.2", "PostgreSQL 8.0.2", 16),
    "pg_last_query_id": Case("SIGN(PG_LAST_QUERY_ID())", 1, "1", 1),
    "last_user_query_id": Case("SIGN(LAST_USER_QUERY_ID())", 1, "1", 1),
    "pg_backend_pid": Case("SIGN(PG_BACKEND_PID())", 1, "1", 1),
    "now": Case("DATEDIFF(year, CAST(NOW() AS TIMESTAMP), GETDATE())", 0, "0", 0),
    "current_schema": Case("CURRENT_SCHEMA()", "public", "public", 6),
    "current_database": Case("CURRENT_DATABASE()", "db02", "db02", 4),
    "current_setting": Case("CURRENT_SETTING('TimeZone')", "UTC", "UTC", 3),
    "age": Case("EXTRACT(day FROM AGE(DATE '2025-01-03', DATE '2025-01-01'))", 2, "2", 2),
    "has_database_privilege": Case("HAS_DATABASE_PRIVILEGE('db02', 'connect')", True, "1", 1),
    "has_schema_privilege": Case("HAS_SCHEMA_PRIVILEGE('public', 'usage')", True, "1", 1),
    "has_table_privilege": Case("HAS_TABLE_PRIVILEGE('sample', 'select')", True, "1", 1),
}
GROUPED = {"grouping": Case("GROUPING(n)", 0, "0", 0)}
CASES = AGGREGATES | WINDOWS | NUMBERS | TEXTS | TIMES | CHOICES | CLUSTER | GROUPED


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with running(tmp_path_factory.mktemp("redshift")) as place:
        connection = place.connect()
        execute(connection, "CREATE TEMP TABLE sample (n INT, s VARCHAR(5))")
        execute(connection, "INSERT INTO sample VALUES (1, 'b'), (2, 'a')")
        yield connection
        connection.close()


def source(name: str) -> str:
    """What comes behind the projection, so that the first row is the one that the case tells of."""
    if name in GROUPED:
        return "FROM sample GROUP BY n ORDER BY n LIMIT 1"
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
        ("NVL(CAST(CAST(TRUNC(7.9) AS INT) AS VARCHAR), '')", "7"),
        ("UPPER(LEFT(MD5(CONCAT('', 'a')), 2))", "0C"),
        ("CASE WHEN LEN(TRIM(' a ')) = 1 THEN TO_CHAR(LAST_DAY('2025-02-01'), 'DD') END", "28"),
        ("EXTRACT(day FROM DATE '2025-02-05') / 2", 2),
        ("EXTRACT(epoch FROM TIMESTAMP '1970-01-01 00:01:00')", 60),
        ("COALESCE(TRY_CAST(NVL('x', '1') AS INT), LEN('abc'))", 3),
        ("DATE_TRUNC('month', DATE '2025-02-05')::varchar", "2025-02-01 00:00:00"),
        ("DATEDIFF(day, DATE_TRUNC('month', DATE '2025-02-05'), DATE '2025-02-05')", 4),
        ("CAST(ROUND(SQRT(2)) + TRUNC(SQRT(8)) AS INT)", 3),
        ("ROUND(CAST(9007199254740993 AS BIGINT)) - 1", 9007199254740992),
        ("NVL(AVG(CAST(LEN('abc') AS SMALLINT)), 0) / 2", 1),
        ("SUBSTRING(TO_CHAR(DATE '2025-02-05', 'YYYYMMDD') FROM 1 FOR 4)::int", 2025),
        ("'a' || NVL('b' || CAST(LEN('abc') AS VARCHAR(5)), '')", "ab3"),
    ],
)
def test_deeper_nesting(connection: Any, expression: str, expected: Any) -> None:
    assert execute(connection, f"SELECT {expression}") == [(expected,)]
