"""The loader's own decisions, with a warehouse that gives only the answers a test sets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from attendance_common.errors import WarehouseError
from attendance_common.landing import Areas
from attendance_common.load import external, plan, repair
from attendance_common.load.batch import CheckFailed, check_sum, check_written, named
from attendance_common.load.halving import in_halves
from attendance_common.load.plan import ListId
from attendance_common.load.refusals import Conflict, Unreadable
from attendance_common.load.table_check import DateSums, TableState, state_of
from attendance_common.load.warehouse import Warehouse
from tests.test_columns import EXTERNAL_NAMES

AREAS = Areas("edna-prod", "raw_esd/incoming/operational/landing/unnested_period_attendance/")
DEC_8, DEC_9 = dt.date(2025, 12, 8), dt.date(2025, 12, 9)
DEC_9_LOCATION = f"s3://edna-prod/{AREAS.landing}year=2025/month=12/day=09"
DAYS = [DEC_9 + dt.timedelta(days=number) for number in range(5)]


class Answers(Warehouse):
    """Answers every statement with the same rows."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = rows

    def rows(self, text: str, values: Sequence[object] = ()) -> list[Any]:
        return self._rows


# --- the external table -------------------------------------------------------------------------------------


def registered(*partitions: tuple[str, str]) -> set[dt.date]:
    return external.registered_days(Answers(list(partitions)), AREAS)


@pytest.mark.parametrize("values", ['["2025","12","09"]', '["2025", "12", "9"]', "[2025, 12, 9]"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_partition_is_known_by_its_values(values: str, slash: str) -> None:
    assert registered((values, DEC_9_LOCATION + slash)) == {DEC_9}


def test_a_location_that_the_view_cut_is_compared_as_far_as_it_goes() -> None:
    areas = Areas("edna-prod", "a/" * 80)
    cut = f"s3://edna-prod/{areas.landing}"[:128]
    assert external.registered_days(Answers([('["2025","12","9"]', cut)]), areas) == {DEC_9}


@pytest.mark.parametrize(
    "location",
    [
        "s3://another/raw_esd/incoming/operational/landing/unnested_period_attendance/year=2025/month=12/day=09",
        f"s3://edna-prod/{AREAS.landing}year=2025/month=12/day=10",
        "s3://edna-prod/",
        "",
    ],
)
def test_a_partition_that_points_elsewhere_is_named(location: str) -> None:
    with pytest.raises(WarehouseError, match="check S3_BUCKET and S3_PREFIX"):
        registered(('["2025","12","9"]', location))


@pytest.mark.parametrize("values", ['["2025","13","1"]', '["2025","12"]', '["a","b","c"]', "{}", "", "7"])
def test_a_partition_that_is_no_date_is_named(values: str) -> None:
    with pytest.raises(WarehouseError, match=r"is no date, .*DROP PARTITION it"):
        registered((values, DEC_9_LOCATION))


Columns = list[tuple[str, str, int]]
FLAGS = {"is_early_dismissal", "is_locked", "verified"}
WIDTHS = {"date": 10, "created_on": 26, "modified_on": 26}
NUMBERS = {
    "id",
    "school_id",
    "minutes_late",
    "minutes_early",
    "minutes_missed",
    "actual_minutes",
    "potential_minutes",
    "created_by",
    "modified_by",
}


def columns() -> Columns:
    """The external table as the setup file makes it, as svv_external_columns says it."""
    kinds = {name: kind for name, kind, _ in external.expected_columns()}
    keys = [("year", "int", 1), ("month", "int", 2), ("day", "int", 3)]
    return [(name, kinds[name], 0) for name in EXTERNAL_NAMES] + keys


def test_columns_are_expected_in_hives_words() -> None:
    kinds = {name: kind for name, kind, _ in columns()}
    assert {name for name, kind in kinds.items() if kind == "boolean"} == FLAGS
    assert {kinds[name] for name in NUMBERS} == {"bigint"}
    assert {name: kinds[name] for name in WIDTHS} == {
        name: f"varchar({width})" for name, width in WIDTHS.items()
    }
    assert len(kinds) == 43 + 3


def test_the_external_table_as_it_is_set_up() -> None:
    external.check_table(Answers(columns()))


OTHER_WORDS = [
    {"int": "integer", "bigint": "int8", "boolean": "bool", "varchar": "CHARACTER VARYING"},
    {"int": "INT4", "bigint": " BIGINT ", "boolean": "BOOL", "varchar": "character  varying "},
    {"int": "Integer", "bigint": "Int8", "boolean": "Boolean", "varchar": "VarChar "},
]


@pytest.mark.parametrize("words", OTHER_WORDS)
def test_other_words_for_the_same_types(words: dict[str, str]) -> None:
    """These spellings were seen (aws/amazon-redshift-python-driver)."""
    other = []
    for name, kind, key in columns():
        base, bracket, width = kind.partition("(")
        other.append((name.upper(), words[base] + bracket + width, key))
    external.check_table(Answers(other))


def test_no_external_table_names_the_setup() -> None:
    with pytest.raises(
        WarehouseError, match=r"no table esd_spectrum\.period_attendance: run redshift_period"
    ):
        external.check_table(Answers([]))


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        (lambda columns: columns.pop(0), r"has school_id bigint where id bigint belongs"),
        (
            lambda columns: columns.insert(43, ("later", "varchar(10)", 0)),
            r"has later varchar\(10\) where no column belongs",
        ),
        (lambda columns: columns.append(("hour", "int", 4)), "has hour int .* where no column belongs"),
        (lambda columns: columns.pop(), r"has no column where day int \(partition key 3\) belongs"),
        (
            lambda columns: columns.__setitem__(0, ("id", "varchar(20)", 0)),
            r"has id varchar\(20\) where id bigint belongs",
        ),
        (
            lambda columns: columns.__setitem__(-1, ("day", "int", 0)),
            "has day int where no column belongs",
        ),
        (
            lambda columns: columns.__setitem__(-2, ("month", "CHARACTER  VARYING ( 2 )", 2)),
            r"has month varchar\(2\) \(partition key 2\) where month int \(partition key 2\) belongs",
        ),
        (lambda columns: columns.pop(42), r"has no column where extra_fields varchar\(32768\) belongs"),
        (
            lambda columns: columns.__setitem__(3, ("student_id", "INT4", 0)),
            "has student_id int where student_id bigint belongs",
        ),
        (
            lambda columns: columns.__setitem__(7, ("x", "timestamp without time zone", 0)),
            r"has x timestamp where meeting_time__room_number varchar\(256\) belongs",
        ),
    ],
    ids=[
        "one less",
        "one more",
        "a key more",
        "a key less",
        "another type",
        "no partition column",
        "another type of a key",
        "the last one is missing",
        "another width of a number",
        "another column",
    ],
)
def test_an_external_table_of_another_version_is_named_with_the_first_column_that_differs(
    change: Callable[[Any], object], differs: str
) -> None:
    changed = columns()
    change(changed)
    with pytest.raises(
        WarehouseError, match=rf"{differs}, so it is another version's: run .*, first DROP TABLE"
    ):
        external.check_table(Answers(changed))


