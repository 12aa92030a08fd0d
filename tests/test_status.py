"""The loader's --status: when it needs a person, what it shows, and that it changes nothing."""

from __future__ import annotations

import datetime as dt
import json
import time
from typing import Any

import pytest

from attendance_common.load.plan import ListId, Version
from attendance_common.load.quality import Finding, Severity
from attendance_common.load.run_files import RunFiles
from attendance_common.load.run_rows import RunName
from attendance_common.load.status import Facts, Run, SchoolRun, Status, judge
from attendance_common.load.status_facts import MOST, lasting, newest_records
from attendance_common.load.status_text import render
from tests.fake_s3 import FakeS3
from tests.lists import MONDAY, NEW, TUESDAY, land, version
from tests.pipeline import Finished
from tests.sandbox.esd import Fault
from tests.test_conditions import AREAS
from tests.world import World

NOW = dt.datetime(2025, 12, 9, 12, 0)
NIGHT = dt.datetime(2025, 12, 9, 2, 15)
HOURS = 36


def run(script: str, hours: float, scope: str | None = None, part: str | None = None, **more: Any) -> Run:
    """A run that began so many hours before NOW, and ended well an hour later."""
    began = NOW - dt.timedelta(hours=hours)
    members = {"status": 0, "ended": began + dt.timedelta(hours=1), **more}
    scope = scope or {"fetch": "whole", "load": "load"}[script]
    return Run(f"{began:%Y%m%dT%H%M%SZ}-x", script, scope, part, began, **members)


GOOD = [run("fetch", 10), run("load", 8)]


def sentences(*runs: Run, hours: int = HOURS, **facts: Any) -> list[str]:
    """What needs a person, with these runs beside the good ones of the night."""
    return judge(Facts([*GOOD, *runs], **facts), NOW, hours).attention


# --- when it needs a person ---------------------------------------------------------------------------------


def test_good_runs_of_the_night_need_nobody() -> None:
    assert sentences() == []


def test_before_any_run() -> None:
    assert judge(Facts(), NOW, HOURS).attention == [
        "no fetch that ended well is known: run the fetcher",
        "no load that ended well is known: run the loader",
    ]


@pytest.mark.parametrize(
    ("began", "hours", "needs"), [(36, 36, False), (37, 36, True), (37, 0, False), (37, 37, False)]
)
def test_a_good_run_that_is_too_old(began: int, hours: int, *, needs: bool) -> None:
    sentences = judge(Facts([run("fetch", began), run("load", 8)]), NOW, hours).attention
    sentence = (
        "the last fetch that ended well began 2025-12-07 23:00 UTC and ended 36 hours ago, and 36 are "
        "allowed (REDSHIFT_STATUS_HOURS): look at its schedule and its log"
    )
    assert sentences == ([sentence] if needs else [])


@pytest.mark.parametrize("later", [
    run("fetch", 1, "recent"),
    run("fetch", 1, "replay"),
    run("fetch", 1, "whole", "some"),
    run("load", 1, "verify"),
    run("load", 1, "load", "some"),
])  # fmt: skip
def test_a_run_of_less_than_all_is_no_good_full_run(later: Run) -> None:
    old = [run("fetch", 50), run("load", 50)]
    assert len(judge(Facts([*old, later]), NOW, HOURS).attention) == 2


def test_the_newest_run_failed() -> None:
    assert sentences(run("fetch", 1, "recent", status=1, error="no token")) == [
        "the fetch of 2025-12-09 11:00 UTC failed with status 1: no token; run it again"
    ]
    assert sentences(run("load", 1, status=2, error="no right")) == [
        "the load of 2025-12-09 11:00 UTC failed with status 2: no right; mend that, and run it again"
    ]


def test_a_run_that_failed_and_was_made_good_by_a_later_one_needs_nobody() -> None:
    assert sentences(run("fetch", 9, status=1, error="x"), run("fetch", 1)) == []
    assert sentences(run("fetch", 9, "recent", status=1, error="x"), run("fetch", 5)) == []


