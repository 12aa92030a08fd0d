"""What a fetcher writes, whatever another one writes meanwhile: arrivals before departures, nothing lost."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from attendance_common import aws
from attendance_common.errors import AwsError
from attendance_common.fetch import landed_lists
from attendance_common.fetch.landing_zone import LandingZone
from attendance_common.fetch.school_lists import SchoolLists
from tests.bucket import LANDING
from tests.pages import page_of
from tests.pipeline import Pipeline
from tests.samples import SCHOOL
from tests.sandbox import Sandbox
from tests.sandbox.aws_front import AwsFront, Refusal, refuse
from tests.zones import YEAR, land, landed, zone_of

pytestmark = pytest.mark.without_tables

FIRST, SECOND, THIRD, LAST = (dt.date(2025, 12, day) for day in (3, 5, 8, 10))


@pytest.fixture
def zone(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> LandingZone:
    return zone_of(sandbox, monkeypatch)


@pytest.fixture
def other(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> LandingZone:
    """Another fetcher."""
    return zone_of(sandbox, monkeypatch)


def test_what_was_read_is_landed_and_the_same_again_is_no_write(
    zone: LandingZone, pipeline: Pipeline
) -> None:
    lists = zone.landed.lists_of(SCHOOL, YEAR)
    land(zone, lists, {1: FIRST, 2: LAST})
    assert lists.written == {FIRST, LAST}
    before = pipeline.bucket.keys(LANDING)
    again = zone_again(zone)
    land(zone, again, {1: FIRST, 2: LAST})
    assert (again.written, pipeline.bucket.keys(LANDING)) == (set(), before)


def zone_again(zone: LandingZone) -> SchoolLists:
    """The school's lists as they are now."""
    zone.landed._snapshot._taken = None
    return zone.landed.lists_of(SCHOOL, YEAR)


def test_what_was_not_read_stays_and_is_named(zone: LandingZone, pipeline: Pipeline) -> None:
    land(zone, zone.landed.lists_of(SCHOOL, YEAR), {1: FIRST, 2: FIRST, 3: LAST})
    plan = land(zone, zone_again(zone), {1: FIRST})
    assert plan.missing == {FIRST: [2], LAST: [3]}
    assert landed(pipeline) == {1: {FIRST}, 2: {FIRST}, 3: {LAST}}


def test_a_record_that_moved_leaves_the_list_it_was_in(zone: LandingZone, pipeline: Pipeline) -> None:
    land(zone, zone.landed.lists_of(SCHOOL, YEAR), {1: FIRST, 2: FIRST, 3: LAST})
    plan = land(zone, zone_again(zone), {1: LAST, 2: FIRST, 3: LAST})
    assert (plan.departures, plan.missing) == ({FIRST: [1]}, {})
    assert landed(pipeline) == {1: {LAST}, 2: {FIRST}, 3: {LAST}}


