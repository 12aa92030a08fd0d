"""Start-up and exit of a command: flags, log, signals, the result line and the exit status.

The log goes to stderr: its first line says what runs, its last line the exit status and the counts. The
result goes to stdout as one JSON object on the last line. `errors.ExitStatus` explains each exit status.
"""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import os
import secrets
import shlex
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, NoReturn, cast

from attendance_common import __version__, config, streams
from attendance_common import log as logs
from attendance_common.announce import announce
from attendance_common.errors import AttendanceError, ExitStatus, Terminated
from attendance_common.log import event, log
from attendance_common.run_record import NAMED_BY

_STOPS = (signal.SIGTERM, signal.SIGINT)
_INTERRUPT_SECONDS = 0.05
_ATTENDED = ("dry_run", "check", "status", "status_page", "quarantine")  # a person reads their output


@dataclass
class Outcome:
    """What a run did: counts for the result line, and a sentence for each thing that needs a person."""

    counts: dict[str, Any] = field(default_factory=dict)
    attention: list[str] = field(default_factory=list)


class Termination:
    """Turns SIGTERM and Ctrl-C into Terminated, raised in the main thread at once, or after `deferred`."""

    def __init__(self) -> None:
        self._asked: str | None = None
        self._deferred = self._ended = False
        self._wakeup: int | None = None

    def listen(self) -> None:
        """Handle the two signals from now on."""
        for number in _STOPS:
            signal.signal(number, self._on_signal)
        if self._wakeup is None:
            reader, self._wakeup = os.pipe()
            os.set_blocking(self._wakeup, False)
            signal.set_wakeup_fd(self._wakeup)
            threading.Thread(target=self._interrupt, args=(reader,), daemon=True).start()

    def _interrupt(self, reader: int) -> None:
        """Send the signal to the main thread again and again, until its handler has run.

        Python runs a handler between two bytecode instructions of the main thread. If another thread received
        the signal, or if it arrived just before a blocking call, the handler does not run until that call
        returns (docs.python.org/3/library/signal.html, "Execution of Python signal handlers").
        """
        with open(reader, "rb", buffering=0) as signals:
            while number := signals.read(1):
                while self._asked is None and self._wakeup is not None:
                    signal.pthread_kill(cast(int, threading.main_thread().ident), number[0])
                    time.sleep(_INTERRUPT_SECONDS)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        asked_before, self._asked = self._asked, signal.Signals(number).name
        if not (self._deferred or self._ended or asked_before):
            self.raise_if_asked()

    def raise_if_asked(self) -> None:
        """Raise Terminated if a signal has arrived."""
        if self._asked:
            raise Terminated(f"stopped by {self._asked}; what was not finished is done by the next run")

    def ignore(self) -> None:
        """Ignore the two signals from now on: the run is stopping, or has ended."""
        self._ended = True
        for number in _STOPS:
            signal.signal(number, signal.SIG_IGN)
        if self._wakeup is not None:
            signal.set_wakeup_fd(-1)
            os.close(self._wakeup)
            self._wakeup = None

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """A signal that arrives in the block raises Terminated only after the block has ended."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False
        self.raise_if_asked()


@dataclass(frozen=True)
class Context:
    """What a command gets in addition to its settings: flags, handling of signals, name of the run."""

    flags: argparse.Namespace
    termination: Termination
    run: str  # also the name of its record
    bars: bool = False  # show progress bars

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[int, int], None]]:
        """Yield a function `show(done, total)`: a progress bar on a terminal; elsewhere it does nothing."""
        if not self.bars:
            yield show_nothing
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
        with Progress(*columns, console=logs.console(), transient=True) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    @property
    def dry_run(self) -> bool:
        """Whether to show what would change, and change nothing."""
        return bool(self.flags.dry_run)


def run_id() -> str:
    """A new name for a run and its record. Names sort by time, to the millisecond."""
    now = dt.datetime.now(dt.timezone.utc)
    return f"{now:{NAMED_BY}}-{now.microsecond // 1000:03d}{secrets.token_hex(2)[:3]}"


def show_nothing(_done: int, _total: int) -> None:
    """Show no progress: stderr is no terminal."""


Work = Callable[[Any, Context], Outcome]


class _Parser(argparse.ArgumentParser):
    """A parser that prints a result line for wrong usage, too."""

    def error(self, message: str) -> NoReturn:
        streams.print_result({"status": ExitStatus.TO_MEND, "error": message, "seconds": 0.0})
        super().error(message)


def parser(
    description: str, settings: type[config.AwsSettings], examples: Mapping[str, str]
) -> argparse.ArgumentParser:
    """A parser with the flags that both commands have; the caller adds its own.

    `examples`: flags as one would type them -> what they do.
    """
    flag_parser = _Parser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    config.add_flags(flag_parser, settings)
    flag_parser.add_argument(
        "--dry-run", action="store_true", help="show what would change and change nothing"
    )
    flag_parser.add_argument(
        "--check",
        action="store_true",
        help="try everything that a run needs, say what came of each, and change nothing",
    )
    flag_parser.add_argument(
        "--report",
        metavar="FILE",
        help="with --check: write all that was seen to FILE, to be sent to whoever looks after the scripts",
    )
    flag_parser.add_argument(
        "--verbose",
        action="store_true",
        help="log each request, each statement, and where a failure came from",
    )
    flag_parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    lines = (f"  python {flag_parser.prog} {flags}\n      {what}" for flags, what in examples.items())
    flag_parser.epilog = "examples:\n" + "\n".join(lines) + f"\n\n{flag_parser.epilog}"
    return flag_parser


def run(
    flags: argparse.ArgumentParser,
    settings: type[config.AwsSettings],
    work: Work,
    argv: Sequence[str] | None,
) -> int:
    """Parse, configure, work; print the result line and return the exit status."""
    streams.open_closed()
    given = sys.argv[1:] if argv is None else argv
    arguments = flags.parse_args(given)
    if arguments.report is not None and not arguments.check:
        flags.error("argument --report: is of use with --check alone")
    started, run = time.monotonic(), run_id()
    about = f"{flags.prog} {__version__}, run {run}, flags: {shlex.join(given) or 'none'}"
    read: config.Reading[Any] | None = None
    try:
        read = config.read(settings, arguments)
        result = _result(about, arguments, read, work, run)
    # From reading .env; or a Terminated that was raised while another failure was handled.
    except (Exception, Terminated) as error:  # noqa: BLE001 - the outermost handler
        result = _failed(error, run)
    result["seconds"] = round(time.monotonic() - started, 3)
    if read and not _is_attended(arguments):
        announce(read.usable(), result, _share(arguments), complete=not read.faults)
    _log_end(result)
    streams.print_result(result)
    return int(result["status"])


def _is_attended(arguments: argparse.Namespace) -> bool:
    """Whether a person reads the output: then the run is not announced."""
    return any(getattr(arguments, flag, None) for flag in _ATTENDED)


def _share(arguments: argparse.Namespace) -> str | None:
    """The share of the schools, such as `2/4`; None when the run is about all of them."""
    shard = getattr(arguments, "shard", None)
    return shard.name if shard and shard.of > 1 else None


def _begin(about: str, read: config.Reading[Any], run: str, *, verbose: bool) -> None:
    """Start the log. Its first line says what runs, with which `.env` and on which places."""
    logs.start(read.values.get("log_format", "text"), run, verbose=verbose)
    places = "settings are wrong" if read.faults else read.settings().places
    log.info("%s, .env: %s, %s", about, read.env_file or "none", places, extra=event("begin"))


def _log_end(result: dict[str, Any]) -> None:
    """Log the last line: status, seconds, and the counts that are not zero."""
    status, seconds = int(result["status"]), result["seconds"]
    not_counts = ("status", "seconds", "dry_run")
    counts = {name: n for name, n in result.items() if isinstance(n, int) and name not in not_counts}
    listed = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
    fields = event("end", counts={**counts, "status": status, "seconds": seconds})
    ended = f"ended with status {status} in {seconds} s"
    log.info("%s", f"{ended}: {listed}" if listed else ended, extra=fields)


def _failed(error: Exception | Terminated, run: str) -> dict[str, Any]:
    """Log why a run failed; returns its result."""
    sentence, again, status = str(error), "", ExitStatus.MAY_PASS
    if isinstance(error, AttendanceError | Terminated):
        status = error.exit_status
    elif isinstance(error, ImportError):
        sentence = (
            f"the package {error.name or 'of an import'} cannot be used: pip install -r requirements.txt"
        )
        status = ExitStatus.TO_MEND
    else:  # its text may hold a student's data
        place = traceback.extract_tb(error.__traceback__)[-1]
        sentence = f"internal error: {type(error).__name__} in {place.name}, line {place.lineno}"
        again = "; running again is safe"
    log.error("%s%s", sentence, again, extra=event("failed"))
    _trace(error)
    return {"status": status, "run": run, "error": sentence}


def _result(
    about: str, arguments: argparse.Namespace, read: config.Reading[Any], work: Work, run: str
) -> dict[str, Any]:
    """Start the log, do the work, and log what needs a person; returns the result, also of a failure."""
    termination = Termination()
    try:
        _begin(about, read, run, verbose=arguments.verbose)
        settings = read.settings()
        termination.listen()
        if arguments.dry_run:
            log.info("a dry run: it says what a run would do, and changes nothing")
        bars = settings.log_format == "text" and sys.stderr.isatty()
        outcome = work(settings, Context(arguments, termination, run, bars))
        termination.ignore()
    except (Exception, Terminated) as error:  # noqa: BLE001 - becomes the result
        termination.ignore()
        return _failed(error, run)
    for sentence in outcome.attention:
        log.warning("%s", sentence, extra=event("attention"))
    return {
        "status": ExitStatus.NEEDS_A_PERSON if outcome.attention else ExitStatus.DONE,
        "run": run,
        **({"dry_run": True} if arguments.dry_run else {}),
        **outcome.counts,
        "attention": outcome.attention,
    }


def _trace(error: BaseException) -> None:
    """With --verbose: log the traceback without the exceptions' texts, which may hold a student's data."""
    if log.isEnabledFor(logging.DEBUG):
        log.debug("traceback:\n%s", "".join(traceback.format_tb(error.__traceback__)))
