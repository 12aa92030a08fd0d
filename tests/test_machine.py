"""The machine: AWS's configuration, CA files, proxies, streams, directories, Python and its packages."""

from __future__ import annotations

import importlib.util
import json
import os
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from unittest import mock

import pytest
import trustme
from botocore.exceptions import ClientError

from attendance_common import aws, aws_faults, installation, machine
from attendance_common.config import AwsSettings
from attendance_common.errors import AwsError
from tests.documents import ROOT
from tests.pipeline import FETCHER, LOADER, PATIENCE, Finished
from tests.sandbox import Options, Sandbox
from tests.sandbox.aws_front import AwsFront, closed_port
from tests.world import World, set_up

SCRIPTS = [FETCHER, LOADER]
ONCE = {"AWS_MAX_ATTEMPTS": "1", "ESD_ATTEMPTS": "1"}
PASSWORD = "Marker-Password-7"


@pytest.fixture(scope="module")
def still() -> Iterator[World]:
    """A day that is landed and not loaded; no test changes it."""
    with Sandbox(Options(schools=1, records=30, days=2)) as sandbox:
        world = set_up(sandbox)
        assert world.pipeline.fetch().status == 0
        yield world


def dry(world: World, script: str, **variables: str) -> Finished:
    done = world.pipeline.script(script, "--dry-run", "--verbose", **{**ONCE, **variables})
    assert "Traceback" not in done.story
    assert PASSWORD not in done.story + done.output
    return done


def fails(world: World, script: str, status: int, *words: str, **variables: str) -> None:
    done = dry(world, script, **variables)
    assert done.status == done.result["status"] == status, done.story
    for word in words:
        assert word in done.result["error"]


# --- AWS: configuration and credentials ---------------------------------------------------------------------

CONFIGURATION = """
[profile fails]
credential_process = /bin/false
[profile lacks]
credential_process = /no/such/program
[profile chained]
role_arn = arn:aws:iam::123456789012:role/edna
source_profile = nobody
[profile signed-out]
sso_session = edna
sso_account_id = 123456789012
sso_role_name = edna
[sso-session edna]
sso_region = us-east-1
sso_start_url = https://edna.awsapps.com/start
[profile web]
role_arn = arn:aws:iam::123456789012:role/edna
web_identity_token_file = /no/such/token
[profile half]
aws_access_key_id = x
[profile keys]
aws_access_key_id = x
aws_secret_access_key = y
[profile elsewhere]
aws_access_key_id = x
aws_secret_access_key = y
region = us east
[profile endpoint]
aws_access_key_id = x
aws_secret_access_key = y
endpoint_url = nonsense
"""
KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y"}
SETTINGS = AwsSettings("edna-prod", "a/b/", None, None, None, None, None, "text")


@pytest.fixture
def client_with(tmp_path: Path) -> Callable[..., AwsError | None]:
    """Give a way to make a client in an environment of these variables alone, and get what it says."""
    (tmp_path / "config").write_text(CONFIGURATION)
    (tmp_path / "binary").write_bytes(b"\xff\xfe[")
    (tmp_path / "broken").write_text("[default\nregion = x")
    alone = {
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOME": str(tmp_path),
    }

    def make(**variables: str) -> AwsError | None:
        here = {name: value.replace("@", f"{tmp_path}/") for name, value in variables.items()}
        with mock.patch.dict(os.environ, {**alone, **here}, clear=True):
            try:
                aws.s3_client(SETTINGS, 1)
            except AwsError as error:
                return error
        return None

    return make


