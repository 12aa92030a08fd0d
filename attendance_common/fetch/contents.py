"""The records of all pages of a reading: the newest version of each, and those that cannot be landed."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cached_property

import polars as pl

from attendance_common.fetch.packed_pages import PackedPage, newest_versions, rows_by_date
from attendance_common.fetch.page import Rejection
from attendance_common.fetch.record import has_modified_on


class Contents:
    """The records of a reading of which all pages have come. `pages`: number of the page -> page."""

    def __init__(self, pages: Mapping[int, PackedPage]) -> None:
        self._pages = dict(pages)

    @cached_property
    def newest(self) -> pl.DataFrame:
        """Where the newest version of each id is: id, day, modified_on, page, row on the page."""
        return newest_versions(self._pages)

    @cached_property
    def rejections(self) -> list[Rejection]:
        """The records for quarantine, in the order of the pages. Of several with one id: the last."""
        found: dict[int | str, Rejection] = {}
        for _, page in sorted(self._pages.items()):
            for rejection in page.rejections:
                found[rejection.key] = rejection
        return list(found.values())

    @property
    def left_out(self) -> Counter[str]:
        """New fields that did not fit into `extra_fields` -> in how many of the received records."""
        return sum((Counter(page.left_out) for page in self._pages.values()), Counter())

    @property
    def rejected_ids(self) -> list[int]:
        """The ids of records that go to quarantine."""
        return [rejection.record_id for rejection in self.rejections if rejection.record_id is not None]

    @property
    def different(self) -> int:
        """The number of different records that came."""
        nameless = sum(rejection.record_id is None for rejection in self.rejections)
        ids = pl.Series("id", self.rejected_ids, dtype=pl.Int64)
        return pl.concat([self.newest["id"], ids]).n_unique() + nameless

    @property
    def days(self) -> list[dt.date]:
        """Every date that was read, sorted."""
        return self.newest["day"].unique().sort().to_list()

    @property
    def undated(self) -> int:
        """How many different records have no readable `modifiedOn`."""
        rejected = sum(not has_modified_on(rejection.record) for rejection in self.rejections)
        return self.newest["modified_on"].null_count() + rejected

    def by_date(self) -> Iterator[tuple[dt.date, pl.DataFrame]]:
        """Each date's rows, sorted by id, no id twice. Can be called only once: it unpacks the pages."""
        return rows_by_date(self._pages, self.newest)
