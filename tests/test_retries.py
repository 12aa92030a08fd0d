"""When a failed request is tried again, how long the pauses are, and what the last sentence says."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator

import pytest

from attendance_common.errors import SourceError
from attendance_common.fetch.faults import TemporaryFault
from attendance_common.fetch.retries import LONGEST_PAUSE, patiently, pause_before_next


def used_up(pause: float | None = None) -> TemporaryFault:
    """A quota that is used up."""
    return TemporaryFault("status 429", pause, slow=True, quota=True, cure="lower ESD_CONCURRENCY")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Take note of pauses instead of waiting; the time passes by them."""
    noted: list[float] = []
    monkeypatch.setattr(time, "sleep", noted.append)
    monkeypatch.setattr(time, "monotonic", lambda: 1000.0 + sum(noted))
    return noted


def faults(*given: TemporaryFault) -> Callable[[], str]:
    remaining: Iterator[TemporaryFault] = iter(given)

    def ask() -> str:
        for fault in remaining:
            raise fault
        return "answered"

    return ask


def test_the_pause_that_the_source_asks_for_is_kept(
    pauses: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "attendance")
    ask = faults(TemporaryFault("status 429", 120.0), TemporaryFault("status 503"))
    assert patiently("school 5, page 2", 3, ask) == "answered"
    assert pauses[0] == 120.0
    assert 0 <= pauses[1] <= LONGEST_PAUSE
    assert caplog.messages == [
        "school 5, page 2: status 429; trying again in 120 s",
        f"school 5, page 2: status 503; trying again in {pauses[1]:.0f} s",
    ]


def test_a_pause_may_be_longer_than_a_token_lives(pauses: list[float]) -> None:
    assert patiently("a page", 3, faults(TemporaryFault("status 429", 3601.0))) == "answered"
    assert pauses == [3601.0]


@pytest.mark.parametrize("pause", [86_400.0, 1e300, float("inf")])
def test_a_pause_that_nobody_waits_for_ends_in_a_report(pauses: list[float], pause: float) -> None:
    with pytest.raises(SourceError, match=r"^a page: status 429, after 1 try: .* more than the 4 hours"):
        patiently("a page", 3, faults(TemporaryFault("status 429", pause)))
    assert pauses == []


def test_tries_are_bounded(pauses: list[float]) -> None:
    with pytest.raises(SourceError, match=r"^a page: status 500, after 3 tries$") as raised:
        patiently("a page", 3, faults(*(TemporaryFault("status 500") for _ in range(9))))
    assert (raised.value.reason, raised.value.exit_status) == ("status 500, after 3 tries", 1)
    assert len(pauses) == 2


def test_other_errors_are_not_tried_again(pauses: list[float]) -> None:
    def ask() -> None:
        raise KeyError("a bug")

    with pytest.raises(KeyError):
        patiently("a page", 3, ask)
    assert pauses == []


# --- a quota that is used up --------------------------------------------------------------------------------


@pytest.mark.parametrize("attempts", [1, 2, 6])
@pytest.mark.parametrize("asked", [None, 0.0, 1.5])
def test_a_quota_is_given_a_minute_however_few_tries_there_are(
    pauses: list[float], attempts: int, asked: float | None
) -> None:
    ask = faults(*(used_up(asked) for _ in range(99)))
    with pytest.raises(SourceError, match=r"^a page: status 429, after \d+ tries: lower ESD_CONCURRENCY$"):
        patiently("a page", attempts, ask)
    assert sum(pauses) >= 60
    assert len(pauses) <= 13  # and the source is not overrun meanwhile


def test_more_tries_than_fit_into_a_minute_are_made(pauses: list[float]) -> None:
    ask = faults(*(used_up() for _ in range(99)))
    with pytest.raises(SourceError, match="after 20 tries"):
        patiently("a page", 20, ask)
    assert len(pauses) == 19


def test_a_quota_that_is_new_after_a_minute_costs_nothing(pauses: list[float]) -> None:
    def ask() -> str:
        if sum(pauses) < 60:
            raise used_up()
        return "answered"

    assert patiently("a page", 1, ask) == "answered"


@pytest.mark.parametrize(
    ("fault", "tries", "passed", "shortest", "longest"),
    [
        (TemporaryFault("status 500"), 1, 0.0, 0.5, 1.5),
        (TemporaryFault("status 500"), 5, 0.0, 8.0, 9.0),
        (TemporaryFault("status 500"), 99, 0.0, 30.0, 30.0),
        (used_up(7.0), 1, 0.0, 7.0, 7.0),
        (used_up(0.0), 1, 0.0, 0.0, 0.0),
        (used_up(0.0), 100, 10.0, 30.0, 30.0),
        (used_up(40.0), 100, 59.0, 40.0, 40.0),
    ],
)
def test_the_pause_before_the_next_try(
    fault: TemporaryFault, tries: int, passed: float, shortest: float, longest: float
) -> None:
    pause = pause_before_next(fault, tries, 100, passed)
    assert pause is not None
    assert shortest <= pause <= longest


@pytest.mark.parametrize(
    ("fault", "tries", "passed"),
    [
        (TemporaryFault("status 500"), 100, 0.0),
        (TemporaryFault("status 503", slow=True), 100, 0.0),
        (used_up(), 100, 60.0),
        (TemporaryFault("status 500"), 1, 3600.0),
        (used_up(14_401.0), 1, 0.0),
    ],
)
def test_there_is_no_next_try(fault: TemporaryFault, tries: int, passed: float) -> None:
    assert pause_before_next(fault, tries, 100, passed) is None
