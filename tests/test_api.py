"""The API's client against answers made up here: the token, and what no error may tell."""

from __future__ import annotations

import io
import itertools
import ssl
import time
from typing import Any

import pytest
import requests
import urllib3

from attendance_common.config import FetcherSettings
from attendance_common.errors import AwsError, SourceError
from attendance_common.fetch.api import EsdApi, token_url
from attendance_common.fetch.faults import TemporaryFault
from attendance_common.fetch.retries import patiently
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
    """Answers requests in the order of a list, and tokens token-1, token-2, … unless a test sets others."""

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


def test_a_401_that_stays_ends_clearly(source: Source, api: EsdApi, pauses: list[float]) -> None:
    source.answers = [(401, b"")] * 20
    with pytest.raises(
        SourceError, match=r"even with a fresh token .*: check the rights of the API client in the secret 's'"
    ) as raised:
        api.get("/v1/periodAttendance", {})
    assert raised.value.exit_status == 2
    assert [low <= pause <= 2 * low for low, pause in zip([0.5, 1, 2, 4], pauses, strict=True)] == [True] * 4


# --- what may pass and what stays ---------------------------------------------------------------------------

BROKEN = "the connection to the API failed (%s)"
TEMPORARY: dict[str, tuple[Answer, str, float | None]] = {
    "429 with a pause": ((429, b"", {"Retry-After": "120"}), "status 429", 120.0),
    "429 without one": ((429, b""), "status 429", None),
    "503 with a pause": ((503, b"", {"retry-after": "5"}), "status 503", 5.0),
    "500": ((500, b"secret-Zqx7"), "status 500", None),
    "408": ((408, b""), "status 408", None),
    "timeout": (requests.ReadTimeout("token-1"), "no answer of the API in time", None),
    "dropped": (requests.ConnectionError("token-1"), BROKEN % "ConnectionError", None),
    "cut off": (requests.exceptions.ChunkedEncodingError("token-1"), BROKEN % "ChunkedEncodingError", None),
}


@pytest.mark.parametrize(("answer", "reason", "pause"), TEMPORARY.values(), ids=TEMPORARY.keys())
def test_what_may_pass(source: Source, api: EsdApi, answer: Answer, reason: str, pause: float | None) -> None:
    source.answers = [answer]
    with pytest.raises(TemporaryFault) as raised:
        api.get("/v1/periodAttendance", {})
    assert (str(raised.value), raised.value.pause) == (reason, pause)


@pytest.mark.parametrize("status", [400, 403, 405, 410])
def test_what_stays_is_not_tried_again(source: Source, api: EsdApi, pauses: list[float], status: int) -> None:
    source.answers = [(status, b"client-Zqx7")]
    with pytest.raises(SourceError, match=f"status {status}: .*(ESD_API_URL|ESD_SECRET_ID)") as raised:
        patiently("a page", 3, lambda: api.get("/v1/periodAttendance", {}))
    assert (pauses, raised.value.exit_status) == ([], 2)
    assert not any(planted in str(raised.value) for planted in PLANTED)


def test_a_certificate_that_is_not_trusted_stays(source: Source, api: EsdApi) -> None:
    error = requests.exceptions.SSLError("self-signed")
    error.__context__ = urllib3.exceptions.SSLError("wrapped")
    error.__context__.__cause__ = ssl.SSLCertVerificationError("self-signed")
    source.answers = [error]
    with pytest.raises(SourceError, match="TLS certificate is not trusted") as raised:
        api.get("/v1/schools", {})
    assert raised.value.exit_status == 2


def test_a_tls_handshake_that_breaks_off_may_pass(source: Source, api: EsdApi) -> None:
    source.answers = [requests.exceptions.SSLError("EOF occurred in violation of protocol")]
    with pytest.raises(TemporaryFault, match="the connection to the API failed"):
        api.get("/v1/schools", {})


# --- where a secret may travel ------------------------------------------------------------------------------


def test_the_tokens_url() -> None:
    assert token_url({"ESD_URL": "https://login.example/token/"}) == "https://login.example/token"
    assert token_url({"ESD_URL": "http://127.0.0.1:8080/token"}) == "http://127.0.0.1:8080/token"


@pytest.mark.parametrize(
    "url", ["http://login.example/token", "login.example", "ftp://127.0.0.1/", "https://[::1"]
)
def test_no_secret_travels_in_the_open(url: str) -> None:
    with pytest.raises(AwsError, match=r"^ESD_URL in the secret ") as raised:
        token_url({"ESD_URL": url})
    assert "login.example" not in str(raised.value)
