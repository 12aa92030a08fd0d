"""A stand-in with its own S3 and Glue for the tests of this package, and their helpers."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pyarrow as pa
import pyarrow.parquet as pq
import trustme
from moto.server import ThreadedMotoServer

from .catalog import aws_client
from .server import RedshiftStandIn

PASSWORD = "Invented1"
BUCKET = "spectrum-tests"
SCHEMA_DDL = (
    "CREATE EXTERNAL SCHEMA IF NOT EXISTS esd_spectrum FROM DATA CATALOG DATABASE 'esd' "
    "IAM_ROLE default CREATE EXTERNAL DATABASE IF NOT EXISTS"
)


@dataclass
class Place:
    """A running stand-in, its S3, and connections to it."""

    redshift: RedshiftStandIn
    directory: Path
    s3: Any

    @property
    def ca(self) -> Path:
        """The certificate that clients verify against."""
        return self.directory / "ca.pem"

    def connect(self, *, autocommit: bool = True, **options: Any) -> Any:
        """A psycopg2 connection, verified."""
        parameters: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.redshift.port,
            "user": "dba02",
            "password": PASSWORD,
            "dbname": "db02",
            "sslmode": "verify-full",
            "sslrootcert": str(self.ca),
        }
        connection = psycopg2.connect(**(parameters | options))
        connection.autocommit = autocommit
        return connection

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """Runs the statements one by one over a new connection; the rows of the last."""
        connection = self.connect()
        try:
            return execute(connection, *statements)
        finally:
            connection.close()

    def put(self, key: str, body: bytes) -> None:
        """Put an object in the tests' bucket."""
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)


def execute(connection: Any, *statements: str) -> list[tuple[Any, ...]]:
    """Runs the statements one by one; the rows of the last."""
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return list(cursor.fetchall()) if cursor.description else []


def refusal(connection: Any, sql: str) -> tuple[str, str]:
    """SQLSTATE and message of the refusal of this statement; AssertionError when it is accepted."""
    try:
        execute(connection, sql)
    except psycopg2.Error as error:
        return str(error.pgcode), str(error)
    raise AssertionError(f"accepted: {sql}")


def parquet(columns: dict[str, pa.Array], **options: Any) -> bytes:
    """A file as Spectrum is known to read it, unless the options say otherwise."""
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, **({"version": "1.0", "compression": "snappy"} | options))
    return out.getvalue()


@contextmanager
def running(directory: Path, **options: Any) -> Iterator[Place]:
    """A running stand-in, stopped at the end."""
    authority = trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(directory / "ca.pem")
    issued.private_key_pem.write_to_path(directory / "key.pem")
    issued.cert_chain_pems[0].write_to_path(directory / "cert.pem")
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    endpoint = "http://{}:{}".format(*moto.get_host_and_port())
    s3 = aws_client("s3", endpoint, "us-east-1")
    s3.create_bucket(Bucket=BUCKET)
    redshift = RedshiftStandIn(
        directory,
        aws_endpoint=endpoint,
        certificate=directory / "cert.pem",
        private_key=directory / "key.pem",
        password=PASSWORD,
        **options,
    )
    try:
        redshift.start()
        yield Place(redshift, directory, s3)
    finally:
        redshift.stop()
        moto.stop()


def partition_clause(days: Sequence[int], prefix: str) -> str:
    """PARTITION … LOCATION … for days of December 2025."""
    return " ".join(
        f"PARTITION (year='2025', month='12', day='{day:02}') LOCATION 's3://{BUCKET}/{prefix}/day={day:02}/'"
        for day in days
    )
