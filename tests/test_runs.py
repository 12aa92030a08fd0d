"""The runs of both scripts in the warehouse: a row each, once, whatever lies among the records in S3."""

from __future__ import annotations

import datetime as dt
import json
import signal
from collections.abc import Callable
from typing import Any

import pytest

from attendance_common.load import runs
from attendance_common.load.run_files import RunFiles
from attendance_common.load.run_rows import INSERT_RUNS, KNOWN
from tests.bucket import RUNS
from tests.documents import blocks
from tests.fake_s3 import FakeS3
from tests.lists import MONDAY, NEW, TUESDAY, land, version
from tests.pipeline import LOADER, PATIENCE, Pipeline, paused_at
from tests.sandbox.aws_front import AwsFront, Refusal, refuse
from tests.sandbox.esd import Fault
from tests.test_conditions import AREAS
from tests.world import World

TABLE, SCHOOLS = "public.period_attendance_runs", "public.period_attendance_run_schools"
ONE_BY_ONE = {"ESD_CONCURRENCY": "1", "ESD_ATTEMPTS": "1"}


def known(pipeline: Pipeline) -> list[tuple[str, str, int]]:
    """Run, script and status of each row, in the order in which the runs began."""
    rows = pipeline.query(f"SELECT run, script, status FROM {TABLE} ORDER BY run")
    return [(row["run"], row["script"], row["status"]) for row in rows]


def put(pipeline: Pipeline, name: str, body: bytes) -> None:
    """Put an object among the run records."""
    aws = pipeline.sandbox.aws
    aws.client("s3").put_object(Bucket=aws.bucket, Key=f"{RUNS}{name}", Body=body)


# --- what is in the tables ----------------------------------------------------------------------------------


def test_each_run_has_its_row_once_and_a_load_adds_no_other(world: World) -> None:
    fetched, loaded = world.run()
    again = world.pipeline.load()
    expected = [
        (fetched["run"], "fetch", 0),
        *((run, "load", 0) for run in (loaded["run"], again.result["run"])),
    ]
    assert known(world.pipeline) == expected
    fetch, load, _ = world.pipeline.query(f"SELECT * FROM {TABLE} ORDER BY run")
    names = ("schools", "pages", "received", "landed", "lists_written", "quarantined")
    assert {name: fetch[name] for name in names} == {name: fetched[name] for name in names}
    assert (fetch["scope"], fetch["part"], fetch["loaded"], fetch["error"]) == ("whole", None, None, None)
    names = ("lists", "loaded", "rows_read", "inserted", "updated", "removed")
    assert {name: load[name] for name in names} == {name: loaded[name] for name in names}
    assert (load["scope"], load["part"], load["received"], load["attention"]) == ("load", None, None, None)
    for row in (fetch, load):
        assert row["run"].startswith(f"{row['began']:%Y%m%dT%H%M%SZ}-")
        assert row["began"] <= row["ended"] <= row["began"] + dt.timedelta(seconds=PATIENCE)
    rows = world.pipeline.query(f"SELECT * FROM {SCHOOLS} ORDER BY school_id")
    assert [row["school_id"] for row in rows] == world.schools
    assert {row["run"] for row in rows} == {fetched["run"]}
    assert [row["landed"] for row in rows] == [len(world.source.records(each)) for each in world.schools]
    assert {row["fault"] for row in rows} == {None}


def test_which_school_failed_last_night_and_why_is_one_query(world: World) -> None:
    first, second = world.schools[:2]
    world.run()
    world.esd.faults.add(Fault("status", school=second, status=500, times=None))
    assert world.pipeline.fetch(**ONE_BY_ONE).status == 3
    land(world.pipeline, TUESDAY, {**version(5, "x", NEW), "student_id": None}, school=first)
    assert world.pipeline.load().status == 3
    assert world.pipeline.load("--forget-list", "2025-12-08", "7").status == 2
    [query] = blocks("Which school failed, and why", "sql")
    answer = world.pipeline.query(query.rstrip().rstrip(";"))
    assert [row["began"] for row in answer] == sorted((row["began"] for row in answer), reverse=True)
    why = {(row["script"], row["school_id"]): row["why"] for row in answer}  # two may begin in one second
    assert why.keys() == {("load", None), ("load", first), ("fetch", second)}
    forgotten, unloaded, unread = why["load", None], why["load", first], why["fetch", second]
    assert forgotten.startswith("--forget-list: s3://edna-prod/raw_esd/")
    assert unloaded == "the list of 2025-12-09 was not loaded: it has rows without a student"
    assert unread.startswith("page 1: status 500 (application/json), after 1 try: ")


