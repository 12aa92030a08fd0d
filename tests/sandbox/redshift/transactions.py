"""BEGIN, COMMIT, ROLLBACK and LOCK."""

from __future__ import annotations

from .errors import not_carried, not_supported
from .statements import Reader
from .work import Work


def begin(work: Work, reader: Reader) -> None:
    """BEGIN at the database's isolation level. Raises 0A000 for its options (DG: r_BEGIN)."""
    if not reader.take("START", "TRANSACTION"):
        reader.expect("BEGIN")
        _ = reader.take("WORK") or reader.take("TRANSACTION")
    if reader.at("ISOLATION", "LEVEL") or reader.at("READ"):
        raise not_carried("an option of BEGIN")
    reader.end()
    if work.implicit_block:
        work.implicit_block = False  # From here on it is the client's own.
        work.done("BEGIN")
        return
    if work.link.status == b"T":
        work.relay("BEGIN")  # PostgreSQL warns that there is one already, as Redshift does.
        return
    work.relay(f"BEGIN ISOLATION LEVEL {work.cluster.backend_isolation}", lambda _: "BEGIN")


def commit(work: Work, reader: Reader) -> None:
    """COMMIT or END. A failed transaction is rolled back."""
    _end(work, reader, "COMMIT")


def rollback(work: Work, reader: Reader) -> None:
    """ROLLBACK or ABORT; never to a savepoint (DG: c_unsupported-postgresql-functions)."""
    _end(work, reader, "ROLLBACK")


def _end(work: Work, reader: Reader, how: str) -> None:
    reader.next()
    _ = reader.take("WORK") or reader.take("TRANSACTION")
    if reader.at("TO"):
        raise not_supported("ROLLBACK TO SAVEPOINT")
    reader.end()
    work.implicit_block = False
    work.relay(how)


def lock(work: Work, reader: Reader) -> None:
    """ACCESS EXCLUSIVE, the only mode there is (DG: r_LOCK)."""
    reader.expect("LOCK")
    reader.take("TABLE")
    names = [reader.name(work.cluster.database)]
    while reader.take(","):
        names.append(reader.name(work.cluster.database))
    reader.end()
    tables = ", ".join(name.quoted for name in names)
    if work.link.status == b"I":
        # Redshift takes the lock and gives it back at once; PostgreSQL refuses outside a block.
        work.link.query(f"BEGIN; LOCK TABLE {tables}; COMMIT")
        work.done("LOCK")
        return
    work.relay(f"LOCK TABLE {tables} IN ACCESS EXCLUSIVE MODE", lambda _: "LOCK")
