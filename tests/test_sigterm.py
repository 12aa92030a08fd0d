"""SIGTERM and Ctrl-C: the script stops at once, says what is left, and leaves no school half published."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest

from tests.bucket import LANDING, RUNS
from tests.pipeline import FETCHER, LOADER, PATIENCE, Finished, Running, paused_at
from tests.sandbox.aws_front import AwsFront, Pause
from tests.sandbox.esd import Fault, correct_a_day
from tests.test_end_to_end import LOADED
from tests.world import World

QUICKLY = 15.0  # seconds, where nothing is left that has to be waited for
SMALL = {"ESD_PAGE_SIZE": "100"}


def stopped(running: Running, number: signal.Signals = signal.SIGTERM) -> Finished:
    """Stop it, and look at how it ended."""
    running.send(number)
    done = running.end(QUICKLY)
    assert (done.status, done.result["status"]) == (1, 1)
    assert number.name in done.result["error"]
    assert "what was not finished is done by the next run" in done.result["error"]
    assert done.result["error"] in done.story
    assert "Traceback" not in done.story
    assert "Fatal" not in done.story
    return done


def when(came: Event) -> Callable[..., Any]:
    return lambda *_: came.set()


def before_and_after(world: World) -> dict[str, str]:
    """A first day is landed and loaded, a second day has passed at the source; the objects as they are."""
    world.run()
    correct_a_day(world.source)
    return world.bucket.keys(LANDING)


def school_of(name: str) -> int:
    return int(name.rpartition("_")[2].removesuffix(".parquet"))


def ends_right(world: World) -> None:
    assert world.pipeline.fetch().status == 0
    assert world.pipeline.load().status == 0
    world.follow()


def test_more_signals_change_nothing(world: World) -> None:
    came = Event()
    world.esd.faults.add(
        Fault("change", school=world.first, page=2, change=when(came)),
        Fault("slow", school=world.first, page=2, seconds=PATIENCE),
    )
    fetcher = world.pipeline.start(FETCHER, **SMALL)
    assert came.wait(PATIENCE)
    fetcher.send(signal.SIGTERM)
    fetcher.until("stopped by SIGTERM")
    with contextlib.suppress(ProcessLookupError):  # it may have ended by now
        for _ in range(20):
            fetcher.send(signal.SIGTERM)
    done = fetcher.end()
    assert done.status == 1
    assert "Traceback" not in done.story


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_while_pages_are_read(world: World, number: signal.Signals) -> None:
    before = before_and_after(world)
    came = Event()
    last = world.schools[1]
    world.esd.faults.add(
        Fault("change", school=last, page=3, change=when(came)),
        Fault("slow", school=last, page=3, seconds=PATIENCE),
    )
    fetcher = world.pipeline.start(FETCHER, **SMALL)
    assert came.wait(PATIENCE)
    fetcher.until(f"school {world.first}: ")
    stopped(fetcher, number)
    world.esd.faults.clear()
    after = world.bucket.keys(LANDING)
    assert {name for name in after if after[name] != before.get(name) and school_of(name) == last} == set()
    assert [name for name in after if after[name] != before.get(name) and school_of(name) == world.first]
    ends_right(world)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("slow", path="oauth/token", seconds=PATIENCE),
        Fault("slow", path="schools$", seconds=PATIENCE),
        Fault("status", status=429, retry_after=600, times=None),
        Fault("status", path="schools$", status=429, retry_after=600, times=None),
    ],
    ids=["the token is awaited", "the schools are awaited", "a pause is kept", "a pause before the schools"],
)
def test_while_it_waits_for_the_source(world: World, fault: Fault) -> None:
    came = Event()
    world.esd.faults.add(Fault("change", path=fault.path, change=when(came)), fault)
    fetcher = world.pipeline.start(FETCHER)
    assert came.wait(PATIENCE)
    stopped(fetcher)
    world.esd.faults.clear()
    assert [key.startswith(RUNS) for key in world.bucket.keys("")] == [True]  # nothing but its record


def test_while_a_school_is_published_it_is_published_whole(world: World) -> None:
    before = before_and_after(world)
    writing = Pause("PutObject", LANDING)
    with AwsFront(world.pipeline.sandbox.aws_endpoint, writing) as front:
        fetcher = world.pipeline.start(FETCHER, AWS_ENDPOINT_URL=front.endpoint, **SMALL)
        assert writing.reached.wait(PATIENCE)
        fetcher.send(signal.SIGTERM)
        writing.go_on.set()
        done = fetcher.end(QUICKLY)
    assert (done.status, done.result["status"]) == (1, 1)
    assert "Traceback" not in done.story
    after = world.bucket.keys(LANDING)
    assert len({school_of(name) for name in after if after[name] != before.get(name)}) == 1
    whole = [school for school in world.schools if f"school {school}: " in done.story]
    for school in whole:
        world.landed.publish(school, world.source.records(school))
    world.compare_landing()
    ends_right(world)


@pytest.mark.parametrize("statement", ["ALTER TABLE", "LOCK TABLE", "CREATE TEMP TABLE staged", "COMMIT"])
def test_while_a_batch_is_loaded(world: World, statement: str) -> None:
    before_and_after(world)
    assert world.pipeline.fetch().status == 0
    table = world.pipeline.table()
    loads = world.pipeline.query(LOADED)
    with paused_at(world.pipeline, statement) as (reached, go_on):
        loader = world.pipeline.start(LOADER)
        assert reached.wait(PATIENCE)
        stopped(loader)
        go_on.set()
    if statement != "COMMIT":  # which the cluster has by now, and may carry out
        assert world.pipeline.table() == table
        again = world.pipeline.query(LOADED)
        assert again == loads
    ends_right(world)


def test_while_the_landing_zone_is_listed(world: World) -> None:
    assert world.pipeline.fetch().status == 0
    listing = Pause("ListObjectsV2")
    with AwsFront(world.pipeline.sandbox.aws_endpoint, listing) as front:
        loader = world.pipeline.start(LOADER, AWS_ENDPOINT_URL=front.endpoint)
        assert listing.reached.wait(PATIENCE)
        loader.send(signal.SIGTERM)
        listing.go_on.set()
        done = loader.end(QUICKLY)
    assert (done.status, done.result["status"]) == (1, 1)
    assert "SIGTERM" in done.result["error"]
    assert world.pipeline.table() == {}
