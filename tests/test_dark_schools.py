"""Schools that vanish, from the list or with all their records: reported once, again after a week, anew."""

from __future__ import annotations

import datetime as dt

import pytest

from tests.elapsed import let_pass
from tests.judged import (
    HOUR,
    QUIET,
    WEEK,
    YEAR,
    dark,
    day,
    fetch,
    leave_the_list,
    outcome,
    records,
    standing,
    two_schools,
    unlisted,
)
from tests.lists import land, version
from tests.sandbox import Sandbox
from tests.sandbox.esd import Fault
from tests.sandbox.esd.records import make_school
from tests.world import World


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    return two_schools(sandbox)


def test_the_first_date_of_the_calendar_alone_is_judged_as_any_other(world: World) -> None:
    for school in world.schools:
        world.source.set_records(school, [])
    world.source.set_records(world.first, [{"id": 1, "date": "01-01-0001", "studentId": 5}])
    done = fetch(world, ESD_STALE_DAYS="0")
    assert outcome(done) == QUIET, done.story
    assert (done.result["landed"], done.result["newest_date"]) == (1, "0001-01-01")
    assert outcome(fetch(world, ESD_STALE_DAYS="0")) == QUIET


def test_a_school_that_goes_dark_is_reported_once_and_weekly_and_anew_after_its_return(world: World) -> None:
    first, before = world.first, world.source.records(world.first)
    assert outcome(fetch(world)) == QUIET
    world.source.set_records(first, [])
    done = fetch(world)
    assert outcome(done) == (3, [dark(first)], 0)
    begun = world.bucket.run_record(done.result["run"])["began"]
    assert done.result["attention"][0].endswith(f" (since {begun})")
    let_pass(world.pipeline, HOUR)
    assert outcome(fetch(world)) == standing(1)
    let_pass(world.pipeline, WEEK - HOUR)
    fetched = fetch(world)
    assert outcome(fetched) == (3, [dark(first)], 0)
    since = dt.datetime.fromisoformat(begun) - WEEK
    assert fetched.result["attention"][0].endswith(f" (since {since.isoformat()})")
    world.source.set_records(first, before)
    assert outcome(fetch(world)) == QUIET
    world.source.set_records(first, [])
    assert outcome(fetch(world)) == (3, [dark(first)], 0)
    assert len(world.bucket.landed()[day(3), first]) == 1  # what was landed stays all the time


def test_a_school_that_leaves_the_list_is_reported_once_and_its_flag_empties_it(world: World) -> None:
    first = world.first
    assert outcome(fetch(world)) == QUIET
    leave_the_list(world, first)
    assert outcome(fetch(world)) == (3, [unlisted(first)], 0)
    let_pass(world.pipeline, HOUR)
    assert outcome(fetch(world)) == standing(1)
    world.esd.traffic.forget()
    done = fetch(world, "--allow-removals", f"{first}=4")
    assert (outcome(done), done.result["removed"]) == (QUIET, 4)
    assert [each.page for each in world.esd.traffic.log if each.school == first] == [1, 1]
    assert outcome(fetch(world)) == QUIET  # tombstones are no records


def test_a_dark_school_is_emptied_by_its_flag(world: World) -> None:
    assert outcome(fetch(world)) == QUIET
    world.source.set_records(world.first, [])
    done = fetch(world, "--allow-removals", f"{world.first}=4")
    assert (outcome(done), done.result["removed"]) == (QUIET, 4)
    assert outcome(fetch(world)) == QUIET


def test_a_flag_that_allows_too_few_leaves_the_state_reported(world: World) -> None:
    first = world.first
    assert outcome(fetch(world)) == QUIET
    leave_the_list(world, first)
    done = fetch(world, "--allow-removals", f"{first}=3")
    assert (done.status, done.result["removed"]) == (3, 0)
    brake, state = done.result["attention"]
    assert brake.startswith(
        f"school {first}: 4 of its 4 landed records would leave in one run, and none does"
    )
    assert brake.endswith(f"--allow-removals {first}=4")
    assert state.startswith(unlisted(first))


def test_two_schools_at_once_are_reported_each_in_its_own_sentence(world: World) -> None:
    third = world.schools[2]
    world.source.set_records(third, records(21, 1, 0))
    assert outcome(fetch(world)) == QUIET
    world.source.set_records(world.first, [])
    leave_the_list(world, world.schools[1])
    assert outcome(fetch(world)) == (3, [dark(world.first), unlisted(12550)], 0)
    world.source.set_records(third, [])
    done = fetch(world)  # nothing is listed at all: nothing can be compared
    empty_year = f"no school has a record in school year {YEAR}: check ESD_SCHOOL_YEAR_ID"
    assert outcome(done) == (3, [empty_year], 0)
    world.source.set_records(third, records(21, 1, 0))
    assert outcome(fetch(world)) == standing(2)


