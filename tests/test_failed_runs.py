"""A run that fails leaves a record of what was done by then, where S3 can be reached."""

from __future__ import annotations

import json
import signal
from threading import Event
from typing import Any

import pytest

from attendance_common import __version__
from attendance_common.errors import AwsError, Terminated
from attendance_common.fetch import sums
from attendance_common.run_record import failed
from tests.bucket import LANDING, QUARANTINE, RUNS
from tests.pipeline import FETCHER, LOADER, PATIENCE, Finished, paused_at
from tests.sandbox.aws_front import AwsFront, Call, Pause, Refusal, Rule, refuse
from tests.sandbox.esd import Fault
from tests.world import World

pytestmark = pytest.mark.without_tables

STUDENT = "Marker-Student-Ada"
ONE_BY_ONE = {"ESD_PAGE_SIZE": "100", "ESD_CONCURRENCY": "1", "ESD_ATTEMPTS": "1"}


def the_record(world: World) -> dict[str, Any]:
    """The one record that there is."""
    [name] = world.bucket.keys(RUNS)
    record: dict[str, Any] = json.loads(world.bucket.read(RUNS + name))
    assert name == f"fetch/{record['run']}.json"
    return record


def put_number(number: int) -> Rule:
    """The bucket is dead from the so-many-th list on; other calls pass."""
    return refuse(Refusal(403, "AccessDenied"), "PutObject", LANDING, after=number - 1)


def test_a_run_without_a_token(world: World) -> None:
    world.esd.faults.add(Fault("status", path="oauth/token", status=401, times=None))
    done = world.pipeline.fetch(**ONE_BY_ONE)
    assert done.status == 2
    record = the_record(world)
    assert [record[name] for name in ("status", "version", "run", "error")] == [
        2,
        __version__,
        done.result["run"],
        done.result["error"],
    ]
    assert (record["schools"], record["received"], record["landed"], record["by_school"]) == (0, 0, 0, {})


def test_a_bucket_that_dies_in_the_middle(world: World) -> None:
    first, second = world.schools[:2]
    world.source.add(first, {"id": 1, "date": STUDENT, "comment": STUDENT})
    with AwsFront(world.pipeline.sandbox.aws_endpoint, put_number(6)) as front:
        done = world.pipeline.fetch(AWS_ENDPOINT_URL=front.endpoint, **ONE_BY_ONE)
    record = the_record(world)
    assert done.status == record["status"] == 2
    assert record["error"] == done.result["error"]
    assert "AccessDenied" in record["error"]
    read, cut = record["by_school"][str(first)], record["by_school"][str(second)]
    assert (read["landed"], read["quarantined"], read["lists_written"]) == (300, 1, 5)
    assert (cut["landed"], cut["received"], cut["lists_written"]) == (0, 0, 0)
    assert (record["received"], record["landed"], record["quarantined"]) == (301, 300, 1)
    assert (record["schools_failed"], record["lists_written"]) == (0, 5)
    assert STUDENT not in str(record)


def test_a_run_that_is_stopped(world: World) -> None:
    came = Event()
    last = world.schools[1]
    world.esd.faults.add(
        Fault("change", school=last, page=3, change=lambda *_: came.set()),
        Fault("slow", school=last, page=3, seconds=PATIENCE),
    )
    fetcher = world.pipeline.start(FETCHER, ESD_PAGE_SIZE="100")
    assert came.wait(PATIENCE)
    fetcher.until(f"school {world.first}: ")
    fetcher.send(signal.SIGTERM)
    done = fetcher.end()
    record = the_record(world)
    assert (done.status, record["error"]) == (1, done.result["error"])
    assert "SIGTERM" in record["error"]
    assert str(world.first) in record["by_school"]
    assert record["by_school"][str(last)]["received"] == 0
    assert record["landed"] == 300


def replay_fails(world: World) -> Finished:
    """Two lists of quarantine can be read by now; the bucket dies at the second."""
    for school in world.schools[:2]:
        good = world.source.records(school)[0]
        world.change(school, good["id"], minutesLate="x")
    assert world.pipeline.fetch(**ONE_BY_ONE).result["quarantined"] == 2
    client, bucket = world.pipeline.sandbox.aws.client("s3"), world.pipeline.sandbox.aws.bucket
    for name in world.bucket.keys(QUARANTINE):
        body = world.bucket.read(QUARANTINE + name).replace(
            b'\\"minutesLate\\":\\"x\\"', b'\\"minutesLate\\":1'
        )
        client.put_object(Bucket=bucket, Key=QUARANTINE + name, Body=body)
    for name in world.bucket.keys(RUNS):
        client.delete_object(Bucket=bucket, Key=RUNS + name)
    with AwsFront(world.pipeline.sandbox.aws_endpoint, put_number(2)) as front:
        return world.pipeline.fetch("--replay-quarantine", AWS_ENDPOINT_URL=front.endpoint)


