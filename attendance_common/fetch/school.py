"""The state of one school in a run: its lists, counts, gaps, sort order and missing records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from attendance_common.fetch.proof import Removals
from attendance_common.fetch.reading import Reading
from attendance_common.fetch.school_lists import SchoolLists
from attendance_common.fetch.tally import Tally


@dataclass
class SortOrder:
    """Whether the source sorted a recent reading of the school as it was asked."""

    refusal: str | None = None  # why the source refused the first page in that order
    is_wrong: bool = False  # it did not sort the newest pages, or refused only that order
    seems_older: bool = False  # it sent only records older than the landed ones, and stated no last page


@dataclass
class MissingRecords:
    """Landed records that a whole reading does not have, in the lists that it covers."""

    first: Reading | None = None  # the whole reading, while a second look is under way
    ids: dict[dt.date, list[int]] = field(default_factory=dict)
    landed: int = 0  # number of all records in the lists that it covers
    proved: Removals | None = None  # those that are proved gone


@dataclass
class School:
    """What a run knows of a school: its lists, what was read, and what is missing."""

    lists: SchoolLists
    tally: Tally = field(default_factory=Tally)
    fault: str | None = None  # why it was not read
    gaps: dict[int, str] = field(default_factory=dict)  # page that is missing -> why
    short: int | None = None  # how many records fewer came than the source counts; None: unknown
    order: SortOrder = field(default_factory=SortOrder)
    missing: MissingRecords = field(default_factory=MissingRecords)

    @property
    def school_id(self) -> int:
        """The school's id."""
        return self.lists.school_id

    @property
    def was_read_whole(self) -> bool:
        """Whether all pages of its list came."""
        return self.short is not None and not self.gaps and not self.fault

    @property
    def waiting(self) -> int:
        """The number of landed records that were neither read nor removed."""
        return sum(map(len, self.missing.ids.values())) - self.tally.landed.removed

    def numbers(self) -> dict[str, Any]:
        """The school's entry in the run record."""
        written, foreign = self.lists.written, self.lists.foreign
        return {
            **self.tally.numbers(),
            "removals_waiting": self.waiting,
            "lists_written": len(written - foreign),
            "lists_merged": len(written & foreign),
            "lists_unchanged": len(self.tally.landed.compared - written),
            **({"gaps": {str(page): why for page, why in self.gaps.items()}} if self.gaps else {}),
            **({"unreadable": _dated(self.lists.unreadable)} if self.lists.unreadable else {}),
            **({"replaced": _dated(self.lists.replaced)} if self.lists.replaced else {}),
            **({"fault": self.fault} if self.fault else {}),
        }


def _dated(lists: Mapping[dt.date, str]) -> dict[str, str]:
    return {day.isoformat(): why for day, why in sorted(lists.items())}
