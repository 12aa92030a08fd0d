"""How a body is taken in: whole, within a time, and so that its connection serves again."""

from __future__ import annotations

import gzip
import io
import time
from typing import Any

import pytest
import requests
import urllib3

from attendance_common.errors import SourceError
from attendance_common.fetch.api import EsdApi
from attendance_common.fetch.faults import TemporaryFault
from attendance_common.fetch.retries import patiently
from tests.esd_api import api_for
from tests.pipeline import PATIENCE
from tests.sandbox import Sandbox
from tests.sandbox.esd import EsdServer, Fault
from tests.test_api import SECRET, SETTINGS
from tests.world import World

TIMEOUT = SETTINGS.timeout  # 60 seconds
LATE = "no whole answer of the API in 300 seconds (5 times ESD_TIMEOUT)"
BODY = b'{"periodAttendanceList": []}'


class Drips(io.BytesIO):
    """A body of which a byte comes with each wait; `waits` seconds pass before it."""

    def __init__(self, body: bytes, waits: float, passed: list[float]) -> None:
        super().__init__(body)
        self._waits = waits
        self._passed = passed

    def read1(self, size: int | None = -1) -> bytes:
        self._passed[0] += self._waits
        return super().read1(1)


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time: it passes only where a body lets it pass."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def serve(monkeypatch: pytest.MonkeyPatch, *bodies: tuple[io.BytesIO, dict[str, str]]) -> None:
    """Answer the requests after the token with these, one after another."""
    remaining = iter(bodies)

    def send(_: Any, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        token = io.BytesIO(b'{"access_token": "token-1", "expires_in": 3600}')
        body, headers = (token, {}) if request.method == "POST" else next(remaining)
        response = requests.Response()
        response.status_code, response.request, response.url = 200, request, request.url or ""
        response.headers.update(headers)
        response.raw = urllib3.HTTPResponse(body, headers, preload_content=False)
        return response

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)


def get() -> requests.Response:
    return EsdApi(SETTINGS, SECRET).get("/v1/periodAttendance", {})


def test_a_body_that_drips_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch, passed: list[float]) -> None:
    body = Drips(b" " * 10_000, TIMEOUT - 1, passed)
    serve(monkeypatch, (body, {}))
    with pytest.raises(TemporaryFault) as raised:
        get()
    assert str(raised.value) == LATE
    assert passed[0] - 1000 <= 5 * TIMEOUT + TIMEOUT
    assert body.closed


def test_a_compressed_body_that_drips_too_long_is_given_up(
    monkeypatch: pytest.MonkeyPatch, passed: list[float]
) -> None:
    packed = gzip.compress(BODY * 1000, mtime=0)
    serve(monkeypatch, (Drips(packed, TIMEOUT - 1, passed), {"Content-Encoding": "gzip"}))
    with pytest.raises(TemporaryFault) as raised:
        get()
    assert str(raised.value) == LATE
    assert passed[0] - 1000 <= 5 * TIMEOUT + TIMEOUT


def test_a_body_that_takes_its_time_and_ends_is_taken(
    monkeypatch: pytest.MonkeyPatch, passed: list[float]
) -> None:
    serve(monkeypatch, (Drips(BODY, 250 / len(BODY), passed), {}))
    assert get().content == BODY


def test_the_next_try_has_its_own_time(monkeypatch: pytest.MonkeyPatch, passed: list[float]) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    serve(monkeypatch, (Drips(b" " * 10_000, TIMEOUT, passed), {}), (io.BytesIO(BODY), {}))
    api = EsdApi(SETTINGS, SECRET)
    assert patiently("a page", 2, lambda: api.get("/v1/periodAttendance", {})).content == BODY


def test_the_sentence_after_the_last_try_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, passed: list[float]
) -> None:
    serve(monkeypatch, (Drips(b" " * 10_000, TIMEOUT, passed), {}))
    api = EsdApi(SETTINGS, SECRET)
    with pytest.raises(SourceError, match=r", after 1 try: check the network, or raise ESD_TIMEOUT$"):
        patiently("a page", 1, lambda: api.get("/v1/periodAttendance", {}))


def test_a_body_that_is_no_gzip_though_it_says_so_may_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    serve(monkeypatch, (io.BytesIO(b"plain"), {"Content-Encoding": "gzip"}))
    with pytest.raises(TemporaryFault, match=r"^status 200, whose body cannot be decompressed$"):
        get()


# --- a real connection --------------------------------------------------------------------------------------

SCHOOL = 12549
PAGE = {"schoolId": SCHOOL, "schoolYearId": 55, "pageSize": 50, "page": 1}


def api_of(server: EsdServer, timeout: int = 10) -> EsdApi:
    return api_for(server, concurrency=1, timeout=timeout, attempts=1)


def connections(server: EsdServer, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The connections that are made from now on."""
    made: list[Any] = []
    accept = server._http.process_request

    def process(request: Any, address: Any) -> None:
        made.append(address)
        accept(request, address)

    monkeypatch.setattr(server._http, "process_request", process)
    return made


def test_one_connection_serves_every_request(server: EsdServer, monkeypatch: pytest.MonkeyPatch) -> None:
    made = connections(server, monkeypatch)
    api = api_of(server)
    answers = [api.get("/v1/periodAttendance", PAGE) for _ in range(3)]
    assert [len(answer.json()["periodAttendanceList"]) for answer in answers] == [50] * 3
    assert {answer.headers["Content-Encoding"] for answer in answers} == {"gzip"}
    api.get("/v1/schools", {"page": 1})
    assert api.get("/v1/periodAttendance", {**PAGE, "schoolId": 1}).status_code == 404
    server.faults.add(Fault("status", status=503))
    with pytest.raises(TemporaryFault, match="status 503"):
        api.get("/v1/periodAttendance", PAGE)
    assert api.get("/v1/periodAttendance", PAGE).status_code == 200
    assert len(made) == 1


@pytest.mark.parametrize("kind", ["cut", "reset"])
def test_a_body_cut_short_is_no_body(server: EsdServer, kind: str) -> None:
    api = api_of(server)
    server.faults.add(Fault(kind))
    with pytest.raises(TemporaryFault, match="the connection to the API failed"):
        api.get("/v1/periodAttendance", PAGE)
    assert len(api.get("/v1/periodAttendance", PAGE).json()["periodAttendanceList"]) == 50


def test_a_body_that_stops_coming_is_no_answer_in_time(server: EsdServer) -> None:
    server.faults.add(Fault("drip", seconds=PATIENCE))
    with pytest.raises(TemporaryFault, match="no answer of the API in time"):
        api_of(server, timeout=1).get("/v1/periodAttendance", PAGE)


def test_a_page_that_drips_is_read_again(sandbox: Sandbox) -> None:
    world = World(sandbox)
    world.esd.faults.add(Fault("drip", seconds=0.3, school=world.first, page=2))
    done = world.pipeline.fetch(ESD_PAGE_SIZE="100", ESD_TIMEOUT="1", ESD_ATTEMPTS="2")
    assert done.status == 0, done.story
    reason = "no whole answer of the API in 5 seconds (5 times ESD_TIMEOUT)"
    assert f"school {world.first}, page 2: {reason}" in done.story
    world.publish()
    world.compare_landing()


def test_an_answer_without_a_body_though_a_length_is_stated_has_none(server: EsdServer) -> None:
    server.faults.add(Fault("status", status=204))
    assert api_of(server).get("/v1/periodAttendance", PAGE).status_code == 404  # no records
