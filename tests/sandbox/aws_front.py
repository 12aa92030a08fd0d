"""A server before moto that knows each call: it records it, and a rule may refuse it or let it wait.

moto checks neither rights nor clocks, so what AWS would refuse is refused here, by a real server, in the
shapes that botocore reads.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from types import TracebackType
from urllib.parse import parse_qs, unquote, urlsplit

from .esd.faults import Dropped

OF_ONE_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length", "expect"}
PATIENCE = 60.0  # seconds that moto, or a call that waits, may take
S3_ACTIONS = {"GET": "GetObject", "PUT": "PutObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}
Headers = list[tuple[str, str]]


@dataclass(frozen=True)
class Call:
    """One call of an AWS API: its action, and the key, key prefix or secret that it is about.

    `text`: the request's first line, or its target. `headers` have names in lower case.
    """

    action: str
    key: str = ""
    text: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def is_about(self, action: str, *parts: str) -> bool:
        """Whether it is this action, and its key has each of these parts."""
        return self.action == action and all(part in self.key for part in parts)


@dataclass(frozen=True)
class Answer:
    """What the client gets."""

    status: int
    headers: Headers
    body: bytes


@dataclass(frozen=True)
class Refusal:
    """AWS's no."""

    status: int
    code: str
    message: str = "No."

    def answer(self, action: str) -> Answer:
        """The no as the service says it: Secrets Manager in JSON, S3 and STS in XML."""
        if action == "GetSecretValue":
            body = json.dumps({"__type": self.code, "message": self.message})
        else:
            body = f"<Error><Code>{self.code}</Code><Message>{self.message}</Message></Error>"
            if action == "GetCallerIdentity":
                body = f"<ErrorResponse>{body}</ErrorResponse>"
            body = f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'
        return Answer(self.status, [("Content-Type", "application/xml")], body.encode())


# For a missing key to one who may not list the whole bucket, which this project's policies do not allow
# (S3 API: GetObject, "Permissions").
_MISSING = Refusal(403, "AccessDenied")

# --- rules --------------------------------------------------------------------------------------------------

Rule = Callable[[Call], "Refusal | None"]


def refuse(refusal: Refusal, action: str, *parts: str, after: int = 0) -> Rule:
    """Refuse each such call whose key has these parts, but for the first `after` of them."""
    seen: list[Call] = []

    def rule(call: Call) -> Refusal | None:
        if not call.is_about(action, *parts):
            return None
        seen.append(call)
        return refusal if len(seen) > after else None

    return rule


class Pause:
    """A rule: such a call whose key has these parts sets `reached`, and waits for `go_on`."""

    def __init__(self, action: str, *parts: str) -> None:
        self.reached, self.go_on = Event(), Event()
        self.refusal: Refusal | None = None  # of every call, from when it is set
        self._action, self._parts = action, parts

    def __call__(self, call: Call) -> Refusal | None:
        """Let the call wait."""
        if call.is_about(self._action, *self._parts):
            self.reached.set()
            self.go_on.wait(PATIENCE)
        return self.refusal


# --- the server ---------------------------------------------------------------------------------------------


class AwsFront:
    """Passes calls on to the server behind; a context manager. AWS_ENDPOINT_URL is to be its `endpoint`.

    `rule` sees each call before it is passed on, and may refuse it or wait. `crossing` is entered before, and
    left before the answer goes out: Dropped in it cuts the connection.
    """

    def __init__(self, behind: str, rule: Rule = lambda _: None, tls: ssl.SSLContext | None = None) -> None:
        self.calls: list[Call] = []
        self.rule = rule
        self.crossing: Callable[[Call], AbstractContextManager[None]] = lambda _call: nullcontext()
        self._behind = urlsplit(behind).netloc
        self._http = _HttpServer(("127.0.0.1", 0), _Handler)
        self._http.front = self
        if tls is not None:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self.endpoint = f"{'https' if tls else 'http'}://localhost:{self._http.server_address[1]}"

    def __enter__(self) -> AwsFront:
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

    def answer(self, method: str, url: str, headers: Headers, body: bytes) -> Answer:
        """Record the call, and answer as the rule or the server behind does."""
        call = named(method, url, headers, body)
        self.calls.append(call)
        with self.crossing(call):
            refusal = self.rule(call)
            if refusal is None:
                answer = self._forward(method, url, headers, body)
                if answer.status != 404 or call.action not in ("GetObject", "HeadObject"):
                    return answer
            return (refusal or _MISSING).answer(call.action)

    def _forward(self, method: str, url: str, headers: Headers, body: bytes) -> Answer:
        connection = HTTPConnection(self._behind, timeout=PATIENCE)
        try:
            connection.putrequest(method, url, skip_host=True, skip_accept_encoding=True)
            for name, value in [*_lasting(headers), ("Content-Length", str(len(body)))]:
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()


def named(method: str, url: str, headers: Headers, body: bytes) -> Call:
    """The call that a request is; what is not known here keeps its method as its name."""
    lower = tuple((name.lower(), value) for name, value in headers)
    text = f"{method} {url}"
    if target := dict(lower).get("x-amz-target"):
        return Call(target.rpartition(".")[2], json.loads(body).get("SecretId", ""), target, lower)
    if form := parse_qs(body.decode("latin-1")).get("Action"):  # STS
        return Call(form[0], "", text, lower)
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    key = unquote(parts.path.lstrip("/").partition("/")[2])
    if method == "GET" and "list-type" in query:
        return Call("ListObjectsV2", query.get("prefix", [""])[0], text, lower)
    return Call(S3_ACTIONS.get(method, method) if key else f"{method} bucket", key, text, lower)


def _lasting(headers: Headers) -> Headers:
    """Those that are not about one connection."""
    return [(name, value) for name, value in headers if name.lower() not in OF_ONE_CONNECTION]


class _HttpServer(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    front: AwsFront

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that goes away in the middle is what tests do."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _HttpServer

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if len(body) < length:  # the client died on the way: S3 stores no half body (API: IncompleteBody)
            self._hang_up()
            return
        try:
            answer = self.server.front.answer(self.command, self.path, self.headers.items(), body)
        except Dropped:
            self._hang_up()
        else:
            self._send(answer)

    do_PUT = do_POST = do_HEAD = do_DELETE = do_GET  # noqa: N815

    def _send(self, answer: Answer) -> None:
        length = dict(answer.headers).get("Content-Length") if self.command == "HEAD" else len(answer.body)
        self.send_response_only(answer.status)
        for name, value in [*_lasting(answer.headers), ("Content-Length", str(length or 0))]:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the name is the base class's)
        """Keep the terminal clean."""


def closed_port() -> int:
    """A port where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        port: int = door.getsockname()[1]
    return port
