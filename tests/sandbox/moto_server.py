"""moto's server as a process: prints its port when it is ready, and ends when its stdin closes."""

from __future__ import annotations

import functools
import logging
import os
import sys

from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.server import ThreadedMotoServer
from werkzeug.serving import WSGIRequestHandler


def main() -> None:
    """Serve until stdin closes."""
    look_up_once()
    WSGIRequestHandler.protocol_version = "HTTP/1.1"  # as S3; werkzeug closes each connection all the same
    WSGIRequestHandler.disable_nagle_algorithm = True
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    print(server.get_host_and_port()[1], flush=True)
    sys.stdin.read()
    os._exit(0)  # nothing to save, and requests in flight are nobody's any more


def look_up_once() -> None:
    """Let moto find a host's service once: it lists its own package for that at each request, in a lock."""
    look_up = DomainDispatcherApplication.get_backend_for_host
    DomainDispatcherApplication.get_backend_for_host = functools.cache(look_up)


if __name__ == "__main__":
    main()