@pytest.mark.parametrize("vanish", ["dark", "unlisted"])
def test_schools_that_are_meant_to_vanish_are_read_and_not_reported(world: World, vanish: str) -> None:
    first = world.first
    assert outcome(fetch(world)) == QUIET
    leave_the_list(world, first)
    if vanish == "dark":
        world.source.schools.append(make_school(0))
    world.esd.traffic.forget()
    assert outcome(fetch(world, ESD_SKIP_SCHOOLS=f"7, {first}")) == QUIET
    asked = {each.school for each in world.esd.traffic.log}
    assert (first in asked) == (vanish == "dark")
    world.source.set_records(first, records(1, 2))
    if vanish == "dark":
        assert fetch(world, ESD_SKIP_SCHOOLS=str(first)).result["landed"] == 5


@pytest.mark.parametrize(("ago", "is_reported"), [(30, True), (31, False)])
def test_a_school_whose_records_ended_long_before_those_of_others_is_quiet(
    world: World, ago: int, is_reported: bool
) -> None:
    first, second = world.schools[:2]
    world.source.set_records(first, records(1, ago + 5, ago))
    world.source.set_records(second, records(11, ago))
    world.source.schools.append(make_school(3))
    world.source.set_records(world.schools[3], records(31, 1, 0))
    assert outcome(fetch(world)) == QUIET
    world.source.set_records(first, [])
    leave_the_list(world, second)
    expected = [dark(first, ago, 2), unlisted(second, ago, 1)]
    assert outcome(fetch(world)) == ((3, expected, 0) if is_reported else QUIET)


def test_dates_of_the_future_say_nothing(world: World) -> None:
    first, second = world.schools[:2]
    world.source.set_records(first, records(1, 40, 2))
    world.source.set_records(second, records(11, 0, -90))
    assert outcome(fetch(world)) == QUIET
    world.source.set_records(first, [])
    assert outcome(fetch(world)) == (3, [dark(first, 2, 2)], 0)


def test_a_school_that_only_has_dates_of_the_future_is_not_dark(world: World) -> None:
    world.source.set_records(world.first, records(1, -9, -90))
    assert outcome(fetch(world)) == QUIET
    world.source.set_records(world.first, [])
    assert outcome(fetch(world)) == QUIET


def test_a_school_that_could_not_be_read_is_not_judged(world: World) -> None:
    first = world.first
    assert outcome(fetch(world)) == QUIET
    world.source.set_records(first, [])
    world.esd.faults.add(Fault("status", school=first, status=500, times=None))
    done = fetch(world)
    [sentence] = done.result["attention"]
    assert sentence.startswith(f"school {first} was not read: page 1: status 500")
    assert sentence.endswith(f"; run again with --school {first}")
    conditions = world.bucket.run_record(done.result["run"])["conditions"]
    assert str(first) not in conditions["dark"]
    world.esd.faults.clear()
    assert outcome(fetch(world)) == (3, [dark(first)], 0)
    world.esd.faults.add(Fault("status", school=first, status=500, times=None))
    assert fetch(world).result["standing"] == 0
    world.esd.faults.clear()
    assert outcome(fetch(world)) == standing(1)  # the last run that judged it had reported it


def test_a_school_whose_records_all_went_to_quarantine_is_not_dark(world: World) -> None:
    assert outcome(fetch(world)) == QUIET
    world.source.set_records(world.first, [{"id": 1, "date": "soon", "studentId": 5}])
    done = fetch(world)
    assert [sentence[:34] for sentence in done.result["attention"]] == ["1 record is new in quarantine, s3:"]
    assert outcome(fetch(world)) == QUIET


def test_half_a_school_that_is_gone_is_reported_each_time_with_its_flag(world: World) -> None:
    many = records(1, *[5] * 60, *[3] * 60)
    world.source.set_records(world.first, many)
    assert outcome(fetch(world)) == QUIET
    world.source.set_records(world.first, many[60:])
    for _ in range(2):
        [sentence] = fetch(world).result["attention"]
        assert sentence.startswith(f"school {world.first}: 60 of its 120 landed records would leave")
        assert f"--allow-removals {world.first}=60" in sentence


def test_a_school_that_was_landed_without_a_school_year_has_no_flag(world: World) -> None:
    land(world.pipeline, day(1), version(7, "A", None), school=world.first)
    world.source.set_records(world.first, [])
    [sentence] = outcome(fetch(world))[1]
    assert sentence.startswith(
        f"school {world.first} lists no record in school year {YEAR}, while others do; "
    )
    assert "none can leave by a run of this school year" in sentence
    assert "--allow-removals" not in sentence
