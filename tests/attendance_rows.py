"""Rows put into the warehouse by hand, for what reads it: views and checks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from tests.pipeline import Pipeline

MONDAY = dt.date(2025, 12, 8)
RECORD: dict[str, Any] = {
    "attendance_status": "P",
    "excused_status": None,
    "period_from": "1",
    "minutes_missed": 0,
    "potential_minutes": 45,
    "created_on": "2025-12-08 08:00:00",
    "modified_on": "2025-12-08 09:00:00",
}


def literal(value: object) -> str:
    """A value as SQL."""
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def insert(pipeline: Pipeline, table: str, rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows that have the same columns."""
    values = ", ".join("(" + ", ".join(map(literal, row.values())) + ")" for row in rows)
    pipeline.query(f"INSERT INTO public.{table} ({', '.join(rows[0])}) VALUES {values}")


def put_records(pipeline: Pipeline, records: Iterable[dict[str, Any]]) -> None:
    """Put records into the native table, each with an id of its own unless it has one."""
    common = {**RECORD, "source_file": "x", "loaded_at": "2025-12-09 06:00:00"}
    rows = [{"id": number, "school_id": 1, **common, **each} for number, each in enumerate(records, 1)]
    insert(pipeline, "period_attendance", rows)


def put_lists(pipeline: Pipeline, counts: dict[tuple[dt.date, int], int]) -> None:
    """Let lists of these dates and schools count as loaded, with so many records."""
    rows = [
        {
            "partition_date": day,
            "school_id": school,
            "origin": "s3",
            "etag": "e",
            "row_count": count,
            "loaded_at": "2025-12-09 06:00:00",
            "run": "R",
        }
        for (day, school), count in counts.items()
    ]
    insert(pipeline, "period_attendance_lists", rows)


def weekdays(first: dt.date, count: int) -> list[dt.date]:
    """So many Mondays to Fridays."""
    days = (first + dt.timedelta(days=number) for number in range(2 * count + 2))
    return [day for day in days if day.weekday() < 5][:count]
