"""A backfill: an older table's rows are taken into the native table, each month in one transaction.

They are lists of an origin of their own, and the newest version of each id wins, as always. Records that the
landing zone has, or had, are skipped, whatever their `modified_on`: these come from the landing zone alone.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from attendance_common.errors import WarehouseError
from attendance_common.load import attention, old_table_sql, repair, settle_sql, table_check
from attendance_common.load import backfill_sql as sql
from attendance_common.load.batch import READ, check_sum, write
from attendance_common.load.halving import in_halves
from attendance_common.load.list_sql import BACKFILL
from attendance_common.load.load_run import LoadRun
from attendance_common.load.old_table import OldTable, look
from attendance_common.load.plan import Part
from attendance_common.load.refusals import Unreadable
from attendance_common.load.warehouse import Warehouse
from attendance_common.log import event, log

NO_DATE = "its date is missing, malformed or impossible"


@dataclass(frozen=True)
class Pending:
    """What a backfill is to do: the dates that are not taken yet, month by month.

    `days`: all dates of the older table within the part that was asked for. `undated`: number of rows whose
    date is missing or wrong.
    """

    months: list[list[dt.date]]
    days: list[dt.date]
    undated: int


@dataclass
class Taken:
    """The outcome of a month: counts of rows, and of rows that cannot be taken, by their fault.

    The count `known` is of rows whose id the landing zone has, or had.
    """

    counts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)


class Backfill:
    """Takes an older table's rows; control rows get `run`, its name. `again`: also dates that were taken."""

    def __init__(self, warehouse: Warehouse, table: OldTable, run: str, *, again: bool = False) -> None:
        self._warehouse = warehouse
        self._table = table
        self._run = run
        self._again = again

    def look(self, part: Part) -> Pending:
        """What is to be taken of these dates."""
        months: dict[tuple[int, int], list[dt.date]] = defaultdict(list)
        days, undated, done = [], 0, self._done()
        for text, rows in self._dates():
            day = old_table_sql.day_of(text, self._table)
            if day is None:
                undated += rows
            elif part.first <= day <= part.last:
                days.append(day)
                if day not in done:
                    months[day.year, day.month].append(day)
        return Pending([sorted(months[month]) for month in sorted(months)], sorted(days), undated)

    def _dates(self) -> list[tuple[str | None, int]]:
        """How many rows each date has. Raises WarehouseError when a view cannot give its dates."""
        try:
            return self._warehouse.rows(*old_table_sql.dates(self._table))
        except Unreadable as fault:
            raise WarehouseError(
                f"the dates of {self._table.name} cannot be read: {fault}: let this view give them as text",
                to_mend=True,
            ) from fault

    def _done(self) -> set[dt.date]:
        """The dates that were taken before, and are not to be read."""
        if self._again:
            return set()
        return {day for (day,) in self._warehouse.rows(*sql.done_days(self._table.name))}

    def load(
        self, months: Sequence[Sequence[dt.date]]
    ) -> Iterator[tuple[Sequence[dt.date], Taken | WarehouseError]]:
        """Take these months; gives each with its outcome when it is done.

        A month that Redshift cannot read is halved, until the date at fault is found.
        """
        return in_halves(months, self._load_month, repair.halves)

    def _load_month(self, days: Sequence[dt.date]) -> Taken:
        return self._warehouse.locked(partial(self._load, days))

    def show(
        self, months: Sequence[Sequence[dt.date]]
    ) -> Iterator[tuple[Sequence[dt.date], Taken | WarehouseError]]:
        """The outcomes that these months would have; each transaction is rolled back."""
        return in_halves(
            months, lambda days: self._warehouse.snapshot(partial(self._stage, days)), repair.halves
        )

    def _stage(self, days: Sequence[dt.date]) -> Taken:
        """Read the rows of these dates, and count them."""
        self._warehouse.rows(*sql.stage(self._table, days))
        taken = Taken()
        for known, fault, rows in self._warehouse.rows(sql.COUNT):
            if fault is not None:
                taken.faults[fault] += rows
            taken.counts["known" if known else "rows_read" if fault is None else "not_taken"] += rows
        return taken

    def _load(self, days: Sequence[dt.date]) -> Taken:
        done = self._done()
        days = [day for day in days if day not in done]
        if not days:  # another backfill has taken them
            return Taken()
        send = self._warehouse.rows
        taken = self._stage(days)
        send(sql.NAME_LISTS)
        send(sql.UNSTAGE)
        send(*settle_sql.settle_backfill(days[0], days[-1]))
        first, last = self._read_other_months(days)
        self._skip_unresolved()
        counts = write(
            self._warehouse, first, last, self._run, lambda: self._write_control_rows(days), origin=BACKFILL
        )
        check_sum(counts + taken.counts, first, last)
        taken.counts.update({name: counts[name] for name in READ})
        return taken

    def _read_other_months(self, days: Sequence[dt.date]) -> tuple[dt.date, dt.date]:
        """Read the rows of winners that are in another month: a row of this month was the newest before.

        Gives the first and the last date of all places of the ids that are written.
        """
        found = self._warehouse.rows(*settle_sql.outside_batch(days[0], days[-1], BACKFILL))
        bounds = {kind: day for kind, day, _ in found if kind != "row"}
        if bounds["unknown"]:
            self._warehouse.rows(*settle_sql.keep_equal_rows(days[0], days[-1]))
        if others := sorted({day for kind, day, _ in found if kind == "row"}):
            self._warehouse.rows(*sql.stage_winners(self._table, others))
        return bounds["first"] or dt.date.min, bounds["last"] or dt.date.min

    def _skip_unresolved(self) -> None:
        """Take ids out of the batch whose winner is in another month, and no longer in this older table."""
        for text in (
            settle_sql.CREATE_UNRESOLVED,
            settle_sql.SKIP_UNRESOLVED,
            settle_sql.DROP_UNRESOLVED,
        ):
            self._warehouse.rows(text)

    def _write_control_rows(self, days: Sequence[dt.date]) -> None:
        """Write the control rows of the month's lists."""
        self._warehouse.rows(*sql.delete_lists(self._table.name))
        self._warehouse.rows(*sql.insert_lists(self._table.name, self._run, days[0], days[-1]))


