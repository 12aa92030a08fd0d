"""Gathers what `--status` says: a few queries, one listing of the landing zone, and the newest run records.

Nothing is changed, and no lock is taken. The records in S3 are read because a fetch has no row in the table
of runs before the next load has ended.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attendance_common import aws, landing
from attendance_common.command import Context, Outcome
from attendance_common.config import LoaderSettings
from attendance_common.load import control, quality_run
from attendance_common.load.listing import LISTERS, Listing
from attendance_common.load.run_files import RunFiles
from attendance_common.load.run_rows import Record, Row, RunName, rows_of
from attendance_common.load.school_days import FRESHNESS
from attendance_common.load.status import Facts, Run, SchoolRun, judge
from attendance_common.load.status_text import render
from attendance_common.load.warehouse import Warehouse
from attendance_common.run_record import SCRIPTS
from attendance_common.tables import RUN_SCHOOLS, RUNS, Table

DAYS = 8  # of run records: a condition that lasts is reported once a week
MOST = 50  # newest records of a script that are read; fewer, when a good run of all schools is among them

_RUN = ("run", "script", "scope", "part", "began", "ended", "status", "error", "attention")
_SCHOOL = ("school_id", "scope", "began", "fault", "in_quarantine")

ROWS = f"SELECT school_id, records, newest_date FROM {FRESHNESS.qualified}"

# Of each kind of run, the newest that ended well and the newest that failed.
NEWEST_RUNS = f"""\
SELECT {", ".join(_RUN)}
FROM {RUNS.qualified} AS runs
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY script, scope, part, CASE WHEN status IN (0, 3) THEN 1 ELSE 0 END
    ORDER BY began DESC, run DESC
) = 1"""

# Of each school and kind of fetch, the newest reading that has no fault and the newest that has one. A run
# that was stopped has rows of schools that it did not begin to read.
NEWEST_READINGS = f"""\
SELECT {", ".join(_SCHOOL)}
FROM {RUN_SCHOOLS.qualified} AS schools
WHERE script = 'fetch'
    AND (pages > 0 OR fault IS NOT NULL)
QUALIFY ROW_NUMBER() OVER (
    PARTITION BY school_id, scope, CASE WHEN fault IS NULL THEN 1 ELSE 0 END
    ORDER BY began DESC, run DESC
) = 1"""

ATTENTION = f"""\
SELECT attention
FROM {RUNS.qualified}
WHERE attention IS NOT NULL
    AND began >= DATEADD(day, -{DAYS}, GETDATE())
ORDER BY began DESC"""


def status(settings: LoaderSettings, context: Context) -> Outcome:
    """The result; unless --json is given, prints a page for a person first."""
    now = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)
    areas = landing.Areas(settings.bucket, settings.prefix)
    s3 = aws.s3_client(settings, LISTERS)
    records = newest_records(RunFiles(s3, areas), now)
    facts = gather(Warehouse(settings), Listing(s3, areas), records)
    found = judge(facts, now, settings.status_hours)
    if context.flags.json:
        return Outcome(found.whole(), found.attention)
    print(render(found, now))
    return Outcome(found.counts(), found.attention)


def gather(warehouse: Warehouse, listing: Listing, records: Mapping[RunName, Record]) -> Facts:
    """All that is known; raises AttendanceError. `records`: run records, the newest first."""
    rows = {school: (count, newest) for school, count, newest in warehouse.rows(ROWS)}
    runs = {(each.run, each.script): each for each in (Run(*row) for row in warehouse.rows(NEWEST_RUNS))}
    school_runs = [SchoolRun(*row) for row in warehouse.rows(NEWEST_READINGS)]
    reported = [sentence for (lines,) in warehouse.rows(ATTENTION) for sentence in lines.splitlines()]
    findings = quality_run.findings(warehouse)
    waiting = listing.compare(control.loaded(warehouse)).changed
    for name, record in records.items():
        if found := rows_of(name, record):
            run = Run(**_chosen(RUNS, found.run, _RUN))
            runs[run.run, run.script] = run
            school_runs += _readings(found.schools) if name.script == "fetch" else []
            reported = [*(run.attention or "").splitlines(), *reported]
    return Facts(list(runs.values()), rows, school_runs, waiting, reported, lasting(records), findings)


def newest_records(files: RunFiles, now: dt.datetime) -> dict[RunName, Record]:
    """The newest records of both scripts, back to a good run of all schools or lists; the newest first."""
    names = files.since(now - dt.timedelta(days=DAYS))
    found: dict[RunName, Record] = {}
    for script in SCRIPTS:
        of_script = [name for name in reversed(names) if name.script == script]
        for name in of_script[:MOST]:
            found[name] = record = files.read(name)
            if (rows := rows_of(name, record)) and _is_enough(Run(**_chosen(RUNS, rows.run, _RUN))):
                break
    return found


def _is_enough(run: Run) -> bool:
    return run.is_good and run.is_full and run.part is None


def _chosen(table: Table, row: Row, names: Iterable[str]) -> dict[str, Any]:
    """Some columns of a row."""
    whole = dict(zip((column.name for column in table.columns), row, strict=True))
    return {name: whole[name] for name in names}


def _readings(rows: Iterable[Row]) -> Iterator[SchoolRun]:
    """The readings of a run's schools, but for those that it did not begin to read."""
    for row in rows:
        values = _chosen(RUN_SCHOOLS, row, (*_SCHOOL, "pages"))
        if values.pop("pages") or values["fault"]:
            yield SchoolRun(values.pop("school_id"), **values)


def lasting(records: Mapping[RunName, Record]) -> set[str]:
    """The moments since which conditions last, by the newest record that judged each; records: newest first.

    A load judges a condition everywhere, so a condition that its newest record does not name has ended. A
    fetch judges schools of a school year.
    """
    moments: set[str] = set()
    judged: set[tuple[str, ...]] = set()
    for name, record in records.items():
        for condition, places in _items(record.get("conditions")):
            everywhere = (name.script, condition)
            ended = everywhere in judged
            for place, found in _items(places):
                here = (*everywhere, place, str(record.get("school_year")))
                since = dict(_items(found)).get("since")
                if isinstance(since, str) and not (ended or here in judged):
                    moments.add(since)
                judged.add(here)
            if name.script == "load":
                judged.add(everywhere)
    return moments


def _items(value: object) -> Iterable[tuple[str, Any]]:
    return value.items() if isinstance(value, dict) else ()
