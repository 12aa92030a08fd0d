"""A sandbox that was played with is as it was at the start after `reset`."""

from __future__ import annotations

import json
from collections.abc import Iterator

import psycopg2
import pytest

from tests.esd_client import Client
from tests.pipeline import connected
from tests.sandbox import Sandbox
from tests.sandbox.environment import S3_PREFIX
from tests.sandbox.esd import Fault, correct_a_day

pytestmark = pytest.mark.sandbox

PLAY = (
    "CREATE TABLE public.leftover (id BIGINT)",
    "CREATE VIEW public.leftover_view AS SELECT id FROM public.leftover",
    """
    CREATE EXTERNAL SCHEMA leftover FROM DATA CATALOG DATABASE 'leftover' IAM_ROLE default
    CREATE EXTERNAL DATABASE IF NOT EXISTS
    """,
    """
    CREATE EXTERNAL TABLE leftover.t (id BIGINT) PARTITIONED BY (year INTEGER) STORED AS PARQUET
    LOCATION 's3://edna-prod/x/'
    """,
)


@pytest.fixture
def cursor(sandbox: Sandbox) -> Iterator[psycopg2.extensions.cursor]:
    with connected(sandbox) as connection:
        connection.autocommit = True
        yield connection.cursor()


def found(cursor: psycopg2.extensions.cursor, query: str) -> list[object]:
    cursor.execute(query)
    return [row[0] for row in cursor.fetchall()]


def test_the_warehouse_is_empty_again(sandbox: Sandbox, cursor: psycopg2.extensions.cursor) -> None:
    for _ in range(2):  # nothing in the way of doing the same again
        for statement in PLAY:
            cursor.execute(statement)
        assert found(cursor, "SELECT tablename FROM svv_external_tables") == ["t"]
        sandbox.reset()
        assert found(cursor, "SELECT schemaname FROM svv_external_schemas") == []
        assert found(cursor, "SELECT table_name FROM svv_tables WHERE table_schema = 'public'") == []


def test_the_bucket_is_empty_and_the_secrets_are_kept(sandbox: Sandbox) -> None:
    s3, manager = sandbox.aws.client("s3"), sandbox.aws.client("secretsmanager")
    s3.put_object(Bucket="edna-prod", Key=f"{S3_PREFIX}x", Body=b"x")
    manager.update_secret(SecretId="prod/edna/redshift_credentials", SecretString="{}")
    sandbox.reset()
    assert s3.list_objects_v2(Bucket="edna-prod")["KeyCount"] == 0
    secret = json.loads(manager.get_secret_value(SecretId="prod/edna/redshift_credentials")["SecretString"])
    assert secret["password"] == sandbox.environment["PGPASSWORD"]


def test_the_source_is_what_it_was(sandbox: Sandbox) -> None:
    school = sandbox.source.schools[0]["id"]
    before = sandbox.source.records(school)
    correct_a_day(sandbox.source)
    sandbox.esd.faults.add(Fault("status", times=None, path="."))
    assert Client(sandbox.esd).token().status_code == 503
    sandbox.reset()
    assert sandbox.source.records(school) == before
    assert Client(sandbox.esd).token(client_secret="wrong").status_code == 401
    assert sandbox.esd.counts()["requests"] == {"/oauth/token": 1}


def test_a_process_sees_the_sandbox_and_nothing_of_the_shell(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "PGSERVICE", "ESD_SHARD", "REDSHIFT_SOMETHING"):
        monkeypatch.setenv(name, "from the shell")
    environment = sandbox.process_environment(MORE="1")
    assert "from the shell" not in environment.values()
    assert environment["PATH"]
    assert environment["MORE"] == "1"
    assert environment["REDSHIFT_HOST"] == "localhost"
