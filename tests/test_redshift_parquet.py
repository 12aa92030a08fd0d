"""Rows of external tables: which Parquet files are read, and from which partitions."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg2.errors
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.sandbox.redshift.testing import BUCKET, Place, execute, parquet, partition_clause, refusal

pytestmark = pytest.mark.sandbox

NUMBERS = itertools.count(1)


@pytest.fixture
def table(connection: Any) -> Callable[..., str]:
    """Makes an external table of these columns, partitioned by day, with those days registered."""

    def make(columns: str, days: list[int] | None = None) -> str:
        name = f"rows_{next(NUMBERS)}"
        execute(
            connection,
            f"CREATE EXTERNAL TABLE esd_spectrum.{name} ({columns}) "
            "PARTITIONED BY (year INTEGER, month INTEGER, day INTEGER) STORED AS PARQUET "
            f"LOCATION 's3://{BUCKET}/{name}/'",
            f"ALTER TABLE esd_spectrum.{name} ADD {partition_clause(days or [9], name)}",
        )
        return name

    return make


def ids(*values: int) -> dict[str, pa.Array]:
    return {"id": pa.array(values, pa.int64())}


def test_rows_come_from_registered_partitions_only(
    place: Place, connection: Any, table: Callable[..., str]
) -> None:
    name = table("id BIGINT", [9, 10])
    place.put(f"{name}/day=09/school_1.parquet", parquet(ids(1, 2)))
    place.put(f"{name}/day=09/deeper/school_2.parquet", parquet(ids(3)))
    place.put(f"{name}/day=11/school_1.parquet", parquet(ids(99)))
    found = execute(connection, f"SELECT id, year, month, day FROM esd_spectrum.{name} ORDER BY id")
    assert found == [(1, 2025, 12, 9), (2, 2025, 12, 9), (3, 2025, 12, 9)]
    execute(connection, f"ALTER TABLE esd_spectrum.{name} ADD {partition_clause([11], name)}")
    assert execute(connection, f"SELECT count(*) FROM esd_spectrum.{name}") == [(4,)]


def test_many_partitions_at_once(place: Place, connection: Any, table: Callable[..., str]) -> None:
    days = list(range(1, 32))
    name = table("id BIGINT", days)
    for day in days:
        place.put(f"{name}/day={day:02}/school_1.parquet", parquet(ids(day, day + 100)))
    place.put(f"{name}/day=32/school_1.parquet", parquet(ids(99)))
    found = execute(connection, f"SELECT day, id FROM esd_spectrum.{name} ORDER BY id")
    assert found == [(day, day) for day in days] + [(day, day + 100) for day in days]


@pytest.mark.parametrize("hidden", [".hidden", "_SUCCESS", "#draft", "school_1.parquet~"])
def test_hidden_files_are_passed_over(
    place: Place, connection: Any, table: Callable[..., str], hidden: str
) -> None:
    name = table("id BIGINT")
    place.put(f"{name}/day=09/school_1.parquet", parquet(ids(1)))
    place.put(f"{name}/day=09/{hidden}", b"not Parquet")
    assert execute(connection, f"SELECT id FROM esd_spectrum.{name}") == [(1,)]


TYPES = [
    ("BIGINT", pa.array([2**40, None], pa.int64()), {}, [2**40, None]),
    ("INTEGER", pa.array([7, None], pa.int32()), {}, [7, None]),
    ("SMALLINT", pa.array([7, None], pa.int16()), {}, [7, None]),
    ("BOOLEAN", pa.array([True, False, None]), {}, [True, False, None]),
    ("REAL", pa.array([1.5, None], pa.float32()), {}, [1.5, None]),
    ("DOUBLE PRECISION", pa.array([1.5, None], pa.float64()), {}, [1.5, None]),
    ("VARCHAR(10)", pa.array(["é", "", 'a"b,c\nd', "\\.", None]), {}, ["é", "", 'a"b,c\nd', "\\.", None]),
    ("DATE", pa.array([date(2025, 12, 9), None]), {}, [date(2025, 12, 9), None]),
    ("DECIMAL(10,2)", pa.array([Decimal("1.50"), None], pa.decimal128(10, 2)), {}, [Decimal("1.50"), None]),
    (
        "TIMESTAMP",
        pa.array([datetime(2025, 12, 9, 8, 1, 44, 337000)], pa.timestamp("us")),
        {},
        [datetime(2025, 12, 9, 8, 1, 44, 337000)],
    ),
    (
        "TIMESTAMP",
        pa.array([datetime(2025, 12, 9, 8, 1, 44)], pa.timestamp("us")),
        {"use_deprecated_int96_timestamps": True},
        [datetime(2025, 12, 9, 8, 1, 44)],
    ),
]


@pytest.mark.parametrize("case", TYPES, ids=lambda case: case[0])
def test_types_that_spectrum_reads(
    place: Place, connection: Any, table: Callable[..., str], case: Any
) -> None:
    sql_type, values, options, expected = case
    name = table(f"x {sql_type}")
    place.put(f"{name}/day=09/a.parquet", parquet({"x": values}, **options))
    assert [row[0] for row in execute(connection, f"SELECT x FROM esd_spectrum.{name}")] == expected


@pytest.mark.parametrize("codec", ["none", "snappy", "gzip", "zstd"])
def test_compressions_that_spectrum_reads(
    place: Place, connection: Any, table: Callable[..., str], codec: str
) -> None:
    name = table("id BIGINT")
    place.put(f"{name}/day=09/a.parquet", parquet(ids(5), compression=codec))
    assert execute(connection, f"SELECT id FROM esd_spectrum.{name}") == [(5,)]


INCOMPATIBLE = "has an incompatible Parquet schema for column"
VERSION = "has an invalid version number"
NOW = datetime(2025, 12, 9, 8, 1, 44)
NO_ROWS = pa.array([], pa.int64())


def with_an_empty_row_group() -> bytes:
    out = io.BytesIO()
    with pq.ParquetWriter(out, pa.schema([("x", pa.int64())]), version="1.0") as writer:
        writer.write_table(pa.table({"x": pa.array([1], pa.int64())}))
        writer.write_table(pa.table({"x": NO_ROWS}))
    return out.getvalue()


UNREADABLE = {
    "an int32 file for BIGINT": ("x BIGINT", parquet({"x": pa.array([1], pa.int32())}), INCOMPATIBLE),
    "an int64 file for INTEGER": ("x INTEGER", parquet({"x": pa.array([1], pa.int64())}), INCOMPATIBLE),
    "uint64": ("x BIGINT", parquet({"x": pa.array([1], pa.uint64())}), INCOMPATIBLE),
    "a text for BIGINT": ("x BIGINT", parquet({"x": pa.array(["1"])}), INCOMPATIBLE),
    "a double for BIGINT": ("x BIGINT", parquet({"x": pa.array([1.0])}), INCOMPATIBLE),
    "bytes without UTF8 for VARCHAR": ("x VARCHAR(9)", parquet({"x": pa.array([b"a"])}), INCOMPATIBLE),
    "a boolean for VARCHAR": ("x VARCHAR(9)", parquet({"x": pa.array([True])}), INCOMPATIBLE),
    "a text for DATE": ("x DATE", parquet({"x": pa.array(["2025-12-09"])}), INCOMPATIBLE),
    "a list": ("x BIGINT", parquet({"x": pa.array([[1]], pa.list_(pa.int64()))}), INCOMPATIBLE),
    "another scale": (
        "x DECIMAL(10,2)",
        parquet({"x": pa.array([Decimal("1.5")], pa.decimal128(10, 1))}),
        INCOMPATIBLE,
    ),
    "nanoseconds": (
        "x TIMESTAMP",
        parquet({"x": pa.array([NOW], pa.timestamp("ns"))}, version="2.6"),
        VERSION,
    ),
    "milliseconds": ("x TIMESTAMP", parquet({"x": pa.array([NOW], pa.timestamp("ms"))}), INCOMPATIBLE),
    "format version 2": ("x BIGINT", parquet({"x": pa.array([1])}, version="2.6"), VERSION),
    "data page version 2": ("x BIGINT", parquet({"x": pa.array([1])}, data_page_version="2.0"), VERSION),
    "another encoding": (
        "x BIGINT",
        parquet({"x": pa.array([1])}, use_dictionary=False, column_encoding={"x": "DELTA_BINARY_PACKED"}),
        "unsupported encoding",
    ),
    "booleans as RLE": (
        "x BOOLEAN",
        parquet({"x": pa.array([True])}, use_dictionary=False, column_encoding={"x": "RLE"}),
        "RLE for BOOLEAN",
    ),
    "no rows": ("x BIGINT", parquet({"x": NO_ROWS}), "has no rows"),
    "a row group without rows": ("x BIGINT", with_an_empty_row_group(), "row group without rows"),
    "another compression": ("x BIGINT", parquet({"x": pa.array([1])}, compression="brotli"), "compression"),
    "a column too few": ("x BIGINT, y BIGINT", parquet({"x": pa.array([1])}), INCOMPATIBLE),
    "a column too many": ("x BIGINT", parquet({"x": pa.array([1]), "y": pa.array([1])}), INCOMPATIBLE),
    "another order": ("x BIGINT, y BIGINT", parquet({"y": pa.array([1]), "x": pa.array([1])}), INCOMPATIBLE),
    "upper case": ("x BIGINT", parquet({"X": pa.array([1])}), INCOMPATIBLE),
    "a partition column": (
        "x BIGINT",
        parquet({"x": pa.array([1]), "day": pa.array([9], pa.int32())}),
        "['day']",
    ),
    "a text that is too long": ("x VARCHAR(3)", parquet({"x": pa.array(["éé"])}), "longer than the length"),
    "JSON": ("x BIGINT", b'{"x": 1}', VERSION),
    "nothing": ("x BIGINT", b"", VERSION),
    "a file cut short": ("x BIGINT", parquet({"x": pa.array([1])})[:-9], VERSION),
}


@pytest.mark.parametrize("fault", UNREADABLE)
def test_files_that_spectrum_does_not_read(
    place: Place, connection: Any, table: Callable[..., str], fault: str
) -> None:
    columns, body, text = UNREADABLE[fault]
    name = table(columns)
    place.put(f"{name}/day=09/a.parquet", body)
    with pytest.raises(psycopg2.errors.InternalError_) as caught:
        execute(connection, f"SELECT count(x) FROM esd_spectrum.{name}")
    said = caught.value.diag
    assert said.message_primary == "Spectrum Scan Error"
    assert "code:      15007" in str(said.message_detail)
    assert f"s3://{BUCKET}/{name}/day=09/a.parquet" in str(said.message_detail)
    assert text in str(said.message_detail)
    assert execute(connection, "SELECT 1") == [(1,)]


def test_several_row_groups_with_rows(place: Place, connection: Any, table: Callable[..., str]) -> None:
    name = table("id BIGINT, b BOOLEAN")
    columns = {"id": pa.array([1, 2, 3], pa.int64()), "b": pa.array([True, None, False])}
    place.put(f"{name}/day=09/a.parquet", parquet(columns, row_group_size=1))
    found = execute(connection, f"SELECT id, b FROM esd_spectrum.{name} ORDER BY id")
    assert found == [(1, True), (2, None), (3, False)]


def test_nanoseconds_in_a_version_one_file_are_int96_or_nothing(
    place: Place, connection: Any, table: Callable[..., str]
) -> None:
    """pyarrow's version 1.0 turns nanoseconds into microseconds, which Spectrum reads."""
    name = table("x TIMESTAMP")
    place.put(f"{name}/day=09/a.parquet", parquet({"x": pa.array([NOW], pa.timestamp("ns"))}))
    assert execute(connection, f"SELECT x FROM esd_spectrum.{name}") == [(NOW,)]


