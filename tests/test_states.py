"""What a load finds that lasts: reported once, counted, reported again after a week or when it returns."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from attendance_common.conditions import Judged
from attendance_common.landing import Areas
from attendance_common.load import states
from attendance_common.load.plan import Found, ListId
from attendance_common.load.shared_ids import SharedIds
from tests.bucket import LANDING, RUNS
from tests.lists import (
    LATER,
    MONDAY,
    NEW,
    NEWER,
    TUESDAY,
    folder,
    land,
    land_tombstone,
    take_away,
    version,
)
from tests.pipeline import Finished, Pipeline

PLACE = f"s3://edna-prod/{LANDING}"
RESULT = {
    *("status", "run", "partitions", "lists", "registered", "loaded", "rows_read", "inserted", "updated"),
    *("unchanged", "superseded", "removed", "reread", "repaired_dates", "expired", "newest_date"),
    *("seconds", "attention", "standing", "findings"),
}

Change = Callable[[Pipeline], None]

FOREIGN = (
    f"not the fetcher's, below {PLACE}: notes.txt; Spectrum reads them, or fails on them: move them away"
)
LOST = f"the object of a loaded list is gone from S3, {PLACE}year=2025/month=12/"
GONE = (
    f"{LOST}day=09/school_2.parquet: its rows stay; put the object back, or fetch school 2 again; "
    "when the records are to go, run the loader with --forget-list 2025-12-09 2"
)
SHARED = (
    "2 records are in the lists of two schools: schools 1 and 3 (2, 2025-12-08); "
    "public.period_attendance has each once, the newest (of equals that of the later date, then of the "
    "greater school id), so the other school lacks it: fetch both schools whole; if that does not help, ask "
    "the source's operator which school they are of; their ids: SELECT id FROM "
    "public.period_attendance_places WHERE NOT marked GROUP BY id HAVING MIN(school_id) < MAX(school_id)"
)


def outcome(done: Finished) -> tuple[int, int, list[str]]:
    """Status, how many states stand, and what a person reads."""
    return done.status, done.result["standing"], done.result["attention"]


def sole_sentence(done: Finished) -> str:
    """The one sentence of a run that ended with status 3 and counts no older state."""
    status, standing, [sentence] = outcome(done)
    assert (status, standing) == (3, 0), done.story
    return sentence


def records(pipeline: Pipeline) -> list[str]:
    """The keys of the loader's run records, the oldest first."""
    return [f"{RUNS}load/{name}" for name in sorted(pipeline.bucket.keys(f"{RUNS}load/"))]


def age(pipeline: Pipeline, days: int) -> None:
    """Let what the newest record says have been seen and reported so many days earlier."""
    key = records(pipeline)[-1]
    record = json.loads(pipeline.bucket.read(key))
    for found in record["conditions"].values():
        for state in found.values():
            for name in ("since", "told"):
                moment = dt.datetime.fromisoformat(state[name]) - dt.timedelta(days=days)
                state[name] = moment.isoformat(timespec="seconds")
    aws = pipeline.sandbox.aws
    aws.client("s3").put_object(Bucket=aws.bucket, Key=key, Body=json.dumps(record).encode())


def loads(pipeline: Pipeline) -> Pipeline:
    """Three lists of two schools, loaded."""
    land(pipeline, MONDAY, version(5, "x", NEW), version(6, "x", NEW))
    land(pipeline, TUESDAY, version(7, "x", NEW), school=2)
    land(pipeline, LATER, version(8, "x", NEW))
    assert outcome(pipeline.load()) == (0, 0, [])
    return pipeline


# --- three states, each from its beginning to its end -------------------------------------------------------


def put_foreign(pipeline: Pipeline, name: str = "notes.txt") -> None:
    aws = pipeline.sandbox.aws
    aws.client("s3").put_object(Bucket=aws.bucket, Key=LANDING + name, Body=b"x")


def remove_foreign(pipeline: Pipeline) -> None:
    aws = pipeline.sandbox.aws
    aws.client("s3").delete_object(Bucket=aws.bucket, Key=f"{LANDING}notes.txt")


def lose_list(pipeline: Pipeline) -> None:
    take_away(pipeline, TUESDAY, "school_2.parquet")


