"""The file of `--check --report FILE`: all that was seen, to be sent to whoever looks after the scripts."""

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
    """Write the checks' results to `path` when the block has ended.

    It is written beside its place first, then switched: never half a file. A block that raises leaves none.
    Raises AttendanceError before the block when the file cannot be made. `path` None: no file.
    """
    if path is None:
        yield
        return
    place = _place_beside(Path(path))
    try:
        yield
        _switch(place, path, content(checks.results))
    finally:
        place.unlink(missing_ok=True)


def _place_beside(path: Path) -> Path:
    """An empty file in the same directory; raises AttendanceError when the report could not lie there."""
    try:
        if path.is_dir():
            raise IsADirectoryError(None, "it is a directory")
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _unwritable(str(path), error) from error
    os.close(handle)
    return Path(name)


def _switch(place: Path, path: str, text: str) -> None:
    """Write the text, and put the file into its place."""
    try:
        place.write_text(text, encoding="utf-8")
        place.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from error


def _unwritable(path: str, error: OSError) -> AttendanceError:
    return AttendanceError(
        f"--report: {path} cannot be written ({error.strerror}): name a file in a directory that exists and "
        "that you may write to",
        to_mend=True,
    )


def content(results: Sequence[Result]) -> str:
    """The report: JSON that a person can read as well, with an entry for each check in its order."""
    report = {
        "script": Path(sys.argv[0]).name,
        "version": __version__,
        "python": platform.python_version(),
        "written": dt.datetime.now(dt.timezone.utc).isoformat(timespec="seconds"),
        "checks": [_entry(each) for each in results],
    }
    return json.dumps(report, indent=2, ensure_ascii=False) + "\n"


def _entry(result: Result) -> dict[str, str]:
    entry = {"what": result.what, "result": _RESULTS[result.mark], "seen": result.seen}
    return entry if result.expected is None else {**entry, "expected": result.expected}
