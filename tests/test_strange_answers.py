"""Answers that are not the API's, refused tokens, used-up quotas: each against a run of the real fetcher."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bucket import RUNS
from tests.pipeline import FETCHER, Finished
from tests.sandbox.esd import Fault
from tests.source_faults import ATTENDANCE, QUICK, SCHOOLS, TOKEN, arrives, asked, fetch, lands, stays_out
from tests.world import World

HTML = {"Content-Type": "text/html"}
JSON = {"Content-Type": "application/json"}
ASK_FOR_THE_RIGHT = "the API client of ESD_SECRET_ID may not read it: ask ESD's operator for the right"
PAGE = "<html><body>Sign in, Zqx7</body></html>"


def page_for_people(status: int = 200, **rule: Any) -> Fault:
    """A page for people in place of the API's answer."""
    return Fault("answer", status=status, headers=HTML, body=PAGE, **rule)


def ends(done: Finished, status: int, sentence: str) -> None:
    """The run ended with this status and this error, and tells no body."""
    assert (done.status, done.result["error"]) == (status, sentence)
    assert "Zqx7" not in done.story + done.output


# --- of one school ------------------------------------------------------------------------------------------


def test_a_school_that_may_not_be_read_is_named_and_the_others_are_read(world: World) -> None:
    done = stays_out(world, page_for_people(403, school=world.first, times=None))
    [sentence] = done.result["attention"]
    assert sentence.startswith(
        f"school {world.first} was not read: page 1: ESD refuses /v1/periodAttendance with status 403 "
        f"(text/html): {ASK_FOR_THE_RIGHT}"
    )
    assert asked(world) == 4 + 1 + 1


@pytest.mark.parametrize("status", [200, 202, 404])
def test_a_page_for_people_once_is_asked_for_again(world: World, status: int) -> None:
    arrives(world, page_for_people(status, page=1), page_for_people(status, page=3))


@pytest.mark.parametrize("status", [200, 404])
def test_a_page_for_people_that_stays_leaves_the_school_as_it_was(world: World, status: int) -> None:
    done = stays_out(world, page_for_people(status, school=world.first, times=None))
    [sentence] = done.result["attention"]
    assert f"page 1: status {status} (text/html), which is no" in sentence
    assert "after 2 tries: the source may be under maintenance" in sentence
    assert "Zqx7" not in done.story + done.output


@pytest.mark.parametrize(("status", "body"), [(204, ""), (404, ""), (404, "[]")])
def test_a_school_without_records_keeps_what_is_landed(world: World, status: int, body: str) -> None:
    lands(world)
    nothing = Fault("answer", school=world.first, status=status, headers=JSON, body=body, times=None)
    lands(world, nothing, ESD_SKIP_SCHOOLS=f"{world.first}")  # else a school that lists nothing is reported


def test_an_error_object_behind_which_there_is_a_list_is_read_again(world: World) -> None:
    body = '{"success": false, "periodAttendanceList": []}'
    arrives(world, Fault("answer", page=2, status=200, headers=JSON, body=body))


# --- of all schools -----------------------------------------------------------------------------------------


def test_a_client_that_may_read_no_school_ends_the_run(world: World) -> None:
    done = fetch(world, page_for_people(403, times=None))
    ends(
        done,
        2,
        "not one of the 3 schools may be read: ESD refuses /v1/periodAttendance with status 403 (text/html): "
        f"{ASK_FOR_THE_RIGHT}",
    )
    assert [key.startswith(RUNS) for key in world.bucket.keys("")] == [True]  # nothing but its record


def test_a_client_that_may_not_list_the_schools_ends_the_run(world: World) -> None:
    done = fetch(world, page_for_people(403, path="schools$", times=None))
    ends(
        done,
        2,
        f"ESD refuses /v1/schools with status 403 (text/html): {ASK_FOR_THE_RIGHT}",
    )
    assert (asked(world, SCHOOLS), asked(world)) == (1, 0)


def test_a_list_of_schools_that_redirects_ends_the_run(world: World) -> None:
    leads = {**HTML, "Location": "https://login.example/in?user=Zqx7"}
    done = fetch(world, Fault("answer", path="schools$", status=302, headers=leads, body=PAGE, times=None))
    ends(
        done,
        2,
        "ESD answers /v1/schools with status 302 (text/html), a redirect to login.example: check ESD_API_URL",
    )


def test_a_maintenance_page_in_place_of_the_schools_may_pass(world: World) -> None:
    done = fetch(world, page_for_people(path="schools$", times=None))
    ends(
        done,
        1,
        "schools, page 1: status 200 (text/html), which is no JSON, after 2 tries: the source may be under "
        "maintenance: run again later; if it stays so, check ESD_API_URL",
    )
    assert asked(world, SCHOOLS) == 2


@pytest.mark.parametrize("status", [204, 404])
def test_no_schools_at_all_end_the_run(world: World, status: int) -> None:
    done = fetch(world, Fault("answer", path="schools$", status=status, times=None))
    assert done.status == 2
    assert "ESD lists no schools" in done.result["error"]


# --- tokens -------------------------------------------------------------------------------------------------


def test_tokens_that_need_a_moment_to_be_known(world: World) -> None:
    world.esd.tokens.settling = 1.5
    arrives(world)
    assert world.esd.tokens.issued <= 4


def test_two_shards_that_end_each_others_tokens_read_everything(world: World) -> None:
    world.esd.tokens.alone = True
    settings = {**QUICK, "ESD_PAGE_SIZE": "5"}
    shards = [world.pipeline.start(FETCHER, "--shard", f"{n}/2", **settings) for n in (1, 2)]
    assert [shard.end().status for shard in shards] == [0, 0]
    assert world.esd.tokens.issued > 2
    world.publish()
    world.compare_landing()


def test_a_token_servers_login_page_is_reported_with_its_setting(world: World) -> None:
    done = fetch(world, page_for_people(path="oauth/token", times=None))
    ends(
        done,
        1,
        "schools, page 1: the token server answers with status 200 (text/html) and no token, after 2 tries: "
        "check ESD_URL in the secret 'prod/edna/esd_credentials': it must be the token's URL",
    )
    assert (asked(world, TOKEN), asked(world, SCHOOLS)) == (2, 0)


# --- quotas -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, {"X-RateLimit-Reset": "1"}, {"Retry-After": "0.5"}])
def test_a_quota_is_waited_for_though_one_try_is_all(world: World, headers: dict[str, str]) -> None:
    used_up = Fault("answer", status=429, headers=headers, page=2, times=2)
    arrives(world, used_up, ESD_ATTEMPTS="1")
    assert asked(world, ATTENDANCE) == 9 + 2


def test_a_quota_that_is_used_up_until_tomorrow_ends_with_a_sentence(world: World) -> None:
    used_up = Fault("answer", path="schools$", status=429, headers={"X-RateLimit-Reset": "80000"}, times=None)
    ends(
        fetch(world, used_up),
        1,
        "schools, page 1: status 429, after 1 try: the source asks for a pause of more than the 4 hours "
        "that a run waits: run again later, or ask the source's operator for a higher quota",
    )
