"""Lands what this version can read of a school's quarantine."""

from __future__ import annotations

from collections import defaultdict

from attendance_common.fetch.landing_zone import LandingZone
from attendance_common.fetch.page import Rejection, read_again
from attendance_common.fetch.quarantine import Line, Lines, Quarantine


def replay_school(zone: LandingZone, quarantine: Quarantine, school_id: int) -> dict[str, int]:
    """Land a school's records under the school years under which they were read; gives what became of them.

    The landing zone loses nothing, and a newer version that is landed stays. A record leaves the quarantine
    when it is landed.
    """
    by_year: dict[int | None, list[Rejection]] = defaultdict(list)
    lines = quarantine.lines(school_id)
    for line in lines.values():
        by_year[line.school_year].append(line.rejection)
    rest: list[Rejection] = []
    for year, rejections in by_year.items():
        read = read_again(rejections, school_id)
        rows, rest = read.rows, [*rest, *read.rejections]
        if rows.height:
            zone.merge(zone.lists_of(school_id, frozenset() if year is None else frozenset({year})), rows)
    stays = {rejection.key: rejection for rejection in rest}
    gone = {key: line for key, line in lines.items() if key not in stays}

    def keep(now: Lines) -> Lines:
        return {key: _as_now(line, stays.get(key)) for key, line in now.items() if gone.get(key) != line}

    if gone:
        quarantine.update(school_id, keep)
    return {"read": len(lines), "landed": len(gone), "quarantined": len(rest)}


def _as_now(line: Line, rejection: Rejection | None) -> Line:
    """The line with the reason that this version gives."""
    return Line(line.record, rejection.reason, line.since, line.school_year) if rejection else line
