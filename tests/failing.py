"""Scripts around which something is wrong: how they end, and that they change nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.bucket import RUNS
from tests.pipeline import FETCHER, LOADER, Finished
from tests.world import World

SCRIPTS = [FETCHER, LOADER]
WITHOUT_WAITING = {"AWS_MAX_ATTEMPTS": "1", "ESD_ATTEMPTS": "1"}
PASSWORD = "Marker-Password-7"  # is in no output


def waiting(world: World) -> World:
    """A first day is landed, not loaded, and changed at the source: either script has something to do."""
    assert world.pipeline.fetch().status == 0
    record = world.source.records(world.first)[0]
    world.change(world.first, record["id"], comment="changed", modifiedOn="2026-06-01T00:00:00Z")
    return world


@dataclass(frozen=True)
class State:
    """Everything that a run may change, but for what a run tells of itself."""

    objects: dict[str, str]
    table: dict[int, dict[str, Any]]
    partitions: list[dict[str, Any]]


def state(world: World) -> State:
    partitions = "SELECT values FROM svv_external_partitions ORDER BY 1"
    every = world.bucket.keys("")
    objects = {key: etag for key, etag in every.items() if not key.startswith(RUNS)}
    return State(objects, world.pipeline.table(), world.pipeline.query(partitions))


def fails(world: World, script: str, *words: str, **variables: str) -> Finished:
    """The script ends with status 2, a sentence with these words, and nothing done; so says its record."""
    return ends(2, world, script, words, variables)


def fails_for_now(world: World, script: str, *words: str, **variables: str) -> Finished:
    """The same with status 1: the next try may succeed."""
    return ends(1, world, script, words, variables)


def ends(
    status: int, world: World, script: str, words: tuple[str, ...], variables: dict[str, str]
) -> Finished:
    before, records = state(world), world.bucket.keys(RUNS)
    done = world.pipeline.script(script, **{**WITHOUT_WAITING, **variables})
    assert_fails(done, *words, status=status)
    assert state(world) == before
    for name in world.bucket.keys(RUNS).keys() - records.keys():
        record = json.loads(world.bucket.read(RUNS + name))
        assert (record["status"], record["error"]) == (status, done.result["error"])
    return done


def assert_fails(done: Finished, *words: str, status: int = 2) -> None:
    assert (done.status, done.result["status"]) == (status, status), done.story
    for word in words:
        assert word in done.result["error"]
    assert done.result["error"] in done.story
    assert "Traceback" not in done.story
    assert len(done.story.split(done.result["error"])) == 2  # said once


def dry(world: World, script: str, **variables: str) -> Finished:
    done = world.pipeline.script(script, "--dry-run", "--verbose", **{**WITHOUT_WAITING, **variables})
    assert "Traceback" not in done.story
    assert PASSWORD not in done.story + done.output
    return done


def dry_run_fails(world: World, script: str, status: int, *words: str, **variables: str) -> None:
    done = dry(world, script, **variables)
    assert done.status == done.result["status"] == status, done.story
    for word in words:
        assert word in done.result["error"]
