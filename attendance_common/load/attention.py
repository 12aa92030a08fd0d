"""The loader's sentences for a person: what is wrong, where, since when, and what to do."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from attendance_common.errors import WarehouseError
from attendance_common.landing import Areas
from attendance_common.load import plan
from attendance_common.load import shared_ids as sql
from attendance_common.load.list_sql import LISTS, NATIVE, PLACES
from attendance_common.load.plan import Found, ListId, Loaded, Part, Version
from attendance_common.load.shared_ids import SharedIds
from attendance_common.numerals import counted, records

if TYPE_CHECKING:
    from attendance_common.load.repair import Repaired

NAMED = 5  # things that are named; the others are counted

WAITS = (
    "it was written each time while it was read, or another list of one of its records was, or cannot be "
    "read: mend that one, or run the loader when no fetch is running"
)


def nothing_landed(areas: Areas) -> str:
    """The landing zone has no list at all."""
    return (
        f"no list lies below s3://{areas.bucket}/{areas.landing}: S3_BUCKET and S3_PREFIX have to be those "
        "of the fetcher; if they are, run the fetcher"
    )


def unknown_school(school: int, areas: Areas) -> str:
    """A school that --school names, and that has no list."""
    return (
        f"school {school} has no list below s3://{areas.bucket}/{areas.landing}, and none was loaded: check "
        "--school"
    )


def nothing_to_reload(part: Part, loaded: Loaded, found: Found) -> list[str]:
    """The sentence about a --reload of a part without lists; `unknown_school` is about a school without."""
    has_lists = plan.to_reload(part, loaded, found) or any(map(part.has, found.changed))
    if has_lists or plan.unknown_schools(part, found):
        return []
    what = "--reload found no list of these dates and schools, and read nothing again"
    return [f"{what}: check --from, --to and --school"]


def foreign_objects(names: Sequence[str], count: int, areas: Areas) -> str:
    """Objects in the landing zone that are not the fetcher's: `count` of them, and the names of some."""
    return (
        f"not the fetcher's, below s3://{areas.bucket}/{areas.landing}: {_first(names, count)}; Spectrum "
        "reads them, or fails on them: move them away"
    )


def unloaded(
    faults: Mapping[ListId, WarehouseError], versions: Mapping[ListId, Version], areas: Areas
) -> list[str]:
    """Lists that were not loaded; those of one date with the same reason in one sentence."""
    alike: dict[tuple[dt.date, str], list[ListId]] = defaultdict(list)
    for each in sorted(faults):
        alike[each.day, faults[each].reason].append(each)
    return [
        f"the list of {day} of {_schools([each.school for each in lists])} was not loaded: {faults[lists[0]]}"
        f"{_written(lists, versions, areas)}{_mend(reason, lists)}"
        for (day, reason), lists in alike.items()
    ]


def _written(lists: Sequence[ListId], versions: Mapping[ListId, Version], areas: Areas) -> str:
    """Where these lists of one date are, and when they were written."""
    where = areas.list_url(*lists[0]) if len(lists) == 1 else areas.location(lists[0].day)
    times = [versions[each].last_modified for each in lists if each in versions]
    since = f", written {min(times):%Y-%m-%d %H:%M} UTC" if times else ""
    return f" ({where}{since})"


def _mend(reason: str, lists: Sequence[ListId]) -> str:
    if reason == WAITS:
        return ""
    school = f"school {lists[0].school}" if len(lists) == 1 else "its school"
    return f"; its rows stay as they were: move the object at fault away, and fetch {school} again (--school)"


def gone(lists: Sequence[ListId], areas: Areas) -> str:
    """Lists that were loaded before, and whose object is gone."""
    first, *others = sorted(lists)
    url, forget = areas.list_url(*first), f"run the loader with --forget-list {first.day} {first.school}"
    if not others:
        return (
            f"the object of a loaded list is gone from S3, {url}: its rows stay; put the object back, or "
            f"fetch school {first.school} again; when the records are to go, {forget}"
        )
    more = _first([f"{each.day} of school {each.school}" for each in others], len(others))
    return (
        f"objects of {len(lists)} loaded lists are gone from S3, first {url} (then {more}; those without an "
        f"etag in {LISTS}): their rows stay; put the objects back, or fetch these schools again; when the "
        f"records are to go, {forget} (for each of them)"
    )


