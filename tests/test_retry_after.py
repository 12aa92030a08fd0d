"""Retry-After: seconds or a date, and whatever else a server may send there."""

from __future__ import annotations

import datetime as dt
import email.utils

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attendance_common.fetch.api import retry_after


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
        ("1.5", None),
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
    told = retry_after(email.utils.format_datetime(ahead, usegmt=True))
    assert told is not None
    assert 60 < told <= 90


@given(st.text(st.characters(max_codepoint=255), max_size=30))
@settings(max_examples=200, deadline=None)
def test_any_retry_after_is_seconds_or_none(value: str) -> None:
    told = retry_after(value)
    assert told is None or told >= 0
