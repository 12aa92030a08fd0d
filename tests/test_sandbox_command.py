"""`python -m tests.sandbox`: what it starts, what it writes, and that nothing of it is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path

import boto3
import psutil  # type: ignore[import-untyped]
import psycopg2
import pytest
import requests

from tests.sandbox.environment import read_env_file, without_settings, write_env_file

pytestmark = pytest.mark.sandbox

REPOSITORY = Path(__file__).resolve().parents[1]
ESD_NAMES = {"ESD_API_URL", "ESD_SECRET_ID", "ESD_SCHOOL_YEAR_ID", "ESD_PAGE_SIZE", "ESD_CONCURRENCY"}
AWS_NAMES = {
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
}
S3_NAMES = {"S3_BUCKET", "S3_PREFIX"}
REDSHIFT_NAMES = {
    f"REDSHIFT_{name}" for name in ("HOST", "PORT", "DATABASE", "USER", "SECRET_ID", "SSLMODE", "SSLROOTCERT")
}
PG_NAMES = {
    f"PG{name}" for name in ("HOST", "PORT", "USER", "DATABASE", "PASSWORD", "SSLMODE", "SSLROOTCERT")
}
SMALL = ("--schools", "2", "--records", "50")
ENDS_WITHIN = 30


class Running:
    """A sandbox as somebody else would start it: a process, and the file it wrote."""

    def __init__(self, process: subprocess.Popen[str], env_file: Path) -> None:
        self.process, self.env_file = process, env_file
        self.variables = read_env_file(env_file)
        self.family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        self.servers = [each for each in psutil.process_iter() if self.directory in " ".join(_command(each))]

    @property
    def directory(self) -> str:
        """Where it keeps its data."""
        return str(Path(self.variables["PGSSLROOTCERT"]).parent)

    def remaining(self) -> list[str]:
        """Name the processes that have not ended, after a while."""
        _, alive = psutil.wait_procs({*self.family, *self.servers}, timeout=ENDS_WITHIN)
        return [" ".join(_command(process)) for process in alive]


def _command(process: psutil.Process) -> list[str]:
    try:
        command: list[str] = process.cmdline()
    except psutil.Error:
        return []
    return command


@contextmanager
def up(env_file: Path, *arguments: str) -> Iterator[Running]:
    command = [sys.executable, "-m", "tests.sandbox", "up", "--env-file", str(env_file), *arguments]
    environment = without_settings(os.environ)
    with subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert "ready\n" in iter(process.stdout.readline, "")
            yield Running(process, env_file)
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    directory = tmp_path_factory.mktemp("up")
    with up(directory / "env", *SMALL, "--statement-log", str(directory / "statements")) as running:
        yield running


def test_every_setting_is_in_the_file(running: Running) -> None:
    expected = ESD_NAMES | AWS_NAMES | S3_NAMES | REDSHIFT_NAMES | PG_NAMES | {"PSQL"}
    assert running.variables.keys() == expected
    assert running.variables["REDSHIFT_SSLMODE"] == running.variables["PGSSLMODE"] == "verify-full"
    assert running.variables["REDSHIFT_PORT"] == running.variables["PGPORT"]
    assert Path(running.variables["PGSSLROOTCERT"]).read_text().startswith("-----BEGIN CERTIFICATE-----")


def test_the_file_is_for_the_owner_alone(running: Running) -> None:
    assert running.env_file.stat().st_mode & 0o777 == 0o600


def test_a_shell_reads_the_file(running: Running) -> None:
    show = "import json, os; print(json.dumps(dict(os.environ)))"
    script = f". '{running.env_file}' && '{sys.executable}' -c '{show}'"
    done = subprocess.run(
        ["sh", "-c", script], capture_output=True, check=True, env={"PATH": "/usr/bin:/bin"}
    )
    seen = json.loads(done.stdout)
    assert {name: seen[name] for name in running.variables} == running.variables


@pytest.mark.parametrize("value", ["plain", "with space", "it's", 'a"b', "$HOME `id`", "ü\\n", "", "a=b=c"])
def test_any_value_survives_the_shell(tmp_path: Path, value: str) -> None:
    write_env_file(tmp_path / "env", {"VALUE": value, "OTHER": "x"})
    done = subprocess.run(
        ["sh", "-c", f'. "{tmp_path}/env"; printf %s "$VALUE"'], capture_output=True, check=True, env={}
    )
    assert done.stdout.decode() == value
    assert read_env_file(tmp_path / "env") == {"VALUE": value, "OTHER": "x"}


def test_the_file_is_replaced_whole(tmp_path: Path) -> None:
    for value in ("first", "second"):
        write_env_file(tmp_path / "new" / "env", {"VALUE": value})
    assert read_env_file(tmp_path / "new" / "env") == {"VALUE": "second"}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["env"]


def test_bucket_secrets_and_data_are_there(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in running.variables.items():
        monkeypatch.setenv(name, value)
    boto3.client("s3").head_bucket(Bucket="edna-prod")
    manager = boto3.client("secretsmanager")
    esd = json.loads(manager.get_secret_value(SecretId="prod/edna/esd_credentials")["SecretString"])
    redshift = json.loads(manager.get_secret_value(SecretId="prod/edna/redshift_credentials")["SecretString"])
    assert esd.keys() == {"ESD_URL", "ESD_CLIENT_ID", "ESD_SECRET_KEY"}
    assert redshift.keys() == {"username", "password", "host", "port", "dbname"}
    assert redshift["password"] == running.variables["PGPASSWORD"]
    form = {"grant_type": "client_credentials", "client_id": esd["ESD_CLIENT_ID"]}
    token = requests.post(
        esd["ESD_URL"], data=form | {"client_secret": esd["ESD_SECRET_KEY"]}, timeout=10
    ).json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    api = f"{running.variables['ESD_API_URL']}/v1"
    schools = requests.get(f"{api}/schools", headers=headers, timeout=10).json()["schools"]
    assert len(schools) == 3
    asked = f"schoolId={schools[0]['id']}&schoolYearId=55&sortField=date&sortDirection=Descending"
    answer = requests.get(f"{api}/periodAttendance?{asked}", headers=headers, timeout=10).json()
    newest = datetime.strptime(answer["periodAttendanceList"][0]["date"], "%m-%d-%Y").date()
    age = datetime.now(timezone.utc).date() - newest
    assert timedelta(0) <= age <= timedelta(days=3)  # Friday's on a Monday that has just begun


def test_libpq_connects_with_the_variables(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in running.variables.items():
        monkeypatch.setenv(name, value)
    connection = psycopg2.connect("")
    try:
        with connection.cursor() as cursor:
            cursor.execute("select current_database(), 'seen in the log'")
            assert cursor.fetchone() == ("db02", "seen in the log")
        assert connection.info.ssl_in_use
    finally:
        connection.close()
    log = (running.env_file.parent / "statements").read_text().splitlines()
    assert {"sql": "select current_database(), 'seen in the log'"} in map(json.loads, log)


def test_psql_works_as_the_owner_calls_it(running: Running) -> None:
    variables = running.variables
    command = [
        variables["PSQL"],
        "-h",
        variables["PGHOST"],
        "-p",
        variables["PGPORT"],
        "-U",
        "dba02",
        "-d",
        "db02",
    ]
    environment = {**without_settings(os.environ), **variables}
    done = subprocess.run(
        [*command, "-At", "-c", "select 42"], env=environment, capture_output=True, check=True
    )
    assert done.stdout.strip() == b"42"


def test_a_day_of_corrections(running: Running) -> None:
    command = [sys.executable, "-m", "tests.sandbox", "correct", "--env-file", str(running.env_file)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True, text=True)
    assert done.stdout == "a day has passed at the source: 2 schools, 2 corrected, 16 added, 2 moved\n"


@pytest.mark.parametrize("content", [None, "export A=1\n", "export ESD_API_URL=http://127.0.0.1:9/api\n"])
def test_no_source_to_correct(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "env").write_text(content)
    command = [sys.executable, "-m", "tests.sandbox", "correct", "--env-file", str(tmp_path / "env")]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=False, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_behind(tmp_path: Path, number: signal.Signals) -> None:
    with up(tmp_path / "env", *SMALL) as running:
        assert len({*running.family, *running.servers}) >= 4  # itself, moto, the reaper, PostgreSQL
        running.process.send_signal(number)
        status = running.process.wait(ENDS_WITHIN)
        assert status == (-signal.SIGKILL if number == signal.SIGKILL else 0)
        assert running.remaining() == []
        assert not Path(running.directory).exists()


def test_without_the_source(tmp_path: Path) -> None:
    with up(tmp_path / "env", "--without-esd", "--isolation", "SNAPSHOT") as running:
        assert running.variables.keys() == AWS_NAMES | S3_NAMES | REDSHIFT_NAMES | PG_NAMES | {"PSQL"}
        secrets = boto3.client(
            "secretsmanager",
            endpoint_url=running.variables["AWS_ENDPOINT_URL"],
            region_name="us-east-1",
            aws_access_key_id="x",
            aws_secret_access_key="x",
        ).list_secrets()["SecretList"]
        assert [secret["Name"] for secret in secrets] == ["prod/edna/redshift_credentials"]


@pytest.mark.parametrize("wrong", [["up", "--schools", "0"], ["up", "--records", "x"], ["fly"], []])
def test_wrong_usage(wrong: list[str]) -> None:
    command = [sys.executable, "-m", "tests.sandbox", *wrong]
    assert subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=False).returncode == 2


def test_help_tells_the_flags() -> None:
    command = [sys.executable, "-m", "tests.sandbox", "up", "--help"]
    help_text = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True, text=True).stdout
    for flag in ("--env-file", "--without-esd", "--schools", "--records", "--statement-log", "--isolation"):
        assert flag in help_text
