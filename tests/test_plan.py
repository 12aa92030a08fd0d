"""What a listing says beside the control table, and which lists of a batch count as loaded."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attendance_common.load.plan import (
    Found,
    ListId,
    Loaded,
    Summary,
    Version,
    batches,
    checked_from,
    combined,
    compare,
    fault_of,
    halves,
    hidden,
    judge,
    loaded_list,
    to_register,
    version_of,
)

PREFIX = "landing/attendance/"
DEC_9, DEC_10, JAN_5 = dt.date(2025, 12, 9), dt.date(2025, 12, 10), dt.date(2026, 1, 5)
FOLDERS = {
    DEC_9: "year=2025/month=12/day=09/",
    DEC_10: "year=2025/month=12/day=10/",
    JAN_5: "year=2026/month=01/day=05/",
}
THEN, LATER = dt.datetime(2025, 12, 10, 4, 0, 1), dt.datetime(2025, 12, 10, 4, 0, 2)
ONE = Version("e1", THEN)


def entry(name: str, etag: str = "e1", written: dt.datetime = THEN) -> dict[str, Any]:
    at = written.replace(tzinfo=dt.timezone.utc)
    return {"Key": PREFIX + name, "ETag": f'"{etag}"', "Size": 10, "LastModified": at}


def school(day: dt.date, number: int = 1, etag: str = "e1", written: dt.datetime = THEN) -> dict[str, Any]:
    return entry(f"{FOLDERS[day]}school_{number}.parquet", etag, written)


def loaded(*rows: tuple[dt.date, int, str | None, dt.datetime | None]) -> Loaded:
    """What the control table's rows say."""
    return Loaded(map(loaded_list, sorted(rows, key=lambda row: row[0])))


def compared(*entries: dict[str, Any], before: Loaded | None = None) -> Found:
    return compare(entries, PREFIX, loaded() if before is None else before)


# --- a listing ----------------------------------------------------------------------------------------------


def test_an_empty_landing_zone() -> None:
    found = compared()
    assert (found.lists, found.changed, found.foreign) == (0, {}, 0)
    assert to_register(found, []) == []
    assert found.gone == {}


def test_a_listing_is_gathered_by_date_and_school() -> None:
    found = compared(school(DEC_9, 1), school(DEC_9, 2), school(JAN_5))
    assert found.lists == 3
    assert found.changed == {ListId(DEC_9, 1): ONE, ListId(DEC_9, 2): ONE, ListId(JAN_5, 1): ONE}


def test_a_version_is_the_etag_and_the_time_in_utc() -> None:
    west = dt.timezone(dt.timedelta(hours=-5))
    listed = {"ETag": '"e1"', "LastModified": dt.datetime(2025, 12, 9, 23, 0, 1, tzinfo=west)}
    assert version_of(listed) == ("e1", THEN)


@pytest.mark.parametrize(
    ("row", "changed"),
    [
        ((DEC_9, 1, "e1", THEN), False),
        ((DEC_9, 1, "e2", THEN), True),
        ((DEC_9, 1, "e1", LATER), True),
        ((DEC_9, 1, "", THEN), True),
        ((DEC_9, 1, None, None), True),
        ((DEC_9, 2, "e1", THEN), True),
        ((DEC_10, 1, "e1", THEN), True),
    ],
    ids=[
        "as it was loaded",
        "another ETag",
        "another time",
        "to be loaded again",
        "it was gone",
        "another school",
        "another date",
    ],
)
def test_a_list_changed_when_it_is_not_as_it_was_loaded(row: Any, changed: bool) -> None:
    found = compared(school(DEC_9), before=loaded(row))
    assert found.changed == ({ListId(DEC_9, 1): ONE} if changed else {})
    assert found.lists == 1


