"""Schemas and tables of the cluster's own: Redshift's DDL, less what PostgreSQL lacks."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from .dialect import DIALECT, parse
from .errors import RedshiftError, not_supported, syntax_error
from .meta import TABLE_NOTE, external_schema, kind_of, remember, require_local, table_note
from .queries import translate_expression, translate_query
from .refusals import check_type
from .rewrite import backend_type, type_name, varchar_length
from .statements import Name, Reader, literal, quote
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


def create_schema(work: Work, reader: Reader) -> None:
    """CREATE SCHEMA [IF NOT EXISTS] name [AUTHORIZATION user]."""
    reader.expect("CREATE", "SCHEMA")
    lenient = "IF NOT EXISTS " if reader.take("IF", "NOT", "EXISTS") else ""
    name = reader.identifier()
    if name.startswith("pg_"):
        raise syntax_error(name)
    if reader.take("AUTHORIZATION"):
        reader.identifier()
    reader.end()
    work.relay(f"CREATE SCHEMA {lenient}{quote(name)}")


def create_table(work: Work, reader: Reader) -> None:
    """CREATE [TEMP] TABLE, with columns, LIKE, or AS (DG: r_CREATE_TABLE_NEW, r_CREATE_TABLE_AS)."""
    reader.expect("CREATE")
    reader.take("LOCAL")
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
    """CREATE TABLE t (a, b) AS …: a bare name is followed by a comma or the end of the list."""
    after = reader.peek(2)
    return after is not None and after.text in (",", ")")


def _create_from_columns(work: Work, reader: Reader, name: Name, head: str) -> None:
    plan = TablePlan()
    reader.expect("(")
    while not reader.take(")"):
        _element(work, reader, plan)
        if not reader.at(")"):
            reader.expect(",")
    _table_attributes(reader, plan)
    reader.end()
    existed = kind_of(work, name) != "none"
    elements = [plan.like] if plan.like else [column.definition for column in plan.columns]
    work.relay(f"{head} ({', '.join(elements)})")
    if not existed or " IF NOT EXISTS " not in head:
        _keep_attributes(work, name, plan)


def _element(work: Work, reader: Reader, plan: TablePlan) -> None:
    if reader.take("LIKE"):
        _like(work, reader, plan)
    elif (
        reader.at("PRIMARY", "KEY")
        or reader.at("UNIQUE")
        or reader.at("FOREIGN", "KEY")
        or reader.at("CONSTRAINT")
    ):
        _table_constraint(work, reader, plan)
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


def _table_constraint(work: Work, reader: Reader, plan: TablePlan) -> None:
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
    column = _typed_column(
        name, reader.until(*COLUMN_WORDS, "IDENTITY", "GENERATED", "COLLATE", "CHECK", "CONSTRAINT")
    )
    while not reader.at(",") and not reader.at(")"):
        if not _column_attribute(reader, plan, column):
            _column_constraint(work, reader, column)
    return column


def _typed_column(name: str, given: str) -> ColumnPlan:
    try:
        node = exp.DataType.build(given, dialect=DIALECT)
    except Exception as error:
        raise RedshiftError("42704", f'type "{given.lower()}" does not exist') from error
    check_type(node)
    limit = varchar_length(node) if type_name(node) in ("VARCHAR", "NVARCHAR", "TEXT") else None
    if limit is not None and not 1 <= limit <= 65535:
        raise RedshiftError("22023", "length for type varchar cannot exceed 65535")
    return ColumnPlan(name, backend_type(node).sql(dialect="postgres"), limit)


def _column_attribute(reader: Reader, plan: TablePlan, column: ColumnPlan) -> bool:
    """One attribute that is Redshift's own, or that it has in its own way; False when none comes."""
    if reader.take("ENCODE"):
        column.encoding = _encoding(reader)
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


def _column_constraint(work: Work, reader: Reader, column: ColumnPlan) -> None:
    """Only NOT NULL, which a primary key implies, has an effect (DG: t_Defining_constraints)."""
    if reader.take("NOT", "NULL") or reader.take("PRIMARY", "KEY"):
        column.not_null = True
    elif reader.take("REFERENCES"):
        _reference(work, reader)
    elif reader.at("GENERATED"):
        raise not_supported("a generated column")
    elif not reader.take("NULL") and not reader.take("UNIQUE"):
        raise reader.fail()


def _encoding(reader: Reader) -> str:
    word = reader.next().text.upper()
    if word not in ENCODINGS and word != "AUTO":
        raise RedshiftError("42601", f'invalid encoding type "{word.lower()}"')
    return str(word).lower()


def _default(text: str) -> str:
    tree = parse(f"SELECT {text}")
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


def _table_attributes(reader: Reader, plan: TablePlan) -> None:
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


def _keep_attributes(work: Work, name: Name, plan: TablePlan) -> None:
    content = {
        "style": plan.style,
        "distkey": plan.distkey,
        "sortkeys": plan.sortkeys,
        "encodings": {column.name: column.encoding for column in plan.columns if column.encoding},
    }
    remember(work, TABLE_NOTE, f"to_regclass({literal(name.quoted)})::oid", content)


def _create_from_query(work: Work, reader: Reader, name: Name, head: str) -> None:
    columns = f" ({', '.join(quote(column) for column in reader.names())})" if reader.at("(") else ""
    plan = TablePlan()
    _table_attributes(reader, plan)
    reader.expect("AS")
    query = translate_query(work, reader.rest())
    work.relay(f"{head}{columns} AS {query}", lambda _: "SELECT")
    add_bytes_checks(work, name)
    _keep_attributes(work, name, plan)


