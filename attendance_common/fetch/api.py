"""The ESD REST API: the token, and any GET.

Every call has a timeout, and a time in which its answer must have come whole. What may pass (429, 5xx, an
HTML page, a broken connection) is tried again with growing pauses, `Retry-After` obeyed; what stays ends in a
SourceError that names the cure.
"""

from __future__ import annotations

import email.utils
import io
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import requests
import stamina
import stamina.instrumentation
import urllib3

from attendance_common.config import FetcherSettings, secure_url
from attendance_common.errors import AwsError, SourceError, is_untrusted_certificate
from attendance_common.log import event, log

stamina.instrumentation.set_on_retry_hooks([])  # retries are told below, in this project's words

SECRET_KEYS = ("ESD_URL", "ESD_CLIENT_ID", "ESD_SECRET_KEY")
CONNECT_SECONDS = 10
LONGEST_PAUSE = 30.0
LONGEST_ASKED_PAUSE = 4 * 3600.0  # more than a token lives, less than a night
GIVE_UP_AFTER = 3600.0
WHOLE = 5  # times ESD_TIMEOUT: what an answer may take in all, since a body that drips is never silent
RENEWALS = 3  # of a token that is refused, for one request: another thread's 401 may end the new one, too
_PIECE = 2**16


class TemporaryFault(Exception):
    """It may pass; `pause` is what the source asked for, in seconds; `slow`: it has too much to do."""

    def __init__(self, reason: str, pause: float | None = None, *, slow: bool = False) -> None:
        super().__init__(reason)
        self.pause = pause
        self.slow = slow


def retry_after(value: str | None) -> float | None:
    """`Retry-After` in seconds from now: a number or an HTTP date (RFC 9110, 10.2.3); None for neither."""
    if value is None:
        return None
    digits = value.strip()
    if digits.isascii() and digits.isdigit():
        return float(digits)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None


class Token:
    """The API's token, shared by all threads; renewed before it ends, and once for all when it is refused."""

    def __init__(self, ask: Callable[[], tuple[str, float]]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._value = ""
        self._renew_at = 0.0

    def current(self, refused: str | None = None) -> str:
        """The token to use now; `refused` is one that the API answered with 401."""
        with self._lock:
            if time.monotonic() >= self._renew_at or self._value == refused:
                self._value, life = self._ask()
                self._renew_at = time.monotonic() + 0.9 * life
            return self._value


class Pace:
    """How many requests may be under way: halved when the source asks for less, back one by one after."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._allowed = float(most)
        self._under_way = 0
        self._slowed_at = 0.0
        self._free = threading.Condition()

    @property
    def allowed(self) -> int:
        """How many may be under way now."""
        return int(self._allowed)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until one more request may be under way; a TemporaryFault that is `slow` lowers the pace."""
        with self._free:
            self._free.wait_for(lambda: self._under_way < self.allowed)
            self._under_way += 1
            begun = time.monotonic()
        try:
            yield
        except TemporaryFault as fault:
            self._ended(begun, slower=fault.slow)
            raise
        except BaseException:
            self._ended(begun)
            raise
        self._ended(begun, faster=True)

    def _ended(self, begun: float, *, slower: bool = False, faster: bool = False) -> None:
        with self._free:
            self._under_way -= 1
            if slower and begun > self._slowed_at:  # once for all that were under way together
                before, self._allowed = self.allowed, max(1.0, self.allowed / 2)
                self._slowed_at = time.monotonic()
                if self.allowed < before:
                    log.info("the source asks for less: %d at a time", self.allowed, extra=event("slowed"))
            if faster:
                self._allowed = min(float(self._most), self._allowed + 1 / self._allowed)
            self._free.notify_all()


class EsdApi:
    """A session with the API. Every call has a timeout; what may pass raises TemporaryFault."""

    def __init__(self, settings: FetcherSettings, secret: dict[str, str]) -> None:
        self._settings = settings
        self._token_url = token_url(secret)
        self._form = {
            "grant_type": "client_credentials",
            "client_id": secret["ESD_CLIENT_ID"],
            "client_secret": secret["ESD_SECRET_KEY"],
        }
        self._token = Token(self._ask_for_token)
        self._pace = Pace(settings.concurrency)
        self._session = requests.Session()
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=settings.concurrency)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def get(self, path: str, parameters: dict[str, Any], accepted: Collection[int] = ()) -> requests.Response:
        """GET below the API's URL: an answer with status 200, or 404, which means that there is nothing.

        `accepted`: other statuses that are an answer, too.
        """
        token = self._token.current()
        answer = self._get_with(token, path, parameters)
        for _ in range(RENEWALS):
            if answer.status_code != 401:  # the token ended before it said it would
                break
            token = self._token.current(refused=token)
            answer = self._get_with(token, path, parameters)
        if answer.status_code == 401:
            reason = f"ESD refuses {path} even with a fresh token: check the API client's rights"
            raise SourceError(reason, to_mend=True)
        if answer.status_code not in (200, 404, *accepted):
            reason = f"ESD answers {path} with status {answer.status_code}: check ESD_API_URL"
            raise SourceError(reason, to_mend=True)
        return answer

    def _get_with(self, token: str, path: str, parameters: dict[str, Any]) -> requests.Response:
        def bearer(request: requests.PreparedRequest) -> requests.PreparedRequest:
            request.headers["Authorization"] = f"Bearer {token}"
            return request

        # As auth, not as a header: requests lets a .netrc entry overwrite a header.
        with self._pace.turn():
            return self._send("GET", f"{self._settings.api_url}{path}", params=parameters, auth=bearer)

    def _ask_for_token(self) -> tuple[str, float]:
        answer = self._send("POST", self._token_url, data=self._form)
        if answer.status_code != 200:
            raise SourceError(
                f"ESD gives no token (status {answer.status_code}): "
                f"check {', '.join(SECRET_KEYS)} in the secret {self._settings.secret_id!r}",
                to_mend=True,
            )
        try:
            told = answer.json()
            return str(told["access_token"]), float(told.get("expires_in") or 3600)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise TemporaryFault("an answer without a token") from None  # its text could hold one

    def _send(self, method: str, url: str, **request: Any) -> requests.Response:
        begun, parameters = time.monotonic(), request.get("params", {})
        try:
            answer = self._answer(method, url, **request)
        except (TimeoutError, requests.RequestException, urllib3.exceptions.HTTPError) as error:
            _log_request(method, url, parameters, type(error).__name__, begun)
            raise self._fault(error) from error
        _log_request(method, url, parameters, answer.status_code, begun)
        if answer.status_code in (408, 429) or answer.status_code >= 500:
            pause = retry_after(answer.headers.get("Retry-After"))
            slow = answer.status_code in (429, 503)
            raise TemporaryFault(f"status {answer.status_code}", pause, slow=slow)
        return answer

    def _answer(self, method: str, url: str, **request: Any) -> requests.Response:
        timeout = (CONNECT_SECONDS, self._settings.timeout)
        until = time.monotonic() + WHOLE * self._settings.timeout
        answer = self._session.request(
            method, url, timeout=timeout, allow_redirects=False, stream=True, **request
        )
        _take_in(answer, until)
        return answer

    def _fault(self, error: Exception) -> TemporaryFault | SourceError:
        """What it means that there is no whole answer."""
        if isinstance(error, TimeoutError):
            sentence = (
                f"no whole answer in {WHOLE * self._settings.timeout} seconds ({WHOLE} times ESD_TIMEOUT)"
            )
            return TemporaryFault(f"{sentence}: check the network, or raise ESD_TIMEOUT")
        if is_untrusted_certificate(error):
            sentence = "ESD's TLS certificate is not trusted: check ESD_API_URL, ESD_URL"
            return SourceError(sentence, to_mend=True)
        if isinstance(error, requests.Timeout | urllib3.exceptions.ReadTimeoutError):
            return TemporaryFault("no answer in time: check ESD_API_URL, ESD_TIMEOUT")
        sentence = f"the connection failed ({type(error).__name__}): check the network and ESD_API_URL"
        return TemporaryFault(sentence)


