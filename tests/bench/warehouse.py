"""A landing zone and a warehouse for the loader, without a source: objects are put there by the bench."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812  (a class that is spelt like a function)

from attendance_common import landing, tables
from attendance_common.fetch.lists import parquet
from attendance_common.fetch.page import SCHEMA
from attendance_common.load import external
from tests.bench.processes import LOADER, Companion, Ended, script, watched
from tests.pipeline import Pipeline
from tests.sandbox import Options, Sandbox
from tests.sandbox.aws import AwsStandIn
from tests.sandbox.environment import S3_PREFIX, aws_variables

FIRST_DAY = dt.date(2020, 9, 1)
FIRST_SCHOOL = 12549
MOST_STATEMENTS = 20  # of a batch, however many lists it has


def days(count: int) -> list[dt.date]:
    """So many dates in a row."""
    return [FIRST_DAY + dt.timedelta(days=n) for n in range(count)]


SHIPPED = """\
SELECT NVL(SUM(s3query_returned_rows), 0), NVL(SUM(qualified_partitions), 0)
FROM svl_s3query_summary AS summary
INNER JOIN svl_s3partition AS scan
    ON summary.query = scan.query"""


class Shipped(NamedTuple):
    """What Spectrum gave: rows, from so many partitions."""

    rows: int
    partitions: int

    def since(self, before: Shipped) -> Shipped:
        """What came since then."""
        return Shipped(self.rows - before.rows, self.partitions - before.partitions)


class CountingAws(AwsStandIn):
    """AWS whose S3 counts requests and can list many objects that are only names."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._moto = Companion("counted_moto")

    def start(self) -> None:
        """Start the server and make the bucket."""
        self._stack.enter_context(self._moto)
        self.endpoint = f"http://127.0.0.1:{self._moto.announced['port']}"
        self._fill()

    def stop(self) -> None:
        """End the server."""
        self._stack.close()

    def pretend(self, keys: Sequence[str], seconds: float) -> None:
        """List these keys from now on, each request in so many seconds."""
        self._moto.ask(bucket=self.bucket, keys=keys, seconds=seconds)

    def counts(self) -> dict[str, Any]:
        """Requests by kind, and how many came at once at the most, since this was last asked."""
        return self._moto.ask()


class Warehouse(Sandbox):
    """A sandbox without a source, set up, whose S3 and statements are counted."""

    aws: CountingAws

    def __init__(self, statement_log: Path) -> None:
        super().__init__(Options(esd=False, statement_log=statement_log))
        self._log = statement_log

    def __enter__(self) -> Warehouse:
        super().__enter__()
        done = Pipeline(self).setup()
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        self.areas = landing.Areas(self.aws.bucket, S3_PREFIX)
        return self

    def _start_aws(self, stack: ExitStack) -> None:
        self.aws = CountingAws()
        stack.callback(self.aws.stop)
        self.aws.start()
        self.environment |= aws_variables(self.aws.endpoint, self.aws.bucket, self.aws.region)

    def load(self, *, watch: bool = False) -> tuple[Ended, list[str], dict[str, Any]]:
        """Run the loader: the process, the statements that it sent, what it asked of S3."""
        self._log.write_text("")
        self.aws.counts()
        environment = self.process_environment()
        ended = watched(LOADER, environment) if watch else script(LOADER, environment)
        statements = [json.loads(line)["sql"] for line in self._log.read_text().splitlines()]
        return ended, statements, self.aws.counts()

    def shipped(self) -> Shipped:
        """What Spectrum gave until now."""
        with self.connection() as connection, connection.cursor() as cursor:
            cursor.execute(SHIPPED)
            return Shipped(*map(int, cursor.fetchone() or ()))

    def land(self, rows: pl.DataFrame, day: dt.date, school: int) -> None:
        """Put one object, as the fetcher writes it."""
        key = self.areas.landing + landing.object_name(day, school)
        self._client.put_object(Bucket=self.aws.bucket, Key=key, Body=parquet(rows, [55]))

    @property
    def _client(self) -> Any:
        if not hasattr(self, "_s3"):
            self._s3 = self.aws.client("s3")
        return self._s3

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """A client of the warehouse, in autocommit, by its front door."""
        variables = self.environment
        names = {"host": "PGHOST", "port": "PGPORT", "dbname": "PGDATABASE", "user": "PGUSER"}
        names |= {"password": "PGPASSWORD", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT"}
        parameters: dict[str, Any] = {key: variables[name] for key, name in names.items()}
        with closing(psycopg2.connect(**parameters)) as opened:
            opened.autocommit = True
            yield opened

    @contextmanager
    def postgres(self) -> Iterator[Connection]:
        """The PostgreSQL behind the front, to fill it fast."""
        [pid_file] = self.directory.rglob("postmaster.pid")
        sockets = pid_file.read_text().splitlines()[4]  # storage-file-layout: postmaster.pid
        database = self.environment["PGDATABASE"]
        with closing(psycopg2.connect(host=sockets, dbname=database, user="rdsdb")) as opened:
            opened.autocommit = True
            yield opened


def register(warehouse: Warehouse, found: Sequence[dt.date]) -> None:
    """Register the partitions, as the loader does."""
    with warehouse.connection() as connection, connection.cursor() as cursor:
        for text, values in external.register(found, warehouse.areas):
            cursor.execute(text, values)


def rows_of(ids: range, day: dt.date, school: int, modified_on: str) -> pl.DataFrame:
    """Landed rows with these ids, with what most records hold in their fields."""
    texts = {
        "date": f"{day:%m-%d-%Y}",
        "meeting_time__room_number": "204",
        "meeting_time__semester_numbers": "[1,2]",
        "meeting_time__teachers": '[{"id":7,"name":"Ambrel Tosk"}]',
        "modality": "In Person",
        "attendance_status": "Present",
        "created_on": f"{day} 03:26:58.230000",
        "modified_on": modified_on,
    }
    numbers = {"school_id": school, "meeting_time_id": 129019, "minutes_missed": 0, "actual_minutes": 45}
    rows = pl.DataFrame({"id": pl.Series(ids, dtype=pl.Int64)})
    constants = {**texts, **numbers}
    columns = [
        pl.lit(constants.get(name), dtype=kind).alias(name)
        for name, kind in SCHEMA.items()
        if name not in ("id", "student_id")
    ]
    return rows.with_columns(*columns, student_id=pl.col("id") % 100_000).select(SCHEMA.names())


def verb(statement: str) -> str:
    """The word that a statement begins with."""
    return statement.split(None, 1)[0].upper()


def verbs(statements: Sequence[str]) -> Counter[str]:
    """How many statements begin with each word."""
    return Counter(map(verb, statements))


def transactions(statements: Sequence[str]) -> list[list[str]]:
    """The statements of each transaction; a SET before it is sent for it, so it counts."""
    found: list[list[str]] = []
    inside = False
    for statement in statements:
        if not inside and verb(statement) in ("SET", "BEGIN"):
            inside = True
            found.append([])
        if inside:
            found[-1].append(statement)
        inside = inside and verb(statement) not in ("COMMIT", "ROLLBACK")
    return found


def batches(statements: Sequence[str]) -> list[list[str]]:
    """The statements of each transaction that reads lists."""
    return [each for each in transactions(statements) if any(map(reads_lists, each))]


def reads_lists(statement: str) -> bool:
    """Whether Spectrum gives rows to it."""
    return tables.EXTERNAL.qualified in statement and verb(statement) in ("CREATE", "INSERT", "SELECT")
