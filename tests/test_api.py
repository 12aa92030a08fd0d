"""The API's client against answers made up here: the token, and what no error may tell."""

from __future__ import annotations

import io
import itertools
import logging
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
import urllib3

from attendance_common.config import FetcherSettings
from attendance_common.errors import AwsError, SourceError
from attendance_common.fetch.api import (
    LONGEST_PAUSE,
    EsdApi,
    TemporaryFault,
    Token,
    patiently,
    token_url,
)
from attendance_common.fetch.schools import list_schools
from tests.samples import settings_with

SECRET = {
    "ESD_URL": "https://login.example/token",
    "ESD_CLIENT_ID": "client-Zqx7",
    "ESD_SECRET_KEY": "secret-Zqx7",
}
API_URL = "https://district.example/api"
SETTINGS = settings_with(
    FetcherSettings, api_url=API_URL, secret_id="s", concurrency=4, timeout=60, attempts=3
)
Answer = tuple[int, bytes] | tuple[int, bytes, dict[str, str]] | Exception
PLANTED = ("Zqx7", "token-1", "token-2")


class Source:
    """Answers requests in the order of a list, and tokens token-1, token-2, … unless told otherwise."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.token_answers: list[Answer] = []
        self.requests: list[requests.PreparedRequest] = []
        self.options: list[dict[str, Any]] = []
        self._tokens = itertools.count(1)

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        self.requests.append(request)
        self.options.append(options)
        if request.method == "POST":
            token = f'{{"access_token": "token-{next(self._tokens)}", "expires_in": 3600}}'.encode()
            return self._response(request, self.token_answers.pop(0) if self.token_answers else (200, token))
        return self._response(request, self.answers.pop(0))

    def _response(self, request: requests.PreparedRequest, answer: Answer) -> requests.Response:
        if isinstance(answer, Exception):
            raise answer
        response = requests.Response()
        response.status_code = answer[0]
        response.raw = urllib3.HTTPResponse(io.BytesIO(answer[1]), preload_content=False)
        response.headers.update(answer[2] if len(answer) == 3 else {})
        response.request, response.url = request, request.url or ""
        return response

    @property
    def bearers(self) -> list[str]:
        """The tokens that GETs came with."""
        return [each.headers["Authorization"] for each in self.requests if each.method == "GET"]


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Source:
    made = Source()

    def send(_: Any, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        return made.send(request, **options)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    return made


@pytest.fixture
def api(source: Source) -> EsdApi:
    return EsdApi(SETTINGS, SECRET)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Take note of pauses instead of waiting."""
    noted: list[float] = []
    monkeypatch.setattr(time, "sleep", noted.append)
    return noted


# --- the token ----------------------------------------------------------------------------------------------


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


def test_the_token_is_asked_for_as_client_credentials(source: Source, api: EsdApi) -> None:
    source.answers = [(200, b"{}")]
    api.get("/v1/schools", {"page": 1})
    asked, got = source.requests
    assert (asked.method, asked.url) == ("POST", "https://login.example/token")
    assert asked.body == "grant_type=client_credentials&client_id=client-Zqx7&client_secret=secret-Zqx7"
    assert got.url == "https://district.example/api/v1/schools?page=1"
    assert got.headers["Authorization"] == "Bearer token-1"


def test_every_request_has_a_timeout_and_follows_no_redirect(source: Source, api: EsdApi) -> None:
    source.answers = [(302, b"", {"Location": "http://elsewhere.example/"})]
    with pytest.raises(SourceError, match="status 302"):
        api.get("/v1/schools", {})
    assert len(source.requests) == 2
    assert [options["timeout"] for options in source.options] == [(10, 60), (10, 60)]
    assert all(options["verify"] for options in source.options)


def test_a_netrc_entry_does_not_replace_the_token(
    source: Source, api: EsdApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests.sessions, "get_netrc_auth", lambda *_, **__: ("someone", "else"))
    source.answers = [(200, b"{}")]
    api.get("/v1/schools", {})
    assert source.bearers == ["Bearer token-1"]


def test_a_401_renews_the_token_and_asks_again(source: Source, api: EsdApi) -> None:
    source.answers = [(401, b""), (200, b"[]"), (200, b"[]")]
    assert api.get("/v1/periodAttendance", {}).status_code == 200
    api.get("/v1/periodAttendance", {})
    assert source.bearers == ["Bearer token-1", "Bearer token-2", "Bearer token-2"]


def test_a_status_that_is_accepted_is_an_answer(source: Source, api: EsdApi) -> None:
    source.answers = [(416, b""), (416, b"")]
    assert api.get("/v1/periodAttendance", {}, accepted=(400, 416)).status_code == 416
    with pytest.raises(SourceError, match="status 416"):
        api.get("/v1/periodAttendance", {})