def test_a_file_that_the_query_does_not_need_is_not_read(
    place: Place, connection: Any, table: Callable[..., str]
) -> None:
    name = table("id BIGINT", [9, 10])
    place.put(f"{name}/day=09/a.parquet", parquet(ids(1)))
    place.put(f"{name}/day=10/a.parquet", b"broken")
    assert execute(connection, f"SELECT id FROM esd_spectrum.{name} WHERE day = 9") == [(1,)]
    assert refusal(connection, f"SELECT id FROM esd_spectrum.{name}")[0] == "XX000"


@pytest.mark.parametrize(
    ("where", "qualified"),
    [
        ("year = 2025 AND month = 12 AND day = 2", 1),
        ("(year = 2025 AND month = 12 AND day = 2) OR (year = 2025 AND month = 12 AND day = 3)", 2),
        ("day IN (1, 3)", 2),
        ("day > 1 AND id > 0", 2),
        ("t.day = 1", 1),
        ("year = 1999", 0),
        ("id = 1", 3),
        ("day + id = 2", 3),
        ("day = 1 OR id = 1", 3),
    ],
)
def test_pruning(
    place: Place, connection: Any, table: Callable[..., str], where: str, qualified: int
) -> None:
    name = table("id BIGINT", [1, 2, 3])
    for day in (1, 2, 3):
        place.put(f"{name}/day={day:02}/a.parquet", parquet(ids(day)))
    execute(connection, f"SELECT count(*) FROM esd_spectrum.{name} AS t WHERE {where}")
    logged = execute(
        connection,
        "SELECT total_partitions, qualified_partitions FROM svl_s3partition WHERE query = pg_last_query_id()",
    )
    assert logged == [(3, qualified)]


