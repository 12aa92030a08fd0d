"""A landing zone as one fetcher sees it, and readings that are landed in it."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping

import pytest

from attendance_common import aws
from attendance_common.config import FetcherSettings
from attendance_common.fetch.landing_zone import LandingZone
from attendance_common.fetch.lists import ReadRecords, SchoolPlan
from attendance_common.fetch.reading import Reading, whole_reading
from attendance_common.fetch.school_lists import SchoolLists
from attendance_common.landing import Areas
from tests.bucket import LANDING
from tests.pages import answers, dated_page, finish
from tests.pipeline import Pipeline
from tests.samples import SCHOOL, settings_with
from tests.sandbox import Sandbox

YEAR = frozenset({55})
Places = Mapping[int, dt.date]


def zone_of(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> LandingZone:
    """A fetcher's view of the landing zone, with a snapshot of its own."""
    for name, value in sandbox.environment.items():
        monkeypatch.setenv(name, value)
    settings = settings_with(FetcherSettings, bucket=sandbox.aws.bucket, prefix=LANDING)
    areas = Areas(settings.bucket, settings.prefix)
    return LandingZone(aws.s3_client(settings, 18), areas, {}, "R1", dry_run=False)


def reading_of(places: Places) -> Reading:
    """A whole reading of these records."""
    return finish(whole_reading(SCHOOL, 100), answers(dated_page(places)))


def land(zone: LandingZone, lists: SchoolLists, places: Places) -> SchoolPlan:
    """Land these records, with the departures; all lists of the school are compared."""
    reading = reading_of(places)
    read = ReadRecords(reading.contents.newest.select("id", "day"))
    also = [day for day in lists.etags if day not in reading.contents.days]
    plan = zone.land(lists, reading.contents.by_date(), read, also)
    zone.take_out(lists, plan.departures)
    return plan


def landed(pipeline: Pipeline) -> dict[int, set[dt.date]]:
    """Where each record lies."""
    found = defaultdict(set)
    for (day, _), rows in pipeline.bucket.landed().items():
        for row in rows:
            found[row["id"]].add(day)
    return dict(found)
