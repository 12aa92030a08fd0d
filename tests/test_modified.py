"""The fetcher with --modified-hours: what was modified last, where the source sorts by `modifiedOn`."""

from __future__ import annotations

import argparse
import datetime as dt

import pytest

from attendance_common.fetch.arguments import hours_ago
from tests.bucket import LANDING
from tests.model import Record
from tests.pipeline import Finished
from tests.reads import reads
from tests.sandbox import Sandbox
from tests.sandbox.aws_front import AwsFront, Call
from tests.sandbox.esd import Fault, Source
from tests.sandbox.esd.records import make_school
from tests.world import World, set_up

pytestmark = pytest.mark.without_tables

# The sandbox's school days: 22 to 26 September 2025, 60 records each for two schools.
DAYS = ("09-22-2025", "09-23-2025", "09-24-2025", "09-25-2025")
MONDAY, TUESDAY = dt.date(2025, 9, 22), dt.date(2025, 9, 23)


def fetch(world: World, *flags: str, **variables: str) -> Finished:
    world.esd.traffic.forget()
    done = world.pipeline.fetch(*flags, **{"ESD_PAGE_SIZE": "50", "ESD_CONCURRENCY": "1", **variables})
    world.esd.faults.clear()
    return done


def asked(world: World, school: int) -> list[tuple[int | None, str | None]]:
    """The pages of a school that were asked for, in order, and by what they were to be sorted."""
    return [
        (each.page, each.query.get("sortField")) for each in world.esd.traffic.log if each.school == school
    ]


def ago(**passed: float) -> str:
    """So long ago, as the API writes it."""
    return f"{dt.datetime.now(dt.timezone.utc) - dt.timedelta(**passed):%Y-%m-%dT%H:%M:%SZ}"


def set_small(world: World, *records: Record) -> None:
    """Let the first school have these records alone, and the other ones none."""
    like = world.source.records(world.first)[0]
    for school in world.schools:
        world.source.set_records(school, [])
    world.source.set_records(world.first, [{**like, **record} for record in records])


def twelve(**of_last: object) -> list[Record]:
    """Twelve records, each modified a day after the one before it; the last one a minute ago."""
    rows: list[Record] = [
        {"id": n, "date": DAYS[n % 4], "modifiedOn": f"2025-10-{n:02}T08:00:00Z"} for n in range(1, 12)
    ]
    return [*rows, {"id": 12, "date": DAYS[0], "modifiedOn": ago(minutes=1), **of_last}]


# --- how far back ------------------------------------------------------------------------------------------


def test_a_quarter_of_an_hour_more_than_asked_for_is_read() -> None:
    margin = dt.timedelta(hours=2, minutes=15)
    before = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)
    since = hours_ago("2")
    after = dt.datetime.now(dt.timezone.utc).replace(tzinfo=None)
    assert before - margin <= since <= after - margin


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "two", "", "100001"])
def test_what_is_no_number_of_hours(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="must be a number of hours from 1"):
        hours_ago(text)


@pytest.mark.parametrize(("minutes", "pages"), [(130, [1, 2, 6]), (140, [1, 6])])
def test_pages_are_read_down_to_the_first_that_is_older(world: World, minutes: int, pages: list[int]) -> None:
    for record in world.source.records(world.first)[:60]:
        world.change(world.first, record["id"], modifiedOn=ago(minutes=minutes))
    assert fetch(world, "--modified-hours", "2").status == 0
    assert asked(world, world.first) == [(page, "modifiedOn") for page in pages]


def test_running_again_changes_nothing(world: World) -> None:
    assert fetch(world).status == 0
    record = world.source.records(world.first)[0]
    world.change(world.first, record["id"], comment="corrected", modifiedOn=ago(minutes=1))
    assert fetch(world, "--modified-hours", "2").result["lists_written"] == 1
    done = fetch(world, "--modified-hours", "2")
    assert (done.status, done.result["lists_written"], done.result["removed"]) == (0, 0, 0)
    world.publish()
    world.compare_landing()


# --- what a correction costs -------------------------------------------------------------------------------


def about(calls: list[Call], action: str, name: str = "") -> list[Call]:
    """The calls of this action for lists, or for the list of this name."""
    return [call for call in calls if call.action == action and call.key.startswith(LANDING + name)]


