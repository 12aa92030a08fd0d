"""What is wrong around the scripts: each ends with the right status and one sentence that names the cure."""

from __future__ import annotations

import json
import resource
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import trustme

from tests.documents import ROOT
from tests.pipeline import FETCHER, LANDING, LOADER, PATIENCE, RUNS, SETUP, Finished, Running
from tests.sandbox import Options, Sandbox
from tests.sandbox.aws_front import AwsFront, Refusal, closed_port, refuse
from tests.sandbox.environment import ESD_SECRET_ID
from tests.sandbox.redshift import RedshiftError
from tests.world import World, set_up

SCRIPTS = [FETCHER, LOADER]
WITHOUT_WAITING = {"AWS_MAX_ATTEMPTS": "1", "ESD_ATTEMPTS": "1"}


def waiting(world: World) -> World:
    """A first day is landed, not loaded, and changed at the source: either script has something to do."""
    assert world.pipeline.fetch().status == 0
    record = world.source.records(world.first)[0]
    world.change(world.first, record["id"], comment="changed", modifiedOn="2026-06-01T00:00:00Z")
    return world


@pytest.fixture
def landed(world: World) -> World:
    """For tests that change something."""
    return waiting(world)


@pytest.fixture(scope="module")
def still() -> Iterator[World]:
    """For tests in which nothing may change."""
    with Sandbox(Options(schools=1, records=30, days=2)) as sandbox:
        yield waiting(set_up(sandbox))


@dataclass(frozen=True)
class State:
    """Everything that a run may change, but for what a run tells of itself."""

    objects: dict[str, str]
    table: dict[int, dict[str, Any]]
    partitions: list[dict[str, Any]]


def state(world: World) -> State:
    partitions = "SELECT values FROM svv_external_partitions ORDER BY 1"
    every = world.pipeline.keys("")
    objects = {key: etag for key, etag in every.items() if not key.startswith(RUNS)}
    return State(objects, world.pipeline.table(), world.pipeline.query(partitions))


def fails(world: World, script: str, *words: str, **variables: str) -> Finished:
    """The script ends with status 2, a sentence with these words, and nothing done; so says its record."""
    return ends(2, world, script, words, variables)


def fails_for_now(world: World, script: str, *words: str, **variables: str) -> Finished:
    """The same with status 1: the next try may succeed."""
    return ends(1, world, script, words, variables)


def ends(
    status: int, world: World, script: str, words: tuple[str, ...], variables: dict[str, str]
) -> Finished:
    before, records = state(world), world.pipeline.keys(RUNS)
    done = world.pipeline.script(script, **{**WITHOUT_WAITING, **variables})
    told(done, *words, status=status)
    assert state(world) == before
    for name in world.pipeline.keys(RUNS).keys() - records.keys():
        record = json.loads(world.pipeline.read(RUNS + name))
        assert (record["status"], record["error"]) == (status, done.result["error"])
    return done


def told(done: Finished, *words: str, status: int = 2) -> None:
    assert (done.status, done.result["status"]) == (status, status), done.story
    for word in words:
        assert word in done.result["error"]
    assert done.result["error"] in done.story
    assert "Traceback" not in done.story
    assert len(done.story.split(done.result["error"])) == 2  # said once


# --- S3 and Secrets Manager ---------------------------------------------------------------------------------


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_bucket(still: World, script: str) -> None:
    fails(still, script, "bucket does not exist", "check S3_BUCKET", S3_BUCKET="edna-absent")


REFUSED = {
    "no right to write": (
        "PutObject",
        Refusal(403, "AccessDenied"),
        "its policy in docs/policies",
        [FETCHER],
    ),
    "no right to list": (
        "ListObjectsV2",
        Refusal(403, "AccessDenied"),
        "its policy in docs/policies",
        SCRIPTS,
    ),
    "credentials expired": ("ListObjectsV2", Refusal(400, "ExpiredToken"), "have expired: renew", SCRIPTS),
    "unknown key": (
        "ListObjectsV2",
        Refusal(403, "InvalidAccessKeyId"),
        "check the AWS credentials",
        SCRIPTS,
    ),
    "clock off": ("ListObjectsV2", Refusal(403, "RequestTimeTooSkewed"), "clock is off: set it", SCRIPTS),
    "secret out of reach": (
        "GetSecretValue",
        Refusal(400, "AccessDeniedException"),
        "its policy in docs/policies",
        SCRIPTS,
    ),
    "expired for the secret": (
        "GetSecretValue",
        Refusal(400, "ExpiredTokenException"),
        "have expired: renew",
        SCRIPTS,
    ),
}
CASES = [
    pytest.param(action, refusal, cure, script, id=f"{name}, {script.partition('_')[0]}")
    for name, (action, refusal, cure, scripts) in REFUSED.items()
    for script in scripts
]


