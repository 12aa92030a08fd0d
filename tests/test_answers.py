"""Answers that are not the API's list, over real HTTP: which of them may pass, and what is said of each."""

from __future__ import annotations

import gzip
from typing import Any

import orjson
import pytest
import requests

from attendance_common.errors import SourceError
from attendance_common.fetch.answers import Forbidden
from attendance_common.fetch.faults import TemporaryFault
from attendance_common.fetch.packed_pages import PackedPage
from attendance_common.fetch.readers import Refused, Task, fetch_page
from attendance_common.fetch.reading import whole_reading
from tests.esd_api import ATTENDANCE, PAGE, SCHOOL, SCHOOLS, api_for, settings_for
from tests.sandbox.esd import EsdServer, Fault

HTML, TEXT, JSON = (
    {"Content-Type": kind} for kind in ("text/html; charset=utf-8", "text/plain", "application/json")
)
PLANTED = "Zqx7"
LOGIN = "<!DOCTYPE html><html><body>Sign in, Zqx7</body></html>"
LIST = '{"periodAttendanceList": [], "pagingInfo": {"pageCount": 0, "totalCount": 0}}'


def get(server: EsdServer, path: str = ATTENDANCE, **answer: Any) -> requests.Response:
    """What `get` makes of this answer."""
    server.faults.add(Fault("answer", path=path, **answer))
    return api_for(server).get(path, PAGE)


def page(server: EsdServer, number: int = 1, **answer: Any) -> PackedPage:
    """What a reader makes of this answer, at the first try and at all others."""
    server.faults.add(Fault("answer", times=None, **answer))
    settings = settings_for(server, attempts=1)
    return fetch_page(api_for(server), settings, {}, Task(whole_reading(SCHOOL, 50), number))


# --- no records ---------------------------------------------------------------------------------------------

NO_RECORDS: dict[str, tuple[int, dict[str, str], str | bytes]] = {
    "404 with an error object": (404, JSON, '{"error": "no_records"}'),
    "404 without a body": (404, {}, ""),
    "404 of HTML without a body": (404, HTML, " \r\n"),
    "404 with a list": (404, JSON, "[]"),
    "404 with null": (404, JSON, "null"),
    "404 with a text in JSON": (404, JSON, '"No records found"'),
    "404 with JSON that is called text": (404, TEXT, '{"message": "none"}'),
    "404 with a problem": (404, {"Content-Type": "application/problem+json"}, '{"status": 404}'),
    "404 with a byte order mark": (404, JSON, b'\xef\xbb\xbf{"message": "none"}'),
    "404 in UTF-16": (404, JSON, '{"message": "none"}'.encode("utf-16")),
    "404 in Latin 1": (404, {"Content-Type": "application/json; charset=iso-8859-1"}, b'{"message": "\xe9"}'),
    "204": (204, {}, ""),
    "204 with a type": (204, JSON, ""),
}


@pytest.mark.parametrize(("status", "headers", "body"), NO_RECORDS.values(), ids=NO_RECORDS.keys())
@pytest.mark.parametrize("path", [ATTENDANCE, SCHOOLS])
def test_no_records(
    server: EsdServer, path: str, status: int, headers: dict[str, str], body: str | bytes
) -> None:
    assert get(server, path, status=status, headers=headers, body=body).status_code == 404


def test_no_records_on_the_first_page_is_an_empty_list(server: EsdServer) -> None:
    assert page(server, status=204).received == 0


def test_no_records_on_a_further_page_is_a_refusal(server: EsdServer) -> None:
    with pytest.raises(Refused, match=r"no records on it \(204 or 404\)"):
        page(server, 2, status=204)


# --- what may pass ------------------------------------------------------------------------------------------

