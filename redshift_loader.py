"""Register new partitions of the landing zone with Redshift Spectrum and load the lists that changed.

Input: the Parquet objects below S3_PREFIX that the fetcher landed. Output: partitions of the external table,
the native table public.period_attendance with each record once in its newest version, the control tables, and
one JSON line on stdout. Each batch of lists is one transaction.
Exit status: 0 all done; 1 failed, and may pass: try again; 2 a setting, secret, right, table or bucket is
missing or wrong; 3 finished, and a person should read `attention` (such as no list at all, a list that cannot
be read, objects that the fetcher did not write, an id in two schools, a table that differed from what was
loaded, school days without a record).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from attendance_common import command
from attendance_common.config import LoaderSettings
from attendance_common.errors import AttendanceError, Terminated
from attendance_common.load import attention, external, native_tables, read_only, upkeep
from attendance_common.load.arguments import AddList, add_backfill, add_part, not_together
from attendance_common.load.backfill import take_rows
from attendance_common.load.changed_lists import ChangedLists, reload_part
from attendance_common.load.check import check
from attendance_common.load.conclusion import Conclusion
from attendance_common.load.load_run import LoadRun
from attendance_common.load.page_facts import write_page
from attendance_common.load.status_facts import status


def load(settings: LoaderSettings, context: command.Context) -> command.Outcome:
    """Do what the flags ask for, and return the outcome. Raises AttendanceError."""
    if faults := not_together(context.flags):
        raise AttendanceError("; ".join(faults), to_mend=True)
    if context.flags.check:
        return check(settings, context.flags.report)
    if context.flags.status_page:
        return write_page(settings, context.flags.status_page)
    if context.flags.status:
        return status(settings, context)
    return run_and_record(LoadRun.begin(settings, context))


def run_and_record(run: LoadRun) -> command.Outcome:
    """Backfill, verify or load; write the run record, also of a failure; return the outcome."""
    conclusion = Conclusion(run)
    try:
        if run.flags.backfill_from:
            backfill(run)
        elif run.flags.verify:
            verify(run)
        else:
            load_changed(run)
        outcome = conclusion.conclude()
        conclusion.copy_run_records()
    except (Exception, Terminated) as error:
        run.context.termination.ignore()
        conclusion.record_failure(error)
        raise
    return outcome


def load_changed(run: LoadRun) -> None:
    """Load the lists that changed; remove rows that no list has any more; check the table and repair it."""
    external.check_table(run.warehouse)
    native_tables.check_tables(run.warehouse)
    registered = external.registered_days(run.warehouse, run.areas)
    if run.context.dry_run:
        read_only.show_plan(run, registered)
        return
    if run.flags.reload:
        reload_part(run)
    lists = ChangedLists(run, registered)
    first = lists.load(run.part, run.forgotten)
    state = upkeep.remove_departed(run, first)
    if state.damaged_places:
        first = lists.load_again(state.damaged_places)
        state = upkeep.remove_departed(run, first)
    if damaged_places := upkeep.repair_dates(run, state.damaged_rows):
        lists.load_again(damaged_places)
    upkeep.expire(run, state)
    upkeep.report(run, state)
    if run.done.changed_rows:
        upkeep.check_data(run)


def verify(run: LoadRun) -> None:
    """Compare S3, the control tables and the native table; change nothing."""
    external.check_table(run.warehouse)
    native_tables.check_tables(run.warehouse)
    read_only.verify(run)


def backfill(run: LoadRun) -> None:
    """Take the rows of an older table, and repair damaged dates that have only rows of older tables."""
    native_tables.check_tables(run.warehouse)
    damaged = take_rows(run)
    if damaged_places := upkeep.repair_dates(run, damaged):
        run.done.sentences.append(attention.places_damaged(damaged_places))


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
    "--backfill-from public.old_attendance --dry-run": "say what a backfill would do, and change nothing",
    "--forget-list 2025-12-09 12549": "remove the rows of a list whose object is gone from S3",
}


def flags() -> argparse.ArgumentParser:
    """The loader's flags."""
    parser = command.parser((__doc__ or "").strip(), LoaderSettings, EXAMPLES)
    add_part(parser)
    kind = parser.add_mutually_exclusive_group()
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
        help="write what --status says, and more, as an HTML file: calendar, schools, changes, checks, runs",
    )
    kind.add_argument(
        "--forget-list",
        nargs=2,
        action=AddList,
        default=[],
        metavar=("DATE", "SCHOOL"),
        help="treat a list whose object is gone from S3 as empty: its rows are removed from the table",
    )
    parser.add_argument(
        "--json", action="store_true", help="with --status: the result line alone, with each school in it"
    )
    add_backfill(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the loader; returns the exit status."""
    return command.run(flags(), LoaderSettings, load, argv)


if __name__ == "__main__":
    sys.exit(main())