@pytest.mark.parametrize(("action", "refusal", "cure", "script"), CASES)
def test_aws_refuses(still: World, action: str, refusal: Refusal, cure: str, script: str) -> None:
    with AwsFront(still.pipeline.sandbox.aws_endpoint, refuse(refusal, action)) as front:
        fails(still, script, cure, refusal.code, AWS_ENDPOINT_URL=front.endpoint)


def test_the_right_to_write_is_lost_on_the_way(landed: World) -> None:
    before = landed.pipeline.keys(LANDING)
    for record in landed.source.records(landed.schools[1]):
        landed.change(landed.schools[1], record["id"], comment="all", modifiedOn="2026-06-01T00:00:00Z")
    rule = refuse(Refusal(403, "AccessDenied"), "PutObject", after=2)
    with AwsFront(landed.pipeline.sandbox.aws_endpoint, rule) as front:
        done = landed.pipeline.fetch(AWS_ENDPOINT_URL=front.endpoint, **WITHOUT_WAITING)
    told(done, "its policy in docs/policies")
    after = landed.pipeline.keys(LANDING)
    assert len([name for name in after if after[name] != before[name]]) <= 2
    assert landed.pipeline.fetch().status == 0
    assert landed.pipeline.load().status == 0
    landed.follow()


@pytest.mark.parametrize("script", SCRIPTS)
def test_aws_is_out_of_reach(still: World, script: str) -> None:
    nowhere = f"http://127.0.0.1:{closed_port()}"
    fails_for_now(still, script, "could not be reached", "AWS_ENDPOINT_URL", AWS_ENDPOINT_URL=nowhere)


@pytest.mark.parametrize("refusal", [Refusal(503, "SlowDown"), Refusal(500, "InternalError")], ids=str)
@pytest.mark.parametrize("script", SCRIPTS)
def test_aws_has_too_much_to_do(still: World, script: str, refusal: Refusal) -> None:
    with AwsFront(still.pipeline.sandbox.aws_endpoint, lambda _: refusal) as front:
        fails_for_now(still, script, refusal.code, AWS_ENDPOINT_URL=front.endpoint)


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_such_profile(still: World, script: str) -> None:
    fails(still, script, "check AWS_PROFILE", AWS_PROFILE="somebody-elses")


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_bucket_can_have_this_name(still: World, script: str) -> None:
    fails(still, script, "S3_BUCKET has a blank in it", S3_BUCKET="edna prod")


def test_no_credentials(still: World, tmp_path: Path) -> None:
    nothing = str(tmp_path / "nothing")
    variables = {
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": nothing,
        "AWS_SHARED_CREDENTIALS_FILE": nothing,
    }
    for script in SCRIPTS:
        fails(still, script, "no AWS credentials were found", **variables)


@pytest.mark.parametrize(("script", "variable"), [(FETCHER, "ESD_SECRET_ID"), (LOADER, "REDSHIFT_SECRET_ID")])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, ["not found", "check", "AWS_REGION"]),
        ("hunter2-not-json", ["must be a JSON object"]),
        ('["hunter2"]', ["must be a JSON object"]),
        ('{"other": "hunter2"}', ["has no", "add it"]),
        ('{"password": "", "ESD_URL": "", "hunter2": ""}', ["has no", "add it"]),
    ],
    ids=["missing", "no JSON", "a list", "without the key", "empty"],
)
def test_the_secret_is_wrong(
    still: World, script: str, variable: str, content: str | None, words: list[str]
) -> None:
    name = f"another-{uuid4()}"
    if content is not None:
        client = still.pipeline.sandbox.aws.client("secretsmanager")
        client.create_secret(Name=name, SecretString=content)
    done = fails(still, script, f"'{name}'", *words, **{variable: name})
    assert "hunter2" not in done.story + done.output


def test_a_token_url_in_the_open_is_not_asked(still: World) -> None:
    client = still.pipeline.sandbox.aws.client("secretsmanager")
    secret = json.loads(client.get_secret_value(SecretId=ESD_SECRET_ID)["SecretString"])
    open_url = {**secret, "ESD_URL": "http://district.eschooldata.com/token"}
    client.create_secret(Name="open", SecretString=json.dumps(open_url))
    fails(still, FETCHER, "ESD_URL", "https://", ESD_SECRET_ID="open")


# --- Redshift -----------------------------------------------------------------------------------------------


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
    told(done, *words)
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
    told(done, "run redshift_period_attendance_setup.sql with psql")


@pytest.mark.parametrize(
    "table",
    [
        "period_attendance",
        *(f"period_attendance_{name}" for name in ("lists", "places", "lock", "runs", "run_schools")),
    ],
)
def test_a_table_is_missing(landed: World, table: str) -> None:
    landed.pipeline.psql("-c", f"DROP TABLE public.{table} CASCADE")  # with the views over it
    told(landed.pipeline.load(), "is missing", "run redshift_period_attendance_setup.sql with psql")
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
    told(landed.pipeline.load(), "ALTER TABLE public.period_attendance ADD COLUMN extra_fields VARCHAR")