def find_list(pipeline: Pipeline) -> None:
    land(pipeline, TUESDAY, version(7, "x", NEW), school=2)


def share_ids(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "newer", NEWER), version(6, "older", None), school=3)


def part_ids(pipeline: Pipeline) -> None:
    land_tombstone(pipeline, MONDAY, school=3)


STATES: dict[str, tuple[Change, Change, str]] = {
    "a foreign object": (put_foreign, remove_foreign, FOREIGN),
    "an object that is gone": (lose_list, find_list, GONE),
    "ids of two schools": (share_ids, part_ids, SHARED),
}


@pytest.mark.parametrize(("begin", "end", "sentence"), STATES.values(), ids=STATES.keys())
def test_a_state_is_reported_once_and_weekly_and_anew_when_it_returns(
    pipeline: Pipeline, begin: Change, end: Change, sentence: str
) -> None:
    loads(pipeline)
    begin(pipeline)
    assert sole_sentence(pipeline.load()).startswith(f"{sentence} (since 20")
    for _ in range(2):
        assert outcome(pipeline.load()) == (0, 1, [])
    age(pipeline, 6)
    assert outcome(pipeline.load()) == (0, 1, [])
    age(pipeline, 1)
    again = pipeline.load()
    a_week_ago = dt.datetime.now(dt.timezone.utc) - dt.timedelta(days=7)
    assert sole_sentence(again).startswith(f"{sentence} (since {a_week_ago:%Y-%m-%d}T")
    assert outcome(pipeline.load()) == (0, 1, [])
    end(pipeline)
    assert outcome(pipeline.load()) == (0, 0, [])
    begin(pipeline)
    assert sole_sentence(pipeline.load()).startswith(sentence)


@pytest.mark.parametrize(("begin", "_end", "sentence"), STATES.values(), ids=STATES.keys())
def test_only_a_run_that_judged_says_whether_a_state_was_reported(
    pipeline: Pipeline, begin: Change, _end: Change, sentence: str
) -> None:
    loads(pipeline)
    begin(pipeline)
    assert sole_sentence(pipeline.load()).startswith(sentence)
    assert outcome(pipeline.load("--dry-run")) == (0, 1, [])
    failed = pipeline.load("--forget-list", "2025-12-08", "1")
    assert (failed.status, "conditions" in pipeline.bucket.run_record(failed.result["run"])) == (2, False)
    for _ in range(2):
        verified = pipeline.load("--verify")
        assert (verified.status, verified.result["standing"]) == (3, 0)
        assert any(each.startswith(sentence) for each in verified.result["attention"])
        assert "conditions" not in pipeline.bucket.run_record(verified.result["run"])
    assert outcome(pipeline.load()) == (0, 1, [])


def test_what_a_dry_run_reports_does_not_count_as_reported(pipeline: Pipeline) -> None:
    loads(pipeline)
    put_foreign(pipeline)
    before = records(pipeline)
    for flags in (["--dry-run"], ["--dry-run"], []):
        assert sole_sentence(pipeline.load(*flags)).startswith(FOREIGN)
    assert len(records(pipeline)) == len(before) + 1


MORE: dict[str, tuple[Change, Change, str]] = {
    "a foreign object": (
        put_foreign,
        lambda pipeline: put_foreign(pipeline, "a copy.parquet"),
        f"not the fetcher's, below {PLACE}: a copy.parquet; ",
    ),
    "an object that is gone": (
        lose_list,
        lambda pipeline: take_away(pipeline, MONDAY, "school_1.parquet"),
        f"{LOST}day=08/school_1.parquet: ",
    ),
    "ids of two schools": (
        share_ids,
        lambda pipeline: land(pipeline, LATER, version(7, "newer", NEWER), school=4),
        "1 record is in the lists of two schools: schools 2 and 4 (1, 2025-12-09); ",
    ),
    "another kind": (
        put_foreign,
        share_ids,
        "2 records are in the lists of two schools: schools 1 and 3 (2, 2025-12-08); ",
    ),
}


