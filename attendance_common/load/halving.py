"""Work on groups: a group that fails is halved, so that one bad item does not stop the others."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from attendance_common.errors import WarehouseError
from attendance_common.load.batch import CheckFailed
from attendance_common.load.refusals import Unreadable
from attendance_common.log import log

T = TypeVar("T")
R = TypeVar("R")


def in_halves(
    groups: Iterable[Sequence[T]],
    work: Callable[[Sequence[T]], R],
    halves: Callable[[Sequence[T]], Iterable[Sequence[T]]],
) -> Iterator[tuple[Sequence[T], R | WarehouseError]]:
    """Do the work on each group, in order; gives each group with its outcome.

    A group that raises CheckFailed or Unreadable is halved; the outcome of a group of one item is then the
    error. Every other error is raised.
    """
    waiting = deque(groups)
    while waiting:
        group = waiting.popleft()
        outcome: R | WarehouseError
        try:
            outcome = work(group)
        except (CheckFailed, Unreadable) as fault:
            if len(group) > 1:
                log.info("%d of a batch cannot be done together: in halves", len(group))
                waiting.extendleft(reversed(list(halves(group))))
                continue
            outcome = fault
        yield group, outcome
