"""AWS's configuration and credentials on the machine: what is wrong is named, and what is right is taken."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from botocore.exceptions import ClientError

from attendance_common import aws, aws_faults, machine
from attendance_common.config import AwsSettings
from attendance_common.errors import AwsError
from tests.failing import PASSWORD, SCRIPTS, dry_run_fails
from tests.world import World

CONFIGURATION = """
[profile dry_run_fails]
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
        ({"AWS_PROFILE": "dry_run_fails"}, 1, ["'dry_run_fails'", "source of the AWS credentials"]),
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
        dry_run_fails(
            still, script, 2, "AWS_ENDPOINT_URL must be", AWS_ENDPOINT_URL="nonsense", AWS_PROFILE=" "
        )
