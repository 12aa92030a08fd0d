"""Makes the checks of the data after a load, and keeps what they find in their table."""

from __future__ import annotations

import datetime as dt

from attendance_common.errors import WarehouseError
from attendance_common.load import quality, quality_sql
from attendance_common.load.quality import Finding, Seen
from attendance_common.load.warehouse import Warehouse
from attendance_common.log import log


def renew(warehouse: Warehouse, run: str, now: dt.datetime) -> list[Finding]:
    """Make the checks and replace the findings in the table, in one transaction; gives those of now.

    Of two loads, the second sees what the first one found: no finding gets lost, and none is there twice.
    """
    moment = now.replace(tzinfo=None, microsecond=0)  # Redshift has UTC without a zone

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
    """Note that this run reported its new errors; where that fails, the next checks report them again."""
    try:
        warehouse.autocommit(quality_sql.NOTE_REPORTED, [run])
    except WarehouseError as fault:
        log.info("that new findings were reported could not be noted: %s", fault)
