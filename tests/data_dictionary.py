"""`docs/data-dictionary.md`, from the declared columns, tables and views; `make dictionary` writes it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from attendance_common import tables
from attendance_common.columns import COLUMNS, NATIVE_COLUMNS, Column
from attendance_common.load.view import View
from attendance_common.load.views import VIEWS
from attendance_common.tables import EXTERNAL, NATIVE, NATIVE_TABLES, Table, TableColumn

_HEAD = """\
# Data dictionary

Every column of every table and view: its type in Redshift with its unit, its source, its meaning. The same
sentences are the comments of tables and columns in Redshift (`\\d+` in psql, `pg_description`). This page is
written by `make dictionary` from the declarations in `attendance_common/`.

- A TIMESTAMP is in UTC. A DATE is a school day, as the school counts it. Minutes are whole minutes.
- A VARCHAR has at most as many bytes as its type says. Without NOT NULL, a column can be NULL.
- A source such as `meetingTime.roomId` is a field of the API's record.
- "see `id`": the meaning is that of the column `id` of `public.period_attendance`.

Tables and views:

"""
_RECORD = {column.native: column for column in NATIVE_COLUMNS}
_MEANINGS = {column.name: column.meaning for column in NATIVE.columns}

# Who writes the rows of a table that has no record of ESD in each row.
_WRITERS = {
    tables.LISTS: "the loader, from the objects in S3",
    tables.PLACES: "the loader, from the rows of the lists",
    tables.HISTORY: "the loader, from the rows that leave `public.period_attendance`",
    tables.LOCK: "nothing",
    tables.RUNS: "the loader, from the run records in S3",
    tables.RUN_SCHOOLS: "the loader, from the run records in S3",
    tables.STATUS_CODES: "the setup file, and people",
    tables.CHECKS: "the loader, from its checks of the data",
}


def render() -> str:
    """The whole page."""
    own: list[Table | View] = [*NATIVE_TABLES[1:], *VIEWS]
    names = [NATIVE.qualified, EXTERNAL.qualified, *(each.qualified for each in own)]
    parts = [_HEAD, "\n".join(map(_entry, names)), "\n"]
    parts += _section(NATIVE.qualified, NATIVE.meaning, _native_rows(), "source")
    about = (
        "The landed lists as Spectrum reads them; a tombstone is a row in which all but school_id is NULL."
    )
    parts += _section(EXTERNAL.qualified, about, _external_rows(), "source")
    for table in NATIVE_TABLES[1:]:
        about = f"{table.meaning} Written by {_WRITERS[table]}."
        parts += _section(table.qualified, about, _rows(table.columns))
    for view in VIEWS:
        about = f"View. {view.meaning} It reads {_read_by(view)}."
        parts += _section(view.qualified, about, _rows(view.columns))
    return "".join(parts)


def _entry(name: str) -> str:
    return f"- [{name}](#{name.replace('.', '')})"


def _section(name: str, about: str, rows: Iterable[Sequence[str]], *more: str) -> Iterator[str]:
    """A heading, what it is, and a table: column, type, what else there is, meaning."""
    header = ["column", "type", *more, "meaning"]
    yield f"\n## {name}\n\n{textwrap.fill(about, 120, break_on_hyphens=False)}\n\n"
    for cells in (header, ["---"] * len(header), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _rows(columns: Iterable[TableColumn]) -> Iterator[list[str]]:
    return ([f"`{column.name}`", _type(column), _meaning(column)] for column in columns)


def _meaning(column: TableColumn) -> str:
    """The meaning, unless it is that of a column of the native table that has it already."""
    same = next((name for name, meaning in _MEANINGS.items() if meaning == column.meaning), None)
    return column.meaning if same is None else _see(same)


def _see(name: str) -> str:
    return f"see `{name}`"


def _native_rows() -> Iterator[list[str]]:
    for column in NATIVE.columns:
        declared = _RECORD.get(column.name)
        source = _source(declared) if declared else "the loader"
        yield [f"`{column.name}`", _type(column), source, column.meaning]


def _external_rows() -> Iterator[list[str]]:
    for column, declared in zip(EXTERNAL.columns, COLUMNS, strict=True):
        yield [f"`{column.name}`", _type(column), _source(declared), _pointer(declared)]
    for key in EXTERNAL.partitions:
        yield [f"`{key.name}`", key.type, "the object's folder", key.meaning]


def _pointer(column: Column) -> str:
    return column.meaning if column.native is None else _see(column.native)


def _source(column: Column) -> str:
    return f"`{'.'.join(column.path)}`" if column.path else "the fetcher"


def _read_by(view: View) -> str:
    """The tables and views that a view reads, in the order of its text."""
    read = dict.fromkeys(re.findall(r"(?:FROM|JOIN)\s+(\w+\.\w+)", view.select))
    return ", ".join(f"`{name}`" for name in read)


def _type(column: TableColumn) -> str:
    null = " NOT NULL" if column.not_null else ""
    return f"{column.type}{null}{_unit(column)}"


def _unit(column: TableColumn) -> str:
    if column.type == "TIMESTAMP":
        return ", UTC"
    words = column.name.split("_")
    return next((f", {unit}" for unit in ("minutes", "percent") if unit in words), "")
