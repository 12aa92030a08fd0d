"""What a later version can read of the quarantine is landed; nothing newer is touched, nothing is lost."""

from __future__ import annotations

import io
import json
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.bucket import LANDING, QUARANTINE, RUNS
from tests.model import Record
from tests.pipeline import Finished
from tests.sandbox import Sandbox
from tests.sandbox.aws_front import AwsFront
from tests.waiting import Waiting
from tests.world import World

SINCE = "2025-12-01T06:00:00+00:00"
LATER, LONG_AGO = "2026-06-01T00:00:00Z", "2020-01-01T00:00:00Z"
UNREADABLE = [
    {"id": None, "date": "09-22-2025", "studentId": 5},
    {"id": 905, "date": "02-30-2026", "studentId": 5},
    {"id": 906, "date": "09-22-2025", "studentId": 2**63},
]


@pytest.fixture(scope="module")
def fetched(running_sandbox: Sandbox) -> list[dict[str, Any]]:
    """The landing zone after a fetch, as requests that put it there again."""
    running_sandbox.reset()
    world = World(running_sandbox)
    assert world.pipeline.fetch().status == 0
    aws = running_sandbox.aws
    keys = [LANDING + name for name in world.bucket.keys(LANDING)]
    return [
        {
            "Bucket": aws.bucket,
            "Key": key,
            "Body": world.bucket.read(key),
            "Metadata": aws.client("s3").head_object(Bucket=aws.bucket, Key=key)["Metadata"],
        }
        for key in keys
    ]


@pytest.fixture
def world(fetched: list[dict[str, Any]], sandbox: Sandbox) -> World:
    """A world that has been fetched once; its first school's records are known by their place."""
    for request in fetched:
        sandbox.aws.client("s3").put_object(**request)
    return World(sandbox)


def readable(world: World) -> list[Record]:
    """New on a date that is landed; alone on its date; newer and older than what is landed, and as new."""
    first, second, third, *_ = world.source.records(world.first)
    return [
        {**first, "id": 901},
        {**first, "id": 902, "date": "01-15-2026"},
        {**first, "comment": "newer", "modifiedOn": LATER},
        {**second, "comment": "older", "modifiedOn": LONG_AGO},
        {**third, "comment": "as new"},
    ]


def quarantine(world: World, school: int, texts: list[str], year: int = 55) -> None:
    """Put a file there as an earlier version would have."""
    members = {"schoolId": school, "schoolYearId": year, "since": SINCE, "reason": "not yet readable"}
    body = "".join(json.dumps({**members, "record": text}) + "\n" for text in texts)
    aws = world.pipeline.sandbox.aws
    key = f"{QUARANTINE}school_{school}.jsonl"
    aws.client("s3").put_object(Bucket=aws.bucket, Key=key, Body=body.encode())


def texts(records: list[Any]) -> list[str]:
    return [json.dumps(record) for record in records]


def replay(world: World, *flags: str, **variables: str) -> Finished:
    world.esd.traffic.forget()
    done = world.pipeline.fetch("--replay-quarantine", *flags, **variables)
    assert "Traceback" not in done.story
    return done


def without_run_records(world: World) -> dict[str, str]:
    return {key: etag for key, etag in world.bucket.keys("").items() if not key.startswith(RUNS)}


def remaining(world: World) -> list[str]:
    """The records in quarantine."""
    return sorted(line["record"] for line in world.bucket.quarantined())


def follow(world: World, records: list[Record]) -> None:
    """Let the model land what the source said, then those of these that are newer, or that nobody has."""
    world.publish()
    known = {record["id"]: record["modifiedOn"] for record in world.source.records(world.first)}
    newer = [record for record in records if record["modifiedOn"] > known.get(record["id"], "")]
    world.landed.publish_part(world.first, newer)
    world.compare_landing()


def test_readable_records_join_the_lists_and_newer_ones_stay(world: World) -> None:
    before = world.bucket.keys(LANDING)
    quarantine(world, world.first, texts(readable(world)))
    done = replay(world)
    assert done.status == 0, done.story
    counts = {name: done.result[name] for name in ("read", "landed", "quarantined")}
    assert counts == {"read": 5, "landed": 5, "quarantined": 0}
    assert remaining(world) == []
    follow(world, readable(world))
    comments = {row["comment"] for rows in world.bucket.landed().values() for row in rows}
    assert "newer" in comments
    assert not {"older", "as new"} & comments
    changed = {name for name, etag in world.bucket.keys(LANDING).items() if before.get(name) != etag}
    first, alone = (
        f"{day}school_{world.first}.parquet"
        for day in ("year=2025/month=09/day=22/", "year=2026/month=01/day=15/")
    )
    assert changed == {first, alone}


def test_a_date_without_an_object_under_the_readmes_policy(world: World) -> None:
    quarantine(world, world.first, texts(readable(world)))
    with AwsFront(world.pipeline.sandbox.aws_endpoint) as front:
        done = replay(world, AWS_ENDPOINT_URL=front.endpoint)
    assert (done.status, done.result["landed"]) == (0, 5), done.story


def test_a_replay_leaves_a_record_of_its_numbers(world: World) -> None:
    quarantine(world, world.first, texts([*readable(world), *UNREADABLE]))
    done = replay(world)
    record = world.bucket.run_record(done.result["run"])
    assert {name: record[name] for name in ("read", "landed", "quarantined")} == {
        "read": 8,
        "landed": 5,
        "quarantined": 3,
    }


