"""The log on stderr: plain lines, JSON lines, or lines for a terminal. Times are in UTC.

`event` adds fields to a line, by which a log collector can search. No line may hold a secret or a student's
data.
"""

from __future__ import annotations

import datetime as dt
import logging
import sys
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

log = logging.getLogger("attendance")

_TIME = "%Y-%m-%dT%H:%M:%SZ"


def event(name: str, *, school: int | None = None, counts: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The `extra` of a log call. `name`: what happened, in words that never change; `counts`: how many."""
    fields = {"event": name, "school": school, "counts": None if counts is None else dict(counts)}
    return {field: value for field, value in fields.items() if value is not None}


def start(log_format: str, run: str, *, verbose: bool) -> None:
    """Send the log to stderr. Libraries log warnings and errors only, since their DEBUG lines show bodies."""
    handler = _handler(log_format, run)
    handler.addFilter(_drop_traceback)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    log.setLevel(logging.DEBUG if verbose else logging.INFO)


@lru_cache(maxsize=1)
def console() -> Console:
    """The terminal. Log and progress bars share it, so that log lines appear above a bar."""
    from rich.console import Console

    return Console(stderr=True)


def _drop_traceback(record: logging.LogRecord) -> bool:
    """Remove the traceback that a library adds to a warning: its text may hold a secret."""
    record.exc_info = record.exc_text = None
    return True


def _handler(log_format: str, run: str) -> logging.Handler:
    if log_format == "text" and sys.stderr.isatty():
        return _on_terminal()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_json(run) if log_format == "json" else _plain())
    return handler


def _plain() -> logging.Formatter:
    formatter = logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", _TIME)
    formatter.converter = time.gmtime
    return formatter


def _json(run: str) -> logging.Formatter:
    """Fields: time, level, run, message and, where they apply, event, school, counts."""
    from pythonjsonlogger.json import JsonFormatter

    formatter = JsonFormatter(
        "%(asctime)s %(levelname)s %(message)s",
        _TIME,
        rename_fields={"asctime": "time", "levelname": "level"},
        static_fields={"run": run},
    )
    formatter.converter = time.gmtime
    return formatter


def _on_terminal() -> logging.Handler:
    from rich.logging import RichHandler
    from rich.text import Text

    def in_utc(moment: dt.datetime) -> Text:
        return Text(moment.astimezone(dt.timezone.utc).strftime(_TIME))

    handler = RichHandler(
        console=console(), show_path=False, markup=False, highlighter=None, log_time_format=in_utc
    )
    handler.setFormatter(logging.Formatter("%(message)s"))
    return handler
