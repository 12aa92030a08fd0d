"""Redshift: the connection, and transactions that are tried again."""

from __future__ import annotations

import logging
import re
import select
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import stamina
import stamina.instrumentation

from attendance_common import aws, config
from attendance_common.config import LoaderSettings
from attendance_common.errors import AwsError, WarehouseError
from attendance_common.load.lock import LOCK, LOCK_TABLE, WHO_HOLDS_THE_LOCK
from attendance_common.load.refusals import Canceled, Conflict, Locked, of_statement
from attendance_common.log import event, log

if TYPE_CHECKING:  # psycopg2 is imported when there is work, so that --help is quick
    import psycopg2.extensions

stamina.instrumentation.set_on_retry_hooks([])  # retries are logged below, in this project's words

ATTEMPTS = 8  # of a transaction that another one got in the way of
CONNECT_SECONDS = 30
_SHOWN = 80  # characters of a statement in the log

T = TypeVar("T")


class Warehouse:
    """A connection to Redshift. It is in autocommit: DDL on external tables may not be in a transaction."""

    def __init__(self, settings: LoaderSettings) -> None:
        self._parameters = connection_parameters(settings, password_of(settings))
        self._lock_seconds = settings.lock_seconds
        self._connection: psycopg2.extensions.connection | None = None
        self.reached = False  # whether there was a connection once

    @property
    def database(self) -> str:
        """The name of the database."""
        return str(self._parameters["dbname"])

    def connect(self) -> str:
        """Connect; gives host, database and user, and how the connection is secured."""
        with self._cursor("connect"):
            secured = self._connected().info.ssl_attribute("protocol") or "no TLS"
        host, database, user = (self._parameters[name] for name in ("host", "dbname", "user"))
        return f"{host}, database {database}, user {user}, {secured} ({self._parameters['sslmode']})"

    def disconnect(self) -> None:
        """Close the connection, in whatever state it is; the next statement opens another."""
        self._roll_back()

    def rows(self, text: str, values: Sequence[object] = ()) -> list[Any]:
        """Send one statement and give its rows, none for a statement that has none."""
        with self._cursor(text) as cursor:
            cursor.execute(text, values or None)
            return cursor.fetchall() if cursor.description else []

    def change(self, text: str) -> int:
        """Send one statement that changes rows; gives how many the driver says, -1 when it does not say."""
        with self._cursor(text) as cursor:
            cursor.execute(text)
            return int(cursor.rowcount)

    def insert(self, text: str, rows: Sequence[Sequence[object]], template: str) -> None:
        """Send one INSERT … VALUES with all the rows."""
        from psycopg2.extras import execute_values

        with self._cursor(text) as cursor:
            execute_values(cursor, text, rows, template=template, page_size=len(rows))

    def each(self, text: str, values: Sequence[object] = ()) -> Iterator[Any]:
        """Send one statement and give its rows one by one: many of them take little memory."""
        with self._cursor(text) as cursor:
            cursor.execute(text, values or None)
            yield from cursor

    def locked(self, work: Callable[[], T]) -> T:
        """Do the work in one transaction, all of it or none, while no other load is in one.

        It is done again when another transaction got in the way. Raises Locked when the lock was not free.
        """
        return self._insist(lambda: self._once(work))

    def snapshot(self, work: Callable[[], T]) -> T:
        """Do the work in one transaction that sees one state and is rolled back."""
        try:
            self.rows("BEGIN")
            result = work()
            self.rows("ROLLBACK")  # the connection is kept: the next one takes its time
        except BaseException:
            self._roll_back()
            raise
        return result

    def alone(self, text: str, values: Sequence[object]) -> None:
        """Send one statement outside any transaction; again when another one got in the way."""

        def once() -> None:
            try:
                self.rows(text, values)
            except Conflict:
                self._roll_back()
                raise

        self._insist(once)

    def _insist(self, work: Callable[[], T]) -> T:
        def again(error: Exception) -> bool:
            conflict = isinstance(error, Conflict)
            if conflict and attempt.num < ATTEMPTS:
                log.info("%s; trying again", error, extra=event("retry"))
            return conflict

        tries = stamina.retry_context(
            on=again, attempts=ATTEMPTS, timeout=None, wait_initial=0.2, wait_max=20.0
        )
        try:
            for attempt in tries:
                with attempt:
                    return work()
        except Conflict as conflict:
            sentence = f"{conflict.reason}, {ATTEMPTS} times in a row: run again later"
            raise Conflict(sentence, query=conflict.query) from conflict
        raise AssertionError("unreachable")

    def _once(self, work: Callable[[], T]) -> T:
        try:
            self._lock()
            result = work()
            self.rows("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        return result

    def _lock(self) -> None:
        """Begin a transaction and wait for the lock, no longer than the setting says."""
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

    def _roll_back(self) -> None:
        """Close the connection, which rolls back in any state; the next statement opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connected(self) -> psycopg2.extensions.connection:
        import psycopg2
        from psycopg2.extensions import set_wait_callback

        if self._connection is None:
            set_wait_callback(_wait)
            begun = time.monotonic()
            self._connection = psycopg2.connect(**self._parameters)
            self._connection.autocommit = True
            self.reached = True
            place = [self._parameters[name] for name in ("host", "port", "dbname", "user")]
            message, seconds = "Redshift %s:%s/%s as %s: connected in %.3f s", time.monotonic() - begun
            log.debug(message, *place, seconds, extra=event("connected"))
        return self._connection

    @contextmanager
    def _cursor(self, text: str) -> Iterator[psycopg2.extensions.cursor]:
        """A cursor for one statement; what Redshift refuses is raised as a WarehouseError."""
        import psycopg2

        begun = time.monotonic()
        try:
            with self._connected().cursor() as cursor:
                yield cursor
                _log_statement(text, f"{cursor.rowcount} rows" if cursor.rowcount >= 0 else "done", begun)
        except psycopg2.Error as error:
            _log_statement(text, f"refused ({error.pgcode or type(error).__name__})", begun)
            raise self._fault(error) from error

    def _fault(self, error: psycopg2.Error) -> WarehouseError:
        if self._connection is not None and self._connection.closed:
            return Conflict("Redshift: the connection broke")
        return of_statement(error.pgcode or "", str(error), self._parameters)


def _log_statement(text: str, outcome: str, begun: float) -> None:
    """With --verbose: the statement's first words, its outcome and the time; no value."""
    if log.isEnabledFor(logging.DEBUG):
        seconds = time.monotonic() - begun
        log.debug("SQL %s: %s in %.3f s", first_words(text), outcome, seconds, extra=event("statement"))


def first_words(text: str) -> str:
    """The beginning of a statement on one line, up to the first literal or parameter."""
    words = " ".join(text.split())
    return re.split("['%]", words, maxsplit=1)[0][:_SHOWN].rstrip()


def _wait(connection: psycopg2.extensions.connection) -> None:
    """Wait so that a signal is heard; for a connection so many seconds, which libpq then does not count."""
    import psycopg2
    from psycopg2 import extensions

    made = connection.status in (extensions.STATUS_READY, extensions.STATUS_BEGIN)
    end = None if made else time.monotonic() + CONNECT_SECONDS
    while (state := connection.poll()) != extensions.POLL_OK:
        left = None if end is None else max(0.0, end - time.monotonic())
        reading = [connection] if state == extensions.POLL_READ else []
        writing = [connection] if state == extensions.POLL_WRITE else []
        if not any(select.select(reading, writing, [], left)):
            raise psycopg2.OperationalError("timeout expired")


def password_of(settings: LoaderSettings) -> dict[str, str]:
    """The Redshift secret."""
    return aws.read_secret(settings, settings.secret_id, "REDSHIFT_SECRET_ID", ("password",))


def connection_parameters(settings: LoaderSettings, secret: dict[str, Any]) -> dict[str, Any]:
    """What psycopg2 connects with: a setting that was given, else what the secret says, else the default."""
    import certifi

    def chosen(field: str, key: str) -> str:
        given, default = getattr(settings, field), config.default_of(LoaderSettings, field)
        return str(given or _of_secret(settings, secret, field, key) or default)

    return {
        "host": chosen("host", "host"),
        "port": chosen("port", "port"),
        "dbname": chosen("database", "dbname"),
        "user": chosen("user", "username"),
        "password": secret["password"],
        "sslmode": settings.sslmode,
        "sslrootcert": settings.sslrootcert or certifi.where(),
        # A firewall drops idle connections (MG: connecting-firewall-guidance).
        "keepalives": 1,
        "keepalives_idle": 200,
        "keepalives_interval": 200,
        "keepalives_count": 5,
    }


def _of_secret(settings: LoaderSettings, secret: dict[str, Any], field: str, key: str) -> Any:
    """What the secret says of a setting, if anything; raises AwsError when the setting cannot be so."""
    value = secret.get(key)
    try:
        return config.parsed(LoaderSettings, field, str(value)) if value else None
    except ValueError as fault:
        raise AwsError(f"{key} in the secret {settings.secret_id!r} {fault}", to_mend=True) from None
