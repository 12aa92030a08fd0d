"""Two and three fetchers whose S3 calls interleave in any order: no record is lost, at no instant."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Mapping
from random import Random
from typing import Any

import polars as pl
import pytest

from attendance_common.fetch import landing_zone
from attendance_common.fetch.landing_zone import LandingZone
from attendance_common.fetch.lists import ReadRecords, landed_list
from attendance_common.fetch.school_lists import SchoolLists
from attendance_common.landing import Areas, list_of
from tests.fake_s3 import FakeS3, Turns
from tests.pages import page_of
from tests.samples import SCHOOL

SEEDS = int(os.environ.get("INTERLEAVED", "60"))
DAYS = [dt.date(2025, 12, day) for day in (3, 5, 8)]
AREAS = Areas("bucket", "landing/attendance/")
Objects = dict[str, tuple[bytes, dict[str, str]]]


def rows_by_date(records: dict[int, dt.date]) -> dict[dt.date, pl.DataFrame]:
    return {
        day: page_of(ids, days=[day] * len(ids)).rows
        for day in DAYS
        if (ids := sorted(key for key, on in records.items() if on == day))
    }


class Source:
    """Records of one school, each under one date; each comes, moves and goes once at the most."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.records = {key: chance.choice(DAYS) for key in range(8)}
        self.always = set(self.records)
        self._touched: set[int] = set()

    def change(self) -> None:
        """Something may happen."""
        untouched = sorted(self.records.keys() - self._touched)
        what = self.chance.choice(("nothing", "nothing", "come", "move", "go"))
        if what == "come":
            key = 100 + len(self._touched)
            self.records[key] = self.chance.choice(DAYS)
            self._touched.add(key)
        elif what != "nothing" and untouched:
            key = self.chance.choice(untouched)
            self._touched.add(key)
            if what == "move":
                self.records[key] = self.chance.choice(DAYS)
            else:
                del self.records[key]
                self.always.discard(key)


def fetch(objects: Objects, source: Source, gate: Any = lambda: None) -> None:
    """A whole fetch of the school with a second look; pages are read at once, lists written call by call."""
    s3: Any = FakeS3(objects, gate)
    zone = LandingZone(s3, AREAS, {}, "R", dry_run=False)
    lists = zone.landed.lists_of(SCHOOL, frozenset({55}))
    gate()
    missing = look(zone, lists, dict(source.records), whole=True)
    gate()
    again = dict(source.records)
    look(zone, lists, again, whole=False)
    zone.take_out(lists, {day: [key for key in ids if key not in again] for day, ids in missing.items()})


def look(
    zone: LandingZone, lists: SchoolLists, records: dict[int, dt.date], *, whole: bool
) -> Mapping[dt.date, list[int]]:
    """Land what was read; gives what is missing."""
    by_date = rows_by_date(records)
    places = pl.DataFrame(list(records.items()), schema={"id": pl.Int64, "day": pl.Date}, orient="row")
    also = [day for day in lists.etags if day not in by_date] if whole else []
    plan = zone.land(lists, list(by_date.items()), ReadRecords(places), also)
    zone.take_out(lists, plan.departures)
    return plan.missing


def landed(objects: Objects) -> dict[int, set[dt.date]]:
    found: dict[int, set[dt.date]] = {}
    for key, (body, _) in objects.items():
        place = list_of(key.removeprefix(AREAS.landing))
        assert place
        for record in landed_list(body, "", None).rows["id"]:
            found.setdefault(record, set()).add(place[0])
    return found


@pytest.fixture(autouse=True)
def _one_call_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landing_zone, "UPLOADS", 1)


@pytest.mark.parametrize("fetchers", [2, 3])
@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_record_is_lost_and_the_next_fetch_ends_right(seed: int, fetchers: int) -> None:
    chance = Random(seed)
    source, objects = Source(chance), Objects()
    fetch(objects, source)

    def look() -> None:
        source.change()
        assert source.always <= landed(objects).keys()

    turns = Turns(chance, look)
    turns.run([lambda n=n: fetch(objects, source, turns.gate(n)) for n in range(fetchers)])  # type: ignore[misc]
    fetch(objects, source)
    assert landed(objects) == {key: {day} for key, day in source.records.items()}


def test_readings_that_began_later_and_ended_before_lose_nothing_to_an_older_one() -> None:
    chance = Random(1)
    source, objects = Source(chance), Objects()
    fetch(objects, source)
    newer = {**source.records, 500: DAYS[0]}

    def look() -> None:
        if 500 not in source.records:
            source.records = newer

    turns = Turns(Random(3), look)
    turns.run([lambda n=n: fetch(objects, source, turns.gate(n)) for n in range(2)])  # type: ignore[misc]
    assert 500 in landed(objects)
