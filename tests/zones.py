"""A landing zone as one fetcher sees it, and readings published to it."""

from __future__ import annotations

import datetime as dt
import io
from collections import defaultdict

import polars as pl
import pytest

from attendance_common.config import FetcherSettings
from attendance_common.fetch.completeness import SchoolReading
from attendance_common.fetch.landing_zone import LandingZone, Published
from tests.pipeline import LANDING, Pipeline
from tests.samples import settings_with
from tests.sandbox import Sandbox


def zone_of(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> LandingZone:
    """A fetcher's view of the landing zone, with a listing of its own."""
    for name, value in sandbox.environment.items():
        monkeypatch.setenv(name, value)
    settings = settings_with(FetcherSettings, bucket=sandbox.aws.bucket, prefix=LANDING)
    return LandingZone(settings, dry_run=False)


def published(zone: LandingZone, reading: SchoolReading) -> Published:
    """What came of the reading."""
    done = Published()
    zone.publish(reading, done)
    return done


def landed(pipeline: Pipeline) -> dict[int, set[dt.date]]:
    """Where each record lies."""
    found = defaultdict(set)
    aws = pipeline.sandbox.aws
    for name in pipeline.keys(LANDING):
        answer = aws.client("s3").get_object(Bucket=aws.bucket, Key=LANDING + name)
        for row in pl.read_parquet(io.BytesIO(answer["Body"].read())).iter_rows(named=True):
            if row["id"] is not None:
                found[row["id"]].add(dt.datetime.strptime(row["date"], "%m-%d-%Y").date())
    return found
