"""The ESD API on a loopback port: HTTP/1.1 with keep-alive, one thread per connection."""

from __future__ import annotations

import gzip
import socket
import struct
from collections import Counter
from collections.abc import Callable, Hashable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .api import API_PATH, TOKEN_PATH, Answer, EsdApi, Request, Tokens
from .control import CONTROL_PATH, control
from .faults import Dripping, Dropped, FaultPlan, Spoiled
from .source import Source

WORTH_COMPRESSING = 1400  # bytes: less than that is one packet anyway


@dataclass
class Traffic:
    """What was asked so far: requests by path, answers by status, how many at the same time."""

    requests: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    dropped: int = 0
    in_flight: int = 0
    max_in_flight: int = 0
    log: list[Request] = field(default_factory=list)
    _lock: Lock = field(default_factory=Lock)

    def begin(self, request: Request) -> None:
        """Count a request that has come in."""
        with self._lock:
            self.requests[request.path] += 1
            self.log.append(request)
            self.in_flight += 1
            self.max_in_flight = max(self.max_in_flight, self.in_flight)

    def end(self, status: int | None) -> None:
        """Count a request that was answered, or dropped (None)."""
        with self._lock:
            self.in_flight -= 1
            if status is None:
                self.dropped += 1
            else:
                self.statuses[status] += 1

    def forget(self) -> None:
        """Begin to count anew."""
        with self._lock:
            self.requests.clear()
            self.statuses.clear()
            self.log.clear()
            self.dropped, self.max_in_flight = 0, self.in_flight

    def counts(self) -> dict[str, Any]:
        """Give the counts as JSON can hold them."""
        with self._lock:
            return {
                "requests": dict(self.requests),
                "statuses": {str(status): count for status, count in self.statuses.items()},
                "dropped": self.dropped,
                "in_flight": self.in_flight,
                "max_in_flight": self.max_in_flight,
            }


class Compressed:
    """Compressed bodies: one for all answers that are the same, until the source changes."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._bodies: dict[Hashable, bytes] = {}
        self._version = -1

    def body(self, answer: Answer) -> bytes:
        """The answer's body, compressed."""
        if answer.key is None:
            return gzip.compress(answer.body, 1, mtime=0)
        if self._version != self._source.version:
            self._bodies, self._version = {}, self._source.version
        bodies = self._bodies
        if answer.key not in bodies:
            bodies[answer.key] = gzip.compress(answer.body, 1, mtime=0)
        return bodies[answer.key]


class EsdServer:
    """The stand-in for the vendor's API. Use it as a context manager, or start and stop it."""

    def __init__(
        self,
        source: Source,
        *,
        client_id: str = "sandbox-client",
        client_secret: str = "sandbox-secret",
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self.source = source
        self.tokens = Tokens(client_id, client_secret)
        self.faults = FaultPlan(source, self.tokens)
        self.traffic = Traffic()
        # Entered before a request is answered, left before the answer goes out; Dropped in it drops it.
        self.crossing: Callable[[str], AbstractContextManager[None]] = lambda _call: nullcontext()
        self.compressed = Compressed(source)
        self._api = EsdApi(source, self.tokens)
        self._http = _HttpServer(host, port, self)
        self._thread = Thread(target=self._http.serve_forever, args=(0.05,), name="esd", daemon=True)

    @property
    def origin(self) -> str:
        """Where the server listens, without a path."""
        return f"http://{self._http.server_address[0]!s}:{self._http.server_address[1]}"

    @property
    def api_url(self) -> str:
        """What ESD_API_URL is to be."""
        return self.origin + API_PATH

    @property
    def token_url(self) -> str:
        """What ESD_URL in the secret is to be."""
        return self.origin + TOKEN_PATH

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving and close every connection."""
        self.faults.clear()
        self._http.shutdown()
        self._http.server_close()
        self._http.close_connections()
        self._thread.join()

    def __enter__(self) -> EsdServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def answer(self, request: Request) -> Answer:
        """Answer a request, faults and counting included; Dropped when there is to be no answer."""
        if request.path.startswith(CONTROL_PATH):
            return control(request, source=self.source, faults=self.faults, counts=self.counts)
        status = None
        self.traffic.begin(request)
        try:
            with self.crossing(f"{request.method} {request.path}"):
                answer = self.faults.apply(request, self._api.answer)
            status = answer.status
            return answer
        finally:
            self.traffic.end(status)

    def reset(self) -> None:
        """Lift every fault, forget every token and every count; the source stays as it is."""
        self.faults.clear()
        self.tokens.forget()
        self.traffic.forget()

    def counts(self) -> dict[str, Any]:
        """Say what has happened so far: counts only."""
        return {
            **self.traffic.counts(),
            "tokens_issued": self.tokens.issued,
            "schools": len(self.source.schools),
            "records": self.source.count(),
            "faults": self.faults.counts(),
        }


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, host: str, port: int, esd: EsdServer) -> None:
        super().__init__((host, port), _Handler)
        self.esd = esd
        self._connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """Wake every thread that waits for a next request, so that it ends."""
        for connection in list(self._connections):
            _close(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that goes away in the middle is what tests do."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _HttpServer

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is the base class's)
        """Keep the terminal clean."""

    def _serve(self) -> None:
        try:
            answer = self.server.esd.answer(self._request())
        except Dropped:
            self._hang_up(reset=True)
        else:
            self._send(answer)

    def _request(self) -> Request:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.title(): value for name, value in self.headers.items()}
        return Request(self.command, url.path, dict(parse_qsl(url.query)), headers, body)

    def _send(self, answer: Answer) -> None:
        body, headers = answer.body, dict(answer.headers)
        if len(body) > WORTH_COMPRESSING and "gzip" in self.headers.get("Accept-Encoding", ""):
            body = self.server.esd.compressed.body(answer)
            headers["Content-Encoding"] = "gzip"
        self.send_response(answer.status)
        for name, value in _with_length(headers, body).items():
            self.send_header(name, value)
        if isinstance(answer, Spoiled):
            self.end_headers()
            self.wfile.write(body[: int(len(body) * answer.sent)])
            self._hang_up(reset=answer.reset)
            return
        if isinstance(answer, Dripping):
            self.end_headers()
            self._drip(body, answer)
            return
        # One write for head and body: two would be two packets, and the second could wait for an ack.
        self._headers_buffer.append(b"\r\n" + body)  # type: ignore[attr-defined]
        self.flush_headers()

    def _drip(self, body: bytes, answer: Dripping) -> None:
        for place in range(len(body)):
            if answer.released.wait(answer.seconds):
                self.wfile.write(body[place:])
                return
            self.wfile.write(body[place : place + 1])

    def _hang_up(self, *, reset: bool) -> None:
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()


def _with_length(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    return {**headers, "Content-Length": str(len(body))}


def _close(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has gone by itself
