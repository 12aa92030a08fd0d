"""Gathers what the status page shows, and writes the file. It changes nothing else."""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

from attendance_common import aws, landing
from attendance_common.command import Outcome
from attendance_common.config import LoaderSettings
from attendance_common.errors import AttendanceError
from attendance_common.load.history_views import CORRECTIONS
from attendance_common.load.list_sql import NATIVE, placeholders
from attendance_common.load.listing import LISTERS, Listing
from attendance_common.load.page import LoadLine, PageFacts, RunLine, render
from attendance_common.load.run_files import RunFiles
from attendance_common.load.run_rows import Record
from attendance_common.load.status import Status, judge
from attendance_common.load.status_facts import gather, newest_records
from attendance_common.load.warehouse import Warehouse
from attendance_common.tables import RUNS

DATES = 14  # for which each school's records are shown
WEEKS = 53
LOADS, RUN_LINES = 15, 30

RECORDS = f"""\
SELECT attendance_date, COUNT(*)
FROM {NATIVE}
WHERE attendance_date >= %s
GROUP BY attendance_date"""

BY_SCHOOL = f"""\
SELECT school_id, attendance_date, COUNT(*)
FROM {NATIVE}
WHERE attendance_date IN ({{dates}})
GROUP BY school_id, attendance_date"""

LOADED = f"""\
SELECT began, inserted, updated, removed
FROM {RUNS.qualified}
WHERE script = 'load'
    AND inserted + updated + removed > 0
ORDER BY began DESC
LIMIT {LOADS}"""

LATENESS = f"""\
SELECT SUM(same_day), SUM(days_1_to_7), SUM(days_8_to_30), SUM(days_over_30)
FROM {CORRECTIONS.qualified}
WHERE week >= %s"""
LATE = ("same day", "1 to 7 days", "8 to 30 days", "more than 30 days")

LATEST = f"""\
SELECT script, scope, began, ended, status, NVL(landed, inserted + updated + removed)
FROM {RUNS.qualified}
ORDER BY began DESC
LIMIT {RUN_LINES}"""


def write_page(settings: LoaderSettings, file: Path) -> Outcome:
    """Write the page to the file; the result is that of `--status`. Raises AttendanceError."""
    now = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)
    _try_folder(file)
    areas = landing.Areas(settings.bucket, settings.prefix)
    s3 = aws.s3_client(settings, LISTERS)
    warehouse = Warehouse(settings)
    records = newest_records(RunFiles(s3, areas), now)
    found = judge(gather(warehouse, Listing(s3, areas), records), now, settings.status_hours)
    facts = page_facts(warehouse, found, records.values(), now)
    _replace(file, render(facts, now))
    return Outcome({**found.counts(), "page": str(file)}, found.attention)


def page_facts(
    warehouse: Warehouse, status: Status, records: Iterable[Record], now: dt.datetime
) -> PageFacts:
    """All that the page shows. `records`: run records, the newest first."""
    since = now.date() - dt.timedelta(weeks=WEEKS)
    by_date = dict(warehouse.rows(RECORDS, [since]))
    dates = sorted(day for day in by_date if day <= now.date())[-DATES:]
    [late] = warehouse.rows(LATENESS, [since])
    return PageFacts(
        status=status,
        records=by_date,
        by_school=_by_school(warehouse, dates),
        loads=[LoadLine(*row) for row in warehouse.rows(LOADED)],
        lateness={name: int(count or 0) for name, count in zip(LATE, late, strict=True)},
        quarantine=quarantined(records),
        runs=[RunLine(*row) for row in warehouse.rows(LATEST)],
    )


def _by_school(warehouse: Warehouse, dates: list[dt.date]) -> dict[int, dict[dt.date, int]]:
    found: dict[int, dict[dt.date, int]] = {}
    if dates:
        for school, day, count in warehouse.rows(BY_SCHOOL.format(dates=placeholders(dates)), dates):
            found.setdefault(school, {})[day] = count
    return found


def quarantined(records: Iterable[Record]) -> dict[str, int]:
    """Reason -> records that the newest reading of each school sent to quarantine, most first."""
    seen: set[str] = set()
    found: Counter[str] = Counter()
    for record in records:
        by_school = record.get("by_school")
        for school, about in by_school.items() if isinstance(by_school, dict) else ():
            reasons = about.get("quarantine") if isinstance(about, Mapping) else None
            if school not in seen and isinstance(reasons, dict):
                seen.add(school)
                found.update({str(why): count for why, count in reasons.items() if type(count) is int})
    return dict(found.most_common())


def _try_folder(file: Path) -> None:
    """Raise AttendanceError before any query when the file cannot be written."""
    if not (file.parent.is_dir() and os.access(file.parent, os.W_OK)) or file.is_dir():
        sentence = f"--status-page: {file} cannot be written: name a file in a folder that can be written"
        raise AttendanceError(sentence, to_mend=True)


def _replace(file: Path, text: str) -> None:
    """Write a new file and rename it: a reader sees the whole old page or the whole new one."""
    new = file.with_name(f".{file.name}.new")
    try:
        new.write_text(text, encoding="utf-8")
        new.replace(file)
    except OSError as error:
        sentence = f"--status-page: {file} cannot be written ({error.strerror})"
        raise AttendanceError(sentence, to_mend=True) from error
