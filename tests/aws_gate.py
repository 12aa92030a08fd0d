"""A gate before moto that knows each call by its name: it records, refuses as AWS does, or holds a call.

moto checks neither rights nor clocks, so what AWS would refuse is refused here, by a real server, in the
shapes that botocore reads.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from urllib.parse import parse_qs, unquote, urlsplit

BY_CONNECTION = {"connection", "transfer-encoding", "keep-alive", "content-length"}


@dataclass(frozen=True)
class Call:
    """One call of an AWS API: its action, and the key, key prefix or secret that it is about."""

    action: str
    key: str = ""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Refusal:
    """AWS's no."""

    status: int
    code: str
    message: str = "No."

    def body(self, action: str) -> bytes:
        """S3 and STS answer in XML, Secrets Manager in JSON."""
        if action == "GetSecretValue":
            return json.dumps({"__type": self.code, "message": self.message}).encode()
        told = f"<Error><Code>{self.code}</Code><Message>{self.message}</Message></Error>"
        if action == "GetCallerIdentity":
            told = f"<ErrorResponse>{told}</ErrorResponse>"
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{told}'.encode()


# For a missing key to one who may not list the whole bucket, which this project's policies do not allow
# (S3 API: GetObject, "Permissions").
_NOT_TOLD = Refusal(403, "AccessDenied")
Rule = Callable[[Call], "Refusal | None"]
S3_ACTIONS = {"GET": "GetObject", "PUT": "PutObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}


def named(method: str, url: str, headers: tuple[tuple[str, str], ...], body: bytes) -> Call:
    """The call that a request is; what is not known here keeps its method as its name."""
    target = dict(headers).get("x-amz-target", "")
    if target:
        return Call(target.rpartition(".")[2], json.loads(body).get("SecretId", ""), headers)
    if form := parse_qs(body.decode("latin-1")).get("Action"):  # STS
        return Call(form[0], "", headers)
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    key = unquote(parts.path.lstrip("/").partition("/")[2])
    if method == "GET" and "list-type" in query:
        return Call("ListObjectsV2", query.get("prefix", [""])[0], headers)
    return Call(S3_ACTIONS.get(method, method) if key else f"{method} bucket", key, headers)


class AwsGate:
    """Passes calls on to `endpoint`; `rule` sees each before, may refuse it, or wait. A context manager."""

    def __init__(self, endpoint: str, rule: Rule = lambda _: None, tls: ssl.SSLContext | None = None) -> None:
        self.calls: list[Call] = []
        self.rule = rule
        self._behind = urlsplit(endpoint).netloc
        self._lock = Lock()
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.gate = self
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self.endpoint = f"{'https' if tls else 'http'}://localhost:{self._http.server_address[1]}"

    def __enter__(self) -> AwsGate:
        Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    def actions(self) -> set[str]:
        """Which actions were called."""
        return {call.action for call in self.calls}

    def admit(self, call: Call) -> Refusal | None:
        """Record the call, and let the rule decide."""
        with self._lock:
            self.calls.append(call)
        return self.rule(call)

    def forward(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[HTTPResponse, bytes]:
        """What the server behind answers."""
        connection = HTTPConnection(self._behind, timeout=60)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    gate: AwsGate

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that go away are what tests make."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    do_PUT = do_POST = do_HEAD = do_DELETE = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep the terminal clean."""

    def handle_expect_100(self) -> bool:
        """Wait for the body before deciding, as moto does."""
        self.send_response_only(100)
        self.end_headers()
        return True

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:  # the client died on the way: S3 stores no half body (API: IncompleteBody)
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        call = named(self.command, self.path, tuple(headers.items()), body)
        refusal = self.server.gate.admit(call)
        if refusal is not None:
            self._answer(refusal.status, {"content-type": "application/xml"}, refusal.body(call.action))
            return
        passed = {name: value for name, value in headers.items() if name != "expect"}
        answer, content = self.server.gate.forward(self.command, self.path, passed, body)
        if answer.status == 404 and call.action in ("GetObject", "HeadObject"):
            self._answer(403, {"content-type": "application/xml"}, _NOT_TOLD.body(call.action))
            return
        self._answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        length = headers.get("content-length", "0") if self.command == "HEAD" else str(len(body))
        self.send_response_only(status)
        for name, value in headers.items():
            if name not in BY_CONNECTION:
                self.send_header(name, value)
        self.send_header("content-length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
    return port