def test_the_rest_stays_as_it_was_received(world: World) -> None:
    broken = ['{"id": 907, "date": ', '{"id": 908, "id": 1e999}', "[]", "null"]
    quarantine(world, world.first, [*texts(readable(world)), *texts(UNREADABLE), *broken])
    done = replay(world)
    assert (done.status, done.result["landed"], done.result["quarantined"]) == (3, 5, 7)
    sentence = "7 records stay in quarantine: this version cannot land what --quarantine lists"
    assert sentence in done.result["attention"]
    assert remaining(world) == sorted([*texts(UNREADABLE), *broken])
    reasons = {line["record"]: line["reason"] for line in world.bucket.quarantined()}
    assert reasons[texts(UNREADABLE)[1]].startswith("date: not a date")
    about = {(line["schoolId"], line["since"]) for line in world.bucket.quarantined()}
    assert about == {(world.first, SINCE)}
    follow(world, readable(world))


def test_an_object_without_a_readable_record_is_left_alone(world: World) -> None:
    quarantine(world, world.first, texts(UNREADABLE))
    before = without_run_records(world)
    assert replay(world).status == 3
    assert without_run_records(world) == before


def test_an_empty_quarantine_is_no_fault(world: World) -> None:
    before = without_run_records(world)
    done = replay(world)
    assert (done.status, done.result["read"]) == (0, 0)
    assert without_run_records(world) == before


def test_each_school_gets_its_own(world: World) -> None:
    record = world.source.records(world.first)[0]
    for school in world.schools:
        quarantine(world, school, texts([{**record, "id": school}]))
    assert replay(world).status == 0
    landed = [(school, row) for (_, school), rows in world.bucket.landed().items() for row in rows]
    assert (
        sorted(school for school, row in landed if row["id"] == school == row["school_id"]) == world.schools
    )


def test_each_record_is_landed_under_the_school_year_of_its_line(world: World) -> None:
    quarantine(world, world.first, texts(readable(world)), year=54)
    assert replay(world).status == 0
    years = {
        day: pq.read_metadata(io.BytesIO(world.bucket.read(LANDING + list_name(world, day)))).metadata
        for day in ("2025-09-22", "2025-09-23", "2026-01-15")
    }
    assert [about[b"school_years"] for about in years.values()] == [b"54,55", b"55", b"54"]


def list_name(world: World, day: str) -> str:
    year, month, number = day.split("-")
    return f"year={year}/month={month}/day={number}/school_{world.first}.parquet"


def test_a_second_replay_changes_nothing(world: World) -> None:
    quarantine(world, world.first, texts([*readable(world), *UNREADABLE]))
    replay(world)
    before = without_run_records(world)
    again = replay(world)
    assert (again.status, again.result["landed"]) == (3, 0)
    assert without_run_records(world) == before


def test_one_that_was_killed_before_it_tidied_up_loses_nothing_and_lands_nothing_twice(world: World) -> None:
    everything = texts([*readable(world), *UNREADABLE])
    quarantine(world, world.first, everything)
    replay(world)
    landed, kept = world.bucket.keys(LANDING), world.bucket.keys(QUARANTINE)
    quarantine(world, world.first, everything)  # as if it had not come to delete it
    again = replay(world)
    assert again.status == 3
    assert world.bucket.keys(LANDING) == landed
    assert world.bucket.keys(QUARANTINE) == kept
    assert remaining(world) == sorted(texts(UNREADABLE))
    follow(world, readable(world))


def test_a_dry_run_says_what_would_be_landed_and_changes_nothing(world: World) -> None:
    quarantine(world, world.first, texts([*readable(world), *UNREADABLE]))
    before = world.bucket.keys("")
    done = replay(world, "--dry-run")
    assert (done.status, done.result["landed"], done.result["quarantined"]) == (3, 5, 3)
    assert world.bucket.keys("") == before


def test_the_source_is_not_asked(world: World) -> None:
    quarantine(world, world.first, texts(readable(world)))
    done = replay(world, ESD_SECRET_ID="no/such/secret")
    assert done.status == 0, done.story
    assert not world.esd.traffic.log


def test_a_fetch_after_it_has_the_last_word(world: World) -> None:
    quarantine(world, world.first, texts(readable(world)))
    assert replay(world).status == 0
    follow(world, readable(world))
    assert world.pipeline.fetch().status == 0
    world.landed.publish(world.first, world.source.records(world.first))
    world.compare_landing()


def test_a_fetch_that_had_listed_what_a_replay_then_wrote_merges_it(world: World) -> None:
    last = world.schools[1]
    record = world.source.records(world.first)[0]
    world.change(world.first, record["id"], comment="newer", modifiedOn=LATER)
    fetcher = Waiting(world, world.first, "year=")  # it has listed the lists of both
    quarantine(world, last, texts([{**world.source.records(last)[0], "id": 901}]))
    assert replay(world).result["landed"] == 1
    fetcher.end()
    assert 901 in {row["id"] for rows in world.bucket.landed().values() for row in rows}


def test_no_bucket(world: World) -> None:
    done = replay(world, S3_BUCKET="no-such-bucket")
    assert done.status == 2
    assert "the bucket does not exist: check S3_BUCKET" in done.result["error"]