def test_a_gap_is_a_schools_fault_too(world: World) -> None:
    world.esd.faults.add(Fault("status", school=world.first, page=2, status=500, times=None))
    assert world.pipeline.fetch(ESD_PAGE_SIZE="100", **ONE_BY_ONE).status == 3
    assert world.pipeline.load().status == 0
    [row] = world.pipeline.query(f"SELECT * FROM {SCHOOLS} WHERE fault IS NOT NULL")
    assert (row["school_id"], row["landed"]) == (world.first, 200)
    assert row["fault"].startswith("page 2: status 500 ")


def test_what_lies_in_quarantine_is_known_by_school(world: World) -> None:
    world.source.add(world.first, {"id": 1})
    assert world.pipeline.fetch().status == 3
    assert world.pipeline.fetch().status == 0
    world.pipeline.load()
    rows = world.pipeline.query(f"SELECT school_id, in_quarantine FROM {SCHOOLS} ORDER BY run, school_id")
    assert [row["in_quarantine"] for row in rows] == 2 * [1, *[0] * (len(world.schools) - 1)]


@pytest.mark.parametrize("flag", ["--dry-run", "--verify", "--check"])
def test_who_changes_nothing_takes_nothing_over(world: World, flag: str) -> None:
    assert world.pipeline.fetch().status == 0
    world.pipeline.load(flag)
    assert known(world.pipeline) == []


# --- runs that fail, and the warehouse that does ------------------------------------------------------------


def test_a_run_that_failed_has_its_row_when_the_warehouse_can_be_reached(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(1, "A", NEW))
    wrong = pipeline.load("--forget-list", "2025-12-08", "1")
    needs = pipeline.load("--from", "2125-12-08")
    [(run, _, status), _] = known(pipeline)
    assert (run, status, wrong.status) == (wrong.result["run"], 2, 2)
    first, second = pipeline.query(f"SELECT error, part FROM {TABLE} ORDER BY run")
    assert (first["error"], first["part"]) == (wrong.result["error"], None)
    assert (second["error"], second["part"], needs.status) == (None, "some", 0)


def test_a_run_that_was_stopped_has_its_row(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(1, "A", NEW))
    with paused_at(pipeline, "SELECT partition_date, school_id, etag") as (reached, go_on):
        loader = pipeline.start(LOADER)
        assert reached.wait(PATIENCE)
        loader.send(signal.SIGTERM)
        done = loader.end()
        go_on.set()
    assert known(pipeline) == [(done.result["run"], "load", 1)]
    assert pipeline.query(f"SELECT error FROM {TABLE}") == [{"error": done.result["error"]}]


def test_a_load_that_did_not_reach_the_warehouse_comes_with_the_next(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(1, "A", NEW))
    down = pipeline.load(REDSHIFT_PORT="9")
    assert down.status == 1
    done = pipeline.load()
    assert known(pipeline) == [(down.result["run"], "load", 1), (done.result["run"], "load", 0)]


def test_a_loader_that_dies_between_two_inserts_leaves_none_and_the_next_takes_all(world: World) -> None:
    fetched = world.pipeline.fetch()
    with paused_at(world.pipeline, f"INSERT INTO {SCHOOLS}") as (reached, go_on):
        loader = world.pipeline.start(LOADER)
        assert reached.wait(PATIENCE)
        loader.send(signal.SIGKILL)
        loader.process.wait(PATIENCE)
        go_on.set()
    died = max(name for name in world.bucket.keys(f"{RUNS}load/")).removesuffix(".json")
    assert known(world.pipeline) == []
    done = world.pipeline.load()
    names = (fetched.result["run"], died, done.result["run"])
    assert [run for run, *_ in known(world.pipeline)] == list(names)
    assert len(world.pipeline.query(f"SELECT run FROM {SCHOOLS}")) == len(world.schools)