def test_records_that_move_in_a_chain_are_nowhere_at_no_instant(
    zone: LandingZone, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {1: FIRST, 7: FIRST, 2: LAST, 8: LAST, 3: SECOND, 9: SECOND}
    after = {**before, 7: LAST, 8: SECOND, 9: FIRST}
    land(zone, zone.landed.lists_of(SCHOOL, YEAR), before)
    put = aws.put_if

    def watch(*arguments: object, **more: object) -> object:
        done = put(*arguments, **more)  # type: ignore[arg-type]
        assert landed(pipeline).keys() == before.keys()
        return done

    monkeypatch.setattr(aws, "put_if", watch)
    land(zone, zone_again(zone), after)
    assert landed(pipeline) == {key: {day} for key, day in after.items()}


def test_a_list_that_loses_its_last_record_becomes_a_tombstone_and_then_a_list_again(
    zone: LandingZone, pipeline: Pipeline
) -> None:
    land(zone, zone.landed.lists_of(SCHOOL, YEAR), {1: FIRST, 3: LAST})
    lists = zone_again(zone)
    land(zone, lists, {1: LAST, 3: LAST})
    assert pipeline.bucket.landed()[FIRST, SCHOOL] == []
    before = pipeline.bucket.keys(LANDING)
    assert zone.take_out(lists, {FIRST: [1]}) == 0
    land(zone, zone_again(zone), {1: LAST, 3: LAST})
    assert pipeline.bucket.keys(LANDING) == before
    land(zone, zone_again(zone), {1: FIRST, 3: LAST})
    assert landed(pipeline) == {1: {FIRST}, 3: {LAST}}


# --- other writers ------------------------------------------------------------------------------------------


def test_a_list_that_another_wrote_since_the_snapshot_is_merged_and_loses_nothing(
    zone: LandingZone, other: LandingZone, pipeline: Pipeline
) -> None:
    land(zone, zone.landed.lists_of(SCHOOL, YEAR), {1: FIRST, 2: FIRST})
    older = zone_again(zone)
    land(other, other.landed.lists_of(SCHOOL, YEAR), {1: FIRST, 2: FIRST, 8: FIRST})
    plan = land(zone, older, {1: FIRST, 9: FIRST})
    assert (older.foreign, older.written, plan.missing) == ({FIRST}, {FIRST}, {})
    assert landed(pipeline) == {key: {FIRST} for key in (1, 2, 8, 9)}


def test_two_that_begin_with_nothing_land_both(
    zone: LandingZone, other: LandingZone, pipeline: Pipeline
) -> None:
    ours, theirs = (each.landed.lists_of(SCHOOL, YEAR) for each in (zone, other))
    land(zone, ours, {1: FIRST})
    land(other, theirs, {2: FIRST})
    assert (ours.foreign, theirs.foreign, theirs.written) == (set(), {FIRST}, {FIRST})
    assert landed(pipeline) == {1: {FIRST}, 2: {FIRST}}


def test_nothing_leaves_a_list_that_another_wrote_meanwhile(
    zone: LandingZone, other: LandingZone, pipeline: Pipeline
) -> None:
    lists = zone.landed.lists_of(SCHOOL, YEAR)
    land(zone, lists, {1: FIRST, 2: FIRST, 3: LAST})
    land(other, other.landed.lists_of(SCHOOL, YEAR), {1: FIRST, 2: FIRST, 3: LAST, 4: FIRST})
    assert zone.take_out(lists, {FIRST: [2], LAST: [3]}) == 1
    assert landed(pipeline) == {1: {FIRST}, 2: {FIRST}, 4: {FIRST}}


def test_nothing_leaves_a_list_that_was_merged_though_this_run_wrote_it_last(
    zone: LandingZone, other: LandingZone, pipeline: Pipeline
) -> None:
    lists = zone.landed.lists_of(SCHOOL, YEAR)
    land(zone, lists, {1: FIRST, 2: FIRST})
    land(other, other.landed.lists_of(SCHOOL, YEAR), {1: FIRST, 2: FIRST, 8: FIRST})
    land(zone, lists, {1: FIRST, 9: FIRST})  # a second look
    assert zone.take_out(lists, {FIRST: [2, 8]}) == 0
    assert landed(pipeline) == {key: {FIRST} for key in (1, 2, 8, 9)}


def test_a_write_whose_answer_was_lost_is_this_runs_own(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline
) -> None:
    zone, put = zone_of(sandbox, monkeypatch), aws.put_if

    def lost(*arguments: object, **more: object) -> None:
        put(*arguments, **more)  # type: ignore[arg-type]

    lists = zone.landed.lists_of(SCHOOL, YEAR)
    monkeypatch.setattr(aws, "put_if", lost)
    land(zone, lists, {1: FIRST})
    assert (lists.written, lists.foreign) == ({FIRST}, set())
    assert landed(pipeline) == {1: {FIRST}}


def test_a_list_that_is_written_again_and_again_ends_in_a_report(
    zone: LandingZone, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(zone, zone.landed.lists_of(SCHOOL, YEAR), {1: FIRST})
    monkeypatch.setattr(aws, "put_if", lambda *_, **__: None)
    with pytest.raises(AwsError, match="written by others again and again"):
        land(zone, zone_again(zone), {2: FIRST})


# --- the snapshot, and replays ------------------------------------------------------------------------------


def listings(front: AwsFront) -> int:
    return sum(call.action == "ListObjectsV2" for call in front.calls)


def test_a_young_listing_serves_the_next_school(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with AwsFront(sandbox.aws_endpoint) as front:
        monkeypatch.setitem(sandbox.environment, "AWS_ENDPOINT_URL", front.endpoint)
        zone = zone_of(sandbox, monkeypatch)
        zone.landed.lists_of(1, YEAR), zone.landed.lists_of(2, YEAR)
        assert listings(front) == 1
        monkeypatch.setattr(landed_lists, "SNAPSHOT_SECONDS", 0.0)
        zone.landed.lists_of(3, YEAR)
        assert listings(front) == 2


def test_a_replay_never_looks_at_what_is_not_there(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, pipeline: Pipeline
) -> None:
    with AwsFront(sandbox.aws_endpoint, refuse(Refusal(403, "AccessDenied"), "GetObject")) as front:
        monkeypatch.setitem(sandbox.environment, "AWS_ENDPOINT_URL", front.endpoint)
        zone = zone_of(sandbox, monkeypatch)
        zone.merge(zone.landed.lists_of(SCHOOL, YEAR), rows_on(FIRST, 1, 2))
    assert landed(pipeline) == {1: {FIRST}, 2: {FIRST}}


def rows_on(day: dt.date, *ids: int) -> pl.DataFrame:
    return page_of(ids, days=[day] * len(ids)).rows


def test_the_newest_date_is_that_of_a_list_with_records(zone: LandingZone) -> None:
    land(zone, zone.landed.lists_of(SCHOOL, YEAR), {1: FIRST, 2: SECOND, 3: LAST})
    lists = zone_again(zone)
    land(zone, lists, {1: FIRST, 2: SECOND, 3: SECOND})
    assert zone.landed.newest_date(lists, LAST) == SECOND
    assert zone.landed.newest_date(lists, FIRST) == FIRST
    assert zone.landed.newest_date(lists, FIRST - dt.timedelta(days=1)) is None