def test_a_replay_that_fails(world: World) -> None:
    done = replay_fails(world)
    assert done.status == 2
    record = the_record(world)
    assert (record["status"], record["error"]) == (2, done.result["error"])
    assert (record["read"], record["landed"], record["quarantined"]) == (1, 1, 0)


def test_a_dry_run_that_fails_leaves_nothing(world: World) -> None:
    world.esd.faults.add(Fault("no_schools", path="schools$", times=None))
    assert world.pipeline.fetch("--dry-run").status == 2
    assert world.bucket.keys("") == {}


@pytest.mark.parametrize("action", ["PutObject", None], ids=["no right to write", "no S3 at all"])
def test_the_error_is_reported_though_the_record_cannot_be_left(world: World, action: str | None) -> None:
    world.esd.faults.add(Fault("status", path="oauth/token", status=401, times=None))

    def rule(call: Call) -> Refusal | None:
        refused = call.action != "GetSecretValue" if action is None else call.action == action
        return Refusal(403, "AccessDenied") if refused else None

    with AwsFront(world.pipeline.sandbox.aws_endpoint, rule) as front:
        done = world.pipeline.fetch(AWS_ENDPOINT_URL=front.endpoint, **ONE_BY_ONE)
    assert done.status == 2
    assert done.result["error"].startswith("ESD gives no token (status 401)")
    assert "the run leaves no record" in done.story
    assert "Traceback" not in done.story
    assert world.bucket.keys("") == {}


def test_a_record_that_hangs_does_not_keep_a_stopped_run(world: World) -> None:
    came = Event()
    world.esd.faults.add(
        Fault("change", path="schools$", change=lambda *_: came.set()),
        Fault("slow", path="schools$", seconds=PATIENCE),
    )
    writing = Pause("PutObject")
    with AwsFront(world.pipeline.sandbox.aws_endpoint, writing) as front:
        fetcher = world.pipeline.start(FETCHER, AWS_ENDPOINT_URL=front.endpoint)
        assert came.wait(PATIENCE)
        fetcher.send(signal.SIGTERM)
        done = fetcher.end(within=15)
        writing.go_on.set()
    assert done.status == 1
    assert "SIGTERM" in done.result["error"]
    assert "Fatal" not in done.story


# --- what the record says -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (AwsError("s3://b: access denied", to_mend=True), 2, "s3://b: access denied"),
        (AwsError("s3://b: no answer"), 1, "s3://b: no answer"),
        (Terminated("stopped by SIGTERM"), 1, "stopped by SIGTERM"),
        (ValueError(STUDENT), 1, "internal error: ValueError"),
    ],
)
def test_the_sentence_of_an_error(error: BaseException, status: int, sentence: str) -> None:
    assert failed(error) == {"status": status, "error": sentence}


def test_sums_of_schools_that_were_read_and_of_one_that_was_not() -> None:
    some = {name: place for place, name in enumerate(sums._SUMS)}
    none = dict.fromkeys(sums._SUMS, 0)
    schools: dict[int, dict[str, Any]] = {
        1: {**some, "newest_date": "2025-12-09"},
        2: {**some, "newest_date": "2025-12-10"},
        3: {**none, "newest_date": None, "fault": "page 1: status 503"},
    }
    counts = sums.counts(schools)
    assert (counts["schools"], counts["schools_failed"], counts["newest_date"]) == (3, 1, "2025-12-10")
    assert {name: counts[name] for name in some} == {name: 2 * place for name, place in some.items()}


def test_sums_of_nothing() -> None:
    assert sums.counts({}).pop("newest_date") is None
    assert set(sums.counts({}).values()) == {0, None}


# --- the loader ---------------------------------------------------------------------------------------------


def test_a_loader_that_fails_in_the_middle_tells_what_was_loaded(world: World) -> None:
    assert world.pipeline.setup().returncode == 0
    assert world.pipeline.fetch().status == 0
    before = world.bucket.keys(RUNS).keys()
    loader = world.pipeline.start(LOADER, REDSHIFT_BATCH_PARTITIONS="2")
    loader.until("lists of 20")  # the first batch's line
    with paused_at(world.pipeline, "CREATE TEMP TABLE staged") as (reached, _):
        assert reached.wait(PATIENCE)
        loader.send(signal.SIGTERM)
        done = loader.end()
    [name] = world.bucket.keys(RUNS).keys() - before
    record = json.loads(world.bucket.read(RUNS + name))
    assert (record["status"], record["error"]) == (1, done.result["error"])
    assert record["loaded"] % 2 == 0
    assert record["loaded"] > 0
    assert record["inserted"] == record["rows_read"] == len(world.pipeline.table())
