"""Register new partitions of the landing zone with Redshift Spectrum and merge what changed into the table.

In: the Parquet objects below S3_PREFIX, as the fetcher lands them. Out: the external table's partitions, the
native table public.period_attendance with every record once in its newest version, the control table, and
one JSON line on stdout. Each batch of partitions is one transaction.
Exit status: 0 all done; 1 failed, running again is safe; 2 wrong usage or configuration; 3 finished, but a
person is needed (a check that failed, objects that do not belong into the landing zone).
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from attendance_common import aws, command, discovery, landing
from attendance_common import merge_sql as sql
from attendance_common.config import LoaderSettings
from attendance_common.errors import WarehouseError
from attendance_common.warehouse import SETUP, Warehouse

if TYPE_CHECKING:  # boto3 is imported when there is work, so that --help is quick
    from mypy_boto3_s3 import S3Client

log = logging.getLogger("attendance")

LISTERS = 16  # months of the landing zone listed at a time


# --- the landing zone ---------------------------------------------------------------------------------------


def survey(client: S3Client, areas: landing.Areas) -> discovery.Found:
    """List the landing zone once, month by month side by side."""
    with aws.explained(f"s3://{areas.bucket}/{areas.landing}"), ThreadPoolExecutor(LISTERS) as pool:
        top, years = _folders(client, areas, areas.landing)
        inside = list(pool.map(lambda year: _folders(client, areas, year), years))
        months = [month for _, found in inside for month in found]
        loose = top + [entry for entries, _ in inside for entry in entries]
        listed = pool.map(
            lambda month: discovery.survey(_objects(client, areas, month), areas.landing), months
        )
        return discovery.together([discovery.survey(loose, areas.landing), *listed])


def _folders(client: S3Client, areas: landing.Areas, prefix: str) -> tuple[list[Any], list[str]]:
    """The objects and the folders directly below a prefix."""
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=areas.bucket, Prefix=prefix, Delimiter="/"
    )
    entries: list[Any] = []
    folders: list[str] = []
    for page in pages:
        entries += page.get("Contents", [])
        folders += [folder["Prefix"] for folder in page.get("CommonPrefixes", [])]
    return entries, folders


def _objects(client: S3Client, areas: landing.Areas, prefix: str) -> Iterator[Any]:
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=areas.bucket, Prefix=prefix):
        yield from page.get("Contents", [])


def landed_at(client: S3Client, areas: landing.Areas, source_files: Sequence[str]) -> list[tuple[str, Any]]:
    """When each of these objects (s3:// URLs) was written; one that is gone is left out."""
    start = f"s3://{areas.bucket}/"
    wanted = {name.removeprefix(start) for name in source_files if name.startswith(start)}
    folders = sorted({key.rsplit("/", 1)[0] + "/" for key in wanted})
    with aws.explained(f"s3://{areas.bucket}/{areas.landing}"):
        entries = [entry for folder in folders for entry in _objects(client, areas, folder)]
    return [
        (start + entry["Key"], entry["LastModified"].astimezone(dt.timezone.utc).replace(tzinfo=None))
        for entry in entries
        if entry["Key"] in wanted
    ]


# --- registering --------------------------------------------------------------------------------------------


def check_external_table(warehouse: Warehouse) -> None:
    """Raise WarehouseError when the external table is missing or another version's."""
    table = [sql.EXTERNAL_SCHEMA, sql.EXTERNAL_TABLE]
    found = [tuple(row) for row in warehouse.rows(sql.EXTERNAL_COLUMNS, table)]
    if not found:
        raise WarehouseError(f"there is no table {sql.EXTERNAL}: {SETUP}")
    if found != sql.expected_external_columns():
        raise WarehouseError(
            f"{sql.EXTERNAL} is another version's: DROP TABLE {sql.EXTERNAL} (S3 keeps all), then {SETUP}"
        )


def registered_days(warehouse: Warehouse, areas: landing.Areas) -> list[dt.date]:
    """The partitions that Spectrum knows; raises WarehouseError when one of them points elsewhere."""
    days = []
    for values, location in warehouse.rows(sql.REGISTERED, [sql.EXTERNAL_SCHEMA, sql.EXTERNAL_TABLE]):
        day = dt.date(*(int(value) for value in json.loads(values)))
        ours = areas.location(day).rstrip("/")[: sql.SHOWN_LOCATION]
        if location.rstrip("/") != ours:
            raise WarehouseError(
                f"partition {day} of {sql.EXTERNAL} points to {location}, not below "
                f"s3://{areas.bucket}/{areas.landing}: check S3_BUCKET and S3_PREFIX, or drop the partition"
            )
        days.append(day)
    return days


# --- loading ------------------------------------------------------------------------------------------------


class Batch:
    """Some partitions, merged in one transaction."""

    def __init__(
        self, warehouse: Warehouse, client: S3Client, areas: landing.Areas, found: discovery.Found
    ) -> None:
        self._warehouse = warehouse
        self._client = client
        self._areas = areas
        self._found = found

    def load(self, days: Sequence[dt.date]) -> Counter[str]:
        """Merge the partitions; returns what became of their rows. Runs inside a transaction.

        Raises WarehouseError when the check fails: nothing of the batch is kept then.
        """
        send = self._warehouse.rows
        send(sql.LOCK)
        loaded = dict(send(sql.LOADED))
        days = [day for day in days if loaded.get(day) != self._found.partitions[day].fingerprint]
        if not days:  # another loader was here first
            return Counter()
        self._stage(days)
        send(sql.CLASSIFY)
        outcomes: Counter[str] = Counter()
        for outcome, rows in send(sql.COUNT_OUTCOMES):
            outcomes[outcome] += rows
        send(sql.DELETE_UPDATED)
        send(sql.INSERT_CHANGED)
        outcomes["removed"] = self._remove(days)
        self._check(days)
        self._remember(days)
        send(sql.DROP_TEMPORARY)
        return outcomes

    def _stage(self, days: Sequence[dt.date]) -> None:
        send = self._warehouse.rows
        send(sql.CREATE_INCOMING)
        send(*sql.read_incoming(days))
        send(sql.CREATE_LANDED)
        tied = [name for (name,) in send(sql.TIED_FILES)]
        known = landed_at(self._client, self._areas, tied)
        if known:
            self._warehouse.insert(sql.INSERT_LANDED, known)

    def _remove(self, days: Sequence[dt.date]) -> int:
        return self._warehouse.count(*sql.delete_removed(days))

    def _check(self, days: Sequence[dt.date]) -> None:
        [(held, rows, records)] = self._warehouse.rows(sql.CHECK)
        if not held == rows == records:
            raise CheckFailed(
                f"partitions {days[0]} to {days[-1]} hold {held} records, {sql.NATIVE} has {rows} rows of "
                f"{records} of them: not loaded. See the README, 'Duplicate Key Violation'"
            )

    def _remember(self, days: Sequence[dt.date]) -> None:
        counts = dict(self._warehouse.rows(sql.COUNT_DAYS))
        found = self._found.partitions
        rows = [(day, found[day].fingerprint, found[day].objects, counts.get(day, 0)) for day in days]
        self._warehouse.rows(*sql.forget_loads(days))
        self._warehouse.insert(sql.INSERT_LOADS, rows, sql.INSERT_LOADS_ROW)


class CheckFailed(Exception):
    """What was merged is not what the partitions hold; the batch was rolled back."""


READ = ("inserted", "updated", "skipped", "stale")


def load(settings: LoaderSettings, context: command.Context) -> command.Outcome:
    """Register and load everything that is not yet."""
    areas = landing.Areas(settings.bucket, settings.prefix)
    client = aws.s3_client(settings, LISTERS)
    warehouse = Warehouse(settings)
    found = survey(client, areas)
    check_external_table(warehouse)
    new = discovery.to_register(found, registered_days(warehouse, areas))
    changed = discovery.to_load(found, dict(warehouse.rows(sql.LOADED)))
    log.info("%d objects in %d partitions", found.objects, len(found.partitions))
    log.info("%d partitions to register, %d to load", len(new), len(changed))
    outcome = command.Outcome(
        {"partitions": len(found.partitions), "objects": found.objects, "registered": len(new)}
    )
    if found.strays:
        outcome.attention.append(
            f"{found.strays} objects below s3://{areas.bucket}/{areas.landing} are not the fetcher's: "
            "Spectrum reads them as broken Parquet, move them away"
        )
    sums: Counter[str] = Counter()
    if not context.dry_run:
        for text, values in sql.register(new, areas):
            warehouse.rows(text, values)
        sums = load_changed(warehouse, Batch(warehouse, client, areas, found), changed, settings, outcome)
    outcome.counts |= {"loaded": len(changed), "rows_read": sum(sums[name] for name in READ)}
    outcome.counts |= {name: sums[name] for name in (*READ, "removed")}
    return outcome


def load_changed(
    warehouse: Warehouse,
    batch: Batch,
    changed: Sequence[dt.date],
    settings: LoaderSettings,
    outcome: command.Outcome,
) -> Counter[str]:
    """Load batch after batch; one whose check fails is left as it was and told."""
    sums: Counter[str] = Counter()
    for days in discovery.batches(changed, settings.batch_partitions):
        try:
            done = warehouse.transaction(partial(batch.load, days))
        except CheckFailed as failed:
            outcome.attention.append(str(failed))
            continue
        log.info("partitions %s to %s: %s", days[0], days[-1], dict(done))
        sums += done
    return sums


def main(argv: Sequence[str] | None = None) -> int:
    """Run the loader; returns the exit status."""
    description = (__doc__ or "").strip()
    return command.run(command.parser(description, LoaderSettings), LoaderSettings, load, argv)


if __name__ == "__main__":
    sys.exit(main())
