"""The runs that change nothing: --dry-run shows what a load would do, --verify compares everything."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection

from attendance_common.load import attention, plan, table_check, upkeep
from attendance_common.load.batch import named
from attendance_common.load.load_run import LoadRun
from attendance_common.load.plan import Found, ListId, Loaded
from attendance_common.load.survey import survey
from attendance_common.load.verify import verify_lists
from attendance_common.load.verify_backfill import verify_backfilled
from attendance_common.log import log
from attendance_common.numerals import counted


def show_plan(run: LoadRun, registered: Collection[dt.date]) -> None:
    """Log what a load would do; `registered`: the partitions that Spectrum knows."""
    loaded, found = survey(run, run.forgotten)
    new = plan.to_register(found, registered)
    changed = sorted({*filter(run.part.has, found.changed), *_reloaded(run, loaded, found)})
    run.done.sums |= Counter(registered=len(new), loaded=len(changed))
    log.info("would register: %s", ", ".join(map(str, new)) or "nothing")
    log.info("would load: %s", named(changed) if changed else "nothing")
    for each in changed:
        log.debug("would load the list of %s of school %d", *each)
    for each in sorted(run.forgotten):
        log.info("would remove: the records of the list of %s of school %d", *each)
    if run.flags.reload:
        run.done.sentences += attention.nothing_to_reload(run.part, loaded, found)
    state = upkeep.check(run, plan.checked_from(loaded, found))
    log.info("would repair: %s", ", ".join(map(str, state.damaged_rows)) or "nothing")
    log.info("would remove: %s of the history", counted(state.expired, "version", "versions"))
    upkeep.report(run, state)


def _reloaded(run: LoadRun, loaded: Loaded, found: Found) -> list[ListId]:
    return plan.to_reload(run.part, loaded, found) if run.flags.reload else []


def verify(run: LoadRun) -> None:
    """Compare footers, external rows, places and the table's rows."""
    loaded, found = survey(run)
    sums = table_check.sums(run.warehouse, dt.date.min, dt.date.max)
    landed = table_check.state_of(each for each in sums if not each.only_backfilled)
    backfilled = table_check.state_of(each for each in sums if each.only_backfilled)
    dates = run.settings.batch_partitions
    of_lists = verify_lists(
        run.warehouse, run.listing, loaded, found, damaged=landed.damaged_rows, dates=dates
    )
    of_backfills = verify_backfilled(run.warehouse, backfilled.damaged_rows)
    for verified in (of_lists, of_backfills):
        run.done.counts.update(verified.counts)  # A sum of Counters would drop their zeros.
        run.done.sentences += verified.sentences
    upkeep.report(run, landed)
