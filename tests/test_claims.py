"""Claims: which of two readings of a school has precedence, and from which date on."""

from __future__ import annotations

import datetime as dt

import pytest

from attendance_common.claims import claim_of, yields_from
from attendance_common.completeness import RecentReading, SchoolReading
from tests.samples import SCHOOL

SINCE = dt.date(2025, 12, 9)


def whole(minute: int) -> SchoolReading:
    return SchoolReading(SCHOOL, 100, at(minute))


def recent(minute: int) -> RecentReading:
    return RecentReading(SCHOOL, 100, at(minute), SINCE)


def at(minute: int) -> dt.datetime:
    return dt.datetime(2025, 12, 10, 6, minute, tzinfo=dt.timezone.utc)


@pytest.mark.parametrize(
    ("reading", "told", "yields"),
    [
        (whole(1), {}, None),
        (whole(1), claim_of(whole(0)), None),
        (whole(1), claim_of(whole(1)), None),
        (whole(1), claim_of(whole(2)), dt.date.min),
        (whole(1), claim_of(recent(0)), None),
        (whole(1), claim_of(recent(2)), SINCE),
        (whole(1), claim_of(whole(2)) | claim_of(recent(3)), dt.date.min),
        (recent(1), claim_of(whole(0)), None),
        (recent(1), claim_of(whole(2)), dt.date.min),
        (recent(1), claim_of(recent(2)), SINCE),
    ],
)
def test_precedence(reading: SchoolReading, told: dict[str, str], yields: dt.date | None) -> None:
    assert yields_from(reading, told) == yields
