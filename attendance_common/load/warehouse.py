"""Redshift as the loader uses it: statements, and transactions that are retried after a conflict."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from attendance_common.config import LoaderSettings
from attendance_common.load.conflicts import retry_conflicts
from attendance_common.load.connection import Connection
from attendance_common.load.connection_parameters import connection_parameters, redshift_secret
from attendance_common.load.lock import LOCK, LOCK_TABLE, WHO_HOLDS_THE_LOCK
from attendance_common.load.refusals import Canceled, Conflict, Locked

T = TypeVar("T")


class Warehouse:
    """Sends statements to Redshift, in transactions or outside; each method raises WarehouseError."""

    def __init__(self, settings: LoaderSettings) -> None:
        self.connection = Connection(connection_parameters(settings, redshift_secret(settings)))
        self._lock_seconds = settings.lock_seconds

    # --- statements -------------------------------------------------------------------------------------

    def rows(self, text: str, values: Sequence[object] = ()) -> list[Any]:
        """Send one statement; gives its rows, none for a statement that has none."""
        with self.connection.cursor(text) as cursor:
            cursor.execute(text, values or None)
            return cursor.fetchall() if cursor.description else []

    def each(self, text: str, values: Sequence[object] = ()) -> Iterator[Any]:
        """Send one statement; gives its rows one by one, so that many of them take little memory."""
        with self.connection.cursor(text) as cursor:
            cursor.execute(text, values or None)
            yield from cursor

    def change(self, text: str) -> int:
        """Send one statement that changes rows; gives how many the driver reports, -1 when it does not."""
        with self.connection.cursor(text) as cursor:
            cursor.execute(text)
            return int(cursor.rowcount)

    def insert(self, text: str, rows: Sequence[Sequence[object]], template: str) -> None:
        """Send one INSERT … VALUES with all the rows."""
        from psycopg2.extras import execute_values

        with self.connection.cursor(text) as cursor:
            execute_values(cursor, text, rows, template=template, page_size=len(rows))

    # --- transactions -----------------------------------------------------------------------------------

    def autocommit(self, text: str, values: Sequence[object]) -> None:
        """Send one statement outside any transaction; it is retried after a conflict."""

        def once() -> None:
            try:
                self.rows(text, values)
            except Conflict:
                self.connection.close()
                raise

        retry_conflicts(once)

    def locked(self, work: Callable[[], T]) -> T:
        """Do the work in one transaction that holds the loads' lock, so no other load is in one.

        The transaction is retried, with all the work, after a conflict. Raises Locked when the lock was not
        free in time.
        """
        return retry_conflicts(lambda: self._locked_once(work))

    def snapshot(self, work: Callable[[], T]) -> T:
        """Do the work in one transaction, so it sees one state of the tables, and roll it back."""
        with self._closed_on_failure():
            self.rows("BEGIN")
            result = work()
            self.rows("ROLLBACK")  # not close(): to connect again takes time
        return result

    def _locked_once(self, work: Callable[[], T]) -> T:
        with self._closed_on_failure():
            self._begin_locked()
            result = work()
            self.rows("COMMIT")
        return result

    def _begin_locked(self) -> None:
        """Begin a transaction and wait for the lock, no longer than REDSHIFT_LOCK_SECONDS."""
        self.rows("SET statement_timeout TO %s", [1000 * self._lock_seconds])
        self.rows("BEGIN")
        try:
            self.rows(LOCK)
        except Canceled:
            raise Locked(
                f"another load, or a session that was left open, has held {LOCK_TABLE} for "
                f"{self._lock_seconds} seconds (REDSHIFT_LOCK_SECONDS): see who, {WHO_HOLDS_THE_LOCK}"
            ) from None
        self.rows("SET statement_timeout TO 0")

    @contextmanager
    def _closed_on_failure(self) -> Iterator[None]:
        """Close the connection when the block fails, which rolls its transaction back in any state."""
        try:
            yield
        except BaseException:  # whatever it is, a signal too: no transaction and no lock may stay open
            self.connection.close()
            raise
