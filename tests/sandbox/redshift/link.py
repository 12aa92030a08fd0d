"""One client's connection to PostgreSQL: queries of the front, bulk copies, relayed answers."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Iterable
from pathlib import Path

from . import wire
from .errors import RedshiftError

Row = tuple["str | None", ...]
# What Redshift, a PostgreSQL 8.0, reports. The client does not see anything newer.
REPORTED = frozenset({"client_encoding", "DateStyle", "TimeZone", "session_authorization", "is_superuser"})


class BackendError(RedshiftError):
    """PostgreSQL refused a statement; `constraint` and `column` are those that it named."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__(fields["C"], fields["M"], fields.get("D"))
        self.constraint = fields.get("n", "")
        self.column = fields.get("c", "")


class BackendLink:
    """`status` is the state of the transaction as PostgreSQL last said: b"I", b"T" or b"E"."""

    def __init__(self, socket_path: Path, *, user: str, database: str, settings: dict[str, str]) -> None:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(str(socket_path))
        self._channel = wire.Channel(connection)
        self.status = b"I"
        self.key = b""
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        self._channel.send(wire.startup({"user": user, "database": database, "options": options}))
        self._until_ready(self._remember_key)

    @property
    def process_id(self) -> int:
        """PostgreSQL's process for this connection. The client sees it as its own."""
        return int(struct.unpack("!i", self.key[:4])[0])

    def _remember_key(self, kind: bytes, payload: bytes) -> None:
        if kind == b"K":
            self.key = payload

    def query(self, sql: str) -> list[Row]:
        """The rows of a query of the front. Raises BackendError."""
        rows: list[Row] = []

        def collect(kind: bytes, payload: bytes) -> None:
            if kind == b"D":
                rows.append(wire.parse_row(payload))

        self._channel.send(wire.frame(b"Q", wire.text(sql)))
        self._until_ready(collect)
        return rows

    def copy_in(self, sql: str, chunks: Iterable[bytes]) -> None:
        """COPY … FROM STDIN. When `chunks` raises, the copy is undone and the exception is raised again."""
        self._channel.send(wire.frame(b"Q", wire.text(sql)))
        kind, payload = self._channel.message()
        while kind not in (b"G", b"E"):
            kind, payload = self._channel.message()
        if kind == b"E":
            self._until_ready(lambda *_: None)
            raise BackendError(wire.parse_fields(payload))
        try:
            for chunk in chunks:
                self._channel.send(wire.frame(b"d", chunk))
        except BaseException:
            self._give_up_copy()
            raise
        self._channel.send(wire.frame(b"c"))
        self._until_ready(lambda *_: None)

    def _give_up_copy(self) -> None:
        self._channel.send(wire.frame(b"f", wire.text("given up")))
        try:
            self._until_ready(lambda *_: None)
        except BackendError:
            return

    def relay(self, sql: str, send: Callable[[bytes], None], tag: Callable[[str], str] = str) -> None:
        """Run the statement and send its answer to the client, without ReadyForQuery. Raises BackendError.

        `tag` may change the tag of the command that the client reads.
        """

        def forward(kind: bytes, payload: bytes) -> None:
            if kind in (b"T", b"D", b"I"):
                send(wire.frame(kind, payload))
            elif kind == b"C":
                send(wire.command_complete(tag(payload[:-1].decode())))
            elif kind == b"N":
                fields = wire.parse_fields(payload)
                send(wire.notice_response(fields["M"], fields["S"]))
            elif kind == b"S":
                name, value = (part.decode() for part in payload.split(b"\0")[:2])
                if name in REPORTED:
                    send(wire.parameter_status(name, value))

        self._channel.send(wire.frame(b"Q", wire.text(sql)))
        self._until_ready(forward)

    def _until_ready(self, each: Callable[[bytes, bytes], None]) -> None:
        failure: BackendError | None = None
        while True:
            kind, payload = self._channel.message()
            if kind == b"Z":
                self.status = payload
                break
            if kind == b"E":
                failure = BackendError(wire.parse_fields(payload))
                if payload.startswith(b"SFATAL"):
                    break
            else:
                each(kind, payload)
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Ends the session at PostgreSQL, and so its transaction."""
        try:
            self._channel.send(wire.frame(b"X"))
        except OSError:
            pass
        finally:
            self._channel.close()
