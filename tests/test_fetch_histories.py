"""Random histories of a source and its fetches: after each one, the landing zone is the model's."""

from __future__ import annotations

import io
import itertools
import os
from typing import Any

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.changes import Change, changes
from tests.crash_world import object_key
from tests.model import Record
from tests.sandbox import Sandbox
from tests.sandbox.esd import Fault
from tests.world import World

EXAMPLES = int(os.environ.get("FETCH_HISTORIES", "6"))
DAYS = ["12-01-2025", "12-02-2025", "12-03-2025", "01-05-2026", "03-20-2026"]
LAST_YEAR = [
    "05-28-2025",
    "06-12-2025",
    "10-20-2025",
]  # the last one, of a mistyped record, is near this year
SIZE = 5
PACE = {"ESD_PAGE_SIZE": str(SIZE), "ESD_ATTEMPTS": "1"}

KINDS = (
    *("correct", "add", "move", "move quietly", "remove", "remove a date", "remove many", "empty", "refill"),
    *("repeat", "change school"),
)


FETCHES = ("whole", "whole", "whole", "gap", "allowed", "last year", "today")
histories = st.lists(
    st.tuples(st.lists(changes(KINDS, DAYS), min_size=1, max_size=4), st.sampled_from(FETCHES)),
    min_size=3,
    max_size=6,
)


class History:
    """Two schools and their fetches, beside the model."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.source = world.source
        self._clock = itertools.count(1)
        self._template = self.source.records(world.first)[0]
        for number, school in enumerate(world.schools[:2]):
            self.source.set_records(school, self._records(100 * number + 10))
            old = [self._record(2000 + 100 * number + n, day) for n, day in enumerate(LAST_YEAR * 2)]
            self.source.set_other_year(54, school, old)

    def _records(self, first_id: int) -> list[Record]:
        return [self._record(first_id + n, DAYS[n % 3]) for n in range(12)]

    def _record(self, key: int, day: str) -> Record:
        hour, minute = divmod(next(self._clock), 60)
        return {
            **self._template,
            "id": key,
            "date": day,
            "modifiedOn": f"2026-02-01T{hour:02d}:{minute:02d}:00Z",
            "comment": f"said at {hour}:{minute}",
        }

    def change(self, change: Change) -> None:
        one, other = self.world.schools[:2] if change.school == 0 else self.world.schools[1::-1]
        records = self.source.records(one)
        new_id = 1000 + next(self._clock)
        if not records or change.kind in ("refill", "add"):
            self.source.put(one, [self._record(new_id, change.day)])
            return
        record = records[change.pick % len(records)]
        fresh = self._record(record["id"], record["date"])
        if change.kind == "change school":
            self.source.remove(one, record["id"])
            self.source.add(other, fresh)
        elif change.kind == "repeat":
            self.source.add(one, record)
        elif change.kind in ("correct", "move", "move quietly"):
            quietly = {**record, "date": change.day}
            moved = {"correct": fresh, "move": {**fresh, "date": change.day}, "move quietly": quietly}
            self.source.put(one, [moved[change.kind]])
        else:
            kept = {
                "remove": [each for each in records if each["id"] != record["id"]],
                "remove a date": [each for each in records if each["date"] != record["date"]],
                "remove many": records[len(records) // 3 * 2 :],
                "empty": [],
            }
            self.source.set_records(one, kept[change.kind])

    def fetch(self, kind: str) -> None:
        flags: list[str] = []
        variables = dict(PACE)
        year: int | None = 55
        if kind == "allowed":
            flags = [f"--allow-removals={school}=9" for school in self.world.schools[:2]]
        if kind == "last year":
            year, variables["ESD_SCHOOL_YEAR_ID"] = 54, "54"
        if kind == "today":
            year, variables["ESD_SCHOOL_YEAR_ID"] = None, ""
        if kind == "gap":
            self.world.esd.faults.add(Fault("status", school=self.world.first, page=2, times=None))
        done = self.world.pipeline.fetch(*flags, **variables)
        self.world.esd.faults.clear()
        assert done.status in (0, 3), done.story
        self._follow(kind, year)
        self._compare(done.story)

    def _follow(self, kind: str, year: int | None) -> None:
        for school in self.world.schools[:2]:
            records = self._sent(school, year)
            gap = kind == "gap" and school == self.world.first and len(records) > SIZE
            read = [*records[:SIZE], *records[2 * SIZE :]] if gap else records
            allowed = 9 if kind == "allowed" else 0
            self.world.landed.publish(school, read, year=year, proved=not gap, allowed=allowed)

    def _sent(self, school: int, year: int | None) -> list[dict[str, Any]]:
        records = self.source.records(school)
        if year == 54:
            import orjson

            return [orjson.loads(row.body) for row in self.source.other_year(54, school)]
        today = f"{self.source.today[5:]}-{self.source.today[:4]}"
        return records if year else [record for record in records if record["date"] == today]

    def _compare(self, story: str) -> None:
        self.world.compare_landing()
        for place, years in self.world.landed.years.items():
            if self.world.landed.lists[place]:
                body = self.world.bucket.read(object_key(place))
                stated = pl.read_parquet_metadata(io.BytesIO(body)).get("school_years", "")
                assert stated == ",".join(map(str, sorted(years))), (place, story)


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(history=histories)
def test_any_history_is_landed_as_the_model_says(
    small: Sandbox, history: list[tuple[list[Change], str]]
) -> None:
    small.reset()
    course = History(World(small))
    course.fetch("last year")
    course.fetch("whole")
    for happened, kind in history:
        for change in happened:
            course.change(change)
        course.fetch(kind)
    course.fetch("whole")
