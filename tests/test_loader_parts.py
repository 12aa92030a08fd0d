"""The loader's own decisions, with a warehouse that only answers what it was told to."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pytest

from attendance_common.command import show_nothing
from attendance_common.errors import WarehouseError
from attendance_common.landing import Areas
from attendance_common.load import merge_sql as sql
from attendance_common.load.plan import batches
from attendance_common.load.warehouse import Warehouse
from redshift_loader import (
    Batch,
    CheckFailed,
    UnreadableElsewhere,
    check_external_table,
    load_changed,
    registered_days,
)
from tests.test_columns import EXTERNAL_NAMES

AREAS = Areas("edna-prod", "raw_esd/incoming/operational/landing/unnested_period_attendance/")
DEC_9 = dt.date(2025, 12, 9)
DEC_9_LOCATION = f"s3://edna-prod/{AREAS.landing}year=2025/month=12/day=09"
P = TypeVar("P")
T = TypeVar("T")


class Told(Warehouse):
    """Answers each statement from a table; a transaction is the work alone."""

    def __init__(self, answers: dict[str, list[Any]]) -> None:
        self._answers = answers

    def rows(self, text: str, values: Sequence[object] = ()) -> list[Any]:
        return self._answers[text]

    def transaction(self, prepare: Callable[[], P], work: Callable[[P], T]) -> T:
        return work(prepare())


def registered(*partitions: tuple[str, str]) -> list[dt.date]:
    return registered_days(Told({sql.REGISTERED: list(partitions)}), AREAS)


@pytest.mark.parametrize("values", ['["2025","12","09"]', '["2025", "12", "9"]', "[2025, 12, 9]"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_partition_is_known_by_its_values(values: str, slash: str) -> None:
    assert registered((values, DEC_9_LOCATION + slash)) == [DEC_9]


def test_a_location_that_the_view_cut_is_compared_as_far_as_it_goes() -> None:
    areas = Areas("edna-prod", "a/" * 80)
    cut = f"s3://edna-prod/{areas.landing}"[:128]
    found = Told({sql.REGISTERED: [('["2025","12","09"]', cut)]})
    assert registered_days(found, areas) == [DEC_9]


@pytest.mark.parametrize(
    "location",
    [
        "s3://another/raw_esd/incoming/operational/landing/unnested_period_attendance/year=2025/month=12/day=09",
        f"s3://edna-prod/{AREAS.landing}year=2025/month=12/day=10",
        "s3://edna-prod/",
        "",
    ],
)
def test_a_partition_that_points_elsewhere_is_told(location: str) -> None:
    with pytest.raises(WarehouseError, match="check S3_BUCKET and S3_PREFIX"):
        registered(('["2025","12","09"]', location))


def external(*changes: Callable[[list[tuple[str, str, int]]], object]) -> Told:
    columns = [(name, "bigint", 0) for name in EXTERNAL_NAMES]
    kinds = {name: kind for name, kind, _ in sql.expected_external_columns()}
    columns = [(name, kinds[name], 0) for name, _, _ in columns]
    columns += [("year", "int", 1), ("month", "int", 2), ("day", "int", 3)]
    for change in changes:
        change(columns)
    return Told({sql.EXTERNAL_COLUMNS: columns})


def test_the_external_table_as_it_is_set_up() -> None:
    check_external_table(external())


def test_no_external_table_names_the_setup() -> None:
    with pytest.raises(
        WarehouseError, match=r"no table esd_spectrum\.period_attendance: run redshift_period"
    ):
        check_external_table(Told({sql.EXTERNAL_COLUMNS: []}))


@pytest.mark.parametrize(
    "change",
    [
        lambda columns: columns.pop(0),
        lambda columns: columns.insert(43, ("later", "varchar(10)", 0)),
        lambda columns: columns.reverse(),
        lambda columns: columns.__setitem__(0, ("id", "varchar(20)", 0)),
        lambda columns: columns.__setitem__(-1, ("day", "int", 0)),
    ],
    ids=["one less", "one more", "another order", "another type", "no partition column"],
)
def test_an_external_table_of_another_version_is_told(change: Callable[[Any], object]) -> None:
    with pytest.raises(WarehouseError, match="is another version's: DROP TABLE"):
        check_external_table(external(change))


# --- batch after batch --------------------------------------------------------------------------------------


class Batches(Batch):
    """Counts a row a partition; the batches that have a date of `failing` fail their check.

    Where lost rows of a batch that begins with a date of `blocked` may be, cannot be read.
    """

    def __init__(self, *failing: dt.date, blocked: Sequence[dt.date] = ()) -> None:
        self.loaded: list[list[dt.date]] = []
        self._failing = failing
        self._blocked = blocked

    def load(self, days: Sequence[dt.date], *, look_elsewhere: bool = True) -> Counter[str]:
        if look_elsewhere and days[0] in self._blocked:
            raise UnreadableElsewhere("Spectrum Scan Error")
        if set(days) & set(self._failing):
            raise CheckFailed("it does not add up")
        self.loaded.append(list(days))
        return Counter(inserted=len(days))


def loaded(batch: Batches, days: Sequence[dt.date], most: int) -> tuple[Counter[str], list[str]]:
    sums: Counter[str] = Counter()
    attention: list[str] = []
    load_changed(batch, batches(days, most), sums, attention, show_nothing)
    return sums, attention


DAYS = [DEC_9 + dt.timedelta(days=number) for number in range(5)]


def test_partitions_are_loaded_in_batches() -> None:
    batch = Batches()
    sums, attention = loaded(batch, DAYS, 2)
    assert batch.loaded == [DAYS[:2], DAYS[2:4], DAYS[4:]]
    assert (sums["inserted"], attention) == (5, [])


@pytest.mark.parametrize(
    ("failing", "loads"),
    [
        ([0], [DAYS[1:2], DAYS[2:5]]),
        ([2], [DAYS[:2], DAYS[3:5]]),
        ([1, 4], [DAYS[:1], DAYS[2:3], DAYS[3:4]]),
        ([0, 1, 2, 3, 4], []),
    ],
)
def test_of_a_batch_whose_check_fails_all_but_what_is_at_fault_is_loaded(
    failing: list[int], loads: list[list[dt.date]]
) -> None:
    batch = Batches(*(DAYS[at] for at in failing))
    sums, attention = loaded(batch, DAYS, 5)
    assert batch.loaded == loads
    assert sums["inserted"] == 5 - len(failing)
    assert attention == [f"partition {DAYS[at]} was not loaded: it does not add up" for at in failing]


def test_a_batch_whose_lost_rows_cannot_be_looked_for_is_loaded_without_and_told() -> None:
    batch = Batches(blocked=[DAYS[2]])
    sums, attention = loaded(batch, DAYS, 2)
    assert batch.loaded == [DAYS[:2], DAYS[2:4], DAYS[4:]]
    assert sums["inserted"] == 5
    [told] = attention
    assert told.startswith(
        "partitions 2025-12-11 to 2025-12-12 were loaded, but rows that left their objects"
    )
    assert "Spectrum Scan Error" in told


def test_a_batch_that_fails_without_looking_elsewhere_as_well_is_told_once() -> None:
    batch = Batches(DAYS[2], blocked=[DAYS[2]])
    _, attention = loaded(batch, DAYS, 1)
    assert batch.loaded == [DAYS[:1], DAYS[1:2], DAYS[3:4], DAYS[4:]]
    assert attention == ["partition 2025-12-11 was not loaded: it does not add up"]


def test_nothing_to_load() -> None:
    sums, attention = loaded(Batches(), [], 2)
    assert (dict(sums), attention) == ({}, [])
