"""Retries a request with backoff, and writes the sentence when no try succeeded."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TypeVar

from attendance_common.errors import SourceError
from attendance_common.fetch.faults import TemporaryFault
from attendance_common.log import event, log
from attendance_common.numerals import counted

LONGEST_PAUSE = 30.0
LONGEST_ASKED_PAUSE = 4 * 3600.0  # longer than the life of a token, shorter than a night
GIVE_UP_AFTER = 3600.0
QUOTA_SECONDS = 60.0  # most rate limits are per minute
_FIRST_PAUSE = 0.5

Answer = TypeVar("Answer")


def patiently(what: str, attempts: int, ask: Callable[[], Answer]) -> Answer:
    """Call `ask`, and again after each TemporaryFault; raises SourceError after the last try.

    `attempts`: the number of tries. After an exceeded rate limit, tries go on for a minute at least.
    """
    begun, tries = time.monotonic(), 0
    while True:
        tries += 1
        try:
            return ask()
        except TemporaryFault as fault:
            pause = pause_before_next(fault, tries, attempts, time.monotonic() - begun)
            if pause is None:
                raise SourceError(_sentence(fault, tries), what=what) from fault
            log.info("%s: %s; trying again in %.0f s", what, fault, pause, extra=event("retry"))
        time.sleep(pause)


def pause_before_next(fault: TemporaryFault, tries: int, attempts: int, passed: float) -> float | None:
    """Seconds to wait before the next try; None when there is no next try.

    `passed`: seconds since the first of `tries` began.
    """
    asked = fault.pause or 0.0
    if asked > LONGEST_ASKED_PAUSE or passed >= GIVE_UP_AFTER:
        return None
    if tries < attempts:
        return _growing(tries) if fault.pause is None else fault.pause
    if fault.quota and passed < QUOTA_SECONDS:
        return max(asked, _growing(tries))
    return None


def _growing(tries: int) -> float:
    """Exponential backoff with jitter: 0.5 s, 1 s, 2 s, … plus up to a second, at most 30 s."""
    doubled = _FIRST_PAUSE * 2.0 ** min(tries - 1, 16)
    return float(min(LONGEST_PAUSE, doubled + random.uniform(0.0, 1.0)))  # noqa: S311 - no secret


def _sentence(fault: TemporaryFault, tries: int) -> str:
    reason = f"{fault}, after {counted(tries, 'try', 'tries')}"
    if (fault.pause or 0.0) > LONGEST_ASKED_PAUSE:
        hours = f"more than the {LONGEST_ASKED_PAUSE / 3600:.0f} hours that a run waits"
        cure = "run again later, or ask the source's operator for a higher quota"
        return f"{reason}: the source asks for a pause of {hours}: {cure}"
    return f"{reason}: {fault.cure}" if fault.cure else reason