def test_a_recent_run_does_not_make_good_what_the_whole_one_said() -> None:
    whole = run("fetch", 9, status=3, attention="school 5 was not read: x\nschool 6: y")
    assert sentences(whole, run("fetch", 1, "recent")) == [
        "school 5 was not read: x (fetch of 2025-12-09 03:00 UTC)",
        "school 6: y (fetch of 2025-12-09 03:00 UTC)",
    ]
    assert sentences(whole, run("fetch", 1, "recent"), run("fetch", 0.5)) == []


def shards(of: int, hours: float, *, but: int = 0) -> list[Run]:
    return [run("fetch", hours, part=f"{number}/{of}") for number in range(1, of + 1) if number != but]


def test_each_shard_has_its_own_last_good_run() -> None:
    load = run("load", 1)
    assert judge(Facts([load, *shards(3, 9)]), NOW, HOURS).attention == []
    assert judge(Facts([load, *shards(3, 9, but=2)]), NOW, HOURS).attention == [
        "no fetch of shard 2/3 that ended well is known: run the fetcher"
    ]
    assert judge(Facts([load, *shards(4, 50), *shards(3, 9)]), NOW, HOURS).attention == []
    failed = run("fetch", 5, part="2/3", status=1, error="x")
    sentences = judge(Facts([load, *shards(3, 9), failed, run("fetch", 4, part="3/3")]), NOW, HOURS).attention
    assert sentences == ["the fetch of 2025-12-09 07:00 UTC failed with status 1: x; run it again"]


@pytest.mark.parametrize("part", ["9/99999999999", "x", "1/", "/"])
def test_a_part_that_is_no_shard_costs_nothing(part: str) -> None:
    assert judge(Facts([run("fetch", 1, part=part), run("load", 1)]), NOW, HOURS).attention == [
        "no fetch that ended well is known: run the fetcher"
    ]


def test_a_list_that_lay_there_before_the_last_good_load() -> None:
    before, after = (Version("e", GOOD[1].began + dt.timedelta(seconds=more)) for more in (-1, 0))
    waiting = {ListId(TUESDAY, 6): after, ListId(MONDAY, 5): before}
    assert sentences(waiting={ListId(TUESDAY, 6): after}) == []
    [sentence] = sentences(waiting=waiting)
    assert sentence == (
        "1 list was written before the last good load began, and not loaded, first that of 2025-12-08 of "
        "school 5: run the loader, which says what is at fault"
    )
    found = judge(Facts(GOOD, waiting=waiting), NOW, HOURS)
    assert (found.lists_waiting, found.lists_stuck) == (2, 1)


def test_states_that_last_are_shown_and_need_nobody() -> None:
    said = [
        "school 5 is dark (since A)",
        "school 6 is dark (since B)",
        "school 7 was not read",
        "school 5 is dark (since A)",
    ]
    found = judge(Facts(GOOD, reported=said, lasting={"A"}), NOW, HOURS)
    assert (found.attention, found.states) == ([], ["school 5 is dark (since A)"])
    now = run("fetch", 1, status=3, attention="school 5 is dark (since A)")
    found = judge(Facts([*GOOD, now], reported=said, lasting={"A"}), NOW, HOURS)
    assert found.attention == ["school 5 is dark (since A) (fetch of 2025-12-09 11:00 UTC)"]
    assert found.states == []


# --- schools ------------------------------------------------------------------------------------------------


def reading(hours: float, fault: str | None = None, scope: str = "whole", lies: int | None = 0) -> SchoolRun:
    return SchoolRun(5, scope, NOW - dt.timedelta(hours=hours), fault, lies)


