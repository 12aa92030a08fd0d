"""`--check`: what a run needs is tried, one thing after another, and nothing is changed.

A line on stdout for each: ✓ and what was seen, ✗ and the cure, ≠ and what differs without harm, or - where it
was not tried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from attendance_common.command import Outcome
from attendance_common.errors import AttendanceError

T = TypeVar("T")

FINE, FAULT, DIFFERS, UNTRIED = "✓", "✗", "≠", "-"
SEND_IT = "check again with --report FILE, and send FILE to whoever looks after the scripts"
ON_SCREEN = "the sentence is on the screen only: it can name what others stored"


class NotTried(Exception):
    """A thing cannot be tried here; the text says why."""


class Differs(Exception):
    """A thing is not as expected, and does no harm; the text says how."""


@dataclass(frozen=True)
class Result:
    """What came of one check, fit to be sent away: the mark of its line, what was seen, what was expected."""

    what: str
    mark: str
    seen: str
    expected: str | None


class Checks:
    """Tries things, and says at once what came of each."""

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
        names_others: bool = False,
    ) -> T | None:
        """Try a thing: what the probe gave, described by `seen`; None when it raised.

        A probe raises AttendanceError for a fault, Differs and NotTried. `names_others`: a fault's sentence
        names what other programs stored, so it stays out of a report.
        """
        mark, answer, found = FINE, "", None
        try:
            found = probe()
            answer = seen(found)
        except Differs as difference:
            mark, answer = DIFFERS, str(difference)
        except NotTried as why:
            mark, answer = UNTRIED, str(why)
        except AttendanceError as fault:
            self._faults[what] = fault
            mark, answer = FAULT, str(fault)
        self._tried += mark != UNTRIED
        self._note(Result(what, mark, answer, expected), private=names_others and mark == FAULT)
        return found

    def head(self, text: str) -> None:
        """Say what the next lines are about."""
        self._say(text)

    def tell(self, what: str, seen: str) -> None:
        """Say what is known without being tried."""
        self._note(Result(what, FINE, seen, None))

    def pass_over(self, what: str, why: str) -> None:
        """Say why a thing is not tried."""
        self._note(Result(what, UNTRIED, why, None))

    def _note(self, result: Result, *, private: bool = False) -> None:
        self._say(f"{result.mark} {result.what}: {result.seen}")
        self.results.append(replace(result, seen=ON_SCREEN) if private else result)

    def conclude(self) -> Outcome:
        """The result when nothing is at fault; else raises one AttendanceError that names what is.

        It is to be mended by a person when one of the faults is. What differs without harm needs a person,
        too: the outcome says so.
        """
        if self._faults:
            to_mend = any(fault.to_mend for fault in self._faults.values())
            named = ", ".join(self._faults)
            raise AttendanceError(
                f"{len(self._faults)} of {self._tried} checks found a fault: {named}", to_mend=to_mend
            )
        if not (differing := [each.what for each in self.results if each.mark == DIFFERS]):
            return Outcome({"checked": self._tried})
        sentence = (
            f"{len(differing)} of {self._tried} checks found what was not expected and does no harm "
            f"({', '.join(differing)}): runs can be scheduled; {SEND_IT}"
        )
        return Outcome({"checked": self._tried}, [sentence])
