"""What goes wrong at the source, on demand: rules that match requests and spoil their answers."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from threading import Event, Lock
from typing import Any

import orjson

from . import changes
from .api import Answer, Request, Tokens
from .order import UNDATED, by_modification
from .source import Source, to_row

Answering = Callable[[Request], Answer]
Change = Callable[[Source, int], object]
CHANGES: dict[str, Change] = {
    change.__name__: change
    for change in (changes.appear, changes.appear_last, changes.vanish, changes.move, changes.correct)
}


class Dropped(Exception):
    """The connection ends without an answer."""


@dataclass(frozen=True)
class Spoiled(Answer):
    """An answer of which only a part is sent: then the connection is closed, or reset."""

    sent: float = 0.5  # share of the body
    reset: bool = False


@dataclass(frozen=True)
class Dripping(Answer):
    """An answer whose body is sent byte by byte, so many seconds apart; the rest at once when released."""

    seconds: float = 1.0
    released: Event = field(default_factory=Event)


@dataclass
class Fault:
    """A rule: which requests it meets (all that are named must fit), and what it does to them.

    `skip` requests that fit pass unharmed, the next `times` are spoiled (None: all of them). `kind` is a key
    of KINDS. The rest are the parameters of the kinds: status and retry_after (seconds, or a date when
    `retry_after_as_date`) for `status`; seconds for `slow`, `drip` and `hang` (None: until released);
    status, headers and body for `answer`; of_page for `repeat_page` and `same_page`; size for `page_size`;
    paging for `paging`; rewrite for `rewrite`; change (a name in CHANGES, or a function) for `change`;
    undated (see `order.by_modification`) for `undated`. `sort_field`: only requests that ask for this order.
    """

    kind: str
    path: str = "/v1/periodAttendance"
    school: int | None = None
    page: int | None = None
    sort_field: str | None = None
    skip: int = 0
    times: int | None = 1
    status: int = 503
    retry_after: float | None = None
    retry_after_as_date: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | bytes = ""
    seconds: float | None = None
    of_page: int = 1
    size: int = 50
    paging: object = None
    rewrite: Callable[[Any], object] = lambda content: content
    change: str | Change = "appear"
    undated: str = "newest"
    met: int = field(default=0, init=False)  # requests that fitted
    done: int = field(default=0, init=False)  # requests that were spoiled

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"no fault of kind {self.kind!r}; there are: {', '.join(sorted(KINDS))}")
        if isinstance(self.change, str) and self.change not in CHANGES:
            raise ValueError(f"no change {self.change!r}; there are: {', '.join(sorted(CHANGES))}")
        if self.undated not in UNDATED:
            raise ValueError(f"no place {self.undated!r} of undated records; there are: {', '.join(UNDATED)}")

    def fits(self, request: Request) -> bool:
        """Say whether the rule is about such a request at all."""
        return (
            re.search(self.path, request.path) is not None
            and self.school in (None, request.school)
            and self.page in (None, request.page)
            and self.sort_field in (None, request.query.get("sortField"))
        )

    def is_due(self, request: Request) -> bool:
        """Count the request and say whether it is to be spoiled."""
        if not self.fits(request):
            return False
        self.met += 1
        due = self.met > self.skip and (self.times is None or self.done < self.times)
        self.done += due
        return due


@dataclass(frozen=True)
class Exchange:
    """One request on its way: what a fault may use and change."""

    fault: Fault
    request: Request
    proceed: Answering
    source: Source
    tokens: Tokens
    released: Event


class FaultPlan:
    """The rules in force. The first that is due decides; the next see what it lets through."""

    def __init__(self, source: Source, tokens: Tokens) -> None:
        self.source, self.tokens = source, tokens
        self._released = Event()
        self._faults: list[Fault] = []
        self._lock = Lock()

    def add(self, *faults: Fault) -> None:
        """Put rules in force, after those that are already."""
        with self._lock:
            self._faults.extend(faults)

    def clear(self) -> None:
        """Lift every rule and let go of whoever hangs."""
        with self._lock:
            self._faults.clear()
            self._released.set()
            self._released = Event()

    def counts(self) -> list[dict[str, Any]]:
        """Say of each rule how many requests it met and spoiled."""
        with self._lock:
            return [{"kind": fault.kind, "met": fault.met, "done": fault.done} for fault in self._faults]

    def apply(self, request: Request, answer: Answering) -> Answer:
        """Answer a request through the rules that are due; Dropped when there is to be no answer."""
        with self._lock:
            due = [fault for fault in self._faults if fault.is_due(request)]
            released = self._released
        for fault in reversed(due):
            answer = self._through(fault, answer, released)
        return answer(request)

    def _through(self, fault: Fault, answer: Answering, released: Event) -> Answering:
        def spoiled(request: Request) -> Answer:
            exchange = Exchange(fault, request, answer, self.source, self.tokens, released)
            return KINDS[fault.kind](exchange)

        return spoiled


def _status(exchange: Exchange) -> Answer:
    """Answer with a status, and perhaps with Retry-After."""
    fault = exchange.fault
    headers = {"Content-Type": "application/json"}
    if fault.retry_after is not None:
        at = formatdate(time.time() + fault.retry_after, usegmt=True)
        headers["Retry-After"] = at if fault.retry_after_as_date else f"{fault.retry_after:g}"
    return Answer(fault.status, b'{"error":"the source is not well"}', headers)


def _answer(exchange: Exchange) -> Answer:
    """Answer with this status, these headers and this body, and nothing else."""
    fault = exchange.fault
    body = fault.body.encode() if isinstance(fault.body, str) else fault.body
    return Answer(fault.status, body, fault.headers)


def _html(exchange: Exchange) -> Answer:
    """Answer with a page for people, and status 200."""
    page = b"<!DOCTYPE html><html><body><h1>Scheduled maintenance</h1></body></html>"
    return Answer(200, page, {"Content-Type": "text/html"})


def _cut(exchange: Exchange) -> Answer:
    """Send half of the body, then close."""
    return _spoiled(exchange.proceed(exchange.request), reset=False)


def _reset(exchange: Exchange) -> Answer:
    """Send half of the body, then reset the connection."""
    return _spoiled(exchange.proceed(exchange.request), reset=True)


def _spoiled(answer: Answer, *, reset: bool) -> Spoiled:
    return Spoiled(answer.status, answer.body, answer.headers, answer.key, reset=reset)


def _drop(exchange: Exchange) -> Answer:
    """Close the connection without an answer."""
    raise Dropped


def _hang(exchange: Exchange) -> Answer:
    """Say nothing for so many seconds, or until released, then close the connection."""
    exchange.released.wait(exchange.fault.seconds)
    raise Dropped


def _slow(exchange: Exchange) -> Answer:
    """Answer rightly, so many seconds late (sooner when released)."""
    exchange.released.wait(exchange.fault.seconds or 0)
    return exchange.proceed(exchange.request)


def _drip(exchange: Exchange) -> Answer:
    """Answer rightly, a byte every so many seconds."""
    answer = exchange.proceed(exchange.request)
    seconds = exchange.fault.seconds or 1.0
    return Dripping(answer.status, answer.body, answer.headers, answer.key, seconds, exchange.released)


def _expire_tokens(exchange: Exchange) -> Answer:
    """Let every token die now, so that this request gets a 401 and a new token works again."""
    exchange.tokens.revoke()
    return exchange.proceed(exchange.request)


def _with_query(exchange: Exchange, **members: object) -> Answer:
    """Answer as if the request had these members in its query."""
    texts = {name: str(value) for name, value in members.items()}
    return exchange.proceed(replace(exchange.request, query={**exchange.request.query, **texts}))


def _same_page(exchange: Exchange) -> Answer:
    """Pay no heed to the page that is asked for."""
    return _with_query(exchange, page=exchange.fault.of_page)


def _page_size(exchange: Exchange) -> Answer:
    """Pay no heed to the page size that is asked for."""
    return _with_query(exchange, pageSize=exchange.fault.size)


def _from_page_0(exchange: Exchange) -> Answer:
    """Count pages from 0."""
    return _with_query(exchange, page=(exchange.request.page or 0) + 1)


def _replaced_paging(exchange: Exchange) -> Answer:
    """Say this in place of the paging."""
    paging = exchange.fault.paging
    return _edited(exchange.proceed(exchange.request), lambda content: {**content, "pagingInfo": paging})


def _rewrite(exchange: Exchange) -> Answer:
    """Send what the function makes of the content."""
    return _edited(exchange.proceed(exchange.request), exchange.fault.rewrite)


def _repeat_page(exchange: Exchange) -> Answer:
    """Answer with another page's rows, whatever page is asked for, and no word of a last page."""
    answer = _same_page(exchange)

    def never_ending(content: dict[str, Any]) -> object:
        page = exchange.request.page or 1
        return content | {"pagingInfo": content["pagingInfo"] | {"page": page, "pageCount": page + 1}}

    return _edited(answer, never_ending)


