"""Start-up and exit of a command: flags, log, signals, the result line and the exit status.

The story goes to stderr; the result goes to stdout as one JSON object on the last line. Exit status: 0 all
done; 1 failed, running again is safe; 2 wrong usage or configuration; 3 finished, but a person is needed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import logging
import os
import secrets
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, cast

from attendance_common import config
from attendance_common.errors import AttendanceError, Terminated

if TYPE_CHECKING:
    from rich.console import Console

log = logging.getLogger("attendance")

NEEDS_A_PERSON = 3
_STOPS = (signal.SIGTERM, signal.SIGINT)
_KNOCK_SECONDS = 0.05


@dataclass
class Outcome:
    """What a run did: counts for the result line, and a sentence for each thing that needs a person."""

    counts: dict[str, Any] = field(default_factory=dict)
    attention: list[str] = field(default_factory=list)


class Termination:
    """Turns SIGTERM and Ctrl-C into Terminated, raised in the main thread, at once or when it is safe."""

    def __init__(self) -> None:
        self._asked: str | None = None
        self._deferred = self._ended = False
        self._wakeup: int | None = None

    def listen(self) -> None:
        """Take over the two signals."""
        for number in _STOPS:
            signal.signal(number, self._on_signal)
        if self._wakeup is None:
            told, self._wakeup = os.pipe()
            os.set_blocking(self._wakeup, False)
            signal.set_wakeup_fd(self._wakeup)
            threading.Thread(target=self._knock, args=(told,), daemon=True).start()

    def _knock(self, told: int) -> None:
        """Interrupt the main thread until it has seen the signal.

        Python runs a handler between two steps of the main thread. A signal that another thread got, or that
        came just before a call that waits, is not seen before that call ends (docs.python.org/3/library/
        signal.html, "Execution of Python signal handlers").
        """
        with open(told, "rb", buffering=0) as signals:
            while number := signals.read(1):
                while self._asked is None and self._wakeup is not None:
                    signal.pthread_kill(cast(int, threading.main_thread().ident), number[0])
                    time.sleep(_KNOCK_SECONDS)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        told_before, self._asked = self._asked, signal.Signals(number).name
        if not (self._deferred or self._ended or told_before):
            self.obey()

    def obey(self) -> None:
        """Raise Terminated if a signal has come."""
        if self._asked:
            raise Terminated(f"stopped by {self._asked}; what was not finished is done by the next run")

    def ignore(self) -> None:
        """What was asked for is being done, or all is done: nothing is left that a signal could stop."""
        self._ended = True
        for number in _STOPS:
            signal.signal(number, signal.SIG_IGN)
        if self._wakeup is not None:
            signal.set_wakeup_fd(-1)
            os.close(self._wakeup)
            self._wakeup = None

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Let the block end whole before a signal is obeyed."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False
        self.obey()


@dataclass(frozen=True)
class Context:
    """What the command line said that is not a setting, and the way a stop is asked for."""

    flags: argparse.Namespace
    termination: Termination
    run: str  # the name of its record
    bars: bool = False

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """Gives a function to call with how many are done, of how many: a bar on a terminal, else nothing."""
        if not self.bars:
            yield show_nothing
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        with Progress(*columns, console=console(), transient=True) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    @property
    def dry_run(self) -> bool:
        """Show what would change and change nothing."""
        return bool(self.flags.dry_run)


def run_id() -> str:
    """A name for a run's record; names sort by time."""
    return f"{dt.datetime.now(dt.timezone.utc):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def show_nothing(_done: int, _total: int) -> None:
    """What progress looks like where nobody looks."""


Work = Callable[[Any, Context], Outcome]


class _Parser(argparse.ArgumentParser):
    """Wrong usage has a result line, too."""

    def error(self, message: str) -> NoReturn:
        print(json.dumps({"status": 2, "error": message, "seconds": 0.0}), flush=True)
        super().error(message)