@pytest.mark.parametrize(
    ("readings", "fault", "lies"),
    [
        ([reading(9)], None, 0),
        ([reading(9, lies=4), reading(1, "x", lies=None)], "x", 4),
        ([reading(9, "x"), reading(1)], None, 0),
        ([reading(9, "x"), reading(1, scope="recent")], "x", 0),
        ([reading(9, "x", scope="recent"), reading(1, scope="recent", lies=2)], None, 2),
        ([reading(9, "old"), reading(5, "x", scope="recent"), reading(1, scope="recent")], "old", 0),
    ],
)
def test_a_fault_counts_until_a_later_reading_of_as_much(
    readings: list[SchoolRun], fault: str | None, lies: int
) -> None:
    [school] = judge(Facts(GOOD, school_runs=readings), NOW, HOURS).schools
    assert (school.fault, school.in_quarantine) == (fault, lies)


def a_bad_day() -> Status:
    """A status with something to say of everything."""
    rows = {12549: (200_000, MONDAY), 12550: (7, dt.date(2025, 11, 3)), 12551: (190_000, TUESDAY)}
    school_runs = [
        SchoolRun(12551, "whole", NIGHT, None, 0),
        SchoolRun(12550, "whole", NIGHT, None, 12),
        SchoolRun(12549, "whole", NIGHT - dt.timedelta(days=1), None, 0),
        SchoolRun(12549, "whole", NIGHT, "page 1: status 503, " + "after 6 tries " * 20, None),
    ]
    runs = [run("fetch", 34), run("fetch", 10, status=3, attention="school 12549 was not read: " + "x " * 99)]
    waiting = {ListId(TUESDAY, 12551): Version("e", NOW)}
    said = ["school 12550 lists no record (since A)"]
    return judge(Facts([*runs, run("load", 8)], rows, school_runs, waiting, said, {"A"}), NOW, HOURS)


def test_the_page_fits_and_says_first_what_needs_a_look() -> None:
    page = render(a_bad_day(), NOW)
    lines = page.splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0] == "needs a person:"
    assert "lasts, and was said before:" in lines
    assert "  * school 12550 lists no record (since A)" in lines
    facts = [line for line in lines if line.startswith(("newest", "last good", "lists", "in quar"))]
    assert facts == [
        "newest date      2025-12-09",
        "last good fetch  2025-12-09 03:00 UTC, 9 hours ago",
        "last good load   2025-12-09 05:00 UTC, 7 hours ago",
        "lists waiting    1, 0 of them since before that load",
        "in quarantine    12 records",
    ]
    table = lines[-4:]
    assert table[0] == "school  newest date     rows  read whole (UTC)  quarantine  waiting"
    assert table[1].startswith(
        " 12549   2025-12-08  200,000  2025-12-08 02:15           0        0  page 1: status"
    )
    assert table[1].endswith("…")
    assert table[2:] == [
        " 12551   2025-12-09  190,000  2025-12-09 02:15           0        1",
        " 12550   2025-11-03        7  2025-12-09 02:15          12        0",
    ]


def test_the_page_of_nothing() -> None:
    page = render(judge(Facts(GOOD), NOW, HOURS), NOW)
    assert page.startswith("needs a person:\n  * nothing\n\nnewest date      -\n")


def test_what_a_monitor_gets() -> None:
    found = a_bad_day()
    assert json.loads(json.dumps(found.counts())) == {
        "newest_date": "2025-12-09",
        "last_fetch": "2025-12-09T03:00:00+00:00",
        "last_load": "2025-12-09T05:00:00+00:00",
        "rows": 390_007,
        "schools": 3,
        "schools_failed": 1,
        "lists_waiting": 1,
        "lists_stuck": 0,
        "in_quarantine": 12,
        "standing": 1,
        "findings": 0,
    }
    whole = json.loads(json.dumps(found.whole()))
    assert whole["states"] == ["school 12550 lists no record (since A)"]
    assert whole["by_school"][2] == {
        "school": 12550,
        "newest_date": "2025-11-03",
        "rows": 7,
        "read_whole": "2025-12-09T02:15:00+00:00",
        "in_quarantine": 12,
        "lists_waiting": 0,
        "fault": None,
    }


