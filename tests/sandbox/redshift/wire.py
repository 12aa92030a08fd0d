"""Builds and parses messages of the PostgreSQL protocol, version 3."""

from __future__ import annotations

import socket
import struct
from collections.abc import Mapping

from .errors import RedshiftError

SSL_REQUEST = 80877103
GSS_REQUEST = 80877104
PROTOCOL_3 = 196608
LARGEST_MESSAGE = 1 << 30


class Channel:
    """One end of a connection: reads messages, sends bytes."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self._reader = connection.makefile("rb", buffering=1 << 16)

    def read(self, size: int) -> bytes:
        """Exactly `size` bytes. Raises EOFError when the other side has closed the connection."""
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
        """Send all of `data`."""
        self.connection.sendall(data)

    def close(self) -> None:
        """Safe to call twice, and on a closed connection."""
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
    fields = {"S": severity, "C": error.sqlstate, "M": error.message, "D": error.detail}
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
