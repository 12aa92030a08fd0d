"""The lists of one school, as a run knows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from attendance_common import landing
from attendance_common.fetch.list_objects import UnreadableList

Done = TypeVar("Done")


@dataclass
class SchoolLists:
    """The lists of one school, as they were before it was read, and as this run wrote them since.

    `years`: the school years under which this run reads; none: it has no school year. `etags`: date -> ETag.
    `foreign`: dates whose lists another process wrote since; they are merged, and nothing leaves them.
    `unreadable`: lists that cannot be read and stay as they are; `replaced`: those that this run replaced.
    """

    school_id: int
    years: frozenset[int]
    etags: dict[dt.date, str] = field(default_factory=dict)
    written: set[dt.date] = field(default_factory=set)
    foreign: set[dt.date] = field(default_factory=set)
    unreadable: dict[dt.date, str] = field(default_factory=dict)  # date -> why
    replaced: dict[dt.date, str] = field(default_factory=dict)

    def name(self, day: dt.date) -> str:
        """The list's name below the prefix."""
        return landing.object_name(day, self.school_id)


def if_readable(lists: SchoolLists, day: dt.date, job: Callable[[], Done | None]) -> Done | None:
    """What the job returns; None when the list cannot be read, which is noted."""
    try:
        result = job()
    except UnreadableList as fault:
        lists.unreadable[day] = fault.why
        return None
    lists.unreadable.pop(day, None)
    return result
