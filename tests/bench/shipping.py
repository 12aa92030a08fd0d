"""What a load reads from S3: the rows of the lists that changed, and no other row."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from attendance_common.load.plan import ListId
from tests.bench.sizes import Sizes
from tests.bench.table import Row
from tests.bench.warehouse import (
    FIRST_SCHOOL,
    MOST_STATEMENTS,
    Shipped,
    Warehouse,
    batches,
    days,
    rows_of,
)

SCHOOLS = 10
CHANGED = 5  # one list in so many changes in a night, on every date
ROWS = 20  # of a list
OLDER, NEWER = "2026-01-02 08:00:00.000000", "2026-01-03 08:00:00.000000"


def shipping(sizes: Sizes) -> Iterator[Row]:
    """A first load of all lists; a night in which one list in five changed; one record that is deleted."""
    schools = range(FIRST_SCHOOL, FIRST_SCHOOL + SCHOOLS)
    lists = [ListId(day, school) for day in days(sizes.batch_days) for school in schools]
    night = [each for each in lists if (each.day.toordinal() + each.school) % CHANGED == 0]
    with tempfile.TemporaryDirectory() as scratch, Warehouse(Path(scratch) / "sql") as warehouse:
        zone = Zone(warehouse, lists)
        first = zone.load(lists, OLDER)
        nightly = zone.load(night, NEWER)
        deleted = zone.load(lists[:1], OLDER, rows=ROWS - 1)
    changed = len(night) * ROWS
    yield Row(
        f"loader: rows staged in a night, one list in {CHANGED} of {len(lists):,} changed",
        "1 x the rows of the changed lists",
        f"{nightly.staged / changed:.2f} x: {nightly.staged:,} of {changed:,}; Spectrum ships "
        f"{nightly.shipped.rows:,} if it filters by one column at a time",
        1,
        nightly.staged == changed,
    )
    yield Row(
        "loader: rows that Spectrum ships when a record is deleted",
        "those of its list, from 1 partition",
        f"{deleted.shipped.rows} of {ROWS - 1}, from {deleted.shipped.partitions} of {sizes.batch_days}",
        1,
        deleted.shipped == (ROWS - 1, 1),
    )
    sent = [len(batch) for done in (first, nightly, deleted) for batch in done.batches]
    yield Row(
        f"loader: statements of a batch of {len(lists):,} lists, of {len(night):,}, and of one",
        f"<= {MOST_STATEMENTS}, the same in each",
        ", ".join(map(str, sent)),
        1,
        len(set(sent)) == 1 and max(sent) <= MOST_STATEMENTS,
    )


@dataclass(frozen=True)
class Done:
    """What a load did: rows that it staged, what Spectrum shipped, the statements of its batches."""

    staged: int
    shipped: Shipped
    batches: Sequence[Sequence[str]]


class Zone:
    """A landing zone whose lists have consecutive ids."""

    def __init__(self, warehouse: Warehouse, lists: Sequence[ListId]) -> None:
        self._warehouse = warehouse
        self._lists = lists

    def load(self, changed: Collection[ListId], modified_on: str, rows: int = ROWS) -> Done:
        """Land these lists with so many rows each, and load."""
        for number, each in enumerate(self._lists):
            if each in changed:
                ids = range(number * ROWS, number * ROWS + rows)
                self._warehouse.land(rows_of(ids, *each, modified_on), *each)
        before = self._warehouse.shipped()
        ended, statements, _ = self._warehouse.load()
        shipped = self._warehouse.shipped().since(before)
        return Done(ended.result["rows_read"], shipped, batches(statements))
