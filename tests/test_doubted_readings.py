"""Random readings of a list that moves: what a reading saw is landed, what it is the first to lack stays."""

from __future__ import annotations

import datetime as dt
from random import Random

import pytest

from attendance_common.fetch.completeness import SchoolReading
from attendance_common.fetch.landing_zone import LandingZone
from attendance_common.fetch.packed_pages import HeldPage
from tests.pages import BEGUN, dated_page
from tests.pipeline import Pipeline
from tests.samples import SCHOOL
from tests.sandbox import Sandbox
from tests.zones import landed, published, zone_of

DAYS = [dt.date(2025, 12, day) for day in (3, 5, 8, 10)]
Places = dict[int, dt.date]


class Wavering:
    """A source of one school: its records, each under one date, of which a reading may miss one."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.records: Places = {key: self.chance.choice(DAYS) for key in range(1, 9)}
        self._next = 20

    def move(self) -> None:
        """Let a few records come, go and change their dates."""
        for _ in range(self.chance.choice((0, 0, 1, 1, 2, 3))):
            key = self.chance.choice(sorted(self.records))
            what = self.chance.choice(("go", "move", "move", "come"))
            if what == "come":
                self.records[self._next] = self.chance.choice(DAYS)
                self._next += 1
            elif what == "move":
                self.records[key] = self.chance.choice(DAYS)
            elif len(self.records) > 2:
                del self.records[key]

    def shown(self) -> tuple[Places, set[int]]:
        """What a reading gets to see, one time in five without a record that slips, and what of it is odd."""
        slips = {self.chance.choice(sorted(self.records))} if self.chance.random() < 0.2 else set()
        shown = {key: day for key, day in self.records.items() if key not in slips}
        return shown, {key for key in shown if self.chance.random() < 0.05}


def read(shown: Places, odd: set[int], begun: dt.datetime, missed: set[int]) -> SchoolReading:
    reading = SchoolReading(SCHOOL, 100, begun, missed)
    reading.next_page()
    reading.add(1, HeldPage(dated_page(shown, odd)))
    assert reading.fault() is None
    return reading


def settle(zone: LandingZone, source: Wavering, pipeline: Pipeline, clock: list[dt.datetime]) -> None:
    """Read and publish until nothing is in doubt, four times at the most; whatever a reading saw is kept."""
    missed: set[int] = set()
    slipped: set[int] = set()
    for _ in range(4):
        source.move()
        shown, odd = source.shown()
        clock[0] += dt.timedelta(seconds=1)
        before = landed(pipeline)
        reading = read(shown, odd, clock[0], missed)
        published(zone, reading)
        now = landed(pipeline)
        first_time = source.records.keys() - shown.keys() - slipped
        assert {key for key in before if key in shown or key in first_time} <= now.keys()
        missed, slipped = reading.missed, source.records.keys() - shown.keys()
        if not reading.in_doubt:
            assert {key: now[key] for key in shown.keys() - odd} == {
                key: {day} for key, day in shown.items() if key not in odd
            }
            return


@pytest.mark.parametrize("seed", range(20))
def test_what_a_reading_saw_is_landed_and_what_slips_once_stays(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    zone, source = zone_of(sandbox, monkeypatch), Wavering(seed)
    clock = [BEGUN]
    for _ in range(3):
        settle(zone, source, Pipeline(sandbox), clock)
