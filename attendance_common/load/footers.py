"""What the Parquet footers of the objects tell: how many rows they hold, and which lists were left."""

from __future__ import annotations

import datetime as dt
import io
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from attendance_common.landing import LEFT
from attendance_common.load.plan import Partition

FOOTER_BYTES = 65_536  # many times the footer of an object with this many columns


@dataclass(frozen=True)
class Footer:
    """One object's rows, and whether all of them now stand under other dates."""

    rows: int = 0
    left: bool = False


@dataclass(frozen=True)
class Footers:
    """Partitions by date as they were listed, the rows of each, and the objects (s3:// URLs) whose rows
    count for nothing.
    """

    partitions: Mapping[dt.date, Partition]
    rows: dict[dt.date, int]
    left: list[str]


def read(end: bytes) -> Footer:
    """The footer, which is an object's end; an empty one where there is none: Spectrum will tell."""
    import polars as pl

    try:
        told = pl.read_parquet_metadata(io.BytesIO(end))
        rows = int(pl.scan_parquet(io.BytesIO(end)).select(pl.len()).collect().item())
    except pl.exceptions.PolarsError:
        return Footer()
    return Footer(rows, LEFT in told)


def together(partitions: Mapping[dt.date, Partition], read: Iterable[tuple[dt.date, str, Footer]]) -> Footers:
    """The partitions' footers (date, URL, footer) in one; a date without objects holds no rows."""
    rows = Counter(dict.fromkeys(partitions, 0))
    left = []
    for day, source_file, footer in read:
        rows[day] += footer.rows
        if footer.left:
            left.append(source_file)
    return Footers(partitions, dict(rows), left)
