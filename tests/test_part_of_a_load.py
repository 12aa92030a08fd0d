"""A load of some lists alone, and one that reads them again: --from, --to, --school, --reload."""

from __future__ import annotations

import signal

import pytest

from tests.bucket import LANDING
from tests.lists import LATER, MONDAY, NEW, NEWER, TABLE, TUESDAY, land, land_tombstone, statuses, version
from tests.pipeline import PATIENCE, Finished, Pipeline, paused_at

ONE, TWO, THREE, FOUR = (version(key, f"said {key}", NEW) for key in (1, 2, 3, 4))
PLACES = {1: MONDAY, 2: TUESDAY, 3: TUESDAY, 4: LATER}
ALL = {key: (f"said {key}", day) for key, day in PLACES.items()}


@pytest.fixture
def landed(pipeline: Pipeline) -> Pipeline:
    """Four lists of three dates, one of them of a second school."""
    land(pipeline, MONDAY, ONE)
    land(pipeline, TUESDAY, TWO)
    land(pipeline, TUESDAY, THREE, school=2)
    land(pipeline, LATER, FOUR)
    return pipeline


def loaded(pipeline: Pipeline, *flags: str) -> Finished:
    done = pipeline.load(*flags)
    assert done.status == 0, done.story
    return done


@pytest.mark.parametrize(
    ("flags", "ids"),
    [
        (["--from", f"{TUESDAY}"], {2, 3, 4}),
        (["--to", f"{TUESDAY}"], {1, 2, 3}),
        (["--from", f"{TUESDAY}", "--to", f"{TUESDAY}"], {2, 3}),
        (["--school", "2"], {3}),
        (["--school", "2", "--school", "1"], {1, 2, 3, 4}),
        (["--school", "1", "--from", f"{TUESDAY}", "--to", f"{TUESDAY}"], {2}),
        (["--from", "2125-12-09"], set()),
    ],
)
def test_a_part_is_loaded_and_the_rest_by_the_next_run(
    landed: Pipeline, flags: list[str], ids: set[int]
) -> None:
    done = loaded(landed, *flags)
    assert (done.result["lists"], done.result["loaded"]) == (4, len(ids))
    assert statuses(landed) == {key: ALL[key] for key in ids}
    assert loaded(landed).result["loaded"] == 4 - len(ids)
    assert statuses(landed) == ALL


@pytest.mark.parametrize("more", [[], ["--dry-run"], ["--reload"], ["--reload", "--dry-run"]])
def test_a_school_that_has_no_list_is_named(landed: Pipeline, more: list[str]) -> None:
    done = landed.load("--school", "9", "--school", "2", "--school", "9", *more)
    assert done.status == 3
    place = f"s3://{landed.sandbox.aws.bucket}/{LANDING}"
    sentence = f"school 9 has no list below {place}, and none was loaded: check --school"
    assert done.result["attention"] == [sentence]
    assert done.result["loaded"] == 1


def test_a_school_whose_lists_are_gone_is_known(landed: Pipeline) -> None:
    loaded(landed)
    for key in landed.bucket.keys(""):
        if "school_2." in key:
            landed.sandbox.aws.client("s3").delete_object(Bucket=landed.sandbox.aws.bucket, Key=key)
    assert landed.load().status == 3  # reported once
    assert loaded(landed, "--school", "2").result["loaded"] == 0


@pytest.mark.parametrize("more", [[], ["--dry-run"]])
def test_a_reload_of_dates_without_a_list_is_named(landed: Pipeline, more: list[str]) -> None:
    flags = ["--reload", "--from", "2125-12-09", *more]
    loaded(landed)
    done = landed.load(*flags)
    assert done.status == 3
    what = "--reload found no list of these dates and schools, and read nothing again"
    assert done.result["attention"] == [f"{what}: check --from, --to and --school"]