def finding(number: int, severity: Severity = "warn") -> Finding:
    day = dt.date(2025, 12, number)
    return Finding("minutes", severity, 1, day, None, 3, f"finding {number}", "SELECT 1", NIGHT, None)


def test_what_the_checks_of_the_data_find_stands_on_the_page_and_needs_nobody() -> None:
    facts = Facts(GOOD, findings=[finding(1, "error"), *map(finding, range(2, 24))])
    found = judge(facts, NOW, HOURS)
    lines = render(found, NOW).splitlines()
    assert found.attention == []
    at = lines.index("the checks of the data find:")
    assert lines[at + 1] == "  * error: finding 1 (since 2025-12-09 02:15 UTC)"
    assert lines[at + 21] == "  * and 3 more: SELECT * FROM public.period_attendance_checks"
    assert found.counts()["findings"] == 23
    assert found.whole()["checks"][0] == {
        "name": "minutes",
        "severity": "error",
        "finding": "finding 1",
        "since": "2025-12-09T02:15:00+00:00",
    }


# --- what is read of S3 -------------------------------------------------------------------------------------


def names_read(*records: tuple[str, float, dict[str, Any]]) -> list[str]:
    """Scripts and hours of the records that are read, of these: script, hours before NOW, what it says."""
    objects: dict[str, Any] = {}
    for script, hour, members in records:
        name = f"{NOW - dt.timedelta(hours=hour):%Y%m%dT%H%M%SZ}-x"
        body = json.dumps({"run": name, "status": 0, "part": "all", "scope": "whole", **members}).encode()
        objects[f"runs/{script}/{name}.json"] = (body, {})
    s3: Any = FakeS3(objects, lambda: None)
    read = newest_records(RunFiles(s3, AREAS), NOW)
    return [f"{name.script} {(NOW - name.began) / dt.timedelta(hours=1):g}" for name in read]


def test_records_are_read_back_to_a_good_run_of_all() -> None:
    recent, some, shard = {"scope": "recent"}, {"part": "some"}, {"part": "1/2"}
    found = names_read(
        *(("fetch", hour, more) for hour, more in ((1, recent), (2, some), (3, shard), (4, {"status": 1}))),
        *(("fetch", hour, {}) for hour in (5, 6)),
        *(("load", hour, {"scope": "load"}) for hour in (1, 2)),
    )
    assert found == ["fetch 1", "fetch 2", "fetch 3", "fetch 4", "fetch 5", "load 1"]


def test_of_many_records_the_newest_are_read() -> None:
    found = names_read(*(("fetch", hour, {"scope": "recent"}) for hour in range(150)))
    assert found == [f"fetch {hour}" for hour in range(MOST)]
    assert names_read(("fetch", 9 * 24, {})) == []


def record(script: str, hour: int, conditions: Any, year: int | None = 55) -> tuple[RunName, dict[str, Any]]:
    began = NOW - dt.timedelta(hours=hour)
    return RunName(f"{hour}", script, began), {"conditions": conditions, "school_year": year}


FOUND = {"since": "A", "told": "A", "by": 1}


@pytest.mark.parametrize(
    ("records", "moments"),
    [
        ([record("fetch", 1, {"dark": {"5": FOUND}})], {"A"}),
        ([record("fetch", 1, {"dark": {"5": None}}), record("fetch", 2, {"dark": {"5": FOUND}})], set()),
        ([record("fetch", 1, {"dark": {"6": None}}), record("fetch", 2, {"dark": {"5": FOUND}})], {"A"}),
        ([record("fetch", 1, {"dark": {"5": None}}, 54), record("fetch", 2, {"dark": {"5": FOUND}})], {"A"}),
        ([record("load", 1, {"gone": {}}), record("load", 2, {"gone": {"x": FOUND}})], set()),
        ([record("load", 1, {"foreign": {}}), record("load", 2, {"gone": {"x": FOUND}})], {"A"}),
        ([record("load", 1, {"gone": {"x": FOUND, "y": {**FOUND, "since": "B"}}})], {"A", "B"}),
        ([record("fetch", 1, None), record("fetch", 2, [])], set()),
        ([record("fetch", 1, {"dark": 5}), record("fetch", 2, {"dark": {"5": {"since": 7}}})], set()),
    ],
)
def test_a_state_lasts_by_the_newest_run_that_judged_it(records: Any, moments: set[str]) -> None:
    assert lasting(dict(records)) == moments


