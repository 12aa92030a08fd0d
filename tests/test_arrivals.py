"""A record that moves is landed where it goes before it leaves where it was, whatever comes between."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

import pytest

from attendance_common.fetch.completeness import RecentReading, SchoolReading
from attendance_common.fetch.landing_zone import LandingZone
from attendance_common.fetch.lists import Change, parquet
from attendance_common.fetch.packed_pages import HeldPage
from tests.aws_gate import AwsGate, Call, Refusal
from tests.pages import BEGUN, dated_page
from tests.pipeline import LANDING, RUNS, Pipeline
from tests.samples import SCHOOL
from tests.sandbox import Sandbox
from tests.world import World
from tests.zones import landed, published, zone_of

FIRST, SECOND, THIRD, LAST = (dt.date(2025, 12, day) for day in (3, 5, 8, 10))
Places = dict[int, dt.date]


class Killed(Exception):
    """The process is gone."""


def whole(minute: int, places: Places, missed: Collection[int] = ()) -> SchoolReading:
    return read(SchoolReading(SCHOOL, 100, BEGUN + dt.timedelta(minutes=minute), missed), places)


def recent(minute: int, since: dt.date, places: Places) -> SchoolReading:
    return read(RecentReading(SCHOOL, 100, BEGUN + dt.timedelta(minutes=minute), since), places)


def read(reading: SchoolReading, places: Places) -> SchoolReading:
    reading.next_page()
    reading.add(1, HeldPage(dated_page(places, newest_first=reading.direction == "Descending")))
    assert reading.fault() is None
    return reading


@pytest.fixture
def zone(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> LandingZone:
    return zone_of(sandbox, monkeypatch)


def test_an_older_whole_reading_takes_nothing_from_what_a_newer_recent_one_read(
    zone: LandingZone, sandbox: Sandbox
) -> None:
    published(zone, whole(0, {1: SECOND, 7: LAST}))
    assert published(zone, recent(2, LAST, {1: SECOND, 7: LAST})).became == {LAST: "unchanged"}
    older = published(zone, whole(1, {1: SECOND, 7: SECOND}))  # it went, and came back as it was
    assert (older.became, older.overtaken) == ({SECOND: "written"}, True)
    assert LAST in landed(Pipeline(sandbox))[7]


def test_an_older_whole_reading_keeps_what_moved_to_a_date_that_a_newer_one_read(
    zone: LandingZone, sandbox: Sandbox
) -> None:
    published(zone, whole(0, {1: FIRST, 7: FIRST, 2: LAST}))
    published(zone, recent(2, LAST, {1: FIRST, 7: FIRST, 2: LAST}))
    older = published(zone, whole(1, {1: FIRST, 7: LAST, 2: LAST}))
    assert (older.became[FIRST], older.overtaken) == ("overtaken", True)
    assert landed(Pipeline(sandbox))[7] == {FIRST}


def test_what_moved_to_a_list_that_another_wrote_meanwhile_stays(
    zone: LandingZone, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(zone, whole(0, {1: FIRST, 7: FIRST, 2: LAST}))
    write, other = zone._write, whole(1, {1: FIRST, 7: FIRST, 2: LAST, 3: LAST})

    def lose(change: Change, reading: SchoolReading) -> bool:
        if "day=10" in change.name:
            rows = dict(other.by_date())[LAST]
            assert write(Change(change.name, change.replaces, parquet(rows)), other)
        return write(change, reading)

    monkeypatch.setattr(zone, "_write", lose)
    done = published(zone, whole(2, {1: FIRST, 7: LAST, 2: LAST}))
    assert (done.became, done.overtaken) == ({FIRST: "overtaken", LAST: "overtaken"}, True)
    assert landed(Pipeline(sandbox))[7] == {FIRST}


def test_of_records_that_move_in_a_chain_none_is_nowhere(
    zone: LandingZone, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {1: FIRST, 7: FIRST, 2: LAST, 8: LAST, 3: SECOND, 9: SECOND, 4: THIRD}
    after = {**before, 7: LAST, 8: SECOND, 9: THIRD}
    published(zone, whole(0, before))
    write, order = zone._write, []

    def watch(change: Change, reading: SchoolReading) -> bool:
        done = write(change, reading)
        order.append(change.name.partition("day=")[2][:2])
        assert landed(Pipeline(sandbox)).keys() == before.keys()
        return done

    monkeypatch.setattr(zone, "_write", watch)
    assert set(published(zone, whole(1, after)).became.values()) == {"written"}
    assert order == ["08", "05", "10", "03"]
    assert landed(Pipeline(sandbox)) == {key: {day} for key, day in after.items()}


def test_records_that_change_places_do_so(zone: LandingZone, sandbox: Sandbox) -> None:
    published(zone, whole(0, {1: FIRST, 7: FIRST, 2: LAST, 8: LAST}))
    after = {1: FIRST, 8: FIRST, 2: LAST, 7: LAST}
    assert published(zone, whole(1, after)).became == {FIRST: "written", LAST: "written"}
    assert landed(Pipeline(sandbox)) == {key: {day} for key, day in after.items()}


def test_what_was_deleted_after_it_moved_leaves_the_list_that_it_had_left_as_well(
    zone: LandingZone, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(zone, whole(0, {7: FIRST, 2: LAST}))
    with monkeypatch.context() as death:
        death.setattr(zone, "_leave", lambda *_: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            published(zone, whole(1, {7: LAST, 2: LAST}))
    doubting = whole(2, {2: LAST})
    published(zone, doubting)
    assert doubting.in_doubt
    published(zone, whole(3, {2: LAST}, doubting.missed))
    assert landed(Pipeline(sandbox)) == {2: {LAST}}


def test_a_run_that_fails_tells_what_it_wrote(world: World) -> None:
    last = max(record["date"] for record in world.source.records(world.first))
    refused = f"month={last[:2]}/day={last[3:5]}/school_{world.first}."

    def rule(call: Call) -> Refusal | None:
        denied = call.action == "PutObject" and refused in call.key
        return Refusal(403, "AccessDenied") if denied else None

    with AwsGate(world.pipeline.sandbox.aws_endpoint, rule) as gate:
        assert world.pipeline.fetch(AWS_ENDPOINT_URL=gate.endpoint, ESD_CONCURRENCY="1").status == 2
    [name] = world.pipeline.keys(RUNS)
    told = world.pipeline.run_record(name.rpartition("/")[2].removesuffix(".json"))
    assert told["objects_written"] == len(world.pipeline.keys(LANDING)) > 0