# --- halving ------------------------------------------------------------------------------------------------


class Work:
    """Works on groups without one of `failing`; keeps what it worked on."""

    def __init__(self, *failing: ListId, error: type[WarehouseError] = Unreadable) -> None:
        self.done: list[list[ListId]] = []
        self._failing = failing
        self._error = error

    def __call__(self, group: Sequence[ListId]) -> int:
        if set(group) & set(self._failing):
            raise self._error("Spectrum Scan Error")
        self.done.append(list(group))
        return len(group)


LISTS = [ListId(day, 1) for day in DAYS]


def outcomes(work: Work, lists: Sequence[ListId], dates: int) -> tuple[int, list[tuple[ListId, str]]]:
    """How many things were done, and the error of each that could not be."""
    done, faults = 0, []
    for group, outcome in in_halves(plan.batches(lists, dates), work, plan.halves):
        if isinstance(outcome, int):
            done += outcome
        else:
            faults.append((group[0], str(outcome)))
    return done, faults


def test_groups_are_done_in_order() -> None:
    work = Work()
    assert outcomes(work, LISTS, 2) == (5, [])
    assert work.done == [LISTS[:2], LISTS[2:4], LISTS[4:]]
    assert outcomes(Work(), [], 2) == (0, [])


@pytest.mark.parametrize("error", [Unreadable, CheckFailed])
@pytest.mark.parametrize(
    ("failing", "groups"),
    [
        ([0], [LISTS[1:2], LISTS[2:5]]),
        ([2], [LISTS[:2], LISTS[3:5]]),
        ([1, 4], [LISTS[:1], LISTS[2:3], LISTS[3:4]]),
        ([0, 1, 2, 3, 4], []),
    ],
)
def test_of_a_group_that_fails_all_but_what_is_at_fault_is_done(
    failing: list[int], groups: list[list[ListId]], error: type[WarehouseError]
) -> None:
    work = Work(*(LISTS[at] for at in failing), error=error)
    done, faults = outcomes(work, LISTS, 5)
    assert work.done == groups
    assert done == 5 - len(failing)
    assert faults == [(LISTS[at], "Spectrum Scan Error") for at in failing]


def test_of_one_date_the_school_at_fault_is_alone() -> None:
    schools = [ListId(DEC_9, number) for number in range(1, 9)]
    work = Work(schools[5])
    assert outcomes(work, schools, 5) == (7, [(schools[5], "Spectrum Scan Error")])


