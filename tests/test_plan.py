"""What a listing says, and what is to be done about it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attendance_common.landing import Areas
from attendance_common.load.plan import (
    Found,
    batches,
    landed_at,
    survey,
    to_load,
    to_register,
    together,
    unsettled,
)

PREFIX = "landing/attendance/"
DEC_9, DEC_10, JAN_5 = dt.date(2025, 12, 9), dt.date(2025, 12, 10), dt.date(2026, 1, 5)
FOLDERS = {
    DEC_9: "year=2025/month=12/day=09/",
    DEC_10: "year=2025/month=12/day=10/",
    JAN_5: "year=2026/month=01/day=05/",
}


def entry(name: str, etag: str = "e1", size: int = 10) -> dict[str, Any]:
    return {"Key": PREFIX + name, "ETag": f'"{etag}"', "Size": size, "LastModified": "then"}


def school(day: dt.date, number: int = 1, etag: str = "e1", size: int = 10) -> dict[str, Any]:
    return entry(f"{FOLDERS[day]}school_{number}.parquet", etag, size)


def surveyed(*entries: dict[str, Any]) -> Found:
    return survey(entries, PREFIX)


def fingerprint(*entries: dict[str, Any]) -> str:
    [partition] = surveyed(*entries).partitions.values()
    return partition.fingerprint


def test_a_listing_is_gathered_into_partitions() -> None:
    found = surveyed(school(DEC_9, 1), school(DEC_9, 2), school(JAN_5))
    assert {day: held.objects for day, held in found.partitions.items()} == {DEC_9: 2, JAN_5: 1}
    assert (found.objects, found.strays) == (3, 0)


def test_an_empty_landing_zone() -> None:
    found = surveyed()
    assert (found.partitions, found.objects, found.strays) == ({}, 0, 0)
    assert to_register(found, []) == to_load(found, {}) == []


@pytest.mark.parametrize(
    ("name", "strays", "partitions"),
    [
        ("", 0, 0),
        ("year=2025/month=12/day=09/", 0, 0),
        ("year=2025/month=12/day=09/_SUCCESS", 0, 0),
        ("year=2025/month=12/day=09/.part", 0, 0),
        ("year=2025/month=12/day=09/#x", 0, 0),
        ("year=2025/month=12/day=09/school_1.parquet~", 0, 0),
        ("year=2025/month=12/day=09/school_1.json", 1, 1),
        ("year=2025/month=12/day=09/school_1.parquet", 0, 1),
        ("year=2025/month=12/day=09/other.parquet", 1, 1),
        ("year=2025/month=12/day=09/deeper/school_1.parquet", 1, 1),
        ("school_1.parquet", 1, 0),
        ("year=2025/month=13/day=09/school_1.parquet", 1, 0),
        ("readme.txt", 1, 0),
    ],
)
def test_what_else_may_lie_there(name: str, strays: int, partitions: int) -> None:
    found = surveyed(entry(name))
    assert (found.strays, len(found.partitions)) == (strays, partitions)


def test_equal_objects_have_equal_fingerprints() -> None:
    first = fingerprint(school(DEC_9, 1), school(DEC_9, 2))
    assert first == fingerprint(school(DEC_9, 1), school(DEC_9, 2))
    assert len(first) == 64
    assert set(first) <= set("0123456789abcdef")


@pytest.mark.parametrize(
    "other",
    [
        [school(DEC_9, 1)],
        [school(DEC_9, 1), school(DEC_9, 3)],
        [school(DEC_9, 1), school(DEC_9, 2, etag="e2")],
        [school(DEC_9, 1), school(DEC_9, 2, size=11)],
        [school(DEC_9, 1), school(DEC_9, 2), school(DEC_9, 3)],
        [school(DEC_9, 1, etag="e2"), school(DEC_9, 2)],
    ],
    ids=["one gone", "another name", "another ETag", "another size", "one more", "the first changed"],
)
def test_other_objects_have_another_fingerprint(other: list[dict[str, Any]]) -> None:
    assert fingerprint(*other) != fingerprint(school(DEC_9, 1), school(DEC_9, 2))


def test_what_is_to_be_done() -> None:
    found = surveyed(school(DEC_9), school(DEC_10), school(JAN_5))
    held = {day: partition.fingerprint for day, partition in found.partitions.items()}
    assert to_register(found, []) == [DEC_9, DEC_10, JAN_5]
    assert to_register(found, [DEC_10, dt.date(2024, 1, 1)]) == [DEC_9, JAN_5]
    assert to_load(found, {}) == [DEC_9, DEC_10, JAN_5]
    assert to_load(found, {**held, DEC_10: "another"}) == [DEC_10]


def test_nothing_is_to_be_done_the_second_time() -> None:
    found = surveyed(school(DEC_9), school(JAN_5))
    held = {day: partition.fingerprint for day, partition in found.partitions.items()}
    gone = {dt.date(2024, 1, 1): "a partition whose objects are gone"}
    assert to_register(found, held.keys()) == []
    assert to_load(found, held | gone) == []


_days = st.dictionaries(st.sampled_from([DEC_9, DEC_10, JAN_5]), st.sets(st.integers(1, 3), min_size=1))


@given(_days)
@settings(max_examples=50)
def test_a_listing_in_parts_says_what_one_listing_says(objects: dict[dt.date, set[int]]) -> None:
    entries = [school(day, number) for day, numbers in sorted(objects.items()) for number in sorted(numbers)]
    stray = entry("zz.txt")
    whole = surveyed(*entries, stray)
    months = [[e for e in entries if month in e["Key"]] for month in ("month=01", "month=12")]
    parts = together([surveyed(stray), *(surveyed(*month) for month in months)])
    assert (parts.objects, parts.strays) == (whole.objects, whole.strays) == (len(entries), 1)
    told = [{day: p.fingerprint for day, p in found.partitions.items()} for found in (parts, whole)]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("days", "most", "sizes"), [(0, 5, []), (5, 5, [5]), (6, 5, [5, 1]), (1385, 366, [366] * 3 + [287])]
)
def test_batches(days: int, most: int, sizes: list[int]) -> None:
    dates = [dt.date(2020, 1, 1) + dt.timedelta(days=number) for number in range(days)]
    grouped = batches(dates, most)
    assert [len(group) for group in grouped] == sizes
    assert [day for group in grouped for day in group] == dates


def test_a_partition_is_unsettled_until_it_is_loaded_as_it_lies_there() -> None:
    now = [school(DEC_9), school(DEC_10, etag="e2"), school(JAN_5)]
    loaded = {DEC_9: fingerprint(school(DEC_9)), DEC_10: fingerprint(school(DEC_10))}
    assert unsettled(now, PREFIX, loaded, []) == {DEC_10, JAN_5}
    assert unsettled(now, PREFIX, loaded, [DEC_10]) == {JAN_5}
    assert unsettled(now[:1], PREFIX, loaded, [JAN_5]) == set()
    assert unsettled([], PREFIX, loaded, []) == set()


def test_when_objects_were_written_is_told_in_utc_but_not_of_partitions_to_leave_out() -> None:
    west = dt.timezone(dt.timedelta(hours=-5))
    written = {"LastModified": dt.datetime(2025, 12, 9, 23, 0, 1, tzinfo=west)}
    listed = [school(day, number) | written for day in (DEC_9, DEC_10) for number in (1, 2)]
    wanted = [
        f"s3://edna-prod/{PREFIX}{FOLDERS[DEC_9]}school_2.parquet",
        f"s3://edna-prod/{PREFIX}{FOLDERS[DEC_10]}school_1.parquet",
        f"s3://edna-prod/{PREFIX}{FOLDERS[JAN_5]}school_1.parquet",
        f"s3://another/{PREFIX}{FOLDERS[DEC_9]}school_1.parquet",
    ]
    then = dt.datetime(2025, 12, 10, 4, 0, 1)
    areas = Areas("edna-prod", PREFIX)
    assert landed_at(listed, areas, wanted, set()) == [(name, then) for name in wanted[:2]]
    assert landed_at(listed, areas, wanted, {DEC_9}) == [(wanted[1], then)]
