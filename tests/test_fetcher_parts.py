"""The fetcher's own decisions: which page is asked for next, what becomes of an answer, and the Parquet."""

from __future__ import annotations

import io
import json
import queue
from collections.abc import Callable, Iterable, Sequence

import polars as pl
import pyarrow.parquet as pq
import pytest

from attendance_common.errors import SourceError
from attendance_common.fetch.completeness import SchoolReading
from attendance_common.fetch.lists import parquet
from attendance_common.fetch.packed_pages import HeldPage
from attendance_common.fetch.page import read_page
from esd_period_attendance_fetcher import Readers, Task, next_task, read_schools, take_in
from tests.pages import BEGUN, page_of
from tests.samples import LANDED, SCHOOL, page, record

Answer = HeldPage | BaseException


class InTurn(Readers):
    """Readers without threads: each task is answered when it is submitted; what was asked for is kept."""

    def __init__(self, read: Callable[[Task], Answer]) -> None:
        self._read_task = read
        self.answers: queue.SimpleQueue[tuple[Task, Answer]] = queue.SimpleQueue()
        self.asked: list[tuple[int, int]] = []

    def submit(self, task: Task) -> None:
        self.asked.append((task.reading.school_id, task.number))
        self.answers.put((task, self._read_task(task)))


def three_pages(task: Task) -> HeldPage:
    first = 10 * task.reading.school_id + 2 * task.number
    return HeldPage(page_of([first] if task.number == 3 else [first, first + 1], 5))


def read(schools: Iterable[int], readers: Readers, ahead: int = 4) -> list[SchoolReading]:
    return list(read_schools([SchoolReading(school, 2, BEGUN) for school in schools], readers, ahead))


def faults(readings: Sequence[SchoolReading]) -> dict[int, str | None]:
    return {reading.school_id: reading.fault() for reading in readings}


@pytest.mark.parametrize("ahead", [1, 2, 7, 100])
def test_every_school_is_read_whole(ahead: int) -> None:
    readers = InTurn(three_pages)
    readings = read([1, 2, 3], readers, ahead)
    assert faults(readings) == {1: None, 2: None, 3: None}
    assert sorted(readers.asked) == [(school, number) for school in (1, 2, 3) for number in (1, 2, 3)]


def test_a_school_is_opened_only_when_the_open_ones_have_no_page_left_to_ask_for() -> None:
    readers = InTurn(three_pages)
    read([1, 2, 3], readers, ahead=1)
    assert readers.asked == [(school, number) for school in (1, 2, 3) for number in (1, 2, 3)]


def test_a_school_that_fails_does_not_stop_the_others() -> None:
    def answer(task: Task) -> Answer:
        broken = task.reading.school_id == 2 and task.number == 2
        return SourceError("status 500, after 6 tries", what="a page") if broken else three_pages(task)

    readings = read([1, 2, 3], InTurn(answer))
    expected = {1: None, 2: "page 2: status 500, after 6 tries", 3: None}
    assert faults(readings) == expected


def test_a_bug_in_a_reader_is_raised_where_it_is_seen() -> None:
    with pytest.raises(ZeroDivisionError):
        read([1], InTurn(lambda _: ZeroDivisionError()))


def test_no_schools() -> None:
    assert read([], InTurn(three_pages)) == []


def test_threads_answer_every_task() -> None:
    readers = Readers(4, three_pages)
    readings = read(range(1, 9), readers, ahead=8)
    assert faults(readings) == dict.fromkeys(range(1, 9))


def test_the_school_that_was_opened_first_goes_first() -> None:
    first, second = (SchoolReading(school, 2, BEGUN) for school in (1, 2))
    tasks = [next_task([first, second]) for _ in range(3)]
    assert [task and (task.reading.school_id, task.number) for task in tasks] == [(1, 1), (2, 1), None]
    take_in(Task(first, 1), HeldPage(page_of([1, 2], 3)))
    assert next_task([first, second]) == Task(first, 2)


# --- the Parquet that Spectrum is known to read ----------------- ------------------------------------------


@pytest.fixture(scope="module")
def landed() -> bytes:
    records = [json.dumps(record({"id": number})) for number in range(50)]
    return parquet(read_page(page(records), SCHOOL).rows)


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


def test_pages_are_of_format_v1(landed: bytes) -> None:
    metadata = pq.ParquetFile(io.BytesIO(landed)).metadata
    columns = [metadata.row_group(0).column(place) for place in range(metadata.num_columns)]
    assert metadata.format_version == "1.0"
    assert {column.compression for column in columns} == {"SNAPPY"}
    known = {"PLAIN", "PLAIN_DICTIONARY", "RLE_DICTIONARY", "RLE", "BIT_PACKED"}
    assert {encoding for column in columns for encoding in column.encodings} <= known


def test_the_same_rows_are_the_same_bytes(landed: bytes) -> None:
    rows = pl.read_parquet(io.BytesIO(landed))
    assert parquet(rows) == landed
    assert parquet(pl.concat([rows[:20], rows[20:]])) == landed
    assert rows.row(7, named=True) == {**LANDED, "id": 7}