def add_bytes_checks(work: Work, name: Name) -> None:
    """The check for every VARCHAR column that has none yet."""
    rows = work.link.query(
        "SELECT attname, atttypmod - 4 FROM pg_attribute a WHERE attrelid = "
        f"to_regclass({literal(name.quoted)}) AND attnum > 0 "
        "AND atttypid = 'varchar'::regtype AND atttypmod > 4 "
        "AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conrelid = attrelid AND conkey = ARRAY[attnum])"
    )
    for column, limit in rows:
        work.link.query(f"ALTER TABLE {name.quoted} ADD {bytes_check(str(column), int(str(limit)))}")


def drop_tables(work: Work, names: list[Name], *, lenient: bool) -> None:
    """DROP TABLE of local tables."""
    for name in names:
        if not lenient and kind_of(work, name) == "none":
            raise RedshiftError("42P01", f'Table "{name.table}" does not exist')
    existence = "IF EXISTS " if lenient else ""
    work.relay(f"DROP TABLE {existence}{', '.join(name.quoted for name in names)}")


def alter_table(work: Work, name: Name, reader: Reader) -> None:
    """ALTER TABLE of a local table: the forms that a migration needs (DG: r_ALTER_TABLE)."""
    require_local(work, name, "ALTER TABLE")
    head = f"ALTER TABLE {name.quoted}"
    if reader.at("APPEND"):
        work.require_no_block("ALTER TABLE APPEND")
        raise not_supported("ALTER TABLE APPEND, by this stand-in: it")
    if reader.take("ADD", "COLUMN") or (
        reader.at("ADD") and not _adds_constraint(reader) and reader.take("ADD")
    ):
        _add_column(work, reader, name, head)
    elif _adds_constraint(reader):
        reader.expect("ADD")
        _table_constraint(work, reader, TablePlan(like="existing"))
        reader.end()
        work.done("ALTER TABLE")
    elif reader.take("RENAME", "TO"):
        new = reader.identifier()
        reader.end()
        work.relay(f"{head} RENAME TO {quote(new)}")
    elif reader.take("RENAME", "COLUMN"):
        old = reader.identifier()
        reader.expect("TO")
        new = reader.identifier()
        reader.end()
        work.relay(f"{head} RENAME COLUMN {quote(old)} TO {quote(new)}")
    elif reader.take("DROP", "COLUMN") or reader.take("DROP"):
        _drop_column(work, reader, head)
    elif reader.take("ALTER", "COLUMN"):
        _alter_column(work, reader, name, head)
    else:
        _alter_attributes(work, reader)


def _adds_constraint(reader: Reader) -> bool:
    return any(reader.at("ADD", word) for word in ("CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN"))


def _add_column(work: Work, reader: Reader, name: Name, head: str) -> None:
    plan = TablePlan()
    column_name = reader.identifier()
    column = _typed_column(column_name, reader.until(*COLUMN_WORDS))
    while reader.peek() is not None:
        if not _column_attribute(reader, plan, column):
            _column_constraint(work, reader, column)
    if column.not_null and column.default is None:
        raise RedshiftError(
            "0A000", "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression"
        )
    if plan.distkey or plan.sortkeys or column.identity:
        raise RedshiftError("0A000", "ALTER TABLE ADD COLUMN cannot define a key or an identity")
    work.relay(f"{head} ADD COLUMN {column.definition}")


def _drop_column(work: Work, reader: Reader, head: str) -> None:
    column = reader.identifier()
    cascade = " CASCADE" if reader.take("CASCADE") else ""
    reader.take("RESTRICT")
    reader.end()
    work.relay(f"{head} DROP COLUMN {quote(column)}{cascade}")


def _alter_column(work: Work, reader: Reader, name: Name, head: str) -> None:
    """Only a VARCHAR may be made longer, and not in a transaction."""
    column = reader.identifier()
    if reader.take("ENCODE"):
        _encoding(reader)
        reader.end()
        work.done("ALTER TABLE")
        return
    work.require_no_block("ALTER TABLE ALTER COLUMN")
    reader.expect("TYPE")
    changed = _typed_column(column, reader.rest())
    rows = work.link.query(
        f"SELECT atttypmod - 4 FROM pg_attribute WHERE attrelid = to_regclass({literal(name.quoted)}) "
        f"AND attname = {literal(column)} AND atttypid = 'varchar'::regtype"
    )
    if not rows or changed.limit is None:
        raise RedshiftError("0A000", "cannot alter type of this column")
    old = bytes_check(column, int(str(rows[0][0]))).split(" CHECK ")[0].removeprefix("CONSTRAINT ")
    work.link.query(
        f"{head} DROP CONSTRAINT IF EXISTS {old}, ALTER COLUMN {quote(column)} TYPE {changed.type}"
    )
    work.link.query(f"{head} ADD {bytes_check(column, changed.limit)}")
    work.done("ALTER TABLE")


def _alter_attributes(work: Work, reader: Reader) -> None:
    if not reader.take("ALTER"):
        reader.expect("OWNER", "TO")
        reader.identifier()
        reader.end()
    elif not any(reader.at(word) for word in ("DISTKEY", "DISTSTYLE", "SORTKEY", "COMPOUND", "ENCODE")):
        raise reader.fail()
    work.done("ALTER TABLE")
