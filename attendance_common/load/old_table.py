"""An older table that a backfill takes rows from: its name, its columns, and whether they can be taken.

It has the API's names in lower case (`Column.api_name`); the fields of `meetingTime` are in one column, as
SUPER or as JSON text. It may be a view: a table with other names or types can be read through a view over it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

from attendance_common import tables
from attendance_common.columns import NATIVE_COLUMNS, NESTED, Column, Kind
from attendance_common.errors import WarehouseError
from attendance_common.load.column_types import normal

if TYPE_CHECKING:
    from attendance_common.load.warehouse import Warehouse

_NAME = re.compile(r"([a-z_][a-z0-9_]{0,126})\.([a-z_][a-z0-9_]{0,126})")
_OWN = (tables.EXTERNAL.qualified, *(table.qualified for table in tables.NATIVE_TABLES))
DAY, SCHOOL, MEETING = "date", "schoolid", NESTED.lower()
REQUIRED = tuple(str(column.api_name) for column in NATIVE_COLUMNS if column.required)

COLUMNS = """\
SELECT column_name, data_type
FROM svv_columns
WHERE table_schema = %s
    AND table_name = %s"""


class Form(Enum):
    """How a column is read, by its type."""

    INTEGER = auto()
    TEXT = auto()
    BOOLEAN = auto()
    DATE = auto()
    TIME = auto()
    ZONED_TIME = auto()
    SUPER = auto()


_FORMS = {
    **dict.fromkeys(("smallint", "int", "bigint"), Form.INTEGER),
    **dict.fromkeys(("varchar", "text", "char"), Form.TEXT),
    "boolean": Form.BOOLEAN,
    "date": Form.DATE,
    "timestamp": Form.TIME,
    "timestamptz": Form.ZONED_TIME,
    "super": Form.SUPER,
}
# Which forms a column of each kind can be read from.
_READABLE = {
    Kind.BIGINT: (Form.INTEGER, Form.TEXT),
    Kind.BOOLEAN: (Form.BOOLEAN, Form.INTEGER, Form.TEXT),
    Kind.TEXT: (Form.TEXT, Form.INTEGER),
    Kind.LIST: (Form.TEXT, Form.SUPER),
    Kind.DATE: (Form.DATE, Form.TEXT),
    Kind.TIMESTAMP: (Form.TIME, Form.ZONED_TIME, Form.TEXT),
}


@dataclass(frozen=True)
class TableName:
    """A schema and a table, in lower case, of letters, digits and underscores: safe in quotes."""

    schema: str
    table: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}"

    @property
    def quoted(self) -> str:
        """The name in SQL; a reserved word can be one."""
        return f'"{self.schema}"."{self.table}"'


def table_name(text: str) -> TableName:
    """`SCHEMA.TABLE`; raises ValueError for anything else, and for this project's own tables."""
    found = _NAME.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError("must be SCHEMA.TABLE, of letters, digits and underscores")
    if found[0] in _OWN:
        raise ValueError("must be an older table, not one of those that the setup file makes")
    return TableName(found[1], found[2])


@dataclass(frozen=True)
class OldTable:
    """An older table: the form of each column that is taken, by its name in the table.

    `school`: the school of all rows, when the table has no column for it.
    """

    name: TableName
    forms: Mapping[str, Form]
    school: int | None = None


def look(warehouse: Warehouse, name: TableName, school: int | None) -> OldTable:
    """Read the columns of an older table; raises WarehouseError that names all faults of them."""
    found = {
        column.strip().lower(): normal(kind)
        for column, kind in warehouse.rows(COLUMNS, [name.schema, name.table])
    }
    if not found:
        raise WarehouseError(
            f"there is no table {name}, or REDSHIFT_USER may not see it: "
            f"GRANT USAGE ON SCHEMA {name.schema}, GRANT SELECT ON {name}",
            to_mend=True,
        )
    if faults := list(_faults(found, school)):
        raise WarehouseError(f"{name} cannot be taken: {'; '.join(faults)}", to_mend=True)
    taken = {str(column.api_name) for column in NATIVE_COLUMNS if column.api_name}
    forms = {column: _form(kind) for column, kind in found.items() if column in taken}
    return OldTable(name, {column: form for column, form in forms.items() if form}, school)


def look_again(warehouse: Warehouse, name: str, school: int) -> OldTable:
    """The same of a table that rows were taken from before; `school` is used if it has no column for it."""
    try:
        known = table_name(name)
    except ValueError as fault:
        raise WarehouseError(f"{name} {fault}", to_mend=True) from None
    columns = [column.strip().lower() for column, _ in warehouse.rows(COLUMNS, [known.schema, known.table])]
    return look(warehouse, known, None if SCHOOL in columns else school)


def _form(kind: str) -> Form | None:
    return _FORMS.get(kind.partition("(")[0])


def _faults(found: Mapping[str, str], school: int | None) -> Iterator[str]:
    """Why a table with these columns and types cannot be taken."""
    for name in REQUIRED:
        if name not in found and name != SCHOOL:
            yield f"it has no column {name}"
    if SCHOOL not in found and school is None:
        yield f"it has no column {SCHOOL}: say whose rows they are with --backfill-school"
    if SCHOOL in found and school is not None:
        yield f"it has a column {SCHOOL}, so leave --backfill-school out"
    for name, readable in _readable().items():
        if name in found and _form(found[name]) not in readable:
            forms = " or ".join(form.name.replace("_", " ").lower() for form in readable)
            yield f"{name} is {found[name]}, where {forms} is read: name a view over it that gives it so"


def _readable() -> dict[str, tuple[Form, ...]]:
    """The columns that are taken, each with the forms in which it can be read."""
    columns = {
        column.api_name: _READABLE[column.kind]
        for column in NATIVE_COLUMNS
        if column.api_name and not is_nested(column)
    }
    return columns | {MEETING: _READABLE[Kind.LIST]}


def is_nested(column: Column) -> bool:
    """Whether it is a field of the nested object."""
    return len(column.path) > 1
