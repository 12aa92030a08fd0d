"""The walk through every point at which a script can die: each call, each way, then on to the end.

`python -m tests.crash_walk` walks all points and prints what was tried and what was found; status 1 when
anything was found. A test takes a sample.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date

from tests.crash_world import PACE, Content, Course, Saved, Stage, staged
from tests.model import Row
from tests.pipeline import FETCHER, LOADER, Finished
from tests.sandbox.tripwire import WAYS, Call, To, Tripwire, Way

ENDS_WELL = {FETCHER: {0, 3}, LOADER: {0}}  # 3: the fetcher tells of a record that is new in quarantine
SIGKILLED = -9


# --- what must hold at every instant ------------------------------------------------------------------------


def between_landings(
    before: Mapping[str, Content], after: Mapping[str, Content], now: Mapping[str, Content]
) -> list[str]:
    """No object is gone; each list is on its way from what it was to what it will be; no record is nowhere.

    On its way: it has gained some records, and then lost some.
    """
    found = [f"{key} was deleted" for key in before.keys() - now.keys()]
    found += [
        f"{key} is not on its way"
        for key, content in now.items()
        if not _is_between(before.get(key), after.get(key), content)
    ]
    missing = (_ids(before) & _ids(after)) - _ids(now)
    return sorted(found + [f"{key} is nowhere" for key in missing])


def _is_between(before: Content | None, after: Content | None, now: Content) -> bool:
    if isinstance(now, str):
        return now in (before, after)
    old, new = (content if isinstance(content, frozenset) else frozenset() for content in (before, after))
    replaced = {key for key, _ in old} & {key for key, _ in new}
    stay = {key for key, _ in now} >= replaced
    return stay and old & new <= now <= old | new and len({key for key, _ in now}) == len(now)


def _ids(objects: Mapping[str, Content]) -> set[int]:
    return {key for content in objects.values() if isinstance(content, frozenset) for key, _ in content}


def between_tables(before: Sequence[Row], after: Sequence[Row], now: Sequence[Row]) -> list[str]:
    """Every date holds what it held or what it will hold, and every record stands once.

    A record that moves between dates of two batches is there all the time, at one date or at the other; one
    that leaves is there until all batches are loaded.
    """
    old, new, current = ({row["id"]: row for row in rows} for rows in (before, after, now))
    moved = {key for key in old.keys() & new.keys() if _day(old[key]) != _day(new[key])}
    leave = old.keys() - new.keys()
    days = sorted({_day(row) for rows in (before, after, now) for row in rows})
    found = [
        f"{day} is neither as before nor as after"
        for day in days
        if _on(day, now, moved | leave) not in (_on(day, before, moved | leave), _on(day, after, moved))
    ]
    found += [
        f"{key} has moved nowhere" for key in sorted(moved) if current.get(key) not in (old[key], new[key])
    ]
    found += [f"{key} left otherwise" for key in sorted(leave) if current.get(key, old[key]) != old[key]]
    return found + (["an id stands twice"] if len(current) < len(now) else [])


def _day(row: Row) -> date:
    day: date = row["attendance_date"]
    return day


def _on(day: date, rows: Iterable[Row], but: Container[int]) -> list[Row]:
    return [row for row in rows if _day(row) == day and row["id"] not in but]


class Onlooker:
    """Looks at the landing zone after each call to AWS, at the table after each COMMIT or any statement."""

    def __init__(self, stage: Stage, course: Course, *, at_every_statement: bool = False) -> None:
        self._stage = stage
        self._ahead = course.ahead()
        self._every = at_every_statement

    def __call__(self, call: Call) -> list[str]:
        """What is wrong now."""
        if call.to is To.AWS:
            return self._landing()
        if call.to is To.WAREHOUSE and (self._every or call.text == "COMMIT"):
            return self._table()
        return []

    def _landing(self) -> list[str]:
        before, after = (_contents(saved) for saved in (self._stage.first, self._stage.landed))
        return between_landings(before, after, self._stage.snapshots.objects())

    def _table(self) -> list[str]:
        state = self._stage.warehouse.state()
        if state not in self._ahead:
            return ["the table or its history is in no state that follows from whole batches"]
        self._ahead = self._ahead[self._ahead.index(state) :]  # it never goes back
        return self._stage.warehouse.breaks()


def _contents(saved: Saved) -> dict[str, Content]:
    return {key: stored.content for key, stored in saved.objects.items()}


# --- one point ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Point:
    """The call at which a script is struck, counted from 1, and how."""

    script: str
    at: int
    way: Way

    def __str__(self) -> str:
        return f"{self.script}, call {self.at}, {self.way}"


def watched(stage: Stage, script: str, wire: Tripwire) -> Finished:
    """Run a script with the tripwire at all that it calls."""
    with wire.across(stage.sandbox, stage.front):
        running = stage.pipeline.start(script, AWS_ENDPOINT_URL=stage.front.endpoint, **PACE)
        wire.process.set_result(running.process)
        return running.end()


def begin(stage: Stage, script: str) -> Course:
    """Let there be something to do for the script."""
    return stage.restore(stage.first if script == FETCHER else stage.landed)


def try_point(stage: Stage, point: Point) -> list[str] | None:
    """What is found wrong when the script is struck there; None when it makes fewer calls."""
    course = begin(stage, point.script)
    wire = Tripwire(point.at, point.way, Onlooker(stage, course))
    done = watched(stage, point.script, wire)
    if wire.struck is None:
        return None
    found = wire.found + status_faults(point, done)
    for script in on_to_the_end(point):
        if not stage.catch_up(course):
            found.append("the table was left in no state that follows from whole batches")
        found += run_well(stage, script, course)
    found += end_faults(stage, course)
    return [f"{point} ({wire.struck.text[:60]!r}): {fault}" for fault in found]


def run_well(stage: Stage, script: str, course: Course) -> list[str]:
    """What is found wrong in a run that nothing disturbs."""
    wire = Tripwire(look=Onlooker(stage, course))
    status = watched(stage, script, wire).status
    wrong = [] if status in ENDS_WELL[script] else [f"{script} afterwards ends with status {status}"]
    return wire.found + wrong


def status_faults(point: Point, done: Finished) -> list[str]:
    """A killed script says nothing more; one that was cut off goes on, or says that it failed."""
    allowed = {SIGKILLED} if point.way.kill else ENDS_WELL[point.script] | {1}
    faults = [] if done.status in allowed else [f"it ends with status {done.status}"]
    if "Traceback" in done.story or "internal error" in done.story:
        faults.append("it ends with an error that nobody foresaw")
    return faults


def on_to_the_end(point: Point) -> tuple[str, ...]:
    """What cron starts next; after a fetch that died, the loader first meets what it left."""
    if point.script == LOADER:
        return (LOADER,)
    return (LOADER, FETCHER, LOADER) if point.way.kill else (FETCHER, LOADER)


def end_faults(stage: Stage, course: Course) -> list[str]:
    """What is not as the undisturbed runs left it, which the model has judged.

    The history is that of the loads that there were: one that met half a fetch adds the versions between.
    """
    faults = stage.warehouse.breaks()
    if stage.snapshots.objects() != _contents(stage.landed):
        faults.append("the bucket does not end right")
    state = stage.warehouse.state()
    if state.rows != stage.end.rows:
        faults.append("the native table does not end right")
    if state != course.ahead()[-1]:
        faults.append("the history does not end right")
    if stage.warehouse.control() != stage.end.control:
        faults.append("the control table does not end right")
    if stage.warehouse.partitions() != stage.end.partitions:
        faults.append("the registered partitions do not end right")
    return faults


# --- the walk -----------------------------------------------------------------------------------------------


def calls_of(stage: Stage, script: str) -> Tripwire:
    """An undisturbed run, looked at after every call."""
    course = begin(stage, script)
    wire = Tripwire(look=Onlooker(stage, course, at_every_statement=True))
    done = watched(stage, script, wire)
    if done.status not in ENDS_WELL[script]:
        wire.found.append(f"{script} undisturbed ends with status {done.status}")
    return wire


def sample(script: str, calls: int, step: int) -> Iterator[Point]:
    """Every step-th call, the ways in turn; all four occur when step is odd."""
    for at in range(1, calls + 1, step):
        yield Point(script, at, WAYS[at % len(WAYS)])


@dataclass
class Report:
    """What was tried and what was found."""

    tried: Counter[tuple[str, str]] = field(default_factory=Counter)
    found: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """For people."""
        for (script, way), points in sorted(self.tried.items()):
            yield f"{points:5} points  {script} {way}"
        yield f"{sum(self.tried.values()):5} points in all, {len(self.found)} breaches"
        yield from self.found


_stages = ExitStack()  # one in each process that walks; what it started ends with it
_here: list[Stage] = []


def _walk(script: str, way: Way, first: int, step: int) -> Report:
    """Every step-th point from the first on, until the script makes no more calls."""
    if not _here:
        _here.append(_stages.enter_context(staged()))
    report, at = Report(), first
    while (found := _try(Point(script, at, way))) is not None:
        report.tried[script, str(way)] += 1
        report.found += found
        at += step
    return report


def _try(point: Point) -> list[str] | None:
    try:
        return try_point(_here[0], point)
    except subprocess.TimeoutExpired as late:
        return [f"{point}: a script did not end within {late.timeout:.0f} s"]


def walk_all(workers: int, stride: int) -> Report:
    """All points of both scripts in all ways."""
    report = Report()
    with ProcessPoolExecutor(workers) as pool:
        jobs = [
            pool.submit(_walk, script, way, first, stride)
            for script in (FETCHER, LOADER)
            for way in WAYS
            for first in range(1, stride + 1)
        ]
        for number, job in enumerate(as_completed(jobs), start=1):
            part = job.result()
            report.tried += part.tried
            report.found += part.found
            so_far = f"{sum(report.tried.values())} points, {len(report.found)} breaches"
            print(*part.found, f"{number} of {len(jobs)}: {so_far}", sep="\n", file=sys.stderr, flush=True)
    return report


def main() -> int:
    """Walk, print, and give the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="sandboxes side by side")
    started = time.monotonic()
    report = walk_all(parser.parse_args().workers, stride=4)
    for line in report.lines():
        print(line)
    print(f"{time.monotonic() - started:.0f} s")
    return 1 if report.found else 0


if __name__ == "__main__":
    sys.exit(main())
