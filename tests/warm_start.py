"""Starts a Python script as a process of its own, in half of the time: its libraries are imported already.

One process imports the libraries and waits. For each script it forks a child, which takes the script's
environment, directory and arguments and then runs it as `python SCRIPT` does, with an end of its own.
The project's modules are not imported beforehand, nor is polars, which has threads from its import on.
What an interpreter reads at its own start (PYTHON…, LC_…, TZ) does not reach such a script: start it cold.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

LIBRARIES = [
    "boto3",
    "botocore.httpsession",
    "concurrent.futures.thread",
    "dotenv",
    "logging.config",
    "psycopg2.extras",
    "requests",
    "s3transfer.manager",
    "stamina",
    "uuid",
    "zoneinfo",
]
LARGEST_ORDER = 1 << 20  # bytes
READ_AT_START = ("PYTHON", "LC_", "LANG", "TZ", "LD_", "MALLOC")


class WarmProcess:
    """One script under way, with those members of `subprocess.Popen` that the tests use."""

    def __init__(self, wire: socket.socket, stdout: IO[str], stderr: IO[str]) -> None:
        self._wire = wire
        self._waiting = threading.Lock()
        self.stdout, self.stderr = stdout, stderr
        self.returncode: int | None = None
        self.pid = self._number()

    def _number(self) -> int:
        line = b""
        while not line.endswith(b"\n"):
            more = self._wire.recv(1)
            if not more:
                raise ConnectionError("the process that starts scripts is gone")
            line += more
        return int(line)

    def wait(self, timeout: float | None = None) -> int:
        """The exit status, negative for a signal; `subprocess.TimeoutExpired` when it takes longer."""
        late = subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        if not self._waiting.acquire(timeout=-1 if timeout is None else timeout):
            raise late
        try:
            if self.returncode is None:
                self._wire.settimeout(timeout)
                self.returncode = self._number()
                self._wire.close()
        except TimeoutError:
            raise late from None
        finally:
            self._waiting.release()
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless the script is known to have ended."""
        if self.returncode is None:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                return

    def kill(self) -> None:
        """End it with SIGKILL."""
        self.send_signal(signal.SIGKILL)


class WarmStart:
    """The process that waits with the libraries; it ends with the one that made it."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._orders, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())], pass_fds=[theirs.fileno()]
            )

    def start(self, command: list[str], environment: Mapping[str, str], directory: Path) -> WarmProcess:
        """Start `command`, a script and its arguments."""
        order = json.dumps([command, dict(environment), str(directory)]).encode()
        ours, theirs = socket.socketpair()
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        with self._one_at_a_time:  # else two orders could arrive as one
            socket.send_fds(self._orders, [order], [theirs.fileno(), out_end, err_end])
            for end in (theirs.detach(), out_end, err_end):
                os.close(end)
            return WarmProcess(ours, os.fdopen(out, encoding="utf-8"), os.fdopen(err, encoding="utf-8"))


def suits(environment: Mapping[str, str]) -> bool:
    """Whether a script with these variables beside this process's own may start warm."""
    return all(
        os.environ.get(name) == value for name, value in environment.items() if name.startswith(READ_AT_START)
    )


# --- in the process that waits ------------------------------------------------------------------------------


def _serve(orders: socket.socket) -> bytes:
    """Carry out order after order. Returns in the children alone, each with its own order."""
    interrupt = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the tests
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for what forks the scripts
    while True:
        order, fds, _, _ = socket.recv_fds(orders, LARGEST_ORDER, 3)
        if not order:
            sys.exit()
        if os.fork() == 0:
            orders.close()
            _await_script(*fds)
            signal.signal(signal.SIGINT, interrupt)
            return order
        for each in fds:
            os.close(each)


def _await_script(wire: int, out: int, err: int) -> None:
    """Fork the script, say its process id and, at its end, its status. Returns in the script alone."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if script := os.fork():
        os.close(out)
        os.close(err)
        os.write(wire, b"%d\n" % script)
        _, status = os.waitpid(script, 0)
        os.write(wire, b"%d\n" % os.waitstatus_to_exitcode(status))
        os._exit(0)
    os.close(wire)
    for given, standard in ((os.open(os.devnull, os.O_RDONLY), 0), (out, 1), (err, 2)):
        os.dup2(given, standard)
        os.close(given)


def _run(command: list[str], environment: dict[str, str], directory: str) -> None:
    """Run a script as `python SCRIPT` does."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(directory)
    sys.argv = command
    sys.path[0] = str(Path(command[0]).resolve().parent)
    runpy.run_path(str(Path(command[0]).resolve()), run_name="__main__")


if __name__ == "__main__":
    for library in LIBRARIES:
        importlib.import_module(library)
    _run(*json.loads(_serve(socket.socket(fileno=int(sys.argv[1])))))
