"""One list: what a reading and another process make of it, its years, its tombstone, its Parquet."""

from __future__ import annotations

import datetime as dt
import io
import json

import polars as pl
import pyarrow.parquet as pq
import pytest

from attendance_common.fetch.lists import (
    ReadRecords,
    compare,
    landed_list,
    md5,
    merge,
    parquet,
    put_in,
    take_out,
    tombstone,
)
from attendance_common.fetch.page import read_page
from tests.samples import LANDED, SCHOOL, page, record

MONDAY, TUESDAY = dt.date(2025, 12, 8), dt.date(2025, 12, 9)
OLD, NEW = "2025-12-10T08:00:00Z", "2025-12-11T08:00:00Z"


def rows(*versions: tuple[int, str | None, str]) -> pl.DataFrame:
    """A list with these records: id, modifiedOn, comment."""
    records = [record({"id": key, "modifiedOn": at, "comment": said}) for key, at, said in versions]
    return read_page(page(map(json.dumps, records)), SCHOOL).rows


def said(listed: pl.DataFrame) -> dict[int, str]:
    return dict(listed.select("id", "comment").iter_rows())


# --- what becomes of it -------------------------------------------------------------------------------------


def test_what_was_read_replaces_what_is_landed_although_it_is_older() -> None:
    landed = rows((1, NEW, "landed"), (2, OLD, "landed"), (5, None, "landed"))
    together = put_in(landed, rows((1, OLD, "read"), (3, NEW, "read"), (5, None, "read")))
    assert said(together) == {1: "read", 2: "landed", 3: "read", 5: "read"}
    assert together["id"].to_list() == [1, 2, 3, 5]


def test_a_merge_keeps_the_newer_version_and_of_equals_the_landed_one() -> None:
    landed = rows((1, NEW, "landed"), (2, OLD, "landed"), (3, OLD, "landed"), (4, None, "landed"))
    other = rows(
        (1, OLD, "other"), (2, NEW, "other"), (3, OLD, "other"), (4, None, "other"), (5, OLD, "other")
    )
    assert said(merge(landed, other)) == {1: "landed", 2: "other", 3: "landed", 4: "landed", 5: "other"}


def test_what_is_taken_out_is_gone() -> None:
    assert said(take_out(rows((1, OLD, "a"), (2, OLD, "b")), [2, 9])) == {1: "a"}


def test_a_landed_record_stays_moved_or_is_missing() -> None:
    landed = rows(*((key, OLD, "landed") for key in range(1, 6)))
    places = pl.DataFrame({"id": [1, 2, 9], "day": [MONDAY, TUESDAY, TUESDAY]})
    found = compare(landed, MONDAY, ReadRecords(places, rejected=[3]))
    assert (found.moved, found.missing) == ([2], [4, 5])


# --- the object ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("years", "stated"), [((55,), "55"), ((55, 54, 9), "9,54,55"), ((), None)])
def test_the_footer_names_the_school_years(years: tuple[int, ...], stated: str | None) -> None:
    body = parquet(rows((1, OLD, "a")), years)
    footer = pl.read_parquet_metadata(io.BytesIO(body))
    assert footer.get("school_years") == stated
    assert landed_list(body, "x", None).years == set(years)


def test_a_tombstone_is_one_row_with_nothing_but_the_school() -> None:
    body = tombstone(SCHOOL, [55], "20251209T060000Z-abc")
    [row] = pq.read_table(io.BytesIO(body)).to_pylist()
    assert row == {**dict.fromkeys(LANDED), "school_id": SCHOOL}
    footer = pl.read_parquet_metadata(io.BytesIO(body))
    assert (footer["run"], footer["school_years"]) == ("20251209T060000Z-abc", "55")
    assert pq.ParquetFile(io.BytesIO(body)).schema == pq.ParquetFile(io.BytesIO(parquet(rows(), []))).schema


def test_a_tombstone_has_no_records_and_no_years() -> None:
    found = landed_list(tombstone(SCHOOL, [55], "R"), "x", None)
    assert (found.rows.height, len(found.years)) == (0, 0)


def test_an_object_is_known_by_its_etag_or_by_its_metadata() -> None:
    body = parquet(rows((1, OLD, "a")), [55])
    assert landed_list(body, md5(body), None).has_body(body)
    assert landed_list(body, "etag-of-kms", md5(body)).has_body(body)
    assert not landed_list(body, "etag-of-kms", None).has_body(body)


def test_a_list_of_an_older_version_is_read_with_the_columns_of_this_one() -> None:
    body = parquet(rows((1, OLD, "a")).drop("extra_fields"), [])
    assert said(landed_list(body, "x", None).rows) == {1: "a"}


# --- the Parquet that Spectrum is known to read -------------------------------------------------------------


@pytest.fixture(scope="module")
def landed() -> bytes:
    records = [json.dumps(record({"id": number})) for number in range(50)]
    return parquet(read_page(page(records), SCHOOL).rows, [55])


def test_columns_are_in_ddl_order_with_the_ddls_types(landed: bytes) -> None:
    schema = pq.ParquetFile(io.BytesIO(landed)).schema
    names = [schema.column(place).name for place in range(len(schema))]
    assert names == list(LANDED)
    kinds = {column.name: (column.physical_type, str(column.logical_type)) for column in schema}
    assert (
        kinds["id"] == kinds["meeting_time__section_id"] == kinds["attendance_reason_id"] == ("INT64", "None")
    )
    assert kinds["verified"] == ("BOOLEAN", "None")
    assert kinds["date"] == kinds["modified_on"] == kinds["extra_fields"] == ("BYTE_ARRAY", "String")
    assert {physical for physical, _ in kinds.values()} == {"INT64", "BOOLEAN", "BYTE_ARRAY"}


def test_pages_are_of_format_v1_with_statistics(landed: bytes) -> None:
    metadata = pq.ParquetFile(io.BytesIO(landed)).metadata
    columns = [metadata.row_group(0).column(place) for place in range(metadata.num_columns)]
    assert metadata.format_version == "1.0"
    assert {column.compression for column in columns} == {"SNAPPY"}
    known = {"PLAIN", "PLAIN_DICTIONARY", "RLE_DICTIONARY", "RLE", "BIT_PACKED"}
    assert {encoding for column in columns for encoding in column.encodings} <= known
    [school] = [column for column in columns if column.path_in_schema == "school_id"]
    assert (school.statistics.min, school.statistics.max) == (SCHOOL, SCHOOL)


def test_the_same_rows_are_the_same_bytes(landed: bytes) -> None:
    rows = pl.read_parquet(io.BytesIO(landed))
    assert parquet(rows, [55]) == landed
    assert parquet(pl.concat([rows[:20], rows[20:]]), [55]) == landed
    assert rows.row(7, named=True) == {**LANDED, "id": 7}
