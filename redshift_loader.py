"""Register new partitions of the landing zone with Redshift Spectrum and bring the table to what changed.

In: the Parquet objects below S3_PREFIX, as the fetcher lands them. Out: the external table's partitions, the
native table public.period_attendance with every record once in its newest version, the control tables, and
one JSON line on stdout. Each batch of lists is one transaction.
Exit status: 0 all done, nothing to say; 1 failed, may pass: try again; 2 a setting, secret, right, table or
bucket is missing or wrong; 3 finished; somebody should read `attention` (no list at all, one that cannot be
read, objects that are not the fetcher's, an id in two schools, a table that was not what was loaded, new
errors in the data, such as school days without a record).
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections import Counter
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from attendance_common import aws, command, landing
from attendance_common.conditions import ALL, Judged
from attendance_common.config import LoaderSettings
from attendance_common.errors import AttendanceError, Terminated, WarehouseError
from attendance_common.history import History
from attendance_common.load import (
    attention,
    control,
    external,
    history_sql,
    native_tables,
    plan,
    quality,
    quality_run,
    repair,
    shared_ids,
    states,
    table_check,
    verify,
)
from attendance_common.load.arguments import AddList, add_backfill, add_part, not_together
from attendance_common.load.backfill import take_rows
from attendance_common.load.batch import Batch, Loaded, named
from attendance_common.load.batches import load_batches
from attendance_common.load.check import check
from attendance_common.load.departures import depart
from attendance_common.load.halving import in_halves
from attendance_common.load.listing import LISTERS, Listing
from attendance_common.load.page_facts import write_page
from attendance_common.load.plan import Found, ListId, Version
from attendance_common.load.reload import reload
from attendance_common.load.run_files import RunFiles
from attendance_common.load.runs import take_over_or_wait, take_over_soon
from attendance_common.load.status_facts import status
from attendance_common.load.sums import Done
from attendance_common.load.table_check import TableState
from attendance_common.load.verify_backfill import verify_backfilled
from attendance_common.load.warehouse import Warehouse
from attendance_common.log import event, log
from attendance_common.numerals import counted
from attendance_common.run_record import SOME, RunRecords

ROUNDS = 3  # of a run: a list that is written while it is read is loaded by the next round


class Run:
    """One run: registers and loads what changed, then holds the table against what was loaded."""

    def __init__(self, settings: LoaderSettings, context: command.Context) -> None:
        self._settings = settings
        self._context = context
        self._now = dt.datetime.now(dt.timezone.utc)
        self._oldest = history_sql.oldest(self._now, settings.history_days)
        self._areas = landing.Areas(settings.bucket, settings.prefix)
        client = aws.s3_client(settings, LISTERS)
        self._listing = Listing(client, self._areas)
        self._warehouse = Warehouse(settings)
        self._registered: set[dt.date] = set()
        self._loaded = plan.Loaded()
        self._part = plan.Part(context.flags.first, context.flags.last, context.flags.school)
        self._history = History(client, self._areas, "load", self._now)
        self.done = Done({"run": context.run})
        self.records = RunRecords(
            client, self._areas, "load", aws.encryption(settings), dry_run=context.dry_run
        )
        self._files = RunFiles(client, self._areas)

    def load(self, forgotten: Collection[ListId]) -> None:
        """Load what changed; let go what no list holds; check the table, and repair it."""
        external.check_table(self._warehouse)
        native_tables.check_tables(self._warehouse)
        self._registered = external.registered_days(self._warehouse, self._areas)
        if self._context.dry_run:
            self._show_plan(forgotten)
            return
        if self._context.flags.reload:
            self._forget()
        self._load_changed(self._part, forgotten)
        state = self._let_go(forgotten)
        if state.misplaced:
            self._fill_places(state.misplaced)
            state = self._let_go(forgotten)
        if unwon := self._repair(state.damaged):
            self._fill_places(unwon)
        self._expire(state)
        self._note(state)
        if self.done.changed_rows:
            self._check_data()

    # --- loading what changed ---------------------------------------------------------------------------

    def _load_changed(self, part: plan.Part, forgotten: Collection[ListId] = ()) -> None:
        """Load the lists of a part that changed, round by round until none waits."""
        waiting: set[ListId] = set()
        for _ in range(ROUNDS):
            self._loaded = control.loaded(self._warehouse)
            found = self._listing.compare(self._loaded)
            self._look_at(found, forgotten)
            self._register(found)
            changed = self._changed(part, found)
            newly_gone = [each for each, known in found.gone.items() if not known and part.has(each)]
            waiting = set(filter(part.has, self._load_batches(changed, newly_gone)))
            if not waiting:
                return
        self.done.faults = dict.fromkeys(waiting, WarehouseError(attention.WAITS)) | self.done.faults

    def _forget(self) -> None:
        """Let the part's lists be read and written again, but for those whose object is gone."""
        loaded = control.loaded(self._warehouse)
        gone = self._listing.compare(loaded).gone
        reload(self._warehouse, [each for each in loaded if self._part.has(each) and each not in gone])

    def _changed(self, part: plan.Part, found: Found) -> dict[ListId, Version]:
        """The lists of a part that changed, and were not seen to be at fault."""
        return {
            each: version
            for each, version in found.changed.items()
            if part.has(each) and each not in self.done.faults
        }

    def _look_at(self, found: Found, forgotten: Collection[ListId]) -> None:
        """Count what lies in the landing zone."""
        if faults := self._unforgettable(found, forgotten):
            raise AttendanceError(f"--forget-list: {'; '.join(faults)}", to_mend=True)
        self.done.found = found
        self.done.counts |= {"partitions": len(found.days), "lists": found.lists}
        counts = {"lists": found.lists, "partitions": len(found.days), "to_load": len(found.changed)}
        lists = counted(found.lists, "list", "lists")
        partitions = counted(len(found.days), "partition", "partitions")
        fields = event("listed", counts=counts)
        log.info("%s in %s, %d to load", lists, partitions, len(found.changed), extra=fields)

    def _unforgettable(self, found: Found, forgotten: Collection[ListId]) -> list[str]:
        """Why lists cannot be forgotten: only a loaded list whose object is gone can be."""
        there = self._listing.versions(forgotten)
        unknown = [each for each in forgotten if each not in there and each not in found.gone]
        return [
            *(f"{self._areas.list_url(*each)} is in S3: move it away first" for each in sorted(there)),
            *(f"{self._areas.list_url(*each)} was never loaded" for each in sorted(unknown)),
        ]

    def _register(self, found: Found) -> None:
        new = plan.to_register(found, self._registered)
        for text, values in external.register(new, self._areas):
            self._warehouse.alone(text, values)
        self._registered |= set(new)
        self.done.sums["registered"] += len(new)

    def _load_batches(self, changed: dict[ListId, Version], gone: Sequence[ListId]) -> set[ListId]:
        """Load batch after batch; gives the lists that wait for another round."""
        batch = Batch(self._warehouse, self._listing, self._context.run)
        done = load_batches(batch, self._listing, changed, gone, self._settings.batch_partitions)
        lists, settled, waiting = len(changed) + len(gone), 0, set[ListId]()
        with self._context.progress("lists") as show:
            try:
                for these, outcome in done:
                    self.done.add(outcome)
                    waiting |= outcome.waiting
                    settled += len(these)
                    log_batch(these, outcome)
                    show(settled, lists)
            except Terminated as stopped:
                raise Terminated(f"{stopped}: {lists - settled} of {lists} lists") from stopped
        return waiting

    # --- holding the table against what was loaded ------------------------------------------------------

    def _check(self) -> TableState:
        """Check the table, but for dates that have an older table's rows alone."""
        first = plan.checked_from(self._loaded, self.done.found)
        return table_check.check(self._warehouse, first, self._oldest)

    def _let_go(self, forgotten: Collection[ListId]) -> TableState:
        """Check the table; let marked places go that may, unless places are damaged, and check again."""
        state = self._check()
        if state.misplaced or not (state.marked or forgotten):
            return state
        self.done.sums["removed"] += depart(self._warehouse, self._listing, forgotten, self._context.run)
        return self._check()

    def _fill_places(self, days: Sequence[dt.date]) -> None:
        """Load the lists of these dates again, whose places somebody damaged."""
        self.done.sentences.append(attention.misplaced(days))
        repair.forget(self._warehouse, days)
        self._load_changed(plan.Part(days[0], days[-1]))

    def _repair(self, damaged: Sequence[dt.date]) -> list[dt.date]:
        """Read the rows again that the table has otherwise than they were loaded.

        Gives the dates of rows whose places are damaged.
        """
        unwon: list[dt.date] = []
        step = self._settings.batch_partitions
        groups = [damaged[start : start + step] for start in range(0, len(damaged), step)]
        for days, outcome in in_halves(groups, partial(repair.repair, self._warehouse), repair.halves):
            if isinstance(outcome, WarehouseError):
                self.done.sentences.append(attention.unrepaired(days, str(outcome)))
                continue
            self.done.sums["repaired_dates"] += len(days)
            self.done.sentences += attention.repaired(days, outcome)
            unwon += outcome.unwon_days
        return unwon

    def _expire(self, state: TableState) -> None:
        """Let former versions go that are no longer to be kept."""
        if state.expired:
            statement = history_sql.expire(self._oldest)
            self._warehouse.locked(lambda: self._warehouse.rows(*statement))
            self.done.sums["expired"] += state.expired

    def _note(self, state: TableState) -> None:
        """Note the newest date, and which schools hold the same ids."""
        self.done.counts["newest_date"] = state.newest_date
        self.done.shared = shared_ids.find(self._warehouse, state.superseded)

    def _check_data(self) -> None:
        """Make the checks of the data; where that fails, the load stands, and a person is told."""
        try:
            self.done.findings = quality_run.renew(self._warehouse, self._context.run, self._now)
        except WarehouseError as fault:
            self.done.sentences.append(quality.unchecked(str(fault)))

    # --- changing nothing -------------------------------------------------------------------------------

    def _show_plan(self, forgotten: Collection[ListId]) -> None:
        """Say what would be done."""
        self._loaded = control.loaded(self._warehouse)
        found = self._listing.compare(self._loaded)
        self._look_at(found, forgotten)
        new = plan.to_register(found, self._registered)
        lists = sorted(self._changed(self._part, found))
        self.done.sums |= Counter(registered=len(new), loaded=len(lists))
        log.info("would register: %s", ", ".join(map(str, new)) or "nothing")
        log.info("would load: %s", named(lists) if lists else "nothing")
        for each in lists:
            log.debug("would load the list of %s of school %d", *each)
        for each in sorted(forgotten):
            log.info("would let go: the records of the list of %s of school %d", *each)
        state = self._check()
        log.info("would repair: %s", ", ".join(map(str, state.damaged)) or "nothing")
        log.info("would let go: %s of the history", counted(state.expired, "version", "versions"))
        self._note(state)

    def verify(self) -> None:
        """Compare footers, external rows, places and the table's rows; change nothing."""
        external.check_table(self._warehouse)
        native_tables.check_tables(self._warehouse)
        loaded = control.loaded(self._warehouse)
        found = self._listing.compare(loaded)
        self._look_at(found, ())
        sums = table_check.sums(self._warehouse, dt.date.min, dt.date.max)
        state = table_check.state_of(each for each in sums if not each.only_backfilled)
        dates = self._settings.batch_partitions
        verified = verify.verify(
            self._warehouse, self._listing, loaded, found, damaged=state.damaged, dates=dates
        )
        backfilled = table_check.state_of(each for each in sums if each.only_backfilled)
        verified_too = verify_backfilled(self._warehouse, backfilled.damaged)
        for each in (verified, verified_too):
            self.done.counts.update(each.counts)  # A sum of Counters would drop their zeros.
        self.done.sentences += [*verified.sentences, *verified_too.sentences]
        self._note(state)

    # --- an older table's rows --------------------------------------------------------------------------

    def backfill(self) -> None:
        """Take the rows of an older table, and repair the dates that have such rows alone."""
        native_tables.check_tables(self._warehouse)
        damaged = take_rows(self._warehouse, self._context, self._part, self.done)
        if unwon := self._repair(damaged):
            self.done.sentences.append(attention.unwon(unwon))

    # --- what a person should know ----------------------------------------------------------------------

    def conclude(self, forgotten: Collection[ListId]) -> command.Outcome:
        """Judge what was seen, leave the run's record, give the result.

        Who verifies is told of all that is found, and judges nothing for other runs.
        """
        if self._context.flags.backfill_from:
            counts = self.done.result()
            self.records.write({**self._about(), **counts, "attention": self.done.sentences})
            return command.Outcome(counts, self.done.sentences)
        verifies = self._context.flags.verify
        judged = Judged(self._history.last_everywhere, self._now, each_time=verifies)
        states.judge(judged, self.done.found, forgotten, self.done.shared, self._areas)
        counts = {**self.done.result(), "standing": judged.standing}
        sentences = [*judged.sentences, *self.done.failures(self._areas)]
        conditions = {} if verifies else {"conditions": judged.conditions}
        about = {**self._about(), **counts, "by_school": self.done.by_school()}
        self.records.write({**about, "attention": sentences, **conditions})
        if any(each.is_new for each in self.done.findings or []):
            quality_run.note_reported(self._warehouse, self._context.run)
        return command.Outcome(counts, sentences)

    def _about(self) -> dict[str, Any]:
        """What its record says of the run, however it ends."""
        flags = self._context.flags
        whole = self._part.is_whole and not flags.backfill_from
        return {
            "began": self._now.isoformat(timespec="seconds"),
            "scope": "backfill" if flags.backfill_from else "verify" if flags.verify else "load",
            "part": ALL if whole else SOME,
        }

    def take_over_runs(self) -> None:
        """Bring the tables of runs to the run records in S3, this run's among them."""
        if not (self._context.dry_run or self._context.flags.verify):
            take_over_or_wait(self._warehouse, self._files)

    def leave_failed(self, error: BaseException) -> None:
        """Leave the record and the row of a run that failed, if that can be done soon: `error` is raised."""
        done = {**self._about(), **self.done.result(), "by_school": self.done.by_school()}
        self.records.write_failed(done, error)
        if not (self._context.dry_run or self._context.flags.verify):
            take_over_soon(self._warehouse, self._files)


