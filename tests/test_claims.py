"""Claims: which of two readings of a school has precedence, and from which date on."""

from __future__ import annotations

import datetime as dt

import msgspec
import pytest

from attendance_common.fetch.claims import Told, told_by
from attendance_common.fetch.completeness import RecentReading, SchoolReading
from tests.samples import SCHOOL

DEC_8, DEC_9 = dt.date(2025, 12, 8), dt.date(2025, 12, 9)


def at(minute: int) -> dt.datetime:
    return dt.datetime(2025, 12, 10, 6, minute, tzinfo=dt.timezone.utc)


def whole(minute: int) -> SchoolReading:
    return SchoolReading(SCHOOL, 100, at(minute))


def recent(minute: int, since: dt.date = DEC_9) -> RecentReading:
    return RecentReading(SCHOOL, 100, at(minute), since)


def told(*readings: SchoolReading) -> Told:
    """The claim after these readings staked theirs, through the bytes that are stored."""
    claim = Told()
    for reading in readings:
        claim = claim.with_claim(reading)
    stored = told_by(msgspec.json.encode(claim))
    assert stored == claim
    return stored


@pytest.mark.parametrize(
    ("reading", "claim", "later"),
    [
        (whole(1), told(), None),
        (whole(1), told(whole(0)), None),
        (whole(1), told(whole(1)), None),
        (whole(1), told(whole(2)), dt.date.min),
        (whole(1), told(recent(0)), None),
        (whole(1), told(recent(2)), DEC_9),
        (whole(1), told(whole(2), recent(3)), dt.date.min),
        (whole(1), told(recent(2, DEC_8), recent(3)), DEC_8),
        (whole(1), told(recent(2), recent(3, DEC_8)), DEC_8),
        (whole(1), told(recent(0, DEC_8), recent(2)), DEC_9),
        (whole(1), told(recent(3), recent(2, DEC_8)), DEC_8),
        (recent(1), told(whole(0)), None),
        (recent(1), told(whole(2)), dt.date.min),
        (recent(1), told(recent(2)), DEC_9),
        (recent(1, DEC_8), told(recent(2)), DEC_9),
    ],
)
def test_precedence(reading: SchoolReading, claim: Told, later: dt.date | None) -> None:
    assert claim.later_than(reading) == later


def test_a_later_claim_of_as_many_dates_takes_the_place_of_one() -> None:
    assert told(recent(1), recent(2)).recent == {DEC_9: at(2)}
    assert told(recent(1), recent(2, DEC_8)).recent == {DEC_8: at(2)}
    assert told(recent(1, DEC_8), recent(2)).recent == {DEC_8: at(1), DEC_9: at(2)}


def test_a_claim_of_recent_dates_goes_after_two_days() -> None:
    claim = Told(recent={DEC_8: at(1) - dt.timedelta(days=2), DEC_9: at(0)})
    assert claim.with_claim(recent(1)).recent == {DEC_9: at(1)}


def test_who_is_at_work_is_told_until_the_work_is_done() -> None:
    both = told(whole(1)).with_worker("one", at(1)).with_worker("other", at(2))
    assert both.at_work == {"one": at(1), "other": at(2)}
    assert both.without_worker("one").at_work == {"other": at(2)}
    assert both.without_worker("other").without_worker("one") == told(whole(1))


def test_who_died_at_work_is_forgotten_after_two_days() -> None:
    claim = Told(at_work={"died": at(1) - dt.timedelta(days=2), "slow": at(0)})
    assert claim.with_worker("new", at(1)).at_work == {"slow": at(0), "new": at(1)}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"whole": "yesterday"}',
        b'{"whole": "2025-12-10T06:01:00"}',
        b'{"recent": {"soon": "2025-12-10T06:01:00Z"}}',
        b'{"recent": 7}',
    ],
)
def test_what_is_no_claim_claims_nothing(body: bytes) -> None:
    assert told_by(body) == Told()
