"""Runs the checks of `--check`, prints a line for each, and draws the conclusion. No check changes anything.

A line on stdout begins with ✓ (and says what was seen), ✗ (and names the cure), ≠ (and says what differs
without harm) or - (and says why it was not tried).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from attendance_common.command import Outcome
from attendance_common.errors import AttendanceError

T = TypeVar("T")

FINE, FAULT, DIFFERS, UNTRIED = "✓", "✗", "≠", "-"
SEND_IT = "check again with --report FILE, and send FILE to whoever looks after the scripts"
ON_SCREEN = "the sentence is on the screen only: it can name what others stored"


class NotTried(Exception):
    """A check cannot be made here; the text says why."""


class Differs(Exception):
    """What was checked is not as expected, and stops no run; the text says how it differs."""


@dataclass(frozen=True)
class Result:
    """The result of one check, as a report may have it. `symbol`: the first character of its line."""

    what: str
    symbol: str
    seen: str
    expected: str | None


class Checks:
    """Makes checks one after another, prints the result of each at once, and keeps all results."""

    def __init__(self, say: Callable[[str], None] = print) -> None:
        self._say = say
        self._tried = 0
        self._faults: dict[str, AttendanceError] = {}
        self.results: list[Result] = []

    def attempt(
        self,
        what: str,
        probe: Callable[[], T],
        seen: Callable[[T], str],
        *,
        expected: str | None = None,
    ) -> T | None:
        """Make a check: call `probe`, and print what it returned, as `seen` describes it.

        Returns the same; None when the probe raised: AttendanceError for a fault, Differs or NotTried. `seen`
        may raise these as well. Of a fault, the report gets the sentence `for_report`.
        """
        symbol, answer, found = FINE, "", None
        for_report = None
        try:
            found = probe()
            answer = seen(found)
        except Differs as difference:
            symbol, answer = DIFFERS, str(difference)
        except NotTried as why:
            symbol, answer = UNTRIED, str(why)
        except AttendanceError as fault:
            self._faults[what] = fault
            symbol, answer, for_report = FAULT, str(fault), fault.for_report
        self._tried += symbol != UNTRIED
        self._note(Result(what, symbol, answer if for_report is None else for_report, expected), answer)
        return found

    def head(self, text: str) -> None:
        """Print a heading for the next lines."""
        self._say(text)

    def add_fact(self, what: str, seen: str) -> None:
        """Print and keep a fact that needs no probe."""
        self._note(Result(what, FINE, seen, None), seen)

    def skip(self, what: str, why: str) -> None:
        """Print and keep that a check is not made, and why."""
        self._note(Result(what, UNTRIED, why, None), why)

    def _note(self, result: Result, on_screen: str) -> None:
        self._say(f"{result.symbol} {result.what}: {on_screen}")
        self.results.append(result)

    def conclude(self) -> Outcome:
        """The outcome when no check found a fault. Results that differ without harm are in its attention.

        Raises one AttendanceError that names all faulty checks; it is `to_mend` when one of the faults is.
        """
        if self._faults:
            to_mend = any(fault.to_mend for fault in self._faults.values())
            named = ", ".join(self._faults)
            raise AttendanceError(
                f"{len(self._faults)} of {self._tried} checks found a fault: {named}", to_mend=to_mend
            )
        if not (differing := [each.what for each in self.results if each.symbol == DIFFERS]):
            return Outcome({"checked": self._tried})
        sentence = (
            f"{len(differing)} of {self._tried} checks found what was not expected and stops no run "
            f"({', '.join(differing)}): runs can be scheduled; where the line of one has no cure, {SEND_IT}"
        )
        return Outcome({"checked": self._tried}, [sentence])
