"""The token: one for all threads, tried again when it is refused, read from whatever a token server sends."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest

from attendance_common.errors import SourceError
from attendance_common.fetch import api as api_module
from attendance_common.fetch import token as token_module
from attendance_common.fetch.faults import TemporaryFault
from attendance_common.fetch.retries import patiently
from attendance_common.fetch.token import Token
from attendance_common.fetch.token_server import life
from tests.esd_api import ATTENDANCE, PAGE, SCHOOLS, api_for
from tests.sandbox.esd import EsdServer, Fault
from tests.test_api import PLANTED

JSON = {"Content-Type": "application/json"}


# --- one for all threads ------------------------------------------------------------------------------------


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(time, "monotonic", made)
    return made


@pytest.fixture
def ask() -> Callable[[], tuple[str, float]]:
    numbers = itertools.count(1)
    return lambda: (f"token-{next(numbers)}", 3600.0)


def test_a_token_is_used_until_shortly_before_it_ends(
    clock: Clock, ask: Callable[[], tuple[str, float]]
) -> None:
    token = Token(ask)
    assert [token.current(), token.current()] == ["token-1", "token-1"]
    clock.now += 3000
    assert token.current() == "token-1"
    clock.now += 599
    assert token.current() == "token-2"


def test_a_refused_token_is_renewed_once_for_all(ask: Callable[[], tuple[str, float]]) -> None:
    token = Token(ask)
    assert token.current() == "token-1"
    together = threading.Barrier(8)

    def refused() -> str:
        together.wait(timeout=30)
        return token.current(refused="token-1")

    with ThreadPoolExecutor(8) as pool:
        renewed = [each.result() for each in [pool.submit(refused) for _ in range(8)]]
    assert renewed == ["token-2"] * 8


def test_one_token_for_all_threads_at_the_start(ask: Callable[[], tuple[str, float]]) -> None:
    token = Token(ask)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda _: token.current(), range(50))) == {"token-1"}


def test_a_new_token_that_is_refused_is_given_more_time_each_time(
    clock: Clock, ask: Callable[[], tuple[str, float]]
) -> None:
    token = Token(ask)
    renewed = []
    for _ in range(16):
        before = token.current()
        if token.current(refused=before) != before:
            renewed.append(clock.now - 1000)
        clock.now += 1
    assert renewed == [0, 1, 3, 7, 15]


def test_a_new_token_that_was_accepted_and_is_refused_has_ended_early(
    clock: Clock, ask: Callable[[], tuple[str, float]]
) -> None:
    token = Token(ask)
    assert token.current() == "token-1"
    assert not token.ended_early("token-1")  # nobody accepted it yet
    token.accepted("token-1")
    assert token.ended_early("token-1")
    assert not token.ended_early("token-0")
    clock.now += 1
    assert not token.ended_early("token-1")
    assert token.current(refused="token-1") == "token-2"


def test_a_token_that_was_accepted_for_a_while_is_renewed_at_once(
    clock: Clock, ask: Callable[[], tuple[str, float]]
) -> None:
    token = Token(ask)
    for number in range(1, 5):
        assert token.current() == f"token-{number}"
        token.accepted(f"token-{number}")
        clock.now += 1
        assert token.current(refused=f"token-{number}") == f"token-{number + 1}"


# --- a token that is refused --------------------------------------------------------------------------------


@pytest.fixture
def quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses and patience after a refusal, a tenth as long."""
    monkeypatch.setattr(token_module, "FIRST_PATIENCE", token_module.FIRST_PATIENCE / 10)
    monkeypatch.setattr(api_module, "TURN", api_module.TURN / 10)
    shorter = tuple(pause / 10 for pause in api_module.REFUSAL_PAUSES)
    monkeypatch.setattr(api_module, "REFUSAL_PAUSES", shorter)


def test_a_token_that_is_refused_in_its_first_moments_is_waited_for(
    server: EsdServer, quick_pauses: None
) -> None:
    server.tokens.settling = 0.3
    assert api_for(server).get(ATTENDANCE, PAGE).status_code == 200
    assert server.tokens.issued <= 4


def test_64_threads_ask_for_few_tokens_while_all_are_refused(server: EsdServer, quick_pauses: None) -> None:
    server.tokens.settling = 0.3
    api = api_for(server)
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda _: api.get(ATTENDANCE, PAGE), range(64)))
    assert {answer.status_code for answer in answers} == {200}
    assert server.tokens.issued <= 6  # one of them was old enough when it was accepted


def test_two_processes_that_end_each_others_tokens_both_get_all(
    server: EsdServer, quick_pauses: None
) -> None:
    server.tokens.alone = True
    both = [api_for(server), api_for(server)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda number: both[number % 2].get(ATTENDANCE, PAGE), range(200)))
    assert {answer.status_code for answer in answers} == {200}
    assert server.tokens.issued < 100


