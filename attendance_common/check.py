"""`--check`: what a run needs is tried, one thing after another, and nothing is changed.

A line on stdout for each: ✓ and what was seen, ✗ and the cure, or - where it was not tried.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from attendance_common.command import Outcome
from attendance_common.errors import AttendanceError

T = TypeVar("T")

FINE, FAULT, UNTRIED = "✓", "✗", "-"


class Checks:
    """Tries things, and says at once what came of each."""

    def __init__(self, say: Callable[[str], None] = print) -> None:
        self._say = say
        self._tried = 0
        self._faults: dict[str, AttendanceError] = {}

    def attempt(self, what: str, probe: Callable[[], T], seen: Callable[[T], str]) -> T | None:
        """Try a thing: what the probe gave, told by `seen`; None when it raised an AttendanceError."""
        self._tried += 1
        try:
            found = probe()
        except AttendanceError as fault:
            self._faults[what] = fault
            self._say(f"{FAULT} {what}: {fault}")
            return None
        self._say(f"{FINE} {what}: {seen(found)}")
        return found

    def tell(self, what: str, seen: str) -> None:
        """Say what is known without being tried."""
        self._say(f"{FINE} {what}: {seen}")

    def pass_over(self, what: str, why: str) -> None:
        """Say why a thing is not tried."""
        self._say(f"{UNTRIED} {what}: {why}")

    def conclude(self) -> Outcome:
        """The result when all is well; else raises one AttendanceError that names what is not.

        It is to be mended by a person when one of the faults is.
        """
        if not self._faults:
            return Outcome({"checked": self._tried})
        named = ", ".join(self._faults)
        to_mend = any(fault.to_mend for fault in self._faults.values())
        sentence = f"{len(self._faults)} of {self._tried} checks found a fault: {named}"
        raise AttendanceError(sentence, to_mend=to_mend)
