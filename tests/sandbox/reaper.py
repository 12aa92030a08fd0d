"""Removes a directory, and a PostgreSQL that lives in it, when its stdin closes: so also after a SIGKILL."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path

PID_LINE, SOCKET_DIRECTORY_LINE = 0, 4  # PostgreSQL's documentation, storage-file-layout: postmaster.pid
GONE_WITHIN = 2.0  # seconds


def main(directory: Path) -> None:
    """Wait until stdin closes, then leave nothing behind."""
    print("ready", flush=True)
    sys.stdin.read()
    for pid_file in directory.rglob("postmaster.pid"):
        _stop(pid_file.read_text().splitlines())
    shutil.rmtree(directory, ignore_errors=True)


def _stop(lines: list[str]) -> None:
    """Let a server end at once, its data is not kept; and remove the directory of its socket."""
    _kill(int(lines[PID_LINE]))
    shutil.rmtree(lines[SOCKET_DIRECTORY_LINE], ignore_errors=True)


def _kill(pid: int) -> None:
    end = time.monotonic() + GONE_WITHIN
    try:
        os.kill(pid, signal.SIGQUIT)
        while time.monotonic() < end:  # it stays in the table of processes until its new parent looks
            os.kill(pid, 0)
            time.sleep(0.02)
    except ProcessLookupError:
        return


if __name__ == "__main__":
    main(Path(sys.argv[1]))
