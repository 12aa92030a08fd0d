"""Serves one client: runs its statements in order and sends errors in Redshift's words."""

from __future__ import annotations

import struct
import traceback

from sqlglot.errors import SqlglotError

from . import wire
from .commands import find_command
from .differences import OTHER_TIME_ZONE, Difference
from .errors import ConnectionCut, RedshiftError, not_carried, transaction_aborted
from .link import BackendLink
from .statements import Reader, Statement, split
from .translate import translated
from .work import Cluster, Work

__all__ = ["Cluster", "Session"]

# An 8.0 has no standard_conforming_strings, so clients double their backslashes (npgsql/npgsql#515).
STATUS = {
    "server_version": "8.0.2",
    "server_encoding": "UNICODE",
    "client_encoding": "UNICODE",
    "is_superuser": "on",
    "integer_datetimes": "on",
    "DateStyle": "ISO, MDY",
    "TimeZone": "UTC",
}
ENDS_BLOCK = frozenset({"COMMIT", "END", "ROLLBACK", "ABORT"})
OPENS_OR_ENDS_BLOCK = ENDS_BLOCK | {"BEGIN", "START"}
BUFFER_BYTES = 1 << 16


class Session:
    """One client's session. `run` raises EOFError, OSError or ConnectionCut when the connection ends."""

    def __init__(self, cluster: Cluster, channel: wire.Channel, parameters: dict[str, str]) -> None:
        self._channel = channel
        self._cluster = cluster
        self._parameters = parameters
        self._client = parameters.get("application_name", "")
        self._unsent = bytearray()

    def run(self) -> None:
        """Answer the client's messages until it ends the session."""
        settings = {
            "timezone": self._time_zone,
            "default_transaction_isolation": self._cluster.backend_isolation.replace(" ", "\\ "),
        }
        link = BackendLink(
            self._cluster.backend.socket_path,
            user=self._cluster.user,
            database=self._cluster.database,
            settings=settings,
        )
        try:
            work = Work(self._cluster, link, self._send)
            self._greet(work)
            while (message := self._channel.message())[0] != b"X":
                self._answer(work, *message)
        finally:
            link.close()

    @property
    def _time_zone(self) -> str:
        differs = Difference.TIME_ZONE in self._cluster.differs
        return OTHER_TIME_ZONE if differs else STATUS["TimeZone"]

    def _greet(self, work: Work) -> None:
        status = {**STATUS, "TimeZone": self._time_zone, "session_authorization": self._cluster.user}
        if "application_name" in self._parameters:
            status["application_name"] = self._parameters["application_name"]
        hello = wire.frame(b"R", struct.pack("!i", 0))
        hello += b"".join(wire.parameter_status(name, value) for name, value in status.items())
        self._send(hello + wire.frame(b"K", work.link.key))
        self._send_ready(work)

    def _send(self, data: bytes) -> None:
        """Buffer `data` until the answer is complete or the buffer is full."""
        self._unsent += data
        if len(self._unsent) > BUFFER_BYTES:
            self._flush()

    def _flush(self) -> None:
        data, self._unsent = bytes(self._unsent), bytearray()
        self._channel.send(data)

    def _send_ready(self, work: Work) -> None:
        self._send(wire.ready(work.link.status))
        self._flush()

    def _answer(self, work: Work, kind: bytes, payload: bytes) -> None:
        if kind == b"Q":
            self._run_string(work, payload[:-1].decode())
        elif kind == b"S":
            self._send_ready(work)
        elif kind in (b"P", b"F"):
            error = not_carried("the extended query protocol (send simple queries)")
            self._refuse(work, error)
        elif kind not in (b"B", b"D", b"E", b"C", b"H"):
            raise EOFError

    def _run_string(self, work: Work, sql: str) -> None:
        try:
            statements = self._split(sql)
            if not statements:
                self._send(wire.frame(b"I"))
            work.alone = len(statements) <= 1
            for statement in statements:
                with self._cluster.watch.crossing(self._client, statement.text):
                    self._cluster.watch.raise_fault(statement.text)
                    self._run_statement(work, statement)
            self._close_implicit_block(work, "COMMIT")
        except ConnectionCut:
            raise
        except RedshiftError as error:
            self._refuse(work, error)
        except (ArithmeticError, AttributeError, LookupError, SqlglotError, TypeError, ValueError) as error:
            # A fault of the stand-in's own must not look like a lost connection.
            traceback.print_exc()
            self._refuse(work, RedshiftError("XX000", f"the stand-in itself failed: {error!r}"))
        self._send_ready(work)

    def _split(self, sql: str) -> tuple[Statement, ...]:
        try:
            statements = split(sql)
        except RedshiftError:
            self._cluster.watch.sent([sql])
            raise
        self._cluster.watch.sent([statement.text for statement in statements])
        return statements

    def _refuse(self, work: Work, error: RedshiftError) -> None:
        work.fail_block()
        self._close_implicit_block(work, "ROLLBACK")
        self._send(wire.error_response(translated(error, work)))

    def _run_statement(self, work: Work, statement: Statement) -> None:
        first = statement.words[0]
        if work.link.status == b"E" and first not in ENDS_BLOCK:
            raise transaction_aborted()
        command = find_command(statement)
        work.query_id = next(self._cluster.query_ids)
        work.on_nodes = False
        if not work.alone and work.link.status == b"I" and first not in OPENS_OR_ENDS_BLOCK:
            work.link.query(f"BEGIN ISOLATION LEVEL {self._cluster.backend_isolation}")
            work.implicit_block = True
        try:
            command(work, Reader(statement))
        finally:
            work.sweep()
        work.last_query_id = work.query_id

    def _close_implicit_block(self, work: Work, how: str) -> None:
        if work.implicit_block:
            work.implicit_block = False
            work.link.query(how)
