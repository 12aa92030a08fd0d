"""What a fetch tells although every request succeeded: empty years, years that stand still."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.bucket import LANDING, RUNS
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
from tests.sandbox import Sandbox
from tests.sandbox.esd import Fault
from tests.sandbox.esd.records import make_school
from tests.world import World


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    return two_schools(sandbox)


# --- a year that is empty or stands still -------------------------------------------------------------------

EMPTY_YEAR = f"no school has a record in school year {YEAR}: check ESD_SCHOOL_YEAR_ID"


def stale(ago: int, days: int = 21, of: str = "") -> str:
    return (
        f"the newest record of all schools{of} in school year {YEAR} is of {day(ago)}, {ago} days ago: check "
        "ESD_SCHOOL_YEAR_ID, which is a new one each summer, and whether attendance is still taken at the "
        f"source; more than ESD_STALE_DAYS ({days}) are reported"
    )


def ended(world: World, ago: int) -> None:
    """Let no school have a record of a newer date."""
    for place, school in enumerate(world.schools[:2]):
        world.source.set_records(school, records(1 + 10 * place, ago + 20, ago))


def test_a_year_that_stands_still_is_reported_in_one_sentence_once_and_weekly(world: World) -> None:
    ended(world, 22)
    assert outcome(fetch(world)) == (3, [stale(22)], 0)
    let_pass(world.pipeline, HOUR)
    assert outcome(fetch(world)) == standing(1)
    let_pass(world.pipeline, WEEK)
    assert outcome(fetch(world)) == (3, [stale(22)], 0)
    world.source.add(world.first, records(5, 1)[0])
    assert outcome(fetch(world)) == QUIET


@pytest.mark.parametrize(
    ("ago", "days", "is_reported"),
    [(21, "21", False), (8, "7", True), (7, "7", False), (400, "0", False), (1, "", False), (22, "", True)],
)
def test_how_old_the_newest_record_may_be_is_a_setting(
    world: World, ago: int, days: str, is_reported: bool
) -> None:
    ended(world, ago)
    expected = (3, [stale(ago, int(days or 21))], 0) if is_reported else QUIET
    assert outcome(fetch(world, ESD_STALE_DAYS=days)) == expected


def test_a_date_of_the_future_does_not_hide_that_a_year_stands_still(world: World) -> None:
    ended(world, 30)
    world.source.add(world.first, records(5, -300)[0])
    done = fetch(world)
    assert outcome(done) == (3, [stale(30)], 0)
    assert done.result["newest_date"] == day(30).isoformat()


def test_one_school_with_a_new_record_is_enough(world: World) -> None:
    ended(world, 60)
    world.source.add(world.schools[1], records(15, 2)[0])
    assert outcome(fetch(world)) == QUIET


def test_a_year_is_not_stale_by_what_could_not_be_read(world: World) -> None:
    ended(world, 60)
    world.source.set_records(world.schools[1], [])
    world.source.add(world.first, records(5, 2)[0])
    world.esd.faults.add(Fault("status", school=world.first, page=2, status=500, times=None))
    done = fetch(world, ESD_PAGE_SIZE="2")
    [sentence] = done.result["attention"]
    assert sentence.startswith(f"school {world.first} was read with a gap (page 2: status 500")


def test_a_year_that_has_not_begun_is_reported_once_and_its_first_weeks_are_quiet(world: World) -> None:
    """The summer's end: the year is set to the new one; schools begin one after the other."""
    ended(world, 70)
    assert outcome(fetch(world, ESD_STALE_DAYS="0")) == QUIET
    sentence = EMPTY_YEAR.replace("55", "56")
    assert outcome(fetch(world, ESD_SCHOOL_YEAR_ID="56")) == (3, [sentence], 0)
    let_pass(world.pipeline, HOUR)
    assert outcome(fetch(world, ESD_SCHOOL_YEAR_ID="56")) == standing(1)
    world.source.set_other_year(56, world.first, records(101, 2, 1))
    assert outcome(fetch(world, ESD_SCHOOL_YEAR_ID="56")) == QUIET


def test_schools_that_begin_a_year_later_than_others_after_a_short_break_are_not_dark(world: World) -> None:
    ended(world, 20)
    assert outcome(fetch(world)) == QUIET
    world.source.set_other_year(56, world.first, records(101, 2, 1))
    assert outcome(fetch(world, ESD_SCHOOL_YEAR_ID="56")) == QUIET
    world.source.set_other_year(56, world.schools[1], records(111, 0))
    assert outcome(fetch(world, ESD_SCHOOL_YEAR_ID="56")) == QUIET
    world.source.set_other_year(56, world.schools[1], [])
    expected = dark(world.schools[1], 0, 1, year=56)
    assert outcome(fetch(world, ESD_SCHOOL_YEAR_ID="56")) == (3, [expected], 0)


