"""Lists put into the landing zone by hand, and what the loader makes of them."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from datetime import date
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from tests.pipeline import LANDING, Pipeline
from tests.samples import LANDED

MONDAY, TUESDAY, LATER = date(2025, 12, 8), date(2025, 12, 9), date(2026, 2, 3)
FLAGS = ("is_early_dismissal", "is_locked", "verified")
OLD, NEW, NEWER = "2025-12-10 08:00:00.000000", "2025-12-11 08:00:00.000001", "2025-12-11 08:00:00.000002"

TYPES = {
    name: pa.bool_() if name in FLAGS else pa.int64() if isinstance(value, int) else pa.string()
    for name, value in LANDED.items()
} | dict.fromkeys(("attendance_reason_id", "early_dismissal_attendance_reason_id"), pa.int64())
SCHEMA = pa.schema(list(TYPES.items()))


def version(key: int, status: str, modified_on: str | None, **fields: Any) -> dict[str, Any]:
    return {"id": key, "attendance_status": status, "modified_on": modified_on, **fields}


def land(pipeline: Pipeline, day: date, *versions: dict[str, Any], school: int = 1) -> None:
    """Put one school's complete list for a date."""
    body = io.BytesIO()
    rows = listed(day, school, versions)
    pq.write_table(rows, body, version="1.0", compression="snappy", store_schema=False)
    put(pipeline, day, f"school_{school}.parquet", body.getvalue())


def listed(day: date, school: int, versions: Sequence[dict[str, Any]]) -> pa.Table:
    common = {**LANDED, "school_id": school, "date": f"{day:%m-%d-%Y}"}
    rows = [{**common, **each} for each in sorted(versions, key=lambda row: row["id"])]
    return pa.Table.from_pylist(rows, SCHEMA)


def land_left(pipeline: Pipeline, day: date, *versions: dict[str, Any], school: int = 1) -> None:
    """Put a list whose records have all been seen under other dates, as the fetcher marks it."""
    body = io.BytesIO()
    rows = pl.DataFrame(listed(day, school, versions))
    rows.write_parquet(body, compression="snappy", statistics=False, metadata={"left": "true"})
    put(pipeline, day, f"school_{school}.parquet", body.getvalue())


def put(pipeline: Pipeline, day: date, name: str, body: bytes) -> None:
    aws = pipeline.sandbox.aws
    aws.client("s3").put_object(Bucket=aws.bucket, Key=folder(day) + name, Body=body)


def take_away(pipeline: Pipeline, day: date, name: str) -> None:
    aws = pipeline.sandbox.aws
    aws.client("s3").delete_object(Bucket=aws.bucket, Key=folder(day) + name)


def folder(day: date) -> str:
    return f"{LANDING}year={day:%Y}/month={day:%m}/day={day:%d}/"


def load(pipeline: Pipeline, **variables: str) -> dict[str, int]:
    """Load; what became of the rows, without the zeros."""
    done = pipeline.load(**variables)
    assert done.status == 0, done.story
    names = ("inserted", "updated", "skipped", "stale", "removed")
    assert sum(done.result[name] for name in names[:4]) == done.result["rows_read"]
    return {name: done.result[name] for name in names if done.result[name]}


def statuses(pipeline: Pipeline) -> dict[int, tuple[str, date]]:
    return {key: (row["attendance_status"], row["attendance_date"]) for key, row in pipeline.table().items()}


def wait_a_second() -> None:
    """S3 tells when an object was written in whole seconds."""
    begun = int(time.time())
    while int(time.time()) == begun:
        time.sleep(0.05)
