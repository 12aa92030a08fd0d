"""What cannot be landed: each record once, with its reason and since when, until it is landed or gone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from attendance_common.fetch.page import Rejection
from attendance_common.fetch.quarantine import Line, Lines, after_reading, read, written
from tests.bucket import QUARANTINE, RUNS
from tests.pipeline import Finished
from tests.sandbox import Sandbox
from tests.sandbox.aws_front import AwsFront, Refusal, refuse
from tests.sandbox.esd import Fault
from tests.world import World

SINCE, NOW = "2025-12-01T06:00:00+00:00", "2025-12-09T06:00:00+00:00"


def text(key: int | None, said: str = "x") -> str:
    return json.dumps({"id": key, "comment": said})


def rejected(key: int | None, said: str = "x") -> Rejection:
    return Rejection("date: missing", text(key, said), key)


def lines(*keys: int | None, year: int | None = 55) -> Lines:
    quarantined = [Line(text(key), "date: missing", SINCE, year) for key in keys]
    return {line.rejection.key: line for line in quarantined}


def after(
    before: Lines,
    *rejections: Rejection,
    landed: tuple[int, ...] = (),
    proved: bool = False,
    year: int | None = 55,
) -> Lines:
    return after_reading(before, rejections, landed, since=NOW, year=year, proved=proved)


def test_a_record_that_stays_keeps_its_time_and_a_new_one_has_its_own() -> None:
    found = after(lines(1), rejected(1, "corrected"), rejected(2), rejected(None))
    assert {key: (line.since, line.record) for key, line in found.items()} == {
        1: (SINCE, text(1, "corrected")),
        2: (NOW, text(2)),
        text(None): (NOW, text(None)),
    }


def test_a_record_leaves_when_it_is_landed() -> None:
    assert after(lines(1, 2, None), landed=(1, 3)).keys() == {2, text(None)}


def test_a_record_that_came_good_and_odd_stays() -> None:
    assert after(lines(1), rejected(1), landed=(1,)).keys() == {1}


@pytest.mark.parametrize(
    ("proved", "year", "stays"), [(False, 55, True), (True, 55, False), (True, 54, True)]
)
def test_a_record_leaves_when_a_proved_reading_of_its_year_lacks_it(
    proved: bool, year: int, stays: bool
) -> None:
    assert bool(after(lines(1, year=year), proved=proved)) == stays


def test_a_reading_without_a_school_year_leaves_a_line_its_year() -> None:
    found = after(lines(1), rejected(1), rejected(2), year=None)
    assert {key: line.school_year for key, line in found.items()} == {1: 55, 2: None}
    assert after(lines(1, year=None), rejected(1)) == lines(1)


def test_a_file_is_read_as_it_was_written() -> None:
    kept = lines(2, None, 1)
    assert read(written(5, kept), 5) == kept
    assert [json.loads(line)["record"] for line in written(5, kept).splitlines()] == [
        text(1),
        text(2),
        text(None),
    ]
    assert (read(b"", 5), written(5, {})) == ({}, b"")


# --- runs of the fetcher ------------------------------------------------------------------------------------


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    """A world whose first school has three odd records, one of them without an id."""
    world = World(sandbox)
    good = world.source.records(world.first)[0]
    for odd in ({"id": 901, "date": "02-30-2026"}, {"id": 902, "studentId": None}, {"id": None}):
        world.source.add(world.first, {**good, **odd})
    return world


def fetch(world: World, *flags: str, **variables: str) -> Finished:
    return world.pipeline.fetch(*flags, ESD_PAGE_SIZE="100", ESD_ATTEMPTS="1", **variables)


def outcome(done: Finished) -> tuple[int, int, int]:
    return done.status, done.result["quarantined"], done.result["quarantined_new"]


def ids(world: World) -> list[Any]:
    return [json.loads(line["record"])["id"] for line in world.bucket.quarantined()]


def test_records_are_reported_when_they_are_new(world: World) -> None:
    assert outcome(fetch(world)) == (3, 3, 3)
    before = world.bucket.keys(QUARANTINE)
    assert [*before] == [f"school_{world.first}.jsonl"]
    [line, *_] = world.bucket.quarantined()
    assert (line["schoolId"], line["schoolYearId"], line["reason"]) == (
        world.first,
        55,
        "date: not a date MM-DD-YYYY",
    )
    assert outcome(fetch(world)) == (0, 3, 0)
    assert world.bucket.keys(QUARANTINE) == before
    world.source.add(world.first, {**world.source.records(world.first)[9], "id": 903, "modifiedOn": "soon"})
    assert outcome(fetch(world)) == (3, 4, 1)
    assert ids(world) == [901, 902, 903, None]


def test_records_leave_when_they_are_landed_and_when_all_others_have_an_id(world: World) -> None:
    fetch(world)
    world.change(world.first, 902, studentId=5)
    assert outcome(fetch(world)) == (0, 2, 0)
    assert ids(world) == [901, None]
    for odd in (901, None):
        [record] = [each for each in world.source.records(world.first) if each["id"] == odd]
        world.source.set_records(
            world.first, [each for each in world.source.records(world.first) if each != record]
        )
        assert fetch(world).status == 0
    assert (ids(world), len(world.bucket.keys(QUARANTINE))) == ([], 1)  # the file is empty, and stays


def test_without_a_school_year_a_record_stays_when_another_day_is_read(world: World) -> None:
    today = {"ESD_SCHOOL_YEAR_ID": ""}
    with_ids = [each for each in world.source.records(world.first) if each["id"] is not None]
    world.source.set_records(world.first, with_ids)
    day = world.source.records(world.first)[-1]
    world.source.add(world.first, {**day, "id": 904, "studentId": None})
    assert fetch(world, **today).status == 3
    quarantined = ids(world)
    assert 904 in quarantined
    world.source.add(world.first, {**day, "id": 905, "date": "12-31-2025"})
    for _ in range(2):
        assert fetch(world, **today).status == 0
        assert ids(world) == quarantined
    fetch(world)
    world.source.remove(world.first, 904)
    fetch(world)
    assert 904 not in ids(world)


def test_what_a_run_that_died_did_not_report_is_reported_by_the_next_one(world: World) -> None:
    rule = refuse(Refusal(403, "AccessDenied"), "PutObject", RUNS)
    with AwsFront(world.pipeline.sandbox.aws_endpoint, rule) as front:
        assert fetch(world, AWS_ENDPOINT_URL=front.endpoint).status == 2
    assert ids(world) == [901, 902, None]
    assert outcome(fetch(world)) == (3, 3, 3)
    assert outcome(fetch(world)) == (0, 3, 0)


def test_a_reading_with_a_gap_drops_none(world: World) -> None:
    fetch(world)
    good = [each for each in world.source.records(world.first) if each["id"] not in (901, 902, None)]
    world.source.set_records(world.first, good)
    world.esd.faults.add(Fault("status", school=world.first, page=2, times=None))
    assert fetch(world).status == 3
    assert ids(world) == [901, 902, None]


def test_a_record_whose_newest_version_is_odd_keeps_its_last_good_one(world: World) -> None:
    fetch(world)
    good = world.source.records(world.first)[50]
    world.change(world.first, good["id"], minutesLate="seven")
    before = world.bucket.landed()
    assert outcome(fetch(world)) == (3, 4, 1)
    assert world.bucket.landed() == before


def test_the_quarantine_is_listed_without_what_the_records_say(world: World) -> None:
    fetch(world)
    world.esd.traffic.forget()
    done = fetch(world, "--quarantine")
    assert (done.status, done.result["quarantined"]) == (0, 3)
    about = [line.split("\t") for line in done.output.splitlines()[:-1]]
    assert [line[:3] for line in about] == [
        [f"school {world.first}", "record 901", "date: not a date MM-DD-YYYY"],
        [f"school {world.first}", "record 902", "studentId: missing"],
        [f"school {world.first}", "record without an id", "id: missing"],
    ]
    assert {line[3][:8] for line in about} == {"since 20"}
    assert not world.esd.traffic.log


def test_a_dry_run_leaves_no_file(world: World) -> None:
    assert outcome(fetch(world, "--dry-run")) == (3, 3, 3)
    assert world.bucket.keys("") == {}