def shared_ids(pairs: Sequence[SharedIds]) -> str:
    """Ids that are in lists of two schools."""
    named = [f"{each.schools} ({each.ids}, {_span(each.first, each.last)})" for each in pairs]
    return (
        f"{counted(sum(each.ids for each in pairs), 'record is', 'records are')} in the lists of two "
        f"schools: schools "
        f"{_first(named, len(named))}; {NATIVE} has each once, the newest (of equals that of the later date, "
        "then of the greater school id), so the other school lacks it: fetch both schools whole; if that "
        f"does not help, ask the source's operator which school they are of; their ids: {sql.LIST}"
    )


def places_reloaded(days: Sequence[dt.date]) -> str:
    """Dates on which the loader's own tables did not agree."""
    return (
        f"{PLACES} and {LISTS} did not agree on {_dates(days)}: their lists were loaded again; find out what "
        "else writes these tables"
    )


def repaired(days: Sequence[dt.date], done: Repaired) -> list[str]:
    """What the check of the table found, and what the repair did."""
    sentences = []
    where = f"{NATIVE}, {_dates(days)}"
    if done.records:
        sentences.append(
            f"{where}: {counted(done.records, 'record was', 'records were')} missing, changed or there more "
            "than once; their rows were read again; find out what else writes the table"
        )
    if done.gone:
        first = min(done.gone)
        sentences.append(
            f"{where}: {_not_as_loaded(sum(done.gone.values()))}, since the object of its list is gone from "
            f"S3 ({_lists(list(done.gone))}): put the object back, or fetch its school again; when the "
            f"records are to go, run the loader with --forget-list {first.day} {first.school}"
        )
    if done.lost:
        which = f" ({', '.join(done.lost_tables)} is gone or has other columns)" if done.lost_tables else ""
        sentences.append(
            f"{where}: {_not_as_loaded(sum(done.lost.values()))}, since the older table that they came from "
            f"has other rows now{which}: put these back, or run the loader with --backfill-from and --reload"
        )
    if done.unknown:
        dates = ", ".join(f"'{day}'" for day in list(done.unknown)[:NAMED])
        more = ", and so for the other dates" if len(done.unknown) > NAMED else ""
        stays = counted(
            sum(done.unknown.values()),
            "row has an id that no list has; it stays. To remove it",
            "rows have an id that no list has; they stay. To remove them",
        )
        sentences.append(
            f"{where}: {stays}: DELETE FROM {NATIVE} WHERE attendance_date IN ({dates}) "
            f"AND id NOT IN (SELECT id FROM {PLACES}){more}"
        )
    return sentences


def _not_as_loaded(rows: int) -> str:
    return f"the rows of {records(rows)} are not as they were loaded, and cannot be read again"


def not_taken(table: str, faults: Mapping[str, int]) -> str:
    """Rows of an older table that cannot be taken, by their faults."""
    kinds = ", ".join(
        f"{fault}: {count:,}" for fault, count in sorted(faults.items(), key=lambda each: -each[1])
    )
    return (
        f"{counted(sum(faults.values()), 'row', 'rows')} of {table} cannot be taken, and stay where they are "
        f"({kinds}): where that is wrong, name a view over {table} that gives these values as they should be"
    )


def month_not_taken(table: str, days: Sequence[dt.date], fault: str) -> str:
    """A date of an older table that Redshift cannot read."""
    return f"{table}, {_dates(days)}: no row was taken: {fault}; mend these rows and run again"


def backfilled_damaged(table: str, days: Sequence[dt.date], flags: str) -> str:
    """Dates of an older table's rows on which the native table has other rows than were taken.

    `flags` let the loader take rows of this table.
    """
    return (
        f"{NATIVE} has other rows than were taken from {table} on {counted(len(days), 'date', 'dates')}: "
        f"{_named(days)}: {_take_again(days, flags)}"
    )


