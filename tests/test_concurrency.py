"""Two at once: fetchers and loaders that run side by side end as one after the other would."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from threading import Event

import pytest

from attendance_common.fetch.completeness import SchoolReading
from attendance_common.fetch.packed_pages import HeldPage
from tests.aws_gate import AwsGate, Call
from tests.pages import page_of
from tests.pipeline import CLAIMS, FETCHER, LANDING, LOADER, PATIENCE, Pipeline
from tests.samples import SCHOOL
from tests.sandbox import Options, Sandbox
from tests.sandbox.esd import Fault, correct_a_day
from tests.sandbox.redshift import RedshiftError
from tests.waiting import Waiting, all_end_well
from tests.world import World, set_up
from tests.zones import published, zone_of

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


# --- fetchers -----------------------------------------------------------------------------------------------


def read_now(*ids: int, missed: Collection[int] = ()) -> SchoolReading:
    """A complete reading that begins at this moment; the one before it missed these."""
    reading = SchoolReading(SCHOOL, 100, dt.datetime.now(dt.timezone.utc), missed)
    reading.next_page()
    reading.add(1, HeldPage(page_of(list(ids), len(ids))))
    assert reading.fault() is None
    return reading


def test_a_listing_from_before_the_reading_is_not_believed(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, another = zone_of(sandbox, monkeypatch), zone_of(sandbox, monkeypatch)
    published(one, read_now(5, 6))
    published(another, read_now(5, 6))  # has listed the month
    published(one, read_now(5, 6, 7))
    published(another, read_now(5, 6, missed=[7]))
    [rows] = Pipeline(sandbox).landed().values()
    assert [row["id"] for row in rows] == [5, 6]


def listings(calls: Sequence[Call], prefix: str) -> int:
    """How often something below the prefix was listed."""
    return sum(call.action == "ListObjectsV2" and call.key.startswith(prefix) for call in calls)


def test_each_month_is_listed_once_while_nobody_else_is_at_work(world: World) -> None:
    with AwsGate(world.pipeline.sandbox.aws_endpoint) as gate:
        for _ in range(2):
            gate.calls.clear()
            assert world.pipeline.fetch(AWS_ENDPOINT_URL=gate.endpoint).status == 0
            months = {name.rpartition("day=")[0] for name in world.pipeline.keys(LANDING)}
            assert listings(gate.calls, LANDING) == len(months) + 2  # and those beside them
            assert listings(gate.calls, CLAIMS) == 1


def test_what_was_listed_is_not_believed_for_a_school_that_another_died_over(world: World) -> None:
    world.run()
    extra = {**world.source.records(world.first)[0], "id": 900_001}
    world.source.add(world.first, extra)
    died = Waiting(world, world.first, "year=")
    died.kill()
    with AwsGate(world.pipeline.sandbox.aws_endpoint) as gate:
        assert world.pipeline.fetch(AWS_ENDPOINT_URL=gate.endpoint).result["objects_written"] == 1
        assert listings(gate.calls, CLAIMS) == 2  # before the months are listed, and before they are again
    assert world.pipeline.load().status == 0
    world.follow()


def held(world: World, school: int, page: int) -> Event:
    """Hold the next request for this page until the faults are cleared; the event says that it has come."""
    came = Event()
    world.esd.faults.add(
        Fault("change", school=school, page=page, change=lambda *_: came.set()),
        Fault("slow", school=school, page=page, seconds=PATIENCE),
    )
    return came


def test_two_fetchers_at_once_land_what_one_lands(world: World) -> None:
    first, second = (world.pipeline.start(FETCHER, **SMALL) for _ in range(2))
    done = all_end_well(first, second)
    assert sum(each.result["objects_written"] for each in done) == len(world.pipeline.keys(LANDING))
    assert world.pipeline.load().status == 0
    world.follow()


def test_two_fetchers_at_once_over_an_older_state(world: World) -> None:
    world.run()
    correct_a_day(world.source)
    all_end_well(*(world.pipeline.start(FETCHER, **SMALL) for _ in range(2)))
    assert world.pipeline.load().status == 0
    world.follow()


@pytest.mark.parametrize("landed_before", [True, False])
def test_an_older_fetch_never_ends_up_over_a_newer_one(world: World, landed_before: bool) -> None:
    if landed_before:
        world.run()
        correct_a_day(world.source)
    came = held(world, world.first, 3)
    older = world.pipeline.start(FETCHER, **SMALL)
    assert came.wait(PATIENCE)
    for record in world.source.records(world.first)[:20]:
        world.change(world.first, record["id"], comment="newer", modifiedOn="2026-06-01T00:00:00Z")
    assert world.pipeline.fetch(**SMALL).status == 0
    newer = world.pipeline.keys(LANDING)
    world.esd.faults.clear()
    [done] = all_end_well(older)
    assert done.result["objects_superseded"] > 0
    assert world.pipeline.keys(LANDING) == newer
    assert world.pipeline.load().status == 0
    world.follow()


@pytest.mark.parametrize(
    ("at", "told"), [("claims/", "superseded"), ("year=", "another fetcher read it meanwhile")]
)
def test_an_older_fetch_gives_way_to_one_that_found_nothing_to_write(
    world: World, at: str, told: str
) -> None:
    world.run()
    before = world.pipeline.keys(LANDING)
    extra = {**world.source.records(world.first)[0], "id": 900_001}
    world.source.add(world.first, extra)
    older = Waiting(world, world.first, at)
    world.source.remove(world.first, extra["id"])
    assert world.pipeline.fetch().result["objects_written"] == 0
    assert told in older.end().story
    assert world.pipeline.keys(LANDING) == before


def test_a_listing_from_before_the_claim_is_not_believed(world: World) -> None:
    world.run()
    before = world.pipeline.keys(LANDING)
    last = world.schools[1]
    extra = {**world.source.records(last)[0], "id": 900_001}
    world.source.add(last, extra)
    older = Waiting(world, last, "claims/")
    world.source.remove(last, extra["id"])
    newer = Waiting(world, last, "claims/")  # it has published the first school, and listed for it
    assert older.end().result["objects_written"] == 1
    assert newer.end().result["objects_written"] == 1
    assert world.pipeline.keys(LANDING) == before


def test_a_claim_of_fewer_dates_leaves_the_one_of_more(world: World) -> None:
    world.run()
    before = world.pipeline.keys(LANDING)
    days = sorted({record["date"] for record in world.source.records(world.first)})[-2:]
    extra = {**world.source.records(world.first)[0], "id": 900_001, "date": days[0]}
    world.source.add(world.first, extra)
    shard = ("--shard", f"{world.first % 2 + 1}/2")  # of the two schools, this one alone
    older = Waiting(world, world.first, "claims/", *shard)
    world.source.remove(world.first, extra["id"])
    for day in days:
        since = f"{day[6:]}-{day[:5]}"
        recent = world.pipeline.fetch("--since", since, *shard, ESD_PAGE_SIZE="20")
        assert (recent.status, recent.result["objects_written"]) == (0, 0), recent.story
    done = older.end()
    assert "another fetcher read it meanwhile" in done.story
    assert done.result["objects_written"] == 0
    assert world.pipeline.keys(LANDING) == before


def test_a_reading_is_as_old_as_its_first_page(world: World) -> None:
    world.run()
    one, two = world.schools[:2]
    record = world.source.records(two)[5]
    came = held(world, one, 1)
    early = world.pipeline.start(FETCHER, ESD_CONCURRENCY="1")  # has not asked for the second school yet
    assert came.wait(PATIENCE)
    late = Waiting(world, two, "claims/", "--shard", f"{two % 2 + 1}/2")  # has read it, but not published
    world.change(two, record["id"], comment="newer, at no newer time")
    world.esd.faults.clear()
    all_end_well(early)
    late.end()
    assert world.pipeline.load().status == 0
    world.follow()


@pytest.mark.parametrize("recent", [False, True])
def test_who_gave_way_to_one_that_died_reads_again(world: World, recent: bool) -> None:
    world.run()
    record = world.source.records(world.first)[-1]
    world.change(world.first, record["id"], comment="newer", modifiedOn="2026-06-01T00:00:00Z")
    older = Waiting(world, world.first, "claims/")
    since = f"{record['date'][6:]}-{record['date'][:5]}"
    Waiting(world, world.first, "year=", *(("--since", since) if recent else ())).kill()
    assert "another fetcher read it meanwhile" in older.end().story
    assert world.pipeline.load().status == 0
    world.follow()


def test_who_gave_way_to_one_in_doubt_reads_again(world: World) -> None:
    world.run()
    changed, gone = (world.source.records(world.first)[at] for at in (5, 9))
    world.change(world.first, changed["id"], comment="newer", modifiedOn="2026-06-01T00:00:00Z")
    older = Waiting(world, world.first, "claims/")
    world.source.remove(world.first, gone["id"])
    world.esd.faults.add(Fault("status", school=world.first, page=2, skip=1, times=None))
    assert world.pipeline.fetch(**SMALL, ESD_ATTEMPTS="1").status == 3  # one reading, in doubt, and no second
    world.esd.faults.clear()
    older.end()
    assert world.pipeline.load().status == 0
    world.follow()


def test_what_is_gone_leaves_by_a_whole_run_beside_a_recent_one(world: World) -> None:
    world.run()
    gone = world.source.records(world.first)[-1]
    world.source.remove(world.first, gone["id"])
    whole = Waiting(world, world.first, "claims/")
    since = f"{gone['date'][6:]}-{gone['date'][:5]}"
    assert world.pipeline.fetch("--since", since, ESD_PAGE_SIZE="20").status == 0
    whole.end()
    assert world.pipeline.load().status == 0
    world.follow()


def test_a_whole_fetch_yields_only_what_a_later_recent_one_read(world: World) -> None:
    moved = {**world.source.records(world.first)[0], "id": 900_002, "date": "10-18-2025"}
    world.source.add(world.first, moved)
    world.run()
    records = [record for record in world.source.records(world.first) if record["id"] != moved["id"]]
    world.change(world.first, moved["id"], date=records[0]["date"])
    newest = dt.datetime.strptime(records[-1]["date"], "%m-%d-%Y").date()
    for record in (records[0], records[-1]):
        world.change(world.first, record["id"], comment="older", modifiedOn="2026-06-01T00:00:00Z")
    came = held(world, world.first, len(world.source.records(world.first)) // 100)
    older = world.pipeline.start(FETCHER, **SMALL)
    assert came.wait(PATIENCE)
    world.source.put(world.first, [records[-1]])
    assert world.pipeline.fetch("--since", newest.isoformat()).result["objects_written"] == 0
    world.esd.faults.clear()
    [done] = all_end_well(older)
    told = [done.result[f"objects_{became}"] for became in ("superseded", "written", "left")]
    assert "another fetcher read it meanwhile" in done.story
    assert told == [0, 1, 1]  # it was read again, when nobody came after it
    assert world.pipeline.load().status == 0
    world.follow()


# --- loaders ------------------------------------------------------------------------------------------------


def test_three_loaders_at_once_load_everything_once(shared: World) -> None:
    assert shared.pipeline.fetch().status == 0
    done = all_end_well(*(shared.pipeline.start(LOADER, REDSHIFT_BATCH_PARTITIONS="2") for _ in range(3)))
    assert sum(each.result["inserted"] for each in done) == shared.source.count()
    assert sum(each.result["updated"] + each.result["superseded"] for each in done) == 0
    shared.follow()


def test_three_loaders_at_once_over_an_older_state(shared: World) -> None:
    shared.run()
    told = correct_a_day(shared.source)
    shared.source.remove(shared.first, shared.source.records(shared.first)[7]["id"])
    assert shared.pipeline.fetch().status == 0
    done = all_end_well(*(shared.pipeline.start(LOADER, REDSHIFT_BATCH_PARTITIONS="3") for _ in range(3)))
    assert sum(each.result["inserted"] for each in done) == told.added
    assert sum(each.result["removed"] for each in done) == 1
    shared.follow()
    assert shared.pipeline.load().result["loaded"] == 0


def test_a_loader_while_a_fetcher_writes(shared: World) -> None:
    shared.run()
    correct_a_day(shared.source)
    came = held(shared, shared.schools[1], 2)
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
    at_lock, go_on = Event(), Event()
    with shared.between("LOCK TABLE", at_lock, go_on):
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
