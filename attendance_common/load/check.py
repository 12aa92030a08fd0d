"""The loader's `--check`: what it needs of AWS and of Redshift, and what is assumed about Redshift.

What is tried in Redshift is rolled back.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection
from dataclasses import replace
from functools import partial

from attendance_common import landing, run_record, tables
from attendance_common.check import ON_SCREEN, Checks, Differs, NotTried
from attendance_common.check_aws import check_aws
from attendance_common.check_report import reported
from attendance_common.command import Outcome
from attendance_common.config import LoaderSettings
from attendance_common.errors import AttendanceError, WarehouseError
from attendance_common.load import attention, external, native_tables
from attendance_common.load.assumptions import ASSUMPTIONS, Assumption, Verdict
from attendance_common.load.history_views import HISTORY_VIEWS
from attendance_common.load.list_sql import HISTORY, LISTS, NATIVE, PLACES, within
from attendance_common.load.listing import Listing
from attendance_common.load.plan import ListId, Loaded
from attendance_common.load.probes import PROBES, Place
from attendance_common.load.refusals import SETUP
from attendance_common.load.school_days import SCHOOL_DAY_VIEWS
from attendance_common.load.warehouse import Warehouse

LOCK_SECONDS = 5  # how long a check waits for a running load

VERSION = "SELECT version()"
SCHEMA = """\
SELECT databasename, esoptions
FROM svv_external_schemas
WHERE schemaname = %s"""

# What a load does with its tables. None of these statements finds a row, and each is rolled back.
SELECT = "SELECT COUNT(*) FROM {table} WHERE 1 = 0"
INSERT = "INSERT INTO {table} SELECT * FROM {table} WHERE 1 = 0"
DELETE = "DELETE FROM {table} WHERE 1 = 0"
UPDATE = "UPDATE {{table}} SET {column} = {column} WHERE 1 = 0"
_SELECT = {"select": SELECT}
_INSERT = {**_SELECT, "insert": INSERT}
_DELETE = {**_INSERT, "delete": DELETE}
RIGHTS = {
    NATIVE: _DELETE,
    PLACES: {**_DELETE, "update": UPDATE.format(column="hash")},
    HISTORY: _DELETE,
    LISTS: {**_DELETE, "update": UPDATE.format(column="etag")},
    tables.RUNS.qualified: _INSERT,
    tables.RUN_SCHOOLS.qualified: _INSERT,
    tables.CHECKS.qualified: {**_DELETE, "update": UPDATE.format(column="reported_at")},
    tables.STATUS_CODES.qualified: _SELECT,
    # The views that the checks of the data, --status and --status-page read.
    **{view.qualified: _SELECT for view in (*SCHOOL_DAY_VIEWS, *HISTORY_VIEWS)},
}
TEMPORARY = "CREATE TEMP TABLE attendance_check (id BIGINT)"


def check(settings: LoaderSettings, report: str | None) -> Outcome:
    """Try everything that a load needs; raises AttendanceError when something is at fault.

    `report`: the file that all of it is written to.
    """
    checks = Checks()
    with reported(checks, report):
        _try_everything(checks, settings)
    return checks.conclude()


def _try_everything(checks: Checks, settings: LoaderSettings) -> None:
    areas = landing.Areas(settings.bucket, settings.prefix)
    fetched, runs = (run_record.folder(areas, script) for script in run_record.SCRIPTS)
    s3 = check_aws(checks, settings, areas, read=[areas.landing, fetched, runs], written=[runs])
    if s3 is None:
        checks.skip("Redshift", "its secret cannot be read")
        return
    lists = _check_landing_zone(checks, Listing(s3, areas), areas)
    short = replace(settings, lock_seconds=LOCK_SECONDS)
    warehouse = checks.attempt(
        f"secret {settings.secret_id}", lambda: Warehouse(short), lambda _: "has a password"
    )
    if warehouse is None:
        return
    if checks.attempt("Redshift", warehouse.connection.describe, str) is None:
        checks.skip("tables and rights", "Redshift cannot be reached")
        return
    _check_tables(checks, warehouse)
    temporary = _check_rights(checks, warehouse)
    spectrum = checks.attempt("Spectrum", partial(_read_a_partition, warehouse, areas), str)
    partitions = checks.attempt(
        "partitions", partial(external.partitions, warehouse), lambda found: f"{len(found):,} are registered"
    )
    values = [values for values, _ in partitions or []]
    _check_assumptions(checks, Place(warehouse, areas, lists, values, temporary, spectrum is not None))


def _check_landing_zone(checks: Checks, listing: Listing, areas: landing.Areas) -> Collection[ListId]:
    """Report what the landing zone has, and what of it is not the fetcher's; gives its lists."""
    lists: list[ListId] = []

    def look() -> str:
        found = listing.compare(Loaded())
        lists.extend(found.changed)  # of a load that knows nothing, all have changed
        if found.foreign:
            sentence = attention.foreign_objects(found.foreign_names, found.foreign, areas)
            raise AttendanceError(sentence, to_mend=True, for_report=ON_SCREEN)
        return f"{found.lists:,} lists of {len(found.days)} dates, and nothing else"

    checks.attempt("landing zone", look, str)
    return lists