def other_old_rows(table: str, days: Sequence[dt.date], rows: int, flags: str) -> str:
    """Dates on which an older table has rows that are not those that were taken; `flags`: as above."""
    return (
        f"{table} has {counted(rows, 'row that was', 'rows that were')} not taken so, on {_named(days)}: "
        f"{_take_again(days, f'{flags} --reload')}"
    )


def places_damaged(days: Sequence[dt.date]) -> str:
    """Dates of rows of an older table whose places somebody damaged."""
    return f"{PLACES} was damaged on {_named(days)}: run the loader again with --reload"


def _take_again(days: Sequence[dt.date], flags: str) -> str:
    dates = f"--from {min(days)} --to {max(days)}"
    return f"run the loader with {flags} {dates}, and find out who else writes there"


def damaged(days: Sequence[dt.date]) -> str:
    """Dates on which the table has other rows than were loaded: the next load repairs them."""
    return (
        f"{NATIVE} has other rows than were loaded on {counted(len(days), 'date', 'dates')}: "
        f"{_named(days)}: run the loader, which repairs them, and names rows whose id no list has"
    )


def changed_columns(changed: Mapping[dt.date, int], flags: str = "--reload") -> str:
    """Dates whose rows have the right ids and times, and other columns that somebody changed.

    `flags` let the loader write them again.
    """
    days = sorted(changed)
    return (
        f"{NATIVE} has {records(sum(changed.values()))} with other columns than were loaded, on "
        f"{_named(days)}: run the loader with {flags} --from {days[0]} --to {days[-1]}, which writes them "
        "again, and find out who else writes the table"
    )


def lost_control_rows(lists: Sequence[ListId]) -> str:
    """Lists whose row in the control table was gone although they had been loaded."""
    return (
        f"{LISTS} had no row for {counted(len(lists), 'list that was', 'lists that were')} loaded before, "
        f"first {lists[0].day} of school {lists[0].school}: loaded again; find out "
        "what else writes this table"
    )


def unrepaired(days: Sequence[dt.date], fault: str) -> str:
    """Dates whose rows could not be read again."""
    return f"{NATIVE} is not what was loaded, {_dates(days)}, and cannot be repaired: {fault}"


def other_footers(lists: Sequence[ListId]) -> str:
    """Lists whose object's footer tells another number of rows than Spectrum reads."""
    what = "Spectrum reads another number of rows than the object's footer tells"
    return f"{what}: {_lists(lists)}: fetch again"


def other_places(lists: Sequence[ListId]) -> str:
    """Lists whose rows are not those of their places."""
    days = [each.day for each in lists]
    cure = f"run the loader with --reload --from {min(days)} --to {max(days)}"
    return f"the rows are not those that were loaded: {_lists(lists)}: {cure}"


def unverified(lists: Sequence[ListId], fault: str) -> str:
    """Lists that were read by one statement, which failed on one object: none of them was compared."""
    days = sorted({each.day for each in lists})
    cure = "run the loader, which names the list or the object at fault"
    return f"the lists of {_dates(days)} were not compared: {fault}; {cure}"


def _dates(days: Sequence[dt.date]) -> str:
    return str(days[0]) if len(days) == 1 else f"{len(days)} dates from {days[0]} to {days[-1]}"


def _lists(lists: Sequence[ListId]) -> str:
    day, school = min(lists)
    return f"{counted(len(lists), 'list', 'lists')}, first that of {day} of school {school}"


def _named(days: Sequence[dt.date]) -> str:
    return _first(list(map(str, days)), len(days))


def _schools(schools: Sequence[int]) -> str:
    if len(schools) == 1:
        return f"school {schools[0]}"
    return f"schools {_first(list(map(str, schools)), len(schools))}"


def _first(names: Sequence[str], count: int) -> str:
    """The first five of `count` things, and how many more there are."""
    more = f" and {count - NAMED} more" if count > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _span(first: dt.date, last: dt.date) -> str:
    return str(first) if first == last else f"{first} to {last}"
