"""Sentences of the loader for a person: what, where, since when, and what to do."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence

from attendance_common.errors import WarehouseError
from attendance_common.landing import Areas
from attendance_common.load.list_sql import LISTS, NATIVE, PLACES
from attendance_common.load.plan import Found, ListId
from attendance_common.load.repair import Repaired

NAMED = 5  # of many things, so many are named

WAITS = (
    "it was written each time while it was read, or another list of one of its records was, or cannot be "
    "read: mend that one, or run the loader when no fetch is running"
)


def foreign_objects(found: Found, areas: Areas) -> str | None:
    """What in the landing zone is not the fetcher's."""
    if not found.foreign:
        return None
    names = ", ".join(found.foreign_names)
    more = f" and {found.foreign - NAMED} more" if found.foreign > NAMED else ""
    return (
        f"not the fetcher's, below s3://{areas.bucket}/{areas.landing}: {names}{more}; Spectrum reads them, "
        "or fails on them: move them away"
    )


def unloaded(faults: Mapping[ListId, WarehouseError]) -> list[str]:
    """Lists that were not loaded; those of one date with the same reason in one sentence."""
    alike: dict[tuple[object, str], list[ListId]] = defaultdict(list)
    for each in sorted(faults):
        alike[each.day, faults[each].reason].append(each)
    return [
        f"the list of {day} of {_schools([each.school for each in lists])} was not loaded: {faults[lists[0]]}"
        for (day, _), lists in alike.items()
    ]


def gone(lists: Sequence[ListId], areas: Areas) -> str | None:
    """Lists that were loaded once, and whose object is gone."""
    if not lists:
        return None
    first = min(lists)
    return (
        f"objects of {len(lists)} loaded lists are gone from S3, first {areas.list_url(*first)}: their rows "
        "stay; put them back, or, when the records are to go, run the loader with --forget-list "
        f"{first.day} {first.school} (for each of them)"
    )


def misplaced(days: Sequence[object]) -> str:
    """Dates on which the loader's own tables did not agree."""
    return (
        f"{PLACES} and {LISTS} did not agree on {len(days)} dates from {days[0]} to {days[-1]}: their lists "
        "were loaded again; find out what else writes these tables"
    )


def repaired(days: Sequence[object], done: Repaired) -> list[str]:
    """What the check of the table found, and what was done."""
    sentences = []
    where = f"{NATIVE}, {len(days)} dates from {days[0]} to {days[-1]}"
    if done.records:
        sentences.append(
            f"{where}: {done.records} records were missing, changed or there more than once; their rows were "
            "read again; find out what else writes the table"
        )
    if done.unreadable:
        sentences.append(
            f"{where}: the rows of {done.unreadable} records are not as they were loaded, and cannot be read "
            "again, since their lists changed or are gone: run the loader again"
        )
    if done.unknown:
        dates = ", ".join(f"'{day}'" for day in done.unknown_days[:NAMED])
        more = ", and so for the other dates" if len(done.unknown_days) > NAMED else ""
        sentences.append(
            f"{where}: {done.unknown} rows have an id that no list has; they stay. To remove them: DELETE "
            f"FROM {NATIVE} WHERE attendance_date IN ({dates}) "
            f"AND id NOT IN (SELECT id FROM {PLACES}){more}"
        )
    return sentences


def damaged(days: Sequence[object]) -> str:
    """Dates on which the table has other rows than were loaded: the next load repairs them."""
    return (
        f"{NATIVE} has other rows than were loaded on {len(days)} dates: {_named(days)}: run the loader, "
        "which repairs them, and names rows whose id no list has"
    )


def changed_columns(records: Mapping[dt.date, int]) -> str:
    """Dates whose rows have the right ids and times, and other columns that somebody changed."""
    days = sorted(records)
    return (
        f"{NATIVE} has {sum(records.values())} records with other columns than were loaded, on "
        f"{_named(days)}: DELETE FROM {NATIVE} WHERE attendance_date = each of these dates, then run the "
        "loader, which reads them again"
    )


def uncontrolled(lists: Sequence[ListId]) -> str:
    """Lists whose row in the control table was gone although they had been loaded."""
    return (
        f"{LISTS} had no row for {len(lists)} lists that were loaded before, first {lists[0].day} of school "
        f"{lists[0].school}: they were loaded again; find out what else writes this table"
    )


def unrepaired(days: Sequence[object], fault: str) -> str:
    """Dates whose rows could not be read again."""
    return f"{NATIVE} is not what was loaded from {days[0]} to {days[-1]}, and cannot be repaired: {fault}"


def _named(days: Sequence[object]) -> str:
    """Up to five dates."""
    more = f" and {len(days) - NAMED} more" if len(days) > NAMED else ""
    return ", ".join(map(str, days[:NAMED])) + more


def _schools(schools: Sequence[int]) -> str:
    if len(schools) == 1:
        return f"school {schools[0]}"
    named = ", ".join(map(str, schools[:NAMED]))
    more = f" and {len(schools) - NAMED} more" if len(schools) > NAMED else ""
    return f"schools {named}{more}"
