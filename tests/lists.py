"""Lists put into the landing zone by hand, and what the loader makes of them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from attendance_common.command import Outcome
from tests.bucket import LANDING
from tests.loading import Loading
from tests.pipeline import Pipeline
from tests.samples import LANDED

MONDAY, TUESDAY, LATER = date(2025, 12, 8), date(2025, 12, 9), date(2026, 2, 3)
TABLE = "public.period_attendance"
LISTS, PLACES, HISTORY = f"{TABLE}_lists", f"{TABLE}_places", f"{TABLE}_history"
FLAGS = ("is_early_dismissal", "is_locked", "verified")
OLD, NEW, NEWER = "2025-12-10 08:00:00.000000", "2025-12-11 08:00:00.000001", "2025-12-11 08:00:00.000002"

TYPES = {
    name: pa.bool_() if name in FLAGS else pa.int64() if isinstance(value, int) else pa.string()
    for name, value in LANDED.items()
} | dict.fromkeys(("attendance_reason_id", "early_dismissal_attendance_reason_id"), pa.int64())
SCHEMA = pa.schema(list(TYPES.items()))
Seen = dict[int, list[tuple[str, date, str, list[str]]]]


def version(key: int, status: str, modified_on: str | None, **fields: Any) -> dict[str, Any]:
    return {"id": key, "attendance_status": status, "modified_on": modified_on, **fields}


def land(pipeline: Pipeline, day: date, *versions: dict[str, Any], school: int = 1) -> None:
    """Put one school's complete list for a date."""
    put(pipeline, day, f"school_{school}.parquet", parquet(listed(day, school, versions)))


def parquet(rows: pa.Table) -> bytes:
    """Rows as Parquet that Spectrum reads."""
    body = io.BytesIO()
    pq.write_table(rows, body, version="1.0", compression="snappy", store_schema=False)
    return body.getvalue()


def listed(day: date, school: int, versions: Sequence[dict[str, Any]]) -> pa.Table:
    common = {**LANDED, "school_id": school, "date": f"{day:%m-%d-%Y}"}
    rows = [{**common, **each} for each in sorted(versions, key=lambda row: row["id"] or 0)]
    return pa.Table.from_pylist(rows, SCHEMA)


def land_tombstone(pipeline: Pipeline, day: date, school: int = 1, run: str = "R") -> None:
    """Put the list of a date whose last record has left: one row, NULL but for the school."""
    empty = dict.fromkeys(SCHEMA.names) | {"school_id": school}
    rows = pa.Table.from_pylist([empty], SCHEMA).replace_schema_metadata({"run": run})
    put(pipeline, day, f"school_{school}.parquet", parquet(rows))


def put(pipeline: Pipeline, day: date, name: str, body: bytes) -> None:
    aws = pipeline.sandbox.aws
    aws.client("s3").put_object(Bucket=aws.bucket, Key=folder(day) + name, Body=body)


def take_away(pipeline: Pipeline, day: date, name: str) -> None:
    aws = pipeline.sandbox.aws
    aws.client("s3").delete_object(Bucket=aws.bucket, Key=folder(day) + name)


def folder(day: date) -> str:
    return f"{LANDING}year={day:%Y}/month={day:%m}/day={day:%d}/"


def load(pipeline: Pipeline, *, dates: int = 366) -> dict[str, int]:
    """Load, in batches of so many dates; what became of the rows, without the zeros."""
    said = Loading(pipeline).load(dates=dates)
    assert said.attention == []
    return outcomes(said)


def load_in_need(pipeline: Pipeline, *, dates: int = 366) -> tuple[dict[str, int], list[str]]:
    """Load what needs a person; what became of the rows, and what the person reads."""
    said = Loading(pipeline).load(dates=dates)
    assert said.attention
    return outcomes(said), said.attention


def outcomes(said: Outcome) -> dict[str, int]:
    """What became of the rows, without the zeros; whatever was read became something."""
    names = ("inserted", "updated", "unchanged", "superseded", "removed", "reread")
    assert sum(said.counts[name] for name in names[:4]) == said.counts["rows_read"]
    return {name: said.counts[name] for name in names if said.counts[name]}


def statuses(pipeline: Pipeline) -> dict[int, tuple[str, date]]:
    return {key: (row["attendance_status"], row["attendance_date"]) for key, row in pipeline.table().items()}


def history(pipeline: Pipeline) -> Seen:
    """For each id its former versions: status, date, what became of it, which columns changed."""
    return {
        key: [
            (each.row["attendance_status"], each.row["attendance_date"], each.change, each.columns)
            for each in versions
        ]
        for key, versions in pipeline.history().items()
    }


def times(pipeline: Pipeline, table: str = TABLE) -> dict[int, Any]:
    return {row["id"]: row["loaded_at"] for row in pipeline.query(f"SELECT id, loaded_at FROM {table}")}
