"""Replays a school's quarantine: lands the records that this version can read."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from attendance_common.fetch.landing_zone import LandingZone
from attendance_common.fetch.page import Rejection, read_again
from attendance_common.fetch.quarantine import Line, Lines, Quarantine
from attendance_common.fetch.school_lists import SchoolLists


@dataclass
class Replayed:
    """Counts of a school's records. `unreadable`: its lists, if some could not be read."""

    counts: dict[str, int]
    unreadable: list[SchoolLists] = field(default_factory=list)


def replay_school(zone: LandingZone, quarantine: Quarantine, school_id: int) -> Replayed:
    """Land a school's records from quarantine, under the school years under which they were read.

    A newer version that is landed is kept. A record that was landed is removed from quarantine. Raises
    UnreadableFile when the school's file cannot be read.
    """
    by_year: dict[int | None, list[Rejection]] = defaultdict(list)
    lines = quarantine.lines(school_id)
    for line in lines.values():
        by_year[line.school_year].append(line.rejection)
    stays: dict[int | str, str] = {}  # record -> reason
    unreadable: list[SchoolLists] = []
    for year, rejections in by_year.items():
        read = read_again(rejections, school_id)
        stays |= {rejection.key: rejection.reason for rejection in read.rejections}
        if read.rows.height:
            lists = zone.landed.lists_of(school_id, frozenset() if year is None else frozenset({year}))
            stays |= {key: lines[key].reason for key in zone.merge(lists, read.rows)}
            unreadable += [lists] if lists.unreadable else []
    gone = {key: line for key, line in lines.items() if key not in stays}

    def keep(now: Lines) -> Lines:
        return {key: _as_now(line, stays.get(key)) for key, line in now.items() if gone.get(key) != line}

    if gone:
        quarantine.update(school_id, keep)
    return Replayed({"read": len(lines), "landed": len(gone), "quarantined": len(stays)}, unreadable)


def _as_now(line: Line, reason: str | None) -> Line:
    """The line with the reason of this version; unchanged when `reason` is None."""
    return Line(line.record, reason, line.since, line.school_year) if reason else line
