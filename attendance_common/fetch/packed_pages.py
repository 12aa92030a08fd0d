"""Pages of a school that wait for the others, and rows that wait for the rest of their date."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator

import polars as pl

from attendance_common.fetch.page import SCHEMA, Page, Paging


def absent_page(number: int) -> Page:
    """What a 404 says: there are no records (page 1), or no such page."""
    return Page(pl.DataFrame(schema=SCHEMA), (), Paging(count=0) if number == 1 else Paging())


_KEYS = (
    pl.col("id"),
    pl.col("date").str.to_date("%m-%d-%Y").alias("day"),
    pl.col("modified_on").str.to_datetime("%Y-%m-%d %H:%M:%S%.6f", time_unit="us"),
)


class HeldPage:
    """A page that waits for the others; its rows are packed (Arrow, lz4), a sixth of their size in memory.

    `keys`: each row's id, day and modified_on. `content`: two pages share it only when they hold the same.
    """

    def __init__(self, page: Page) -> None:
        self.received = page.received
        self.paging = page.paging
        self.keys = page.rows.select(_KEYS)
        self.rejections = page.rejections
        self.content = hash((tuple(page.rows["id"]), page.rejections))
        body = io.BytesIO()
        page.rows.write_ipc_stream(body, compression="lz4")
        self._packed = body.getvalue()

    def holds_the_same_as(self, page: HeldPage) -> bool:
        """Whether the records are the same and stand in the same places; what they say may have changed."""
        return self.ids.equals(page.ids) and self.rejections == page.rejections

    @property
    def ids(self) -> pl.Series:
        """Each row's id."""
        return self.keys["id"]

    def unpacked(self, *, last: bool) -> pl.DataFrame:
        """The rows again; for the last time: then they take no more memory here."""
        packed = self._packed
        if last:
            self._packed = b""
        return pl.read_ipc_stream(io.BytesIO(packed))


class WaitingRows:
    """Rows whose date has not ended yet, beside their places (`_newest`, and `end`: the date's last page)."""

    def __init__(self) -> None:
        self._rows: list[pl.DataFrame] = []
        self._places: list[pl.DataFrame] = []
        self.height = 0

    def add(self, rows: pl.DataFrame, places: pl.DataFrame) -> None:
        """Let the rows of one page wait."""
        self._rows.append(rows)
        self._places.append(places)
        self.height += rows.height

    def ended(self, page: int) -> Iterator[tuple[dt.date, pl.DataFrame]]:
        """Give away the dates that end with this page or before, sorted by date and id."""
        rows, places = pl.concat(self._rows, rechunk=True), pl.concat(self._places).with_row_index("at")
        later = places.filter(pl.col("end") > page)
        self._rows, self._places, self.height = [rows[later["at"]]], [later.drop("at")], later.height
        ended = places.filter(pl.col("end") <= page).sort("day", "id")
        rows = rows[ended["at"]]
        for day, height in ended.group_by("day", maintain_order=True).len().iter_rows():
            yield day, rows[:height]
            rows = rows[height:]
