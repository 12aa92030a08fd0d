"""`docs/data-dictionary.md`, from the declared columns, tables and views; `make dictionary` writes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from attendance_common import tables
from attendance_common.columns import COLUMNS, NATIVE_COLUMNS, Column
from attendance_common.load.view import View
from attendance_common.load.views import VIEWS
from attendance_common.tables import EXTERNAL, NATIVE, NATIVE_TABLES, Table, TableColumn

_HEAD = """\
# Data dictionary

Every column of every table and view: its type in Redshift, where its value comes from, what it means.
Times are UTC. Dates are school days, as the school counts them. A text has as many bytes as its type says, at
the most. This page follows from the declarations in `attendance_common/` by `make dictionary`; the same
sentences are the comments of tables and columns in Redshift (`\\d+` in psql, `pg_description`).

"""
_RECORD = {column.native: column for column in NATIVE_COLUMNS}


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
        parts += _section(table.qualified, table.meaning, _rows(table.columns))
    for view in VIEWS:
        parts += _section(f"{view.qualified}", f"View. {view.meaning}", _rows(view.columns))
    return "".join(parts)


def _entry(name: str) -> str:
    return f"- [{name}](#{name.replace('.', '')})"


def _section(name: str, about: str, rows: Iterable[Sequence[str]], *more: str) -> Iterator[str]:
    """A heading, a sentence and a table: column, type, what else there is, meaning."""
    header = ["column", "type", *more, "meaning"]
    yield f"\n## {name}\n\n{about}\n\n"
    for cells in (header, ["---"] * len(header), *rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def _rows(columns: Iterable[TableColumn]) -> Iterator[list[str]]:
    return ([f"`{column.name}`", _type(column), column.meaning] for column in columns)


def _native_rows() -> Iterator[list[str]]:
    for column in NATIVE.columns:
        declared = _RECORD.get(column.name)
        source = _source(declared) if declared else "the loader"
        yield [f"`{column.name}`", _type(column), source, column.meaning]


def _external_rows() -> Iterator[list[str]]:
    for column, declared in zip(EXTERNAL.columns, COLUMNS, strict=True):
        yield [f"`{column.name}`", column.type, _source(declared), _pointer(declared)]
    for key in EXTERNAL.partitions:
        yield [f"`{key.name}`", key.type, "the object's folder", key.meaning]


def _pointer(column: Column) -> str:
    """The meaning, unless the native table's column has it already."""
    return column.meaning if column.native is None else f"see `{tables.NATIVE.name}.{column.native}`"


def _source(column: Column) -> str:
    return f"`{'.'.join(column.path)}`" if column.path else "the fetcher"


def _type(column: TableColumn) -> str:
    return f"{column.type} NOT NULL" if column.not_null else column.type
