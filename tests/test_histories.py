"""Random histories: the source changes, the scripts run, repeat and die; the end is the model's."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.changes import Change, changes
from tests.model import Record
from tests.pipeline import FETCHER, LOADER
from tests.sandbox import Sandbox
from tests.sandbox.aws_front import AwsFront
from tests.sandbox.esd import Source
from tests.sandbox.tripwire import WAYS, Tripwire, Way
from tests.world import World, set_up

EXAMPLES = int(os.environ.get("HISTORIES", "4"))  # more of them: HISTORIES=200 pytest tests/test_histories.py
DAYS = ["12-01-2025", "12-02-2025", "12-03-2025", "01-05-2026"]
PACE = {"ESD_PAGE_SIZE": "5", "ESD_ATTEMPTS": "2"}


@dataclass(frozen=True)
class Crash:
    """A script whose k-th call to the outside is struck; then it is run again."""

    script: str
    at: int
    way: Way


Step = Change | Crash | str
KINDS = ["correct", "add", "move", "move quietly", "remove", "forget time", "say otherwise", "change school"]
crashes = st.builds(Crash, st.sampled_from([FETCHER, LOADER]), st.integers(1, 40), st.sampled_from(WAYS))
runs: st.SearchStrategy[Step] = st.sampled_from(["fetch", "fetch", "load", "load twice"])
turns = st.tuples(st.lists(changes(KINDS, DAYS), min_size=1, max_size=4), runs | crashes)
histories = st.lists(turns, min_size=2, max_size=4)


@pytest.fixture(scope="module")
def front(small: Sandbox) -> Iterator[AwsFront]:
    with AwsFront(small.aws_endpoint) as front:
        yield front


class History:
    """The world, and the source's clock: each newer version has a later time."""

    def __init__(self, world: World, front: AwsFront) -> None:
        self.world = world
        self._front = front
        self._clock = itertools.count(1)
        self._fetched_at = 0
        template = world.source.records(world.first)[0]
        for number, school in enumerate(world.schools[:2]):
            ids = range(100 * number + 10, 100 * number + 18)
            records = [template | {"id": key, "date": DAYS[key % 3], **self._newer()} for key in ids]
            world.source.set_records(school, records)

    def _newer(self) -> Record:
        hour, minute = divmod(next(self._clock), 60)
        return {"modifiedOn": f"2026-02-01T{hour:02d}:{minute:02d}:00Z"}

    def change(self, change: Change) -> None:
        source, (one, other) = self.world.source, self._schools(change.school)
        records = source.records(one)
        record = records[change.pick % len(records)]
        if change.kind == "add":
            self._add(source, one, record, change.day)
        elif change.kind == "change school":
            self._change_school(source, one, other, record, quietly=change.pick % 2 == 0)
        elif change.kind == "remove":
            if len(records) > 1:  # a school without records answers 404, and keeps what it had
                source.remove(one, record["id"])
        else:
            source.put(one, [record | self._fields(change)])

    def _schools(self, first: int) -> tuple[int, int]:
        one, other, *_ = self.world.schools
        return (one, other) if first == 0 else (other, one)

    def _fields(self, change: Change) -> dict[str, Any]:
        said = {"comment": f"said at {next(self._clock)}"}
        return {
            "correct": {**said, **self._newer()},
            "move": {"date": change.day, **self._newer()},
            "move quietly": {"date": change.day},
            "forget time": {**said, "modifiedOn": None},
            "say otherwise": said,
        }[change.kind]

    def _add(self, source: Source, school: int, like: Record, day: str) -> None:
        source.add(school, like | {"id": 1000 + next(self._clock), "date": day, **self._newer()})

    def _change_school(self, source: Source, one: int, other: int, record: Record, *, quietly: bool) -> None:
        if len(source.records(one)) > 1:
            source.remove(one, record["id"])
            source.add(other, record if quietly else record | self._newer())

    def run(self, step: Step) -> None:
        """Run what the step says, to its end, and compare."""
        if isinstance(step, Crash):
            self._crash(step)
            self._end_well(step.script)
        else:
            for _ in range(2 if step == "load twice" else 1):
                self._end_well(FETCHER if step == "fetch" else LOADER)

    def _end_well(self, script: str) -> None:
        if script == FETCHER:
            self._next_second()
        done = self.world.pipeline.script(script, **PACE)
        assert done.status == 0, done.story
        if script == FETCHER:
            self._fetched_at = int(time.time())
            self.world.publish()
            self.world.compare_landing()
        else:
            self.world.table.load(self.world.landed)
            self.world.compare_table()

    def _next_second(self) -> None:
        """S3 tells when an object was written to the second: two fetches are never in the same one."""
        while int(time.time()) <= self._fetched_at:
            time.sleep(0.05)

    def _crash(self, crash: Crash) -> None:
        self._next_second()
        wire = Tripwire(crash.at, crash.way)
        pipeline = self.world.pipeline
        with wire.across(pipeline.sandbox, self._front):
            running = pipeline.start(crash.script, AWS_ENDPOINT_URL=self._front.endpoint, **PACE)
            wire.process.set_result(running.process)
            running.end()
        self._fetched_at = int(time.time())


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(history=histories)
def test_any_history_ends_as_the_model_does(
    small: Sandbox, front: AwsFront, history: list[tuple[list[Change], Step]]
) -> None:
    small.reset()
    course = History(set_up(small), front)
    course.run("fetch")
    for happened, step in history:
        for change in happened:
            course.change(change)
        course.run(step)
    course.run("fetch")
    course.run("load")
    assert course.world.pipeline.load().result["loaded"] == 0
