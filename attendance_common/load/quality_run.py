"""Makes the checks of the data after a load, and writes their findings to the table of findings."""

from __future__ import annotations

import datetime as dt

from attendance_common.errors import WarehouseError
from attendance_common.load import quality, quality_sql
from attendance_common.load.quality import Finding, Seen
from attendance_common.load.warehouse import Warehouse
from attendance_common.log import log


def renew(warehouse: Warehouse, run: str, now: dt.datetime) -> list[Finding]:
    """Make the checks and replace the findings in the table, in one transaction; gives the findings.

    It takes the loads' lock, so of two loads the second sees the findings of the first one: no finding is
    lost or doubled.
    """
    moment = now.replace(tzinfo=None, microsecond=0)  # the table has UTC, with no zone

    def once() -> list[Finding]:
        days = [day for (day,) in warehouse.rows(quality_sql.LAST_SCHOOL_DAYS)]
        seen = [Seen(*row) for row in warehouse.rows(*quality_sql.find(days))] if days else []
        found = quality.findings(seen, findings(warehouse), moment)
        warehouse.rows(quality_sql.DELETE)
        if found:
            rows = [(*vars(each).values(), moment, run) for each in found]
            warehouse.insert(quality_sql.INSERT, rows, quality_sql.TEMPLATE)
        return found

    return warehouse.locked(once)


def findings(warehouse: Warehouse) -> list[Finding]:
    """What the last checks found, errors first."""
    return [Finding(*row) for row in warehouse.rows(quality_sql.FINDINGS)]


def note_reported(warehouse: Warehouse, run: str) -> None:
    """Note that this run reported its new errors; if that fails, the next run reports them again."""
    try:
        warehouse.autocommit(quality_sql.NOTE_REPORTED, [run])
    except WarehouseError as fault:
        log.info("that new findings were reported could not be noted: %s", fault)
