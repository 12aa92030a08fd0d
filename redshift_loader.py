"""Register new partitions of the landing zone with Redshift Spectrum and merge what changed into the table.

In: the Parquet objects below S3_PREFIX, as the fetcher lands them. Out: the external table's partitions, the
native table public.period_attendance with every record once in its newest version, the control table, and
one JSON line on stdout. Each batch of partitions is one transaction.
Exit status: 0 all done, nothing to say; 1 failed, may pass: try again; 2 a setting, secret, right, table or
bucket is missing or wrong; 3 finished; somebody should read `attention` (a check that failed).
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from attendance_common import aws, command, landing
from attendance_common.config import LoaderSettings
from attendance_common.errors import Terminated, WarehouseError
from attendance_common.load import footers, plan
from attendance_common.load import merge_sql as sql
from attendance_common.load.listing import LISTERS, Listing
from attendance_common.load.refusals import SETUP, Moved, Unreadable
from attendance_common.load.warehouse import Warehouse
from attendance_common.log import event, log
from attendance_common.run_record import RunRecords

# --- registering --------------------------------------------------------------------------------------------


def check_external_table(warehouse: Warehouse) -> None:
    """Raise WarehouseError when the external table is missing or another version's."""
    table = [sql.EXTERNAL_SCHEMA, sql.EXTERNAL_TABLE]
    found = [tuple(row) for row in warehouse.rows(sql.EXTERNAL_COLUMNS, table)]
    if not found:
        raise WarehouseError(f"there is no table {sql.EXTERNAL}: {SETUP}", to_mend=True)
    if found != sql.expected_external_columns():
        raise WarehouseError(
            f"{sql.EXTERNAL} is another version's: DROP TABLE {sql.EXTERNAL} (S3 keeps all), then {SETUP}",
            to_mend=True,
        )


def registered_days(warehouse: Warehouse, areas: landing.Areas) -> list[dt.date]:
    """The partitions that Spectrum knows; raises WarehouseError when one of them points elsewhere."""
    days = []
    for values, location in warehouse.rows(sql.REGISTERED, [sql.EXTERNAL_SCHEMA, sql.EXTERNAL_TABLE]):
        day = registered_day(values)
        ours = areas.location(day).rstrip("/")[: sql.SHOWN_LOCATION].rstrip("/")
        if location[: sql.SHOWN_LOCATION].rstrip("/") != ours:
            raise WarehouseError(
                f"partition {day} of {sql.EXTERNAL} points to {location}, not below "
                f"s3://{areas.bucket}/{areas.landing}: check S3_BUCKET and S3_PREFIX, or drop the partition",
                to_mend=True,
            )
        days.append(day)
    return days


def registered_day(values: str) -> dt.date:
    """`["2025","12","09"]` -> the date of the partition; raises WarehouseError for what is no date."""
    try:
        return dt.date(*(int(value) for value in json.loads(values)))
    except (ValueError, TypeError):
        raise WarehouseError(
            f"a partition of {sql.EXTERNAL} is no date, {values}: ALTER TABLE … DROP PARTITION it",
            to_mend=True,
        ) from None


# --- loading ------------------------------------------------------------------------------------------------


