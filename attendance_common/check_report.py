"""Writes the file of `--check --report FILE`: the results of all checks, to send to the maintainers."""

from __future__ import annotations

import datetime as dt
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from attendance_common import __version__
from attendance_common.check import DIFFERS, FAULT, FINE, UNTRIED, Checks, Result
from attendance_common.errors import AttendanceError

_RESULTS = {FINE: "fine", FAULT: "fault", DIFFERS: "differs", UNTRIED: "not tried"}


@contextmanager
def reported(checks: Checks, path: str | None) -> Iterator[None]:
    """Write the results of the checks to `path` when the block has ended. `path` None: write no file.

    A temporary file in the same directory is written, then renamed: nobody sees half a report. A block that
    raises writes no report. Raises AttendanceError before the block when no file can be created there.
    """
    if path is None:
        yield
        return
    temporary = _temporary_file(Path(path))
    try:
        yield
        _replace(temporary, path, content(checks.results))
    finally:
        temporary.unlink(missing_ok=True)


def _temporary_file(path: Path) -> Path:
    """Create an empty file in the directory of `path`; raises AttendanceError when that is not possible."""
    try:
        if path.is_dir():
            raise IsADirectoryError(None, "it is a directory")
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _unwritable(str(path), error) from error
    os.close(handle)
    return Path(name)


def _replace(temporary: Path, path: str, text: str) -> None:
    """Write the text to the temporary file, and rename that to `path`."""
    try:
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: str, error: OSError) -> AttendanceError:
    return AttendanceError(
        f"--report: {path} cannot be written ({error.strerror}): name a file in a directory that exists and "
        "that you may write to",
        to_mend=True,
    )


def content(results: Sequence[Result]) -> str:
    """The text of the report: indented JSON, with an entry for each check in the order of the checks."""
    report = {
        "script": Path(sys.argv[0]).name,
        "version": __version__,
        "python": platform.python_version(),
        "written": dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds"),
        "checks": [_entry(each) for each in results],
    }
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def _entry(result: Result) -> dict[str, str]:
    entry = {"what": result.what, "result": _RESULTS[result.symbol], "seen": result.seen}
    return entry if result.expected is None else {**entry, "expected": result.expected}
