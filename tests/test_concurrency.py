"""Two at once: fetchers and loaders that run side by side end as one after the other would."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from tests.pipeline import FETCHER, LOADER, PATIENCE, paused_at
from tests.sandbox import Options, Sandbox
from tests.sandbox.esd import Fault, correct_a_day
from tests.sandbox.redshift import RedshiftError
from tests.waiting import all_end_well
from tests.world import World, set_up

SMALL = {"ESD_PAGE_SIZE": "100"}


@pytest.fixture(scope="module", params=["SERIALIZABLE", "SNAPSHOT"])
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    log = tmp_path_factory.mktemp("statements") / "log.jsonl"
    options = Options(schools=2, records=300, days=5, isolation=request.param, statement_log=log)
    with Sandbox(options) as sandbox:
        yield sandbox


@pytest.fixture
def shared(cluster: Sandbox) -> World:
    """A world at either isolation level."""
    cluster.reset()
    statements_of(cluster).write_text("")
    return set_up(cluster)


def statements_of(sandbox: Sandbox) -> Path:
    path = sandbox.options.statement_log
    assert path is not None
    return path


def hold_page(world: World, school: int, page: int) -> Event:
    """Hold the next request for this page until the faults are cleared; the event says that it has come."""
    came = Event()
    world.esd.faults.add(
        Fault("change", school=school, page=page, change=lambda *_: came.set()),
        Fault("slow", school=school, page=page, seconds=PATIENCE),
    )
    return came


# --- loaders ------------------------------------------------------------------------------------------------


def test_three_loaders_at_once_load_everything_once(shared: World) -> None:
    assert shared.pipeline.fetch().status == 0
    done = all_end_well(*(shared.pipeline.start(LOADER, REDSHIFT_BATCH_PARTITIONS="2") for _ in range(3)))
    assert sum(each.result["inserted"] for each in done) == shared.source.count()
    assert sum(each.result["updated"] + each.result["superseded"] for each in done) == 0
    shared.follow()
    known = shared.pipeline.query("SELECT script FROM public.period_attendance_runs ORDER BY script")
    assert [row["script"] for row in known] == ["fetch", "load", "load", "load"]  # each once


def test_three_loaders_at_once_over_an_older_state(shared: World) -> None:
    shared.run()
    corrections = correct_a_day(shared.source)
    shared.source.remove(shared.first, shared.source.records(shared.first)[7]["id"])
    assert shared.pipeline.fetch().status == 0
    done = all_end_well(*(shared.pipeline.start(LOADER, REDSHIFT_BATCH_PARTITIONS="3") for _ in range(3)))
    assert sum(each.result["inserted"] for each in done) == corrections.added
    assert sum(each.result["removed"] for each in done) == 1
    shared.follow()
    assert shared.pipeline.load().result["loaded"] == 0


def test_a_loader_while_a_fetcher_writes(shared: World) -> None:
    shared.run()
    correct_a_day(shared.source)
    came = hold_page(shared, shared.schools[1], 2)
    fetcher = shared.pipeline.start(FETCHER, **SMALL)
    assert came.wait(PATIENCE)
    loader = shared.pipeline.start(LOADER, REDSHIFT_BATCH_PARTITIONS="1")
    shared.esd.faults.clear()
    all_end_well(fetcher, loader)
    assert shared.pipeline.load().status == 0
    shared.follow()


def test_objects_that_are_replaced_between_listing_and_scan_are_loaded_by_the_next_run(shared: World) -> None:
    shared.run()
    correct_a_day(shared.source)
    assert shared.pipeline.fetch().status == 0
    with paused_at(shared.pipeline, "LOCK TABLE") as (at_lock, go_on):
        loader = shared.pipeline.start(LOADER)
        assert at_lock.wait(PATIENCE)
        correct_a_day(shared.source)
        assert shared.pipeline.fetch().status == 0
        go_on.set()
        all_end_well(loader)
    assert shared.pipeline.load().status == 0
    shared.follow()


# --- conflicts ----------------------------------------------------------------------------------------------

CONFLICT = RedshiftError(
    "XX000",
    "1023",
    "Serializable isolation violation on table - 100, transactions forming the cycle are: 1, 2",
)


@pytest.mark.parametrize(
    "statement", ["ALTER TABLE", "INSERT INTO public.period_attendance ", "DROP TABLE departure"]
)
def test_a_conflict_is_tried_again(shared: World, statement: str, cluster: Sandbox) -> None:
    assert shared.pipeline.fetch().status == 0
    cluster.redshift.fail_next(statement, CONFLICT, times=2)
    all_end_well(shared.pipeline.start(LOADER))
    shared.follow()


def test_a_connection_that_breaks_within_a_batch_is_made_again(shared: World, cluster: Sandbox) -> None:
    assert shared.pipeline.fetch().status == 0
    cluster.redshift.cut_next("DELETE FROM public.period_attendance_lists")
    all_end_well(shared.pipeline.start(LOADER))
    shared.follow()


def test_a_conflict_that_stays_ends_the_run_after_so_many_tries(shared: World, cluster: Sandbox) -> None:
    assert shared.pipeline.fetch().status == 0
    statements_of(cluster).write_text("")
    cluster.redshift.fail_next("CREATE TEMP TABLE settled", CONFLICT, times=2)
    done = shared.pipeline.load_trying_twice()
    assert (done.status, done.result["status"]) == (1, 1)
    assert "another transaction got in the way" in done.result["error"]
    assert "run again later" in done.result["error"]
    assert "Traceback" not in done.story
    assert statements_of(cluster).read_text().count("CREATE TEMP TABLE settled") == 2
    assert shared.pipeline.table() == {}
    all_end_well(shared.pipeline.start(LOADER))
    shared.follow()
