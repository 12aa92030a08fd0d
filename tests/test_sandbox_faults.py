"""Every kind of fault does what its name says, to the requests it is meant for and to no others."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from threading import Thread

import pytest
import requests

from tests.esd_client import TIMEOUT, Client
from tests.model import instant
from tests.sandbox.esd import EsdServer, Fault, Source

pytestmark = pytest.mark.sandbox

SCHOOL, OTHER_SCHOOL = 12549, 12550


@pytest.fixture
def server() -> Iterator[EsdServer]:
    with EsdServer(Source.generate(2, 50, days=5)) as server:
        yield server


@pytest.fixture
def client(server: EsdServer) -> Client:
    return Client(server).log_in()


def test_a_status_with_retry_after_in_seconds(server: EsdServer, client: Client) -> None:
    server.faults.add(Fault("status", status=429, retry_after=7))
    refused = client.attendance(SCHOOL)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "7")
    assert client.attendance(SCHOOL).status_code == 200


def test_a_status_with_retry_after_as_a_date(server: EsdServer, client: Client) -> None:
    server.faults.add(Fault("status", status=429, retry_after=5000, retry_after_as_date=True))
    moment = parsedate_to_datetime(client.attendance(SCHOOL).headers["Retry-After"]).timestamp()
    assert time.time() + 4000 < moment < time.time() + 6000


@pytest.mark.parametrize("status", [401, 403, 500, 502, 503, 504])
def test_any_other_status(server: EsdServer, client: Client, status: int) -> None:
    server.faults.add(Fault("status", status=status, times=2))
    assert [client.attendance(SCHOOL).status_code for _ in range(3)] == [status, status, 200]


@pytest.mark.parametrize("body", ["Zqx7", b"\xff\xfe"])
def test_any_answer_at_all(server: EsdServer, client: Client, body: str | bytes) -> None:
    headers = {"Content-Type": "text/plain", "Location": "/elsewhere"}
    server.faults.add(Fault("answer", status=302, headers=headers, body=body))
    answer = client.session.get(
        f"{server.api_url}/v1/periodAttendance", allow_redirects=False, timeout=TIMEOUT
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, "/elsewhere")
    assert answer.content == (body if isinstance(body, bytes) else body.encode())


def test_an_answer_without_a_content_type(server: EsdServer, client: Client) -> None:
    server.faults.add(Fault("answer", status=404))
    assert "Content-Type" not in client.attendance(SCHOOL).headers


def test_a_page_for_people(server: EsdServer, client: Client) -> None:
    server.faults.add(Fault("html"))
    answer = client.attendance(SCHOOL)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html")
    assert answer.text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
@pytest.mark.parametrize("kind", ["cut", "reset"])
def test_a_body_that_ends_too_soon(server: EsdServer, client: Client, kind: str, encoding: str) -> None:
    server.faults.add(Fault(kind))
    client.session.headers["Accept-Encoding"] = encoding
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        client.attendance(SCHOOL)
    assert client.attendance(SCHOOL).status_code == 200


def test_a_connection_that_drops(server: EsdServer, client: Client) -> None:
    server.faults.add(Fault("drop"))
    with pytest.raises(requests.ConnectionError):
        client.attendance(SCHOOL)
    assert client.attendance(SCHOOL).status_code == 200
    assert server.counts()["dropped"] == 1


def test_a_server_that_hangs_until_it_is_released(server: EsdServer, client: Client) -> None:
    server.faults.add(Fault("hang", school=SCHOOL))
    with pytest.raises(requests.ReadTimeout):
        client.session.get(
            f"{server.api_url}/v1/periodAttendance", params={"schoolId": SCHOOL}, timeout=(TIMEOUT, 0.1)
        )
    hanging = Client(server).log_in()
    server.faults.clear()
    assert hanging.attendance(SCHOOL).status_code == 200


def test_whoever_hangs_is_let_go(server: EsdServer, client: Client) -> None:
    server.faults.add(Fault("change", change=lambda *_: Thread(target=server.faults.clear).start()))
    server.faults.add(Fault("hang"))
    with pytest.raises(requests.ConnectionError):
        client.attendance(SCHOOL)


def test_a_slow_page_is_a_good_page(server: EsdServer, client: Client) -> None:
    server.faults.add(Fault("slow", seconds=0.05, times=None))
    assert len(client.ids(SCHOOL)) == 10


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_body_that_drips(server: EsdServer, client: Client, encoding: str) -> None:
    """Each byte comes in time, and the body does not end before it is released: then it is whole."""
    server.faults.add(Fault("drip", seconds=0.01))
    client.session.headers["Accept-Encoding"] = encoding
    query = {"schoolId": SCHOOL, "schoolYearId": 55, "pageSize": 50, "page": 1}
    answer = client.session.get(
        f"{server.api_url}/v1/periodAttendance", params=query, timeout=TIMEOUT, stream=True
    )
    first = [answer.raw.read1(100, decode_content=False) for _ in range(5)]
    assert max(map(len, first)) < 100
    server.faults.clear()
    whole = b"".join([*first, *answer.raw.stream(decode_content=False)])
    assert len(whole) == int(answer.headers["Content-Length"]) > 1000
    assert client.attendance(SCHOOL).status_code == 200


def test_tokens_that_die_early(server: EsdServer, client: Client) -> None:
    server.faults.add(Fault("expire_tokens", page=2))
    assert client.attendance(SCHOOL, 1).status_code == 200
    assert client.attendance(SCHOOL, 2).status_code == 401
    assert client.attendance(SCHOOL, 1).status_code == 401
    assert client.log_in().attendance(SCHOOL, 2).status_code == 200


def test_a_page_that_repeats_for_ever(server: EsdServer, client: Client) -> None:
    first = client.ids(SCHOOL, 1)
    server.faults.add(Fault("repeat_page", times=None))
    for page in (1, 2, 3, 99):
        answer = client.attendance(SCHOOL, page).json()
        assert [row["id"] for row in answer["periodAttendanceList"]] == first
        assert answer["pagingInfo"]["pageCount"] > page


def test_a_source_that_ignores_the_page(server: EsdServer, client: Client) -> None:
    first = client.ids(SCHOOL, 1)
    server.faults.add(Fault("same_page", times=None))
    assert [client.ids(SCHOOL, page) for page in (1, 2, 99)] == [first] * 3
    assert client.attendance(SCHOOL, 2).json()["pagingInfo"]["pageCount"] == 5


def test_a_source_that_ignores_the_page_size(server: EsdServer, client: Client) -> None:
    server.faults.add(Fault("page_size", times=None, size=20))
    assert [len(client.ids(SCHOOL, page)) for page in (1, 2, 3)] == [20, 20, 10]


def test_pages_that_are_counted_from_0(server: EsdServer, client: Client) -> None:
    pages = [client.ids(SCHOOL, page) for page in (1, 2)]
    server.faults.add(Fault("from_page_0", times=None))
    assert [client.ids(SCHOOL, page) for page in (0, 1)] == pages


@pytest.mark.parametrize("paging", [None, [], {"totalCount": "249"}])
def test_a_paging_that_is_replaced(server: EsdServer, client: Client, paging: object) -> None:
    server.faults.add(Fault("paging", paging=paging))
    answer = client.attendance(SCHOOL).json()
    assert (answer["pagingInfo"], len(answer["periodAttendanceList"])) == (paging, 10)


def test_content_that_is_rewritten(server: EsdServer, client: Client) -> None:
    server.faults.add(Fault("rewrite", rewrite=lambda content: {"data": content["periodAttendanceList"]}))
    answer = client.attendance(SCHOOL).json()
    assert (list(answer), len(answer["data"])) == (["data"], 10)


def test_a_school_is_known_by_its_id_as_the_list_writes_it(server: EsdServer, client: Client) -> None:
    server.source.set_records(125, server.source.records(SCHOOL))
    assert client.attendance(125).status_code == 200  # not listed
    server.source.schools.append({"id": "0125"})
    statuses = [
        client.get("/v1/periodAttendance", schoolId=text, schoolYearId=55).status_code
        for text in ("125", "0125")
    ]
    assert statuses == [404, 200]


def test_a_count_without_rows(server: EsdServer, client: Client) -> None:
    server.faults.add(Fault("count_without_rows"))
    answer = client.attendance(SCHOOL).json()
    assert (answer["periodAttendanceList"], answer["pagingInfo"]["totalCount"]) == ([], 100)


def test_a_paging_without_the_number_of_pages(server: EsdServer, client: Client) -> None:
    server.faults.add(Fault("no_page_count"))
    answer = client.attendance(SCHOOL).json()
    assert len(answer["periodAttendanceList"]) == 10
    assert answer["pagingInfo"] == {"totalCount": 50, "page": 1, "pageSize": 10}


def test_a_paging_that_says_total_pages(server: EsdServer, client: Client) -> None:
    server.faults.add(Fault("total_pages"))
    paging = client.attendance(SCHOOL).json()["pagingInfo"]
    assert paging == {"totalCount": 50, "page": 1, "pageSize": 10, "totalPages": 5}


@pytest.mark.parametrize("path", ["/v1/periodAttendance", f"/v1/schools/{SCHOOL}/periodAttendance"])
def test_a_bare_list(server: EsdServer, client: Client, path: str) -> None:
    server.faults.add(Fault("bare_list", path=path))
    rows = client.get(path, schoolId=SCHOOL, schoolYearId=55, pageSize=10).json()
    assert [row["id"] for row in rows]
    assert len(rows) == 10


def test_no_schools(server: EsdServer, client: Client) -> None:
    server.faults.add(Fault("no_schools", path="/v1/schools$"))
    assert client.get("/v1/schools").json()["schools"] == []
    assert len(client.get("/v1/schools").json()["schools"]) == 3


def test_a_school_that_always_fails(server: EsdServer, client: Client) -> None:
    server.faults.add(Fault("status", school=SCHOOL, times=None))
    assert {client.attendance(SCHOOL, page).status_code for page in range(1, 6)} == {503}
    assert client.attendance(OTHER_SCHOOL).status_code == 200
    assert client.get(f"/v1/schools/{SCHOOL}/periodAttendance").status_code == 200  # another address


def test_the_token_too_can_fail(server: EsdServer) -> None:
    server.faults.add(Fault("status", path="/oauth/token", status=500))
    client = Client(server)
    assert [client.token().status_code for _ in range(2)] == [500, 200]


def test_a_rule_meets_only_what_it_names(server: EsdServer, client: Client) -> None:
    server.faults.add(Fault("status", school=SCHOOL, page=2, skip=1))
    asked = [(SCHOOL, 2), (SCHOOL, 1), (OTHER_SCHOOL, 2), (SCHOOL, 2), (SCHOOL, 2)]
    assert [client.attendance(*which).status_code for which in asked] == [200, 200, 200, 503, 200]
    assert server.counts()["faults"] == [{"kind": "status", "met": 3, "done": 1}]


def test_rules_work_through_each_other(server: EsdServer, client: Client) -> None:
    server.faults.add(Fault("change", change="vanish"), Fault("total_pages"))
    paging = client.attendance(SCHOOL).json()["pagingInfo"]
    assert (paging["totalCount"], paging["totalPages"]) == (49, 5)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("appear", {"count": 51, "repeated": 1, "missed": 1}),
        ("appear_last", {"count": 51, "repeated": 0, "missed": 0}),
        ("vanish", {"count": 49, "repeated": 0, "missed": 1}),
        ("move", {"count": 50, "repeated": 1, "missed": 1}),
        ("correct", {"count": 50, "repeated": 0, "missed": 0}),
    ],
)
def test_rows_move_under_the_reader(
    server: EsdServer, client: Client, change: str, expected: dict[str, int]
) -> None:
    server.faults.add(Fault("change", page=3, change=change))
    pages = [client.attendance(SCHOOL, page).json() for page in range(1, 7)]
    seen = [row["id"] for page in pages for row in page["periodAttendanceList"]]
    present = {record["id"] for record in server.source.records(SCHOOL)}
    assert expected == {
        "count": pages[-1]["pagingInfo"]["totalCount"],
        "repeated": len(seen) - len(set(seen)),
        "missed": len(present - set(seen)),
    }


def test_a_change_can_be_any_function(server: EsdServer, client: Client) -> None:
    server.faults.add(Fault("change", change=lambda source, school: source.set_records(school, [])))
    assert client.attendance(SCHOOL).status_code == 404


@pytest.mark.parametrize("wrong", [{"kind": "fire"}, {"kind": "change", "change": "explode"}])
def test_a_rule_that_means_nothing_is_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"fire|explode"):
        Fault(**wrong)  # type: ignore[arg-type]


def test_another_process_sets_faults_and_reads_counts(server: EsdServer, client: Client) -> None:
    rules = [{"kind": "status", "status": 500, "times": None}]
    assert requests.post(f"{server.origin}/_control/faults", json=rules, timeout=TIMEOUT).json() == {
        "faults": 1
    }
    assert client.attendance(SCHOOL).status_code == 500
    state = requests.get(f"{server.origin}/_control/state", timeout=TIMEOUT).json()
    assert (state["schools"], state["records"], state["statuses"]) == (3, 100, {"200": 1, "500": 1})
    assert requests.post(f"{server.origin}/_control/faults", json=[], timeout=TIMEOUT).json() == {"faults": 0}
    assert client.attendance(SCHOOL).status_code == 200


def test_another_process_lets_a_day_pass(server: EsdServer, client: Client) -> None:
    done = requests.post(f"{server.origin}/_control/corrections", json={"share": 0.1}, timeout=TIMEOUT).json()
    assert done == {"schools": 2, "corrected": 10, "added": 16, "moved": 2}
    assert client.attendance(SCHOOL).json()["pagingInfo"]["totalCount"] == 58


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("faults", '[{"kind": "fire"}]', 400),
        ("faults", "no json", 400),
        ("faults", '[{"x": 1}]', 400),
        ("x", "", 404),
    ],
)
def test_control_says_what_is_wrong(server: EsdServer, path: str, body: str, status: int) -> None:
    answer = requests.post(f"{server.origin}/_control/{path}", data=body, timeout=TIMEOUT)
    assert answer.status_code == status
    assert answer.json()["error"]


NEWEST_MODIFIED = {"sortField": "modifiedOn", "sortDirection": "Descending"}


def test_a_field_to_sort_by_is_ignored_in_favour_of_the_date(server: EsdServer, client: Client) -> None:
    newest = client.ids(SCHOOL, sortDirection="Descending")
    assert client.ids(SCHOOL, **NEWEST_MODIFIED) != newest
    server.faults.add(Fault("by_date", times=None))
    assert client.ids(SCHOOL, **NEWEST_MODIFIED) == newest


def test_only_what_is_on_a_page_is_sorted_by_modification(server: EsdServer, client: Client) -> None:
    by_date = {page: client.ids(SCHOOL, page, sortDirection="Descending") for page in (1, 2)}
    server.faults.add(Fault("sorted_pages", times=None))
    for page, expected in by_date.items():
        rows = client.attendance(SCHOOL, page, **NEWEST_MODIFIED).json()["periodAttendanceList"]
        assert sorted(row["id"] for row in rows) == sorted(expected)
        times = [instant(row["modifiedOn"]) for row in rows]
        modified = [time for time in times if time is not None]
        assert modified == sorted(modified, reverse=True)


def test_a_fault_may_be_of_one_order_alone(server: EsdServer, client: Client) -> None:
    server.faults.add(Fault("status", status=400, sort_field="modifiedOn", times=None))
    assert client.attendance(SCHOOL, **NEWEST_MODIFIED).status_code == 400
    assert client.attendance(SCHOOL).status_code == 200


def test_a_place_of_undated_records_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no place 'first' of undated records; there are: oldest, newest"):
        Fault("undated", undated="first")
