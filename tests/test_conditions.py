"""States that last: reported when they are new, counted while they last, reported again after a week."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from attendance_common.conditions import Judged, judge
from attendance_common.history import History
from attendance_common.landing import Areas
from tests.fake_s3 import FakeS3

NOW = dt.datetime(2025, 12, 9, 6, 0, tzinfo=dt.timezone.utc)
AREAS = Areas("bucket", "landing/attendance/")


def before(days: int) -> str:
    return (NOW - dt.timedelta(days=days)).isoformat(timespec="seconds")


@pytest.mark.parametrize(
    ("previous", "since", "reported", "standing"),
    [
        (None, before(0), before(0), False),
        ({"since": before(30), "told": before(6)}, before(30), before(6), True),
        ({"since": before(30), "told": before(7)}, before(30), before(0), False),
    ],
)
def test_a_state_is_reported_when_it_is_new_or_was_reported_long_ago(
    previous: dict[str, str] | None, since: str, reported: str, standing: bool
) -> None:
    assert judge(previous, NOW, 49) == ({"since": since, "told": reported, "by": 49}, standing)


def history(records: dict[str, Any], **others: bytes) -> History:
    """The history of records, each named by its days before now; `others`: objects of any other name."""
    objects: dict[str, tuple[bytes, dict[str, str]]] = {
        f"runs/fetch/{NOW - dt.timedelta(days=int(days)):%Y%m%dT%H%M%SZ}-abc.json": (body.encode(), {})
        for days, record in records.items()
        for body in [record if isinstance(record, str) else json.dumps(record)]
    }
    objects |= {f"runs/fetch/{name}": (body, {}) for name, body in others.items()}
    s3: Any = FakeS3(objects, lambda: None)
    return History(s3, AREAS, "fetch", NOW, 55)


def found(by: int) -> dict[str, Any]:
    """A condition as a run stores it."""
    return {"since": before(9), "told": before(3), "by": by}


def record(found: Any, school: str = "1", year: int = 55) -> dict[str, Any]:
    return {"school_year": year, "conditions": {"short": {school: found}}}


def test_the_newest_record_that_judged_a_condition_counts() -> None:
    runs = history(
        {
            "1": "no JSON",
            "2": record(found(9), school="2"),
            "3": record(found(9), year=54),
            "4": record(found(4)),
            "5": record(found(5)),
        }
    )
    assert runs.last("short", 1) == found(4)
    assert runs.last("short", 2) == found(9)
    assert runs.last("short", 3) is None
    assert runs.last("empty year", "all") is None


def test_one_that_did_not_find_it_counts_as_well() -> None:
    assert history({"1": record(None), "2": record(found(9))}).last("short", 1) is None


def test_records_of_more_than_seven_days_ago_are_forgotten() -> None:
    assert history({"8": record(found(9))}).last("short", 1) is None


@pytest.mark.parametrize("name", ["zz.json", "README.txt", "old/20251208T060000Z-abc.json", "20251208.json"])
@pytest.mark.parametrize("body", [b'{"conditions": null}', b'{"conditions": {"short": []}, "by_school": 1}'])
def test_what_is_no_runs_record_is_not_read(name: str, body: bytes) -> None:
    mine = {**record(found(4)), "status": 0, "began": before(4), "by_school": {"1": {}}}
    runs = history({"4": mine}, **{name: body})
    assert runs.last("short", 1) == found(4)
    assert runs.last_report(1) == before(4)


ODD: list[Any] = [None, [], 5, "x", {"1": 5}, {"1": []}, {"1": {}}]
ODD += [{"1": {**found(9), name: value}} for name in ("since", "told") for value in (None, 5, "yesterday")]
ODD += [{"1": {**found(9), "told": "2025-12-08T06:00:00"}}, {"1": {**found(9), "by": "9"}}]


@pytest.mark.parametrize("odd", ODD)
def test_what_another_program_wrote_into_a_record_counts_as_not_found(odd: Any) -> None:
    def last(**parts: Any) -> History:
        return history({"1": {"school_year": 55, "began": before(1), **parts}, "4": record(found(4))})

    of_school = isinstance(odd, dict)  # then it says something of school 1, which is not understood
    judged = last(conditions={"short": odd})
    assert judged.last("short", 1) == (None if of_school else found(4))
    assert judged.last_everywhere("short", 1) is None
    other = last(conditions=odd)
    assert (other.last("short", 1), other.last_everywhere("short", 1)) == (found(4), found(4))
    assert last(by_school=odd, status=0).last_report(1) == before(1 if of_school else 7)


@pytest.mark.parametrize("failed", [1, 2])
def test_the_last_report_of_a_school_is_that_of_its_newest_finished_run(failed: int) -> None:
    runs = history(
        {
            "1": {"status": failed, "began": before(1), "by_school": {"1": {}}},
            "2": {"status": 3, "began": before(2), "by_school": {"2": {}}},
            "3": {"status": 0, "began": before(3), "by_school": {"1": {}}},
        }
    )
    assert [runs.last_report(school) for school in (1, 2, 3)] == [before(3), before(2), before(7)]


def test_the_last_landing_is_that_of_a_run_that_finished_and_landed_something() -> None:
    runs = history(
        {
            "1": {"status": 1, "began": before(1), "landed": 5, "landing_zone": "s3://b/failed/"},
            "2": {"status": 3, "began": before(2), "landed": 0, "landing_zone": "s3://b/empty/"},
            "3": {"status": 0, "began": before(3), "landed": 5},
            "4": {"status": 3, "began": before(4), "landed": 5, "landing_zone": "s3://b/c/"},
            "5": {"status": 0, "began": before(5), "landed": 5, "landing_zone": "s3://b/old/"},
        }
    )
    assert runs.last_landing() == ("s3://b/c/", before(4))
    assert history({}).last_landing() is None


def test_a_sentence_is_made_only_where_it_is_reported() -> None:
    known = {"since": before(3), "told": before(1), "by": 1}
    judged = Judged(lambda _, school: known if school == 1 else None, NOW)

    def never() -> str:
        raise AssertionError

    judged.note("dark", 1, 1, never)
    judged.note("dark", 2, 0, never)
    judged.note("dark", 3, 1, lambda: "school 3 is dark")
    assert (judged.standing, judged.sentences) == (1, [f"school 3 is dark (since {before(0)})"])
    new = {"since": before(0), "told": before(0), "by": 1}
    assert judged.conditions == {"dark": {"1": known, "2": None, "3": new}}
