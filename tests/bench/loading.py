"""The loader's statements and requests: with many partitions that are new, and when nothing changed."""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

from psycopg2.extras import execute_values

from attendance_common import landing
from attendance_common.load import external, plan
from attendance_common.load.list_sql import LISTS
from attendance_common.load.listing import Listing
from attendance_common.load.plan import Loaded
from tests.bench.sizes import Sizes
from tests.bench.table import Row, ratio
from tests.bench.warehouse import (
    FIRST_SCHOOL,
    MOST_STATEMENTS,
    Warehouse,
    batches,
    days,
    register,
    rows_of,
    verbs,
)

CHANGING = ("ALTER", "CREATE", "DROP", "INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "COPY")
# Of the row of the run: a time limit, BEGIN, the lock, no limit, which runs are known, INSERT, COMMIT.
OF_THE_RUN = 7
LISTING_SECONDS = 0.1  # what S3 takes for a thousand keys, about


def partitions(sizes: Sizes) -> Iterator[Row]:
    """Everything is new: how many statements register and load it."""
    found = days(sizes.partitions)
    with tempfile.TemporaryDirectory() as scratch, Warehouse(Path(scratch) / "sql") as warehouse:
        for number, day in enumerate(found):
            ids = range(number, number + 1)
            warehouse.land(rows_of(ids, day, FIRST_SCHOOL, f"{day} 08:00:00.000000"), day, FIRST_SCHOOL)
        ended, statements, _ = warehouse.load()
    alters, sent = verbs(statements)["ALTER"], [len(batch) for batch in batches(statements)]
    aim = -(-sizes.partitions // external.MOST_PARTITIONS)
    yield Row(
        f"loader: {sizes.partitions:,} new partitions",
        f"{aim} ALTERs, <= {MOST_STATEMENTS} other statements a batch",
        f"{alters} ALTERs; {len(sent)} batches, statements of each: {', '.join(map(str, sent))}; "
        f"{ended.result['inserted']:,} rows in {ended.seconds:.1f} s",
        1,
        alters == aim and max(sent) <= MOST_STATEMENTS,
    )


def unchanged(sizes: Sizes) -> Iterator[Row]:
    """Nothing changed: what the loader asks, how long it takes, and how much memory."""
    with tempfile.TemporaryDirectory() as scratch, Warehouse(Path(scratch) / "sql") as warehouse:
        found = days(sizes.partitions)
        register(warehouse, found)
        few = _loads(warehouse, found, sizes.partitions, sizes)
        runs = _loads(warehouse, found, sizes.objects, sizes)
        alone, together = _listings(warehouse, sizes)
        twice = _loads(warehouse, found, 2 * sizes.objects, sizes)
    yield _asked(runs, sizes)
    times = _peak(twice) / _peak(runs)
    yield Row(
        f"loader: peak memory with {2 * sizes.objects:,} objects against {sizes.objects:,}",
        "flat: <= 1.1 x",
        f"{_peak(twice):.0f} MB, {times:.2f} x ({_peak(few):.0f} MB with {sizes.partitions:,})",
        len(runs),
        times <= 1.1,
    )
    faster, at_once = ratio(alone, together), max(each.at_once for each in runs)
    yield Row(
        f"listing {sizes.objects:,} objects, {LISTING_SECONDS} s a request, against one after another",
        "in parallel: > 1 x faster",
        f"{faster:.1f} x: {median(together):.2f} s against {median(alone):.2f} s; {at_once} requests at once",
        len(alone),
        faster > 1 and at_once > 1,
    )


def _asked(runs: Sequence[IdleLoad], sizes: Sizes) -> Row:
    most = max(runs, key=lambda each: (each.statements, each.requests.total()))
    lists, fewest = most.requests.pop("LIST"), -(-sizes.objects // 1000)
    others = ", ".join(f"{count} {name}" for name, count in sorted(most.requests.items())) or "none"
    return Row(
        f"loader: nothing changed, {sizes.partitions:,} partitions, {sizes.objects:,} objects",
        f"{fewest} listing requests, 2 for run records; <= 5 statements, and {OF_THE_RUN} for the run's row; "
        "no DDL, no other DML",
        f"{lists} listing requests, others: {others}; {most.statements} statements, {most.changing} of them "
        f"DDL or DML; {median(each.seconds for each in runs):.1f} s",
        len(runs),
        lists <= fewest + 2 and most.statements <= 5 + OF_THE_RUN and most.changing <= 1,
    )


def _listings(warehouse: Warehouse, sizes: Sizes) -> tuple[list[float], list[float]]:
    """Seconds of listing the landing zone one request after another, and as the loader does."""
    client, areas = warehouse.aws.client("s3"), warehouse.areas
    alone, together = [], []
    for _ in range(sizes.slow_rounds):
        begun = time.perf_counter()
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=areas.bucket, Prefix=areas.landing)
        plan.compare((entry for page in pages for entry in page.get("Contents", [])), areas.landing, Loaded())
        between = time.perf_counter()
        Listing(client, areas).compare(Loaded())
        alone.append(between - begun)
        together.append(time.perf_counter() - between)
    return alone, together


class IdleLoad:
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


def _loads(warehouse: Warehouse, found: Sequence[dt.date], objects: int, sizes: Sizes) -> list[IdleLoad]:
    """Land so many objects, call them loaded, and run the loader."""
    schools = -(-objects // len(found))
    keys = [
        warehouse.areas.landing + landing.object_name(day, FIRST_SCHOOL + school)
        for school in range(schools)
        for day in found
    ]
    warehouse.aws.pretend(keys[:objects], LISTING_SECONDS)
    _call_loaded(warehouse)
    return [IdleLoad(warehouse) for _ in range(sizes.slow_rounds)]


def _call_loaded(warehouse: Warehouse) -> None:
    """Note every list as loaded, as the loader does; none of them has a record."""
    found = Listing(warehouse.aws.client("s3"), warehouse.areas).compare(Loaded()).changed
    rows = [(*each, "s3", *version, 0, version.last_modified, "bench") for each, version in found.items()]
    with warehouse.postgres() as connection, connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {LISTS}")
        execute_values(cursor, f"INSERT INTO {LISTS} VALUES %s", rows, page_size=1000)


def _peak(runs: Sequence[IdleLoad]) -> float:
    return median(each.peak for each in runs)