@pytest.mark.parametrize(("first", "second", "sentence"), MORE.values(), ids=MORE.keys())
def test_one_that_is_new_is_reported_alone_while_an_older_one_lasts(
    pipeline: Pipeline, first: Change, second: Change, sentence: str
) -> None:
    loads(pipeline)
    first(pipeline)
    assert pipeline.load().status == 3
    second(pipeline)
    status, standing, [new] = outcome(pipeline.load())
    assert (status, standing) == (3, 1)
    assert new.startswith(sentence)
    assert outcome(pipeline.load()) == (0, 2, [])


def test_a_list_that_is_forgotten_is_missed_no_more(pipeline: Pipeline) -> None:
    loads(pipeline)
    lose_list(pipeline)
    assert pipeline.load().status == 3
    assert outcome(pipeline.load("--forget-list", "2025-12-09", "2")) == (0, 0, [])
    assert outcome(pipeline.load()) == (0, 0, [])


# --- ids of two schools -------------------------------------------------------------------------------------


def test_the_query_of_the_sentence_names_the_ids(pipeline: Pipeline) -> None:
    loads(pipeline)
    land(pipeline, LATER, version(7, "x", NEWER), school=9)
    [sentence] = [each for each in outcome(pipeline.load())[2] if "their ids: " in each]
    query = sentence.partition("their ids: ")[2].partition(" (since")[0]
    assert pipeline.query(query) == [{"id": 7}]


def move_between_schools(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(6, "x", NEW))
    land(pipeline, MONDAY, version(5, "x", NEW), school=3)


def lose_a_shared_list(pipeline: Pipeline) -> None:
    take_away(pipeline, MONDAY, "school_1.parquet")
    land(pipeline, MONDAY, version(5, "x", NEWER), school=3)


def land_twice_in_one_school(pipeline: Pipeline) -> None:
    land(pipeline, LATER, version(5, "x", NEWER))


@pytest.mark.parametrize("change", [move_between_schools, lose_a_shared_list, land_twice_in_one_school])
def test_an_id_that_one_school_holds_is_not_reported(pipeline: Pipeline, change: Change) -> None:
    loads(pipeline)
    change(pipeline)
    done = pipeline.load()
    assert "two schools" not in " ".join(done.result["attention"])
    assert done.result["standing"] == 0


def test_an_id_of_three_schools(pipeline: Pipeline) -> None:
    for school in (1, 2, 3):
        land(pipeline, MONDAY, version(5, "x", NEW), school=school)
    sentence = sole_sentence(pipeline.load())
    assert sentence.startswith(
        "2 records are in the lists of two schools: schools 1 and 3 (1, 2025-12-08), 2 and 3 (1, 2025-12-08);"
    )
    assert {row["school_id"] for row in pipeline.table().values()} == {3}


# --- nothing there ------------------------------------------------------------------------------------------


def test_an_empty_landing_zone_is_reported_each_time(pipeline: Pipeline) -> None:
    for flags in ([], [], ["--dry-run"], ["--verify"]):
        assert sole_sentence(pipeline.load(*flags)) == (
            f"no list lies below {PLACE}: S3_BUCKET and S3_PREFIX have to be those of the fetcher; if they "
            "are, run the fetcher"
        )


def test_a_tombstone_is_a_list(pipeline: Pipeline) -> None:
    land_tombstone(pipeline, MONDAY)
    assert outcome(pipeline.load()) == (0, 0, [])


def test_a_prefix_with_a_typo_is_named(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "x", NEW))
    typo = LANDING.replace("unnested", "unested")
    sentence = sole_sentence(pipeline.load(S3_PREFIX=typo))
    assert sentence.startswith(f"no list lies below s3://edna-prod/{typo}: ")


def test_a_prefix_that_ends_too_early_is_named_with_what_lies_there(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "x", NEW))
    early = LANDING.removesuffix("unnested_period_attendance/")
    status, standing, [foreign, nothing] = outcome(pipeline.load(S3_PREFIX=early))
    assert (status, standing) == (3, 0)
    assert nothing.startswith(f"no list lies below s3://edna-prod/{early}: ")
    assert f": unnested_period_attendance/{folder(MONDAY).removeprefix(LANDING)}school_1.parquet; " in foreign
    status, standing, [nothing] = outcome(pipeline.load(S3_PREFIX=early))
    assert (status, standing) == (3, 1)


# --- each time ----------------------------------------------------------------------------------------------