def _check_tables(checks: Checks, warehouse: Warehouse) -> None:
    checks.attempt("version of Redshift", partial(_version, warehouse), str)
    checks.attempt("external schema", partial(_schema, warehouse), str)
    checks.attempt(
        "external table", partial(external.check_table, warehouse), lambda _: "its columns are as declared"
    )
    checks.attempt(
        "tables", partial(native_tables.check_tables, warehouse), lambda _: "their columns are as declared"
    )


def _check_rights(checks: Checks, warehouse: Warehouse) -> bool:
    """Try what a load does with its tables; gives whether temporary tables can be created."""
    for table, statements in RIGHTS.items():
        for right, text in statements.items():
            tried = partial(_try, warehouse, text.format(table=table))
            checks.attempt(f"{right} on {table}", tried, lambda _: "allowed")
    checks.attempt("lock", lambda: warehouse.locked(lambda: None), lambda _: "was had and given back")
    attempted = checks.attempt("temporary tables", partial(_try, warehouse, TEMPORARY), lambda _: "allowed")
    return attempted is not None


def _check_assumptions(checks: Checks, place: Place) -> None:
    checks.head("What is assumed about Redshift, and what this one answers:")
    for assumption in ASSUMPTIONS:
        answer = partial(_answer, assumption, place)
        checks.attempt(assumption.name, answer, str, expected=" or ".join(assumption.expected))


def _answer(assumption: Assumption, place: Place) -> str:
    """Redshift's answer, if it is expected; raises Differs for a harmless other one, else AttendanceError."""
    answer = PROBES[assumption.name](place)
    verdict = assumption.judge(answer)
    if verdict is Verdict.HARMFUL:
        raise AttendanceError(assumption.difference(answer), to_mend=True)
    if verdict is Verdict.HARMLESS:
        raise Differs(assumption.difference(answer))
    return answer


def _version(warehouse: Warehouse) -> str:
    """Redshift's own name and number."""
    [(version,)] = warehouse.rows(VERSION)
    return str(version)


def _schema(warehouse: Warehouse) -> str:
    """The Glue database and the role of the external schema."""
    found = warehouse.rows(SCHEMA, [tables.EXTERNAL.schema])
    if not found:
        raise WarehouseError(f"there is no schema {tables.EXTERNAL.schema}: {SETUP}", to_mend=True)
    [(database, options)] = found
    return f"Glue database {database.strip()}, role {_role(options)}"


def _role(options: str | None) -> str:
    """The role in the options of an external schema, JSON of Redshift's own."""
    try:
        return str(json.loads(options or "")["IAM_ROLE"])
    except (ValueError, KeyError, TypeError):
        return "not known"


def _try(warehouse: Warehouse, statement: str) -> bool:
    """Carry out a statement in a transaction that is rolled back; True when it was not refused."""
    warehouse.snapshot(lambda: warehouse.rows(statement))
    return True


def _read_a_partition(warehouse: Warehouse, areas: landing.Areas) -> str:
    """Count the rows of the newest partition that is registered; raises NotTried when there is none."""
    days = external.registered_days(warehouse, areas)
    if not days:
        raise NotTried(
            f"{external.NO_PARTITION}; then Spectrum's role and its rights in S3 and Glue are tried"
        )
    newest: dt.date = max(days)
    predicate, values = within([newest])
    [(rows,)] = warehouse.rows(f"SELECT COUNT(*) FROM {external.EXTERNAL} WHERE {predicate}", values)
    return f"{rows:,} rows of {newest} can be read"
