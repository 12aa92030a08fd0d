"""Pages made by hand, and readings of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from itertools import chain, repeat

import polars as pl

from attendance_common.fetch.completeness import SchoolReading
from attendance_common.fetch.packed_pages import HeldPage
from attendance_common.fetch.page import SCHEMA, Page, Paging, Rejection
from tests.samples import SCHOOL

BEGUN = dt.datetime(2025, 12, 9, 6, 0, tzinfo=dt.timezone.utc)
SIZE = 3


def rejected(number: int | None) -> Rejection:
    return Rejection("date: missing", f'{{"id": {number}}}', number)


def page_of(
    ids: Sequence[int], count: int | None = None, pages: int | None = None, *, bad: Sequence[int | None] = ()
) -> Page:
    rows = pl.DataFrame(
        {"id": ids, "date": "12-09-2025", "modified_on": None},
        schema={"id": pl.Int64, "date": pl.String, "modified_on": pl.String},
    )
    missing = {name: pl.lit(None, kind) for name, kind in SCHEMA.items() if name not in rows.columns}
    whole = rows.with_columns(**missing).select(SCHEMA.names())
    return Page(whole, tuple(map(rejected, bad)), Paging(pages, count))


def reading_of(*pages: Page, size: int = SIZE) -> SchoolReading:
    """These answers, taken in one after another as they are asked for; the last one for ever."""
    reading = SchoolReading(SCHOOL, size, BEGUN)
    answers = chain(pages, repeat(pages[-1], 10))
    while (number := reading.next_page()) is not None:
        reading.add(number, HeldPage(next(answers)))
    return reading


def rows_of(reading: SchoolReading) -> pl.DataFrame:
    """All dates' rows together."""
    return pl.concat([pl.DataFrame(schema=SCHEMA), *(rows for _, rows in reading.by_date())])


def dated_page(
    places: Mapping[int, dt.date], odd: Collection[int] = (), *, newest_first: bool = False
) -> Page:
    """One page that is a whole list: id -> date, sorted by it; `odd` ones cannot be landed."""
    good = sorted(((day, key) for key, day in places.items() if key not in odd), reverse=newest_first)
    page = page_of([key for _, key in good], len(places), bad=sorted(odd))
    dates = pl.Series("date", [f"{day:%m-%d-%Y}" for day, _ in good], dtype=pl.String)
    return Page(page.rows.with_columns(dates), page.rejections, page.paging)
