"""One school in a run: what is known of it so far."""

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
    """Whether the source gives a recent reading in the order that it asks for."""

    refusal: str | None = None  # why the source refused the first page in this order
    is_wrong: bool = False  # the source did not sort its newest pages, or refused this order alone
    seems_older: bool = False  # its newest pages are older than what is landed, and no answer states more


@dataclass
class MissingRecords:
    """Landed records that a whole reading lacks, in the lists that it covers."""

    first: Reading | None = None  # the whole reading, while a second look is under way
    ids: dict[dt.date, list[int]] = field(default_factory=dict)
    landed: int = 0  # all records in the lists that it covers
    proved: Removals | None = None  # those that are proved gone


@dataclass
class School:
    """What a run knows of a school: its lists, what was read, what is missing, what may be removed."""

    lists: SchoolLists
    tally: Tally = field(default_factory=Tally)
    fault: str | None = None  # why it was given up
    gaps: dict[int, str] = field(default_factory=dict)  # page that is missing -> why
    short: int | None = None  # records fewer than the source counts; None where no reading can tell
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
        """How many landed records were not read and not removed."""
        return sum(map(len, self.missing.ids.values())) - self.tally.landed.removed

    def numbers(self) -> dict[str, Any]:
        """What the run's record says of the school."""
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
