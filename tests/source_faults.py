"""Runs of the real fetcher through faults at the source, and what it must leave."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from tests.pipeline import Finished
from tests.sandbox.esd import Fault
from tests.sandbox.esd.faults import Exchange
from tests.world import World

ATTENDANCE, SCHOOLS, TOKEN = "/api/v1/periodAttendance", "/api/v1/schools", "/oauth/token"
PAGES = 4 + 4 + 1  # two schools with 300 records in pages of 100 and one behind them, a school without
QUICK = {"ESD_PAGE_SIZE": "100", "ESD_ATTEMPTS": "2"}


def fetch(world: World, *faults: Fault, **variables: str) -> Finished:
    """Run the fetcher through these faults, and count its requests from nought."""
    world.esd.traffic.forget()
    world.esd.faults.add(*faults)
    done = world.pipeline.fetch(**{**QUICK, **variables})
    assert "Traceback" not in done.story
    world.esd.faults.clear()
    return done


def arrives(world: World, *faults: Fault, **variables: str) -> Finished:
    """Everything is landed and loaded in spite of the faults."""
    done = fetch(world, *faults, **variables)
    assert done.status == 0, done.story
    assert world.pipeline.load().status == 0
    world.follow()
    return done


def lands(world: World, *faults: Fault, **variables: str) -> Finished:
    """Everything is landed in spite of the faults."""
    done = fetch(world, *faults, **variables)
    assert done.status == 0, done.story
    world.publish()
    world.compare_landing()
    return done


def stays_out(world: World, *faults: Fault, **variables: str) -> Finished:
    """The first school cannot be read, is left as it was and named; the rest is landed and loaded."""
    world.publish()
    assert fetch(world).status == 0
    for school in world.schools[:2]:
        record = world.source.records(school)[150]
        world.change(school, record["id"], comment="corrected", modifiedOn="2026-06-01T00:00:00Z")
    done = fetch(world, *faults, **variables)
    assert done.status == 3, done.story
    assert [
        each for each in done.result["attention"] if each.startswith(f"school {world.first} was not read")
    ]
    assert (done.result["schools"], done.result["schools_failed"]) == (3, 1)
    assert world.pipeline.load().status == 0
    world.follow(failed=[world.first])
    return done


def asked(world: World, path: str = ATTENDANCE) -> int:
    """How many requests the source got."""
    return world.esd.traffic.requests[path]


def say_no_count(exchange: Exchange) -> Any:
    """Leave the count out."""
    answer = exchange.proceed(exchange.request)
    if answer.status != 200:
        return answer
    content = orjson.loads(answer.body)
    del content["pagingInfo"]["totalCount"]
    return replace(answer, body=orjson.dumps(content), key=None)