MAY_PASS: dict[str, tuple[int, dict[str, str], str | bytes, str]] = {
    "404 of HTML": (404, HTML, LOGIN, "status 404 (text/html), which is no answer of the API"),
    "404 of text": (
        404,
        TEXT,
        "404 page not found",
        "status 404 (text/plain), which is no answer of the API",
    ),
    "404 of a number": (404, TEXT, "404", "status 404 (text/plain), which is no answer of the API"),
    "404 without a type": (404, {}, "Not Found", "status 404, which is no answer of the API"),
    "a maintenance page": (200, HTML, LOGIN, "status 200 (text/html), which is no JSON"),
    "HTML called JSON": (200, JSON, LOGIN, "status 200 (application/json), which is no JSON"),
    "XML": (
        200,
        {"Content-Type": "application/xml"},
        "<a/>",
        "status 200 (application/xml), which is no JSON",
    ),
    "text": (200, TEXT, "Zqx7", "status 200 (text/plain), which is no JSON"),
    "nothing": (200, JSON, "", "status 200 (application/json), which is no JSON"),
    "nothing at all": (200, {}, "", "status 200, which is no JSON"),
    "a type that is none": (200, {"Content-Type": "Zqx7=<b>/x y"}, "x", "status 200, which is no JSON"),
    "a number": (200, JSON, "7", "status 200 (application/json), which is no JSON"),
    "null": (200, JSON, "null", "status 200 (application/json), which is no JSON"),
    "broken gzip": (
        200,
        {**JSON, "Content-Encoding": "gzip"},
        gzip.compress(LIST.encode())[:12] + b"Zqx7" * 9,
        "status 200 (application/json), whose body cannot be decompressed",
    ),
    "no gzip": (
        200,
        {**JSON, "Content-Encoding": "gzip"},
        LIST,
        "status 200 (application/json), whose body cannot be decompressed",
    ),
    **{
        str(status): (status, JSON, LIST, f"status {status} (application/json) in place of 200")
        for status in (201, 202, 203, 206, 226)
    },
    **{
        str(status): (status, HTML, LOGIN, f"status {status} (text/html)")
        for status in (408, 409, 421, 423, 424, 425, 429)
    },
    **{
        str(status): (status, HTML, LOGIN, f"status {status} (text/html)")
        for status in (500, 502, 503, 504, 507, 520, 522, 524, 525, 530, 599)
    },
}


@pytest.mark.parametrize(("status", "headers", "body", "said"), MAY_PASS.values(), ids=MAY_PASS.keys())
def test_what_may_pass_is_asked_again(
    server: EsdServer, status: int, headers: dict[str, str], body: str | bytes, said: str
) -> None:
    with pytest.raises(TemporaryFault) as raised:
        get(server, status=status, headers=headers, body=body)
    assert str(raised.value) == said
    assert raised.value.cure
    assert PLANTED not in raised.value.cure


@pytest.mark.parametrize(
    ("status", "headers", "slow", "quota"),
    [
        (429, {}, True, True),
        (429, {"Retry-After": "1"}, True, True),
        (503, {"Retry-After": "1"}, True, True),
        (503, {"Retry-After": "soon"}, True, False),
        (503, {}, True, False),
        (500, {"Retry-After": "1"}, False, False),
        (408, {}, False, False),
    ],
)
def test_who_asks_for_less_and_who_has_a_quota(
    server: EsdServer, status: int, headers: dict[str, str], slow: bool, quota: bool
) -> None:
    with pytest.raises(TemporaryFault) as raised:
        get(server, status=status, headers=headers)
    assert (raised.value.slow, raised.value.quota) == (slow, quota)
    assert ("ESD_ATTEMPTS" in raised.value.cure) == quota


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('{"error": "Zqx7"}', "the answer holds no list of records"),
        ('{"message": "Zqx7"}', "the answer holds no list of records"),
        ('{"success": false}', "the answer holds no list of records"),
        ('{"periodAttendanceList": {"Zqx7": 1}}', "the answer holds no list of records"),
        ('{"periodAttendanceList": [', "the answer is not JSON"),
        ('{"success": false, "periodAttendanceList": []}', "the answer speaks of an error"),
        ('{"error": {"code": 5}, "periodAttendanceList": []}', "the answer speaks of an error"),
        ('{"errors": ["Zqx7"], "periodAttendanceList": null}', "the answer speaks of an error"),
    ],
)
def test_json_that_is_no_list_is_reported_without_its_text(server: EsdServer, body: str, why: str) -> None:
    with pytest.raises(SourceError) as raised:
        page(server, status=200, headers=JSON, body=body)
    assert str(raised.value) == (
        f"school {SCHOOL}, page 1: status 200 (application/json), but {why}, after 1 try: the source may "
        "be under maintenance: run again later; if it stays so, check ESD_API_URL"
    )
    assert raised.value.exit_status == 1


@pytest.mark.parametrize(
    "body", [LIST, '{"success": true, "error": null, "errors": [], "periodAttendanceList": []}', "[]"]
)
def test_a_list_without_records_is_one(server: EsdServer, body: str) -> None:
    assert page(server, status=200, headers=JSON, body=body).received == 0


# --- a list in another encoding -----------------------------------------------------------------------------

