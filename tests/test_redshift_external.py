"""External schemas, tables, partitions and views, and the system views that show them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.redshift.testing import BUCKET, SCHEMA_DDL, Place, execute, partition_clause, refusal

pytestmark = pytest.mark.sandbox

COLUMNS = (
    "id BIGINT, seats INTEGER, small SMALLINT, name VARCHAR(20), code CHAR(3), price DECIMAL(10,2), "
    "ratio REAL, share DOUBLE PRECISION, flag BOOLEAN, born DATE, seen TIMESTAMP, free VARCHAR"
)
PARTITIONED = "PARTITIONED BY (year INTEGER, month INTEGER, day INTEGER)"


def create(connection: Any, name: str) -> None:
    execute(
        connection,
        f"DROP TABLE IF EXISTS esd_spectrum.{name}",
        f"CREATE EXTERNAL TABLE esd_spectrum.{name} ({COLUMNS}) {PARTITIONED} STORED AS PARQUET "
        f"LOCATION 's3://{BUCKET}/{name}/' TABLE PROPERTIES ('numRows'='1000')",
    )


def notices(connection: Any) -> str:
    text = "".join(connection.notices)
    connection.notices.clear()
    return text


def values(connection: Any, table: str) -> list[list[str]]:
    rows = execute(
        connection,
        f"SELECT p.\"values\" FROM svv_external_partitions AS p WHERE tablename = '{table}' ORDER BY 1",
    )
    return [json.loads(row[0]) for row in rows]


def test_a_schema_that_exists_is_no_error_with_if_not_exists(connection: Any) -> None:
    execute(connection, SCHEMA_DDL)
    assert "already exists" in notices(connection)


def test_svv_external_schemas(connection: Any) -> None:
    rows = execute(
        connection,
        "SELECT eskind, databasename, esoptions FROM svv_external_schemas WHERE schemaname = 'esd_spectrum'",
    )
    assert rows == [(1, "esd", '{"IAM_ROLE":"default"}')]


def test_an_external_schema_may_be_made_in_a_transaction_and_rolls_back(place: Place) -> None:
    connection = place.connect(autocommit=False)
    execute(connection, "CREATE EXTERNAL SCHEMA passing FROM DATA CATALOG DATABASE 'esd' IAM_ROLE default")
    assert execute(connection, "SELECT count(*) FROM svv_external_schemas WHERE schemaname = 'passing'") == [
        (1,)
    ]
    connection.rollback()
    assert place.run("SELECT count(*) FROM svv_external_schemas WHERE schemaname = 'passing'") == [(0,)]


def test_dropping_the_schema_leaves_the_catalog(connection: Any) -> None:
    execute(connection, "CREATE EXTERNAL SCHEMA twin FROM DATA CATALOG DATABASE 'esd' IAM_ROLE default")
    create(connection, "shared")
    execute(connection, "DROP SCHEMA twin")
    assert execute(connection, "SELECT count(*) FROM esd_spectrum.shared") == [(0,)]


def test_a_role_that_the_cluster_does_not_have(connection: Any) -> None:
    role = "arn:aws:iam::123456789012:role/Unknown"
    execute(connection, f"CREATE EXTERNAL SCHEMA stranger FROM DATA CATALOG DATABASE 'esd' IAM_ROLE '{role}'")
    create(connection, "shared")
    code, text = refusal(connection, "SELECT count(*) FROM stranger.shared")
    execute(connection, "DROP SCHEMA stranger")
    assert code == "XX000"
    assert "not authorized to assume IAM Role" in text


def test_svv_external_tables_and_columns(connection: Any) -> None:
    create(connection, "shown")
    rows = execute(
        connection,
        "SELECT redshift_database_name, tabletype, location, serialization_lib, parameters "
        "FROM svv_external_tables WHERE schemaname = 'esd_spectrum' AND tablename = 'shown'",
    )
    ((database, kind, location, library, parameters),) = rows
    assert (database, kind, location) == ("db02", "TABLE", f"s3://{BUCKET}/shown")
    assert library == "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
    assert json.loads(parameters)["numRows"] == "1000"
    columns = execute(
        connection,
        "SELECT columnname, external_type, columnnum, part_key FROM svv_external_columns "
        "WHERE tablename = 'shown' ORDER BY columnnum",
    )
    assert columns == [
        ("id", "bigint", 1, 0),
        ("seats", "int", 2, 0),
        ("small", "smallint", 3, 0),
        ("name", "varchar(20)", 4, 0),
        ("code", "char(3)", 5, 0),
        ("price", "decimal(10,2)", 6, 0),
        ("ratio", "float", 7, 0),
        ("share", "double", 8, 0),
        ("flag", "boolean", 9, 0),
        ("born", "date", 10, 0),
        ("seen", "timestamp", 11, 0),
        ("free", "varchar(256)", 12, 0),
        ("year", "int", 13, 1),
        ("month", "int", 14, 2),
        ("day", "int", 15, 3),
    ]


def test_external_tables_are_in_svv_tables_and_nowhere_else(connection: Any) -> None:
    create(connection, "hidden")
    assert execute(connection, "SELECT table_type FROM svv_tables WHERE table_name = 'hidden'") == [
        ("EXTERNAL TABLE",)
    ]
    assert len(execute(connection, "SELECT column_name FROM svv_columns WHERE table_name = 'hidden'")) == 15
    execute(connection, "SET search_path TO esd_spectrum, public")
    assert execute(connection, "SELECT * FROM pg_class WHERE relname = 'hidden'") == []
    assert refusal(connection, "SELECT * FROM hidden")[0] == "42P01"


def test_partitions_are_registered_as_written(connection: Any) -> None:
    create(connection, "parts")
    execute(connection, f"ALTER TABLE esd_spectrum.parts ADD {partition_clause([9, 10], 'parts')}")
    assert values(connection, "parts") == [["2025", "12", "09"], ["2025", "12", "10"]]
    raw = execute(
        connection,
        "SELECT values, location FROM svv_external_partitions WHERE tablename = 'parts' ORDER BY 1",
    )
    assert raw[0] == ('["2025","12","09"]', f"s3://{BUCKET}/parts/day=09")


def test_a_location_is_cut_at_128(connection: Any) -> None:
    create(connection, "long_location")
    location = f"s3://{BUCKET}/{'x' * 150}/"
    execute(
        connection,
        "ALTER TABLE esd_spectrum.long_location ADD PARTITION (year='2025', month='1', day='1') "
        f"LOCATION '{location}'",
    )
    rows = execute(
        connection, "SELECT location FROM svv_external_partitions WHERE tablename = 'long_location'"
    )
    assert rows == [(location[:128],)]


def test_a_registered_partition_is_kept_by_if_not_exists_and_refused_without(connection: Any) -> None:
    create(connection, "again")
    execute(connection, f"ALTER TABLE esd_spectrum.again ADD {partition_clause([1], 'again')}")
    execute(
        connection,
        f"ALTER TABLE esd_spectrum.again ADD IF NOT EXISTS {partition_clause([1, 2], 'elsewhere')}",
    )
    assert "already exists" in notices(connection)
    locations = execute(
        connection, "SELECT location FROM svv_external_partitions WHERE tablename = 'again' ORDER BY 1"
    )
    assert locations == [(f"s3://{BUCKET}/again/day=01",), (f"s3://{BUCKET}/elsewhere/day=02",)]
    code, text = refusal(connection, f"ALTER TABLE esd_spectrum.again ADD {partition_clause([1], 'again')}")
    assert (code, "already exists" in text) == ("XX000", True)


def test_a_hundred_partitions_and_no_more(connection: Any) -> None:
    create(connection, "many")
    days = list(range(1, 101))
    execute(connection, f"ALTER TABLE esd_spectrum.many ADD IF NOT EXISTS {partition_clause(days, 'many')}")
    assert len(values(connection, "many")) == 100
    days = list(range(101, 202))
    code, text = refusal(
        connection, f"ALTER TABLE esd_spectrum.many ADD IF NOT EXISTS {partition_clause(days, 'many')}"
    )
    assert code == "XX000"
    assert "Error when calling external catalog API: Exception in curl callback" in text
    assert len(values(connection, "many")) == 100


def test_partitions_separated_by_commas_are_unconfirmed(connection: Any) -> None:
    create(connection, "commas")
    clause = ", ".join(partition_clause([day], "commas") for day in (1, 2))
    assert refusal(connection, f"ALTER TABLE esd_spectrum.commas ADD {clause}")[0] == "42601"


def test_adding_a_column(connection: Any) -> None:
    create(connection, "changed")
    execute(connection, "ALTER TABLE esd_spectrum.changed ADD COLUMN extra VARCHAR(10)")
    assert execute(connection, "SELECT extra FROM esd_spectrum.changed") == []


def test_dropping_a_partition(connection: Any) -> None:
    create(connection, "changed")
    execute(
        connection,
        f"ALTER TABLE esd_spectrum.changed ADD {partition_clause([1, 2], 'changed')}",
        "ALTER TABLE esd_spectrum.changed DROP PARTITION (year='2025', month='12', day='01')",
    )
    assert values(connection, "changed") == [["2025", "12", "02"]]


@pytest.mark.parametrize(
    ("change", "sqlstate", "text"),
    [
        ("DROP PARTITION (year='1999', month='12', day='01')", "XX000", "catalog"),
        ("ADD PARTITION (year='2025') LOCATION 's3://b-1/x/'", "42703", "partition columns are"),
        ("RENAME TO other", "42601", "RENAME"),
        ("ADD COLUMN more VARCHAR(10) DEFAULT 'x'", "42601", "DEFAULT"),
        ("SET TABLE PROPERTIES ('numRows'='5')", "0A000", "not carried"),
        ("SET LOCATION 's3://b-1/x/'", "0A000", "not carried"),
        ("PARTITION (year='2025', month='1', day='1') SET LOCATION 's3://b-1/x/'", "0A000", "not carried"),
    ],
)
def test_changes_of_an_external_table_that_are_refused(
    connection: Any, change: str, sqlstate: str, text: str
) -> None:
    create(connection, "changed")
    code, message = refusal(connection, f"ALTER TABLE esd_spectrum.changed {change}")
    assert (code, text in message) == (sqlstate, True), message


OUTSIDE_ONLY = [
    (
        "CREATE EXTERNAL TABLE",
        f"CREATE EXTERNAL TABLE esd_spectrum.x (id BIGINT) STORED AS PARQUET LOCATION 's3://{BUCKET}/x/'",
    ),
    (
        "ALTER EXTERNAL TABLE",
        f"ALTER TABLE esd_spectrum.locked ADD IF NOT EXISTS {partition_clause([1], 'locked')}",
    ),
    (
        "ALTER EXTERNAL TABLE",
        "ALTER TABLE esd_spectrum.locked DROP PARTITION (year='2025', month='12', day='01')",
    ),
    ("DROP EXTERNAL TABLE", "DROP TABLE IF EXISTS esd_spectrum.locked"),
    ("VACUUM", "VACUUM"),
    ("ALTER TABLE APPEND", "ALTER TABLE here APPEND FROM there"),
    ("ALTER TABLE ALTER COLUMN", "ALTER TABLE here ALTER COLUMN name TYPE VARCHAR(100)"),
]


@pytest.mark.parametrize(("command", "sql"), OUTSIDE_ONLY)
def test_not_in_a_transaction_and_not_in_a_string_of_statements(place: Place, command: str, sql: str) -> None:
    plain = place.connect()
    create(plain, "locked")
    execute(
        plain,
        "CREATE TABLE IF NOT EXISTS here (name VARCHAR(10))",
        "CREATE TABLE IF NOT EXISTS there (name VARCHAR(10))",
    )
    text = f"{command} cannot run inside a transaction block"
    in_block = place.connect(autocommit=False)
    code, message = refusal(in_block, sql)
    assert (code, text in message) == ("25001", True)
    code, message = refusal(in_block, "SELECT 1")
    assert (code, "commands ignored until end of transaction block" in message) == ("25P02", True)
    in_block.rollback()
    for several in (f"SELECT 1; {sql}", f"{sql}; SELECT 1", f"BEGIN; COMMIT; {sql}"):
        code, message = refusal(plain, several)
        assert (code, text in message) == ("25001", True)
    assert execute(plain, "SELECT 1") == [(1,)]


def test_a_view_on_an_external_table_must_be_late_binding(connection: Any) -> None:
    create(connection, "viewed")
    code, text = refusal(connection, "CREATE VIEW v_viewed AS SELECT id FROM esd_spectrum.viewed")
    assert (code, "WITH NO SCHEMA BINDING" in text) == ("0A000", True)
    execute(
        connection,
        "CREATE OR REPLACE VIEW v_viewed AS SELECT id FROM esd_spectrum.viewed WITH NO SCHEMA BINDING",
    )
    assert execute(connection, "SELECT count(*) FROM v_viewed") == [(0,)]
    execute(connection, "DROP TABLE esd_spectrum.viewed")
    assert refusal(connection, "SELECT count(*) FROM v_viewed")[0] == "42P01"
    create(connection, "viewed")
    assert execute(connection, "SELECT count(v.id) FROM public.v_viewed AS v") == [(0,)]
    execute(connection, "DROP VIEW v_viewed")
    assert refusal(connection, "SELECT count(*) FROM v_viewed")[0] == "42P01"


def test_late_binding_views_name_schemas_that_exist(connection: Any) -> None:
    assert refusal(connection, "CREATE VIEW v AS SELECT * FROM t WITH NO SCHEMA BINDING")[0] == "42P01"
    assert (
        refusal(connection, "CREATE VIEW v AS SELECT * FROM nowhere.t WITH NO SCHEMA BINDING")[0] == "3F000"
    )
    execute(connection, "CREATE VIEW v AS SELECT * FROM public.not_yet WITH NO SCHEMA BINDING")
    execute(connection, "CREATE TABLE public.not_yet (a INT)", "INSERT INTO public.not_yet VALUES (4)")
    assert execute(connection, "SELECT a FROM v") == [(4,)]


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO esd_spectrum.locked VALUES (1)",
        "UPDATE esd_spectrum.locked SET id = 1",
        "DELETE FROM esd_spectrum.locked",
        "TRUNCATE esd_spectrum.locked",
        "ANALYZE esd_spectrum.locked",
        "VACUUM esd_spectrum.locked",
        "GRANT SELECT ON esd_spectrum.locked TO PUBLIC",
        "COMMENT ON TABLE esd_spectrum.locked IS 'x'",
        "COMMENT ON COLUMN esd_spectrum.locked.id IS 'x'",
    ],
)
def test_what_cannot_be_done_to_an_external_table(connection: Any, sql: str) -> None:
    create(connection, "locked")
    assert refusal(connection, sql)[0] == "0A000"


def test_grants_on_schemas_and_tables(connection: Any) -> None:
    execute(
        connection,
        "CREATE TABLE IF NOT EXISTS granted (id INT)",
        "GRANT USAGE ON SCHEMA esd_spectrum TO PUBLIC",
        "GRANT SELECT, INSERT ON TABLE public.granted TO GROUP analysts",
        "REVOKE ALL ON granted FROM PUBLIC",
        "CREATE OR REPLACE VIEW granting AS SELECT id FROM granted",
        "GRANT SELECT ON granted, public.granting TO GROUP analysts",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC",
    )
    assert refusal(connection, "GRANT USAGE ON SCHEMA nowhere TO PUBLIC")[0] == "3F000"
    assert refusal(connection, "GRANT SELECT ON nowhere TO PUBLIC")[0] == "42P01"
    assert refusal(connection, "GRANT SELECT ON granted, nowhere TO PUBLIC")[0] == "42P01"
    assert refusal(connection, "GRANT SELECT ON granted, TO PUBLIC")[0] == "42601"


# DG: r_COMMENT, and its examples of reading a comment.
def test_comments_on_tables_columns_and_views(connection: Any) -> None:
    execute(
        connection,
        "CREATE TABLE commented (id INT, note VARCHAR(10))",
        "CREATE VIEW v_commented AS SELECT * FROM public.commented WITH NO SCHEMA BINDING",
        "COMMENT ON TABLE public.commented IS 'It isn''t much.'",
        "COMMENT ON COLUMN db02.public.commented.note IS 'first'",
        "COMMENT ON COLUMN commented.note IS 'A note.'",
        "COMMENT ON COLUMN commented.id IS 'x'",
        "COMMENT ON COLUMN commented.id IS NULL",
        "COMMENT ON VIEW v_commented IS 'A view.'",
    )
    found = execute(
        connection,
        "SELECT c.relname, d.objsubid, d.description FROM pg_catalog.pg_description d "
        "JOIN pg_class c ON c.oid = d.objoid WHERE c.relname LIKE '%commented' ORDER BY 1, 2",
    )
    assert found == [
        ("commented", 0, "It isn't much."),
        ("commented", 2, "A note."),
        ("v_commented", 0, "A view."),
    ]


@pytest.mark.parametrize(
    ("sql", "sqlstate"),
    [
        ("COMMENT ON TABLE nowhere IS 'x'", "42P01"),
        ("COMMENT ON COLUMN nowhere.id IS 'x'", "42P01"),
        ("COMMENT ON COLUMN described.nowhere IS 'x'", "42703"),
        ("COMMENT ON COLUMN id IS 'x'", "42601"),
        ("COMMENT ON TABLE described IS x", "42601"),
        ("COMMENT ON TABLE described IS 'x' 'y'", "42601"),
        ("COMMENT ON TABLE v_described IS 'x'", "42809"),
        ("COMMENT ON COLUMN v_described.id IS 'x'", "0A000"),
        ("COMMENT ON VIEW described IS 'x'", "42809"),
        ("COMMENT ON INDEX described IS 'x'", "0A000"),
    ],
)
def test_comments_that_are_refused(connection: Any, sql: str, sqlstate: str) -> None:
    execute(
        connection,
        "CREATE TABLE IF NOT EXISTS described (id INT)",
        "CREATE OR REPLACE VIEW v_described AS SELECT * FROM public.described WITH NO SCHEMA BINDING",
    )
    assert refusal(connection, sql)[0] == sqlstate
