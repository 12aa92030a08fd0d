"""The ESD API's stand-in behaves as the real one was seen to."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from threading import Barrier

import pytest
import requests

from tests.esd_client import TIMEOUT, Client
from tests.sandbox.esd import EsdServer, Fault, Source

pytestmark = pytest.mark.sandbox

SCHOOL, OTHER_SCHOOL, EMPTY_SCHOOL = 12549, 12550, 12551


@pytest.fixture
def server() -> Iterator[EsdServer]:
    with EsdServer(Source.generate(2, 95, days=5)) as server:
        yield server


@pytest.fixture
def client(server: EsdServer) -> Client:
    return Client(server).log_in()


def test_a_token_lives_an_hour(server: EsdServer) -> None:
    answer = Client(server).token()
    assert answer.status_code == 200
    assert answer.json()["expires_in"] == 3600
    assert answer.json()["access_token"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [({"client_secret": "x"}, 401), ({"client_id": "x"}, 401), ({"grant_type": "password"}, 400)],
)
def test_a_wrong_client_gets_no_token(server: EsdServer, changes: dict[str, str], status: int) -> None:
    answer = Client(server).token(**changes)
    assert answer.status_code == status
    assert "access_token" not in answer.json()


@pytest.mark.parametrize("authorization", [None, "Bearer nobody", "Basic abc", "Bearer", ""])
def test_nothing_without_a_good_token(server: EsdServer, authorization: str | None) -> None:
    client = Client(server)
    if authorization is not None:
        client.session.headers["Authorization"] = authorization
    assert client.get("/v1/schools").status_code == 401
    assert client.attendance(SCHOOL).status_code == 401


def test_a_token_expires_by_the_servers_clock(server: EsdServer) -> None:
    now = 1000.0
    server.tokens.clock = lambda: now
    client = Client(server).log_in()
    now += 3599
    assert client.get("/v1/schools").status_code == 200
    now += 2
    assert client.get("/v1/schools").status_code == 401
    assert client.log_in().get("/v1/schools").status_code == 200


def test_a_new_token_can_need_a_moment(server: EsdServer) -> None:
    now = 1000.0
    server.tokens.clock, server.tokens.settling = lambda: now, 3
    client = Client(server).log_in()
    assert client.get("/v1/schools").status_code == 401
    now += 3
    assert client.get("/v1/schools").status_code == 200


def test_a_new_token_can_end_the_one_before(server: EsdServer) -> None:
    server.tokens.alone = True
    first, second = Client(server).log_in(), Client(server).log_in()
    assert first.get("/v1/schools").status_code == 401
    assert second.get("/v1/schools").status_code == 200


def test_schools_come_in_pages(client: Client) -> None:
    whole = client.get("/v1/schools", pageSize=1000, page=1).json()
    assert [school["id"] for school in whole["schools"]] == [SCHOOL, OTHER_SCHOOL, EMPTY_SCHOOL]
    assert whole["pagingInfo"]["totalPages"] == 1
    second = client.get("/v1/schools", pageSize=2, page=2).json()
    assert [school["id"] for school in second["schools"]] == [EMPTY_SCHOOL]
    assert second["pagingInfo"]["totalPages"] == 2


def test_attendance_comes_in_pages(client: Client, server: EsdServer) -> None:
    pages = [client.attendance(SCHOOL, page).json() for page in range(1, 11)]
    rows = [row for page in pages for row in page["periodAttendanceList"]]
    assert rows == server.source.records(SCHOOL)
    assert [len(page["periodAttendanceList"]) for page in pages] == [10] * 9 + [5]
    assert {page["pagingInfo"]["pageCount"] for page in pages} == {10}
    assert {page["pagingInfo"]["totalCount"] for page in pages} == {95}
    beyond = client.attendance(SCHOOL, 11).json()
    assert (beyond["periodAttendanceList"], beyond["pagingInfo"]["totalCount"]) == ([], 95)


def test_sorting_is_by_date_by_modification_or_by_id(client: Client, server: EsdServer) -> None:
    by_date = [record["id"] for record in server.source.records(SCHOOL)]
    assert client.ids(SCHOOL, pageSize=95) == by_date
    assert client.ids(SCHOOL, pageSize=95, sortDirection="Descending") == by_date[::-1]
    assert client.ids(SCHOOL, pageSize=95, sortField="studentId") == sorted(by_date)
    assert client.ids(SCHOOL, pageSize=95, sortField=None) == sorted(by_date)
    server.source.remove(SCHOOL, min(by_date))
    assert client.ids(SCHOOL, pageSize=95, sortField=None) == sorted(by_date)[1:]


TIMES = {
    1: "2025-12-09T08:01:44.337Z",
    2: "2025-12-09T08:01:44.3Z",
    3: None,
    4: "2025-12-09T10:00:00.1234567+02:00",
    5: "soon",
    6: "2025-12-09T08:01:44Z",
}


@pytest.fixture
def modified(server: EsdServer) -> EsdServer:
    """A school of six records that were modified at TIMES, created a month before."""
    record = server.source.records(SCHOOL)[0] | {"createdOn": "2025-11-09T08:00:00Z"}
    server.source.set_records(SCHOOL, [record | {"id": key, "modifiedOn": on} for key, on in TIMES.items()])
    return server


@pytest.mark.parametrize(
    ("undated", "expected"),
    [
        (None, [1, 2, 6, 4, 5, 3]),
        ("oldest", [1, 2, 6, 4, 5, 3]),
        ("newest", [5, 3, 1, 2, 6, 4]),
        ("created", [1, 2, 6, 4, 5, 3]),
    ],
)
def test_modification_sorts_by_instant_and_undated_records_where_it_is_asked(
    client: Client, modified: EsdServer, undated: str | None, expected: list[int]
) -> None:
    if undated:
        modified.faults.add(Fault("undated", times=None, undated=undated))
    order = {"sortField": "modifiedOn", "sortDirection": "Descending"}
    assert (
        client.ids(SCHOOL, pageSize=4, **order) + client.ids(SCHOOL, pageSize=4, page=2, **order) == expected
    )
    modified.source.put(SCHOOL, [modified.source.find(SCHOOL, 3) | {"createdOn": "2025-12-09T08:01:00Z"}])
    if undated == "created":
        assert client.ids(SCHOOL, pageSize=6, **order) == [1, 2, 6, 3, 4, 5]


def test_filters_are_accepted_and_ignored(client: Client) -> None:
    filters: dict[str, object] = {
        "startDate": "09-26-2025",
        "endDate": "09-26-2025",
        "modifiedAfter": "2026-01-01T00:00:00Z",
    }
    assert client.ids(SCHOOL, **filters) == client.ids(SCHOOL)


def test_without_a_school_year_there_is_only_the_current_day(client: Client) -> None:
    whole = client.attendance(SCHOOL, pageSize=95, schoolYearId=None).json()
    assert {row["date"] for row in whole["periodAttendanceList"]} == {"09-26-2025"}
    assert whole["pagingInfo"]["totalCount"] == 19


def test_the_current_day_has_an_address_of_its_own(client: Client) -> None:
    answer = client.get(f"/v1/schools/{SCHOOL}/periodAttendance").json()
    assert list(answer) == ["periodAttendance"]
    assert len(answer["periodAttendance"]) == 19
    assert {row["date"] for row in answer["periodAttendance"]} == {"09-26-2025"}


@pytest.mark.parametrize("school", [EMPTY_SCHOOL, 999])
def test_a_school_without_records_is_not_found(client: Client, school: int) -> None:
    assert client.attendance(school).status_code == 404
    assert client.get(f"/v1/schools/{school}/periodAttendance").status_code == 404


def test_another_school_year_has_no_records(client: Client) -> None:
    assert client.attendance(SCHOOL, schoolYearId=54).status_code == 404


@pytest.mark.parametrize("query", [{"page": 0}, {"pageSize": 0}, {"page": "x"}, {"schoolId": None}])
def test_questions_that_make_no_sense(client: Client, query: dict[str, object]) -> None:
    assert client.attendance(SCHOOL, **query).status_code == 400


def test_other_addresses_and_methods(client: Client, server: EsdServer) -> None:
    assert client.get("/v1/students").status_code == 404
    post = client.session.post(f"{server.api_url}/v1/schools", timeout=TIMEOUT)
    assert post.status_code == 405
    assert client.session.get(server.token_url, timeout=TIMEOUT).status_code == 405


def test_compressed_only_when_asked_for(client: Client) -> None:
    plain = client.attendance(SCHOOL, pageSize=50)
    assert plain.headers["Content-Encoding"] == "gzip"  # requests asks for it by itself
    client.session.headers["Accept-Encoding"] = "identity"
    asked_not = client.attendance(SCHOOL, pageSize=50)
    assert "Content-Encoding" not in asked_not.headers
    assert asked_not.content == plain.content


def test_a_change_of_the_source_shows_at_once(client: Client, server: EsdServer) -> None:
    before = client.attendance(SCHOOL).json()["periodAttendanceList"]
    server.source.put(SCHOOL, [before[0] | {"comment": "seen"}])
    assert client.attendance(SCHOOL).json()["periodAttendanceList"][0]["comment"] == "seen"
    server.source.set_records(SCHOOL, [])
    assert client.attendance(SCHOOL).status_code == 404


def test_the_compressed_body_is_what_the_plain_one_is(server: EsdServer, client: Client) -> None:
    client.session.headers["Accept-Encoding"] = "gzip"
    raw = client.session.get(
        f"{server.api_url}/v1/periodAttendance?schoolId={SCHOOL}&schoolYearId=55",
        stream=True,
        timeout=TIMEOUT,
    ).raw.read(decode_content=False)
    assert len(json.loads(gzip.decompress(raw))["periodAttendanceList"]) == 95


def test_one_connection_serves_many_requests(server: EsdServer, client: Client) -> None:
    host, port = server.origin.removeprefix("http://").split(":")
    connection = HTTPConnection(host, int(port), timeout=TIMEOUT)
    connection.connect()
    socket = connection.sock
    for _ in range(3):
        connection.request("GET", "/api/v1/schools", headers={"authorization": str(client.authorization)})
        answer = connection.getresponse()
        assert (answer.status, answer.version) == (200, 11)
        answer.read()
        assert connection.sock is socket  # http.client would have closed it had the server wanted so
    connection.close()


def test_requests_and_concurrency_are_counted(server: EsdServer) -> None:
    together = Barrier(4)
    # A request that waits for three others proves that four were served at the same time.
    server.faults.add(Fault("change", change=lambda *_: together.wait(TIMEOUT), times=None))
    clients = [Client(server).log_in() for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        statuses = pool.map(lambda client: client.attendance(SCHOOL).status_code, clients)
    assert list(statuses) == [200] * 4
    counts = server.counts()
    assert counts["max_in_flight"] == 4
    assert counts["requests"] == {"/oauth/token": 4, "/api/v1/periodAttendance": 4}
    assert (counts["statuses"], counts["in_flight"], counts["tokens_issued"]) == ({"200": 8}, 0, 4)
    server.reset()
    assert server.counts()["requests"] == {}


def test_a_stopped_server_answers_nobody() -> None:
    server = EsdServer(Source.generate(1, 5, days=1))
    with server:
        client = Client(server).log_in()
        assert client.get("/v1/schools").status_code == 200
    with pytest.raises(requests.ConnectionError):
        client.get("/v1/schools")
