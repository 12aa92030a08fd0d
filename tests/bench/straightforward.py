"""The script that one writes first: page by page, dict by dict, everything in memory, one put per date."""

from __future__ import annotations

import io
import json
import os
from typing import Any

import boto3
import polars as pl

from tests.bench.reading import connect, pages


def flatten(record: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """`{"a": {"b": 1}}` -> `{"a__b": 1}`; lists become JSON text."""
    flat: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            flat.update(flatten(value, f"{prefix}{name}__"))
        else:
            flat[prefix + name] = json.dumps(value) if isinstance(value, list) else value
    return flat


def main() -> None:
    """Fetch, flatten, write."""
    records = [
        flatten(record) for page in pages(connect(), json.loads) for record in page["periodAttendanceList"]
    ]
    rows = pl.DataFrame(records, infer_schema_length=None)
    s3 = boto3.client("s3")
    for (date,), part in rows.group_by("date"):
        month, day, year = str(date).split("-")
        body = io.BytesIO()
        part.write_parquet(body)
        key = f"{os.environ['S3_PREFIX']}year={year}/month={month}/day={day}/data.parquet"
        s3.put_object(Bucket=os.environ["S3_BUCKET"], Key=key, Body=body.getvalue())
    print(json.dumps({"records": rows.height}))


if __name__ == "__main__":
    main()