def test_a_refusal_that_stays_ends_in_a_sentence(server: EsdServer, quick_pauses: None) -> None:
    server.faults.add(Fault("answer", status=401, times=None))
    with pytest.raises(SourceError) as raised:
        api_for(server).get(ATTENDANCE, PAGE)
    assert str(raised.value) == (
        "ESD refuses /v1/periodAttendance even with a fresh token (status 401): "
        "check the rights of the API client in the secret 's'"
    )
    assert raised.value.exit_status == 2
    assert server.tokens.issued <= 5


# --- what a token server sends ------------------------------------------------------------------------------


FORM = {"grant_type": "client_credentials", "client_id": "sandbox-client", "client_secret": "sandbox-secret"}


def token_answer(server: EsdServer, status: int = 200, **said: Any) -> None:
    """Let the next token come in an answer that also says this; a value of `...` is left out."""
    issued = orjson.loads(server.tokens.issue(FORM).body)
    body = {name: value for name, value in {**issued, **said}.items() if value is not ...}
    server.faults.add(Fault("answer", path="oauth", status=status, headers=JSON, body=orjson.dumps(body)))


@pytest.mark.parametrize("status", [200, 201, 202, 203])
@pytest.mark.parametrize("kind", ["Bearer", "bearer", "BEARER", None, ...])
def test_any_2xx_with_a_token_gives_one(server: EsdServer, status: int, kind: Any) -> None:
    token_answer(server, status, token_type=kind)
    assert api_for(server).get(SCHOOLS, {}).status_code == 200


@pytest.mark.parametrize("given", [None, "", "  ", 17, 1.5, True, ["a"], {"a": 1}, ...], ids=repr)
def test_what_is_no_token_is_asked_for_again(server: EsdServer, given: Any) -> None:
    token_answer(server, access_token=given)
    api = api_for(server)
    with pytest.raises(TemporaryFault) as raised:
        api.get(SCHOOLS, {})
    assert str(raised.value) == "the token server answers with status 200 (application/json) and no token"
    assert raised.value.cure == "check ESD_URL in the secret 's': it must be the token's URL"
    assert api.get(SCHOOLS, {}).status_code == 200


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({"Content-Type": "text/html; charset=utf-8"}, "<html>token-1</html>"),
        ({"Content-Type": "text/html"}, ""),
        ({"Content-Type": "text/html"}, '"token-1"'),
        ({"Content-Type": "text/html"}, '["token-1"]'),
        ({"Content-Type": "text/html"}, '{"error": "token-1"}'),
    ],
)
@pytest.mark.parametrize("status", [200, 204])
def test_an_answer_that_is_no_token_names_status_and_content_type(
    server: EsdServer, status: int, headers: dict[str, str], body: str
) -> None:
    server.faults.add(Fault("answer", path="oauth", status=status, headers=headers, body=body, times=None))
    with pytest.raises(SourceError) as raised:
        patiently("schools", 1, lambda: api_for(server).get(SCHOOLS, {}))
    assert str(raised.value) == (
        f"schools: the token server answers with status {status} (text/html) and no token, after 1 try: "
        "check ESD_URL in the secret 's': it must be the token's URL"
    )


def test_a_token_with_a_line_end_behind_it_is_one(server: EsdServer) -> None:
    issued = orjson.loads(server.tokens.issue(FORM).body)["access_token"]
    body = b'\xef\xbb\xbf{"access_token": " %s\\r\\n"}' % issued.encode()
    server.faults.add(Fault("answer", path="oauth", headers=JSON, status=200, body=body))
    assert api_for(server).get(SCHOOLS, {}).status_code == 200