def test_a_correction_of_september_costs_one_get_and_one_conditional_put(sandbox: Sandbox) -> None:
    world = set_up(sandbox)
    world.run()
    record = world.source.records(world.first)[0]
    name = f"year=2025/month=09/day=22/school_{world.first}.parquet"
    etag = world.bucket.keys(LANDING)[name]
    world.change(world.first, record["id"], comment="corrected", modifiedOn=ago(minutes=1))
    with AwsFront(sandbox.aws_endpoint) as front:
        done = fetch(world, "--modified-hours", "2", AWS_ENDPOINT_URL=front.endpoint)
    assert (done.status, done.result["lists_written"], done.result["removed"]) == (0, 1, 0), done.story
    [put] = about(front.calls, "PutObject")
    assert (put.key, dict(put.headers)["if-match"].strip('"')) == (LANDING + name, etag.strip('"'))
    assert len(about(front.calls, "GetObject", name)) == 1
    looked_at = [call.key for call in about(front.calls, "GetObject")]
    assert (
        len(looked_at) == len(set(looked_at)) == done.result["lists_written"] + done.result["lists_unchanged"]
    )
    with reads(world.pipeline) as read:
        loaded = world.pipeline.load()
    assert read == [{(MONDAY, world.first)}]
    counts = {count: loaded.result[count] for count in ("inserted", "updated", "unchanged", "removed")}
    assert (loaded.status, counts) == (0, {"inserted": 0, "updated": 1, "unchanged": 59, "removed": 0})
    world.follow()


@pytest.mark.parametrize("old_date_is_read", [True, False])
def test_a_record_that_moved_leaves_its_old_list_when_that_date_is_read(
    sandbox: Sandbox, old_date_is_read: bool
) -> None:
    world = set_up(sandbox)
    set_small(world, *twelve())
    world.run()
    moved = world.source.find(world.first, 8)  # of Monday
    stays = 4 if old_date_is_read else 3  # of Monday, or of Thursday
    world.change(world.first, stays, modifiedOn=ago(minutes=2))
    world.change(world.first, 12, modifiedOn="2025-09-30T08:00:00Z", date=DAYS[3])
    world.run()
    world.change(world.first, moved["id"], date=DAYS[1], modifiedOn=ago(minutes=1))
    done = fetch(world, "--modified-hours", "2", ESD_PAGE_SIZE="2")
    assert (done.status, done.result["moved"], done.result["removed"]) == (0, int(old_date_is_read), 0)
    by_time = sorted(
        world.source.records(world.first), key=lambda each: str(each["modifiedOn"]), reverse=True
    )
    world.landed.publish_part(world.first, [*by_time[:4], *by_time[-2:]])
    world.compare_landing()
    assert (moved["id"] in landed_ids(world, MONDAY)) is not old_date_is_read
    assert moved["id"] in landed_ids(world, TUESDAY)
    assert world.pipeline.load().status == 0
    assert world.pipeline.table()[moved["id"]]["attendance_date"] == TUESDAY
    world.run()


def landed_ids(world: World, day: dt.date) -> set[int]:
    return {row["id"] for row in world.bucket.landed()[day, world.first]}


# --- records that cannot be placed in time -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "pages", "undated"), [("oldest", [1, 3], 3), ("newest", [1, 2, 3], 3), ("created", [1, 3], 2)]
)
def test_undated_records_are_passed_over_and_counted(
    world: World, place: str, pages: list[int], undated: int
) -> None:
    created = {"createdOn": "2025-10-10T12:00:00Z"}  # between the tenth and the eleventh of those with a time
    none = [{"id": n, "date": DAYS[n % 4], "modifiedOn": None, **created} for n in (13, 14)]
    odd = {"id": 15, "date": DAYS[0], "modifiedOn": "soon", **created}
    set_small(world, *twelve()[3:], *none, odd)
    assert fetch(world).status == 3  # one record is new in quarantine
    world.change(world.first, 12, comment="corrected", modifiedOn=ago(seconds=30))
    world.esd.faults.add(Fault("undated", times=None, undated=place))
    done = fetch(world, "--modified-hours", "2", ESD_PAGE_SIZE="4")
    assert done.status == 0, done.story
    assert [page for page, _ in asked(world, world.first)] == pages
    assert done.result["undated"] == undated
    record = world.bucket.run_record(done.result["run"])
    assert record["by_school"][str(world.first)]["undated"] == undated
    assert "corrected" in {row["comment"] for row in world.bucket.landed()[MONDAY, world.first]}


