"""DDL of external schemas, tables and partitions, which are in the catalog. As strict as documented."""

from __future__ import annotations

import re
from dataclasses import replace

from . import local_ddl
from .alter_table import alter_local_table
from .catalog import Column, ExternalTable, Partition
from .errors import RedshiftError, no_such_relation, not_carried, syntax_error
from .meta import (
    SCHEMA_NOTE,
    ExternalSchema,
    external_schema,
    external_table,
    remember,
    require_role,
    schema_exists,
)
from .statements import Name, Reader, literal, quote, refuse_hidden_schema
from .work import Work

MOST_PARTITIONS = 100
# Forms of ALTER TABLE that Redshift has for external tables, by their first words.
UNCARRIED_CHANGES = (("PARTITION",), ("SET", "TABLE", "PROPERTIES"), ("SET", "LOCATION"))
ROLE = re.compile(r"^arn:aws[a-z-]*:iam::\d{12}:role/\S+$")
HIVE_TYPES = {
    "SMALLINT": "smallint",
    "INT2": "smallint",
    "INTEGER": "int",
    "INT": "int",
    "INT4": "int",
    "BIGINT": "bigint",
    "INT8": "bigint",
    "REAL": "float",
    "FLOAT4": "float",
    "FLOAT": "double",
    "FLOAT8": "double",
    "BOOLEAN": "boolean",
    "BOOL": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
}
SIZED_TYPES = {"VARCHAR": "varchar", "CHAR": "char", "DECIMAL": "decimal", "NUMERIC": "decimal"}


def create_schema(work: Work, reader: Reader) -> None:
    """CREATE EXTERNAL SCHEMA … FROM DATA CATALOG (DG: r_CREATE_EXTERNAL_SCHEMA); allowed in a transaction."""
    reader.expect("CREATE", "EXTERNAL", "SCHEMA")
    lenient = reader.take("IF", "NOT", "EXISTS")
    name = reader.identifier()
    reader.expect("FROM")
    if not reader.take("DATA", "CATALOG"):
        raise not_carried("an external schema that is not FROM DATA CATALOG")
    reader.expect("DATABASE")
    database = reader.string().lower()
    if reader.take("REGION") and reader.string() != work.cluster.region:
        raise not_carried("a data catalog of another region")
    reader.expect("IAM_ROLE")
    role = "default" if reader.take("DEFAULT") else _roles(reader.string())
    create_database = reader.take("CREATE", "EXTERNAL", "DATABASE", "IF", "NOT", "EXISTS")
    reader.end()
    if schema_exists(work, name):
        if not lenient:
            raise RedshiftError("42P06", f'schema "{name}" already exists')
        work.notice(f'Schema "{name}" already exists')
        work.done("CREATE SCHEMA")
        return
    _make_schema(work, ExternalSchema(name, 0, database, role, ""), create_database=create_database)
    work.done("CREATE SCHEMA")


def _roles(given: str) -> str:
    if given == "default":
        return given
    roles = given.split(",")
    if len(roles) > 10 or not all(ROLE.match(role) for role in roles):
        raise RedshiftError(
            "42601", f"invalid IAM role: {given}; chained roles are separated by commas without spaces"
        )
    return given


def _make_schema(work: Work, schema: ExternalSchema, *, create_database: bool) -> None:
    if create_database:
        require_role(work, schema)
        if not work.cluster.catalog.has_database(schema.database):
            work.cluster.catalog.create_database(schema.database)
    work.link.query(f"CREATE SCHEMA {quote(schema.name)}")
    oid = f"{literal(quote(schema.name))}::regnamespace::oid"
    remember(work, SCHEMA_NOTE, oid, {"database": schema.database, "role": schema.role})


def drop_schema(work: Work, reader: Reader) -> None:
    """DROP SCHEMA, local or external (DG: r_DROP_SCHEMA). The database in the catalog stays."""
    reader.expect("DROP", "SCHEMA")
    lenient = reader.take("IF", "EXISTS")
    name = reader.identifier()
    refuse_hidden_schema(name)
    if reader.at("DROP", "EXTERNAL", "DATABASE"):
        work.require_no_block("DROP EXTERNAL DATABASE")
        raise not_carried("DROP EXTERNAL DATABASE")
    cascade = reader.take("CASCADE")
    if not cascade:
        reader.take("RESTRICT")
    reader.end()
    existence = "IF EXISTS " if lenient else ""
    work.relay(f"DROP SCHEMA {existence}{quote(name)} {'CASCADE' if cascade else 'RESTRICT'}")


