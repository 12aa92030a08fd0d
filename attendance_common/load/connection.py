"""The connection to Redshift: opened when it is needed, each statement logged, each refusal explained."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from attendance_common.errors import WarehouseError
from attendance_common.load.refusals import Conflict, of_statement
from attendance_common.load.wait_callback import wait
from attendance_common.log import event, log

if TYPE_CHECKING:  # psycopg2 is imported when there is work, so that --help is quick
    import psycopg2.extensions

_SHOWN = 80  # characters of a statement in the log


class Connection:
    """A connection in autocommit: Redshift refuses DDL on external tables in a transaction.

    After close() the next statement opens a new one.
    """

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = dict(parameters)
        self._psycopg: psycopg2.extensions.connection | None = None
        self.was_opened = False

    @property
    def database(self) -> str:
        """The name of the database."""
        return str(self._parameters["dbname"])

    def describe(self) -> str:
        """Connect; gives host, database and user, and how the connection is secured."""
        with self.cursor("connect"):
            secured = self._open().info.ssl_attribute("protocol") or "no TLS"
        host, database, user = (self._parameters[name] for name in ("host", "dbname", "user"))
        return f"{host}, database {database}, user {user}, {secured} ({self._parameters['sslmode']})"

    def close(self) -> None:
        """Close the connection, in whatever state it is: Redshift rolls back an open transaction."""
        if self._psycopg is not None:
            self._psycopg.close()
            self._psycopg = None

    @contextmanager
    def cursor(self, text: str) -> Iterator[psycopg2.extensions.cursor]:
        """A cursor for the statement `text`; what Redshift refuses is raised as a WarehouseError."""
        import psycopg2

        began = time.monotonic()
        try:
            with self._open().cursor() as cursor:
                yield cursor
                _log_statement(text, f"{cursor.rowcount} rows" if cursor.rowcount >= 0 else "done", began)
        except psycopg2.Error as error:
            _log_statement(text, f"refused ({error.pgcode or type(error).__name__})", began)
            raise self._explained(error) from error

    def _open(self) -> psycopg2.extensions.connection:
        """The open connection: the present one, or a new one."""
        import psycopg2
        from psycopg2.extensions import set_wait_callback

        if self._psycopg is None:
            set_wait_callback(wait)
            began = time.monotonic()
            self._psycopg = psycopg2.connect(**self._parameters)
            self._psycopg.autocommit = True
            self.was_opened = True
            place = [self._parameters[name] for name in ("host", "port", "dbname", "user")]
            message, seconds = "Redshift %s:%s/%s as %s: connected in %.3f s", time.monotonic() - began
            log.debug(message, *place, seconds, extra=event("connected"))
        return self._psycopg

    def _explained(self, error: psycopg2.Error) -> WarehouseError:
        if self._psycopg is not None and self._psycopg.closed:
            return Conflict("Redshift: the connection broke")
        return of_statement(error.pgcode or "", str(error), self._parameters)


def _log_statement(text: str, outcome: str, began: float) -> None:
    """With --verbose: the statement's first words, its outcome and the time; no value."""
    if log.isEnabledFor(logging.DEBUG):
        seconds = time.monotonic() - began
        log.debug("SQL %s: %s in %.3f s", first_words(text), outcome, seconds, extra=event("statement"))


def first_words(text: str) -> str:
    """The beginning of a statement on one line, up to the first literal or parameter."""
    words = " ".join(text.split())
    return re.split("['%]", words, maxsplit=1)[0][:_SHOWN].rstrip()