@pytest.mark.parametrize(
    ("variables", "status", "words"),
    [
        ({}, 2, ["no AWS credentials were found", "AWS_ACCESS_KEY_ID", "AWS_PROFILE"]),
        ({"AWS_PROFILE": "nobody"}, 2, ["no profile 'nobody'", "check AWS_PROFILE"]),
        ({"AWS_CONFIG_FILE": "@broken"}, 2, ["/broken cannot be read: correct it"]),
        ({"AWS_CONFIG_FILE": "@binary"}, 2, ["/binary cannot be read: correct it"]),
        ({"AWS_SHARED_CREDENTIALS_FILE": "@broken"}, 2, ["/broken cannot be read: correct it"]),
        ({"AWS_PROFILE": "fails"}, 1, ["'fails'", "source of the AWS credentials"]),
        ({"AWS_PROFILE": "lacks"}, 2, ["'lacks'", "/no/such/program"]),
        ({"AWS_PROFILE": "chained"}, 2, ["'chained'", '"nobody"', "does not exist"]),
        ({"AWS_PROFILE": "signed-out"}, 2, ["'signed-out'", "aws sso login"]),
        ({"AWS_PROFILE": "web"}, 2, ["'web'", "/no/such/token", "AWS_WEB_IDENTITY_TOKEN_FILE"]),
        (
            {
                "AWS_WEB_IDENTITY_TOKEN_FILE": "/no/such/token",
                "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/x",
            },
            2,
            ["/no/such/token", "AWS_WEB_IDENTITY_TOKEN_FILE"],
        ),
        ({"AWS_PROFILE": "half"}, 2, ["'half'", "aws_secret_access_key is missing"]),
        ({"AWS_PROFILE": "elsewhere"}, 2, ["'elsewhere'", "AWS_REGION", "the profile's region"]),
        ({"AWS_PROFILE": "endpoint"}, 2, ["'endpoint'", "endpoint_url"]),
    ],
)
def test_what_is_wrong_with_the_aws_configuration(
    client_with: Callable[..., AwsError | None], variables: dict[str, str], status: int, words: list[str]
) -> None:
    error = client_with(**variables)
    assert error is not None
    assert error.exit_status == status
    for word in words:
        assert word in str(error)


def test_a_profile_that_asks_for_a_code() -> None:
    error = aws_faults.of_the_machine(EOFError(), "mfa")  # nobody answers the question
    assert error.exit_status == 2
    assert all(word in str(error) for word in ("'mfa'", "MFA code", "mfa_serial"))


REFUSED = {"Error": {"Code": "AccessDenied"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
EXPIRED = {"Error": {"Code": "ExpiredTokenException"}, "ResponseMetadata": {"HTTPStatusCode": 400}}
BUSY = {"Error": {"Code": "Throttling"}, "ResponseMetadata": {"HTTPStatusCode": 400}}


@pytest.mark.parametrize(
    ("response", "status", "words"),
    [
        (REFUSED, 2, "AWS refused AssumeRole (AccessDenied): check the profile's role"),
        (EXPIRED, 2, "the AWS credentials have expired"),
        (BUSY, 1, "AWS refused AssumeRole (Throttling)"),
    ],
)
def test_a_role_that_is_not_given(response: Any, status: int, words: str) -> None:
    error = aws_faults.of_the_machine(ClientError(response, "AssumeRole"), "edna")
    assert error.exit_status == status
    assert words in str(error)
    assert "'edna'" in str(error)


def test_a_configuration_that_is_right(client_with: Callable[..., AwsError | None]) -> None:
    assert client_with(**KEYS) is None
    assert client_with(AWS_PROFILE="keys") is None


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("AWS_DEFAULT_REGION", "us-east1", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "AK IA", "blank"),
        ("AWS_SECRET_ACCESS_KEY", "x\ny", "line end"),
        ("AWS_SESSION_TOKEN", "x\u200by", "U+200B"),
        ("AWS_ENDPOINT_URL", "nonsense", "https://"),
        ("AWS_ENDPOINT_URL", "http://", "host"),
        ("AWS_ENDPOINT_URL", "ftp://localhost", "https://"),
        ("AWS_ENDPOINT_URL_S3", "http://localhost:99999", "port"),
        ("AWS_MAX_ATTEMPTS", "many", "whole number"),
        ("AWS_MAX_ATTEMPTS", "0", "whole number"),
        ("AWS_RETRY_MODE", "endless", "standard"),
        ("HTTPS_PROXY", "http://[x", "http://host:port"),
        ("http_proxy", f"http://user:{PASSWORD}@proxy:99999", "http://host:port"),
        ("HTTPS_PROXY", "socks5://127.0.0.1:1080", "SOCKS is not supported"),
        ("ALL_PROXY", "http://", "http://host:port"),
    ],
)
def test_a_variable_that_cannot_be_is_named(name: str, value: str, words: str) -> None:
    [sentence] = machine.faults({**KEYS, name: value})
    assert sentence.startswith(f"{name} ")
    assert words in sentence
    assert PASSWORD not in sentence


@pytest.mark.parametrize("name", list(KEYS))
def test_half_a_key_is_named(name: str) -> None:
    [sentence] = machine.faults({name: "x"})
    assert all(each in sentence for each in KEYS)