def test_a_list_that_cannot_be_loaded_is_reported_each_time_and_older_states_count(
    pipeline: Pipeline,
) -> None:
    loads(pipeline)
    put_foreign(pipeline)
    pipeline.load()
    land(pipeline, MONDAY, {**version(5, "x", NEW), "student_id": None})
    for _ in range(2):
        status, standing, [sentence] = outcome(pipeline.load())
        assert (status, standing) == (3, 1)
        assert sentence.startswith("the list of 2025-12-08 of school 1 was not loaded: it has rows without a")


# --- what it costs ------------------------------------------------------------------------------------------


# The row of the run: a time limit, BEGIN, the lock, no limit, which runs are known, INSERT, COMMIT.
OF_THE_RUN = 7


def test_a_load_with_nothing_new_sends_five_statements_and_one_for_shared_ids(pipeline: Pipeline) -> None:
    loads(pipeline)
    for change, most in ((lambda _: None, 5), (put_foreign, 5), (share_ids, 6)):
        change(pipeline)
        pipeline.load()
        sent: list[str] = []
        with pipeline.before_each_statement(sent.append):
            done = pipeline.load()
        assert (done.status, done.result["loaded"]) == (0, 0)
        assert len(sent) <= most + OF_THE_RUN, sent
        changing = [
            text for text in sent if not text.startswith(("SELECT", "SET", "BEGIN", "COMMIT", "LOCK"))
        ]
        assert [text.split("(")[0] for text in changing] == ["INSERT INTO public.period_attendance_runs "]
    assert done.result["standing"] == 2


def test_the_result_has_these_keys_whatever_was_asked(pipeline: Pipeline) -> None:
    loads(pipeline)
    assert pipeline.load().result.keys() == RESULT
    assert pipeline.load("--dry-run").result.keys() - {"dry_run"} == RESULT
    verified = pipeline.load("--verify").result
    assert verified.keys() >= RESULT
    assert verified["newest_date"] == "2026-02-03"


# --- very many ----------------------------------------------------------------------------------------------

AREAS = Areas("edna-prod", LANDING)
NOW = dt.datetime(2025, 12, 9, 6, 0, tzinfo=dt.timezone.utc)


def judged(found: Found, shared: list[SharedIds], before: dict[str, Any]) -> Judged:
    """What a load judges that finds this, after one that judged `before`."""
    judge = Judged(lambda condition, place: before.get(condition, {}).get(str(place)), NOW)
    states.judge(judge, found, [], shared, AREAS)
    return judge


def gone(count: int) -> Found:
    days = [date(2000, 1, 1) + dt.timedelta(days=number) for number in range(count)]
    return Found(gone=dict.fromkeys((ListId(day, 1) for day in days), True))


def foreign(count: int) -> Found:
    return Found(foreign=count, foreign_names=[f"x{number}" for number in range(min(count, 1_000))])


def test_a_thousand_are_known_one_by_one_and_more_by_their_number() -> None:
    for make, word in ((gone, "objects of 1001 loaded lists"), (foreign, "x4 and 996 more")):
        known = judged(make(1_000), [], {})
        assert len(known.sentences) == 1
        assert judged(make(999), [], known.conditions).standing == 999
        many = judged(make(1_001), [], known.conditions)
        [sentence] = many.sentences
        assert word in sentence
        assert sum(map(len, many.conditions.values())) == 1
        same = judged(make(1_001), [], many.conditions)
        assert (same.standing, same.sentences) == (1, [])
        assert len(judged(make(1_002), [], many.conditions).sentences) == 1


def test_many_pairs_of_schools_are_one_sentence() -> None:
    pairs = [SharedIds(1, other, 3, MONDAY, TUESDAY) for other in range(2, 9)]
    [sentence] = judged(Found(), pairs, {}).sentences
    assert sentence.startswith("21 records are in the lists of two schools: schools 1 and 2 (3, 2025-")
    assert "1 and 6 (3, 2025-12-08 to 2025-12-09) and 2 more; " in sentence


def test_a_record_holds_no_name_of_a_foreign_object() -> None:
    known = judged(Found(foreign=1, foreign_names=["jane_doe.csv"]), [], {})
    assert "jane" not in json.dumps(known.conditions)
