"""How psycopg2 waits for Redshift: without blocking signals, and with a limit on connecting."""

from __future__ import annotations

import select
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # psycopg2 is imported when there is work, so that --help is quick
    import psycopg2.extensions

CONNECT_SECONDS = 30


def wait(connection: psycopg2.extensions.connection) -> None:
    """psycopg2's wait callback: poll with select(), so that signal handlers run during a statement.

    Raises OperationalError when connecting takes longer than CONNECT_SECONDS, because libpq ignores
    connect_timeout where a wait callback is set.
    """
    import psycopg2
    from psycopg2 import extensions

    is_connected = connection.status in (extensions.STATUS_READY, extensions.STATUS_BEGIN)
    deadline = None if is_connected else time.monotonic() + CONNECT_SECONDS
    while (state := connection.poll()) != extensions.POLL_OK:
        timeout = None if deadline is None else max(0.0, deadline - time.monotonic())
        reading = [connection] if state == extensions.POLL_READ else []
        writing = [connection] if state == extensions.POLL_WRITE else []
        if not any(select.select(reading, writing, [], timeout)):
            raise psycopg2.OperationalError("timeout expired")