@pytest.mark.parametrize(
    ("refusal", "status"), [(Refusal(403, "AccessDenied"), 2), (Refusal(503, "SlowDown"), 0)]
)
def test_run_records_that_cannot_be_listed(pipeline: Pipeline, refusal: Refusal, status: int) -> None:
    """A right that is missing is named when all is loaded; what may pass is left to the next load."""
    land(pipeline, MONDAY, version(1, "A", NEW))
    rule = refuse(refusal, "ListObjectsV2", f"{RUNS}fetch/")
    with AwsFront(pipeline.sandbox.aws_endpoint, rule) as front:
        done = pipeline.load(AWS_ENDPOINT_URL=front.endpoint)
    assert (done.status, len(pipeline.table()), known(pipeline)) == (status, 1, [])
    assert f"s3://edna-prod/{RUNS}fetch/" in (done.result["error"] if status else done.story)
    record = pipeline.bucket.run_record(done.result["run"])
    assert (record["status"], record["loaded"]) == (status, 1)
    pipeline.load()
    assert known(pipeline)[0][0] == done.result["run"]


# --- records that are none ----------------------------------------------------------------------------------

GOOD, BAD = "20251209T021500Z-good", "20251209T021500Z-bad"
OTHERS = {
    f"fetch/{BAD}.json": b"no JSON",
    "fetch/20251209T021501Z-deep.json": b'{"status": 0, "x": ' + b"[" * 100_000,
    "fetch/20251209T021502Z-list.json": b"[]",
    "fetch/20251209T021503Z-other.json": json.dumps({"run": "another", "status": 0}).encode(),
    "load/20251209T021504Z-older.json": json.dumps({"run": "20251209T021504Z-older"}).encode(),
    "fetch/20251209T021505Z-large.json": b'{"status": 0}' + b" " * 2**24,
    "fetch/notes.txt": b"x",
    "fetch/zz.json": b"{}",
    "else/20251209T021500Z-x.json": b"{}",
}


def test_what_is_no_run_record_stops_nothing_and_is_passed_over(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(1, "A", NEW))
    for name, body in OTHERS.items():
        put(pipeline, name, body)
    record = {"run": GOOD, "status": 0, "landed": "many", "by_school": {"12549": 5, "x": {}}, "attention": 7}
    put(pipeline, f"fetch/{GOOD}.json", json.dumps(record).encode())
    first = pipeline.load()
    assert f"{BAD}.json is no run record that can be read, and is passed over" in first.story
    for done in (first, pipeline.load()):
        assert (done.status, done.result["attention"]) == (0, [])
    assert known(pipeline)[0] == (GOOD, "fetch", 0)
    assert len(known(pipeline)) == 3
    assert pipeline.query(f"SELECT * FROM {SCHOOLS}") == []


# --- which records are looked at ----------------------------------------------------------------------------

NOW = dt.datetime(2025, 12, 9, 6, 0)


class Tables:
    """The tables of runs, as far as taking over needs them."""

    def __init__(self) -> None:
        self.runs: list[tuple[Any, ...]] = []
        self.inserts: list[int] = []

    def locked(self, work: Callable[[], int]) -> int:
        return work()

    def rows(self, text: str) -> list[tuple[Any, ...]]:
        """What KNOWN gives; run, script and the time of the run are columns 0, 1 and 4."""
        assert text == KNOWN
        newest = max((run[4] for run in self.runs if run[4] <= NOW), default=None)
        least = newest - dt.timedelta(days=7) if newest else NOW
        return [(run[0], run[1], newest) for run in self.runs if run[4] >= least or run[4] > NOW]

    def insert(self, text: str, rows: list[tuple[Any, ...]], template: str) -> None:
        assert template.count("%s") == len(rows[0])
        self.inserts.append(len(rows))
        if text == INSERT_RUNS:
            self.runs += rows


