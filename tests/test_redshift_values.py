"""Errors of values: on compute nodes, texts that grow too long, booleans, untyped literals, SUPER."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest

from tests.sandbox.redshift.testing import Place, execute, refusal

pytestmark = pytest.mark.sandbox


@pytest.fixture(scope="module")
def connection(place: Place) -> Iterator[Any]:
    connection = place.connect()
    execute(
        connection,
        "CREATE TABLE t (n INT, s VARCHAR(20), b BOOLEAN)",
        "INSERT INTO t VALUES (1, 'x', TRUE), (2, 'y', FALSE)",
        "CREATE TABLE kept (n SMALLINT NOT NULL, s VARCHAR(3), c CHAR(2), d DATE)",
        "INSERT INTO kept VALUES (1, 'abc', 'ab', '2025-12-09')",
        "CREATE TABLE labels (name VARCHAR(9))",
    )
    yield connection
    connection.close()


# Compute nodes ------------------------------------------------------------------------------------

TOO_LONG = "Value too long for character type"
NODE_ERRORS = [
    ("INSERT INTO kept (n, s) SELECT n, 'abcd' FROM t", TOO_LONG, 8001),
    ("INSERT INTO kept (n, s) VALUES (1, 'éé')", TOO_LONG, 8001),
    ("UPDATE kept SET s = s || 'd'", TOO_LONG, 8001),
    ("UPDATE kept SET c = 'abc'", TOO_LONG, 8001),
    ("INSERT INTO kept (n) SELECT NULL::smallint FROM t", "Cannot insert a NULL value into column n", 8007),
    ("INSERT INTO kept (s) VALUES ('a')", "Cannot insert a NULL value into column n", 8007),
    ("UPDATE kept SET n = NULL", "Cannot insert a NULL value into column n", 8007),
    ("SELECT CAST(s AS INT) FROM t", "Invalid digit, Value 'x', Pos 0, Type: Integer", 1207),
    ("UPDATE kept SET n = 70000", "Value out of range for 2 bytes.", 8001),
    ("SELECT CAST(s || '2025-02-30' AS DATE) FROM t", "Invalid date format or value", 1205),
    (
        "SELECT TO_DATE('02-30-2025' || LEFT(s, 0), 'MM-DD-YYYY', TRUE) FROM t",
        "Invalid date format or value",
        1205,
    ),
    ("SELECT CAST('2025-13-01 ' || s AS TIMESTAMP) FROM t", "Invalid timestamp format or value", 1206),
    ("SELECT n / 0 FROM t", "Invalid data", 8001),
]


@pytest.mark.parametrize(("sql", "text", "code"), NODE_ERRORS)
def test_errors_of_compute_nodes_differ_by_their_code(
    connection: Any, sql: str, text: str, code: int
) -> None:
    with pytest.raises(psycopg2.Error) as caught:
        execute(connection, sql)
    assert (caught.value.pgcode, caught.value.diag.message_primary) == ("XX000", text)
    detail = str(caught.value.diag.message_detail)
    assert f"  code:      {code}\n" in detail
    assert "  query:     " in detail


def test_the_limit_is_in_the_context(connection: Any) -> None:
    assert (
        "context:   Value too long for type character varying(3)"
        in refusal(connection, "UPDATE kept SET s = 'abcd'")[1]
    )


@pytest.mark.parametrize(
    ("sql", "sqlstate"), [("SELECT CAST('x' AS INT)", "22P02"), ("SELECT 70000::smallint", "22003")]
)
def test_the_leader_keeps_its_own_sqlstates(connection: Any, sql: str, sqlstate: str) -> None:
    execute(connection, "SELECT n FROM t")
    assert refusal(connection, sql)[0] == sqlstate


def test_what_fits_is_stored(connection: Any) -> None:
    execute(connection, "UPDATE kept SET s = 'éa', c = 'xy', n = 32767")
    assert execute(connection, "SELECT s, c, n FROM kept") == [("éa", "xy", 32767)]


# Texts that grow ----------------------------------------------------------------------------------

LONGEST = "REPEAT('x', 65535)"


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (f"{LONGEST} || 'x'", "CONCAT() result too long"),
        (f"'a' || NVL({LONGEST} || NULL, {LONGEST})", "CONCAT() result too long"),
        (f"MD5('a' || {LONGEST})", "CONCAT() result too long"),
        (f"MD5('a' || {LONGEST}) || 'b'", "CONCAT() result too long"),
        (f"CONCAT({LONGEST}, 'x')", "CONCAT() result too long"),
        ("CONCAT(REPEAT('é', 32767), 'é')", "CONCAT() result too long"),
        (f"CAST({LONGEST} || 'x' AS VARCHAR(10))", "CONCAT() result too long"),
        ("REPEAT('x', 65536)", TOO_LONG),
        ("REPLACE(REPEAT('x', 40000), 'x', 'yy')", TOO_LONG),
        ("LPAD('x', 65536)", TOO_LONG),
    ],
)
def test_a_text_that_grows_beyond_the_longest_varchar(connection: Any, expression: str, text: str) -> None:
    code, message = refusal(connection, f"SELECT {expression} FROM t")
    assert (code, text in message, "code:      8001" in message) == ("XX000", True, True)


@pytest.mark.parametrize(
    "expression",
    [
        "REPEAT('x', 65534) || 'x'",
        "CONCAT(REPEAT('é', 32767), 'x')",
        "LPAD('x', 65535)",
        "REPLACE(REPEAT('x', 65535), 'x', 'y')",
    ],
)
def test_the_longest_text(connection: Any, expression: str) -> None:
    assert execute(connection, f"SELECT OCTET_LENGTH({expression})") == [(65535,)]


def test_concatenation_of_null_is_null(connection: Any) -> None:
    assert execute(connection, "SELECT 'a' || NULL || 'b', CONCAT('a', NULL)") == [(None, None)]


def test_a_concatenation_can_be_grouped_by_and_has_no_name(connection: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT s || '-' || n FROM t GROUP BY s || '-' || n ORDER BY s || '-' || n")
        assert cursor.fetchall() == [("x-1",), ("y-2",)]
        assert cursor.description[0].name == "?column?"


# Booleans -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "expression",
    [
        "b::varchar",
        "CAST(b AS VARCHAR(5))",
        "b::text",
        "b::char(5)",
        "TRY_CAST(b AS VARCHAR)",
        "(n = 1)::varchar",
        "NVL(b, FALSE)::varchar",
        "b || 'x'",
        "'x' || b",
        "NVL(s, '') || (n = 1)",
    ],
)
def test_a_boolean_is_no_text(connection: Any, expression: str) -> None:
    code, message = refusal(connection, f"SELECT {expression} FROM t")
    assert (code, "cannot cast type boolean to character varying" in message) == ("42846", True)


@pytest.mark.parametrize("sql", ["INSERT INTO labels SELECT b FROM t", "UPDATE t SET s = b"])
def test_a_boolean_is_not_stored_as_a_text(connection: Any, sql: str) -> None:
    assert refusal(connection, sql)[0] == "42846"


@pytest.mark.parametrize(
    "expression", ["s::boolean", "CAST(NVL(s, 'x') AS BOOLEAN)", "'tr'::varchar::boolean"]
)
def test_a_text_is_no_boolean(connection: Any, expression: str) -> None:
    code, message = refusal(connection, f"SELECT {expression} FROM t")
    assert (code, "cannot cast type character varying to boolean" in message) == ("42846", True)


def test_what_booleans_do_cast_to_and_from(connection: Any) -> None:
    sql = (
        "SELECT b::int, n::boolean, 'true'::boolean, NULL::boolean, b = 'true', "
        "CASE WHEN b THEN 'yes' ELSE 'no' END FROM t WHERE n = 1"
    )
    assert execute(connection, sql) == [(1, True, True, None, True, "yes")]


# Literals without a type --------------------------------------------------------------------------

Q = "(SELECT 'a' AS x) AS q"
UNTYPED = [
    "WITH c AS (SELECT 'a' AS x) SELECT x FROM c ORDER BY x",
    "WITH c AS (SELECT 'a' AS x) SELECT x AS y FROM c ORDER BY y",
    "WITH c AS (SELECT 'a' AS x) SELECT x FROM c ORDER BY 1",
    "WITH c AS (SELECT 'a' AS x) SELECT * FROM c ORDER BY 1",
    "WITH c (y) AS (SELECT 'a') SELECT y, COUNT(*) FROM c GROUP BY y",
    "WITH c AS (SELECT NULL AS x, s FROM t) SELECT s FROM c WHERE x = s",
    "WITH c AS (SELECT 'a' AS x), d AS (SELECT * FROM c) SELECT x FROM d ORDER BY x",
    "WITH c AS (SELECT 'a' AS x UNION ALL SELECT 'b') SELECT x FROM c ORDER BY x",
    "SELECT x FROM (SELECT n, 'a' AS x FROM t UNION SELECT n, NULL FROM t) AS q WHERE x = 'a'",
    f"SELECT x FROM {Q} WHERE x = 'a'",
    f"SELECT q.x, COUNT(*) FROM {Q} GROUP BY 1",
    f"SELECT t.s FROM t JOIN {Q} ON t.s = q.x",
    "SELECT s FROM t JOIN (SELECT 'x' AS s) AS q USING (s)",
    f"SELECT s FROM t WHERE s IN (SELECT x FROM {Q})",
    "SELECT s FROM t WHERE s IN (SELECT 'x')",
    "SELECT s FROM t WHERE s = (SELECT 'x')",
    f"SELECT s FROM t WHERE EXISTS (SELECT 1 FROM {Q} WHERE q.x = t.s)",
    f"SELECT s FROM t, {Q} WHERE EXISTS (SELECT 1 FROM t AS u WHERE u.s = q.x)",
    f"SELECT DISTINCT x FROM {Q}",
    f"SELECT DISTINCT * FROM {Q}",
    f"SELECT COUNT(DISTINCT x) FROM {Q}",
    f"SELECT x FROM {Q} UNION ALL SELECT s FROM t",
    f"SELECT x::varchar FROM {Q}",
    f"SELECT NVL(x, 'b') FROM {Q}",
    f"SELECT x || 'b' FROM {Q}",
    f"SELECT MAX(x) FROM {Q}",
    f"SELECT ROW_NUMBER() OVER (PARTITION BY x ORDER BY n) FROM t, {Q}",
    f"INSERT INTO labels SELECT x FROM {Q}",
    f"UPDATE t SET s = q.x FROM {Q}",
    f"DELETE FROM t USING {Q} WHERE t.s = q.x",
]
TYPED = [
    "WITH c AS (SELECT CAST('a' AS VARCHAR(5)) AS x) SELECT x FROM c ORDER BY x",
    "WITH c AS (SELECT 'a' AS x UNION ALL SELECT CAST('b' AS VARCHAR(5))) SELECT x FROM c ORDER BY x",
    "WITH c AS (SELECT NULL AS x, 1 AS y UNION ALL SELECT s, n FROM t) SELECT x FROM c ORDER BY x",
    "WITH c AS (SELECT 'a' AS x UNION ALL SELECT 'b') SELECT x FROM c",
    "WITH c AS (SELECT 1 AS x) SELECT x, COUNT(*) FROM c GROUP BY x ORDER BY x",
    "WITH c AS (SELECT 'a' AS x, s FROM t) SELECT s, COUNT(*) FROM c GROUP BY s ORDER BY s",
    "WITH c AS (SELECT 'a' AS x) SELECT t.s AS x FROM t, c ORDER BY t.s",
    "SELECT x FROM (SELECT CASE WHEN n = 1 THEN 'a' ELSE 'b' END AS x FROM t) AS q ORDER BY x",
    "SELECT x FROM (SELECT NVL(s, 'a') AS x FROM t) AS q WHERE x = 'x'",
    "SELECT x FROM (SELECT DATE '2025-12-09' AS x) AS q WHERE x = '2025-12-09'",
    f"SELECT q.x, t.s FROM t, {Q} ORDER BY t.s",
    f"SELECT x FROM {Q} WHERE x IS NOT NULL",
    f"SELECT COUNT(x) FROM {Q}",
    "SELECT 'a' AS x, s FROM t ORDER BY x",
    "SELECT 'a' AS x, COUNT(*) FROM t GROUP BY x",
    "SELECT DISTINCT 'a' AS x FROM t",
    "SELECT 'External' AS source, COUNT(*) FROM t UNION ALL SELECT 'Native', COUNT(*) FROM t",
    "SELECT s FROM t WHERE EXISTS (SELECT 'a')",
    "SELECT s FROM t WHERE s IN (SELECT s FROM t)",
    "SELECT (SELECT 'a') AS x FROM t",
    "INSERT INTO labels SELECT 'a'",
    "UPDATE t SET s = 'x' FROM (SELECT 1 AS s) AS q WHERE t.n = q.s",
    "UPDATE t SET s = 'x' FROM (SELECT 'a' AS s, 1 AS n) AS q WHERE t.n = q.n",
]


@pytest.mark.parametrize("sql", UNTYPED)
def test_a_literal_that_left_its_block_has_no_type(connection: Any, sql: str) -> None:
    code, message = refusal(connection, sql)
    assert (code, 'failed to find conversion function from "unknown" to text' in message) == ("XX000", True)


@pytest.mark.parametrize("sql", TYPED)
def test_what_has_a_type_or_needs_none(connection: Any, sql: str) -> None:
    execute(connection, sql)


def test_a_literal_that_comes_out_of_a_view(connection: Any) -> None:
    execute(connection, "CREATE VIEW late AS SELECT 'a' AS x, s FROM public.t WITH NO SCHEMA BINDING")
    assert execute(connection, "SELECT x, s FROM late ORDER BY s") == [("a", "x"), ("a", "y")]
    assert refusal(connection, "SELECT x FROM late WHERE x = 'a'")[0] == "XX000"
    code, message = refusal(connection, "CREATE VIEW bound AS SELECT 'a' AS x, s FROM t")
    assert (code, "bare literal" in message) == ("0A000", True)
    execute(connection, "CREATE VIEW bound AS SELECT 'a'::varchar AS x, s FROM t")
    assert execute(connection, "SELECT s FROM bound WHERE x = 'a' ORDER BY s") == [("x",), ("y",)]


# Semi-structured values ------------------------------------------------------------------------------

RECORD = """JSON_PARSE('{"a": {"b": [1, 2]}, "n": null, "t": "x y", "E": true}')"""


@pytest.fixture(scope="module")
def supers(place: Place) -> Iterator[Any]:
    connection = place.connect()
    execute(
        connection,
        "CREATE TABLE supers (n INT, s SUPER)",
        f"INSERT INTO supers SELECT 1, {RECORD}",
        "INSERT INTO supers VALUES (2, NULL)",
    )
    yield connection
    connection.close()


def test_a_super_column_is_serialized_as_compact_json(supers: Any) -> None:
    assert execute(supers, "SELECT JSON_SERIALIZE(s) FROM supers ORDER BY n") == [
        ('{"a":{"b":[1,2]},"n":null,"t":"x y","E":true}',),
        ("null",),
    ]


@pytest.mark.parametrize(
    ("path", "value"),
    [("'a', 'b'", "[1,2]"), ("'t'", "x y"), ("'E'", "true"), ("'e'", ""), ("'a', 'c'", ""), ("'n'", "null")],
)
def test_a_path_into_json_text(supers: Any, path: str, value: str) -> None:
    sql = f"SELECT JSON_EXTRACT_PATH_TEXT(JSON_SERIALIZE(s), {path}, TRUE) FROM supers WHERE n = 1"
    assert execute(supers, sql) == [(value,)]


def test_json_text_that_is_invalid_is_an_error_or_null(supers: Any) -> None:
    assert execute(supers, "SELECT JSON_EXTRACT_PATH_TEXT('{', 'a', TRUE)") == [(None,)]
    assert refusal(supers, "SELECT JSON_EXTRACT_PATH_TEXT('{', 'a')")[0].startswith("22")
    assert refusal(supers, "SELECT JSON_EXTRACT_PATH_TEXT('{', 'a', FALSE)")[0].startswith("22")


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO supers VALUES (3, '{}')",
        "SELECT CAST('{}' AS SUPER)",
        "CREATE TABLE keyed (s SUPER) SORTKEY (s)",
        "CREATE TABLE keyed (s SUPER SORTKEY)",
        "SELECT JSON_SERIALIZE('{}')",
        "SELECT JSON_EXTRACT_PATH_TEXT('{}', TRUE)",
        "SELECT JSON_EXTRACT_PATH_TEXT('{}', 'a', 'b', 'c', 'd', 'e', 'f')",
    ],
)
def test_what_is_no_super_and_no_path(supers: Any, sql: str) -> None:
    assert refusal(supers, sql)


def test_svv_columns_shows_a_super_column(supers: Any) -> None:
    sql = "SELECT data_type FROM svv_columns WHERE table_name = 'supers' ORDER BY ordinal_position"
    assert execute(supers, sql) == [("integer",), ("super",)]