RECORD: dict[str, Any] = {"id": 7, "date": "12-09-2025", "studentId": 5, "comment": "José"}
SENT = orjson.dumps({"periodAttendanceList": [RECORD]}).decode()


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", SENT.encode("utf-8-sig")),
        ("application/json; charset=utf-8", SENT.encode("utf-8-sig")),
        ("application/json", SENT.encode("utf-16")),
        ("application/json", b"\xfe\xff" + SENT.encode("utf-16-be")),
        ("application/json", SENT.encode("utf-32")),
        ("application/json; charset=utf-16le", SENT.encode("utf-16-le")),
        ('application/json; charset="ISO-8859-1"', SENT.encode("latin-1")),
        ("application/json;Charset=windows-1252", SENT.encode("cp1252")),
        ("application/json; charset=windows-1252", SENT.encode()),
        ("application/json; charset=iso-9999", SENT.encode()),
        ("application/json; charset=unicode_escape", SENT.encode()),
        ("text/html", SENT.encode()),
        ("", b" \r\n" + SENT.encode()),
    ],
)
def test_a_list_in_another_encoding_or_under_another_name_is_read(
    server: EsdServer, kind: str, body: bytes
) -> None:
    rows = page(server, status=200, headers={"Content-Type": kind}, body=body).unpack()
    assert rows["comment"].to_list() == ["José"]


# --- what stays ---------------------------------------------------------------------------------------------

CHECK = "check ESD_API_URL"
CHECK_ALL = "check ESD_API_URL, ESD_PAGE_SIZE and ESD_SCHOOL_YEAR_ID"
ASK_FOR_THE_RIGHT = "the API client of ESD_SECRET_ID may not read it: ask ESD's operator for the right"
STAYS: dict[str, tuple[int, dict[str, str], str]] = {
    **{
        str(status): (
            status,
            {**HTML, "Location": "https://login.me/in?user=Zqx7#Zqx7"},
            f"ESD answers {ATTENDANCE} with status {status} (text/html), a redirect to login.me: {CHECK}",
        )
        for status in (301, 302, 303, 307, 308)
    },
    "a redirect on the same host": (
        302,
        {"Location": "/Account/Login?ReturnUrl=Zqx7"},
        f"ESD answers {ATTENDANCE} with status 302, a redirect: {CHECK}",
    ),
    "a redirect with a password": (
        302,
        {"Location": "https://Zqx7:Zqx7@login.example:8443/Zqx7"},
        f"ESD answers {ATTENDANCE} with status 302, a redirect to login.example: {CHECK}",
    ),
    "a redirect to nowhere": (
        302,
        {"Location": "https://[Zqx7"},
        f"ESD answers {ATTENDANCE} with status 302, a redirect: {CHECK}",
    ),
    "304": (304, {}, f"ESD answers {ATTENDANCE} with status 304, a redirect: {CHECK}"),
    "403": (
        403,
        HTML,
        f"ESD refuses {ATTENDANCE} with status 403 (text/html): {ASK_FOR_THE_RIGHT}",
    ),
    "400": (
        400,
        HTML,
        f"ESD answers {ATTENDANCE} with status 400 (text/html): {CHECK_ALL}",
    ),
    **{
        str(status): (status, HTML, f"ESD answers {ATTENDANCE} with status {status} (text/html): {CHECK}")
        for status in (402, 405, 406, 410, 411, 412, 413, 414, 415, 422, 426, 431, 451, 501, 505)
    },
    "511": (
        511,
        HTML,
        f"ESD answers {ATTENDANCE} with status 511 (text/html): log this machine in to its network",
    ),
}


@pytest.mark.parametrize(("status", "headers", "said"), STAYS.values(), ids=STAYS.keys())
def test_what_stays_ends_at_once_and_names_the_cure(
    server: EsdServer, status: int, headers: dict[str, str], said: str
) -> None:
    with pytest.raises(SourceError) as raised:
        get(server, status=status, headers=headers, body=LOGIN)
    assert (str(raised.value), raised.value.exit_status) == (said, 2)
    assert isinstance(raised.value, Forbidden) == (status == 403)


@pytest.mark.parametrize("status", [400, 416])
def test_a_page_that_is_refused_names_the_settings(server: EsdServer, status: int) -> None:
    with pytest.raises(Refused) as raised:
        page(server, status=status, headers=JSON, body='{"error": "Zqx7"}')
    assert raised.value.reason == (
        f"refused with status {status} (application/json): check ESD_PAGE_SIZE and ESD_SCHOOL_YEAR_ID"
    )
