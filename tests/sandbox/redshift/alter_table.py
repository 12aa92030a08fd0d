"""ALTER TABLE of the cluster's own tables: the forms that a migration needs (DG: r_ALTER_TABLE)."""

from __future__ import annotations

from .errors import RedshiftError, not_supported
from .meta import require_local
from .statements import Name, Reader, literal, quote
from .table_plan import (
    COLUMN_WORDS,
    TablePlan,
    bytes_check,
    read_column_attribute,
    read_column_constraint,
    read_encoding,
    read_table_constraint,
    typed_column,
)
from .work import Work


def alter_local_table(work: Work, name: Name, reader: Reader) -> None:
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
        read_table_constraint(work, reader, TablePlan(like="existing"))
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
    column = typed_column(column_name, reader.until(*COLUMN_WORDS))
    while reader.peek() is not None:
        if not read_column_attribute(reader, plan, column):
            read_column_constraint(work, reader, column)
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
        read_encoding(reader)
        reader.end()
        work.done("ALTER TABLE")
        return
    work.require_no_block("ALTER TABLE ALTER COLUMN")
    reader.expect("TYPE")
    changed = typed_column(column, reader.rest())
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