def test_a_reload_of_lists_that_were_never_loaded_loads_them(landed: Pipeline) -> None:
    assert loaded(landed, "--reload", "--school", "2").result["loaded"] == 1


def test_a_dry_run_shows_what_a_reload_would_read(landed: Pipeline) -> None:
    loaded(landed)
    done = loaded(landed, "--reload", "--dry-run", "--from", f"{TUESDAY}", "--to", f"{TUESDAY}")
    assert done.result["loaded"] == 2
    assert f"would load: 2 lists of {TUESDAY}" in done.story


def test_a_record_that_moves_to_a_list_outside_the_part_stays_until_that_is_loaded(landed: Pipeline) -> None:
    loaded(landed)
    land_tombstone(landed, MONDAY)
    land(landed, TUESDAY, version(1, "moved", NEWER), TWO)
    assert loaded(landed, "--to", f"{MONDAY}").result["removed"] == 0
    assert statuses(landed) == ALL
    loaded(landed)
    assert statuses(landed) == {**ALL, 1: ("moved", TUESDAY)}


def test_a_dry_run_shows_the_part_alone(landed: Pipeline) -> None:
    done = loaded(landed, "--dry-run", "--school", "2")
    assert done.result["loaded"] == 1
    assert "would load: the list of" in done.story
    assert landed.table() == {}


def test_a_row_that_somebody_changed_is_written_again_by_a_reload_of_its_date(landed: Pipeline) -> None:
    loaded(landed)
    landed.query(f"UPDATE {TABLE} SET attendance_status = 'by hand', comment = 'by hand'")
    assert loaded(landed).result["rows_read"] == 0  # only --verify sees it
    done = loaded(landed, "--reload", "--from", f"{TUESDAY}", "--to", f"{TUESDAY}", "--school", "1")
    counts = {name: done.result[name] for name in ("loaded", "rows_read", "updated", "inserted", "removed")}
    assert counts == {"loaded": 1, "rows_read": 1, "updated": 1, "inserted": 0, "removed": 0}
    hand = {key: ("by hand", day) for key, day in PLACES.items()}
    assert statuses(landed) == {**hand, 2: ALL[2]}
    loaded(landed, "--reload")
    assert statuses(landed) == ALL
    assert loaded(landed, "--verify").result["attention"] == []


def test_a_list_whose_object_is_gone_is_not_reloaded(landed: Pipeline) -> None:
    loaded(landed)
    landed.sandbox.aws.client("s3").delete_object(
        Bucket=landed.sandbox.aws.bucket,
        Key=next(key for key in landed.bucket.keys("") if "school_2." in key),
    )
    assert landed.load().status == 3  # reported once
    done = loaded(landed, "--reload")
    assert (done.result["loaded"], done.result["updated"], done.result["standing"]) == (3, 3, 1)
    assert statuses(landed) == ALL
    assert loaded(landed).result["rows_read"] == 0


def test_a_reload_that_is_killed_is_ended_by_the_next_run(landed: Pipeline) -> None:
    loaded(landed)
    landed.query(f"UPDATE {TABLE} SET attendance_status = 'by hand'")
    with paused_at(landed, f"INSERT INTO {TABLE} (") as (reached, go_on):
        running = landed.start("redshift_loader.py", "--reload")
        assert reached.wait(PATIENCE)
        running.send(signal.SIGKILL)
        running.end()
        go_on.set()
    assert loaded(landed).result["updated"] == 4
    assert statuses(landed) == ALL


@pytest.mark.parametrize(
    "flags",
    [
        ["--from", "12-09-2025"],
        ["--to", "yesterday"],
        ["--school", "x"],
        ["--reload", "--verify"],
        ["--from", "2025-12-09", "--to", "2025-12-08"],
        ["--json"],
        ["--check", "--reload"],
    ],
    ids=" ".join,
)
def test_wrong_usage(pipeline: Pipeline, flags: list[str]) -> None:
    assert pipeline.load(*flags).status == 2
