"""How many requests are under way: fewer when the source asks for less, all of them again by themselves."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from threading import Barrier

import pytest

from attendance_common.fetch.faults import TemporaryFault
from attendance_common.fetch.pace import Pace
from tests.sandbox import Sandbox
from tests.sandbox.esd import Fault
from tests.world import World

PATIENCE = 60.0


class Wave:
    """Requests that are under way together, to be ended one by one."""

    def __init__(self, pace: Pace, count: int) -> None:
        self._turns = [ExitStack() for _ in range(count)]
        for turn in self._turns:
            turn.enter_context(pace.turn())

    def answered(self) -> None:
        """One of them got its answer."""
        self._turns.pop().close()

    def fails(self, error: BaseException) -> None:
        """One of them ends in an error."""
        turn = self._turns.pop()
        with pytest.raises(type(error)), turn:
            raise error


def slow(reason: str = "status 429") -> TemporaryFault:
    return TemporaryFault(reason, slow=True)


def test_one_that_is_slowed_halves_the_pace() -> None:
    pace = Pace(8)
    Wave(pace, 1).fails(slow())
    assert pace.allowed == 4


def test_all_that_were_under_way_together_halve_it_once() -> None:
    pace = Pace(8)
    wave = Wave(pace, 8)
    for _ in range(8):
        wave.fails(slow())
        assert pace.allowed == 4


def test_each_wave_halves_it_again_and_one_is_always_allowed() -> None:
    pace = Pace(8)
    allowed = []
    for _ in range(6):
        Wave(pace, 1).fails(slow())
        allowed.append(pace.allowed)
    assert allowed == [4, 2, 1, 1, 1, 1]


@pytest.mark.parametrize("most", [1, 2, 3, 5, 64])
def test_the_pace_is_never_under_one(most: int) -> None:
    pace = Pace(most)
    for _ in range(10):
        Wave(pace, 1).fails(slow())
    assert pace.allowed == 1
    Wave(pace, 1).answered()  # and one does go


@pytest.mark.parametrize(
    "error", [TemporaryFault("status 500"), TemporaryFault("an HTML page", 3.0), ValueError("a bug")]
)
def test_other_faults_leave_the_pace_as_it_is(error: Exception) -> None:
    pace = Pace(8)
    Wave(pace, 1).fails(error)
    assert pace.allowed == 8
    wave = Wave(pace, 8)  # and its turn is free again
    for _ in range(8):
        wave.answered()


def test_the_pace_comes_back_one_by_one_and_not_beyond() -> None:
    pace = Pace(4)
    for _ in range(3):
        Wave(pace, 1).fails(slow())
    allowed = []
    for _ in range(12):
        Wave(pace, 1).answered()
        allowed.append(pace.allowed)
    assert allowed[0] == 2
    assert allowed == sorted(allowed)
    assert all(after - before in (0, 1) for before, after in pairwise(allowed))
    assert allowed[-1] == 4


def test_one_that_was_asked_before_the_source_slowed_down_and_ends_late_does_not_halve_again() -> None:
    pace = Pace(8)
    early = Wave(pace, 2)
    early.fails(slow())
    Wave(pace, 1).answered()
    before = pace.allowed
    early.fails(slow())
    assert pace.allowed == before


# --- the whole fetcher against a source that asks for less --------------------------------------------------

BEFORE, REFUSED = 20, 40  # requests that are answered, and then refused until one at a time is left


@contextmanager
def watched(world: World, *faults: Fault) -> Iterator[None]:
    world.esd.traffic.forget()
    world.esd.faults.add(*faults)
    yield
    world.esd.faults.clear()


def together(count: int, *, skip: int) -> Fault:
    """The next `count` requests wait until all of them are under way at once."""
    barrier = Barrier(count, timeout=PATIENCE)
    return Fault("change", change=lambda *_: barrier.wait(), skip=skip, times=count)


@pytest.mark.parametrize("status", [429, 503])
def test_concurrency_goes_down_with_the_source_and_comes_back(sandbox: Sandbox, status: int) -> None:
    world = World(sandbox)
    seen: dict[str, int] = {}

    def note(name: str) -> None:
        seen[name] = world.esd.traffic.max_in_flight
        world.esd.traffic.max_in_flight = 0

    attendance = "v1/periodAttendance"
    with watched(
        world,
        together(8, skip=5),
        Fault("change", path=attendance, change=lambda *_: note("before"), skip=BEFORE + REFUSED - 10),
        Fault("change", path=attendance, change=lambda *_: note("refused"), skip=BEFORE + REFUSED),
        together(4, skip=BEFORE + REFUSED + 12),
        Fault("status", status=status, retry_after=0, skip=BEFORE, times=REFUSED),
    ):
        done = world.pipeline.fetch(ESD_PAGE_SIZE="5", ESD_CONCURRENCY="8", ESD_ATTEMPTS="100")
    assert done.status == 0, done.story
    assert (seen["before"], seen["refused"]) == (8, 1)
    assert world.esd.traffic.max_in_flight >= 4
    assert "the source asks for less: 1 at a time" in done.story
    world.publish()
    world.compare_landing()


def test_an_error_that_is_no_wish_for_less_slows_nobody(sandbox: Sandbox) -> None:
    world = World(sandbox)
    with watched(world, Fault("status", status=500, retry_after=0, times=10), together(8, skip=20)):
        done = world.pipeline.fetch(ESD_PAGE_SIZE="5", ESD_CONCURRENCY="8", ESD_ATTEMPTS="100")
    assert done.status == 0, done.story
    assert "the source asks for less" not in done.story
    assert world.esd.traffic.max_in_flight == 8
