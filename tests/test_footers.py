"""What the end of an object tells about it."""

from __future__ import annotations

import datetime as dt
import io

import polars as pl
import pytest

from attendance_common.load.footers import FOOTER_BYTES, Footer, Footers, read, together
from attendance_common.load.plan import Partition
from tests.samples import LANDED

MONDAY, TUESDAY = dt.date(2025, 12, 8), dt.date(2025, 12, 9)


def end_of(rows: int, metadata: dict[str, str] | None = None) -> bytes:
    body = io.BytesIO()
    frame = pl.DataFrame([{**LANDED, "id": number} for number in range(rows)], infer_schema_length=None)
    frame.write_parquet(body, compression="uncompressed", statistics=False, metadata=metadata)
    return body.getvalue()[-FOOTER_BYTES:]


@pytest.mark.parametrize("rows", [1, 1000, 20000])
def test_the_end_of_an_object_tells_its_rows_and_whether_it_was_left(rows: int) -> None:
    assert read(end_of(rows)) == Footer(rows, left=False)
    assert read(end_of(rows, {"left": "true"})) == Footer(rows, left=True)
    assert read(end_of(rows, {"another": "left-at"})) == Footer(rows, left=False)


@pytest.mark.parametrize("end", [b"", b"{}", b"PAR1", b"PAR1PAR1", end_of(3)[:-1]])
def test_what_is_no_parquet_tells_nothing(end: bytes) -> None:
    assert read(end) == Footer(0, left=False)


def test_footers_are_summed_by_partition_and_the_lists_that_were_left_are_named() -> None:
    told = [(MONDAY, "a", Footer(3)), (MONDAY, "b", Footer(4, left=True)), (TUESDAY, "c", Footer(5))]
    held = {MONDAY: Partition(), TUESDAY: Partition()}
    assert together(held, told) == Footers(held, {MONDAY: 7, TUESDAY: 5}, ["b"])
    assert together({MONDAY: held[MONDAY]}, []) == Footers({MONDAY: held[MONDAY]}, {MONDAY: 0}, [])
