"""Child processes that never outlive the sandbox, however it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from .environment import without_settings

HERE = Path(__file__).resolve().parent
STOP_WITHIN = 10.0  # seconds before a child that does not end by itself is killed


class Child:
    """A script beside this file as a process: it prints one line when ready and ends when its stdin closes.

    The operating system closes that stdin also when the sandbox is killed, so nothing is left behind.
    """

    def __init__(self, script: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        # -I: by its path and alone, so that it starts fast and this directory's names are not on its path.
        self._command = [sys.executable, "-I", str(HERE / script), *arguments]
        self._environment = {**without_settings(os.environ), **(environment or {})}
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """Start the process and give the line it prints; RuntimeError when it ends without one."""
        self._process = subprocess.Popen(
            self._command,
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the sandbox, which then stops its children in order
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line:
            raise RuntimeError(f"{' '.join(self._command)} ended with status {self._process.wait()}")
        return line

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    def stop(self) -> None:
        """End the process and wait until it is gone."""
        if self._process is None:
            return
        process, self._process = self._process, None
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
