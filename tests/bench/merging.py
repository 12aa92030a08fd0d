"""Batches merged into a large table: against each other, and against `INSERT … WHERE NOT EXISTS`."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from statistics import median

import polars as pl

from attendance_common.columns import NATIVE_COLUMNS
from attendance_common.load.list_sql import (
    ALL_NAMES,
    EXTERNAL,
    LISTS,
    NATIVE,
    PLACES,
    Statement,
    listed,
    native_value,
    within,
)
from attendance_common.load.plan import ListId
from tests.bench.sizes import Sizes
from tests.bench.table import Row, ratio
from tests.bench.warehouse import FIRST_SCHOOL, Warehouse, days, register, rows_of

UPDATED = 50  # one record in so many is changed
SCHOOLS = 10
CHANGED = 5  # one list in so many changes in a night, on every date
OLD_DAYS = 300

# What the table holds before: enough in each row that it is as wide as most are; in the order of the sort
# key, as Redshift keeps it (DG: t_Reclaiming_storage_space202, automatic table sort).
FILL = f"""\
INSERT INTO {NATIVE} (
    id, school_id, attendance_date, student_id, meeting_time_id, room_number, semester_numbers, teachers,
    modality, attendance_status, minutes_missed, actual_minutes, created_on, modified_on,
    source_file, loaded_at
)
SELECT
    id, school, day, id %% 100000, 129019, '204', '[1,2]', '[{{"id":7,"name":"Ambrel Tosk"}}]',
    'In Person', 'Present', 0, 45, day + time '03:26:58.23', timestamp '2020-01-01 08:00',
    %(place)s || to_char(day, '"year="YYYY"/month="MM"/day="DD') || '/school_' || school || '.parquet', now()
FROM (
    SELECT id, %(school)s + id / %(days)s %% {SCHOOLS} AS school, %(first)s + (id %% %(days)s)::int AS day
    FROM generate_series(%(start)s::bigint, %(stop)s::bigint - 1) AS id
) AS record
ORDER BY day"""

# Its rows as lists that were loaded; the objects of the old ones are no longer of interest.
FILL_PLACES = f"""\
INSERT INTO {PLACES}
SELECT id, attendance_date, school_id, %s, modified_on, md5(id::text), true, false, loaded_at
FROM {NATIVE}
WHERE attendance_date BETWEEN %s AND %s"""
FILL_LISTS = f"""\
INSERT INTO {LISTS}
SELECT partition_date, school_id, origin, 'older', now(), count(*), now(), 'bench'
FROM {PLACES}
WHERE partition_date BETWEEN %s AND %s
GROUP BY partition_date, school_id, origin"""

INSERT_WHERE_NOT_EXISTS = f"""\
INSERT INTO {NATIVE} (
    {listed(ALL_NAMES)}
)
SELECT
    {listed([*map(native_value, NATIVE_COLUMNS), '"$path"', "GETDATE()"])}
