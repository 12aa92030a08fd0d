"""Ids that are in lists of two schools: the table has one row of each, so one of the schools lacks it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from attendance_common.load.list_sql import PLACES, S3

if TYPE_CHECKING:
    from attendance_common.load.warehouse import Warehouse


class SharedIds(NamedTuple):
    """Two schools, the lesser id first; how many ids both have, and from which date to which."""

    school: int
    other_school: int
    ids: int
    first: dt.date
    last: dt.date

    @property
    def schools(self) -> str:
        """Both schools, for a person."""
        return f"{self.school} and {self.other_school}"


# A place that does not win is rare, so the join begins with few rows.
FIND = f"""\
SELECT school, other_school, COUNT(*), MIN(first_day), MAX(last_day)
FROM (
    SELECT
        other.id,
        CASE WHEN other.school_id < winner.school_id THEN other.school_id ELSE winner.school_id END AS school,
        CASE WHEN other.school_id < winner.school_id THEN winner.school_id ELSE other.school_id END
            AS other_school,
        MIN(other.partition_date) AS first_day,
        MAX(other.partition_date) AS last_day
    FROM {PLACES} AS other
    INNER JOIN {PLACES} AS winner
        ON other.id = winner.id
        AND other.school_id <> winner.school_id
    WHERE other.partition_date BETWEEN %s AND %s
        AND other.origin = {S3}
        AND NOT other.wins
        AND NOT other.marked
        AND winner.origin = {S3}
        AND winner.wins
        AND NOT winner.marked
    GROUP BY other.id, other.school_id, winner.school_id
) AS pair
GROUP BY school, other_school
ORDER BY school, other_school"""

# For a person: the ids themselves.
LIST = f"SELECT id FROM {PLACES} WHERE NOT marked GROUP BY id HAVING MIN(school_id) < MAX(school_id)"


def find(warehouse: Warehouse, days: Collection[dt.date]) -> list[SharedIds]:
    """Pairs of schools that have the same ids; `days`: the dates of the places that do not win."""
    if not days:
        return []
    return [SharedIds(*each) for each in warehouse.rows(FIND, [min(days), max(days)])]
