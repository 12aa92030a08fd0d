"""When a former version ended, and how long it is kept."""

from __future__ import annotations

import pytest

from tests.lists import (
    HISTORY,
    LATER,
    MONDAY,
    NEW,
    PLACES,
    TABLE,
    TUESDAY,
    land,
    load,
    statuses,
    times,
    version,
)
from tests.pipeline import Pipeline

# --- time ---------------------------------------------------------------------------------------------------


def test_a_version_ends_after_it_began_though_the_clock_went_back(pipeline: Pipeline) -> None:
    land(pipeline, MONDAY, version(5, "A", NEW), version(6, "A", NEW))
    load(pipeline)
    for table in (TABLE, PLACES):
        pipeline.query(f"UPDATE {table} SET loaded_at = '2052-01-01 00:00:00'")
    land(pipeline, MONDAY, version(5, "P", NEW))
    load(pipeline)
    ended = pipeline.query(f"SELECT id, valid_to FROM {HISTORY} ORDER BY id")
    assert [(row["id"], f"{row['valid_to']}") for row in ended] == [
        (5, "2052-01-01 00:00:00.000001"),
        (6, "2052-01-01 00:00:00.000001"),
    ]
    assert pipeline.history().keys() == {5, 6}  # and their times form chains


def test_all_that_a_batch_changes_has_one_time(pipeline: Pipeline) -> None:
    for day in (MONDAY, TUESDAY, LATER):
        land(pipeline, day, version(day.day, "A", NEW), version(day.day + 100, "A", NEW))
    load(pipeline)
    for day in (MONDAY, TUESDAY, LATER):
        land(pipeline, day, version(day.day, "P", NEW), version(day.day + 100, "P", NEW))
    load(pipeline)
    assert len({row["valid_to"] for row in pipeline.query(f"SELECT valid_to FROM {HISTORY}")}) == 1
    assert len(set(times(pipeline).values())) == 1


# --- how long a version is kept -----------------------------------------------------------------------------


@pytest.fixture
def aged(pipeline: Pipeline) -> Pipeline:
    """Three former versions: of 31 days ago, of 29, and of today."""
    land(pipeline, MONDAY, version(5, "A", NEW), version(6, "A", NEW))
    land(pipeline, TUESDAY, version(7, "A", NEW))
    load(pipeline)
    land(pipeline, MONDAY, version(5, "P", NEW), version(6, "P", NEW))
    land(pipeline, TUESDAY, version(7, "P", NEW))
    load(pipeline)
    for key, days in ((5, 31), (6, 29)):
        pipeline.query(f"UPDATE {HISTORY} SET valid_to = DATEADD(day, -{days}, valid_to) WHERE id = {key}")
    return pipeline


def kept(pipeline: Pipeline) -> list[int]:
    return [row["id"] for row in pipeline.query(f"SELECT id FROM {HISTORY} ORDER BY id")]


def test_what_left_the_table_long_ago_goes_when_a_number_of_days_is_set(aged: Pipeline) -> None:
    done = aged.load(REDSHIFT_HISTORY_DAYS="30")
    assert (done.status, done.result["expired"], kept(aged)) == (0, 1, [6, 7])
    done = aged.load(REDSHIFT_HISTORY_DAYS="30")
    assert (done.status, done.result["expired"], kept(aged)) == (0, 0, [6, 7])
    assert statuses(aged) == {5: ("P", MONDAY), 6: ("P", MONDAY), 7: ("P", TUESDAY)}


def test_all_is_kept_when_no_number_of_days_is_set(aged: Pipeline) -> None:
    aged.query(f"UPDATE {HISTORY} SET valid_to = '1999-01-01' WHERE id = 5")
    done = aged.load()
    assert (done.status, done.result["expired"], kept(aged)) == (0, 0, [5, 6, 7])


@pytest.mark.parametrize("flag", ["--dry-run", "--verify"])
def test_a_run_that_changes_nothing_lets_no_version_go(aged: Pipeline, flag: str) -> None:
    done = aged.load(flag, REDSHIFT_HISTORY_DAYS="30")
    assert (done.status, done.result["expired"], kept(aged)) == (0, 0, [5, 6, 7])
    if flag == "--dry-run":
        assert "would remove: 1 version of the history" in done.story


def before_its_own_row(sent: list[str]) -> list[str]:
    """What a load sends before its last transaction, which writes the rows of runs."""
    last = len(sent) - 1 - sent[::-1].index("BEGIN")
    return sent[: last - 1]  # a time limit is set before it


def test_where_nothing_is_to_go_no_statement_is_sent_for_it(aged: Pipeline) -> None:
    sent: list[str] = []
    with aged.before_each_statement(sent.append):
        assert aged.load(REDSHIFT_HISTORY_DAYS="32").status == 0
    loading = before_its_own_row(sent)
    assert len(loading) <= 5, loading
    assert [each for each in loading if not each.startswith("SELECT")] == []


def test_what_goes_does_so_in_a_transaction_of_its_own(aged: Pipeline) -> None:
    sent: list[str] = []
    with aged.before_each_statement(sent.append):
        aged.load(REDSHIFT_HISTORY_DAYS="30")
    loading = before_its_own_row(sent)
    begun = loading.index("BEGIN")
    assert [each.split()[0] for each in loading[begun:]] == ["BEGIN", "LOCK", "SET", "DELETE", "COMMIT"]


@pytest.mark.parametrize("days", ["0", "-1", "x"])
def test_a_number_of_days_that_is_none_is_refused(pipeline: Pipeline, days: str) -> None:
    done = pipeline.load(REDSHIFT_HISTORY_DAYS=days)
    assert done.status == 2
    assert "REDSHIFT_HISTORY_DAYS" in done.result["error"]