@pytest.mark.parametrize(
    "value", ["proxy:3128", "http://proxy:3128", "http://user:p@proxy:3128", "https://proxy/"]
)
def test_a_proxy_that_can_be(value: str) -> None:
    assert machine.faults({"HTTPS_PROXY": value, "all_proxy": value}) == []


def test_either_script_ends_with_it(still: World) -> None:
    for script in SCRIPTS:
        fails(still, script, 2, "AWS_ENDPOINT_URL must be", AWS_ENDPOINT_URL="nonsense", AWS_PROFILE=" ")


# --- CA files -----------------------------------------------------------------------------------------------

CA_VARIABLES = ["AWS_CA_BUNDLE", *machine.CA_FILES]


@pytest.mark.parametrize("name", CA_VARIABLES)
@pytest.mark.parametrize("kind", ["missing", "a folder", "no certificate", "UTF-16"])
def test_a_ca_file_that_is_none_is_named(tmp_path: Path, name: str, kind: str) -> None:
    path = tmp_path / "ca.pem"
    if kind == "a folder":
        path.mkdir()
    elif kind == "no certificate":
        path.write_text("hello")
    elif kind == "UTF-16":
        path.write_bytes(trustme.CA().cert_pem.bytes().decode().encode("utf-16"))
    [sentence] = machine.faults({name: str(path)})
    assert sentence.startswith(f"{name} must be the path of a file")


def test_a_ca_file_that_is_right(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(path))
    assert machine.faults(dict.fromkeys(CA_VARIABLES, str(path))) == []


@pytest.mark.parametrize("name", ["REDSHIFT_SSLROOTCERT", *CA_VARIABLES])
def test_the_loader_ends_with_it(still: World, name: str) -> None:
    fails(still, LOADER, 2, f"{name} must be the path of a file that exists", **{name: "/no/such/ca.pem"})


@pytest.mark.parametrize("name", machine.CA_FILES)
def test_an_own_ca_works_through_any_of_these_variables(still: World, tmp_path: Path, name: str) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    sandbox = still.pipeline.sandbox
    api = sandbox.environment["ESD_API_URL"]
    with (
        AwsFront(sandbox.aws_endpoint, tls=context) as amazon,
        AwsFront(api.removesuffix("/api"), tls=context) as source,
    ):
        nothing = dict.fromkeys(CA_VARIABLES, "")  # whatever this machine's own environment says
        places = {**nothing, "AWS_ENDPOINT_URL": amazon.endpoint, "ESD_API_URL": f"{source.endpoint}/api"}
        fails(still, FETCHER, 2, "not trusted", "AWS_CA_BUNDLE", **places)
        assert amazon.calls == source.calls == []
        fails(
            still,
            FETCHER,
            2,
            "not trusted",
            "REQUESTS_CA_BUNDLE",
            **{**places, "AWS_ENDPOINT_URL": sandbox.aws_endpoint},
        )
        amazon.calls.clear()
        done = dry(still, FETCHER, **{**places, name: str(tmp_path / "ca.pem")})
        assert "not trusted" not in done.story
        assert amazon.actions() >= {"GetSecretValue", "ListObjectsV2"}
        assert source.calls


# --- proxies ------------------------------------------------------------------------------------------------