def _count_without_rows(exchange: Exchange) -> Answer:
    """Count 100 and send none."""

    def emptied(content: dict[str, Any]) -> object:
        return content | {
            "periodAttendanceList": [],
            "pagingInfo": content["pagingInfo"] | {"totalCount": 100},
        }

    return _edited(exchange.proceed(exchange.request), emptied)


def _no_page_count(exchange: Exchange) -> Answer:
    """Leave the number of pages out."""
    return _edited(exchange.proceed(exchange.request), lambda content: _paging(content, without="pageCount"))


def _total_pages(exchange: Exchange) -> Answer:
    """Say totalPages in place of pageCount."""

    def renamed(content: dict[str, Any]) -> object:
        total = content["pagingInfo"]["pageCount"]
        return _paging(content, without="pageCount", totalPages=total)

    return _edited(exchange.proceed(exchange.request), renamed)


def _bare_list(exchange: Exchange) -> Answer:
    """Send the rows as a list, without paging."""

    def only_rows(content: dict[str, Any]) -> object:
        return next(rows for rows in content.values() if isinstance(rows, list))

    return _edited(exchange.proceed(exchange.request), only_rows)


def _no_schools(exchange: Exchange) -> Answer:
    """Send an empty list of schools."""

    def emptied(content: dict[str, Any]) -> object:
        return content | {"schools": []}

    return _edited(exchange.proceed(exchange.request), emptied)


