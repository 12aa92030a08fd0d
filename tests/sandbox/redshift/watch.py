"""Logs the statements of clients, and raises the faults that tests planned for them."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from .errors import ConnectionCut, RedshiftError

Crossing = Callable[[str, str], AbstractContextManager[None]]


@dataclass
class Fault:
    """A planned fault: the error, or None to cut the connection."""

    matching: re.Pattern[str]
    error: RedshiftError | None
    times: int


class Watch:
    """The log and the planned faults; all sessions share it."""

    def __init__(self, log: Path | None) -> None:
        self._log = log
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        # Called with the client's application_name and the statement. The statement runs within the context;
        # its answer is sent afterwards. ConnectionCut raised in it cuts the client.
        self.crossing: Crossing = lambda _client, _sql: nullcontext()

    def plan(self, matching: str, error: RedshiftError | None, times: int) -> None:
        """The next `times` statements that match the regex, in any case, fail so."""
        with self._lock:
            self._faults.append(Fault(re.compile(matching, re.IGNORECASE), error, times))

    def sent(self, statements: Sequence[str]) -> None:
        """Log one JSON object a line, before any of the statements runs."""
        if self._log is None:
            return
        lines = "".join(json.dumps({"sql": sql}) + "\n" for sql in statements)
        with self._lock, self._log.open("a", encoding="utf-8") as log:
            log.write(lines)

    def raise_fault(self, sql: str) -> None:
        """Raises RedshiftError or ConnectionCut when one was planned for this statement."""
        with self._lock:
            fault = next((fault for fault in self._faults if fault.matching.search(sql)), None)
            if fault is None:
                return
            fault.times -= 1
            if fault.times <= 0:
                self._faults.remove(fault)
        if fault.error is None:
            raise ConnectionCut
        raise fault.error