def test_a_partition_that_is_registered_elsewhere(landed: World) -> None:
    day = min(day for day, _ in landed.pipeline.landed())
    done = landed.pipeline.psql(
        "-c",
        "ALTER TABLE esd_spectrum.period_attendance ADD "
        f"PARTITION (year='{day:%Y}', month='{day:%m}', day='{day:%d}') LOCATION 's3://edna-prod/elsewhere/'",
    )
    assert done.returncode == 0, done.stderr
    fails(landed, LOADER, str(day), "points to s3://edna-prod/elsewhere", "check S3_BUCKET and S3_PREFIX")


# --- this machine -------------------------------------------------------------------------------------------


def _no_file_may_grow() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def test_no_disk_is_needed(landed: World, tmp_path: Path) -> None:
    for script in SCRIPTS:
        done = subprocess.run(
            [sys.executable, str(ROOT / script)],
            cwd=tmp_path,
            env=landed.pipeline.sandbox.process_environment(
                PYTHONDONTWRITEBYTECODE="1", HOME=str(tmp_path), TMPDIR=str(tmp_path)
            ),
            preexec_fn=_no_file_may_grow,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []
    landed.follow()


WRONG = {
    FETCHER: {
        "ESD_API_URL": "http://district.eschooldata.com/api",
        "ESD_SCHOOL_YEAR_ID": "this",
        "ESD_PAGE_SIZE": "0",
        "ESD_CONCURRENCY": "65",
        "ESD_TIMEOUT": "-1",
        "ESD_ATTEMPTS": "٣",
        "S3_BUCKET": "s3://edna-prod",
        "S3_PREFIX": "landing",
        "LOG_FORMAT": "xml",
    },
    LOADER: {
        "REDSHIFT_PORT": "99999",
        "REDSHIFT_SSLMODE": "sometimes",
        "REDSHIFT_SSLROOTCERT": "/no/such/file.pem",
        "REDSHIFT_BATCH_PARTITIONS": "0",
        "REDSHIFT_LOCK_SECONDS": "0",
        "S3_BUCKET": "edna/prod",
        "S3_PREFIX": "//",
        "LOG_FORMAT": "xml",
    },
}


@pytest.mark.parametrize("script", SCRIPTS)
def test_all_wrong_settings_are_named_at_once(still: World, script: str) -> None:
    before = state(still)
    done = still.pipeline.script(script, **WRONG[script])
    told(done, *WRONG[script])
    assert state(still) == before


def test_a_mistyped_school_year_does_not_fetch_a_day(still: World) -> None:
    mistyped = {"ESD_SCHOOL_YEAR_ID": "", "ESD_SCHOOLYEAR_ID": "55"}
    fails(still, FETCHER, "ESD_SCHOOLYEAR_ID", "(did you mean ESD_SCHOOL_YEAR_ID?)", **mistyped)


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_scripts_own_env_file_is_read_from_any_directory(
    still: World, tmp_path: Path, script: str
) -> None:
    installed, elsewhere = tmp_path / "installed", tmp_path / "elsewhere"
    shutil.copytree(ROOT / "attendance_common", installed / "attendance_common")
    shutil.copy(ROOT / script, installed)
    (installed / ".env").write_text("S3_BUCKET=edna-absent\n")
    elsewhere.mkdir()
    variables = still.pipeline.sandbox.process_environment(S3_BUCKET="", **WITHOUT_WAITING)
    del variables["S3_BUCKET"]
    done = Running([sys.executable, str(installed / script)], variables, elsewhere).end()
    told(done, "s3://edna-absent", "check S3_BUCKET")
    first = done.story.splitlines()[0]
    assert f", .env: {installed / '.env'}, " in first
    assert "s3://edna-absent/" in first


def test_a_missing_url_is_named(still: World) -> None:
    told(still.pipeline.fetch(ESD_API_URL=""), "ESD_API_URL is missing")


@pytest.fixture
def silent() -> Iterator[str]:
    """A port where somebody listens and never says a word: a cluster that is asleep."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        yield str(door.getsockname()[1])


# The loader as it is but for its patience.
BRIEFLY = """
import sys, redshift_loader, attendance_common.load.warehouse
attendance_common.load.warehouse.CONNECT_SECONDS = 2
sys.exit(redshift_loader.main([]))
"""


def test_redshift_is_asleep(still: World, silent: str) -> None:
    variables = still.pipeline.sandbox.process_environment(REDSHIFT_PORT=silent)
    done = Running([sys.executable, "-c", BRIEFLY], variables).end(30)
    told(done, "cannot be reached", "the cluster is awake", status=1)
