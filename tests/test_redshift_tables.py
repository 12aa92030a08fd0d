"""Local tables and views: lengths in bytes, QUALIFY, functions and casts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.redshift.testing import Place, execute, refusal

pytestmark = pytest.mark.sandbox


@pytest.mark.parametrize(
    ("column", "fits", "too_long", "limit"),
    [
        ("VARCHAR(4)", "éé", "ééa", 4),
        ("VARCHAR", "x" * 256, "x" * 257, 256),
        ("TEXT", "é" * 128, "é" * 128 + "x", 256),
        ("VARCHAR(MAX)", "é" * 32767, "é" * 32768, 65535),
        ("CHARACTER VARYING(3)", "abc", "abcd", 3),
    ],
)
def test_varchar_counts_bytes(connection: Any, column: str, fits: str, too_long: str, limit: int) -> None:
    execute(connection, f"CREATE TEMP TABLE bytes (s {column})")
    execute(connection, "CREATE TEMP TABLE copied AS SELECT s FROM bytes")
    for table in ("bytes", "copied"):
        execute(connection, f"INSERT INTO {table} VALUES ('{fits}')")
        for statement in (
            f"INSERT INTO {table} VALUES ('{too_long}')",
            f"UPDATE {table} SET s = '{too_long}'",
        ):
            code, text = refusal(connection, statement)
            assert (code, "code:      8001" in text) == ("XX000", True)
            assert f"Value too long for type character varying({limit})" in text


def test_a_lengthened_varchar(connection: Any) -> None:
    execute(
        connection,
        "CREATE TABLE longer (s VARCHAR(3))",
        "ALTER TABLE longer ALTER COLUMN s TYPE VARCHAR(5)",
        "ALTER TABLE longer ADD COLUMN t VARCHAR(2) DEFAULT 'x'",
        "INSERT INTO longer VALUES ('abcde')",
    )
    assert "character varying(5)" in refusal(connection, "INSERT INTO longer VALUES ('éééé')")[1]
    assert "character varying(2)" in refusal(connection, "INSERT INTO longer VALUES ('a', 'éé')")[1]


def test_a_cast_to_varchar_cuts_by_bytes(connection: Any) -> None:
    assert execute(connection, "SELECT CAST('éé' AS VARCHAR(3)), 'abc'::varchar(2), 12345::varchar(3)") == [
        ("é", "ab", "123")
    ]


def test_a_bound_on_the_sort_key_spares_the_blocks_without_it(connection: Any) -> None:
    days = ", ".join(f"('{date(2024, 1, 1) + timedelta(days=at)}')" for at in range(300))
    execute(connection, "CREATE TEMP TABLE each_day (day DATE)", f"INSERT INTO each_day VALUES {days}")
    for _ in range(9):
        execute(connection, "INSERT INTO each_day SELECT day FROM each_day")
    execute(
        connection,
        "CREATE TABLE sorted SORTKEY(day) AS SELECT day FROM each_day ORDER BY day",
        "CREATE TABLE unsorted AS SELECT day FROM each_day ORDER BY day",
    )
    for table, way in (("sorted", "Bitmap Heap Scan on sorted"), ("unsorted", "Seq Scan on unsorted")):
        execute(connection, f"VACUUM {table}", f"ANALYZE {table}")
        plan = execute(connection, f"EXPLAIN SELECT * FROM {table} WHERE day = '2024-03-01'")
        assert way in plan[0][0]


def test_temporary_tables_shadow_permanent_ones_and_end_with_the_session(
    place: Place, connection: Any
) -> None:
    execute(connection, "CREATE TABLE shadowed (a INT)", "INSERT INTO shadowed VALUES (1)")
    execute(connection, "CREATE TEMP TABLE shadowed (a INT)")
    assert execute(connection, "SELECT count(*) FROM shadowed") == [(0,)]
    assert execute(connection, "SELECT count(*) FROM public.shadowed") == [(1,)]
    assert place.run("SELECT count(*) FROM shadowed") == [(1,)]


def test_if_exists_and_if_not_exists(connection: Any) -> None:
    execute(
        connection, "DROP TABLE IF EXISTS perhaps", "CREATE TABLE IF NOT EXISTS perhaps (id INT) DISTKEY(id)"
    )
    execute(connection, "CREATE TABLE IF NOT EXISTS perhaps (id INT, more INT)")
    assert refusal(connection, "CREATE TABLE perhaps (id INT)")[0] == "42P07"
    execute(connection, "DROP TABLE perhaps")
    assert refusal(connection, "DROP TABLE perhaps")[0] == "42P01"


# Queries ----------------------------------------------------------------------------------------


@pytest.fixture
def ranked(connection: Any) -> Any:
    execute(
        connection,
        "CREATE TEMP TABLE versions (id BIGINT, n INT, s VARCHAR(5))",
        "INSERT INTO versions VALUES (1, 1, 'a'), (1, 2, 'b'), (2, 1, 'c'), (2, NULL, 'd')",
    )
    return connection


NEWEST = "ROW_NUMBER() OVER (PARTITION BY v.id ORDER BY v.n DESC NULLS LAST)"


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (f"SELECT id, s FROM versions AS v QUALIFY {NEWEST} = 1 ORDER BY id", [(1, "b"), (2, "c")]),
        (f"SELECT s, 'x' AS x FROM versions AS v WHERE id = 1 QUALIFY {NEWEST} = 1", [("b", "x")]),
        (f"SELECT count(*) FROM (SELECT n FROM versions AS v QUALIFY {NEWEST} = 1) AS q", [(2,)]),
        (
            f"WITH q AS (SELECT s FROM versions AS v QUALIFY {NEWEST} = 1) SELECT s FROM q ORDER BY s",
            [("b",), ("c",)],
        ),
    ],
)
def test_qualify(ranked: Any, sql: str, expected: list[tuple[Any, ...]]) -> None:
    assert execute(ranked, sql) == expected


def test_names_of_columns_stay(ranked: Any) -> None:
    with ranked.cursor() as cursor:
        cursor.execute(
            "SELECT id::varchar, count(*), max(n), CAST(s AS VARCHAR(2)), 1, NVL(s, '') "
            "FROM versions GROUP BY id, s"
        )
        assert [column.name for column in cursor.description] == [
            "id",
            "count",
            "max",
            "s",
            "?column?",
            "coalesce",
        ]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("NVL(NULL, 'a')", "a"),
        ("LEN('é ')", 2),
        ("DATEADD(day, 1, '2025-12-31')", datetime(2026, 1, 1)),
        ("DATEADD('month', 1, DATE '2025-01-31')", datetime(2025, 2, 28)),
        ("DATEDIFF(day, '2025-12-09 23:00', '2025-12-10 01:00')", 1),
        ("DATEDIFF(month, '2025-01-31', '2025-02-01')", 1),
        ("DATEDIFF(hour, '2025-01-01 00:59', '2025-01-01 01:01')", 1),
        ("TO_DATE('20010631', 'YYYYMMDD')", date(2001, 7, 1)),
        ("TO_DATE('02-29-2025', 'MM-DD-YYYY')", date(2025, 3, 1)),
        ("TO_DATE('02-28-2025', 'MM-DD-YYYY', TRUE)", date(2025, 2, 28)),
        ("TRY_CAST('x' AS BIGINT)", None),
        ("TRY_CAST('1_0' AS INT)", None),
        ("TRY_CAST('0x1' AS INT)", None),
        ("TRY_CAST('99999999999' AS INT)", None),
        ("TRY_CAST('12' AS BIGINT)", 12),
        ("TRY_CAST('' AS TIMESTAMP)", None),
        ("TRY_CAST('2025-02-30' AS DATE)", None),
        ("TRY_CAST('2025-12-09 08:01:44.337' AS TIMESTAMP)", datetime(2025, 12, 9, 8, 1, 44, 337000)),
        ("CAST('2019-02-11T05:09:12.195Z' AS TIMESTAMP)", datetime(2019, 2, 11, 5, 9, 12, 195000)),
        ("CAST('2019-02-11T05:09:12.195+05:00' AS TIMESTAMP)", datetime(2019, 2, 11, 5, 9, 12, 195000)),
        ("CAST('12-09-2025' AS DATE)", date(2025, 12, 9)),
        ("'2025-12-09 10:00:00-05'::timestamptz AT TIME ZONE 'UTC'", datetime(2025, 12, 9, 15)),
        ("MD5('a')", "0cc175b9c0f1b6a831c399e269772661"),
        ("CONCAT('a', 'b')", "ab"),
        ("7 / 2", 3),
        ("NULLIF(TRIM('  '), '')", None),
        ("GREATEST(1, NULL, 3)", 3),
        ("JSON_EXTRACT_PATH_TEXT('{\"a\": {\"b\": 1}}', 'a', 'b')", "1"),
    ],
)
def test_functions_and_casts(connection: Any, expression: str, expected: Any) -> None:
    assert execute(connection, f"SELECT {expression}") == [(expected,)]


def test_the_clock(connection: Any) -> None:
    ((now, start),) = execute(connection, "SELECT GETDATE(), SYSDATE")
    assert isinstance(now, datetime)
    assert (now.tzinfo, now.microsecond, start.tzinfo) == (None, 0, None)


def test_aggregates(ranked: Any) -> None:
    rows = execute(ranked, "SELECT AVG(n), COUNT(DISTINCT id), MEDIAN(id) FROM versions")
    assert rows == [(1, 2, 1.5)]


def test_deleting_and_updating_by_another_table(ranked: Any) -> None:
    execute(ranked, "CREATE TEMP TABLE other (id BIGINT)", "INSERT INTO other VALUES (1)")
    execute(ranked, "DELETE FROM versions USING other WHERE versions.id = other.id")
    execute(ranked, "WITH o AS (SELECT 2 AS id) UPDATE versions SET s = 'z' FROM o WHERE versions.id = o.id")
    assert execute(ranked, "SELECT id, s FROM versions") == [(2, "z"), (2, "z")]


def test_identifiers_fold_even_when_quoted(connection: Any) -> None:
    execute(connection, 'CREATE TEMP TABLE Folded ("ID" INT, "Tag" INT)')
    assert execute(connection, 'SELECT id, "TAG" FROM "FOLDED"') == []


def test_recursive_queries(connection: Any) -> None:
    sql = "WITH RECURSIVE n (a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n WHERE a < 3) SELECT a FROM n"
    assert execute(connection, sql) == [(1,), (2,), (3,)]


def test_views_over_local_tables(connection: Any) -> None:
    execute(connection, "CREATE TABLE seen (id INT)", "INSERT INTO seen VALUES (1)")
    execute(connection, "CREATE VIEW seeing AS SELECT id + 1 AS more FROM seen")
    execute(connection, "CREATE OR REPLACE VIEW seeing AS SELECT id + 2 AS more FROM seen")
    assert execute(connection, "SELECT more FROM seeing") == [(3,)]


# DG: r_CREATE_VIEW: "the identical set of columns, using the same column names and data types".
@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("SELECT id, note, id AS more FROM replaced", "cannot change number of columns in view"),
        ("SELECT id FROM replaced", "cannot change number of columns in view"),
        ("SELECT id, note AS remark FROM replaced", 'cannot change name of view column "note"'),
        ("SELECT note, id FROM replaced", 'cannot change name of view column "id"'),
        ("SELECT id, id AS note FROM replaced", 'cannot change data type of view column "note"'),
        (
            "SELECT id, CAST(note AS VARCHAR(20)) AS note FROM replaced",
            'cannot change data type of view column "note"',
        ),
    ],
)
def test_a_view_is_replaced_by_the_same_columns_alone(connection: Any, query: str, text: str) -> None:
    execute(
        connection,
        "CREATE TABLE IF NOT EXISTS replaced (id INT, note VARCHAR(10))",
        "CREATE OR REPLACE VIEW replacing AS SELECT id, note FROM replaced",
    )
    sqlstate, message, *_ = refusal(connection, f"CREATE OR REPLACE VIEW replacing AS {query}")
    assert (sqlstate, message.startswith(text)) == ("42P16", True), message
    assert execute(connection, "SELECT id, note FROM replacing") == []


def test_a_view_keeps_its_comment_and_the_views_over_it_when_it_is_replaced(connection: Any) -> None:
    execute(
        connection,
        "CREATE TABLE below (id INT)",
        "INSERT INTO below VALUES (1)",
        "CREATE VIEW middle AS SELECT id FROM below",
        "COMMENT ON VIEW middle IS 'It stays.'",
        "CREATE VIEW above AS SELECT m.id + 1 AS more FROM public.middle AS m",
        "CREATE OR REPLACE VIEW middle AS SELECT id + 10 AS id FROM below",
    )
    assert execute(connection, "SELECT more FROM above") == [(12,)]
    assert execute(
        connection,
        "SELECT description FROM pg_description d JOIN pg_class c ON c.oid = d.objoid "
        "WHERE c.relname = 'middle'",
    ) == [("It stays.",)]
    for sql in ("DROP VIEW middle", "DROP TABLE below"):
        assert refusal(connection, sql)[0] == "2BP01"
    execute(connection, "DROP VIEW above", "DROP VIEW middle", "DROP TABLE below")


def test_a_late_binding_view_is_replaced_by_another_one_alone(connection: Any) -> None:
    execute(
        connection,
        "CREATE TABLE early (id INT, note VARCHAR(10))",
        "CREATE VIEW late AS SELECT id FROM public.early WITH NO SCHEMA BINDING",
        "CREATE OR REPLACE VIEW late AS SELECT id + 1 AS id FROM public.early WITH NO SCHEMA BINDING",
        "CREATE VIEW bound AS SELECT id FROM early",
        "INSERT INTO early VALUES (1)",
    )
    assert execute(connection, "SELECT id FROM late") == [(2,)]
    assert refusal(connection, "CREATE OR REPLACE VIEW late AS SELECT id FROM early")[0] == "0A000"
    late = "CREATE OR REPLACE VIEW bound AS SELECT id FROM public.early WITH NO SCHEMA BINDING"
    assert refusal(connection, late)[0] == "0A000"
