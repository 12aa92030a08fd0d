"""Removes a directory, and a PostgreSQL that lives in it, when its stdin closes: so also after a SIGKILL."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path

PID_LINE, SOCKET_DIRECTORY_LINE = 0, 4  # PostgreSQL's documentation, storage-file-layout: postmaster.pid
GONE_WITHIN = 5.0  # seconds


def main(directory: Path) -> None:
    """Wait until stdin closes, then leave nothing behind."""
    print("ready", flush=True)
    sys.stdin.read()
    for pid_file in directory.rglob("postmaster.pid"):
        _stop(pid_file.read_text().splitlines())
    shutil.rmtree(directory, ignore_errors=True)


def _stop(lines: list[str]) -> None:
    """Let a server end at once: it was left behind, and its data is not kept."""
    end = time.monotonic() + GONE_WITHIN
    try:
        os.kill(int(lines[PID_LINE]), signal.SIGQUIT)
        while time.monotonic() < end:
            os.kill(int(lines[PID_LINE]), 0)  # asks whether it is there
            time.sleep(0.02)
    except ProcessLookupError:
        shutil.rmtree(lines[SOCKET_DIRECTORY_LINE], ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
