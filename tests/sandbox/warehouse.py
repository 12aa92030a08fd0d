"""Empties the warehouse between two tests, through the front door."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import cursor as Cursor  # noqa: N812  (a class that spells itself like a function)

EXTERNAL_SCHEMAS = "SELECT schemaname FROM svv_external_schemas"
LOCAL = "SELECT table_type, table_schema, table_name FROM svv_tables WHERE table_schema = 'public'"
KINDS = {"VIEW": sql.SQL("VIEW"), "BASE TABLE": sql.SQL("TABLE")}


def connect(variables: Mapping[str, str], **more: Any) -> Any:
    """A session of the user that the variables name; `more` as for psycopg2."""
    return psycopg2.connect(
        host=variables["PGHOST"],
        port=variables["PGPORT"],
        dbname=variables["PGDATABASE"],
        user=variables["PGUSER"],
        password=variables["PGPASSWORD"],
        sslmode=variables["PGSSLMODE"],
        sslrootcert=variables["PGSSLROOTCERT"],
        **more,
    )


def empty_warehouse(variables: Mapping[str, str]) -> None:
    """Drop every external schema and everything in `public`, as the user that the variables name."""
    connection = connect(variables)
    with closing(connection):
        connection.autocommit = True  # dropping what is external cannot run in a transaction
        with connection.cursor() as cursor:
            _drop_external(cursor)
            _drop_local(cursor)


def _drop_external(cursor: Cursor) -> None:
    cursor.execute(EXTERNAL_SCHEMAS)
    for (name,) in cursor.fetchall():
        cursor.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))


def _drop_local(cursor: Cursor) -> None:
    cursor.execute(LOCAL)
    for kind, schema, name in sorted(cursor.fetchall(), reverse=True):  # views before the tables they need
        command = sql.SQL("DROP {} IF EXISTS {} CASCADE").format(KINDS[kind], sql.Identifier(schema, name))
        cursor.execute(command)