def log_batch(lists: Sequence[ListId], outcome: Loaded) -> None:
    """Log what came of a batch: `12 lists of 2025-12-08 to 2025-12-09: 3 inserted, 1 updated`."""
    counts = [f"{count} {name.replace('_', ' ')}" for name, count in outcome.counts.items() if count]
    counted = ", ".join(counts) or ("not loaded" if outcome.faults else "nothing to do")
    log.info("%s: %s", named(lists), counted, extra=event("batch_loaded", counts=outcome.counts))
    if outcome.waiting:
        waiting = named(sorted(outcome.waiting))
        log.info("%s: written while it was read, so the next round loads it", waiting)


def load(settings: LoaderSettings, context: command.Context) -> command.Outcome:
    """Load what changed, or verify; a run that fails leaves its record as well."""
    if context.flags.check:
        return check(settings, context.flags.report)
    if context.flags.status_page:
        return write_page(settings, context.flags.status_page)
    if context.flags.status:
        return status(settings, context)
    if faults := not_together(context.flags):
        raise AttendanceError("; ".join(faults), to_mend=True)
    run = Run(settings, context)
    forgotten = [ListId(day, school) for day, school in context.flags.forget_list]
    try:
        if context.flags.backfill_from:
            run.backfill()
        elif context.flags.verify:
            run.verify()
        else:
            run.load(forgotten)
        outcome = run.conclude(forgotten)
        run.take_over_runs()
    except (Exception, Terminated) as error:
        context.termination.ignore()
        run.leave_failed(error)
        raise
    return outcome


