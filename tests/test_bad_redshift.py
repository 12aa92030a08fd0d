"""Redshift that refuses, is down or is of another version: the right status, and a sentence with the cure."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.documents import ROOT
from tests.failing import assert_fails, fails, fails_for_now
from tests.pipeline import LOADER, SETUP, Running
from tests.sandbox import Sandbox
from tests.sandbox.aws_front import closed_port
from tests.sandbox.redshift import RedshiftError
from tests.world import World


def test_redshift_is_down(still: World) -> None:
    nobody = str(closed_port())
    fails_for_now(still, LOADER, "cannot be reached", "the cluster is awake", REDSHIFT_PORT=nobody)


def test_no_such_host(still: World) -> None:
    nowhere = "no-such-host.invalid"
    fails_for_now(still, LOADER, "cannot be reached", "check REDSHIFT_HOST", REDSHIFT_HOST=nowhere)


def test_the_wrong_password(still: World) -> None:
    client = still.pipeline.sandbox.aws.client("secretsmanager")
    client.create_secret(Name="wrong", SecretString='{"password": "hunter2"}')
    done = fails(still, LOADER, "user or the password", "REDSHIFT_SECRET_ID", REDSHIFT_SECRET_ID="wrong")
    assert "hunter2" not in done.story + done.output


def test_the_wrong_user(still: World) -> None:
    fails(still, LOADER, "user or the password", "REDSHIFT_USER", REDSHIFT_USER="somebody")


def test_no_such_database(still: World) -> None:
    fails(still, LOADER, "no such database", "REDSHIFT_DATABASE", REDSHIFT_DATABASE="db03")


def test_another_authority_than_the_clusters(still: World, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    words = ("cannot be verified by TLS", "REDSHIFT_SSLROOTCERT")
    fails(still, LOADER, *words, REDSHIFT_SSLROOTCERT=str(tmp_path / "other.pem"))
    fails(still, LOADER, *words, REDSHIFT_SSLROOTCERT="")  # the default: public authorities


def test_a_name_that_the_certificate_does_not_hold(still: World) -> None:
    elsewhere = {"REDSHIFT_HOST": "cluster.example", "PGHOSTADDR": "127.0.0.1"}
    fails(still, LOADER, "cluster.example", "cannot be verified by TLS", "check REDSHIFT_HOST", **elsewhere)


SPECTRUM = {
    "the role is not the cluster's": (
        "svv_external_columns",
        RedshiftError(
            "XX000",
            "Error when calling external catalog API: User is not authorized to assume IAM Role "
            "arn:aws:iam::123456789012:role/edna-spectrum; it is not associated with this cluster",
        ),
        ["IAM role", "docs/operations.md"],
    ),
    "the role may not ask Glue": (
        "ALTER TABLE",
        RedshiftError("XX000", "User: arn:aws:sts::1:r is not authorized to perform: glue:GetTable on *"),
        ["IAM role", "docs/operations.md"],
    ),
    "the role may not read S3": (
        "CREATE TEMP TABLE staged",
        RedshiftError(
            "XX000",
            "Spectrum Scan Error",
            "\n -----\n  error:  Spectrum Scan Error\n  code:      15001\n"
            "  context:   S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid X\n -----\n",
        ),
        ["Spectrum Scan Error", "AccessDenied", "docs/operations.md, Troubleshooting"],
    ),
}


@pytest.mark.parametrize(("statement", "error", "words"), SPECTRUM.values(), ids=SPECTRUM.keys())
def test_spectrum_refuses(
    landed: World, sandbox: Sandbox, statement: str, error: RedshiftError, words: list[str]
) -> None:
    sandbox.redshift.fail_next(statement, error)
    done = landed.pipeline.load()
    assert_fails(done, *words)
    assert landed.pipeline.table() == {}
    assert landed.pipeline.load().status == 0


def test_a_role_that_the_cluster_does_not_have_stops_the_setup(sandbox: Sandbox, world: World) -> None:
    sandbox.reset()
    done = world.pipeline.setup("-v", "role=arn:aws:iam::123456789012:role/somebody-elses")
    assert done.returncode == 3
    assert "not associated with this cluster" in done.stderr
    assert world.pipeline.query("SELECT schemaname FROM svv_external_schemas") == []
    assert world.pipeline.setup().returncode == 0


def test_the_setup_was_never_run(sandbox: Sandbox, world: World) -> None:
    assert world.pipeline.fetch().status == 0
    sandbox.reset()
    done = world.pipeline.load()
    assert_fails(done, "run redshift_period_attendance_setup.sql with psql")


@pytest.mark.parametrize(
    "table",
    [
        "period_attendance",
        *(f"period_attendance_{name}" for name in ("lists", "places", "lock", "runs", "run_schools")),
    ],
)
def test_a_table_is_missing(landed: World, table: str) -> None:
    landed.pipeline.psql("-c", f"DROP TABLE public.{table} CASCADE")  # with the views over it
    assert_fails(landed.pipeline.load(), "is missing", "run redshift_period_attendance_setup.sql with psql")
    assert landed.pipeline.setup().returncode == 0
    assert landed.pipeline.load().status == 0


@pytest.mark.parametrize("column", ["extra_fields", "meeting_time__cycle"])
def test_an_external_table_of_an_older_version(landed: World, tmp_path: Path, column: str) -> None:
    lines = (ROOT / SETUP).read_text().splitlines(keepends=True)
    start = next(n for n, line in enumerate(lines) if line.startswith("CREATE EXTERNAL TABLE"))
    at = next(n for n, line in enumerate(lines) if n > start and line.split()[:1] == [column])
    older = lines[:at] + lines[at + 1 :]
    if column == "extra_fields":  # the last one: no comma before the bracket
        older[at - 1] = older[at - 1].replace(",\n", "\n")
    (tmp_path / "older.sql").write_text("".join(older))
    landed.pipeline.psql("-c", "DROP TABLE esd_spectrum.period_attendance")
    done = landed.pipeline.psql("-f", str(tmp_path / "older.sql"))
    assert done.returncode == 0, done.stderr
    fails(landed, LOADER, "another version's", "DROP TABLE esd_spectrum.period_attendance", "setup")
    landed.pipeline.psql("-c", "DROP TABLE esd_spectrum.period_attendance")
    assert landed.pipeline.setup().returncode == 0
    assert landed.pipeline.load().status == 0


def test_a_native_table_of_an_older_version(landed: World) -> None:
    done = landed.pipeline.psql("-c", "ALTER TABLE public.period_attendance DROP COLUMN extra_fields")
    assert done.returncode == 0, done.stderr
    assert_fails(
        landed.pipeline.load(), "ALTER TABLE public.period_attendance ADD COLUMN extra_fields VARCHAR"
    )


def test_a_partition_that_is_registered_elsewhere(landed: World) -> None:
    day = min(day for day, _ in landed.pipeline.bucket.landed())
    done = landed.pipeline.psql(
        "-c",
        "ALTER TABLE esd_spectrum.period_attendance ADD "
        f"PARTITION (year='{day:%Y}', month='{day:%m}', day='{day:%d}') LOCATION 's3://edna-prod/elsewhere/'",
    )
    assert done.returncode == 0, done.stderr
    fails(landed, LOADER, str(day), "points to s3://edna-prod/elsewhere", "check S3_BUCKET and S3_PREFIX")


@pytest.fixture
def silent() -> Iterator[str]:
    """A port where somebody listens and never says a word: a cluster that is asleep."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        yield str(door.getsockname()[1])


# The loader as it is but for its patience.
BRIEFLY = """
import sys, redshift_loader, attendance_common.load.wait_callback
attendance_common.load.wait_callback.CONNECT_SECONDS = 2
sys.exit(redshift_loader.main([]))
"""


def test_redshift_is_asleep(still: World, silent: str) -> None:
    variables = still.pipeline.sandbox.process_environment(REDSHIFT_PORT=silent)
    done = Running.cold([sys.executable, "-c", BRIEFLY], variables).end(30)
    assert_fails(done, "cannot be reached", "the cluster is awake", status=1)