# --- as a process -------------------------------------------------------------------------------------------


def page(done: Finished) -> list[str]:
    """The lines before the result line."""
    return done.output.splitlines()[:-1]


def test_before_any_run_and_without_a_table(world: World) -> None:
    done = world.pipeline.load("--status")
    assert (done.status, done.result["lists_waiting"], done.result["newest_date"]) == (3, 0, None)
    assert done.result["attention"] == [
        "no fetch that ended well is known: run the fetcher",
        "no load that ended well is known: run the loader",
    ]
    assert world.bucket.keys("") == {}
    world.pipeline.query("DROP TABLE public.period_attendance_runs")
    missing = world.pipeline.load("--status")
    assert missing.status == 2
    assert "run redshift_period_attendance_setup.sql with psql" in missing.result["error"]


def test_a_good_night_and_nothing_is_changed(world: World) -> None:
    world.run()
    world.pipeline.fetch("--days", "1")  # has no row in the table yet
    keys, sent = world.bucket.keys(""), list[str]()
    with world.pipeline.before_each_statement(sent.append):
        done = world.pipeline.load("--status")
    assert (done.status, done.result["attention"]) == (0, []), done.output
    assert [text.split()[0] for text in sent] == 6 * ["SELECT"]
    assert world.bucket.keys("") == keys
    count = world.source.count()
    assert (done.result["rows"], done.result["schools"]) == (count, len(world.schools))
    assert page(done)[0:2] == ["needs a person:", "  * nothing"]
    as_json = world.pipeline.load("--status", "--json")
    assert page(as_json) == []
    assert sum(each["rows"] for each in as_json.result["by_school"]) == count


def test_a_bad_night_that_no_load_has_seen(world: World) -> None:
    world.run()
    first, second = world.schools[:2]
    world.change(first, world.source.records(first)[0]["id"], comment="late")
    world.source.add(first, {"id": 1})
    world.esd.faults.add(Fault("status", school=second, status=500, times=None))
    assert world.pipeline.fetch(ESD_ATTEMPTS="1").status == 3
    done = world.pipeline.load("--status", "--json")
    assert (done.status, done.result["lists_waiting"], done.result["lists_stuck"]) == (3, 1, 0)
    unread, quarantined = done.result["attention"]
    assert unread.startswith(f"school {second} was not read: page 1: status 500 ")
    assert quarantined.startswith("1 record is new in quarantine, ")
    by_school = done.result["by_school"]
    assert [each["school"] for each in by_school[:2]] == [second, first]
    assert by_school[0]["fault"].startswith("page 1: status 500 ")
    assert by_school[0]["read_whole"] < done.result["last_fetch"]
    assert (by_school[1]["in_quarantine"], by_school[1]["lists_waiting"]) == (1, 1)


def test_a_list_that_no_load_takes(world: World) -> None:
    world.run()
    land(world.pipeline, MONDAY, {**version(5, "x", NEW), "student_id": None}, school=9)
    landed = int(time.time())
    while int(time.time()) == landed:  # S3 and run records know whole seconds: the load begins in a later one
        time.sleep(0.05)
    assert world.pipeline.load().status == 3
    done = world.pipeline.load("--status")
    assert done.status == 3
    unloaded, stuck = done.result["attention"]
    assert unloaded.startswith("the list of 2025-12-08 of school 9 was not loaded: it has rows without a")
    assert stuck.startswith(
        "1 list was written before the last good load began, and not loaded, first that of"
    )