def test_a_401_that_stays_ends_clearly(source: Source, api: EsdApi) -> None:
    source.answers = [(401, b"")] * 4
    with pytest.raises(SourceError, match="even with a fresh token: check the API client's rights") as told:
        api.get("/v1/periodAttendance", {})
    assert told.value.exit_status == 2
    assert len(source.bearers) == 4


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_refused_secret_names_what_to_check(source: Source, api: EsdApi, status: int) -> None:
    source.token_answers = [(status, b'{"error": "client-Zqx7 is unknown"}')]
    with pytest.raises(
        SourceError, match=f"status {status}.*ESD_CLIENT_ID, ESD_SECRET_KEY in the secret 's'"
    ) as told:
        api.get("/v1/schools", {})
    assert told.value.exit_status == 2
    assert not any(planted in str(told.value) for planted in PLANTED)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>token-1</html>",
        b"[]",
        b'"token-1"',
        b'{"token": "token-1"}',
        b'{"access_token": "token-1", "expires_in": "token-1"}',
    ],
)
def test_an_answer_without_a_token_may_pass(source: Source, api: EsdApi, body: bytes) -> None:
    source.token_answers = [(200, body)]
    with pytest.raises(TemporaryFault) as told:
        api.get("/v1/schools", {})
    assert str(told.value) == "an answer without a token"
    assert told.value.__cause__ is None


# --- what may pass and what stays ---------------------------------------------------------------------------

BROKEN = "the connection failed (%s): check the network and ESD_API_URL"
TEMPORARY: dict[str, tuple[Answer, str, float | None]] = {
    "429 with a pause": ((429, b"", {"Retry-After": "120"}), "status 429", 120.0),
    "429 without one": ((429, b""), "status 429", None),
    "503 with a pause": ((503, b"", {"retry-after": "5"}), "status 503", 5.0),
    "500": ((500, b"secret-Zqx7"), "status 500", None),
    "408": ((408, b""), "status 408", None),
    "timeout": (requests.ReadTimeout("token-1"), "no answer in time: check ESD_API_URL, ESD_TIMEOUT", None),
    "dropped": (requests.ConnectionError("token-1"), BROKEN % "ConnectionError", None),
    "cut off": (requests.exceptions.ChunkedEncodingError("token-1"), BROKEN % "ChunkedEncodingError", None),
}


@pytest.mark.parametrize(("answer", "reason", "pause"), TEMPORARY.values(), ids=TEMPORARY.keys())
def test_what_may_pass(source: Source, api: EsdApi, answer: Answer, reason: str, pause: float | None) -> None:
    source.answers = [answer]
    with pytest.raises(TemporaryFault) as told:
        api.get("/v1/periodAttendance", {})
    assert (str(told.value), told.value.pause) == (reason, pause)


@pytest.mark.parametrize("status", [400, 403, 405, 410])
def test_what_stays_is_not_tried_again(source: Source, api: EsdApi, pauses: list[float], status: int) -> None:
    source.answers = [(status, b"client-Zqx7")]
    with pytest.raises(SourceError, match=f"status {status}: check ESD_API_URL") as told:
        patiently("a page", 3, lambda: api.get("/v1/periodAttendance", {}))
    assert (pauses, told.value.exit_status) == ([], 2)
    assert not any(planted in str(told.value) for planted in PLANTED)


def test_a_certificate_that_is_not_trusted_stays(source: Source, api: EsdApi) -> None:
    error = requests.exceptions.SSLError("self-signed")
    error.__context__ = urllib3.exceptions.SSLError("wrapped")
    error.__context__.__cause__ = ssl.SSLCertVerificationError("self-signed")
    source.answers = [error]
    with pytest.raises(SourceError, match="TLS certificate is not trusted") as told:
        api.get("/v1/schools", {})
    assert told.value.exit_status == 2


def test_a_tls_handshake_that_breaks_off_may_pass(source: Source, api: EsdApi) -> None:
    source.answers = [requests.exceptions.SSLError("EOF occurred in violation of protocol")]
    with pytest.raises(TemporaryFault, match="the connection failed"):
        api.get("/v1/schools", {})


def faults(*given: TemporaryFault) -> Callable[[], str]:
    left: Iterator[TemporaryFault] = iter(given)

    def ask() -> str:
        for fault in left:
            raise fault
        return "answered"

    return ask


def test_the_pause_that_the_source_asks_for_is_kept(
    pauses: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "attendance")
    ask = faults(TemporaryFault("status 429", 120.0), TemporaryFault("status 503"))
    assert patiently("school 5, page 2", 3, ask) == "answered"
    assert pauses[0] == 120.0
    assert 0 <= pauses[1] <= LONGEST_PAUSE
    assert caplog.messages == [
        "school 5, page 2: status 429; trying again",
        "school 5, page 2: status 503; trying again",
    ]


def test_a_pause_may_be_longer_than_a_token_lives(pauses: list[float]) -> None:
    assert patiently("a page", 3, faults(TemporaryFault("status 429", 3601.0))) == "answered"
    assert pauses == [3601.0]


