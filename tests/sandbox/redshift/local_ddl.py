"""CREATE TABLE and DROP TABLE of local tables."""

from __future__ import annotations

from .errors import RedshiftError, syntax_error
from .meta import external_schema, kind_of
from .queries import translate_query
from .statements import Name, Reader, literal, quote
from .table_plan import TablePlan, bytes_check, read_element, read_table_attributes
from .work import Work


def create_table(work: Work, reader: Reader) -> None:
    """CREATE [TEMP] TABLE, with columns or AS (DG: r_CREATE_TABLE_NEW, r_CREATE_TABLE_AS)."""
    reader.expect("CREATE")
    temporary = reader.take("TEMP") or reader.take("TEMPORARY")
    reader.expect("TABLE")
    lenient = reader.take("IF", "NOT", "EXISTS")
    name = reader.name(work.cluster.database)
    _check_target(work, name, temporary=temporary)
    head = f"CREATE {'TEMP ' if temporary else ''}TABLE {'IF NOT EXISTS ' if lenient else ''}{name.quoted}"
    if reader.at("(") and not _is_column_name_list(reader):
        _create_from_columns(work, reader, name, head)
    else:
        if lenient:
            raise syntax_error("NOT")  # CREATE TABLE AS has no IF NOT EXISTS.
        _create_from_query(work, reader, name, head)


def _check_target(work: Work, name: Name, *, temporary: bool) -> None:
    if temporary and name.schema is not None:
        raise RedshiftError("42P16", "temporary tables may not specify a schema name")
    if external_schema(work, name.schema) is not None:
        raise RedshiftError("0A000", "CREATE TABLE is not supported in an external schema")


def _is_column_name_list(reader: Reader) -> bool:
    """Whether it is CREATE TABLE t (a, b) AS …: a comma or the end of the list follows a bare name."""
    after = reader.peek(2)
    return after is not None and after.text in (",", ")")


def _create_from_columns(work: Work, reader: Reader, name: Name, head: str) -> None:
    plan = TablePlan()
    reader.expect("(")
    while not reader.take(")"):
        read_element(reader, plan)
        if not reader.at(")"):
            reader.expect(",")
    read_table_attributes(reader, plan)
    reader.end()
    existed = kind_of(work, name) != "none"
    work.relay(f"{head} ({', '.join(column.definition for column in plan.columns)})")
    if not existed or " IF NOT EXISTS " not in head:
        _index_sort_key(work, name, plan)


def _index_sort_key(work: Work, name: Name, plan: TablePlan) -> None:
    """Redshift knows the least and the greatest key of each block and skips blocks (DG: t_Sorting_data)."""
    if plan.sortkeys:
        work.link.query(f"CREATE INDEX ON {name.quoted} USING brin ({quote(plan.sortkeys[0])})")


def _create_from_query(work: Work, reader: Reader, name: Name, head: str) -> None:
    columns = f" ({', '.join(quote(column) for column in reader.names())})" if reader.at("(") else ""
    plan = TablePlan()
    read_table_attributes(reader, plan)
    reader.expect("AS")
    if reader.at("TABLE"):
        raise reader.fail()
    query = translate_query(work, reader.rest())
    work.relay(f"{head}{columns} AS {query}", lambda _: "SELECT")
    add_bytes_checks(work, name)
    _index_sort_key(work, name, plan)
    work.link.query(f"ANALYZE {name.quoted}")  # it has statistics from the beginning (DG: r_ANALYZE)


def add_bytes_checks(work: Work, name: Name) -> None:
    """Add the check of bytes to every VARCHAR column that has none."""
    rows = work.link.query(
        "SELECT attname, atttypmod - 4 FROM pg_attribute a WHERE attrelid = "
        f"to_regclass({literal(name.quoted)}) AND attnum > 0 "
        "AND atttypid = 'varchar'::regtype AND atttypmod > 4 "
        "AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = attrelid AND conkey = ARRAY[attnum])"
    )
    checks = [f"ADD {bytes_check(str(column), int(str(limit)))}" for column, limit in rows]
    if checks:
        work.link.query(f"ALTER TABLE {name.quoted} {', '.join(checks)}")  # One pass over the rows.


def drop_tables(work: Work, names: list[Name], *, lenient: bool, cascade: bool) -> None:
    """DROP TABLE of local tables."""
    for name in names:
        if not lenient and kind_of(work, name) == "none":
            raise RedshiftError("42P01", f'Table "{name.table}" does not exist')
    existence = "IF EXISTS " if lenient else ""
    tables = ", ".join(name.quoted for name in names)
    work.relay(f"DROP TABLE {existence}{tables}{' CASCADE' if cascade else ''}")
