"""Pages made by hand, and readings of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import polars as pl

from attendance_common.errors import SourceError
from attendance_common.fetch.packed_pages import PackedPage, absent_page
from attendance_common.fetch.page import SCHEMA, Page, Rejection
from attendance_common.fetch.reading import Reading, whole_reading
from attendance_common.fetch.totals import Paging
from tests.samples import SCHOOL

SIZE = 3
DAY = dt.date(2025, 12, 9)


def rejected(number: int | None) -> Rejection:
    return Rejection("date: missing", f'{{"id": {number}}}', number)


def page_of(
    ids: Sequence[int],
    count: int | None = None,
    pages: int | None = None,
    *,
    bad: Sequence[int | None] = (),
    days: Sequence[dt.date] | None = None,
) -> Page:
    """A page with these records, on one date unless `days` says otherwise; `bad` ones cannot be landed."""
    dates = [f"{day:%m-%d-%Y}" for day in days or [DAY] * len(ids)]
    rows = pl.DataFrame(
        {"id": ids, "school_id": SCHOOL, "date": dates, "modified_on": None},
        schema={"id": pl.Int64, "school_id": pl.Int64, "date": pl.String, "modified_on": pl.String},
    )
    missing = {name: pl.lit(None, kind) for name, kind in SCHEMA.items() if name not in rows.columns}
    whole = rows.with_columns(**missing).select(SCHEMA.names())
    return Page(whole, tuple(map(rejected, bad)), Paging(pages, count))


Answer = Page | SourceError
Serve = Callable[[int], Answer]


def finish(reading: Reading, serve: Serve, most: int = 200) -> Reading:
    """Read to the end, one page after another."""
    for _ in range(most):
        number = reading.next_page()
        if number is None:
            break
        answer = serve(number)
        if isinstance(answer, SourceError):
            reading.fail(number, str(answer))
        else:
            reading.add(number, PackedPage(answer))
    assert reading.finished
    return reading


def answers(*pages: Answer) -> Serve:
    """These pages; none behind them."""
    return lambda number: pages[number - 1] if number <= len(pages) else absent_page()


def reading_of(*pages: Answer, size: int = SIZE) -> Reading:
    """A whole reading of these pages."""
    return finish(whole_reading(SCHOOL, size), answers(*pages))


def rows_of(reading: Reading) -> pl.DataFrame:
    """All dates' rows together."""
    return pl.concat([pl.DataFrame(schema=SCHEMA), *(rows for _, rows in reading.contents.by_date())])


def dated_page(places: Mapping[int, dt.date], *, count: bool = True, newest_first: bool = False) -> Page:
    """One page that is a whole list: id -> date, sorted by it."""
    good = sorted(((day, key) for key, day in places.items()), reverse=newest_first)
    days = [day for day, _ in good]
    return page_of([key for _, key in good], len(places) if count else None, days=days)
