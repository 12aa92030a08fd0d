"""Local tables: what is enforced, MERGE, QUALIFY, functions and casts, what is told of a table."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import psycopg2.errors
import pytest

from tests.sandbox.redshift.testing import Place, execute, refusal

pytestmark = pytest.mark.sandbox


def test_keys_are_not_enforced_but_not_null_is(connection: Any) -> None:
    execute(
        connection,
        "CREATE TABLE keyed (id BIGINT PRIMARY KEY, u INT UNIQUE)",
        "CREATE TABLE pointing (id BIGINT REFERENCES keyed (id), FOREIGN KEY (id) REFERENCES keyed (id))",
        "INSERT INTO keyed VALUES (1, 1), (1, 1)",
        "INSERT INTO pointing VALUES (99)",
    )
    assert execute(connection, "SELECT count(*) FROM keyed") == [(2,)]
    with pytest.raises(psycopg2.errors.InternalError_, match="Cannot insert a NULL value into column id"):
        execute(connection, "INSERT INTO keyed (u) VALUES (1)")


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
    execute(
        connection, "CREATE TEMP TABLE alike (LIKE bytes)", "CREATE TEMP TABLE copied AS SELECT s FROM bytes"
    )
    for table in ("bytes", "alike", "copied"):
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


def test_pg_table_def_tells_the_attributes_that_were_stripped(connection: Any) -> None:
    execute(
        connection,
        "CREATE TABLE told (id BIGINT NOT NULL ENCODE zstd, student BIGINT, day DATE, name VARCHAR(20), "
        "flag BOOLEAN, PRIMARY KEY (id)) DISTSTYLE KEY DISTKEY(student) COMPOUND SORTKEY(day, student)",
    )
    rows = execute(
        connection,
        'SELECT "column", type, encoding, distkey, sortkey, "notnull" FROM pg_table_def '
        "WHERE tablename = 'told'",
    )
    assert sorted(rows) == sorted(
        [
            ("id", "bigint", "zstd", False, 0, True),
            ("student", "bigint", "none", True, 2, False),
            ("day", "date", "none", False, 1, False),
            ("name", "character varying(20)", "lzo", False, 0, False),
            ("flag", "boolean", "none", False, 0, False),
        ]
    )
    info = execute(
        connection, "SELECT diststyle, sortkey1, sortkey_num FROM svv_table_info WHERE \"table\" = 'told'"
    )
    assert info == [("KEY(student)", "day", 2)]
    execute(connection, "CREATE TEMP TABLE told_stage (LIKE told)")
    rows = execute(
        connection,
        'SELECT "column", distkey, sortkey, "notnull" FROM pg_table_def WHERE tablename = \'told_stage\'',
    )
    assert {("id", False, 0, True), ("student", True, 2, False), ("day", False, 1, False)} <= set(rows)


def test_pg_table_def_shows_the_search_path_only(connection: Any) -> None:
    execute(connection, "CREATE SCHEMA aside", "CREATE TABLE aside.elsewhere (id INT)")
    question = "SELECT count(*) FROM pg_table_def WHERE tablename = 'elsewhere'"
    assert execute(connection, question) == [(0,)]
    execute(connection, "SET search_path TO aside, public")
    assert execute(connection, question) == [(1,)]


def test_attributes_beside_columns_and_in_create_table_as(connection: Any) -> None:
    execute(
        connection,
        "CREATE TABLE beside "
        "(id BIGINT DISTKEY SORTKEY, n INT IDENTITY(1, 1), t TIMESTAMP DEFAULT GETDATE())",
        "INSERT INTO beside (id) VALUES (10), (20)",
        "CREATE TEMP TABLE beside_copy DISTSTYLE ALL SORTKEY(id) AS SELECT id, n FROM beside",
    )
    assert execute(connection, "SELECT n FROM beside_copy ORDER BY id") == [(1,), (2,)]
    assert execute(connection, "SELECT count(t) FROM beside") == [(2,)]


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
    execute(connection, "CREATE TEMP TABLE shadowed (LIKE shadowed)")
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


# MERGE ------------------------------------------------------------------------------------------


@pytest.fixture
def stage(connection: Any) -> Any:
    execute(
        connection,
        "CREATE TEMP TABLE target (id BIGINT, s VARCHAR(10))",
        "CREATE TEMP TABLE stage (id BIGINT, s VARCHAR(10))",
        "INSERT INTO target VALUES (1, 'old'), (2, 'old')",
        "INSERT INTO stage VALUES (2, 'new'), (3, 'new')",
    )
    return connection


def test_merge(stage: Any) -> None:
    with stage.cursor() as cursor:
        cursor.execute(
            "MERGE INTO target USING (SELECT id, s FROM stage) AS n ON target.id = n.id "
            "WHEN MATCHED THEN UPDATE SET s = n.s WHEN NOT MATCHED THEN INSERT (id, s) VALUES (n.id, n.s)"
        )
        assert cursor.rowcount == -1
    assert execute(stage, "SELECT id, s FROM target ORDER BY id") == [(1, "old"), (2, "new"), (3, "new")]


def test_merge_without_a_column_list(stage: Any) -> None:
    execute(
        stage,
        "MERGE INTO target USING stage ON target.id = stage.id "
        "WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (stage.id, 'all')",
    )
    assert execute(stage, "SELECT id, s FROM target ORDER BY id") == [(1, "old"), (3, "all")]


def test_merge_remove_duplicates(stage: Any) -> None:
    execute(stage, "INSERT INTO target VALUES (2, 'older')")
    execute(stage, "MERGE INTO target USING stage ON target.id = stage.id REMOVE DUPLICATES")
    assert execute(stage, "SELECT id, s FROM target ORDER BY id") == [(1, "old"), (2, "new"), (3, "new")]


def test_merge_with_several_matches(stage: Any) -> None:
    execute(stage, "INSERT INTO stage VALUES (2, 'newer')")
    code, text = refusal(
        stage,
        "MERGE INTO target USING stage ON target.id = stage.id "
        "WHEN MATCHED THEN UPDATE SET s = stage.s "
        "WHEN NOT MATCHED THEN INSERT (id, s) VALUES (stage.id, stage.s)",
    )
    assert (code, "Found multiple matches to update the same tuple." in text) == ("XX000", True)


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
        (f"SELECT * FROM versions AS v QUALIFY {NEWEST} = 1 ORDER BY id", [(1, 2, "b"), (2, 1, "c")]),
        (f"SELECT v.*, 'x' AS x FROM versions AS v WHERE id = 1 QUALIFY {NEWEST} = 1", [(1, 2, "b", "x")]),
        (f"SELECT id, {NEWEST} AS place FROM versions AS v QUALIFY place = 2 ORDER BY id", [(1, 2), (2, 2)]),
        (f"SELECT id FROM versions AS v QUALIFY {NEWEST} = 1 ORDER BY id DESC LIMIT 1", [(2,)]),
        (f"SELECT count(*) FROM (SELECT * FROM versions AS v QUALIFY {NEWEST} = 1) AS q", [(2,)]),
        (
            f"WITH q AS (SELECT * FROM versions AS v QUALIFY {NEWEST} = 1) SELECT s FROM q ORDER BY s",
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
        ("NVL2(NULL, 'a', 'b')", "b"),
        ("NVL2('x', 'a', 'b')", "a"),
        ("DECODE(NULL, 1, 'one', NULL, 'none', 'other')", "none"),
        ("DECODE(3, 1, 'one', 'other')", "other"),
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
        ("CONVERT_TIMEZONE('America/New_York', '2025-12-09 15:00')", datetime(2025, 12, 9, 10)),
        ("LAST_DAY('2025-02-03')", date(2025, 2, 28)),
        ("TRUNC(TIMESTAMP '2025-02-03 10:00')", date(2025, 2, 3)),
        ("MD5('a')", "0cc175b9c0f1b6a831c399e269772661"),
        ("SHA2('a', 256)", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
        ("STRTOL('ff', 16)", 255),
        ("CONCAT('a', 'b')", "ab"),
        ("7 / 2", 3),
        ("REGEXP_REPLACE('a-b-c', '-', '+')", "a+b+c"),
        ("NULLIF(TRIM('  '), '')", None),
        ("GREATEST(1, NULL, 3)", 3),
        ("JSON_EXTRACT_PATH_TEXT('{\"a\": {\"b\": 1}}', 'a', 'b')", "1"),
    ],
)
def test_functions_and_casts(connection: Any, expression: str, expected: Any) -> None:
    assert execute(connection, f"SELECT {expression}") == [(expected,)]


def test_to_timestamp_gives_a_zone(connection: Any) -> None:
    ((moment,),) = execute(connection, "SELECT TO_TIMESTAMP('2025-12-09 10:00', 'YYYY-MM-DD HH24:MI')")
    assert moment.utcoffset() == timedelta(0)


def test_the_clock(connection: Any) -> None:
    ((now, start),) = execute(connection, "SELECT GETDATE(), SYSDATE")
    assert isinstance(now, datetime)
    assert (now.tzinfo, now.microsecond, start.tzinfo) == (None, 0, None)


def test_aggregates(ranked: Any) -> None:
    rows = execute(
        ranked,
        "SELECT LISTAGG(s, ',') WITHIN GROUP (ORDER BY s DESC), AVG(n), COUNT(DISTINCT id), MEDIAN(id) "
        "FROM versions",
    )
    assert rows == [("d,c,b,a", 1, 2, 1.5)]


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
