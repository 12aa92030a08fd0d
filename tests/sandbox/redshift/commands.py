"""Which statements there are, and who carries each out. What is not in this list is refused."""

from __future__ import annotations

from collections.abc import Callable

from . import cursors, external_ddl, housekeeping, local_ddl, queries, settings, transactions, views
from .errors import RedshiftError, not_supported, syntax_error
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
    ("RESET",): settings.reset_parameter,
    ("SHOW", "EXTERNAL", "TABLE"): external_ddl.show_table,
    ("SHOW",): settings.show_parameter,
    ("CREATE", "EXTERNAL", "SCHEMA"): external_ddl.create_schema,
    ("CREATE", "EXTERNAL", "TABLE"): external_ddl.create_table,
    ("CREATE", "SCHEMA"): local_ddl.create_schema,
    ("CREATE", "TABLE"): local_ddl.create_table,
    ("CREATE", "TEMP", "TABLE"): local_ddl.create_table,
    ("CREATE", "TEMPORARY", "TABLE"): local_ddl.create_table,
    ("CREATE", "LOCAL", "TEMP", "TABLE"): local_ddl.create_table,
    ("CREATE", "LOCAL", "TEMPORARY", "TABLE"): local_ddl.create_table,
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
    ("DECLARE",): cursors.declare,
    ("FETCH",): cursors.fetch,
    ("CLOSE",): cursors.close,
    ("EXPLAIN",): queries.explain,
    ("SELECT",): queries.select,
    ("WITH",): queries.select,
    ("(",): queries.select,
    ("INSERT", "INTO"): queries.insert,
    ("UPDATE",): queries.change,
    ("DELETE",): queries.change,
    ("MERGE", "INTO"): queries.merge,
}

# Known to PostgreSQL and not to Redshift (DG: c_unsupported-postgresql-features), or not carried here.
UNSUPPORTED: dict[tuple[str, ...], str] = {
    ("SAVEPOINT",): "SAVEPOINT",
    ("RELEASE",): "RELEASE SAVEPOINT",
    ("CREATE", "INDEX"): "CREATE INDEX",
    ("CREATE", "UNIQUE", "INDEX"): "CREATE INDEX",
    ("CREATE", "TRIGGER"): "CREATE TRIGGER",
    ("CREATE", "SEQUENCE"): "CREATE SEQUENCE",
    ("CREATE", "TYPE"): "CREATE TYPE",
    ("CREATE", "DOMAIN"): "CREATE DOMAIN",
    ("CREATE", "RULE"): "CREATE RULE",
    ("CREATE", "EXTENSION"): "CREATE EXTENSION",
    ("CREATE", "TABLESPACE"): "CREATE TABLESPACE",
    ("CREATE", "UNLOGGED"): "CREATE UNLOGGED TABLE",
    ("DO",): "DO",
    ("LISTEN",): "LISTEN",
    ("NOTIFY",): "NOTIFY",
    ("UNLISTEN",): "UNLISTEN",
    ("REINDEX",): "REINDEX",
    ("CLUSTER",): "CLUSTER",
    ("VALUES",): "VALUES",
    ("LOAD",): "LOAD",
    ("REFRESH",): "REFRESH MATERIALIZED VIEW, by this stand-in: it",
    ("COPY",): "COPY, by this stand-in: it",
    ("UNLOAD",): "UNLOAD, by this stand-in: it",
    ("CREATE",): "this CREATE, by this stand-in: it",
    ("ALTER",): "this ALTER, by this stand-in: it",
    ("DROP",): "this DROP, by this stand-in: it",
    ("PREPARE",): "PREPARE, by this stand-in: it",
    ("EXECUTE",): "EXECUTE, by this stand-in: it",
    ("DEALLOCATE",): "DEALLOCATE, by this stand-in: it",
    ("CALL",): "CALL, by this stand-in: it",
}


QUERIES = frozenset({"SELECT", "WITH", "(", "INSERT", "UPDATE", "DELETE", "MERGE"})


def find_command(statement: Statement) -> Command:
    """The handler with the longest matching beginning; 0A000 or 42601 when there is none."""
    if statement.words[0] in QUERIES and statement.has_word("TABLE"):
        raise syntax_error("TABLE")  # PostgreSQL's TABLE t for SELECT * FROM t.
    for length in (4, 3, 2, 1):
        words = statement.words[:length]
        if command := COMMANDS.get(words):
            return command
        if what := UNSUPPORTED.get(words):
            raise _refusal(what)
    raise syntax_error(statement.tokens[0].text)


def _refusal(what: str) -> RedshiftError:
    return not_supported(what)
