"""What a run does after loading: it removes what no list has any more, checks the table, and repairs it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import partial

from attendance_common.errors import WarehouseError
from attendance_common.load import (
    attention,
    history_sql,
    quality,
    quality_run,
    repair,
    shared_ids,
    table_check,
)
from attendance_common.load.departures import remove_departures
from attendance_common.load.halving import in_halves
from attendance_common.load.load_run import LoadRun
from attendance_common.load.table_check import TableState


def check(run: LoadRun, first: dt.date) -> TableState:
    """Check the table from `first` on, but for dates that have only rows of older tables."""
    return table_check.check(run.warehouse, first, run.keeps_since)


def remove_departed(run: LoadRun, first: dt.date) -> TableState:
    """Remove what no list has any more; gives the check of the table after that.

    Nothing is removed while the check finds damaged places, because the places say what is to be removed.
    """
    state = check(run, first)
    if state.damaged_places or not (state.marked or run.forgotten):
        return state
    run.done.sums["removed"] += remove_departures(run.warehouse, run.listing, run.forgotten, run.context.run)
    return check(run, first)


def repair_dates(run: LoadRun, damaged: Sequence[dt.date]) -> list[dt.date]:
    """Repair the table on these dates: read the rows again that are not as they were loaded.

    Gives the dates whose places are damaged, so that their rows cannot be repaired from them.
    """
    damaged_places: set[dt.date] = set()
    explained = {each.day for each in run.done.faults}  # a list that cannot be loaded keeps its places
    step = run.settings.batch_partitions
    groups = [damaged[start : start + step] for start in range(0, len(damaged), step)]
    for days, outcome in in_halves(groups, partial(repair.repair, run.warehouse), repair.halves):
        if isinstance(outcome, WarehouseError):
            run.done.sentences.append(attention.unrepaired(days, str(outcome)))
            explained |= set(days)
            continue
        if outcome.is_done:
            run.done.sums["repaired_dates"] += len(days)
        run.done.sentences += attention.repaired(days, outcome)
        damaged_places |= set(outcome.damaged_places)
        explained |= outcome.explained
    return sorted((damaged_places | still_damaged(run, damaged)) - explained)


def still_damaged(run: LoadRun, damaged: Sequence[dt.date]) -> set[dt.date]:
    """Those of the dates on which the table still differs from what the places say."""
    if not damaged:
        return set()
    found = table_check.sums(run.warehouse, min(damaged), max(damaged))
    return {each.day for each in found if each.table_differs} & set(damaged)


def expire(run: LoadRun, state: TableState) -> None:
    """Delete the versions from the history that are older than REDSHIFT_HISTORY_DAYS."""
    if state.expired:
        statement = history_sql.expire(run.keeps_since)
        run.warehouse.locked(lambda: run.warehouse.rows(*statement))
        run.done.sums["expired"] += state.expired


def report(run: LoadRun, state: TableState) -> None:
    """Add the newest date, and which schools have the same ids, to the run's `done`."""
    run.done.counts["newest_date"] = state.newest_date(run.began.date())
    run.done.shared = shared_ids.find(run.warehouse, state.superseded)


def check_data(run: LoadRun) -> None:
    """Make the checks of the data; when they cannot be made, the load has still succeeded, and reports it."""
    try:
        run.done.findings = quality_run.renew(run.warehouse, run.context.run, run.began)
    except WarehouseError as fault:
        run.done.sentences.append(quality.unchecked(str(fault)))
