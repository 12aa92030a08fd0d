"""TRUNCATE, VACUUM, ANALYZE, GRANT, REVOKE, COMMENT."""

from __future__ import annotations

from .errors import RedshiftError, not_carried
from .meta import kind_of, require_local
from .statements import Name, Reader, literal, quote
from .work import Work

_PRIVILEGES = """
    SELECT INSERT UPDATE DELETE REFERENCES ALL USAGE CREATE DROP TRUNCATE PRIVILEGES TEMP TEMPORARY
"""
PRIVILEGES = frozenset(_PRIVILEGES.split())


def truncate(work: Work, reader: Reader) -> None:
    """Empties a table and commits the transaction in which it runs (DG: r_TRUNCATE)."""
    reader.expect("TRUNCATE")
    reader.take("TABLE")
    name = reader.name(work.cluster.database)
    reader.end()
    require_local(work, name, "TRUNCATE")
    work.link.query(f"TRUNCATE TABLE {name.quoted}")
    if work.link.status == b"T":
        work.implicit_block = False
        work.link.query("COMMIT")
    work.done("TRUNCATE TABLE")


def vacuum(work: Work, reader: Reader) -> None:
    """[FULL | SORT ONLY | DELETE ONLY | REINDEX] [table [TO n PERCENT] [BOOST]] (DG: r_VACUUM_command)."""
    work.require_no_block("VACUUM")
    reader.expect("VACUUM")
    modes = (("FULL",), ("SORT", "ONLY"), ("DELETE", "ONLY"), ("REINDEX",), ("RECLUSTER",))
    _ = any(reader.take(*mode) for mode in modes)
    if reader.peek() is not None:
        require_local(work, reader.name(work.cluster.database), "VACUUM")
        if reader.take("TO"):
            reader.next()
            reader.expect("PERCENT")
        reader.take("BOOST")
    reader.end()
    work.done("VACUUM")


def analyze(work: Work, reader: Reader) -> None:
    """ANALYZE [table [(columns)]] [PREDICATE COLUMNS | ALL COLUMNS]; no external tables (DG: r_ANALYZE)."""
    reader.expect("ANALYZE")
    reader.take("VERBOSE")
    target = ""
    if reader.peek() is not None and not reader.at("PREDICATE") and not reader.at("ALL"):
        name = reader.name(work.cluster.database)
        require_local(work, name, "ANALYZE")
        target = name.quoted
        if reader.at("("):
            target += " (" + ", ".join(f'"{column}"' for column in reader.names()) + ")"
    _ = reader.take("PREDICATE", "COLUMNS") or reader.take("ALL", "COLUMNS")
    reader.end()
    if target:
        work.link.query(f"ANALYZE {target}")
    work.done("ANALYZE")


def grant(work: Work, reader: Reader) -> None:
    """GRANT and REVOKE on schemas and tables. They must exist. It has no effect: there is one user."""
    word = reader.next().text.upper()
    _ = reader.take("GRANT", "OPTION", "FOR")
    while not reader.at("ON"):
        token = reader.next()
        if token.text != "," and token.text.upper() not in PRIVILEGES:
            raise not_carried(f"{word} {token.text}")
    reader.expect("ON")
    _granted_objects(work, reader, word)
    reader.expect("TO" if word == "GRANT" else "FROM")
    if not reader.rest():
        raise reader.fail()
    work.done(word)


def _granted_objects(work: Work, reader: Reader, word: str) -> None:
    if reader.take("DATABASE"):
        reader.identifier()
    elif reader.take("SCHEMA") or reader.take("ALL", "TABLES", "IN", "SCHEMA"):
        schema = reader.identifier()
        if work.link.query(f"SELECT 1 FROM pg_namespace WHERE nspname = {literal(schema)}") == []:
            raise RedshiftError("3F000", f'schema "{schema}" does not exist')
    else:
        reader.take("TABLE")
        _granted_table(work, reader, word)
        while reader.take(","):
            _granted_table(work, reader, word)


def _granted_table(work: Work, reader: Reader, word: str) -> None:
    """A table or view; DG: r_GRANT has a list of them: `[ TABLE ] table_name [, ...]`."""
    name = reader.name(work.cluster.database)
    if kind_of(work, name) == "external":
        # DG: r_GRANT: one grants on the external schema, and not in a transaction.
        raise RedshiftError("0A000", f"{word} on external table {name} is not supported")
    require_local(work, name, word)


def comment(work: Work, reader: Reader) -> None:
    """COMMENT ON TABLE, COLUMN or VIEW; not on anything external (DG: r_COMMENT, "Usage notes")."""
    reader.expect("COMMENT", "ON")
    kind = next((word for word in ("TABLE", "COLUMN", "VIEW") if reader.take(word)), None)
    if kind is None:
        raise not_carried("COMMENT on this kind of object")
    target = _commented_object(work, reader, kind)
    reader.expect("IS")
    text = "NULL" if reader.take("NULL") else literal(reader.string())
    reader.end()
    work.relay(f"COMMENT ON {kind} {target} IS {text}")


def _commented_object(work: Work, reader: Reader, kind: str) -> str:
    """The object for PostgreSQL, which refuses a table or column that does not exist."""
    if kind != "COLUMN":
        name = reader.name(work.cluster.database)
        _require_comments(work, name, kind)
        return name.quoted
    name, column = reader.column(work.cluster.database)
    _require_comments(work, name, kind)
    return f"{name.quoted}.{quote(column)}"


def _require_comments(work: Work, name: Name, kind: str) -> None:
    """Raises 0A000 for external tables, their columns, and columns of late-binding views."""
    found = kind_of(work, name)
    if found == "external" or (kind == "COLUMN" and found == "late binding view"):
        raise RedshiftError("0A000", f"COMMENT ON {kind} is not supported for {found} {name}")
