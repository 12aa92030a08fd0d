"""The control table: which lists were loaded, in which version."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping

from attendance_common.load import plan
from attendance_common.load.list_sql import BACKFILL, LISTS, S3
from attendance_common.load.plan import ListId, Loaded, Version
from attendance_common.load.warehouse import Warehouse

_LISTS = f"""\
SELECT partition_date, school_id, etag, last_modified
FROM {LISTS}
WHERE origin = {S3}"""

# The row that has no school has the last date with rows of an older table.
ALL = f"""\
{_LISTS}
UNION ALL
SELECT
    MAX(partition_date),
    CAST(NULL AS BIGINT),
    CAST(NULL AS VARCHAR(256)),
    CAST(NULL AS TIMESTAMP)
FROM {LISTS}
WHERE origin = {BACKFILL}
ORDER BY partition_date"""
BETWEEN = f"{_LISTS}\n    AND partition_date BETWEEN %s AND %s"


def loaded(warehouse: Warehouse) -> Loaded:
    """Every list that was loaded, with its version; None: its object was gone."""
    backfilled_to = None

    def lists() -> Iterator[tuple[ListId, Version | None]]:
        nonlocal backfilled_to
        for row in warehouse.each(ALL):
            if row[1] is None:
                backfilled_to = row[0]
            else:
                yield plan.loaded_list(row)

    found = Loaded(lists())
    found.backfilled_to = backfilled_to
    return found


def versions(warehouse: Warehouse, days: Collection[dt.date]) -> dict[ListId, Version | None]:
    """The lists that were loaded from the first to the last of these dates."""
    return dict(map(plan.loaded_list, warehouse.rows(BETWEEN, [min(days), max(days)])))


def rows(
    records: Mapping[ListId, int],
    versions: Mapping[ListId, Version],
    gone: Collection[ListId],
    *,
    again: Collection[ListId],
    run: str,
) -> list[tuple[object, ...]]:
    """The rows of the control table for lists that were loaded (`records`) and for lists that are `gone`.

    A list whose object is gone has no ETag; one that is to be loaded `again` has an empty one.
    """
    found: list[tuple[object, ...]] = []
    for each, count in sorted(records.items()):
        etag, written = versions[each]
        found.append((*each, "" if each in again else etag, written, count, run))
    return found + [(*each, "" if each in again else None, None, 0, run) for each in sorted(gone)]
