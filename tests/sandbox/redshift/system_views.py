"""Redshift's system views and their rows. PostgreSQL's own catalogs are never read directly."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence

from .catalog import INPUT_FORMAT, OUTPUT_FORMAT, SERDE, SERDE_PARAMETERS, ExternalTable, Partition
from .differences import Difference
from .errors import RedshiftError, no_such_relation, not_carried
from .meta import ExternalSchema, external_schemas, require_role
from .statements import Name
from .work import Work

# PostgreSQL answers these, by views.sql.
KEPT = frozenset({"pg_class", "pg_description", "pg_views", "svv_transactions"})
# Redshift has these as well. No script and no test of the scripts reads them.
_UNCARRIED = """
    pg_database pg_external_schema pg_indexes pg_namespace pg_table_def pg_tables pg_user
    svv_external_databases svv_table_info
"""
UNCARRIED = frozenset(_UNCARRIED.split())
UNCARRIED_IN_INFORMATION_SCHEMA = frozenset({"tables", "columns", "schemata"})
LOCATION_CUT = 128
Row = Sequence["str | int | None"]


def _external_schemas(work: Work) -> Iterator[Row]:
    for schema in external_schemas(work):
        yield schema.oid, 1, schema.name, 100, schema.database, schema.options


def _tables(work: Work) -> Iterator[tuple[ExternalSchema, ExternalTable]]:
    for schema in external_schemas(work):
        require_role(work, schema)
        for table in work.cluster.catalog.tables(schema.name, schema.database):
            yield schema, table


def _format() -> tuple[str, str, str, str, int]:
    return INPUT_FORMAT, OUTPUT_FORMAT, SERDE, json.dumps(SERDE_PARAMETERS, separators=(",", ":")), 0


def _cut(location: str) -> str:
    """The location as in the documentation's samples."""
    return location.rstrip("/")[:LOCATION_CUT]


def _external_tables(work: Work) -> Iterator[Row]:
    for schema, table in _tables(work):
        parameters = json.dumps(dict(table.parameters), separators=(",", ":"))
        yield (
            work.cluster.database,
            schema.name,
            table.name,
            "TABLE",
            _cut(table.location),
            *_format(),
            parameters,
        )


def _external_columns(work: Work) -> Iterator[Row]:
    for schema, table in _tables(work):
        by_sql = Difference.TYPE_NAMES in work.cluster.differs
        columns = (*table.columns, *table.partition_columns)
        for number, column in enumerate(columns, start=1):
            part = max(0, number - len(table.columns))
            yield (
                work.cluster.database,
                schema.name,
                table.name,
                column.name,
                _sql_type(column.hive_type) if by_sql else column.hive_type,
                number,
                part,
                "true",
            )


def _external_partitions(work: Work) -> Iterator[Row]:
    for schema, table in _tables(work):
        for partition in work.cluster.catalog.partitions(table):
            yield (
                schema.name,
                table.name,
                _values(work, partition),
                _cut(partition.location),
                *_format(),
                "{}",
            )


def _values(work: Work, partition: Partition) -> str:
    if Difference.OTHER_VALUES in work.cluster.differs:
        return "/".join(partition.values)
    padded = Difference.PADDED_VALUES in work.cluster.differs
    values = [value.zfill(2) if padded else value for value in partition.values]
    return json.dumps(values, separators=(",", ":"))


def _isolation(work: Work) -> Iterator[Row]:
    """Both columns are CHAR, so that blanks follow (DG: r_STV_DB_ISOLATION_LEVEL)."""
    level = "Serializable" if work.cluster.isolation == "SERIALIZABLE" else "Snapshot Isolation"
    if Difference.ISOLATION in work.cluster.differs:
        level = "Read Committed"
    yield work.cluster.database, level


def _s3_partitions(work: Work) -> Iterator[Row]:
    for record in work.cluster.scans:
        total, qualified = record.total_partitions, record.qualified_partitions
        yield record.query, 0, 0, 0, None, None, None, total, qualified, qualified, "p"


def _external_query_detail(work: Work) -> Iterator[Row]:
    for record in work.cluster.scans:
        total, qualified = record.total_partitions, record.qualified_partitions
        front = (100, record.query, None, 0, 0, "S3", None, None, None, total, qualified)
        yield *front, None, record.returned_rows, None, "Parquet", *[None] * 9


def _s3_summary(work: Work) -> Iterator[Row]:
    for record in work.cluster.scans:
        yield record.query, record.scanned_rows, record.returned_rows


def _all_tables(work: Work) -> Iterator[Row]:
    for schema, table in _tables(work):
        yield work.cluster.database, schema.name, table.name, "EXTERNAL TABLE", None


def _all_columns(work: Work) -> Iterator[Row]:
    for row in _external_columns(work):
        database, schema, table, column, kind, number, _, _ = row
        base, _, size = str(kind).partition("(")
        length = size.rstrip(")") if base in ("varchar", "char") else None
        yield database, schema, table, column, number, None, "YES", _SQL_TYPES.get(base, base), length, None


def _sql_type(hive_type: str) -> str:
    base, bracket, size = hive_type.partition("(")
    return f"{_SQL_TYPES.get(base, base)}{bracket}{size}"


