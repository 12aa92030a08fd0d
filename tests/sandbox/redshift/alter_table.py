"""ALTER TABLE of local tables: the forms that a migration needs (DG: r_ALTER_TABLE)."""

from __future__ import annotations

from .errors import RedshiftError, not_carried
from .meta import require_local
from .statements import Name, Reader, literal, quote
from .table_plan import (
    COLUMN_WORDS,
    TablePlan,
    bytes_check,
    read_column_attribute,
    read_column_constraint,
    typed_column,
)
from .work import Work

# Forms that Redshift has, by their first words.
UNCARRIED = (
    *(("ADD", word) for word in ("CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN")),
    *(("ALTER", word) for word in ("DISTKEY", "DISTSTYLE", "SORTKEY", "COMPOUND", "ENCODE")),
    *(("RENAME", "COLUMN"), ("OWNER", "TO")),
)


def alter_local_table(work: Work, name: Name, reader: Reader) -> None:
    """Carries out the rest of the statement. Raises 0A000 for forms that no migration here needs."""
    require_local(work, name, "ALTER TABLE")
    head = f"ALTER TABLE {name.quoted}"
    if reader.at("APPEND"):
        work.require_no_block("ALTER TABLE APPEND")
        raise not_carried("ALTER TABLE APPEND")
    if any(reader.at(*words) for words in UNCARRIED):
        raise not_carried("this form of ALTER TABLE")
    if reader.take("ADD", "COLUMN") or reader.take("ADD"):
        _add_column(work, reader, head)
    elif reader.take("RENAME", "TO"):
        new = reader.identifier()
        reader.end()
        work.relay(f"{head} RENAME TO {quote(new)}")
    elif reader.take("DROP", "COLUMN") or reader.take("DROP"):
        _drop_column(work, reader, head)
    else:
        reader.expect("ALTER", "COLUMN")
        _alter_column(work, reader, name, head)


def _add_column(work: Work, reader: Reader, head: str) -> None:
    plan = TablePlan()
    column_name = reader.identifier()
    column = typed_column(column_name, reader.until(*COLUMN_WORDS))
    while reader.peek() is not None:
        if not read_column_attribute(reader, plan, column):
            read_column_constraint(reader, column)
    if column.not_null and column.default is None:
        raise RedshiftError(
            "0A000", "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression"
        )
    if plan.distkey or plan.sortkeys:
        raise RedshiftError("0A000", "ALTER TABLE ADD COLUMN cannot define a key")
    work.relay(f"{head} ADD COLUMN {column.definition}")


def _drop_column(work: Work, reader: Reader, head: str) -> None:
    column = reader.identifier()
    cascade = " CASCADE" if reader.take("CASCADE") else ""
    reader.take("RESTRICT")
    reader.end()
    work.relay(f"{head} DROP COLUMN {quote(column)}{cascade}")


def _alter_column(work: Work, reader: Reader, name: Name, head: str) -> None:
    """Only a VARCHAR can be changed, to a longer one, and not in a transaction."""
    column = reader.identifier()
    if reader.at("ENCODE"):
        raise not_carried("ALTER COLUMN … ENCODE")
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
