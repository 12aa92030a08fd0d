"""Keeps the pages of a school compressed until all have come, then gives their rows date by date.

The rows of a page are packed (Arrow, lz4), which takes a sixth of the memory. They are unpacked one page at a
time, when their dates are written.
"""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator, Mapping

import polars as pl

from attendance_common.fetch.page import SCHEMA, Page
from attendance_common.fetch.totals import Paging

Moment = dt.date | dt.datetime  # a day, or when a record was modified: in UTC, without a zone
_TOGETHER = 3_000  # rows that are sorted at a time: more take memory, fewer take time


def modified_on(*, strict: bool = True) -> pl.Expr:
    """The column `modified_on` as times. Unless `strict`, a text that is no time becomes null."""
    return pl.col("modified_on").str.to_datetime("%Y-%m-%d %H:%M:%S%.6f", time_unit="us", strict=strict)


_KEYS = (pl.col("id"), pl.col("date").str.to_date("%m-%d-%Y").alias("day"), modified_on())


def absent_page() -> Page:
    """A page without records, for an answer 404."""
    return Page(pl.DataFrame(schema=SCHEMA), (), Paging())


class PackedPage:
    """A page whose rows are packed. `keys`: each row's id, day and modified_on, in the order of the page."""

    def __init__(self, page: Page) -> None:
        self.received = page.received
        self.paging = page.paging
        self.keys = page.rows.select(_KEYS)
        self.rejections = page.rejections
        self.left_out = page.left_out
        body = io.BytesIO()
        page.rows.write_ipc_stream(body, compression="lz4")
        self._packed = body.getvalue()

    @property
    def ids(self) -> pl.Series:
        """Each row's id."""
        return self.keys["id"]

    def oldest(self, column: str) -> Moment | None:
        """The oldest `day` or `modified_on` on the page; None when there is none."""
        oldest: Moment | None = self.keys[column].min()  # type: ignore[assignment]
        return oldest

    def lists_the_same_as(self, page: PackedPage) -> bool:
        """Whether both pages have the same ids in the same order; the records may have changed."""
        theirs = [rejection.record_id for rejection in page.rejections]
        ours = [rejection.record_id for rejection in self.rejections]
        return self.ids.equals(page.ids) and ours == theirs

    def unpack(self) -> pl.DataFrame:
        """The rows. Can be called only once: it frees the memory of the packed rows."""
        packed, self._packed = self._packed, b""
        return pl.read_ipc_stream(io.BytesIO(packed))


def newest_versions(pages: Mapping[int, PackedPage]) -> pl.DataFrame:
    """The place of the newest version of each id: id, day, modified_on, page, row on the page.

    Of versions that are equally new, it is the one on the last page.
    """
    empty = PackedPage(absent_page()).keys.with_row_index("row").with_columns(page=pl.lit(0, pl.Int64))
    keys = pl.concat(
        [empty]
        + [
            page.keys.with_row_index("row").with_columns(page=pl.lit(number, pl.Int64))
            for number, page in sorted(pages.items())
        ]
    )
    by_age = keys.sort("modified_on", nulls_last=False, maintain_order=True)
    return by_age.unique("id", keep="last", maintain_order=True)


def rows_by_date(
    pages: Mapping[int, PackedPage], newest: pl.DataFrame
) -> Iterator[tuple[dt.date, pl.DataFrame]]:
    """The `newest` rows, date by date, sorted by id. It unpacks the pages, which have no rows afterwards.

    A date is yielded soon after the last page that has it, so few rows are in memory.
    """
    newest = newest.with_columns(end=pl.col("page").max().over("day")).sort("page", "row")
    ends, ripe = set(newest["end"]), False
    waiting = _WaitingRows()
    for places in newest.partition_by("page", maintain_order=True):
        number = places.item(0, "page")
        rows = pages[number].unpack()
        waiting.add(rows if places.height == rows.height else rows[places["row"]], places)
        ripe = ripe or number in ends
        if ripe and (waiting.height >= _TOGETHER or number == max(ends)):
            yield from waiting.ended(number)
            ripe = False


class _WaitingRows:
    """Rows that wait for the last page of their date. Their places have the columns of `newest_versions`.

    In addition, `end` is the last page of the row's date.
    """

    def __init__(self) -> None:
        self._rows: list[pl.DataFrame] = []
        self._places: list[pl.DataFrame] = []
        self.height = 0

    def add(self, rows: pl.DataFrame, places: pl.DataFrame) -> None:
        """Add the rows of one page."""
        self._rows.append(rows)
        self._places.append(places)
        self.height += rows.height

    def ended(self, page: int) -> Iterator[tuple[dt.date, pl.DataFrame]]:
        """Remove and yield the dates that end with this page or earlier, sorted by date and id."""
        rows, places = pl.concat(self._rows, rechunk=True), pl.concat(self._places).with_row_index("at")
        later = places.filter(pl.col("end") > page)
        self._rows, self._places, self.height = [rows[later["at"]]], [later.drop("at")], later.height
        ended = places.filter(pl.col("end") <= page).sort("day", "id")
        rows = rows[ended["at"]]
        for day, height in ended.group_by("day", maintain_order=True).len().iter_rows():
            yield day, rows[:height]
            rows = rows[height:]