@pytest.mark.parametrize(
    ("name", "foreign", "lists"),
    [
        ("", 0, 0),
        ("year=2025/month=12/day=09/", 0, 0),
        ("year=2025/month=12/day=09/_SUCCESS", 0, 0),
        ("year=2025/month=12/day=09/.part", 0, 0),
        ("year=2025/month=12/day=09/#x", 0, 0),
        ("year=2025/month=12/day=09/school_1.parquet~", 0, 0),
        ("year=2025/month=12/day=09/school_1.parquet", 0, 1),
        ("year=2025/month=12/day=09/school_1.json", 1, 0),
        ("year=2025/month=12/day=09/school_01.parquet", 1, 0),
        ("year=2025/month=12/day=09/other.parquet", 1, 0),
        ("year=2025/month=12/day=09/deeper/school_1.parquet", 1, 0),
        ("year=2025/month=12/day=09/_hidden/school_1.parquet", 1, 0),
        ("school_1.parquet", 1, 0),
        ("year=2025/month=13/day=09/school_1.parquet", 1, 0),
        ("readme.txt", 1, 0),
    ],
)
def test_what_else_may_lie_there(name: str, foreign: int, lists: int) -> None:
    found = compared(entry(name))
    assert (found.foreign, found.lists) == (foreign, lists)
    assert found.foreign_names == [name] * foreign


@pytest.mark.parametrize(
    ("name", "expected"), [("a/_x", True), ("a/x~", True), ("_a/x", False), ("a/x", False)]
)
def test_spectrum_passes_over_names_by_their_last_part(name: str, expected: bool) -> None:
    assert hidden(name) is expected


def test_up_to_a_thousand_foreign_objects_are_known_by_name() -> None:
    found = compared(*(entry(f"x{number}") for number in range(1_007)))
    names = [f"x{number}" for number in range(1_000)]
    assert (found.foreign, found.foreign_names) == (1_007, names)
    both = combined([compared(entry("a"), entry("b")), found], loaded())
    assert (both.foreign, both.foreign_names) == (1_009, ["a", "b", *names[:998]])


_days = st.dictionaries(st.sampled_from([DEC_9, DEC_10, JAN_5]), st.sets(st.integers(1, 3), min_size=1))


@given(_days)
@settings(max_examples=50)
def test_a_listing_in_parts_says_what_one_listing_says(schools: dict[dt.date, set[int]]) -> None:
    entries = [school(day, number) for day, numbers in schools.items() for number in numbers]
    foreign = entry("zz.txt")
    before = loaded((DEC_9, 1, "e1", THEN), (DEC_9, 2, "e2", THEN))
    months = [[each for each in entries if month in each["Key"]] for month in ("month=01", "month=12")]
    parts = combined((compared(*part, before=before) for part in ([foreign], *months)), before)
    whole = compared(*entries, foreign, before=before)
    assert parts.changed == whole.changed
    assert to_register(parts, []) == to_register(whole, []) == sorted(schools)
    assert (parts.foreign, parts.foreign_names, parts.lists) == (1, ["zz.txt"], len(entries))


# --- what is to be done -------------------------------------------------------------------------------------


def test_partitions_to_register_are_those_that_spectrum_does_not_know() -> None:
    found = compared(school(JAN_5), school(DEC_9), school(DEC_10))
    assert to_register(found, []) == [DEC_9, DEC_10, JAN_5]
    assert to_register(found, [DEC_10, dt.date(2024, 1, 1)]) == [DEC_9, JAN_5]
    assert to_register(found, [DEC_9, DEC_10, JAN_5]) == []


def test_a_loaded_list_without_an_object_is_gone_and_once_noted_it_is_known() -> None:
    of_dec_9 = (DEC_9, 1, "e1", THEN), (DEC_9, 2, "e1", THEN), (DEC_9, 3, None, None)
    before = loaded(*of_dec_9, (JAN_5, 1, "e1", THEN))
    found = combined([compared(school(DEC_9, 1), before=before)], before)
    assert found.gone == {
        ListId(DEC_9, 2): False,
        ListId(DEC_9, 3): True,
        ListId(JAN_5, 1): False,
    }


@pytest.mark.parametrize(
    ("days", "most", "sizes"), [(0, 5, []), (5, 5, [5]), (6, 5, [5, 1]), (1385, 366, [366] * 3 + [287])]
)
def test_a_batch_has_all_lists_of_some_dates(days: int, most: int, sizes: list[int]) -> None:
    dates = [dt.date(2020, 1, 1) + dt.timedelta(days=number) for number in range(days)]
    lists = [ListId(day, number) for number in (2, 1) for day in dates]
    grouped = batches(lists, most)
    assert [len({each.day for each in group}) for group in grouped] == sizes
    assert [each for group in grouped for each in group] == sorted(lists)


