"""Objects under a list's name that cannot be read: no row is lost without a word, all else is landed."""

from __future__ import annotations

import datetime as dt
import io

import polars as pl
import pytest

from attendance_common.fetch.landing_zone import LandingZone
from attendance_common.fetch.lists import ReadRecords, SchoolPlan, parquet
from attendance_common.fetch.school_lists import SchoolLists
from attendance_common.landing import object_name
from tests.bucket import LANDING, QUARANTINE
from tests.pages import page_of
from tests.pipeline import Pipeline
from tests.samples import SCHOOL
from tests.sandbox import Sandbox
from tests.sandbox.aws_front import AwsFront, Refusal, refuse
from tests.world import World
from tests.zones import YEAR, Places, landed, reading_of, zone_of

pytestmark = pytest.mark.without_tables

FIRST, LAST = dt.date(2025, 12, 3), dt.date(2025, 12, 10)
NAME = object_name(FIRST, SCHOOL)


def rows(*ids: int, day: dt.date = FIRST) -> pl.DataFrame:
    return page_of(ids, days=[day] * len(ids)).rows


def list_of(frame: pl.DataFrame) -> bytes:
    return parquet(frame, YEAR)


GOOD = list_of(rows(1, 2))
ODD: dict[str, tuple[bytes, str]] = {
    "no bytes": (b"", "it is no Parquet"),
    "text": (b"PAR1 or not", "it is no Parquet"),
    "cut": (GOOD[: len(GOOD) // 2], "it is no Parquet"),
    "its last byte lacking": (GOOD[:-1], "it is no Parquet"),
    "encrypted Parquet": (GOOD[:-4] + b"PARE", "it is no Parquet"),
    "no id": (list_of(rows(1, 2).drop("id")), "it has no column id"),
    "other columns": (list_of(pl.DataFrame({"a": [1]})), "it has no column id"),
    "ids as text": (
        list_of(rows(1, 2).cast({"id": pl.String})),
        "its column id is of another type",
    ),
    "real dates": (
        list_of(rows(1, 2).with_columns(pl.col("date").str.to_date("%m-%d-%Y"))),
        "its column date is of another type",
    ),
    "numbers as floats": (
        list_of(rows(1, 2).cast({"minutes_late": pl.Float64})),
        "its column minutes_late is of another type",
    ),
    "a row without an id": (
        list_of(pl.concat([rows(1), rows(2).with_columns(id=None)])),
        "it has rows without an id",
    ),
    "an id twice": (list_of(pl.concat([rows(1), rows(1)])), "it has an id twice"),
    "another date": (list_of(rows(1, 2, day=LAST)), "it has rows of another date"),
    "no date": (
        list_of(rows(1, 2).with_columns(date=pl.lit(None, pl.String))),
        "it has rows of another date",
    ),
    "another school": (
        list_of(rows(1, 2).with_columns(school_id=pl.lit(7, pl.Int64))),
        "it has rows of another school",
    ),
}


@pytest.fixture
def pipeline(sandbox: Sandbox) -> Pipeline:
    return Pipeline(sandbox)  # of an empty landing zone: the world below was fetched


@pytest.fixture
def zone(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> LandingZone:
    return zone_of(sandbox, monkeypatch)


def put(pipeline: Pipeline, key: str, body: bytes, **metadata: str) -> None:
    aws = pipeline.sandbox.aws
    aws.client("s3").put_object(Bucket=aws.bucket, Key=key, Body=body, Metadata=metadata)


def take_away(pipeline: Pipeline, key: str) -> None:
    aws = pipeline.sandbox.aws
    aws.client("s3").delete_object(Bucket=aws.bucket, Key=key)


def land(
    zone: LandingZone, places: Places, *, proved: bool, also: bool = True
) -> tuple[SchoolLists, SchoolPlan]:
    """A reading of these records is landed, with its departures."""
    lists = zone.landed.lists_of(SCHOOL, YEAR)
    reading = reading_of(places)
    read = ReadRecords(reading.contents.newest.select("id", "day"), is_proved=proved)
    others = [day for day in lists.etags if day not in reading.contents.days and also]
    plan = zone.land(lists, reading.contents.by_date(), read, others)
    zone.take_out(lists, plan.departures)
    return lists, plan


@pytest.mark.parametrize(("body", "why"), ODD.values(), ids=ODD.keys())
def test_a_reading_that_proves_nothing_leaves_the_list_and_lands_all_else(
    zone: LandingZone, pipeline: Pipeline, body: bytes, why: str
) -> None:
    put(pipeline, LANDING + NAME, body)
    lists, plan = land(zone, {1: FIRST, 3: LAST}, proved=False)
    assert pipeline.bucket.read(LANDING + NAME) == body
    assert (lists.unreadable, lists.replaced, plan.unlanded) == ({FIRST: why}, {}, [1])
    assert list(lists.written) == [LAST]


@pytest.mark.parametrize(("body", "why"), ODD.values(), ids=ODD.keys())
def test_a_proved_reading_replaces_the_list_and_says_so(
    zone: LandingZone, pipeline: Pipeline, body: bytes, why: str
) -> None:
    put(pipeline, LANDING + NAME, body)
    lists, plan = land(zone, {1: FIRST, 3: LAST}, proved=True)
    assert (lists.unreadable, lists.replaced, plan.unlanded) == ({}, {FIRST: why}, [])
    assert landed(pipeline) == {1: {FIRST}, 3: {LAST}}


@pytest.mark.parametrize("proved", [True, False])
def test_a_list_that_no_reading_mentions_stays(zone: LandingZone, pipeline: Pipeline, proved: bool) -> None:
    put(pipeline, LANDING + NAME, b"cut")
    lists, plan = land(zone, {3: LAST}, proved=proved)
    assert (lists.unreadable, lists.replaced) == ({FIRST: "it is no Parquet"}, {})
    assert pipeline.bucket.read(LANDING + NAME) == b"cut"
    assert zone.take_out(lists, {FIRST: [1]}) == 0
    assert plan.missing == {}


def test_bytes_that_are_not_those_that_were_written_are_not_read(
    zone: LandingZone, pipeline: Pipeline
) -> None:
    put(pipeline, LANDING + NAME, GOOD, **{"content-md5": "0" * 32})
    lists, _ = land(zone, {1: FIRST}, proved=False)
    assert lists.unreadable == {FIRST: "its bytes are not those that the fetcher wrote"}


def test_a_record_that_moves_into_such_a_list_stays_where_it_was(
    zone: LandingZone, pipeline: Pipeline
) -> None:
    land(zone, {1: LAST, 2: LAST}, proved=True)
    put(pipeline, LANDING + NAME, b"cut")
    zone.landed._snapshot._taken = None
    _, plan = land(zone, {1: FIRST, 2: LAST}, proved=False)
    assert (plan.unlanded, plan.departures) == ([1], {})
    take_away(pipeline, LANDING + NAME)
    assert landed(pipeline) == {1: {LAST}, 2: {LAST}}


@pytest.mark.parametrize("proved", [True, False])
def test_what_a_later_version_landed_keeps_its_columns(
    zone: LandingZone, pipeline: Pipeline, proved: bool
) -> None:
    later = rows(1, 2, 3).with_columns(mood=pl.Series(["a", "b", "c"]))
    put(pipeline, LANDING + NAME, list_of(later))
    lists, plan = land(zone, {1: FIRST, 9: FIRST, 4: LAST}, proved=proved)
    assert (lists.unreadable, lists.replaced, plan.missing) == ({}, {}, {FIRST: [2, 3]})
    found = pl.read_parquet(io.BytesIO(pipeline.bucket.read(LANDING + NAME)))
    assert found.select("id", "mood").rows() == [(1, None), (2, "b"), (3, "c"), (9, None)]
    assert found.columns == [*later.columns]
    assert zone.merge(zone.landed.lists_of(SCHOOL, YEAR), rows(7)) == []
    assert pl.read_parquet(io.BytesIO(pipeline.bucket.read(LANDING + NAME)))["id"].to_list() == [
        1,
        2,
        3,
        7,
        9,
    ]


@pytest.mark.parametrize(
    ("refusal", "why"),
    [
        (Refusal(403, "InvalidObjectState"), "it is archived"),
        (Refusal(400, "InvalidRequest"), "it is encrypted with a key that S3 does not hold"),
    ],
)
def test_an_object_that_s3_does_not_give_stays(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline, refusal: Refusal, why: str
) -> None:
    put(pipeline, LANDING + NAME, GOOD)
    with AwsFront(sandbox.aws_endpoint, refuse(refusal, "GetObject", LANDING + NAME)) as front:
        monkeypatch.setitem(sandbox.environment, "AWS_ENDPOINT_URL", front.endpoint)
        lists, plan = land(zone_of(sandbox, monkeypatch), {1: FIRST, 3: LAST}, proved=True)
    assert (lists.unreadable, plan.unlanded) == ({FIRST: why}, [1])
    assert pipeline.bucket.read(LANDING + NAME) == GOOD


def test_what_is_merged_into_such_a_list_is_named(zone: LandingZone, pipeline: Pipeline) -> None:
    put(pipeline, LANDING + NAME, b"cut")
    assert zone.merge(zone.landed.lists_of(SCHOOL, YEAR), pl.concat([rows(1, 2), rows(3, day=LAST)])) == [
        1,
        2,
    ]
    assert pipeline.bucket.read(LANDING + NAME) == b"cut"


def test_the_newest_date_is_that_of_a_list_that_can_be_read(zone: LandingZone, pipeline: Pipeline) -> None:
    land(zone, {1: FIRST}, proved=True)
    put(pipeline, LANDING + object_name(LAST, SCHOOL), b"cut")
    zone.landed._snapshot._taken = None
    lists = zone.landed.lists_of(SCHOOL, YEAR)
    assert zone.landed.newest_date(lists, LAST) == FIRST
    assert lists.unreadable == {LAST: "it is no Parquet"}


# --- runs of the fetcher ------------------------------------------------------------------------------------


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    """A world that was fetched once."""
    world = World(sandbox)
    assert world.pipeline.fetch().status == 0
    world.publish()
    return world


def newest_list(world: World, school: int) -> str:
    return max(name for name in world.bucket.keys(LANDING) if name.endswith(f"school_{school}.parquet"))


def test_a_partial_reading_names_the_list_and_the_next_one_mends_it_when_it_was_moved_away(
    world: World,
) -> None:
    name = newest_list(world, world.first)
    put(world.pipeline, LANDING + name, b"cut")
    done = world.pipeline.fetch("--since", "2025-09-26")
    [sentence] = done.result["attention"]
    assert done.status == 3
    assert sentence == (
        f"school {world.first}: lists that cannot be read stay as they are, and what was read for them is "
        f"not landed: {name} (it is no Parquet); move these objects away from "
        f"s3://{world.pipeline.sandbox.aws.bucket}/{LANDING}, then run again"
    )
    about = world.bucket.run_record(done.result["run"])["by_school"][str(world.first)]
    assert about["unreadable"] == {"2025-09-26": "it is no Parquet"}
    assert about["received"] == about["landed"] + about["not_landed"] + about["repeats"]
    assert about["not_landed"] > 0
    assert world.bucket.read(LANDING + name) == b"cut"
    take_away(world.pipeline, LANDING + name)
    assert world.pipeline.fetch().status == 0
    world.compare_landing()


def test_a_whole_reading_that_is_proved_replaces_the_list_and_says_so_once(world: World) -> None:
    name = newest_list(world, world.first)
    put(world.pipeline, LANDING + name, b"cut")
    done = world.pipeline.fetch()
    [sentence] = done.result["attention"]
    assert done.status == 3
    assert "lists that could not be read were replaced by what the source holds: " in sentence
    assert f"{name} (it is no Parquet); find out who else writes below s3://" in sentence
    world.compare_landing()
    assert world.pipeline.fetch().status == 0


def test_a_replayed_record_whose_list_cannot_be_read_stays_in_quarantine(world: World) -> None:
    record = world.source.records(world.first)[0]
    world.source.add(world.first, {**record, "id": 901, "minutesLate": "x"})
    assert world.pipeline.fetch().status == 3
    month, day, year = record["date"].split("-")
    name = object_name(dt.date(int(year), int(month), int(day)), world.first)
    put(world.pipeline, LANDING + name, b"cut")
    [key] = world.bucket.keys(QUARANTINE)
    text = world.bucket.read(QUARANTINE + key).replace(b'\\"x\\"', b"5")  # as if this version could read it
    put(world.pipeline, QUARANTINE + key, text)
    done = world.pipeline.fetch("--replay-quarantine")
    assert (done.status, done.result["landed"], done.result["quarantined"]) == (3, 0, 1)
    assert f"{name} (it is no Parquet)" in done.result["attention"][1]
    assert world.bucket.read(QUARANTINE + key) == text