_SQL_TYPES = {"int": "integer", "varchar": "character varying", "char": "character", "decimal": "numeric"}
_SQL_TYPES |= {"double": "double precision", "float": "real", "timestamp": "timestamp without time zone"}
_FORMAT = (
    "input_format text, output_format text, serialization_lib text, serde_parameters text, compressed int"
)
_TABLE = "schemaname text, tablename text"
_COLUMN = "columnname text, external_type text, columnnum int, part_key int, is_nullable text"
_STANDARD = "table_catalog text, table_schema text, table_name text"
_STANDARD_COLUMN = (
    "column_name text, ordinal_position int, column_default text, is_nullable text, data_type text, "
    "character_maximum_length int, remarks text"
)
_S3_PARTITION = (
    "query int, segment int, node int, slice int, starttime timestamp, endtime timestamp, "
    "duration bigint, total_partitions int, qualified_partitions int, assigned_partitions int, "
    "assignment char(1)"
)
_EXTERNAL_QUERY_DETAIL = (
    "user_id int, query_id bigint, transaction_id bigint, child_query_sequence int, segment_id int, "
    "source_type char(32), start_time timestamp, end_time timestamp, duration bigint, "
    "total_partitions int, qualified_partitions int, scanned_files bigint, returned_rows bigint, "
    "returned_bytes bigint, file_format text, file_location text, external_query_text text, "
    "warning_message char(4000), table_name char(136), is_recursive char(1), is_nested char(1), "
    "s3list_time bigint, get_partition_time bigint, query_uuid char(36)"
)
# The front answers these: columns, the function that makes the rows, and a view with further rows.
MADE: dict[str, tuple[str, Callable[[Work], Iterator[Row]], str | None]] = {
    "svv_external_schemas": (
        "esoid int, eskind int, schemaname text, esowner int, databasename text, esoptions text",
        _external_schemas,
        None,
    ),
    "svv_external_tables": (
        f"redshift_database_name text, {_TABLE}, tabletype text, location text, {_FORMAT}, parameters text",
        _external_tables,
        None,
    ),
    "svv_external_columns": (f"redshift_database_name text, {_TABLE}, {_COLUMN}", _external_columns, None),
    "svv_external_partitions": (
        f'{_TABLE}, "values" text, location text, {_FORMAT}, parameters text',
        _external_partitions,
        None,
    ),
    # DG: r_STV_DB_ISOLATION_LEVEL, r_SVL_S3PARTITION, SYS_EXTERNAL_QUERY_DETAIL: "Table columns". Every user
    # may read these; who is no superuser sees the rows of his own queries.
    "stv_db_isolation_level": ("db_name char(128), isolation_level char(20)", _isolation, None),
    "svl_s3partition": (_S3_PARTITION, _s3_partitions, None),
    "sys_external_query_detail": (_EXTERNAL_QUERY_DETAIL, _external_query_detail, None),
    "svl_s3query_summary": (
        "query int, s3_scanned_rows bigint, s3query_returned_rows bigint",
        _s3_summary,
        None,
    ),
    "svv_tables": (f"{_STANDARD}, table_type text, remarks text", _all_tables, "stand_in.svv_tables"),
    "svv_columns": (f"{_STANDARD}, {_STANDARD_COLUMN}", _all_columns, "stand_in.svv_columns"),
}
PREFIXES = ("pg_", "svv_", "svl_", "stv_", "stl_", "sys_", "svcs_")


def is_system(name: Name) -> bool:
    """Whether the name can only mean a system view, of Redshift or of PostgreSQL."""
    if name.schema in ("pg_catalog", "information_schema"):
        return True
    return name.schema is None and name.table.startswith(PREFIXES)


def is_leader_relation(name: Name) -> bool:
    """DG: c_SQL_functions_leader_node_only: catalogs with a PG prefix live on the leader node."""
    return is_system(name) and (name.table.startswith("pg_") or name.schema == "information_schema")


def materialise(work: Work, name: Name) -> str:
    """The PostgreSQL relation with the rows of this system view. Raises 42P01 when there is no such view."""
    standard = name.schema == "information_schema"
    if name.table in (UNCARRIED_IN_INFORMATION_SCHEMA if standard else UNCARRIED):
        raise not_carried(str(name))
    if standard:
        raise no_such_relation(str(name))
    if name.table in KEPT:
        return f"stand_in.{name.table}"
    if name.table not in MADE:
        raise no_such_relation(str(name))
    if _is_denied(work, name.table):
        raise RedshiftError("42501", f"permission denied for relation {name.table}")
    columns, rows, view = MADE[name.table]
    scratch = work.scratch_table(columns)
    if view is not None:
        work.link.query(f"INSERT INTO {scratch} SELECT * FROM {view}")
    work.link.copy_in(f"COPY {scratch} FROM STDIN (FORMAT csv)", [_csv(list(rows(work)))])
    return scratch


def _is_denied(work: Work, view: str) -> bool:
    differs = work.cluster.differs
    if view.startswith("sys_"):
        return Difference.NO_MONITORING in differs
    denied = {Difference.NO_MONITORING, Difference.SYS_VIEWS_ALONE} & differs
    return bool(denied) and view.startswith(("svl_", "stl_", "stv_", "svcs_"))


def _csv(rows: Sequence[Row]) -> bytes:
    out = io.StringIO()
    csv.writer(
        out, quoting=csv.QUOTE_NOTNULL if hasattr(csv, "QUOTE_NOTNULL") else csv.QUOTE_MINIMAL
    ).writerows(rows)
    return out.getvalue().encode()