def test_a_batch_is_halved_by_dates_and_one_date_by_schools() -> None:
    first, second = ListId(DEC_9, 1), ListId(DEC_9, 2)
    third, fourth = ListId(DEC_9, 3), ListId(JAN_5, 1)
    assert halves([first, second, third, fourth]) == [[first, second, third], [fourth]]
    assert halves([first, second, third]) == [[first], [second, third]]
    assert halves([first, second]) == [[first], [second]]


_lists = st.sets(st.builds(ListId, st.sampled_from([DEC_9, DEC_10, JAN_5]), st.integers(1, 4)), min_size=2)


@given(_lists)
@settings(max_examples=50)
def test_both_halves_have_something_and_together_everything_once(lists: set[ListId]) -> None:
    parts = halves(sorted(lists))
    assert len(parts) == 2
    assert all(parts)
    assert Counter(each for part in parts for each in part) == Counter(lists)


# --- which lists count as loaded ----------------------------------------------------------------------------

GOOD = Summary(3, 3, 3, 3, 3, 0, first_object="s3://b/a", last_object="s3://b/a")
TOMBSTONE = GOOD._replace(rows=1, records=0, ids=0, students=0, dated=0)


@pytest.mark.parametrize(
    ("summary", "fault"),
    [
        (GOOD, None),
        (TOMBSTONE, None),
        (None, "Spectrum found no row of this school in it"),
        (GOOD._replace(records=2, ids=2, students=2, dated=2), "it has rows without an id"),
        (GOOD._replace(rows=2, records=0, ids=0, students=0, dated=0), "it has rows without an id"),
        (GOOD._replace(ids=2), "it has an id twice"),
        (GOOD._replace(students=2), "it has rows without a student"),
        (GOOD._replace(dated=2), "it has rows of another date"),
        (
            GOOD._replace(last_object="s3://b/c"),
            "its rows lie in more than one object, s3://b/a and s3://b/c",
        ),
    ],
)
def test_why_a_list_cannot_be_loaded(summary: Summary | None, fault: str | None) -> None:
    assert fault_of(summary) == fault


def test_loaded_lists_are_kept_by_their_dates_with_the_hash_of_their_version() -> None:
    first, second = dt.date(2025, 12, 8), dt.date(2025, 12, 9)
    version = Version("e1", dt.datetime(2025, 12, 10, 8))
    lists = Loaded(
        [(ListId(first, 2), version), (ListId(first, 1), None), (ListId(second, 1), version)],
    )
    assert list(lists) == [ListId(first, 2), ListId(first, 1), ListId(second, 1)]
    assert list(lists.days) == [first, second]
    assert lists.of(first) == {2: hash(version), 1: hash(None)}
    assert lists.of(second) == {1: hash(version)}


def test_nothing_loaded_has_no_dates_and_no_lists() -> None:
    assert (list(Loaded()), list(Loaded().days), Loaded().of(dt.date(2025, 12, 8))) == ([], [], {})


def test_lists_that_were_written_while_they_were_read_are_no_faults() -> None:
    lists = good, emptied, moved, vanished, twice, unread = [ListId(DEC_9, number) for number in range(6)]
    before = dict.fromkeys(lists, ONE)
    after = dict.fromkeys(lists, ONE) | {moved: Version("e1", LATER)}
    del after[vanished]
    twice_read = GOOD._replace(ids=2)
    read = {good: GOOD, emptied: TOMBSTONE, moved: twice_read, vanished: GOOD, twice: twice_read}
    reading = judge(before, after, read)
    assert reading.accepted == {good: 3, emptied: 0}
    assert reading.rewritten == {moved, vanished}
    assert reading.faults == {
        twice: "it has an id twice",
        unread: "Spectrum found no row of this school in it",
    }


# --- which dates a load checks -----------------------------------------------------------------------------


def test_without_an_older_table_every_date_is_checked() -> None:
    assert checked_from(loaded(), compared(school(DEC_10))) == dt.date.min


def test_the_dates_of_an_older_table_are_not_checked_but_for_those_from_the_first_list_on() -> None:
    before = loaded((DEC_9, 1, "e1", THEN))
    before.backfilled_to = dt.date(2019, 6, 28)
    assert checked_from(before, compared(school(DEC_10), before=before)) == dt.date(2019, 6, 29)
    before.backfilled_to = JAN_5
    gone = combined([compared(school(DEC_10), before=before)], before)
    assert checked_from(before, gone) == DEC_9
    assert checked_from(before, Found()) == dt.date(2026, 1, 6)
