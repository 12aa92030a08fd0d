"""Limits how many requests run at a time, and lowers the limit when the source is overloaded."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from attendance_common.fetch.faults import TemporaryFault
from attendance_common.log import event, log


class Pace:
    """The limit of requests under way: halved by a fault that is `slow`, raised step by step by answers."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._allowed = float(most)
        self._under_way = 0
        self._slowed_at = 0.0
        self._free = threading.Condition()

    @property
    def allowed(self) -> int:
        """How many requests may be under way now."""
        return int(self._allowed)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until one more request may be under way. A `slow` TemporaryFault then halves the limit."""
        with self._free:
            self._free.wait_for(lambda: self._under_way < self.allowed)
            self._under_way += 1
            begun = time.monotonic()
        slower = faster = False
        try:
            yield
            faster = True
        except TemporaryFault as fault:
            slower = fault.slow
            raise
        finally:
            self._ended(begun, slower=slower, faster=faster)

    def _ended(self, begun: float, *, slower: bool = False, faster: bool = False) -> None:
        with self._free:
            self._under_way -= 1
            if slower and begun > self._slowed_at:  # halve once for all requests that were under way together
                before, self._allowed = self.allowed, max(1.0, self.allowed / 2)
                self._slowed_at = time.monotonic()
                if self.allowed < before:
                    log.info("the source asks for less: %d at a time", self.allowed, extra=event("slowed"))
            if faster:
                self._allowed = min(float(self._most), self._allowed + 1 / self._allowed)
            self._free.notify_all()