@pytest.mark.parametrize(
    ("where", "returned"),
    [
        ("day IN (1, 2) AND id IN (1, 3)", 2),
        ("id IN (1, 3)", 3),
        ("id IN (7)", 0),
        ("id IN (1, 3) OR id = 2", 6),
        ("id NOT IN (1, 3)", 6),
        ("id + 0 IN (1, 3)", 6),
        ("id IN (SELECT 1)", 6),
    ],
)
def test_rows_that_fail_a_list_of_literals_are_not_shipped(
    place: Place, connection: Any, table: Callable[..., str], where: str, returned: int
) -> None:
    name = table("id BIGINT", [1, 2, 3])
    for day in (1, 2, 3):
        place.put(f"{name}/day={day:02}/a.parquet", parquet(ids(1, 2)))
    execute(connection, f"SELECT count(*) FROM esd_spectrum.{name} WHERE {where}")
    logged = execute(
        connection, "SELECT s3query_returned_rows FROM svl_s3query_summary WHERE query = pg_last_query_id()"
    )
    assert logged == [(returned,)]


def test_pruning_never_changes_an_outer_join(
    place: Place, connection: Any, table: Callable[..., str]
) -> None:
    name = table("id BIGINT", [1, 2])
    place.put(f"{name}/day=01/a.parquet", parquet(ids(1)))
    execute(connection, "CREATE TEMP TABLE keys AS SELECT 1::bigint AS id UNION ALL SELECT 2")
    found = execute(
        connection,
        f"SELECT k.id FROM keys AS k LEFT JOIN esd_spectrum.{name} AS e ON e.id = k.id WHERE e.day IS NULL",
    )
    assert found == [(2,)]


