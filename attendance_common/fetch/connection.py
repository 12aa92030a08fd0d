"""HTTP requests to the API and its token server: each returns a whole answer, or fails in limited time."""

from __future__ import annotations

import io
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3

from attendance_common import proxies
from attendance_common.config import FetcherSettings, proxy_variables
from attendance_common.errors import SourceError, is_untrusted_certificate
from attendance_common.fetch.answers import described
from attendance_common.fetch.body_text import as_utf8
from attendance_common.fetch.faults import NoAnswerInTime, TemporaryFault
from attendance_common.log import event, log

CONNECT_SECONDS = 10
# A whole answer may take so many times ESD_TIMEOUT: the timeout of requests never ends a body that arrives
# byte by byte.
WHOLE = 5
_PIECE = 2**16  # bytes


@dataclass(frozen=True)
class Server:
    """A server: its name in sentences, and the setting that has its URL."""

    name: str
    setting: str


class _Session(requests.Session):
    def get_redirect_target(self, resp: requests.Response) -> None:
        """None. Otherwise requests prepares the redirected request, which it is not to send, and may fail."""


class Connection:
    """The connections to the API and its token server, shared by all threads."""

    def __init__(self, settings: FetcherSettings) -> None:
        self._timeout = settings.timeout
        self._session = _Session()
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=settings.concurrency)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def send(self, server: Server, method: str, url: str, **request: Any) -> requests.Response:
        """Send a request, and return the whole answer, whatever its status. Redirects are not followed.

        Raises TemporaryFault when no answer arrives, and SourceError when only a person can mend the cause:
        the server's certificate, or the proxy.
        """
        begun, parameters = time.monotonic(), request.get("params", {})
        try:
            answer = self._answer(method, url, **request)
        except (TimeoutError, requests.RequestException, urllib3.exceptions.HTTPError) as error:
            _log_request(method, url, parameters, type(error).__name__, begun)
            raise self._fault(error, server) from error
        _log_request(method, url, parameters, answer.status_code, begun)
        if answer.status_code == proxies.PASSWORD_WANTED:
            raise _of_proxy(proxies.password_wanted(proxy_variables()))
        return answer

    def _answer(self, method: str, url: str, **request: Any) -> requests.Response:
        timeout = (CONNECT_SECONDS, self._timeout)
        until = time.monotonic() + WHOLE * self._timeout
        answer = self._session.request(
            method, url, timeout=timeout, allow_redirects=False, stream=True, **request
        )
        body = _decompressed(answer, _received(answer, until))
        answer.raw = io.BytesIO(as_utf8(body, answer.headers.get("Content-Type", "")))
        return answer

    def _fault(self, error: Exception, server: Server) -> TemporaryFault | SourceError:
        """The error for a request that got no whole answer."""
        if isinstance(error, TimeoutError):
            seconds = f"{WHOLE * self._timeout} seconds ({WHOLE} times ESD_TIMEOUT)"
            reason = f"no whole answer of {server.name} in {seconds}"
            return NoAnswerInTime(reason, cure="check the network, or raise ESD_TIMEOUT")
        if is_untrusted_certificate(error):
            sentence = f"{server.name}'s TLS certificate is not trusted: check {server.setting}"
            cure = "the path of an own CA's file goes into REQUESTS_CA_BUNDLE"
            return SourceError(f"{sentence}; {cure}", to_mend=True)
        if proxy := proxies.fault(error, proxy_variables()):
            return _of_proxy(proxy)
        if isinstance(error, requests.Timeout | urllib3.exceptions.ReadTimeoutError):
            reason = f"no answer of {server.name} in time"
            kind = TemporaryFault if isinstance(error, requests.ConnectTimeout) else NoAnswerInTime
            return kind(reason, cure=f"check {server.setting}, or raise ESD_TIMEOUT")
        reason = f"the connection to {server.name} failed ({_kind(error)})"
        return TemporaryFault(reason, cure=f"check the network and {server.setting}")


def _of_proxy(fault: proxies.ProxyFault) -> TemporaryFault | SourceError:
    if fault.to_mend:
        return SourceError(fault.sentence, to_mend=True)
    return TemporaryFault(fault.sentence)


def _kind(error: Exception) -> str:
    """The type of the error that caused the one of requests, such as NameResolutionError."""
    wrapped = error.args[0] if error.args else None
    return type(getattr(wrapped, "reason", None) or error).__name__


def _log_request(method: str, url: str, parameters: dict[str, Any], outcome: int | str, begun: float) -> None:
    """With --verbose: log path, school, page, the status or the type of failure, and the seconds."""
    school = int(parameters["schoolId"]) if "schoolId" in parameters else None
    named = [f"{name}={parameters[name]}" for name in ("schoolId", "page") if name in parameters]
    what, seconds = " ".join([method, urlsplit(url).path, *named]), time.monotonic() - begun
    log.debug("ESD %s: %s in %.3f s", what, outcome, seconds, extra=event("request", school=school))


def _received(answer: requests.Response, until: float) -> bytes:
    """The body as it was sent. Read it piece by piece as it arrives; raise TimeoutError after `until`."""
    pieces: list[bytes] = []
    while piece := answer.raw.read1(_PIECE, decode_content=False):
        pieces.append(piece)
        if time.monotonic() > until:
            answer.close()
            raise TimeoutError
    return b"".join(pieces)


def _decompressed(answer: requests.Response, body: bytes) -> bytes:
    """Decompress the whole body at once: streaming decompression can block, and would defeat the deadline."""
    compressed = urllib3.HTTPResponse(
        io.BytesIO(body), answer.raw.headers, preload_content=False, enforce_content_length=False
    )
    try:
        return compressed.data
    except urllib3.exceptions.DecodeError as error:
        reason = f"{described(answer)}, whose body cannot be decompressed"
        cure = "run again later; if it stays so, look for a proxy that spoils it"
        raise TemporaryFault(reason, cure=cure) from error
