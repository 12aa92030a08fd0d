"""Processes that are measured, and processes that serve them."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from tests.documents import ROOT

FETCHER = "esd_period_attendance_fetcher.py"
LOADER = "redshift_loader.py"


@dataclass(frozen=True)
class Ended:
    """A process that ended well: wall and CPU seconds (user and system), and its lines on stdout."""

    seconds: float
    cpu: float
    lines: Sequence[str]

    @property
    def result(self) -> dict[str, Any]:
        """The result line of a script."""
        result: dict[str, Any] = next(
            each for each in map(json.loads, reversed(self.lines)) if "status" in each
        )
        return result

    @property
    def peak(self) -> float:
        """Megabytes that the process needed at its peak; only of one that was watched."""
        return float(json.loads(self.lines[-1])["peak_kilobytes"]) / 1024


def run(command: Sequence[str], environment: Mapping[str, str]) -> Ended:
    """Run a command in the checkout; RuntimeError when it ends badly."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise RuntimeError(f"{command[-1]} ended with status {done.returncode}: {done.stderr[-1000:]}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Ended(seconds, cpu, done.stdout.splitlines())


def script(name: str, environment: Mapping[str, str], *flags: str) -> Ended:
    """Run one of the two scripts."""
    return run([sys.executable, name, *flags], environment)


def watched(name: str, environment: Mapping[str, str]) -> Ended:
    """Run one of the two scripts and have its peak of memory reported."""
    return run([sys.executable, "-m", "tests.bench.watched", name], environment)


def module(name: str, environment: Mapping[str, str]) -> Ended:
    """Run a module of this package."""
    return run([sys.executable, "-m", f"tests.bench.{name}"], environment)


def side_by_side(rounds: int, *jobs: Callable[[], Ended]) -> list[list[Ended]]:
    """Do the jobs one after another, so many times; gives the runs of each job."""
    done = [[job() for job in jobs] for _ in range(rounds)]
    return [list(runs) for runs in zip(*done, strict=True)]


class Companion:
    """A module of this package as a process that answers: a line of JSON at the start, one to each asked.

    It ends when its stdin closes, so it never outlives the bench.
    """

    def __init__(self, name: str, *arguments: str) -> None:
        self._command = [sys.executable, "-m", f"tests.bench.{name}", *arguments]
        self.announced: dict[str, Any] = {}

    def __enter__(self) -> Companion:
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the bench, which then lets its companions end
        )
        self.announced = self._answer()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def ask(self, **request: Any) -> dict[str, Any]:
        """Have something done, and wait until it is."""
        assert self._process.stdin is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._command[2]} ended with status {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer
