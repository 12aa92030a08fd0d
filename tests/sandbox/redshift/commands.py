"""Which function carries out which statement. A statement that is not listed is refused."""

from __future__ import annotations

from collections.abc import Callable

from . import external_ddl, housekeeping, local_ddl, queries, settings, transactions, views
from .errors import not_carried, not_supported, syntax_error
from .statements import Reader, Statement
from .work import Work

Command = Callable[[Work, Reader], None]

COMMANDS: dict[tuple[str, ...], Command] = {
    ("BEGIN",): transactions.begin,
    ("START", "TRANSACTION"): transactions.begin,
    ("COMMIT",): transactions.commit,
    ("END",): transactions.commit,
    ("ROLLBACK",): transactions.rollback,
    ("ABORT",): transactions.rollback,
    ("LOCK",): transactions.lock,
    ("SET",): settings.set_parameter,
    ("SHOW",): settings.show_parameter,
    ("CREATE", "EXTERNAL", "SCHEMA"): external_ddl.create_schema,
    ("CREATE", "EXTERNAL", "TABLE"): external_ddl.create_table,
    ("CREATE", "TABLE"): local_ddl.create_table,
    ("CREATE", "TEMP", "TABLE"): local_ddl.create_table,
    ("CREATE", "TEMPORARY", "TABLE"): local_ddl.create_table,
    ("CREATE", "VIEW"): views.create_view,
    ("CREATE", "OR", "REPLACE", "VIEW"): views.create_view,
    ("DROP", "VIEW"): views.drop_view,
    ("DROP", "SCHEMA"): external_ddl.drop_schema,
    ("DROP", "TABLE"): external_ddl.drop_table,
    ("ALTER", "TABLE"): external_ddl.alter_table,
    ("TRUNCATE",): housekeeping.truncate,
    ("VACUUM",): housekeeping.vacuum,
    ("ANALYZE",): housekeeping.analyze,
    ("GRANT",): housekeeping.grant,
    ("REVOKE",): housekeeping.grant,
    ("COMMENT", "ON"): housekeeping.comment,
    ("EXPLAIN",): queries.explain,
    ("SELECT",): queries.select,
    ("WITH",): queries.select,
    ("(",): queries.select,
    ("INSERT", "INTO"): queries.insert,
    ("UPDATE",): queries.change,
    ("DELETE",): queries.change,
}

# What PostgreSQL has and Redshift has not (DG: c_unsupported-postgresql-features), by its first words.
_NOT_IN_REDSHIFT = """
    SAVEPOINT, RELEASE, CREATE INDEX, CREATE UNIQUE INDEX, CREATE TRIGGER, CREATE SEQUENCE, CREATE TYPE,
    CREATE DOMAIN, CREATE RULE, CREATE EXTENSION, CREATE TABLESPACE, CREATE UNLOGGED, DO, LISTEN, NOTIFY,
    UNLISTEN, REINDEX, CLUSTER, VALUES, LOAD
"""
NOT_IN_REDSHIFT = frozenset(each.strip() for each in _NOT_IN_REDSHIFT.split(","))
# What Redshift has, and no script, no document and no test of the scripts sends.
_UNCARRIED = """
    MERGE, DECLARE, FETCH, CLOSE, RESET, SHOW EXTERNAL TABLE, COPY, UNLOAD, REFRESH, PREPARE, EXECUTE,
    DEALLOCATE, CALL
"""
UNCARRIED = frozenset(each.strip() for each in _UNCARRIED.split(","))
OTHER_FORMS = frozenset({"CREATE", "ALTER", "DROP"})
QUERIES = frozenset({"SELECT", "WITH", "(", "INSERT", "UPDATE", "DELETE"})


def find_command(statement: Statement) -> Command:
    """The handler with the longest matching beginning. Raises 0A000 or 42601 when there is none."""
    if statement.words[0] in QUERIES and statement.has_word("TABLE"):
        raise syntax_error("TABLE")  # PostgreSQL's TABLE t for SELECT * FROM t.
    for length in (4, 3, 2, 1):
        words = statement.words[:length]
        if command := COMMANDS.get(words):
            return command
        if (what := " ".join(words)) in NOT_IN_REDSHIFT:
            raise not_supported(what)
        if what in UNCARRIED:
            raise not_carried(what)
        if what in OTHER_FORMS:
            raise not_carried(f"this form of {what}")
    raise syntax_error(statement.tokens[0].text)
