"""One sandbox for the whole run, and a clean one for every test that asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.pipeline import Pipeline
from tests.sandbox import Options, Sandbox
from tests.world import World, set_up


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    """Start the outside world once; what is in it is anybody's."""
    with Sandbox(Options(schools=2, records=300, days=5)) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running_sandbox: Sandbox) -> Sandbox:
    """Give the outside world as it was when it started."""
    running_sandbox.reset()
    return running_sandbox


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    """Give that, with its tables made, beside the model."""
    return set_up(sandbox)


@pytest.fixture
def pipeline(world: World) -> Pipeline:
    """Give the scripts of that, without the model."""
    return world.pipeline