def create_table(work: Work, reader: Reader) -> None:
    """CREATE EXTERNAL TABLE (DG: r_CREATE_EXTERNAL_TABLE). There is no IF NOT EXISTS."""
    reader.expect("CREATE", "EXTERNAL", "TABLE")
    if reader.at("IF", "NOT"):
        raise syntax_error("NOT")
    name = reader.name(work.cluster.database)
    columns = _columns(reader)
    partition_columns = _columns(reader) if reader.take("PARTITIONED", "BY") else ()
    if reader.at("ROW", "FORMAT"):
        raise not_carried("ROW FORMAT")
    reader.expect("STORED", "AS")
    if not reader.take("PARQUET"):
        raise not_carried(f"STORED AS {reader.next().text}")
    reader.expect("LOCATION")
    location = _location(reader)
    parameters = _properties(reader) if reader.take("TABLE", "PROPERTIES") else ()
    reader.end()
    work.require_no_block("CREATE EXTERNAL TABLE")
    _check_columns(columns, partition_columns)
    schema = _schema_of(work, name)
    if work.cluster.catalog.table(schema.name, schema.database, name.table) is not None:
        raise RedshiftError("42P07", f'relation "{name.table}" already exists')
    table = ExternalTable(
        schema.name, schema.database, name.table, columns, partition_columns, location, parameters
    )
    work.cluster.catalog.create_table(table)
    work.done("CREATE EXTERNAL TABLE")


def _schema_of(work: Work, name: Name) -> ExternalSchema:
    if name.schema is None:
        raise RedshiftError("0A000", "External tables can only be created in external schema")
    schema = external_schema(work, name.schema)
    if schema is None:
        raise RedshiftError("42809", f'schema "{name.schema}" is not an external schema')
    require_role(work, schema)
    return schema


def _columns(reader: Reader) -> tuple[Column, ...]:
    reader.expect("(")
    columns = [Column(reader.identifier(), _hive_type(reader))]
    while reader.take(","):
        columns.append(Column(reader.identifier(), _hive_type(reader)))
    reader.expect(")")  # No constraint, DEFAULT or ENCODE may follow a type.
    return tuple(columns)


def _hive_type(reader: Reader) -> str:
    if reader.take("DOUBLE", "PRECISION"):
        return "double"
    if reader.take("CHARACTER", "VARYING"):
        return _sized(reader, "varchar")
    token = reader.next()
    word = token.text.upper()
    if word == "TIMESTAMP" and reader.take("WITHOUT", "TIME", "ZONE"):
        return "timestamp"
    if word in SIZED_TYPES:
        return _sized(reader, SIZED_TYPES[word])
    if word not in HIVE_TYPES or reader.at("WITH"):
        raise RedshiftError("42704", f'type "{token.text.lower()}" does not exist in an external table')
    return HIVE_TYPES[word]


def _sized(reader: Reader, name: str) -> str:
    if not reader.at("("):
        return {"varchar": "varchar(256)", "char": "char(1)"}.get(name, "decimal(18,0)")
    sizes = [token.text for token in reader.group() if token.text != ","]
    if name == "decimal":
        return f"decimal({sizes[0]},{sizes[1] if len(sizes) > 1 else 0})"
    size = 65535 if sizes[0].upper() == "MAX" else int(sizes[0])
    if not 1 <= size <= (65535 if name == "varchar" else 4096):
        raise RedshiftError("22023", f"length for type {name} must be between 1 and 65535 bytes")
    return f"{name}({size})"


def _check_columns(columns: tuple[Column, ...], partition_columns: tuple[Column, ...]) -> None:
    names = [column.name for column in (*columns, *partition_columns)]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise RedshiftError("42701", f'column "{repeated[0]}" specified more than once')
    if {"$path", "$size"} & set(names):
        raise RedshiftError("42601", "a column of an external table cannot be called $path or $size")
    if len(names) > 1597:
        raise RedshiftError("54011", "tables can have at most 1597 columns")


def _location(reader: Reader) -> str:
    location = reader.string()
    if not re.match(r"^s3://[a-z0-9][a-z0-9.-]+/", location):
        raise RedshiftError("42601", f"invalid location: {location}; expected s3://bucket/folder/")
    return location


def _properties(reader: Reader) -> tuple[tuple[str, str], ...]:
    reader.expect("(")
    found: dict[str, str] = {}
    while not found or reader.take(","):
        key = reader.string()
        reader.expect("=")
        found[key] = reader.string()
    reader.expect(")")
    return tuple(sorted(found.items()))