@pytest.mark.parametrize(
    "given", ["token-1\r\nX-Odd: 1", "token 1", "tökén-Zqx7", "token\u2028-1", "token\0Zqx7"]
)
def test_a_token_that_no_header_can_hold_ends_clearly(server: EsdServer, given: str) -> None:
    token_answer(server, access_token=given)
    with pytest.raises(SourceError) as raised:
        api_for(server).get(SCHOOLS, {})
    assert str(raised.value) == (
        "the token server gives a token with characters that no header can hold: "
        "check ESD_URL in the secret 's'"
    )
    assert raised.value.exit_status == 2


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [
        (3600, 3600),
        ("3600", 3600),
        (" 7200.5 ", 7200.5),
        (1800.5, 1800.5),
        (None, 3600),
        (0, 3600),
        ("0", 3600),
        (-5, 3600),
        ("soon", 3600),
        ("", 3600),
        (True, 3600),
        ([3600], 3600),
        ({}, 3600),
        ("nan", 3600),
        ("inf", 3600),
        (10**400, 3600),
        (1, 60),
        ("0.5", 60),
        (1e18, 1e18),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_how_long_a_token_is_used(stated: Any, seconds: float) -> None:
    assert life(stated) == seconds


@pytest.mark.parametrize("stated", [1, 0, -1, "1", "nonsense", None, ...])
def test_a_life_that_is_short_or_nonsense_does_not_lead_to_a_token_for_each_call(
    server: EsdServer, stated: Any
) -> None:
    token_answer(server, expires_in=stated)
    api = api_for(server)
    for _ in range(5):
        assert api.get(SCHOOLS, {}).status_code == 200
    assert server.traffic.requests["/oauth/token"] == 1


# --- a token server that refuses, or is not there -----------------------------------------------------------


@pytest.mark.parametrize("error", ["invalid_client", "unauthorized_client", "client-Zqx7 is unknown", None])
@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_secret_names_what_to_check(server: EsdServer, status: int, error: str | None) -> None:
    body = orjson.dumps({"error": error, "error_description": "client-Zqx7"})
    server.faults.add(Fault("answer", path="oauth", status=status, headers=JSON, body=body))
    with pytest.raises(SourceError) as raised:
        api_for(server).get(SCHOOLS, {})
    known = f", {error}" if error and "Zqx7" not in error else ""
    assert str(raised.value) == (
        f"ESD gives no token (status {status}){known}, content type application/json: "
        "check ESD_URL, ESD_CLIENT_ID, ESD_SECRET_KEY in the secret 's'"
    )
    assert raised.value.exit_status == 2
    assert not any(planted in str(raised.value) for planted in PLANTED)


def test_a_refusal_with_status_200_is_one(server: EsdServer) -> None:
    body = '{"error": "invalid_client"}'
    server.faults.add(Fault("answer", path="oauth", status=200, headers=JSON, body=body))
    with pytest.raises(
        SourceError, match=r"\(status 200\), invalid_client.*ESD_SECRET_KEY in the secret 's'"
    ):
        api_for(server).get(SCHOOLS, {})


@pytest.mark.parametrize("status", [301, 302, 404, 405, 410, 415, 501])
def test_a_url_that_is_not_the_tokens_names_the_url_alone(server: EsdServer, status: int) -> None:
    server.faults.add(Fault("answer", path="oauth", status=status, headers={"Content-Type": "text/html"}))
    with pytest.raises(SourceError) as raised:
        api_for(server).get(SCHOOLS, {})
    assert str(raised.value) == (
        f"ESD gives no token (status {status}), content type text/html: check ESD_URL in the secret 's'"
    )
    assert raised.value.exit_status == 2


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 522])
def test_a_token_server_that_is_busy_is_asked_again(server: EsdServer, status: int) -> None:
    server.faults.add(Fault("status", path="oauth", status=status, retry_after=0))
    api = api_for(server)
    with pytest.raises(TemporaryFault) as raised:
        api.get(SCHOOLS, {})
    assert str(raised.value) == f"the token server answers with status {status} (application/json)"
    assert api.get(SCHOOLS, {}).status_code == 200


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


def test_a_token_server_that_is_not_there_is_named(server: EsdServer) -> None:
    api = api_for(server, token_url=f"http://127.0.0.1:{free_port()}/token")
    with pytest.raises(SourceError) as raised:
        patiently("schools", 1, lambda: api.get(SCHOOLS, {}))
    assert str(raised.value) == (
        "schools: the connection to the token server failed (NewConnectionError), after 1 try: "
        "check the network and ESD_URL in the secret 's'"
    )


def test_a_token_server_whose_name_is_unknown_is_named(server: EsdServer) -> None:
    api = api_for(server, token_url="https://login.invalid/token")
    with pytest.raises(TemporaryFault) as raised:
        api.get(SCHOOLS, {})
    assert (str(raised.value), raised.value.cure) == (
        "the connection to the token server failed (NameResolutionError)",
        "check the network and ESD_URL in the secret 's'",
    )


def test_a_token_server_that_says_nothing_is_named(server: EsdServer) -> None:
    server.faults.add(Fault("hang", path="oauth"))
    with pytest.raises(TemporaryFault) as raised:
        api_for(server, timeout=0.2).get(SCHOOLS, {})
    assert (str(raised.value), raised.value.cure) == (
        "no answer of the token server in time",
        "check ESD_URL in the secret 's', or raise ESD_TIMEOUT",
    )


def test_an_api_that_is_not_there_is_named(server: EsdServer) -> None:
    api = api_for(server, api_url=f"http://127.0.0.1:{free_port()}/api")
    with pytest.raises(TemporaryFault) as raised:
        api.get(SCHOOLS, {})
    assert (str(raised.value), raised.value.cure) == (
        "the connection to the API failed (NewConnectionError)",
        "check the network and ESD_API_URL",
    )
