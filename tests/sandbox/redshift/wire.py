"""Messages of the PostgreSQL protocol, version 3: framing, building and taking apart; no decisions."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping, Sequence

from .errors import RedshiftError

SSL_REQUEST = 80877103
GSS_REQUEST = 80877104
CANCEL_REQUEST = 80877102
PROTOCOL_3 = 196608
LARGEST_MESSAGE = 1 << 30
TEXT_OID = 1043  # Redshift answers with VARCHAR where PostgreSQL would say text.


class Channel:
    """One side of a conversation: whole messages in, bytes out."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._reader = connection.makefile("rb", buffering=1 << 16)

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes; EOFError when the other side is gone."""
        data: bytes = self._reader.read(size)
        if len(data) < size:
            raise EOFError
        return data

    def message(self) -> tuple[bytes, bytes]:
        """The next message: its type, one byte, and its payload."""
        head = self.read(5)
        (length,) = struct.unpack("!i", head[1:])
        if not 4 <= length <= LARGEST_MESSAGE:
            raise EOFError
        return head[:1], self.read(length - 4)

    def send(self, data: bytes) -> None:
        """All of `data`, at once."""
        self.connection.sendall(data)

    def close(self) -> None:
        """Safe to call twice, and on a connection that is already gone."""
        for release in (self._reader.close, self.connection.close):
            try:
                release()
            except OSError:
                continue


def frame(kind: bytes, payload: bytes = b"") -> bytes:
    """One message with its length."""
    return kind + struct.pack("!i", len(payload) + 4) + payload


def text(value: str) -> bytes:
    """A zero-terminated string."""
    return value.encode() + b"\0"


def startup(parameters: Mapping[str, str]) -> bytes:
    """A client's first message."""
    body = struct.pack("!i", PROTOCOL_3)
    body += b"".join(text(key) + text(value) for key, value in parameters.items()) + b"\0"
    return struct.pack("!i", len(body) + 4) + body


def parse_startup(payload: bytes) -> dict[str, str]:
    """The parameters of a startup packet after its version number."""
    words = [word.decode() for word in payload.split(b"\0")]
    return dict(zip(words[0::2], words[1::2], strict=False))


def parameter_status(name: str, value: str) -> bytes:
    """A setting that the server reports."""
    return frame(b"S", text(name) + text(value))


def ready(status: bytes) -> bytes:
    """ReadyForQuery: I idle, T in a block, E in a failed block."""
    return frame(b"Z", status)


def command_complete(tag: str) -> bytes:
    """The end of one statement."""
    return frame(b"C", text(tag))


def error_response(error: RedshiftError, severity: str = "ERROR") -> bytes:
    """Redshift sends no fields that came after PostgreSQL 8.0."""
    fields = {"S": severity, "C": error.sqlstate, "M": error.message, "D": error.detail, "H": error.hint}
    return frame(b"E", _fields(fields))


def notice_response(message: str, severity: str = "INFO") -> bytes:
    """A message that is not an error."""
    return frame(b"N", _fields({"S": severity, "C": "00000", "M": message}))


def _fields(fields: Mapping[str, str | None]) -> bytes:
    return b"".join(key.encode() + text(value) for key, value in fields.items() if value is not None) + b"\0"


def parse_fields(payload: bytes) -> dict[str, str]:
    """The fields of an ErrorResponse or NoticeResponse, by their letter."""
    parts = (part for part in payload.split(b"\0") if part)
    return {part[:1].decode(): part[1:].decode(errors="replace") for part in parts}


def table(columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> bytes:
    """A result that the front makes itself, all of text."""
    description = struct.pack("!h", len(columns)) + b"".join(
        text(name) + struct.pack("!ihihih", 0, 0, TEXT_OID, -1, -1, 0) for name in columns
    )
    return frame(b"T", description) + b"".join(frame(b"D", _row(row)) for row in rows)


def _row(values: Sequence[str | None]) -> bytes:
    body = struct.pack("!h", len(values))
    for value in values:
        data = None if value is None else value.encode()
        body += struct.pack("!i", -1) if data is None else struct.pack("!i", len(data)) + data
    return body


def parse_row(payload: bytes) -> tuple[str | None, ...]:
    """The values of a DataRow in text form."""
    (count,) = struct.unpack_from("!h", payload)
    values: list[str | None] = []
    at = 2
    for _ in range(count):
        (length,) = struct.unpack_from("!i", payload, at)
        at += 4
        values.append(None if length < 0 else payload[at : at + length].decode())
        at += max(length, 0)
    return tuple(values)
