"""One batch: some lists of the landing zone, loaded in one transaction."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from attendance_common.errors import WarehouseError
from attendance_common.load import control, history_sql, plan, settle_sql
from attendance_common.load import merge_sql as sql
from attendance_common.load.list_sql import NATIVE, S3
from attendance_common.load.listing import Listing
from attendance_common.load.plan import ListId, Reading, Summary, Version
from attendance_common.load.warehouse import Warehouse

READ = ("inserted", "updated", "unchanged", "superseded")  # outcomes of a row that was read


class CheckFailed(WarehouseError):
    """The counts of a batch do not add up, so it was rolled back."""


@dataclass
class Loaded:
    """The outcome of a batch: counts of rows and lists, lists that wait for the next round, lists at fault.

    `lost_control_rows`: lists that were loaded before, although the control table had no row for them.
    """

    counts: Counter[str] = field(default_factory=Counter)
    waiting: set[ListId] = field(default_factory=set)
    faults: dict[ListId, WarehouseError] = field(default_factory=dict)
    lost_control_rows: set[ListId] = field(default_factory=set)


class Batch:
    """Loads lists, each batch in one transaction; `run`, its name, goes into control rows and the history."""

    def __init__(self, warehouse: Warehouse, listing: Listing, run: str) -> None:
        self._warehouse = warehouse
        self._listing = listing
        self._run = run

    def load(
        self, changed: Mapping[ListId, Version], gone: Collection[ListId], *, isolated: bool = False
    ) -> Loaded:
        """Load `changed` lists in the versions that were listed; note of others that their object is `gone`.

        The records of a list whose object is gone keep their places, marked: any other list's come first.
        `isolated`: read no list outside the batch; ids whose winner is in one stay unchanged, and wait.
        Raises Unreadable or CheckFailed when a list of the batch cannot be loaded; then nothing is loaded.
        """
        return self._warehouse.locked(lambda: self._load(changed, gone, isolated=isolated))

    def _load(self, changed: Mapping[ListId, Version], gone: Collection[ListId], *, isolated: bool) -> Loaded:
        days = {each.day for each in [*changed, *gone]}
        known = control.versions(self._warehouse, days)
        changed = {each: version for each, version in changed.items() if known.get(each) != version}
        gone = [each for each in gone if known.get(each) is not None]
        if not changed and not gone:  # another load has loaded them
            return Loaded()
        reading = self._stage(changed)
        faults: dict[ListId, WarehouseError] = {
            each: CheckFailed(fault) for each, fault in reading.faults.items()
        }
        if not reading.accepted and not gone:
            self._warehouse.rows("DROP TABLE staged")
            return Loaded(Counter(), reading.rewritten, faults)
        if left_out := reading.rewritten | faults.keys():
            self._warehouse.rows(*sql.unstage(left_out))
        self._warehouse.rows(*sql.name_lists(gone))
        self._warehouse.rows(*settle_sql.settle(min(days), max(days)))
        first, last, unresolved = self._read_outside_batch(days, isolated=isolated)
        rows = control.rows(reading.accepted, changed, gone, again=unresolved, run=self._run)
        counts = write(self._warehouse, first, last, self._run, lambda: self._write_control_rows(rows))
        loaded = reading.accepted.keys() - unresolved
        counts.update(loaded=len(loaded), rows_read=sum(reading.accepted.values()))
        check_sum(counts, first, last)
        return Loaded(counts, reading.rewritten | unresolved, faults, reading.placed - known.keys())

    def _stage(self, changed: Mapping[ListId, Version]) -> Reading:
        """Read the lists, and list them again: a list counts when its object is the same before and after."""
        self._warehouse.rows(*sql.stage(changed.keys()))
        found = self._warehouse.rows(sql.SUMMARY) if changed else []
        read = {ListId(day, school): Summary(*numbers) for day, school, *numbers in found}
        return plan.judge(changed, self._listing.versions(changed.keys()), read)

    def _read_outside_batch(
        self, days: Collection[dt.date], *, isolated: bool
    ) -> tuple[dt.date, dt.date, set[ListId]]:
        """Read the rows of winners that are in lists outside the batch; `days`: the dates of the batch.

        Gives the first and the last date of all places of the ids that are written, and the lists that wait
        because a list outside the batch no longer has the row of a winner.
        """
        batch_dates = min(days), max(days)
        found = self._warehouse.rows(*settle_sql.outside_batch(*batch_dates))
        lists = [ListId(day, school) for kind, day, school in found if kind == "row"]
        bounds = {kind: day for kind, day, _ in found if kind != "row"}
        if bounds["unknown"]:
            self._warehouse.rows(*settle_sql.keep_equal_rows(*batch_dates))
        unresolved: set[ListId] = set()
        if lists:
            if not isolated:
                self._warehouse.rows(*sql.stage_more(lists))
            unresolved = self._skip_unresolved()
        return bounds["first"] or dt.date.min, bounds["last"] or dt.date.min, unresolved

    def _skip_unresolved(self) -> set[ListId]:
        """Take ids whose winner cannot be read out of the batch; gives their lists, to be loaded again."""
        self._warehouse.rows(settle_sql.CREATE_UNRESOLVED)
        lists = {ListId(*each) for each in self._warehouse.rows(settle_sql.UNRESOLVED_LISTS)}
        if lists:
            self._warehouse.rows(*settle_sql.forget_lists(lists))
            self._warehouse.rows(settle_sql.SKIP_UNRESOLVED)
        self._warehouse.rows(settle_sql.DROP_UNRESOLVED)
        return lists

    def _write_control_rows(self, lists: Sequence[Sequence[object]]) -> None:
        """Write the control rows of the batch's lists."""
        self._warehouse.rows(sql.DELETE_LISTS)
        self._warehouse.insert(sql.INSERT_LISTS, lists, sql.LIST_ROW)