class Batch:
    """Some partitions, merged in one transaction."""

    def __init__(self, warehouse: Warehouse, listing: Listing, areas: landing.Areas) -> None:
        self._warehouse = warehouse
        self._listing = listing
        self._areas = areas

    def load(self, days: Sequence[dt.date], *, look_elsewhere: bool = True) -> Counter[str]:
        """Merge the partitions in one transaction; returns what became of their rows.

        What left its object is looked for in other partitions before it leaves the table; where that is not
        to be done, it stays, and the partitions do not count as loaded.
        Raises CheckFailed or Moved when the numbers do not add up, UnreadableElsewhere when other partitions
        cannot be read: nothing of the batch is kept then.
        """
        return self._warehouse.transaction(
            prepare=lambda: self._listing.footers(days),
            work=partial(self._merge, days, look_elsewhere=look_elsewhere),
        )

    def _merge(self, days: Sequence[dt.date], told: footers.Footers, *, look_elsewhere: bool) -> Counter[str]:
        send = self._warehouse.rows
        send(sql.LOCK)
        loaded = dict(send(sql.LOADED))
        days = [day for day in days if loaded.get(day) != told.partitions[day].fingerprint]
        if not days:  # another loader was here first
            return Counter()
        rows = self._stage(days)
        check_footers(told.rows, rows)
        check_still(told.partitions, self._listing.partitions(days))
        left = self._take_out(told.left)
        send(*sql.find_lost(days))
        elsewhere = self._read_elsewhere(days) if look_elsewhere else 0
        left += self._take_out(self._left_elsewhere()) if elsewhere else 0
        concerned = self._classify(days, loaded)
        outcomes = self._count(left)
        outcomes["rows_read"] = sum(rows.values()) + elsewhere
        check_sum(days, outcomes)
        send(*sql.delete_updated(concerned))
        send(sql.INSERT_CHANGED)
        outcomes["removed"] = self._warehouse.count(*sql.delete_lost(days)) if look_elsewhere else 0
        self._check(days, concerned)
        send(*sql.forget_loads(days))
        if look_elsewhere:
            self._remember(rows, told.partitions)
            outcomes["loaded"] = len(days)
        send(sql.DROP_TEMPORARY)
        return outcomes

    def _stage(self, days: Sequence[dt.date]) -> dict[dt.date, int]:
        """Read the partitions; gives their rows, by date, as Spectrum counts them."""
        self._warehouse.rows(sql.CREATE_INCOMING)
        self._warehouse.rows(*sql.read_incoming(days))
        self._warehouse.rows(sql.CREATE_READ_FILE)
        self._warehouse.rows(sql.CREATE_LEFT_FILE)
        return {**dict.fromkeys(days, 0), **dict(self._warehouse.rows(sql.COUNT_DAYS))}

    def _take_out(self, left: Sequence[str]) -> int:
        """Let the rows of objects that were left count for nothing; gives how many they are."""
        if not left:
            return 0
        self._warehouse.insert(sql.INSERT_LEFT_FILE, [(name,) for name in left])
        return self._warehouse.count(sql.TAKE_OUT_LEFT)

    def _read_elsewhere(self, days: Sequence[dt.date]) -> int:
        """Read what other partitions hold of the records that left their object; gives the rows read."""
        [(lost,)] = self._warehouse.rows(sql.COUNT_LOST)
        try:
            return self._warehouse.count(*sql.read_elsewhere(days)) if lost else 0
        except Unreadable as fault:
            raise UnreadableElsewhere(str(fault)) from fault

    def _left_elsewhere(self) -> list[str]:
        found = [name for (name,) in self._warehouse.rows(sql.FILES_ELSEWHERE)]
        return self._listing.left_among(found)

    def _classify(self, days: Sequence[dt.date], loaded: Mapping[dt.date, str]) -> list[dt.date]:
        """Decide what becomes of each record; gives the dates within which the table has or gets them."""
        self._warehouse.rows(sql.FIND_HELD)
        self._warehouse.rows(sql.CREATE_LANDED)
        tied = [name for (name,) in self._warehouse.rows(sql.TIED_FILES)]
        listed = self._listing.beside(tied)
        unsettled = plan.unsettled(listed, self._areas.landing, loaded, days)
        if unsettled:  # they are loaded next, even if their objects should be as they were by then
            self._warehouse.rows(*sql.forget_loads(sorted(unsettled)))
        known = plan.landed_at(listed, self._areas, tied, unsettled)
        if known:
            self._warehouse.insert(sql.INSERT_LANDED, known)
        self._warehouse.rows(*sql.classify(days))
        [bounds] = self._warehouse.rows(sql.DATES_CONCERNED)
        return [*days, *filter(None, bounds)]

    def _count(self, left: int) -> Counter[str]:
        """How many rows became what; those of objects that were left are stale."""
        outcomes = Counter(stale=left)
        for outcome, count in self._warehouse.rows(sql.COUNT_OUTCOMES):
            outcomes[outcome] += count
        return outcomes

    def _check(self, days: Sequence[dt.date], concerned: Sequence[dt.date]) -> None:
        [(held, rows, records)] = self._warehouse.rows(*sql.check(concerned))
        if not held == rows == records:
            raise CheckFailed(
                f"partitions {days[0]} to {days[-1]} hold {held} records, {sql.NATIVE} has {rows} rows of "
                f"{records} of them. See the README, 'Duplicate Key Violation'"
            )

    def _remember(self, counted: dict[dt.date, int], held: Mapping[dt.date, plan.Partition]) -> None:
        """What was read is what is remembered: the partitions as they were before and after the scan."""
        rows = [(day, held[day].fingerprint, held[day].objects, count) for day, count in counted.items()]
        self._warehouse.insert(sql.INSERT_LOADS, rows, sql.INSERT_LOADS_ROW)