def drop_table(work: Work, reader: Reader) -> None:
    """DROP TABLE, local or external. An external one loses its catalog entry, and not in a transaction."""
    reader.expect("DROP", "TABLE")
    lenient = reader.take("IF", "EXISTS")
    names = [reader.name(work.cluster.database)]
    while reader.take(","):
        names.append(reader.name(work.cluster.database))
    cascade = reader.take("CASCADE")
    reader.take("RESTRICT")
    reader.end()
    external = [name for name in names if external_schema(work, name.schema) is not None]
    if not external:
        local_ddl.drop_tables(work, names, lenient=lenient, cascade=cascade)
        return
    if len(names) > 1:
        raise not_carried("DROP TABLE of several external tables")
    work.require_no_block("DROP EXTERNAL TABLE")
    schema = _schema_of(work, names[0])
    table = work.cluster.catalog.table(schema.name, schema.database, names[0].table)
    if table is not None:
        work.cluster.catalog.drop_table(table)
    elif not lenient:
        raise no_such_relation(str(names[0]))
    work.done("DROP TABLE")


def alter_table(work: Work, reader: Reader) -> None:
    """ALTER TABLE, local or external."""
    reader.expect("ALTER", "TABLE")
    name = reader.name(work.cluster.database)
    if external_schema(work, name.schema) is None:
        alter_local_table(work, name, reader)
        return
    work.require_no_block("ALTER EXTERNAL TABLE")
    table = external_table(work, name)
    if table is None:
        raise no_such_relation(str(name))
    _alter_external(work, table, reader)
    work.done("ALTER TABLE")


def _alter_external(work: Work, table: ExternalTable, reader: Reader) -> None:
    if any(reader.at(*words) for words in UNCARRIED_CHANGES):
        raise not_carried("this form of ALTER TABLE for an external table")
    if reader.take("ADD", "COLUMN"):
        column = Column(reader.identifier(), _hive_type(reader))
        reader.end()
        _check_columns((*table.columns, column), table.partition_columns)
        work.cluster.catalog.update_table(replace(table, columns=(*table.columns, column)))
    elif reader.at("ADD"):
        _add_partitions(work, table, reader)
    else:
        reader.expect("DROP", "PARTITION")
        values = _partition_values(table, reader)
        reader.end()
        work.cluster.catalog.drop_partition(table, values)


def _partition_values(table: ExternalTable, reader: Reader) -> tuple[str, ...]:
    reader.expect("(")
    given: dict[str, str] = {}
    while not given or reader.take(","):
        name = reader.identifier()
        reader.expect("=")
        token = reader.next()
        given[name] = token.text
    reader.expect(")")
    wanted = [column.name for column in table.partition_columns]
    if sorted(given) != sorted(wanted):
        raise RedshiftError("42703", f"partition columns are {', '.join(wanted)}, not {', '.join(given)}")
    return tuple(given[name] for name in wanted)


def _add_partitions(work: Work, table: ExternalTable, reader: Reader) -> None:
    """ADD [IF NOT EXISTS] PARTITION … LOCATION … [PARTITION …], separated by blanks, as in every example."""
    reader.expect("ADD")
    lenient = reader.take("IF", "NOT", "EXISTS")
    wanted: list[Partition] = []
    while reader.peek() is not None:
        if wanted and reader.at(","):
            raise syntax_error(",")  # The printed grammar has a comma, no example has one: unconfirmed.
        reader.expect("PARTITION")
        values = _partition_values(table, reader)
        reader.expect("LOCATION")
        wanted.append(Partition(values, _location(reader)))
    if not wanted:
        raise reader.fail()
    if len(wanted) > MOST_PARTITIONS:
        # dbt-labs/dbt-external-tables#2
        raise RedshiftError("XX000", "Error when calling external catalog API: Exception in curl callback")
    _register(work, table, wanted, lenient=lenient)


def _register(work: Work, table: ExternalTable, wanted: list[Partition], *, lenient: bool) -> None:
    known = {partition.values for partition in work.cluster.catalog.partitions(table)}
    present = [partition for partition in wanted if partition.values in known]
    if present and not lenient:
        raise RedshiftError("XX000", "Error when calling external catalog API: Partition already exists.")
    for partition in present:
        work.notice(f"Partition {list(partition.values)} already exists")
    fresh = list({partition.values: partition for partition in wanted if partition not in present}.values())
    if fresh:
        work.cluster.catalog.add_partitions(table, fresh)
