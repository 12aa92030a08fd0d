"""Conditions: states that last over many runs, such as a school that lists no record.

A condition is reported when it is new. For seven days after a report it is `standing`: only counted. Then it
is reported again. The run record stores what a run judged: condition -> school -> None when it was not found;
else `since` (found first), `told` (reported last) and `by` (how much).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

REMEMBERED = dt.timedelta(days=7)
Found = dict[str, Any]  # since, told, by: as the run record stores it
Last = Callable[[str, "int | str"], "Found | None"]  # (condition, school) -> what was judged last
ALL = "all"  # in place of a school: a condition of all schools that were read


def stored(value: Any) -> Found | None:
    """What a run record stores of a condition; None when it was not found, or another program wrote it."""
    try:
        times = [dt.datetime.fromisoformat(value[name]) for name in ("since", "told")]
        understood = type(value["by"]) is int and all(time.tzinfo is not None for time in times)
    except (KeyError, TypeError, ValueError):
        return None
    return value if understood else None


def judge(previous: Mapping[str, Any] | None, now: dt.datetime, by: int) -> tuple[Found, bool]:
    """What the run record is to store of a condition that was found, and whether it is standing.

    `previous`: what the newest run record that judged it stores; None when it was not found, or never judged.
    """
    moment = now.isoformat(timespec="seconds")
    if previous is None:
        return {"since": moment, "told": moment, "by": by}, False
    standing = now - dt.datetime.fromisoformat(previous["told"]) < REMEMBERED
    return {"since": previous["since"], "told": previous["told"] if standing else moment, "by": by}, standing


@dataclass
class Judged:
    """The conditions that a run judged: for its record, and the sentences about those to report."""

    last: Last
    now: dt.datetime
    each_time: bool = False  # report standing conditions, too: a person asked for them
    conditions: dict[str, dict[str, Found | None]] = field(default_factory=dict)
    sentences: list[str] = field(default_factory=list)
    standing: int = 0

    def note(self, condition: str, school: int | str, by: int, sentence: str | Callable[[], str]) -> None:
        """Record a condition of a school: found when `by` is not 0. Report it then, unless it is standing.

        `sentence`: the text, or a function that returns it; it is called only for a report.
        """
        if not by:
            self.conditions.setdefault(condition, {})[str(school)] = None
        elif since := self.find(condition, school, by):
            text = sentence if isinstance(sentence, str) else sentence()
            self.sentences.append(f"{text} (since {since})")

    def find(self, condition: str, school: int | str, by: int) -> str | None:
        """Record that a condition was found. Returns since when; None when it is standing: only counted."""
        found, known = judge(self.last(condition, school), self.now, by)
        self.conditions.setdefault(condition, {})[str(school)] = found
        if known and not self.each_time:
            self.standing += 1
            return None
        return str(found["since"])