def _log_request(method: str, url: str, parameters: dict[str, Any], outcome: int | str, begun: float) -> None:
    """With --verbose: what was asked for, the status or the kind of failure, the time; no other parameter."""
    school = parameters.get("schoolId")
    named = [f"{name}={parameters[name]}" for name in ("schoolId", "page") if name in parameters]
    what, seconds = " ".join([method, urlsplit(url).path, *named]), time.monotonic() - begun
    log.debug("ESD %s: %s in %.3f s", what, outcome, seconds, extra=event("request", school=school))


def _take_in(answer: requests.Response, until: float) -> None:
    """Read the body, piece by piece as it comes; raises TimeoutError when its time is over before it ends.

    It is unpacked when it is whole, and at once: the reader of a compressed body waits for what can be
    unpacked, and requests takes it in small pieces.
    """
    pieces: list[bytes] = []
    while piece := answer.raw.read1(_PIECE, decode_content=False):
        pieces.append(piece)
        if time.monotonic() > until:
            answer.close()
            raise TimeoutError
    packed = urllib3.HTTPResponse(
        io.BytesIO(b"".join(pieces)), answer.raw.headers, preload_content=False, enforce_content_length=False
    )
    answer.raw = io.BytesIO(packed.data)


def token_url(secret: dict[str, str]) -> str:
    """The token's URL; raises AwsError when a secret would travel in the open."""
    try:
        return secure_url(str(secret["ESD_URL"]))
    except ValueError as fault:
        raise AwsError(f"ESD_URL in the secret {fault}", to_mend=True) from fault


def patiently(what: str, attempts: int, ask: Callable[[], Any]) -> Any:
    """Call `ask` until it answers; a TemporaryFault leads to the next try, the last one to a SourceError."""

    def again(error: Exception) -> bool | float:
        if not isinstance(error, TemporaryFault) or (error.pause or 0.0) > LONGEST_ASKED_PAUSE:
            return False
        if attempt.num < attempts:
            log.info("%s: %s; trying again", what, error, extra=event("retry"))
        return True if error.pause is None else error.pause

    tries = stamina.retry_context(
        on=again, attempts=attempts, timeout=GIVE_UP_AFTER, wait_initial=0.5, wait_max=LONGEST_PAUSE
    )
    try:
        for attempt in tries:
            with attempt:
                return ask()
    except TemporaryFault as fault:
        raise SourceError(f"{fault}, after {attempt.num} tries", what=what) from fault
