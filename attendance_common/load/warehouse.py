"""Redshift: the connection, transactions that are tried again, and what a refusal means to the operator."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import stamina
import stamina.instrumentation

from attendance_common import aws, config
from attendance_common.config import LoaderSettings
from attendance_common.errors import WarehouseError

if TYPE_CHECKING:  # psycopg2 is imported when there is work, so that --help is quick
    import psycopg2.extensions

stamina.instrumentation.set_on_retry_hooks([])  # the last conflict is told; those before it are ordinary

ATTEMPTS = 8  # of a transaction that another one got in the way of
CONNECT_SECONDS = 30
SETUP = "run redshift_period_attendance_setup.sql with psql"

P = TypeVar("P")
T = TypeVar("T")


class Conflict(WarehouseError):
    """Another transaction got in the way, or the connection broke: what was rolled back can be done again."""


class Moved(Conflict):
    """An object was replaced while it was read: it can be read again, or the others without it."""


class Unreadable(WarehouseError):
    """What lies in the landing zone is not what the table declares: other partitions may be."""


_REPLACED = "InvalidRange"  # an object, while Spectrum read it (DG: c-spectrum-troubleshooting)
# Redshift says 1023 as XX000, not as 40001 (aws-sdk-pandas#665); the texts are those seen in public reports.
_CONFLICT_MESSAGES = ("1023", "1018")  # whole; a file's name may hold the digits
_CONFLICT_SIGNS = (
    "Serializable isolation violation",
    "conflict with concurrent transaction",
    "Partition already exists",  # Glue, when another loader registers it at this moment
    _REPLACED,
)
_CONFLICT_STATES = ("40001", "40P01", "57P01", "57P02", "57P03")


class Warehouse:
    """A connection to Redshift. It is in autocommit: DDL on external tables may not be in a transaction."""

    def __init__(self, settings: LoaderSettings) -> None:
        self._parameters = connection_parameters(settings, password_of(settings))
        self._connection: psycopg2.extensions.connection | None = None

    def rows(self, text: str, values: Sequence[object] = ()) -> list[Any]:
        """Send one statement and give its rows, none for a statement that has none."""
        with self._explained(), self._connected().cursor() as cursor:
            cursor.execute(text, values or None)
            return cursor.fetchall() if cursor.description else []

    def count(self, text: str, values: Sequence[object] = ()) -> int:
        """Send one statement and give the number of rows that it touched."""
        with self._explained(), self._connected().cursor() as cursor:
            cursor.execute(text, values or None)
            return cursor.rowcount

    def insert(self, text: str, rows: Sequence[Sequence[object]], template: str | None = None) -> None:
        """Send one INSERT … VALUES with all the rows."""
        from psycopg2.extras import execute_values

        with self._explained(), self._connected().cursor() as cursor:
            execute_values(cursor, text, rows, template=template, page_size=len(rows))

    def transaction(self, prepare: Callable[[], P], work: Callable[[P], T]) -> T:
        """Do the work in one transaction, all of it or none; again when another one got in the way.

        What `prepare` gives is made before each transaction, since it takes long and needs no lock.
        """
        return self._insist(lambda: self._once(partial(work, prepare())))

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
        tries = stamina.retry_context(
            on=Conflict, attempts=ATTEMPTS, timeout=None, wait_initial=0.2, wait_max=20.0
        )
        try:
            for attempt in tries:
                with attempt:
                    return work()
        except Conflict as conflict:
            raise type(conflict)(f"{conflict}, {ATTEMPTS} times in a row: run again later") from conflict
        raise AssertionError("unreachable")

    def _once(self, work: Callable[[], T]) -> T:
        try:
            self.rows("BEGIN")
            result = work()
            self.rows("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        return result

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
            self._connection = psycopg2.connect(**self._parameters)
            self._connection.autocommit = True
        return self._connection

    @contextmanager
    def _explained(self) -> Iterator[None]:
        import psycopg2

        try:
            yield
        except psycopg2.Error as error:
            state, text = error.pgcode or "", str(error)
            if is_conflict(state, text):
                if _REPLACED in text:
                    raise Moved("an object was replaced while Spectrum read it") from error
                raise Conflict(f"Redshift: another transaction got in the way ({state})") from error
            if self._connection is not None and self._connection.closed:
                raise Conflict("Redshift: the connection broke") from error
            fault = Unreadable if is_of_the_data(state, text) else WarehouseError
            raise fault(cure(state, text, self._parameters)) from error


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
        return str(getattr(settings, field) or secret.get(key) or config.default_of(LoaderSettings, field))

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


def is_conflict(state: str, text: str) -> bool:
    """Whether the same statements may succeed when they are sent again."""
    if state == "XX000":
        return _first_line(text) in _CONFLICT_MESSAGES or any(sign in text for sign in _CONFLICT_SIGNS)
    return state in _CONFLICT_STATES


def is_of_the_data(state: str, text: str) -> bool:
    """Whether an object that was read is the fault: not Parquet, another type, no date; not IAM's or S3's."""
    refused = "Access Denied" in text or "AccessDenied" in text
    return state.startswith("22") or ("Spectrum Scan Error" in text and not refused)


# What Glue and IAM say names roles and tables, and holds no data (DG: c-spectrum-troubleshooting).
_CATALOG_SIGNS = ("external catalog API", "is not authorized to", "into local catalog")


def cure(state: str, text: str, parameters: dict[str, Any]) -> str:
    """What a refusal means to the operator; Redshift's own text only where it cannot hold a record's data."""
    if not state:
        place = f"Redshift {parameters['host']}:{parameters['port']}"
        return f"{place} {_no_connection(text)} ({_first_line(text)})"
    if "Spectrum Scan Error" in text:
        context = next((line for line in text.splitlines() if "context:" in line), "no context")
        context = " ".join(context.split())
        return f"Spectrum Scan Error, {context}: see the README's troubleshooting"
    if any(sign in text for sign in _CATALOG_SIGNS):
        return f"Spectrum's IAM role or its policy is wrong, see the README ({_first_line(text)})"
    if state in ("42P01", "3F000", "42703"):
        return f"a table, schema or column is missing: {SETUP} ({_first_line(text)})"
    if state.startswith("42"):
        return f"Redshift refused a statement: {_first_line(text)} ({state})"
    of_a_value = ": see the README, 'Date Parse Error'" if state.startswith("22") else ""
    return f"Redshift refused a statement with SQLSTATE {state}{of_a_value}"


def _no_connection(text: str) -> str:
    """libpq's own sentences (fe-connect.c, fe-secure-openssl.c) and the server's at log-in."""
    if "authentication failed" in text:
        return "refuses the user or the password: check REDSHIFT_USER and REDSHIFT_SECRET_ID"
    if "certificate" in text or "SSL" in text:
        return "cannot be verified by TLS: check REDSHIFT_HOST, REDSHIFT_SSLMODE and REDSHIFT_SSLROOTCERT"
    if "does not exist" in text:
        return "has no such database: check REDSHIFT_DATABASE"
    return "cannot be reached: check REDSHIFT_HOST, REDSHIFT_PORT, and that the cluster is awake"


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else "no text"
