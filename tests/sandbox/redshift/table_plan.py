"""Reads the columns and attributes of CREATE TABLE, as strictly as they are documented."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from .admission import admit
from .dialect import DIALECT
from .errors import RedshiftError, not_carried, not_supported, syntax_error
from .queries import translate_expression
from .refusals import check_type
from .rewrite import backend_type, type_name, varchar_length
from .statements import Reader, quote

_ENCODINGS = """
    raw az64 bytedict delta delta32k lzo mostly8 mostly16 mostly32 runlength text255 text32k zstd auto
"""
ENCODINGS = frozenset(_ENCODINGS.split())
SUPER = "stand_in.super"
COLUMN_WORDS = ("ENCODE", "NOT", "NULL", "PRIMARY", "UNIQUE", "REFERENCES", "DISTKEY", "SORTKEY", "DEFAULT")


@dataclass
class ColumnPlan:
    """One column, as PostgreSQL defines it; `limit`: the length of a VARCHAR in bytes."""

    name: str
    type: str
    limit: int | None = None
    not_null: bool = False
    default: str | None = None

    @property
    def definition(self) -> str:
        """As in CREATE TABLE, with the check that counts bytes."""
        parts = [quote(self.name), self.type]
        if self.default is not None:
            parts.append(f"DEFAULT {self.default}")
        if self.not_null:
            parts.append("NOT NULL")
        if self.limit is not None:
            parts.append(bytes_check(self.name, self.limit))
        return " ".join(parts)


@dataclass
class TablePlan:
    """The columns and attributes of a CREATE TABLE."""

    columns: list[ColumnPlan] = field(default_factory=list)
    style: str = "AUTO"
    distkey: str | None = None
    sortkeys: list[str] = field(default_factory=list)


def bytes_check(column: str, limit: int) -> str:
    """The constraint that counts bytes (DG: r_Character_types); PostgreSQL's VARCHAR(n) counts characters."""
    return f"CONSTRAINT {quote(f'bytes {limit} {column}')} CHECK (octet_length({quote(column)}) <= {limit})"


def read_element(reader: Reader, plan: TablePlan) -> None:
    """Adds one column to the plan. Raises 0A000 for LIKE and for keys, which Redshift has."""
    if reader.at("LIKE"):
        raise not_carried("CREATE TABLE LIKE")
    if reader.take("UNIQUE"):
        reader.names()  # Redshift has no NULLS NOT DISTINCT
        raise not_carried("a key of a table")
    if reader.at("PRIMARY", "KEY") or reader.at("FOREIGN", "KEY") or reader.at("CONSTRAINT"):
        raise not_carried("a key of a table")
    plan.columns.append(_column(reader, plan))


def _require_columns(plan: TablePlan, names: list[str]) -> None:
    known = {column.name for column in plan.columns}
    for name in names:
        if name not in known:
            raise RedshiftError("42703", f'column "{name}" named in key does not exist')


def _column(reader: Reader, plan: TablePlan) -> ColumnPlan:
    name = reader.identifier()
    column = typed_column(
        name, reader.until(*COLUMN_WORDS, "IDENTITY", "GENERATED", "COLLATE", "CHECK", "CONSTRAINT")
    )
    while not reader.at(",") and not reader.at(")"):
        if not read_column_attribute(reader, plan, column):
            read_column_constraint(reader, column)
    return column


def typed_column(name: str, given: str) -> ColumnPlan:
    """The column of the type `given`. Raises 42704 or 22023 for a type that Redshift has not."""
    try:
        node = exp.DataType.build(given, dialect=DIALECT)
    except Exception as error:
        raise RedshiftError("42704", f'type "{given.lower()}" does not exist') from error
    check_type(node)
    limit = varchar_length(node) if type_name(node) in ("VARCHAR", "NVARCHAR", "TEXT") else None
    if limit is not None and not 1 <= limit <= 65535:
        raise RedshiftError("22023", "length for type varchar cannot exceed 65535")
    return ColumnPlan(name, backend_type(node).sql(dialect="postgres"), limit)


def read_column_attribute(reader: Reader, plan: TablePlan, column: ColumnPlan) -> bool:
    """Reads one attribute: encoding, key or default; False when none of them comes next."""
    if reader.take("ENCODE"):
        _read_encoding(reader)
    elif reader.take("DISTKEY"):
        plan.style, plan.distkey = "KEY", column.name
    elif reader.take("SORTKEY"):
        plan.sortkeys = [column.name]
    elif reader.take("DEFAULT"):
        column.default = _default(reader.until(*(word for word in COLUMN_WORDS if word != "NULL")))
    elif reader.at("IDENTITY") or reader.at("GENERATED", "BY", "DEFAULT", "AS", "IDENTITY"):
        raise not_carried("an IDENTITY column")
    else:
        return False
    return True


def read_column_constraint(reader: Reader, column: ColumnPlan) -> None:
    """Reads NULL or NOT NULL. Raises 0A000 for a key, which Redshift has (DG: t_Defining_constraints)."""
    if reader.take("NOT", "NULL"):
        column.not_null = True
    elif reader.at("PRIMARY", "KEY") or reader.at("UNIQUE") or reader.at("REFERENCES"):
        raise not_carried("a key of a column")
    elif reader.at("GENERATED"):
        raise not_supported("a generated column")
    elif not reader.take("NULL"):
        raise reader.fail()


def _read_encoding(reader: Reader) -> None:
    word = reader.next().text.lower()
    if word not in ENCODINGS:
        raise RedshiftError("42601", f'invalid encoding type "{word}"')


def _default(text: str) -> str:
    tree = admit(f"SELECT {text}")
    if tree.find(exp.Column, exp.Subquery, exp.Table):
        raise RedshiftError("0A000", "cannot use column references or subqueries in default expression")
    return translate_expression(tree)


def read_table_attributes(reader: Reader, plan: TablePlan) -> None:
    """Reads distribution and sort keys up to AS or the end. Raises 42601 or 42703 when they do not fit."""
    while reader.peek() is not None and not reader.at("AS"):
        if reader.take("DISTSTYLE"):
            plan.style = reader.next().text.upper()
        elif reader.take("DISTKEY"):
            (plan.distkey,) = reader.names()
            plan.style = "KEY"
        elif not _sort_attribute(reader, plan):
            raise reader.fail()
    _check_attributes(plan)


def _check_attributes(plan: TablePlan) -> None:
    if plan.style not in ("AUTO", "EVEN", "KEY", "ALL"):
        raise syntax_error(plan.style)
    if plan.style == "KEY" and plan.distkey is None:
        raise RedshiftError("42601", "No DISTKEY column was specified for DISTSTYLE KEY")
    for key in [*([plan.distkey] if plan.distkey else []), *plan.sortkeys]:
        if plan.columns:
            _require_columns(plan, [key])
        if any(column.name == key and column.type == SUPER for column in plan.columns):
            # DG: limitations-super; its text was not found.
            raise not_supported(f"SUPER column {key} as a distribution or sort key")


def _sort_attribute(reader: Reader, plan: TablePlan) -> bool:
    if reader.take("BACKUP", "YES") or reader.take("BACKUP", "NO"):
        return True
    if reader.take("SORTKEY", "AUTO") or reader.take("ENCODE", "AUTO"):
        return True
    _ = reader.take("COMPOUND") or reader.take("INTERLEAVED")
    if not reader.take("SORTKEY"):
        return False
    plan.sortkeys = reader.names()
    return True
