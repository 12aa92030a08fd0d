"""What the ESD API answers: tokens, schools and attendance. Knows neither sockets nor faults."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import orjson

from .records import Row
from .source import SCHOOL_YEAR_ID, Source

TOKEN_PATH = "/oauth/token"
API_PATH = "/api"
DEFAULT_PAGE_SIZE = 100

_ATTENDANCE = re.compile(rf"{API_PATH}/v1/periodAttendance$")
_SCHOOLS = re.compile(rf"{API_PATH}/v1/schools$")
_TODAY = re.compile(rf"{API_PATH}/v1/schools/(\d+)/periodAttendance$")


@dataclass(frozen=True)
class Request:
    """One request to the API, decoded as far as answers and faults need it."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def school(self) -> int | None:
        """The school that is asked for, if any."""
        in_path = _TODAY.match(self.path)
        return int(in_path[1]) if in_path else _number(self.query.get("schoolId"))

    @property
    def page(self) -> int | None:
        """The page that is asked for, if any."""
        return _number(self.query.get("page"))


@dataclass(frozen=True)
class Answer:
    """One answer; bodies with the same `key` are the same, so they are compressed once."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    key: Hashable = None


@dataclass
class Tokens:
    """Bearer tokens for one client; they expire by the server's own clock.

    `settling`: seconds in which a new token is refused. `alone`: a new token ends those before it.
    """

    client_id: str
    client_secret: str
    lifetime: float = 3600
    settling: float = 0
    alone: bool = False
    clock: Callable[[], float] = time.monotonic
    issued: int = 0
    _expiries: dict[str, float] = field(default_factory=dict)

    def issue(self, form: Mapping[str, str]) -> Answer:
        """Answer a request for a token."""
        if form.get("grant_type") != "client_credentials":
            return _error(400, "unsupported_grant_type")
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return _error(401, "invalid_client")
        if self.alone:
            self.revoke()
        token = secrets.token_urlsafe(24)
        self._expiries[token] = self.clock() + self.lifetime
        self.issued += 1
        return _json(200, {"access_token": token, "token_type": "Bearer", "expires_in": int(self.lifetime)})

    def accept(self, authorization: str) -> bool:
        """Say whether the Authorization header holds a token that is still good."""
        scheme, _, token = authorization.partition(" ")
        remaining = self._expiries.get(token, float("-inf")) - self.clock()
        return scheme == "Bearer" and 0 < remaining <= self.lifetime - self.settling

    def revoke(self) -> None:
        """Let every token die at once."""
        self._expiries.clear()

    def forget(self) -> None:
        """Let every token die, count anew, and treat new ones as at the start."""
        self.revoke()
        self.issued, self.settling, self.alone = 0, 0, False


@dataclass
class EsdApi:
    """The API over a source."""

    source: Source
    tokens: Tokens

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        if request.path == TOKEN_PATH:
            form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
            return self.tokens.issue(form) if request.method == "POST" else _error(405, "method_not_allowed")
        if not self.tokens.accept(request.headers.get("Authorization", "")):
            return _error(401, "invalid_token")
        if request.method != "GET":
            return _error(405, "method_not_allowed")
        with self.source.lock:
            return self._read(request)

    def _read(self, request: Request) -> Answer:
        if _SCHOOLS.match(request.path):
            return self._schools(request)
        if _TODAY.match(request.path):
            return self._today(request)
        if _ATTENDANCE.match(request.path):
            return self._attendance(request)
        return _error(404, "no_such_resource")

    def _schools(self, request: Request) -> Answer:
        try:
            page = Page.asked_for(request)
        except ValueError as error:
            return _error(400, str(error))
        schools = self.source.schools
        paging = {"totalPages": page.count(len(schools)), "totalCount": len(schools), "page": page.number}
        return _json(200, {"schools": schools[page.slice], "pagingInfo": paging})

    def _today(self, request: Request) -> Answer:
        rows = self._rows(request, everything=False)
        if not rows:
            return _error(404, "no_records")
        return Answer(200, _listing("periodAttendance", rows) + b"}")

    def _attendance(self, request: Request) -> Answer:
        # startDate, endDate and modifiedAfter are accepted and ignored, as the vendor's API does.
        try:
            page = Page.asked_for(request)
        except ValueError as error:
            return _error(400, str(error))
        if request.school is None:
            return _error(400, "schoolId is required")
        rows = self._rows(request, everything="schoolYearId" in request.query)
        written = self.source.written(request.school)
        if not rows or (written and request.query["schoolId"] not in written):
            return _error(404, "no_records")
        paging = {"pageCount": page.count(len(rows)), "totalCount": len(rows)}
        paging |= {"page": page.number, "pageSize": page.size}
        body = _listing("periodAttendanceList", rows[page.slice])
        key = (self.source.version, request.path, *sorted(request.query.items()))
        return Answer(200, body + b',"pagingInfo":' + orjson.dumps(paging) + b"}", key=key)

    def _rows(self, request: Request, *, everything: bool) -> Sequence[Row]:
        """Give the rows asked for, in the order asked for: by date, by `modifiedOn`, by anything else: by id.

        `undated` is no parameter of the vendor's API: faults set it (see `order.by_modification`).
        """
        school, year = request.school or 0, request.query.get("schoolYearId", str(SCHOOL_YEAR_ID))
        order, undated = request.query.get("sortField", "id"), request.query.get("undated", "oldest")
        rows = self.source.bodies(school, order, undated)
        if year != str(SCHOOL_YEAR_ID):
            rows = self.source.other_year(_number(year) or 0, school)
        if not everything:
            today = self.source.today
            rows = [row for row in rows if row.day == today]
        return rows[::-1] if request.query.get("sortDirection") == "Descending" else rows


@dataclass(frozen=True)
class Page:
    """Which part of a listing is asked for; pages count from 1."""

    number: int
    size: int

    @classmethod
    def asked_for(cls, request: Request) -> Page:
        """Read page and pageSize; ValueError when one of them is no positive number."""
        number = _number(request.query.get("page", "1"))
        size = _number(request.query.get("pageSize", str(DEFAULT_PAGE_SIZE)))
        if not number or not size:
            raise ValueError("page and pageSize are positive numbers")
        return cls(number, size)

    @property
    def slice(self) -> slice:
        """The part of the listing that is this page."""
        return slice((self.number - 1) * self.size, self.number * self.size)

    def count(self, total: int) -> int:
        """Say how many pages of this size hold `total` rows."""
        return -(-total // self.size)


def _listing(name: str, rows: Sequence[Row]) -> bytes:
    return b'{"%s":[%s]' % (name.encode(), b",".join([row.body for row in rows]))


def _json(status: int, content: object) -> Answer:
    return Answer(status, orjson.dumps(content))


def _error(status: int, error: str) -> Answer:
    return _json(status, {"error": error})


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.strip().isdigit() else None
