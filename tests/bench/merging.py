"""A batch merged into a large table, against `INSERT … WHERE NOT EXISTS` for each partition."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from attendance_common.load import merge_sql as sql
from tests.bench.sizes import Sizes
from tests.bench.table import Row, ratio
from tests.bench.warehouse import FIRST_SCHOOL, Warehouse, days, register, rows_of

UPDATED = 0.02  # share of the batch that the table holds in an older version
SCHOOLS = 10
OLD_DAYS = 300
NEWER = "2026-01-02 08:00:00.000000"

# What the table holds before: enough in each row that it is as wide as most are; in the order of the sort
# key, as Redshift keeps it (DG: t_Reclaiming_storage_space202, automatic table sort).
FILL = f"""\
INSERT INTO {sql.NATIVE} (
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


def merge(sizes: Sizes) -> Iterator[Row]:
    """Both ways, round by round, into the same table."""
    with tempfile.TemporaryDirectory() as scratch, Warehouse(Path(scratch) / "sql") as warehouse:
        scene = Scene(warehouse, sizes)
        scene.set()
        ours, theirs = [], []
        for _ in range(sizes.slow_rounds):
            scene.rewind()
            ours.append(scene.load())
            scene.rewind()
            theirs.append(scene.insert_where_not_exists())
    times = ratio(theirs, ours)
    yield Row(
        f"load of {sizes.batch_rows:,} rows into {sizes.table_rows:,}, 2 % of them updates, against "
        f"INSERT … WHERE NOT EXISTS for each of {sizes.batch_days} partitions",
        ">= 3 x faster, and it updates",
        f"{times:.1f} x: {median(ours):.1f} s, {scene.updates:,} updated; "
        f"against {median(theirs):.1f} s, none updated",
        sizes.slow_rounds,
        times >= 3,
    )


class Scene:
    """A table with ids from 0 on, and a batch that begins with the last `updates` of them.

    Ids are dealt in turn to dates and schools: those of the batch to `days`, the others to older ones.
    """

    def __init__(self, warehouse: Warehouse, sizes: Sizes) -> None:
        self._warehouse = warehouse
        self.updates = int(sizes.batch_rows * UPDATED)
        self._first, self._end = sizes.table_rows - self.updates, sizes.table_rows
        self._batch = range(self._first, self._first + sizes.batch_rows)
        self._old_days = days(OLD_DAYS)
        self._days = days(OLD_DAYS + sizes.batch_days)[OLD_DAYS:]

    def set(self) -> None:
        """Fill the table, put the batch's objects and register their partitions."""
        self._fill(range(self._first), self._old_days)
        hands = len(self._days) * SCHOOLS
        for hand in range(hands):
            day, school = self._days[hand % len(self._days)], FIRST_SCHOOL + hand // len(self._days)
            ids = range(self._first + (hand - self._first) % hands, self._batch.stop, hands)
            self._warehouse.land(rows_of(ids, day, school, NEWER), day, school)
        register(self._warehouse, self._days)

    def _fill(self, ids: range, dates: list[dt.date]) -> None:
        values = {
            "place": f"s3://{self._warehouse.areas.bucket}/{self._warehouse.areas.landing}",
            "school": FIRST_SCHOOL,
            "days": len(dates),
            "first": dates[0],
            "start": ids.start,
            "stop": ids.stop,
        }
        with self._warehouse.postgres() as connection, connection.cursor() as cursor:
            cursor.execute(FILL, values)

    def rewind(self) -> None:
        """Let the table be as it was before the batch."""
        with self._warehouse.postgres() as connection, connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {sql.NATIVE} WHERE attendance_date >= %s", (self._days[0],))
            cursor.execute(f"DELETE FROM {sql.CONTROL}")
            self._fill(range(self._first, self._end), self._days)
            cursor.execute(f"VACUUM ANALYZE {sql.NATIVE}")

    def load(self) -> float:
        """Run the loader; gives its seconds, start-up among them."""
        ended, _, _ = self._warehouse.load()
        done = ended.result["inserted"], ended.result["updated"]
        if done != (len(self._batch) - self.updates, self.updates):
            raise RuntimeError(f"{done[0]} rows inserted, {done[1]} updated")
        return ended.seconds

    def insert_where_not_exists(self) -> float:
        """What the loader replaces: for each partition, what has an id that the table has not."""
        begun, inserted = time.perf_counter(), 0
        with self._warehouse.connection() as connection, connection.cursor() as cursor:
            for day in self._days:
                cursor.execute(*_where_not_exists(day))
                inserted += cursor.rowcount
        if inserted != len(self._batch) - self.updates:
            raise RuntimeError(f"{inserted} rows inserted")
        return time.perf_counter() - begun


def _where_not_exists(day: dt.date) -> sql.Statement:
    text, values = sql.read_incoming([day])
    text = text.replace("INSERT INTO incoming", f"INSERT INTO {sql.NATIVE}")
    known = f"SELECT 1 FROM {sql.NATIVE} AS held WHERE held.id = period_attendance.id"
    return f"{text}\n    AND NOT EXISTS ({known})", values
