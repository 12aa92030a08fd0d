"""Whether the source sorted the newest pages as it was asked to: else what is recent may lie behind them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import polars as pl

from attendance_common.fetch.reading import Reading

Newest = Callable[[dt.date], "dt.date | None"]


def does_sort(reading: Reading) -> bool:
    """Whether no record is newer than the one before it, over all pages (the list's last page among them)."""
    moments = pl.concat([page.keys[reading.course.column] for page in reading.ordered()])
    return moments.drop_nulls().is_sorted(descending=True)


def seems_older(reading: Reading, newest_landed: Newest) -> bool:
    """Whether the newest record that came is older than what is landed, and no answer told of a last page.

    `newest_landed` gives the date of the school's newest landed list up to a date.
    """
    newest = reading.newest[reading.course.column].cast(pl.Date).max()
    if reading.progress.last_page or not isinstance(newest, dt.date):
        return False
    landed = newest_landed(dt.datetime.now(dt.timezone.utc).date())
    return landed is not None and newest < landed
