"""The state of one school's lists in a run: ETags, lists that were written, lists that cannot be read."""

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
    """The lists of one school, as they were before it was read, and as this run has written them since.

    `years`: the school years under which this run reads; empty: it has no school year.
    `etags`: date -> ETag.
    `written`: dates whose lists this run has written.
    `foreign`: dates whose lists another process has written since; they are merged, and no row is removed.
    `unreadable`: date -> why its list cannot be read; this run does not change it.
    `replaced`: date -> why its list could not be read; this run has replaced it.
    """

    school_id: int
    years: frozenset[int]
    etags: dict[dt.date, str] = field(default_factory=dict)
    written: set[dt.date] = field(default_factory=set)
    foreign: set[dt.date] = field(default_factory=set)
    unreadable: dict[dt.date, str] = field(default_factory=dict)
    replaced: dict[dt.date, str] = field(default_factory=dict)

    def name(self, day: dt.date) -> str:
        """The list's name below the prefix."""
        return landing.object_name(day, self.school_id)


def if_readable(lists: SchoolLists, day: dt.date, job: Callable[[], Done | None]) -> Done | None:
    """Run a job on a list and return its result; None when the list cannot be read, which is recorded."""
    try:
        result = job()
    except UnreadableList as fault:
        lists.unreadable[day] = fault.why
        return None
    lists.unreadable.pop(day, None)
    return result