def test_reading_last_year_again_finds_no_school_dark(world: World) -> None:
    assert outcome(fetch(world)) == QUIET
    world.source.set_other_year(54, world.first, records(101, 380, 370))
    assert outcome(fetch(world, ESD_SCHOOL_YEAR_ID="54", ESD_STALE_DAYS="0")) == QUIET


# --- recent readings ----------------------------------------------------------------------------------------

NOTHING = (
    f"no school lists any record in school year {YEAR}, not even an old one, though --days, --since or "
    "--modified-hours asks for the newest: check ESD_SCHOOL_YEAR_ID, and run once without these flags"
)


def test_recent_readings_that_bring_nothing_at_all_are_reported_once_and_weekly(world: World) -> None:
    assert outcome(fetch(world, "--days", "3")) == QUIET
    for school in world.schools[:2]:
        world.source.set_records(school, [])
    assert outcome(fetch(world, "--days", "3")) == (3, [NOTHING], 0)
    let_pass(world.pipeline, HOUR)
    assert outcome(fetch(world, "--days", "3")) == standing(1)
    assert outcome(fetch(world)) == (3, [EMPTY_YEAR], 0)
    assert outcome(fetch(world, "--days", "3")) == standing(1)
    let_pass(world.pipeline, WEEK)
    assert outcome(fetch(world, "--since", day(2).isoformat())) == (3, [NOTHING], 0)


@pytest.mark.parametrize("flags", [(), ("--days", "3")])
def test_a_holiday_is_quiet(world: World, flags: tuple[str, ...]) -> None:
    assert outcome(fetch(world)) == QUIET
    ended(world, 21)
    let_pass(world.pipeline, HOUR)
    assert fetch(world, *flags).result["attention"] == []


def test_recent_readings_judge_no_school(world: World) -> None:
    assert outcome(fetch(world)) == QUIET
    world.source.set_records(world.first, [])
    assert outcome(fetch(world, "--days", "3")) == QUIET
    leave_the_list(world, world.first)
    assert outcome(fetch(world, "--days", "3")) == QUIET


def test_without_a_school_year_nothing_is_judged(world: World) -> None:
    assert outcome(fetch(world)) == QUIET
    leave_the_list(world, world.first)
    world.source.set_records(world.schools[1] if len(world.schools) > 1 else world.first, [])
    done = fetch(world, ESD_SCHOOL_YEAR_ID="")
    assert (outcome(done), done.result["scope"]) == (QUIET, "today")


# --- shares and schools that are named ----------------------------------------------------------------------


def test_a_share_is_judged_by_its_own_schools(world: World) -> None:
    """12549, 12551 and 12553 are the second of two shares, 12550 and 12552 the first."""
    world.source.schools += [make_school(3), make_school(4)]
    world.source.set_records(12552, records(31, 2, 1))
    world.source.set_records(12553, records(41, 2, 1))
    for share in ("1/2", "2/2"):
        assert outcome(fetch(world, "--shard", share)) == QUIET
    leave_the_list(world, 12549)
    world.source.set_records(12550, [])
    assert outcome(fetch(world, "--shard", "1/2")) == (3, [dark(12550)], 0)
    assert outcome(fetch(world, "--shard", "2/2")) == (3, [unlisted(12549)], 0)
    assert outcome(fetch(world, "--shard", "1/2")) == standing(1)
    assert outcome(fetch(world)) == standing(2)  # all schools at once: each is known
    world.source.set_records(12552, [])  # and nothing of the first share is listed now
    sentence = f"no school of --shard 1/2 has a record in school year {YEAR}: check ESD_SCHOOL_YEAR_ID"
    assert outcome(fetch(world, "--shard", "1/2")) == (3, [sentence], 0)
    assert outcome(fetch(world, "--shard", "2/2")) == standing(1)


def test_a_year_that_stands_still_in_one_share_is_not_known_of_another(world: World) -> None:
    ended(world, 30)
    assert outcome(fetch(world, "--shard", "1/2")) == (3, [stale(30, of=" of --shard 1/2")], 0)
    assert outcome(fetch(world, "--shard", "2/2")) == (3, [stale(30, of=" of --shard 2/2")], 0)
    assert outcome(fetch(world, "--shard", "1/2")) == standing(1)