class Bucket:
    """Run records by the hour at which the runs began, before NOW; counts the calls."""

    def __init__(self) -> None:
        self.calls = 0
        self.s3: Any = FakeS3({}, self._count)

    def _count(self) -> None:
        self.calls += 1

    def add(self, hour: float, script: str = "fetch", schools: int = 1) -> str:
        """Put the record of a run that began so many hours before NOW; gives its name."""
        run = f"{NOW - dt.timedelta(hours=hour):%Y%m%dT%H%M%SZ}-{script}"
        by_school: dict[str, Any] = {str(school): {} for school in range(schools)}
        body = json.dumps({"run": run, "status": 0, "by_school": by_school}).encode()
        self.s3.objects[f"runs/{script}/{run}.json"] = (body, {})
        return run

    def take(self, tables: Any) -> int:
        """Take over; how many calls of S3 it cost."""
        before = self.calls
        runs.copy_records(tables, RunFiles(self.s3, AREAS))
        return self.calls - before


def test_a_night_costs_two_listings_and_its_new_records() -> None:
    tables, bucket = Tables(), Bucket()
    for hour in range(300, 0, -1):
        bucket.add(hour)
    while len(tables.runs) < 300:
        bucket.take(tables)
    bucket.add(0.5)
    bucket.add(0.25, "load")
    assert bucket.take(tables) == 2 + 2
    assert bucket.take(tables) == 2
    assert len({run[0] for run in tables.runs}) == len(tables.runs) == 302


def test_many_come_in_several_loads_the_oldest_first() -> None:
    tables, bucket = Tables(), Bucket()
    names = sorted([bucket.add(hour, script) for hour in range(150) for script in ("fetch", "load")])
    assert bucket.take(tables) == 2 + runs.MOST
    assert [run[0] for run in tables.runs] == names[: runs.MOST]
    bucket.take(tables)
    assert [run[0] for run in tables.runs] == names


def test_a_run_that_ended_after_many_later_ones_is_found_within_seven_days() -> None:
    tables, bucket = Tables(), Bucket()
    bucket.add(0)
    bucket.take(tables)
    late, too_late = bucket.add(7 * 24), bucket.add(7 * 24 + 1)
    bucket.take(tables)
    names = [run[0] for run in tables.runs]
    assert late in names
    assert too_late not in names


def test_a_run_that_a_wrong_clock_dated_into_the_future_hides_none() -> None:
    tables, bucket = Tables(), Bucket()
    future = bucket.add(-24 * 365)
    bucket.take(tables)
    now = bucket.add(1)
    for _ in range(2):
        bucket.take(tables)
    assert [run[0] for run in tables.runs] == [future, now]


def test_which_runs_are_known_as_the_warehouse_says(pipeline: Pipeline) -> None:
    columns = f"INSERT INTO {TABLE} (run, script, began, status) VALUES"
    days = {"future": 9, "newest": -10, "near": -16, "far": -18}
    for run, day in days.items():
        moment = dt.datetime.now(dt.timezone.utc) + dt.timedelta(days=day)
        pipeline.query(f"{columns} ('{run}', 'fetch', '{moment:%Y-%m-%d %H:%M:%S}', 0)")
    found = {row["run"]: row["began"] for row in pipeline.query(KNOWN)}
    assert set(found) == {"future", "newest", "near"}
    newest = pipeline.query(f"SELECT began FROM {TABLE} WHERE run = 'newest'")[0]["began"]
    assert set(found.values()) == {newest}
    pipeline.query(f"DELETE FROM {TABLE} WHERE run <> 'future'")
    assert pipeline.query(KNOWN) == [{"run": "future", "script": "fetch", "began": None}]


def test_many_schools_are_inserted_a_thousand_at_a_time() -> None:
    tables, bucket = Tables(), Bucket()
    bucket.add(1, schools=2_500)
    bucket.take(tables)
    assert tables.inserts == [1, 1_000, 1_000, 500]