# --- a run --------------------------------------------------------------------------------------------------


def take_rows(run: LoadRun) -> list[dt.date]:
    """Take the rows of the table that the flags name; in a dry run, only count them.

    The counts and sentences are added to the run's `done`. Gives the dates that have rows of older tables
    alone, and on which the native table has other rows than were taken.
    """
    flags, done, warehouse = run.flags, run.done, run.warehouse
    table = look(warehouse, flags.backfill_from, flags.backfill_school)
    _check_school(warehouse, table)
    name = str(table.name)
    backfill = Backfill(warehouse, table, run.context.run, again=flags.reload)
    pending = backfill.look(run.part)
    faults = Counter({NO_DATE: pending.undated} if pending.undated else {})
    for days, outcome in (backfill.show if run.context.dry_run else backfill.load)(pending.months):
        if isinstance(outcome, WarehouseError):
            done.sentences.append(attention.month_not_taken(name, days, str(outcome)))
            continue
        _log(days, outcome)
        done.sums.update(outcome.counts)
        faults.update(outcome.faults)
    if faults:
        done.sentences.append(attention.not_taken(name, faults))
    done.counts |= {"known": done.sums["known"], "not_taken": sum(faults.values())}
    if run.context.dry_run or not pending.days:
        return []
    sums = table_check.sums(warehouse, pending.days[0], pending.days[-1])
    return table_check.state_of(each for each in sums if each.only_backfilled).damaged_rows


def _check_school(warehouse: Warehouse, table: OldTable) -> None:
    """Raise WarehouseError when rows of the table were taken as those of another school."""
    if table.school is None:
        return
    taken = [school for (school,) in warehouse.rows(*sql.schools_taken(table.name))]
    if others := [school for school in taken if school != table.school]:
        raise WarehouseError(
            f"the rows of {table.name} were taken as those of school {others[0]}: say --backfill-school "
            f"{others[0]}, or undo that backfill first (docs/operations.md, 'Undo a backfill')",
            to_mend=True,
        )


def _log(days: Sequence[dt.date], taken: Taken) -> None:
    """Log the outcome of a month, or that which it would have."""
    names = ("rows_read", *READ, "known", "not_taken")
    counts = [f"{taken.counts[name]} {name.replace('_', ' ')}" for name in names if taken.counts[name]]
    fields = event("month_taken", counts=taken.counts)
    log.info("%s to %s: %s", days[0], days[-1], ", ".join(counts) or "nothing to do", extra=fields)
    for fault, count in sorted(taken.faults.items()):
        log.info("%s to %s: not taken, %s: %d", days[0], days[-1], fault, count)
