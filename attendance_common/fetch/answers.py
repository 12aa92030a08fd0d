"""Interprets the answers of the API: is it the list that was asked for, may the fault pass, or does it stay?

| answer | means |
| --- | --- |
| 200 with JSON | the list; the code that reads it checks its content |
| 204; 404 with JSON or without a body | there are no records |
| 404 with anything else; 200 without JSON | a page of a proxy, a login or a maintenance: may pass |
| any other 2xx | the list is not ready, or not whole: may pass |
| 3xx | leads to a login or to another address: stays |
| 403 | the API client may not read this: stays |
| 408, 409, 421, 423, 424, 425, 429 | may pass |
| any other 4xx | a setting or the API has changed: stays |
| 501, 505, 511 | stays |
| any other 5xx, those of Cloudflare (520 to 530) among them | may pass |

A fault that may pass raises TemporaryFault, and the request is tried again. A fault that stays raises
SourceError. The caller handles 401, since it has the token. A sentence names status and content type, never
the body.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

import requests

from attendance_common.errors import SourceError
from attendance_common.fetch.asked_pause import asked_pause
from attendance_common.fetch.faults import TemporaryFault

NO_RECORDS = 404
_PASSES = {408, 409, 421, 423, 424, 425, 429}
_STAYS = {501, 505, 511}
_MEDIA_TYPE = re.compile(r"[a-z]{1,20}/[a-z0-9.+-]{1,60}", re.ASCII)
_HOST = re.compile(r"[a-z0-9.-]{1,253}", re.ASCII)

PAGE_CURE = "the source may be under maintenance: run again later; if it stays so, check ESD_API_URL"
_BUSY_CURE = "the source is at fault: run again later; if it stays so, tell its operator"
_QUOTA_CURE = "the source allows fewer requests: lower ESD_CONCURRENCY, or raise ESD_ATTEMPTS"
_CURES = {
    400: "check ESD_API_URL, ESD_PAGE_SIZE and ESD_SCHOOL_YEAR_ID",
    511: "log this machine in to its network",
}


class Forbidden(SourceError):
    """The API client may not read what was asked for (403)."""


def checked(answer: requests.Response, path: str, accepted: Collection[int] = ()) -> requests.Response:
    """The answer, when it is a list (200), says that there are no records (404), or has an `accepted` status.

    204 is returned as 404, so that one status means no records. Raises the fault that the table names.
    """
    status = answer.status_code
    if status == 204 or (status == 404 and _says_no_records(answer.content)):
        answer.status_code = NO_RECORDS
        return answer
    if status == 200:
        if not _begins_as_json(answer.content):
            raise TemporaryFault(f"{described(answer)}, which is no JSON", cure=PAGE_CURE)
        return answer
    if status == 404:
        raise TemporaryFault(f"{described(answer)}, which is no answer of the API", cure=PAGE_CURE)
    if status in accepted:
        return answer
    if 200 < status < 300:
        raise TemporaryFault(f"{described(answer)} in place of 200", cure=_BUSY_CURE)
    if passes(status):
        raise temporary(answer, described(answer))
    raise _lasting(answer, path)


def passes(status: int) -> bool:
    """Whether an error with this status may be gone at the next try."""
    return status in _PASSES or (status >= 500 and status not in _STAYS)


def temporary(answer: requests.Response, reason: str) -> TemporaryFault:
    """The fault of an answer whose status may pass, with the pause that it asks for."""
    status = answer.status_code
    pause = asked_pause(status, answer.headers)
    quota = status == 429 or (status == 503 and pause is not None)
    cure = _QUOTA_CURE if quota else _BUSY_CURE
    return TemporaryFault(reason, pause, slow=status in (429, 503), quota=quota, cure=cure)


def _lasting(answer: requests.Response, path: str) -> SourceError:
    """The error of an answer whose fault stays."""
    description = described(answer)
    if answer.status_code == 403:
        cure = "the API client of ESD_SECRET_ID may not read it: ask ESD's operator for the right"
        return Forbidden(f"ESD refuses {path} with {description}: {cure}", to_mend=True)
    cure = _CURES.get(answer.status_code, "check ESD_API_URL")
    return SourceError(f"ESD answers {path} with {description}: {cure}", to_mend=True)


def described(answer: requests.Response) -> str:
    """An answer in words without a secret, such as `status 302 (text/html), a redirect to login.example`."""
    kind = content_type(answer)
    status = f"status {answer.status_code} ({kind})" if kind else f"status {answer.status_code}"
    if not 300 <= answer.status_code < 400:
        return status
    host = _host(answer.headers.get("Location", ""))
    return f"{status}, a redirect to {host}" if host else f"{status}, a redirect"


def content_type(answer: requests.Response) -> str:
    """The media type of an answer, without parameters; empty when its header has none."""
    kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return kind if _MEDIA_TYPE.fullmatch(kind) else ""


def _host(location: str) -> str:
    try:
        host = urlsplit(location).hostname or ""
    except ValueError:
        return ""
    return host if _HOST.fullmatch(host) else ""


def decoded(body: bytes) -> Any:
    """The decoded JSON of a body; raises ValueError when it is not JSON."""
    try:
        return json.loads(body)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def says_error(body: bytes) -> bool:
    """Whether a JSON object reports an error: `{"error": …}`, `{"errors": […]}`, `{"success": false}`."""
    try:
        said = decoded(body)
    except ValueError:
        return False
    if not isinstance(said, dict):
        return False
    return said.get("success") is False or bool(said.get("error") or said.get("errors"))


def _says_no_records(body: bytes) -> bool:
    """Whether the body of a 404 is empty or JSON. A number does not count as JSON: `404` is a text."""
    if not body.strip():
        return True
    try:
        return isinstance(decoded(body), dict | list | str | None)
    except ValueError:
        return False


def _begins_as_json(body: bytes) -> bool:
    return body.lstrip()[:1] in (b"{", b"[")