def _unsorted(exchange: Exchange) -> Answer:
    """Pay no heed to the field that is to be sorted by."""
    return exchange.proceed(_without("sortField", exchange.request))


def _ascending(exchange: Exchange) -> Answer:
    """Pay no heed to the direction that is to be sorted in."""
    return exchange.proceed(_without("sortDirection", exchange.request))


def _by_date(exchange: Exchange) -> Answer:
    """Sort by date, whatever is to be sorted by."""
    return _with_query(exchange, sortField="date")


def _sorted_pages(exchange: Exchange) -> Answer:
    """Sort the list by date, and by `modifiedOn` only what is on a page."""
    down = exchange.request.query.get("sortDirection") == "Descending"

    def sorted_page(content: dict[str, Any]) -> object:
        rows = by_modification(map(to_row, content["periodAttendanceList"]))
        return content | {
            "periodAttendanceList": [orjson.loads(row.body) for row in rows[:: -1 if down else 1]]
        }

    return _edited(_by_date(exchange), sorted_page)


def _undated(exchange: Exchange) -> Answer:
    """Put records without a readable `modifiedOn` where the fault says."""
    return _with_query(exchange, undated=exchange.fault.undated)


def _without(name: str, request: Request) -> Request:
    return replace(request, query={key: value for key, value in request.query.items() if key != name})


def _change(exchange: Exchange) -> Answer:
    """Change the source, then answer from what it is now."""
    change, school = exchange.fault.change, exchange.request.school or 0
    (CHANGES[change] if isinstance(change, str) else change)(exchange.source, school)
    return exchange.proceed(exchange.request)


def _paging(content: Mapping[str, Any], *, without: str, **more: object) -> object:
    kept = {name: value for name, value in content["pagingInfo"].items() if name != without}
    return {**content, "pagingInfo": kept | more}


def _edited(answer: Answer, edit: Callable[[dict[str, Any]], object]) -> Answer:
    """Change what a good answer says; one that is no good stays as it is."""
    if answer.status != 200:
        return answer
    return replace(answer, body=orjson.dumps(edit(orjson.loads(answer.body))), key=None)


KINDS: dict[str, Callable[[Exchange], Answer]] = {
    "status": _status,
    "answer": _answer,
    "html": _html,
    "cut": _cut,
    "reset": _reset,
    "drop": _drop,
    "hang": _hang,
    "slow": _slow,
    "drip": _drip,
    "expire_tokens": _expire_tokens,
    "repeat_page": _repeat_page,
    "same_page": _same_page,
    "page_size": _page_size,
    "from_page_0": _from_page_0,
    "paging": _replaced_paging,
    "rewrite": _rewrite,
    "count_without_rows": _count_without_rows,
    "no_page_count": _no_page_count,
    "total_pages": _total_pages,
    "bare_list": _bare_list,
    "no_schools": _no_schools,
    "unsorted": _unsorted,
    "ascending": _ascending,
    "by_date": _by_date,
    "sorted_pages": _sorted_pages,
    "undated": _undated,
    "change": _change,
}
