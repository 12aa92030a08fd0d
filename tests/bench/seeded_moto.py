"""moto's server as a process that counts requests and takes many objects at once, past HTTP."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qs

from moto.s3.models import s3_backends
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

ACCOUNT, PARTITION = "123456789012", "aws"


class Counted:
    """A WSGI application that counts what is asked of S3."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application
        self._lock = Lock()
        self.requests: Counter[str] = Counter()
        self.at_once = self.most_at_once = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Count, and pass on."""
        with self._lock:
            self.requests[kind(environ)] += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return self._application(environ, start_response)
        finally:
            with self._lock:
                self.at_once -= 1

    def told(self) -> dict[str, Any]:
        """The counts since they were last told."""
        with self._lock:
            told = {"requests": dict(self.requests), "at_once": self.most_at_once}
            self.requests.clear()
            self.most_at_once = self.at_once
        return told


def kind(environ: dict[str, Any]) -> str:
    """`LIST`, an HTTP method of S3, or `other` for another service, whose calls name their target."""
    if "HTTP_X_AMZ_TARGET" in environ:
        return "other"
    return "LIST" if "list-type" in parse_qs(environ["QUERY_STRING"]) else str(environ["REQUEST_METHOD"])


def put_many(bucket: str, keys: Iterable[str], body: str) -> None:
    """Put an object under each key, as PUT would."""
    backend = s3_backends[ACCOUNT][PARTITION]
    for key in keys:
        backend.put_object(bucket, key, body.encode(), disable_notification=True)


class _Silent(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: Any) -> None:
        """Keep the terminal clean."""


def main() -> None:
    """Serve; do what the lines on stdin say, until it closes."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    counted = Counted(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, counted, threaded=True, request_handler=_Silent)
    Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_address[1]}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "keys" in request:
            put_many(**request)
        print(json.dumps(counted.told()), flush=True)
    os._exit(0)  # nothing to save


if __name__ == "__main__":
    main()