def test_the_newest_of_all_schools_may_be_another_shares(world: World) -> None:
    """A share whose schools all ended together is not held against what is landed of it alone."""
    world.source.schools += [make_school(3), make_school(4)]
    world.source.set_records(12549, records(1, 35))
    world.source.set_records(12551, records(21, 36))
    world.source.set_records(12550, records(11, 0))
    assert outcome(fetch(world)) == QUIET
    world.source.set_records(12549, [])
    assert outcome(fetch(world, "--shard", "2/2", ESD_STALE_DAYS="0")) == QUIET


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_school_that_is_named_is_not_held_against_others(world: World, place: int) -> None:
    world.source.set_records(world.schools[1], records(11, 60))
    assert outcome(fetch(world)) == QUIET
    world.source.set_records(world.first, [])
    assert outcome(fetch(world, "--school", str(world.schools[place]))) == QUIET
    assert outcome(fetch(world, "--days", "3", "--school", str(world.schools[place]))) == QUIET


def test_a_school_that_is_named_with_another_is_judged_beside_it(world: World) -> None:
    first, second = world.schools[:2]
    assert outcome(fetch(world)) == QUIET
    world.source.set_records(first, [])
    assert outcome(fetch(world, "--school", str(first), "--school", str(second))) == (3, [dark(first)], 0)


# --- another landing zone -----------------------------------------------------------------------------------


def test_a_prefix_with_a_typo_is_reported_by_the_run_that_lands_everything_anew(world: World) -> None:
    bucket, typo = world.pipeline.sandbox.aws.bucket, LANDING.replace("attendance/", "attendence/")
    first = fetch(world)
    assert outcome(first) == QUIET
    fetch(world, ESD_SCHOOL_YEAR_ID="54")  # lands nothing, and so says nothing of where
    began = world.bucket.run_record(first.result["run"])["began"]
    sentence = (
        f"nothing was landed below s3://{bucket}/{typo} before this run, while the run of {began} landed "
        f"below s3://{bucket}/{LANDING}: check S3_PREFIX; if it was meant to change, drop the external "
        "table, and run the setup file with the new prefix"
    )
    assert fetch(world, "--dry-run", S3_PREFIX=typo).result["attention"] == [sentence]
    done = fetch(world, S3_PREFIX=typo)
    assert (done.status, done.result["attention"]) == (3, [sentence])
    assert outcome(fetch(world, S3_PREFIX=typo)) == QUIET
    assert outcome(fetch(world)) == QUIET


def test_a_landing_zone_that_was_emptied_is_the_same(world: World) -> None:
    assert outcome(fetch(world)) == QUIET
    client, bucket = world.pipeline.sandbox.aws.client("s3"), world.pipeline.sandbox.aws.bucket
    for name in world.bucket.keys(LANDING):
        client.delete_object(Bucket=bucket, Key=LANDING + name)
    assert outcome(fetch(world)) == QUIET


# --- runs that say nothing ----------------------------------------------------------------------------------


def test_a_first_run_is_quiet(world: World) -> None:
    assert outcome(fetch(world)) == QUIET
    [name] = world.bucket.keys(RUNS)
    conditions: dict[str, dict[str, Any]] = json.loads(world.bucket.read(RUNS + name))["conditions"]
    schools = dict.fromkeys(map(str, world.schools))
    assert conditions == {
        "short list of schools": {"all": None},
        "short": schools,
        "empty year": {"all": None},
        "stale": {"all": None},
        "dark": schools,
        "unlisted": schools,
    }


def test_a_run_that_fails_before_it_judges_changes_nothing_that_is_known(world: World) -> None:
    first = world.first
    assert outcome(fetch(world)) == QUIET
    leave_the_list(world, first)
    assert outcome(fetch(world)) == (3, [unlisted(first)], 0)
    assert fetch(world, ESD_API_URL="http://localhost:9/api").status in (1, 2)
    assert outcome(fetch(world)) == standing(1)


def test_a_dry_run_tells_and_leaves_nothing_known(world: World) -> None:
    assert outcome(fetch(world)) == QUIET
    world.source.set_records(world.first, [])
    assert outcome(fetch(world, "--dry-run")) == (3, [dark(world.first)], 0)
    assert outcome(fetch(world)) == (3, [dark(world.first)], 0)
