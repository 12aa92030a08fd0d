"""Faults at the source, each against a run of the real fetcher: what may pass is waited out, what stays ends
in a report after a bounded number of requests, what was read is landed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.bucket import RUNS
from tests.pipeline import Finished
from tests.sandbox.esd import Fault
from tests.sandbox.esd.faults import KINDS, Exchange
from tests.source_faults import (
    PAGES,
    QUICK,
    SCHOOLS,
    TOKEN,
    arrives,
    asked,
    fetch,
    lands,
    say_no_count,
    stays_out,
)
from tests.world import World

# --- what may pass ------------------------------------------------------------------------------------------

ONCE = {
    "statuses": [
        Fault("status", page=1, status=429, retry_after=1),
        Fault("status", page=2, status=429, retry_after=2, retry_after_as_date=True),
        Fault("status", page=3, status=429),
        Fault("status", page=2, status=500, times=2, skip=1),
        Fault("status", page=3, status=503, retry_after=0, skip=1),
    ],
    "bodies": [Fault("html", page=1), Fault("cut", page=2), Fault("reset", page=3)],
    "connections": [Fault("drop", page=2), Fault("hang", page=3)],
    "token and schools": [
        Fault("status", path="oauth/token", status=500),
        Fault("html", path="oauth/token", skip=1),
        Fault("drop", path="schools$"),
        Fault("html", path="schools$", skip=1),
    ],
}


@pytest.mark.parametrize("faults", ONCE.values(), ids=ONCE.keys())
def test_what_passes_is_waited_out(world: World, faults: list[Fault]) -> None:
    arrives(world, *map(replace, faults), ESD_TIMEOUT="1", ESD_ATTEMPTS="5")
    on_pages = sum(fault.times or 0 for fault in faults if fault.page)
    assert asked(world) == PAGES + on_pages
    assert asked(world, TOKEN) + asked(world, SCHOOLS) == 1 + 3 + sum(not fault.page for fault in faults)


def test_a_pause_longer_than_the_token_lives(world: World) -> None:
    world.esd.tokens.lifetime = 1
    try:
        arrives(world, Fault("status", status=429, retry_after=2, times=2), ESD_CONCURRENCY="2")
    finally:
        world.esd.tokens.lifetime = 3600
    assert world.esd.tokens.issued >= 2
    assert asked(world) <= 2 * (PAGES + 2)


def test_a_pause_beyond_all_patience_is_a_fault(world: World) -> None:
    done = stays_out(world, Fault("status", school=world.first, status=429, retry_after=999_999, times=None))
    assert asked(world) == 4 + 1 + 1
    assert done.result["seconds"] < 3600


def test_a_token_that_dies_earlier_than_it_said(world: World) -> None:
    arrives(world, Fault("expire_tokens", page=2), ESD_CONCURRENCY="1")
    # A new token that is refused is tried once more: not all servers may know it.
    assert (world.esd.tokens.issued, asked(world)) == (2, PAGES + 2)


def test_tokens_that_die_again_and_again(world: World) -> None:
    arrives(world, Fault("expire_tokens", page=2, times=4))
    assert asked(world) <= 3 * PAGES


# --- what stays ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["html", "cut"])
def test_a_school_that_always_fails_is_left_as_it_was(world: World, kind: str) -> None:
    stays_out(world, Fault(kind, school=world.first, times=None))
    assert asked(world) == 4 + 1 + 2  # two tries of the first page


def with_a_gap(world: World, *faults: Fault, pages: Sequence[int], **variables: str) -> Finished:
    """What was read of the first school is landed, nothing of it leaves, and the gap is named."""
    world.publish()
    assert fetch(world).status == 0
    records = world.source.records(world.first)
    world.source.remove(world.first, records[5]["id"])  # on the first page
    world.change(world.first, records[299]["id"], comment="corrected", modifiedOn="2026-06-01T00:00:00Z")
    done = fetch(world, *faults, **variables)
    assert (done.status, done.result["schools_failed"], done.result["removed"]) == (3, 0, 0), done.story
    [sentence] = done.result["attention"]
    assert sentence.startswith(f"school {world.first} was read with a gap (")
    assert [page for page in range(1, 9) if f"page {page}: " in sentence] == list(pages)
    read = [row for row in world.source.records(world.first) if row["comment"] == "corrected"]
    world.landed.publish_part(world.first, read if 3 not in pages else [])
    world.landed.publish(world.schools[1], world.source.records(world.schools[1]))
    world.compare_landing()
    return done


def test_a_page_that_always_hangs_is_a_gap(world: World) -> None:
    gap = Fault("hang", school=world.first, page=2, times=None)
    with_a_gap(world, gap, pages=[2], ESD_TIMEOUT="1", ESD_ATTEMPTS="1")
    assert asked(world) == PAGES
    arrives(world)


@pytest.mark.parametrize("status", [400, 500])
def test_a_page_that_is_refused_though_it_was_announced_is_a_gap(world: World, status: int) -> None:
    with_a_gap(world, Fault("status", school=world.first, page=2, status=status, times=None), pages=[2])
    arrives(world)


def deeply_nested(exchange: Exchange) -> Any:
    """Send a record that no decoder reads."""
    answer = exchange.proceed(exchange.request)
    body = answer.body.replace(b'"comment":null', b'"comment":' + b"[" * 5000 + b"]" * 5000, 1)
    return replace(answer, body=body, key=None)


def test_a_record_that_no_decoder_reads_costs_itself_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, "deep", deeply_nested)
    assert fetch(world).status == 0
    world.publish()
    done = fetch(world, Fault("deep", school=world.first, page=2, times=None))
    outcome = (done.status, done.result["quarantined_new"], done.result["removed"])
    assert outcome == (3, 1, 0), done.story
    [sentence] = done.result["attention"]
    assert "new in quarantine" in sentence
    world.compare_landing()  # it keeps its last good version
    arrives(world)


@pytest.mark.parametrize("status", [400, 404, 416])
def test_a_refusal_behind_the_pages_counted_of_is_the_end(world: World, status: int) -> None:
    arrives(world, Fault("status", page=4, status=status, times=None))
    assert asked(world) == PAGES


def test_a_404_among_the_pages_counted_of_is_a_gap(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "no_count", say_no_count)
    refusal = Fault("status", school=world.first, page=2, status=404, times=None)
    with_a_gap(world, refusal, Fault("no_count", times=None), pages=[2])
    done = fetch(world, refusal)
    assert done.status == 3
    world.esd.faults.add(refusal)
    assert world.pipeline.fetch("--days", "5000", **QUICK).status == 3


@pytest.mark.parametrize("date", ["12-31-9999", "01-01-0001"])
def test_a_record_of_the_first_or_the_last_day_of_all_is_landed(world: World, date: str) -> None:
    record = world.source.records(world.first)[150]
    world.change(world.first, record["id"], date=date, modifiedOn="2026-06-01T00:00:00Z")
    lands(world)
    arrives(world)


def test_a_page_behind_that_cannot_be_had_is_no_gap_when_nothing_is_lacking(world: World) -> None:
    arrives(world, Fault("status", page=4, status=500, times=None))
    assert asked(world) == PAGES + 2


def test_after_four_gaps_no_further_page_of_the_school_is_asked_for(world: World) -> None:
    faults = [Fault("status", school=world.first, page=n, status=500, times=None) for n in range(2, 31)]
    done = fetch(world, *faults, ESD_PAGE_SIZE="10", ESD_ATTEMPTS="1", ESD_CONCURRENCY="1")
    assert (done.status, done.result["landed"]) == (3, 310)
    assert asked(world) <= 31 + 1 + 1 + 4 + 2  # some had been asked for before the fourth failed


def test_a_401_that_stays_a_401(world: World) -> None:
    before = world.esd.tokens.issued
    done = fetch(world, Fault("status", status=401, times=None))
    assert done.status == 3
    assert len(done.result["attention"]) == 3
    assert "even with a fresh token" in done.result["attention"][0]
    assert asked(world) <= 3 * 10  # schools, tries of each
    assert world.esd.tokens.issued - before <= 6  # few, though each try is refused
    assert world.bucket.landed() == {}


def test_a_401_for_the_schools_ends_the_run(world: World) -> None:
    done = fetch(world, Fault("status", path="schools$", status=401, times=None))
    assert done.status == 2
    assert 5 <= asked(world, SCHOOLS) <= 10
    assert 2 <= asked(world, TOKEN) <= 5
    assert "even with a fresh token" in done.result["error"]
    assert [key.startswith(RUNS) for key in world.bucket.keys("")] == [True]  # nothing but its record


@pytest.mark.parametrize(("status", "requests", "exit_status"), [(401, 1, 2), (503, 2, 1)])
def test_no_token_ends_the_run(world: World, status: int, requests: int, exit_status: int) -> None:
    done = fetch(world, Fault("status", path="oauth/token", status=status, times=None))
    assert (done.status, asked(world, TOKEN), asked(world, SCHOOLS)) == (exit_status, requests, 0)
    assert f"status {status}" in done.result["error"]


def test_a_redirect_is_no_list(world: World) -> None:
    stays_out(world, Fault("status", school=world.first, status=302, times=None))
    assert asked(world) == 4 + 1 + 1


# --- the list of schools ------------------------------------------------------------------------------------


def test_an_empty_list_of_schools_is_a_fault(world: World) -> None:
    done = fetch(world, Fault("no_schools", path="schools$", times=None))
    assert (done.status, asked(world)) == (2, 0)
    assert "no schools" in done.result["error"]
    assert [key.startswith(RUNS) for key in world.bucket.keys("")] == [True]  # nothing but its record
