"""One sandbox for the whole run, and a clean one for every test that asks; `make quick` starts none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from typing import Any

import hypothesis
import pytest
from botocore.loaders import JSONFileLoader

from attendance_common.machine import CA_FILES
from tests.failing import waiting
from tests.pipeline import Pipeline
from tests.sandbox import Options, Sandbox
from tests.sandbox.esd import EsdServer, Source
from tests.sandbox.redshift.testing import SCHEMA_DDL, Place, running
from tests.world import World, set_up

# How long an example takes says how busy the machine is.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# Audit events of the interpreter (Python: audit_events).
STARTS_A_PROCESS = {"subprocess.Popen", "os.fork", "os.posix_spawn", "os.system"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-processes", action="store_true", help="skip a test where it starts a process")


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Iterator[None]:
    """Skip each test at the process that it starts, so that no list of such tests can be wrong."""
    runs_tests_here = hasattr(session.config, "workerinput") or not session.config.getoption("numprocesses")
    if session.config.getoption("--no-processes") and runs_tests_here:
        sys.addaudithook(_skip_where_a_process_starts)
    return (yield)


def _skip_where_a_process_starts(event: str, _details: object) -> None:
    if event in STARTS_A_PROCESS:
        pytest.skip("it starts a process: make test")


@pytest.fixture(scope="session", autouse=True)
def _fast_clients() -> Iterator[None]:
    """Make AWS clients in a third of the time: hundreds of loads run in one process.

    botocore's service descriptions are parsed once, not once a client. The machine's own CA files, which each
    run would check, are of no use here: every host is this one.
    """
    load_file = JSONFileLoader.load_file

    @cache
    def once(path: str) -> Any:
        return load_file(JSONFileLoader(), path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(JSONFileLoader, "load_file", lambda _, path: once(path))
        for name in ("AWS_CA_BUNDLE", *CA_FILES):
            patch.delenv(name, raising=False)
        yield


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
def world(sandbox: Sandbox, request: pytest.FixtureRequest) -> World:
    """Give that, with its tables made unless the test loads nothing, beside the model."""
    return World(sandbox) if request.node.get_closest_marker("without_tables") else set_up(sandbox)


@pytest.fixture
def pipeline(world: World) -> Pipeline:
    """Give the scripts of that, without the model."""
    return world.pipeline


@pytest.fixture
def server() -> Iterator[EsdServer]:
    """Give the API alone, in this process, with one school of 50 records."""
    with EsdServer(Source.generate(1, 50, days=5)) as server:
        yield server


@pytest.fixture
def landed(world: World) -> World:
    """Give the world with something to do for either script."""
    return waiting(world)


@pytest.fixture(scope="session")
def small() -> Iterator[Sandbox]:
    """Give another sandbox for random histories, which set its records and reset it themselves."""
    with Sandbox(Options(schools=2, records=1, days=1)) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def still() -> Iterator[World]:
    """Give such a world in which no test changes anything."""
    with Sandbox(Options(schools=1, records=30, days=2)) as sandbox:
        yield waiting(set_up(sandbox))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Give the stand-in for Redshift alone, with a schema of external tables."""
    with running(tmp_path_factory.mktemp("redshift")) as place:
        place.run(SCHEMA_DDL)
        yield place


@pytest.fixture
def connection(place: Place) -> Iterator[Any]:
    """Give a session of it: temporary tables of one test are gone in the next."""
    with closing(place.connect()) as connection:
        yield connection
