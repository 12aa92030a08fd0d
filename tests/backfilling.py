"""Backfills from an older table of four records."""

from __future__ import annotations

from typing import Any

from tests.loading import Loading
from tests.old_tables import LAST, OCTOBER, OLD, SEPTEMBER, record, rows
from tests.pipeline import Pipeline

FROM = ("--backfill-from", OLD)

RECORDS = [
    record(1, SEPTEMBER),
    record(2, SEPTEMBER, attendanceStatus="T", meetingTime=None, modifiedOn=None, comment="o'clock"),
    record(3, OCTOBER, isLocked=True, minutesLate=12, excusedStatus="Excused"),
    record(4, LAST, createdOn="2019-10-31T23:59:59.123456Z"),
]
KEPT = {row["id"]: row for row in rows(RECORDS)}


def backfill(pipeline: Pipeline, *flags: str) -> tuple[dict[str, Any], list[str]]:
    """Backfill; the counts without zeros, and the attention."""
    said = Loading(pipeline).load(*FROM, *flags)
    names = (
        "rows_read",
        "inserted",
        "updated",
        "unchanged",
        "superseded",
        "known",
        "not_taken",
        "repaired_dates",
    )
    return {name: said.counts[name] for name in names if said.counts[name]}, said.attention


def load(pipeline: Pipeline) -> list[str]:
    """An ordinary load; its attention."""
    return Loading(pipeline).load().attention