def test_a_page_without_a_readable_time_does_not_end_the_reading(world: World) -> None:
    set_small(world, *({"id": n, "date": DAYS[0], "modifiedOn": None} for n in range(1, 11)))
    done = fetch(world, "--modified-hours", "2", ESD_PAGE_SIZE="4")
    assert (done.status, done.result["undated"], done.result["landed"]) == (0, 10, 10)


def test_what_is_unreadable_elsewhere_is_not_undated(world: World) -> None:
    set_small(world, *twelve(date="13-45-2025"))
    done = fetch(world, "--modified-hours", "2", ESD_PAGE_SIZE="4")
    assert (done.status, done.result["quarantined"], done.result["undated"]) == (3, 1, 0)


def test_other_runs_count_no_undated_records(world: World) -> None:
    assert "undated" not in fetch(world).result
    assert "undated" not in fetch(world, "--since", "2025-09-26").result


# --- a source that does not sort so ------------------------------------------------------------------------

IGNORING = {
    "by date": Fault("by_date", times=None),
    "by id": Fault("unsorted", times=None),
    "oldest first": Fault("ascending", times=None),
    "on each page alone": Fault("sorted_pages", times=None),
}
REFUSING = (400, 403, 416, 422, 501)


def is_named_once(world: World, done: Finished) -> str:
    """The sentence, when it is the only one, and few schools were asked."""
    assert done.status == 3, done.story
    [sentence] = done.result["attention"]
    assert sentence.startswith(f"the source does not sort as asked (school {world.first}), ")
    assert sentence.endswith("run with --days in place of --modified-hours")
    assert done.result["schools"] < 12
    assert done.result["schools_failed"] == 0
    return str(sentence)


@pytest.mark.parametrize("kind", IGNORING)
def test_a_source_that_ignores_the_order_is_named_once(world: World, kind: str) -> None:
    world.source.schools += [make_school(index) for index in range(3, 40)]
    fault = IGNORING[kind]
    world.esd.faults.add(Fault(fault.kind, times=None))
    done = fetch(world, "--modified-hours", "2")
    assert "refuses" not in is_named_once(world, done)
    assert done.result["landed"] >= 50  # what was read is landed


@pytest.mark.parametrize("status", REFUSING)
def test_a_source_that_refuses_the_order_alone_is_named_once(world: World, status: int) -> None:
    world.source.schools += [make_school(index) for index in range(3, 40)]
    world.esd.faults.add(Fault("status", status=status, sort_field="modifiedOn", times=None))
    done = fetch(world, "--modified-hours", "2")
    sentence = is_named_once(world, done)
    assert "40 schools were not read: it refuses a first page in this order" in sentence
    assert asked(world, world.first) == [(1, "modifiedOn"), (1, "date")]
    assert done.result["landed"] >= 50  # also of the page that was asked for to see what is refused


def test_a_refusal_of_the_order_is_no_refusal_of_the_only_school(world: World) -> None:
    world.esd.faults.add(Fault("status", status=403, sort_field="modifiedOn", times=None))
    is_named_once(world, fetch(world, "--modified-hours", "2", "--school", str(world.first)))


def test_a_refusal_of_the_order_does_not_say_that_no_school_lists_a_record(world: World) -> None:
    for school in world.schools:
        world.source.set_records(school, [])
    world.esd.faults.add(Fault("status", status=400, sort_field="modifiedOn", times=None))
    assert "it refuses a first page in this order" in is_named_once(
        world, fetch(world, "--modified-hours", "2")
    )


def test_a_source_that_refuses_the_newest_dates_is_named_with_another_cure(world: World) -> None:
    world.esd.faults.add(Fault("status", status=400, school=world.first))
    done = fetch(world, "--days", "2")
    assert done.status == 3, done.story
    [sentence] = done.result["attention"]
    assert sentence.startswith("the source does not sort as asked")
    assert sentence.endswith("run without --days and --since")


