"""SQL for psql that brings the tables and views of an earlier version up to date.

Redshift has no ADD COLUMN IF NOT EXISTS, and CREATE TABLE IF NOT EXISTS compares the name alone (DG:
r_ALTER_TABLE, r_CREATE_TABLE_NEW). So the file asks first which columns a table has. CREATE TABLE creates
the columns of the first version, also on a new cluster, and later columns are added after it: so their order
is the same everywhere. A view that changes in another way than by a later column has to get a new name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attendance_common.load.column_types import normal
from attendance_common.load.view import View
from attendance_common.tables import ExternalTable, Table, TableColumn

# A column that may not be NULL is added with a default (DG: r_ALTER_TABLE); loads bring the values.
_DEFAULTS = {"bigint": "0", "int": "0", "boolean": "FALSE", "varchar": "''", "date": "'0001-01-01'"}
_DEFAULTS["timestamp"] = "'0001-01-01'"


def definition(column: TableColumn) -> str:
    """`NAME TYPE`, with what ADD COLUMN needs to be accepted on a table that has rows."""
    if not column.not_null:
        return f"{column.name} {column.type}"
    default = _DEFAULTS[normal(column.type).partition("(")[0]]
    return f"{column.name} {column.type} DEFAULT {default} NOT NULL"


# --- tables -------------------------------------------------------------------------------------------------


def look_for_tables(tables: Sequence[Table]) -> str:
    """Set a psql variable for each table that exists, before any is created."""
    found = ",\n".join(
        f"    COUNT(CASE WHEN table_name = '{table.name}' THEN 1 END) > 0 AS has_{table.name}"
        for table in tables
    )
    return f"""\
-- Which tables are there already: what is created is said.
SELECT
{found}
FROM svv_tables
WHERE table_schema = '{tables[0].schema}'
\\gset
"""


def say_created(table: Table) -> str:
    """Print that the table was created, unless it existed."""
    return f"\\if :has_{table.name} \\else \\echo {table.qualified}: created\n\\endif\n"


def first_columns(columns: Sequence[TableColumn]) -> list[TableColumn]:
    """The columns that the first version had."""
    return [column for column in columns if column.added_in is None]


def add_columns(table: Table) -> Iterator[str]:
    """Add each later column that the table lacks; one ALTER adds one (DG: r_ALTER_TABLE)."""
    where = f"FROM svv_columns\nWHERE table_schema = '{table.schema}'\n    AND table_name = '{table.name}'"
    return _add_columns(table.qualified, table.columns, f"{where}\n    AND column_name = ")


def add_external_columns(table: ExternalTable) -> Iterator[str]:
    """The same of the external table; not in a transaction (DG: r_ALTER_TABLE_external-table)."""
    where = (
        f"FROM svv_external_columns\nWHERE schemaname = '{table.schema}'\n    AND tablename = '{table.name}'"
    )
    return _add_columns(table.qualified, table.columns, f"{where}\n    AND columnname = ")


def _add_columns(name: str, columns: Sequence[TableColumn], where: str) -> Iterator[str]:
    for column in columns:
        if column.added_in is not None:
            yield f"""\
-- Since {column.added_in}.
SELECT COUNT(*) = 0 AS column_is_missing
{where}'{column.name}'
\\gset

\\if :column_is_missing
ALTER TABLE {name} ADD COLUMN {definition(column)};
\\echo {name}: column {column.name} added
\\endif
"""


# --- views --------------------------------------------------------------------------------------------------


def drop_changed_views(views: Sequence[View]) -> Iterator[str]:
    """Drop all views when one of them lacks a later column: it cannot be replaced, nor a view that reads it.

    CREATE OR REPLACE VIEW needs the same columns (DG: r_CREATE_VIEW). There is no CASCADE: when somebody
    else's view reads one of them, psql stops and names it.
    """
    lacking = [
        f"(viewname = '{view.name}' AND STRPOS(definition, '{column.name}') = 0)"
        for view in views
        for column in view.columns
        if column.added_in is not None
    ]
    if lacking:
        either = "\n    OR ".join(lacking)
        drops = "\n".join(f"DROP VIEW IF EXISTS {view.qualified};" for view in reversed(views))
        yield f"""\
-- A view whose columns changed cannot be replaced (DG: r_CREATE_VIEW): all views are made anew then.
SELECT COUNT(*) > 0 AS views_changed
FROM pg_views
WHERE schemaname = '{views[0].schema}'
    AND ({either})
\\gset

\\if :views_changed
{drops}
\\echo The views were made anew, since columns of theirs are new: grant the rights on them again.
\\endif
"""
