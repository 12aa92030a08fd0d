"""`--verify`: compares S3, the control table, the places and the table, row by row; changes nothing."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from attendance_common.load import attention, plan, repair
from attendance_common.load import merge_sql as sql
from attendance_common.load.footers import FOOTER_BYTES, rows_of
from attendance_common.load.list_sql import PLACES, S3
from attendance_common.load.listing import LISTERS, Listing
from attendance_common.load.plan import Found, ListId, Loaded
from attendance_common.load.refusals import Unreadable
from attendance_common.load.warehouse import Warehouse


@dataclass
class Verified:
    """What was compared and what differs: numbers for the result, a sentence for each kind of difference."""

    counts: Counter[str] = field(default_factory=Counter)
    sentences: list[str] = field(default_factory=list)


# Of each list: its places, the rows that were read, and how many of these have no place with the same hash.
BY_LIST = f"""\
SELECT partition_date, school_id, SUM(places), SUM(rows_read), SUM(other)
FROM (
    SELECT partition_date, school_id, COUNT(*) AS places, 0 AS rows_read, 0 AS other
    FROM {PLACES}
    WHERE origin = {S3}
        AND NOT marked
        AND partition_date BETWEEN %s AND %s
    GROUP BY partition_date, school_id
    UNION ALL
    SELECT
        partition_date,
        school_id,
        0,
        COUNT(*),
        SUM(CASE WHEN id IS NULL OR (place_hash = hash AND NOT place_marked) THEN 0 ELSE 1 END)
    FROM staged
    GROUP BY partition_date, school_id
) AS part
GROUP BY partition_date, school_id"""

SUSPECTS_BY_DATE = """\
SELECT partition_date, COUNT(*)
FROM suspect
GROUP BY partition_date
ORDER BY partition_date"""


def verify_lists(
    warehouse: Warehouse,
    listing: Listing,
    loaded: Loaded,
    found: Found,
    *,
    damaged: Sequence[dt.date],
    dates: int,
) -> Verified:
    """Compare every list that counts as loaded, `dates` dates at a time.

    `damaged`: dates on which the table has other rows than were loaded.
    """
    verified = Verified()
    if damaged:
        verified.sentences.append(attention.damaged(damaged))
    lists = [each for each in loaded if each not in found.changed and each not in found.gone]
    verified.counts.update(verified=0, not_loaded=len(found.changed))
    for batch in plan.batches(lists, dates):
        try:
            suspects = warehouse.snapshot(partial(_compare, warehouse, listing, batch, verified))
            verified.counts.update(verified=len(batch), differing_records=sum(suspects.values()))
            if changed := {day: count for day, count in suspects.items() if day not in damaged}:
                verified.sentences.append(attention.changed_columns(changed))
        except Unreadable as fault:
            verified.sentences.append(attention.unverified(batch, str(fault)))
    return verified


def _compare(
    warehouse: Warehouse, listing: Listing, lists: Sequence[ListId], verified: Verified
) -> dict[dt.date, int]:
    """One transaction that is rolled back: its tables are temporary.

    Gives the dates on which records of the table differ from what was loaded, with the number of records.
    """
    days = sorted({each.day for each in lists})
    warehouse.rows(*sql.stage(lists))
    read = {
        ListId(day, school): tuple(map(int, n))
        for day, school, *n in warehouse.rows(BY_LIST, [days[0], days[-1]])
    }
    footers = _footers(listing, lists)
    warehouse.rows(*repair.find_rows(days))
    warehouse.rows(*repair.find_suspects(days))
    verified.counts.update(rows=sum(rows for _, rows, _ in read.values()))
    verified.sentences += differences(lists, read, footers)
    return dict(warehouse.rows(SUSPECTS_BY_DATE))


def differences(
    lists: Sequence[ListId],
    read: Mapping[ListId, tuple[int, ...]],
    footers: Mapping[ListId, int | None],
) -> list[str]:
    """A sentence for each kind of difference between footers, external rows and places."""
    nothing = (0, 0, 0)
    by_footer = [each for each in lists if footers[each] != read.get(each, nothing)[1]]
    by_places = [each for each in lists if not _as_loaded(*read.get(each, nothing))]
    return [
        *([attention.other_footers(by_footer)] if by_footer else []),
        *([attention.other_places(by_places)] if by_places else []),
    ]


def _as_loaded(places: int, rows: int, other: int) -> bool:
    """Whether the rows that were read are those of the places; a tombstone is one row and has no place."""
    return other == 0 and (places == rows or (places, rows) == (0, 1))


def _footers(listing: Listing, lists: Collection[ListId]) -> dict[ListId, int | None]:
    with ThreadPoolExecutor(LISTERS) as pool:
        ends = pool.map(lambda each: listing.end_of(each, FOOTER_BYTES), lists)
        return {each: rows_of(end) for each, end in zip(lists, ends, strict=True)}
