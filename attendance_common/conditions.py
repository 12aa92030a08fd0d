"""States of the world that last: reported once, then only counted (`standing`) for seven days, then again.

A run's record holds what was judged: condition -> school -> None (not found), or since when, when it was told
last, and how much. Only a state that is new, or was told more than seven days ago, needs a person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

REMEMBERED = dt.timedelta(days=7)
Found = dict[str, Any]  # since, told, by: as the record has it
Last = Callable[[str, "int | str"], "Found | None"]  # what was judged last of a condition, of a school
ALL = "all"  # in place of a school: a condition of all that were read


def judge(previous: Mapping[str, Any] | None, now: dt.datetime, by: int) -> tuple[Found, bool]:
    """What the record is to hold of a state that was found, and whether it is standing.

    `previous`: what the newest run record that judged it holds; None where it was not found, or never judged.
    """
    moment = now.isoformat(timespec="seconds")
    if previous is None:
        return {"since": moment, "told": moment, "by": by}, False
    standing = now - dt.datetime.fromisoformat(previous["told"]) < REMEMBERED
    return {"since": previous["since"], "told": previous["told"] if standing else moment, "by": by}, standing


@dataclass
class Judged:
    """The states of the world that a run judged: for its record, and what of them is new."""

    last: Last
    now: dt.datetime
    each_time: bool = False  # report what is standing as well: a person asked
    conditions: dict[str, dict[str, Found | None]] = field(default_factory=dict)
    sentences: list[str] = field(default_factory=list)
    standing: int = 0

    def note(self, condition: str, school: int | str, by: int, sentence: str | Callable[[], str]) -> None:
        """Note a condition of a school: found when `by` is not 0; then reported, unless it is standing.

        `sentence`: the text, or a function that makes it, called only when it is reported.
        """
        if not by:
            self.conditions.setdefault(condition, {})[str(school)] = None
        elif since := self.find(condition, school, by):
            text = sentence if isinstance(sentence, str) else sentence()
            self.sentences.append(f"{text} (since {since})")

    def find(self, condition: str, school: int | str, by: int) -> str | None:
        """Note that a condition was found; gives since when, or None: it is standing, and counted."""
        found, known = judge(self.last(condition, school), self.now, by)
        self.conditions.setdefault(condition, {})[str(school)] = found
        if known and not self.each_time:
            self.standing += 1
            return None
        return str(found["since"])