def write(
    warehouse: Warehouse,
    first: dt.date,
    last: dt.date,
    run: str,
    write_control_rows: Callable[[], None],
    *,
    origin: str = S3,
) -> Counter[str]:
    """Write `settled` to the table and the places, and the control rows by calling `write_control_rows`.

    All places of the ids that are written have dates from `first` to `last`. Gives the outcomes of the rows
    that were read (READ), with their counts.
    """
    send = warehouse.rows
    send(*history_sql.keep_replaced(first, last, run))
    send(*sql.delete_former(first, last))
    send(sql.WRITE)
    send(*sql.delete_places(first, last))
    send(sql.INSERT_PLACES)
    write_control_rows()
    counts = dict(send(*sql.outcomes(first, last, origin)))
    send(sql.DROP_TEMPORARY)
    check_written(counts, first, last)
    return Counter({name: counts.get(name, 0) for name in (*READ, "reread")})


def check_written(counts: Mapping[str, int], first: dt.date, last: dt.date) -> None:
    """Raise CheckFailed unless the table has each row that was to be written, once."""
    expected, rows, records = (counts[name] for name in ("to write", "rows", "records"))
    if not expected == rows == records:
        raise CheckFailed(
            f"{NATIVE} has {rows} rows of {records} records from {first} to {last}, where {expected} "
            "were to be written: see docs/operations.md, 'Duplicate Key Violation'"
        )


def check_sum(counts: Mapping[str, int], first: dt.date, last: dt.date) -> None:
    """Raise CheckFailed unless every row that was read has exactly one outcome."""
    outcomes = sum(counts[name] for name in READ)
    if outcomes != counts["rows_read"]:
        raise CheckFailed(
            f"{counts['rows_read']} rows were read of dates from {first} to {last}, and {outcomes} came of "
            "them: see docs/operations.md, 'Duplicate Key Violation'"
        )


def named(lists: Sequence[ListId]) -> str:
    """Lists for a person: one by its date and school, many by their number and dates."""
    if len(lists) == 1:
        return f"the list of {lists[0].day} of school {lists[0].school}"
    days = [each.day for each in lists]
    return f"{len(lists)} lists of {min(days)} to {max(days)}"
