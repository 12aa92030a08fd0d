"""Strikes at the k-th call that a process makes to the outside world: kills it, or cuts its connection.

A call is a request to the source, a request to AWS, or an SQL statement, in the order in which they arrive.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from .aws_front import AwsFront
from .esd.faults import Dropped
from .redshift.errors import ConnectionCut
from .sandbox import Sandbox

ONLOOKER = "onlooker"  # application_name of a client whose statements are nobody's calls
DIES_WITHIN = 10.0  # seconds from SIGKILL to the end
SETTLES_WITHIN = 60.0  # seconds for calls that a dead process left behind


class Process(Protocol):
    """What is killed, as `subprocess.Popen` has it."""

    def kill(self) -> None:
        """Send SIGKILL."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end."""


class To(Enum):
    """Where a call goes."""

    SOURCE = "source"
    AWS = "AWS"
    WAREHOUSE = "warehouse"


@dataclass(frozen=True)
class Call:
    """One call: where to, and what it is."""

    to: To
    text: str


@dataclass(frozen=True)
class Way:
    """What becomes of the call and of its process."""

    kill: bool
    carried_out: bool

    def __str__(self) -> str:
        when = "after it was carried out" if self.carried_out else "before it was carried out"
        return f"{'killed' if self.kill else 'cut'} {when}"


WAYS = tuple(Way(kill=kill, carried_out=done) for kill in (True, False) for done in (False, True))

Look = Callable[[Call], Iterable[str]]


class Cut(Dropped, ConnectionCut):
    """The connection ends here, at whichever stand-in."""


class Tripwire:
    """Stands at every call. `at` counts from 1; None never strikes. `look` is called after each call that was
    carried out, before its answer goes out, and says what it found wrong.
    """

    def __init__(self, at: int | None = None, way: Way = WAYS[0], look: Look = lambda _call: ()) -> None:
        self.calls: list[Call] = []
        self.found: list[str] = []
        self.struck: Call | None = None
        self.process: Future[Process] = Future()  # its owner says who it is
        self._at, self._way, self._look = at, way, look
        self._under_way = 0
        self._moved = threading.Condition()

    @contextmanager
    def across(self, sandbox: Sandbox, front: AwsFront) -> Iterator[None]:
        """Stand between a process and everything that it can call."""
        esd, warehouse = sandbox.esd, sandbox.redshift.watch
        before = esd.crossing, front.crossing, warehouse.crossing
        esd.crossing = lambda text: self._crossing(Call(To.SOURCE, text))
        front.crossing = lambda call: self._crossing(Call(To.AWS, call.text))
        warehouse.crossing = self._statement
        try:
            yield
            self._settle()
        finally:
            esd.crossing, front.crossing, warehouse.crossing = before

    def _statement(self, client: str, sql: str) -> AbstractContextManager[None]:
        return nullcontext() if client == ONLOOKER else self._crossing(Call(To.WAREHOUSE, sql))

    @contextmanager
    def _crossing(self, call: Call) -> Iterator[None]:
        due = self._arrive(call)
        try:
            if due and not self._way.carried_out:
                self._strike()
            try:
                yield
            finally:
                self.found.extend(self._look(call))
                if due:
                    self._strike()
        finally:
            self._leave()

    def _arrive(self, call: Call) -> bool:
        with self._moved:
            self.calls.append(call)
            self._under_way += 1
            due = len(self.calls) == self._at
            self.struck = call if due else self.struck
            return due

    def _leave(self) -> None:
        with self._moved:
            self._under_way -= 1
            self._moved.notify_all()

    def _strike(self) -> None:
        if self._way.kill:
            process = self.process.result(DIES_WITHIN)
            process.kill()
            process.wait(DIES_WITHIN)
        raise Cut

    def _settle(self) -> None:
        """Wait until nothing is under way that a dead process has left behind."""
        with self._moved:
            assert self._moved.wait_for(lambda: self._under_way == 0, SETTLES_WITHIN)
