"""Whether the source sorted the pages of a recent reading. If not, other pages may have recent records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import polars as pl

from attendance_common.fetch.packed_pages import Moment
from attendance_common.fetch.reading import Reading

NewestLanded = Callable[[dt.date], "Moment | None"]


def does_sort(reading: Reading) -> bool:
    """Whether no record on the pages that came, in the order of the list, is newer than the one before it."""
    return _moments(reading).is_sorted(descending=True)


def shows_order(reading: Reading) -> bool:
    """Whether two different dates or times came. Else the records are in every order."""
    return _moments(reading).n_unique() > 1


def _moments(reading: Reading) -> pl.Series:
    """The date or time of each record on the pages that came, in the order of the list; none is null."""
    return pl.concat([page.keys[reading.course.column] for page in reading.ordered()]).drop_nulls()


def seems_older(reading: Reading, newest_landed: NewestLanded) -> bool:
    """Whether the newest record that came is older than the landed ones, and no answer states a last page.

    `newest_landed(until)`: the newest landed date or time up to a date.
    """
    newest: Any = reading.contents.newest[reading.course.column].max()
    if reading.progress.last_page or newest is None:
        return False
    landed = newest_landed(dt.datetime.now(dt.timezone.utc).date())
    return landed is not None and bool(newest < landed)