class CheckFailed(WarehouseError):
    """The numbers do not add up: the batch was rolled back, a person has to look."""


class UnreadableElsewhere(Unreadable):
    """A partition that lost rows are looked for in cannot be read; the batch itself can."""


def check_footers(by_footers: dict[dt.date, int], read: dict[dt.date, int]) -> None:
    """Raise Moved unless Spectrum read as many rows of each date as the objects' footers tell."""
    for day, rows in sorted(read.items()):
        if rows != by_footers.get(day):
            held = by_footers.get(day, "no")
            raise Moved(f"it holds {held} rows by its objects, Spectrum read {rows}")


def check_still(before: Mapping[dt.date, plan.Partition], after: Mapping[dt.date, plan.Partition]) -> None:
    """Raise Moved unless the objects are those whose footers were read: else who knows what was scanned."""
    for day, partition in sorted(after.items()):
        if not partition.is_as(before[day]):
            raise Moved("it was written while it was read")


READ = ("inserted", "updated", "skipped", "stale")  # what becomes of a row that was read


def check_sum(days: Sequence[dt.date], outcomes: Counter[str]) -> None:
    """Raise CheckFailed unless every row that was read became something."""
    became = sum(outcomes[name] for name in READ)
    if became != outcomes["rows_read"]:
        raise CheckFailed(
            f"partitions {days[0]} to {days[-1]} hold {outcomes['rows_read']} rows, {became} came of them: "
            f"{sql.NATIVE} has a record twice. See the README, 'Duplicate Key Violation'"
        )


class Run:
    """One run: registers and loads everything that is not yet, and counts what it does."""

    def __init__(self, settings: LoaderSettings, context: command.Context) -> None:
        self._settings = settings
        self._context = context
        self._areas = landing.Areas(settings.bucket, settings.prefix)
        client = aws.s3_client(settings, LISTERS)
        self._listing = Listing(client, self._areas)
        self._counts: dict[str, Any] = {"run": context.run}
        self._sums: Counter[str] = Counter()
        self.attention: list[str] = []
        self.records = RunRecords(
            client, self._areas, "load", aws.encryption(settings), dry_run=context.dry_run
        )

    @property
    def counts(self) -> dict[str, Any]:
        """What was done so far."""
        rows = {name: self._sums[name] for name in ("rows_read", *READ, "removed")}
        loaded = self._counts.get("loaded", self._sums["loaded"])
        return {**self._counts, "loaded": loaded, **rows}

    def load(self) -> None:
        """Find what there is and what is new; register and load it, or tell it in a dry run."""
        warehouse = Warehouse(self._settings)
        found = self._listing.survey()
        self._counts |= {"partitions": len(found.partitions), "objects": found.objects}
        self.attention += strays(found, self._areas)
        check_external_table(warehouse)
        new = plan.to_register(found, registered_days(warehouse, self._areas))
        changed = plan.to_load(found, dict(warehouse.rows(sql.LOADED)))
        log.info("%d objects in %d partitions", found.objects, len(found.partitions))
        log.info("%d partitions to register, %d to load", len(new), len(changed))
        self._counts["registered"] = len(new)
        if self._context.dry_run:
            self._counts["loaded"] = len(changed)
            log.info("would register: %s", ", ".join(map(str, new)) or "nothing")
            log.info("would load: %s", ", ".join(map(str, changed)) or "nothing")
            return
        for text, values in sql.register(new, self._areas):
            warehouse.alone(text, values)
        batch = Batch(warehouse, self._listing, self._areas)
        batches = plan.batches(changed, self._settings.batch_partitions)
        with self._context.progress("partitions") as show:
            load_changed(batch, batches, self._sums, self.attention, show)