@pytest.mark.parametrize(
    ("flag", "status"),
    [*(("--modified-hours", status) for status in REFUSING), ("--days", 400), ("--days", 422)],
)
def test_a_refusal_of_any_order_is_not_reported_as_one_of_this(world: World, flag: str, status: int) -> None:
    refused, good = world.schools[:2]
    world.esd.faults.add(Fault("status", status=status, school=refused, times=None))
    done = fetch(world, flag, "2")
    assert done.status == 3, done.story
    [sentence] = done.result["attention"]
    assert sentence.startswith(f"school {refused} was not read: page 1: ")
    assert f"status {status}" in sentence
    assert (done.result["schools"], done.result["schools_failed"]) == (3, 1)
    assert len(asked(world, refused)) == 2
    assert len(asked(world, good)) == 2


def test_a_wrong_school_year_that_is_refused_names_its_setting(world: World) -> None:
    world.esd.faults.add(Fault("status", status=400, times=None))
    done = fetch(world, "--modified-hours", "2")
    assert done.status == 3
    assert len(done.result["attention"]) == 3
    assert all("check ESD_PAGE_SIZE and ESD_SCHOOL_YEAR_ID" in each for each in done.result["attention"])


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_no_refusal_of_the_order(world: World, status: int) -> None:
    for school in world.schools[:2]:
        world.esd.faults.add(Fault("status", status=status, school=school, times=1))
    assert fetch(world, "--modified-hours", "2").status == 0
    assert {field for school in world.schools for _, field in asked(world, school)} == {"modifiedOn"}


def corrects_oldest(source: Source, school: int) -> None:
    """The record that was modified longest ago comes before all others, and each page shifts by one."""
    oldest = min(source.records(school), key=lambda each: str(each["modifiedOn"] or "9"))
    source.put(school, [{**oldest, "comment": "meanwhile", "modifiedOn": ago(seconds=0)}])


@pytest.mark.parametrize("page", [2, 6])
def test_a_list_that_moves_while_it_is_read_still_sorts(world: World, page: int) -> None:
    for record in world.source.records(world.first)[:60]:
        world.change(world.first, record["id"], modifiedOn=ago(minutes=30))
    world.esd.faults.add(Fault("change", school=world.first, page=page, change=corrects_oldest))
    assert fetch(world, "--modified-hours", "2").status == 0
    assert [number for number, _ in asked(world, world.first)] == [1, 2, 6]
    done = fetch(world, "--modified-hours", "2")
    assert done.status == 0
    assert "meanwhile" in {row["comment"] for rows in world.bucket.landed().values() for row in rows}


# --- a source that tells no last page ----------------------------------------------------------------------


def today() -> str:
    return f"{dt.datetime.now(dt.timezone.utc):%m-%d-%Y}"


@pytest.mark.parametrize("modified", [ago(days=3), None], ids=["entered ahead", "never modified"])
def test_a_list_may_be_older_than_its_date(world: World, modified: str | None) -> None:
    entered = {"id": 1, "date": today(), "modifiedOn": modified}
    set_small(world, entered, {"id": 2, "date": DAYS[0], "modifiedOn": ago(days=4)})
    assert fetch(world).status == 0
    world.esd.faults.add(Fault("bare_list", times=None))
    done = fetch(world, "--modified-hours", "2")
    assert done.status == 0, done.story


def test_a_school_whose_newest_are_older_than_what_is_landed_is_named_and_the_others_go_on(
    world: World,
) -> None:
    assert fetch(world).status == 0
    for record in world.source.records(world.first):
        world.change(world.first, record["id"], modifiedOn="2025-09-25T23:59:59Z")
    world.esd.faults.add(Fault("bare_list", times=None))
    done = fetch(world, "--modified-hours", "2")
    assert done.status == 3, done.story
    [sentence] = done.result["attention"]
    assert sentence.startswith(f"school {world.first}: the newest record that came is older")
    assert sentence.endswith("run with --days in place of --modified-hours")
    assert (done.result["schools"], done.result["schools_failed"]) == (3, 0)


@pytest.mark.parametrize("stamp", ["2025-09-26T00:00:00Z", "2025-09-25T23:59:59-05:00"])
def test_a_school_whose_newest_are_as_new_as_what_is_landed_is_believed(world: World, stamp: str) -> None:
    assert fetch(world).status == 0
    for record in world.source.records(world.first):
        world.change(world.first, record["id"], modifiedOn=stamp)
    world.esd.faults.add(Fault("bare_list", times=None))
    done = fetch(world, "--modified-hours", "2")
    assert done.status == 0, done.story
