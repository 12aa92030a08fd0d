"""Compares the native table and the loader's own tables with their declarations.

The setup file adds the columns that came with a later version, and changes nothing else of a table that
exists (`layout_sql`). What else a table lacks is reported here, with its ALTER TABLE.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from attendance_common.errors import WarehouseError
from attendance_common.load.column_types import can_hold, normal
from attendance_common.load.layout_sql import definition
from attendance_common.load.refusals import SETUP
from attendance_common.tables import NATIVE_TABLES, Table, TableColumn

if TYPE_CHECKING:
    from attendance_common.load.warehouse import Warehouse

# The view covers Glue's tables as well: slow unless the filter reaches it (amazon-redshift-jdbc-driver#64).
COLUMNS = f"""\
SELECT table_name, column_name, data_type, character_maximum_length
FROM svv_columns
WHERE table_schema = %s
    AND table_name IN ({", ".join(["%s"] * len(NATIVE_TABLES))})"""
_TABLES = (NATIVE_TABLES[0].schema, *(table.name for table in NATIVE_TABLES))

Types = dict[str, str]  # column -> type, as Redshift names it


def check_tables(warehouse: Warehouse) -> None:
    """Raise WarehouseError when a table lacks a column, or a column has a type that cannot hold the values.

    The error names all differences, but no missing table: the first statement that needs it fails.
    """
    found: dict[str, Types] = defaultdict(dict)
    for table, column, kind, width in warehouse.rows(COLUMNS, _TABLES):
        found[table][column] = f"{kind}({width})" if width and "(" not in kind else kind
    if faults := list(differences(found)):
        raise WarehouseError("; ".join(faults), to_mend=True)


def differences(found: Mapping[str, Types]) -> Iterator[str]:
    """A sentence for each table that lacks columns, and for each column of another type."""
    for table in NATIVE_TABLES:
        types = found.get(table.name)
        if not types:
            continue
        missing = [column for column in table.columns if column.name not in types]
        if missing:
            yield _lacks(table, missing)
        for column in table.columns:
            if column.name in types and not can_hold(types[column.name], column.type):
                yield _is_of_another_type(table, column, normal(types[column.name]))


def _lacks(table: Table, missing: list[TableColumn]) -> str:
    names = ", ".join(column.name for column in missing)
    lacks = f"{table.qualified} has no column {names}"
    if all(column.added_in for column in missing):
        return f"{lacks}: {SETUP}, which adds it"
    added = "; ".join(f"ALTER TABLE {table.qualified} ADD COLUMN {definition(each)}" for each in missing)
    return f"{lacks} (which every version had): {added}"


def _is_of_another_type(table: Table, column: TableColumn, found: str) -> str:
    sentence = f"{table.qualified} has {column.name} {found} where {normal(column.type)} belongs"
    if found.startswith("varchar(") and column.type.startswith("VARCHAR"):  # the one type that can be changed
        return f"{sentence}: ALTER TABLE {table.qualified} ALTER COLUMN {column.name} TYPE {column.type}"
    return (
        f"{sentence}: ALTER TABLE {table.qualified} RENAME TO {table.name}_old, {SETUP}, and run the loader, "
        "which fills the new table from S3"
    )
