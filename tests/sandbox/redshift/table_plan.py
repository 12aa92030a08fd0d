"""What a CREATE TABLE asks for: its columns, keys and attributes, read as strictly as documented."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from .admission import admit
from .dialect import DIALECT
from .errors import RedshiftError, not_supported, syntax_error
from .meta import require_local, table_note
from .queries import translate_expression
from .refusals import check_type
from .rewrite import backend_type, type_name, varchar_length
from .statements import Reader, quote
from .work import Work

ENCODINGS = frozenset(
    [
        "RAW",
        "AZ64",
        "BYTEDICT",
        "DELTA",
        "DELTA32K",
        "LZO",
        "MOSTLY8",
        "MOSTLY16",
        "MOSTLY32",
        "RUNLENGTH",
        "TEXT255",
        "TEXT32K",
        "ZSTD",
    ]
)
SUPER = "stand_in.super"
COLUMN_WORDS = ("ENCODE", "NOT", "NULL", "PRIMARY", "UNIQUE", "REFERENCES", "DISTKEY", "SORTKEY", "DEFAULT")


@dataclass
class ColumnPlan:
    """One column: PostgreSQL's definition, and what Redshift shows of it."""

    name: str
    type: str
    limit: int | None = None
    not_null: bool = False
    default: str | None = None
    identity: str | None = None
    encoding: str | None = None

    @property
    def definition(self) -> str:
        """As in CREATE TABLE, with the check that counts bytes."""
        parts = [quote(self.name), self.type]
        if self.identity:
            parts.append(self.identity)
        if self.default is not None:
            parts.append(f"DEFAULT {self.default}")
        if self.not_null:
            parts.append("NOT NULL")
        if self.limit is not None:
            parts.append(bytes_check(self.name, self.limit))
        return " ".join(parts)


@dataclass
class TablePlan:
    """What CREATE TABLE asked for."""

    columns: list[ColumnPlan] = field(default_factory=list)
    like: str | None = None
    style: str = "AUTO"
    distkey: str | None = None
    sortkeys: list[str] = field(default_factory=list)


def bytes_check(column: str, limit: int) -> str:
    """VARCHAR(n) holds n bytes (DG: r_Character_types); PostgreSQL counts characters."""
    return f"CONSTRAINT {quote(f'bytes {limit} {column}')} CHECK (octet_length({quote(column)}) <= {limit})"


def read_element(work: Work, reader: Reader, plan: TablePlan) -> None:
    if reader.take("LIKE"):
        _like(work, reader, plan)
    elif (
        reader.at("PRIMARY", "KEY")
        or reader.at("UNIQUE")
        or reader.at("FOREIGN", "KEY")
        or reader.at("CONSTRAINT")
    ):
        read_table_constraint(work, reader, plan)
    else:
        plan.columns.append(_column(work, reader, plan))


def _like(work: Work, reader: Reader, plan: TablePlan) -> None:
    source = reader.name(work.cluster.database)
    if plan.columns or plan.like:
        raise reader.fail()
    defaults = reader.take("INCLUDING", "DEFAULTS")
    if not defaults:
        reader.take("EXCLUDING", "DEFAULTS")
    require_local(work, source, "LIKE")
    plan.like = f"LIKE {source.quoted} INCLUDING CONSTRAINTS{' INCLUDING DEFAULTS' if defaults else ''}"
    note = table_note(work, source)
    plan.style, plan.distkey, plan.sortkeys = note["style"], note["distkey"], note["sortkeys"]


def read_table_constraint(work: Work, reader: Reader, plan: TablePlan) -> None:
    """Informational all of them (DG: t_Defining_constraints), but a primary key's columns are NOT NULL."""
    if reader.take("CONSTRAINT"):
        reader.identifier()
    if reader.take("PRIMARY", "KEY"):
        keys = reader.names()
        for column in plan.columns:
            column.not_null = column.not_null or column.name in keys
        _require_columns(plan, keys)
    elif reader.take("UNIQUE"):
        _require_columns(plan, reader.names())
    else:
        reader.expect("FOREIGN", "KEY")
        _require_columns(plan, reader.names())
        reader.expect("REFERENCES")
        _reference(work, reader)


def _require_columns(plan: TablePlan, names: list[str]) -> None:
    known = {column.name for column in plan.columns}
    for name in names:
        if name not in known and not plan.like:
            raise RedshiftError("42703", f'column "{name}" named in key does not exist')


def _reference(work: Work, reader: Reader) -> None:
    name = reader.name(work.cluster.database)
    require_local(work, name, "REFERENCES")
    if reader.at("("):
        reader.names()


def _column(work: Work, reader: Reader, plan: TablePlan) -> ColumnPlan:
    name = reader.identifier()
    column = typed_column(
        name, reader.until(*COLUMN_WORDS, "IDENTITY", "GENERATED", "COLLATE", "CHECK", "CONSTRAINT")
    )
    while not reader.at(",") and not reader.at(")"):
        if not read_column_attribute(reader, plan, column):
            read_column_constraint(work, reader, column)
    return column


def typed_column(name: str, given: str) -> ColumnPlan:
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
    """One attribute that is Redshift's own, or that it has in its own way; False when none comes."""
    if reader.take("ENCODE"):
        column.encoding = read_encoding(reader)
    elif reader.take("DISTKEY"):
        plan.style, plan.distkey = "KEY", column.name
    elif reader.take("SORTKEY"):
        plan.sortkeys = [column.name]
    elif reader.take("DEFAULT"):
        column.default = _default(reader.until(*(word for word in COLUMN_WORDS if word != "NULL")))
    elif reader.take("IDENTITY") or reader.take("GENERATED", "BY", "DEFAULT", "AS", "IDENTITY"):
        column.identity = _identity(reader)
    else:
        return False
    return True


def read_column_constraint(work: Work, reader: Reader, column: ColumnPlan) -> None:
    """Only NOT NULL, which a primary key implies, has an effect (DG: t_Defining_constraints)."""
    if reader.take("NOT", "NULL") or reader.take("PRIMARY", "KEY"):
        column.not_null = True
    elif reader.take("REFERENCES"):
        _reference(work, reader)
    elif reader.at("GENERATED"):
        raise not_supported("a generated column")
    elif not reader.take("NULL") and not reader.take("UNIQUE"):
        raise reader.fail()


def read_encoding(reader: Reader) -> str:
    word = reader.next().text.upper()
    if word not in ENCODINGS and word != "AUTO":
        raise RedshiftError("42601", f'invalid encoding type "{word.lower()}"')
    return str(word).lower()


def _default(text: str) -> str:
    tree = admit(f"SELECT {text}")
    if tree.find(exp.Column, exp.Subquery, exp.Table):
        raise RedshiftError("0A000", "cannot use column references or subqueries in default expression")
    return translate_expression(tree)


def _identity(reader: Reader) -> str:
    reader.expect("(")
    seed = reader.next().text
    reader.expect(",")
    step = reader.next().text
    reader.expect(")")
    return f"GENERATED BY DEFAULT AS IDENTITY (START {seed} INCREMENT {step} CACHE 100)"


def read_table_attributes(reader: Reader, plan: TablePlan) -> None:
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
