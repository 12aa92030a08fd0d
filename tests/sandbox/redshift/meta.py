"""Finds out what a name means (external schema, late-binding view, local table), and stores notes on names.

A note (the options of an external schema, the text of a late-binding view) is a row of pg_description, under
an object class that PostgreSQL does not use: system catalogs roll back with the client's transaction, and
reading them never counts as a conflict between serializable transactions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from .catalog import ExternalTable
from .errors import RedshiftError, no_such_relation
from .statements import Name, literal
from .work import Work

SCHEMA_NOTE = 90001
VIEW_NOTE = 90002

Kind = Literal["external", "view", "late binding view", "table", "none"]


@dataclass(frozen=True)
class ExternalSchema:
    """An external schema: the Glue database behind it, the role that Spectrum assumes, its options."""

    name: str
    oid: int
    database: str
    role: str
    options: str


def remember(work: Work, note: int, oid: str, content: dict[str, Any]) -> None:
    """Store the note of the object whose oid the SQL expression `oid` gives, and delete its earlier note."""
    work.link.query(f"DELETE FROM pg_description WHERE classoid = {note} AND objoid = {oid}")
    text = literal(json.dumps(content))
    work.link.query(f"INSERT INTO pg_description VALUES ({oid}, {note}, 0, {text})")


def external_schemas(work: Work) -> list[ExternalSchema]:
    """All external schemas, by name."""
    rows = work.link.query(
        "SELECT n.nspname, n.oid, d.description FROM pg_namespace n JOIN pg_description d "
        f"ON d.objoid = n.oid AND d.classoid = {SCHEMA_NOTE} ORDER BY n.nspname"
    )
    return [_schema(str(name), str(oid), str(note)) for name, oid, note in rows]


def _schema(name: str, oid: str, note: str) -> ExternalSchema:
    kept = json.loads(note)
    options = json.dumps({"IAM_ROLE": kept["role"]}, separators=(",", ":"))
    return ExternalSchema(name, int(oid), kept["database"], kept["role"], options)


def external_schema(work: Work, name: str | None) -> ExternalSchema | None:
    """The external schema of that name, None when there is none."""
    if name is None:
        return None
    return next((schema for schema in external_schemas(work) if schema.name == name), None)


def schema_exists(work: Work, name: str) -> bool:
    """Whether any schema, local or external, has the name."""
    return bool(work.link.query(f"SELECT 1 FROM pg_namespace WHERE nspname = {literal(name)}"))


def external_table(work: Work, name: Name) -> ExternalTable | None:
    """The external table, None when its schema is not external. Raises 42P01 when Glue has no such table."""
    schema = external_schema(work, name.schema)
    if schema is None:
        return None
    require_role(work, schema)
    table = work.cluster.catalog.table(schema.name, schema.database, name.table)
    if table is None:
        raise no_such_relation(str(name))
    return table


def require_role(work: Work, schema: ExternalSchema) -> None:
    """Raises XX000 unless the schema's roles are associated with the cluster."""
    missing = [role for role in schema.role.split(",") if role not in work.cluster.roles]
    if schema.role == "default" or not missing:
        return
    raise RedshiftError(
        "XX000",
        "Error when calling external catalog API: User is not authorized to assume IAM Role "
        f"{missing[0]}; it is not associated with this cluster",
    )


def kind_of(work: Work, name: Name) -> Kind:
    """What the name means in this session. External tables are never found by the search path."""
    if external_schema(work, name.schema) is not None:
        return "external"
    rows = work.link.query(
        "SELECT c.relkind, d.description FROM pg_class c LEFT JOIN pg_description d "
        f"ON d.objoid = c.oid AND d.classoid = {VIEW_NOTE} WHERE c.oid = to_regclass({literal(name.quoted)})"
    )
    if not rows:
        return "none"
    kind, note = rows[0]
    if note is not None:
        return "late binding view"
    return "view" if kind == "v" else "table"


def late_binding_text(work: Work, name: Name) -> str | None:
    """The query of a late-binding view, None for everything else."""
    rows = work.link.query(
        f"SELECT description FROM pg_description WHERE classoid = {VIEW_NOTE} "
        f"AND objoid = to_regclass({literal(name.quoted)})"
    )
    return json.loads(str(rows[0][0]))["query"] if rows else None


def columns_of(work: Work, name: Name) -> list[str]:
    """The columns of a local table, in order; none when it does not exist."""
    rows = work.link.query(
        f"SELECT attname FROM pg_attribute WHERE attrelid = to_regclass({literal(name.quoted)}) "
        "AND attnum > 0 AND NOT attisdropped ORDER BY attnum"
    )
    return [str(row[0]) for row in rows]


def require_local(work: Work, name: Name, command: str) -> None:
    """Raises 42P01, 0A000 or 42809 unless the name is that of a local table."""
    kind = kind_of(work, name)
    if kind == "none":
        raise no_such_relation(name.table)
    if kind == "external":
        raise RedshiftError("0A000", f"{command} is not supported for external table {name}")
    if kind != "table" and command not in {"GRANT", "REVOKE"}:
        raise RedshiftError("42809", f'"{name.table}" is not a table')
