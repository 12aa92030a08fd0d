"""Whatever dies, and whenever, the next run ends right: a sample of the points that `make torture` tries."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import date

import psycopg2
import pytest
import requests

from tests.crash_walk import (
    Point,
    begin,
    between_landings,
    between_tables,
    calls_of,
    sample,
    try_point,
)
from tests.crash_world import Content, Stage, staged
from tests.pipeline import FETCHER, LOADER
from tests.sandbox.tripwire import WAYS, Call, To, Tripwire, Way

KILLED_AFTER, CUT_BEFORE, CUT_AFTER = WAYS[1], WAYS[2], WAYS[3]
STEPS = {FETCHER: 13, LOADER: 17}  # odd, so that all ways occur


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with staged() as stage:
        yield stage


@pytest.fixture(scope="module")
def undisturbed(stage: Stage) -> dict[str, Tripwire]:
    return {script: calls_of(stage, script) for script in STEPS}


@pytest.mark.parametrize("script", STEPS)
def test_every_instant_of_an_undisturbed_run_is_before_or_after(
    undisturbed: dict[str, Tripwire], script: str
) -> None:
    assert undisturbed[script].found == []
    places = {call.to for call in undisturbed[script].calls}
    assert places == ({To.SOURCE, To.AWS} if script == FETCHER else {To.AWS, To.WAREHOUSE})


def test_between_two_batches_every_date_is_before_or_after(stage: Stage) -> None:
    states = begin(stage, LOADER).ahead()
    assert len(states) == 5  # three batches, and what no list holds leaves
    assert [between_tables(states[0].rows, states[-1].rows, state.rows) for state in states] == [[]] * 5


@pytest.mark.parametrize("script", STEPS)
def test_a_script_that_is_struck_at_any_call_is_made_good_by_the_next_run(
    stage: Stage, undisturbed: dict[str, Tripwire], script: str
) -> None:
    points = list(sample(script, len(undisturbed[script].calls), STEPS[script]))
    assert {point.way for point in points} == set(WAYS)
    assert [fault for point in points for fault in try_point(stage, point) or ()] == []


@pytest.mark.parametrize("way", [KILLED_AFTER, CUT_AFTER], ids=str)
def test_a_loader_that_never_hears_of_its_commit_leaves_it_whole(
    stage: Stage, undisturbed: dict[str, Tripwire], way: Way
) -> None:
    calls = [call.text for call in undisturbed[LOADER].calls]
    assert try_point(stage, Point(LOADER, calls.index("COMMIT") + 1, way)) == []


def test_a_point_beyond_the_last_call_is_no_point(stage: Stage) -> None:
    assert try_point(stage, Point(FETCHER, 1000, WAYS[0])) is None


# --- the checks themselves ----------------------------------------------------------------------------------

BEFORE: dict[str, Content] = {"a": frozenset({(1, "x"), (2, "x")}), "b": frozenset({(3, "x")}), "q": "1"}
AFTER: dict[str, Content] = {"a": frozenset({(1, "y")}), "b": frozenset({(3, "x"), (2, "x")}), "q": "2"}


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (BEFORE, []),
        (AFTER, []),
        ({**BEFORE, "b": AFTER["b"]}, []),
        ({**BEFORE, "a": frozenset({(1, "y"), (2, "x")})}, []),
        ({**BEFORE, "q": "2"}, []),
        ({**BEFORE, "a": AFTER["a"]}, ["2 is nowhere"]),
        ({**BEFORE, "a": frozenset({(2, "x")})}, ["1 is nowhere", "a is not on its way"]),
        ({**BEFORE, "a": frozenset({(1, "z"), (2, "x")})}, ["a is not on its way"]),
        ({**BEFORE, "q": "3"}, ["q is not on its way"]),
        ({"a": AFTER["a"], "b": AFTER["b"]}, ["q was deleted"]),
        ({**AFTER, "d": frozenset({(1, "y")})}, ["d is not on its way"]),
    ],
)
def test_what_is_not_on_its_way_in_the_landing_zone_is_found(
    now: dict[str, Content], found: list[str]
) -> None:
    assert between_landings(BEFORE, AFTER, now) == found


def row(number: int, day: int, status: str = "A") -> dict[str, object]:
    return {"id": number, "attendance_date": date(2026, 1, day), "attendance_status": status}


OLD = [row(1, 5), row(2, 5), row(3, 6)]
NEW = [row(1, 5, "P"), row(2, 6), row(3, 6, "P")]


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (OLD, []),
        (NEW, []),
        ([row(1, 5, "P"), row(2, 5), row(3, 6)], []),  # the first date is loaded, the second is not
        ([row(1, 5, "P"), row(2, 6), row(3, 6)], []),  # the same, and what moves is there already
        ([row(1, 5), row(2, 6), row(3, 6, "P")], []),  # the other way round
        ([row(1, 5), row(3, 6)], ["2 has moved nowhere"]),
        ([row(1, 5), row(2, 7), row(3, 6)], ["2 has moved nowhere"]),
        ([row(1, 5, "T"), row(2, 5), row(3, 6)], ["2026-01-05 is neither as before nor as after"]),
        ([row(1, 5), row(2, 5)], ["2026-01-06 is neither as before nor as after"]),
        ([row(1, 5), row(2, 5), row(2, 6), row(3, 6)], ["an id stands twice"]),
    ],
)
def test_what_is_neither_before_nor_after_in_the_table_is_found(
    now: list[dict[str, object]], found: list[str]
) -> None:
    assert between_tables(OLD, NEW, now) == found


# --- the tripwire itself ------------------------------------------------------------------------------------


def test_a_call_that_is_cut_before_is_not_carried_out(stage: Stage) -> None:
    wire = Tripwire(2, CUT_BEFORE)
    with wire.across(stage.sandbox, stage.front):
        assert put(stage, "one") == 200
        with pytest.raises(requests.ConnectionError):
            put(stage, "two")
    assert {"one", "two"} & stage.pipeline.bucket.keys("").keys() == {"one"}
    assert [call.text for call in wire.calls] == ["PUT /edna-prod/one", "PUT /edna-prod/two"]
    assert wire.struck == Call(To.AWS, "PUT /edna-prod/two")


def test_a_call_that_is_cut_after_is_carried_out(stage: Stage) -> None:
    with Tripwire(1, CUT_AFTER).across(stage.sandbox, stage.front), pytest.raises(requests.ConnectionError):
        put(stage, "three")
    assert "three" in stage.pipeline.bucket.keys("")


@pytest.mark.parametrize(("way", "rows"), [(CUT_BEFORE, 0), (CUT_AFTER, 1)], ids=str)
def test_a_statement_is_cut_off_without_any_answer(stage: Stage, way: Way, rows: int) -> None:
    stage.warehouse.send("CREATE TABLE IF NOT EXISTS public.cut (n INTEGER)")
    stage.warehouse.send("DELETE FROM public.cut")
    with (
        Tripwire(1, way).across(stage.sandbox, stage.front),
        pytest.raises(psycopg2.OperationalError),
    ):
        stage.pipeline.query("INSERT INTO public.cut SELECT 1")
    assert len(stage.warehouse.send("SELECT n FROM public.cut")) == rows


@pytest.mark.parametrize("way", WAYS[:2], ids=str)
def test_the_process_is_dead_before_it_hears_an_answer(stage: Stage, way: Way) -> None:
    wire = Tripwire(1, way)
    url = f"{stage.sandbox.esd.api_url}/v1/schools"
    ask = f"import requests; requests.get('{url}', timeout=60); print('heard')"
    with wire.across(stage.sandbox, stage.front):
        process = subprocess.Popen([sys.executable, "-c", ask], stdout=subprocess.PIPE, text=True)
        wire.process.set_result(process)
        output, _ = process.communicate(timeout=60)
    assert (process.returncode, output) == (-9, "")


def put(stage: Stage, key: str) -> int:
    url = f"{stage.front.endpoint}/edna-prod/{key}"
    authorization = "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/s3/aws4_request, Signature=x"
    return requests.put(url, b"body", headers={"Authorization": authorization}, timeout=60).status_code