def test_of_dates_to_repair_the_one_at_fault_is_alone() -> None:
    def work(days: Sequence[dt.date]) -> int:
        if DAYS[1] in days:
            raise Unreadable("Spectrum Scan Error")
        return len(days)

    found = [(list(days), outcome) for days, outcome in in_halves([DAYS], work, repair.halves)]
    assert [days for days, _ in found] == [DAYS[:1], DAYS[1:2], DAYS[2:]]
    assert [isinstance(outcome, Unreadable) for _, outcome in found] == [False, True, False]


def test_what_is_no_fault_of_the_data_is_not_halved() -> None:
    work = Work(LISTS[4], error=Conflict)
    with pytest.raises(Conflict):
        outcomes(work, LISTS, 5)
    assert work.done == []


# --- the checks of a batch ----------------------------------------------------------------------------------

BOUNDS = DAYS[0], DAYS[4]


def test_a_batch_whose_numbers_add_up() -> None:
    check_written({"to write": 3, "rows": 3, "records": 3}, *BOUNDS)
    check_sum({"inserted": 1, "updated": 2, "unchanged": 3, "superseded": 4, "rows_read": 10}, *BOUNDS)


@pytest.mark.parametrize(("rows", "records"), [(4, 3), (2, 2), (3, 2)])
def test_a_row_that_is_there_twice_or_not_at_all_fails_the_batch(rows: int, records: int) -> None:
    with pytest.raises(CheckFailed, match=rf"{rows} rows of {records} records from 2025-12-09 to 2025-12-13"):
        check_written({"to write": 3, "rows": rows, "records": records}, *BOUNDS)


def test_a_row_that_became_nothing_fails_the_batch() -> None:
    counts = {"inserted": 1, "updated": 2, "unchanged": 3, "superseded": 4, "rows_read": 11}
    with pytest.raises(CheckFailed, match=r"11 rows were read .* 10 came of them"):
        check_sum(counts, *BOUNDS)


def test_lists_have_a_name() -> None:
    assert named(LISTS[:1]) == "the list of 2025-12-09 of school 1"
    assert named(LISTS[2:]) == "3 lists of 2025-12-11 to 2025-12-13"


# --- what the check of the table means ----------------------------------------------------------------------

AS_LOADED = {
    "day": DEC_9,
    "table_rows": 2,
    "table_ids": 30,
    "table_seconds": 400,
    "winners": 2,
    "winner_ids": 30,
    "winner_seconds": 400,
    "places": 3,
    "records": 3,
    "forgotten": 0,
    "marked": 1,
    "superseded": 0,
    "expired": 0,
    "landed_lists": 2,
    "backfilled_lists": 0,
}


def sums(**changes: Any) -> DateSums:
    return DateSums(**{**AS_LOADED, **changes})


def state(**changes: Any) -> TableState:
    return state_of([sums(**changes)])


def test_a_date_as_it_was_loaded() -> None:
    assert state() == TableState(
        damaged_rows=[], damaged_places=[], marked=1, days=[DEC_9], superseded=[], expired=0
    )
    assert state_of([]) == TableState([], [], 0, [], [], 0)
    no_rows = dict.fromkeys(("table_rows", "table_ids", "table_seconds", "winners", "winner_ids"), 0)
    assert state(**no_rows, winner_seconds=0).days == []


def test_the_newest_date_is_not_of_the_future() -> None:
    found = state_of(sums(day=day) for day in (DEC_8, DEC_9, dt.date(9999, 12, 31)))
    assert found.newest_date(DEC_9) == "2025-12-09"
    assert found.newest_date(DEC_8) == "2025-12-08"
    assert found.newest_date(dt.date(2025, 12, 1)) is None


def test_a_date_with_rows_of_an_older_table_alone() -> None:
    def only_backfilled(**changes: Any) -> bool:
        return sums(**changes).only_backfilled

    assert only_backfilled(landed_lists=0, backfilled_lists=1)
    assert not only_backfilled(backfilled_lists=1)
    assert not only_backfilled(landed_lists=0)


@pytest.mark.parametrize("changed", ["table_rows", "table_ids", "table_seconds", "winners"])
def test_a_date_with_other_rows_is_damaged(changed: str) -> None:
    assert state(**{changed: 1}).damaged_rows == [DEC_9]
    assert state(**{changed: 1}).damaged_places == []


def test_a_date_with_other_places_has_damaged_places_unless_a_list_of_it_is_to_be_loaded_again() -> None:
    assert state(places=2).damaged_places == [DEC_9]
    assert state(records=4).damaged_places == [DEC_9]
    assert state(places=2, forgotten=1).damaged_places == []
    assert state(places=2).damaged_rows == []


def test_a_date_has_places_whose_id_another_list_wins() -> None:
    assert state(expired=3).expired == 3
    assert state(superseded=2) == TableState([], [], 1, [DEC_9], superseded=[DEC_9], expired=0)
