"""The loader's statements and requests: with many partitions that are new, and when nothing changed."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from psycopg2.extras import execute_values

from attendance_common import landing
from attendance_common import merge_sql as sql
from redshift_loader import survey
from tests.bench.sizes import Sizes
from tests.bench.table import Row
from tests.bench.warehouse import FIRST_SCHOOL, Warehouse, days, register, rows_of, verbs

CHANGING = ("ALTER", "CREATE", "DROP", "INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "COPY")


def partitions(sizes: Sizes) -> Iterator[Row]:
    """Everything is new: how many statements register and load it."""
    found = days(sizes.partitions)
    with tempfile.TemporaryDirectory() as scratch, Warehouse(Path(scratch) / "sql") as warehouse:
        for number, day in enumerate(found):
            ids = range(number, number + 1)
            warehouse.land(rows_of(ids, day, FIRST_SCHOOL, f"{day} 08:00:00.000000"), day, FIRST_SCHOOL)
        ended, statements, _ = warehouse.load()
    alters = verbs(statements)["ALTER"]
    batches = in_transactions(statements)
    same = len(set(map(str, map(sorted, batches)))) == 1
    aim = -(-sizes.partitions // sql.MOST_PARTITIONS)
    yield Row(
        f"loader: {sizes.partitions:,} new partitions",
        f"{aim} ALTERs, other statements by batch alone",
        f"{alters} ALTERs; {len(batches)} batches of {len(batches[0])} statements, "
        f"{'the same in each' if same else 'not the same in each'}; "
        f"{ended.result['inserted']:,} rows in {ended.seconds:.1f} s",
        1,
        alters == aim and same,
    )


def in_transactions(statements: Sequence[str]) -> list[list[str]]:
    """The first words of the statements of each transaction, BEGIN and COMMIT among them."""
    batches: list[list[str]] = []
    inside = False
    for statement in statements:
        word = statement.split(None, 1)[0].upper()
        if word == "BEGIN":
            inside = True
            batches.append([])
        if inside:
            batches[-1].append(word)
        inside = inside and word not in ("COMMIT", "ROLLBACK")
    return batches


def unchanged(sizes: Sizes) -> Iterator[Row]:
    """Nothing changed: what the loader asks, how long it takes, and how much memory."""
    found = days(sizes.partitions)
    with tempfile.TemporaryDirectory() as scratch, Warehouse(Path(scratch) / "sql") as warehouse:
        register(warehouse, found)
        small = _loads(warehouse, found, sizes.partitions, sizes)
        runs = _loads(warehouse, found, sizes.objects, sizes)
    most = max(runs, key=lambda told: (told.statements, told.requests.total()))
    others = most.requests.total() - most.requests["LIST"]
    yield Row(
        f"loader: nothing changed, {sizes.partitions:,} partitions, {sizes.objects:,} objects",
        f"{-(-sizes.objects // 1000)} listing requests, <= 5 statements, no DDL, no DML",
        f"{most.requests['LIST']} listing requests, {others} other ({_named(most.requests)}), "
        f"{most.statements} statements, {most.changing} of them DDL or DML; {_seconds(runs):.1f} s",
        len(runs),
        most.statements <= 5 and most.changing == 0,
    )
    times = _peak(runs) / _peak(small)
    yield Row(
        f"loader: listing {sizes.objects:,} objects against {sizes.partitions:,}",
        "in parallel; memory flat: <= 1.1 x",
        f"{most.at_once} requests at once; {_peak(runs):.0f} MB, {times:.2f} x; "
        f"{_seconds(runs):.1f} s against {_seconds(small):.1f} s",
        len(runs),
        most.at_once > 1 and times <= 1.1,
    )


class Told:
    """What one run of the loader did when there was nothing to do."""

    def __init__(self, warehouse: Warehouse) -> None:
        ended, statements, asked = warehouse.load(watch=True)
        if ended.result["loaded"] or ended.result["registered"]:
            raise RuntimeError("something had changed")
        self.seconds, self.peak = ended.seconds, ended.peak
        self.statements = len(statements)
        self.changing = sum(verbs(statements)[verb] for verb in CHANGING)
        self.requests = Counter(asked["requests"])
        del self.requests["other"]
        self.at_once = asked["at_once"]


def _loads(warehouse: Warehouse, found: Sequence[dt.date], objects: int, sizes: Sizes) -> list[Told]:
    """Land so many objects, call them loaded, and run the loader."""
    body = "no run reads it"
    schools = -(-objects // len(found))
    keys = [
        warehouse.areas.landing + landing.object_name(day, FIRST_SCHOOL + school)
        for school in range(schools)
        for day in found
    ]
    warehouse.aws.put_many(keys[:objects], body)
    _call_loaded(warehouse)
    return [Told(warehouse) for _ in range(sizes.slow_rounds)]


def _call_loaded(warehouse: Warehouse) -> None:
    """Note every partition's objects as loaded, as the loader does after a batch."""
    listed = survey(warehouse.aws.client("s3"), warehouse.areas).partitions
    rows = [(day, partition.fingerprint, partition.objects, 0) for day, partition in listed.items()]
    with warehouse.connection() as connection, connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {sql.CONTROL}")
        execute_values(cursor, sql.INSERT_LOADS, rows, template=sql.INSERT_LOADS_ROW, page_size=len(rows))


def _named(requests: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(requests.items()) if name != "LIST")


def _seconds(runs: Sequence[Told]) -> float:
    return median(told.seconds for told in runs)


def _peak(runs: Sequence[Told]) -> float:
    return median(told.peak for told in runs)
