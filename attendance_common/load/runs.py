"""Copies the run records of both scripts from S3 into the tables of runs, each record once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import islice

from attendance_common.errors import AttendanceError
from attendance_common.load.run_files import RunFiles
from attendance_common.load.run_rows import (
    INSERT_RUNS,
    INSERT_SCHOOLS,
    KNOWN,
    MARGIN_DAYS,
    Row,
    RunRows,
    rows_of,
)
from attendance_common.load.warehouse import Warehouse
from attendance_common.log import log
from attendance_common.numerals import counted
from attendance_common.run_record import soon
from attendance_common.tables import RUNS

NO_ROW = f"the run has no row in {RUNS.qualified} yet"
MOST = 200  # records in one load: a backlog of a year is copied in some days, and delays no load
_ROWS = 1_000  # in one INSERT: far below the 16 MB that a statement may have


def copy_records(warehouse: Warehouse, files: RunFiles) -> None:
    """Insert a row for each run that has a record in S3 and no row yet, the oldest first.

    It is one transaction under the loads' lock, so no run is inserted twice. Raises AttendanceError: then
    nothing was inserted, and the next load does it.
    """
    taken = warehouse.locked(lambda: _copy_records(warehouse, files))
    log.debug("%s taken over", counted(taken, "run record", "run records"))


def copy_records_or_wait(warehouse: Warehouse, files: RunFiles) -> None:
    """The same, but an error that may pass is only logged: the next load copies the records."""
    try:
        copy_records(warehouse, files)
    except AttendanceError as fault:
        if fault.to_mend:
            raise
        log.info("%s: the next load takes it over (%s)", NO_ROW, fault)


def copy_records_soon(warehouse: Warehouse, files: RunFiles) -> None:
    """The same after a failure: in a few seconds or not at all, and only if Redshift was reached before."""

    def copy() -> None:
        try:
            warehouse.connection.close()
            copy_records(warehouse, files)
        except AttendanceError:  # it may be the error of the run, which is reported next
            log.info("%s: a later load takes it over", NO_ROW)

    if warehouse.connection.was_opened:
        soon(copy)


def _copy_records(warehouse: Warehouse, files: RunFiles) -> int:
    known = warehouse.rows(KNOWN)
    newest = max((began for _, _, began in known if began), default=None)
    since = newest and newest - dt.timedelta(days=MARGIN_DAYS)
    missing = _missing(files, since, {(run, script) for run, script, _ in known})
    rows = list(islice(missing, MOST))
    _insert(warehouse, INSERT_RUNS, [each.run for each in rows])
    _insert(warehouse, INSERT_SCHOOLS, [school for each in rows for school in each.schools])
    return len(rows)


def _missing(files: RunFiles, since: dt.datetime | None, known: set[tuple[str, str]]) -> Iterator[RunRows]:
    """The rows of runs that are not known, the oldest first."""
    for name in files.since(since):
        if (name.run, name.script) not in known and (rows := rows_of(name, files.read(name))):
            yield rows


def _insert(warehouse: Warehouse, statement: str, rows: Sequence[Row]) -> None:
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS]
        warehouse.insert(statement, some, f"({', '.join(['%s'] * len(some[0]))})")