@pytest.mark.parametrize("pause", [86_400.0, 1e300, float("inf")])
def test_a_pause_that_nobody_waits_for_ends_in_a_report(pauses: list[float], pause: float) -> None:
    with pytest.raises(SourceError, match=r"^a page: status 429, after 1 tries$"):
        patiently("a page", 3, faults(TemporaryFault("status 429", pause)))
    assert pauses == []


def test_tries_are_bounded(pauses: list[float]) -> None:
    with pytest.raises(SourceError, match=r"^a page: status 500, after 3 tries$") as told:
        patiently("a page", 3, faults(*(TemporaryFault("status 500") for _ in range(9))))
    assert (told.value.reason, told.value.exit_status) == ("status 500, after 3 tries", 1)
    assert len(pauses) == 2


def test_other_errors_are_not_tried_again(pauses: list[float]) -> None:
    def ask() -> None:
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        patiently("a page", 3, ask)
    assert pauses == []


# --- the schools --------------------------------------------------------------------------------------------

SCHOOLS: dict[str, tuple[list[Answer], list[int]]] = {
    "one page": ([(200, b'{"schools": [{"id": 5}, {"id": 3}], "pagingInfo": {"totalPages": 1}}')], [5, 3]),
    "no paging": ([(200, b'{"schools": [{"id": 5}], "pagingInfo": null}')], [5]),
    "an id as text": ([(200, b'{"schools": [{"id": "5"}]}')], [5]),
    "two pages, one school on both": (
        [
            (200, b'{"schools": [{"id": 5}, {"id": 6}], "pagingInfo": {"pageCount": 2}}'),
            (200, b'{"schools": [{"id": 6}, {"id": 7}], "pagingInfo": {"pageCount": 2}}'),
        ],
        [5, 6, 7],
    ),
    "a page that is not there": (
        [(200, b'{"schools": [{"id": 5}], "pagingInfo": {"totalPages": 2}}'), (404, b"")],
        [5],
    ),
    "an HTML page first": ([(200, b"<html>"), (200, b'{"schools": [{"id": 5}]}')], [5]),
}


@pytest.mark.parametrize(("answers", "ids"), SCHOOLS.values(), ids=SCHOOLS.keys())
def test_schools(
    source: Source, api: EsdApi, pauses: list[float], answers: list[Answer], ids: list[int]
) -> None:
    source.answers = list(answers)
    assert list_schools(api, SETTINGS) == (ids, [])
    assert source.answers == []


def listed(paging: bytes) -> Answer:
    return 200, b'{"schools": [{"id": 5}], "pagingInfo": {%s}}' % paging


@pytest.mark.parametrize(
    ("answers", "doubt"),
    [
        ([listed(b'"totalPages": 1, "totalCount": 89')], "ESD counts 89 schools and lists 1"),
        ([listed(b'"totalPages": 9')] * 2, "repeats itself"),
        ([listed(b'"totalPages": 9, "totalCount": 1')] * 2, ""),
    ],
    ids=["fewer than counted", "the same page again and again", "more pages than schools"],
)
def test_schools_that_may_be_missing_are_told(
    source: Source, api: EsdApi, answers: list[Answer], doubt: str
) -> None:
    source.answers = list(answers)
    ids, told = list_schools(api, SETTINGS)
    assert (ids, source.answers, len(told)) == ([5], [], int(bool(doubt)))
    assert doubt in " ".join(told)


@pytest.mark.parametrize("answer", [(404, b""), (200, b'{"schools": []}')], ids=["404", "an empty list"])
def test_no_schools_is_a_fault(source: Source, api: EsdApi, answer: Answer) -> None:
    source.answers = [answer]
    with pytest.raises(SourceError, match="lists no schools") as told:
        list_schools(api, SETTINGS)
    assert told.value.exit_status == 2


@pytest.mark.parametrize(
    "body", [b"{}", b"[1]", b'{"schools": null}', b'{"schools": [{}]}', b'{"schools": [{"id": "x"}]}']
)
def test_an_answer_without_schools_ends_in_a_report(
    source: Source, api: EsdApi, pauses: list[float], body: bytes
) -> None:
    source.answers = [(200, body)] * 3
    with pytest.raises(
        SourceError, match=r"^schools, page 1: an answer without a list of schools, after 3 tries$"
    ):
        list_schools(api, SETTINGS)
    assert len(pauses) == 2


# --- where a secret may travel ------------------------------------------------------------------------------


def test_the_tokens_url() -> None:
    assert token_url({"ESD_URL": "https://login.example/token/"}) == "https://login.example/token"
    assert token_url({"ESD_URL": "http://127.0.0.1:8080/token"}) == "http://127.0.0.1:8080/token"


@pytest.mark.parametrize(
    "url", ["http://login.example/token", "login.example", "ftp://127.0.0.1/", "https://[::1"]
)
def test_no_secret_travels_in_the_open(url: str) -> None:
    with pytest.raises(AwsError, match=r"^ESD_URL in the secret ") as told:
        token_url({"ESD_URL": url})
    assert "login.example" not in str(told.value)