def load(settings: LoaderSettings, context: command.Context) -> command.Outcome:
    """Load what is new; a run that fails leaves its record as well."""
    run = Run(settings, context)
    try:
        run.load()
    except (Exception, Terminated) as error:
        context.termination.ignore()
        run.records.write_failed(run.counts, error)
        raise
    run.records.write({**run.counts, "attention": run.attention})
    return command.Outcome(run.counts, run.attention)


def strays(found: plan.Found, areas: landing.Areas) -> list[str]:
    """A sentence when something else than the fetcher's objects lies in the landing zone."""
    if not found.strays:
        return []
    place = f"s3://{areas.bucket}/{areas.landing}"
    return [
        f"not the fetcher's, below {place}: {found.strays} objects; Spectrum reads them, or fails on them"
    ]


def load_changed(
    batch: Batch,
    batches: Sequence[Sequence[dt.date]],
    sums: Counter[str],
    attention: list[str],
    show: Callable[[int, int], None],
) -> None:
    """Load batch after batch into the sums; of one that cannot be read or does not add up, what can be.

    It is halved until what is at fault stands alone; that stays as it was and is told.
    """
    waiting = deque(batches)
    partitions, settled = sum(map(len, batches)), 0
    while waiting:
        days = waiting.popleft()
        show(settled, partitions)
        try:
            done = load_days(batch, days, attention)
        except (CheckFailed, Unreadable, Moved) as fault:
            if len(days) > 1:
                log.info("partitions %s to %s could not be loaded together: in halves", days[0], days[-1])
                waiting.extendleft([days[len(days) // 2 :], days[: len(days) // 2]])
                continue
            attention.append(f"partition {days[0]} was not loaded: {fault}")
        except Terminated as stopped:
            raise Terminated(f"{stopped}: {partitions - settled} of {partitions} partitions") from stopped
        else:
            fields = event("batch_loaded", counts=done)
            log.info("partitions %s to %s: %s", days[0], days[-1], told(done), extra=fields)
            sums.update(done)
        settled += len(days)


def load_days(batch: Batch, days: Sequence[dt.date], attention: list[str]) -> Counter[str]:
    """Load a batch; where lost rows cannot be looked for elsewhere, all but what is to become of them."""
    try:
        return batch.load(days)
    except UnreadableElsewhere as fault:
        done = batch.load(days, look_elsewhere=False)
        attention.append(
            f"partitions {days[0]} to {days[-1]} were loaded, but rows that left their objects stay, since "
            f"they cannot be looked for in other partitions: {fault}. Then run again"
        )
        return done


def told(outcomes: Counter[str]) -> str:
    """Counts for the log: `3 inserted, 1 updated`."""
    counted = (f"{count} {name.replace('_', ' ')}" for name, count in outcomes.items() if count)
    return ", ".join(counted) or "nothing to do"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the loader; returns the exit status."""
    description = (__doc__ or "").strip()
    return command.run(command.parser(description, LoaderSettings), LoaderSettings, load, argv)


if __name__ == "__main__":
    sys.exit(main())
