"""Start-up and exit of a command: flags, log, signals, the result line and the exit status.

The log goes to stderr: its first line says what runs, its last what came of it. The result goes to stdout as
one JSON object on the last line. `errors.ExitStatus` says what each exit status means.
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
_KNOCK_SECONDS = 0.05
_ATTENDED = ("dry_run", "check", "status", "status_page", "quarantine")  # flags whose answer somebody reads


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
            reader, self._wakeup = os.pipe()
            os.set_blocking(self._wakeup, False)
            signal.set_wakeup_fd(self._wakeup)
            threading.Thread(target=self._knock, args=(reader,), daemon=True).start()

    def _knock(self, reader: int) -> None:
        """Interrupt the main thread until it has seen the signal.

        Python runs a handler between two steps of the main thread. A signal that another thread got, or that
        came just before a call that waits, is not seen before that call ends (docs.python.org/3/library/
        signal.html, "Execution of Python signal handlers").
        """
        with open(reader, "rb", buffering=0) as signals:
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
        with Progress(*columns, console=logs.console(), transient=True) as bar:
            task = bar.add_task(what, total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)

    @property
    def dry_run(self) -> bool:
        """Show what would change and change nothing."""
        return bool(self.flags.dry_run)


def run_id() -> str:
    """A name for a run's record; names sort by time, to the millisecond."""
    now = dt.datetime.now(dt.timezone.utc)
    return f"{now:{NAMED_BY}}-{now.microsecond // 1000:03d}{secrets.token_hex(2)[:3]}"


def show_nothing(_done: int, _total: int) -> None:
    """What progress looks like where nobody looks."""


Work = Callable[[Any, Context], Outcome]


class _Parser(argparse.ArgumentParser):
    """Wrong usage has a result line, too."""

    def error(self, message: str) -> NoReturn:
        streams.print_result({"status": ExitStatus.TO_MEND, "error": message, "seconds": 0.0})
        super().error(message)


def parser(
    description: str, settings: type[config.AwsSettings], examples: Mapping[str, str]
) -> argparse.ArgumentParser:
    """The flags that both commands have; a command adds its own to what comes back.

    `examples`: flags as one would type them -> what they do.
    """
    made = _Parser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False
    )
    config.add_flags(made, settings)
    made.add_argument("--dry-run", action="store_true", help="show what would change and change nothing")
    made.add_argument(
        "--check",
        action="store_true",
        help="try everything that a run needs, say what came of each, and change nothing",
    )
    made.add_argument(
        "--report",
        metavar="FILE",
        help="with --check: write all that was seen to FILE, to be sent to whoever looks after the scripts",
    )
    made.add_argument(
        "--verbose",
        action="store_true",
        help="log each request, each statement, and where a failure came from",
    )
    made.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    lines = (f"  python {made.prog} {flags}\n      {what}" for flags, what in examples.items())
    made.epilog = "examples:\n" + "\n".join(lines) + f"\n\n{made.epilog}"
    return made


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
    # Of the .env; or Terminated, which came while another failure was being handled.
    except (Exception, Terminated) as error:  # noqa: BLE001 - nothing is above it
        result = _failed(error, run)
    result["seconds"] = round(time.monotonic() - started, 3)
    if read and not _is_attended(arguments):
        announce(read.usable(), result, _share(arguments))
    _log_end(result)
    streams.print_result(result)
    return int(result["status"])


def _is_attended(arguments: argparse.Namespace) -> bool:
    """Whether somebody looks at the answer: such a run is not announced."""
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
    """The last line: status, seconds, and the counts that are not zero."""
    status, seconds = int(result["status"]), result["seconds"]
    not_counts = ("status", "seconds", "dry_run")
    counts = {name: n for name, n in result.items() if isinstance(n, int) and name not in not_counts}
    listed = ", ".join(f"{name} {count}" for name, count in counts.items() if count)
    fields = event("end", counts={**counts, "status": status, "seconds": seconds})
    ended = f"ended with status {status} in {seconds} s"
    log.info("%s", f"{ended}: {listed}" if listed else ended, extra=fields)


def _failed(error: Exception | Terminated, run: str) -> dict[str, Any]:
    """The result of a run that failed; its sentence is logged."""
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
    except (Exception, Terminated) as error:  # noqa: BLE001 - the last line
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
    """The places a failure went through, without any exception's text: that may hold a student's data."""
    if log.isEnabledFor(logging.DEBUG):
        log.debug("traceback:\n%s", "".join(traceback.format_tb(error.__traceback__)))
