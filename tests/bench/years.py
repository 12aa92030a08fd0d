"""What years mean, on paper: objects, rows, places and history that pile up, and what each run reads of them.

Bytes a row in Redshift are estimates of compressed columns (DG: c_Compression_encodings), not measured: none
could be reached. What an idle load asks of S3 and of Redshift is measured: `python -m tests.bench unchanged`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from tests.bench.model import DAYS, DOLLARS_A_PUT_OR_LIST, KEYS_A_LIST, PAGES, RECORDS, SCHOOLS
from tests.bench.table import show

MODIFIED = 0.81  # of the rows, after their date (the field reports)
VERSIONS = 2  # that such a row leaves in the history: it is changed about twice
BACKFILLED = 189e6  # rows of the older table, since 2018
LOADS = 12  # a day: a night and eleven hours

ROW_BYTES = 120  # of the native table and of the history: ids, times, codes; names and JSON repeat
PLACE_BYTES = 45  # id, date, school, time, two times, and an MD5 that no encoding shortens (33 bytes)
CHECKED_BYTES = 8 + 4 + 8  # a row of the table: id, date, time
CHECKED_PLACE_BYTES = CHECKED_BYTES + 3  # and origin, wins, marked


def years() -> Iterator[tuple[str, ...]]:
    """What there is after so many years; what an idle load lists and checks."""
    for count in (1, 2, 5, 10):
        objects = SCHOOLS * DAYS * count
        rows = SCHOOLS * PAGES * RECORDS * count
        former = rows * MODIFIED * VERSIONS
        stored = rows * ROW_BYTES + rows * PLACE_BYTES + former * ROW_BYTES
        lists = math.ceil(objects / KEYS_A_LIST) + 12 * count  # each month is listed by itself
        checked = rows * (CHECKED_BYTES + CHECKED_PLACE_BYTES)
        yield (
            str(count),
            f"{objects:,}",
            f"{rows / 1e6:.0f}",
            f"{former / 1e6:.0f}",
            f"{stored / 1e9:.0f} GB",
            f"{lists}",
            f"{lists * LOADS * 365 * DOLLARS_A_PUT_OR_LIST:.2f} $",
            f"{checked / 1e9:.1f} GB",
        )


def tell() -> None:
    """Print the model."""
    title = (
        f"Years: {SCHOOLS} schools, {MODIFIED:.0%} of the rows changed {VERSIONS} times; an older table's "
        f"{BACKFILLED / 1e6:.0f} million rows add {BACKFILLED * (ROW_BYTES + PLACE_BYTES) / 1e9:.0f} GB, and "
        "nothing to a load"
    )
    head = ("years", "objects", "million rows and places", "million former versions", "stored")
    load = ("listings of a load", f"a year, {LOADS} loads a day", "read by the check of a load")
    show(title, (*head, *load), years())
