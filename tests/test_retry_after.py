"""How long a source asks to wait, and whatever else a server may send there."""

from __future__ import annotations

import datetime as dt
import email.utils
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attendance_common.fetch.asked_pause import asked_pause, quota_reset, retry_after


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("7\x1f", 7.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0),
        ("", None),
        ("-5", None),
        ("1.5", 1.5),
        ("soon", None),
        ("²", None),
        ("٣", None),
        ("Fri, 31 Dec 9999 23:59:59 +9999999999999", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert retry_after(value) == seconds


def test_retry_after_as_a_date() -> None:
    ahead = dt.datetime.now(dt.timezone.utc) + dt.timedelta(seconds=90)
    seconds = retry_after(email.utils.format_datetime(ahead, usegmt=True))
    assert seconds is not None
    assert 60 < seconds <= 90


@given(st.text(st.characters(max_codepoint=255), max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_retry_after_is_seconds_or_none(value: str) -> None:
    seconds = retry_after(value)
    assert seconds is None or seconds >= 0


# --- the end of a quota's time ------------------------------------------------------------------------------

NOW = 1_800_000_000.0


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: NOW)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("45", 45.0),
        (" 1.5 ", 1.5),
        (f"{NOW + 30:.0f}", 30.0),
        (f"{NOW + 30.5}", 30.5),
        (f"{(NOW + 30) * 1000:.0f}", 30.0),
        ("Fri, 15 Jan 2027 08:01:00 GMT", 60.0),
        ("0", None),
        (f"{NOW - 5:.0f}", None),
        (f"{(NOW - 5) * 1000:.0f}", None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
        ("-30", None),
        ("soon", None),
        ("", None),
        ("٣", None),
    ],
)
def test_the_end_of_a_quotas_time(now: None, value: str | None, seconds: float | None) -> None:
    assert quota_reset(value) == seconds


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {}, None),
        (429, {"X-RateLimit-Reset": "45"}, 45.0),
        (429, {"RateLimit-Reset": "45"}, 45.0),
        (429, {"X-Rate-Limit-Reset": f"{NOW + 7:.0f}"}, 7.0),
        (429, {"Retry-After": "3", "X-RateLimit-Reset": "45"}, 3.0),
        (429, {"Retry-After": "0", "X-RateLimit-Reset": "45"}, 0.0),
        (429, {"Retry-After": "soon", "X-RateLimit-Reset": "45"}, 45.0),
        (429, {"RateLimit-Reset": "soon", "X-RateLimit-Reset": "45"}, 45.0),
        (503, {"Retry-After": "3"}, 3.0),
        (503, {"X-RateLimit-Reset": "45"}, None),
        (500, {"X-RateLimit-Reset": "45"}, None),
    ],
)
def test_what_an_answer_asks_for(
    now: None, status: int, headers: dict[str, str], seconds: float | None
) -> None:
    assert asked_pause(status, headers) == seconds


@given(st.text(st.characters(max_codepoint=255), max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_reset_is_seconds_or_none(value: str) -> None:
    seconds = quota_reset(value)
    assert seconds is None or seconds > 0
