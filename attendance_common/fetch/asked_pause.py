"""Reads from an answer's headers how long to wait: `Retry-After`, or the reset time of a rate limit."""

from __future__ import annotations

import datetime as dt
import email.utils
import re
import time
from collections.abc import Mapping

_NUMBER = re.compile(r"\d+(\.\d+)?", re.ASCII)
_RESETS = ("RateLimit-Reset", "X-RateLimit-Reset", "X-Rate-Limit-Reset")
_EPOCH = 1e9  # a greater number is seconds since 1970, a smaller one seconds from now
_EPOCH_IN_MS = 1e11  # a greater number is milliseconds since 1970


def asked_pause(status: int, headers: Mapping[str, str]) -> float | None:
    """Seconds to wait before the next try; None when the headers say nothing that can be read.

    `Retry-After` has priority. The reset time counts only with 429: other answers may have it, too.
    """
    pause = retry_after(headers.get("Retry-After"))
    if pause is not None or status != 429:
        return pause
    resets = (quota_reset(headers.get(name)) for name in _RESETS)
    return next((reset for reset in resets if reset is not None), None)


def retry_after(value: str | None) -> float | None:
    """`Retry-After` in seconds from now: a number or an HTTP date (RFC 9110, 10.2.3); None for neither."""
    if value is None:
        return None
    seconds = _number(value)
    return _until(value) if seconds is None else seconds


def quota_reset(value: str | None) -> float | None:
    """When the rate limit is reset, in seconds from now; None when that is past, or cannot be read.

    `value`: seconds from now, seconds or milliseconds since 1970, or an HTTP date.
    """
    if value is None:
        return None
    number = _number(value)
    if number is None:
        seconds = _until(value)
    elif number < _EPOCH:
        seconds = number
    else:
        seconds = (number / 1000 if number >= _EPOCH_IN_MS else number) - time.time()
    return seconds if seconds is not None and seconds > 0 else None


def _number(value: str) -> float | None:
    digits = value.strip()
    return float(digits) if _NUMBER.fullmatch(digits) else None


def _until(value: str) -> float | None:
    """Seconds from now to an HTTP date; 0 when it is past, None when it is no HTTP date."""
    try:
        date = email.utils.parsedate_to_datetime(value)
        if date.tzinfo is None:
            date = date.replace(tzinfo=dt.timezone.utc)
        return max(0.0, date.timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
