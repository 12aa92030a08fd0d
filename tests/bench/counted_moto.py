"""moto's server as a process that counts requests, and can list many objects that are only names."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl

from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.bench.listing import Listing
from tests.sandbox.moto_server import look_up_once


class Counted:
    """A WSGI application that counts what is asked of S3; with a `listing`, it answers LIST by that."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application
        self._lock = Lock()
        self.listing: Listing | None = None
        self.listing_seconds = 0.0
        self.requests: Counter[str] = Counter()
        self.at_once = self.most_at_once = 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Count, and answer or pass on."""
        asked = kind(environ)
        with self._lock:
            self.requests[asked] += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if asked == "LIST" and self.listing:
                return self._listed(self.listing, environ, start_response)
            return self._application(environ, start_response)
        finally:
            with self._lock:
                self.at_once -= 1

    def _listed(self, listing: Listing, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        time.sleep(self.listing_seconds)
        body = listing.answer(dict(parse_qsl(environ["QUERY_STRING"]))).encode()
        start_response("200 OK", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [body]

    def take(self, *, bucket: str, keys: Sequence[str], seconds: float) -> None:
        """From now on list these keys and no others, each request in so many seconds."""
        self.listing, self.listing_seconds = Listing(bucket, keys), seconds

    def take_counts(self) -> dict[str, Any]:
        """The counts since the last call; each call starts them anew."""
        with self._lock:
            counts = {"requests": dict(self.requests), "at_once": self.most_at_once}
            self.requests.clear()
            self.most_at_once = self.at_once
        return counts


def kind(environ: dict[str, Any]) -> str:
    """`LIST`, an HTTP method of S3, or `other` for another service, whose calls name their target."""
    if "HTTP_X_AMZ_TARGET" in environ:
        return "other"
    return "LIST" if "list-type=" in environ["QUERY_STRING"] else str(environ["REQUEST_METHOD"])


class _Silent(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_: Any) -> None:
        """Keep the terminal clean."""


def main() -> None:
    """Serve; do what the lines on stdin say, until it closes."""
    look_up_once()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    counted = Counted(DomainDispatcherApplication(create_backend_app))
    server = make_server("127.0.0.1", 0, counted, threaded=True, request_handler=_Silent)
    Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"port": server.server_address[1]}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        if "keys" in request:
            counted.take(**request)
        print(json.dumps(counted.take_counts()), flush=True)
    os._exit(0)  # nothing to save


if __name__ == "__main__":
    main()