@contextmanager
def proxy(status: int) -> Iterator[str]:
    """A proxy that answers everything with this status."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_PUT = do_CONNECT = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Keep the terminal clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://user:{PASSWORD}@127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


ELSEWHERE = "https://district.eschooldata.example/api"


def test_a_proxy_that_wants_a_password(still: World) -> None:
    words = "the proxy wants a user and a password"
    with proxy(407) as url:
        fails(still, LOADER, 2, words, "HTTP_PROXY", HTTP_PROXY=url)
        fails(still, LOADER, 2, words, "HTTPS_PROXY", HTTPS_PROXY=url, AWS_ENDPOINT_URL="https://aws.example")
        fails(still, FETCHER, 2, words, "all_proxy", all_proxy=url)
        fails(still, FETCHER, 2, words, "HTTPS_PROXY", HTTPS_PROXY=url, ESD_API_URL=ELSEWHERE)


def test_a_proxy_that_refuses(still: World) -> None:
    words = "cannot be reached or refuses: check it"
    with proxy(503) as url:
        fails(still, LOADER, 1, words, "HTTPS_PROXY", HTTPS_PROXY=url, AWS_ENDPOINT_URL="https://aws.example")
        fails(still, FETCHER, 1, words, "HTTPS_PROXY", HTTPS_PROXY=url, ESD_API_URL=ELSEWHERE)


def test_a_proxy_that_is_not_there(still: World) -> None:
    nobody = f"http://user:{PASSWORD}@127.0.0.1:{closed_port()}"
    fails(still, LOADER, 1, "the proxy of HTTP_PROXY cannot be reached", "NO_PROXY", HTTP_PROXY=nobody)
    fails(still, FETCHER, 1, "the proxy of ALL_PROXY cannot be reached", "NO_PROXY", ALL_PROXY=nobody)
    assert dry(still, FETCHER, HTTP_PROXY=nobody, NO_PROXY="localhost,127.0.0.1").status == 0


@pytest.mark.skipif(importlib.util.find_spec("socks") is not None, reason="PySocks is installed")
def test_socks_is_not_supported(still: World) -> None:
    fails(still, FETCHER, 2, "ALL_PROXY", "SOCKS is not supported", ALL_PROXY="socks5://127.0.0.1:1080")
    assert (
        dry(still, LOADER, ALL_PROXY="socks5://127.0.0.1:1080").status == 0
    )  # AWS and Redshift do not use it


# --- streams, directories, encodings ------------------------------------------------------------------------


def shell(
    world: World, redirected: str, variables: dict[str, str] | None = None, cwd: Path = ROOT
) -> tuple[int, str]:
    """The fetcher as a shell starts it; gives its status and all that could be read."""
    command = f'"$PYTHON" "$SCRIPT" --dry-run {redirected}'
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=cwd,
        env=world.pipeline.sandbox.process_environment(
            PYTHON=sys.executable, SCRIPT=str(ROOT / FETCHER), **ONCE, **(variables or {})
        ),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "redirected",
    ["2>&-", ">&-", "<&- >&- 2>&-", ">/dev/full", "2>/dev/full", "| head -c 0", "2> >(head -c 0)"],
)
@pytest.mark.parametrize(("status", "variables"), [(0, {}), (2, {"S3_BUCKET": "edna-absent"})])
def test_a_stream_that_takes_nothing_changes_no_status(
    still: World, redirected: str, status: int, variables: dict[str, str]
) -> None:
    ended, said = shell(still, redirected, variables)
    assert ended == status, said
    assert "Traceback" not in said
    assert "Exception ignored" not in said


def test_what_could_not_be_written_is_told(still: World) -> None:
    _, said = shell(still, ">/dev/full")
    assert "the result line could not be written to stdout (No space left on device)" in said


@pytest.mark.parametrize("redirected", [">/dev/full", ">&-", "2>&-"])
def test_wrong_usage_keeps_its_status(still: World, redirected: str) -> None:
    ended, said = shell(still, f"--no-such-flag {redirected}")
    assert ended == 2
    assert "Traceback" not in said


def test_a_working_directory_that_is_gone(still: World, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f'rmdir "$PWD" && exec "{sys.executable}" "{ROOT / FETCHER}" --dry-run'
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=gone,
        env=still.pipeline.sandbox.process_environment(**ONCE),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_bare_environment(still: World, tmp_path: Path) -> None:
    """No HOME, the C locale, ASCII streams, no time zones, a directory that cannot be written to."""
    tmp_path.chmod(0o555)
    variables = {
        "HOME": "",
        "LC_ALL": "C",
        "PYTHONUTF8": "0",
        "PYTHONIOENCODING": "ascii",
        "PYTHONTZPATH": "/no",
        "TZ": "No/Where",
    }
    ended, said = shell(still, "", variables, tmp_path)
    assert ended == 0, said


# --- Python and its packages --------------------------------------------------------------------------------


@pytest.mark.parametrize("script", SCRIPTS)
def test_packages_that_are_missing_are_named(script: str) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-E", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "pip install -r requirements.txt" in done.stderr
    assert "Traceback" not in done.stderr
    result = json.loads(done.stdout)
    assert result["status"] == 2
    assert all(name in result["error"] for name in installation.PACKAGES)


def test_a_python_that_is_too_old_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    with pytest.raises(SystemExit) as ended:
        installation.check()
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert "is Python 3.9: run the scripts with Python 3.10 or newer" in said.err
    assert json.loads(said.out)["status"] == 2


def test_a_package_that_cannot_be_loaded_is_named(still: World, tmp_path: Path) -> None:
    (tmp_path / "polars.py").write_text("raise ImportError('libpolars.so: cannot open', name='polars')\n")
    fails(still, FETCHER, 2, "polars", "pip install -r requirements.txt", PYTHONPATH=str(tmp_path))