def test_pseudo_columns_are_there_when_named(
    place: Place, connection: Any, table: Callable[..., str]
) -> None:
    name = table("id BIGINT")
    body = parquet(ids(1))
    place.put(f"{name}/day=09/a.parquet", body)
    path = f"s3://{BUCKET}/{name}/day=09/a.parquet"
    assert execute(connection, f'SELECT "$path", "$size" FROM esd_spectrum.{name}') == [(path, len(body))]
    assert execute(connection, f"SELECT * FROM esd_spectrum.{name}") == [(1, 2025, 12, 9)]
    assert refusal(connection, f'SELECT *, "$path" FROM esd_spectrum.{name}')[0] == "0A000"


def test_a_statement_sees_the_objects_as_they_are_now(place: Place, table: Callable[..., str]) -> None:
    name = table("id BIGINT")
    place.put(f"{name}/day=09/a.parquet", parquet(ids(1)))
    reader = place.connect(autocommit=False)
    assert execute(reader, f"SELECT id FROM esd_spectrum.{name}") == [(1,)]
    place.put(f"{name}/day=09/a.parquet", parquet(ids(1, 2)))
    assert execute(reader, f"SELECT id FROM esd_spectrum.{name} ORDER BY id") == [(1,), (2,)]
    reader.rollback()


