"""Handles a stdout or stderr that a scheduler closed, that is full, or that nobody reads."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from attendance_common.log import log

_STANDARD = 2  # the highest number of stdin, stdout and stderr


def open_closed() -> None:
    """Open /dev/null in place of a closed stdin, stdout or stderr: else a socket would get its number."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= _STANDARD:
        pass
    os.close(number)
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def print_result(result: Mapping[str, Any]) -> None:
    """Print the result line. If stdout cannot be written, log that; the run's status stays the same."""
    try:
        print(json.dumps(result), flush=True)
    except OSError as error:
        log.error("the result line could not be written to stdout (%s)", error.strerror)
        os.dup2(
            os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
        )  # Python flushes stdout once more at its exit
