"""Runs the real scripts and psql as processes against a sandbox, and looks at what they left."""

from __future__ import annotations

import functools
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import psycopg2.extras

from tests import chains, warm_start
from tests.bucket import Bucket
from tests.documents import ROOT
from tests.model import Former
from tests.sandbox import Sandbox
from tests.sandbox.warehouse import connect
from tests.warm_start import WarmProcess, WarmStart

FETCHER = "esd_period_attendance_fetcher.py"
LOADER = "redshift_loader.py"
SETUP = "redshift_period_attendance_setup.sql"
PATIENCE = 120  # seconds that a script may take before the test gives up


@dataclass(frozen=True)
class Finished:
    """A process that has ended: its status, its result line, its story, all of stdout."""

    status: int
    result: dict[str, Any]
    story: str
    output: str


class Running:
    """A script under way."""

    def __init__(self, process: subprocess.Popen[str] | WarmProcess) -> None:
        self.process = process
        self._lines: list[str] = []
        self._heard = threading.Condition()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @classmethod
    def cold(cls, command: list[str], environment: dict[str, str], directory: Path = ROOT) -> Running:
        """Start a command in an interpreter of its own."""
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return cls(process)

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._heard:
                self._lines.append(line)
                self._heard.notify_all()

    def until(self, text: str) -> None:
        """Wait until the story says so."""
        with self._heard:
            assert self._heard.wait_for(lambda: text in "".join(self._lines), PATIENCE), text

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def end(self, within: float = PATIENCE) -> Finished:
        """Wait for the end; one that does not end is killed, and the test fails."""
        try:
            status = self.process.wait(within)
        finally:
            self.process.kill()
        self._listener.join(PATIENCE)
        assert self.process.stdout is not None
        output = self.process.stdout.read()
        lines = output.splitlines()
        return Finished(status, json.loads(lines[-1]) if lines else {}, "".join(self._lines), output)


# The loader as it is but for the number of tries: eight of them take half a minute.
_TWICE = """
import sys, redshift_loader, attendance_common.load.conflicts
attendance_common.load.conflicts.ATTEMPTS = 2
sys.exit(redshift_loader.main([]))
"""


@functools.cache
def _warm_start() -> WarmStart:
    return WarmStart()


class Pipeline:
    """The owner's three commands, and the state that they leave."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.bucket = Bucket(sandbox)

    def fetch(self, *flags: str, **variables: str) -> Finished:
        """Run the fetcher."""
        return self.script(FETCHER, *flags, **variables)

    def load(self, *flags: str, **variables: str) -> Finished:
        """Run the loader."""
        return self.script(LOADER, *flags, **variables)

    def load_trying_twice(self) -> Finished:
        """Run the loader with two tries of what another transaction got in the way of."""
        return Running.cold([sys.executable, "-c", _TWICE], self.sandbox.process_environment()).end()

    def script(self, name: str, *flags: str, **variables: str) -> Finished:
        """Run a script to its end."""
        return self.start(name, *flags, **variables).end()

    @contextmanager
    def before_each_statement(self, act: Callable[[str], None]) -> Iterator[None]:
        """Let this be done before the stand-in carries out a statement of any client; may be nested."""
        watch = self.sandbox.redshift.watch
        before = watch.crossing

        @contextmanager
        def crossing(client: str, sql: str) -> Iterator[None]:
            with before(client, sql):
                act(sql.lstrip())
                yield

        watch.crossing = crossing
        try:
            yield
        finally:
            watch.crossing = before

    def start(self, name: str, *flags: str, **variables: str) -> Running:
        """Start a script."""
        environment = self.sandbox.process_environment(**variables)
        if warm_start.suits(environment):
            return Running(_warm_start().start([name, *flags], environment, ROOT))
        return Running.cold([sys.executable, name, *flags], environment)

    def setup(self, *flags: str) -> subprocess.CompletedProcess[str]:
        """Run the setup file with psql."""
        return self.psql("-f", SETUP, *flags)

    def psql(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run psql."""
        return subprocess.run(
            [self.sandbox.environment["PSQL"], "-X", *arguments],
            cwd=ROOT,
            env=self.sandbox.process_environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def query(self, sql: str) -> list[dict[str, Any]]:
        """Ask the warehouse, or change it by hand."""
        with connected(self.sandbox) as connection:
            connection.autocommit = True
            return run_sql(connection, sql)

    def table(self) -> dict[int, dict[str, Any]]:
        """The native table by id, without the loader's own two columns; no id may stand twice."""
        rows = self.query("SELECT * FROM public.period_attendance")
        for row in rows:
            del row["source_file"], row["loaded_at"]
        by_id = {row["id"]: row for row in rows}
        assert len(by_id) == len(rows), "an id stands twice"
        return by_id

    def history(self) -> dict[int, list[Former]]:
        """The former versions of each record; they and the table's rows have to form chains."""
        history, table = self.query(chains.HISTORY), self.query(chains.TABLE)
        assert chains.breaks(history, table) == []
        return chains.formers(history)


@contextmanager
def paused_at(pipeline: Pipeline, text: str) -> Iterator[tuple[Event, Event]]:
    """Let statements that begin so wait; gives two events: one has come, and it may go on."""
    reached, go_on = Event(), Event()

    def pause(sql: str) -> None:
        if sql.startswith(text):
            reached.set()
            go_on.wait(PATIENCE)

    with pipeline.before_each_statement(pause):
        try:
            yield reached, go_on
        finally:
            go_on.set()


@contextmanager
def connected(sandbox: Sandbox, **more: Any) -> Iterator[Any]:
    """A session of an analyst, in a transaction unless `autocommit` is asked for."""
    with closing(connect(sandbox.environment, **more)) as connection:
        yield connection


def run_sql(connection: Any, sql: str) -> list[dict[str, Any]]:
    """Run a statement and give its rows."""
    with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
        cursor.execute(sql)
        return [dict(row) for row in cursor.fetchall()] if cursor.description else []