def parser(description: str, settings: type[config.AwsSettings]) -> argparse.ArgumentParser:
    """The flags that both commands have; a command adds its own to what comes back."""
    made = _Parser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    config.add_flags(made, settings)
    made.add_argument("--dry-run", action="store_true", help="show what would change and change nothing")
    made.add_argument("--verbose", action="store_true", help="say more, with a traceback for a failure")
    return made


def run(
    flags: argparse.ArgumentParser,
    settings: type[config.AwsSettings],
    work: Work,
    argv: Sequence[str] | None,
) -> int:
    """Parse, configure, work; print the result line and return the exit status."""
    arguments = flags.parse_args(argv)
    started = time.monotonic()
    try:
        result = _result(arguments, settings, work)
    except Terminated as stopped:  # it came between a failure and the moment from which none is heard
        result = {"status": stopped.exit_status, "error": str(stopped)}
    result["seconds"] = round(time.monotonic() - started, 3)
    print(json.dumps(result), flush=True)
    return int(result["status"])


def _result(arguments: argparse.Namespace, settings: type[config.AwsSettings], work: Work) -> dict[str, Any]:
    termination, run = Termination(), run_id()
    try:
        start_logging("text", verbose=arguments.verbose)
        loaded = config.load(settings, arguments)
        start_logging(loaded.log_format, verbose=arguments.verbose)
        termination.listen()
        if arguments.dry_run:
            log.info("a dry run: what is told would be done, nothing is")
        bars = loaded.log_format == "text" and sys.stderr.isatty()
        outcome = work(loaded, Context(arguments, termination, run, bars))
        termination.ignore()
    except (AttendanceError, Terminated) as error:
        termination.ignore()
        log.error("%s", error)
        _trace(error)
        return {"status": error.exit_status, "run": run, "error": str(error)}
    except Exception as error:  # noqa: BLE001 - the last line; its text may hold a student's data
        termination.ignore()
        place = traceback.extract_tb(error.__traceback__)[-1]
        told = f"internal error: {type(error).__name__} in {place.name}, line {place.lineno}"
        log.error("%s; running again is safe", told)
        _trace(error)
        return {"status": 1, "run": run, "error": told}
    for sentence in outcome.attention:
        log.warning("%s", sentence)
    return {
        "status": NEEDS_A_PERSON if outcome.attention else 0,
        "run": run,
        **({"dry_run": True} if arguments.dry_run else {}),
        **outcome.counts,
        "attention": outcome.attention,
    }


def _trace(error: BaseException) -> None:
    """The places a failure went through, without any exception's text: that may hold a student's data."""
    if log.isEnabledFor(logging.DEBUG):
        log.debug("traceback:\n%s", "".join(traceback.format_tb(error.__traceback__)))


def start_logging(log_format: str, *, verbose: bool) -> None:
    """Send the story to stderr; libraries speak from WARNING on only, since their DEBUG holds bodies."""
    handler = _handler(log_format)
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    log.setLevel(logging.DEBUG if verbose else logging.INFO)


@lru_cache(maxsize=1)
def console() -> Console:
    """The terminal, shared by the log and the bars, so that lines go above a bar."""
    from rich.console import Console

    return Console(stderr=True)


def _handler(log_format: str) -> logging.Handler:
    if log_format == "json":
        from pythonjsonlogger.json import JsonFormatter

        handler = logging.StreamHandler(sys.stderr)
        renamed = {"asctime": "time", "levelname": "level"}
        handler.setFormatter(JsonFormatter("%(asctime)s %(levelname)s %(message)s", rename_fields=renamed))
        return handler
    if sys.stderr.isatty():
        from rich.logging import RichHandler

        on_terminal = RichHandler(
            console=console(), show_path=False, markup=False, highlighter=None, log_time_format="%H:%M:%S"
        )
        on_terminal.setFormatter(logging.Formatter("%(message)s"))
        return on_terminal
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)-7s %(message)s"))
    return handler
