"""States of the world that last: told once, counted as standing until told long ago, forgotten when they end.

A run's record holds what was judged: condition -> school -> None (not found), or since when, when it was told
last, and how much. Only a state that is new, or was told more than seven days ago, needs a person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

REMEMBERED = dt.timedelta(days=7)
Found = dict[str, Any]  # since, told, by: as the record has it


def judge(previous: Mapping[str, Any] | None, now: dt.datetime, by: int) -> tuple[Found, bool]:
    """What the record is to hold of a state that was found, and whether it is standing.

    `previous`: what the newest run record that judged it holds; None where it was not found, or never judged.
    """
    moment = now.isoformat(timespec="seconds")
    if previous is None:
        return {"since": moment, "told": moment, "by": by}, False
    standing = now - dt.datetime.fromisoformat(previous["told"]) < REMEMBERED
    return {"since": previous["since"], "told": previous["told"] if standing else moment, "by": by}, standing