FROM {EXTERNAL}
WHERE {{predicate}}
    AND NOT EXISTS (SELECT 1 FROM {NATIVE} AS native WHERE native.id = period_attendance.id)"""


def merge(sizes: Sizes) -> Iterator[Row]:
    """A first load, a night and a full refresh, round by round, of the same lists into the same table."""
    with tempfile.TemporaryDirectory() as scratch, Warehouse(Path(scratch) / "sql") as warehouse:
        scene = Scene(warehouse, sizes)
        scene.set()
        rounds = [_round(scene) for _ in range(sizes.slow_rounds)]
    inserting, first, again, night, full = map(list, zip(*rounds, strict=True))
    yield _faster(
        f"load of {scene.rows:,} rows into {sizes.table_rows:,}, 2 % of them updates", 3, inserting, first
    )
    yield _faster(f"night: one list in {CHANGED} of these changed, on every date", 3, again, night)
    times = ratio(full, night)
    yield Row(
        "the same night against a night in which all lists changed",
        "> 1 x faster",
        f"{times:.1f} x: {median(night):.1f} s against {median(full):.1f} s",
        len(night),
        times > 1,
    )


def _round(scene: Scene) -> tuple[float, ...]:
    """Seconds of INSERT … WHERE NOT EXISTS, and of a first load; again, of a night, and of a full refresh."""
    scene.rewind()
    inserting = insert_where_not_exists(scene)
    scene.rewind()
    first = scene.load(scene.rows - scene.updates, scene.updates)
    updated = scene.change(scene.night, 1)
    again = insert_where_not_exists(scene)
    night = scene.load(0, updated)
    full = scene.load(0, scene.change(scene.lists, 2))
    return inserting, first, again, night, full


def _faster(measure: str, aim: int, theirs: Sequence[float], ours: Sequence[float]) -> Row:
    times = ratio(theirs, ours)
    return Row(
        f"{measure}, against INSERT … WHERE NOT EXISTS for each partition",
        f">= {aim} x faster, and it updates",
        f"{times:.1f} x: {median(ours):.1f} s against {median(theirs):.1f} s, which updates nothing",
        len(ours),
        times >= aim,
    )


class Scene:
    """A table with ids from 0 on, and lists that begin with the last `updates` of them.

    Ids are dealt in turn to dates and schools: those of the lists to `days`, the others to older ones.
    """

    def __init__(self, warehouse: Warehouse, sizes: Sizes) -> None:
        self.warehouse = warehouse
        self.rows, self.updates = sizes.batch_rows, sizes.batch_rows // UPDATED
        self._first, self._end = sizes.table_rows - self.updates, sizes.table_rows
        self._old_days = days(OLD_DAYS)
        self.days = days(OLD_DAYS + sizes.batch_days)[OLD_DAYS:]
        schools = range(FIRST_SCHOOL, FIRST_SCHOOL + SCHOOLS)
        self.lists = [ListId(day, school) for school in schools for day in self.days]
        self.night = [each for each in self.lists if (each.day.toordinal() + each.school) % CHANGED == 0]

    def set(self) -> None:
        """Fill the table with what is older, and register the partitions of the lists."""
        self._fill(range(self._first), self._old_days, "backfill")
        self.change(self.lists, 0)
        register(self.warehouse, self.days)

    def change(self, lists: Collection[ListId], times: int) -> int:
        """Land the lists as they are after so many changes; gives how many records changed last."""
        changed = 0
        for hand, each in enumerate(self.lists):
            if each in lists:
                rows = self._rows(hand, times)
                changed += -(-rows.height // UPDATED)
                self.warehouse.land(rows, *each)
        return changed

    def _rows(self, hand: int, times: int) -> pl.DataFrame:
        """The rows of a list; once it changed, one row in UPDATED is newer."""
        hands = len(self.lists)
        ids = range(self._first + (hand - self._first) % hands, self._first + self.rows, hands)
        rows = rows_of(ids, *self.lists[hand], "2026-01-02 08:00:00.000000")
        is_changed = (pl.int_range(pl.len()) % UPDATED == 0) & (times > 0)
        newer = pl.lit(f"2026-02-{1 + times:02d} 08:00:00.000000")
        return rows.with_columns(modified_on=pl.when(is_changed).then(newer).otherwise("modified_on"))

    def _fill(self, ids: range, dates: Sequence[dt.date], origin: str) -> None:
        values = {
            "place": f"s3://{self.warehouse.areas.bucket}/{self.warehouse.areas.landing}",
            "school": FIRST_SCHOOL,
            "days": len(dates),
            "first": dates[0],
            "start": ids.start,
            "stop": ids.stop,
        }
        with self.warehouse.postgres() as connection, connection.cursor() as cursor:
            cursor.execute(FILL, values)
            cursor.execute(FILL_PLACES, (origin, dates[0], dates[-1]))
            cursor.execute(FILL_LISTS, (dates[0], dates[-1]))

    def rewind(self) -> None:
        """Let the table and the landing zone be as they were before the first load."""
        self.change(self.lists, 0)
        with self.warehouse.postgres() as connection, connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {NATIVE} WHERE attendance_date >= %s", (self.days[0],))
            for table in (PLACES, LISTS):
                cursor.execute(f"DELETE FROM {table} WHERE partition_date >= %s", (self.days[0],))
            self._fill(range(self._first, self._end), self.days, "s3")
            for table in (NATIVE, PLACES, LISTS):
                cursor.execute(f"VACUUM ANALYZE {table}")

    def load(self, inserted: int, updated: int) -> float:
        """Run the loader; gives its seconds, start-up among them."""
        ended, _, _ = self.warehouse.load()
        done = ended.result["inserted"], ended.result["updated"]
        if done != (inserted, updated):
            raise RuntimeError(f"{done[0]} rows inserted, {done[1]} updated")
        return ended.seconds


def insert_where_not_exists(scene: Scene) -> float:
    """What the loader replaces: of each partition, insert what has an id that the table has not."""
    begun = time.perf_counter()
    with scene.warehouse.connection() as connection, connection.cursor() as cursor:
        for day in scene.days:
            cursor.execute(*_where_not_exists(day))
    return time.perf_counter() - begun


def _where_not_exists(day: dt.date) -> Statement:
    predicate, values = within([day])
    return INSERT_WHERE_NOT_EXISTS.format(predicate=predicate), values
