"""A door before moto, which is a process of its own: passes requests on, and lets tests stand at them."""

from __future__ import annotations

import http.client
import socket
import struct
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from .esd.faults import Dropped

OF_ONE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "expect"}
PATIENCE = 60.0  # seconds that moto may take


@dataclass(frozen=True)
class Answered:
    """What moto answered."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    body: bytes


class AwsFront:
    """A context manager; AWS_ENDPOINT_URL is to be its `endpoint`. Signatures are not looked at by moto."""

    def __init__(self, behind: str) -> None:
        # Entered before a request is passed on, left before its answer goes out; Dropped in it drops it.
        self.crossing: Callable[[str], AbstractContextManager[None]] = lambda _call: nullcontext()
        self._http = _HttpServer(("127.0.0.1", 0), _Handler)
        self._http.front = self
        self._behind = urlsplit(behind)
        self._thread = Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    @property
    def endpoint(self) -> str:
        """Where the front listens."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> AwsFront:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def forward(self, method: str, path: str, headers: list[tuple[str, str]], body: bytes) -> Answered:
        """Have moto answer."""
        there = http.client.HTTPConnection(self._behind.hostname or "", self._behind.port, timeout=PATIENCE)
        try:
            there.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in [*headers, ("Content-Length", str(len(body)))]:
                there.putheader(name, value)
            there.endheaders(body)
            answer = there.getresponse()
            return Answered(answer.status, answer.reason, answer.getheaders(), answer.read())
        finally:
            there.close()


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    front: AwsFront

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that goes away in the middle is what tests do."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _HttpServer

    def parse_request(self) -> bool:
        """Serve every method alike."""
        parsed = super().parse_request()
        setattr(self, f"do_{self.command}", self._serve)
        return parsed

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:  # the client died on the way: S3 stores no half body (API: IncompleteBody)
            self._hang_up()
            return
        headers = [(name, value) for name, value in self.headers.items() if _travels(name)]
        try:
            with self.server.front.crossing(
                self.headers.get("X-Amz-Target") or f"{self.command} {self.path}"
            ):
                answer = self.server.front.forward(self.command, self.path, headers, body)
        except Dropped:
            self._hang_up()
        else:
            self._send(answer)

    def _send(self, answer: Answered) -> None:
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.headers:
            if _travels(name):
                self.send_header(name, value)
        length = dict(answer.headers).get("Content-Length") if self.command == "HEAD" else len(answer.body)
        self.send_header("Content-Length", str(length or 0))
        self.end_headers()
        self.wfile.write(answer.body)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is the base class's)
        """Keep the terminal clean."""


def _travels(header: str) -> bool:
    return header.lower() not in OF_ONE_CONNECTION