def test_a_missing_bucket(connection: Any, table: Callable[..., str]) -> None:
    name = table("id BIGINT")
    execute(
        connection,
        f"ALTER TABLE esd_spectrum.{name} ADD PARTITION (year='2025', month='1', day='1') "
        "LOCATION 's3://no-such-bucket/x/'",
    )
    with pytest.raises(psycopg2.errors.InternalError_) as caught:
        execute(connection, f"SELECT count(*) FROM esd_spectrum.{name}")
    assert caught.value.diag.message_primary == "Spectrum Scan Error"
    assert "NoSuchBucket" in str(caught.value.diag.message_detail)


def test_external_rows_in_every_kind_of_statement(
    place: Place, connection: Any, table: Callable[..., str]
) -> None:
    name = table("id BIGINT, s VARCHAR(5)")
    place.put(
        f"{name}/day=09/a.parquet",
        parquet({"id": pa.array([1, 2, 3], pa.int64()), "s": pa.array(["a", "b", "c"])}),
    )
    execute(
        connection,
        f"CREATE TEMP TABLE stage AS SELECT id, s FROM esd_spectrum.{name} WHERE day = 9 AND id < 3",
    )
    assert execute(connection, "SELECT id, s FROM stage ORDER BY id") == [(1, "a"), (2, "b")]
    execute(connection, f"INSERT INTO stage SELECT id, s FROM esd_spectrum.{name} WHERE id = 3")
    execute(
        connection,
        f"UPDATE stage SET s = 'x' FROM esd_spectrum.{name} AS e WHERE e.id = stage.id AND e.id = 1",
    )
    execute(
        connection, f"DELETE FROM stage USING esd_spectrum.{name} AS e WHERE e.id = stage.id AND e.id = 2"
    )
    assert execute(connection, "SELECT id, s FROM stage ORDER BY id") == [(1, "x"), (3, "c")]
    ranked = execute(
        connection,
        "WITH ranked AS (SELECT e.id, row_number() OVER (PARTITION BY e.day ORDER BY e.id DESC) AS place "
        f"FROM esd_spectrum.{name} AS e) SELECT id FROM ranked WHERE place = 1",
    )
    assert ranked == [(3,)]
    execute(connection, f"EXPLAIN SELECT * FROM esd_spectrum.{name}")


def test_the_owners_queries(place: Place, connection: Any, table: Callable[..., str]) -> None:
    name = table("id BIGINT", [9, 10])
    place.put(f"{name}/day=09/a.parquet", parquet(ids(1, 2)))
    place.put(f"{name}/day=10/a.parquet", parquet(ids(3)))
    by_day = execute(
        connection,
        f"SELECT COUNT(*), year, month, day FROM esd_spectrum.{name} GROUP BY year, month, day "
        "ORDER BY year DESC, month DESC, day DESC;",
    )
    assert by_day == [(1, 2025, 12, 10), (2, 2025, 12, 9)]
    counted = execute(
        connection,
        "SELECT COUNT(DISTINCT year || '-' || month || '-' || day) as partition_count "
        f"FROM esd_spectrum.{name};",
    )
    assert counted == [(2,)]
    execute(connection, "CREATE TABLE IF NOT EXISTS public.native_rows (id BIGINT)")
    both = execute(
        connection,
        f"SELECT 'External' as source, COUNT(*) as row_count FROM esd_spectrum.{name}\n"
        "UNION ALL SELECT 'Native' as source, COUNT(*) as row_count FROM public.native_rows;",
    )
    assert both == [("External", 3), ("Native", 0)]