# --- the command --------------------------------------------------------------------------------------------


EXAMPLES = {
    "--check": "before the first night: try everything that a load needs, and change nothing",
    "--check --report check.json": "write all that was seen to a file, for whoever looks after the scripts",
    "--dry-run": "say what would be registered, loaded and repaired, and change nothing",
    "--from 2025-09-01 --to 2025-09-30 --school 12549": "load what changed of one school in a month",
    "--reload --from 2025-12-09 --to 2025-12-09": "read and write a date's lists again",
    "--status": "how recent everything is, and what needs a person; --json for monitors",
    "--status-page status.html": "the same, and more, as a page to look at",
    "--verify": "compare all columns of what was loaded with S3 and with the table",
    "--backfill-from public.old_attendance --dry-run": "say what would come of an older table's rows",
    "--forget-list 2025-12-09 12549": "let the rows of a list leave whose object is gone",
}


def flags() -> argparse.ArgumentParser:
    """The loader's flags."""
    made = command.parser((__doc__ or "").strip(), LoaderSettings, EXAMPLES)
    add_part(made)
    kind = made.add_mutually_exclusive_group()
    kind.add_argument(
        "--reload",
        action="store_true",
        help="read and write these lists again, also those that have not changed",
    )
    kind.add_argument(
        "--verify",
        action="store_true",
        help="compare S3, the control tables and the table row by row, and change nothing",
    )
    kind.add_argument(
        "--status",
        action="store_true",
        help="say how recent everything is and what needs a person, and change nothing (status 0 or 3)",
    )
    kind.add_argument(
        "--status-page",
        type=Path,
        metavar="FILE",
        help="write that, and more, as an HTML file to look at: calendar, schools, changes, checks, runs",
    )
    kind.add_argument(
        "--forget-list",
        nargs=2,
        action=AddList,
        default=[],
        metavar=("DATE", "SCHOOL"),
        help="let a list whose object is gone from S3 count as empty: its rows leave the table",
    )
    made.add_argument(
        "--json", action="store_true", help="with --status: the result line alone, with each school in it"
    )
    add_backfill(made)
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the loader; returns the exit status."""
    return command.run(flags(), LoaderSettings, load, argv)


if __name__ == "__main__":
    sys.exit(main())
