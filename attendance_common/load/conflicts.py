"""Retries of work that another transaction conflicts with."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import stamina
import stamina.instrumentation

from attendance_common.load.refusals import Conflict
from attendance_common.log import event, log

stamina.instrumentation.set_on_retry_hooks([])  # retries are logged below, in this project's words

ATTEMPTS = 8

T = TypeVar("T")


def retry_conflicts(work: Callable[[], T]) -> T:
    """Do the work; while it raises Conflict, do all of it again after a pause, up to ATTEMPTS times.

    `work` has to roll back what it did before it raises. Raises Conflict after the last attempt.
    """

    def is_retried(error: Exception) -> bool:
        conflict = isinstance(error, Conflict)
        if conflict and attempt.num < ATTEMPTS:
            log.info("%s; trying again", error, extra=event("retry"))
        return conflict

    attempts = stamina.retry_context(
        on=is_retried, attempts=ATTEMPTS, timeout=None, wait_initial=0.2, wait_max=20.0
    )
    try:
        for attempt in attempts:
            with attempt:
                return work()
    except Conflict as conflict:
        sentence = f"{conflict.reason}, {ATTEMPTS} times in a row: run again later"
        raise Conflict(sentence, query=conflict.query) from conflict
    raise AssertionError("unreachable")
