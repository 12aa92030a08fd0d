"""Reads what the scripts left in the bucket, with other libraries than theirs."""

from __future__ import annotations

import io
import json
import re
from datetime import date
from typing import Any

import pyarrow.parquet

from tests.sandbox import Sandbox

LANDING = "raw_esd/incoming/periodAttendance/operational/landing/unnested_period_attendance/"
QUARANTINE = "raw_esd/incoming/periodAttendance/operational/quarantine/"
RUNS = "raw_esd/incoming/periodAttendance/operational/runs/"
ALERTS = "raw_esd/incoming/periodAttendance/operational/alerts/"


class Bucket:
    """The objects of a sandbox's bucket."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def keys(self, prefix: str) -> dict[str, str]:
        """Name below the prefix -> ETag."""
        pages = self._sandbox.aws.client("s3").get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=self._sandbox.aws.bucket, Prefix=prefix)
        return {
            entry["Key"][len(prefix) :]: entry["ETag"] for page in found for entry in page.get("Contents", [])
        }

    def read(self, key: str) -> bytes:
        """An object's body."""
        client = self._sandbox.aws.client("s3")
        return client.get_object(Bucket=self._sandbox.aws.bucket, Key=key)["Body"].read()

    def landed(self) -> dict[tuple[date, int], list[dict[str, Any]]]:
        """The rows of every object of the landing zone, by date and school, read by another library."""
        found = {}
        for name in self.keys(LANDING):
            match = re.fullmatch(r"year=(\d{4})/month=(\d\d)/day=(\d\d)/school_(\d+)\.parquet", name)
            assert match, f"{name} does not belong into the landing zone"
            year, month, day, school = map(int, match.groups())
            rows = pyarrow.parquet.read_table(io.BytesIO(self.read(LANDING + name))).to_pylist()
            found[date(year, month, day), school] = [] if is_tombstone(rows, school) else rows
        return found

    def run_record(self, run: str) -> dict[str, Any]:
        """The record that a run left, by the name in its result; AssertionError unless there is one."""
        [name] = [name for name in self.keys(RUNS) if run in name]
        record: dict[str, Any] = json.loads(self.read(RUNS + name))
        return record

    def quarantined(self) -> list[dict[str, Any]]:
        """Every line of the quarantine."""
        bodies = [self.read(QUARANTINE + name).decode() for name in self.keys(QUARANTINE)]
        return [json.loads(line) for body in bodies for line in body.splitlines()]


def is_tombstone(rows: list[dict[str, Any]], school: int) -> bool:
    """Whether it is the list that lost its last record: one row, in which only the school is not NULL."""
    return [{name: value for name, value in row.items() if value is not None} for row in rows] == [
        {"school_id": school}
    ]
